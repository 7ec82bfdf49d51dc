//! Minimal ONNX reader: just enough protobuf to get nodes, attributes and float/int initializers.

use std::collections::HashMap;

#[derive(Debug, Default, Clone)]
pub struct Tensor {
    pub dims: Vec<usize>,
    pub f: Vec<f32>,
    pub i: Vec<i64>,
}

#[derive(Debug, Default, Clone)]
pub struct Attr {
    pub f: f32,
    pub i: i64,
    pub s: String,
    pub t: Tensor,
    pub ints: Vec<i64>,
}

#[derive(Debug, Default, Clone)]
pub struct Node {
    pub op: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attrs: HashMap<String, Attr>,
}

impl Node {
    pub fn ints(&self, name: &str) -> &[i64] {
        self.attrs.get(name).map_or(&[], |a| &a.ints)
    }
}

#[derive(Debug, Default)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub init: HashMap<String, Tensor>,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
}

enum Val<'a> {
    Int(u64),
    Bytes(&'a [u8]),
    F32(f32),
}

type Res<T> = Result<T, String>;

fn varint(b: &mut &[u8]) -> Res<u64> {
    let mut v = 0u64;
    for shift in (0..64).step_by(7) {
        let (&c, rest) = b.split_first().ok_or("truncated varint")?;
        *b = rest;
        v |= u64::from(c & 0x7f) << shift;
        if c & 0x80 == 0 {
            return Ok(v);
        }
    }
    Err("varint too long".into())
}

fn take<'a>(b: &mut &'a [u8], n: usize) -> Res<&'a [u8]> {
    let (head, rest) = b.split_at_checked(n).ok_or("truncated field")?;
    *b = rest;
    Ok(head)
}

/// Calls `each(field_number, value)` for every field of one message.
fn fields<'a>(mut b: &'a [u8], mut each: impl FnMut(u64, Val<'a>) -> Res<()>) -> Res<()> {
    while !b.is_empty() {
        let key = varint(&mut b)?;
        let val = match key & 7 {
            0 => Val::Int(varint(&mut b)?),
            1 => {
                take(&mut b, 8)?;
                continue;
            }
            2 => {
                let n = varint(&mut b)? as usize;
                Val::Bytes(take(&mut b, n)?)
            }
            5 => Val::F32(f32::from_le_bytes(take(&mut b, 4)?.try_into().unwrap())),
            t => return Err(format!("wire type {t}")),
        };
        each(key >> 3, val)?;
    }
    Ok(())
}

fn string(b: &[u8]) -> String {
    String::from_utf8_lossy(b).into_owned()
}

fn push_ints(v: Val, out: &mut Vec<i64>) -> Res<()> {
    match v {
        Val::Int(i) => out.push(i as i64),
        Val::Bytes(mut b) => {
            while !b.is_empty() {
                out.push(varint(&mut b)? as i64);
            }
        }
        Val::F32(_) => {}
    }
    Ok(())
}

fn tensor(b: &[u8]) -> Res<(String, Tensor)> {
    let (mut name, mut t, mut ty, mut dims) = (String::new(), Tensor::default(), 0, vec![]);
    let mut raw: &[u8] = &[];
    fields(b, |f, v| {
        match (f, v) {
            (1, v) => push_ints(v, &mut dims)?,
            (2, Val::Int(i)) => ty = i,
            (4, Val::F32(x)) => t.f.push(x),
            (4, Val::Bytes(b)) => t.f.extend(
                b.chunks_exact(4)
                    .map(|c| f32::from_le_bytes(c.try_into().unwrap())),
            ),
            (7, v) => push_ints(v, &mut t.i)?,
            (8, Val::Bytes(b)) => name = string(b),
            (9, Val::Bytes(b)) => raw = b,
            _ => {}
        }
        Ok(())
    })?;
    t.dims = dims.iter().map(|&d| d as usize).collect();
    match ty {
        1 => t.f.extend(
            raw.chunks_exact(4)
                .map(|c| f32::from_le_bytes(c.try_into().unwrap())),
        ),
        7 => t.i.extend(
            raw.chunks_exact(8)
                .map(|c| i64::from_le_bytes(c.try_into().unwrap())),
        ),
        _ => {}
    }
    Ok((name, t))
}

fn node(b: &[u8]) -> Res<Node> {
    let mut n = Node::default();
    fields(b, |f, v| {
        match (f, v) {
            (1, Val::Bytes(b)) => n.inputs.push(string(b)),
            (2, Val::Bytes(b)) => n.outputs.push(string(b)),
            (4, Val::Bytes(b)) => n.op = string(b),
            (5, Val::Bytes(b)) => {
                let (mut name, mut a) = (String::new(), Attr::default());
                fields(b, |f, v| {
                    match (f, v) {
                        (1, Val::Bytes(b)) => name = string(b),
                        (2, Val::F32(x)) => a.f = x,
                        (3, Val::Int(i)) => a.i = i as i64,
                        (4, Val::Bytes(b)) => a.s = string(b),
                        (5, Val::Bytes(b)) => a.t = tensor(b)?.1,
                        (8, v) => push_ints(v, &mut a.ints)?,
                        _ => {}
                    }
                    Ok(())
                })?;
                n.attrs.insert(name, a);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(n)
}

fn value_name(b: &[u8]) -> Res<String> {
    let mut name = String::new();
    fields(b, |f, v| {
        if let (1, Val::Bytes(b)) = (f, v) {
            name = string(b);
        }
        Ok(())
    })?;
    Ok(name)
}

pub fn parse(model: &[u8]) -> Res<Graph> {
    let mut g = Graph::default();
    fields(model, |f, v| {
        let (7, Val::Bytes(graph)) = (f, v) else {
            return Ok(());
        };
        fields(graph, |f, v| {
            match (f, v) {
                (1, Val::Bytes(b)) => g.nodes.push(node(b)?),
                (5, Val::Bytes(b)) => {
                    let (name, t) = tensor(b)?;
                    g.init.insert(name, t);
                }
                (11, Val::Bytes(b)) => g.inputs.push(value_name(b)?),
                (12, Val::Bytes(b)) => g.outputs.push(value_name(b)?),
                _ => {}
            }
            Ok(())
        })
    })?;
    g.inputs.retain(|i| !g.init.contains_key(i));
    Ok(g)
}
