//! Plain arrays: the fallback on machines without an implementation of their own, what Miri runs,
//! and what the other implementations are tested against.

#[cfg(test)]
use super::Narrow;
use super::Simd;

macro_rules! scalar {
    ($(#[$doc:meta])* $name:ident, lanes $l:literal, tiles $p2:literal $p1:literal, half $half:ty, $has_half:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(in super::super) struct $name;

        // SAFETY: reads and writes are of a whole array of `L` floats.
        unsafe impl Simd for $name {
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

            #[inline(always)]
            unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
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

#[cfg(test)]
scalar!(
    /// With narrow products.
    ScalarNarrow, lanes 16, tiles 3 4, half ScalarNarrow8, true
);
#[cfg(test)]
scalar!(ScalarNarrow8, lanes 8, tiles 3 4, half Self, false);

#[cfg(test)]
macro_rules! scalar_narrow {
    ($name:ident, lanes $l:literal, short $short:ty) => {
        // SAFETY: reads and writes are of whole arrays, or of the `n` floats asked for.
        unsafe impl Narrow for $name {
            type Short = $short;
            type I = [i32; $l];

            unsafe fn load_words(p: *const i32) -> Self::I {
                // SAFETY: the caller vouches for `L` readable words; the read needs no alignment.
                unsafe { p.cast::<Self::I>().read_unaligned() }
            }

            unsafe fn splat_word(x: i32) -> Self::I {
                [x; $l]
            }

            unsafe fn dot(sum: Self::I, a: Self::I, b: Self::I) -> Self::I {
                let halves = |x: i32| [x as i16, (x >> 16) as i16].map(i32::from);
                std::array::from_fn(|i| {
                    let ([a0, a1], [b0, b1]) = (halves(a[i]), halves(b[i]));
                    sum[i].wrapping_add(a0 * b0).wrapping_add(a1 * b1)
                })
            }

            unsafe fn to_floats(v: Self::I) -> Self::V {
                v.map(|v| v as f32)
            }

            unsafe fn load_some(p: *const f32, n: usize) -> Self::V {
                // SAFETY: the caller vouches for `n` readable floats.
                std::array::from_fn(|i| if i < n { unsafe { *p.add(i) } } else { 0.0 })
            }

            unsafe fn abs(v: Self::V) -> Self::V {
                v.map(f32::abs)
            }

            unsafe fn largest(v: Self::V) -> f32 {
                v.into_iter().fold(f32::MIN, f32::max)
            }

            unsafe fn store_narrow(p: *mut i32, v: Self::V) {
                let v = v.map(|v| v.round_ties_even() as i16);
                // SAFETY: the caller vouches for `L` writable 16-bit numbers.
                unsafe { p.cast::<[i16; $l]>().write_unaligned(v) }
            }
        }
    };
}

#[cfg(test)]
scalar_narrow!(ScalarNarrow, lanes 16, short ScalarNarrow8);
#[cfg(test)]
scalar_narrow!(ScalarNarrow8, lanes 8, short Self);
