//! A Gaussian of the face's own samples. It can be undone in part.
//!
//! Invariant: the samples of a region's rectangle are read, none beyond.

use super::canvas::{Canvas, Paint};
use super::grid::{Axis, Grid};
use super::mask::{Mask, Outline};
use crate::plane::{PlaneMut, Sample};

/// Standard deviation over the mask's longer side: with the default margin a fifth of the face's
/// box.
const SIGMA: f64 = 1.0 / 7.0;

/// Blurs the regions of a group, each in its own rectangle; where they overlap the earlier one is
/// seen.
pub(super) fn paint<T: Sample>(
    plane: &PlaneMut<'_, T>,
    grid: &Grid,
    mask: &Mask,
    outlines: &[Outline],
) -> Paint<T> {
    let mut canvas = Canvas::new(mask.width, mask.height);
    for outline in outlines.iter().rev() {
        let bounds = outline.bounds(grid);
        let (width, height) = (
            (bounds.right - bounds.left) as usize,
            (bounds.bottom - bounds.top) as usize,
        );
        let mut values = Vec::with_capacity(width * height);
        for y in bounds.top..bounds.bottom {
            values.extend((bounds.left..bounds.right).map(|x| {
                let (column, row) = grid.stored(x, y);
                plane.get(column, row).to_f32()
            }));
        }
        let sigma = outline.longest() * SIGMA;
        let (rx, ry) = (radius(sigma, &grid.x), radius(sigma, &grid.y));
        for _ in 0..3 {
            blur_rows(&mut values, width, rx);
            blur_columns(&mut values, width, height, ry);
        }
        for y in bounds.top..bounds.bottom {
            let Some((from, to)) = outline.span(grid, y) else {
                continue;
            };
            let start = (y - bounds.top) as usize * width;
            let row = canvas.row_mut((y - mask.y) as usize, from - mask.x, to - mask.x);
            let first = start + (from - bounds.left) as usize;
            row.copy_from_slice(&values[first..first + row.len()]);
        }
    }
    Paint::Canvas(canvas)
}

/// Half of a box, three of which make a Gaussian: a box of `2 r + 1` has a variance of
/// `r (r + 1) / 3`.
fn radius(sigma: f64, axis: &Axis) -> usize {
    let sigma = sigma / axis.step();
    // `as` clamps; no axis is longer.
    let radius = ((sigma * sigma + 0.25).sqrt() - 0.5).round() as usize;
    radius.clamp(1, axis.count.max(1) as usize)
}

/// Means over up to `2 radius + 1` neighbours in a row, fewer at its ends.
fn blur_rows(values: &mut [f32], width: usize, radius: usize) {
    let mut sums = vec![0.0f64; width + 1];
    for row in values.chunks_exact_mut(width) {
        let mut sum = 0.0;
        for (total, value) in sums[1..].iter_mut().zip(row.iter()) {
            sum += f64::from(*value);
            *total = sum;
        }
        for (x, value) in row.iter_mut().enumerate() {
            let (from, to) = (x.saturating_sub(radius), (x + radius + 1).min(width));
            *value = ((sums[to] - sums[from]) / (to - from) as f64) as f32;
        }
    }
}

/// The same along columns: sums slide down, all columns at once.
fn blur_columns(values: &mut [f32], width: usize, height: usize, radius: usize) {
    let source = values.to_vec();
    let row = |y: usize| &source[y * width..(y + 1) * width];
    let mut sums = vec![0.0f64; width];
    let add = |sums: &mut [f64], y: usize, sign: f64| {
        for (sum, value) in sums.iter_mut().zip(row(y)) {
            *sum += sign * f64::from(*value);
        }
    };
    for y in 0..radius.min(height) {
        add(&mut sums, y, 1.0);
    }
    for (y, out) in values.chunks_exact_mut(width).enumerate() {
        if y + radius < height {
            add(&mut sums, y + radius, 1.0);
        }
        if y > radius {
            add(&mut sums, y - radius - 1, -1.0);
        }
        let count = (y + radius + 1).min(height) - y.saturating_sub(radius);
        for (value, sum) in out.iter_mut().zip(&sums) {
            *value = (sum / count as f64) as f32;
        }
    }
}
