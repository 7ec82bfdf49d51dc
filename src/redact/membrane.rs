//! A membrane over a hole: every cell the mean of its neighbours, held at the rim (Laplace's
//! equation; at the picture's edge nothing holds it, and it ends level).
//!
//! The rim is averaged into ever coarser grids until no hole is left, then each finer grid starts
//! from the coarser one's answer and is relaxed a few times (cascadic multigrid: Bornemann and
//! Deuflhard, Numerische Mathematik 75, 1996). What remains is far below one grey level of slope at
//! the seam.
//!
//! Invariant: the answer depends on the rim's values and on the hole's outline only; every cell of
//! the hole has, on each side that is not the picture's edge, a neighbour of the hole or of the
//! rim. It holds on each coarser grid because it holds on the finer one.

use super::canvas::Canvas;
use super::mask::Runs;
use crate::parallel;
use multiversion::multiversion;
use std::ops::Range;

/// A cell of the rim, and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Held {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) value: f32,
}

/// A hole in a window of `width` by `height` cells, and what holds the membrane.
struct Problem {
    width: usize,
    height: usize,
    hole: Runs,
    /// Every cell outside of the hole that touches it, also by a corner only, each once, row by
    /// row.
    rim: Vec<Held>,
}

/// A grid that is solved, with its rim.
struct Level {
    hole: Runs,
    canvas: Canvas<f32>,
}

/// A membrane but for the cells of its finest grid, which are made row by row when they are asked
/// for: they are three quarters of all memory that it takes.
pub(super) struct Membrane {
    /// The next coarser grid, with its border.
    coarse: Level,
    finest: Problem,
    sweeps: usize,
}

impl Membrane {
    /// Of `hole` in a window of `width` by `height` cells. `rim` holds every cell outside of the
    /// hole that touches it, also by a corner only, each once and row by row; at least one.
    pub(super) fn new(width: usize, height: usize, hole: &Runs, rim: Vec<Held>) -> Self {
        let mut problems = vec![Problem {
            width,
            height,
            hole: hole.clone(),
            rim,
        }];
        let mut coarser = problems[0].halved();
        while !coarser.hole.is_empty() {
            let next = coarser.halved();
            problems.push(coarser);
            coarser = next;
        }
        // Without a hole all that counts of it is known.
        let mut canvas = Canvas::new(coarser.width, coarser.height);
        coarser.hold(&mut canvas);
        let hole = coarser.hole;
        let mut coarse = Level { hole, canvas };
        loop {
            extend_edges(&mut coarse.canvas);
            // There is the finest one at least.
            let depth = problems.len().saturating_sub(1);
            let finest = problems.swap_remove(depth);
            let membrane = Self {
                coarse,
                sweeps: sweeps(depth, finest.width.max(finest.height)),
                finest,
            };
            if depth == 0 {
                return membrane;
            }
            coarse = membrane.into_level();
        }
    }

    /// Calls `make` with each of some rows, from the top: its number and its cells, of which those
    /// of the hole and of the rim have values.
    ///
    /// The rows stand in a ring that is small enough for a cache. When a row is added to it, as the
    /// coarser grid suggests it, the sweeps go on in the rows above, each as far as it can: first a
    /// row of even number, whose neighbours the sweep before has reached, then the odd row above
    /// it. That is the order in which whole sweeps depend on each other, so rows come out the same
    /// in any company.
    pub(super) fn each_row(&self, rows: Range<usize>, mut make: impl FnMut(usize, &mut [f32])) {
        let Problem { width, height, .. } = self.finest;
        // A sweep carries what is wrong at the ends of the ring two rows on.
        let reach = 2 * self.sweeps + 2;
        let first = rows.start.saturating_sub(reach) / 2 * 2;
        let end = (rows.end + reach).min(height);
        let mut ring = Ring {
            rows: vec![vec![0.0; width + 2]; reach + 2],
            first,
            end,
            scratch: Vec::new(),
        };
        // The row below the last that is final; odd.
        for newest in (first + 1..end + reach).step_by(2) {
            for y in [newest - 1, newest].into_iter().filter(|&y| y < end) {
                let mut row = ring.take(y);
                let cells = &mut row[1..=width];
                interpolate_row(
                    &self.coarse,
                    y,
                    self.finest.hole.row(y),
                    cells,
                    &mut ring.scratch,
                );
                for held in self.finest.rim_of(y) {
                    cells[held.x as usize] = held.value;
                }
                ring.put(y, row);
            }
            for sweep in 0..self.sweeps {
                for behind in [2 * sweep + 1, 2 * sweep + 2] {
                    let y = newest.checked_sub(behind);
                    if let Some(y) = y.filter(|y| (first..end).contains(y)) {
                        ring.relax(y, self.finest.hole.row(y));
                    }
                }
            }
            for behind in [2 * self.sweeps + 1, 2 * self.sweeps] {
                let y = newest.checked_sub(behind);
                if let Some(y) = y.filter(|y| rows.contains(y) && *y < end) {
                    let mut row = ring.take(y);
                    make(y, &mut row[1..=width]);
                    ring.put(y, row);
                }
            }
        }
    }

    /// The whole finest grid.
    fn into_level(self) -> Level {
        let Problem { width, height, .. } = self.finest;
        let mut canvas = Canvas::new(width, height);
        parallel::map(canvas.bands_mut(), |(rows, mut band)| {
            let first = rows.start;
            let mut to: Vec<&mut [f32]> = band.rows_mut().collect();
            self.each_row(rows, |y, row| {
                for &(from, end) in self.finest.hole.row(y) {
                    let cells = from as usize..end as usize;
                    to[y - first][cells.clone()].copy_from_slice(&row[cells]);
                }
            });
        });
        self.finest.hold(&mut canvas);
        Level {
            hole: self.finest.hole,
            canvas,
        }
    }
}

/// Cells across a window whose finest grids differ so little from cell to cell that half the sweeps
/// do.
const LARGE: usize = 128;

/// Sweeps over the grid that has been halved `depth` times, with so many cells on its longer side.
fn sweeps(depth: usize, side: usize) -> usize {
    match depth {
        _ if side <= 16 => 24,
        0 if side > LARGE => 2,
        1 if side > LARGE => 4,
        0 => 4,
        1 => 8,
        _ => 16,
    }
}

/// Rows of a grid that are worked on, each with a border of a cell at both ends.
struct Ring {
    /// Row `y` in place `y % rows.len()`.
    rows: Vec<Vec<f32>>,
    /// There is nothing above this row, ...
    first: usize,
    /// ... nor from this one on.
    end: usize,
    scratch: Vec<f32>,
}

impl Ring {
    /// Takes a row out.
    fn take(&mut self, y: usize) -> Vec<f32> {
        let place = y % self.rows.len();
        std::mem::take(&mut self.rows[place])
    }

    /// Puts it back.
    fn put(&mut self, y: usize, row: Vec<f32>) {
        let place = y % self.rows.len();
        self.rows[place] = row;
    }

    /// Each cell of a row's hole becomes the mean of its four neighbours. The outermost cells are
    /// repeated beyond the window, so that the picture's edge neither pulls nor pushes.
    fn relax(&mut self, y: usize, hole: &[(u32, u32)]) {
        if hole.is_empty() {
            return;
        }
        let mut row = self.take(y);
        let width = row.len() - 2;
        (row[0], row[width + 1]) = (row[1], row[width]);
        let (above, below) = (y > self.first, y + 1 < self.end);
        let alone = match above && below {
            true => Vec::new(),
            false => row.clone(),
        };
        let (rows, n) = (&self.rows, self.rows.len());
        let upper = if above { &rows[(y - 1) % n] } else { &alone };
        let lower = if below { &rows[(y + 1) % n] } else { &alone };
        relax_row(&mut row, (upper, lower), hole, &mut self.scratch);
        self.put(y, row);
    }
}

impl Problem {
    /// The same on a grid with half as many columns and rows.
    fn halved(&self) -> Self {
        Self {
            width: self.width.div_ceil(2),
            height: self.height.div_ceil(2),
            hole: halve_hole(&self.hole, self.width, self.height),
            rim: halve_rim(&self.rim, self.width, self.height),
        }
    }

    /// The cells of the rim in a row.
    fn rim_of(&self, y: usize) -> &[Held] {
        let from = self.rim.partition_point(|held| (held.y as usize) < y);
        let rest = &self.rim[from..];
        &rest[..rest.partition_point(|held| held.y as usize == y)]
    }

    /// Writes the rim's values.
    fn hold(&self, canvas: &mut Canvas<f32>) {
        for held in &self.rim {
            let at = canvas.at(held.x as usize, held.y as usize);
            canvas.values[at] = held.value;
        }
    }
}

/// Cells of the grid with half as many columns and rows all of whose cells belong to the hole.
fn halve_hole(hole: &Runs, width: usize, height: usize) -> Runs {
    let halve = |&(from, to): &(u32, u32)| {
        // A last column without a partner counts as a pair.
        let to = if to as usize == width { to + 1 } else { to };
        (from.div_ceil(2), to / 2)
    };
    let mut out = Runs::new();
    let mut spans = Vec::new();
    for y in (0..height).step_by(2) {
        let upper = hole.row(y);
        let lower = if y + 1 < height {
            hole.row(y + 1)
        } else {
            upper
        };
        let (mut i, mut j) = (0, 0);
        while i < upper.len() && j < lower.len() {
            let (a, b) = (halve(&upper[i]), halve(&lower[j]));
            let common = (a.0.max(b.0), a.1.min(b.1));
            if common.0 < common.1 {
                spans.push(common);
            }
            if a.1 < b.1 {
                i += 1;
            } else {
                j += 1;
            }
        }
        out.push_row(&mut spans);
    }
    out
}

/// Means of the rim's cells in each cell of the grid with half as many columns and rows.
fn halve_rim(rim: &[Held], width: usize, height: usize) -> Vec<Held> {
    let (width, height) = (width.div_ceil(2), height.div_ceil(2));
    let mut slots = vec![0u32; width * height];
    let mut out: Vec<(Held, f32)> = Vec::new();
    for held in rim {
        let (x, y) = (held.x / 2, held.y / 2);
        let slot = &mut slots[y as usize * width + x as usize];
        if *slot == 0 {
            out.push((Held { x, y, value: 0.0 }, 0.0));
            *slot = out.len() as u32;
        }
        let (sum, count) = &mut out[*slot as usize - 1];
        sum.value += held.value;
        *count += 1.0;
    }
    let mean = |(held, count): (Held, f32)| Held {
        value: held.value / count,
        ..held
    };
    out.into_iter().map(mean).collect()
}

/// Repeats the outermost cells in the border, so that the picture's edge neither pulls nor pushes.
fn extend_edges(canvas: &mut Canvas<f32>) {
    let (stride, height) = (canvas.stride(), canvas.height);
    for row in canvas.values.chunks_exact_mut(stride).skip(1).take(height) {
        row[0] = row[1];
        row[stride - 1] = row[stride - 2];
    }
    canvas.values.copy_within(stride..2 * stride, 0);
    let last = height * stride;
    canvas
        .values
        .copy_within(last..last + stride, last + stride);
}

/// Row `y` of a finer grid, where it has a hole: bilinear where the coarse grid has a hole, and so
/// all eight neighbours; the rim's mean where it has none.
#[multiversion(targets("x86_64+avx2"))]
fn interpolate_row(
    coarse: &Level,
    y: usize,
    hole: &[(u32, u32)],
    row: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    let stride = coarse.canvas.stride();
    let near = coarse.canvas.at(0, y / 2);
    let far = if y.is_multiple_of(2) {
        near - stride
    } else {
        near + stride
    };
    for &(from, to) in hole {
        for (x, value) in (from..to).zip(&mut row[from as usize..to as usize]) {
            *value = coarse.canvas.values[near + x as usize / 2];
        }
    }
    for &(from, to) in coarse.hole.row(y / 2) {
        // One more on each side.
        let (a, b) = (near + from as usize - 1, near + to as usize + 1);
        let len = b - a;
        let (near_row, far_row) = (
            &coarse.canvas.values[a..b],
            &coarse.canvas.values[a + far - near..b + far - near],
        );
        scratch.resize(len, 0.0);
        for (to, (n, f)) in scratch.iter_mut().zip(near_row.iter().zip(far_row)) {
            *to = 0.75 * n + 0.25 * f;
        }
        let end = (to as usize * 2).min(row.len());
        let (pairs, last) = row[from as usize * 2..end].as_chunks_mut::<2>();
        let sides = scratch.iter().zip(&scratch[1..]).zip(&scratch[2..]);
        for (pair, ((left, here), right)) in pairs.iter_mut().zip(sides) {
            *pair = [0.75 * here + 0.25 * left, 0.75 * here + 0.25 * right];
        }
        if let [last] = last {
            *last = 0.75 * scratch[len - 2] + 0.25 * scratch[len - 3];
        }
    }
}

/// Each cell of a row's hole becomes the mean of its four neighbours. Rows have their borders.
#[multiversion(targets("x86_64+avx2"))]
fn relax_row(
    row: &mut [f32],
    (upper, lower): (&[f32], &[f32]),
    hole: &[(u32, u32)],
    scratch: &mut Vec<f32>,
) {
    for &(from, to) in hole {
        let (a, b) = (from as usize + 1, to as usize + 1);
        let beside = row[a - 1..b - 1].iter().zip(&row[a + 1..b + 1]);
        let around = upper[a..b].iter().zip(&lower[a..b]);
        scratch.resize(b - a, 0.0);
        for (to, ((l, r), (u, d))) in scratch.iter_mut().zip(beside.zip(around)) {
            *to = ((l + r) + (u + d)) * 0.25;
        }
        row[a..b].copy_from_slice(scratch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square hole of `n` cells whose rim is a plane: the answer is that plane.
    #[test]
    fn a_slope_continues_through_the_hole() {
        for n in [1usize, 2, 5, 33, 150] {
            let (w, h) = (n + 4, n + 3);
            let value = |x: usize, y: usize| 0.5 * x as f32 - 0.25 * y as f32 + 90.0;
            let inside = |x: usize, y: usize| (2..2 + n).contains(&x) && (1..=n).contains(&y);
            let mut hole = Runs::new();
            let mut rim = Vec::new();
            for y in 0..h {
                let mut spans = Vec::new();
                if (1..=n).contains(&y) {
                    spans.push((2, 2 + n as u32));
                }
                hole.push_row(&mut spans);
                for x in (1..n + 3).filter(|&x| y < n + 2 && !inside(x, y)) {
                    rim.push(Held {
                        x: x as u32,
                        y: y as u32,
                        value: value(x, y),
                    });
                }
            }
            let membrane = Membrane::new(w, h, &hole, rim);
            let mut all = vec![Vec::new(); h];
            membrane.each_row(0..h, |y, row| all[y] = row.to_vec());
            for y in 1..=n {
                for x in 2..2 + n {
                    let got = all[y][x];
                    assert!((got - value(x, y)).abs() < 1.5, "{n}: {x},{y} {got}");
                }
            }
            for rows in [0..h / 3, h / 3..h / 2 + 1, h / 2..h] {
                membrane.each_row(rows, |y, row| {
                    let hole = hole.row(y).iter().map(|&(a, b)| a as usize..b as usize);
                    hole.for_each(|cells| assert_eq!(row[cells.clone()], all[y][cells]));
                });
            }
        }
    }
}
