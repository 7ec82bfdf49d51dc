//! The cosine transform of a block, there and back, and back at a half, a quarter or an eighth of
//! the size (T.81, A.3.3).
//!
//! Written as sums of rows without a branch, which the compiler turns into vectors: leaving out
//! rows of zeros, which most are, took longer.
//!
//! Invariant: samples come out as the exact transform rounded, clamped to 0..=255.

use super::coefficients::{Block, QuantTable, ZIGZAG, bits};
use multiversion::multiversion;
use std::f32::consts::FRAC_1_SQRT_2;

/// cos(n pi / 16).
const COSINES: [f32; 9] = [
    1.0,
    0.980_785_25,
    0.923_879_5,
    0.831_469_6,
    FRAC_1_SQRT_2,
    0.555_570_25,
    0.382_683_43,
    0.195_090_32,
    0.0,
];

/// Row `u`: the wave of frequency `u` at the middles of `N` samples, with the factor of T.81 A.3.3
/// in it. For fewer samples than eight the factor is the same: what the mean is must stay.
const fn waves<const N: usize>() -> [[f32; N]; N] {
    let mut out = [[0.0; N]; N];
    let mut u = 0;
    while u < N {
        let mut x = 0;
        while x < N {
            // (2x + 1) u pi / 2N, as a multiple of pi / 16 in one turn.
            let angle = (2 * x + 1) * u * (8 / N) % 32;
            let cosine = match angle {
                0..=8 => COSINES[angle],
                9..=16 => -COSINES[16 - angle],
                17..=24 => -COSINES[angle - 16],
                _ => COSINES[32 - angle],
            };
            out[u][x] = cosine * if u == 0 { FRAC_1_SQRT_2 } else { 1.0 } * 0.5;
            x += 1;
        }
        u += 1;
    }
    out
}

struct Waves<const N: usize>;

impl<const N: usize> Waves<N> {
    const TABLE: [[f32; N]; N] = waves::<N>();
}

/// The waves of a whole block, an orthonormal basis.
pub(super) const WAVES: [[f32; 8]; 8] = waves::<8>();

/// Row `x`: all waves at the middle of sample `x`.
const TURNED: [[f32; 8]; 8] = {
    let mut out = [[0.0; 8]; 8];
    let mut i = 0;
    while i < 64 {
        out[i / 8][i % 8] = WAVES[i % 8][i / 8];
        i += 1;
    }
    out
};

/// A quantisation table made ready for [`inverse`] and [`forward`], in file order.
#[derive(Clone, Debug)]
pub(super) struct Steps([f32; 64]);

impl Steps {
    pub(super) fn new(table: &QuantTable) -> Self {
        Self(ZIGZAG.map(|place| table[usize::from(place)].into()))
    }
}

/// Which coefficients, in file order, lie within the lowest `N` frequencies in both directions.
const fn lowest(n: usize) -> u64 {
    let mut map = 0;
    let mut i = 0;
    while i < 64 {
        let place = ZIGZAG[i] as usize;
        if place / 8 < n && place % 8 < n {
            map |= 1 << i;
        }
        i += 1;
    }
    map
}

/// Writes a block's samples, `N` by `N` of them, at the front of `out`, whose rows are `stride`
/// apart. `N` is 8, 4 or 2, and `H` half of it.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn inverse<const N: usize, const H: usize>(
    block: &Block,
    map: u64,
    steps: &Steps,
    out: &mut [u8],
    stride: usize,
) {
    let map = map & const { lowest(N) };
    if map == 0 {
        let value = mean(block, steps);
        for row in out.chunks_mut(stride).take(N) {
            row[..N].fill(value);
        }
        return;
    }
    let mut values = [[0.0; N]; N];
    values[0][0] = f32::from(block[0]) * steps.0[0];
    for at in bits(map) {
        let place = usize::from(ZIGZAG[at]);
        let (v, u) = (place / 8 % N, place % N);
        values[v][u] = f32::from(block[at]) * steps.0[at];
    }
    // Waves of even frequency are the same seen from either end, those of odd frequency change
    // their sign: half of the work gives both halves.
    let waves = &Waves::<N>::TABLE;
    let mut sums = [[[0.0; N]; H]; 2];
    for (v, (values, wave)) in values.iter().zip(waves).enumerate() {
        for (sums, wave) in sums[v % 2].iter_mut().zip(wave) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += wave * value;
            }
        }
    }
    let [even, odd] = sums;
    for (y, (even, odd)) in even.iter().zip(&odd).enumerate() {
        let mut upper = [0.0; N];
        let mut lower = [0.0; N];
        for u in 0..N {
            upper[u] = even[u] + odd[u];
            lower[u] = even[u] - odd[u];
        }
        across::<N, H>(&upper, &mut out[y * stride..]);
        across::<N, H>(&lower, &mut out[(N - 1 - y) * stride..]);
    }
}

/// A row of samples at the front of `out`.
#[inline(always)]
fn across<const N: usize, const H: usize>(values: &[f32; N], out: &mut [u8]) {
    let mut sums = [[0.0; H]; 2];
    for (u, (value, wave)) in values.iter().zip(&Waves::<N>::TABLE).enumerate() {
        for (sum, wave) in sums[u % 2].iter_mut().zip(wave) {
            *sum += wave * value;
        }
    }
    let [even, odd] = sums;
    let mut line = [0.0; N];
    for x in 0..H {
        line[x] = even[x] + odd[x];
        line[N - 1 - x] = even[x] - odd[x];
    }
    for (to, value) in out[..N].iter_mut().zip(line) {
        *to = sample(value);
    }
}

/// A block's mean as a sample: its picture at an eighth of the size.
pub(super) fn mean(block: &Block, steps: &Steps) -> u8 {
    sample(f32::from(block[0]) * steps.0[0] / 8.0)
}

/// The nearest sample to a value around zero.
#[inline(always)]
fn sample(value: f32) -> u8 {
    // Where a float's last bit is worth one, its lower bits are a whole number: cheaper for vectors
    // than a cast, which must look out for values that no integer holds.
    const ONES: f32 = (1 << 23) as f32;
    ((value + 128.0).clamp(0.0, 255.0) + ONES).to_bits() as u8
}

/// The nearest whole number within `least..=1023`. A step of 0, which makes no sense, gives no
/// number or infinity: both become 0.
#[inline(always)]
fn level(value: f32, least: f32) -> i16 {
    // As in `sample`, with room for a sign.
    const ONES: f32 = (3 << 22) as f32;
    let value = if value.is_finite() { value } else { 0.0 };
    (value.clamp(least, 1023.0) + ONES).to_bits() as i16
}

/// The coefficients of 8x8 samples at the front of `from`, whose rows are `stride` apart.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn forward(from: &[u8], stride: usize, steps: &Steps) -> Block {
    let mut half = [[0.0f32; 8]; 8];
    for (row, to) in from.chunks(stride).zip(&mut half) {
        for (&value, waves) in row[..8].iter().zip(&TURNED) {
            let value = f32::from(value) - 128.0;
            for (to, wave) in to.iter_mut().zip(waves) {
                *to += value * wave;
            }
        }
    }
    let mut values = [[0.0f32; 8]; 8];
    for (to, waves) in values.iter_mut().zip(&Waves::<8>::TABLE) {
        for (half, wave) in half.iter().zip(waves) {
            for (to, half) in to.iter_mut().zip(half) {
                *to += half * wave;
            }
        }
    }
    let ordered = ZIGZAG.map(|place| values[usize::from(place) / 8][usize::from(place) % 8]);
    let mut block = [0; 64];
    for ((to, value), step) in block.iter_mut().zip(&ordered).zip(&steps.0) {
        *to = level(value / step, -1023.0);
    }
    // What a baseline file may hold (T.81, table F.1 and F.2).
    block[0] = level(ordered[0] / steps.0[0], -1024.0);
    block
}

#[cfg(test)]
mod tests {
    use super::super::coefficients::map;
    use super::*;
    use proptest::prelude::*;

    /// The transform as the standard writes it.
    fn by_the_book(block: &Block, table: &QuantTable) -> [f64; 64] {
        let mut out = [0.0; 64];
        for (at, &place) in ZIGZAG.iter().enumerate() {
            let (v, u) = (usize::from(place) / 8, usize::from(place) % 8);
            let c = |w: usize| if w == 0 { 0.5f64.sqrt() } else { 1.0 };
            let value = f64::from(block[at]) * f64::from(table[usize::from(place)]) / 4.0;
            for (i, sum) in out.iter_mut().enumerate() {
                let cos = |x: usize, w: usize| {
                    ((2 * x + 1) as f64 * w as f64 * std::f64::consts::PI / 16.0).cos()
                };
                *sum += c(u) * c(v) * value * cos(i % 8, u) * cos(i / 8, v);
            }
        }
        out.map(|v| v + 128.0)
    }

    fn blocks() -> impl Strategy<Value = Block> {
        let few = proptest::collection::vec((0usize..64, -60i16..60), 0..20);
        (few, -300i16..300).prop_map(|(few, first)| {
            let mut block = [0; 64];
            few.into_iter().for_each(|(at, value)| block[at] = value);
            block[0] = first;
            block
        })
    }

    fn table() -> QuantTable {
        std::array::from_fn(|i| 2 + (i / 8 + i % 8) as u16)
    }

    fn samples<const N: usize>(block: &Block) -> Vec<u8> {
        let mut out = vec![0; N * N];
        let steps = Steps::new(&table());
        match N {
            8 => inverse::<8, 4>(block, map(block), &steps, &mut out, N),
            4 => inverse::<4, 2>(block, map(block), &steps, &mut out, N),
            2 => inverse::<2, 1>(block, map(block), &steps, &mut out, N),
            _ => out[0] = mean(block, &steps),
        }
        out
    }

    proptest! {
        #[test]
        fn samples_are_those_of_the_standard(block in blocks()) {
            let exact = by_the_book(&block, &table());
            for (got, exact) in samples::<8>(&block).iter().zip(exact) {
                let off = (f64::from(*got) - exact.clamp(0.0, 255.0)).abs();
                prop_assert!(off < 0.501, "{got} {exact}");
            }
        }

        #[test]
        fn there_and_back_changes_samples_by_rounding_only(values in proptest::collection::vec(0u8..=255, 64)) {
            let steps = Steps::new(&[1; 64]);
            let block = forward(&values, 8, &steps);
            let mut out = [0; 64];
            inverse::<8, 4>(&block, map(&block), &steps, &mut out, 8);
            for (a, b) in values.iter().zip(out) {
                prop_assert!(a.abs_diff(b) <= 2);
            }
        }

        #[test]
        fn a_smaller_picture_is_about_the_mean_of_the_large_one(
            first in -200i16..200, across in -60i16..60, down in -60i16..60, both in -20i16..20,
        ) {
            // Slopes, for which the mean is exact but for rounding and the top frequency.
            let mut block = [0; 64];
            (block[0], block[1], block[2], block[4]) = (first, across, down, both);
            let full = samples::<8>(&block);
            let smooth = full.iter().all(|&v| v > 0 && v < 255);
            prop_assume!(smooth);
            let mean = |n: usize, x: usize, y: usize| {
                let side = 8 / n;
                let cell = (0..side * side).map(|i| full[(y * side + i / side) * 8 + x * side + i % side]);
                cell.map(f64::from).sum::<f64>() / (side * side) as f64
            };
            let scaled = [(1, samples::<1>(&block)), (2, samples::<2>(&block)), (4, samples::<4>(&block))];
            for (n, got) in scaled {
                for (i, &got) in got.iter().enumerate() {
                    let off = (f64::from(got) - mean(n, i % n, i / n)).abs();
                    prop_assert!(off < 16.0, "{n} {i} {got} {off}");
                }
            }
        }
    }

    #[test]
    fn a_flat_block_has_its_value_at_every_size() {
        let mut block = [0; 64];
        block[0] = 100;
        let expected = (100.0f32 * 2.0 / 8.0 + 128.0).round() as u8;
        assert!(samples::<1>(&block).iter().all(|&v| v == expected));
        assert!(samples::<2>(&block).iter().all(|&v| v == expected));
        assert!(samples::<4>(&block).iter().all(|&v| v == expected));
        assert!(samples::<8>(&block).iter().all(|&v| v == expected));
    }

    #[test]
    fn a_step_of_nothing_gives_nothing() {
        let block = forward(&[200; 64], 8, &Steps::new(&[0; 64]));
        assert_eq!(block, [0; 64]);
    }
}
