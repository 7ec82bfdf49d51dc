//! Everything known about one proposal, and what is believed of it so far.

use super::context::{Context, contexts};
use super::decide::{Features, Judges};
use super::merge::Sighting;
use super::preset::Plan;
use super::second_look::Glance;
use crate::face::{Face, Landmarks};
use crate::geometry::{Rect, Size};

/// Intersection over union from which a second sighting is the same box, and may bring landmarks.
const SAME: f32 = 0.35;

/// One proposal.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    pub(super) area: Rect,
    landmarks: Option<Landmarks>,
    /// Best score of each look, 0 where it saw nothing.
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
    /// `group` is not empty, best first; `looks` is how many there were; `scale` is the first look's
    /// canvas pixels per picture pixel.
    fn new(group: &[Sighting], looks: usize, scale: f32, judges: &Judges) -> Self {
        let mut scores = vec![0.0f32; looks];
        for s in group {
            scores[s.look] = scores[s.look].max(s.score);
        }
        let area = group[0].area;
        let side = area.longest() * scale;
        let likelihood = Features::new(&scores, side).probability(judges.alone);
        Self {
            area,
            landmarks: group[0].landmarks,
            scores,
            side,
            context: Context::default(),
            confirmed: false,
            likelihood,
        }
    }

    /// One per group, judged among all of them.
    pub(super) fn gather(groups: &[Vec<Sighting>], plan: &Plan, size: Size) -> Vec<Self> {
        let (looks, scale) = (plan.looks.len(), plan.scale(size));
        let mut all: Vec<Self> = groups
            .iter()
            .map(|g| Self::new(g, looks, scale, &plan.judges))
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
        let seen = plan
            .looks
            .iter()
            .zip(&self.scores)
            .filter(|(_, score)| **score > 0.0);
        let mut found_by: Vec<String> = seen.map(|(look, _)| look.name(size)).collect();
        if self.confirmed {
            found_by.push("centerface@crop".into());
        }
        Face {
            area: self.area,
            score: self.likelihood,
            landmarks: self.landmarks,
            found_by,
        }
    }
}
