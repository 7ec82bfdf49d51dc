//! Square cells of one value each: the mean of the face's own samples. It can be undone in part.
//!
//! Invariant: a region has at most as many cells across its longer side as were asked for, in every
//! plane the same ones.

use super::canvas::{Canvas, Paint};
use super::grid::Grid;
use super::mask::{Mask, Outline};
use crate::plane::{PlaneMut, Sample};

/// The largest number of cells: with more, a face is hardly changed.
pub(super) const MAX_CELLS: u32 = 64;

/// Cells of a group of masks. They are counted from each region's own corner, also where that lies
/// beyond the picture, and averaged over the samples inside that region; where regions overlap the
/// earlier one is seen.
pub(super) fn paint<T: Sample>(
    plane: &PlaneMut<'_, T>,
    grid: &Grid,
    mask: &Mask,
    outlines: &[Outline],
    cells: u32,
) -> Paint<T> {
    let cells = cells.clamp(1, MAX_CELLS);
    let mut canvas = Canvas::new(mask.width, mask.height);
    // Last first, so that the earlier ones lie on top.
    for outline in outlines.iter().rev() {
        let side = outline.longest() / f64::from(cells);
        let cell = |middle: f64, from: f64| {
            // `as` clamps.
            (((middle - from) / side) as usize).min(cells as usize - 1)
        };
        let bounds = outline.bounds(grid);
        let middle = |(from, to): (f64, f64)| (from + to) * 0.5;
        let columns: Vec<usize> = (bounds.left..bounds.right)
            .map(|x| cell(middle(grid.x.footprint(x)), outline.left))
            .collect();
        let mut sums = vec![(0.0f64, 0.0f64); (cells * cells) as usize];
        let rows = (bounds.top..bounds.bottom).filter_map(|y| {
            let (from, to) = outline.span(grid, y)?;
            let first = cell(middle(grid.y.footprint(y)), outline.top) * cells as usize;
            Some((y, from, to, first))
        });
        for (y, from, to, first) in rows.clone() {
            for x in from..to {
                let (column, row) = grid.stored(x, y);
                let sum = &mut sums[first + columns[(x - bounds.left) as usize]];
                sum.0 += f64::from(plane.get(column, row).to_f32());
                sum.1 += 1.0;
            }
        }
        for (y, from, to, first) in rows {
            let row = canvas.row_mut((y - mask.y) as usize, from - mask.x, to - mask.x);
            for (x, value) in (from..to).zip(row) {
                let (sum, count) = sums[first + columns[(x - bounds.left) as usize]];
                *value = (sum / count) as f32;
            }
        }
    }
    Paint::Canvas(canvas)
}
