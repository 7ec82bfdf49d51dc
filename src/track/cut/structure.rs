//! What a frame shows without how brightly it is lit: each part of it against its surroundings, as
//! a share of how much these vary. A light that is turned up, down or aside leaves it nearly as it
//! was; another picture has nothing to do with it.

use super::{ACROSS, DOWN};

/// Samples that are averaged across and down, against noise.
const STEP: usize = 4;
const WIDTH: usize = ACROSS / STEP;
const HEIGHT: usize = DOWN / STEP;
/// Surroundings of a sample, on each side.
const AROUND: usize = 3;
/// Samples of surroundings, and samples that have them on all sides.
const SURROUNDINGS: f32 = ((2 * AROUND + 1) * (2 * AROUND + 1)) as f32;
const INSIDE: f32 = ((WIDTH - 2 * AROUND) * (HEIGHT - 2 * AROUND)) as f32;
/// Levels of brightness by which surroundings that show nothing vary.
const NOISE: f32 = 1.0;
/// The furthest that a camera moves from frame to frame, in samples across and down.
const MOVED: (i32, i32) = (3, 2);

/// The structure of one frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Structure {
    values: Vec<f32>,
    /// By how many levels surroundings vary on average.
    contrast: f32,
}

impl Structure {
    /// Of [`ACROSS`] by [`DOWN`] samples.
    pub(super) fn new(samples: &[u8]) -> Self {
        let mut small = vec![0.0; WIDTH * HEIGHT];
        for (i, luma) in samples.iter().take(ACROSS * DOWN).enumerate() {
            let (x, y) = (i % ACROSS / STEP, i / ACROSS / STEP);
            small[y * WIDTH + x] += f32::from(*luma) / (STEP * STEP) as f32;
        }
        // At the edges surroundings are of one side only, and a slope looks like a structure.
        let mut values = vec![0.0; small.len()];
        let mut contrast = 0.0;
        for y in AROUND..HEIGHT - AROUND {
            for x in AROUND..WIDTH - AROUND {
                let (mut sum, mut squares) = (0.0, 0.0);
                for j in y - AROUND..=y + AROUND {
                    for value in &small[j * WIDTH + x - AROUND..=j * WIDTH + x + AROUND] {
                        sum += value;
                        squares += value * value;
                    }
                }
                let mean: f32 = sum / SURROUNDINGS;
                let deviation = (squares / SURROUNDINGS - mean * mean).max(0.0).sqrt();
                contrast += deviation / INSIDE;
                values[y * WIDTH + x] = (small[y * WIDTH + x] - mean) / (deviation + NOISE);
            }
        }
        Self { values, contrast }
    }

    /// Whether there is nothing to be seen: black, white, or noise.
    pub(super) fn is_flat(&self) -> bool {
        self.contrast < NOISE
    }

    /// Normalised correlation, -1..=1, at the best of all small movements.
    pub(super) fn correlation(&self, other: &Self) -> f32 {
        let mut best = -1.0f32;
        for dy in -MOVED.1..=MOVED.1 {
            for dx in -MOVED.0..=MOVED.0 {
                best = best.max(self.correlation_at(other, dx, dy));
            }
        }
        best
    }

    fn correlation_at(&self, other: &Self, dx: i32, dy: i32) -> f32 {
        let span = |moved: i32, length: usize| {
            let by = moved.unsigned_abs() as usize;
            let (a, b) = if moved < 0 { (by, 0) } else { (0, by) };
            (a, b, length.saturating_sub(by))
        };
        let ((ax, bx, width), (ay, by, height)) = (span(dx, WIDTH), span(dy, HEIGHT));
        let (mut both, mut own, mut its) = (0.0f32, 0.0f32, 0.0f32);
        for row in 0..height {
            let a = &self.values[(ay + row) * WIDTH + ax..][..width];
            let b = &other.values[(by + row) * WIDTH + bx..][..width];
            for (a, b) in a.iter().zip(b) {
                both += a * b;
                own += a * a;
                its += b * b;
            }
        }
        both / (own * its).sqrt().max(f32::MIN_POSITIVE)
    }
}
