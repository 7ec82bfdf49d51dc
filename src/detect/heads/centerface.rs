//! CenterFace (Xu et al., 2019, arXiv:1911.03599): one heatmap of face centres at stride 4.
//!
//! Outputs, all `[1, channels, height / 4, width / 4]`: `537` score, `538` logarithm of height and
//! width in units of the stride, `539` offset of the centre (y, x) within its cell, `540` landmarks
//! (y, x) as shares of the box's sides from its top left corner.

use super::{Candidate, candidate, tensor};
use crate::error::Result;
use crate::geometry::{Point, Size};
use faceveil_engine::Tensor;

const STRIDE: usize = 4;

pub(super) fn decode(outputs: &[Tensor], canvas: Size, threshold: f32) -> Result<Vec<Candidate>> {
    let (w, h) = (
        canvas.width as usize / STRIDE,
        canvas.height as usize / STRIDE,
    );
    let n = w * h;
    let heat = tensor(outputs, "537", n)?;
    let scale = tensor(outputs, "538", 2 * n)?;
    let offset = tensor(outputs, "539", 2 * n)?;
    let marks = tensor(outputs, "540", 10 * n)?;
    let s = STRIDE as f32;
    let mut found = vec![];
    for (i, &score) in heat.iter().enumerate() {
        if score.is_nan() || score < threshold || !is_peak(heat, w, h, i) {
            continue;
        }
        let (row, column) = ((i / w) as f32, (i % w) as f32);
        let (height, width) = (scale[i].exp() * s, scale[n + i].exp() * s);
        let cy = (row + offset[i] + 0.5) * s;
        let cx = (column + offset[n + i] + 0.5) * s;
        let (top, left) = (cy - height * 0.5, cx - width * 0.5);
        let points = std::array::from_fn(|k| {
            Point::new(
                left + marks[(2 * k + 1) * n + i] * width,
                top + marks[2 * k * n + i] * height,
            )
        });
        found.extend(candidate(cx, cy, width, height, score, points));
    }
    Ok(found)
}

/// Whether no neighbour of cell `i` scores higher (of equals the first one counts).
fn is_peak(heat: &[f32], w: usize, h: usize, i: usize) -> bool {
    let (x, y) = (i % w, i / w);
    let near = |v: usize, most: usize| v.saturating_sub(1)..=(v + 1).min(most - 1);
    near(y, h).all(|ny| {
        near(x, w).all(|nx| {
            let j = ny * w + nx;
            heat[j] < heat[i] || heat[j].is_nan() || (heat[j] == heat[i] && j >= i)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(w: usize, h: usize) -> Vec<Tensor> {
        [("537", 1), ("538", 2), ("539", 2), ("540", 10)]
            .map(|(name, c)| Tensor {
                name: name.into(),
                data: vec![0.0; c * w * h],
                ..Tensor::default()
            })
            .into()
    }

    #[test]
    fn a_peak_becomes_a_box_where_the_contract_says() {
        let (w, h) = (16, 8);
        let mut t = outputs(w, h);
        let i = 3 * w + 5;
        t[0].data[i] = 0.9;
        t[0].data[i + 1] = 0.8; // the flank of the same peak
        t[1].data[i] = 10f32.ln(); // height 40
        t[1].data[w * h + i] = 5f32.ln(); // width 20
        t[2].data[i] = 0.25;
        t[2].data[w * h + i] = -0.25;
        t[3].data[w * h + i] = 0.5; // x of the first point
        let found = decode(&t, Size::new(64, 32), 0.5).expect("right shapes");
        assert_eq!(found.len(), 1);
        let c = found[0].area.center();
        assert!(
            (c.x - 21.0).abs() < 1e-4 && (c.y - 15.0).abs() < 1e-4,
            "{c:?}"
        );
        assert!(
            (found[0].area.width() - 20.0).abs() < 1e-3
                && (found[0].area.height() - 40.0).abs() < 1e-3
        );
        let mark = found[0].landmarks.expect("finite")[0];
        assert!(
            (mark.x - 21.0).abs() < 1e-3 && (mark.y - -5.0).abs() < 1e-3,
            "{mark:?}"
        );
    }

    #[test]
    fn numbers_that_are_not_finite_are_dropped() {
        let mut t = outputs(8, 8);
        t[0].data[9] = f32::NAN;
        t[0].data[30] = 0.9;
        t[1].data[30] = f32::INFINITY;
        t[0].data[60] = 0.9;
        t[2].data[60] = f32::NAN;
        assert_eq!(
            decode(&t, Size::new(32, 32), 0.5).expect("right shapes"),
            []
        );
    }

    #[test]
    fn outputs_of_another_shape_are_an_error() {
        assert!(decode(&outputs(8, 8), Size::new(64, 32), 0.5).is_err());
        assert!(decode(&[], Size::new(32, 32), 0.5).is_err());
    }
}
