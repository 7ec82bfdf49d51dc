//! How likely a box is a face, from all that was seen of it.
//!
//! Three logistic regressions, each for what is known by then: the looks' scores alone; the same
//! among the other boxes of the picture ([`Context`]); and with what a second look saw. Scores
//! enter as the logarithm of their odds ln(s / (1 - s)), alone and times the logarithm of the
//! face's size, since a weak score means something else of a small face than of a large one. The
//! weights come from `scripts/fit_decision.py`, which fits them on labelled pictures and reports
//! cross-validated results; nothing here is tuned by hand.
//!
//! Invariant: the result is finite and in 0..=1, whatever the scores.

use super::context::Context;
use super::second_look::Glance;

/// Scores are held within this and its complement before their odds are taken; no sighting counts
/// as the lower end.
pub(super) const LEAST: f32 = 0.02;
/// The size whose logarithm is zero: longer side on the first look's canvas, in pixels.
pub(super) const UNIT: f32 = 30.0;
/// Larger ones count as this large: what the weights were fitted on says nothing of them.
pub(super) const LARGEST: f32 = 400.0;

/// The three regressions of one plan. Each holds a weight per feature, in the order of
/// [`Features`], and the constant term last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Judges {
    /// Knows the looks' scores.
    pub(super) alone: &'static [f32],
    /// Knows the other boxes, too.
    pub(super) among: &'static [f32],
    /// Knows what the second look saw, too.
    pub(super) again: &'static [f32],
}

/// What a regression is given, in the order that the script writes the weights.
pub(super) struct Features {
    values: Vec<f32>,
    /// Logarithm of the size.
    size: f32,
}

impl Features {
    /// Of a box whose longer side is `side` pixels on the first look's canvas; `scores` are 0 where
    /// a look saw nothing.
    pub(super) fn new(scores: &[f32], side: f32) -> Self {
        let size = (side.clamp(1.0, LARGEST) / UNIT).ln();
        let mut features = Self {
            values: Vec::with_capacity(16),
            size,
        };
        scores.iter().for_each(|s| features.score(*s));
        features.values.extend([size, size * size]);
        features
    }

    fn score(&mut self, score: f32) {
        let s = score.clamp(LEAST, 1.0 - LEAST);
        let odds = (s / (1.0 - s)).ln();
        self.values.extend([odds, odds * self.size]);
    }

    /// Adds what is around it.
    pub(super) fn among(mut self, context: &Context) -> Self {
        self.values.extend([context.company, context.overlap]);
        self
    }

    /// Adds what a second look saw.
    pub(super) fn again(mut self, glance: Option<&Glance>) -> Self {
        self.score(glance.map_or(0.0, |g| g.score));
        self
    }

    /// The probability of a face. `weights` fit the features by construction of the tables.
    pub(super) fn probability(&self, weights: &[f32]) -> f32 {
        debug_assert_eq!(weights.len(), self.values.len() + 1);
        let terms = self.values.iter().chain(&[1.0]).zip(weights);
        let sum: f32 = terms.map(|(v, w)| v * w).sum();
        (1.0 / (1.0 + (-sum).exp())).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probability_is_the_logistic_of_the_weighted_sum() {
        let features = Features::new(&[0.8, 0.0], UNIT * std::f32::consts::E);
        let p = features.probability(&[0.5, 0.25, 1.0, 0.0, 0.1, 0.2, -0.3]);
        let sum = -0.3 + 0.1 + 0.2 + 4f32.ln() * 0.75 + (LEAST / (1.0 - LEAST)).ln();
        assert!((p - 1.0 / (1.0 + (-sum).exp())).abs() < 1e-6, "{p}");
    }

    #[test]
    fn the_probability_is_finite_whatever_comes() {
        for score in [0.0, 1.0, f32::INFINITY, -1.0] {
            for side in [0.0, 1e-30, 1e30] {
                let p = Features::new(&[score], side).probability(&[1e3, -1e3, 1e3, 1e3, 0.0]);
                assert!((0.0..=1.0).contains(&p), "{score} {side}: {p}");
            }
        }
    }
}
