//! WebAssembly SIMD, with fused multiply-add where relaxed SIMD is enabled. Run by the prototype.

use super::Simd;
use std::arch::wasm32::*;

#[derive(Clone, Copy)]
pub(in super::super) struct Wasm;

// SAFETY: the load and the store are unaligned ones of four floats.
unsafe impl Simd for Wasm {
    const L: usize = 4;
    // Without a fused multiply-add the product needs a register of its own (measured in V8).
    const P2: usize = if cfg!(target_feature = "relaxed-simd") {
        4
    } else {
        3
    };
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
