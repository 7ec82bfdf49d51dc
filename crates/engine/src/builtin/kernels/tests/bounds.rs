//! Calls that do not fit the arena, the weights or the scratch.

use super::*;

/// A right call of every kernel on an arena that just fits, then with one float less.
#[test]
fn a_call_that_does_not_fit_panics_instead_of_reading_outside() {
    type Kernel = fn(&Kernels, &mut [f32], &Call<'_>);
    let all: [(&str, Kernel, bool); 10] = [
        ("gemm", |k, a, c| k.gemm(a, c), false),
        ("first", |k, a, c| k.first(a, c), false),
        ("depthwise", |k, a, c| k.depthwise(a, c), false),
        ("maxpool", |k, a, c| k.maxpool(a, c), false),
        ("add_up", |k, a, c| k.add_up(a, c), true),
        (
            "depthwise",
            |k, a, c| k.depthwise(a, &Call { window: 5, ..*c }),
            false,
        ),
        (
            "gate",
            |k, a, c| k.gate(a, &Call { gated: true, ..*c }),
            true,
        ),
        (
            "gate",
            |k, a, c| k.gate(a, &Call { repeat: 2, ..*c }),
            false,
        ),
        (
            "narrow",
            |k, a, c| {
                let mut scratch = vec![0; k.scratch(c.inputs.min(1 << 20), 1, 1)];
                k.narrow(a, &mut scratch, &Call { window: 1, ..*c });
            },
            false,
        ),
        (
            "narrow",
            |k, a, c| {
                let mut scratch = vec![0; k.scratch(c.inputs.min(1 << 20), 3, c.width.min(64))];
                k.narrow(a, &mut scratch, &Call { window: 3, ..*c });
            },
            false,
        ),
    ];
    for kernels in tested() {
        let l = kernels.lanes();
        let room = 12 * l;
        for (name, kernel, residual) in all {
            if name == "narrow" && !kernels.narrows(NARROW_FROM, 1) {
                continue;
            }
            let weights = vec![0.5; 25 * l * l];
            let bias = vec![0.0; l];
            let right = Row {
                src: [0; WINDOW],
                src_block: [0; WINDOW],
                dst: room,
                res: residual.then_some(room),
            };
            let call = Call {
                rows: &[right],
                weights: &weights,
                words: &vec![1; 9 * l * l],
                steps: &bias,
                top: 1.0,
                bias: &bias,
                act: Act::Identity,
                inputs: l,
                outputs: l,
                window: 3,
                stride: 2,
                width: 5,
                ..Call {
                    dst_step: 1,
                    ..Call::default()
                }
            };
            let fits = |call: &Call<'_>, floats: usize| {
                let mut arena = vec![0.0; floats];
                let run = || kernel(kernels, &mut arena, call);
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_ok()
            };
            // The output is the last thing in the arena, and ends with its fifth pixel.
            let floats = room + 6 * l;
            assert!(fits(&call, floats), "{name}, {}", kernels.name());
            assert!(!fits(&call, floats - 1), "{name} writes too far");
            let far = |row: Row| {
                fits(
                    &Call {
                        rows: &[right, row],
                        ..call
                    },
                    floats,
                )
            };
            let outside = [usize::MAX, usize::MAX / 2, floats - 2];
            for offset in outside {
                assert!(
                    !far(Row {
                        dst: offset,
                        ..right
                    }),
                    "{name}: dst {offset}"
                );
                assert!(
                    !far(Row {
                        src: [offset; WINDOW],
                        ..right
                    }),
                    "{name}: src {offset}"
                );
                if residual {
                    assert!(
                        !far(Row {
                            res: Some(offset),
                            ..right
                        }),
                        "{name}: res"
                    );
                }
            }
            for wrong in [
                Call { width: 0, ..call },
                Call { width: 500, ..call },
                Call {
                    width: usize::MAX,
                    ..call
                },
                Call {
                    inputs: 0,
                    outputs: 0,
                    ..call
                },
                Call {
                    outputs: usize::MAX,
                    inputs: usize::MAX,
                    dst_block: 1,
                    ..call
                },
            ] {
                assert!(!fits(&wrong, floats), "{name}: {wrong:?}");
            }
            if matches!(name, "gemm" | "first" | "depthwise") {
                let none = Call {
                    weights: &[],
                    ..call
                };
                assert!(!fits(&none, floats), "{name} without weights");
                let none = Call {
                    bias: &bias[1..],
                    ..call
                };
                assert!(!fits(&none, floats), "{name} with too little bias");
            }
            if name == "narrow" {
                for none in [
                    Call { words: &[], ..call },
                    Call { steps: &[], ..call },
                    Call { bias: &[], ..call },
                ] {
                    assert!(!fits(&none, floats), "{none:?}");
                }
                let mut arena = vec![0.0; floats];
                for window in [1, 3] {
                    let mut short = vec![0; kernels.scratch(l, window, call.width) - 1];
                    let run = || kernels.narrow(&mut arena, &mut short, &Call { window, ..call });
                    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
                }
            }
        }
    }
}
