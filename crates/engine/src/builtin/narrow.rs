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
            .map(|weights| Of { weights, window })
            .collect();
        let top = top(&all);
        let mut steps: Vec<f32> = all.iter().map(|of| of.step(top)).collect();
        let at = |o: usize, i: usize, tap: usize| match all.get(o) {
            Some(of) if i < inputs && steps[o] > 0.0 => {
                (f64::from(of.weights[i * taps + tap]) / f64::from(steps[o])).round() as i16
            }
            _ => 0,
        };
        let (padded, pair) = (kernels.padded(outputs), 2 * kernels.lanes());
        let mut words = Vec::with_capacity(padded * inputs.div_ceil(2) * taps);
        for first in (0..padded).step_by(pair) {
            for tap in 0..taps {
                for i in (0..inputs).step_by(2) {
                    let channels = first..(first + pair).min(padded);
                    words.extend(channels.map(|o| {
                        let [a, b] =
                            [at(o, i, tap), at(o, i + 1, tap)].map(|w| u32::from(w as u16));
                        (b << 16 | a) as i32
                    }));
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

/// The weights of one output channel.
struct Of<'a> {
    weights: &'a [f32],
    window: usize,
}

impl Of<'_> {
    /// Sum, of the row of the window where it is largest, and largest of the sizes.
    fn sizes(&self) -> (f64, f64) {
        let (mut sum, mut most) = (0.0, 0.0);
        for row in 0..self.window {
            let rows = self.weights.chunks_exact(self.window);
            let sizes = rows.skip(row).step_by(self.window).flatten();
            let sizes = sizes.map(|w| f64::from(w.abs()));
            let of_row = sizes.fold((0.0, most), |(sum, most), w| (sum + w, f64::max(most, w)));
            (sum, most) = (f64::max(sum, of_row.0), of_row.1);
        }
        (sum, most)
    }

    /// The smallest step for which the sum of products fits and each weight has 16 bits.
    fn step(&self, top: f64) -> f32 {
        let (sum, most) = self.sizes();
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
        let (sum, most) = of.sizes();
        if most > 0.0 {
            f64::max(ratio, sum / most)
        } else {
            ratio
        }
    });
    (MOST / ratio).sqrt().min(LARGEST).floor()
}
