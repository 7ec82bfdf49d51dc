//! Weights of a convolution as 16-bit whole numbers.
//!
//! A weight is a whole number of steps of its output channel; a pixel's inputs are whole numbers,
//! at most `top`, of steps of that pixel, with a window of 3x3 of that row (the kernel makes
//! those). Their products are summed in 32 bits, those of each row of the window for themselves.
//!
//! Invariant: no such sum can overflow, whatever the picture: for each output channel and row of
//! the window, `top` times the sum of its weights' sizes stays below 2^31.

use super::kernels::Kernels;

/// Largest sum of products.
const MOST: f64 = i32::MAX as f64;
/// Largest 16-bit number.
const LARGEST: f64 = i16::MAX as f64;

/// The narrowed weights of one operation.
#[derive(Debug, Default)]
pub(super) struct Narrowed {
    /// [pair of channel blocks][tap][pair of input channels][channel of the pair of blocks]; the
    /// first of two weights in the low half of a word.
    pub(super) words: Vec<i32>,
    /// What a step of each output channel is worth, up to a whole channel block.
    pub(super) steps: Vec<f32>,
    /// The largest whole number that an input is narrowed to.
    pub(super) top: f32,
}

impl Narrowed {
    /// From weights as in the file, [output][input][row][column] of a window that is so many rows
    /// high.
    pub(super) fn new(
        (inputs, window): (usize, usize),
        outputs: usize,
        weights: &[f32],
        kernels: &Kernels,
    ) -> Self {
        let taps = window * window;
        let all: Vec<Of<'_>> = weights
            .chunks_exact(inputs * taps)
            .map(|weights| Of::new(weights, window))
            .collect();
        let top = top(&all);
        let mut steps: Vec<f32> = all.iter().map(|of| of.step(top)).collect();
        let mut whole = Vec::with_capacity(weights.len());
        for (of, &step) in all.iter().zip(&steps) {
            whole.extend(of.weights.iter().map(|&w| in_steps(w, step)));
        }
        // Zeros behind the last of an odd number of inputs.
        let at = |o: usize, i: usize, tap: usize| match i < inputs {
            true => whole[(o * inputs + i) * taps + tap],
            false => 0,
        };
        let (padded, pair) = (kernels.padded(outputs), 2 * kernels.lanes());
        let mut words = Vec::with_capacity(padded * inputs.div_ceil(2) * taps);
        for first in (0..padded).step_by(pair) {
            for tap in 0..taps {
                for i in (0..inputs).step_by(2) {
                    let end = (first + pair).min(padded);
                    words.extend((first..end.min(outputs)).map(|o| {
                        let [a, b] =
                            [at(o, i, tap), at(o, i + 1, tap)].map(|w| u32::from(w as u16));
                        (b << 16 | a) as i32
                    }));
                    words.extend((first.max(outputs)..end).map(|_| 0));
                }
            }
        }
        steps.resize(outputs.next_multiple_of(kernels.lanes()), 0.0);
        Self {
            words,
            steps,
            top: top as f32,
        }
    }
}

/// A weight as a whole number of steps, rounded to the nearest; 0 of steps that are 0.
fn in_steps(weight: f32, step: f32) -> i16 {
    if step > 0.0 {
        let steps = f64::from(weight) / f64::from(step);
        // As `f64::round`, which is a call where the processor has no instruction for it.
        (steps + 0.5f64.copysign(steps)) as i16
    } else {
        0
    }
}

/// The weights of one output channel.
struct Of<'a> {
    weights: &'a [f32],
    window: usize,
    /// The sum of their sizes, of the row of the window where it is largest.
    sum: f64,
    /// The largest of their sizes.
    most: f64,
}

impl<'a> Of<'a> {
    fn new(weights: &'a [f32], window: usize) -> Self {
        let (mut sum, mut most) = (0.0, 0.0);
        for row in 0..window {
            let rows = weights.chunks_exact(window);
            let sizes = rows.skip(row).step_by(window).flatten();
            let sizes = sizes.map(|w| f64::from(w.abs()));
            let of_row = sizes.fold((0.0, most), |(sum, most), w| (sum + w, f64::max(most, w)));
            (sum, most) = (f64::max(sum, of_row.0), of_row.1);
        }
        Self {
            weights,
            window,
            sum,
            most,
        }
    }

    /// The smallest step for which the sum of products fits and each weight has 16 bits.
    fn step(&self, top: f64) -> f32 {
        let Self { sum, most, .. } = *self;
        // Each weight is rounded, and so is the step: by at most one and a few in ten million.
        let largest = MOST / top * (1.0 - 1e-6) - (self.weights.len() / self.window) as f64;
        f64::max(sum / largest, most / (LARGEST - 1.0)) as f32
    }
}

/// How far the inputs may count, so that inputs and weights are rounded about equally: the product
/// of both largest numbers, times as many as the weights' sizes are of the largest, is the largest
/// sum.
fn top(all: &[Of<'_>]) -> f64 {
    let ratio = all.iter().fold(1.0, |ratio, of| {
        if of.most > 0.0 {
            f64::max(ratio, of.sum / of.most)
        } else {
            ratio
        }
    });
    (MOST / ratio).sqrt().min(LARGEST).floor()
}
