//! Products of 16-bit numbers on x86: with VNNI one instruction multiplies and adds twice as many
//! in the time that it takes for floats; AVX2 needs one to multiply and one to add.
//!
//! `AvxVnni` (Intel from the twelfth Core generation, AMD from Zen 5) has only been compiled and
//! never run, but for its functions that are AVX2; its tests are the same ones, on such a machine.

#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "the instructions of one function need the same CPU, and one of them a pointer"
)]

use super::x86::{floats_256, floats_512, x86_simd};
use super::{Narrow, Simd};
use std::arch::x86_64::*;

floats_512!(
    /// AVX-512 with VNNI and the short vectors of VL.
    Avx512Vnni,
    half Avx512VnniHalf
);
floats_256!(
    /// Half as long, on the same processor.
    Avx512VnniHalf
);
floats_256!(
    /// VNNI without AVX-512.
    AvxVnni
);
floats_256!(
    /// Neither.
    Avx2Narrow
);

// SAFETY: loads and stores are unaligned ones of 16 words, of masked lanes, and of 16 numbers of
// 16 bits.
unsafe impl Narrow for Avx512Vnni {
    type Short = Avx512VnniHalf;
    type I = __m512i;

    #[inline(always)]
    unsafe fn load_words(p: *const i32) -> __m512i {
        // SAFETY: the caller vouches for the CPU and for `L` readable words; the load is unaligned.
        unsafe { _mm512_loadu_si512(p.cast()) }
    }

    #[inline(always)]
    unsafe fn splat_word(x: i32) -> __m512i {
        // SAFETY: the caller vouches for the CPU.
        unsafe { _mm512_set1_epi32(x) }
    }

    #[inline(always)]
    unsafe fn dot(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the caller vouches for the CPU.
        unsafe { _mm512_dpwssd_epi32(sum, a, b) }
    }

    #[inline(always)]
    unsafe fn to_floats(v: __m512i) -> __m512 {
        // SAFETY: the caller vouches for the CPU.
        unsafe { _mm512_cvtepi32_ps(v) }
    }

    #[inline(always)]
    unsafe fn load_some(p: *const f32, n: usize) -> __m512 {
        let mask = ((1_u32 << n) - 1) as __mmask16;
        // SAFETY: the caller vouches for the CPU and for `n` readable floats; lanes that are masked
        // out are not read.
        unsafe { _mm512_maskz_loadu_ps(mask, p) }
    }

    #[inline(always)]
    unsafe fn abs(v: __m512) -> __m512 {
        // SAFETY: the caller vouches for the CPU.
        unsafe { _mm512_abs_ps(v) }
    }

    #[inline(always)]
    unsafe fn largest(v: __m512) -> f32 {
        // SAFETY: the caller vouches for the CPU.
        unsafe { _mm512_reduce_max_ps(v) }
    }

    #[inline(always)]
    unsafe fn store_narrow(p: *mut i32, v: __m512) {
        // SAFETY: the caller vouches for the CPU and for `L` writable 16-bit numbers; the store is
        // unaligned.
        unsafe { _mm256_storeu_si256(p.cast(), _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(v))) }
    }
}

/// Which lanes `load_some` reads: the window that starts `n` before the middle.
static FIRST_LANES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

macro_rules! narrow_256 {
    ($name:ident, $dot:ident) => {
        // SAFETY: loads and stores are unaligned ones of 8 words, of masked lanes, and of 8 numbers
        // of 16 bits.
        unsafe impl Narrow for $name {
            type Short = Self;
            type I = __m256i;

            #[inline(always)]
            unsafe fn load_words(p: *const i32) -> __m256i {
                // SAFETY: the caller vouches for the CPU and for `L` readable words; the load is
                // unaligned.
                unsafe { _mm256_loadu_si256(p.cast()) }
            }

            #[inline(always)]
            unsafe fn splat_word(x: i32) -> __m256i {
                // SAFETY: the caller vouches for the CPU.
                unsafe { _mm256_set1_epi32(x) }
            }

            #[inline(always)]
            unsafe fn dot(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
                // SAFETY: the caller vouches for the CPU.
                unsafe { $dot(sum, a, b) }
            }

            #[inline(always)]
            unsafe fn to_floats(v: __m256i) -> __m256 {
                // SAFETY: the caller vouches for the CPU.
                unsafe { _mm256_cvtepi32_ps(v) }
            }

            #[inline(always)]
            unsafe fn load_some(p: *const f32, n: usize) -> __m256 {
                let mask = &FIRST_LANES[8 - n.min(8)..][..8];
                // SAFETY: the caller vouches for the CPU and for `n` readable floats; the mask is
                // as long as a vector, and lanes that are masked out are not read.
                unsafe { _mm256_maskload_ps(p, _mm256_loadu_si256(mask.as_ptr().cast())) }
            }

            #[inline(always)]
            unsafe fn abs(v: __m256) -> __m256 {
                // SAFETY: the caller vouches for the CPU.
                unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), v) }
            }

            #[inline(always)]
            unsafe fn largest(v: __m256) -> f32 {
                // SAFETY: the caller vouches for the CPU.
                unsafe {
                    let four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
                    let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
                    _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
                }
            }

            #[inline(always)]
            unsafe fn store_narrow(p: *mut i32, v: __m256) {
                // SAFETY: the caller vouches for the CPU and for `L` writable 16-bit numbers; the
                // store is unaligned.
                unsafe {
                    let words = _mm256_cvtps_epi32(v);
                    let (low, high) = (
                        _mm256_castsi256_si128(words),
                        _mm256_extracti128_si256(words, 1),
                    );
                    _mm_storeu_si128(p.cast(), _mm_packs_epi32(low, high));
                }
            }
        }
    };
}

narrow_256!(Avx512VnniHalf, _mm256_dpwssd_epi32);
narrow_256!(AvxVnni, _mm256_dpwssd_avx_epi32);
narrow_256!(Avx2Narrow, multiply_add_pairs);

/// In each lane `sum + a.0 * b.0 + a.1 * b.1`, which wraps around.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn multiply_add_pairs(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
    // SAFETY: the caller vouches for the CPU.
    unsafe { _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)) }
}
