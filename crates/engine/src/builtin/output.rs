//! Copies an output from channel blocks to the order that the file promises.
//!
//! Invariant: reads only channels that belong to the output, never the unused lanes of a block.

use super::layout::Layout;
use super::plan::{Finish, Order, Output};

/// The numbers of one output.
pub(super) fn read(output: &Output, layout: &Layout, arena: &[f32], lanes: usize) -> Vec<f32> {
    let size = |p: &super::plan::Part| {
        let (h, w) = layout.sides[p.tensor];
        h * w * p.channels
    };
    let mut all = vec![0.0; output.parts.iter().map(size).sum()];
    let mut rest = all.as_mut_slice();
    for part in &output.parts {
        let (out, behind) = rest.split_at_mut(size(part));
        rest = behind;
        let (h, w) = layout.sides[part.tensor];
        let place = layout.places[part.tensor];
        let mut done = 0;
        while done < part.channels {
            // Channels of one block.
            let (block, lane) = ((part.first + done) / lanes, (part.first + done) % lanes);
            let n = (lanes - lane).min(part.channels - done);
            for y in 0..h {
                let row = &arena[place.row(y) + block * place.block..][lanes..][..w * lanes];
                match output.order {
                    Order::ChannelsLast => {
                        let pixels = out[y * w * part.channels..].chunks_exact_mut(part.channels);
                        for (to, from) in pixels.zip(row.chunks_exact(lanes)) {
                            to[done..][..n].copy_from_slice(&from[lane..][..n]);
                        }
                    }
                    Order::ChannelsFirst => {
                        for c in 0..n {
                            let to = &mut out[((done + c) * h + y) * w..][..w];
                            for (to, from) in to.iter_mut().zip(row.chunks_exact(lanes)) {
                                *to = from[lane + c];
                            }
                        }
                    }
                }
            }
            done += n;
        }
    }
    match output.finish {
        Finish::Nothing => {}
        Finish::Sigmoid => all.iter_mut().for_each(|v| *v = 1.0 / (1.0 + (-*v).exp())),
        Finish::Softmax(n) => all.chunks_exact_mut(n).for_each(softmax),
    }
    all
}

/// In place. Subtracts the largest first, so that no exponential overflows.
fn softmax(values: &mut [f32]) {
    let most = values.iter().fold(f32::MIN, |a, &b| a.max(b));
    values.iter_mut().for_each(|v| *v = (*v - most).exp());
    let sum: f32 = values.iter().sum();
    values.iter_mut().for_each(|v| *v /= sum);
}
