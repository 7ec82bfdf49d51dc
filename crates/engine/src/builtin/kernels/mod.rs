//! Compute kernels over channel-blocked rows, behind a door that checks every call.
//!
//! Layout: a row of a tensor holds `width + 2` pixels of `L` channels each for every channel block,
//! with one zero pixel at both ends, so that no kernel tests for the left and right border. Rows above
//! and below the picture are a shared zero row with a distance between blocks of 0. All tensors of a
//! session live in one slice of floats, the arena, and a row is an offset in it.
//!
//! Invariant: [`Kernels`] is safe to call with anything. Each call compares the furthest float that the
//! kernel can touch with the arena and the weights, once per row, and panics if it lies outside. A wrong
//! plan can therefore give wrong numbers or a panic, never an access out of bounds.

mod gemm;
mod narrow;
mod pixelwise;
#[cfg(test)]
mod tests;

use super::shared::Shared;
use super::simd::{Scalar, Simd};

/// What follows a convolution's sum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Act {
    /// Nothing.
    #[default]
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `max(x, slope * x)`, which is leaky ReLU for a slope in 0..=1.
    Leaky(f32),
}

/// One output row: where to read the (up to three) input rows and where to write. Offsets in the
/// arena, in floats, of the first channel block's left border pixel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) src: [usize; 3],
    /// Distance between channel blocks (first layer: planes) of each input row.
    pub(super) src_block: [usize; 3],
    pub(super) dst: usize,
    /// A row of the output's shape that is added after the activation.
    pub(super) res: Option<usize>,
}

/// One call: rows of one operation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Call<'a> {
    pub(super) rows: &'a [Row],
    /// In the order that `pack.rs` gives them; empty where there are none.
    pub(super) weights: &'a [f32],
    /// For `narrow`, instead of weights: pairs of 16-bit numbers of steps, see `narrow.rs`.
    pub(super) words: &'a [i32],
    /// What a step of each output channel is worth, up to a whole channel block.
    pub(super) steps: &'a [f32],
    /// The largest number of steps of an input.
    pub(super) top: f32,
    /// One per output channel, up to a whole channel block.
    pub(super) bias: &'a [f32],
    pub(super) act: Act,
    /// Input channels.
    pub(super) inputs: usize,
    /// Output channels.
    pub(super) outputs: usize,
    /// Side of the convolution window of `gemm`: 1 or 3.
    pub(super) window: usize,
    /// 1 or 2, for `depthwise`.
    pub(super) stride: usize,
    /// Output pixels to make in each row.
    pub(super) width: usize,
    /// Distance between neighbouring output pixels, in pixels: 2 for deconvolution.
    pub(super) dst_step: usize,
    /// Distance between channel blocks of the output rows.
    pub(super) dst_block: usize,
    /// Distance between channel blocks of the residual rows.
    pub(super) res_block: usize,
}

/// An entry point compiled for one instruction set.
///
/// # Safety
///
/// The CPU has the instruction set, the pointer is the start of an arena, and the call has passed
/// [`check`] for this kernel and this arena.
type Entry = unsafe fn(*mut f32, &Call<'_>);

/// The same with narrow products.
///
/// # Safety
///
/// As [`Entry`]; the second pointer is the start of as many words as [`Kernels::scratch`] says, and the
/// words and steps have passed their own checks.
type NarrowEntry = unsafe fn(*mut f32, *mut i32, &Call<'_>);

/// Output channels from which narrow products pay (measured on CenterFace and YuNet): with fewer,
/// narrowing the inputs costs more. Miri's network is too small for them otherwise.
pub(super) const NARROW_FROM: usize = if cfg!(miri) { 1 } else { 17 };

/// Every kernel for one instruction set. Had only from [`available`], so the CPU runs it.
#[derive(Debug)]
pub(super) struct Kernels {
    name: &'static str,
    lanes: usize,
    half: bool,
    /// Most pixels of a tile.
    tile: usize,
    gemm: Entry,
    /// Where that is faster than `gemm`.
    narrow: Option<NarrowEntry>,
    first: Entry,
    depthwise: Entry,
    maxpool: Entry,
    add_up: Entry,
}

/// What one kernel reads and writes in a row, beyond what the [`Call`] says; all in floats.
struct Extent {
    src_rows: usize,
    src_blocks: usize,
    /// From the start of a source block's row to behind the last float read.
    src_len: usize,
    dst_len: usize,
    weights: usize,
    bias: usize,
    residual: Residual,
}

#[derive(PartialEq)]
enum Residual {
    Never,
    Maybe,
    Always,
}

/// Product of sizes; absurd ones saturate and then fail the comparison with the arena.
fn product(factors: &[usize]) -> usize {
    factors
        .iter()
        .fold(1, |all, &factor| all.saturating_mul(factor))
}

/// Channels including the unused ones of the last block.
fn whole_blocks(channels: usize, lanes: usize) -> usize {
    product(&[channels.div_ceil(lanes), lanes])
}

/// Where the last of `blocks` blocks, `apart` floats apart and `len` floats long, ends.
fn end(start: usize, blocks: usize, apart: usize, len: usize) -> usize {
    start
        .saturating_add(product(&[blocks - 1, apart]))
        .saturating_add(len)
}

/// Panics unless everything that a kernel with this extent touches lies inside the arena, the
/// weights and the bias.
fn check(lanes: usize, arena: usize, call: &Call<'_>, extent: &Extent) {
    assert!(call.inputs > 0 && call.outputs > 0 && call.width > 0);
    assert!(call.weights.len() >= extent.weights, "weights are missing");
    assert!(call.bias.len() >= extent.bias, "bias is missing");
    let dst_blocks = call.outputs.div_ceil(lanes);
    for row in call.rows {
        for (&src, &apart) in row.src.iter().zip(&row.src_block).take(extent.src_rows) {
            let end = end(src, extent.src_blocks, apart, extent.src_len);
            assert!(end <= arena, "a source row ends outside the arena");
        }
        let dst = end(row.dst, dst_blocks, call.dst_block, extent.dst_len);
        assert!(dst <= arena, "an output row ends outside the arena");
        match row.res {
            Some(res) => {
                assert!(extent.residual != Residual::Never);
                let res = end(res, dst_blocks, call.res_block, extent.dst_len);
                assert!(res <= arena, "a residual row ends outside the arena");
            }
            None => assert!(extent.residual != Residual::Always),
        }
    }
}

impl Kernels {
    /// Instruction set, for the report.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Channels in a block.
    pub(super) fn lanes(&self) -> usize {
        self.lanes
    }

    /// Output channels that [`Self::gemm`], [`Self::narrow`] and [`Self::first`] read weights for: whole blocks, except
    /// that a last pair may be a block and a half.
    pub(super) fn padded(&self, outputs: usize) -> usize {
        let (pair, rest) = (2 * self.lanes, outputs % (2 * self.lanes));
        let half = self.lanes + self.lanes / 2;
        let last = match rest {
            0 => 0,
            _ if rest <= self.lanes => self.lanes,
            _ if self.half && rest <= half => half,
            _ => pair,
        };
        (outputs / pair * pair).saturating_add(last)
    }

    /// Convolution with a window of 1x1 or 3x3, stride 1; each part of a deconvolution too.
    ///
    /// # Panics
    /// If a row, the weights or the bias are shorter than the call makes of them; as all below.
    pub(super) fn gemm<'a>(&self, arena: impl Into<Shared<'a>>, call: &Call<'_>) {
        let arena = arena.into();
        assert!(matches!(call.window, 1 | 3) && call.dst_step > 0);
        let l = self.lanes;
        // A 1x1 window starts behind the left border pixel and never reads the right one.
        let read = call.width.saturating_add(call.window.min(2));
        let written = product(&[call.width - 1, call.dst_step]).saturating_add(2);
        let extent = Extent {
            src_rows: call.window,
            src_blocks: call.inputs.div_ceil(l),
            src_len: product(&[read, l]),
            dst_len: product(&[written, l]),
            weights: product(&[
                self.padded(call.outputs),
                call.inputs,
                call.window * call.window,
            ]),
            bias: whole_blocks(call.outputs, l),
            residual: Residual::Maybe,
        };
        check(l, arena.len(), call, &extent);
        // SAFETY: `self` is for this CPU (see `available`), and the call was just checked.
        unsafe { (self.gemm)(arena.start(), call) }
    }

    /// Whether [`Self::narrow`] is there and worth it: narrowing the inputs is work that does not pay for
    /// a few outputs.
    pub(super) fn narrows(&self, outputs: usize) -> bool {
        self.narrow.is_some() && outputs >= NARROW_FROM
    }

    /// Words that [`Self::narrow`] needs beside the arena for so many input channels.
    pub(super) fn scratch(&self, inputs: usize) -> usize {
        product(&[self.tile, whole_blocks(inputs, self.lanes)]).div_ceil(2)
    }

    /// Convolution 1x1 with `words` and `steps` instead of weights.
    ///
    /// # Panics
    /// As [`Self::gemm`]; if the scratch is shorter than [`Self::scratch`] says; if there are no narrow products.
    pub(super) fn narrow<'a>(
        &self,
        arena: impl Into<Shared<'a>>,
        scratch: &mut [i32],
        call: &Call<'_>,
    ) {
        let arena = arena.into();
        let narrow = self.narrow.expect("kernels that have it");
        assert!(call.window == 1 && call.dst_step > 0);
        let l = self.lanes;
        let written = product(&[call.width - 1, call.dst_step]).saturating_add(2);
        let extent = Extent {
            src_rows: 1,
            src_blocks: call.inputs.div_ceil(l),
            src_len: product(&[call.width.saturating_add(1), l]),
            dst_len: product(&[written, l]),
            weights: 0,
            bias: whole_blocks(call.outputs, l),
            residual: Residual::Maybe,
        };
        check(l, arena.len(), call, &extent);
        let words = product(&[self.padded(call.outputs), call.inputs.div_ceil(2)]);
        assert!(call.words.len() >= words, "words are missing");
        assert!(call.steps.len() >= extent.bias, "steps are missing");
        assert!(
            scratch.len() >= self.scratch(call.inputs),
            "too little scratch"
        );
        // SAFETY: as in `gemm`, and the words, the steps and the scratch were just checked.
        unsafe { narrow(arena.start(), scratch.as_mut_ptr(), call) }
    }

    /// The first layer: 3x3, stride 2, on planar rows with a blank pixel at both ends. `src_block` is
    /// the distance between planes; the weights are ordered [row][plane][column].
    pub(super) fn first<'a>(&self, arena: impl Into<Shared<'a>>, call: &Call<'_>) {
        let arena = arena.into();
        assert!(call.dst_step > 0);
        let l = self.lanes;
        let written = product(&[call.width - 1, call.dst_step]).saturating_add(2);
        let extent = Extent {
            src_rows: 3,
            src_blocks: call.inputs,
            src_len: product(&[call.width, 2]).saturating_add(1),
            dst_len: product(&[written, l]),
            weights: product(&[self.padded(call.outputs), call.inputs, 9]),
            bias: whole_blocks(call.outputs, l),
            residual: Residual::Maybe,
        };
        check(l, arena.len(), call, &extent);
        // SAFETY: as in `gemm`.
        unsafe { (self.first)(arena.start(), call) }
    }

    /// One 3x3 filter per channel, stride 1 or 2.
    pub(super) fn depthwise<'a>(&self, arena: impl Into<Shared<'a>>, call: &Call<'_>) {
        let arena = arena.into();
        assert!(matches!(call.stride, 1 | 2) && call.inputs == call.outputs);
        let l = self.lanes;
        let channels = whole_blocks(call.outputs, l);
        let read = product(&[call.width - 1, call.stride]).saturating_add(3);
        let extent = Extent {
            src_rows: 3,
            src_blocks: call.outputs.div_ceil(l),
            src_len: product(&[read, l]),
            dst_len: product(&[call.width.saturating_add(1), l]),
            weights: product(&[channels, 9]),
            bias: channels,
            residual: Residual::Never,
        };
        check(l, arena.len(), call, &extent);
        // SAFETY: as in `gemm`.
        unsafe { (self.depthwise)(arena.start(), call) }
    }

    /// The largest of 2x2, stride 2.
    pub(super) fn maxpool<'a>(&self, arena: impl Into<Shared<'a>>, call: &Call<'_>) {
        let arena = arena.into();
        let l = self.lanes;
        let read = product(&[call.width, 2]).saturating_add(1);
        let extent = Extent {
            src_rows: 2,
            src_blocks: call.outputs.div_ceil(l),
            src_len: product(&[read, l]),
            dst_len: product(&[call.width.saturating_add(1), l]),
            weights: 0,
            bias: 0,
            residual: Residual::Never,
        };
        check(l, arena.len(), call, &extent);
        // SAFETY: as in `gemm`.
        unsafe { (self.maxpool)(arena.start(), call) }
    }

    /// The residual row plus the source row, doubled in width by repeating pixels.
    pub(super) fn add_up<'a>(&self, arena: impl Into<Shared<'a>>, call: &Call<'_>) {
        let arena = arena.into();
        let l = self.lanes;
        let extent = Extent {
            src_rows: 1,
            src_blocks: call.outputs.div_ceil(l),
            src_len: product(&[call.width.div_ceil(2) + 1, l]),
            dst_len: product(&[call.width.saturating_add(1), l]),
            weights: 0,
            bias: 0,
            residual: Residual::Always,
        };
        check(l, arena.len(), call, &extent);
        // SAFETY: as in `gemm`.
        unsafe { (self.add_up)(arena.start(), call) }
    }
}

/// Compiles every kernel for one instruction set. The entry points carry the target features;
/// everything below them is inlined into them, and so are the intrinsics.
macro_rules! instance {
    ($table:ident, $S:ty, $name:literal $(, $feature:literal)?) => {
        instance!(@ $table, $S, $name, None, $($feature)?);
    };
    (narrow $table:ident, $S:ty, $name:literal $(, $feature:literal)?) => {
        instance!(@ $table, $S, $name, Some({
            $(#[target_feature(enable = $feature)])?
            unsafe fn narrow_entry(arena: *mut f32, scratch: *mut i32, call: &Call<'_>) {
                // SAFETY: handed on; see `NarrowEntry`.
                unsafe { narrow::pointwise::<$S>(arena, scratch, call) }
            }
            narrow_entry
        }), $($feature)?);
    };
    (@ $table:ident, $S:ty, $name:literal, $narrow:expr, $($feature:literal)?) => {
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
            }
        };
    };
}

instance!(SCALAR, Scalar, "scalar");
#[cfg(test)]
instance!(SCALAR16, super::simd::Scalar16, "scalar16");
#[cfg(test)]
instance!(narrow SCALAR_NARROW, super::simd::ScalarNarrow, "scalar16narrow");
#[cfg(target_arch = "x86_64")]
instance!(SSE2, super::simd::Sse2, "sse2");
#[cfg(target_arch = "x86_64")]
instance!(AVX2, super::simd::Avx2, "avx2", "avx2,fma");
#[cfg(target_arch = "x86_64")]
instance!(AVX512, super::simd::Avx512, "avx512", "avx512f,avx2,fma");
#[cfg(target_arch = "x86_64")]
instance!(narrow AVX_VNNI, super::simd::AvxVnni, "avxvnni", "avxvnni,avx2,fma");
#[cfg(target_arch = "x86_64")]
instance!(narrow AVX512_VNNI, super::simd::Avx512Vnni, "avx512vnni", "avx512vnni,avx512vl,avx512f,avx2,fma");
#[cfg(target_arch = "aarch64")]
instance!(NEON, super::simd::Neon, "neon", "neon");
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
instance!(WASM, super::simd::Wasm, "simd128");

/// The instruction sets that this CPU has, best first; the scalar one is always last.
pub(super) fn available() -> Vec<&'static Kernels> {
    let mut have: Vec<&'static Kernels> = vec![];
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = avx2 && is_x86_feature_detected!("avx512f");
        if avx512 && is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512vnni")
        {
            have.push(&AVX512_VNNI);
        }
        if avx512 {
            have.push(&AVX512);
        }
        if avx2 && is_x86_feature_detected!("avxvnni") {
            have.push(&AVX_VNNI);
        }
        if avx2 {
            have.push(&AVX2);
        }
        have.push(&SSE2);
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    have.push(&NEON);
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    have.push(&WASM);
    have.push(&SCALAR);
    have
}

/// The best instruction set that this CPU has.
pub(super) fn best() -> &'static Kernels {
    available()[0]
}

/// Those, and arrays of sixteen lanes in front, so that the paths of AVX-512 are tested everywhere.
#[cfg(test)]
pub(super) fn tested() -> Vec<&'static Kernels> {
    let mut all = available();
    all.splice(0..0, [&SCALAR16, &SCALAR_NARROW]);
    all
}
