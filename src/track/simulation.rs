//! Faces that move by rules, and a detector that fails by rules: how many of them stay exposed with
//! the tracker, and how many without. The figures are those of a model; what is tested is that they
//! do not get worse.

use super::tests::{PICTURE, run};
use super::*;

/// A small generator, so that the same seed gives the same video everywhere (SplitMix64: Steele et
/// al., OOPSLA 2014).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }

    pub(super) fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * self.next()
    }

    /// About normal, deviation 1.
    pub(super) fn bell(&mut self) -> f32 {
        (0..12).map(|_| self.next()).sum::<f32>() - 6.0
    }
}

struct Video {
    /// The boxes of every frame.
    truth: Vec<Vec<Rect>>,
    seen: Vec<Vec<Sighting>>,
}

const FRAMES: usize = 300;

/// Five faces for ten seconds, with isolated misses, bursts of misses, dips of the score and noise.
fn video(seed: u64, jerk: f32) -> Video {
    let mut chance = Chance(seed);
    let mut truth = vec![Vec::new(); FRAMES];
    let mut seen: Vec<Vec<Sighting>> = vec![Vec::new(); FRAMES];
    for _ in 0..5 {
        let mut side = chance.between(24.0, 140.0);
        let (mut x, mut y) = (chance.between(100.0, 1180.0), chance.between(100.0, 620.0));
        let (mut vx, mut vy) = (0.0, 0.0);
        let (mut missing, mut weak) = (0, 0);
        for frame in 0..FRAMES {
            vx = vx * 0.9 + chance.bell() * jerk * 0.2;
            vy = vy * 0.9 + chance.bell() * jerk * 0.1;
            side = (side * (1.0 + chance.bell() * 0.01)).clamp(20.0, 160.0);
            (x, y) = ((x + vx).clamp(80.0, 1200.0), (y + vy).clamp(80.0, 640.0));
            let area = Rect::new(x - side / 2.0, y - side / 2.0, side, side).expect("finite");
            truth[frame].push(area);
            if chance.next() < 0.008 {
                missing = chance.between(2.0, 16.0) as usize;
            }
            if chance.next() < 0.02 {
                weak = chance.between(2.0, 12.0) as usize;
            }
            let is_missed = missing > 0 || chance.next() < 0.02;
            missing = missing.saturating_sub(1);
            let score = match weak {
                0 => chance.between(0.55, 0.95),
                _ => chance.between(0.05, 0.5),
            };
            weak = weak.saturating_sub(1);
            if !is_missed && score >= 0.1 {
                let (dx, dy) = (chance.bell() * 0.03 * side, chance.bell() * 0.03 * side);
                let area = area.mapped(dx, dy, 1.0, 1.0).expect("finite");
                let zoom = 1.0 + chance.bell() * 0.04;
                seen[frame].push(Sighting {
                    subject: crate::face::Subject::Face,
                    corners: None,
                    area: area.grown(zoom),
                    score,
                });
            }
        }
    }
    for frame in &mut seen {
        if chance.next() < 0.08 {
            let (x, y) = (chance.between(0.0, 1200.0), chance.between(0.0, 650.0));
            let area = Rect::new(x, y, 40.0, 40.0).expect("finite");
            frame.push(Sighting {
                subject: crate::face::Subject::Face,
                corners: None,
                area,
                score: chance.between(0.1, 0.45),
            });
        }
    }
    Video { truth, seen }
}

/// Share of face-frames of which less than nine tenths are covered, and share of the picture that
/// is covered without a face.
fn exposed(truth: &[Vec<Rect>], masks: &[Vec<Rect>]) -> (f64, f64) {
    let (mut open, mut all, mut wrong) = (0, 0, 0.0);
    for (faces, masks) in truth.iter().zip(masks) {
        for face in faces {
            let best = masks
                .iter()
                .map(|m| face.share_inside(m))
                .fold(0.0, f32::max);
            open += usize::from(best < 0.9);
            all += 1;
        }
        let near = |m: &Rect| faces.iter().any(|f| f.intersection(m).is_some());
        wrong += masks
            .iter()
            .filter(|m| !near(m))
            .map(Rect::area)
            .map(f64::from)
            .sum::<f64>();
    }
    let picture = (PICTURE.area() as f64) * truth.len() as f64;
    (open as f64 / all as f64, wrong / picture)
}

/// Side of a mask over side of the box in this model.
const MARGIN: f32 = 1.3;

fn averages(jerk: f32) -> [(f64, f64); 2] {
    let seeds = 12;
    let mut sums = [(0.0, 0.0); 2];
    for seed in 0..seeds {
        let video = video(seed, jerk);
        let single: Vec<Vec<Rect>> = video
            .seen
            .iter()
            .map(|f| {
                f.iter()
                    .filter(|s| s.score >= 0.2)
                    .map(|s| s.area.grown(MARGIN))
                    .collect()
            })
            .collect();
        let (places, _) = run(&video.seen, &[0; FRAMES]);
        let tracked: Vec<Vec<Rect>> = places
            .iter()
            .map(|f| f.iter().map(|p| p.area.grown(MARGIN)).collect())
            .collect();
        for (sum, masks) in sums.iter_mut().zip([single, tracked]) {
            let (open, wrong) = exposed(&video.truth, &masks);
            sum.0 += open / seeds as f64;
            sum.1 += wrong / seeds as f64;
        }
    }
    sums
}

#[test]
fn tracking_closes_nearly_all_that_single_frames_leave_open() {
    for (jerk, most_open, most_wrong) in [(6.0, 0.003, 0.01), (14.0, 0.02, 0.01)] {
        let [single, tracked] = averages(jerk);
        println!(
            "motion {jerk}: exposed {:.2} % without, {:.2} % with tracking; covered for nothing {:.2} %, {:.2} %",
            single.0 * 100.0,
            tracked.0 * 100.0,
            single.1 * 100.0,
            tracked.1 * 100.0
        );
        assert!(
            single.0 > 0.08,
            "the model's detector fails too seldom to show anything"
        );
        assert!(tracked.0 <= most_open, "{:.4} exposed", tracked.0);
        assert!(
            tracked.1 <= most_wrong,
            "{:.4} covered for nothing",
            tracked.1
        );
    }
}
