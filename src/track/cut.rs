//! Scene cuts, from the brightness of reduced frames: sixteen histograms a frame, how much they
//! differ from those of the frame before, and whether the picture still has the same structure.
//!
//! A cut that is missed leaves a mask where no face is for a moment; one that is seen where there
//! is none stops gaps from being filled. So what is in doubt is no cut. A flash, after which the
//! scene is the same again, is none, and neither is another light on the same scene: a siren, a
//! strobe, a stage.

mod structure;

use std::collections::VecDeque;
use structure::Structure;

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
/// Correlation of structures from which two frames show the same scene. Frames of other scenes had
/// 0.22 at most; frames of one under sirens, strobes, flashes and headlights 0.73 at least.
const SAME_SCENE: f32 = 0.35;
/// Frames from which the usual difference is taken.
const USUAL_FROM: usize = 15;
/// Frames after a cut that must differ from the one before it.
pub(super) const LOOK_AHEAD: usize = 2;

/// The brightness of one frame in histograms, and its structure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Glimpse {
    /// Share of each cell's samples in each bin.
    shares: Vec<f32>,
    structure: Structure,
}

impl Glimpse {
    /// Of a picture of `width` by `height` samples, neither 0, whose brightness at a place,
    /// 0..=255, `luma` tells.
    pub(crate) fn new(width: usize, height: usize, luma: impl Fn(usize, usize) -> u8) -> Self {
        let mut shares = vec![0.0; CELLS * CELLS * BINS];
        let share = (CELLS * CELLS) as f32 / (ACROSS * DOWN) as f32;
        let mut samples = Vec::with_capacity(ACROSS * DOWN);
        for j in 0..DOWN {
            let y = (j * 2 + 1) * height / (DOWN * 2);
            for i in 0..ACROSS {
                let x = (i * 2 + 1) * width / (ACROSS * 2);
                let cell = j * CELLS / DOWN * CELLS + i * CELLS / ACROSS;
                let luma = luma(x, y);
                shares[cell * BINS + usize::from(luma) * BINS / 256] += share;
                samples.push(luma);
            }
        }
        Self {
            shares,
            structure: Structure::new(&samples),
        }
    }

    /// Half the L1 distance, averaged over the cells: 0 the same, 1 nothing in common.
    fn difference(&self, other: &Self) -> f32 {
        let pairs = self.shares.iter().zip(&other.shares);
        let sum: f32 = pairs.map(|(a, b)| (a - b).abs()).sum();
        sum / (2 * CELLS * CELLS) as f32
    }

    /// Whether a frame soon after this one shows another scene.
    pub(super) fn is_another_scene(&self, later: &Self) -> bool {
        self.is_elsewhere(later, LEAST)
    }

    /// Whether it shows another scene: its brightness differs by more than `least`, and its
    /// structure, too. Frames without structure show none.
    fn is_elsewhere(&self, other: &Self, least: f32) -> bool {
        let (a, b) = (&self.structure, &other.structure);
        self.difference(other) > least
            && !a.is_flat()
            && !b.is_flat()
            && a.correlation(b) < SAME_SCENE
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
        let (before, now) = (&self.recent[0], &self.recent[1]);
        let step = before.difference(now);
        let least = LEAST.max(TIMES_USUAL * self.median());
        let is_elsewhere = before.is_elsewhere(now, least);
        let after = self.recent.iter().skip(2).take(LOOK_AHEAD);
        let is_cut = is_elsewhere && after.into_iter().all(|g| before.is_elsewhere(g, least));
        let is_blank = now.structure.is_flat() && !before.structure.is_flat();
        if !is_cut && (is_elsewhere || is_blank) {
            // A flash, or nothing to be seen: what follows is compared with the frame before it.
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
pub(super) mod tests {
    use super::*;

    /// Brightness of a picture of blobs that no other one has to do with.
    fn blobs(seed: usize, x: usize, y: usize) -> f32 {
        const SIDE: usize = 11;
        let corner = |i: usize, j: usize| {
            let mixed = (i * 7919 + j * 104_729 + seed * 1_299_709) as u32;
            let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d);
            ((mixed ^ mixed >> 12).wrapping_mul(0x297a_2d39) >> 24) as f32
        };
        let (i, j) = (x / SIDE, y / SIDE);
        let part = |v: usize| (v % SIDE) as f32 / SIDE as f32;
        let (u, v) = (part(x), part(y));
        let upper = corner(i, j) * (1.0 - u) + corner(i + 1, j) * u;
        let lower = corner(i, j + 1) * (1.0 - u) + corner(i + 1, j + 1) * u;
        upper * (1.0 - v) + lower * v
    }

    /// A scene from a camera that moves, under a light.
    fn scene(seed: usize, moved: usize, light: impl Fn(usize, usize, f32) -> f32) -> Glimpse {
        Glimpse::new(160, 90, |x, y| {
            let level = 30.0 + blobs(seed, x + moved, y) * 0.6;
            light(x, y, level).clamp(0.0, 255.0) as u8
        })
    }

    /// The same in daylight, with its own brightness.
    pub(in crate::track) fn daylight(seed: usize, moved: usize) -> Glimpse {
        scene(seed, moved, move |_, _, v| {
            v * 0.7 + (seed * 97 % 130) as f32
        })
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
            let frames: Vec<_> = (0..20).map(|i| daylight(usize::from(i >= at), i)).collect();
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
                        daylight(1, i)
                    }
                })
                .collect();
            assert!(cuts(&flash).is_empty(), "{length} frames of light");
        }
        let pan: Vec<_> = (0..40).map(|i| daylight(1, i * 9)).collect();
        assert!(cuts(&pan).is_empty());
        let fade: Vec<_> = (0..40usize)
            .map(|i| scene(1, i, |_, _, v| v * (40 - i) as f32 / 40.0))
            .collect();
        assert!(cuts(&fade).is_empty());
    }

    #[test]
    fn a_short_clip_has_an_answer_for_every_frame() {
        for count in 0..5 {
            let frames: Vec<_> = (0..count).map(|i| daylight(1, i)).collect();
            assert!(cuts(&frames).is_empty());
        }
    }

    #[test]
    fn another_light_on_the_same_scene_is_no_cut() {
        type Light = fn(usize, usize, f32) -> f32;
        let lights: [(&str, usize, Light); 6] = [
            ("a siren", 5, |_, _, v| v * 0.08 + 14.0),
            ("a flash", 3, |_, _, v| v + 140.0),
            ("a strobe", 1, |_, _, v| v * 0.25),
            ("lightning", 4, |_, _, v| v * 1.6 + 60.0),
            ("a headlight", 4, |x, y, v| {
                let (dx, dy) = (x as f32 - 80.0, y as f32 - 45.0);
                v + 300.0 * (-(dx * dx + dy * dy) / 1500.0).exp()
            }),
            ("a light from one side", 6, |x, _, v| {
                v * (0.1 + x as f32 / 200.0)
            }),
        ];
        for (name, length, light) in lights {
            let frames: Vec<_> = (0..60)
                .map(|i| match i / length % 2 {
                    0 => scene(1, i, |_, _, v| v),
                    _ => scene(1, i, light),
                })
                .collect();
            assert!(cuts(&frames).is_empty(), "{name}: {:?}", cuts(&frames));
        }
    }

    #[test]
    fn a_cut_under_another_light_is_one_and_so_is_one_behind_black() {
        let dark = |_, _, v: f32| v * 0.3;
        let frames: Vec<_> = (0..40)
            .map(|i| match i {
                0..20 => scene(1, i, |_, _, v| v),
                _ => scene(2, i, dark),
            })
            .collect();
        assert_eq!(cuts(&frames), [20]);
        let black = |length: usize| {
            let frames: Vec<_> = (0..60usize)
                .map(|i| match i {
                    0..20 => scene(1, i, |_, _, v| v),
                    _ if i < 20 + length => Glimpse::new(160, 90, |_, _| 16),
                    _ => scene(2, i, |_, _, v| v * 0.6),
                })
                .collect();
            cuts(&frames)
        };
        assert_eq!(black(4), [24]);
        assert_eq!(black(25), [45]);
        let blinded: Vec<_> = (0..40)
            .map(|i| match i {
                20..26 => Glimpse::new(160, 90, |_, _| 255),
                _ => scene(1, i, |_, _, v| v),
            })
            .collect();
        assert!(cuts(&blinded).is_empty(), "white for a quarter of a second");
    }
}
