//! Scene cuts, from the brightness of reduced frames: sixteen histograms a frame, and how much they
//! differ from those of the frame before.
//!
//! A cut that is missed leaves a mask where no face is for a moment; one that is seen where there is
//! none stops gaps from being filled. So what is in doubt is no cut, and a flash, after which the
//! scene is the same again, is none.

use std::collections::VecDeque;

/// Cells across and down a frame.
const CELLS: usize = 4;
/// Levels of brightness told apart.
const BINS: usize = 32;
/// Samples taken across and down, enough for a few hundred in each cell.
const ACROSS: usize = 128;
const DOWN: usize = 72;
/// Least difference of a cut: share of the samples that would have to change their bin.
const LEAST: f32 = 0.35;
/// A cut differs this many times as much as successive frames did before.
const TIMES_USUAL: f32 = 4.0;
/// Frames from which the usual difference is taken.
const USUAL_FROM: usize = 15;
/// Frames after a cut that must differ from the one before it.
pub(super) const LOOK_AHEAD: usize = 2;

/// The brightness of one frame in histograms.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Glimpse {
    /// Share of each cell's samples in each bin.
    shares: Vec<f32>,
}

impl Glimpse {
    /// Of a picture of `width` by `height` samples, neither 0, whose brightness at a place, 0..=255,
    /// `luma` tells.
    pub(crate) fn new(width: usize, height: usize, luma: impl Fn(usize, usize) -> u8) -> Self {
        let mut shares = vec![0.0; CELLS * CELLS * BINS];
        let share = (CELLS * CELLS) as f32 / (ACROSS * DOWN) as f32;
        for j in 0..DOWN {
            let y = (j * 2 + 1) * height / (DOWN * 2);
            for i in 0..ACROSS {
                let x = (i * 2 + 1) * width / (ACROSS * 2);
                let cell = j * CELLS / DOWN * CELLS + i * CELLS / ACROSS;
                shares[cell * BINS + usize::from(luma(x, y)) * BINS / 256] += share;
            }
        }
        Self { shares }
    }

    /// Half the L1 distance, averaged over the cells: 0 the same, 1 nothing in common.
    fn difference(&self, other: &Self) -> f32 {
        let pairs = self.shares.iter().zip(&other.shares);
        let sum: f32 = pairs.map(|(a, b)| (a - b).abs()).sum();
        sum / (2 * CELLS * CELLS) as f32
    }
}

/// Decides for each frame whether a scene begins with it, two frames later.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    /// The frame before the first undecided one, then the undecided ones.
    recent: VecDeque<Glimpse>,
    /// Differences of the latest decided frames within their scene.
    usual: VecDeque<f32>,
    started: bool,
}

impl Cuts {
    /// Takes a frame; the answer is about the oldest one that has none yet.
    pub(super) fn push(&mut self, glimpse: &Glimpse) -> Option<bool> {
        self.recent.push_back(glimpse.clone());
        if !self.started {
            // The first frame begins the first scene, which is no cut.
            self.started = true;
            return Some(false);
        }
        (self.recent.len() > LOOK_AHEAD + 1).then(|| self.decide())
    }

    /// The answers that are still due, in order.
    pub(super) fn finish(&mut self) -> Vec<bool> {
        let mut answers = Vec::new();
        while self.recent.len() > 1 {
            answers.push(self.decide());
        }
        answers
    }

    fn decide(&mut self) -> bool {
        let before = &self.recent[0];
        let step = before.difference(&self.recent[1]);
        let least = LEAST.max(TIMES_USUAL * self.median());
        let after = self.recent.iter().skip(1).take(LOOK_AHEAD + 1);
        let is_cut = after.into_iter().all(|g| before.difference(g) > least);
        if step > least && !is_cut {
            // A flash: what follows is compared with the frame before it.
            self.recent.remove(1);
            return false;
        }
        self.recent.pop_front();
        if is_cut {
            self.usual.clear();
        } else {
            self.usual.push_back(step);
            if self.usual.len() > USUAL_FROM {
                self.usual.pop_front();
            }
        }
        is_cut
    }

    fn median(&self) -> f32 {
        let mut all: Vec<f32> = self.usual.iter().copied().collect();
        all.sort_by(f32::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame with a ramp that begins at `from`.
    fn ramp(from: usize) -> Glimpse {
        Glimpse::new(160, 90, |x, y| ((from + x + y) % 256) as u8)
    }

    fn cuts(frames: &[Glimpse]) -> Vec<usize> {
        let mut cuts = Cuts::default();
        let mut answers: Vec<bool> = frames.iter().filter_map(|g| cuts.push(g)).collect();
        answers.extend(cuts.finish());
        assert_eq!(answers.len(), frames.len(), "one answer a frame");
        let found = answers.iter().enumerate().filter(|(_, is_cut)| **is_cut);
        found.map(|(i, _)| i).collect()
    }

    #[test]
    fn a_cut_is_seen_where_it_is() {
        for at in [1, 2, 10, 18, 19] {
            let frames: Vec<_> = (0..20)
                .map(|i| ramp(if i < at { i } else { 128 + i }))
                .collect();
            assert_eq!(cuts(&frames), [at]);
        }
    }

    #[test]
    fn a_flash_a_pan_and_a_fade_are_no_cuts() {
        let white = || Glimpse::new(160, 90, |_, _| 255);
        for length in [1, 2] {
            let flash: Vec<_> = (0..20)
                .map(|i| {
                    if (8..8 + length).contains(&i) {
                        white()
                    } else {
                        ramp(i)
                    }
                })
                .collect();
            assert!(cuts(&flash).is_empty(), "{length} frames of light");
        }
        let pan: Vec<_> = (0..40).map(|i| ramp(i * 9)).collect();
        assert!(cuts(&pan).is_empty());
        let fade: Vec<_> = (0..40usize)
            .map(|i| Glimpse::new(160, 90, |x, y| ((x + y) * (40 - i) / 40 % 256) as u8))
            .collect();
        assert!(cuts(&fade).is_empty());
    }

    #[test]
    fn a_short_clip_has_an_answer_for_every_frame() {
        for count in 0..5 {
            let frames: Vec<_> = (0..count).map(ramp).collect();
            assert!(cuts(&frames).is_empty());
        }
    }
}
