//! RetinaFace with a MobileNet 0.25 backbone (Deng et al., 2019, arXiv:1905.00641): two square
//! anchors per cell at strides 8, 16 and 32.
//!
//! Outputs, anchors in the order stride, row, column, size: `loc` `[1, n, 4]`: centre relative to
//! the anchor's sides times 0.1 and logarithm of the sides relative to the anchor's times 0.2;
//! `conf` `[1, n, 2]`: background and face, softmaxed; `landmarks` `[1, n, 10]`: as the centre.

use super::{Candidate, candidate, tensor};
use crate::error::Result;
use crate::geometry::{Point, Size};
use faceveil_engine::Tensor;

/// Stride and the sides of its anchors.
const ANCHORS: [(usize, [f32; 2]); 3] =
    [(8, [16.0, 32.0]), (16, [64.0, 128.0]), (32, [256.0, 512.0])];
const CENTER_VARIANCE: f32 = 0.1;
const SIZE_VARIANCE: f32 = 0.2;

pub(super) fn decode(outputs: &[Tensor], canvas: Size, threshold: f32) -> Result<Vec<Candidate>> {
    let (w, h) = (canvas.width as usize, canvas.height as usize);
    let n: usize = ANCHORS
        .iter()
        .map(|(s, sizes)| (w / s) * (h / s) * sizes.len())
        .sum();
    let boxes = tensor(outputs, "loc", 4 * n)?;
    let scores = tensor(outputs, "conf", 2 * n)?;
    let marks = tensor(outputs, "landmarks", 10 * n)?;
    let mut found = vec![];
    let mut i = 0;
    for (stride, sizes) in ANCHORS {
        for cell in 0..(w / stride) * (h / stride) {
            for side in sizes {
                let score = scores[2 * i + 1];
                if score >= threshold {
                    let x = ((cell % (w / stride)) as f32 + 0.5) * stride as f32;
                    let y = ((cell / (w / stride)) as f32 + 0.5) * stride as f32;
                    let b = &boxes[4 * i..4 * i + 4];
                    let shift = |v: f32| v * CENTER_VARIANCE * side;
                    let stretch = |v: f32| (v * SIZE_VARIANCE).exp() * side;
                    let points = std::array::from_fn(|k| {
                        let m = &marks[10 * i + 2 * k..];
                        Point::new(x + shift(m[0]), y + shift(m[1]))
                    });
                    let (cx, cy) = (x + shift(b[0]), y + shift(b[1]));
                    found.extend(candidate(
                        cx,
                        cy,
                        stretch(b[2]),
                        stretch(b[3]),
                        score,
                        points,
                    ));
                }
                i += 1;
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_becomes_a_box_where_the_contract_says() {
        let canvas = Size::new(64, 32);
        let n = 2 * (8 * 4 + 4 * 2 + 2);
        let mut t = [("loc", 4), ("conf", 2), ("landmarks", 10)].map(|(name, c)| Tensor {
            name: name.into(),
            data: vec![0.0; c * n],
            ..Tensor::default()
        });
        // Stride 16, column 3 of row 1, the larger anchor: 128 px about (56, 24).
        let i = 2 * 32 + 2 * 7 + 1;
        t[1].data[2 * i + 1] = 0.7;
        t[0].data[4 * i..4 * i + 4].copy_from_slice(&[1.0, -1.0, 0.0, 5.0 * 0.5f32.ln()]);
        let found = decode(&t, canvas, 0.5).expect("right shapes");
        assert_eq!(found.len(), 1);
        let (c, r) = (found[0].area.center(), found[0].area);
        assert!(
            (c.x - 68.8).abs() < 1e-3 && (c.y - 11.2).abs() < 1e-3,
            "{c:?}"
        );
        assert!((r.width() - 128.0).abs() < 1e-2 && (r.height() - 64.0).abs() < 1e-2);
        assert!(decode(&t, Size::new(64, 64), 0.5).is_err());
    }
}
