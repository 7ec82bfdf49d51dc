//! Inner tensors of a network as further outputs: their names are appended to the ONNX file, which any
//! engine then reads as it reads others.
//!
//! Invariant: nothing but the list of outputs changes.

use crate::error::{Error, ErrorKind, Result};

/// Fields of the messages `ModelProto`, `GraphProto`, `ValueInfoProto`, `TypeProto` and `TypeProto.Tensor`.
const GRAPH: u64 = 7;
const OUTPUT: u64 = 12;
const NAME: u64 = 1;
const TYPE: u64 = 2;
const TENSOR: u64 = 1;
const ELEMENT: u64 = 1;
const FLOAT: u64 = 1;

/// Wire types of protobuf.
const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const BYTES: u64 = 2;
const FOUR_BYTES: u64 = 5;

/// The same model with these tensors among its outputs, after its own.
pub(super) fn with_outputs(model: &[u8], names: &[&str]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(model.len() + 32 * names.len());
    let (mut rest, mut graphs) = (model, 0);
    while !rest.is_empty() {
        let field = rest;
        let (key, value) = next(&mut rest).ok_or_else(damaged)?;
        if key == GRAPH << 3 | BYTES {
            graphs += 1;
            let mut graph = value.to_vec();
            for name in names {
                bytes(&mut graph, OUTPUT, &value_info(name));
            }
            bytes(&mut out, GRAPH, &graph);
        } else {
            out.extend_from_slice(&field[..field.len() - rest.len()]);
        }
    }
    if graphs == 1 { Ok(out) } else { Err(damaged()) }
}

fn damaged() -> Error {
    Error::new(ErrorKind::Engine, "a model file is damaged")
}

fn value_info(name: &str) -> Vec<u8> {
    let (mut tensor, mut kind, mut info) = (vec![], vec![], vec![]);
    varint(&mut tensor, ELEMENT << 3 | VARINT);
    varint(&mut tensor, FLOAT);
    bytes(&mut kind, TENSOR, &tensor);
    bytes(&mut info, NAME, name.as_bytes());
    bytes(&mut info, TYPE, &kind);
    info
}

/// Takes a field off the front: its key, and its bytes if it has a length.
fn next<'a>(rest: &mut &'a [u8]) -> Option<(u64, &'a [u8])> {
    let key = read_varint(rest)?;
    let len = match key & 7 {
        VARINT => {
            read_varint(rest)?;
            0
        }
        EIGHT_BYTES => 8,
        BYTES => read_varint(rest)?,
        FOUR_BYTES => 4,
        _ => return None,
    };
    let (value, behind) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    *rest = behind;
    Some((key, value))
}

fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, behind) = rest.split_first()?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | BYTES);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn outputs_are_appended_and_the_rest_stays() {
        // A version, a graph with one output, an opset.
        let (mut graph, mut model) = (vec![], vec![]);
        bytes(&mut graph, OUTPUT, &value_info("a"));
        varint(&mut model, 1 << 3 | VARINT);
        varint(&mut model, 300);
        bytes(&mut model, GRAPH, &graph);
        bytes(&mut model, 8, b"opset");
        let more = with_outputs(&model, &["b"]).expect("a model");
        bytes(&mut graph, OUTPUT, &value_info("b"));
        let mut expected = vec![1 << 3, 0xac, 2];
        bytes(&mut expected, GRAPH, &graph);
        bytes(&mut expected, 8, b"opset");
        assert_eq!(more, expected);
        assert_eq!(with_outputs(&model, &[]).expect("a model"), model);
    }

    #[test]
    fn a_file_without_a_graph_is_refused() {
        for model in [&b""[..], b"\x08\x01", b"\x3a\x05abc", b"\xff"] {
            assert!(with_outputs(model, &["b"]).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_model_or_an_error(model in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = with_outputs(&model, &["b"]);
        }
    }
}
