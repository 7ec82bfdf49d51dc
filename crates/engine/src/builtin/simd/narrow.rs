//! Products of 16-bit numbers, two to a lane: what the kernels of [`super::super::kernels`] called
//! narrow need beyond [`Simd`].

use super::Simd;

/// Channels of a pixel that lie together when they are narrowed, whatever the vectors' length: a
/// loop over the two words of a short vector costs as much as what is in it.
pub(in super::super) const GROUP: usize = 16;

/// A vector of `L` 32-bit words, each of which is a number or a pair of 16-bit numbers (the first
/// in the low half).
///
/// # Safety
///
/// For who implements it: `load_words` touches `L` words, `load_some` `n` floats and `store_narrow`
/// `L` 16-bit numbers at the pointer, and nothing else; [`Self::SOUND_NARROW`] holds.
///
/// For who calls its functions: as [`Simd`]; `load_some` also needs `n` to be at most `L`.
pub(in super::super) unsafe trait Narrow: Simd {
    /// `Half`, which has narrow products too.
    type Short: Narrow;
    /// The vector of words.
    type I: Copy;

    /// Fails to compile for an implementation whose constants do not fit one another.
    const SOUND_NARROW: () = {
        assert!(size_of::<Self::I>() == Self::L * size_of::<i32>() && Self::L.is_multiple_of(2));
        assert!(GROUP.is_multiple_of(Self::L));
        assert!(!Self::HALF || 2 * <Self::Short as Simd>::L == Self::L);
    };

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
