//! Lowers an ONNX graph to a short list of fused ops and groups them into row-pipelined chains.
//!
//! Fused on the way: activation into its convolution, residual Add into the later of its two
//! convolutions, nearest upsampling into the Add after it, sibling 1x1 heads into one convolution,
//! Transpose/Reshape/Sigmoid/Softmax into how an output is copied out.

use super::kernels::{Act, IDENTITY};
use super::onnx::{Graph, Node};
use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    First,
    Gemm,
    Depthwise,
    Deconv,
    MaxPool,
    AddUp,
}

#[derive(Clone, Debug)]
pub struct Op {
    pub kind: Kind,
    pub src: usize,
    pub res: Option<usize>,
    pub dst: usize,
    /// Channel offset in `dst` (concatenation without a copy).
    pub dst_c: usize,
    pub ic: usize,
    pub oc: usize,
    pub k: usize,
    pub stride: usize,
    pub pad: usize,
    pub act: Act,
    /// As in the file: [oc][ic][k][k], depthwise [c][3][3], deconvolution [ic][oc][2][2].
    pub w: Vec<f32>,
    pub bias: Vec<f32>,
}

#[derive(Clone, Debug, Default)]
pub struct Output {
    pub name: String,
    pub tensor: usize,
    pub c0: usize,
    pub channels: usize,
    pub sigmoid: bool,
    /// Softmax over this many neighbouring values; 0 for none.
    pub softmax: usize,
    pub channels_last: bool,
    /// Further tensors appended after this one (concatenated scales).
    pub parts: Vec<(usize, usize)>,
}

pub struct Net {
    pub ops: Vec<Op>,
    /// Channels of every tensor; tensor 0 is the input picture.
    pub channels: Vec<usize>,
    pub outputs: Vec<Output>,
    /// Each chain's ops feed each other and nothing else; in execution order.
    pub chains: Vec<Vec<usize>>,
}

/// What an ONNX value name stands for.
#[derive(Clone, Default)]
struct Val {
    tensor: usize,
    channels: usize,
    up: bool,
    sigmoid: bool,
    softmax: usize,
    /// Length of the last dimension after a reshape.
    row: usize,
    channels_last: bool,
    parts: Vec<(usize, usize)>,
}

struct Builder<'a> {
    g: &'a Graph,
    uses: HashMap<&'a str, usize>,
    alias: HashMap<&'a str, &'a str>,
    vals: HashMap<&'a str, Val>,
    ops: Vec<Op>,
    channels: Vec<usize>,
    last_dim: HashMap<&'a str, usize>,
}

type Res<T> = Result<T, String>;

impl<'a> Builder<'a> {
    fn param(&self, name: &str) -> Res<&'a super::onnx::Tensor> {
        let name = self.alias.get(name).copied().unwrap_or(name);
        self.g
            .init
            .get(name)
            .ok_or_else(|| format!("no initializer {name}"))
    }

    fn val(&self, name: &str) -> Res<Val> {
        self.vals
            .get(name)
            .cloned()
            .ok_or_else(|| format!("unknown value {name}"))
    }

    fn new_tensor(&mut self, channels: usize) -> usize {
        self.channels.push(channels);
        self.channels.len() - 1
    }

    fn conv(&mut self, n: &Node) -> Res<Op> {
        let x = self.val(&n.inputs[0])?;
        let w = self.param(&n.inputs[1])?;
        let deconv = n.op == "ConvTranspose";
        let oc = w.dims[usize::from(deconv)];
        let k = w.dims[2];
        let stride = n.ints("strides").first().map_or(1, |&s| s as usize);
        let pad = n.ints("pads").first().map_or(0, |&p| p as usize);
        let bias = match n.inputs.get(2) {
            Some(b) => self.param(b)?.f.clone(),
            None => vec![0.0; oc],
        };
        let kind = match (deconv, k, stride, pad) {
            (true, 2, 2, 0) => Kind::Deconv,
            (false, 3, 1 | 2, 1) if w.dims[1] == 1 && oc == x.channels => Kind::Depthwise,
            (false, 3, 2, 1) if x.tensor == 0 => Kind::First,
            (false, 3, 1, 1) | (false, 1, 1, 0) if w.dims[1] == x.channels => Kind::Gemm,
            other => return Err(format!("convolution {other:?} {:?}", w.dims)),
        };
        let dst = self.new_tensor(oc);
        Ok(Op {
            kind,
            src: x.tensor,
            res: None,
            dst,
            dst_c: 0,
            ic: x.channels,
            oc,
            k,
            stride,
            pad,
            act: IDENTITY,
            w: w.f.clone(),
            bias,
        })
    }

    /// The op that makes `name`, if nothing else reads it and it can still take `name`'s next step.
    fn sole_producer(&mut self, name: &str) -> Option<usize> {
        let v = self.vals.get(name)?;
        if self.uses.get(name) != Some(&1) || v.up || !v.parts.is_empty() {
            return None;
        }
        self.ops.iter().position(|o| o.dst == v.tensor)
    }

    fn node(&mut self, n: &'a Node) -> Res<()> {
        let out = n.outputs[0].as_str();
        let val = match n.op.as_str() {
            "Identity" if self.g.init.contains_key(&n.inputs[0]) => {
                self.alias.insert(out, &n.inputs[0]);
                return Ok(());
            }
            // Only compute sizes, which the lowered ops know anyway.
            "Constant" => {
                let last = n.attrs.get("value").and_then(|a| a.t.i.last());
                self.last_dim.extend(last.map(|&d| (out, d as usize)));
                return Ok(());
            }
            "Shape" | "Gather" | "Unsqueeze" | "Slice" | "Cast" => return Ok(()),
            "Conv" | "ConvTranspose" => {
                let op = self.conv(n)?;
                let v = Val {
                    tensor: op.dst,
                    channels: op.oc,
                    ..Val::default()
                };
                self.ops.push(op);
                v
            }
            "Relu" | "LeakyRelu" | "Clip" => {
                let act = match n.op.as_str() {
                    "Clip" => Act {
                        slope: 0.0,
                        hi: n.attrs.get("max").map_or(6.0, |a| a.f),
                    },
                    "Relu" => Act {
                        slope: 0.0,
                        hi: f32::INFINITY,
                    },
                    _ => Act {
                        slope: n.attrs.get("alpha").map_or(0.01, |a| a.f),
                        hi: f32::INFINITY,
                    },
                };
                let v = self.val(&n.inputs[0])?;
                let mut found = false;
                for o in self.ops.iter_mut().filter(|o| o.dst == v.tensor) {
                    if o.act != IDENTITY || o.res.is_some() {
                        return Err(format!("activation {out} cannot be fused"));
                    }
                    o.act = act;
                    found = true;
                }
                if !found || self.uses.get(n.inputs[0].as_str()) != Some(&1) {
                    return Err(format!("activation {out} cannot be fused"));
                }
                v
            }
            "Add" => {
                let (a, b) = (self.val(&n.inputs[0])?, self.val(&n.inputs[1])?);
                if a.up || b.up {
                    let (up, other) = if a.up { (a, b) } else { (b, a) };
                    let dst = self.new_tensor(other.channels);
                    self.ops.push(Op {
                        kind: Kind::AddUp,
                        src: up.tensor,
                        res: Some(other.tensor),
                        dst,
                        dst_c: 0,
                        ic: up.channels,
                        oc: up.channels,
                        k: 1,
                        stride: 1,
                        pad: 0,
                        act: IDENTITY,
                        w: vec![],
                        bias: vec![],
                    });
                    Val {
                        tensor: dst,
                        channels: other.channels,
                        ..Val::default()
                    }
                } else {
                    let pa = self.sole_producer(&n.inputs[0]);
                    let pb = self.sole_producer(&n.inputs[1]);
                    let (at, res) = if pa > pb {
                        (pa, b.tensor)
                    } else {
                        (pb, a.tensor)
                    };
                    let op = at
                        .and_then(|i| self.ops.get_mut(i))
                        .ok_or("Add cannot be fused")?;
                    if op.kind != Kind::Gemm || op.res.is_some() {
                        return Err("Add cannot be fused".into());
                    }
                    op.res = Some(res);
                    Val {
                        tensor: op.dst,
                        channels: op.oc,
                        ..Val::default()
                    }
                }
            }
            "MaxPool" => {
                let v = self.val(&n.inputs[0])?;
                if n.ints("kernel_shape") != [2, 2] || n.ints("strides") != [2, 2] {
                    return Err("MaxPool other than 2x2".into());
                }
                let dst = self.new_tensor(v.channels);
                self.ops.push(Op {
                    kind: Kind::MaxPool,
                    src: v.tensor,
                    res: None,
                    dst,
                    dst_c: 0,
                    ic: v.channels,
                    oc: v.channels,
                    k: 2,
                    stride: 2,
                    pad: 0,
                    act: IDENTITY,
                    w: vec![],
                    bias: vec![],
                });
                Val {
                    tensor: dst,
                    channels: v.channels,
                    ..Val::default()
                }
            }
            "Concat" => {
                let ins: Vec<Val> = n
                    .inputs
                    .iter()
                    .filter_map(|i| self.vals.get(i.as_str()).cloned())
                    .collect();
                if ins.len() != n.inputs.len() {
                    // A size computation; only its last number (the length of a softmax) is of interest.
                    let last = self
                        .last_dim
                        .get(n.inputs[n.inputs.len() - 1].as_str())
                        .copied();
                    self.last_dim.extend(last.map(|d| (out, d)));
                    return Ok(());
                }
                if ins[0].channels_last {
                    let mut v = ins[0].clone();
                    v.parts = ins[1..].iter().map(|p| (p.tensor, 0)).collect();
                    v
                } else {
                    let total = ins.iter().map(|v| v.channels).sum();
                    let dst = self.new_tensor(total);
                    let mut c = 0;
                    for v in &ins {
                        let o = self
                            .ops
                            .iter_mut()
                            .find(|o| o.dst == v.tensor)
                            .ok_or("Concat of an input")?;
                        (o.dst, o.dst_c) = (dst, c);
                        c += v.channels;
                    }
                    Val {
                        tensor: dst,
                        channels: total,
                        ..Val::default()
                    }
                }
            }
            "Resize" => Val {
                up: true,
                ..self.val(&n.inputs[0])?
            },
            "Sigmoid" => Val {
                sigmoid: true,
                ..self.val(&n.inputs[0])?
            },
            "Softmax" => {
                let v = self.val(&n.inputs[0])?;
                Val {
                    softmax: v.row,
                    ..v
                }
            }
            "Transpose" => Val {
                channels_last: true,
                ..self.val(&n.inputs[0])?
            },
            "Reshape" => {
                let v = self.val(&n.inputs[0])?;
                Val {
                    row: self
                        .last_dim
                        .get(n.inputs[1].as_str())
                        .copied()
                        .unwrap_or(v.channels),
                    ..v
                }
            }
            other => return Err(format!("operator {other}")),
        };
        self.vals.insert(out, val);
        Ok(())
    }
}

/// Joins 1x1 convolutions that read the same tensor and end in outputs (directly or through one
/// depthwise convolution each) into one, so that small heads share a channel block.
fn merge_heads(ops: &mut Vec<Op>, channels: &mut Vec<usize>, outputs: &mut [Output]) {
    let plain = |o: &Op| o.act == IDENTITY && o.res.is_none() && o.dst_c == 0;
    let is_output = |outputs: &[Output], t| {
        outputs
            .iter()
            .any(|o| o.tensor == t || o.parts.iter().any(|p| p.0 == t))
    };
    let mut srcs: Vec<usize> = ops.iter().map(|o| o.src).collect();
    srcs.sort_unstable();
    srcs.dedup();
    for src in srcs {
        let heads: Vec<usize> = (0..ops.len())
            .filter(|&i| {
                ops[i].src == src
                    && ops[i].kind == Kind::Gemm
                    && ops[i].k == 1
                    && plain(&ops[i])
                    && ops[i].oc < 32
            })
            .collect();
        let next: Vec<Option<usize>> = heads
            .iter()
            .map(|&i| {
                ops.iter()
                    .position(|o| o.src == ops[i].dst && o.kind == Kind::Depthwise && plain(o))
            })
            .collect();
        let direct = heads.iter().all(|&i| is_output(outputs, ops[i].dst));
        let through = next
            .iter()
            .all(|n| n.is_some_and(|n| is_output(outputs, ops[n].dst)));
        if heads.len() < 2 || !(direct || through) {
            continue;
        }
        let mut gone = vec![];
        let mut join = |ops: &mut Vec<Op>, list: &[usize]| {
            let mut c = 0;
            let total: usize = list.iter().map(|&i| ops[i].oc).sum();
            channels.push(total);
            let dst = channels.len() - 1;
            let mut whole = Op {
                oc: 0,
                w: vec![],
                bias: vec![],
                dst,
                ..ops[list[0]].clone()
            };
            for &i in list {
                let o = &ops[i];
                for out in outputs.iter_mut() {
                    if out.tensor == o.dst {
                        (out.tensor, out.c0) = (dst, c);
                    }
                    for p in out.parts.iter_mut().filter(|p| p.0 == o.dst) {
                        *p = (dst, c);
                    }
                }
                whole.w.extend(&o.w);
                whole.bias.extend(&o.bias);
                whole.oc += o.oc;
                c += o.oc;
                gone.push(i);
            }
            if whole.kind == Kind::Depthwise {
                whole.ic = total;
            }
            let at = list[list.len() - 1];
            gone.retain(|&g| g != at);
            ops[at] = whole;
            dst
        };
        let joined = join(ops, &heads);
        if through {
            let next: Vec<usize> = next.into_iter().flatten().collect();
            join(ops, &next);
            ops[next[next.len() - 1]].src = joined;
        }
        let mut i = 0;
        ops.retain(|_| {
            i += 1;
            !gone.contains(&(i - 1))
        });
    }
}

fn chains(ops: &[Op], outputs: &[Output], fuse: bool) -> Vec<Vec<usize>> {
    let streams = |o: &Op| !matches!(o.kind, Kind::Deconv | Kind::AddUp);
    let next = |i: usize| -> Option<usize> {
        let t = ops[i].dst;
        let read = ops.iter().filter(|o| o.src == t).count()
            + ops.iter().filter(|o| o.res == Some(t)).count();
        let made = ops.iter().filter(|o| o.dst == t).count();
        let out = outputs
            .iter()
            .any(|o| o.tensor == t || o.parts.iter().any(|p| p.0 == t));
        let j = ops.iter().position(|o| o.src == t)?;
        (fuse && read == 1 && made == 1 && !out && streams(&ops[i]) && streams(&ops[j]))
            .then_some(j)
    };
    let has_prev: Vec<usize> = (0..ops.len()).filter_map(next).collect();
    let mut all: Vec<Vec<usize>> = (0..ops.len())
        .filter(|i| !has_prev.contains(i))
        .map(|i| std::iter::successors(Some(i), |&i| next(i)).collect())
        .collect();
    all.sort_by_key(|c| c[c.len() - 1]);
    all
}

pub fn lower(g: &Graph, fuse: bool) -> Res<Net> {
    let mut uses = HashMap::new();
    for i in g.nodes.iter().flat_map(|n| &n.inputs).chain(&g.outputs) {
        *uses.entry(i.as_str()).or_insert(0) += 1;
    }
    // Readers that only look at a value's size do not count.
    for n in g.nodes.iter().filter(|n| n.op == "Shape") {
        uses.entry(n.inputs[0].as_str()).and_modify(|u| *u -= 1);
    }
    let input = g.inputs.first().ok_or("no input")?;
    let mut b = Builder {
        g,
        uses,
        alias: HashMap::new(),
        vals: HashMap::new(),
        ops: vec![],
        channels: vec![3],
        last_dim: HashMap::new(),
    };
    b.vals.insert(
        input,
        Val {
            channels: 3,
            ..Val::default()
        },
    );
    for n in &g.nodes {
        b.node(n)?;
    }
    let mut outputs = vec![];
    for name in &g.outputs {
        let v = b.val(name)?;
        outputs.push(Output {
            name: name.clone(),
            tensor: v.tensor,
            c0: 0,
            channels: v.channels,
            sigmoid: v.sigmoid,
            softmax: v.softmax,
            channels_last: v.channels_last,
            parts: v.parts,
        });
    }
    let (mut ops, mut channels) = (b.ops, b.channels);
    merge_heads(&mut ops, &mut channels, &mut outputs);
    let chains = chains(&ops, &outputs, fuse);
    Ok(Net {
        ops,
        channels,
        outputs,
        chains,
    })
}
