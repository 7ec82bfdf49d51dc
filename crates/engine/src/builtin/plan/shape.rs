//! Shape arithmetic: the nodes that exporters add to compute sizes while the network runs.
//!
//! Invariant: a side is known as a number or as a fraction of the picture's, so that what these
//! nodes compute is compared with what the plan assumes, and nothing is skipped on trust.

use super::lower::{Lowering, Value, only};
use super::{Finish, Order, POINT};
use crate::builtin::onnx::{Attribute, Constant, Node, Numbers, Res};

/// One number in a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Rows of the picture after so many halvings.
    Height(u8),
    /// Columns.
    Width(u8),
    Number(i64),
}

/// Most numbers in a list of sides.
const MAX_SIDES: usize = 8;

/// The integers of a constant with at most one dimension.
pub(super) fn integers(constant: &Constant) -> Res<&[i64]> {
    match &constant.numbers {
        Numbers::Ints(ints) if constant.dims.len() <= 1 && ints.len() <= MAX_SIDES => Ok(ints),
        _ => Err("a short list of integers was expected".into()),
    }
}

impl<'a> Lowering<'a> {
    /// Sides that a value holds.
    pub(super) fn sides(&self, name: &str) -> Res<Vec<Side>> {
        match self.value(name)? {
            Value::Sides(sides) => Ok(sides),
            Value::Constant(c) => Ok(integers(c)?.iter().map(|&i| Side::Number(i)).collect()),
            _ => Err("a shape was expected".into()),
        }
    }

    fn integer(&self, name: &str) -> Res<i64> {
        match self.value(name)? {
            Value::Constant(c) => match integers(c)? {
                &[one] => Ok(one),
                _ => Err("one integer was expected".into()),
            },
            _ => Err("a constant was expected".into()),
        }
    }

    /// The shape of a map as the file orders it, if `name` is one.
    pub(super) fn shape(&self, node: &Node) -> Res<Value<'a>> {
        only(node, 1, 1, &[])?;
        let value = self.value(&node.inputs[0])?;
        let (tensor, last) = match &value {
            Value::Map(t) => (*t, false),
            Value::Result {
                parts,
                order: Order::ChannelsLast,
                row: None,
                finish: Finish::Nothing,
            } if parts.len() == 1 => (parts[0], true),
            _ => return Err("only a map has a shape".into()),
        };
        let shape = self.draft.tensors[tensor];
        let (h, w) = match shape.halvings {
            POINT => (Side::Number(1), Side::Number(1)),
            halvings => (Side::Height(halvings), Side::Width(halvings)),
        };
        let c = Side::Number(i64::try_from(shape.channels).map_err(|e| e.to_string())?);
        let one = Side::Number(1);
        Ok(Value::Sides(if last {
            vec![one, h, w, c]
        } else {
            vec![one, c, h, w]
        }))
    }

    pub(super) fn gather(&self, node: &Node) -> Res<Value<'a>> {
        only(node, 2, 2, &["axis"])?;
        if !matches!(node.attributes.get("axis"), None | Some(Attribute::Int(0))) {
            return Err("axis other than 0".into());
        }
        let sides = self.sides(&node.inputs[0])?;
        let at = position(self.integer(&node.inputs[1])?, sides.len());
        let side = sides.get(at).ok_or("index outside the shape")?;
        Ok(Value::Sides(vec![*side]))
    }

    /// Makes a list of one side, which it is here already.
    pub(super) fn unsqueeze(&self, node: &Node) -> Res<Value<'a>> {
        only(node, 1, 1, &["axes"])?;
        let sides = self.sides(&node.inputs[0])?;
        match node.attributes.get("axes") {
            Some(Attribute::Ints(axes)) if axes == &[0] && sides.len() == 1 => {
                Ok(Value::Sides(sides))
            }
            _ => Err("only one number can become a list".into()),
        }
    }

    pub(super) fn slice(&self, node: &Node) -> Res<Value<'a>> {
        only(node, 4, 4, &[])?;
        let sides = self.sides(&node.inputs[0])?;
        let start = position(self.integer(&node.inputs[1])?, sides.len());
        let end = position(self.integer(&node.inputs[2])?, sides.len());
        if self.integer(&node.inputs[3])? != 0 {
            return Err("axis other than 0".into());
        }
        let part = sides.get(start..end).ok_or("range outside the shape")?;
        Ok(Value::Sides(part.to_vec()))
    }

    /// Sides are integers already.
    pub(super) fn cast(&self, node: &Node) -> Res<Value<'a>> {
        only(node, 1, 1, &["to"])?;
        match node.attributes.get("to") {
            Some(Attribute::Int(7)) => Ok(Value::Sides(self.sides(&node.inputs[0])?)),
            _ => Err("to another type than a 64-bit integer".into()),
        }
    }

    pub(super) fn concat_sides(&self, node: &Node) -> Res<Value<'a>> {
        let mut all = vec![];
        for input in &node.inputs {
            all.extend(self.sides(input)?);
        }
        if all.len() > MAX_SIDES {
            return Err(format!("a shape of {} sides", all.len()));
        }
        Ok(Value::Sides(all))
    }
}

/// A place in a list, counted from the end if negative and not beyond it.
fn position(i: i64, len: usize) -> usize {
    if i < 0 {
        len.saturating_sub(usize::try_from(i.unsigned_abs()).unwrap_or(usize::MAX))
    } else {
        usize::try_from(i).unwrap_or(usize::MAX).min(len)
    }
}
