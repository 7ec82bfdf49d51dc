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
use multiversion::multiversion;

/// A cell of the rim, and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Held {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) value: f32,
}

/// One grid: the hole, and a canvas where the rim is written.
struct Level {
    hole: Runs,
    canvas: Canvas,
}

/// Solves for the cells of `hole` in a window of `width` by `height` cells. `rim` holds every cell
/// outside of the hole that touches it, also by a corner only, each once, and at least one.
pub(super) fn solve(width: usize, height: usize, hole: &Runs, rim: Vec<Held>) -> Canvas {
    let mut coarser = Vec::new();
    let mut hole = hole.clone();
    let mut rim = rim;
    let (mut width, mut height) = (width, height);
    loop {
        let mut canvas = Canvas::new(width, height);
        for held in &rim {
            let at = canvas.at(held.x as usize, held.y as usize);
            canvas.values[at] = held.value;
        }
        if hole.is_empty() {
            return descend(coarser, Level { hole, canvas });
        }
        let next = halve_hole(&hole, width, height);
        rim = halve_rim(&rim, width, height);
        coarser.push(Level { hole, canvas });
        hole = next;
        (width, height) = (width.div_ceil(2), height.div_ceil(2));
    }
}

/// Cells across a window whose finest grids differ so little from cell to cell that half the sweeps
/// do.
const LARGE: usize = 128;

/// From the coarsest grid, which has no hole, to the finest.
fn descend(levels: Vec<Level>, coarsest: Level) -> Canvas {
    let mut coarse = coarsest;
    let mut scratch = Vec::new();
    for (depth, mut fine) in levels.into_iter().enumerate().rev() {
        extend_edges(&mut coarse.canvas);
        interpolate(&coarse, &mut fine, &mut scratch);
        let side = fine.canvas.width.max(fine.canvas.height);
        let sweeps = match depth {
            _ if side <= 16 => 24,
            0 if side > LARGE => 2,
            1 if side > LARGE => 4,
            0 => 4,
            1 => 8,
            _ => 16,
        };
        for sweep in 0..sweeps {
            extend_edges(&mut fine.canvas);
            relax(&mut fine, sweep % 2 == 1, &mut scratch);
        }
        coarse = fine;
    }
    coarse.canvas
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
fn extend_edges(canvas: &mut Canvas) {
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

/// The first guess for the hole of `fine`: bilinear where the coarse grid has a hole, and so all
/// eight neighbours; the rim's mean where it has none.
#[multiversion(targets("x86_64+avx2"))]
fn interpolate(coarse: &Level, fine: &mut Level, scratch: &mut Vec<f32>) {
    let stride = coarse.canvas.stride();
    for y in 0..fine.canvas.height {
        let near = coarse.canvas.at(0, y / 2);
        let far = if y % 2 == 0 {
            near - stride
        } else {
            near + stride
        };
        for &(from, to) in fine.hole.row(y) {
            let row = fine.canvas.row_mut(y, from, to);
            for (x, value) in (from..to).zip(row) {
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
            let end = (to * 2).min(fine.canvas.width as u32);
            let (pairs, last) = fine.canvas.row_mut(y, from * 2, end).as_chunks_mut::<2>();
            let sides = scratch.iter().zip(&scratch[1..]).zip(&scratch[2..]);
            for (pair, ((left, here), right)) in pairs.iter_mut().zip(sides) {
                *pair = [0.75 * here + 0.25 * left, 0.75 * here + 0.25 * right];
            }
            if let [last] = last {
                *last = 0.75 * scratch[len - 2] + 0.25 * scratch[len - 3];
            }
        }
    }
}

/// One sweep over the hole, row by row: the row before is already new, the cells beside are still
/// old.
#[multiversion(targets("x86_64+avx2"))]
fn relax(level: &mut Level, upward: bool, scratch: &mut Vec<f32>) {
    let stride = level.canvas.stride();
    for i in 0..level.canvas.height {
        let y = if upward {
            level.canvas.height - 1 - i
        } else {
            i
        };
        let start = level.canvas.at(0, y);
        for &(from, to) in level.hole.row(y) {
            let (a, b) = (start + from as usize, start + to as usize);
            let values = &mut level.canvas.values;
            let beside = values[a - 1..b - 1].iter().zip(&values[a + 1..b + 1]);
            let around = values[a - stride..b - stride]
                .iter()
                .zip(&values[a + stride..b + stride]);
            scratch.resize(b - a, 0.0);
            for (to, ((l, r), (u, d))) in scratch.iter_mut().zip(beside.zip(around)) {
                *to = ((l + r) + (u + d)) * 0.25;
            }
            values[a..b].copy_from_slice(scratch);
        }
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
            let canvas = solve(w, h, &hole, rim);
            for y in 1..=n {
                for x in 2..2 + n {
                    let got = canvas.values[canvas.at(x, y)];
                    assert!((got - value(x, y)).abs() < 1.5, "{n}: {x},{y} {got}");
                }
            }
        }
    }
}
