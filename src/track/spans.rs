//! Spans left open: a face that was lost in mid-picture and found again near the same place, too
//! late for the gap to be filled. Nothing covers it in between, unless another track does, so a
//! person should look.
//!
//! Invariant: no span crosses a scene cut, and none is open in whose every frame the face is
//! covered.

use super::associate::overlap;
use super::clock::Clock;
use super::extent::mixed;
use super::trail::Trail;
use super::{GAP, REACH};
use crate::face::Subject;
use crate::geometry::{Rect, Size};
use std::collections::VecDeque;

/// A face that comes back after more gaps than this is another one.
const GAPS: f64 = 3.0;
/// Least buffered overlap of where it was and where it is.
const OVERLAP: f32 = 0.2;
/// Share of a face that is covered by another track's place.
const COVERED: f32 = 0.9;
/// Spans of one place that are less than this apart are one, in seconds.
const NEIGHBOURS: f64 = 0.5;

/// Frames, both ends included, in which a face was probably left open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    /// What was lost.
    pub(crate) subject: Subject,
    /// First frame.
    pub(crate) first: usize,
    /// Last frame.
    pub(crate) last: usize,
    /// When both are shown, as the video says.
    pub(crate) seconds: [f64; 2],
    /// Where it was before and is after.
    pub(crate) area: Rect,
}

/// Faces that were lost lately, and the spans found so far.
#[derive(Default)]
pub(super) struct Spans {
    /// What they are, the last frame with a sighting, and where that was.
    lost: Vec<(Subject, usize, Rect)>,
    /// Found, but not all of their frames are decided.
    pending: Vec<Pending>,
    /// What is covered in the latest decided frames.
    covered: VecDeque<(usize, Vec<Rect>)>,
    open: Vec<Span>,
}

/// A face that was lost and found again.
struct Pending {
    span: Span,
    before: (usize, Rect),
    after: (usize, Rect),
}

impl Pending {
    /// Where the face probably is in a frame.
    fn face(&self, frame: usize, clock: &Clock) -> Rect {
        let whole = clock.span(self.before.0, self.after.0);
        let share = match whole > 0.0 {
            true => clock.span(self.before.0, frame) / whole,
            false => 0.5,
        };
        mixed(&self.before.1, &self.after.1, share as f32)
    }
}

impl Spans {
    /// A face is no longer seen. One that left through the edge is not missed.
    pub(super) fn lost(&mut self, trail: &Trail, picture: Size, clock: &Clock) {
        let area = trail.last_area();
        let inside = |r: &Rect| r.share_inside(&Rect::of(picture)) >= 1.0;
        if inside(&area) && inside(&trail.expected(trail.last_frame() + 1, clock)) {
            self.lost.push((trail.subject(), trail.last_frame(), area));
        }
    }

    /// A face is believed; is it one that was lost?
    pub(super) fn found(&mut self, trail: &Trail, clock: &Clock) {
        let (frame, area) = (trail.first_frame(), trail.first_area());
        self.lost
            .retain(|(_, last, _)| clock.apart(*last, frame) <= GAPS * GAP);
        let found = self
            .lost
            .iter()
            .enumerate()
            .filter(|(_, (subject, last, _))| *subject == trail.subject() && *last < frame)
            .map(|(i, (_, _, before))| (overlap(before, &area), i))
            .filter(|(overlap, _)| *overlap >= OVERLAP)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, i)) = found {
            let (_, last, before) = self.lost.swap_remove(i);
            let is_open =
                |k: &usize| clock.apart(last, *k) >= REACH && clock.apart(*k, frame) >= REACH;
            let mut open = (last + 1..frame).filter(is_open);
            if let Some(first) = open.next() {
                let end = open.next_back().unwrap_or(first);
                self.wait_for(trail.subject(), [first, end], (last, before), (frame, area));
            }
        }
    }

    /// A face was seen before and after frames that had to be given out before the second sighting
    /// was known: those before `due`.
    pub(super) fn late(
        &mut self,
        subject: Subject,
        before: (usize, Rect),
        after: (usize, Rect),
        due: usize,
    ) {
        let last = due.min(after.0).saturating_sub(1);
        if before.0 < last {
            self.wait_for(subject, [before.0 + 1, last], before, after);
        }
    }

    /// A face was believed too late for the frames before `due`, in which it was seen from `first`
    /// on.
    pub(super) fn doubted(&mut self, subject: Subject, first: (usize, Rect), due: usize) {
        if let Some(last) = due.checked_sub(1).filter(|last| first.0 <= *last) {
            self.wait_for(subject, [first.0, last], first, (due, first.1));
        }
    }

    fn wait_for(
        &mut self,
        subject: Subject,
        [first, last]: [usize; 2],
        before: (usize, Rect),
        after: (usize, Rect),
    ) {
        let span = Span {
            subject,
            first,
            last,
            seconds: [0.0; 2],
            area: before.1.union(&after.1),
        };
        self.pending.push(Pending {
            span,
            before,
            after,
        });
    }

    /// A frame is decided, and these places are covered in it.
    pub(super) fn decided(&mut self, frame: usize, places: Vec<Rect>, clock: &Clock) {
        self.covered.push_back((frame, places));
        // A span is known when its face is believed again, some frames after its end.
        let is_old = |(f, _): &(usize, Vec<Rect>)| clock.apart(*f, frame) > (GAPS + 2.0) * GAP;
        while self.covered.front().is_some_and(is_old) {
            self.covered.pop_front();
        }
        let (known, pending) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|p: &Pending| p.span.last <= frame);
        self.pending = pending;
        for one in known {
            self.settle(&one, clock);
        }
    }

    /// Keeps the frames of a span in which nothing covers its face.
    fn settle(&mut self, one: &Pending, clock: &Clock) {
        let is_covered = |frame: usize| {
            let face = one.face(frame, clock);
            let at = self.covered.binary_search_by_key(&frame, |(f, _)| *f);
            let places = at.ok().map(|i| &self.covered[i].1);
            places.is_some_and(|p| p.iter().any(|p| face.share_inside(p) >= COVERED))
        };
        let mut open = (one.span.first..=one.span.last).filter(|f| !is_covered(*f));
        let Some(first) = open.next() else { return };
        let last = open.next_back().unwrap_or(first);
        let span = Span {
            subject: one.span.subject,
            first,
            last,
            seconds: [clock.said(first), clock.said(last)],
            area: one.span.area,
        };
        let is_near = |old: &&mut Span| {
            let (left, right) = (old.last.min(span.last), old.first.max(span.first));
            let is_soon = right <= left || clock.apart(left, right) < NEIGHBOURS;
            is_soon && old.subject == span.subject && old.area.intersection(&span.area).is_some()
        };
        match self.open.iter_mut().rev().find(is_near) {
            Some(old) => {
                old.first = old.first.min(span.first);
                old.last = old.last.max(span.last);
                old.seconds[0] = old.seconds[0].min(span.seconds[0]);
                old.seconds[1] = old.seconds[1].max(span.seconds[1]);
                old.area = old.area.union(&span.area);
            }
            None => self.open.push(span),
        }
    }

    /// A new scene. All frames before it are decided.
    pub(super) fn forget(&mut self) {
        self.lost.clear();
        self.pending.clear();
        self.covered.clear();
    }

    #[cfg(any(test, feature = "video"))]
    pub(super) fn open(&self) -> &[Span] {
        &self.open
    }

    pub(super) fn take(&mut self) -> Vec<Span> {
        std::mem::take(&mut self.open)
    }
}
