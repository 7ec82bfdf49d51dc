//! Convolutions as products of 16-bit whole numbers, twice as many at a time as floats.
//!
//! Of a 1x1 convolution a few pixels are narrowed at a time: each by its own largest number, so
//! that a pixel's result depends on nothing but that pixel, whatever the instruction set. The sum
//! of the products is exact: `pack` chooses weights for which it fits 32 bits.
//!
//! Invariant: as in `gemm`, the accumulators stay in registers.

#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a block is one argument about the bounds of one tile, not about each vector of it"
)]

mod dense;

use super::gemm::{finish, offset, targets, unroll, with_pixels};
use super::{Call, Row};
use crate::builtin::simd::{GROUP, MOST_PIXELS, Narrow, Simd};
pub(super) use dense::dense;

/// Pixels whose numbers are all smaller than this count as zero: what they are divided by must not
/// become infinite.
const LEAST: f32 = 1e-30;

/// The output channels of a tile: whole blocks ([`Blocks`]), or one and a half ([`BlockAndHalf`]).
///
/// # Safety
/// `load_words` and `store` reach what [`tile`] says for these channels, and nothing else.
unsafe trait Columns<S: Narrow> {
    /// A word for each channel.
    type I: Copy;
    /// A float for each channel.
    type V: Copy;
    /// Number of channels.
    const CHANNELS: usize;

    /// Zeros.
    ///
    /// # Safety
    /// As [`super::Entry`]; so all below.
    unsafe fn zero() -> Self::I;

    /// Zeros.
    ///
    /// # Safety
    /// As [`super::Entry`].
    unsafe fn nothing() -> Self::V;

    /// Words that lie one behind the other.
    ///
    /// # Safety
    /// `CHANNELS` words can be read there.
    unsafe fn load_words(from: *const i32) -> Self::I;

    /// In each channel `sum + pair.0 * words.0 + pair.1 * words.1`.
    ///
    /// # Safety
    /// As [`super::Entry`].
    unsafe fn dot(sum: Self::I, pair: i32, words: Self::I) -> Self::I;

    /// `sum + whole * worth`.
    ///
    /// # Safety
    /// As [`super::Entry`].
    unsafe fn add_scaled(sum: Self::V, whole: Self::I, worth: f32) -> Self::V;

    /// Times the steps, plus the bias: writes the pixels of a tile.
    ///
    /// # Safety
    /// As [`tile`].
    unsafe fn store<const P: usize>(
        arena: *mut f32,
        call: &Call<'_>,
        row: &Row,
        block: usize,
        x: usize,
        sums: &[Self::V; P],
    );
}

/// B blocks of channels.
struct Blocks<const B: usize>;

// SAFETY: B blocks are read and written.
unsafe impl<S: Narrow, const B: usize> Columns<S> for Blocks<B> {
    type I = [S::I; B];
    type V = [S::V; B];
    const CHANNELS: usize = B * S::L;

    #[inline(always)]
    unsafe fn zero() -> [S::I; B] {
        // SAFETY: the caller's.
        unsafe { [S::splat_word(0); B] }
    }

    #[inline(always)]
    unsafe fn nothing() -> [S::V; B] {
        // SAFETY: the caller's.
        unsafe { [S::splat(0.0); B] }
    }

    #[inline(always)]
    unsafe fn load_words(from: *const i32) -> [S::I; B] {
        // SAFETY: the caller's.
        unsafe {
            let mut all = [S::splat_word(0); B];
            unroll!(J, B, {
                all[J] = S::load_words(from.add(J * S::L));
            });
            all
        }
    }

    #[inline(always)]
    unsafe fn dot(mut sum: [S::I; B], pair: i32, words: [S::I; B]) -> [S::I; B] {
        // SAFETY: the caller's.
        unsafe {
            let pair = S::splat_word(pair);
            unroll!(J, B, {
                sum[J] = S::dot(sum[J], pair, words[J]);
            });
        }
        sum
    }

    #[inline(always)]
    unsafe fn add_scaled(mut sum: [S::V; B], whole: [S::I; B], worth: f32) -> [S::V; B] {
        // SAFETY: the caller's.
        unsafe {
            let worth = S::splat(worth);
            unroll!(J, B, {
                sum[J] = S::fma(S::to_floats(whole[J]), worth, sum[J]);
            });
        }
        sum
    }

    #[inline(always)]
    unsafe fn store<const P: usize>(
        arena: *mut f32,
        call: &Call<'_>,
        row: &Row,
        block: usize,
        x: usize,
        sums: &[[S::V; B]; P],
    ) {
        let act = call.act;
        unroll!(J, B, {
            // SAFETY: whole blocks of bias and steps and pixels `x..x + P` of block `block + J` of
            // the output and the residual were checked.
            unsafe {
                let at = (block + J) * S::L;
                let bias = S::load(call.bias.as_ptr().add(at));
                let step = S::load(call.steps.as_ptr().add(at));
                let (dst, res) = targets::<S>(arena, call, row, block + J, x);
                unroll!(I, P, {
                    let o = I * call.dst_step * S::L;
                    let v = S::fma(sums[I][J], step, bias);
                    finish::<S>(act, v, dst.add(o), offset(res, o));
                });
            }
        });
    }
}

/// One block of channels and half of the next.
struct BlockAndHalf;

// SAFETY: `Kernels::padded` counts a block and a half of words for this pair, and half a block of
// bias, steps and output lies inside the whole one that was checked.
unsafe impl<S: Narrow> Columns<S> for BlockAndHalf {
    type I = (S::I, <S::Short as Narrow>::I);
    type V = (S::V, <S::Short as Simd>::V);
    const CHANNELS: usize = S::L + S::L / 2;

    #[inline(always)]
    unsafe fn zero() -> Self::I {
        // SAFETY: the caller's.
        unsafe { (S::splat_word(0), S::Short::splat_word(0)) }
    }

    #[inline(always)]
    unsafe fn nothing() -> Self::V {
        // SAFETY: the caller's.
        unsafe { (S::splat(0.0), S::Short::splat(0.0)) }
    }

    #[inline(always)]
    unsafe fn load_words(from: *const i32) -> Self::I {
        // SAFETY: the caller's.
        unsafe { (S::load_words(from), S::Short::load_words(from.add(S::L))) }
    }

    #[inline(always)]
    unsafe fn dot(sum: Self::I, pair: i32, words: Self::I) -> Self::I {
        // SAFETY: the caller's.
        unsafe {
            (
                S::dot(sum.0, S::splat_word(pair), words.0),
                S::Short::dot(sum.1, S::Short::splat_word(pair), words.1),
            )
        }
    }

    #[inline(always)]
    unsafe fn add_scaled(sum: Self::V, whole: Self::I, worth: f32) -> Self::V {
        // SAFETY: the caller's.
        unsafe {
            let half = S::Short::to_floats(whole.1);
            (
                S::fma(S::to_floats(whole.0), S::splat(worth), sum.0),
                S::Short::fma(half, S::Short::splat(worth), sum.1),
            )
        }
    }

    #[inline(always)]
    unsafe fn store<const P: usize>(
        arena: *mut f32,
        call: &Call<'_>,
        row: &Row,
        block: usize,
        x: usize,
        sums: &[Self::V; P],
    ) {
        let act = call.act;
        // SAFETY: as in `Blocks`, for whole blocks of both.
        unsafe {
            let at = block * S::L;
            let (bias, step) = (call.bias.as_ptr().add(at), call.steps.as_ptr().add(at));
            let bias1 = S::Short::load(bias.add(S::L));
            let step1 = S::Short::load(step.add(S::L));
            let (bias, step) = (S::load(bias), S::load(step));
            let (dst, res) = targets::<S>(arena, call, row, block, x);
            let (dst1, res1) = targets::<S>(arena, call, row, block + 1, x);
            unroll!(I, P, {
                let o = I * call.dst_step * S::L;
                let v = S::fma(sums[I].0, step, bias);
                finish::<S>(act, v, dst.add(o), offset(res, o));
                let v = S::Short::fma(sums[I].1, step1, bias1);
                finish::<S::Short>(act, v, dst1.add(o), offset(res1, o));
            });
        }
    }
}

/// Words of a group of channels of one pixel.
const WORDS: usize = GROUP / 2;

/// Where channel block `block` of a pixel lies behind its first, where as many pixels lie side by
/// side.
#[inline(always)]
fn place<S: Narrow>(block: usize, pixels: usize) -> usize {
    let blocks = GROUP / S::L;
    block / blocks * (pixels * WORDS) + block % blocks * (S::L / 2)
}

/// Pixels `x..x + p` of the source, narrowed: [group of channels][pixel][channel]. What one step of
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
    for (i, worth) in worth.iter_mut().enumerate().take(p) {
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
            *worth = most / call.top;
            let steps = S::splat(steps);
            let to = scratch.add(i * WORDS);
            for block in 0..blocks - 1 {
                let v = S::load(src.add(block * row.src_block[0]));
                S::store_narrow(to.add(place::<S>(block, p)), S::mul(v, steps));
            }
            S::store_narrow(to.add(place::<S>(blocks - 1, p)), S::mul(last, steps));
        }
    }
}

/// P pixels and the channels C, from those of `block` on.
///
/// # Safety
/// As [`super::NarrowEntry`], where the scratch holds these P pixels; the channels lie in the
/// output's blocks, `x + P` is at most the width.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn tile<S: Narrow, C: Columns<S>, const P: usize>(
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
        let mut whole = [C::zero(); P];
        let mut w = call.words.as_ptr().add(block * S::L * pairs);
        let mut src = scratch;
        let mut left = pairs;
        while left > 0 {
            let n = left.min(WORDS);
            let mut s = src;
            for _ in 0..n {
                let words = C::load_words(w);
                unroll!(I, P, {
                    whole[I] = C::dot(whole[I], *s.add(I * WORDS), words);
                });
                w = w.add(C::CHANNELS);
                s = s.add(1);
            }
            src = src.wrapping_add(P * WORDS);
            left -= n;
        }
        let mut sums = [C::nothing(); P];
        unroll!(I, P, {
            sums[I] = C::add_scaled(C::nothing(), whole[I], worth[I]);
        });
        C::store::<P>(arena, call, row, block, x, &sums);
    }
}

/// Calls a tile function for `$p` pixels and one or two channel blocks, where `$left` output
/// channels are left.
macro_rules! channels {
    ($S:ty, $tile:ident, $left:expr, $p:expr, $args:tt) => {
        if const { <$S>::HALF } && $left > <$S>::L && $left <= <$S>::L + <$S>::L / 2 {
            with_pixels!($p, max <$S>::P2, $tile, [$S, BlockAndHalf], $args)
        } else if $left > <$S>::L {
            with_pixels!($p, max <$S>::P2, $tile, [$S, Blocks<2>], $args)
        } else {
            with_pixels!($p, max <$S>::P1, $tile, [$S, Blocks<1>], $args)
        }
    };
}
use channels;

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
                let from = scratch.cast_const();
                let mut block = 0;
                while block * S::L < call.outputs {
                    let left = call.outputs - block * S::L;
                    channels!(S, tile, left, p, (arena, from, &worth, call, row, block, x));
                    block += 2;
                }
            }
            x += p;
        }
    }
}
