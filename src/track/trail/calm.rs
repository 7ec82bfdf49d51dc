//! Boxes that stay calm. What passes in front of a face makes the detector's box smaller and moves
//! it, and that is seen: a mask that pulsates draws the eye, and what shows beside it is a part of
//! the face.
//!
//! Invariant: a calm box holds what was seen, and is never smaller than the largest of the
//! sightings next to it.

use super::super::Seen;
use super::super::clock::Clock;
use super::{STEADY, Trail};
use crate::geometry::Rect;

/// A box is as large as the largest of so many seconds before it and after it: the time for which
/// something passes by. What comes is known for a second only.
const LARGEST: [f64; 2] = [1.6, 0.8];
/// Sizes and middles are averaged over this many seconds on each side, with steps as the largest
/// one comes and goes.
const AVERAGED: [f64; 2] = [0.2, 0.2];
/// Seconds before the latest frame from which sightings are needed.
pub(super) const HISTORY: f64 = LARGEST[0] + AVERAGED[0];
/// What one box depends on.
const ALL: [f64; 2] = [HISTORY, LARGEST[1] + AVERAGED[1]];

impl Trail {
    /// The box at sighting `i`: as large as the face is when nothing hides it, about where it moves
    /// along, and never less than what was seen.
    pub(super) fn calm(&self, i: usize, clock: &Clock) -> Rect {
        let own = self.seen[i].1.area;
        let (w, h) = (
            self.calm_side(i, Rect::width, clock),
            self.calm_side(i, Rect::height, clock),
        );
        let (x, y) = self.calm_middle(i, clock);
        // Both ends in order, since it is at least as large as what was seen.
        let x = x.max(own.right() - w * 0.5).min(own.left() + w * 0.5);
        let y = y.max(own.bottom() - h * 0.5).min(own.top() + h * 0.5);
        let calm = Rect::new(x - w * 0.5, y - h * 0.5, w, h);
        calm.map_or(own, |calm| calm.union(&own))
    }

    /// Sightings within so many seconds before and after sighting `i`, as a range.
    fn within(&self, i: usize, seconds: [f64; 2], clock: &Clock) -> std::ops::Range<usize> {
        let frame = self.seen[i].0;
        let away = |j: usize| clock.span(self.seen[j].0, frame);
        let before = (0..i).rev().take_while(|j| away(*j) <= seconds[0]).count();
        let after = (i + 1..self.seen.len())
            .take_while(|j| away(*j) <= seconds[1])
            .count();
        i - before..i + after + 1
    }

    /// Sightings that are at most [`STEADY`] frames away: across a gap a face may have changed its
    /// size.
    fn near(&self, i: usize) -> impl Iterator<Item = &Seen> {
        let frame = self.seen[i].0;
        let around = i.saturating_sub(STEADY)..(i + STEADY + 1).min(self.seen.len());
        let is_near = move |(f, _): &&(usize, Seen)| f.abs_diff(frame) <= STEADY;
        self.seen.range(around).filter(is_near).map(|(_, s)| s)
    }

    fn calm_side(&self, i: usize, side: fn(&Rect) -> f32, clock: &Clock) -> f32 {
        let all = self.within(i, ALL, clock);
        // A single box that is too large says nothing of the others.
        let typical: Vec<f32> = all.clone().map(|j| self.typical(j, side)).collect();
        let averaged = self.within(i, AVERAGED, clock);
        let mut sum = 0.0;
        for j in averaged.clone() {
            let near = self.within(j, LARGEST, clock);
            let near = near.start.max(all.start)..near.end.min(all.end);
            let values = &typical[near.start - all.start..near.end - all.start];
            sum += values.iter().copied().fold(0.0, f32::max);
        }
        let average = sum / averaged.len() as f32;
        let largest = self.near(i).map(|s| side(&s.area)).fold(0.0, f32::max);
        average.max(largest)
    }

    /// The median of the sightings around one.
    fn typical(&self, i: usize, side: fn(&Rect) -> f32) -> f32 {
        let mut values: Vec<f32> = self.near(i).map(|s| side(&s.area)).collect();
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    }

    /// The mean of as many middles before as after, so that a face that moves along is not left
    /// behind.
    fn calm_middle(&self, i: usize, clock: &Clock) -> (f32, f32) {
        let around = self.within(i, AVERAGED, clock);
        let each_side = (i - around.start).min(around.end - 1 - i);
        let count = (2 * each_side + 1) as f32;
        let middles = self.seen.range(i - each_side..=i + each_side);
        let (x, y) = middles.fold((0.0, 0.0), |(x, y), (_, s)| {
            let c = s.area.center();
            (x + c.x, y + c.y)
        });
        (x / count, y / count)
    }
}
