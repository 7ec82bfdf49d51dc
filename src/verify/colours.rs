//! Covers in a picture with a palette: what a style shows is there as the nearest of few colours,
//! which may be far.
//!
//! Invariant: a pixel is off only by what it is farther from its colour than the nearest that the
//! picture has.

use super::cover::{Difference, Pair, tiles};
use super::place::Place;
use crate::plane::Channel;
use std::collections::{HashMap, HashSet};

/// The planes of a picture with a palette, red, green, blue and opacity.
pub(super) struct Colours<'a> {
    pairs: &'a [Pair],
    /// By place, how far it is.
    off: Vec<f32>,
    tolerance: f32,
}

impl<'a> Colours<'a> {
    pub(super) fn of(pairs: &'a [Pair], tolerance: f32) -> Self {
        let plane = |channel| pairs.iter().find(|p| p.channel == channel);
        let colours = [Channel::Red, Channel::Green, Channel::Blue].map(plane);
        let alpha = plane(Channel::Alpha);
        let ([Some(red), Some(green), Some(blue)], Some(first)) = (colours, pairs.first()) else {
            return Self {
                pairs,
                off: Vec::new(),
                tolerance,
            };
        };
        let count = first.before.samples.count();
        let is = |at: usize| [red, green, blue].map(|p| p.before.values[at]);
        let should = |at: usize| [red, green, blue].map(|p| p.after[at]);
        let inside = || (0..count).filter(|&at| first.before.is_inside[at]);
        // Those that the masks show are in some palette.
        let palette: HashSet<[u16; 3]> = inside().map(is).collect();
        let mut nearest: HashMap<[u16; 3], f32> = HashMap::new();
        let mut off = vec![0.0; count];
        for at in inside() {
            let opacity = alpha.map_or((255, 255), |p| (p.before.values[at], p.after[at]));
            match opacity {
                // A pixel is either there or not.
                (0, 0) => continue,
                (0, _) | (_, 0) => {
                    off[at] = 255.0;
                    continue;
                }
                _ => {}
            }
            let wanted = should(at);
            let best = *nearest.entry(wanted).or_insert_with(|| {
                let all = palette.iter().map(|c| distance(*c, wanted));
                all.fold(f32::INFINITY, f32::min)
            });
            off[at] = distance(is(at), wanted) - best;
        }
        Self {
            pairs,
            off,
            tolerance,
        }
    }

    /// Of one region.
    pub(super) fn difference(&self, place: &Place) -> Difference {
        let Some(first) = self.pairs.first() else {
            return Difference::default();
        };
        let samples = &first.before.samples;
        tiles(place, samples, 0, self.tolerance, |x, y| {
            let at = y * samples.columns + x;
            self.off.get(at).copied().unwrap_or(255.0)
        })
    }
}

/// In levels, over three channels.
fn distance(a: [u16; 3], b: [u16; 3]) -> f32 {
    let square = |i: usize| f32::from(a[i].abs_diff(b[i])).powi(2);
    ((square(0) + square(1) + square(2)) / 3.0).sqrt()
}
