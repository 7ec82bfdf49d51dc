//! How likely a box is a face, from what every look and the second look saw of it.
//!
//! A logistic regression: for each score s the logarithm of its odds ln(s / (1 - s)), alone and times
//! the logarithm of the face's size, since a weak score means something else of a small face than of a
//! large one. The weights come from `scripts/fit_decision.py`, which fits them on labelled pictures
//! and reports cross-validated results; nothing here is tuned by hand.
//!
//! Invariant: the result is finite and in 0..=1, whatever the scores.

/// Scores are held within this and its complement before their odds are taken; no sighting counts as
/// the lower end.
const LEAST: f32 = 0.02;
/// The size whose logarithm is zero: longer side on the first look's canvas, in pixels.
const UNIT: f32 = 30.0;

/// Weights of one regression over `SCORES` scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Judge<const SCORES: usize> {
    /// Per score: weight of its log odds, and of the product with the log size.
    pub(super) scores: [[f32; 2]; SCORES],
    /// Weights of the log size and of its square.
    pub(super) size: [f32; 2],
    pub(super) bias: f32,
}

impl<const SCORES: usize> Judge<SCORES> {
    /// Probability that a box whose longer side is `side` pixels on the first look's canvas is a
    /// face; `scores` are 0 where nothing was seen.
    pub(super) fn probability(&self, scores: &[f32; SCORES], side: f32) -> f32 {
        let size = (side.max(1.0) / UNIT).ln();
        let mut sum = self.bias + self.size[0] * size + self.size[1] * size * size;
        for (score, [alone, sized]) in scores.iter().zip(self.scores) {
            let s = score.clamp(LEAST, 1.0 - LEAST);
            let odds = (s / (1.0 - s)).ln();
            sum += odds * (alone + sized * size);
        }
        (1.0 / (1.0 + (-sum).exp())).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probability_is_the_logistic_of_the_weighted_sum() {
        let judge = Judge {
            scores: [[0.5, 0.25], [1.0, 0.0]],
            size: [0.1, 0.2],
            bias: -0.3,
        };
        let p = judge.probability(&[0.8, 0.0], UNIT * std::f32::consts::E);
        let sum = -0.3 + 0.1 + 0.2 + 4f32.ln() * 0.75 + (LEAST / (1.0 - LEAST)).ln();
        assert!((p - 1.0 / (1.0 + (-sum).exp())).abs() < 1e-6, "{p}");
    }

    #[test]
    fn the_probability_is_finite_whatever_comes() {
        let judge = Judge {
            scores: [[1e3, -1e3]],
            size: [1e3, 1e3],
            bias: 0.0,
        };
        for score in [0.0, 1.0, f32::INFINITY, -1.0] {
            for side in [0.0, 1e-30, 1e30] {
                let p = judge.probability(&[score], side);
                assert!((0.0..=1.0).contains(&p), "{score} {side}: {p}");
            }
        }
    }
}
