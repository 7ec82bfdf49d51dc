//! Plain arrays: the fallback on machines without an implementation of their own, what Miri runs, and what
//! the other implementations are tested against.

use super::Simd;

macro_rules! scalar {
    ($(#[$doc:meta])* $name:ident, lanes $l:literal, tiles $p2:literal $p1:literal, half $half:ty, $has_half:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(in super::super) struct $name;

        impl Simd for $name {
            const L: usize = $l;
            const P2: usize = $p2;
            const P1: usize = $p1;
            const HALF: bool = $has_half;
            type V = [f32; $l];
            type Half = $half;

            #[inline(always)]
            unsafe fn load(p: *const f32) -> Self::V {
                // SAFETY: the caller vouches for `L` readable floats; the read needs no alignment.
                unsafe { p.cast::<Self::V>().read_unaligned() }
            }

            #[inline(always)]
            unsafe fn store(p: *mut f32, v: Self::V) {
                // SAFETY: the caller vouches for `L` writable floats; the write needs no alignment.
                unsafe { p.cast::<Self::V>().write_unaligned(v) }
            }

            #[inline(always)]
            unsafe fn splat(x: f32) -> Self::V {
                [x; $l]
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
        }
    };
}

scalar!(Scalar, lanes 4, tiles 4 8, half Self, false);

#[cfg(test)]
scalar!(
    /// The shape of AVX-512, half blocks too, for machines without it.
    Scalar16, lanes 16, tiles 3 4, half Scalar8, true
);
#[cfg(test)]
scalar!(Scalar8, lanes 8, tiles 3 4, half Self, false);
