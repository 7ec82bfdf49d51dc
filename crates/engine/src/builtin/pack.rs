//! Weights in the order in which the kernels of one instruction set read them.
//!
//! Invariant: what is packed here is what `Kernels` checks the length of; unused lanes hold zeros.

use super::aligned::Aligned;
use super::kernels::Kernels;
use super::narrow::Narrowed;
use super::onnx::Res;
use super::plan::{Kind, Op, PLANES, Plan};
use rayon::prelude::*;

/// A plan with its weights packed, shared by all sessions of a network.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) plan: Plan,
    pub(super) kernels: &'static Kernels,
    ops: Vec<Weights>,
}

/// Weights and bias of one operation. Either floats or words and their steps, the others empty.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) floats: Aligned<f32>,
    pub(super) words: Aligned<i32>,
    pub(super) steps: Aligned<f32>,
    /// See [`Narrowed`].
    pub(super) top: f32,
    /// Whole channel blocks.
    pub(super) bias: Aligned<f32>,
}

impl Packed {
    pub(super) fn new(mut plan: Plan, kernels: &'static Kernels) -> Res<Self> {
        let pack = |(i, op): (usize, &Op)| Weights::new(op, plan.inputs(i), kernels);
        let ops: Res<_> = match rayon::current_thread_index() {
            // On the threads of the caller's pool; never the global one.
            Some(_) => plan.ops().par_iter().enumerate().map(pack).collect(),
            None => plan.ops().iter().enumerate().map(pack).collect(),
        };
        let ops = ops?;
        plan.forget_weights();
        Ok(Self { plan, kernels, ops })
    }

    /// Words of scratch that [`Kernels::narrow`] needs for operation `i` with rows of this width.
    pub(super) fn scratch(&self, i: usize, width: usize) -> usize {
        if self.ops[i].words.as_slice().is_empty() {
            return 0;
        }
        let (window, ..) = self.plan.ops()[i].kind.window();
        self.kernels.scratch(self.plan.inputs(i), window, width)
    }

    /// Weights of operation `i`.
    pub(super) fn weights(&self, i: usize) -> &Weights {
        &self.ops[i]
    }
}

impl Weights {
    fn new(op: &Op, inputs: usize, kernels: &Kernels) -> Res<Self> {
        let mut bias = op.bias.clone();
        bias.resize(op.outputs.next_multiple_of(kernels.lanes()), 0.0);
        let (mut floats, mut narrowed) = (vec![], Narrowed::default());
        let (window, ..) = op.kind.window();
        let products = matches!(op.kind, Kind::Pointwise | Kind::Dense);
        if products && kernels.narrows(op.outputs, window) {
            narrowed = Narrowed::new((inputs, window), op.outputs, &op.weights, kernels);
        } else {
            floats = pack(op.kind, inputs, op.outputs, &op.weights, kernels);
        }
        Ok(Self {
            floats: Aligned::copy_of(&floats)?,
            words: Aligned::copy_of(&narrowed.words)?,
            steps: Aligned::copy_of(&narrowed.steps)?,
            top: narrowed.top,
            bias: Aligned::copy_of(&bias)?,
        })
    }
}

/// Weights of one operation, from the file's order to the kernel's.
pub(super) fn pack(
    kind: Kind,
    inputs: usize,
    outputs: usize,
    w: &[f32],
    kernels: &Kernels,
) -> Vec<f32> {
    let l = kernels.lanes();
    let padded = kernels.padded(outputs);
    match kind {
        Kind::Pointwise => panels(inputs, outputs, padded, l, 1, |o, i, _| w[o * inputs + i]),
        Kind::Dense => panels(inputs, outputs, padded, l, 9, |o, i, tap| {
            w[(o * inputs + i) * 9 + tap]
        }),
        // Rows of the window outermost, then planes, then columns.
        Kind::First => panels(9, outputs, padded, l, PLANES, |o, i, tap| {
            let n = tap * 9 + i;
            let (row, plane, column) = (n / (3 * PLANES), n / 3 % PLANES, n % 3);
            w[((o * PLANES + plane) * 3 + row) * 3 + column]
        }),
        // One 1x1 convolution for each of the four output positions.
        Kind::Deconv => (0..4)
            .flat_map(|at| {
                panels(inputs, outputs, padded, l, 1, |o, i, _| {
                    w[(i * outputs + o) * 4 + at]
                })
            })
            .collect(),
        Kind::Depthwise { side, .. } => (0..outputs.next_multiple_of(l) * side * side)
            .map(|n| {
                let taps = side * side;
                let (channel, tap) = (n / (taps * l) * l + n % l, n / l % taps);
                if channel < outputs {
                    w[channel * taps + tap]
                } else {
                    0.0
                }
            })
            .collect(),
        Kind::MaxPool | Kind::AddUp | Kind::Mean | Kind::Gate { .. } | Kind::GateAddUp => vec![],
    }
}

/// [pair of channel blocks][tap][input channel][channel of the pair], zeros from `outputs` to
/// `padded`.
fn panels(
    inputs: usize,
    outputs: usize,
    padded: usize,
    lanes: usize,
    taps: usize,
    at: impl Fn(usize, usize, usize) -> f32,
) -> Vec<f32> {
    let mut all = Vec::with_capacity(padded * inputs * taps);
    for pair in (0..padded).step_by(2 * lanes) {
        for tap in 0..taps {
            for i in 0..inputs {
                let channels = pair..(pair + 2 * lanes).min(padded);
                all.extend(channels.map(|o| if o < outputs { at(o, i, tap) } else { 0.0 }));
            }
        }
    }
    all
}
