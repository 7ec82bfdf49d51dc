//! From shapes to the samples of a plane that they touch.
//!
//! Invariant: a sample is inside if the pixels it stands for share any area with a shape; the soft
//! ring lies outside of every shape and within one sample of one.

use super::grid::Grid;
use super::{Region, Shape};
use crate::geometry::Quad;

/// Samples around a group of masks that belong to its rectangle: what a fill may look at.
pub(super) const MARGIN: u32 = 3;
/// The cover of a cell inside a shape.
pub(super) const INSIDE: u8 = 255;

/// A region in upright pixels, as numbers in which every test is exact enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outline {
    shape: Shape,
    quad: Option<Quad>,
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Outline {
    pub(super) fn new(region: &Region) -> Self {
        Self {
            shape: region.shape,
            quad: region.corners.filter(|_| region.shape == Shape::Quad),
            left: region.area.left().into(),
            top: region.area.top().into(),
            right: region.area.right().into(),
            bottom: region.area.bottom().into(),
        }
    }

    /// Whether straight edges make a soft ring needless.
    pub(super) fn is_crisp(&self) -> bool {
        self.shape != Shape::Ellipse
    }

    /// The longer side in pixels.
    pub(super) fn longest(&self) -> f64 {
        (self.right - self.left).max(self.bottom - self.top)
    }

    /// The samples that the rectangle touches.
    pub(super) fn bounds(&self, grid: &Grid) -> Bounds {
        let (left, right) = grid.x.touching(self.left, self.right);
        let (top, bottom) = grid.y.touching(self.top, self.bottom);
        Bounds {
            left,
            top,
            right,
            bottom,
        }
    }

    /// The samples of row `y` that the shape touches; half-open, `None` if there are none.
    ///
    /// An ellipse is widest, within the rows of pixels that the samples stand for, where they come
    /// nearest to its middle: that line decides.
    pub(super) fn span(&self, grid: &Grid, y: u32) -> Option<(u32, u32)> {
        let (from, to) = grid.y.footprint(y);
        if !(from < to && to > self.top && from < self.bottom) {
            return None;
        }
        let (first, end) = match self.shape {
            Shape::Box => grid.x.touching(self.left, self.right),
            Shape::Quad => {
                let (left, right) = match &self.quad {
                    Some(quad) => quad.reach(from, to)?,
                    None => (self.left, self.right),
                };
                grid.x.touching(left, right)
            }
            Shape::Ellipse => {
                let middle = (self.top + self.bottom) * 0.5;
                let up = (middle.clamp(from, to) - middle) / ((self.bottom - self.top) * 0.5);
                let rest = 1.0 - up * up;
                if rest <= 0.0 {
                    return None;
                }
                let half = (self.right - self.left) * 0.5 * rest.sqrt();
                let middle = (self.left + self.right) * 0.5;
                grid.x.touching(middle - half, middle + half)
            }
        };
        (first < end).then_some((first, end))
    }

    /// The samples of row `y` within `by` samples of the shape; half-open, `None` if there are
    /// none.
    pub(super) fn near(&self, grid: &Grid, y: u32, by: u32) -> Option<(u32, u32)> {
        let (from, to) = (y.saturating_sub(by)..=y + by)
            .filter(|&y| y < grid.y.count)
            .filter_map(|y| self.span(grid, y))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        Some((from.saturating_sub(by), (to + by).min(grid.x.count)))
    }

    /// How much of sample (x, y) is under the shape grown by one sample, 0..=1, for samples outside
    /// of it.
    fn soft(&self, grid: &Grid, x: u32, y: u32) -> f64 {
        // In samples, about the middle. Distance to an ellipse to the first order, exact for a
        // circle: k0 (k0 - 1) / k1 with k0 = |p / r| and k1 = |p / r^2| (I. Quilez, "Ellipsoid -
        // SDF").
        let (sx, sy) = (grid.x.step(), grid.y.step());
        let px = f64::from(x) + 0.5 - grid.x.in_samples((self.left + self.right) * 0.5);
        let py = f64::from(y) + 0.5 - grid.y.in_samples((self.top + self.bottom) * 0.5);
        let rx = (self.right - self.left) * 0.5 / sx;
        let ry = (self.bottom - self.top) * 0.5 / sy;
        let k0 = (px / rx).hypot(py / ry);
        let k1 = (px / (rx * rx)).hypot(py / (ry * ry));
        let distance = k0 * (k0 - 1.0) / k1;
        // A distance that is no number (a hair of an ellipse) covers: outward is the safe side.
        (1.5 - distance).clamp(0.0, 1.0)
    }
}

/// A rectangle of samples, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) right: u32,
    pub(super) bottom: u32,
}

impl Bounds {
    pub(super) fn is_empty(&self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    pub(super) fn grown(&self, by: u32, grid: &Grid) -> Self {
        Self {
            left: self.left.saturating_sub(by),
            top: self.top.saturating_sub(by),
            right: (self.right + by).min(grid.x.count),
            bottom: (self.bottom + by).min(grid.y.count),
        }
    }
}

/// Cells of a raster as runs, row by row.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// Where a row's spans begin; one more than rows.
    starts: Vec<u32>,
    spans: Vec<(u32, u32)>,
}

impl Runs {
    pub(super) fn new() -> Self {
        Self {
            starts: vec![0],
            spans: Vec::new(),
        }
    }

    /// Appends a row from spans in any order; those that touch are joined. Empties `spans`.
    pub(super) fn push_row(&mut self, spans: &mut Vec<(u32, u32)>) {
        spans.sort_unstable();
        let begin = self.spans.len();
        for (from, to) in spans.drain(..) {
            match self.spans[begin..].last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => self.spans.push((from, to)),
            }
        }
        self.starts.push(self.spans.len() as u32);
    }

    pub(super) fn row(&self, y: usize) -> &[(u32, u32)] {
        &self.spans[self.starts[y] as usize..self.starts[y + 1] as usize]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

/// Masks that are covered together, on one plane: a window of the plane and what lies inside.
/// Coordinates are in samples from the window's corner.
#[derive(Clone, Debug)]
pub(super) struct Mask {
    /// The window's corner on the plane.
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: usize,
    pub(super) height: usize,
    /// What is inside.
    pub(super) inside: Runs,
    /// The soft ring.
    pub(super) ring: Vec<(u32, u32)>,
    cover: Vec<u8>,
}

impl Mask {
    /// Draws outlines that are not empty on a plane. `bounds` holds all of them; `soft` asks for
    /// the ring.
    pub(super) fn draw(outlines: &[Outline], bounds: Bounds, grid: &Grid, soft: bool) -> Self {
        let window = bounds.grown(MARGIN, grid);
        let (width, height) = (
            (window.right - window.left) as usize,
            (window.bottom - window.top) as usize,
        );
        let mut mask = Self {
            x: window.left,
            y: window.top,
            width,
            height,
            inside: Runs::new(),
            ring: Vec::new(),
            cover: vec![0; width * height],
        };
        let mut spans = Vec::with_capacity(outlines.len());
        for y in 0..height {
            let row = outlines
                .iter()
                .filter_map(|o| o.span(grid, window.top + y as u32));
            spans.extend(row.map(|(from, to)| (from - window.left, to - window.left)));
            mask.inside.push_row(&mut spans);
            for &(from, to) in mask.inside.row(y) {
                mask.cover[y * width + from as usize..y * width + to as usize].fill(INSIDE);
            }
        }
        if soft {
            for outline in outlines.iter().filter(|o| !o.is_crisp()) {
                mask.draw_ring(outline, grid);
            }
        }
        mask
    }

    fn draw_ring(&mut self, outline: &Outline, grid: &Grid) {
        let bounds = outline.bounds(grid).grown(1, grid);
        for y in bounds.top..bounds.bottom {
            let Some((from, to)) = outline.near(grid, y, 1) else {
                continue;
            };
            let own = outline.span(grid, y).unwrap_or((to, to));
            for x in (from..own.0).chain(own.1..to) {
                let (cx, cy) = (x - self.x, y - self.y);
                let cell = &mut self.cover[cy as usize * self.width + cx as usize];
                let cover = (outline.soft(grid, x, y) * 254.0).round() as u8;
                if cover > 0 && *cell != INSIDE {
                    if *cell == 0 {
                        self.ring.push((cx, cy));
                    }
                    *cell = (*cell).max(cover);
                }
            }
        }
    }

    /// How much of a cell is covered, 0..=1.
    pub(super) fn cover(&self, x: u32, y: u32) -> f32 {
        f32::from(self.cover[y as usize * self.width + x as usize]) / f32::from(INSIDE)
    }

    /// How much of the cells of a row is covered, [`INSIDE`] for those inside.
    pub(super) fn covers(&self, y: u32, from: u32, to: u32) -> &[u8] {
        let start = y as usize * self.width;
        &self.cover[start + from as usize..start + to as usize]
    }

    /// Whether a cell is inside a shape; cells beyond the window are not.
    pub(super) fn is_inside(&self, x: u32, y: u32) -> bool {
        let (x, y) = (x as usize, y as usize);
        x < self.width && y < self.height && self.cover[y * self.width + x] == INSIDE
    }

    /// Calls `visit` with every cell outside that touches, also by a corner only, one inside.
    pub(super) fn for_each_neighbour(&self, mut visit: impl FnMut(u32, u32)) {
        let mut near = Vec::new();
        for y in 0..self.height {
            for row in y.saturating_sub(1)..(y + 2).min(self.height) {
                let grown = |&(from, to): &(u32, u32)| {
                    (from.saturating_sub(1), (to + 1).min(self.width as u32))
                };
                near.extend(self.inside.row(row).iter().map(grown));
            }
            near.sort_unstable();
            // Each cell once, and none of those inside.
            let mut next = 0;
            let mut inside = self.inside.row(y).iter().peekable();
            for (from, to) in near.drain(..) {
                next = next.max(from);
                while next < to {
                    while inside.next_if(|run| run.1 <= next).is_some() {}
                    match inside.peek() {
                        Some(run) if run.0 <= next => next = run.1,
                        _ => {
                            visit(next, y as u32);
                            next += 1;
                        }
                    }
                }
            }
        }
    }
}
