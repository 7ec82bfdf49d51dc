//! Convolutions as matrix products: a few pixels times one or two channel blocks are kept in
//! registers over the whole sum, while the input is broadcast and the weights stream past.
//!
//! Invariant: the accumulators stay in registers. That needs `unroll!`; a plain loop over twenty
//! of them costs a factor of three and nothing says so, except the speed.

#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a block is one argument about the bounds of one tile, not about each vector of it"
)]
#![expect(
    clippy::needless_range_loop,
    reason = "loops over constant counts that the compiler unrolls into registers"
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

/// P pixels x B channel blocks of a 1x1 or 3x3 convolution.
///
/// # Safety
/// As [`super::Entry`]; `block + B` is at most the number of output blocks, `x + P` at most the
/// width.
#[inline(always)]
unsafe fn gemm_tile<S: Simd, const P: usize, const B: usize>(
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
        let mut acc = [[S::splat(0.0); B]; P];
        for j in 0..B {
            let bias = S::load(call.bias.as_ptr().add((block + j) * S::L));
            unroll!(I, P, { acc[I][j] = bias });
        }
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
                        let mut wv = [S::splat(0.0); B];
                        for j in 0..B {
                            wv[j] = S::load(w.add(j * S::L));
                        }
                        unroll!(I, P, {
                            let v = S::splat(*s.add(I * S::L));
                            for j in 0..B {
                                acc[I][j] = S::fma(v, wv[j], acc[I][j]);
                            }
                        });
                        w = w.add(B * S::L);
                        s = s.add(1);
                    }
                    src = src.wrapping_add(row.src_block[ky]);
                    left -= n;
                }
            }
        }
        store_tile::<S, P, B>(arena, call, row, block, x, &acc);
    }
}

/// As [`gemm_tile`] with one block and a half.
///
/// # Safety
/// As [`gemm_tile`] with B = 2, where the second block has at most half of its channels.
#[inline(always)]
unsafe fn gemm_tile_half<S: Simd, const P: usize>(
    arena: *mut f32,
    call: &Call<'_>,
    row: &Row,
    block: usize,
    x: usize,
) {
    let border = usize::from(call.window == 1);
    // SAFETY: as in `gemm_tile`; `Kernels::padded` counts a block and a half of weights for this
    // pair, and half a block of bias and output lies inside the whole one that was checked.
    unsafe {
        let bias = call.bias.as_ptr().add(block * S::L);
        let mut acc = [S::load(bias); P];
        let mut half = [S::Half::load(bias.add(S::L)); P];
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
                        let (w0, w1) = (S::load(w), S::Half::load(w.add(S::L)));
                        unroll!(I, P, {
                            let v = *s.add(I * S::L);
                            acc[I] = S::fma(S::splat(v), w0, acc[I]);
                            half[I] = S::Half::fma(S::Half::splat(v), w1, half[I]);
                        });
                        w = w.add(S::L + S::L / 2);
                        s = s.add(1);
                    }
                    src = src.wrapping_add(row.src_block[ky]);
                    left -= n;
                }
            }
        }
        store_tile_half::<S, P>(arena, call, row, block, x, (&acc, &half));
    }
}

/// P pixels x B channel blocks of the first layer, whose input is planar.
///
/// # Safety
/// As [`gemm_tile`].
#[inline(always)]
unsafe fn first_tile<S: Simd, const P: usize, const B: usize>(
    arena: *mut f32,
    call: &Call<'_>,
    row: &Row,
    block: usize,
    x: usize,
) {
    // SAFETY: `Kernels::first` checked weights and bias of all whole blocks, and that floats up to
    // `2 * (width - 1) + 2` of every plane of the three rows lie inside the arena.
    unsafe {
        let mut acc = [[S::splat(0.0); B]; P];
        for j in 0..B {
            let bias = S::load(call.bias.as_ptr().add((block + j) * S::L));
            unroll!(I, P, { acc[I][j] = bias });
        }
        let mut w = call.weights.as_ptr().add(block * S::L * call.inputs * 9);
        for ky in 0..3 {
            for plane in 0..call.inputs {
                let src = arena.add(row.src[ky] + plane * row.src_block[ky] + x * 2);
                for kx in 0..3 {
                    let mut wv = [S::splat(0.0); B];
                    for j in 0..B {
                        wv[j] = S::load(w.add(j * S::L));
                    }
                    unroll!(I, P, {
                        let v = S::splat(*src.add(I * 2 + kx));
                        for j in 0..B {
                            acc[I][j] = S::fma(v, wv[j], acc[I][j]);
                        }
                    });
                    w = w.add(B * S::L);
                }
            }
        }
        store_tile::<S, P, B>(arena, call, row, block, x, &acc);
    }
}

/// As [`first_tile`] with one block and a half.
///
/// # Safety
/// As [`gemm_tile_half`].
#[inline(always)]
unsafe fn first_tile_half<S: Simd, const P: usize>(
    arena: *mut f32,
    call: &Call<'_>,
    row: &Row,
    block: usize,
    x: usize,
) {
    // SAFETY: as in `first_tile`; `Kernels::padded` counts a block and a half of weights for this
    // pair, and half a block of bias and output lies inside the whole one that was checked.
    unsafe {
        let bias = call.bias.as_ptr().add(block * S::L);
        let mut acc = [S::load(bias); P];
        let mut half = [S::Half::load(bias.add(S::L)); P];
        let mut w = call.weights.as_ptr().add(block * S::L * call.inputs * 9);
        for ky in 0..3 {
            for plane in 0..call.inputs {
                let src = arena.add(row.src[ky] + plane * row.src_block[ky] + x * 2);
                for kx in 0..3 {
                    let (w0, w1) = (S::load(w), S::Half::load(w.add(S::L)));
                    unroll!(I, P, {
                        let v = *src.add(I * 2 + kx);
                        acc[I] = S::fma(S::splat(v), w0, acc[I]);
                        half[I] = S::Half::fma(S::Half::splat(v), w1, half[I]);
                    });
                    w = w.add(S::L + S::L / 2);
                }
            }
        }
        store_tile_half::<S, P>(arena, call, row, block, x, (&acc, &half));
    }
}

/// Writes a tile.
///
/// # Safety
/// As [`gemm_tile`].
#[inline(always)]
unsafe fn store_tile<S: Simd, const P: usize, const B: usize>(
    arena: *mut f32,
    call: &Call<'_>,
    row: &Row,
    block: usize,
    x: usize,
    acc: &[[S::V; B]; P],
) {
    let act = call.act;
    for j in 0..B {
        // SAFETY: pixels `x..x + P` of block `block + j` of the output and the residual were
        // checked.
        unsafe {
            let (dst, res) = targets::<S>(arena, call, row, block + j, x);
            unroll!(I, P, {
                let o = I * call.dst_step * S::L;
                finish::<S>(act, acc[I][j], dst.add(o), offset(res, o));
            });
        }
    }
}

/// Writes a block and a half.
///
/// # Safety
/// As [`gemm_tile_half`].
#[inline(always)]
unsafe fn store_tile_half<S: Simd, const P: usize>(
    arena: *mut f32,
    call: &Call<'_>,
    row: &Row,
    block: usize,
    x: usize,
    (acc, half): (&[S::V; P], &[<S::Half as Simd>::V; P]),
) {
    let act = call.act;
    // SAFETY: as in `store_tile`, for whole blocks of both.
    unsafe {
        let (dst, res) = targets::<S>(arena, call, row, block, x);
        let (dst1, res1) = targets::<S>(arena, call, row, block + 1, x);
        unroll!(I, P, {
            let o = I * call.dst_step * S::L;
            finish::<S>(act, acc[I], dst.add(o), offset(res, o));
            finish::<S::Half>(act, half[I], dst1.add(o), offset(res1, o));
        });
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
    (call $f:ident, $n:literal, [$S:ty], $args:tt) => { $f::<$S, $n> $args };
}
pub(super) use with_pixels;

/// Covers all output with tiles. Channel-block pairs outermost, so that one weight panel stays in
/// the cache over all rows; tiles of nearly equal width instead of full ones and a thin rest.
macro_rules! over_tiles {
    ($(#[$doc:meta])* $name:ident, $tile:ident, $half_tile:ident) => {
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
                                with_pixels!(p, max S::P2, $half_tile, [S], (arena, call, row, block, x));
                            } else if pair {
                                with_pixels!(p, max S::P2, $tile, [S, 2], (arena, call, row, block, x));
                            } else {
                                with_pixels!(p, max S::P1, $tile, [S, 1], (arena, call, row, block, x));
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
    gemm, gemm_tile, gemm_tile_half
);
over_tiles!(
    /// The first layer.
    first, first_tile, first_tile_half
);
