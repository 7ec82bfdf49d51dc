//! Runs a packed plan at one size of picture: on the calling thread, or on those of the rayon pool
//! that the calling thread belongs to.
//!
//! A chain is executed a few rows at a time from its end: each operation makes only the rows that
//! the next one is about to read. With several threads each makes a band of the last operation's
//! rows; only rows at the border of two bands are made twice, with the same numbers.
//!
//! Invariant: rows are offsets in one slice, and the kernels check them. A band writes to its own
//! rings and to its own rows of the chain's result, and reads besides what earlier chains made.

use super::aligned::Aligned;
use super::arenas::Arenas;
use super::kernels::{Call, Row, WINDOW};
use super::layout::{Chain, Layout, Place, reach, starts};
use super::onnx::Res;
use super::output;
use super::pack::Packed;
use super::plan::{Kind, Op};
use super::shared::Shared;
use crate::Input;
use crate::Size;
use std::ops::Range;
use std::sync::Arc;

/// A network at one size.
#[derive(Debug)]
pub(super) struct Session {
    packed: Arc<Packed>,
    arenas: Arc<Arenas>,
    layout: Layout,
    /// One for each thread.
    buffers: Vec<Buffers>,
}

/// What a thread needs besides the arena, kept for its memory.
#[derive(Debug)]
struct Buffers {
    /// Narrowed pixels of one operation.
    scratch: Aligned<i32>,
    /// Rows of one kernel call.
    rows: Vec<Row>,
}

/// Threads that would run bands of rows now: those of the rayon pool that the calling one belongs
/// to.
fn threads() -> usize {
    match rayon::current_thread_index() {
        Some(_) => rayon::current_num_threads(),
        None => 1,
    }
}

impl Session {
    /// `arenas` lend it memory while it runs. `budget`: bytes of rows per chain.
    pub(super) fn new(
        packed: Arc<Packed>,
        arenas: Arc<Arenas>,
        size: Size,
        budget: usize,
    ) -> Res<Self> {
        Self::for_threads(packed, arenas, size, budget, threads())
    }

    /// For so many threads. It may be run on fewer.
    pub(super) fn for_threads(
        packed: Arc<Packed>,
        arenas: Arc<Arenas>,
        size: Size,
        budget: usize,
        threads: usize,
    ) -> Res<Self> {
        let layout = Layout::new(&packed.plan, size, packed.kernels.lanes(), budget, threads)?;
        let most = layout.chains.iter().map(|c| c.bands.len()).max();
        let ops = packed.plan.ops().iter().enumerate();
        let scratch = ops.map(|(i, op)| packed.scratch(i, layout.sides[op.dst].1));
        let scratch = scratch.max().unwrap_or(0);
        let buffers = (0..most.unwrap_or(1)).map(|_| {
            Ok(Buffers {
                scratch: Aligned::zeros(scratch)?,
                rows: vec![],
            })
        });
        let buffers = buffers.collect::<Res<_>>()?;
        Ok(Self {
            packed,
            arenas,
            layout,
            buffers,
        })
    }

    /// The outputs in the order of the file. The input has this session's size.
    pub(super) fn run(&mut self, input: &dyn Input) -> Res<Vec<Vec<f32>>> {
        self.run_in_bands(input, threads() > 1)
    }

    /// The same on the calling thread alone.
    pub(super) fn run_alone(&mut self, input: &dyn Input) -> Res<Vec<Vec<f32>>> {
        self.run_in_bands(input, false)
    }

    fn run_in_bands(&mut self, input: &dyn Input, in_bands: bool) -> Res<Vec<Vec<f32>>> {
        let mut arena = self.arenas.take(self.layout.floats)?;
        let zeros = self.layout.zero_row..self.layout.zero_row + self.layout.longest_row;
        arena.as_mut_slice()[zeros].fill(0.0);
        for chain in &self.layout.chains {
            let shared = Shared::from(arena.as_mut_slice());
            let bands = match in_bands {
                true => &chain.bands,
                false => std::slice::from_ref(&chain.rows),
            };
            let of_bands = bands.iter().zip(&mut self.buffers).enumerate();
            let workers = of_bands.map(|(i, (band, buffers))| {
                let worker = Worker {
                    packed: &self.packed,
                    layout: &self.layout,
                    chain,
                    rings: i * chain.apart,
                    scratch: buffers.scratch.as_mut_slice(),
                    rows: &mut buffers.rows,
                    input,
                    copied: 0,
                };
                (worker, band.clone())
            });
            if bands.len() == 1 {
                workers.for_each(|(mut worker, band)| worker.run(shared, band));
                continue;
            }
            rayon::in_place_scope(|scope| {
                for (mut worker, band) in workers {
                    // SAFETY: a band writes to its own rings and to its own rows of the chain's
                    // result; no band reads those of another, and what else is read no one writes
                    // now.
                    let arena = unsafe { shared.for_thread() };
                    scope.spawn(move |_| worker.run(arena.take(), band));
                }
            });
        }
        let lanes = self.packed.kernels.lanes();
        let outputs = self.packed.plan.outputs().iter();
        let outputs = outputs.map(|o| output::read(o, &self.layout, arena.as_slice(), lanes));
        let outputs = outputs.collect();
        self.arenas.give_back(arena);
        Ok(outputs)
    }
}

/// One band of one chain.
struct Worker<'a> {
    packed: &'a Packed,
    layout: &'a Layout,
    chain: &'a Chain,
    /// Floats from the rings of the first band to this one's.
    rings: usize,
    scratch: &'a mut [i32],
    rows: &'a mut Vec<Row>,
    input: &'a dyn Input,
    /// Rows of the picture that have been asked for, into this chain's ring.
    copied: usize,
}

impl Worker<'_> {
    fn run(&mut self, arena: Shared<'_>, band: Range<usize>) {
        let chain = self.chain;
        let ops: Vec<&Op> = chain
            .ops
            .iter()
            .map(|&i| &self.packed.plan.ops()[i])
            .collect();
        let n = ops.len();
        let mut done = starts(&ops, band.start);
        let mut need = vec![0; n];
        while done[n - 1] < band.end {
            need[n - 1] = (done[n - 1] + chain.step).min(band.end);
            for i in (1..n).rev() {
                need[i - 1] = reach(ops[i], need[i], self.layout.sides[ops[i].src].0);
            }
            for i in 0..n {
                if need[i] > done[i] {
                    self.produce(arena, chain.ops[i], done[i]..need[i]);
                    done[i] = need[i];
                }
            }
        }
    }

    /// Makes some rows of operation `i` (a deconvolution: of what some rows of its source give).
    fn produce(&mut self, arena: Shared<'_>, i: usize, range: Range<usize>) {
        let op = &self.packed.plan.ops()[i];
        self.rows.clear();
        match op.kind {
            Kind::First => self.picture_rows(arena, range.clone()),
            Kind::AddUp => self.source_rows(op, range.clone(), |r| only(r / 2)),
            Kind::Gate { doublings } => {
                self.source_rows(op, range.clone(), |r| only(r >> doublings));
                self.gate_row(op);
            }
            Kind::GateAddUp => {
                self.source_rows(op, range.clone(), only);
                self.gate_row(op);
            }
            Kind::Mean => {
                let rows = self.layout.sides[op.src].0;
                self.source_rows(op, 0..rows, only);
            }
            // Its parts make their own.
            Kind::Deconv => {}
            Kind::Pointwise | Kind::Dense | Kind::Depthwise { .. } | Kind::MaxPool => {
                let (window, stride, pad) = op.kind.window();
                let in_rows = self.layout.sides[op.src].0;
                self.source_rows(op, range.clone(), |r| {
                    std::array::from_fn(|k| {
                        let y = (r * stride + k).checked_sub(pad)?;
                        (k < window && y < in_rows).then_some(y)
                    })
                });
            }
        }
        self.target_rows(op, range.clone());
        let kernels = self.packed.kernels;
        let call = Call {
            rows: self.rows,
            ..call(self.packed, self.layout, i)
        };
        match op.kind {
            Kind::First => kernels.first(arena, &call),
            Kind::Pointwise | Kind::Dense if !call.words.is_empty() => {
                kernels.narrow(arena, self.scratch, &call);
            }
            Kind::Pointwise | Kind::Dense => kernels.gemm(arena, &call),
            Kind::Depthwise { .. } => kernels.depthwise(arena, &call),
            Kind::MaxPool => kernels.maxpool(arena, &call),
            Kind::AddUp => kernels.add_up(arena, &call),
            Kind::Mean => kernels.mean(arena, &call),
            Kind::Gate { .. } | Kind::GateAddUp => kernels.gate(arena, &call),
            Kind::Deconv => self.deconv(arena, i, range.clone()),
        }
        let made = match op.kind {
            Kind::Deconv => 2 * range.start..2 * range.end,
            _ => range,
        };
        self.blank_ends(arena, op, made);
    }

    /// Where a tensor lives for this band.
    fn place(&self, tensor: usize) -> Place {
        let mut place = self.layout.places[tensor];
        if place.offset < self.chain.apart {
            place.offset += self.rings; // the row of zeros and whole tensors come behind all rings
        }
        place
    }

    /// Lists which rows of the source each output row reads; the row of zeros for those outside.
    fn source_rows(
        &mut self,
        op: &Op,
        range: Range<usize>,
        read: impl Fn(usize) -> [Option<usize>; WINDOW],
    ) {
        let place = self.place(op.src);
        let zero = self.layout.zero_row;
        self.rows.extend(range.map(|r| {
            let read = read(r);
            Row {
                src: read.map(|y| y.map_or(zero, |y| place.row(y))),
                src_block: read.map(|y| y.map_or(0, |_| place.block)),
                dst: 0,
                res: None,
            }
        }));
    }

    /// The same for the first layer, whose source is a ring of rows of the picture.
    fn picture_rows(&mut self, arena: Shared<'_>, range: Range<usize>) {
        let (h, w) = self.layout.sides[0];
        let mut ring = self.chain.picture;
        ring.offset += self.rings;
        for r in range {
            let mut row = Row {
                src: [self.layout.zero_row; WINDOW],
                src_block: [0; WINDOW],
                dst: 0,
                res: None,
            };
            for k in 0..3 {
                let Some(y) = (2 * r + k).checked_sub(1).filter(|&y| y < h) else {
                    continue;
                };
                let at = ring.row(y);
                if y >= self.copied {
                    arena.change(at, ring.pitch, |planes| {
                        let (first, rest) = planes.split_at_mut(ring.block);
                        let (second, third) = rest.split_at_mut(ring.block);
                        let lines = [first, second, third].map(|plane| {
                            (plane[0], plane[w + 1]) = (0.0, 0.0);
                            &mut plane[1..=w]
                        });
                        self.input.row(y, lines);
                    });
                    self.copied = y + 1;
                }
                (row.src[k], row.src_block[k]) = (at, ring.block);
            }
            self.rows.push(row);
        }
    }

    /// Adds the pixel to multiply with to the first row.
    fn gate_row(&mut self, op: &Op) {
        let place = op.by.map(|by| self.place(by));
        if let (Some(place), Some(row)) = (place, self.rows.first_mut()) {
            (row.src[1], row.src_block[1]) = (place.row(0), place.block);
        }
    }

    /// Fills in where the listed rows go, and what is added to them.
    fn target_rows(&mut self, op: &Op, range: Range<usize>) {
        let place = self.place(op.dst);
        let block = op.dst_channel / self.packed.kernels.lanes();
        let res = op.res.map(|t| self.place(t));
        let halved = op.kind == Kind::GateAddUp;
        for (row, r) in self.rows.iter_mut().zip(range) {
            row.dst = place.row(r) + block * place.block;
            row.res = res.map(|place| place.row(if halved { r / 2 } else { r }));
        }
    }

    /// Four 1x1 convolutions, one for each place in the 2x2 pixels that a pixel of the source
    /// becomes.
    fn deconv(&mut self, arena: Shared<'_>, i: usize, range: Range<usize>) {
        let op = &self.packed.plan.ops()[i];
        let (src, dst) = (self.place(op.src), self.place(op.dst));
        let lanes = self.packed.kernels.lanes();
        let first = op.dst_channel / lanes * dst.block;
        let weights = self.packed.weights(i).floats.as_slice();
        let part = weights.len() / 4;
        for at in 0..4 {
            self.rows.clear();
            self.rows.extend(range.clone().map(|r| Row {
                src: [src.row(r); WINDOW],
                src_block: [src.block; WINDOW],
                dst: dst.row(2 * r + at / 2) + first + at % 2 * lanes,
                res: None,
            }));
            let call = Call {
                rows: self.rows,
                weights: &weights[at * part..][..part],
                width: self.layout.sides[op.src].1,
                dst_step: 2,
                ..call(self.packed, self.layout, i)
            };
            self.packed.kernels.gemm(arena, &call);
        }
    }

    /// Zeros in the first and the last pixel of each row, with every row: memory is shared between
    /// tensors of different widths.
    fn blank_ends(&self, arena: Shared<'_>, op: &Op, range: Range<usize>) {
        let lanes = self.packed.kernels.lanes();
        let place = self.place(op.dst);
        let first = op.dst_channel / lanes;
        for r in range {
            for block in first..(op.dst_channel + op.outputs).div_ceil(lanes) {
                let at = place.row(r) + block * place.block;
                arena.change(at, place.pitch, |row| {
                    blank(&mut row[..lanes]);
                    blank(&mut row[place.pitch - lanes..]);
                });
            }
        }
    }
}

/// Zeros in one pixel. Of a known length, since a call of `memset` for each costs some per cent.
fn blank(pixel: &mut [f32]) {
    if let Ok(pixel) = <&mut [f32; 8]>::try_from(&mut *pixel) {
        *pixel = [0.0; 8];
    } else if let Ok(pixel) = <&mut [f32; 16]>::try_from(&mut *pixel) {
        *pixel = [0.0; 16];
    } else {
        pixel.fill(0.0);
    }
}

/// One row of the source.
fn only(y: usize) -> [Option<usize>; WINDOW] {
    std::array::from_fn(|k| (k == 0).then_some(y))
}

/// What all calls for operation `i` share; no rows yet.
fn call<'a>(packed: &'a Packed, layout: &Layout, i: usize) -> Call<'a> {
    let op = &packed.plan.ops()[i];
    let (window, stride, _) = op.kind.window();
    let weights = packed.weights(i);
    Call {
        rows: &[],
        weights: weights.floats.as_slice(),
        words: weights.words.as_slice(),
        steps: weights.steps.as_slice(),
        top: weights.top,
        bias: weights.bias.as_slice(),
        act: op.act,
        inputs: packed.plan.inputs(i),
        outputs: op.outputs,
        window,
        stride,
        width: match op.kind {
            Kind::Mean => layout.sides[op.src].1,
            _ => layout.sides[op.dst].1,
        },
        first: op.dst_channel % packed.kernels.lanes(),
        repeat: match op.kind {
            Kind::Gate { doublings } => usize::from(doublings),
            _ => 0,
        },
        gated: op.by.is_some(),
        dst_step: 1,
        dst_block: layout.places[op.dst].block,
        res_block: op.res.map_or(0, |t| layout.places[t].block),
    }
}
