//! Drafts that do not fit together are refused, whoever made them.

use super::*;

/// A first layer of four channels, a 1x1 convolution behind it, an output.
fn right() -> Draft {
    let op = |kind, src, dst, weights: usize| Op {
        kind,
        src,
        res: None,
        by: None,
        dst,
        dst_channel: 0,
        outputs: 4,
        act: Act::Identity,
        weights: vec![0.5; weights],
        bias: vec![0.0; 4],
    };
    let shape = |channels, halvings| Shape { channels, halvings };
    Draft {
        tensors: vec![shape(3, 0), shape(4, 1), shape(4, 1)],
        ops: vec![op(Kind::First, 0, 1, 108), op(Kind::Pointwise, 1, 2, 16)],
        outputs: vec![Output {
            name: "out".into(),
            parts: vec![Part {
                tensor: 2,
                first: 0,
                channels: 4,
            }],
            order: Order::ChannelsFirst,
            finish: Finish::Nothing,
        }],
    }
}

#[test]
fn a_draft_that_fits_becomes_a_plan_of_one_chain() {
    let plan = Plan::new(right(), true).unwrap();
    assert_eq!(plan.chains(), [vec![0, 1]]);
    assert_eq!(plan.inputs(1), 4);
    let plan = Plan::new(right(), false).unwrap();
    assert_eq!(plan.chains(), [vec![0], vec![1]]);
}

#[test]
fn a_draft_that_does_not_fit_is_refused() {
    let wrong: Vec<fn(&mut Draft)> = vec![
        |d| d.tensors.clear(),
        |d| d.tensors[0].channels = 1,
        |d| d.tensors[1].channels = 0,
        |d| d.tensors[1].channels = usize::MAX,
        |d| d.tensors[1].halvings = 6,
        |d| d.tensors[2].halvings = 2,
        |d| d.tensors[2].channels = 5,
        |d| d.ops[0].src = 1,
        |d| d.ops[0].dst = 0,
        |d| d.ops[0].dst = 3,
        |d| d.ops[1].src = 0,
        |d| d.ops[1].src = 2,
        |d| d.ops[1].src = 99,
        |d| d.ops[1].dst = 1,
        |d| d.ops[1].dst_channel = 16,
        |d| d.ops[1].dst_channel = usize::MAX,
        |d| d.ops[1].outputs = 0,
        |d| d.ops[1].outputs = 3,
        |d| d.ops[1].weights.clear(),
        |d| d.ops[1].weights.push(0.0),
        |d| d.ops[1].bias.push(0.0),
        |d| d.ops[1].res = Some(0),
        |d| d.ops[1].res = Some(2),
        |d| d.ops[1].res = Some(77),
        |d| d.ops[0].res = Some(1),
        |d| d.ops[1].act = Act::Leaky(1.5),
        |d| d.ops[1].act = Act::Leaky(f32::NAN),
        |d| d.ops[1].kind = Kind::Dense,
        |d| d.ops[1].kind = Kind::Deconv,
        |d| d.ops[1].kind = Kind::AddUp,
        |d| d.ops[1].kind = Kind::MaxPool,
        |d| d.ops[1].kind = Kind::Depthwise { side: 3, stride: 1 },
        |d| d.ops[1].kind = Kind::Depthwise { side: 3, stride: 3 },
        |d| d.ops[1].kind = Kind::Depthwise { side: 4, stride: 1 },
        |d| d.ops[1].kind = Kind::Depthwise { side: 5, stride: 1 },
        |d| d.ops[1].kind = Kind::Mean,
        |d| d.ops[1].kind = Kind::Gate { doublings: 0 },
        |d| d.ops[1].kind = Kind::GateAddUp,
        |d| d.ops[1].kind = Kind::First,
        |d| d.ops[1].by = Some(1),
        |d| d.ops[1].act = Act::Clip(1.0, 0.0),
        |d| d.ops[1].act = Act::Clip(0.0, f32::NAN),
        |d| d.tensors[2].halvings = POINT,
        |d| d.ops.swap(0, 1),
        |d| d.ops.truncate(1),
        |d| d.outputs[0].parts.clear(),
        |d| d.outputs[0].parts[0].tensor = 0,
        |d| d.outputs[0].parts[0].tensor = 9,
        |d| d.outputs[0].parts[0].channels = 5,
        |d| d.outputs[0].parts[0].channels = 0,
        |d| d.outputs[0].parts[0].first = usize::MAX,
        |d| d.outputs[0].finish = Finish::Softmax(2),
        |d| {
            d.outputs[0].order = Order::ChannelsLast;
            d.outputs[0].finish = Finish::Softmax(3);
        },
        |d| {
            let twice = d.ops[1].clone();
            d.ops.push(twice);
        },
    ];
    for (i, change) in wrong.iter().enumerate() {
        let mut draft = right();
        change(&mut draft);
        assert!(Plan::new(draft, true).is_err(), "change {i} was accepted");
    }
}

#[test]
fn a_residual_is_taken_where_it_fits() {
    let mut draft = right();
    draft.ops[1].res = Some(1);
    let plan = Plan::new(draft, true).unwrap();
    // Its source is read twice and must be whole.
    assert_eq!(plan.chains(), [vec![0], vec![1]]);
}
