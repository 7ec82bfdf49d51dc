//! What a group of masks will show, before it is written.
//!
//! Invariant: writing a canvas changes the samples inside and, partly, those of the soft ring; none
//! else.

use super::grid::Grid;
use super::mask::Mask;
use crate::parallel;
use crate::plane::{PlaneMut, Sample};
use multiversion::multiversion;
use std::ops::Range;

/// Values of a window's cells, in samples' units, with a border of one cell on every side.
#[derive(Clone, Debug, Default)]
pub(super) struct Canvas<T> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Rows of `width + 2` cells, `height + 2` of them. Cells that nobody writes cost no memory.
    pub(super) values: Vec<T>,
}

impl<T: Copy + Default> Canvas<T> {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            values: vec![T::default(); (width + 2) * (height + 2)],
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

    /// All rows, in some bands for each thread: other threads may come to help late.
    pub(super) fn bands_mut(&mut self) -> Vec<(Range<usize>, Band<'_, T>)> {
        let stride = self.stride();
        let mut rest = &mut self.values[stride..];
        let mut bands = Vec::new();
        for rows in parallel::shares(self.height, LEAST_CELLS.div_ceil(self.width.max(1))) {
            let (values, behind) = rest.split_at_mut(rows.len() * stride);
            rest = behind;
            bands.push((rows, Band { values, stride }));
        }
        bands
    }

    /// The cells of a row from `from` to before `to`.
    pub(super) fn row(&self, y: usize, from: u32, to: u32) -> &[T] {
        let start = self.at(0, y);
        &self.values[start + from as usize..start + to as usize]
    }

    /// The same, to be changed.
    pub(super) fn row_mut(&mut self, y: usize, from: u32, to: u32) -> &mut [T] {
        let start = self.at(0, y);
        &mut self.values[start + from as usize..start + to as usize]
    }
}

/// Cells that are worth a thread of their own.
const LEAST_CELLS: usize = 1 << 17;

/// Some rows of a canvas, to be changed.
pub(super) struct Band<'a, T> {
    values: &'a mut [T],
    stride: usize,
}

impl<T> Band<'_, T> {
    /// The cells of each row, without the border.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        let stride = self.stride;
        let rows = self.values.chunks_exact_mut(stride);
        rows.map(move |row| &mut row[1..stride - 1])
    }
}

/// What is to be seen inside.
pub(super) enum Paint<T> {
    /// One value.
    Flat(f32),
    /// A value for every cell inside.
    Canvas(Canvas<f32>),
    /// The same as the plane will have it.
    Samples(Canvas<T>),
}

impl<T: Sample> Paint<T> {
    #[inline]
    fn value(&self, x: u32, y: u32) -> f32 {
        match self {
            Self::Flat(value) => *value,
            Self::Canvas(canvas) => canvas.values[canvas.at(x as usize, y as usize)],
            Self::Samples(canvas) => canvas.values[canvas.at(x as usize, y as usize)].to_f32(),
        }
    }

    /// Writes the cells inside, and blends the ring with what is inside beside it.
    pub(super) fn write(&self, plane: &mut PlaneMut<'_, T>, grid: &Grid, mask: &Mask) {
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

    fn write_run(
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
                let values = canvas.row(y as usize, from, to);
                if let Some(run) = grid.run_mut(plane, mask.y + y, mask.x + from, mask.x + to) {
                    to_samples(run, values);
                    return;
                }
                for (x, value) in (mask.x + from..).zip(values) {
                    let (column, row) = grid.stored(x, mask.y + y);
                    plane.set(column, row, T::from_f32(*value));
                }
            }
            Self::Samples(canvas) => {
                let values = canvas.row(y as usize, from, to);
                if let Some(run) = grid.run_mut(plane, mask.y + y, mask.x + from, mask.x + to) {
                    run.copy_from_slice(values);
                    return;
                }
                for (x, value) in (mask.x + from..).zip(values) {
                    let (column, row) = grid.stored(x, mask.y + y);
                    plane.set(column, row, *value);
                }
            }
        }
    }
}

/// The nearest samples.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn to_samples<T: Sample>(samples: &mut [T], values: &[f32]) {
    for (sample, value) in samples.iter_mut().zip(values) {
        *sample = T::from_f32(*value);
    }
}
