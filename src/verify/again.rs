//! What a style would show, worked out from a picture that is covered already, put in the place of
//! what is there. Where the cover holds that changes nothing.
//!
//! `blur`, `solid` and `image` are applied again, after every sample inside was replaced: they take
//! nothing from there. `mosaic` and `gaussian` are made of the face, so their claims are checked
//! instead: a cell of a mosaic has one value, and what a Gaussian of that width gave is nearly its
//! own local mean.

use super::place::{Place, Samples, Window};
use crate::geometry::{Orientation, Size};
use crate::plane::{Channel, PlaneMut, Sample};
use crate::redact::{Redaction, Style};

/// Samples around a region that a cover may change.
const RING: usize = 2;
/// Standard deviation of [`Style::Gaussian`] over the mean's radius that it is held against.
const SMOOTH: f64 = 4.0;

/// A picture's regions and what covers them.
pub(super) struct Again<'a> {
    pub(super) redaction: &'a Redaction,
    pub(super) style: &'a Style,
    pub(super) places: &'a [Place],
    pub(super) stored: Size,
    pub(super) orientation: Orientation,
}

/// Samples of a plane as they were, and which of them are inside. Cells that nobody writes cost no
/// memory.
pub(super) struct Before {
    pub(super) samples: Samples,
    pub(super) values: Vec<u16>,
    pub(super) is_inside: Vec<bool>,
}

impl Before {
    fn index(&self, x: usize, y: usize) -> usize {
        y * self.samples.columns + x
    }

    pub(super) fn value(&self, x: usize, y: usize) -> u16 {
        self.values[self.index(x, y)]
    }
}

/// A sample as a whole number.
pub(super) fn whole<T: Sample>(v: T) -> u16 {
    // No sample is larger.
    v.to_f32() as u16
}

impl Again<'_> {
    /// Remembers a plane and covers it again.
    pub(super) fn cover<T: Sample>(&self, plane: &mut PlaneMut<'_, T>, channel: Channel) -> Before {
        let before = self.remember(plane);
        match self.style {
            Style::Mosaic(cells) => self.mosaic(plane, &before, *cells),
            Style::Gaussian => self.smooth(plane, &before),
            _ => self.fill(plane, &before, channel),
        }
        before
    }

    fn remember<T: Sample>(&self, plane: &PlaneMut<'_, T>) -> Before {
        let samples = Samples::new(plane.layout(), self.stored);
        let mut before = Before {
            samples,
            values: vec![0; samples.count()],
            is_inside: vec![false; samples.count()],
        };
        for place in self.places {
            let Window { x, y } = place.window(&samples, RING);
            for row in y {
                for column in x.clone() {
                    let at = before.index(column, row);
                    before.values[at] = whole(plane.get(column, row));
                }
                let run = place.run(&samples, row);
                let start = row * samples.columns;
                before.is_inside[start + run.start..start + run.end].fill(true);
            }
        }
        before
    }

    /// Covers what was replaced by something else before, and leaves everything outside as it is.
    fn fill<T: Sample>(&self, plane: &mut PlaneMut<'_, T>, before: &Before, channel: Channel) {
        self.for_each(before, true, |x, y| {
            let v = plane.get(x, y).to_f32();
            let half = (T::MAX * 0.5).floor();
            let other = if v > half { v - half } else { v + half };
            plane.set(x, y, T::from_f32(other));
        });
        self.redaction.apply(plane, channel);
        self.for_each(before, false, |x, y| {
            plane.set(x, y, T::from_f32(before.value(x, y).into()));
        });
    }

    /// Visits the samples around all regions that are inside of one, or those that are not. Some
    /// are visited twice where regions overlap, with the same `before`.
    fn for_each(&self, before: &Before, inside: bool, mut visit: impl FnMut(usize, usize)) {
        let mut seen = vec![false; before.samples.count()];
        for place in self.places {
            let Window { x, y } = place.window(&before.samples, RING);
            for row in y {
                for column in x.clone() {
                    let at = before.index(column, row);
                    if !seen[at] && before.is_inside[at] == inside {
                        seen[at] = true;
                        visit(column, row);
                    }
                }
            }
        }
    }

    /// Whether an earlier region lies over a sample of region `index`, or so near that it may.
    fn is_overlaid(&self, earlier: &[usize], samples: &Samples, x: usize, y: usize) -> bool {
        let p = samples.middle(x, y);
        earlier
            .iter()
            .any(|&i| self.places[i].holds(p, samples.steps()))
    }

    /// The earlier regions that share something with region `index`.
    fn earlier(&self, index: usize, samples: &Samples) -> Vec<usize> {
        let own = self.places[index].window(samples, RING);
        let touches = |a: &std::ops::Range<usize>, b: &std::ops::Range<usize>| {
            a.start < b.end && b.start < a.end
        };
        (0..index)
            .filter(|&i| {
                let other = self.places[i].window(samples, RING);
                touches(&own.x, &other.x) && touches(&own.y, &other.y)
            })
            .collect()
    }

    /// Gives every cell its own mean.
    fn mosaic<T: Sample>(&self, plane: &mut PlaneMut<'_, T>, before: &Before, cells: u32) {
        let samples = &before.samples;
        for (index, place) in self.places.iter().enumerate() {
            let earlier = self.earlier(index, samples);
            let side = place.longest() / f64::from(cells.max(1));
            let corner = place.corner();
            let most = cells.max(1) as usize - 1;
            // `None` too near an edge to say on which side of it.
            let cell = |p: f64| {
                let at = p / side;
                let is_near = (at - at.round()).abs() * side < 0.02 && at.round() as usize <= most;
                (!is_near || at.round() < 1.0).then(|| (at as usize).min(most))
            };
            let cell_of = |x: usize, y: usize| {
                let p = self
                    .orientation
                    .to_upright(samples.middle(x, y), self.stored);
                let (x, y) = (f64::from(p.x) - corner.0, f64::from(p.y) - corner.1);
                Some(cell(y)? * (most + 1) + cell(x)?)
            };
            let mut sums = vec![(0.0f64, 0.0f64); (most + 1) * (most + 1)];
            let mut judged = Vec::new();
            for y in place.window(samples, 0).y {
                for x in place.run(samples, y) {
                    if self.is_overlaid(&earlier, samples, x, y) {
                        continue;
                    }
                    if let Some(cell) = cell_of(x, y) {
                        sums[cell].0 += f64::from(before.value(x, y));
                        sums[cell].1 += 1.0;
                        judged.push((x, y, cell));
                    }
                }
            }
            for (x, y, cell) in judged {
                let (sum, count) = sums[cell];
                plane.set(x, y, T::from_f32((sum / count) as f32));
            }
        }
    }

    /// Gives every sample that has only others of its own region around it their mean.
    fn smooth<T: Sample>(&self, plane: &mut PlaneMut<'_, T>, before: &Before) {
        let samples = &before.samples;
        let (sx, sy) = samples.steps();
        for (index, place) in self.places.iter().enumerate() {
            let earlier = self.earlier(index, samples);
            let sigma = place.longest() / 7.0 / SMOOTH;
            // A mean over 2 r + 1 has the variance r (r + 1) / 3. `as` clamps.
            let radius = |step: f64| ((3.0f64.sqrt() * sigma / step).round() as usize).max(1);
            let (rx, ry) = (radius(sx), radius(sy));
            let Window { x: xs, y: ys } = place.window(samples, 0);
            let (width, height) = (xs.len(), ys.len());
            // Sums over everything above and to the left: of values, and of what is the region's
            // own.
            let mut sums = vec![(0u64, 0u32); (width + 1) * (height + 1)];
            for (j, y) in ys.clone().enumerate() {
                let run = place.run(samples, y);
                let mut row = (0, 0);
                for (i, x) in xs.clone().enumerate() {
                    if run.contains(&x) && !self.is_overlaid(&earlier, samples, x, y) {
                        row.0 += u64::from(before.value(x, y));
                        row.1 += 1;
                    }
                    let above = sums[j * (width + 1) + i + 1];
                    sums[(j + 1) * (width + 1) + i + 1] = (above.0 + row.0, above.1 + row.1);
                }
            }
            let at = |i: usize, j: usize| sums[j * (width + 1) + i];
            for j in ry..height.saturating_sub(ry) {
                for i in rx..width.saturating_sub(rx) {
                    let (x0, y0, x1, y1) = (i - rx, j - ry, i + rx + 1, j + ry + 1);
                    let (a, b, c, d) = (at(x0, y0), at(x1, y0), at(x0, y1), at(x1, y1));
                    let count = d.1 + a.1 - b.1 - c.1;
                    if count as usize == (2 * rx + 1) * (2 * ry + 1) {
                        let mean = (d.0 + a.0 - b.0 - c.0) as f64 / f64::from(count);
                        plane.set(xs.start + i, ys.start + j, T::from_f32(mean as f32));
                    }
                }
            }
        }
    }
}
