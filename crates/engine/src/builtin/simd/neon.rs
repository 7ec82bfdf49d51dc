//! ARM NEON, which every 64-bit ARM CPU has. Run under QEMU, not yet on hardware.
//!
//! Two registers per vector: sixteen channels x six pixels fill 24 of the 32 registers.

#![allow(
    unused_unsafe,
    clippy::allow_attributes,
    clippy::multiple_unsafe_ops_per_block,
    reason = "each function is two intrinsics of one kind; those without pointers are safe"
)]

use super::Simd;
use std::arch::aarch64::*;

#[derive(Clone, Copy)]
pub(in super::super) struct Neon;

macro_rules! both {
    ($f:ident, $($x:ident),*) => {
        // SAFETY: arithmetic on values; NEON is part of the base instruction set.
        unsafe { ($f($($x.0),*), $f($($x.1),*)) }
    };
}

// SAFETY: loads and stores are two of four floats each, which need no more than float alignment.
unsafe impl Simd for Neon {
    const L: usize = 8;
    const P2: usize = 6;
    const P1: usize = 12;
    type V = (float32x4_t, float32x4_t);
    type Half = Self;

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self::V {
        // SAFETY: the caller vouches for eight readable floats; the loads need float alignment
        // only.
        unsafe { (vld1q_f32(p), vld1q_f32(p.add(4))) }
    }

    #[inline(always)]
    unsafe fn store(p: *mut f32, v: Self::V) {
        // SAFETY: the caller vouches for eight writable floats; the stores need float alignment
        // only.
        unsafe {
            vst1q_f32(p, v.0);
            vst1q_f32(p.add(4), v.1);
        }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::V {
        // SAFETY: arithmetic on values; NEON is part of the base instruction set.
        unsafe { (vdupq_n_f32(x), vdupq_n_f32(x)) }
    }

    #[inline(always)]
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        both!(vfmaq_f32, c, a, b)
    }

    #[inline(always)]
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
        both!(vaddq_f32, a, b)
    }

    #[inline(always)]
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
        both!(vmulq_f32, a, b)
    }

    #[inline(always)]
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
        both!(vmaxq_f32, a, b)
    }

    #[inline(always)]
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
        both!(vminq_f32, a, b)
    }
}
