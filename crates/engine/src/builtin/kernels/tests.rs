//! Every kernel of every instruction set that this CPU has, on random shapes: against naive loops,
//! and against a guard of numbers around the rows that it may write.

mod bounds;
mod narrow;
mod squeeze;

use super::*;
use crate::builtin::narrow::Narrowed;
use crate::builtin::pack::pack;
use crate::builtin::plan::Kind;
use crate::builtin::tests::Dice;

/// What lies where no kernel may write.
const GUARD: f32 = 12345.0;

/// Rows of one tensor in an arena, channel blocks apart, with blank ends.
#[derive(Clone, Copy)]
struct Rows {
    offset: usize,
    rows: usize,
    pitch: usize,
    block: usize,
    lanes: usize,
}

impl Rows {
    fn at(&self, c: usize, y: usize, x: usize) -> usize {
        let (block, lane) = (c / self.lanes, c % self.lanes);
        self.offset + block * self.block + y * self.pitch + (x + 1) * self.lanes + lane
    }
}

/// An arena that grows tensor by tensor, with guards between.
struct Arena {
    floats: Vec<f32>,
    lanes: usize,
}

impl Arena {
    fn tensor(&mut self, channels: usize, rows: usize, width: usize) -> Rows {
        self.floats.extend([GUARD; 7]);
        let pitch = (width + 2) * self.lanes;
        let tensor = Rows {
            offset: self.floats.len(),
            rows,
            pitch,
            block: rows * pitch,
            lanes: self.lanes,
        };
        let n = tensor.block * channels.div_ceil(self.lanes);
        self.floats.resize(self.floats.len() + n, 0.0);
        tensor
    }

    /// Fills the pixels with numbers; unused lanes with something loud that must not leak.
    fn fill(&mut self, t: Rows, channels: usize, width: usize, dice: &mut Dice) {
        for c in 0..channels.next_multiple_of(self.lanes) {
            for y in 0..t.rows {
                for x in 0..width {
                    self.floats[t.at(c, y, x)] = if c < channels { dice.float() } else { 1e9 };
                }
            }
        }
    }
}

fn act(dice: &mut Dice) -> Act {
    [
        Act::Identity,
        Act::Relu,
        Act::Leaky(0.1),
        Act::Leaky(1.0),
        Act::Clip(-0.25, 0.5),
        Act::HardSwish(-0.125),
    ][dice.below(6)]
}

fn activated(act: Act, v: f64) -> f64 {
    match act {
        Act::Identity => v,
        Act::Relu => v.max(0.0),
        Act::Leaky(slope) => v.max(v * f64::from(slope)),
        Act::Clip(low, high) => v.clamp(f64::from(low), f64::from(high)),
        Act::HardSwish(shift) => v * (v / 6.0 + 0.5).clamp(0.0, 1.0) + f64::from(shift),
    }
}

/// Shapes that meet whole tiles, rests, one pixel, half blocks and more than one pair.
fn shape(dice: &mut Dice, kind: Kind) -> (usize, usize, usize, usize) {
    let most = if cfg!(miri) { 6 } else { 70 };
    let mut outputs = 1 + dice.below(most);
    if dice.below(3) == 0 && !cfg!(miri) {
        outputs = [8, 16, 17, 23, 24, 25, 32, 33, 56][dice.below(9)];
    }
    let inputs = match kind {
        Kind::First => 3,
        Kind::Pointwise | Kind::Dense | Kind::Deconv => 1 + dice.below(most / 2),
        _ => outputs,
    };
    let width = 1 + dice.below(if cfg!(miri) { 3 } else { 40 });
    (inputs, outputs, width, 1 + dice.below(3))
}

/// One call on random numbers, compared with naive loops in f64; `narrow`: with 16-bit products.
fn check_once(kernels: &Kernels, kind: Kind, narrow: bool, dice: &mut Dice) {
    let l = kernels.lanes();
    let (inputs, outputs, width, rows) = shape(dice, kind);
    let (window, stride, pad) = kind.window();
    let residual = match kind {
        Kind::AddUp => true,
        Kind::Pointwise | Kind::Dense => dice.below(2) == 0,
        _ => false,
    };
    let act = match kind {
        Kind::MaxPool | Kind::AddUp => Act::Identity,
        _ => act(dice),
    };
    let (src_w, src_rows, dst_w, dst_rows) = match kind {
        Kind::AddUp => (width.div_ceil(2), rows.div_ceil(2), width, rows),
        Kind::Deconv => (width, rows, 2 * width, 2 * rows),
        _ => (width * stride, rows * stride, width, rows),
    };
    // Blocks in front of the output, as in a concatenation.
    let front = dice.below(3);

    let mut arena = Arena {
        floats: vec![],
        lanes: if kind == Kind::First { 1 } else { l },
    };
    let src = arena.tensor(inputs, src_rows, src_w);
    arena.fill(src, inputs, src_w, dice);
    arena.lanes = l;
    let res = arena.tensor(outputs, dst_rows, dst_w);
    arena.fill(res, outputs, dst_w, dice);
    let zero = arena.tensor(1, 1, src_w.max(dst_w));
    let dst = arena.tensor(front * l + outputs + l, dst_rows, dst_w);
    let end = arena.floats.len();
    arena.floats[dst.offset..end].fill(GUARD);
    arena.floats.extend([GUARD; 7]);

    let per_output = match kind {
        Kind::First | Kind::Dense => inputs * 9,
        Kind::Pointwise => inputs,
        Kind::Depthwise { side, .. } => side * side,
        Kind::Deconv => inputs * 4,
        _ => 0,
    };
    let weights = dice.floats(outputs * per_output);
    let bias = dice.floats(outputs);
    let packed = pack(kind, inputs, outputs, &weights, kernels);
    let mut padded_bias = bias.clone();
    padded_bias.resize(outputs.next_multiple_of(l), 0.0);
    let narrowed = match narrow {
        true => Narrowed::new((inputs, window), outputs, &weights, kernels),
        false => Narrowed::default(),
    };
    let mut scratch = vec![0; kernels.scratch(inputs, window, width)];

    let before = arena.floats.clone();
    let list = |make: &dyn Fn(usize) -> ([Option<usize>; WINDOW], usize)| -> Vec<Row> {
        (0..rows)
            .map(|r| {
                let (read, target) = make(r);
                Row {
                    src: read.map(|y| y.map_or(zero.offset, |y| src.offset + y * src.pitch)),
                    src_block: read.map(|y| y.map_or(0, |_| src.block)),
                    dst: dst.offset + front * dst.block + target,
                    res: residual.then(|| res.offset + r * res.pitch),
                }
            })
            .collect()
    };
    let call = Call {
        rows: &[],
        weights: &packed,
        words: &narrowed.words,
        steps: &narrowed.steps,
        top: narrowed.top,
        bias: &padded_bias,
        act,
        inputs,
        outputs,
        window,
        stride,
        width,
        dst_step: 1,
        dst_block: dst.block,
        res_block: res.block,
        ..Call::default()
    };
    match kind {
        Kind::Deconv => {
            let part = packed.len() / 4;
            for at in 0..4 {
                let rows =
                    list(&|r| ([Some(r); WINDOW], (2 * r + at / 2) * dst.pitch + at % 2 * l));
                kernels.gemm(
                    &mut arena.floats,
                    &Call {
                        rows: &rows,
                        weights: &packed[at * part..][..part],
                        dst_step: 2,
                        ..call
                    },
                );
            }
        }
        Kind::AddUp => {
            let rows = list(&|r| ([Some(r / 2), None, None, None, None], r * dst.pitch));
            kernels.add_up(
                &mut arena.floats,
                &Call {
                    rows: &rows,
                    ..call
                },
            );
        }
        _ => {
            let rows = list(&|r| {
                let read = std::array::from_fn(|k| {
                    let y = (r * stride + k).checked_sub(pad)?;
                    (k < window && y < src_rows).then_some(y)
                });
                (read, r * dst.pitch)
            });
            let call = Call {
                rows: &rows,
                ..call
            };
            match kind {
                Kind::First => kernels.first(&mut arena.floats, &call),
                Kind::Depthwise { .. } => kernels.depthwise(&mut arena.floats, &call),
                Kind::MaxPool => kernels.maxpool(&mut arena.floats, &call),
                _ if narrow => kernels.narrow(&mut arena.floats, &mut scratch, &call),
                _ => kernels.gemm(&mut arena.floats, &call),
            }
        }
    }

    let input = |c: usize, y: isize, x: isize| -> f64 {
        let inside = (0..src_rows as isize).contains(&y) && (0..src_w as isize).contains(&x);
        if inside {
            f64::from(before[src.at(c, y as usize, x as usize)])
        } else {
            0.0
        }
    };
    let naive = |o: usize, y: usize, x: usize| -> f64 {
        let (sy, sx) = ((y * stride) as isize, (x * stride) as isize);
        let sum = match kind {
            Kind::MaxPool => (0..4)
                .map(|i| input(o, sy + i / 2, sx + i % 2))
                .fold(f64::MIN, f64::max),
            Kind::AddUp => input(o, y as isize / 2, x as isize / 2),
            Kind::Deconv => (0..inputs)
                .map(|i| {
                    let w = weights[(i * outputs + o) * 4 + y % 2 * 2 + x % 2];
                    f64::from(w) * input(i, y as isize / 2, x as isize / 2)
                })
                .sum(),
            _ => {
                let depthwise = matches!(kind, Kind::Depthwise { .. });
                let channels = if depthwise { 1 } else { inputs };
                let mut sum = 0.0;
                for i in 0..channels {
                    for k in 0..window * window {
                        let w = weights[(o * channels + i) * window * window + k];
                        let c = if depthwise { o } else { i };
                        let dy = (k / window) as isize - pad as isize;
                        let dx = (k % window) as isize - pad as isize;
                        sum += f64::from(w) * input(c, sy + dy, sx + dx);
                    }
                }
                sum
            }
        };
        let bias = match kind {
            Kind::MaxPool | Kind::AddUp => 0.0,
            _ => f64::from(bias[o]),
        };
        let added = if residual {
            f64::from(before[res.at(o, y, x)])
        } else {
            0.0
        };
        activated(act, sum + bias) + added
    };
    let mut may_change = vec![false; before.len()];
    for o in 0..outputs.next_multiple_of(l) {
        for y in 0..dst_rows {
            for x in 0..dst_w {
                let at = dst.at(front * l + o, y, x);
                may_change[at] = true;
                if o < outputs {
                    let off = (f64::from(arena.floats[at]) - naive(o, y, x)).abs();
                    // Inputs and weights are off by half a step at most, and neither is above 1.
                    let most = match narrow {
                        true => {
                            let steps = 1.0 / narrowed.top + narrowed.steps[o];
                            per_output as f64 * 0.51 * f64::from(steps) + 1e-4
                        }
                        false => 1e-4,
                    };
                    assert!(
                        off < most,
                        "{} {kind:?} {inputs}->{outputs}, width {width}, {act:?}: {off:e} at \
                         ({o}, {y}, {x})",
                        kernels.name()
                    );
                }
            }
        }
    }
    for (i, (after, before)) in arena.floats.iter().zip(&before).enumerate() {
        assert!(
            may_change[i] || after == before,
            "{} {kind:?} {inputs}->{outputs}, width {width} wrote at {i}",
            kernels.name()
        );
    }
}

fn check_often(kind: Kind) {
    let mut dice = Dice(11);
    for kernels in tested() {
        for _ in 0..if cfg!(miri) { 3 } else { 120 } {
            check_once(kernels, kind, false, &mut dice);
        }
    }
}

#[test]
fn first_layers_are_what_naive_loops_compute() {
    check_often(Kind::First);
}

#[test]
fn pointwise_convolutions_are_what_naive_loops_compute() {
    check_often(Kind::Pointwise);
}

#[test]
fn dense_convolutions_are_what_naive_loops_compute() {
    check_often(Kind::Dense);
}

#[test]
fn depthwise_convolutions_are_what_naive_loops_compute() {
    for side in [3, 5] {
        check_often(Kind::Depthwise { side, stride: 1 });
        check_often(Kind::Depthwise { side, stride: 2 });
    }
}

#[test]
fn deconvolutions_are_what_naive_loops_compute() {
    check_often(Kind::Deconv);
}

#[test]
fn pooling_is_what_naive_loops_compute() {
    check_often(Kind::MaxPool);
}

#[test]
fn addition_with_upsampling_is_what_naive_loops_compute() {
    check_often(Kind::AddUp);
}

#[test]
fn the_scalar_kernels_are_always_there_and_last() {
    let all = available();
    assert_eq!(all.last().map(|k| k.name()), Some("scalar"));
    assert!(std::ptr::eq(all[0], best()));
}
