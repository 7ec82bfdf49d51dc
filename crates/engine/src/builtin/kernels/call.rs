//! What a kernel is asked for, in offsets and sizes that nobody has checked yet.

/// What follows a convolution's sum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::builtin) enum Act {
    /// Nothing.
    #[default]
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `max(x, slope * x)`, which is leaky ReLU for a slope in 0..=1.
    Leaky(f32),
    /// Between these two.
    Clip(f32, f32),
    /// `x * min(max(x / 6 + 0.5, 0), 1)` plus this.
    HardSwish(f32),
}

/// Most rows that an output row is made from.
pub(in crate::builtin) const WINDOW: usize = 5;

/// One output row: where to read the (up to five) input rows and where to write. Offsets in the
/// arena, in floats, of the first channel block's left border pixel.
#[derive(Clone, Copy, Debug)]
pub(in crate::builtin) struct Row {
    pub(in crate::builtin) src: [usize; WINDOW],
    /// Distance between channel blocks (first layer: planes) of each input row.
    pub(in crate::builtin) src_block: [usize; WINDOW],
    pub(in crate::builtin) dst: usize,
    /// A row of the output's shape (`gate`: of half its width) that is added after the activation.
    pub(in crate::builtin) res: Option<usize>,
}

/// One call: rows of one operation.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::builtin) struct Call<'a> {
    pub(in crate::builtin) rows: &'a [Row],
    /// In the order that `pack.rs` gives them; empty where there are none.
    pub(in crate::builtin) weights: &'a [f32],
    /// For `narrow`, instead of weights: pairs of 16-bit numbers of steps, see `narrow.rs`.
    pub(in crate::builtin) words: &'a [i32],
    /// What a step of each output channel is worth, up to a whole channel block.
    pub(in crate::builtin) steps: &'a [f32],
    /// The largest number of steps of an input.
    pub(in crate::builtin) top: f32,
    /// One per output channel, up to a whole channel block.
    pub(in crate::builtin) bias: &'a [f32],
    pub(in crate::builtin) act: Act,
    /// Input channels.
    pub(in crate::builtin) inputs: usize,
    /// Output channels.
    pub(in crate::builtin) outputs: usize,
    /// Side of the window: of `gemm` 1 or 3, of `depthwise` 3 or 5.
    pub(in crate::builtin) window: usize,
    /// 1 or 2, for `depthwise`.
    pub(in crate::builtin) stride: usize,
    /// Output pixels to make in each row; for `mean`, pixels to read.
    pub(in crate::builtin) width: usize,
    /// For `gate`: the first channel in the first block of the output row, a multiple of eight.
    pub(in crate::builtin) first: usize,
    /// For `gate`: how often the width of the source is doubled.
    pub(in crate::builtin) repeat: usize,
    /// For `gate`: whether the second source of the first row is a pixel to multiply with.
    pub(in crate::builtin) gated: bool,
    /// Distance between neighbouring output pixels, in pixels: 2 for deconvolution.
    pub(in crate::builtin) dst_step: usize,
    /// Distance between channel blocks of the output rows.
    pub(in crate::builtin) dst_block: usize,
    /// Distance between channel blocks of the residual rows.
    pub(in crate::builtin) res_block: usize,
}
