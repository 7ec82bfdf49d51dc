//! What a place looks like, and where in another frame it looks the same: correlation of reduced
//! colours, with the middle counting most.
//!
//! Invariant: what lies outside of the picture is neither like nor unlike anything.

use crate::error::Result;
use crate::geometry::{Rect, Size};
use crate::picture::{RgbImage, resample_rgb_part};

/// Samples on the longer side of a box.
const LONGEST: f32 = 24.0;
/// Least samples on the shorter one.
const SHORTEST: usize = 6;
/// Share of a box, its middle counting most, that has to lie in the picture.
const LEAST_SEEN: f32 = 0.35;
/// Sizes that are tried besides that of the frame before.
const SCALES: [f32; 2] = [0.95, 1.05];
/// By so much another size has to be more alike.
const WORTH_A_SCALE: f32 = 0.005;
/// Variance of samples below which there is nothing to recognise.
const FLAT: f32 = 12.0;

type Sample = [f32; 3];

/// The looks of a box.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    across: usize,
    down: usize,
    samples: Vec<Sample>,
    weights: Vec<f32>,
}

/// Where it looks the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    pub(super) area: Rect,
    /// Correlation, -1..=1.
    pub(super) score: f32,
}

/// Samples of a part of a picture, as far as it is inside.
struct Window {
    across: usize,
    /// The first and last sample that is inside, and the same downward.
    inside: [[usize; 2]; 2],
    samples: Vec<Sample>,
}

impl Window {
    /// `across` by `down` samples of this size in pixels, the first at this corner.
    fn new(
        picture: &RgbImage,
        corner: [f32; 2],
        pitch: [f32; 2],
        [across, down]: [usize; 2],
    ) -> Result<Option<Self>> {
        let size = picture.size();
        let sides = [size.width as f32, size.height as f32];
        let mut inside = [[0; 2]; 2];
        for (i, count) in [across, down].into_iter().enumerate() {
            let first = (-corner[i] / pitch[i] - 1e-3).ceil().max(0.0) as usize;
            let end = ((sides[i] - corner[i]) / pitch[i] + 1e-3).floor().max(0.0) as usize;
            inside[i] = [first, end.min(count)];
            if inside[i][0] >= inside[i][1] {
                return Ok(None);
            }
        }
        let count = inside.map(|[first, end]| end - first);
        let part = |i: usize| {
            let from = (corner[i] + inside[i][0] as f32 * pitch[i]).clamp(0.0, sides[i] - 0.01);
            let length = (count[i] as f32 * pitch[i]).min(sides[i] - from);
            [f64::from(from), f64::from(length.max(0.01))]
        };
        let ([x, width], [y, height]) = (part(0), part(1));
        let to = Size::new(count[0] as u32, count[1] as u32);
        let view = resample_rgb_part(picture.data(), size, [x, y, width, height], to)?;
        let mut samples = vec![[0.0; 3]; across * down];
        for (j, row) in view.data().chunks_exact(count[0] * 3).enumerate() {
            let start = (inside[1][0] + j) * across + inside[0][0];
            for (to, from) in samples[start..].iter_mut().zip(row.chunks_exact(3)) {
                *to = [0, 1, 2].map(|c| f32::from(from[c]));
            }
        }
        Ok(Some(Self {
            across,
            inside,
            samples,
        }))
    }
}

impl Patch {
    /// The looks of this part of a picture; `None` if too little of it is inside, or nothing is to
    /// be recognised.
    pub(super) fn new(picture: &RgbImage, area: &Rect) -> Result<Option<Self>> {
        let longest = area.longest().max(1e-3);
        let [across, down] = [area.width(), area.height()]
            .map(|side| ((side / longest * LONGEST).round() as usize).max(SHORTEST));
        Self::with(picture, area, [across, down])
    }

    fn with(picture: &RgbImage, area: &Rect, [across, down]: [usize; 2]) -> Result<Option<Self>> {
        let pitch = [area.width() / across as f32, area.height() / down as f32];
        if pitch.iter().any(|p| *p <= 1e-3) {
            return Ok(None);
        }
        let corner = [area.left(), area.top()];
        let Some(window) = Window::new(picture, corner, pitch, [across, down])? else {
            return Ok(None);
        };
        let [[left, right], [top, bottom]] = window.inside;
        let mut weights = vec![0.0; across * down];
        for j in top..bottom {
            for i in left..right {
                weights[j * across + i] = weight([i, j], [across, down]);
            }
        }
        let patch = Self {
            across,
            down,
            samples: window.samples,
            weights,
        };
        let all: f32 = (0..across * down)
            .map(|k| weight([k % across, k / across], [across, down]))
            .sum();
        let seen: f32 = patch.weights.iter().sum();
        let is_plain = patch.variance() < FLAT;
        Ok((seen >= LEAST_SEEN * all && !is_plain).then_some(patch))
    }

    fn variance(&self) -> f32 {
        let seen: f32 = self.weights.iter().sum();
        let of_channel = |c: usize| {
            let weighted = || self.samples.iter().zip(&self.weights);
            let mean: f32 = weighted().map(|(s, w)| s[c] * w).sum::<f32>() / seen;
            weighted()
                .map(|(s, w)| (s[c] - mean).powi(2) * w)
                .sum::<f32>()
                / seen
        };
        (0..3).map(of_channel).sum()
    }

    /// Where around `expected` it looks most like this: up to `reach` of its longer side away.
    pub(super) fn search(
        &self,
        picture: &RgbImage,
        expected: &Rect,
        reach: f32,
    ) -> Result<Option<Match>> {
        let pad = (reach * self.across.max(self.down) as f32).ceil() as usize;
        let Some(best) = self.scan(picture, expected, pad)? else {
            return Ok(None);
        };
        let mut found = best;
        for scale in SCALES {
            let Some(other) = self.scan(picture, &best.area.grown(scale), 1)? else {
                continue;
            };
            if other.score > found.score + WORTH_A_SCALE {
                found = other;
            }
        }
        Ok(Some(found))
    }

    /// How much this part of a picture looks like it.
    pub(super) fn likeness(&self, picture: &RgbImage, area: &Rect) -> Result<f32> {
        let found = self.scan(picture, area, 1)?;
        Ok(found.map_or(-1.0, |found| found.score))
    }

    /// Tries every place up to `pad` samples away.
    fn scan(&self, picture: &RgbImage, around: &Rect, pad: usize) -> Result<Option<Match>> {
        let grid = [self.across, self.down];
        let pitch = [
            around.width() / grid[0] as f32,
            around.height() / grid[1] as f32,
        ];
        if pitch.iter().any(|p| *p <= 1e-3) {
            return Ok(None);
        }
        let corner = [
            around.left() - pad as f32 * pitch[0],
            around.top() - pad as f32 * pitch[1],
        ];
        let counts = grid.map(|n| n + 2 * pad);
        let Some(window) = Window::new(picture, corner, pitch, counts)? else {
            return Ok(None);
        };
        let steps = 2 * pad + 1;
        let scores: Vec<f32> = (0..steps * steps)
            .map(|k| self.correlation(&window, [k % steps, k / steps]))
            .collect();
        let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        let Some(best) = best.filter(|k| scores[*k] > -1.0) else {
            return Ok(None);
        };
        let at = [best % steps, best / steps];
        // Between samples: the top of a parabola through three scores.
        let between = |step: usize, i: usize| {
            if at[i] == 0 || at[i] + 1 == steps {
                return 0.0;
            }
            let (before, after) = (scores[best - step], scores[best + step]);
            let bend = before - 2.0 * scores[best] + after;
            match bend < -1e-6 && before > -1.0 && after > -1.0 {
                true => ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5),
                false => 0.0,
            }
        };
        let moved = [between(1, 0), between(steps, 1)];
        let to = |i: usize| corner[i] + (at[i] as f32 + moved[i]) * pitch[i];
        let area = Rect::new(to(0), to(1), around.width(), around.height());
        Ok(area.map(|area| Match {
            area,
            score: scores[best],
        }))
    }

    /// Of the window from this sample on; -1 if too little of it is inside.
    fn correlation(&self, window: &Window, [x, y]: [usize; 2]) -> f32 {
        let range = |i: usize, at: usize, count: usize| {
            let [first, end] = window.inside[i];
            first.saturating_sub(at)..end.saturating_sub(at).min(count)
        };
        let (columns, rows) = (range(0, x, self.across), range(1, y, self.down));
        let (mut weight, mut own, mut its) = (0.0, [0.0; 3], [0.0; 3]);
        let (mut own_squares, mut its_squares, mut products) = ([0.0; 3], [0.0; 3], [0.0; 3]);
        for j in rows {
            let row = j * self.across..(j + 1) * self.across;
            let start = (y + j) * window.across + x;
            let theirs = &window.samples[start..start + self.across];
            let mine = self.samples[row.clone()].iter().zip(&self.weights[row]);
            for ((a, w), b) in mine.zip(theirs).take(columns.end).skip(columns.start) {
                weight += w;
                for c in 0..3 {
                    own[c] += w * a[c];
                    its[c] += w * b[c];
                    own_squares[c] += w * a[c] * a[c];
                    its_squares[c] += w * b[c] * b[c];
                    products[c] += w * a[c] * b[c];
                }
            }
        }
        let all: f32 = self.weights.iter().sum();
        if weight < LEAST_SEEN * all || weight <= 0.0 {
            return -1.0;
        }
        let (mut same, mut mine, mut other) = (0.0, 0.0, 0.0);
        for c in 0..3 {
            same += products[c] - own[c] * its[c] / weight;
            mine += own_squares[c] - own[c] * own[c] / weight;
            other += its_squares[c] - its[c] * its[c] / weight;
        }
        match other > FLAT / 4.0 * weight && mine > 0.0 {
            true => same / (mine * other).sqrt(),
            false => -1.0,
        }
    }

    /// Becomes a little like what it looks like now.
    pub(super) fn learn(&mut self, picture: &RgbImage, area: &Rect, share: f32) -> Result<()> {
        let Some(now) = Self::with(picture, area, [self.across, self.down])? else {
            return Ok(());
        };
        let news = now.samples.iter().zip(&now.weights);
        let own = self.samples.iter_mut().zip(&mut self.weights);
        for ((sample, weight), (new, seen)) in own.zip(news) {
            if *seen <= 0.0 {
                continue;
            }
            // What was never inside before is learned at once.
            let share = if *weight > 0.0 { share } else { 1.0 };
            *weight = *seen;
            for c in 0..3 {
                sample[c] += (new[c] - sample[c]) * share;
            }
        }
        Ok(())
    }
}

/// The middle counts most, the corners least: a box has background in them.
fn weight([i, j]: [usize; 2], [across, down]: [usize; 2]) -> f32 {
    let from_middle = |at: usize, count: usize| (2 * at + 1) as f32 / count as f32 - 1.0;
    let (u, v) = (from_middle(i, across), from_middle(j, down));
    (-1.5 * (u * u + v * v)).exp()
}
