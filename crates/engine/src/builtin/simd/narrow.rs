//! Products of 16-bit numbers, two to a lane: what the kernels of [`super::super::kernels`] called
//! narrow need beyond [`Simd`].

use super::Simd;

/// A vector of `L` 32-bit words, each of which is a number or a pair of 16-bit numbers (the first
/// in the low half).
///
/// # Safety
///
/// As [`Simd`]: the instruction set, and what is said about pointers.
pub(in super::super) trait Narrow: Simd {
    /// `Half`, which has narrow products too.
    type Short: Narrow;
    /// The vector of words.
    type I: Copy;

    /// Reads `L` words.
    unsafe fn load_words(p: *const i32) -> Self::I;
    /// `x` in every lane.
    unsafe fn splat_word(x: i32) -> Self::I;
    /// In each lane `sum + a.0 * b.0 + a.1 * b.1`, which wraps around.
    unsafe fn dot(sum: Self::I, a: Self::I, b: Self::I) -> Self::I;
    /// Numbers to floats.
    unsafe fn to_floats(v: Self::I) -> Self::V;
    /// Reads `n` floats, at most `L`; zero in the other lanes.
    unsafe fn load_some(p: *const f32, n: usize) -> Self::V;
    /// Without the sign.
    unsafe fn abs(v: Self::V) -> Self::V;
    /// The largest lane of one that holds no NaN.
    unsafe fn largest(v: Self::V) -> f32;
    /// Rounds to the nearest whole number, even ones first, and writes `L` 16-bit numbers: half as
    /// many words. What does not fit becomes the largest or least that does.
    unsafe fn store_narrow(p: *mut i32, v: Self::V);
}
