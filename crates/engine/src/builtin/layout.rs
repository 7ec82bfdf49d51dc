//! Where the rows of every tensor live, for one size of picture.
//!
//! The operations of a chain run a few rows at a time: each tensor inside a chain is a ring of rows
//! small enough for the L2 cache, and all chains use the same memory for their rings. Only tensors
//! between chains are whole pictures; they share slots once their last reader has run. (Measured:
//! without chains CenterFace takes 1.2 times as long with AVX-512, 1.3 times with AVX2.)
//!
//! Invariant: places of tensors that are alive at the same time do not overlap, and all of them lie
//! inside `floats` floats.

use super::onnx::Res;
use super::plan::{Kind, MAX_HALVINGS, Op, PLANES, POINT, Plan};
use crate::Size;
use std::ops::Range;

/// Longest side of a picture.
const MAX_SIDE: u32 = 16384;
/// Most floats of buffers in one session: 2 GiB. CenterFace, the largest, takes 25 bytes per pixel.
const MAX_FLOATS: usize = 512 << 20;

/// Where a tensor lives: `rows` rows, row r in place r % rows; channel blocks `block` floats apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: usize,
    pub(super) rows: usize,
    pub(super) pitch: usize,
    pub(super) block: usize,
}

impl Place {
    /// Offset of a row's first block.
    pub(super) fn row(&self, r: usize) -> usize {
        debug_assert!(self.rows > 0, "the tensor was never placed");
        self.offset + r % self.rows * self.pitch
    }
}

/// Operations that run a few rows at a time.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) ops: Vec<usize>,
    /// Rows of the last operation per step (of its source, for a deconvolution).
    pub(super) step: usize,
    /// For a first layer: the ring of planar rows with blank ends.
    pub(super) picture: Place,
    /// All rows of the last operation (of its source, for a deconvolution).
    pub(super) rows: Range<usize>,
    /// Those that one thread makes each, if all of them run the network.
    pub(super) bands: Vec<Range<usize>>,
    /// Floats from the rings of a band to those of the next.
    pub(super) apart: usize,
}

#[derive(Debug)]
pub(super) struct Layout {
    /// Rows and columns of every tensor.
    pub(super) sides: Vec<(usize, usize)>,
    /// Those of rings: of the first band.
    pub(super) places: Vec<Place>,
    pub(super) chains: Vec<Chain>,
    /// A row of zeros as long as the longest.
    pub(super) zero_row: usize,
    /// Length of that row.
    pub(super) longest_row: usize,
    /// Length of the arena.
    pub(super) floats: usize,
}

/// Rows of the source that rows before `upto` need.
pub(super) fn reach(op: &Op, upto: usize, source_rows: usize) -> usize {
    let (window, stride, pad) = op.kind.window();
    ((upto - 1) * stride + window - pad).min(source_rows)
}

/// The first row of each operation that rows from `start` of the last one need.
pub(super) fn starts(ops: &[&Op], start: usize) -> Vec<usize> {
    let mut first = vec![start; ops.len()];
    for i in (1..ops.len()).rev() {
        let (_, stride, pad) = ops[i].kind.window();
        first[i - 1] = (first[i] * stride).saturating_sub(pad);
    }
    first
}

/// For a chain that makes `step` rows at a time of one of its bands: the most rows of each
/// operation's output that are needed at once, and the most that are made at once.
fn ring_rows(
    ops: &[&Op],
    heights: &[usize],
    step: usize,
    bands: &[Range<usize>],
) -> (Vec<usize>, Vec<usize>) {
    let (mut rows, mut made) = (vec![0; ops.len()], vec![0; ops.len()]);
    for band in bands {
        let of_band = ring_rows_of(ops, heights, step, band);
        for i in 0..ops.len() {
            rows[i] = rows[i].max(of_band.0[i]);
            made[i] = made[i].max(of_band.1[i]);
        }
    }
    (rows, made)
}

fn ring_rows_of(
    ops: &[&Op],
    heights: &[usize],
    step: usize,
    band: &Range<usize>,
) -> (Vec<usize>, Vec<usize>) {
    let n = ops.len();
    let (mut rows, mut made) = (vec![0; n], vec![0; n]);
    let mut done = starts(ops, band.start);
    let mut end = band.start;
    while end < band.end {
        end = (end + step).min(band.end);
        let mut need = vec![end; n];
        for i in (1..n).rev() {
            need[i - 1] = reach(ops[i], need[i], heights[i - 1]);
        }
        for i in 0..n {
            let oldest = match ops.get(i + 1) {
                Some(reader) => {
                    let (_, stride, pad) = reader.kind.window();
                    (done[i + 1] * stride).saturating_sub(pad)
                }
                None => done[i],
            };
            rows[i] = rows[i].max(need[i] - oldest.min(need[i]));
            made[i] = made[i].max(need[i] - done[i]);
        }
        done = need;
    }
    (rows, made)
}

/// Reserves memory piece by piece, and knows when it is too much.
struct Slots {
    sizes: Vec<usize>,
    /// Last chain that reads or writes what is in the slot.
    busy: Vec<usize>,
}

impl Slots {
    /// The smallest free slot that fits, else the largest free one grown, else a new one.
    fn take(&mut self, need: usize, chain: usize, last: usize) -> usize {
        let free = (0..self.sizes.len()).filter(|&s| self.busy[s] < chain);
        let best = free.min_by_key(|&s| (self.sizes[s] < need, self.sizes[s].abs_diff(need)));
        let slot = best.unwrap_or_else(|| {
            self.sizes.push(0);
            self.busy.push(0);
            self.sizes.len() - 1
        });
        self.sizes[slot] = self.sizes[slot].max(need);
        self.busy[slot] = last;
        slot
    }
}

impl Layout {
    /// Lays out `plan` for pictures of `size` and so many threads, with at most `budget` bytes of
    /// rows per chain and thread where that is possible.
    pub(super) fn new(
        plan: &Plan,
        size: Size,
        lanes: usize,
        budget: usize,
        threads: usize,
    ) -> Res<Self> {
        let unit = 1 << MAX_HALVINGS;
        for (side, name) in [(size.width, "width"), (size.height, "height")] {
            if side == 0 || side % unit != 0 || side > MAX_SIDE {
                return Err(format!(
                    "{name} {side} is not a multiple of {unit} up to {MAX_SIDE}"
                ));
            }
        }
        let (h, w) = (size.height as usize, size.width as usize);
        let sides: Vec<(usize, usize)> = plan
            .tensors()
            .iter()
            .map(|t| match t.halvings {
                POINT => (1, 1),
                halvings => (h >> halvings, w >> halvings),
            })
            .collect();
        let pitch = |t: usize| (sides[t].1 + 2) * lanes;
        let per_row = |t: usize| pitch(t) * plan.tensors()[t].channels.div_ceil(lanes);
        let place = |t: usize, offset: usize, rows: usize| Place {
            offset,
            rows,
            pitch: pitch(t),
            block: rows.saturating_mul(pitch(t)),
        };
        let mut places = vec![Place::default(); sides.len()];

        // Rings.
        let mut chains = vec![];
        let mut scratch = 0;
        for ops in plan.chains() {
            let list: Vec<&Op> = ops.iter().map(|&i| &plan.ops()[i]).collect();
            let heights: Vec<usize> = list.iter().map(|op| sides[op.dst].0).collect();
            let all = counted(&list, &heights);
            let bands = bands(all, threads);
            // One thread alone can run it, too.
            let runs: Vec<Range<usize>> = bands
                .iter()
                .cloned()
                .chain(std::iter::once(0..all))
                .collect();
            let step = steps(&list, &heights, budget, &runs, per_row);
            let (rows, made) = ring_rows(&list, &heights, step, &runs);
            let mut at = 0;
            for (op, rows) in list.iter().zip(rows).take(list.len() - 1) {
                places[op.dst] = place(op.dst, at, rows);
                at = at.saturating_add(rows.saturating_mul(per_row(op.dst)));
            }
            let mut picture = Place::default();
            if list[0].kind == Kind::First {
                picture = Place {
                    offset: at,
                    rows: made[0] * 2 + 1,
                    pitch: PLANES * (w + 2),
                    block: w + 2,
                };
                at += picture.rows * picture.pitch;
            }
            let apart = at.min(MAX_FLOATS).next_multiple_of(LINE);
            scratch = scratch.max(apart.saturating_mul(bands.len()));
            chains.push(Chain {
                ops: ops.clone(),
                step,
                picture,
                rows: 0..all,
                bands,
                apart,
            });
        }

        // Whole tensors.
        let last_use = |t: usize| {
            let uses = |chain: &Vec<usize>| {
                chain.iter().any(|&i| {
                    let op = &plan.ops()[i];
                    op.src == t || op.res == Some(t) || op.by == Some(t) || op.dst == t
                })
            };
            let shown = |part: &super::plan::Part| part.tensor == t;
            if plan.outputs().iter().any(|o| o.parts.iter().any(shown)) {
                usize::MAX
            } else {
                plan.chains().iter().rposition(uses).unwrap_or(usize::MAX)
            }
        };
        let mut slots = Slots {
            sizes: vec![],
            busy: vec![],
        };
        let mut homes = vec![];
        for (chain, ops) in plan.chains().iter().enumerate() {
            let t = plan.ops()[ops[ops.len() - 1]].dst;
            if places[t].rows > 0 {
                continue; // an earlier part of a concatenation was here
            }
            let slot = slots.take(sides[t].0.saturating_mul(per_row(t)), chain, last_use(t));
            places[t] = place(t, 0, sides[t].0);
            homes.push((t, slot));
        }

        // One after the other: the rings, the row of zeros, the slots; each at a cache line.
        let zero_row = scratch.min(MAX_FLOATS).next_multiple_of(LINE);
        let longest = (1..sides.len()).map(pitch).max().unwrap_or(0).max(w + 2);
        let mut end = (zero_row + longest).next_multiple_of(LINE);
        let mut starts = vec![];
        for size in &slots.sizes {
            starts.push(end);
            end = end.saturating_add(size.div_ceil(LINE).saturating_mul(LINE));
        }
        if end > MAX_FLOATS {
            return Err(format!(
                "a picture of {w}x{h} would need {} MiB of buffers, at most {} can be",
                end >> 18,
                MAX_FLOATS >> 18
            ));
        }
        for (t, slot) in homes {
            places[t].offset = starts[slot];
        }
        Ok(Self {
            sides,
            places,
            chains,
            zero_row,
            longest_row: longest,
            floats: end,
        })
    }
}

/// Floats in a cache line.
const LINE: usize = 16;

/// Fewer rows are not worth a thread.
const LEAST_BAND: usize = 8;

/// Rows of the last operation of a chain; of its source, for a deconvolution.
fn counted(ops: &[&Op], heights: &[usize]) -> usize {
    let last = ops.len() - 1;
    match ops[last].kind {
        Kind::Deconv => heights[last] / 2,
        _ => heights[last],
    }
}

/// As many rows for each of at most `threads`.
fn bands(rows: usize, threads: usize) -> Vec<Range<usize>> {
    let n = threads.min(rows / LEAST_BAND).max(1);
    (0..n).map(|i| i * rows / n..(i + 1) * rows / n).collect()
}

/// The most rows per step whose rings, with the source rows they read, fit the budget; then as
/// equal steps as possible.
fn steps(
    ops: &[&Op],
    heights: &[usize],
    budget: usize,
    bands: &[Range<usize>],
    per_row: impl Fn(usize) -> usize,
) -> usize {
    let bytes = |step: usize| {
        let (rows, made) = ring_rows(ops, heights, step, bands);
        let rings: usize = ops
            .iter()
            .zip(&rows)
            .map(|(op, rows)| rows * per_row(op.dst))
            .sum();
        let source = match ops[0].kind {
            Kind::First => 0,
            kind => (made[0] * kind.window().1 + 2) * per_row(ops[0].src),
        };
        (rings + source) * size_of::<f32>()
    };
    let height = bands.iter().map(Range::len).max().unwrap_or(1);
    let mut step = 1;
    while step < height && bytes(step + 1) <= budget {
        step += 1;
    }
    height.div_ceil(height.div_ceil(step))
}
