//! Ends of a gap in a track: where a face was seen last before a frame and first after it, and how
//! fast it moved there. A face that moves fast blurs, and nobody sees it.

use super::super::clock::Clock;
use super::super::extent::Extent;
use super::{STEADY, STEPS_AT_END, Trail};
use crate::face::Subject;
use crate::geometry::{Rect, Size};

/// Speed from which motion blur may be why a face is not seen, in sides a second: about a twelfth
/// of the face in each frame. Boxes that tremble make up less than 1.
pub(in crate::track) const FAST: f64 = 3.0;

/// One end of a gap.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct End {
    pub(in crate::track) subject: Subject,
    /// The frame with the sighting.
    pub(in crate::track) frame: usize,
    /// The sighting's box.
    pub(in crate::track) area: Rect,
    /// Pixels a second, in the direction of time.
    pub(in crate::track) velocity: [f32; 2],
}

impl End {
    /// The shorter side of the box, at least a pixel.
    pub(in crate::track) fn side(&self) -> f32 {
        self.area.width().min(self.area.height()).max(1.0)
    }

    /// Sides a second.
    pub(in crate::track) fn speed(&self) -> f64 {
        f64::from(self.velocity[0].hypot(self.velocity[1]) / self.side())
    }

    /// Whether blur may hide the face.
    pub(in crate::track) fn is_fast(&self) -> bool {
        self.speed() >= FAST
    }
}

impl Trail {
    /// The last sighting at or before `frame`.
    pub(in crate::track) fn departure(&self, frame: usize, clock: &Clock) -> Option<End> {
        let before = self.seen.partition_point(|(f, _)| *f <= frame);
        before.checked_sub(1).map(|i| self.end_before(i, clock))
    }

    /// The first sighting after `frame`, and the last one before that, if there is any.
    pub(in crate::track) fn arrival(
        &self,
        frame: usize,
        clock: &Clock,
    ) -> Option<(End, Option<usize>)> {
        let i = self.seen.partition_point(|(f, _)| *f <= frame);
        let (at, _) = *self.seen.get(i)?;
        let to = self.on_from(i, STEADY, STEPS_AT_END, clock);
        let end = End {
            subject: self.subject(),
            frame: at,
            area: self.seen[i].1.area,
            velocity: self.velocity_between(i, to, clock),
        };
        Some((end, i.checked_sub(1).map(|j| self.seen[j].0)))
    }

    /// The calm box at a sighting that is an end.
    pub(in crate::track) fn calm_at(&self, end: &End, clock: &Clock) -> Extent {
        let at = self.seen.binary_search_by_key(&end.frame, |(f, _)| *f);
        at.map_or(Extent::upright(end.area), |i| self.calm(i, clock))
    }

    /// Whether the face was fast and in mid-picture when it was seen last, so that it may be seen
    /// again elsewhere.
    pub(in crate::track) fn departs_fast(&self, picture: Size, clock: &Clock) -> bool {
        let end = self.end_before(self.seen.len() - 1, clock);
        let inside = |r: &Rect| r.share_inside(&Rect::of(picture)) >= 1.0;
        let soon = self.expected(end.frame + 1, clock);
        self.announced && end.is_fast() && inside(&end.area) && inside(&soon)
    }

    fn end_before(&self, i: usize, clock: &Clock) -> End {
        let from = self.back_from(i, STEADY, STEPS_AT_END, clock);
        End {
            subject: self.subject(),
            frame: self.seen[i].0,
            area: self.seen[i].1.area,
            velocity: self.velocity_between(from, i, clock),
        }
    }
}
