//! Whole files that are not what the plan does: each is refused, and the message says where.

use super::write::{File, ints, text};
use super::*;
use crate::builtin::onnx::{Attribute, Numbers};

/// A right network of one convolution, for what is changed in it.
fn plain() -> (File, Vec<(&'static str, Attribute)>) {
    let mut file = File::default();
    file.floats("w", &[4, 3, 3, 3], vec![0.5; 108]);
    file.floats("b", &[4], vec![0.0; 4]);
    file.floats("w1", &[4, 4, 1, 1], vec![0.5; 16]);
    file.floats("up", &[4], vec![1.0, 1.0, 2.0, 2.0]);
    let attributes = vec![("pads", ints(&[1, 1, 1, 1])), ("strides", ints(&[2, 2]))];
    (file, attributes)
}

fn refusal(file: &File) -> String {
    let refused = packed(&file.bytes(), true, kernels::best()).err();
    refused.expect("the model should have been refused")
}

#[test]
fn a_convolution_that_the_plan_does_not_do_is_refused_by_name() {
    let changes: Vec<(&str, Attribute)> = vec![
        ("pads", ints(&[0, 0, 1, 1])),
        ("pads", ints(&[0, 0, 0, 0])),
        ("pads", ints(&[1, 1])),
        ("pads", Attribute::Int(1)),
        ("strides", ints(&[2, 1])),
        ("strides", ints(&[1, 1])),
        ("strides", ints(&[-2, -2])),
        ("dilations", ints(&[2, 2])),
        ("group", Attribute::Int(3)),
        ("group", ints(&[1])),
        ("kernel_shape", ints(&[5, 5])),
        ("auto_pad", text("SAME_UPPER")),
        ("surprise", Attribute::Int(0)),
        ("body", Attribute::Other),
    ];
    for change in changes {
        let (mut file, mut attributes) = plain();
        attributes.retain(|a| a.0 != change.0);
        attributes.push(change.clone());
        file.node("Conv", &["picture", "w", "b"], "x", &attributes);
        file.output("x");
        let why = refusal(&file);
        assert!(
            why.starts_with("operator `Conv` at `the x`"),
            "{change:?}: {why}"
        );
    }
}

#[test]
fn a_model_that_is_not_what_the_plan_assumes_is_refused_by_name() {
    // What follows a right first layer `x`, and a word of the message.
    type Rest = fn(&mut File);
    let rests: Vec<(Rest, &str)> = vec![
        (|f| f.node("Tanh", &["x"], "y", &[]), "`Tanh`"),
        (|f| f.node("Clip", &["x"], "y", &[]), "`Clip`"),
        (|f| f.node("Relu", &["gone"], "y", &[]), "`gone`"),
        (|f| f.node("Relu", &[], "y", &[]), "`Relu`"),
        (|f| f.node("Relu", &["picture"], "y", &[]), "`Relu`"),
        (|f| f.node("Conv", &["x"], "y", &[]), "`Conv`"),
        (|f| f.node("Conv", &["x", "b"], "y", &[]), "`Conv`"),
        (|f| f.node("Conv", &["x", "w1", "w1"], "y", &[]), "`Conv`"),
        (
            |f| f.node("Conv", &["picture", "w1", "b"], "y", &[]),
            "first layer",
        ),
        (
            |f| {
                f.node("Relu", &["x"], "r", &[]);
                f.node("Conv", &["x", "w1"], "y", &[]);
            },
            "`Relu`",
        ),
        (
            |f| {
                f.node(
                    "LeakyRelu",
                    &["x"],
                    "y",
                    &[("alpha", Attribute::Float(1.5))],
                )
            },
            "alpha",
        ),
        (|f| f.node("Add", &["x", "x"], "y", &[]), "`Add`"),
        (|f| f.node("Add", &["x", "b"], "y", &[]), "`Add`"),
        (
            |f| f.node("MaxPool", &["x"], "y", &[("kernel_shape", ints(&[3, 3]))]),
            "`MaxPool`",
        ),
        (
            |f| {
                let attributes = [
                    ("kernel_shape", ints(&[2, 2])),
                    ("strides", ints(&[2, 2])),
                    ("ceil_mode", Attribute::Int(1)),
                ];
                f.node("MaxPool", &["x"], "y", &attributes);
            },
            "ceil_mode",
        ),
        (
            |f| {
                let attributes = [
                    ("coordinate_transformation_mode", text("half_pixel")),
                    ("mode", text("nearest")),
                    ("nearest_mode", text("floor")),
                ];
                f.node("Resize", &["x", "", "up"], "y", &attributes);
            },
            "`Resize`",
        ),
        (
            |f| {
                let attributes = [
                    ("coordinate_transformation_mode", text("asymmetric")),
                    ("mode", text("linear")),
                    ("nearest_mode", text("floor")),
                ];
                f.node("Resize", &["x", "", "up"], "y", &attributes);
            },
            "mode",
        ),
        (
            |f| {
                let attributes = [
                    ("coordinate_transformation_mode", text("asymmetric")),
                    ("mode", text("nearest")),
                    ("nearest_mode", text("floor")),
                ];
                f.node("Resize", &["x", "", "b"], "y", &attributes);
            },
            "double",
        ),
        (
            |f| f.node("Transpose", &["x"], "y", &[("perm", ints(&[0, 1, 3, 2]))]),
            "`Transpose`",
        ),
        (|f| f.node("Softmax", &["x"], "y", &[]), "`Softmax`"),
        (
            |f| {
                f.node("Conv", &["x", "w1"], "a", &[]);
                f.node("Conv", &["x", "w1"], "c", &[]);
                f.node("Concat", &["a", "c"], "y", &[("axis", Attribute::Int(1))]);
            },
            "multiple of 16",
        ),
        (
            |f| {
                f.node("Conv", &["x", "w1"], "a", &[]);
                f.node("Concat", &["a", "a"], "y", &[("axis", Attribute::Int(1))]);
            },
            "`Concat`",
        ),
        (|f| f.node("Shape", &["x"], "y", &[]), "output"),
        (|f| f.node("Relu", &["x"], "x", &[]), "twice"),
    ];
    for (i, (rest, word)) in rests.iter().enumerate() {
        let (mut file, attributes) = plain();
        file.node("Conv", &["picture", "w", "b"], "x", &attributes);
        rest(&mut file);
        file.output("y");
        let why = refusal(&file);
        assert!(why.contains(word), "{i}: {why}");
    }
}

#[test]
fn a_model_with_another_input_or_version_is_refused() {
    let right = || {
        let (mut file, attributes) = plain();
        file.node("Conv", &["picture", "w", "b"], "x", &attributes);
        file.output("x");
        file
    };
    assert!(packed(&right().bytes(), true, kernels::best()).is_ok());
    for sides in [
        vec![],
        vec![Some(1), Some(3)],
        vec![Some(1), Some(1), None, None],
        vec![Some(2), Some(3), None, None],
        vec![Some(1), Some(3), Some(640), Some(640)],
    ] {
        let file = File { sides, ..right() };
        assert!(refusal(&file).contains("`picture`"));
    }
    for opset in [0, 8, 13, -1] {
        let file = File { opset, ..right() };
        assert!(refusal(&file).contains("operator set"));
    }
}

#[test]
fn a_message_never_carries_control_characters_of_the_file() {
    let mut file = plain().0;
    file.node("\u{1b}[31mConv\n", &["picture"], "x", &[]);
    file.output("x");
    let why = refusal(&file);
    assert!(!why.contains(char::is_control), "{why:?}");
}

#[test]
fn many_nodes_that_share_one_constant_do_not_multiply_memory() {
    let (mut file, attributes) = plain();
    file.node("Conv", &["picture", "w", "b"], "x0", &attributes);
    file.floats("wide", &[4096, 4, 1, 1], vec![0.0; 4096 * 4]);
    file.floats("square", &[4096, 4096, 1, 1], vec![]);
    file.node("Conv", &["x0", "wide"], "x1", &[]);
    file.output("x1");
    assert!(refusal(&file).contains("holds 0 numbers"));

    let (mut file, attributes) = plain();
    file.node("Conv", &["picture", "w", "b"], "x", &attributes);
    file.constant(
        "one",
        &[1 << 14, 4, 1, 1],
        Numbers::Floats(vec![0.0; 1 << 16]),
    );
    for i in 0..1100 {
        file.node("Conv", &["x", "one"], &format!("y{i}"), &[]);
    }
    file.output("x");
    assert!(refusal(&file).contains("above"));
}

#[test]
fn halves_are_read_by_one_cast_to_floats_and_by_nothing_else() {
    let with = |casts: &[i64], read: &str| {
        let mut file = File::default();
        let halves = (0..108).map(|i| (i as f32 - 53.5) / 64.0).collect();
        file.constant("h", &[4, 3, 3, 3], Numbers::Halves(halves));
        file.floats("b", &[4], vec![0.0; 4]);
        for (i, to) in casts.iter().enumerate() {
            file.node(
                "Cast",
                &["h"],
                &format!("w{i}"),
                &[("to", Attribute::Int(*to))],
            );
        }
        let attributes = plain().1;
        file.node("Conv", &["picture", read, "b"], "x", &attributes);
        file.output("x");
        file
    };
    let whole = with(&[1], "w0");
    assert!(packed(&whole.bytes(), true, kernels::best()).is_ok());
    for (casts, read) in [(&[][..], "h"), (&[1, 1], "w1"), (&[7], "w0"), (&[11], "w0")] {
        refusal(&with(casts, read));
    }
}
