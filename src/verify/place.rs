//! Which samples of a plane lie in a region, worked out anew in stored pixels: a mask that `redact`
//! drew wrongly shall not be taken as the measure of what it covered.
//!
//! Invariant: a sample counts as inside only if its middle lies in the shape; each such sample is
//! one that a mask, which is rounded outward, must cover.

use crate::geometry::{Orientation, Point, Quad, Rect, Size};
use crate::plane::Layout;
use crate::redact::{Region, Shape};
use std::ops::Range;

/// A region as it lies in the stored picture, in its pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    shape: Shape,
    quad: Option<Quad>,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    /// The upright region's corner, in upright pixels.
    corner: (f64, f64),
}

/// The samples of a plane that stand for pixels, and which pixels those are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Samples {
    /// Columns and rows.
    pub(super) columns: usize,
    pub(super) rows: usize,
    across: Axis,
    down: Axis,
}

/// Samples along one side of the stored picture.
#[derive(Clone, Copy, Debug)]
struct Axis {
    step: f64,
    pixels: f64,
}

impl Axis {
    /// The middle of what a sample stands for, in pixels.
    fn middle(self, sample: usize) -> f64 {
        let from = sample as f64 * self.step;
        (from + (from + self.step).min(self.pixels)) * 0.5
    }

    /// The samples whose middles lie in an open interval of pixels; half-open, may be empty.
    fn within(self, from: f64, to: f64, count: usize) -> Range<usize> {
        // `as` clamps.
        let first = (from / self.step - 0.5).ceil().max(0.0) as usize;
        let mut end = ((to / self.step - 0.5).floor() + 1.0).max(0.0) as usize;
        end = end.min(count);
        // The last one may be cut by the picture's edge.
        if end == count && count > 0 && !(from..to).contains(&self.middle(count - 1)) {
            end -= 1;
        }
        first.min(end)..end
    }
}

impl Samples {
    /// Of a plane of a picture that is stored with this size.
    pub(super) fn new(layout: &Layout, stored: Size) -> Self {
        let (sx, sy) = layout.subsampling;
        let count =
            |samples: u32, pixels: u32, step: u32| samples.min(pixels.div_ceil(step)) as usize;
        Self {
            columns: count(layout.size.width, stored.width, sx),
            rows: count(layout.size.height, stored.height, sy),
            across: Axis {
                step: sx.into(),
                pixels: stored.width.into(),
            },
            down: Axis {
                step: sy.into(),
                pixels: stored.height.into(),
            },
        }
    }

    /// The middle of what a sample stands for, in stored pixels.
    pub(super) fn middle(&self, x: usize, y: usize) -> Point {
        Point::new(self.across.middle(x) as f32, self.down.middle(y) as f32)
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.columns * self.rows
    }

    /// Pixels a sample, across and down.
    pub(super) fn steps(&self) -> (f64, f64) {
        (self.across.step, self.down.step)
    }
}

/// A rectangle of samples, half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) x: Range<usize>,
    pub(super) y: Range<usize>,
}

impl Place {
    /// A region, which is in upright pixels, of a picture that is stored with this size and seen
    /// through `orientation`.
    pub(super) fn new(region: &Region, stored: Size, orientation: Orientation) -> Self {
        let area: Rect = orientation.rect_to_stored(&region.area, stored);
        Self {
            shape: region.shape,
            quad: region
                .corners
                .filter(|_| region.shape == Shape::Quad)
                .and_then(|quad| stored_quad(&quad, stored, orientation)),
            left: area.left().into(),
            top: area.top().into(),
            right: area.right().into(),
            bottom: area.bottom().into(),
            corner: (region.area.left().into(), region.area.top().into()),
        }
    }

    /// Where the upright region begins, in upright pixels.
    pub(super) const fn corner(&self) -> (f64, f64) {
        self.corner
    }

    /// The longer side in pixels.
    pub(super) fn longest(&self) -> f64 {
        (self.right - self.left).max(self.bottom - self.top)
    }

    /// The samples of a row that lie inside.
    pub(super) fn run(&self, samples: &Samples, y: usize) -> Range<usize> {
        let at = samples.down.middle(y);
        if !(self.top..self.bottom).contains(&at) {
            return 0..0;
        }
        let half = (self.right - self.left) * 0.5;
        let half = match self.shape {
            Shape::Box => half,
            Shape::Quad => match &self.quad {
                Some(quad) => {
                    let (from, to) = quad.reach(at, at).unwrap_or((0.0, 0.0));
                    return samples.across.within(from, to, samples.columns);
                }
                None => half,
            },
            Shape::Ellipse => {
                let up = (2.0 * at - self.top - self.bottom) / (self.bottom - self.top);
                half * (1.0 - up * up).max(0.0).sqrt()
            }
        };
        let middle = (self.left + self.right) * 0.5;
        let (from, to) = (middle - half, middle + half);
        samples.across.within(from, to, samples.columns)
    }

    /// The samples of a row that lie inside, as do all that are up to `edge` away along their row
    /// or column; what the picture cuts off has no edge there.
    pub(super) fn core(&self, samples: &Samples, y: usize, edge: usize) -> Range<usize> {
        let own = self.run(samples, y);
        let first = if own.start == 0 { 0 } else { own.start + edge };
        let end = if own.end == samples.columns {
            own.end
        } else {
            own.end.saturating_sub(edge)
        };
        let near = y.saturating_sub(edge)..(y + edge + 1).min(samples.rows);
        let core = near
            .map(|y| self.run(samples, y))
            .fold(first..end, |a, b| a.start.max(b.start)..a.end.min(b.end));
        core.start.min(core.end)..core.end
    }

    /// The samples around it and `by` more on every side.
    pub(super) fn window(&self, samples: &Samples, by: usize) -> Window {
        let range = |from: f64, to: f64, step: f64, count: usize| {
            let first = (from / step).floor().max(0.0) as usize;
            let end = (to / step).ceil().max(0.0) as usize;
            let end = end.saturating_add(by).min(count);
            first.saturating_sub(by).min(end)..end
        };
        let (sx, sy) = samples.steps();
        Window {
            x: range(self.left, self.right, sx, samples.columns),
            y: range(self.top, self.bottom, sy, samples.rows),
        }
    }

    /// Whether a point lies in the shape grown by `by` pixels, across and down.
    pub(super) fn holds(&self, p: Point, by: (f64, f64)) -> bool {
        let half = (
            (self.right - self.left) * 0.5 + by.0,
            (self.bottom - self.top) * 0.5 + by.1,
        );
        let x = (f64::from(p.x) - (self.left + self.right) * 0.5) / half.0;
        let y = (f64::from(p.y) - (self.top + self.bottom) * 0.5) / half.1;
        if let Some(quad) = &self.quad {
            return quad.holds(p, by.0.max(by.1));
        }
        match self.shape {
            Shape::Quad | Shape::Box => x.abs() <= 1.0 && y.abs() <= 1.0,
            Shape::Ellipse => x * x + y * y <= 1.0,
        }
    }
}

/// The same corners in stored pixels.
fn stored_quad(quad: &Quad, stored: Size, orientation: Orientation) -> Option<Quad> {
    let moved = quad.corners().map(|p| {
        let point = Rect::from_corners(p.x, p.y, p.x, p.y)?;
        let there = orientation.rect_to_stored(&point, stored);
        Some(Point::new(there.left(), there.top()))
    });
    match moved {
        [Some(a), Some(b), Some(c), Some(d)] => Quad::new([a, b, c, d]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::{Channel, PlaneMut};
    use crate::redact::{Redaction, Rgb, Style};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_sample_that_counts_as_inside_is_one_that_a_mask_covers(
            x in -40.0f32..80.0, y in -40.0f32..80.0, w in 0.5f32..70.0, h in 0.5f32..70.0,
            sub in prop::sample::select(vec![(1u32, 1u32), (2, 1), (2, 2), (4, 2)]),
            ellipse: bool, turn in 1u32..=8, width in 5u32..60, height in 5u32..60,
        ) {
            let orientation = Orientation::from_exif(turn).expect("1 to 8");
            let stored = Size::new(width, height);
            let shape = if ellipse { Shape::Ellipse } else { Shape::Box };
            let region = Region::new(shape, Rect::new(x, y, w, h).expect("a box"));
            let size = Size::new(width.div_ceil(sub.0), height.div_ceil(sub.1));
            let layout = Layout { subsampling: sub, ..Layout::dense(size) };
            let mut data = vec![7u8; size.area() as usize];
            let mut plane = PlaneMut::new(&mut data, layout).expect("fits");
            let style = Style::Solid(Rgb(255, 255, 255));
            Redaction::new(&style, &[region], stored, orientation).apply(&mut plane, Channel::Luma);
            let place = Place::new(&region, stored, orientation);
            let samples = Samples::new(&layout, stored);
            let window = place.window(&samples, 0);
            for row in 0..samples.rows {
                for column in place.run(&samples, row) {
                    prop_assert_eq!(data[row * size.width as usize + column], 255, "{},{}", column, row);
                    prop_assert!(window.x.contains(&column) && window.y.contains(&row));
                    prop_assert!(place.holds(samples.middle(column, row), (1e-3, 1e-3)));
                }
                prop_assert_eq!(place.core(&samples, row, 0), place.run(&samples, row));
                for column in place.core(&samples, row, 1) {
                    let across = column.saturating_sub(1)..(column + 2).min(samples.columns);
                    for near in row.saturating_sub(1)..(row + 2).min(samples.rows) {
                        prop_assert!(place.run(&samples, near).contains(&column));
                    }
                    for near in across {
                        prop_assert!(place.run(&samples, row).contains(&near));
                    }
                }
            }
        }
    }
}
