//! The nodes that compute: convolutions, what is fused into them, pooling, addition.
//!
//! Invariant: a convolution is one of the five kinds that there are kernels for, or refused.

use super::lower::{Lowering, Value, fixed, only, uniform, word};
use super::{ALIGN, Act, Kind, MAX_WEIGHTS, Op, Shape, quoted};
use crate::builtin::onnx::{Attribute, Node, Res};

impl<'a> Lowering<'a> {
    /// Stride, padding and group of a convolution whose other attributes are as they must be.
    fn window(node: &Node, sides: &[usize]) -> Res<(i64, i64, i64)> {
        only(
            node,
            2,
            3,
            &[
                "auto_pad",
                "dilations",
                "group",
                "kernel_shape",
                "pads",
                "strides",
            ],
        )?;
        if node.attributes.contains_key("auto_pad") {
            word(node, "auto_pad", "NOTSET")?;
        }
        if uniform(node, "dilations", 2, 1)? != 1 {
            return Err("dilations other than 1".into());
        }
        let side = i64::try_from(sides[0]).map_err(|e| e.to_string())?;
        if sides[0] != sides[1] || uniform(node, "kernel_shape", 2, side)? != side {
            return Err(format!("a window of {sides:?} is not square"));
        }
        let group = match node.attributes.get("group") {
            None => 1,
            Some(Attribute::Int(group)) => *group,
            _ => return Err("group is not an integer".into()),
        };
        Ok((
            uniform(node, "strides", 2, 1)?,
            uniform(node, "pads", 4, 0)?,
            group,
        ))
    }

    /// The weights and bias of a convolution that makes `outputs` channels.
    fn weights(&mut self, node: &Node, outputs: usize) -> Res<(Vec<f32>, Vec<f32>)> {
        let (dims, weights) = self.floats(&node.inputs[1])?;
        let bias = match node.inputs.get(2) {
            None => vec![0.0; outputs],
            Some(name) => match self.floats(name)? {
                (dims, bias) if dims == [outputs] => bias.to_vec(),
                (dims, _) => return Err(format!("bias {dims:?} for {outputs} channels")),
            },
        };
        let padded = weights.len() / outputs * outputs.next_multiple_of(ALIGN);
        // Before the copy: many nodes can share one constant.
        self.weights = self.weights.saturating_add(padded);
        if self.weights > MAX_WEIGHTS {
            return Err(format!(
                "weights {dims:?} bring the model above {MAX_WEIGHTS}"
            ));
        }
        Ok((weights.to_vec(), bias))
    }

    pub(super) fn conv(&mut self, node: &Node) -> Res<Value<'a>> {
        let name = node.inputs.get(1).ok_or("no weights")?;
        let &[outputs, per_group, h, w] = self.floats(name)?.0 else {
            return Err("weights without four dimensions".into());
        };
        let (stride, pad, group) = Self::window(node, &[h, w])?;
        let Value::Map(src) = self.value(&node.inputs[0])? else {
            return Err(format!("{} is not a map", quoted(&node.inputs[0])));
        };
        let Shape { channels, halvings } = self.draft.tensors[src];
        let each = group == channels as i64 && per_group == 1 && outputs == channels;
        let all = group == 1 && per_group == channels && outputs > 0;
        let kind = match (h, stride, pad) {
            (3, 2, 1) if all && src == 0 => Kind::First,
            (_, _, _) if src == 0 => return Err("the first layer is not 3x3 with stride 2".into()),
            (3, 1 | 2, 1) | (5, 1 | 2, 2) if each => Kind::Depthwise {
                side: h,
                stride: if stride == 1 { 1 } else { 2 },
            },
            (1, 1, 0) if all => Kind::Pointwise,
            (3, 1, 1) if all => Kind::Dense,
            _ => {
                return Err(format!(
                    "weights {:?}, stride {stride}, padding {pad}, group {group} on {channels} \
                     channels",
                    [outputs, per_group, h, w]
                ));
            }
        };
        self.convolution(node, kind, src, outputs, halvings)
    }

    pub(super) fn deconv(&mut self, node: &Node) -> Res<Value<'a>> {
        let name = node.inputs.get(1).ok_or("no weights")?;
        let &[inputs, outputs, h, w] = self.floats(name)?.0 else {
            return Err("weights without four dimensions".into());
        };
        let window = Self::window(node, &[h, w])?;
        let src = self.map(&node.inputs[0])?;
        let Shape { channels, halvings } = self.draft.tensors[src];
        if window != (2, 0, 1) || h != 2 || inputs != channels || outputs == 0 {
            return Err(format!(
                "weights {:?}, (stride, padding, group) {window:?} on {channels} channels",
                [inputs, outputs, h, w]
            ));
        }
        self.convolution(node, Kind::Deconv, src, outputs, halvings)
    }

    fn convolution(
        &mut self,
        node: &Node,
        kind: Kind,
        src: usize,
        outputs: usize,
        halvings: u8,
    ) -> Res<Value<'a>> {
        let (weights, bias) = self.weights(node, outputs)?;
        let halvings = kind.halvings(halvings).ok_or("larger than the picture")?;
        let dst = self.tensor(outputs, halvings);
        Ok(self.push(Op {
            kind,
            src,
            res: None,
            by: None,
            dst,
            dst_channel: 0,
            outputs,
            act: Act::Identity,
            weights,
            bias,
        }))
    }

    /// An operation without weights.
    pub(super) fn plain(&mut self, kind: Kind, src: usize, res: Option<usize>) -> Res<Value<'a>> {
        let Shape { channels, halvings } = self.draft.tensors[src];
        let halvings = kind.halvings(halvings).ok_or("larger than the picture")?;
        let dst = self.tensor(channels, halvings);
        Ok(self.push(Op {
            kind,
            src,
            res,
            by: None,
            dst,
            dst_channel: 0,
            outputs: channels,
            act: Act::Identity,
            weights: vec![],
            bias: vec![],
        }))
    }

    pub(super) fn activation(&mut self, node: &Node) -> Res<Value<'a>> {
        let act = if node.op == "Relu" {
            only(node, 1, 1, &[])?;
            Act::Relu
        } else {
            only(node, 1, 1, &["alpha"])?;
            match node.attributes.get("alpha") {
                None => Act::Leaky(0.01),
                Some(Attribute::Float(slope)) if (0.0..=1.0).contains(slope) => Act::Leaky(*slope),
                other => return Err(format!("alpha {other:?} is outside 0..=1")),
            }
        };
        self.activate(&node.inputs[0], 1, act)
    }

    /// Puts an activation into what makes a map, which is read so often and only for it.
    pub(super) fn activate(&mut self, name: &str, reads: usize, act: Act) -> Res<Value<'a>> {
        let tensor = self.map(name)?;
        if self.uses.get(name) != Some(&reads) {
            return Err("its source is also read without it".into());
        }
        for op in self.draft.ops.iter_mut().filter(|op| op.dst == tensor) {
            if !op.kind.convolves() || op.act != Act::Identity || op.res.is_some() {
                return Err("it does not follow a convolution".into());
            }
            op.act = act;
        }
        Ok(Value::Map(tensor))
    }

    pub(super) fn add(&mut self, node: &Node) -> Res<Value<'a>> {
        only(node, 2, 2, &[])?;
        let [a, b] = [0, 1].map(|i| self.value(&node.inputs[i]));
        let (a, b) = match (a?, b?) {
            (Value::Upsampled { map, doublings: 1 }, Value::Map(other)) => {
                return self.add_up(map, other, &node.inputs[1]);
            }
            (Value::Map(other), Value::Upsampled { map, doublings: 1 }) => {
                return self.add_up(map, other, &node.inputs[0]);
            }
            (Value::Map(map), Value::Constant(_)) => return self.shift(map, &node.inputs),
            (Value::Constant(_), Value::Map(map)) => {
                return self.shift(map, &[node.inputs[1].clone(), node.inputs[0].clone()]);
            }
            (Value::Map(a), Value::Map(b)) => (a, b),
            _ => return Err("of something that is not two maps".into()),
        };
        // The operation that makes `name`, if only this Add reads it.
        let ops = &self.draft.ops;
        let maker = |tensor: usize| ops.iter().rposition(|op| op.dst == tensor);
        let (at, res, name) = if maker(a) > maker(b) {
            (maker(a), b, &node.inputs[0])
        } else {
            (maker(b), a, &node.inputs[1])
        };
        let read_once = self.read_once(name);
        let channels = self.draft.tensors[if res == a { b } else { a }].channels;
        let op = at
            .and_then(|at| self.draft.ops.get_mut(at))
            .filter(|op| matches!(op.kind, Kind::Pointwise | Kind::Dense))
            .filter(|op| read_once && op.res.is_none() && op.outputs == channels && a != b)
            .ok_or("the later of its sources is not a convolution that only it reads")?;
        op.res = Some(res);
        Ok(Value::Map(op.dst))
    }

    pub(super) fn max_pool(&mut self, node: &Node) -> Res<Value<'a>> {
        only(
            node,
            1,
            1,
            &[
                "auto_pad",
                "ceil_mode",
                "dilations",
                "kernel_shape",
                "pads",
                "storage_order",
                "strides",
            ],
        )?;
        if node.attributes.contains_key("auto_pad") {
            word(node, "auto_pad", "NOTSET")?;
        }
        fixed(node, "ceil_mode", 0)?;
        fixed(node, "storage_order", 0)?;
        let side = uniform(node, "kernel_shape", 2, 0)?;
        let stride = uniform(node, "strides", 2, 1)?;
        let (pad, dilation) = (
            uniform(node, "pads", 4, 0)?,
            uniform(node, "dilations", 2, 1)?,
        );
        if (side, stride, pad, dilation) != (2, 2, 0, 1) {
            return Err("a window other than 2x2 with stride 2".into());
        }
        let src = self.map(&node.inputs[0])?;
        self.plain(Kind::MaxPool, src, None)
    }
}
