//! Faces that move too fast to be seen. Motion blur hides a face from the detector, and a new track
//! begins where it slows down. Where the motion before the gap and the motion after it lead from
//! one end to the other, the mask is carried along between them, for longer than other gaps.
//!
//! Invariant: a face is carried only between two sightings of one scene, from one at which it was
//! fast to one at which it still moved the same way.

use super::clock::Clock;
use super::extent::Extent;
use super::trail::{Belief, End, FAST, Trail};

/// The longest gap through which a face is carried, seconds.
pub(super) const LONGEST: f64 = 1.8;
/// Frames are held back for so much longer, in seconds: the motion after the gap has to be seen.
pub(super) const SETTLED: f64 = 0.12;
/// Cosine of the most that the ways may differ.
const SAME_WAY: f64 = 0.8;
/// The mean speed over the larger one at both ends: a face that blurs may move as many times faster
/// than it was ever seen to do, and slows down at both ends.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.5..=4.0;
/// The larger of two sides over the smaller one.
const MOST_RESIZED: f32 = 1.6;
/// Seconds in which a face reaches its full speed, for which it is ahead of its mean one or behind.
const RAMP: f64 = 0.08;
/// Growth of the box in all directions.
const GROWTH: f32 = 1.15;
/// Pairs of ends of one frame that are compared with each other.
const MOST_PAIRS: usize = 256;

/// A way from one end of a gap to the other.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// The tracks, by their index.
    from: usize,
    to: usize,
    a: End,
    b: End,
    /// By how many sides the mean of the motions misses the other end.
    misses: f64,
}

impl Way {
    /// The way from `a` to `b` if the motion at both ends leads along it.
    fn new([from, to]: [usize; 2], a: End, b: End, clock: &Clock) -> Option<Self> {
        let gap = clock.span(a.frame, b.frame);
        let side = a.side().max(b.side());
        if a.subject != b.subject
            || b.frame < a.frame + 2
            || clock.apart(a.frame, b.frame) > LONGEST
            || side / a.side().min(b.side()) > MOST_RESIZED
        {
            return None;
        }
        let (p, q) = (a.area.center(), b.area.center());
        let way = [q.x - p.x, q.y - p.y].map(|v| f64::from(v / side) / gap);
        let speed = way[0].hypot(way[1]);
        let leads_along = |end: &End| {
            let own = end.velocity.map(|v| f64::from(v / side));
            let along = own[0] * way[0] + own[1] * way[1];
            end.speed() >= FAST / 2.0 && along >= SAME_WAY * speed * own[0].hypot(own[1])
        };
        let fastest = a.speed().max(b.speed());
        let agrees = leads_along(&a)
            && leads_along(&b)
            && fastest >= FAST
            && SPEEDS.contains(&(speed / fastest));
        let mean = [0, 1].map(|i| f64::from((a.velocity[i] + b.velocity[i]) / 2.0 / side));
        let misses = (way[0] - mean[0]).hypot(way[1] - mean[1]) * gap;
        agrees.then_some(Self {
            from,
            to,
            a,
            b,
            misses,
        })
    }

    /// Mean speed, in sides a second.
    fn speed(&self, clock: &Clock) -> f64 {
        let [x, y] = self.displacement();
        let gap = clock.span(self.a.frame, self.b.frame).max(1e-3);
        f64::from(x.hypot(y) / self.a.side().max(self.b.side())) / gap
    }

    fn displacement(&self) -> [f32; 2] {
        let (p, q) = (self.a.area.center(), self.b.area.center());
        [q.x - p.x, q.y - p.y]
    }

    /// Whether another face moves by as much in the same time, as all do when the camera turns.
    fn is_beside(&self, other: &Self) -> bool {
        let (p, q) = (self.displacement(), other.displacement());
        let apart = (p[0] - q[0]).hypot(p[1] - q[1]);
        self.from != other.from && apart <= 0.5 * self.a.side().max(other.a.side())
    }

    /// What to cover in a frame on the way.
    fn place(&self, frame: usize, trails: &[Trail], clock: &Clock) -> Extent {
        let (since, whole) = (
            clock.span(self.a.frame, frame),
            clock.span(self.a.frame, self.b.frame),
        );
        let share = if whole > 0.0 { since / whole } else { 0.5 };
        let a = trails[self.from].calm_at(&self.a, clock);
        let b = trails[self.to].calm_at(&self.b, clock);
        let there = Extent::mixed(&a, &b, share as f32).grown(GROWTH);
        // The face may be ahead or behind on its way, and its blur is as long as it moves while the
        // shutter is open, half to either side.
        let blur = 0.5 / (self.b.frame - self.a.frame) as f32;
        let slower = self.a.speed().min(self.b.speed()) / self.speed(clock);
        let ramp = (RAMP / whole.max(RAMP) * (1.0 - slower).max(0.0)) as f32;
        let [x, y] = self.displacement().map(|v| v * blur.max(ramp));
        there.moved(x, y).union(&there.moved(-x, -y))
    }
}

/// Faces that are carried through a frame: the index of the track, and what to cover.
pub(super) fn carried(
    trails: &[Trail],
    frame: usize,
    belief: Belief,
    clock: &Clock,
) -> Vec<(usize, Extent)> {
    let believed = || {
        let all = trails.iter().enumerate();
        all.filter(|(_, trail)| trail.is_believed(belief))
    };
    let gone: Vec<(usize, End)> = believed()
        .filter_map(|(t, trail)| Some((t, trail.departure(frame, clock)?)))
        .filter(|(_, end)| end.frame < frame && clock.apart(end.frame, frame) <= LONGEST)
        .filter(|(_, end)| end.speed() >= FAST / 2.0)
        .collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let come: Vec<(usize, End, Option<usize>)> = believed()
        .filter_map(|(t, trail)| {
            let (end, last) = trail.arrival(frame, clock)?;
            Some((t, end, last))
        })
        .filter(|(_, end, _)| clock.apart(frame, end.frame) <= LONGEST)
        .collect();
    let mut ways = Vec::new();
    for (t, a) in &gone {
        // A track that was seen since then has a face of its own.
        let may_be = come
            .iter()
            .filter(|(_, _, last)| last.is_none_or(|l| l <= a.frame));
        ways.extend(may_be.filter_map(|(to, b, _)| Way::new([*t, *to], *a, *b, clock)));
    }
    ways.truncate(MOST_PAIRS);
    let beside: Vec<usize> = ways
        .iter()
        .map(|way| ways.iter().filter(|other| way.is_beside(other)).count())
        .collect();
    gone.iter()
        .filter_map(|(t, _)| {
            let own = (0..ways.len()).filter(|w| ways[*w].from == *t);
            let best = own.min_by(|v, w| {
                let by_count = beside[*w].cmp(&beside[*v]);
                by_count.then(ways[*v].misses.total_cmp(&ways[*w].misses))
            })?;
            Some((*t, ways[best].place(frame, trails, clock)))
        })
        .collect()
}
