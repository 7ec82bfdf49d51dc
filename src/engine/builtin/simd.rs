//! One small vector trait; every kernel is written once against it.
//! A port (NEON, WASM simd128) is one more `impl Simd` plus one line in `kernels.rs`.

pub trait Simd: Copy + 'static {
    /// f32 lanes; also the channel block of the tensor layout.
    const L: usize;
    /// Most pixels per register tile with two channel blocks / with one.
    const P2: usize;
    const P1: usize;
    type V: Copy;
    /// Half as many lanes, for a last block that is half empty; only where it is also half the work.
    type Half: Simd;
    const HALF: bool = false;
    unsafe fn load(p: *const f32) -> Self::V;
    unsafe fn store(p: *mut f32, v: Self::V);
    unsafe fn splat(x: f32) -> Self::V;
    /// a * b + c
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
}

/// Plain arrays: the portable fallback, and what the others are tested against.
#[derive(Clone, Copy)]
pub struct Scalar;

impl Simd for Scalar {
    const L: usize = 4;
    const P2: usize = 4;
    const P1: usize = 8;
    type V = [f32; 4];
    type Half = Self;
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self::V {
        unsafe { p.cast::<[f32; 4]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: Self::V) {
        unsafe { p.cast::<[f32; 4]>().write_unaligned(v) }
    }
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::V {
        [x; 4]
    }
    #[inline(always)]
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Simd;
    use std::arch::x86_64::*;

    macro_rules! x86_simd {
        ($name:ident, $v:ty, $l:literal, $p2:literal, $p1:literal, $load:ident, $store:ident, $set1:ident,
         $fma:ident, $add:ident, $mul:ident, $max:ident, $min:ident, $half:ty, $has_half:literal) => {
            #[derive(Clone, Copy)]
            pub struct $name;
            impl Simd for $name {
                const L: usize = $l;
                const P2: usize = $p2;
                const P1: usize = $p1;
                type V = $v;
                type Half = $half;
                const HALF: bool = $has_half;
                #[inline(always)]
                unsafe fn load(p: *const f32) -> $v {
                    unsafe { $load(p) }
                }
                #[inline(always)]
                unsafe fn store(p: *mut f32, v: $v) {
                    unsafe { $store(p, v) }
                }
                #[inline(always)]
                unsafe fn splat(x: f32) -> $v {
                    unsafe { $set1(x) }
                }
                #[inline(always)]
                unsafe fn fma(a: $v, b: $v, c: $v) -> $v {
                    unsafe { $fma(a, b, c) }
                }
                #[inline(always)]
                unsafe fn add(a: $v, b: $v) -> $v {
                    unsafe { $add(a, b) }
                }
                #[inline(always)]
                unsafe fn mul(a: $v, b: $v) -> $v {
                    unsafe { $mul(a, b) }
                }
                #[inline(always)]
                unsafe fn max(a: $v, b: $v) -> $v {
                    unsafe { $max(a, b) }
                }
                #[inline(always)]
                unsafe fn min(a: $v, b: $v) -> $v {
                    unsafe { $min(a, b) }
                }
            }
        };
    }
    x86_simd!(
        Avx512,
        __m512,
        16,
        10,
        14,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        _mm512_add_ps,
        _mm512_mul_ps,
        _mm512_max_ps,
        _mm512_min_ps,
        Avx2,
        true
    );
    x86_simd!(
        Avx2,
        __m256,
        8,
        6,
        12,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_set1_ps,
        _mm256_fmadd_ps,
        _mm256_add_ps,
        _mm256_mul_ps,
        _mm256_max_ps,
        _mm256_min_ps,
        Self,
        false
    );
}
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

/// Two registers per vector: sixteen channels x six pixels fill 24 of the 32 registers.
#[cfg(target_arch = "aarch64")]
mod neon {
    use super::Simd;
    use std::arch::aarch64::*;

    #[derive(Clone, Copy)]
    pub struct Neon;

    macro_rules! both {
        ($f:ident, $($x:ident),*) => {
            unsafe { ($f($($x.0),*), $f($($x.1),*)) }
        };
    }
    impl Simd for Neon {
        const L: usize = 8;
        const P2: usize = 6;
        const P1: usize = 12;
        type V = (float32x4_t, float32x4_t);
        type Half = Self;
        #[inline(always)]
        unsafe fn load(p: *const f32) -> Self::V {
            unsafe { (vld1q_f32(p), vld1q_f32(p.add(4))) }
        }
        #[inline(always)]
        unsafe fn store(p: *mut f32, v: Self::V) {
            unsafe {
                vst1q_f32(p, v.0);
                vst1q_f32(p.add(4), v.1);
            }
        }
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self::V {
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
}
#[cfg(target_arch = "aarch64")]
pub use neon::Neon;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm {
    use super::Simd;
    use std::arch::wasm32::*;

    #[derive(Clone, Copy)]
    pub struct Wasm;

    impl Simd for Wasm {
        const L: usize = 4;
        // Without a fused multiply-add the product needs a register of its own.
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
            unsafe { v128_load(p.cast()) }
        }
        #[inline(always)]
        unsafe fn store(p: *mut f32, v: v128) {
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
            f32x4_pmax(a, b)
        }
        #[inline(always)]
        unsafe fn min(a: v128, b: v128) -> v128 {
            f32x4_pmin(a, b)
        }
    }
}
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use wasm::Wasm;
