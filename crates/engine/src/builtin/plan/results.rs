//! Operators after the last map: they change how an output is copied out, not what is computed.
//!
//! Invariant: no operator here adds an operation to the plan.

use super::lower::{Lowering, Value, only};
use super::shape::Side;
use super::{Finish, Order};
use crate::builtin::onnx::{Attribute, Node, Res};

impl<'a> Lowering<'a> {
    pub(super) fn concat_rows(&self, node: &Node, row: usize) -> Res<Value<'a>> {
        let mut all = vec![];
        for name in &node.inputs {
            match self.value(name)? {
                Value::Result {
                    parts,
                    order: Order::ChannelsLast,
                    row: Some(r),
                    finish: Finish::Nothing,
                } if r == row && all.len() < 64 => all.extend(parts),
                _ => return Err("its sources differ in shape".into()),
            }
        }
        Ok(Value::Result {
            parts: all,
            order: Order::ChannelsLast,
            row: Some(row),
            finish: Finish::Nothing,
        })
    }

    pub(super) fn transpose(&self, node: &Node) -> Res<Value<'a>> {
        only(node, 1, 1, &["perm"])?;
        match node.attributes.get("perm") {
            Some(Attribute::Ints(perm)) if perm == &[0, 2, 3, 1] => Ok(Value::Result {
                parts: vec![self.map(&node.inputs[0])?],
                order: Order::ChannelsLast,
                row: None,
                finish: Finish::Nothing,
            }),
            _ => Err("other than from channels first to channels last".into()),
        }
    }

    /// From [1, height, width, channels] to [1, any, row].
    pub(super) fn reshape(&self, node: &Node) -> Res<Value<'a>> {
        only(node, 2, 2, &[])?;
        let target = self.sides(&node.inputs[1])?;
        let &[Side::Number(1), Side::Number(-1), Side::Number(row)] = target.as_slice() else {
            return Err(format!("to {target:?}"));
        };
        let row = usize::try_from(row).map_err(|_| format!("to rows of {row}"))?;
        match self.value(&node.inputs[0])? {
            Value::Result {
                parts,
                order: Order::ChannelsLast,
                row: None,
                finish: Finish::Nothing,
            } if parts.len() == 1
                && row > 0
                && self.draft.tensors[parts[0]].channels.is_multiple_of(row) =>
            {
                Ok(Value::Result {
                    parts,
                    order: Order::ChannelsLast,
                    row: Some(row),
                    finish: Finish::Nothing,
                })
            }
            _ => Err(format!("of something that has no rows of {row}")),
        }
    }

    pub(super) fn sigmoid(&self, node: &Node) -> Res<Value<'a>> {
        only(node, 1, 1, &[])?;
        match self.value(&node.inputs[0])? {
            Value::Map(tensor) if tensor != 0 => Ok(Value::Result {
                parts: vec![tensor],
                order: Order::ChannelsFirst,
                row: None,
                finish: Finish::Sigmoid,
            }),
            Value::Result {
                parts,
                order,
                row,
                finish: Finish::Nothing,
            } => Ok(Value::Result {
                parts,
                order,
                row,
                finish: Finish::Sigmoid,
            }),
            _ => Err("of something that is not an output".into()),
        }
    }

    pub(super) fn softmax(&self, node: &Node) -> Res<Value<'a>> {
        only(node, 1, 1, &["axis"])?;
        match (node.attributes.get("axis"), self.value(&node.inputs[0])?) {
            (
                Some(Attribute::Int(2 | -1)),
                Value::Result {
                    parts,
                    order: Order::ChannelsLast,
                    row: Some(row),
                    finish: Finish::Nothing,
                },
            ) => Ok(Value::Result {
                parts,
                order: Order::ChannelsLast,
                row: Some(row),
                finish: Finish::Softmax(row),
            }),
            _ => Err("other than along the rows of an output".into()),
        }
    }
}
