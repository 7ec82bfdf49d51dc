//! One face through time: its sightings, where it is expected next, and where it is in between.
//!
//! Invariant: the place at a sighting holds the sighting's box; no place lies outside of the scene.

mod calm;
mod ends;

pub(super) use ends::{End, FAST};

use super::clock::Clock;
use super::extent::Extent;
use super::{GAP, REACH, REACH_AT_BORDER, Seen, Why, carry};
use crate::face::Subject;
use crate::geometry::{Rect, Size};
use std::collections::VecDeque;

/// Weight of the newest step in the velocity, of one that takes [`STEP`] or longer.
const NEWEST: f32 = 0.4;
/// Seconds of a step at an ordinary rate: boxes tremble, so a shorter step tells little of the
/// motion.
const STEP: f64 = 1.0 / 30.0;
/// Motion is measured against the newest sighting that is this many seconds older: the last frame's
/// at an ordinary rate, the times rounded or not.
const STEP_FROM: f64 = 0.75 * STEP;
/// The same at the ends, where two steps are better than one.
const STEPS_AT_END: f64 = 1.8 * STEP;
/// Motion is extrapolated over at most this many frames or seconds, whatever is longer.
const MOST_MOTION: (usize, f64) = (8, 8.0 * STEP);
/// How much a box grows per second for which its face was not seen: where it is expected, between
/// two sightings, and at the ends.
const EXPECTED_GROWTH: f64 = 1.2;
const BETWEEN_GROWTH: f64 = 0.9;
const BEYOND_GROWTH: f64 = 1.5;
/// Most that an expected box is grown: its overlap with a face that did not move is 1 / 1.6^2,
/// 0.39, and more than the least of a sure one even if the face is a quarter smaller by now.
const MOST_EXPECTED: f64 = 1.6;
/// Most that the box between two sightings is grown where the motion at both ends leads from one to
/// the other: their own error. Where it does not, half of what is left is added.
const AGREED_GROWTH: f64 = 0.06;
const DISAGREED_GROWTH: f64 = 0.5;
/// Motion at the ends of a gap is measured over this long, seconds: a box trembles by 0.03 of its
/// side.
const STEPS_AT_GAP: f64 = 0.25;
/// Sightings before and after one that steady its box.
const STEADY: usize = 2;
/// Sightings that are kept after their frame is out: for [`STEADY`], and one to interpolate from.
const KEPT: usize = STEADY + 1;
/// A track that nobody believes yet is given up after this many frames without a sighting and this
/// many seconds.
const DOUBTFUL_GAP: (usize, f64) = (8, 0.25);

/// What makes a track a face.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belief {
    /// The score of a sure sighting: one is enough.
    pub(super) sure: f32,
    /// So many weak sightings are enough as well.
    pub(super) count: usize,
}

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
    /// Pixels per second.
    velocity: [f32; 2],
    ended: bool,
    /// Where and from which frame on another track has this one's face.
    followed_by: Option<(usize, Extent)>,
    /// Whether it follows another.
    follows: bool,
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
            followed_by: None,
            follows: false,
            scene_end: usize::MAX,
            announced: false,
        }
    }

    pub(super) fn add(&mut self, frame: usize, sighting: Seen, clock: &Clock) {
        let lasts = clock.span(self.last_frame(), frame);
        self.seen.push_back((frame, sighting));
        let from = self.back_from(self.seen.len() - 1, 1, STEP_FROM, clock);
        let step = self.velocity_between(from, self.seen.len() - 1, clock);
        let weight = NEWEST * (lasts / STEP).min(1.0) as f32;
        self.velocity = match self.seen[from].0 == self.first {
            true => step,
            false => [0, 1].map(|i| self.velocity[i] * (1.0 - weight) + step[i] * weight),
        };
        self.count += 1;
        self.sure = self.sure.max(sighting.score);
    }

    /// Puts an older trail before this one, which has a single sighting.
    pub(super) fn prepend(&mut self, older: Self, clock: &Clock) {
        self.first = older.first;
        self.count += older.count;
        for sighting in older.seen.into_iter().rev() {
            self.seen.push_front(sighting);
        }
        let newest = self.seen.len() - 1;
        let from = self.back_from(newest, STEADY, STEPS_AT_END, clock);
        self.velocity = self.velocity_between(from, newest, clock);
    }

    /// What it is a track of.
    pub(super) fn subject(&self) -> Subject {
        self.newest().1.subject
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

    /// The oldest sighting that is kept.
    pub(super) fn first_seen(&self) -> (usize, Rect) {
        (self.seen[0].0, self.seen[0].1.area)
    }

    pub(super) fn last_frame(&self) -> usize {
        self.newest().0
    }

    pub(super) fn last_area(&self) -> Rect {
        self.newest().1.area
    }

    /// Whether it covers anything: a sure sighting, or several weak ones.
    pub(super) fn is_believed(&self, belief: Belief) -> bool {
        self.sure >= belief.sure || self.count >= belief.count
    }

    /// Whether it may take a sighting of this frame.
    pub(super) fn is_waiting(&self, frame: usize) -> bool {
        !self.ended && self.last_frame() < frame
    }

    /// Whether it waited for too long to take a sighting of this frame.
    pub(super) fn is_lost(&self, frame: usize, belief: Belief, clock: &Clock) -> bool {
        let apart = clock.apart(self.last_frame(), frame);
        let (frames, seconds) = DOUBTFUL_GAP;
        let is_doubtful =
            || !self.is_believed(belief) && frame - self.last_frame() > frames && apart >= seconds;
        self.is_waiting(frame) && (apart >= GAP || is_doubtful())
    }

    /// Whether it may be the face, or the writing, of a track that waits.
    pub(super) fn may_follow(&self, of: &Self) -> bool {
        let is_later = self.first > of.last_frame();
        self.announced && !self.follows && is_later && self.subject() == of.subject()
    }

    /// It is: gives where the other one's gap ends.
    pub(super) fn follow(&mut self, clock: &Clock) -> (usize, Extent) {
        self.follows = true;
        // It may begin beside what still hides a part of the face.
        (self.first, self.calm(0, clock))
    }

    /// Another track has this one's face from that frame on.
    pub(super) fn be_followed(&mut self, from: (usize, Extent)) {
        self.followed_by = Some(from);
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
    pub(super) fn is_news(&mut self, belief: Belief) -> bool {
        let news = !self.announced && self.is_believed(belief);
        self.announced |= news;
        news
    }

    /// Whether it covers no frame from `frame` on. One that is doubtful waits for a face that it
    /// may lead to, one that was fast for another track of its face.
    pub(super) fn is_over(&self, frame: usize, picture: Size, clock: &Clock) -> bool {
        let is_followed = self.followed_by.is_some_and(|(next, _)| next > frame);
        let last = self.last_frame();
        let reach = match self.departs_fast(picture, clock) {
            true => carry::LONGEST,
            false => REACH_AT_BORDER,
        };
        let is_past = last < frame && clock.apart(last, frame) >= reach;
        self.ended && is_past && !is_followed
    }

    /// Forgets sightings that no place from `frame` on depends on.
    pub(super) fn forget_before(&mut self, frame: usize, clock: &Clock) {
        let before = self.seen.partition_point(|(f, _)| *f < frame);
        let Some(last) = before.checked_sub(1).map(|i| self.seen[i].0) else {
            return;
        };
        let is_needless = |f: usize| f <= last && clock.span(f, last) >= calm::HISTORY;
        while self.seen.get(KEPT).is_some_and(|(f, _)| is_needless(*f)) {
            self.seen.pop_front();
        }
    }

    /// Sightings in memory.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.seen.len()
    }

    /// Where the face should be, grown by what is not known.
    pub(super) fn expected(&self, frame: usize, clock: &Clock) -> Rect {
        let (last, sighting) = self.newest();
        let growth = 1.0 + EXPECTED_GROWTH * clock.apart(last, frame);
        let area = Extent::upright(sighting.area);
        let there = moved(&area, self.velocity, motion(last, frame, clock));
        there.grown(growth.min(MOST_EXPECTED) as f32).area
    }

    /// What to cover in a frame, if anything.
    pub(super) fn place(
        &self,
        frame: usize,
        belief: Belief,
        picture: Size,
        clock: &Clock,
    ) -> Option<(Extent, Why)> {
        if !self.is_believed(belief) || !(self.scene..self.scene_end).contains(&frame) {
            return None;
        }
        let i = self.seen.partition_point(|(f, _)| *f < frame);
        let calm = |i: usize| (self.seen[i].0, self.calm(i, clock));
        let after = (i < self.seen.len()).then(|| calm(i));
        if let Some((f, area)) = after
            && f == frame
        {
            return Some((area, Why::Seen(self.seen[i].1.index)));
        }
        match (i.checked_sub(1).map(calm), after) {
            (Some(a), Some(b)) => {
                let apart = self.disagreement(i, clock);
                Some(between(a, b, frame, apart, clock))
            }
            (Some(a), None) => match self.followed_by {
                Some(b) if frame < b.0 => Some(between(a, b, frame, f64::INFINITY, clock)),
                Some(_) => None,
                None => {
                    let start = self.back_from(i - 1, STEADY, STEPS_AT_END, clock);
                    let velocity = self.velocity_between(start, i - 1, clock);
                    beyond(a, velocity, frame, picture, clock)
                }
            },
            (None, Some(b)) if b.0 == self.first => {
                let end = self.on_from(0, STEADY, STEPS_AT_END, clock);
                let [x, y] = self.velocity_between(0, end, clock);
                beyond(b, [-x, -y], frame, picture, clock)
            }
            (None, _) => None,
        }
    }

    /// What to cover in a frame after the last sighting while the track still waits for the next
    /// one, which may come too late to be interpolated to: where the face was, and where it was
    /// going.
    pub(super) fn held(
        &self,
        frame: usize,
        belief: Belief,
        clock: &Clock,
    ) -> Option<(Extent, Why)> {
        let is_in_scene = (self.scene..self.scene_end).contains(&frame);
        if !self.is_believed(belief) || !self.is_waiting(frame) || !is_in_scene {
            return None;
        }
        let last = self.last_frame();
        let start = self.back_from(self.seen.len() - 1, STEADY, STEPS_AT_END, clock);
        let velocity = self.velocity_between(start, self.seen.len() - 1, clock);
        let calm = self.calm(self.seen.len() - 1, clock);
        let there = moved(&calm, velocity, motion(last, frame, clock));
        let growth = (1.0 + BEYOND_GROWTH * clock.span(last, frame)).min(MOST_EXPECTED);
        let area = there.grown(growth as f32).union(&calm);
        Some((area, Why::Beyond))
    }

    /// The sightings around the gap that the newest one closed, if some of its frames lie before
    /// `due`.
    pub(super) fn late_gap(&self, due: usize) -> Option<[(usize, Rect); 2]> {
        let before = self.seen.len().checked_sub(2)?;
        let (before, after) = (self.seen[before], self.newest());
        let is_late = before.0 + 1 < due.min(after.0);
        is_late.then_some([(before.0, before.1.area), (after.0, after.1.area)])
    }

    /// The sighting so many before `i` and so many seconds, or the oldest.
    fn back_from(&self, i: usize, count: usize, seconds: f64, clock: &Clock) -> usize {
        let is_far = |j: &usize| clock.span(self.seen[*j].0, self.seen[i].0) >= seconds;
        let far = (0..(i + 1).saturating_sub(count)).rev().find(is_far);
        far.unwrap_or(0)
    }

    /// The sighting so many after `i` and so many seconds, or the newest.
    fn on_from(&self, i: usize, count: usize, seconds: f64, clock: &Clock) -> usize {
        let is_far = |j: &usize| clock.span(self.seen[i].0, self.seen[*j].0) >= seconds;
        let far = (i + count..self.seen.len()).find(is_far);
        far.unwrap_or(self.seen.len() - 1)
    }

    /// By how many of the face's sides the motion before the gap that ends at sighting `i` misses
    /// where it is then, or the motion after the gap where it was before, whatever is more. Endless
    /// where there is no motion to be measured.
    fn disagreement(&self, i: usize, clock: &Clock) -> f64 {
        let (before, after) = (self.seen[i - 1], self.seen[i]);
        let from = self.back_from(i - 1, STEADY, STEPS_AT_GAP, clock);
        let to = self.on_from(i, STEADY, STEPS_AT_GAP, clock);
        if i - 1 - from < STEADY || to - i < STEADY {
            return f64::INFINITY;
        }
        let seconds = clock.span(before.0, after.0) as f32;
        let (a, b) = (before.1.area, after.1.area);
        let misses = |velocity: [f32; 2]| {
            let (p, q) = (a.center(), b.center());
            let dx = q.x - p.x - velocity[0] * seconds;
            (q.y - p.y - velocity[1] * seconds).hypot(dx)
        };
        let first = misses(self.velocity_between(from, i - 1, clock));
        let second = misses(self.velocity_between(i, to, clock));
        let side = |r: &Rect| r.width().min(r.height()).max(1.0);
        f64::from(first.max(second) / side(&a).min(side(&b)))
    }

    /// Pixels per second from one sighting to another.
    fn velocity_between(&self, i: usize, j: usize, clock: &Clock) -> [f32; 2] {
        let ((f, a), (g, b)) = (self.seen[i], self.seen[j]);
        let (a, b) = (a.area.center(), b.area.center());
        let seconds = clock.span(f, g).max(STEP) as f32;
        [(b.x - a.x) / seconds, (b.y - a.y) / seconds]
    }
}

/// Seconds of motion from a sighting's frame to another.
fn motion(from: usize, to: usize, clock: &Clock) -> f64 {
    let (frames, seconds) = MOST_MOTION;
    let nearer = match to > from {
        true => to.min(from + frames),
        false => to.max(from.saturating_sub(frames)),
    };
    let longest = clock.span(from, nearer).max(seconds);
    clock.span(from, to).min(longest)
}

fn moved(extent: &Extent, velocity: [f32; 2], seconds: f64) -> Extent {
    let n = seconds as f32;
    extent.moved(velocity[0] * n, velocity[1] * n)
}

/// The box in a frame between two sightings. `apart`: by how many sides the motion at one end
/// misses the other.
fn between(
    a: (usize, Extent),
    b: (usize, Extent),
    frame: usize,
    apart: f64,
    clock: &Clock,
) -> (Extent, Why) {
    let (since, until) = (clock.span(a.0, frame), clock.span(frame, b.0));
    let whole = since + until;
    let share = if whole > 0.0 { since / whole } else { 0.5 };
    let unknown = AGREED_GROWTH + DISAGREED_GROWTH * apart;
    let growth = 1.0 + (BETWEEN_GROWTH * since.min(until)).min(unknown);
    let there = Extent::mixed(&a.1, &b.1, share as f32).grown(growth as f32);
    (there, Why::Between)
}

/// The box in a frame before or after the track's `end`; for longer where it crosses the picture's
/// edge.
fn beyond(
    end: (usize, Extent),
    velocity: [f32; 2],
    frame: usize,
    picture: Size,
    clock: &Clock,
) -> Option<(Extent, Why)> {
    let there = moved(&end.1, velocity, motion(end.0, frame, clock));
    let inside = there.area.share_inside(&Rect::of(picture)) >= 1.0;
    let reach = if inside { REACH } else { REACH_AT_BORDER };
    let growth = 1.0 + BEYOND_GROWTH * clock.span(end.0, frame);
    let grown = there.grown(growth as f32);
    (clock.apart(end.0, frame) < reach).then_some((grown, Why::Beyond))
}
