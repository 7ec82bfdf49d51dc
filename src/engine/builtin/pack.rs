//! Weights in the order in which the kernels of one instruction set read them.
//!
//! Invariant: what is packed here is what `Kernels` checks the length of; unused lanes hold zeros.

use super::floats::Floats;
use super::kernels::Kernels;
use super::onnx::Res;
use super::plan::{Kind, PLANES, Plan};

/// A plan with its weights packed, shared by all sessions of a network.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) plan: Plan,
    pub(super) kernels: &'static Kernels,
    weights: Vec<Floats>,
    bias: Vec<Floats>,
}

impl Packed {
    pub(super) fn new(mut plan: Plan, kernels: &'static Kernels) -> Res<Self> {
        let (mut weights, mut biases) = (vec![], vec![]);
        for (i, op) in plan.ops().iter().enumerate() {
            let mut bias = op.bias.clone();
            bias.resize(op.outputs.next_multiple_of(kernels.lanes()), 0.0);
            biases.push(Floats::copy_of(&bias)?);
            let inputs = plan.inputs(i);
            weights.push(Floats::copy_of(&pack(
                op.kind,
                inputs,
                op.outputs,
                &op.weights,
                kernels,
            ))?);
        }
        plan.forget_weights();
        Ok(Self {
            plan,
            kernels,
            weights,
            bias: biases,
        })
    }

    /// Weights of operation `i`.
    pub(super) fn weights(&self, i: usize) -> &[f32] {
        self.weights[i].as_slice()
    }

    /// Bias of operation `i`, whole channel blocks.
    pub(super) fn bias(&self, i: usize) -> &[f32] {
        self.bias[i].as_slice()
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
        Kind::First => {
            let whole = outputs.next_multiple_of(l);
            panels(9, outputs, whole, l, PLANES, |o, i, tap| {
                let n = tap * 9 + i;
                let (row, plane, column) = (n / (3 * PLANES), n / 3 % PLANES, n % 3);
                w[((o * PLANES + plane) * 3 + row) * 3 + column]
            })
        }
        // One 1x1 convolution for each of the four output positions.
        Kind::Deconv => (0..4)
            .flat_map(|at| {
                panels(inputs, outputs, padded, l, 1, |o, i, _| {
                    w[(i * outputs + o) * 4 + at]
                })
            })
            .collect(),
        Kind::Depthwise { .. } => (0..outputs.next_multiple_of(l) * 9)
            .map(|n| {
                let (channel, tap) = (n / (9 * l) * l + n % l, n / l % 9);
                if channel < outputs {
                    w[channel * 9 + tap]
                } else {
                    0.0
                }
            })
            .collect(),
        Kind::MaxPool | Kind::AddUp => vec![],
    }
}

/// [pair of channel blocks][tap][input channel][channel of the pair], zeros from `outputs` to `padded`.
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
