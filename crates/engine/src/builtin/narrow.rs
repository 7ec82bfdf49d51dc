//! Weights of a 1x1 convolution as 16-bit whole numbers.
//!
//! A weight is a whole number of steps of its output channel; a pixel's inputs are whole numbers,
//! at most `top`, of steps of that pixel (the kernel makes those). Their products are summed in 32
//! bits.
//!
//! Invariant: no such sum can overflow, whatever the picture: for each output channel, `top` times
//! the sum of its weights' sizes stays below 2^31.

use super::kernels::Kernels;

/// Largest sum of products.
const MOST: f64 = i32::MAX as f64;
/// Largest 16-bit number.
const LARGEST: f64 = i16::MAX as f64;

/// The narrowed weights of one operation.
#[derive(Debug, Default)]
pub(super) struct Narrowed {
    /// [pair of channel blocks][pair of input channels][channel of the pair of blocks]; the first
    /// of two weights in the low half of a word.
    pub(super) words: Vec<i32>,
    /// What a step of each output channel is worth, up to a whole channel block.
    pub(super) steps: Vec<f32>,
    /// The largest whole number that an input is narrowed to.
    pub(super) top: f32,
}

impl Narrowed {
    /// From weights as in the file, [output][input].
    pub(super) fn new(inputs: usize, outputs: usize, weights: &[f32], kernels: &Kernels) -> Self {
        let rows: Vec<&[f32]> = weights.chunks_exact(inputs).collect();
        let top = top(&rows);
        let mut steps: Vec<f32> = rows.iter().map(|row| step(row, top)).collect();
        let at = |o: usize, i: usize| match rows.get(o).and_then(|row| row.get(i)) {
            Some(&w) if steps[o] > 0.0 => (f64::from(w) / f64::from(steps[o])).round() as i16,
            _ => 0,
        };
        let (padded, pair) = (kernels.padded(outputs), 2 * kernels.lanes());
        let mut words = Vec::with_capacity(padded * inputs.div_ceil(2));
        for first in (0..padded).step_by(pair) {
            for i in (0..inputs).step_by(2) {
                let channels = first..(first + pair).min(padded);
                words.extend(channels.map(|o| {
                    let [a, b] = [at(o, i), at(o, i + 1)].map(|w| u32::from(w as u16));
                    (b << 16 | a) as i32
                }));
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

/// Sum and largest of the sizes of some weights.
fn sizes(row: &[f32]) -> (f64, f64) {
    let sizes = row.iter().map(|w| f64::from(w.abs()));
    sizes.fold((0.0, 0.0), |(sum, most), w| (sum + w, f64::max(most, w)))
}

/// How far the inputs may count, so that inputs and weights are rounded about equally: the product
/// of both largest numbers, times as many as the weights' sizes are of the largest, is the largest
/// sum.
fn top(rows: &[&[f32]]) -> f64 {
    let ratio = rows.iter().fold(1.0, |ratio, row| {
        let (sum, most) = sizes(row);
        if most > 0.0 {
            f64::max(ratio, sum / most)
        } else {
            ratio
        }
    });
    (MOST / ratio).sqrt().min(LARGEST).floor()
}

/// The smallest step for which the sum of products fits and each weight has 16 bits.
fn step(row: &[f32], top: f64) -> f32 {
    let (sum, most) = sizes(row);
    // Each weight is rounded, and so is the step: by at most one and a few in ten million.
    let room = MOST / top * (1.0 - 1e-6) - row.len() as f64;
    f64::max(sum / room, most / (LARGEST - 1.0)) as f32
}
