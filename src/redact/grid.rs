//! One plane seen upright. Every fill works in upright samples, so the eight orientations give the
//! same result without further thought.
//!
//! Invariant: an upright sample maps to exactly one stored sample of the plane, and its footprint
//! is exact in whole upright pixels.

use crate::geometry::{Orientation, PixelRect, Size};
use crate::plane::{Layout, PlaneMut, Sample};

/// The samples of a plane along one upright axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Samples.
    pub(super) count: u32,
    /// Pixels of the picture.
    pixels: u32,
    /// Pixels per sample.
    step: u32,
    /// Sample 0 begins this many pixels before the picture: not 0 where a picture whose side is no
    /// multiple of the step is stored the other way round.
    offset: i64,
}

impl Axis {
    fn new(samples: u32, pixels: u32, step: u32, flipped: bool) -> Self {
        // Samples that lie wholly beyond the picture (padding to whole blocks) do not count.
        let step = step.max(1);
        let count = samples.min(pixels.div_ceil(step));
        let offset = if flipped {
            i64::from(count) * i64::from(step) - i64::from(pixels)
        } else {
            0
        };
        Self {
            count,
            pixels,
            step,
            offset,
        }
    }

    /// The pixels that sample `i` stands for, clipped to the picture.
    pub(super) fn footprint(&self, i: u32) -> (f64, f64) {
        let start = i64::from(i) * i64::from(self.step) - self.offset;
        let end = (start + i64::from(self.step)).min(i64::from(self.pixels));
        (start.max(0) as f64, end as f64)
    }

    /// The first pixel of sample `i`, the same in every plane that has a sample there.
    pub(super) fn origin(&self, i: u32) -> i64 {
        i64::from(i) * i64::from(self.step) - self.offset
    }

    /// Place `p`, in pixels, in samples: sample `i` covers `i..i + 1`.
    pub(super) fn in_samples(&self, p: f64) -> f64 {
        (p + self.offset as f64) / f64::from(self.step)
    }

    /// Pixels per sample.
    pub(super) fn step(&self) -> f64 {
        f64::from(self.step)
    }

    /// The samples that touch the open interval between two places in pixels; half-open, may be
    /// empty.
    pub(super) fn touching(&self, from: f64, to: f64) -> (u32, u32) {
        let (from, to) = (from.max(0.0), to.min(f64::from(self.pixels)));
        if from > to {
            return (0, 0);
        }
        // `as` clamps.
        let first = self.in_samples(from).floor() as u32;
        let end = (self.in_samples(to).ceil() as u32).max(first.saturating_add(1));
        (first.min(self.count), end.min(self.count))
    }
}

/// The samples of a plane, upright.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// Stored column and row of the upright sample (0, 0), and the steps to its right and lower
    /// neighbour.
    origin: [isize; 2],
    right: [isize; 2],
    down: [isize; 2],
}

impl Grid {
    /// For a plane of a picture that is stored as `stored` and seen upright through `orientation`.
    pub(super) fn new(layout: &Layout, stored: Size, orientation: Orientation) -> Self {
        use Orientation as O;
        let (sx, sy) = layout.subsampling;
        // Which stored axis runs backwards.
        let (back_x, back_y) = match orientation {
            O::Normal | O::Transpose => (false, false),
            O::FlipHorizontal | O::Rotate270 => (true, false),
            O::Rotate180 | O::Transverse => (true, true),
            O::FlipVertical | O::Rotate90 => (false, true),
        };
        let columns = Axis::new(layout.size.width, stored.width, sx, back_x);
        let rows = Axis::new(layout.size.height, stored.height, sy, back_y);
        let (x, y) = if orientation.swaps_sides() {
            (rows, columns)
        } else {
            (columns, rows)
        };
        let corner = |axis: Axis, back: bool| match back {
            true => (axis.count as isize - 1, -1),
            false => (0, 1),
        };
        let (first_column, step_column) = corner(columns, back_x);
        let (first_row, step_row) = corner(rows, back_y);
        let along_row = [step_column, 0];
        let along_column = [0, step_row];
        let (right, down) = if orientation.swaps_sides() {
            (along_column, along_row)
        } else {
            (along_row, along_column)
        };
        Self {
            x,
            y,
            origin: [first_column, first_row],
            right,
            down,
        }
    }

    /// Stored column and row of the upright sample (x, y).
    #[inline]
    pub(super) fn stored(&self, x: u32, y: u32) -> (usize, usize) {
        let (x, y) = (x as isize, y as isize);
        let [column, row] = [0, 1].map(|i| self.origin[i] + x * self.right[i] + y * self.down[i]);
        (column as usize, row as usize)
    }

    /// The samples of a run of upright ones, `from..to` of row `y`, if they lie side by side in
    /// that order.
    pub(super) fn run_mut<'a, T: Sample>(
        &self,
        plane: &'a mut PlaneMut<'_, T>,
        y: u32,
        from: u32,
        to: u32,
    ) -> Option<&'a mut [T]> {
        if self.right != [1, 0] {
            return None;
        }
        let (column, row) = self.stored(from, y);
        plane.run_mut(column, row, (to - from) as usize)
    }

    /// The stored samples of a run of upright ones, `from..to` of row `y`, which is not empty.
    pub(super) fn stored_run(&self, y: u32, from: u32, to: u32) -> PixelRect {
        let (a, b) = (self.stored(from, y), self.stored(to - 1, y));
        let (left, top) = (a.0.min(b.0) as u32, a.1.min(b.1) as u32);
        let right = a.0.max(b.0) as u32 + 1;
        let bottom = a.1.max(b.1) as u32 + 1;
        PixelRect::new(left, top, right - left, bottom - top)
    }
}
