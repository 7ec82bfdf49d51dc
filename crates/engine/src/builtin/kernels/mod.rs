//! Compute kernels over channel-blocked rows; every call is checked.
//!
//! Layout: a row of a tensor holds `width + 2` pixels of `L` channels each for every channel block,
//! with one zero pixel at both ends, so that no kernel tests for the left and right border. Rows
//! above and below the picture are a shared zero row with a distance between blocks of 0. All
//! tensors of a session live in one slice of floats, the arena, and a row is an offset in it.
//!
//! Invariant: [`Kernels`] is safe to call with anything. Each call compares the furthest float that
//! the kernel can touch with the arena and the weights, once per row, and panics if it lies
//! outside. A wrong plan can therefore give wrong numbers or a panic, never an access out of
//! bounds.

mod call;
mod extent;
mod gemm;
mod instances;
#[cfg_attr(
    not(any(
        test,
        target_arch = "x86_64",
        all(target_arch = "wasm32", target_feature = "simd128")
    )),
    expect(dead_code, reason = "only x86 and WebAssembly have narrow products")
)]
mod narrow;
mod pixelwise;
mod squeeze;
#[cfg(test)]
mod tests;

pub(super) use self::call::{Act, Call, Row, WINDOW};
use self::extent::{Extent, Residual, check, end, product, whole_blocks};
#[cfg(test)]
pub(super) use self::instances::tested;
pub(super) use self::instances::{available, best};
use super::shared::Shared;
use super::simd::GROUP;

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
/// As [`Entry`]; the second pointer is the start of as many words as [`Kernels::scratch`] says, and
/// the words and steps have passed their own checks.
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
    mean: Entry,
    gate: Entry,
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

    /// Output channels that [`Self::gemm`], [`Self::narrow`] and [`Self::first`] read weights for:
    /// whole blocks, except that a last pair may be a block and a half.
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

    /// Whether [`Self::narrow`] is there and worth it: narrowing the inputs is work that does not
    /// pay for a few outputs of a 1x1 window.
    pub(super) fn narrows(&self, outputs: usize, window: usize) -> bool {
        self.narrow.is_some() && (window > 1 || outputs >= NARROW_FROM)
    }

    /// Words that [`Self::narrow`] needs beside the arena for so many input channels and, with a
    /// window of 3x3, rows of this width.
    pub(super) fn scratch(&self, inputs: usize, window: usize, width: usize) -> usize {
        let channels = whole_blocks(inputs, GROUP);
        match window {
            1 => product(&[self.tile, channels]).div_ceil(2),
            _ => product(&[window, width.saturating_add(2), channels / 2]),
        }
    }

    /// Convolution with a window of 1x1 or 3x3 with `words` and `steps` instead of weights.
    ///
    /// # Panics
    /// As [`Self::gemm`]; if the scratch is shorter than [`Self::scratch`] says; if there are no
    /// narrow products.
    pub(super) fn narrow<'a>(
        &self,
        arena: impl Into<Shared<'a>>,
        scratch: &mut [i32],
        call: &Call<'_>,
    ) {
        let arena = arena.into();
        let narrow = self.narrow.expect("kernels that have it");
        assert!(matches!(call.window, 1 | 3) && call.dst_step > 0);
        let l = self.lanes;
        let read = call.width.saturating_add(call.window.min(2));
        let written = product(&[call.width - 1, call.dst_step]).saturating_add(2);
        let extent = Extent {
            src_rows: call.window,
            src_blocks: call.inputs.div_ceil(l),
            src_len: product(&[read, l]),
            dst_len: product(&[written, l]),
            weights: 0,
            bias: whole_blocks(call.outputs, l),
            residual: Residual::Maybe,
        };
        check(l, arena.len(), call, &extent);
        let taps = call.window * call.window;
        let words = product(&[self.padded(call.outputs), call.inputs.div_ceil(2), taps]);
        assert!(call.words.len() >= words, "words are missing");
        assert!(call.steps.len() >= extent.bias, "steps are missing");
        assert!(
            scratch.len() >= self.scratch(call.inputs, call.window, call.width),
            "too little scratch"
        );
        // SAFETY: as in `gemm`, and the words, the steps and the scratch were just checked.
        unsafe { narrow(arena.start(), scratch.as_mut_ptr(), call) }
    }

    /// The first layer: 3x3, stride 2, on planar rows with a blank pixel at both ends. `src_block`
    /// is the distance between planes; the weights are ordered [row][plane][column].
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

    /// One 3x3 or 5x5 filter per channel, stride 1 or 2.
    pub(super) fn depthwise<'a>(&self, arena: impl Into<Shared<'a>>, call: &Call<'_>) {
        let arena = arena.into();
        assert!(matches!(call.stride, 1 | 2) && call.inputs == call.outputs);
        assert!(matches!(call.window, 3 | 5));
        let l = self.lanes;
        let channels = whole_blocks(call.outputs, l);
        // A window of 5 leaves out what lies beyond the blank pixel at either end.
        let read = product(&[call.width, call.stride]).saturating_add(match call.window {
            3 => 3 - call.stride,
            _ => 2,
        });
        let extent = Extent {
            src_rows: call.window,
            src_blocks: call.outputs.div_ceil(l),
            src_len: product(&[read, l]),
            dst_len: product(&[call.width.saturating_add(1), l]),
            weights: product(&[channels, call.window * call.window]),
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

    /// The mean of `width` pixels of all rows, written to the first pixel of the first row's
    /// target.
    pub(super) fn mean<'a>(&self, arena: impl Into<Shared<'a>>, call: &Call<'_>) {
        let arena = arena.into();
        let l = self.lanes;
        let extent = Extent {
            src_rows: 1,
            src_blocks: call.outputs.div_ceil(l),
            src_len: product(&[call.width.saturating_add(1), l]),
            dst_len: 2 * l,
            weights: 0,
            bias: 0,
            residual: Residual::Never,
        };
        check(l, arena.len(), call, &extent);
        // SAFETY: as in `gemm`.
        unsafe { (self.mean)(arena.start(), call) }
    }

    /// The source row, each pixel repeated `2^repeat` times, times the gate if there is one, plus
    /// the residual, whose pixels are repeated twice, if there is one.
    pub(super) fn gate<'a>(&self, arena: impl Into<Shared<'a>>, call: &Call<'_>) {
        let arena = arena.into();
        let l = self.lanes;
        assert!(call.first < l && call.first.is_multiple_of(8) && call.repeat < 8);
        let blocks = call.outputs.div_ceil(l);
        let written = call.first.saturating_add(call.outputs).div_ceil(l);
        let pixels = |n: usize| product(&[n.saturating_add(1), l]);
        assert!(call.inputs > 0 && call.outputs > 0 && call.width > 0);
        let first = call.rows.first();
        for (row, gate) in call.rows.iter().zip(first.into_iter().cycle()) {
            let ends = [
                end(
                    row.src[0],
                    blocks,
                    row.src_block[0],
                    pixels(((call.width - 1) >> call.repeat) + 1),
                ),
                end(row.dst, written, call.dst_block, pixels(call.width)),
                match call.gated {
                    true => end(gate.src[1], blocks, gate.src_block[1], pixels(1)),
                    false => 0,
                },
                match row.res {
                    Some(res) => end(res, blocks, call.res_block, pixels(call.width.div_ceil(2))),
                    None => 0,
                },
            ];
            for end in ends {
                assert!(end <= arena.len(), "a row ends outside the arena");
            }
        }
        // SAFETY: as in `gemm`: `self` is for this CPU, and all rows were just checked.
        unsafe { (self.gate)(arena.start(), call) }
    }
}
