//! Every kernel compiled for every instruction set, and which of them this CPU runs.
//!
//! Invariant: a table leaves this file only after its instruction set was detected.

#[cfg(any(
    test,
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
))]
use super::narrow;
use super::{Call, Kernels, gemm, pixelwise, squeeze};
#[cfg(any(
    test,
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
))]
use crate::builtin::simd::Narrow;
use crate::builtin::simd::{self, Scalar, Simd};

/// Compiles every kernel for one instruction set. The entry points carry the target features;
/// everything below them is inlined into them, and so are the intrinsics.
macro_rules! instance {
    ($table:ident, $S:ty, $name:literal $(, $feature:literal)?) => {
        instance!(@ $table, $S, $name, None, $($feature)?);
    };
    (narrow $table:ident, $S:ty, $name:literal $(, $feature:literal)?) => {
        const _: () = <$S as Narrow>::SOUND_NARROW;
        const _: () = <<$S as Narrow>::Short as Narrow>::SOUND_NARROW;
        const _: () = <<$S as Narrow>::Short as Simd>::SOUND;
        instance!(@ $table, $S, $name, Some({
            $(#[target_feature(enable = $feature)])?
            unsafe fn narrow_entry(arena: *mut f32, scratch: *mut i32, call: &Call<'_>) {
                // SAFETY: handed on; see `NarrowEntry`.
                unsafe {
                    match call.window {
                        1 => narrow::pointwise::<$S>(arena, scratch, call),
                        _ => narrow::dense::<$S>(arena, scratch, call),
                    }
                }
            }
            narrow_entry
        }), $($feature)?);
    };
    (@ $table:ident, $S:ty, $name:literal, $narrow:expr, $($feature:literal)?) => {
        const _: () = <$S as Simd>::SOUND;
        const _: () = <<$S as Simd>::Half as Simd>::SOUND;
        static $table: Kernels = {
            $(#[target_feature(enable = $feature)])?
            unsafe fn gemm_entry(arena: *mut f32, call: &Call<'_>) {
                // SAFETY: handed on; see `Entry`.
                unsafe { gemm::gemm::<$S>(arena, call) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn first_entry(arena: *mut f32, call: &Call<'_>) {
                // SAFETY: handed on; see `Entry`.
                unsafe { gemm::first::<$S>(arena, call) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn depthwise_entry(arena: *mut f32, call: &Call<'_>) {
                // SAFETY: handed on; see `Entry`.
                unsafe { pixelwise::depthwise::<$S>(arena, call) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn maxpool_entry(arena: *mut f32, call: &Call<'_>) {
                // SAFETY: handed on; see `Entry`.
                unsafe { pixelwise::maxpool::<$S>(arena, call) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn add_up_entry(arena: *mut f32, call: &Call<'_>) {
                // SAFETY: handed on; see `Entry`.
                unsafe { pixelwise::add_up::<$S>(arena, call) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn mean_entry(arena: *mut f32, call: &Call<'_>) {
                // SAFETY: handed on; see `Entry`.
                unsafe { squeeze::mean::<$S>(arena, call) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn gate_entry(arena: *mut f32, call: &Call<'_>) {
                // SAFETY: handed on; see `Entry`.
                unsafe { squeeze::gate::<$S>(arena, call) }
            }
            Kernels {
                name: $name,
                lanes: <$S>::L,
                half: <$S>::HALF,
                tile: if <$S>::P1 > <$S>::P2 { <$S>::P1 } else { <$S>::P2 },
                gemm: gemm_entry,
                narrow: $narrow,
                first: first_entry,
                depthwise: depthwise_entry,
                maxpool: maxpool_entry,
                add_up: add_up_entry,
                mean: mean_entry,
                gate: gate_entry,
            }
        };
    };
}

instance!(SCALAR, Scalar, "scalar");
#[cfg(test)]
instance!(SCALAR16, simd::Scalar16, "scalar16");
#[cfg(test)]
instance!(narrow SCALAR_NARROW, simd::ScalarNarrow, "scalar16narrow");
#[cfg(target_arch = "x86_64")]
instance!(SSE2, simd::Sse2, "sse2");
#[cfg(target_arch = "x86_64")]
instance!(AVX2, simd::Avx2, "avx2", "avx2,fma");
#[cfg(target_arch = "x86_64")]
instance!(AVX512, simd::Avx512, "avx512", "avx512f,avx2,fma");
#[cfg(target_arch = "x86_64")]
instance!(narrow AVX_VNNI, simd::AvxVnni, "avxvnni", "avxvnni,avx2,fma");
#[cfg(target_arch = "x86_64")]
instance!(narrow AVX512_VNNI, simd::Avx512Vnni, "avx512vnni", "avx512vnni,avx512vl,avx512f,avx2,fma");
#[cfg(target_arch = "x86_64")]
instance!(narrow AVX2_NARROW, simd::Avx2Narrow, "avx2narrow", "avx2,fma");
#[cfg(target_arch = "aarch64")]
instance!(NEON, simd::Neon, "neon", "neon");
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
instance!(narrow WASM, simd::Wasm, "simd128");

/// The instruction sets that this CPU has, best first; the scalar one is always last.
pub(in crate::builtin) fn available() -> Vec<&'static Kernels> {
    let mut have = vectors();
    have.push(&SCALAR);
    have
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
fn vectors() -> Vec<&'static Kernels> {
    let mut have: Vec<&'static Kernels> = vec![];
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = avx2 && is_x86_feature_detected!("avx512f");
    if avx512 && is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512vnni") {
        have.push(&AVX512_VNNI);
    }
    if avx512 {
        have.push(&AVX512);
    }
    if avx2 && is_x86_feature_detected!("avxvnni") {
        have.push(&AVX_VNNI);
    }
    if avx2 {
        have.extend(match multiplies_pairs_twice() {
            true => [&AVX2_NARROW, &AVX2],
            false => [&AVX2, &AVX2_NARROW],
        });
    }
    have.push(&SSE2);
    have
}

/// What [`starts_two`] says of this processor.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[allow(
    clippy::allow_attributes,
    unused_unsafe,
    reason = "reading it is safe from a later Rust on"
)]
fn multiplies_pairs_twice() -> bool {
    use std::arch::x86_64::__cpuid;
    // SAFETY: every 64-bit x86 CPU has the instruction and these two leaves.
    let [vendor, version] = [0, 1].map(|leaf| unsafe { __cpuid(leaf) });
    let vendor = [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes);
    starts_two(vendor.as_flattened(), version.eax)
}

/// Whether a processor starts two multiplications of 256 bits of 16-bit numbers a cycle, as it does
/// of floats: AMD from Zen 3 on (the software optimization guide of family 19h). Zen 1 and 2 and
/// Intel's Haswell start one, where narrow products cost more than they save; on later ones of
/// Intel without VNNI the additions take their place, and nobody measured what is left.
///
/// By name and not by a measurement, so that a processor always gives the same numbers. `version`
/// is register EAX of leaf 1 of CPUID.
#[cfg(any(test, all(target_arch = "x86_64", not(miri))))]
fn starts_two(vendor: &[u8], version: u32) -> bool {
    let family = match version >> 8 & 0xf {
        0xf => 0xf + (version >> 20 & 0xff),
        base => base,
    };
    vendor == b"AuthenticAMD" && family >= 0x19
}

#[cfg(all(target_arch = "aarch64", not(miri)))]
fn vectors() -> Vec<&'static Kernels> {
    vec![&NEON]
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn vectors() -> Vec<&'static Kernels> {
    vec![&WASM]
}

/// None, or none that Miri knows.
#[cfg(not(any(
    all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)),
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
fn vectors() -> Vec<&'static Kernels> {
    Vec::new()
}

/// The best instruction set that this CPU has.
pub(in crate::builtin) fn best() -> &'static Kernels {
    available()[0]
}

/// Those, and arrays of sixteen lanes in front, so that the paths of AVX-512 are tested everywhere.
#[cfg(test)]
pub(in crate::builtin) fn tested() -> Vec<&'static Kernels> {
    let mut all = available();
    all.splice(0..0, [&SCALAR16, &SCALAR_NARROW]);
    all
}

#[cfg(test)]
mod tests {
    use super::starts_two;

    #[test]
    fn the_processor_is_judged_by_vendor_and_family() {
        let amd = |version| starts_two(b"AuthenticAMD", version);
        // Zen 1, 2, 3, 4, 5.
        let all = [
            0x0080_0f12,
            0x0083_0f10,
            0x00a0_0f11,
            0x00a1_0f11,
            0x00b0_0f21,
        ];
        assert_eq!(all.map(amd), [false, false, true, true, true]);
        // Haswell, Skylake.
        for version in [0x0003_06c3, 0x0005_06e3] {
            assert!(!starts_two(b"GenuineIntel", version));
        }
    }
}
