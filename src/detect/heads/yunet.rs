//! YuNet 2023mar (Wu et al., 2023, "YuNet: A Tiny Millisecond-level Face Detector"): anchor-free,
//! one prediction per cell at strides 8, 16 and 32.
//!
//! Outputs per stride s, cells in reading order: `cls_s`, `obj_s` `[1, n, 1]`; `bbox_s`
//! `[1, n, 4]`: offset of the centre from the cell's corner and logarithm of the sides, in units of
//! the stride; `kps_s` `[1, n, 10]`: points (x, y) from the cell's corner in units of the stride.
//! Score: the geometric mean of class and objectness.

use super::{Candidate, candidate, tensor};
use crate::error::Result;
use crate::geometry::{Point, Size};
use faceveil_engine::Tensor;

pub(super) fn decode(outputs: &[Tensor], canvas: Size, threshold: f32) -> Result<Vec<Candidate>> {
    let mut found = vec![];
    for stride in [8, 16, 32] {
        let (w, h) = (
            canvas.width as usize / stride,
            canvas.height as usize / stride,
        );
        let n = w * h;
        let class = tensor(outputs, &format!("cls_{stride}"), n)?;
        let object = tensor(outputs, &format!("obj_{stride}"), n)?;
        let boxes = tensor(outputs, &format!("bbox_{stride}"), 4 * n)?;
        let marks = tensor(outputs, &format!("kps_{stride}"), 10 * n)?;
        let s = stride as f32;
        for i in 0..n {
            let score = (class[i].clamp(0.0, 1.0) * object[i].clamp(0.0, 1.0)).sqrt();
            if score.is_nan() || score < threshold {
                continue;
            }
            let (column, row) = ((i % w) as f32, (i / w) as f32);
            let b = &boxes[4 * i..4 * i + 4];
            let points = std::array::from_fn(|k| {
                let m = &marks[10 * i + 2 * k..];
                Point::new((column + m[0]) * s, (row + m[1]) * s)
            });
            let (cx, cy) = ((column + b[0]) * s, (row + b[1]) * s);
            found.extend(candidate(
                cx,
                cy,
                b[2].exp() * s,
                b[3].exp() * s,
                score,
                points,
            ));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(canvas: Size) -> Vec<Tensor> {
        let mut all = vec![];
        for s in [8, 16, 32] {
            let n = (canvas.area() / (s * s)) as usize;
            for (name, c) in [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)] {
                all.push(Tensor {
                    name: format!("{name}_{s}"),
                    data: vec![0.0; c * n],
                    ..Tensor::default()
                });
            }
        }
        all
    }

    #[test]
    fn a_cell_becomes_a_box_where_the_contract_says() {
        let canvas = Size::new(64, 32);
        let mut t = outputs(canvas);
        // Stride 16: 4x2 cells; the one in column 2 of row 1.
        let i = 6;
        t[4].data[i] = 0.81;
        t[5].data[i] = 2.0; // clamped to 1
        t[6].data[4 * i..4 * i + 4].copy_from_slice(&[0.5, 0.25, 2f32.ln(), 3f32.ln()]);
        t[7].data[10 * i] = 1.0;
        let found = decode(&t, canvas, 0.5).expect("right shapes");
        assert_eq!(found.len(), 1);
        assert!((found[0].score - 0.9).abs() < 1e-6);
        let (c, r) = (found[0].area.center(), found[0].area);
        assert!(
            (c.x - 40.0).abs() < 1e-4 && (c.y - 20.0).abs() < 1e-4,
            "{c:?}"
        );
        assert!((r.width() - 32.0).abs() < 1e-3 && (r.height() - 48.0).abs() < 1e-3);
        assert_eq!(
            found[0].landmarks.expect("finite")[0],
            Point::new(48.0, 16.0)
        );
    }

    #[test]
    fn outputs_of_another_shape_are_an_error() {
        assert!(decode(&outputs(Size::new(32, 32)), Size::new(64, 32), 0.5).is_err());
    }
}
