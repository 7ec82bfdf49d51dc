//! Spans left open: a face that was lost in mid-picture and found again near the same place, too late
//! for the gap to be filled. Nothing covers it in between, so a person should look.
//!
//! Invariant: no span crosses a scene cut.

use super::associate::overlap;
use super::clock::Clock;
use super::trail::Trail;
use super::{GAP, REACH};
use crate::geometry::{Rect, Size};

/// A face that comes back after more gaps than this is another one.
const GAPS: f64 = 3.0;
/// Least buffered overlap of where it was and where it is.
const OVERLAP: f32 = 0.2;

/// Frames, both ends included, in which a face was probably left open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    /// First frame.
    pub(crate) first: usize,
    /// Last frame.
    pub(crate) last: usize,
    /// Where it was before and is after.
    pub(crate) area: Rect,
}

/// Faces that were lost lately, and the spans found so far.
#[derive(Default)]
pub(super) struct Spans {
    lost: Vec<(usize, Rect)>,
    open: Vec<Span>,
}

impl Spans {
    /// A face is no longer seen. One that left through the edge is not missed.
    pub(super) fn lost(&mut self, trail: &Trail, picture: Size, clock: &Clock) {
        let area = trail.last_area();
        let inside = |r: &Rect| r.share_inside(&Rect::of(picture)) >= 1.0;
        if inside(&area) && inside(&trail.expected(trail.last_frame() + 1, clock)) {
            self.lost.push((trail.last_frame(), area));
        }
    }

    /// A face is believed; is it one that was lost?
    pub(super) fn found(&mut self, trail: &Trail, clock: &Clock) {
        let (frame, area) = (trail.first_frame(), trail.first_area());
        self.lost
            .retain(|(last, _)| clock.apart(*last, frame) <= GAPS * GAP);
        let found = self
            .lost
            .iter()
            .enumerate()
            .filter(|(_, (last, _))| *last < frame)
            .map(|(i, (_, before))| (overlap(before, &area), i))
            .filter(|(overlap, _)| *overlap >= OVERLAP)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, i)) = found {
            let (last, before) = self.lost.swap_remove(i);
            let is_open =
                |k: &usize| clock.apart(last, *k) >= REACH && clock.apart(*k, frame) >= REACH;
            let mut open = (last + 1..frame).filter(is_open);
            if let Some(first) = open.next() {
                self.open.push(Span {
                    first,
                    last: open.next_back().unwrap_or(first),
                    area: before.union(&area),
                });
            }
        }
    }

    /// A new scene.
    pub(super) fn forget(&mut self) {
        self.lost.clear();
    }

    pub(super) fn open(&self) -> &[Span] {
        &self.open
    }
}
