//! From the network's map to lines of writing.
//!
//! Contract: one output `logits`, [16][height / 4][width / 4]; channel 4 * row + column is the
//! logit of the pixel of that row and column in each cell of 4x4.
//!
//! Invariant: no NaN leaves here; a line has a length of at least its height.

use super::super::heads::tensor;
use crate::error::Result;
use crate::geometry::{Point, Size};
use faceveil_engine::Tensor;

/// Logit from which a pixel belongs to a line: a probability of 0.2.
const INK: f32 = -1.386_294_4;
/// Least mean probability of a line.
const LEAST: f32 = 0.4;
/// Least height of a line on the map, pixels: less is noise.
const THIN: f32 = 3.0;
/// The distance by which a line is grown to its letters is this times its area over its outline's
/// length: what the network was taught to leave out.
const LETTERS: f32 = 1.6;
/// The same for what is covered: a plate is more than its letters (those of the USA are twice as
/// high), and the smaller the writing is, the less exact is its place.
const COVERED: f32 = 2.6;
/// Most lines of one canvas.
const MOST: usize = 2000;

/// A line of writing on the canvas.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// From the start of its length, clockwise.
    pub(super) corners: [Point; 4],
    /// Mean probability of its pixels.
    pub(super) score: f32,
}

impl Line {
    /// The corners around its letters.
    pub(super) fn letters(&self) -> [Point; 4] {
        self.grown(LETTERS)
    }

    /// The corners of what is to be covered.
    pub(super) fn covered(&self) -> [Point; 4] {
        self.grown(COVERED)
    }

    /// Its corners, each side moved outward.
    fn grown(&self, growth: f32) -> [Point; 4] {
        let [a, b, c, d] = self.corners;
        let unit = |p: Point, q: Point| {
            let (dx, dy) = (q.x - p.x, q.y - p.y);
            let length = dx.hypot(dy);
            (dx / length, dy / length, length)
        };
        let ((ux, uy, along), (vx, vy, across)) = (unit(a, b), unit(a, d));
        let by = growth * along * across / (2.0 * (along + across));
        let moved = |p: Point, u: f32, v: f32| {
            Point::new(p.x + by * (u * ux + v * vx), p.y + by * (u * uy + v * vy))
        };
        [
            moved(a, -1.0, -1.0),
            moved(b, 1.0, -1.0),
            moved(c, 1.0, 1.0),
            moved(d, -1.0, 1.0),
        ]
    }
}

/// The lines on a canvas of which `content` is the picture.
pub(super) fn decode(outputs: &[Tensor], canvas: Size, content: Size) -> Result<Vec<Line>> {
    let (columns, rows) = (canvas.width as usize / 4, canvas.height as usize / 4);
    let logits = tensor(outputs, "logits", 16 * columns * rows)?;
    let at = |x: usize, y: usize| {
        let channel = y % 4 * 4 + x % 4;
        logits[(channel * rows + y / 4) * columns + x / 4]
    };
    let size = (content.width as usize, content.height as usize);
    let mut all: Vec<Line> = Pieces::find(size, at).lines().collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all.truncate(MOST);
    Ok(all)
}

/// Pixels of one row that belong to a line: `from..to`.
struct Run {
    y: usize,
    from: usize,
    to: usize,
    /// Sum of their probabilities.
    sum: f32,
}

/// Runs and which of them hang together, also by a corner only.
struct Pieces {
    runs: Vec<Run>,
    /// Of each run, one of its piece that comes no later; itself for the first.
    parent: Vec<usize>,
}

impl Pieces {
    fn find((width, height): (usize, usize), at: impl Fn(usize, usize) -> f32) -> Self {
        let mut all = Self {
            runs: vec![],
            parent: vec![],
        };
        let mut above = 0..0;
        for y in 0..height {
            let first = all.runs.len();
            let mut x = 0;
            while x < width {
                let from = x;
                let mut sum = 0.0;
                // NaN belongs to nothing.
                while x < width && at(x, y) >= INK {
                    sum += 1.0 / (1.0 + (-at(x, y)).exp());
                    x += 1;
                }
                if x > from {
                    all.parent.push(all.runs.len());
                    all.runs.push(Run {
                        y,
                        from,
                        to: x,
                        sum,
                    });
                }
                x += 1;
            }
            let row = first..all.runs.len();
            let mut next = above.start;
            for i in row.clone() {
                while next < above.end && all.runs[next].to < all.runs[i].from {
                    next += 1;
                }
                let touching =
                    (next..above.end).take_while(|&k| all.runs[k].from <= all.runs[i].to);
                for k in touching.collect::<Vec<_>>() {
                    all.join(i, k);
                }
            }
            above = row;
        }
        all
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.parent[i] != i {
            self.parent[i] = self.parent[self.parent[i]];
            i = self.parent[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b)] = a.min(b);
    }

    fn lines(mut self) -> impl Iterator<Item = Line> {
        let mut pieces: Vec<Vec<usize>> = vec![vec![]; self.runs.len()];
        for i in 0..self.runs.len() {
            let root = self.root(i);
            pieces[root].push(i);
        }
        let runs = self.runs;
        pieces.into_iter().filter_map(move |piece| {
            let pixels: usize = piece.iter().map(|&i| runs[i].to - runs[i].from).sum();
            let sum: f32 = piece.iter().map(|&i| runs[i].sum).sum();
            let score = sum / pixels.max(1) as f32;
            if score < LEAST || (pixels as f32) < THIN * THIN {
                return None;
            }
            let ends = piece.iter().flat_map(|&i| {
                let run = &runs[i];
                [
                    (run.from, run.y),
                    (run.to, run.y),
                    (run.from, run.y + 1),
                    (run.to, run.y + 1),
                ]
            });
            let points = ends.map(|(x, y)| Point::new(x as f32, y as f32)).collect();
            let corners = least_rectangle(&hull(points))?;
            let [a, _, _, d] = corners;
            ((a.x - d.x).hypot(a.y - d.y) >= THIN).then_some(Line {
                corners,
                score: score.min(1.0),
            })
        })
    }
}

/// The convex hull, clockwise as it is seen (A. M. Andrew's monotone chain).
fn hull(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup();
    let turn = |a: Point, b: Point, c: Point| (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    let half = |points: &mut dyn Iterator<Item = Point>| {
        let mut chain: Vec<Point> = vec![];
        for p in points {
            while let [.., a, b] = chain[..]
                && turn(a, b, p) <= 0.0
            {
                chain.pop();
            }
            chain.push(p);
        }
        chain.pop();
        chain
    };
    let mut all = half(&mut points.iter().copied());
    all.extend(half(&mut points.iter().rev().copied()));
    all
}

/// The rectangle with the least area around a convex hull: one of its sides lies on one of the
/// hull's (H. Freeman and R. Shapira, 1975). From the start of its longer side, which runs to the
/// right.
fn least_rectangle(hull: &[Point]) -> Option<[Point; 4]> {
    let mut best: Option<(f32, [Point; 4])> = None;
    for (i, a) in hull.iter().enumerate() {
        let b = hull[(i + 1) % hull.len()];
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let length = dx.hypot(dy);
        if length.is_nan() || length <= 0.0 {
            continue;
        }
        // Along the side, and at right angles to it.
        let (mut u, mut v) = ((dx / length, dy / length), (-dy / length, dx / length));
        let range = |axis: (f32, f32)| {
            let on = hull.iter().map(|p| p.x * axis.0 + p.y * axis.1);
            on.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), t| {
                (low.min(t), high.max(t))
            })
        };
        let (along, across) = (range(u), range(v));
        let area = (along.1 - along.0) * (across.1 - across.0);
        if best.as_ref().is_some_and(|(least, _)| area >= *least) {
            continue;
        }
        let (mut along, mut across) = (along, across);
        if across.1 - across.0 > along.1 - along.0 {
            // The longer side first, and clockwise still.
            ((along, across), (u, v)) = ((across, (-along.1, -along.0)), (v, (-u.0, -u.1)));
        }
        if u.0 < 0.0 {
            (along, across) = ((-along.1, -along.0), (-across.1, -across.0));
            (u, v) = ((-u.0, -u.1), (-v.0, -v.1));
        }
        let at = |s: f32, t: f32| Point::new(s * u.0 + t * v.0, s * u.1 + t * v.1);
        let corners = [
            at(along.0, across.0),
            at(along.1, across.0),
            at(along.1, across.1),
            at(along.0, across.1),
        ];
        best = Some((area, corners));
    }
    best.map(|(_, corners)| corners)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A canvas on which the pixels for which `is` says so are certain.
    fn shown(size: Size, is: impl Fn(f32, f32) -> bool) -> Vec<Line> {
        let (w, h) = (size.width as usize, size.height as usize);
        let mut data = vec![-9.0; w * h];
        for y in 0..h {
            for x in 0..w {
                let at = ((y % 4 * 4 + x % 4) * (h / 4) + y / 4) * (w / 4) + x / 4;
                if is(x as f32 + 0.5, y as f32 + 0.5) {
                    data[at] = 9.0;
                }
            }
        }
        let name = "logits".to_owned();
        let tensor = Tensor {
            name,
            data,
            ..Tensor::default()
        };
        decode(&[tensor], size, size).expect("as long as it must be")
    }

    #[test]
    fn two_lines_apart_are_two_and_noise_is_none() {
        let size = Size::new(64, 32);
        let lines = shown(size, |x, y| {
            (4.0..30.0).contains(&x) && (4.0..10.0).contains(&y)
                || (40.0..46.0).contains(&x) && (4.0..28.0).contains(&y)
                || (20.0..22.0).contains(&x) && (20.0..22.0).contains(&y)
        });
        assert_eq!(lines.len(), 2);
        let [a, b, c, _] = lines[0].corners;
        assert_eq!(
            (a, b, c),
            (
                Point::new(4.0, 4.0),
                Point::new(30.0, 4.0),
                Point::new(30.0, 10.0)
            )
        );
        assert!(lines.iter().all(|l| l.score > 0.99));
    }

    #[test]
    fn growth_moves_every_side_by_the_same() {
        let line = Line {
            corners: [(10.0, 10.0), (50.0, 10.0), (50.0, 20.0), (10.0, 20.0)]
                .map(|(x, y)| Point::new(x, y)),
            score: 1.0,
        };
        // 1.6 * 400 / 100.
        let expected = [(3.6, 3.6), (56.4, 3.6), (56.4, 26.4), (3.6, 26.4)];
        for (p, (x, y)) in line.letters().into_iter().zip(expected) {
            assert!((p.x - x).abs() < 1e-4 && (p.y - y).abs() < 1e-4, "{p:?}");
        }
    }

    #[test]
    fn a_model_that_says_nothing_useful_gives_no_line() {
        let size = Size::new(32, 32);
        let tensor = |data| Tensor {
            name: "logits".into(),
            data,
            ..Tensor::default()
        };
        let nan = decode(&[tensor(vec![f32::NAN; 1024])], size, size);
        assert!(nan.expect("as long as it must be").is_empty());
        let all = decode(&[tensor(vec![f32::INFINITY; 1024])], size, size);
        assert_eq!(all.expect("as long as it must be").len(), 1);
        assert!(decode(&[tensor(vec![0.0; 1023])], size, size).is_err());
        assert!(decode(&[], size, size).is_err());
    }

    proptest! {
        #[test]
        fn a_turned_bar_gives_its_own_rectangle(angle in -80.0f32..80.0, long in 30.0f32..45.0, high in 6.0f32..12.0) {
            let (sin, cos) = angle.to_radians().sin_cos();
            let size = Size::new(96, 96);
            let lines = shown(size, |x, y| {
                let (x, y) = (x - 48.0, y - 48.0);
                (x * cos + y * sin).abs() <= long / 2.0 && (y * cos - x * sin).abs() <= high / 2.0
            });
            prop_assert_eq!(lines.len(), 1);
            let [a, b, c, d] = lines[0].corners;
            let side = |p: Point, q: Point| (p.x - q.x).hypot(p.y - q.y);
            prop_assert!((side(a, b) - long).abs() < 3.0 && (side(b, c) - high).abs() < 3.0);
            prop_assert!((side(a, b) - side(c, d)).abs() < 0.01);
            prop_assert!(b.x >= a.x, "the length runs to the right");
            let found = (b.y - a.y).atan2(b.x - a.x).to_degrees();
            prop_assert!((found - angle).abs() < 6.0, "{} {}", found, angle);
        }
    }
}
