//! What a group of masks will show, before it is written.
//!
//! Invariant: writing a canvas changes the samples inside and, partly, those of the soft ring; none
//! else.

use super::grid::Grid;
use super::mask::Mask;
use crate::plane::{PlaneMut, Sample};
use multiversion::multiversion;

/// Values of a window's cells, in samples' units, with a border of one cell on every side.
#[derive(Clone, Debug, Default)]
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Rows of `width + 2` cells, `height + 2` of them. Cells that nobody writes cost no memory.
    pub(super) values: Vec<f32>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            values: vec![0.0; (width + 2) * (height + 2)],
        }
    }

    /// Cells from one row to the next.
    pub(super) fn stride(&self) -> usize {
        self.width + 2
    }

    /// Where the cell is.
    #[inline]
    pub(super) fn at(&self, x: usize, y: usize) -> usize {
        (y + 1) * self.stride() + x + 1
    }

    /// The cells of a row from `from` to before `to`.
    pub(super) fn row_mut(&mut self, y: usize, from: u32, to: u32) -> &mut [f32] {
        let start = self.at(0, y);
        &mut self.values[start + from as usize..start + to as usize]
    }
}

/// What is to be seen inside.
pub(super) enum Paint {
    /// One value.
    Flat(f32),
    /// A value for every cell inside.
    Canvas(Canvas),
}

impl Paint {
    #[inline]
    fn value(&self, x: u32, y: u32) -> f32 {
        match self {
            Self::Flat(value) => *value,
            Self::Canvas(canvas) => canvas.values[canvas.at(x as usize, y as usize)],
        }
    }

    /// Writes the cells inside, and blends the ring with what is inside beside it.
    pub(super) fn write<T: Sample>(&self, plane: &mut PlaneMut<'_, T>, grid: &Grid, mask: &Mask) {
        for y in 0..mask.height {
            for &(from, to) in mask.inside.row(y) {
                self.write_run(plane, grid, mask, y as u32, from, to);
            }
        }
        for &(x, y) in &mask.ring {
            let (mut sum, mut count) = (0.0, 0.0);
            for ny in y.saturating_sub(1)..=y + 1 {
                for nx in x.saturating_sub(1)..=x + 1 {
                    if mask.is_inside(nx, ny) {
                        sum += self.value(nx, ny);
                        count += 1.0;
                    }
                }
            }
            if count > 0.0 {
                let (column, row) = grid.stored(mask.x + x, mask.y + y);
                let own = plane.get(column, row).to_f32();
                let value = own + (sum / count - own) * mask.cover(x, y);
                plane.set(column, row, T::from_f32(value));
            }
        }
    }

    fn write_run<T: Sample>(
        &self,
        plane: &mut PlaneMut<'_, T>,
        grid: &Grid,
        mask: &Mask,
        y: u32,
        from: u32,
        to: u32,
    ) {
        match self {
            Self::Flat(value) => {
                let value = T::from_f32(*value);
                for x in from..to {
                    let (column, row) = grid.stored(mask.x + x, mask.y + y);
                    plane.set(column, row, value);
                }
            }
            Self::Canvas(canvas) => {
                let start = canvas.at(0, y as usize);
                let values = &canvas.values[start + from as usize..start + to as usize];
                if let Some(run) = grid.run_mut(plane, mask.y + y, mask.x + from, mask.x + to) {
                    write_values(run, values);
                    return;
                }
                for (x, value) in (mask.x + from..).zip(values) {
                    let (column, row) = grid.stored(x, mask.y + y);
                    plane.set(column, row, T::from_f32(*value));
                }
            }
        }
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn write_values<T: Sample>(samples: &mut [T], values: &[f32]) {
    for (sample, value) in samples.iter_mut().zip(values) {
        *sample = T::from_f32(*value);
    }
}
