//! Everything known about one proposal, and what is believed of it so far.

use super::context::{Context, contexts};
use super::decide::{Features, Judges};
use super::merge::Sighting;
use super::plan::Plan;
use super::second_look::Glance;
use crate::face::{Face, Landmarks};
use crate::geometry::{Rect, Size};

/// Intersection over union from which a second sighting is the same box, and may bring landmarks.
const SAME: f32 = 0.35;
/// A longer side, in canvas pixels, from which a look may miss a face for its size alone: of the
/// labelled ones that another look is sure of, few are missed up to 560 pixels and most from 800
/// on.
const LARGE: f32 = 640.0;

/// One proposal.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    pub(super) area: Rect,
    landmarks: Option<Landmarks>,
    /// Which looks saw it.
    seen: Vec<bool>,
    /// Best score of each look, 0 where it saw nothing; for those that it is too large for, at
    /// least the best of the looks at smaller scales.
    pub(super) scores: Vec<f32>,
    /// Longer side on the first look's canvas.
    pub(super) side: f32,
    context: Context,
    /// Whether the second look saw it too.
    confirmed: bool,
    /// Probability of a face, by what is known.
    pub(super) likelihood: f32,
}

impl Evidence {
    /// `group` is not empty, best first; `scales` are the looks' canvas pixels per picture pixel.
    fn new(group: &[Sighting], scales: &[f32], judges: &Judges) -> Self {
        let mut scores = vec![0.0f32; scales.len()];
        for s in group {
            scores[s.look] = scores[s.look].max(s.score);
        }
        let area = group[0].area;
        let seen = scores.iter().map(|s| *s > 0.0).collect();
        speak_for_the_close(&mut scores, scales, area.longest());
        let side = area.longest() * scales[0];
        let likelihood = Features::new(&scores, side).probability(judges.alone);
        Self {
            area,
            landmarks: group[0].landmarks,
            seen,
            scores,
            side,
            context: Context::default(),
            confirmed: false,
            likelihood,
        }
    }

    /// One per group, judged among all of them.
    pub(super) fn gather(groups: &[Vec<Sighting>], plan: &Plan, size: Size) -> Vec<Self> {
        let scales: Vec<f32> = plan.looks.iter().map(|l| l.factor(size)).collect();
        let mut all: Vec<Self> = groups
            .iter()
            .map(|g| Self::new(g, &scales, &plan.judges))
            .collect();
        let boxes: Vec<(Rect, f32)> = all.iter().map(|e| (e.area, e.likelihood)).collect();
        for (evidence, context) in all.iter_mut().zip(contexts(&boxes)) {
            evidence.context = context;
            evidence.likelihood = evidence.among().probability(plan.judges.among);
        }
        all
    }

    fn among(&self) -> Features {
        Features::new(&self.scores, self.side).among(&self.context)
    }

    /// Judges it anew by what a second look saw.
    pub(super) fn judge_again(&mut self, glance: Option<Glance>, judges: &Judges) {
        let features = self.among().again(glance.as_ref());
        self.likelihood = features.probability(judges.again);
        if let Some(glance) = glance.filter(|g| g.area.iou(&self.area) >= SAME) {
            self.confirmed = true;
            self.landmarks = glance.landmarks.or(self.landmarks);
        }
    }

    pub(super) fn into_face(self, plan: &Plan, size: Size) -> Face {
        let seen = plan.looks.iter().zip(&self.seen).filter(|(_, seen)| **seen);
        let mut found_by: Vec<String> = seen.map(|(look, _)| look.name(size)).collect();
        if self.confirmed {
            found_by.push("centerface@crop".into());
        }
        Face {
            subject: crate::face::Subject::Face,
            corners: None,
            area: self.area,
            score: self.likelihood,
            landmarks: self.landmarks,
            found_by,
        }
    }
}

/// That a look saw nothing is no word against a face that is too large for it: the looks at smaller
/// scales speak for it. `side` is the face's longer side in picture pixels.
fn speak_for_the_close(scores: &mut [f32], scales: &[f32], side: f32) {
    let seen = scores.to_vec();
    for (score, scale) in scores.iter_mut().zip(scales) {
        if side * scale <= LARGE {
            continue;
        }
        let others = seen.iter().zip(scales).filter(|(_, other)| *other < scale);
        *score = others.fold(*score, |best, (s, _)| best.max(*s));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_at_smaller_scales_speak_for_those_that_a_face_is_too_large_for() {
        let scales = [1.0, 0.5, 0.25];
        let told = |side, seen: [f32; 3]| {
            let mut scores = seen;
            speak_for_the_close(&mut scores, &scales, side);
            scores
        };
        assert_eq!(told(600.0, [0.0, 0.5, 0.9]), [0.0, 0.5, 0.9]);
        assert_eq!(told(700.0, [0.0, 0.5, 0.9]), [0.9, 0.5, 0.9]);
        assert_eq!(told(1500.0, [0.95, 0.0, 0.9]), [0.95, 0.9, 0.9]);
        // Nobody speaks for the smallest scale, and no look at a larger one for any.
        assert_eq!(told(9000.0, [0.9, 0.9, 0.0]), [0.9, 0.9, 0.0]);
    }
}
