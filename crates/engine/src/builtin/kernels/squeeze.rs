//! Squeeze and excitation: the mean of each channel over a whole map, and the product of a map with
//! one number of each channel, repeated or with a smaller map added on the way.
//!
//! Invariant: as in `pixelwise`, a lane depends on the same lane of what it is made from only.

#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a block is one argument about the bounds of one tile, not about each vector of it"
)]

use super::Call;
use crate::builtin::simd::Simd;

/// The mean of all pixels of the rows, written to the first pixel of the first row's target.
///
/// # Safety
/// As [`super::Entry`], for this kernel.
#[inline(always)]
pub(super) unsafe fn mean<S: Simd>(arena: *mut f32, call: &Call<'_>) {
    let Some(first) = call.rows.first() else {
        return;
    };
    let pixels = call.rows.len() * call.width;
    for block in 0..call.outputs.div_ceil(S::L) {
        // SAFETY: `Kernels::mean` checked pixels up to `width` of every row's source, and the first
        // pixel of the target, of every block.
        unsafe {
            let mut sum = S::splat(0.0);
            for row in call.rows {
                // Four sums a row, then one: a single sum over a large map would lose digits.
                let src = arena.add(row.src[0] + block * row.src_block[0] + S::L);
                let mut parts = [S::splat(0.0); 4];
                let mut x = 0;
                while x + 4 <= call.width {
                    for (i, part) in parts.iter_mut().enumerate() {
                        *part = S::add(*part, S::load(src.add((x + i) * S::L)));
                    }
                    x += 4;
                }
                while x < call.width {
                    parts[0] = S::add(parts[0], S::load(src.add(x * S::L)));
                    x += 1;
                }
                let [a, b, c, d] = parts;
                sum = S::add(sum, S::add(S::add(a, b), S::add(c, d)));
            }
            let mean = S::mul(sum, S::splat(1.0 / pixels as f32));
            S::store(arena.add(first.dst + block * call.dst_block + S::L), mean);
        }
    }
}

/// Each pixel of the source, repeated `2^repeat` times, times the gate (a map of one pixel, whose
/// row is the second source), plus the residual, a map of half the sides.
///
/// # Safety
/// As [`super::Entry`], for this kernel.
#[inline(always)]
pub(super) unsafe fn gate<S: Simd>(arena: *mut f32, call: &Call<'_>) {
    // SAFETY: handed on.
    unsafe {
        if halved(S::L, call) {
            in_units::<S, S::Half>(arena, call);
        } else {
            in_units::<S, S>(arena, call);
        }
    }
}

/// The same in vectors of `H`, which is `S` or its half: channels in front of and behind those that
/// are made may share a block with them.
///
/// # Safety
/// As [`gate`].
#[inline(always)]
unsafe fn in_units<S: Simd, H: Simd>(arena: *mut f32, call: &Call<'_>) {
    let at = |channel: usize, block: usize| channel / S::L * block + channel % S::L + S::L;
    for unit in (0..call.outputs).step_by(H::L) {
        // SAFETY: `Kernels::gate` checked the pixels that are read and written of every block that
        // holds one of these channels.
        unsafe {
            let gate = match call.gated {
                true => {
                    let row = &call.rows[0];
                    H::load(arena.add(row.src[1] + at(unit, row.src_block[1])))
                }
                false => H::splat(1.0),
            };
            for row in call.rows {
                let src = arena.add(row.src[0] + at(unit, row.src_block[0]));
                let dst = arena.add(row.dst + at(call.first + unit, call.dst_block));
                match row.res {
                    None => {
                        for x in 0..call.width {
                            let v = H::load(src.add((x >> call.repeat) * S::L));
                            H::store(dst.add(x * S::L), H::mul(v, gate));
                        }
                    }
                    Some(res) => {
                        let res = arena.add(res + at(unit, call.res_block));
                        for x in 0..call.width {
                            let v = H::load(src.add((x >> call.repeat) * S::L));
                            let r = H::load(res.add(x / 2 * S::L));
                            H::store(dst.add(x * S::L), H::fma(v, gate, r));
                        }
                    }
                }
            }
        }
    }
}

/// Whether `gate` works in half blocks, so that it touches no channel that is not its own: those
/// start at a multiple of eight.
fn halved(lanes: usize, call: &Call<'_>) -> bool {
    let rest = call.outputs % lanes;
    lanes > 8 && (call.first != 0 || (rest > 0 && rest <= lanes / 2))
}
