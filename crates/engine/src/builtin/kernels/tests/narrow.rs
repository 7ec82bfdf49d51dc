//! Narrow products: how far they may be off, and that their sums fit.

use super::*;

#[test]
fn narrow_convolutions_are_naive_loops_but_for_half_a_step_of_each_number() {
    let mut dice = Dice(12);
    for kernels in tested().into_iter().filter(|k| k.narrows(NARROW_FROM, 1)) {
        for _ in 0..if cfg!(miri) { 3 } else { 240 } {
            check_once(kernels, Kind::Pointwise, true, &mut dice);
            check_once(kernels, Kind::Dense, true, &mut dice);
        }
    }
}

/// One pixel of as many equal inputs as there are weights in a row; the first output.
fn narrow_pixel(kernels: &Kernels, input: f32, weights: &[f32]) -> f32 {
    let (l, inputs) = (kernels.lanes(), weights.len());
    let (blocks, outputs) = (inputs.div_ceil(l), 1);
    let narrowed = Narrowed::new((inputs, 1), outputs, weights, kernels);
    let mut arena = vec![input; (blocks + 1) * 3 * l];
    let row = Row {
        src: [0; WINDOW],
        src_block: [3 * l; WINDOW],
        dst: blocks * 3 * l,
        res: None,
    };
    let call = Call {
        rows: &[row],
        words: &narrowed.words,
        steps: &narrowed.steps,
        top: narrowed.top,
        bias: &vec![0.0; l],
        inputs,
        outputs,
        window: 1,
        stride: 1,
        width: 1,
        dst_step: 1,
        ..Call::default()
    };
    let mut scratch = vec![0; kernels.scratch(inputs, 1, 1)];
    kernels.narrow(&mut arena, &mut scratch, &call);
    arena[blocks * 3 * l + l]
}

#[test]
fn narrow_sums_do_not_overflow_however_large_the_numbers_are() {
    for kernels in tested().into_iter().filter(|k| k.narrows(NARROW_FROM, 1)) {
        for inputs in [1, 2, 15, 16, 17, 960, 16384]
            .into_iter()
            .filter(|n| !cfg!(miri) || *n < 100)
        {
            for (input, weight) in [(1.0, 1.0), (-3e8, 2e-7), (1e-9, -5e9), (1e30, 1e-30)] {
                let sum = f64::from(input) * f64::from(weight) * inputs as f64;
                let found = narrow_pixel(kernels, input, &vec![weight; inputs]);
                let off = (f64::from(found) / sum - 1.0).abs();
                assert!(off < 5e-3, "{}, {inputs}: {off}", kernels.name());
            }
            for nothing in [0.0, 1e-40] {
                assert_eq!(narrow_pixel(kernels, nothing, &vec![1.0; inputs]), 0.0);
                let found = narrow_pixel(kernels, 1.0, &vec![nothing; inputs]);
                assert!(found.abs() < 1e-30, "{found}");
            }
        }
    }
}
