//! 1x1 convolutions as products of 16-bit whole numbers, twice as many at a time as floats.
//!
//! A few pixels are narrowed at a time: each by its own largest number, so that a pixel's result
//! depends on nothing but that pixel, whatever the instruction set. The sum of the products is
//! exact: `pack` chooses weights for which it fits 32 bits.
//!
//! Invariant: as in `gemm`, the accumulators stay in registers.

#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a block is one argument about the bounds of one tile, not about each vector of it"
)]
#![expect(
    clippy::needless_range_loop,
    reason = "loops over constant counts that the compiler unrolls into registers"
)]

use super::gemm::{finish, offset, targets, unroll, with_pixels};
use super::{Call, Row};
use crate::builtin::simd::{MOST_PIXELS, Narrow, Simd};

/// Pixels whose numbers are all smaller than this count as zero: what they are divided by must not
/// become infinite.
const LEAST: f32 = 1e-30;

/// Pixels `x..x + p` of the source, narrowed: [channel block][pixel][channel]. What one step of
/// each pixel's numbers is worth goes to `worth`.
///
/// # Safety
/// As [`super::NarrowEntry`]; `p` is at most `MOST_PIXELS`, `x + p` at most the width.
#[inline(always)]
unsafe fn narrow<S: Narrow>(
    arena: *const f32,
    scratch: *mut i32,
    call: &Call<'_>,
    row: &Row,
    x: usize,
    p: usize,
    worth: &mut [f32; MOST_PIXELS],
) {
    let blocks = call.inputs.div_ceil(S::L);
    let rest = call.inputs - (blocks - 1) * S::L;
    for i in 0..p {
        // SAFETY: `Kernels::narrow` checked the source pixels of all blocks, and that the scratch
        // has room for all blocks of as many pixels as a tile has.
        unsafe {
            let src = arena.add(row.src[0] + (x + i + 1) * S::L);
            let last = S::load_some(src.add((blocks - 1) * row.src_block[0]), rest);
            let mut most = S::abs(last);
            for block in 0..blocks - 1 {
                most = S::max(most, S::abs(S::load(src.add(block * row.src_block[0]))));
            }
            let most = S::largest(most);
            let steps = if most < LEAST { 0.0 } else { call.top / most };
            worth[i] = most / call.top;
            let steps = S::splat(steps);
            let to = scratch.add(i * (S::L / 2));
            for block in 0..blocks - 1 {
                let v = S::load(src.add(block * row.src_block[0]));
                S::store_narrow(to.add(block * p * (S::L / 2)), S::mul(v, steps));
            }
            S::store_narrow(to.add((blocks - 1) * p * (S::L / 2)), S::mul(last, steps));
        }
    }
}

/// P pixels x B channel blocks.
///
/// # Safety
/// As [`super::NarrowEntry`], where the scratch holds these P pixels; `block + B` is at most the
/// number of output blocks, `x + P` at most the width.
#[inline(always)]
unsafe fn tile<S: Narrow, const P: usize, const B: usize>(
    arena: *mut f32,
    scratch: *const i32,
    worth: &[f32; MOST_PIXELS],
    call: &Call<'_>,
    row: &Row,
    block: usize,
    x: usize,
) {
    let pairs = call.inputs.div_ceil(2);
    // SAFETY: `Kernels::narrow` checked the words of all blocks, whole blocks of bias and steps,
    // and the scratch. The source pointer goes past the scratch only after the last block, and is
    // not read there.
    unsafe {
        let mut acc = [[S::splat_word(0); B]; P];
        let mut w = call.words.as_ptr().add(block * S::L * pairs);
        let mut src = scratch;
        let mut left = pairs;
        while left > 0 {
            let n = left.min(S::L / 2);
            let mut s = src;
            for _ in 0..n {
                let mut wv = [S::splat_word(0); B];
                unroll!(J, B, {
                    wv[J] = S::load_words(w.add(J * S::L));
                });
                unroll!(I, P, {
                    let v = S::splat_word(*s.add(I * (S::L / 2)));
                    unroll!(J, B, {
                        acc[I][J] = S::dot(acc[I][J], v, wv[J]);
                    });
                });
                w = w.add(B * S::L);
                s = s.add(1);
            }
            src = src.wrapping_add(P * (S::L / 2));
            left -= n;
        }
        unroll!(J, B, {
            let at = (block + J) * S::L;
            let bias = S::load(call.bias.as_ptr().add(at));
            let step = S::load(call.steps.as_ptr().add(at));
            let (dst, res) = targets::<S>(arena, call, row, block + J, x);
            unroll!(I, P, {
                let o = I * call.dst_step * S::L;
                let sum = S::mul(S::to_floats(acc[I][J]), S::splat(worth[I]));
                let v = S::fma(sum, step, bias);
                finish::<S>(call.act, v, dst.add(o), offset(res, o));
            });
        });
    }
}

/// As [`tile`] with one block and a half.
///
/// # Safety
/// As [`tile`] with B = 2, where the second block has at most half of its channels.
#[inline(always)]
unsafe fn tile_half<S: Narrow, const P: usize>(
    arena: *mut f32,
    scratch: *const i32,
    worth: &[f32; MOST_PIXELS],
    call: &Call<'_>,
    row: &Row,
    block: usize,
    x: usize,
) {
    let pairs = call.inputs.div_ceil(2);
    // SAFETY: as in `tile`; `Kernels::padded` counts a block and a half of weights for this pair,
    // and half a block of bias, steps and output lies inside the whole one that was checked.
    unsafe {
        let mut acc = [S::splat_word(0); P];
        let mut half = [S::Short::splat_word(0); P];
        let mut w = call.words.as_ptr().add(block * S::L * pairs);
        let mut src = scratch;
        let mut left = pairs;
        while left > 0 {
            let n = left.min(S::L / 2);
            let mut s = src;
            for _ in 0..n {
                let (w0, w1) = (S::load_words(w), S::Short::load_words(w.add(S::L)));
                unroll!(I, P, {
                    let v = *s.add(I * (S::L / 2));
                    acc[I] = S::dot(acc[I], S::splat_word(v), w0);
                    half[I] = S::Short::dot(half[I], S::Short::splat_word(v), w1);
                });
                w = w.add(S::L + S::L / 2);
                s = s.add(1);
            }
            src = src.wrapping_add(P * (S::L / 2));
            left -= n;
        }
        let at = block * S::L;
        let (bias, step) = (call.bias.as_ptr().add(at), call.steps.as_ptr().add(at));
        let (bias1, step1) = (
            S::Short::load(bias.add(S::L)),
            S::Short::load(step.add(S::L)),
        );
        let (bias, step) = (S::load(bias), S::load(step));
        let (dst, res) = targets::<S>(arena, call, row, block, x);
        let (dst1, res1) = targets::<S>(arena, call, row, block + 1, x);
        unroll!(I, P, {
            let o = I * call.dst_step * S::L;
            let sum = S::mul(S::to_floats(acc[I]), S::splat(worth[I]));
            let v = S::fma(sum, step, bias);
            finish::<S>(call.act, v, dst.add(o), offset(res, o));
            let sum = S::Short::mul(S::Short::to_floats(half[I]), S::Short::splat(worth[I]));
            let v = S::Short::fma(sum, step1, bias1);
            finish::<S::Short>(call.act, v, dst1.add(o), offset(res1, o));
        });
    }
}

/// Convolution 1x1. Tiles of pixels outermost, since those are narrowed once for all channels.
///
/// # Safety
/// As [`super::NarrowEntry`].
#[inline(always)]
pub(super) unsafe fn pointwise<S: Narrow>(arena: *mut f32, scratch: *mut i32, call: &Call<'_>) {
    let most = if call.outputs > S::L { S::P2 } else { S::P1 };
    let tiles = call.width.div_ceil(most);
    let mut worth = [0.0; MOST_PIXELS];
    for row in call.rows {
        let mut x = 0;
        for tile_at in 0..tiles {
            let p = (call.width - x).div_ceil(tiles - tile_at);
            // SAFETY: the caller's; the tiles' widths add up to the row's, and none is wider than
            // `most`; `block` (and `block + 1` of a pair) starts before the last output channel.
            unsafe {
                narrow::<S>(arena, scratch, call, row, x, p, &mut worth);
                let mut block = 0;
                while block * S::L < call.outputs {
                    let left = call.outputs - block * S::L;
                    let args = (arena, scratch.cast_const(), &worth, call, row, block, x);
                    pair::<S>(args, p, left);
                    block += 2;
                }
            }
            x += p;
        }
    }
}

type Args<'a> = (
    *mut f32,
    *const i32,
    &'a [f32; MOST_PIXELS],
    &'a Call<'a>,
    &'a Row,
    usize,
    usize,
);

/// One or two channel blocks of `p` pixels, where `left` output channels are left.
///
/// # Safety
/// As [`tile`].
#[inline(always)]
unsafe fn pair<S: Narrow>(
    (arena, scratch, worth, call, row, block, x): Args<'_>,
    p: usize,
    left: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        if S::HALF && left > S::L && left <= S::L + S::L / 2 {
            with_pixels!(p, max S::P2, tile_half, [S], (arena, scratch, worth, call, row, block, x));
        } else if left > S::L {
            with_pixels!(p, max S::P2, tile, [S, 2], (arena, scratch, worth, call, row, block, x));
        } else {
            with_pixels!(p, max S::P1, tile, [S, 1], (arena, scratch, worth, call, row, block, x));
        }
    }
}
