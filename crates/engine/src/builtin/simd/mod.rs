//! One small vector trait, so that every kernel is written once. An instruction set is one `impl`
//! here and one line in `kernels/instances.rs`.
//!
//! Invariant: an implementation touches exactly the `L` floats at the pointer it is given and
//! nothing else. The kernels' bounds rest on that, so the traits are unsafe to implement, and what
//! can be computed about an implementation is checked when it is compiled.
//!
//! The kernels' tests run every instruction set that the CPU has. `.ci/run` runs them for NEON,
//! too, under QEMU where that can be had. The npm package runs WASM, and its tests compare its
//! faces with the command's.

#[cfg_attr(
    not(any(
        test,
        target_arch = "x86_64",
        all(target_arch = "wasm32", target_feature = "simd128")
    )),
    expect(dead_code, reason = "only x86 and WebAssembly have narrow products")
)]
mod narrow;
mod scalar;
pub(super) use narrow::{GROUP, Narrow};
pub(super) use scalar::Scalar;
#[cfg(test)]
pub(super) use scalar::{Scalar16, ScalarNarrow};

#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512, Sse2};
#[cfg(target_arch = "x86_64")]
mod x86_narrow;
#[cfg(target_arch = "x86_64")]
pub(super) use x86_narrow::{Avx2Narrow, Avx512Vnni, AvxVnni};

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "aarch64")]
pub(super) use neon::Neon;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use wasm::Wasm;

/// Most pixels of a register tile: as many as the kernels can write out.
pub(super) const MOST_PIXELS: usize = 14;

/// A vector of `L` floats.
///
/// # Safety
///
/// For who implements it: `load` and `store` touch the `L` floats at the pointer and nothing else,
/// no other function touches memory, and [`Self::SOUND`] holds.
///
/// For who calls its functions: each needs the instruction set of its implementation; `load` and
/// `store` also need `L` floats at the pointer, valid for reading or writing and aligned as `f32`.
/// Nothing else is needed.
pub(super) unsafe trait Simd: Copy + 'static {
    /// Floats in a vector; also the channel block of the tensor layout.
    const L: usize;
    /// Most pixels of a register tile with two channel blocks: as many as stay in registers.
    const P2: usize;
    /// Most pixels of a register tile with one channel block.
    const P1: usize;
    /// Whether `Half` costs half as much, so that a last block that is half empty pays.
    const HALF: bool = false;
    /// The vector.
    type V: Copy;
    /// Half as many lanes on the same CPU; `Self` where `HALF` is false.
    type Half: Simd;

    /// Fails to compile for an implementation whose constants do not fit one another.
    const SOUND: () = {
        assert!(size_of::<Self::V>() == Self::L * size_of::<f32>());
        assert!(0 < Self::P2 && Self::P2 <= MOST_PIXELS);
        assert!(0 < Self::P1 && Self::P1 <= MOST_PIXELS);
        assert!(!Self::HALF || 2 * <Self::Half as Simd>::L == Self::L);
    };

    /// Reads `L` floats.
    unsafe fn load(p: *const f32) -> Self::V;
    /// Writes `L` floats.
    unsafe fn store(p: *mut f32, v: Self::V);
    /// `x` in every lane.
    unsafe fn splat(x: f32) -> Self::V;
    /// `a * b + c`, rounded once where the CPU can.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a + b`
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// The larger of each pair of lanes; `b` where one is NaN, as x86 has it.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller of each pair of lanes; `b` where one is NaN.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
}
