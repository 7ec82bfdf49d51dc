//! Convolutions as matrix products: a few pixels times one or two channel blocks are kept in
//! registers over the whole sum, while the input is broadcast and the weights stream past.
//!
//! Invariant: the accumulators stay in registers. That needs `unroll!` wherever they are indexed,
//! also behind the sum: with one plain loop over their blocks, optimised builds write all of them
//! to memory at every step, which costs half of the speed. Nothing says so but
//! `benches/engines.rs`: there, AVX-512 is then slower than AVX2. In WebAssembly a tile is a
//! function of its own: V8 writes accumulators to memory where all tiles are one function.

#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a block is one argument about the bounds of one tile, not about each vector of it"
)]

use super::{Act, Call, Row};
use crate::builtin::simd::Simd;

/// `for $i in 0..$n` with the body written out, so that `$i` is a constant in each copy: LLVM keeps
/// an array of accumulators in registers only if it sees constant indices before its unrolling
/// limits.
macro_rules! unroll {
    ($i:ident, $n:expr, $body:block) => {
        unroll!(@ $i, $n, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
    };
    (@ $i:ident, $n:expr, $body:block, $($k:literal)*) => {
        $(if const { $k < $n } { const $i: usize = $k; $body })*
    };
}
pub(super) use unroll;

/// Activation, residual and store of one vector.
///
/// # Safety
/// The CPU has `S`; `L` floats can be written at `dst` and, unless it is null, read at `res`.
#[inline(always)]
pub(super) unsafe fn finish<S: Simd>(act: Act, v: S::V, dst: *mut f32, res: *const f32) {
    // SAFETY: exactly what the caller vouches for.
    unsafe {
        let mut v = match act {
            Act::Identity => v,
            Act::Relu => S::max(v, S::splat(0.0)),
            Act::Leaky(slope) => S::max(v, S::mul(v, S::splat(slope))),
            Act::Clip(low, high) => S::min(S::max(v, S::splat(low)), S::splat(high)),
            Act::HardSwish(shift) => {
                let gate = S::fma(v, S::splat(1.0 / 6.0), S::splat(0.5));
                let gate = S::min(S::max(gate, S::splat(0.0)), S::splat(1.0));
                S::fma(v, gate, S::splat(shift))
            }
        };
        if !res.is_null() {
            v = S::add(v, S::load(res));
        }
        S::store(dst, v);
    }
}

/// Where the tile at output pixel `x` of channel block `block` goes, and its residual or null.
///
/// # Safety
/// The call was checked: both rows lie inside the arena, that pixel and block too.
#[inline(always)]
pub(super) unsafe fn targets<S: Simd>(
    arena: *mut f32,
    call: &Call<'_>,
    row: &Row,
    block: usize,
    x: usize,
) -> (*mut f32, *const f32) {
    let at = (x * call.dst_step + 1) * S::L;
    // SAFETY: `check` compared the end of the last pixel of the last block with the arena.
    unsafe {
        let dst = arena.add(row.dst + block * call.dst_block + at);
        let res = match row.res {
            Some(res) => arena.add(res + block * call.res_block + at).cast_const(),
            None => std::ptr::null(),
        };
        (dst, res)
    }
}

/// `p + n`, or null.
///
/// # Safety
/// As `<*const f32>::add`, unless `p` is null.
#[inline(always)]
pub(super) unsafe fn offset(p: *const f32, n: usize) -> *const f32 {
    if p.is_null() {
        p
    } else {
        // SAFETY: the caller vouches for it.
        unsafe { p.add(n) }
    }
}

/// The output channels of a tile: whole blocks ([`Blocks`]), or one and a half ([`BlockAndHalf`]).
///
/// # Safety
/// `load` and `store` reach what [`gemm_tile`] says for these channels, and nothing else.
unsafe trait Columns<S: Simd> {
    /// A number for each channel.
    type V: Copy;
    /// Number of channels.
    const CHANNELS: usize;

    /// Numbers that lie one behind the other.
    ///
    /// # Safety
    /// `CHANNELS` floats can be read there.
    unsafe fn load(from: *const f32) -> Self::V;

    /// `value * weights + sum`.
    ///
    /// # Safety
    /// As [`super::Entry`].
    unsafe fn fma(value: f32, weights: Self::V, sum: Self::V) -> Self::V;

    /// Writes the pixels of a tile.
    ///
    /// # Safety
    /// As [`gemm_tile`].
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
unsafe impl<S: Simd, const B: usize> Columns<S> for Blocks<B> {
    type V = [S::V; B];
    const CHANNELS: usize = B * S::L;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [S::V; B] {
        // SAFETY: the caller's.
        unsafe {
            let mut all = [S::splat(0.0); B];
            unroll!(J, B, {
                all[J] = S::load(from.add(J * S::L));
            });
            all
        }
    }

    #[inline(always)]
    unsafe fn fma(value: f32, weights: [S::V; B], mut sum: [S::V; B]) -> [S::V; B] {
        // SAFETY: the caller's.
        unsafe {
            let value = S::splat(value);
            unroll!(J, B, {
                sum[J] = S::fma(value, weights[J], sum[J]);
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
            // SAFETY: pixels `x..x + P` of block `block + J` of the output and the residual were
            // checked.
            unsafe {
                let (dst, res) = targets::<S>(arena, call, row, block + J, x);
                unroll!(I, P, {
                    let o = I * call.dst_step * S::L;
                    finish::<S>(act, sums[I][J], dst.add(o), offset(res, o));
                });
            }
        });
    }
}

/// One block of channels and half of the next.
struct BlockAndHalf;

// SAFETY: `Kernels::padded` counts a block and a half of weights for this pair, and half a block of
// bias and output lies inside the whole one that was checked.
unsafe impl<S: Simd> Columns<S> for BlockAndHalf {
    type V = (S::V, <S::Half as Simd>::V);
    const CHANNELS: usize = S::L + S::L / 2;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::V {
        // SAFETY: the caller's.
        unsafe { (S::load(from), S::Half::load(from.add(S::L))) }
    }

    #[inline(always)]
    unsafe fn fma(value: f32, weights: Self::V, sum: Self::V) -> Self::V {
        // SAFETY: the caller's.
        unsafe {
            (
                S::fma(S::splat(value), weights.0, sum.0),
                S::Half::fma(S::Half::splat(value), weights.1, sum.1),
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
            let (dst, res) = targets::<S>(arena, call, row, block, x);
            let (dst1, res1) = targets::<S>(arena, call, row, block + 1, x);
            unroll!(I, P, {
                let o = I * call.dst_step * S::L;
                finish::<S>(act, sums[I].0, dst.add(o), offset(res, o));
                finish::<S::Half>(act, sums[I].1, dst1.add(o), offset(res1, o));
            });
        }
    }
}

/// P pixels and the channels C, from those of `block` on, of a 1x1 or 3x3 convolution.
///
/// # Safety
/// As [`super::Entry`]; the channels lie in the output's blocks, `x + P` is at most the width.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn gemm_tile<S: Simd, C: Columns<S>, const P: usize>(
    arena: *mut f32,
    call: &Call<'_>,
    row: &Row,
    block: usize,
    x: usize,
) {
    let border = usize::from(call.window == 1);
    // SAFETY: `Kernels::gemm` checked the weights of all blocks, whole blocks of bias, and for each
    // row that pixels up to `width + 1` (1x1: `width`) of every input block lie inside the arena.
    // The source pointer goes past its row only after the last block, and is not read there.
    unsafe {
        let mut sums = [C::load(call.bias.as_ptr().add(block * S::L)); P];
        let taps = call.window * call.window;
        let mut w = call.weights.as_ptr().add(block * S::L * call.inputs * taps);
        for ky in 0..call.window {
            for kx in 0..call.window {
                let mut src = arena
                    .add(row.src[ky] + (x + kx + border) * S::L)
                    .cast_const();
                let mut left = call.inputs;
                while left > 0 {
                    let n = left.min(S::L);
                    let mut s = src;
                    for _ in 0..n {
                        let weights = C::load(w);
                        unroll!(I, P, {
                            sums[I] = C::fma(*s.add(I * S::L), weights, sums[I]);
                        });
                        w = w.add(C::CHANNELS);
                        s = s.add(1);
                    }
                    src = src.wrapping_add(row.src_block[ky]);
                    left -= n;
                }
            }
        }
        C::store::<P>(arena, call, row, block, x, &sums);
    }
}

/// P pixels and the channels C of the first layer, whose input is planar.
///
/// # Safety
/// As [`gemm_tile`].
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn first_tile<S: Simd, C: Columns<S>, const P: usize>(
    arena: *mut f32,
    call: &Call<'_>,
    row: &Row,
    block: usize,
    x: usize,
) {
    // SAFETY: `Kernels::first` checked weights and bias of all whole blocks, and that floats up to
    // `2 * (width - 1) + 2` of every plane of the three rows lie inside the arena.
    unsafe {
        let mut sums = [C::load(call.bias.as_ptr().add(block * S::L)); P];
        let mut w = call.weights.as_ptr().add(block * S::L * call.inputs * 9);
        for ky in 0..3 {
            for plane in 0..call.inputs {
                let src = arena.add(row.src[ky] + plane * row.src_block[ky] + x * 2);
                for kx in 0..3 {
                    let weights = C::load(w);
                    unroll!(I, P, {
                        sums[I] = C::fma(*src.add(I * 2 + kx), weights, sums[I]);
                    });
                    w = w.add(C::CHANNELS);
                }
            }
        }
        C::store::<P>(arena, call, row, block, x, &sums);
    }
}

/// Calls a tile function with its pixel count, at most `$max`, as a constant.
macro_rules! with_pixels {
    ($p:expr, max $max:expr, $f:ident, $generic:tt, $args:tt) => {
        with_pixels!(@ $p, $max, $f, $generic, $args, 1 2 3 4 5 6 7 8 9 10 11 12 13 14)
    };
    (@ $p:expr, $max:expr, $f:ident, $generic:tt, $args:tt, $($n:literal)*) => {
        match $p {
            $($n if const { $n <= $max } => with_pixels!(call $f, $n, $generic, $args),)*
            _ => unreachable!("tiles have at most {} pixels", $max),
        }
    };
    (call $f:ident, $n:literal, [$S:ty, $b:literal], $args:tt) => { $f::<$S, $n, $b> $args };
    (call $f:ident, $n:literal, [$S:ty, $C:ty], $args:tt) => { $f::<$S, $C, $n> $args };
    (call $f:ident, $n:literal, [$S:ty], $args:tt) => { $f::<$S, $n> $args };
}
pub(super) use with_pixels;

/// Covers all output with tiles. Channel-block pairs outermost, so that one weight panel stays in
/// the cache over all rows; tiles of nearly equal width instead of full ones and a thin rest.
macro_rules! over_tiles {
    ($(#[$doc:meta])* $name:ident, $tile:ident) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// As [`super::Entry`], for this kernel.
        #[inline(always)]
        pub(super) unsafe fn $name<S: Simd>(arena: *mut f32, call: &Call<'_>) {
            let mut block = 0;
            while block * S::L < call.outputs {
                let left = call.outputs - block * S::L;
                let pair = left > S::L;
                let most = if pair { S::P2 } else { S::P1 };
                let tiles = call.width.div_ceil(most);
                for row in call.rows {
                    let mut x = 0;
                    for tile in 0..tiles {
                        let p = (call.width - x).div_ceil(tiles - tile);
                        // SAFETY: the caller's; `block` (and `block + 1` of a pair) starts before
                        // the last output channel, and the tiles' widths add up to the row's.
                        unsafe {
                            if const { S::HALF } && pair && left <= S::L + S::L / 2 {
                                with_pixels!(p, max S::P2, $tile, [S, BlockAndHalf], (arena, call, row, block, x));
                            } else if pair {
                                with_pixels!(p, max S::P2, $tile, [S, Blocks<2>], (arena, call, row, block, x));
                            } else {
                                with_pixels!(p, max S::P1, $tile, [S, Blocks<1>], (arena, call, row, block, x));
                            }
                        }
                        x += p;
                    }
                }
                block += 2;
            }
        }
    };
}

over_tiles!(
    /// Convolution 1x1 or 3x3.
    gemm, gemm_tile
);
over_tiles!(
    /// The first layer.
    first, first_tile
);
