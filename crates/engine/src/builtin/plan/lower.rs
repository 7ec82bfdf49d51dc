//! From the nodes of an ONNX graph to a plan.
//!
//! Fused on the way: an activation into its convolution, a residual Add into the later of its two
//! convolutions, nearest upsampling into the Add behind it, Concat into its producers, products
//! with one number of each channel into what repeats or adds them, and what happens to an output
//! (Transpose, Reshape, Sigmoid, Softmax; `results.rs`) into how it is copied out.
//!
//! Invariant: every attribute and input of every node is either what the plan does or refused with
//! the operator's and the node's name. Nothing is ignored but `cubic_coeff_a` of a Resize that is
//! not cubic.

use super::shape::Side;
use super::{
    Draft, Finish, Kind, MAX_HALVINGS, Op, Order, Output, PLANES, POINT, Part, Plan, Shape, fuse,
    quoted,
};
use crate::builtin::onnx::{Attribute, Constant, Graph, Node, Numbers, Res};
use std::collections::HashMap;

/// Operator set versions whose meaning of the operators here is known.
const OPSETS: std::ops::RangeInclusive<u64> = 9..=12;

/// What a name in the file stands for.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    /// A tensor, channels first.
    Map(usize),
    /// A tensor with each pixel repeated to `2^doublings` times its sides; only Add and Concat can
    /// read it.
    Upsampled {
        map: usize,
        doublings: u8,
    },
    /// The hard sigmoid of a map; only the product with that map can read it.
    HardSigmoid(usize),
    /// What only a reshape, a concatenation or an output can read.
    Result {
        parts: Vec<usize>,
        order: Order,
        /// Length of the last of three dimensions, after a Reshape.
        row: Option<usize>,
        finish: Finish,
    },
    Constant(&'a Constant),
    Sides(Vec<Side>),
}

pub(super) struct Lowering<'a> {
    graph: &'a Graph,
    /// How often each name is read, but for its shape.
    pub(super) uses: HashMap<&'a str, usize>,
    values: HashMap<&'a str, Value<'a>>,
    /// Floats of weights so far, unused lanes included.
    pub(super) weights: usize,
    pub(super) draft: Draft,
}

/// Lowers a graph; `fuse` off keeps every operation a chain of its own.
pub(in super::super) fn lower(graph: &Graph, fuse: bool) -> Res<Plan> {
    match graph.opset {
        Some(version) if OPSETS.contains(&version) => {}
        other => {
            return Err(format!(
                "operator set {} is outside {} to {}",
                other.unwrap_or(0),
                OPSETS.start(),
                OPSETS.end()
            ));
        }
    }
    let [input] = graph.inputs.as_slice() else {
        return Err(format!("it has {} inputs, not one", graph.inputs.len()));
    };
    let picture = matches!(
        input.sides.as_slice(),
        [batch, Some(planes), None, None] if batch.is_none_or(|b| b == 1) && *planes == PLANES as u64
    );
    if !picture || input.element != 1 {
        return Err(format!(
            "its input {} is not one picture of {PLANES} planes of floats and any size",
            quoted(&input.name)
        ));
    }
    let mut uses = HashMap::new();
    let reads = graph.nodes.iter().filter(|n| n.op != "Shape");
    for name in reads.flat_map(|n| &n.inputs).chain(&graph.outputs) {
        *uses.entry(name.as_str()).or_insert(0) += 1;
    }
    let mut lowering = Lowering {
        graph,
        uses,
        values: graph
            .constants
            .iter()
            .map(|(name, c)| (name.as_str(), Value::Constant(c)))
            .collect(),
        weights: 0,
        draft: Draft::default(),
    };
    let tensor = lowering.tensor(PLANES, 0);
    lowering.values.insert(&input.name, Value::Map(tensor));
    for node in &graph.nodes {
        lowering.node(node).map_err(|why| {
            let output = node.outputs.first().map_or("", String::as_str);
            let name = if node.name.is_empty() {
                output
            } else {
                &node.name
            };
            format!("operator {} at {}: {why}", quoted(&node.op), quoted(name))
        })?;
    }
    let draft = lowering.finish()?;
    Plan::new(draft, fuse)
}

/// Refuses other numbers of inputs, other attributes, and another number of outputs than one.
pub(super) fn only(node: &Node, least: usize, most: usize, attributes: &[&str]) -> Res<()> {
    if !(least..=most).contains(&node.inputs.len()) {
        return Err(format!("{} inputs", node.inputs.len()));
    }
    match node
        .attributes
        .keys()
        .find(|name| !attributes.contains(&name.as_str()))
    {
        Some(unknown) => Err(format!("attribute {}", quoted(unknown))),
        None => Ok(()),
    }
}

/// All numbers of a list attribute must be one; which is it? `default` if the attribute is absent.
pub(super) fn uniform(node: &Node, name: &str, count: usize, default: i64) -> Res<i64> {
    match node.attributes.get(name) {
        None => Ok(default),
        Some(Attribute::Ints(ints))
            if ints.len() == count && ints.iter().all(|i| *i == ints[0]) =>
        {
            Ok(ints[0])
        }
        other => Err(format!("{name} {other:?}, not {count} equal integers")),
    }
}

/// The attribute is absent, or this integer.
pub(super) fn fixed(node: &Node, name: &str, allowed: i64) -> Res<()> {
    match node.attributes.get(name) {
        None => Ok(()),
        Some(Attribute::Int(i)) if *i == allowed => Ok(()),
        _ => Err(format!("{name} other than {allowed}")),
    }
}

/// The attribute is there and this word.
pub(super) fn word(node: &Node, name: &str, required: &str) -> Res<()> {
    match node.attributes.get(name) {
        Some(Attribute::Text(text)) if text == required => Ok(()),
        _ => Err(format!("{name} other than {required}")),
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn value(&self, name: &str) -> Res<Value<'a>> {
        self.values
            .get(name)
            .cloned()
            .ok_or_else(|| format!("it reads {}, which nothing made", quoted(name)))
    }

    /// A map that operations can read: everything but the planar picture.
    pub(super) fn map(&self, name: &str) -> Res<usize> {
        match self.value(name)? {
            Value::Map(0) => Err("only a first layer can read the picture".into()),
            Value::Map(tensor) => Ok(tensor),
            _ => Err(format!("{} is not a map", quoted(name))),
        }
    }

    /// All names so far, and what they stand for.
    pub(super) fn values(&self) -> impl Iterator<Item = (&'a str, &Value<'a>)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    pub(super) fn floats(&self, name: &str) -> Res<(&'a [usize], &'a [f32])> {
        match self.value(name)? {
            Value::Constant(Constant {
                dims,
                numbers: Numbers::Floats(floats),
            }) => Ok((dims, floats)),
            _ => Err(format!("{} is not a constant of floats", quoted(name))),
        }
    }

    pub(super) fn tensor(&mut self, channels: usize, halvings: u8) -> usize {
        self.draft.tensors.push(Shape { channels, halvings });
        self.draft.tensors.len() - 1
    }

    pub(super) fn push(&mut self, op: Op) -> Value<'a> {
        let tensor = op.dst;
        self.draft.ops.push(op);
        Value::Map(tensor)
    }

    fn node(&mut self, node: &'a Node) -> Res<()> {
        if !matches!(node.domain.as_str(), "" | "ai.onnx") {
            return Err(format!("domain {}", quoted(&node.domain)));
        }
        let [out] = node.outputs.as_slice() else {
            return Err(format!("{} outputs", node.outputs.len()));
        };
        let value = match node.op.as_str() {
            "Conv" => self.conv(node)?,
            "ConvTranspose" => self.deconv(node)?,
            "Relu" | "LeakyRelu" => self.activation(node)?,
            "Add" => self.add(node)?,
            "MaxPool" => self.max_pool(node)?,
            "Concat" => self.concat(node)?,
            "Resize" => self.resize(node)?,
            "Transpose" => self.transpose(node)?,
            "Reshape" => self.reshape(node)?,
            "Sigmoid" => self.sigmoid(node)?,
            "Clip" => self.clip(node)?,
            "HardSigmoid" => self.hard_sigmoid(node)?,
            "Mul" => self.mul(node)?,
            "GlobalAveragePool" => {
                only(node, 1, 1, &[])?;
                let src = self.map(&node.inputs[0])?;
                self.plain(Kind::Mean, src, None)?
            }
            "Softmax" => self.softmax(node)?,
            "Identity" => {
                only(node, 1, 1, &[])?;
                match self.value(&node.inputs[0])? {
                    Value::Constant(c) => Value::Constant(c),
                    _ => return Err("of something that is not a constant".into()),
                }
            }
            "Constant" => {
                only(node, 0, 0, &["value"])?;
                match node.attributes.get("value") {
                    Some(Attribute::Constant(c)) => Value::Constant(c),
                    _ => return Err("without a value".into()),
                }
            }
            "Shape" => self.shape(node)?,
            "Gather" => self.gather(node)?,
            "Unsqueeze" => self.unsqueeze(node)?,
            "Slice" => self.slice(node)?,
            "Cast" => self.cast(node)?,
            _ => return Err("it is not one that the built-in engine has".into()),
        };
        match self.values.insert(out, value) {
            Some(_) => Err(format!("{} is made twice", quoted(out))),
            None => Ok(()),
        }
    }

    pub(super) fn read_once(&self, name: &str) -> bool {
        self.uses.get(name) == Some(&1)
    }

    fn resize(&self, node: &Node) -> Res<Value<'a>> {
        only(
            node,
            3,
            4,
            &[
                "coordinate_transformation_mode",
                "cubic_coeff_a",
                "mode",
                "nearest_mode",
            ],
        )?;
        word(node, "coordinate_transformation_mode", "asymmetric")?;
        word(node, "mode", "nearest")?;
        word(node, "nearest_mode", "floor")?;
        let src = self.map(&node.inputs[0])?;
        let Shape { channels, halvings } = self.draft.tensors[src];
        if halvings == POINT {
            return Err("of a map of one pixel".into());
        }
        let scales = match node.inputs[2].as_str() {
            "" => &[],
            name => self.floats(name)?.1,
        };
        let sizes = match node.inputs.get(3) {
            Some(sizes) => Some(self.sides(sizes)?),
            None => None,
        };
        let repeats = |doublings: u8| {
            let times = f32::from(1_u16 << doublings);
            let Some(halvings) = halvings.checked_sub(doublings) else {
                return false;
            };
            match (scales, &sizes) {
                (scales, None) => scales == [1.0, 1.0, times, times],
                ([], Some(sizes)) => {
                    *sizes
                        == [
                            Side::Number(1),
                            Side::Number(channels as i64),
                            Side::Height(halvings),
                            Side::Width(halvings),
                        ]
                }
                _ => false,
            }
        };
        match (1..=MAX_HALVINGS).find(|doublings| repeats(*doublings)) {
            Some(doublings) => Ok(Value::Upsampled {
                map: src,
                doublings,
            }),
            None => Err("it does not double both sides, once or several times".into()),
        }
    }

    fn concat(&mut self, node: &'a Node) -> Res<Value<'a>> {
        only(node, 1, 64, &["axis"])?;
        let axis = match node.attributes.get("axis") {
            Some(Attribute::Int(axis)) => *axis,
            _ => return Err("no axis".into()),
        };
        match (axis, self.value(&node.inputs[0])?) {
            (0, Value::Sides(_) | Value::Constant(_)) => self.concat_sides(node),
            (1, Value::Map(_) | Value::Upsampled { .. }) => self.concat_maps(node),
            (1, Value::Result { row: Some(row), .. }) => self.concat_rows(node, row),
            _ => Err(format!("along axis {axis} of these")),
        }
    }

    /// Makes the producers write into one tensor.
    fn concat_maps(&mut self, node: &'a Node) -> Res<Value<'a>> {
        let mut parts = vec![];
        for name in &node.inputs {
            if !self.read_once(name) {
                return Err(format!("{} is also read elsewhere", quoted(name)));
            }
            parts.push(match self.value(name)? {
                Value::Upsampled { map, doublings } => self.repeat(map, doublings)?,
                _ => self.map(name)?,
            });
        }
        let halvings = self.draft.tensors[parts[0]].halvings;
        let all = self.tensor(0, halvings);
        let mut channel = 0;
        for tensor in parts {
            let shape = self.draft.tensors[tensor];
            if shape.halvings != halvings {
                return Err("its sources differ in size".into());
            }
            let makers = self.draft.ops.iter_mut().filter(|op| op.dst == tensor);
            for op in makers {
                op.dst = all;
                op.dst_channel += channel;
            }
            channel += shape.channels;
        }
        self.draft.tensors[all].channels = channel;
        Ok(Value::Map(all))
    }

    fn finish(mut self) -> Res<Draft> {
        if self.graph.outputs.is_empty() {
            return Err("it has no output".into());
        }
        for name in &self.graph.outputs {
            let (parts, order, finish) = match self.value(name)? {
                Value::Map(tensor) => (vec![tensor], Order::ChannelsFirst, Finish::Nothing),
                Value::Result {
                    parts,
                    order,
                    finish,
                    ..
                } => (parts, order, finish),
                _ => return Err(format!("output {} is not a map", quoted(name))),
            };
            let tensors = &self.draft.tensors;
            let parts = parts
                .into_iter()
                .map(|tensor| Part {
                    tensor,
                    first: 0,
                    channels: tensors[tensor].channels,
                })
                .collect();
            self.draft.outputs.push(Output {
                name: name.clone(),
                parts,
                order,
                finish,
            });
        }
        fuse::merge_heads(&mut self.draft);
        // Tensors that became part of a concatenation or of a merged head stay behind unused.
        Ok(self.draft)
    }
}
