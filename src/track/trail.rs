//! One face through time: its sightings, where it is expected next, and where it is in between.
//!
//! Invariant: the place at a sighting holds the sighting's box; no place lies outside of the scene.

use super::{Seen, Settings, Why};
use crate::geometry::{Rect, Size};
use std::collections::VecDeque;

/// Weight of the newest step in the velocity.
const NEWEST: f32 = 0.4;
/// Motion is extrapolated over at most this many frames.
const MOST_MOTION: usize = 8;
/// How much a box grows per frame in which its face was not seen: where it is expected, between two
/// sightings, and at the ends.
const EXPECTED_GROWTH: f32 = 0.04;
const BETWEEN_GROWTH: f32 = 0.03;
const BEYOND_GROWTH: f32 = 0.05;
/// Sightings before and after one that steady its box.
const STEADY: usize = 2;
/// Sightings that are kept after their frame is out: for [`STEADY`], and one to interpolate from.
const KEPT: usize = STEADY + 1;
/// So many weak sightings in a row are a face as well.
const BELIEVED_FROM: usize = 4;
/// A track that nobody believes yet is given up after this many frames without a sighting.
const DOUBTFUL_GAP: usize = 8;
/// Times as many frames are covered at an end where the face crosses the picture's edge.
pub(super) const AT_BORDER: usize = 2;

/// A track in the making.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    /// Given when it first covers a frame.
    pub(super) number: Option<usize>,
    /// By frame, never empty; the oldest are forgotten.
    seen: VecDeque<(usize, Seen)>,
    /// The first frame with a sighting.
    first: usize,
    /// First frame of its scene.
    scene: usize,
    /// Sightings, the forgotten ones too.
    count: usize,
    sure: f32,
    /// Pixels per frame.
    velocity: [f32; 2],
    ended: bool,
    /// First frame of the next scene.
    scene_end: usize,
    announced: bool,
}

impl Trail {
    pub(super) fn new(frame: usize, scene: usize, sighting: Seen) -> Self {
        Self {
            number: None,
            seen: VecDeque::from([(frame, sighting)]),
            first: frame,
            scene,
            count: 1,
            sure: sighting.score,
            velocity: [0.0; 2],
            ended: false,
            scene_end: usize::MAX,
            announced: false,
        }
    }

    pub(super) fn add(&mut self, frame: usize, sighting: Seen) {
        let (last, before) = self.newest();
        let step = per_frame(&before.area, &sighting.area, frame - last);
        self.velocity = match self.count {
            1 => step,
            _ => [0, 1].map(|i| self.velocity[i] * (1.0 - NEWEST) + step[i] * NEWEST),
        };
        self.seen.push_back((frame, sighting));
        self.count += 1;
        self.sure = self.sure.max(sighting.score);
    }

    /// Puts an older trail before this one, which has a single sighting.
    pub(super) fn prepend(&mut self, older: Self) {
        self.first = older.first;
        self.count += older.count;
        for sighting in older.seen.into_iter().rev() {
            self.seen.push_front(sighting);
        }
        let n = self.seen.len();
        let (from, to) = (self.seen[n.saturating_sub(STEADY + 1)], self.seen[n - 1]);
        self.velocity = per_frame(&from.1.area, &to.1.area, (to.0 - from.0).max(1));
    }

    fn newest(&self) -> (usize, Seen) {
        self.seen[self.seen.len() - 1]
    }

    pub(super) fn first_frame(&self) -> usize {
        self.first
    }

    pub(super) fn first_area(&self) -> Rect {
        self.seen[0].1.area
    }

    pub(super) fn last_frame(&self) -> usize {
        self.newest().0
    }

    pub(super) fn last_area(&self) -> Rect {
        self.newest().1.area
    }

    /// Whether it covers anything: a sure sighting, or several weak ones.
    pub(super) fn is_believed(&self, settings: Settings) -> bool {
        self.sure >= settings.sure || self.count >= BELIEVED_FROM
    }

    /// Whether it may take a sighting of this frame.
    pub(super) fn is_waiting(&self, frame: usize) -> bool {
        !self.ended && self.last_frame() < frame
    }

    pub(super) fn is_lost(&self, frame: usize, settings: Settings) -> bool {
        let patience = match self.is_believed(settings) {
            true => settings.gap,
            false => settings.gap.min(DOUBTFUL_GAP),
        };
        !self.ended && frame - self.last_frame() >= patience
    }

    /// Takes no more sightings. `scene_end`: a cut is why. Says whether it was a believed face.
    pub(super) fn end(&mut self, scene_end: Option<usize>) -> bool {
        self.ended = true;
        if let Some(frame) = scene_end {
            self.scene_end = self.scene_end.min(frame);
        }
        self.announced
    }

    /// Whether it is believed since this call.
    pub(super) fn is_news(&mut self, settings: Settings) -> bool {
        let news = !self.announced && self.is_believed(settings);
        self.announced |= news;
        news
    }

    /// Whether it covers no frame from `frame` on. One that is doubtful waits for a face that it may
    /// lead to.
    pub(super) fn is_over(&self, frame: usize, settings: Settings) -> bool {
        self.ended && self.last_frame() + settings.extend * AT_BORDER < frame
    }

    /// Forgets sightings that no place from `frame` on depends on.
    pub(super) fn forget_before(&mut self, frame: usize) {
        while self.seen.len() > KEPT && self.seen[KEPT].0 < frame {
            self.seen.pop_front();
        }
    }

    /// Sightings in memory.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.seen.len()
    }

    /// Where the face should be, grown by what is not known.
    pub(super) fn expected(&self, frame: usize) -> Rect {
        let (last, sighting) = self.newest();
        let frames = frame - last;
        let growth = 1.0 + EXPECTED_GROWTH * (frames - 1) as f32;
        moved(&sighting.area, self.velocity, frames.min(MOST_MOTION)).grown(growth)
    }

    /// What to cover in a frame, if anything.
    pub(super) fn place(
        &self,
        frame: usize,
        settings: Settings,
        picture: Size,
    ) -> Option<(Rect, Why)> {
        if !self.is_believed(settings) || !(self.scene..self.scene_end).contains(&frame) {
            return None;
        }
        let i = self.seen.partition_point(|(f, _)| *f < frame);
        let after = self.seen.get(i);
        let before = i.checked_sub(1).map(|i| &self.seen[i]);
        match (before, after) {
            (_, Some((f, sighting))) if *f == frame => {
                Some((self.steady(i), Why::Seen(sighting.index)))
            }
            (Some(a), Some(b)) => {
                let near = (frame - a.0).min(b.0 - frame);
                let share = (frame - a.0) as f32 / (b.0 - a.0) as f32;
                let area = between(&a.1.area, &b.1.area, share);
                Some((area.grown(1.0 + BETWEEN_GROWTH * near as f32), Why::Between))
            }
            (Some(a), None) => {
                let start = i.saturating_sub(KEPT);
                let velocity = self.velocity_between(start, i - 1);
                beyond(&a.1.area, velocity, frame - a.0, settings, picture)
            }
            (None, Some(b)) if b.0 == self.first => {
                let end = KEPT.min(self.seen.len()) - 1;
                let [x, y] = self.velocity_between(0, end);
                beyond(&b.1.area, [-x, -y], b.0 - frame, settings, picture)
            }
            (None, _) => None,
        }
    }

    fn velocity_between(&self, i: usize, j: usize) -> [f32; 2] {
        let (a, b) = (self.seen[i], self.seen[j]);
        per_frame(&a.1.area, &b.1.area, b.0.saturating_sub(a.0).max(1))
    }

    /// The box at sighting `i`, steadied by those around it: the largest sides about the median of the
    /// middles, and never less than what was seen.
    fn steady(&self, i: usize) -> Rect {
        let own = self.seen[i].1.area;
        let frame = self.seen[i].0;
        // Only neighbours in time: across a gap the face may have changed its size.
        let near = |(f, _): &&(usize, Seen)| f.abs_diff(frame) <= STEADY;
        let around = i.saturating_sub(STEADY)..(i + STEADY + 1).min(self.seen.len());
        let all: Vec<Rect> = around
            .filter_map(|k| self.seen.get(k))
            .filter(near)
            .map(|(_, s)| s.area)
            .collect();
        let most = |side: fn(&Rect) -> f32| all.iter().map(side).fold(0.0, f32::max);
        let middle = |axis: fn(&Rect) -> f32| {
            let mut values: Vec<f32> = all.iter().map(axis).collect();
            values.sort_by(f32::total_cmp);
            (values[(values.len() - 1) / 2] + values[values.len() / 2]) * 0.5
        };
        let (w, h) = (most(Rect::width), most(Rect::height));
        let (x, y) = (middle(|r| r.center().x), middle(|r| r.center().y));
        Rect::new(x - w * 0.5, y - h * 0.5, w, h).map_or(own, |steady| steady.union(&own))
    }
}

fn per_frame(from: &Rect, to: &Rect, frames: usize) -> [f32; 2] {
    let (a, b) = (from.center(), to.center());
    let frames = frames.max(1) as f32;
    [(b.x - a.x) / frames, (b.y - a.y) / frames]
}

fn moved(area: &Rect, velocity: [f32; 2], frames: usize) -> Rect {
    let n = frames as f32;
    area.mapped(velocity[0] * n, velocity[1] * n, 1.0, 1.0)
        .unwrap_or(*area)
}

/// Part of the way from one box to another: linear for the middle, and for the logarithm of the sides.
fn between(a: &Rect, b: &Rect, share: f32) -> Rect {
    let mix = |a: f32, b: f32| a + (b - a) * share;
    let mix_side = |a: f32, b: f32| match a > 0.0 && b > 0.0 {
        true => a * (b / a).powf(share),
        false => mix(a, b),
    };
    let (w, h) = (
        mix_side(a.width(), b.width()),
        mix_side(a.height(), b.height()),
    );
    let (x, y) = (
        mix(a.center().x, b.center().x),
        mix(a.center().y, b.center().y),
    );
    Rect::new(x - w * 0.5, y - h * 0.5, w, h).unwrap_or_else(|| a.union(b))
}

/// The box `frames` before or after its end of the track; longer where it crosses the picture's edge.
fn beyond(
    area: &Rect,
    velocity: [f32; 2],
    frames: usize,
    settings: Settings,
    picture: Size,
) -> Option<(Rect, Why)> {
    let there = moved(area, velocity, frames.min(MOST_MOTION));
    let inside = there.share_inside(&Rect::of(picture)) >= 1.0;
    let most = settings.extend * if inside { 1 } else { AT_BORDER };
    let grown = there.grown(1.0 + BEYOND_GROWTH * frames as f32);
    (frames <= most).then_some((grown, Why::Beyond))
}
