//! Boxes over time: which sightings of successive frames are one face, and where that face is in
//! the frames in which nobody saw it. A face that shows for two frames is exposed, so what a
//! detector says about one frame is never the last word.
//!
//! Frames go in one by one and come out a second later, when enough of what follows is known to
//! fill gaps and to cover a face before it was first seen. Nothing here knows of videos: boxes,
//! scores, a time and a glimpse of the brightness are all it sees.
//!
//! A live stream cannot wait for a second: with [`Tracker::live`] a frame comes out when a stated
//! number of frames after it are known. A face that is lost stays covered while its track still
//! waits for it.
//!
//! Invariant: every frame that goes in comes out once, in order, when [`GAP`] of the frames after
//! it (where a fast face is lost [`carry::LONGEST`]), and [`cut::LOOK_AHEAD`] more, are known;
//! between two sightings of a track between which others are shown for less than [`GAP`] every
//! frame is covered; nothing is carried across a scene cut.

mod associate;
#[cfg(test)]
mod calm_tests;
mod carry;
#[cfg(test)]
mod carry_tests;
mod clock;
mod cut;
mod extent;
pub(crate) mod follow;
mod leaning;
#[cfg(test)]
mod leaning_tests;
#[cfg(test)]
mod simulation;
mod spans;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod time_tests;
mod trail;

pub(crate) use cut::Glimpse;
pub(crate) use spans::Span;

use crate::face::Subject;
use crate::geometry::{Quad, Rect, Size};
use clock::Clock;
use cut::Cuts;
use leaning::Leaning;
use spans::Spans;
use std::collections::{BTreeMap, VecDeque};
use trail::{Belief, Trail};

/// What a detector saw in one frame, in any order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sighting {
    /// What it is; a track is of one kind.
    pub(crate) subject: Subject,
    /// Its box in the picture.
    pub(crate) area: Rect,
    /// Of writing: how it lies; the box is around them.
    pub(crate) corners: Option<Quad>,
    /// Confidence, 0..=1.
    pub(crate) score: f32,
}

/// The longest gap between two sightings that is filled, seconds; a face not seen for longer is
/// lost.
const GAP: f64 = 1.0;
/// Covered before the first and after the last sighting, seconds.
const REACH: f64 = 0.27;
/// The same where the face crosses the picture's edge.
const REACH_AT_BORDER: f64 = 0.59;

/// Why a place is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// A sighting of this frame, by its index in what was pushed.
    Seen(usize),
    /// Between two sightings.
    Between,
    /// Before the first or after the last one.
    Beyond,
}

/// Where a face is in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// Number of its track, from 0.
    pub(crate) track: usize,
    /// What it is a track of.
    pub(crate) subject: Subject,
    /// What to cover; holds the sighting's box where there is one.
    pub(crate) area: Rect,
    /// What is enough to cover: holds the sighting's corners. `None` where that is the box.
    pub(crate) corners: Option<Quad>,
    /// Why.
    pub(crate) why: Why,
}

/// What became of one track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    /// What was followed.
    pub(crate) subject: Subject,
    /// First and last frame that it covers.
    pub(crate) first: usize,
    /// See `first`.
    pub(crate) last: usize,
    /// Frames with a sighting.
    pub(crate) seen: usize,
    /// Frames filled between sightings.
    pub(crate) between: usize,
    /// Frames covered at the ends.
    pub(crate) beyond: usize,
}

/// Most sightings of one frame that are looked at, the likeliest: more than any crowd, and a bound
/// on what noise can cost.
const MOST_SIGHTINGS: usize = 400;

/// So many weak sightings of one track are a face as well.
const WEAK_SIGHTINGS: usize = 4;
/// The same in a live stream: frames that were handed out before a track is believed are not
/// covered.
const WEAK_SIGHTINGS_LIVE: usize = 3;

/// Follows faces through one video.
pub(crate) struct Tracker {
    belief: Belief,
    picture: Size,
    /// Of a live stream: frames after one that are known when it comes out.
    look_ahead: Option<usize>,
    /// Frames that went in.
    pushed: usize,
    clock: Clock,
    cuts: Cuts,
    /// Frames that went in and wait for the decision about a cut before them.
    undecided: VecDeque<Vec<Seen>>,
    /// The next frame to be associated, and the next one to come out.
    next: usize,
    due: usize,
    /// First frame of the scene that `next` belongs to.
    scene: usize,
    trails: Vec<Trail>,
    /// By the number of the track.
    summaries: BTreeMap<usize, Summary>,
    tracks: usize,
    spans: Spans,
}

/// A sighting with its place in what was pushed.
#[derive(Clone, Copy, Debug)]
struct Seen {
    subject: Subject,
    area: Rect,
    leaning: Option<Leaning>,
    score: f32,
    index: usize,
}

impl Tracker {
    /// For frames of this size. `sure`: a sighting this likely starts a track on its own; weaker
    /// ones only carry a track on.
    pub(crate) fn new(sure: f32, picture: Size) -> Self {
        Self {
            belief: Belief {
                sure,
                count: WEAK_SIGHTINGS,
            },
            picture,
            look_ahead: None,
            pushed: 0,
            clock: Clock::default(),
            cuts: Cuts::default(),
            undecided: VecDeque::new(),
            next: 0,
            due: 0,
            scene: 0,
            trails: Vec::new(),
            summaries: BTreeMap::new(),
            tracks: 0,
            spans: Spans::default(),
        }
    }

    /// The least look-ahead of a live stream: what it takes to recognise a scene cut.
    pub(crate) const LEAST_LOOK_AHEAD: usize = cut::LOOK_AHEAD;

    /// The same for a live stream: a frame comes out when so many after it, at least
    /// [`Tracker::LEAST_LOOK_AHEAD`], went in.
    pub(crate) fn live(sure: f32, picture: Size, look_ahead: usize) -> Self {
        Self {
            belief: Belief {
                sure,
                count: WEAK_SIGHTINGS_LIVE,
            },
            look_ahead: Some(look_ahead.max(Self::LEAST_LOOK_AHEAD)),
            ..Self::new(sure, picture)
        }
    }

    /// About how many frames are held back at most at this many frames a second; where frames come
    /// faster for a while, more.
    #[cfg(any(test, feature = "video"))]
    pub(crate) fn usual_delay(frames_per_second: f64) -> usize {
        // `as` clamps; a rate that is no number gives the least.
        let longest = carry::LONGEST + carry::SETTLED;
        let frames = (longest * frames_per_second).ceil() as usize;
        frames.clamp(12, clock::MOST_FRAMES) + 1 + cut::LOOK_AHEAD
    }

    /// Takes the next frame, shown at `time` (seconds from any start), and gives the places of the
    /// frames that are decided now, in order.
    pub(crate) fn push(
        &mut self,
        time: f64,
        sightings: &[Sighting],
        glimpse: &Glimpse,
    ) -> Vec<Vec<Place>> {
        self.clock.push(time);
        let with_index = |(index, s): (usize, &Sighting)| Seen {
            subject: s.subject,
            area: s.area,
            leaning: s.corners.as_ref().and_then(Leaning::of),
            score: s.score,
            index,
        };
        let mut seen: Vec<Seen> = sightings.iter().enumerate().map(with_index).collect();
        seen.sort_by(|a, b| b.score.total_cmp(&a.score));
        seen.truncate(MOST_SIGHTINGS);
        self.undecided.push_back(seen);
        let mut out = Vec::new();
        if let Some(is_cut) = self.cuts.push(glimpse) {
            self.advance(is_cut, &mut out);
        }
        self.pushed += 1;
        if let Some(frames) = self.look_ahead {
            while self.due + frames < self.pushed && self.due < self.next {
                self.release(&mut out);
            }
        }
        out
    }

    /// No frame follows: gives the places of those that are left.
    pub(crate) fn finish(&mut self) -> Vec<Vec<Place>> {
        let mut out = Vec::new();
        for is_cut in self.cuts.finish() {
            self.advance(is_cut, &mut out);
        }
        self.end_scene(&mut out);
        out
    }

    /// The tracks that covered a frame, by their number, but for those that were taken.
    #[cfg(any(test, feature = "video"))]
    pub(crate) fn summaries(&self) -> impl ExactSizeIterator<Item = &Summary> {
        self.summaries.values()
    }

    /// Gives the tracks that cover no further frame, each with its number, once.
    pub(crate) fn take_summaries(&mut self) -> Vec<(usize, Summary)> {
        let goes_on = |track: &usize| self.trails.iter().any(|t| t.number == Some(*track));
        let (on, over) = std::mem::take(&mut self.summaries)
            .into_iter()
            .partition(|(track, _)| goes_on(track));
        self.summaries = on;
        let over: BTreeMap<usize, Summary> = over;
        over.into_iter().collect()
    }

    /// Where a face was probably left open.
    #[cfg(any(test, feature = "video"))]
    pub(crate) fn open_spans(&self) -> &[Span] {
        self.spans.open()
    }

    /// The same, each once.
    pub(crate) fn take_open_spans(&mut self) -> Vec<Span> {
        self.spans.take()
    }

    /// Associates the oldest undecided frame.
    fn advance(&mut self, is_cut: bool, out: &mut Vec<Vec<Place>>) {
        let Some(seen) = self.undecided.pop_front() else {
            return;
        };
        if is_cut {
            self.end_scene(out);
        }
        let frame = self.next;
        self.end_lost(frame);
        while self.due < frame && self.clock.apart(self.due, frame) >= self.delay(frame) {
            self.release(out);
        }
        associate::associate(
            &mut self.trails,
            frame,
            self.scene,
            seen,
            self.belief,
            &self.clock,
        );
        for trail in &mut self.trails {
            let is_news = trail.is_news(self.belief);
            if is_news {
                self.spans.found(trail, &self.clock);
            }
            if self.look_ahead.is_some() && trail.last_frame() == frame {
                match trail.late_gap(self.due) {
                    _ if is_news => {
                        self.spans
                            .doubted(trail.subject(), trail.first_seen(), self.due)
                    }
                    Some([before, after]) => {
                        self.spans.late(trail.subject(), before, after, self.due)
                    }
                    None => {}
                }
            }
        }
        self.next += 1;
    }

    /// Seconds for which the next frame to come out is held back. A face that was fast when it was
    /// lost may be seen again elsewhere, later than others.
    fn delay(&self, frame: usize) -> f64 {
        let is_carried = |trail: &Trail| {
            let last = trail.last_frame();
            let apart = self.clock.apart(last, frame);
            last < self.due
                && apart < carry::LONGEST + carry::SETTLED
                && trail.departs_fast(self.picture, &self.clock)
        };
        match self.look_ahead.is_none() && self.trails.iter().any(is_carried) {
            true => carry::LONGEST + carry::SETTLED,
            false => GAP,
        }
    }

    /// Ends the tracks that waited for too long to take a sighting of this frame. Their gaps are
    /// still held back.
    fn end_lost(&mut self, frame: usize) {
        for t in 0..self.trails.len() {
            if self.trails[t].is_lost(frame, self.belief, &self.clock)
                && self.trails[t].end(None)
                && !self.hand_on(t)
            {
                self.spans.lost(&self.trails[t], self.picture, &self.clock);
            }
        }
    }

    /// Fills the gap from a track that ends to the one that has its face now, if any has.
    fn hand_on(&mut self, t: usize) -> bool {
        let lost = &self.trails[t];
        let near = associate::follower(&self.trails, lost);
        let follower = near
            .or_else(|| associate::distant_follower(&self.trails, lost, self.picture, &self.clock));
        if let Some(f) = follower {
            let from = self.trails[f].follow(&self.clock);
            let last = (self.trails[t].last_frame(), self.trails[t].last_area());
            if self.look_ahead.is_some() {
                let subject = self.trails[t].subject();
                self.spans
                    .late(subject, last, (from.0, from.1.area), self.due);
            }
            self.trails[t].be_followed(from);
        }
        follower.is_some()
    }

    /// Gives all frames before `next`; nothing after them knows of what was before.
    fn end_scene(&mut self, out: &mut Vec<Vec<Place>>) {
        for t in 0..self.trails.len() {
            let waits = self.trails[t].is_waiting(self.next);
            if self.trails[t].end(Some(self.next)) && waits {
                self.hand_on(t);
            }
        }
        while self.due < self.next {
            self.release(out);
        }
        self.trails.clear();
        self.spans.forget();
        self.scene = self.next;
    }

    /// Gives the next frame.
    fn release(&mut self, out: &mut Vec<Vec<Place>>) {
        let frame = self.due;
        let carried = carry::carried(&self.trails, frame, self.belief, &self.clock);
        let mut places = Vec::new();
        for (t, trail) in self.trails.iter_mut().enumerate() {
            let held = || {
                self.look_ahead
                    .and_then(|_| trail.held(frame, self.belief, &self.clock))
            };
            let place = trail.place(frame, self.belief, self.picture, &self.clock);
            let carried = carried.iter().find(|(from, _)| *from == t);
            let carried = carried.map(|(_, there)| (*there, Why::Between));
            let own = place.or_else(held);
            let Some((_, why)) = own.or(carried) else {
                continue;
            };
            let track = *trail.number.get_or_insert_with(|| {
                self.tracks += 1;
                self.tracks - 1
            });
            let summary = self.summaries.entry(track).or_insert(Summary {
                subject: trail.subject(),
                first: frame,
                last: frame,
                seen: 0,
                between: 0,
                beyond: 0,
            });
            summary.last = frame;
            match why {
                Why::Seen(_) => summary.seen += 1,
                Why::Between => summary.between += 1,
                Why::Beyond => summary.beyond += 1,
            }
            for (there, why) in own.into_iter().chain(carried) {
                places.push(Place {
                    track,
                    subject: trail.subject(),
                    area: there.area,
                    corners: there.corners(),
                    why,
                });
            }
        }
        let areas = places.iter().map(|p: &Place| p.area).collect();
        self.spans.decided(frame, areas, &self.clock);
        self.due += 1;
        for trail in &mut self.trails {
            trail.forget_before(self.due, &self.clock);
        }
        self.trails
            .retain(|t| !t.is_over(self.due, self.picture, &self.clock));
        out.push(places);
    }
}
