//! Compute kernels over channel-blocked rows.
//!
//! Layout: a row holds `width + 2` pixels of `L` channels each, with one zero pixel at both ends, so
//! that 3x3 windows never test for the left and right border. Rows above and below the picture are
//! given as a shared zero row with a channel-block stride of 0.

use super::simd::*;

/// y = min(max(x, slope * x), hi): identity (1, inf), ReLU (0, inf), ReLU6 (0, 6), leaky (0.1, inf).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Act {
    pub slope: f32,
    pub hi: f32,
}
pub const IDENTITY: Act = Act {
    slope: 1.0,
    hi: f32::INFINITY,
};
pub const RELU: Act = Act {
    slope: 0.0,
    hi: f32::INFINITY,
};

/// One output row: where to read the (up to three) input rows, where to write.
#[derive(Clone, Copy)]
pub struct Row {
    pub src: [*const f32; 3],
    /// Distance between channel blocks of each input row, in floats.
    pub src_cb: [usize; 3],
    pub dst: *mut f32,
    /// Added after the activation; null for none.
    pub res: *const f32,
}

pub struct Args<'a> {
    pub rows: &'a [Row],
    pub w: &'a [f32],
    pub bias: &'a [f32],
    pub act: Act,
    /// Input and output channels, window (1 or 3), stride.
    pub ic: usize,
    pub oc: usize,
    pub k: usize,
    pub stride: usize,
    /// Output pixels per row, and the distance between neighbours in pixels (2 for deconvolution).
    pub width: usize,
    pub dst_px: usize,
    pub dst_cb: usize,
    pub res_cb: usize,
}

pub struct Kernels {
    pub name: &'static str,
    pub lanes: usize,
    /// Output channels of a GEMM are padded to a multiple of this.
    pub pad: usize,
    pub gemm: unsafe fn(&Args),
    pub first: unsafe fn(&Args),
    pub depthwise: unsafe fn(&Args),
    pub maxpool: unsafe fn(&Args),
    pub add_up: unsafe fn(&Args),
}

/// `for $i in 0..$n` with the body written out, so that `$i` is a constant in each copy: LLVM keeps an
/// array of accumulators in registers only if it sees constant indices before its unrolling limits.
macro_rules! unroll {
    ($i:ident, $n:expr, $body:block) => {
        unroll!(@ $i, $n, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
    };
    (@ $i:ident, $n:expr, $body:block, $($k:literal)*) => {
        $(if $k < $n { #[allow(non_upper_case_globals)] const $i: usize = $k; $body })*
    };
}

#[inline(always)]
unsafe fn finish<S: Simd>(a: &Args, v: S::V, dst: *mut f32, res: *const f32) {
    unsafe {
        let mut v = v;
        if a.act == RELU {
            v = S::max(v, S::splat(0.0));
        } else if a.act != IDENTITY {
            v = S::min(
                S::max(v, S::mul(v, S::splat(a.act.slope))),
                S::splat(a.act.hi),
            );
        }
        if !res.is_null() {
            v = S::add(v, S::load(res));
        }
        S::store(dst, v);
    }
}

/// P pixels x B channel blocks of a 1x1 or 3x3 convolution, kept in registers over the whole sum.
#[inline(always)]
unsafe fn gemm_tile<S: Simd, const P: usize, const B: usize>(
    a: &Args,
    row: &Row,
    block: usize,
    x: usize,
) {
    unsafe {
        let mut acc = [[S::splat(0.0); B]; P];
        for j in 0..B {
            let b = S::load(a.bias.as_ptr().add((block + j) * S::L));
            unroll!(p, P, { acc[p][j] = b });
        }
        let mut w = a.w.as_ptr().add(block * S::L * a.ic * a.k * a.k);
        let first_px = if a.k == 1 { 1 } else { 0 };
        for ky in 0..a.k {
            for kx in 0..a.k {
                let mut src = row.src[ky].add((x + kx + first_px) * S::L);
                let mut left = a.ic;
                while left > 0 {
                    let n = left.min(S::L);
                    let mut s = src;
                    for _ in 0..n {
                        let mut wv = [S::splat(0.0); B];
                        for j in 0..B {
                            wv[j] = S::load(w.add(j * S::L));
                        }
                        unroll!(p, P, {
                            let v = S::splat(*s.add(p * S::L));
                            for j in 0..B {
                                acc[p][j] = S::fma(v, wv[j], acc[p][j]);
                            }
                        });
                        w = w.add(B * S::L);
                        s = s.add(1);
                    }
                    src = src.wrapping_add(row.src_cb[ky]); // past the end after the last block
                    left -= n;
                }
            }
        }
        store_tile::<S, P, B>(a, row, block, x, &acc);
    }
}

/// As `gemm_tile` with one block and a half.
#[inline(always)]
unsafe fn gemm_tile_half<S: Simd, const P: usize>(a: &Args, row: &Row, block: usize, x: usize) {
    unsafe {
        let bias = a.bias.as_ptr().add(block * S::L);
        let mut acc = [S::load(bias); P];
        let mut half = [S::Half::load(bias.add(S::L)); P];
        let mut w = a.w.as_ptr().add(block * S::L * a.ic * a.k * a.k);
        let first_px = if a.k == 1 { 1 } else { 0 };
        for ky in 0..a.k {
            for kx in 0..a.k {
                let mut src = row.src[ky].add((x + kx + first_px) * S::L);
                let mut left = a.ic;
                while left > 0 {
                    let n = left.min(S::L);
                    let mut s = src;
                    for _ in 0..n {
                        let (w0, w1) = (S::load(w), S::Half::load(w.add(S::L)));
                        unroll!(p, P, {
                            let v = *s.add(p * S::L);
                            acc[p] = S::fma(S::splat(v), w0, acc[p]);
                            half[p] = S::Half::fma(S::Half::splat(v), w1, half[p]);
                        });
                        w = w.add(S::L + S::L / 2);
                        s = s.add(1);
                    }
                    src = src.wrapping_add(row.src_cb[ky]); // past the end after the last block
                    left -= n;
                }
            }
        }
        let at = (x * a.dst_px + 1) * S::L;
        let dst = row.dst.add(block * a.dst_cb + at);
        let res = if row.res.is_null() {
            row.res
        } else {
            row.res.add(block * a.res_cb + at)
        };
        unroll!(p, P, {
            let o = p * a.dst_px * S::L;
            let (r0, r1) = if res.is_null() {
                (res, res)
            } else {
                (res.add(o), res.add(a.res_cb + o))
            };
            finish::<S>(a, acc[p], dst.add(o), r0);
            finish::<S::Half>(a, half[p], dst.add(a.dst_cb + o), r1);
        });
    }
}

#[inline(always)]
unsafe fn store_tile<S: Simd, const P: usize, const B: usize>(
    a: &Args,
    row: &Row,
    block: usize,
    x: usize,
    acc: &[[S::V; B]; P],
) {
    unsafe {
        for j in 0..B {
            let at = (x * a.dst_px + 1) * S::L;
            let dst = row.dst.add((block + j) * a.dst_cb + at);
            let res = if row.res.is_null() {
                row.res
            } else {
                row.res.add((block + j) * a.res_cb + at)
            };
            unroll!(p, P, {
                let o = p * a.dst_px * S::L;
                finish::<S>(
                    a,
                    acc[p][j],
                    dst.add(o),
                    if res.is_null() { res } else { res.add(o) },
                );
            });
        }
    }
}

/// First layer: planar input rows (three channels x three rows), stride 2.
#[inline(always)]
unsafe fn first_tile<S: Simd, const P: usize, const B: usize>(
    a: &Args,
    row: &Row,
    block: usize,
    x: usize,
) {
    unsafe {
        let mut acc = [[S::splat(0.0); B]; P];
        for j in 0..B {
            let b = S::load(a.bias.as_ptr().add((block + j) * S::L));
            unroll!(p, P, { acc[p][j] = b });
        }
        let mut w = a.w.as_ptr().add(block * S::L * a.ic * 9);
        for ky in 0..3 {
            for c in 0..a.ic {
                let src = row.src[ky].add(c * row.src_cb[ky] + x * 2);
                for kx in 0..3 {
                    let mut wv = [S::splat(0.0); B];
                    for j in 0..B {
                        wv[j] = S::load(w.add(j * S::L));
                    }
                    unroll!(p, P, {
                        let v = S::splat(*src.add(p * 2 + kx));
                        for j in 0..B {
                            acc[p][j] = S::fma(v, wv[j], acc[p][j]);
                        }
                    });
                    w = w.add(B * S::L);
                }
            }
        }
        store_tile::<S, P, B>(a, row, block, x, &acc);
    }
}

/// Calls a tile function with its pixel count as a constant.
macro_rules! with_pixels {
    (half $p:expr, $f:ident, $S:ty, $max:expr, $args:tt, $($n:literal)*) => {
        match $p {
            $($n if $n <= $max => $f::<$S, $n> $args,)*
            _ => unreachable!(),
        }
    };
    ($p:expr, $f:ident, $S:ty, $b:literal, $max:expr, $args:tt, $($n:literal)*) => {
        match $p {
            $($n if $n <= $max => $f::<$S, $n, $b> $args,)*
            _ => unreachable!(),
        }
    };
}

macro_rules! over_tiles {
    ($name:ident, $tile:ident $(, $half_tile:ident)?) => {
        /// Channel-block pairs outermost, so that one weight panel stays in cache over all rows.
        #[inline(always)]
        unsafe fn $name<S: Simd>(a: &Args) {
            let mut block = 0;
            while block * S::L < a.oc {
                let left = a.oc - block * S::L;
                let pair = left > S::L;
                let most = if pair { S::P2 } else { S::P1 };
                // Tiles of nearly equal width instead of full ones and a thin rest.
                let tiles = a.width.div_ceil(most);
                for row in a.rows {
                    let mut x = 0;
                    for t in 0..tiles {
                        let p = (a.width - x).div_ceil(tiles - t);
                        unsafe {
                            $(if S::HALF && pair && left <= S::L + S::L / 2 {
                                with_pixels!(half p, $half_tile, S, S::P2, (a, row, block, x), 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
                                x += p;
                                continue;
                            })?
                            if pair {
                                with_pixels!(p, $tile, S, 2, S::P2, (a, row, block, x), 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
                            } else {
                                with_pixels!(p, $tile, S, 1, S::P1, (a, row, block, x), 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
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
over_tiles!(gemm, gemm_tile, gemm_tile_half);
over_tiles!(first, first_tile);

#[inline(always)]
unsafe fn depthwise_px<S: Simd, const P: usize, const STRIDE: usize>(
    a: &Args,
    w: &[S::V; 9],
    bias: S::V,
    src: [*const f32; 3],
    dst: *mut f32,
    x: usize,
) {
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
            finish::<S>(a, acc[p], dst.add((x + p + 1) * S::L), std::ptr::null());
        }
    }
}

#[inline(always)]
unsafe fn depthwise_stride<S: Simd, const STRIDE: usize>(a: &Args) {
    unsafe {
        for cb in 0..a.oc.div_ceil(S::L) {
            let mut w = [S::splat(0.0); 9];
            for (i, w) in w.iter_mut().enumerate() {
                *w = S::load(a.w.as_ptr().add((cb * 9 + i) * S::L));
            }
            let bias = S::load(a.bias.as_ptr().add(cb * S::L));
            for row in a.rows {
                let src = [0, 1, 2].map(|i| row.src[i].add(cb * row.src_cb[i]));
                let dst = row.dst.add(cb * a.dst_cb);
                let mut x = 0;
                while x + 4 <= a.width {
                    depthwise_px::<S, 4, STRIDE>(a, &w, bias, src, dst, x);
                    x += 4;
                }
                while x < a.width {
                    depthwise_px::<S, 1, STRIDE>(a, &w, bias, src, dst, x);
                    x += 1;
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn depthwise<S: Simd>(a: &Args) {
    unsafe {
        match a.stride {
            1 => depthwise_stride::<S, 1>(a),
            _ => depthwise_stride::<S, 2>(a),
        }
    }
}

/// 2x2, stride 2.
#[inline(always)]
unsafe fn maxpool<S: Simd>(a: &Args) {
    unsafe {
        for cb in 0..a.oc.div_ceil(S::L) {
            for row in a.rows {
                let s = [0, 1].map(|i| row.src[i].add(cb * row.src_cb[i] + S::L));
                let dst = row.dst.add(cb * a.dst_cb + S::L);
                for x in 0..a.width {
                    let at = |i: usize, d: usize| S::load(s[i].add((2 * x + d) * S::L));
                    S::store(
                        dst.add(x * S::L),
                        S::max(S::max(at(0, 0), at(0, 1)), S::max(at(1, 0), at(1, 1))),
                    );
                }
            }
        }
    }
}

/// res + nearest 2x upsampling of src.
#[inline(always)]
unsafe fn add_up<S: Simd>(a: &Args) {
    unsafe {
        for cb in 0..a.oc.div_ceil(S::L) {
            for row in a.rows {
                let s = row.src[0].add(cb * row.src_cb[0] + S::L);
                let r = row.res.add(cb * a.res_cb + S::L);
                let dst = row.dst.add(cb * a.dst_cb + S::L);
                for x in 0..a.width {
                    S::store(
                        dst.add(x * S::L),
                        S::add(S::load(s.add(x / 2 * S::L)), S::load(r.add(x * S::L))),
                    );
                }
            }
        }
    }
}

/// Compiles every kernel for one instruction set.
macro_rules! instance {
    ($table:ident, $S:ty, $name:literal $(, $feat:literal)?) => {
        pub static $table: Kernels = {
            $(#[target_feature(enable = $feat)])?
            unsafe fn k_gemm(a: &Args) { unsafe { gemm::<$S>(a) } }
            $(#[target_feature(enable = $feat)])?
            unsafe fn k_first(a: &Args) { unsafe { first::<$S>(a) } }
            $(#[target_feature(enable = $feat)])?
            unsafe fn k_depthwise(a: &Args) { unsafe { depthwise::<$S>(a) } }
            $(#[target_feature(enable = $feat)])?
            unsafe fn k_maxpool(a: &Args) { unsafe { maxpool::<$S>(a) } }
            $(#[target_feature(enable = $feat)])?
            unsafe fn k_add_up(a: &Args) { unsafe { add_up::<$S>(a) } }
            Kernels { name: $name, lanes: <$S>::L, pad: if <$S>::HALF { <$S>::L / 2 } else { <$S>::L }, gemm: k_gemm, first: k_first, depthwise: k_depthwise,
                maxpool: k_maxpool, add_up: k_add_up }
        };
    };
}
instance!(SCALAR, Scalar, "scalar");
#[cfg(target_arch = "x86_64")]
instance!(AVX2, Avx2, "avx2", "avx2,fma");
#[cfg(target_arch = "x86_64")]
instance!(AVX512, Avx512, "avx512", "avx512f");
#[cfg(target_arch = "aarch64")]
instance!(NEON, Neon, "neon", "neon");
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
instance!(WASM, Wasm, "simd128");

/// The best table this CPU runs, or the one asked for by name if the CPU has it.
pub fn pick(name: Option<&str>) -> Option<&'static Kernels> {
    let mut have: Vec<&'static Kernels> = vec![];
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            have.push(&AVX512);
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            have.push(&AVX2);
        }
    }
    #[cfg(target_arch = "aarch64")]
    have.push(&NEON);
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    have.push(&WASM);
    have.push(&SCALAR);
    have.into_iter().find(|k| name.is_none_or(|n| n == k.name))
}
