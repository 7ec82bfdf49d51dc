//! Writes ONNX files, right and wrong ones, for tests: the few messages that `onnx` reads.

use crate::builtin::onnx::{Attribute, Constant, Numbers};

/// A message that grows field by field.
#[derive(Clone, Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    fn varint(mut self, mut v: u64) -> Self {
        while v >= 0x80 {
            self.0.push(v as u8 | 0x80);
            v >>= 7;
        }
        self.0.push(v as u8);
        self
    }

    pub(super) fn int(self, field: u64, v: i64) -> Self {
        self.varint(field << 3).varint(v as u64)
    }

    pub(super) fn bytes(self, field: u64, v: &[u8]) -> Self {
        let mut message = self.varint(field << 3 | 2).varint(v.len() as u64);
        message.0.extend(v);
        message
    }

    fn float(self, field: u64, v: f32) -> Self {
        let mut message = self.varint(field << 3 | 5);
        message.0.extend(v.to_le_bytes());
        message
    }

    fn many<T>(self, list: &[T], write: impl Fn(Self, &T) -> Self) -> Self {
        list.iter().fold(self, write)
    }
}

/// Of a number that 16 bits hold without rounding, neither zero nor tiny.
fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    let exponent = (bits >> 23 & 255) - 112;
    (bits >> 31 << 15 | exponent << 10 | bits >> 13 & 1023) as u16
}

fn constant(name: &str, c: &Constant) -> Message {
    let message = Message::default()
        .many(&c.dims, |m, d| m.int(1, *d as i64))
        .bytes(8, name.as_bytes());
    match &c.numbers {
        Numbers::Floats(v) => {
            let raw: Vec<u8> = v.iter().flat_map(|v| v.to_le_bytes()).collect();
            message.int(2, 1).bytes(9, &raw)
        }
        Numbers::Halves(v) => {
            let raw: Vec<u8> = v.iter().flat_map(|v| half(*v).to_le_bytes()).collect();
            message.int(2, 10).bytes(9, &raw)
        }
        Numbers::Ints(v) => message.int(2, 7).many(v, |m, i| m.int(7, *i)),
        Numbers::Other(element) => message.int(2, *element as i64),
    }
}

fn attribute(name: &str, a: &Attribute) -> Message {
    let message = Message::default().bytes(1, name.as_bytes());
    match a {
        Attribute::Float(v) => message.float(2, *v),
        Attribute::Int(v) => message.int(3, *v),
        Attribute::Text(v) => message.bytes(4, v.as_bytes()),
        Attribute::Ints(v) => message.many(v, |m, i| m.int(8, *i)),
        Attribute::Constant(c) => message.bytes(5, &constant("", c).0),
        Attribute::Other => message.bytes(6, &[]),
    }
}

/// A model in the making.
#[derive(Clone)]
pub(super) struct File {
    pub(super) opset: i64,
    /// Of the input; `None` for a free side.
    pub(super) sides: Vec<Option<i64>>,
    pub(super) graph: Message,
}

impl Default for File {
    fn default() -> Self {
        Self {
            opset: 11,
            sides: vec![Some(1), Some(3), None, None],
            graph: Message::default(),
        }
    }
}

impl File {
    pub(super) fn node(
        &mut self,
        op: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute)],
    ) {
        let node = Message::default()
            .many(inputs, |m, i| m.bytes(1, i.as_bytes()))
            .bytes(2, output.as_bytes())
            .bytes(3, format!("the {output}").as_bytes())
            .bytes(4, op.as_bytes())
            .many(attributes, |m, (name, a)| m.bytes(5, &attribute(name, a).0));
        self.graph = std::mem::take(&mut self.graph).bytes(1, &node.0);
    }

    pub(super) fn constant(&mut self, name: &str, dims: &[usize], numbers: Numbers) {
        let dims = dims.to_vec();
        let c = constant(name, &Constant { dims, numbers });
        self.graph = std::mem::take(&mut self.graph).bytes(5, &c.0);
    }

    pub(super) fn floats(&mut self, name: &str, dims: &[usize], values: Vec<f32>) {
        self.constant(name, dims, Numbers::Floats(values));
    }

    pub(super) fn ints(&mut self, name: &str, values: &[i64]) {
        self.constant(name, &[values.len()], Numbers::Ints(values.to_vec()));
    }

    pub(super) fn output(&mut self, name: &str) {
        let value = Message::default().bytes(1, name.as_bytes());
        self.graph = std::mem::take(&mut self.graph).bytes(12, &value.0);
    }

    /// The whole file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let shape = Message::default().many(&self.sides, |m, side| {
            let side = match side {
                Some(n) => Message::default().int(1, *n),
                None => Message::default().bytes(2, b"n"),
            };
            m.bytes(1, &side.0)
        });
        let tensor = Message::default().int(1, 1).bytes(2, &shape.0);
        let kind = Message::default().bytes(1, &tensor.0);
        let input = Message::default().bytes(1, b"picture").bytes(2, &kind.0);
        let graph = self.graph.clone().bytes(11, &input.0);
        let opset = Message::default().int(2, self.opset);
        Message::default()
            .int(1, 6)
            .bytes(7, &graph.0)
            .bytes(8, &opset.0)
            .0
    }
}

/// `Attribute::Ints`.
pub(super) fn ints(values: &[i64]) -> Attribute {
    Attribute::Ints(values.to_vec())
}

/// `Attribute::Text`.
pub(super) fn text(value: &str) -> Attribute {
    Attribute::Text(value.into())
}
