//! AVX-512, AVX2 with FMA, and SSE2, which every 64-bit x86 CPU has: the fallback there, because
//! the speed of the scalar arrays depends on what the compiler makes of them (a harmless change
//! once made them 2.3 times slower).

use super::Simd;
use std::arch::x86_64::*;

macro_rules! x86_simd {
    ($(#[$doc:meta])* $name:ident, $v:ty, lanes $l:literal, tiles $p2:literal $p1:literal, half $half:ty, $has_half:literal,
     $load:ident, $store:ident, $set1:ident, $fma:ident, $add:ident, $mul:ident, $max:ident, $min:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(in super::super) struct $name;

        // SAFETY: the load and the store named below are unaligned ones of a whole `$v`, which is
        // `L` floats; the other instructions work on registers.
        unsafe impl Simd for $name {
            const L: usize = $l;
            const P2: usize = $p2;
            const P1: usize = $p1;
            const HALF: bool = $has_half;
            type V = $v;
            type Half = $half;

            #[inline(always)]
            unsafe fn load(p: *const f32) -> $v {
                // SAFETY: the caller vouches for the CPU and for `L` readable floats; the load is
                // unaligned.
                unsafe { $load(p) }
            }

            #[inline(always)]
            unsafe fn store(p: *mut f32, v: $v) {
                // SAFETY: the caller vouches for the CPU and for `L` writable floats; the store is
                // unaligned.
                unsafe { $store(p, v) }
            }

            #[inline(always)]
            unsafe fn splat(x: f32) -> $v {
                // SAFETY: the caller vouches for the CPU.
                unsafe { $set1(x) }
            }

            #[inline(always)]
            unsafe fn fma(a: $v, b: $v, c: $v) -> $v {
                // SAFETY: the caller vouches for the CPU.
                unsafe { $fma(a, b, c) }
            }

            #[inline(always)]
            unsafe fn add(a: $v, b: $v) -> $v {
                // SAFETY: the caller vouches for the CPU.
                unsafe { $add(a, b) }
            }

            #[inline(always)]
            unsafe fn mul(a: $v, b: $v) -> $v {
                // SAFETY: the caller vouches for the CPU.
                unsafe { $mul(a, b) }
            }

            #[inline(always)]
            unsafe fn max(a: $v, b: $v) -> $v {
                // SAFETY: the caller vouches for the CPU.
                unsafe { $max(a, b) }
            }

            #[inline(always)]
            unsafe fn min(a: $v, b: $v) -> $v {
                // SAFETY: the caller vouches for the CPU.
                unsafe { $min(a, b) }
            }
        }
    };
}

/// The float half of a type for AVX-512. Thirty-two registers: 10 x 2 accumulators; more (14 x 2)
/// measured no faster.
macro_rules! floats_512 {
    ($(#[$doc:meta])* $name:ident, half $half:ty) => {
        x86_simd!(
            $(#[$doc])* $name, __m512, lanes 16, tiles 10 14, half $half, true,
            _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps,
            _mm512_mul_ps, _mm512_max_ps, _mm512_min_ps
        );
    };
}

/// The same for AVX2. Sixteen registers: 6 x 2 accumulators, two of weights, one input.
macro_rules! floats_256 {
    ($(#[$doc:meta])* $name:ident) => {
        x86_simd!(
            $(#[$doc])* $name, __m256, lanes 8, tiles 6 12, half Self, false,
            _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps,
            _mm256_mul_ps, _mm256_max_ps, _mm256_min_ps
        );
    };
}
pub(super) use {floats_256, floats_512, x86_simd};

floats_512!(Avx512, half Avx2);
floats_256!(Avx2);

/// # Safety
/// None: SSE2 is part of the base instruction set.
#[inline(always)]
unsafe fn multiply_add(a: __m128, b: __m128, c: __m128) -> __m128 {
    // SAFETY: SSE2 is part of the base instruction set.
    let product = unsafe { _mm_mul_ps(a, b) };
    // SAFETY: the same.
    unsafe { _mm_add_ps(product, c) }
}

// Sixteen registers: 5 x 2 accumulators, two of weights, one input, one product.
x86_simd!(
    Sse2,
    __m128,
    lanes 4,
    tiles 5 10,
    half Self,
    false,
    _mm_loadu_ps,
    _mm_storeu_ps,
    _mm_set1_ps,
    multiply_add,
    _mm_add_ps,
    _mm_mul_ps,
    _mm_max_ps,
    _mm_min_ps
);
