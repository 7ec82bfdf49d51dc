//! Two rearrangements of a draft that make it faster and change no number: small heads share a
//! channel block, and operations that feed only each other become a chain.
//!
//! Invariant: nothing here is trusted; [`super::Plan::new`] checks what comes out.

use super::{Act, Draft, Kind, Op, Shape};

/// Heads wider than this fill channel blocks on their own.
const NARROW: usize = 32;

/// Joins 1x1 convolutions that read one tensor and end in outputs (directly, or through one
/// depthwise convolution each) into one, so that small heads share a channel block.
pub(super) fn merge_heads(draft: &mut Draft) {
    let mut sources: Vec<usize> = draft.ops.iter().map(|op| op.src).collect();
    sources.sort_unstable();
    sources.dedup();
    for src in sources {
        let heads: Vec<usize> = (0..draft.ops.len())
            .filter(|&i| {
                let op = &draft.ops[i];
                op.src == src
                    && op.kind == Kind::Pointwise
                    && op.outputs < NARROW
                    && is_plain(draft, op)
            })
            .collect();
        if heads.len() < 2 {
            continue;
        }
        let ends = |i: usize| {
            let t = draft.ops[i].dst;
            draft.is_output(t) && draft.readers(t) == 0
        };
        let next: Vec<usize> = heads
            .iter()
            .filter_map(|&i| sole_depthwise(draft, draft.ops[i].dst))
            .collect();
        let gone = if heads.iter().all(|&i| ends(i)) {
            join(draft, &heads);
            heads[..heads.len() - 1].to_vec()
        } else if next.len() == heads.len() && next.iter().all(|&i| ends(i)) {
            let joined = join(draft, &heads);
            join(draft, &next);
            let last = next.len() - 1;
            draft.ops[next[last]].src = joined;
            [&heads[..last], &next[..last]].concat()
        } else {
            continue;
        };
        let mut i = 0;
        draft.ops.retain(|_| {
            i += 1;
            !gone.contains(&(i - 1))
        });
    }
}

/// Alone in its tensor, nothing fused into it.
fn is_plain(draft: &Draft, op: &Op) -> bool {
    op.act == Act::Identity
        && op.res.is_none()
        && op.dst_channel == 0
        && draft.tensors[op.dst].channels == op.outputs
}

/// The depthwise convolution that is the only reader of this tensor, which is no output.
fn sole_depthwise(draft: &Draft, tensor: usize) -> Option<usize> {
    let at = draft.ops.iter().position(|op| op.src == tensor)?;
    let op = &draft.ops[at];
    (draft.readers(tensor) == 1
        && !draft.is_output(tensor)
        && matches!(op.kind, Kind::Depthwise { side: 3, stride: 1 })
        && is_plain(draft, op))
    .then_some(at)
}

/// Puts the channels of these operations behind one another into a new tensor, made by one
/// operation in the place of the last. Outputs follow. Returns the new tensor.
fn join(draft: &mut Draft, list: &[usize]) -> usize {
    let dst = draft.tensors.len();
    let last = list[list.len() - 1];
    let mut whole = Op {
        dst,
        outputs: 0,
        weights: vec![],
        bias: vec![],
        ..draft.ops[last].clone()
    };
    for &i in list {
        let op = &draft.ops[i];
        let parts = draft.outputs.iter_mut().flat_map(|o| &mut o.parts);
        for part in parts.filter(|p| p.tensor == op.dst) {
            (part.tensor, part.first) = (dst, whole.outputs);
        }
        whole.weights.extend(&op.weights);
        whole.bias.extend(&op.bias);
        whole.outputs += op.outputs;
    }
    draft.tensors.push(Shape {
        channels: whole.outputs,
        halvings: draft.tensors[draft.ops[last].dst].halvings,
    });
    draft.ops[last] = whole;
    dst
}

/// Groups operations whose output is read once, by the next, and is seen by nobody else.
pub(super) fn chains(draft: &Draft, fuse: bool) -> Vec<Vec<usize>> {
    let ops = &draft.ops;
    let next = |i: usize| -> Option<usize> {
        let t = ops[i].dst;
        let j = ops.iter().position(|op| op.src == t)?;
        let sole = draft.readers(t) == 1 && ops.iter().filter(|op| op.dst == t).count() == 1;
        let streams = ops[i].kind.streams() && ops[j].kind.streams();
        (fuse && sole && streams && !draft.is_output(t)).then_some(j)
    };
    let next: Vec<Option<usize>> = (0..ops.len()).map(next).collect();
    let mut starts = vec![true; ops.len()];
    for &j in next.iter().flatten() {
        starts[j] = false;
    }
    let mut all: Vec<Vec<usize>> = (0..ops.len())
        .filter(|&i| starts[i])
        .map(|i| std::iter::successors(Some(i), |&i| next[i]).collect())
        .collect();
    // In the order of their last operations: all that a chain reads was made by chains that end
    // earlier.
    all.sort_by_key(|chain: &Vec<usize>| chain[chain.len() - 1]);
    all
}
