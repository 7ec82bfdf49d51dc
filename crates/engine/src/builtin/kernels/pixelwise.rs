//! Kernels that keep channels apart: depthwise convolution, pooling, addition with upsampling.
//!
//! Invariant: a lane of the output depends on the same lane of the input only, so whatever lies in
//! the unused lanes of a last channel block stays there.

#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a block is one argument about the bounds of one tile, not about each vector of it"
)]
#![expect(
    clippy::needless_range_loop,
    reason = "loops over constant counts that the compiler unrolls into registers"
)]

use super::{Act, Call, gemm::finish};
use crate::builtin::simd::Simd;

/// P pixels of one channel block.
///
/// # Safety
/// The CPU has `S`; pixels up to `(x + P - 1) * STRIDE + 2` behind each source pointer can be read
/// and pixels `x + 1..x + P + 1` behind `dst` written.
#[inline(always)]
unsafe fn depthwise_tile<S: Simd, const P: usize, const STRIDE: usize>(
    act: Act,
    w: &[S::V; 9],
    bias: S::V,
    src: [*const f32; 3],
    dst: *mut f32,
    x: usize,
) {
    // SAFETY: exactly what the caller vouches for.
    unsafe {
        let mut acc = [bias; P];
        for ky in 0..3 {
            let s = src[ky].add(x * STRIDE * S::L);
            for i in 0..(P - 1) * STRIDE + 3 {
                let v = S::load(s.add(i * S::L));
                for p in 0..P {
                    if i >= p * STRIDE && i - p * STRIDE < 3 {
                        acc[p] = S::fma(v, w[ky * 3 + i - p * STRIDE], acc[p]);
                    }
                }
            }
        }
        for p in 0..P {
            finish::<S>(act, acc[p], dst.add((x + p + 1) * S::L), std::ptr::null());
        }
    }
}

/// # Safety
/// As [`depthwise`], for this stride.
#[inline(always)]
unsafe fn depthwise_stride<S: Simd, const STRIDE: usize>(arena: *mut f32, call: &Call<'_>) {
    let act = call.act;
    for block in 0..call.outputs.div_ceil(S::L) {
        // SAFETY: `Kernels::depthwise` checked weights and bias of all whole blocks, and that
        // pixels up to `(width - 1) * STRIDE + 2` of the sources and `width` of the output lie
        // inside the arena.
        unsafe {
            let mut w = [S::splat(0.0); 9];
            for (i, w) in w.iter_mut().enumerate() {
                *w = S::load(call.weights.as_ptr().add((block * 9 + i) * S::L));
            }
            let bias = S::load(call.bias.as_ptr().add(block * S::L));
            for row in call.rows {
                let src = [0, 1, 2].map(|i| {
                    arena
                        .add(row.src[i] + block * row.src_block[i])
                        .cast_const()
                });
                let dst = arena.add(row.dst + block * call.dst_block);
                let mut x = 0;
                while x + 4 <= call.width {
                    depthwise_tile::<S, 4, STRIDE>(act, &w, bias, src, dst, x);
                    x += 4;
                }
                while x < call.width {
                    depthwise_tile::<S, 1, STRIDE>(act, &w, bias, src, dst, x);
                    x += 1;
                }
            }
        }
    }
}

/// One 3x3 or 5x5 filter per channel.
///
/// # Safety
/// As [`super::Entry`], for this kernel.
#[inline(always)]
pub(super) unsafe fn depthwise<S: Simd>(arena: *mut f32, call: &Call<'_>) {
    // SAFETY: handed on; the stride was checked to be 1 or 2 and the window to be 3 or 5.
    unsafe {
        match (call.window, call.stride) {
            (3, 1) => depthwise_stride::<S, 1>(arena, call),
            (3, _) => depthwise_stride::<S, 2>(arena, call),
            (_, 1) => wide_stride::<S, 1>(arena, call),
            _ => wide_stride::<S, 2>(arena, call),
        }
    }
}

/// P pixels of one channel block through a window of 5x5, of which columns `from..to` are used.
///
/// # Safety
/// The CPU has `S`; 25 vectors can be read at `w`; with `x0 = x * STRIDE - 1`, pixels `x0 + from`
/// to `x0 + (P - 1) * STRIDE + to - 1` behind each source pointer can be read and pixels
/// `x + 1..x + P + 1` behind `dst` written.
#[inline(always)]
unsafe fn wide_tile<S: Simd, const P: usize, const STRIDE: usize>(
    (act, bias, w): (Act, S::V, *const f32),
    src: [*const f32; 5],
    dst: *mut f32,
    x: usize,
    (from, to): (usize, usize),
) {
    // SAFETY: exactly what the caller vouches for.
    unsafe {
        let mut acc = [bias; P];
        for ky in 0..5 {
            let w = w.add(ky * 5 * S::L);
            if P == 1 {
                for kx in from..to {
                    let v = S::load(src[ky].add((x * STRIDE + kx - 1) * S::L));
                    acc[0] = S::fma(v, S::load(w.add(kx * S::L)), acc[0]);
                }
                continue;
            }
            let mut taps = [S::splat(0.0); 5];
            for (kx, tap) in taps.iter_mut().enumerate() {
                *tap = S::load(w.add(kx * S::L));
            }
            let s = src[ky].add((x * STRIDE - 1) * S::L);
            for i in 0..(P - 1) * STRIDE + 5 {
                let v = S::load(s.add(i * S::L));
                for p in 0..P {
                    if i >= p * STRIDE && i - p * STRIDE < 5 {
                        acc[p] = S::fma(v, taps[i - p * STRIDE], acc[p]);
                    }
                }
            }
        }
        for p in 0..P {
            finish::<S>(act, acc[p], dst.add((x + p + 1) * S::L), std::ptr::null());
        }
    }
}

/// # Safety
/// As [`depthwise`], for a window of 5 and this stride.
#[inline(always)]
unsafe fn wide_stride<S: Simd, const STRIDE: usize>(arena: *mut f32, call: &Call<'_>) {
    // The last column of the last pixel lies outside with stride 1; with stride 2 it is the blank
    // one.
    let last = call.width - 1;
    let inner = if STRIDE == 1 { last } else { call.width };
    for block in 0..call.outputs.div_ceil(S::L) {
        // SAFETY: `Kernels::depthwise` checked weights and bias of all whole blocks, and that
        // pixels up to `width * STRIDE + 1` of the sources and `width` of the output lie inside the
        // arena.
        unsafe {
            let w = call.weights.as_ptr().add(block * 25 * S::L);
            let bias = S::load(call.bias.as_ptr().add(block * S::L));
            let how = (call.act, bias, w);
            for row in call.rows {
                let src = [0, 1, 2, 3, 4].map(|i| {
                    arena
                        .add(row.src[i] + block * row.src_block[i])
                        .cast_const()
                });
                let dst = arena.add(row.dst + block * call.dst_block);
                wide_tile::<S, 1, STRIDE>(how, src, dst, 0, (1, if inner == 0 { 4 } else { 5 }));
                let mut x = 1;
                while x + 4 <= inner {
                    wide_tile::<S, 4, STRIDE>(how, src, dst, x, (0, 5));
                    x += 4;
                }
                while x < call.width {
                    wide_tile::<S, 1, STRIDE>(how, src, dst, x, (0, if x < inner { 5 } else { 4 }));
                    x += 1;
                }
            }
        }
    }
}

/// The largest of 2x2, stride 2.
///
/// # Safety
/// As [`super::Entry`], for this kernel.
#[inline(always)]
pub(super) unsafe fn maxpool<S: Simd>(arena: *mut f32, call: &Call<'_>) {
    for block in 0..call.outputs.div_ceil(S::L) {
        for row in call.rows {
            // SAFETY: `Kernels::maxpool` checked pixels up to `2 * width` of the two sources and up
            // to `width` of the output, of every block.
            unsafe {
                let s = [0, 1].map(|i| arena.add(row.src[i] + block * row.src_block[i] + S::L));
                let dst = arena.add(row.dst + block * call.dst_block + S::L);
                for x in 0..call.width {
                    let at = |i: usize, d: usize| S::load(s[i].add((2 * x + d) * S::L));
                    let top = S::max(at(0, 0), at(0, 1));
                    let bottom = S::max(at(1, 0), at(1, 1));
                    S::store(dst.add(x * S::L), S::max(top, bottom));
                }
            }
        }
    }
}

/// The residual plus the source at twice its width, each pixel repeated.
///
/// # Safety
/// As [`super::Entry`], for this kernel.
#[inline(always)]
pub(super) unsafe fn add_up<S: Simd>(arena: *mut f32, call: &Call<'_>) {
    for block in 0..call.outputs.div_ceil(S::L) {
        for row in call.rows {
            let Some(res) = row.res else { continue };
            // SAFETY: `Kernels::add_up` checked pixels up to `(width - 1) / 2 + 1` of the source
            // and up to `width` of the residual and the output, of every block.
            unsafe {
                let s = arena.add(row.src[0] + block * row.src_block[0] + S::L);
                let r = arena.add(res + block * call.res_block + S::L);
                let dst = arena.add(row.dst + block * call.dst_block + S::L);
                for x in 0..call.width {
                    let up = S::load(s.add(x / 2 * S::L));
                    S::store(dst.add(x * S::L), S::add(up, S::load(r.add(x * S::L))));
                }
            }
        }
    }
}
