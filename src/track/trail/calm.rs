//! Boxes that stay calm. What passes in front of a face makes the detector's box smaller and moves
//! it, and that is seen: a mask that pulsates draws the eye, and what shows beside it is a part of
//! the face.
//!
//! Invariant: a calm box holds what was seen, and is never smaller than the largest of the
//! sightings next to it; the same goes for one that leans.

use super::super::clock::Clock;
use super::super::extent::{Extent, MOST_TURN};
use super::super::leaning::Leaning;
use super::{STEADY, Trail};
use crate::geometry::{Point, Rect};

/// A box is as large as the largest of so many seconds before it and after it: the time for which
/// something passes by. What comes is known for a second only.
const LARGEST: [f64; 2] = [1.6, 0.8];
/// Sizes and middles are averaged over this many seconds on each side, with steps as the largest
/// one comes and goes.
const AVERAGED: [f64; 2] = [0.2, 0.2];
/// Most that an angle is off from an even turn, radians, 10 degrees: how writing lies that is about
/// as high as it is long, no one can say.
const MOST_OFF: f64 = 0.175;
/// Seconds before the latest frame from which sightings are needed.
pub(super) const HISTORY: f64 = LARGEST[0] + AVERAGED[0];
/// What one box depends on.
const ALL: [f64; 2] = [HISTORY, LARGEST[1] + AVERAGED[1]];

impl Trail {
    /// The box at sighting `i`: as large as the face is when nothing hides it, about where it moves
    /// along, and never less than what was seen.
    pub(super) fn calm(&self, i: usize, clock: &Clock) -> Extent {
        let areas = |j: usize| self.seen[j].1.area;
        let sides = [
            self.calm_side(i, &|j| areas(j).width(), clock),
            self.calm_side(i, &|j| areas(j).height(), clock),
        ];
        let middle = self.calm_middle(i, &|j| areas(j).center(), clock);
        Extent {
            area: settled(&areas(i), sides, middle),
            leaning: self.calm_leaning(i, clock),
        }
    }

    /// The same as it lies, if that is known of all sightings that it rests on and they agree.
    fn calm_leaning(&self, i: usize, clock: &Clock) -> Option<Leaning> {
        let all = self.within(i, ALL, clock);
        let from = all.start.saturating_sub(STEADY);
        let to = (all.end + STEADY).min(self.seen.len());
        // From each to the next one, since writing may turn by a lot in a second.
        let mut lying = vec![self.seen[i].1.leaning?];
        let push = |lying: &mut Vec<Leaning>, j: usize| {
            let beside = lying.last()?.angle();
            lying.push(self.seen[j].1.leaning?.near(beside)?);
            Some(())
        };
        (from..i).rev().try_for_each(|j| push(&mut lying, j))?;
        lying.reverse();
        (i + 1..to).try_for_each(|j| push(&mut lying, j))?;
        let at = |j: usize| &lying[j - from];
        let around = self.within(i, AVERAGED, clock);
        let turns = |j: usize| (at(j).angle() - at(j - 1).angle()).abs() > MOST_TURN;
        let (angle, off) = self.calm_angle(i, &|j| at(j).angle(), clock);
        if off > MOST_OFF || (around.start + 1..around.end).any(turns) {
            return None;
        }
        let sides = [
            self.calm_side(i, &|j| at(j).sides().width(), clock),
            self.calm_side(i, &|j| at(j).sides().height(), clock),
        ];
        let middle = self.calm_middle(i, &|j| at(j).center(), clock);
        let calm = Leaning::new(angle, middle, sides)?.unsure(off)?;
        let own = at(i).at(angle)?;
        let sides = [
            calm.sides().width().max(own.sides().width()),
            calm.sides().height().max(own.sides().height()),
        ];
        let sides = settled(own.sides(), sides, calm.sides().center());
        Some(calm.with_sides(sides))
    }

    /// The angle at sighting `i` of something that turns evenly, and by how much the angles around
    /// are off from that at most.
    fn calm_angle(&self, i: usize, angle: &dyn Fn(usize) -> f64, clock: &Clock) -> (f64, f64) {
        let around = self.within(i, AVERAGED, clock);
        let count = around.len() as f64;
        let seconds = |j: usize| {
            let seconds = clock.span(self.seen[j].0, self.seen[i].0);
            if j < i { -seconds } else { seconds }
        };
        let mean = |of: &dyn Fn(usize) -> f64| around.clone().map(of).sum::<f64>() / count;
        let (time, mid) = (mean(&seconds), mean(angle));
        let spread = mean(&|j| (seconds(j) - time).powi(2));
        let both = mean(&|j| (seconds(j) - time) * (angle(j) - mid));
        let (now, speed) = match around.len() > 2 && spread > 0.0 {
            true => (mid - both / spread * time, both / spread),
            // Two say nothing of how even a turn is.
            false => (angle(i), 0.0),
        };
        let off = |j: usize| (angle(j) - now - speed * seconds(j)).abs();
        (now, around.clone().map(off).fold(0.0, f64::max))
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
    fn near(&self, i: usize) -> impl Iterator<Item = usize> {
        let frame = self.seen[i].0;
        let around = i.saturating_sub(STEADY)..(i + STEADY + 1).min(self.seen.len());
        around.filter(move |j| self.seen[*j].0.abs_diff(frame) <= STEADY)
    }

    fn calm_side(&self, i: usize, side: &dyn Fn(usize) -> f32, clock: &Clock) -> f32 {
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
        let largest = self.near(i).map(side).fold(0.0, f32::max);
        average.max(largest)
    }

    /// The median of the sightings around one.
    fn typical(&self, i: usize, side: &dyn Fn(usize) -> f32) -> f32 {
        let mut values: Vec<f32> = self.near(i).map(side).collect();
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    }

    /// The mean of as many middles before as after, so that a face that moves along is not left
    /// behind.
    fn calm_middle(&self, i: usize, center: &dyn Fn(usize) -> Point, clock: &Clock) -> Point {
        let around = self.within(i, AVERAGED, clock);
        let each_side = (i - around.start).min(around.end - 1 - i);
        let count = (2 * each_side + 1) as f32;
        let middles = (i - each_side..=i + each_side).map(center);
        let (x, y) = middles.fold((0.0, 0.0), |(x, y), c| (x + c.x, y + c.y));
        Point::new(x / count, y / count)
    }
}

/// A box of this size, at least that of `own`, as near to a middle as it can be and hold `own`.
fn settled(own: &Rect, [w, h]: [f32; 2], middle: Point) -> Rect {
    // Both ends in order, since it is at least as large as what was seen.
    let x = middle
        .x
        .max(own.right() - w * 0.5)
        .min(own.left() + w * 0.5);
    let y = middle
        .y
        .max(own.bottom() - h * 0.5)
        .min(own.top() + h * 0.5);
    let calm = Rect::new(x - w * 0.5, y - h * 0.5, w, h);
    calm.map_or(*own, |calm| calm.union(own))
}
