//! WebAssembly SIMD, with fused multiply-add where relaxed SIMD is enabled.
//!
//! Without that, one instruction for the products of eight 16-bit numbers and one for their sums
//! take the place of two each for floats.

use super::{Narrow, Simd};
use std::arch::wasm32::*;

#[derive(Clone, Copy)]
pub(in super::super) struct Wasm;

// SAFETY: the load and the store are unaligned ones of four floats.
unsafe impl Simd for Wasm {
    const L: usize = 4;
    // As many as V8 keeps in registers (measured).
    const P2: usize = 4;
    const P1: usize = 8;
    type V = v128;
    type Half = Self;

    #[inline(always)]
    unsafe fn load(p: *const f32) -> v128 {
        // SAFETY: the caller vouches for four readable floats; the load needs no alignment.
        unsafe { v128_load(p.cast()) }
    }

    #[inline(always)]
    unsafe fn store(p: *mut f32, v: v128) {
        // SAFETY: the caller vouches for four writable floats; the store needs no alignment.
        unsafe { v128_store(p.cast(), v) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> v128 {
        f32x4_splat(x)
    }

    #[inline(always)]
    unsafe fn fma(a: v128, b: v128, c: v128) -> v128 {
        #[cfg(target_feature = "relaxed-simd")]
        return f32x4_relaxed_madd(a, b, c);
        #[cfg(not(target_feature = "relaxed-simd"))]
        f32x4_add(f32x4_mul(a, b), c)
    }

    #[inline(always)]
    unsafe fn add(a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }

    #[inline(always)]
    unsafe fn mul(a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }

    #[inline(always)]
    unsafe fn max(a: v128, b: v128) -> v128 {
        f32x4_pmax(b, a)
    }

    #[inline(always)]
    unsafe fn min(a: v128, b: v128) -> v128 {
        f32x4_pmin(b, a)
    }
}

// SAFETY: loads and stores are unaligned ones of four words, of the `n` floats asked for, and of
// four numbers of 16 bits.
unsafe impl Narrow for Wasm {
    type Short = Self;
    type I = v128;

    #[inline(always)]
    unsafe fn load_words(p: *const i32) -> v128 {
        // SAFETY: the caller vouches for four readable words; the load needs no alignment.
        unsafe { v128_load(p.cast()) }
    }

    #[inline(always)]
    unsafe fn splat_word(x: i32) -> v128 {
        i32x4_splat(x)
    }

    #[inline(always)]
    unsafe fn dot(sum: v128, a: v128, b: v128) -> v128 {
        i32x4_add(sum, i32x4_dot_i16x8(a, b))
    }

    #[inline(always)]
    unsafe fn to_floats(v: v128) -> v128 {
        f32x4_convert_i32x4(v)
    }

    #[inline(always)]
    unsafe fn load_some(p: *const f32, n: usize) -> v128 {
        let mut all = [0.0; 4];
        for (i, to) in all.iter_mut().enumerate().take(n) {
            // SAFETY: the caller vouches for `n` readable floats.
            *to = unsafe { *p.add(i) };
        }
        f32x4(all[0], all[1], all[2], all[3])
    }

    #[inline(always)]
    unsafe fn abs(v: v128) -> v128 {
        f32x4_abs(v)
    }

    #[inline(always)]
    unsafe fn largest(v: v128) -> f32 {
        let two = f32x4_pmax(v, i32x4_shuffle::<2, 3, 0, 1>(v, v));
        let one = f32x4_pmax(two, i32x4_shuffle::<1, 0, 3, 2>(two, two));
        f32x4_extract_lane::<0>(one)
    }

    #[inline(always)]
    unsafe fn store_narrow(p: *mut i32, v: v128) {
        let words = i32x4_trunc_sat_f32x4(f32x4_nearest(v));
        let narrow = i16x8_narrow_i32x4(words, words);
        // SAFETY: the caller vouches for four writable 16-bit numbers; the store needs no
        // alignment.
        unsafe { v128_store64_lane::<0>(narrow, p.cast()) }
    }
}
