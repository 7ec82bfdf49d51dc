//! Reads an ONNX file: nodes with their attributes, constants, names of the input and the outputs.
//!
//! Invariant: whatever the bytes, the result is a graph or an error, and memory stays within a
//! small multiple of the file. Counts have fixed limits, constants hold as many numbers as their
//! shape says, nesting is as deep as the functions here and no deeper.

mod wire;

use std::collections::HashMap;
use wire::{Field, fields, floats, varint};

pub(super) use wire::Res;

/// Limits several times above what the three detectors need.
const MAX_NODES: usize = 2048;
const MAX_CONSTANTS: usize = 4096;
const MAX_OUTPUTS: usize = 64;
const MAX_PER_NODE: usize = 64;
const MAX_DIMS: usize = 8;
const MAX_INTS: usize = 1024;

/// Numbers in the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Numbers {
    Floats(Vec<f32>),
    /// Stored in 16 bits each; only a `Cast` to 32 bits may read them.
    Halves(Vec<f32>),
    Ints(Vec<i64>),
    /// Of an element type that is not read: its ONNX number.
    Other(u64),
}

/// A tensor stored in the file. Holds as many floats or integers as the product of its sides.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    pub(super) dims: Vec<usize>,
    pub(super) numbers: Numbers,
}

/// An attribute's value.
#[derive(Clone, Debug)]
pub(super) enum Attribute {
    Float(f32),
    Int(i64),
    Text(String),
    Ints(Vec<i64>),
    Constant(Constant),
    /// Of a kind that no supported operator has.
    Other,
}

/// One operator of the graph.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) op: String,
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    pub(super) attributes: HashMap<String, Attribute>,
}

/// A side of the input: a number, or a name or nothing for one that is free.
pub(super) type Side = Option<u64>;

/// A model.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) constants: HashMap<String, Constant>,
    /// What the caller has to supply: name, element type, sides.
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<String>,
    /// Version of the operator set `ai.onnx`.
    pub(super) opset: Option<u64>,
}

/// A declared input.
#[derive(Clone, Debug, Default)]
pub(super) struct Input {
    pub(super) name: String,
    /// ONNX number of the element type, 1 for f32.
    pub(super) element: u64,
    pub(super) sides: Vec<Side>,
}

/// Reads a whole file.
pub(super) fn parse(model: &[u8]) -> Res<Graph> {
    let mut graph = None;
    let mut opset = None;
    fields(model, |field, value| {
        match (field, value) {
            (7, Field::Bytes(bytes)) if graph.is_none() => graph = Some(read_graph(bytes)?),
            (7, _) => return Err("it has two graphs".into()),
            (8, Field::Bytes(bytes)) => {
                let (domain, version) = read_opset(bytes)?;
                if matches!(domain.as_str(), "" | "ai.onnx") {
                    opset = Some(version);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    let mut graph = graph.ok_or("it is not an ONNX model: no graph in it")?;
    graph.opset = opset;
    widen(&mut graph)?;
    graph
        .inputs
        .retain(|i| !graph.constants.contains_key(&i.name));
    Ok(graph)
}

/// Makes a constant of 32-bit floats of each constant of 16-bit ones that only a `Cast` reads.
fn widen(graph: &mut Graph) -> Res<()> {
    const TO_FLOAT: i64 = 1;
    let mut readers: HashMap<String, usize> = HashMap::new();
    for input in graph.nodes.iter().flat_map(|node| &node.inputs) {
        *readers.entry(input.clone()).or_default() += 1;
    }
    let is_half = |name: &String| {
        let constant = graph.constants.get(name);
        constant.is_some_and(|c| matches!(c.numbers, Numbers::Halves(_)))
    };
    let is_read_once = |name: &String| readers.get(name) == Some(&1);
    let is_widening = |node: &Node| {
        let to = node.attributes.get("to");
        node.op == "Cast"
            && matches!(node.domain.as_str(), "" | "ai.onnx")
            && node.attributes.len() == 1
            && matches!(to, Some(Attribute::Int(TO_FLOAT)))
            && matches!(node.inputs.as_slice(), [half] if is_half(half) && is_read_once(half))
            && node.outputs.len() == 1
    };
    let (casts, nodes) = std::mem::take(&mut graph.nodes)
        .into_iter()
        .partition::<Vec<Node>, _>(is_widening);
    graph.nodes = nodes;
    for cast in casts {
        let Some(mut constant) = graph.constants.remove(&cast.inputs[0]) else {
            continue;
        };
        if let Numbers::Halves(numbers) = constant.numbers {
            constant.numbers = Numbers::Floats(numbers);
        }
        let wide = cast.outputs[0].clone();
        if graph.constants.insert(wide, constant).is_some() {
            return Err("two of its constants have one name".into());
        }
    }
    Ok(())
}

fn read_graph(bytes: &[u8]) -> Res<Graph> {
    let mut graph = Graph::default();
    fields(bytes, |field, value| {
        match (field, value) {
            (1, Field::Bytes(bytes)) => {
                push(&mut graph.nodes, read_node(bytes)?, MAX_NODES, "nodes")?
            }
            (5, Field::Bytes(bytes)) => {
                let (name, constant) = read_constant(bytes)?;
                if graph.constants.len() >= MAX_CONSTANTS {
                    return Err(format!("it has more than {MAX_CONSTANTS} constants"));
                }
                if graph.constants.insert(name, constant).is_some() {
                    return Err("two of its constants have one name".into());
                }
            }
            (11, Field::Bytes(bytes)) => {
                let limit = MAX_CONSTANTS + 1;
                push(&mut graph.inputs, read_input(bytes)?, limit, "inputs")?;
            }
            (12, Field::Bytes(bytes)) => {
                let name = read_input(bytes)?.name;
                push(&mut graph.outputs, name, MAX_OUTPUTS, "outputs")?;
            }
            (15, _) => return Err("it has sparse constants".into()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(graph)
}

fn read_opset(bytes: &[u8]) -> Res<(String, u64)> {
    let (mut domain, mut version) = (String::new(), 0);
    fields(bytes, |field, value| {
        match (field, value) {
            (1, Field::Bytes(bytes)) => domain = text(bytes),
            (2, Field::Int(v)) => version = v,
            _ => {}
        }
        Ok(())
    })?;
    Ok((domain, version))
}

fn read_node(bytes: &[u8]) -> Res<Node> {
    let mut node = Node::default();
    fields(bytes, |field, value| {
        match (field, value) {
            (1, Field::Bytes(b)) => {
                push(&mut node.inputs, text(b), MAX_PER_NODE, "inputs of a node")?
            }
            (2, Field::Bytes(b)) => {
                push(
                    &mut node.outputs,
                    text(b),
                    MAX_PER_NODE,
                    "outputs of a node",
                )?;
            }
            (3, Field::Bytes(b)) => node.name = text(b),
            (4, Field::Bytes(b)) => node.op = text(b),
            (5, Field::Bytes(b)) => {
                let (name, attribute) = read_attribute(b)?;
                if node.attributes.len() >= MAX_PER_NODE {
                    return Err(format!("a node has more than {MAX_PER_NODE} attributes"));
                }
                if node.attributes.insert(name, attribute).is_some() {
                    return Err("two attributes of a node have one name".into());
                }
            }
            (7, Field::Bytes(b)) => node.domain = text(b),
            _ => {}
        }
        Ok(())
    })?;
    Ok(node)
}

fn read_attribute(bytes: &[u8]) -> Res<(String, Attribute)> {
    let (mut name, mut attribute, mut ints) = (String::new(), None, vec![]);
    fields(bytes, |field, value| {
        let read = match (field, value) {
            (1, Field::Bytes(b)) => {
                name = text(b);
                return Ok(());
            }
            (8, value) => {
                push_ints(value, &mut ints)?;
                return Ok(());
            }
            // Type and documentation.
            (20 | 13, _) => return Ok(()),
            (2, Field::Float(x)) => Attribute::Float(x),
            (3, Field::Int(i)) => Attribute::Int(i.cast_signed()),
            (4, Field::Bytes(b)) => Attribute::Text(text(b)),
            (5, Field::Bytes(b)) => Attribute::Constant(read_constant(b)?.1),
            _ => Attribute::Other,
        };
        attribute = Some(if attribute.is_some() {
            Attribute::Other
        } else {
            read
        });
        Ok(())
    })?;
    let attribute = match (attribute, ints.is_empty()) {
        (Some(one), true) => one,
        (None, false) => Attribute::Ints(ints),
        _ => Attribute::Other,
    };
    Ok((name, attribute))
}

fn read_constant(bytes: &[u8]) -> Res<(String, Constant)> {
    let (mut name, mut element, mut dims) = (String::new(), 0, vec![]);
    let (mut listed, mut ints, mut raw) = (vec![], vec![], None);
    fields(bytes, |field, value| {
        match (field, value) {
            (1, value) => push_ints(value, &mut dims)?,
            (2, Field::Int(i)) => element = i,
            (3 | 13, _) => return Err("a constant is stored outside the file".into()),
            (4, Field::Float(x)) => listed.push(x),
            (4, Field::Bytes(b)) => listed.extend(floats(b)),
            (7, value) => push_ints(value, &mut ints)?,
            (8, Field::Bytes(b)) => name = text(b),
            (9, Field::Bytes(b)) => raw = Some(b),
            (14, Field::Int(place)) if place != 0 => {
                return Err("a constant is stored outside the file".into());
            }
            _ => {}
        }
        Ok(())
    })?;
    if dims.len() > MAX_DIMS {
        return Err(format!("a constant has more than {MAX_DIMS} dimensions"));
    }
    let dims: Vec<usize> = dims
        .iter()
        .map(|&d| usize::try_from(d).map_err(|_| format!("a constant has a side of {d}")))
        .collect::<Res<_>>()?;
    let count = dims.iter().try_fold(1usize, |all, &d| all.checked_mul(d));
    let (numbers, unit) = match element {
        1 => {
            listed.extend(floats(raw.unwrap_or_default()));
            (Numbers::Floats(listed), 4)
        }
        10 => {
            let (halves, _) = raw.unwrap_or_default().as_chunks::<2>();
            let numbers = halves.iter().map(|&two| half(u16::from_le_bytes(two)));
            (Numbers::Halves(numbers.collect()), 2)
        }
        7 => {
            let whole = raw.unwrap_or_default().as_chunks::<8>().0;
            if whole.len() > MAX_INTS {
                return Err(format!("a constant has more than {MAX_INTS} integers"));
            }
            ints.extend(whole.iter().map(|&eight| i64::from_le_bytes(eight)));
            (Numbers::Ints(ints), 8)
        }
        other => (Numbers::Other(other), 1),
    };
    let stored = match &numbers {
        Numbers::Floats(v) | Numbers::Halves(v) => Some(v.len()),
        Numbers::Ints(v) => Some(v.len()),
        Numbers::Other(_) => count,
    };
    if stored != count || raw.is_some_and(|raw| raw.len() % unit != 0) {
        return Err(format!(
            "a constant of shape {dims:?} holds {} numbers",
            stored.unwrap_or(0)
        ));
    }
    Ok((name, Constant { dims, numbers }))
}

/// A `ValueInfoProto`: name, type, tensor type, shape, dimensions.
fn read_input(bytes: &[u8]) -> Res<Input> {
    let mut input = Input::default();
    fields(bytes, |field, value| {
        match (field, value) {
            (1, Field::Bytes(b)) => input.name = text(b),
            (2, Field::Bytes(kind)) => fields(kind, |field, value| {
                let (1, Field::Bytes(tensor)) = (field, value) else {
                    return Ok(());
                };
                fields(tensor, |field, value| {
                    match (field, value) {
                        (1, Field::Int(element)) => input.element = element,
                        (2, Field::Bytes(shape)) => fields(shape, |field, value| {
                            if let (1, Field::Bytes(side)) = (field, value) {
                                let side = read_side(side)?;
                                push(&mut input.sides, side, MAX_DIMS, "sides of an input")?;
                            }
                            Ok(())
                        })?,
                        _ => {}
                    }
                    Ok(())
                })
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(input)
}

fn read_side(bytes: &[u8]) -> Res<Side> {
    let mut side = None;
    fields(bytes, |field, value| {
        if let (1, Field::Int(n)) = (field, value) {
            side = Some(n);
        }
        Ok(())
    })?;
    Ok(side)
}

/// The value of a 16-bit float (binary16 of IEEE 754): a sign, five bits of exponent, ten of
/// fraction.
fn half(bits: u16) -> f32 {
    // The bias of the exponent is 15 there and 127 here, and numbers below the least exponent have
    // none: a product says both. Without branches, since there are a million weights to read.
    const BIAS: f32 = f32::from_bits((127 + 127 - 15) << 23);
    let size = u32::from(bits & 0x7fff) << 13;
    let finite = f32::from_bits(size) * BIAS;
    let size = match bits & 0x7c00 {
        0x7c00 => f32::from_bits(0x7f80_0000 | size), // infinity, or no number
        _ => finite,
    };
    f32::from_bits(size.to_bits() | u32::from(bits & 0x8000) << 16)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn push<T>(list: &mut Vec<T>, item: T, limit: usize, what: &str) -> Res<()> {
    if list.len() >= limit {
        return Err(format!("it has more than {limit} {what}"));
    }
    list.push(item);
    Ok(())
}

/// Integers one by one or packed.
fn push_ints(value: Field<'_>, out: &mut Vec<i64>) -> Res<()> {
    match value {
        Field::Int(i) => push(out, i.cast_signed(), MAX_INTS, "integers in a list"),
        Field::Bytes(mut bytes) => {
            while !bytes.is_empty() {
                let i = varint(&mut bytes)?.cast_signed();
                push(out, i, MAX_INTS, "integers in a list")?;
            }
            Ok(())
        }
        Field::Float(_) => Err("a list of integers holds a float".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn a_half_is_what_its_bits_say() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x0001, 2.0_f32.powi(-24)),
            (0x03ff, 1023.0 * 2.0_f32.powi(-24)),
            (0x0400, 2.0_f32.powi(-14)),
            (0x3555, 0.333_251_95),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:#x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
