//! SSE2, which every 64-bit x86 CPU has: the fallback for those without AVX2. The scalar arrays
//! depend on what the compiler makes of them: a harmless change once made them 2.3 times slower.

use super::Simd;
use std::arch::x86_64::*;

#[derive(Clone, Copy)]
pub(in super::super) struct Sse2;

impl Simd for Sse2 {
    const L: usize = 4;
    // Sixteen registers: 5 x 2 accumulators, two of weights, one input, one product.
    const P2: usize = 5;
    const P1: usize = 10;
    type V = __m128;
    type Half = Self;

    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m128 {
        // SAFETY: the caller vouches for four readable floats; the load is unaligned.
        unsafe { _mm_loadu_ps(p) }
    }

    #[inline(always)]
    unsafe fn store(p: *mut f32, v: __m128) {
        // SAFETY: the caller vouches for four writable floats; the store is unaligned.
        unsafe { _mm_storeu_ps(p, v) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m128 {
        _mm_set1_ps(x)
    }

    #[inline(always)]
    unsafe fn fma(a: __m128, b: __m128, c: __m128) -> __m128 {
        _mm_add_ps(_mm_mul_ps(a, b), c)
    }

    #[inline(always)]
    unsafe fn add(a: __m128, b: __m128) -> __m128 {
        _mm_add_ps(a, b)
    }

    #[inline(always)]
    unsafe fn mul(a: __m128, b: __m128) -> __m128 {
        _mm_mul_ps(a, b)
    }

    #[inline(always)]
    unsafe fn max(a: __m128, b: __m128) -> __m128 {
        _mm_max_ps(a, b)
    }
}
