//! What the engine runs: a short list of fused operations on numbered tensors.
//!
//! Invariant: a [`Plan`] is consistent. The only way to one is [`Plan::new`], which checks every
//! index, shape and weight count, and that each tensor is written in full, once, before it is read.
//! Nothing about it depends on the size of the picture: a tensor has `halvings`, the number of
//! times that both sides of the picture were halved, at most five, and sides are multiples of 32;
//! or it is a single pixel.

mod convolve;
mod fuse;
mod lower;
mod results;
mod shape;
mod squeeze;
#[cfg(test)]
mod tests;

use super::kernels::Act;
use super::onnx::Res;

pub(super) use lower::lower;

/// Channel offsets in a concatenation are multiples of this: of the lanes of every instruction set.
pub(super) const ALIGN: usize = 16;
/// Pictures have sides that are multiples of `2^MAX_HALVINGS`.
pub(super) const MAX_HALVINGS: u8 = 5;
/// `halvings` of a map of one pixel, whatever the picture.
pub(super) const POINT: u8 = u8::MAX;
/// Channel offsets of a [`Kind::Gate`] in a concatenation are multiples of this.
pub(super) const GATE_ALIGN: usize = 8;
/// Channels of the picture.
pub(super) const PLANES: usize = 3;
const MAX_CHANNELS: usize = 1 << 14;
/// Floats of weights in a plan, unused lanes included: 256 MiB, thirty times the largest model.
const MAX_WEIGHTS: usize = 64 << 20;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// 3x3, stride 2, on the planar picture.
    First,
    /// 1x1 convolution.
    Pointwise,
    /// 3x3 convolution, stride 1.
    Dense,
    /// One filter per channel.
    Depthwise {
        /// Of the window: 3 or 5.
        side: usize,
        /// 1 or 2.
        stride: usize,
    },
    /// 2x2 transposed convolution, stride 2.
    Deconv,
    /// 2x2, stride 2.
    MaxPool,
    /// The residual plus the source, whose pixels are repeated to twice its sides.
    AddUp,
    /// The mean of each channel over the whole source: a map of one pixel.
    Mean,
    /// The source, each pixel repeated to `2^doublings` times its sides, times the one pixel of
    /// `by` if there is one.
    Gate {
        /// At most [`MAX_HALVINGS`].
        doublings: u8,
    },
    /// The source times the one pixel of `by`, plus the residual, whose pixels are repeated to
    /// twice its sides.
    GateAddUp,
}

impl Kind {
    /// Window, stride and padding, as rows of the output see rows of the source. Meaningless for
    /// those that do not stream.
    pub(super) fn window(self) -> (usize, usize, usize) {
        match self {
            Self::First => (3, 2, 1),
            Self::Dense => (3, 1, 1),
            Self::Depthwise { side, stride } => (side, stride, side / 2),
            Self::MaxPool => (2, 2, 0),
            Self::Pointwise | Self::Deconv | Self::AddUp => (1, 1, 0),
            Self::Mean | Self::Gate { .. } | Self::GateAddUp => (1, 1, 0),
        }
    }

    /// Whether a few rows of the output are made from about as many of the source.
    pub(super) fn streams(self) -> bool {
        match self {
            Self::Deconv | Self::AddUp | Self::Mean => false,
            Self::Gate { doublings } => doublings == 0,
            _ => true,
        }
    }

    /// Whether there are weights, a bias and an activation.
    fn convolves(self) -> bool {
        !matches!(
            self,
            Self::MaxPool | Self::AddUp | Self::Mean | Self::Gate { .. } | Self::GateAddUp
        )
    }

    /// Floats of weights, for so many input and output channels.
    fn weights(self, inputs: usize, outputs: usize) -> usize {
        match self {
            Self::First | Self::Dense => inputs * outputs * 9,
            Self::Pointwise => inputs * outputs,
            Self::Depthwise { side, .. } => outputs * side * side,
            Self::Deconv => inputs * outputs * 4,
            Self::MaxPool | Self::AddUp | Self::Mean | Self::Gate { .. } | Self::GateAddUp => 0,
        }
    }

    /// Halvings of the output.
    fn halvings(self, source: u8) -> Option<u8> {
        match self {
            Self::Mean => return Some(POINT),
            Self::Pointwise => return Some(source),
            _ if source == POINT => return None,
            _ => {}
        }
        match self {
            Self::First | Self::MaxPool | Self::Depthwise { stride: 2, .. } => {
                source.checked_add(1)
            }
            Self::Deconv | Self::AddUp => source.checked_sub(1),
            Self::Gate { doublings } => source.checked_sub(doublings),
            Self::Dense | Self::Depthwise { .. } | Self::GateAddUp => Some(source),
            Self::Mean | Self::Pointwise => None,
        }
    }
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) kind: Kind,
    pub(super) src: usize,
    /// Added after the activation.
    pub(super) res: Option<usize>,
    /// A map of one pixel that the source is multiplied with.
    pub(super) by: Option<usize>,
    pub(super) dst: usize,
    /// First channel in `dst`: concatenation without a copy.
    pub(super) dst_channel: usize,
    /// Channels made.
    pub(super) outputs: usize,
    pub(super) act: Act,
    /// As in the file: [output][input][row][column], depthwise [channel][row][column], transposed
    /// [input][output][row][column]. Empty once packed.
    pub(super) weights: Vec<f32>,
    /// One per output channel.
    pub(super) bias: Vec<f32>,
}

/// Shape of a tensor, but for the size of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) channels: usize,
    pub(super) halvings: u8,
}

/// Order of an output's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// [channel][row][column]
    ChannelsFirst,
    /// [row][column][channel]
    ChannelsLast,
}

/// What is done to an output as it is copied out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    Nothing,
    Sigmoid,
    /// Over this many neighbouring values.
    Softmax(usize),
}

/// Some channels of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) tensor: usize,
    pub(super) first: usize,
    pub(super) channels: usize,
}

/// A named output: parts one after the other.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) parts: Vec<Part>,
    pub(super) order: Order,
    pub(super) finish: Finish,
}

/// A plan before it is checked; anyone may build one.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// Tensor 0 is the picture, planar.
    pub(super) tensors: Vec<Shape>,
    pub(super) ops: Vec<Op>,
    pub(super) outputs: Vec<Output>,
}

/// A consistent plan.
#[derive(Debug)]
pub(super) struct Plan {
    draft: Draft,
    chains: Vec<Vec<usize>>,
}

impl Plan {
    /// Checks a draft and groups its operations into chains, unless `fuse` is off.
    pub(super) fn new(draft: Draft, fuse: bool) -> Res<Self> {
        draft.check()?;
        let chains = fuse::chains(&draft, fuse);
        Ok(Self { draft, chains })
    }

    pub(super) fn ops(&self) -> &[Op] {
        &self.draft.ops
    }

    pub(super) fn tensors(&self) -> &[Shape] {
        &self.draft.tensors
    }

    pub(super) fn outputs(&self) -> &[Output] {
        &self.draft.outputs
    }

    /// Operations in the order to run them: within a chain each feeds the next and nothing else.
    pub(super) fn chains(&self) -> &[Vec<usize>] {
        &self.chains
    }

    /// Channels that operation `i` reads.
    pub(super) fn inputs(&self, i: usize) -> usize {
        self.draft.tensors[self.draft.ops[i].src].channels
    }

    /// Drops the weights, once they are packed.
    pub(super) fn forget_weights(&mut self) {
        for op in &mut self.draft.ops {
            (op.weights, op.bias) = (vec![], vec![]);
        }
    }
}

impl Draft {
    /// Whether everything fits together.
    fn check(&self) -> Res<()> {
        let picture = Shape {
            channels: PLANES,
            halvings: 0,
        };
        if self.tensors.first() != Some(&picture) {
            return Err("its input is not a picture of three planes".into());
        }
        if let Some(t) = self.tensors.iter().find(|t| {
            let sides = t.halvings <= MAX_HALVINGS || t.halvings == POINT;
            t.channels == 0 || t.channels > MAX_CHANNELS || !sides
        }) {
            return Err(format!(
                "a tensor has {} channels (1 to {MAX_CHANNELS} can be) after {} halvings (at most \
                 {MAX_HALVINGS})",
                t.channels, t.halvings
            ));
        }
        // Channels of each tensor that have been written so far, as ranges.
        let mut written: Vec<Vec<(usize, usize)>> = vec![vec![]; self.tensors.len()];
        let mut weights = 0;
        for (i, op) in self.ops.iter().enumerate() {
            self.check_op(op, &mut written)
                .map_err(|why| format!("operation {i}, {:?}: {why}", op.kind))?;
            let inputs = self.tensors[op.src].channels;
            weights += op.kind.weights(inputs, op.outputs.next_multiple_of(ALIGN));
            if weights > MAX_WEIGHTS {
                return Err(format!("it has more than {MAX_WEIGHTS} weights"));
            }
        }
        for output in &self.outputs {
            self.check_output(output, &written)
                .map_err(|why| format!("output {}: {why}", quoted(&output.name)))?;
        }
        Ok(())
    }

    fn check_op(&self, op: &Op, written: &mut [Vec<(usize, usize)>]) -> Res<()> {
        let shape = |t: usize| self.tensors.get(t).copied().ok_or("no such tensor");
        let (src, dst) = (shape(op.src)?, shape(op.dst)?);
        let whole = |t: usize| is_whole(&written[t], self.tensors[t].channels);
        if (op.src == 0) != (op.kind == Kind::First) {
            return Err("the picture is read by the first layer only".into());
        }
        if op.src != 0 && !whole(op.src) {
            return Err("its source is not complete yet".into());
        }
        if op.kind.halvings(src.halvings) != Some(dst.halvings) {
            return Err(format!(
                "it cannot make {} halvings of {}",
                dst.halvings, src.halvings
            ));
        }
        if let Kind::Depthwise { side, stride } = op.kind
            && !matches!((side, stride), (3 | 5, 1 | 2))
        {
            return Err("window other than 3 and 5 or stride other than 1 and 2".into());
        }
        let end = op.dst_channel.checked_add(op.outputs);
        if op.outputs == 0 || end.is_none_or(|end| end > dst.channels) || op.dst == 0 {
            return Err("it writes outside its tensor".into());
        }
        let align = match op.kind {
            Kind::Gate { .. } | Kind::GateAddUp => GATE_ALIGN,
            _ => ALIGN,
        };
        if !op.dst_channel.is_multiple_of(align) {
            return Err(format!(
                "it starts at channel {} of a concatenation, which is not a multiple of {align}",
                op.dst_channel
            ));
        }
        let alone = matches!(
            op.kind,
            Kind::Depthwise { .. }
                | Kind::MaxPool
                | Kind::AddUp
                | Kind::Mean
                | Kind::Gate { .. }
                | Kind::GateAddUp
        );
        if alone && op.outputs != src.channels {
            return Err(format!(
                "it makes {} channels of {}",
                op.outputs, src.channels
            ));
        }
        if let Some(res) = op.res {
            let halvings = match op.kind {
                Kind::Pointwise | Kind::Dense | Kind::AddUp => Some(dst.halvings),
                Kind::GateAddUp => dst.halvings.checked_add(1),
                _ => None,
            };
            let fits = res != 0
                && halvings.is_some_and(|halvings| {
                    let channels = op.outputs;
                    self.tensors.get(res) == Some(&Shape { channels, halvings })
                });
            if !fits || !whole(res) {
                return Err("it cannot add that tensor".into());
            }
        } else if matches!(op.kind, Kind::AddUp | Kind::GateAddUp) {
            return Err("nothing to add".into());
        }
        if let Some(by) = op.by {
            let point = Shape {
                channels: op.outputs,
                halvings: POINT,
            };
            let gates = matches!(op.kind, Kind::Gate { .. } | Kind::GateAddUp);
            if !gates || self.tensors.get(by) != Some(&point) || !whole(by) {
                return Err("it cannot be multiplied with that tensor".into());
            }
        }
        let bias = if op.kind.convolves() { op.outputs } else { 0 };
        if op.weights.len() != op.kind.weights(src.channels, op.outputs) || op.bias.len() != bias {
            return Err(format!(
                "{} weights and {} biases for {} channels from {}",
                op.weights.len(),
                op.bias.len(),
                op.outputs,
                src.channels
            ));
        }
        match op.act {
            Act::Identity => {}
            Act::Leaky(slope) if !(0.0..=1.0).contains(&slope) => {
                return Err(format!("slope {slope} is outside 0..=1"));
            }
            Act::Clip(low, high) if low.is_nan() || high.is_nan() || low > high => {
                return Err(format!("nothing lies between {low} and {high}"));
            }
            _ if !op.kind.convolves() => return Err("it takes no activation".into()),
            _ => {}
        }
        let range = (op.dst_channel, op.dst_channel + op.outputs);
        let ranges = &mut written[op.dst];
        if ranges.iter().any(|r| r.0 < range.1 && range.0 < r.1) {
            return Err("its channels are written twice".into());
        }
        ranges.push(range);
        Ok(())
    }

    fn check_output(&self, output: &Output, written: &[Vec<(usize, usize)>]) -> Res<()> {
        for part in &output.parts {
            let shape = self.tensors.get(part.tensor).ok_or("no such tensor")?;
            let end = part.first.checked_add(part.channels);
            if part.tensor == 0 || part.channels == 0 || end.is_none_or(|e| e > shape.channels) {
                return Err("it is not part of a tensor".into());
            }
            if !is_whole(&written[part.tensor], shape.channels) {
                return Err("its tensor is not complete".into());
            }
            if let Finish::Softmax(n) = output.finish
                && (n == 0 || part.channels % n != 0 || output.order != Order::ChannelsLast)
            {
                return Err(format!("softmax over {n} of {} channels", part.channels));
            }
        }
        if output.parts.is_empty() || output.parts.len() > 64 {
            return Err("it has no part, or more than 64".into());
        }
        Ok(())
    }

    /// Whether an output shows this tensor.
    fn is_output(&self, tensor: usize) -> bool {
        self.outputs
            .iter()
            .any(|o| o.parts.iter().any(|p| p.tensor == tensor))
    }

    /// How often operations read this tensor.
    fn readers(&self, tensor: usize) -> usize {
        let reads = |op: &Op| {
            let others = [op.res, op.by].into_iter().flatten();
            usize::from(op.src == tensor) + others.filter(|t| *t == tensor).count()
        };
        self.ops.iter().map(reads).sum()
    }
}

/// Whether ranges that do not overlap cover all channels.
fn is_whole(ranges: &[(usize, usize)], channels: usize) -> bool {
    ranges.iter().map(|r| r.1 - r.0).sum::<usize>() == channels
}

/// A name from a file, fit for a message: escaped and cut.
fn quoted(name: &str) -> String {
    let escaped: String = name.escape_debug().take(80).collect();
    format!("`{escaped}`")
}
