//! The nodes of squeeze and excitation, of hard activations and of maps that are repeated.
//!
//! Invariant: what is fused here is read by nothing but what it is fused with.

use super::lower::{Lowering, Value, only};
use super::{Act, Kind, POINT, quoted};
use crate::builtin::onnx::{Attribute, Node, Res};

impl<'a> Lowering<'a> {
    /// A constant of one float.
    fn scalar(&self, name: &str) -> Res<f32> {
        match self.floats(name)? {
            (_, &[one]) => Ok(one),
            (dims, _) => Err(format!("{} {dims:?} is not one number", quoted(name))),
        }
    }

    pub(super) fn clip(&mut self, node: &Node) -> Res<Value<'a>> {
        only(node, 3, 3, &[])?;
        let (low, high) = (self.scalar(&node.inputs[1])?, self.scalar(&node.inputs[2])?);
        self.activate(&node.inputs[0], 1, Act::Clip(low, high))
    }

    /// Only the one of hard swish.
    pub(super) fn hard_sigmoid(&self, node: &Node) -> Res<Value<'a>> {
        only(node, 1, 1, &["alpha", "beta"])?;
        let is = |name: &str, value: f32| matches!(node.attributes.get(name), Some(Attribute::Float(f)) if (f - value).abs() < 1e-6);
        if !is("alpha", 1.0 / 6.0) || !is("beta", 0.5) {
            return Err("alpha other than 1/6 or beta other than 1/2".into());
        }
        Ok(Value::HardSigmoid(self.map(&node.inputs[0])?))
    }

    /// A map times its hard sigmoid, or times a map of one pixel.
    pub(super) fn mul(&mut self, node: &Node) -> Res<Value<'a>> {
        only(node, 2, 2, &[])?;
        let [a, b] = [0, 1].map(|i| self.value(&node.inputs[i]));
        let (map, by) = match (a?, b?) {
            (Value::Map(map), Value::HardSigmoid(of)) if map == of => {
                return self.activate(&node.inputs[0], 2, Act::HardSwish(0.0));
            }
            (Value::HardSigmoid(of), Value::Map(map)) if map == of => {
                return self.activate(&node.inputs[1], 2, Act::HardSwish(0.0));
            }
            (Value::Map(a), Value::Map(b)) if a != 0 && b != 0 => {
                match self.draft.tensors[a].halvings {
                    POINT => (b, a),
                    _ => (a, b),
                }
            }
            _ => return Err("of something that is not a map and its gate".into()),
        };
        if self.draft.tensors[by].halvings != POINT {
            return Err("neither of its sources is one pixel".into());
        }
        let value = self.plain(Kind::Gate { doublings: 0 }, map, None)?;
        if let Some(op) = self.draft.ops.last_mut() {
            op.by = Some(by);
        }
        Ok(value)
    }

    /// A number added to a hard swish: `inputs` are the map and the number.
    pub(super) fn shift(&mut self, map: usize, inputs: &[String]) -> Res<Value<'a>> {
        let shift = self.scalar(&inputs[1])?;
        if !self.read_once(&inputs[0]) {
            return Err("its source is also read without it".into());
        }
        for op in self.draft.ops.iter_mut().filter(|op| op.dst == map) {
            if op.act != Act::HardSwish(0.0) {
                return Err("of a number to something that is not a hard swish".into());
            }
            op.act = Act::HardSwish(shift);
        }
        Ok(Value::Map(map))
    }

    /// The only operation that makes a map, if it is a gate that repeats nothing yet.
    fn gate(&self, map: usize) -> Option<usize> {
        let mut makers = (0..self.draft.ops.len()).filter(|&i| self.draft.ops[i].dst == map);
        let at = makers.next()?;
        let plain = self.draft.ops[at].kind == Kind::Gate { doublings: 0 };
        (plain && makers.next().is_none()).then_some(at)
    }

    /// How often operations and names read a map so far.
    fn readers(&self, map: usize) -> usize {
        let names = self.values().filter(|(_, value)| match value {
            Value::Map(t) => *t == map,
            Value::Upsampled { map: t, .. } => *t == map,
            _ => false,
        });
        names
            .map(|(name, _)| self.uses.get(name).copied().unwrap_or(0))
            .sum()
    }

    /// Half-size `small`, repeated, plus `other`, which `name` stands for.
    pub(super) fn add_up(&mut self, small: usize, other: usize, name: &str) -> Res<Value<'a>> {
        match self.gate(other) {
            Some(at) if self.read_once(name) && small != other => {
                // Behind all that makes `small`.
                let mut op = self.draft.ops.remove(at);
                (op.kind, op.res) = (Kind::GateAddUp, Some(small));
                Ok(self.push(op))
            }
            _ => self.plain(Kind::AddUp, small, Some(other)),
        }
    }

    /// A map whose pixels are repeated, for a concatenation: made so from the start where only that
    /// reads it.
    pub(super) fn repeat(&mut self, map: usize, doublings: u8) -> Res<usize> {
        let kind = Kind::Gate { doublings };
        // Its name is read by what repeats it, and that by the concatenation.
        match self.gate(map) {
            Some(at) if self.readers(map) == 2 => {
                let halvings = &mut self.draft.tensors[map].halvings;
                *halvings = halvings
                    .checked_sub(doublings)
                    .ok_or("larger than the picture")?;
                self.draft.ops[at].kind = kind;
                Ok(map)
            }
            _ => match self.plain(kind, map, None)? {
                Value::Map(tensor) => Ok(tensor),
                _ => Err("not a map".into()),
            },
        }
    }
}
