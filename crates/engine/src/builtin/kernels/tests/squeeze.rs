//! Means, gates and what they repeat or add.

use super::*;

fn most() -> usize {
    if cfg!(miri) { 2 } else { 60 }
}

#[test]
fn means_are_what_naive_loops_compute() {
    let mut dice = Dice(5);
    for kernels in tested() {
        let l = kernels.lanes();
        for _ in 0..most() {
            let (channels, width, rows) =
                (1 + dice.below(50), 1 + dice.below(30), 1 + dice.below(5));
            let mut arena = Arena {
                floats: vec![],
                lanes: l,
            };
            let src = arena.tensor(channels, rows, width);
            arena.fill(src, channels, width, &mut dice);
            let dst = arena.tensor(channels, 1, 1);
            arena.floats.extend([GUARD; 7]);
            let before = arena.floats.clone();
            let list: Vec<Row> = (0..rows)
                .map(|r| Row {
                    src: [src.offset + r * src.pitch; WINDOW],
                    src_block: [src.block; WINDOW],
                    dst: if r == 0 { dst.offset } else { 0 },
                    res: None,
                })
                .collect();
            let call = Call {
                rows: &list,
                inputs: channels,
                outputs: channels,
                width,
                dst_block: dst.block,
                ..Call::default()
            };
            kernels.mean(&mut arena.floats, &call);
            let mut expected = before.clone();
            for c in 0..channels.next_multiple_of(l) {
                let at = dst.at(c, 0, 0);
                let pixels = (0..rows * width).map(|i| before[src.at(c, i / width, i % width)]);
                let mean = pixels.map(f64::from).sum::<f64>() / (rows * width) as f64;
                if c < channels {
                    let off = f64::from(arena.floats[at]) - mean;
                    assert!(off.abs() < 1e-5, "{} channel {c}: {off:e}", kernels.name());
                }
                expected[at] = arena.floats[at];
            }
            assert!(
                arena.floats == expected,
                "{} wrote elsewhere",
                kernels.name()
            );
        }
    }
}

/// Every way to gate: with and without a factor, repeated, with a residual, between the channels of
/// others.
#[test]
fn gates_are_what_naive_loops_compute_and_touch_no_other_channel() {
    let mut dice = Dice(6);
    for kernels in tested() {
        let l = kernels.lanes();
        for _ in 0..4 * most() {
            let residual = dice.below(2) == 0;
            let repeat = if residual { 0 } else { dice.below(4) };
            let gated = dice.below(3) > 0;
            // In front of others that start at a multiple of eight, or the last.
            let whole = dice.below(2) == 0;
            let channels = match whole {
                true => 8 * (1 + dice.below(6)),
                false => 1 + dice.below(50),
            };
            let first = 8 * dice.below(5);
            let (width, rows) = ((1 + dice.below(12)) << repeat, 2);
            let mut arena = Arena {
                floats: vec![],
                lanes: l,
            };
            let src = arena.tensor(channels, rows, width >> repeat);
            arena.fill(src, channels, width >> repeat, &mut dice);
            let by = arena.tensor(channels, 1, 1);
            arena.fill(by, channels, 1, &mut dice);
            let res = arena.tensor(channels, rows, width.div_ceil(2));
            arena.fill(res, channels, width.div_ceil(2), &mut dice);
            let dst = arena.tensor(first + channels + 16, rows, width);
            let end = arena.floats.len();
            arena.floats[dst.offset..end].fill(GUARD);
            let before = arena.floats.clone();
            let list: Vec<Row> = (0..rows)
                .map(|r| {
                    let mut row = Row {
                        src: [src.offset + r * src.pitch; WINDOW],
                        src_block: [src.block; WINDOW],
                        dst: dst.offset + first / l * dst.block + r * dst.pitch,
                        res: residual.then_some(res.offset + r * res.pitch),
                    };
                    (row.src[1], row.src_block[1]) = (by.offset, by.block);
                    row
                })
                .collect();
            let call = Call {
                rows: &list,
                inputs: channels,
                outputs: channels,
                width,
                first: first % l,
                repeat,
                gated,
                dst_block: dst.block,
                res_block: res.block,
                ..Call::default()
            };
            kernels.gate(&mut arena.floats, &call);
            let mut expected = before.clone();
            // Unused lanes behind the last channel may hold anything, up to a whole unit of eight.
            let own = channels.next_multiple_of(if whole { 8 } else { l.max(8) });
            for c in 0..own {
                for y in 0..rows {
                    for x in 0..width {
                        let at = dst.at(first + c, y, x);
                        if c < channels {
                            let by = if gated { before[by.at(c, 0, 0)] } else { 1.0 };
                            let up = before[src.at(c, y, x >> repeat)];
                            let added = match residual {
                                true => before[res.at(c, y, x / 2)],
                                false => 0.0,
                            };
                            let off = (arena.floats[at] - (up * by + added)).abs();
                            assert!(off < 1e-6, "{} ({c}, {y}, {x}): {off:e}", kernels.name());
                        }
                        expected[at] = arena.floats[at];
                    }
                }
            }
            assert!(
                arena.floats == expected,
                "{}, {channels} channels from {first}: wrote elsewhere",
                kernels.name()
            );
        }
    }
}

#[test]
fn a_mean_that_does_not_fit_panics_instead_of_reading_outside() {
    for kernels in tested() {
        let l = kernels.lanes();
        let right = Row {
            src: [0; WINDOW],
            src_block: [0; WINDOW],
            dst: 6 * l,
            res: None,
        };
        let fits = |row: Row, width: usize, floats: usize| {
            let rows = [right, row];
            let call = Call {
                rows: &rows,
                inputs: l,
                outputs: l,
                width,
                ..Call::default()
            };
            let mut arena = vec![0.0; floats];
            let run = || kernels.mean(&mut arena, &call);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_ok()
        };
        assert!(fits(right, 5, 8 * l));
        assert!(!fits(right, 5, 8 * l - 1), "the target");
        for width in [0, 8, usize::MAX] {
            assert!(!fits(right, width, 8 * l), "width {width}");
        }
        for offset in [3 * l, usize::MAX] {
            let src = [offset; WINDOW];
            assert!(!fits(Row { src, ..right }, 5, 8 * l), "source {offset}");
        }
    }
}
