//! The half of the pipeline that looks: every frame is decoded, searched for faces and handed to
//! the tracker, and comes out with what was decided about it.

use super::{Progress, VideoAnonymizer, Watch, flow};
use crate::anonymize::MovingRegion;
use crate::anonymize::frames::{Looked, WritingPace};
use crate::error::{Error, ErrorKind, Result};
use crate::face::Face;
use crate::geometry::Rect;
use crate::report::{FileReport, FrameSpan, Outcome, SearchedPart, UncoveredSpan};
use crate::track::{Place, Tracker};
use crate::video::{self, Frame, FrameSource, Inside, PartSource, Samples, Shape, Video};
use flow::Pool;
use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the tracker decided about a frame.
pub(super) struct Decided<'a> {
    /// The frame, unless it is not needed any more; goes back to the pool.
    pub(super) frame: Option<Frame>,
    /// Where it came from.
    pub(super) pool: &'a Arc<Pool>,
    pub(super) faces: Vec<Face>,
    pub(super) places: Vec<Place>,
    /// When it is shown, in seconds from the start of the source.
    pub(super) seconds: f64,
    /// Of the frame, if it was asked for.
    pub(super) fingerprint: Option<u64>,
    /// Whether it is outside of the part that is searched.
    pub(super) is_outside: bool,
}

/// Tells frames apart that are decoded twice. The key is drawn for each video, so nobody can make
/// two frames that have the same one.
#[derive(Default)]
pub(super) struct Fingerprints(RandomState);

impl Fingerprints {
    /// Of a frame's samples.
    pub(super) fn take(&self, frame: &Frame) -> Option<u64> {
        let mut hasher = self.0.build_hasher();
        match &frame.samples {
            Samples::U8(data) => hasher.write(data),
            Samples::U16(data) => data.iter().for_each(|v| hasher.write_u16(*v)),
        }
        Some(hasher.finish())
    }
}

/// Times of the frames that are searched for writing, too.
#[derive(Default)]
struct Turns(Mutex<HashSet<i64>>);

impl Turns {
    fn lock(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, pts: i64) -> bool {
        self.lock().contains(&pts)
    }
}

/// A source that chooses them.
struct PacedSource<'a> {
    source: Box<dyn FrameSource>,
    video: &'a dyn Video,
    pace: WritingPace,
    turns: &'a Turns,
}

impl FrameSource for PacedSource<'_> {
    fn next(&mut self, shape: &Shape, frame: &mut Frame) -> Result<bool> {
        let is_there = self.source.next(shape, frame)?;
        if is_there && self.pace.is_due(self.video.seconds(frame.pts)) {
            self.turns.lock().insert(frame.pts);
        }
        Ok(is_there)
    }
}

/// A frame that waits for a decision.
struct Undecided {
    /// The frame itself if it is needed.
    frame: Option<Frame>,
    /// What was seen; `None` outside of the part that is searched.
    looked: Option<Looked>,
    fingerprint: Option<u64>,
    /// See [`Decided::seconds`].
    seconds: f64,
}

type Waiting = VecDeque<Undecided>;

/// A whole video that was looked at.
pub(super) struct Followed {
    /// When each frame is shown.
    pub(super) pts: Vec<i64>,
    pub(super) tracker: Tracker,
    /// Frames of the part that was searched.
    searched: Range<usize>,
}

/// The frames in which the decoder concealed damage.
fn concealed(video: &dyn Video, pts: &[i64]) -> Vec<FrameSpan> {
    let times: Vec<f64> = pts.iter().map(|t| video.seconds(*t)).collect();
    let step = 1.0 / video.rate();
    // A time between two frames is that of the one that is shown then.
    let frame = |time: f64| match times.partition_point(|t| *t <= time + 0.001) {
        0 => (time > -step).then_some(0),
        n => Some(n - 1),
    };
    let mut frames: Vec<usize> = video.concealed().into_iter().filter_map(frame).collect();
    frames.sort_unstable();
    frames.dedup();
    let spans = frames.chunk_by(|a, b| a + 1 == *b);
    let span = |frames: &[usize]| {
        let (first, last) = (frames[0], frames[frames.len() - 1]);
        let end = times.get(last + 1).copied().unwrap_or(times[last] + step);
        FrameSpan::new([first, last], [times[first], end])
    };
    spans.map(span).collect()
}

impl VideoAnonymizer {
    /// Looks at every frame, and calls `on` with each, without its picture, in order, once it is
    /// decided.
    pub(super) fn follow(
        &self,
        video: &dyn Video,
        fingerprints: Option<&Fingerprints>,
        watch: Watch<'_>,
        on: &mut dyn FnMut(Decided<'_>) -> Result<()>,
    ) -> Result<Followed> {
        let followed = self.follow_within(video, None, fingerprints, watch, on)?;
        followed.ok_or_else(|| Error::new(ErrorKind::Internal, "nothing to hold did not fit"))
    }

    /// The same with the frames themselves, if `room` says how many may wait for a decision; `None`
    /// when more have to.
    pub(super) fn follow_within(
        &self,
        video: &dyn Video,
        room: Option<usize>,
        fingerprints: Option<&Fingerprints>,
        watch: Watch<'_>,
        on: &mut dyn FnMut(Decided<'_>) -> Result<()>,
    ) -> Result<Option<Followed>> {
        let shape = video.shape();
        let mut tracker = Tracker::new(self.sure, shape.upright());
        let pool = Pool::new(self.in_flight(shape));
        let (mut most_held, mut fits) = (0, true);
        let mut waiting: Waiting = VecDeque::new();
        let mut pts = Vec::new();
        let mut searched = 0..0;
        let mut frames = 0;
        let mut give = |waiting: &mut Waiting, decided: Vec<Vec<Place>>| {
            for places in decided {
                let Some(next) = waiting.pop_front() else {
                    return Err(Error::new(ErrorKind::Internal, "a mask without a frame"));
                };
                frames += 1;
                on(Decided {
                    frame: next.frame,
                    pool: &pool,
                    is_outside: next.looked.is_none(),
                    faces: next.looked.map_or_else(Vec::new, |looked| looked.faces),
                    places,
                    seconds: next.seconds,
                    fingerprint: next.fingerprint,
                })?;
            }
            let done = Progress {
                frames,
                of: video.frames(),
            };
            match watch(done) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(flow::interrupted()),
            }
        };
        let (source, inside) = self.marked(video)?;
        let turns = Turns::default();
        let source: Box<dyn FrameSource + '_> = match self.detector.finds_writing() {
            true => Box::new(PacedSource {
                source,
                video,
                pace: WritingPace::default(),
                turns: &turns,
            }),
            false => source,
        };
        let look = |frame: &Frame| {
            let when = inside
                .as_ref()
                .map_or(Ordering::Equal, |i| i.compare(frame.pts));
            let looked = match when {
                Ordering::Equal => {
                    let writing = turns.has(frame.pts);
                    Some(Looked::new(&self.detector, frame, shape, writing)?)
                }
                _ => None,
            };
            Ok((looked, fingerprints.and_then(|f| f.take(frame))))
        };
        let workers = self.video.workers;
        let done = flow::in_order(source, shape, workers, &pool, look, |item| {
            let Some((frame, (looked, fingerprint))) = item else {
                return give(&mut waiting, Vec::new());
            };
            pts.push(frame.pts);
            let time = video.seconds(frame.pts);
            let frame = match room {
                Some(_) => Some(frame),
                None => {
                    pool.give(frame);
                    None
                }
            };
            let is_first = searched.is_empty();
            let decided = match &looked {
                Some(looked) => {
                    if is_first {
                        searched = pts.len() - 1..pts.len();
                    }
                    searched.end = pts.len();
                    tracker.push(time, &looked.sightings(), &looked.glimpse)
                }
                None => {
                    // What was searched before ends here.
                    if !is_first && searched.end + 1 == pts.len() {
                        let decided = tracker.finish();
                        give(&mut waiting, decided)?;
                    }
                    vec![Vec::new()]
                }
            };
            waiting.push_back(Undecided {
                frame,
                looked,
                fingerprint,
                seconds: time + self.video.offset(),
            });
            give(&mut waiting, decided)?;
            if let Some(room) = room
                && waiting.len() > most_held
            {
                // The pool grows by what is held, so that the threads always find as much as ever.
                most_held = waiting.len();
                fits = most_held <= room;
                pool.give(Frame::default());
            }
            match fits {
                true => Ok(()),
                false => Err(flow::interrupted()),
            }
        });
        if !fits {
            return Ok(None);
        }
        done?;
        if searched.end == pts.len() {
            let decided = tracker.finish();
            give(&mut waiting, decided)?;
        }
        match (waiting.is_empty(), frames) {
            (true, 1..) => Ok(Some(Followed {
                pts,
                tracker,
                searched,
            })),
            (true, 0) => Err(Error::new(ErrorKind::Malformed, "it has no frames")),
            (false, _) => Err(Error::new(ErrorKind::Internal, "a frame without a mask")),
        }
    }

    /// The frames of a video, and which of them are in the part that is searched; `None`: all are.
    fn marked(&self, video: &dyn Video) -> Result<(Box<dyn FrameSource>, Option<Inside>)> {
        let source = video.source()?;
        Ok(match self.video.marked() {
            Some(range) => {
                let (source, inside) = PartSource::mark(source, range, video);
                (Box::new(source), Some(inside))
            }
            None => (source, None),
        })
    }

    /// Puts into a report what is known at the end.
    pub(super) fn conclude(&self, report: &mut FileReport, video: &dyn Video, followed: &Followed) {
        let (pts, searched) = (&followed.pts, &followed.searched);
        report.part = self.video.range.map(|range| {
            let seconds = |frames: Range<usize>| {
                let end = pts.get(frames.end).copied().or(video.end());
                let last = pts.get(frames.end - 1).copied().unwrap_or_default();
                FrameSpan::new(
                    [frames.start, frames.end - 1],
                    [pts[frames.start], end.unwrap_or(last)].map(|t| video.seconds(t)),
                )
            };
            let uncovered = [0..searched.start, searched.end..pts.len()];
            let uncovered = uncovered.into_iter().filter(|frames| !frames.is_empty());
            SearchedPart {
                from: range.from.as_secs_f64(),
                to: range.to.map(|to| to.as_secs_f64()),
                outside: self.video.outside,
                uncovered: uncovered.map(seconds).collect(),
            }
        });
        report
            .warnings
            .extend(report.part.as_ref().and_then(SearchedPart::sentence));
        report.concealed = concealed(video, pts);
        report.warnings.extend(report.concealed_sentence());
        report.warnings.extend(self.unused_moving(video, followed));
        report.frames = followed.pts.len();
        report.times = Some(video::times(video.time_base(), &followed.pts));
        report.tracks = followed.tracker.summaries().map(Into::into).collect();
        let spans = followed.tracker.open_spans().iter();
        report.spans = spans.map(UncoveredSpan::new).collect();
        // The tracker counts from the first frame that is searched.
        for track in &mut report.tracks {
            track.first += searched.start;
            track.last += searched.start;
        }
        for span in &mut report.spans {
            span.first += searched.start;
            span.last += searched.start;
        }
        report.outcome = match report.regions.is_empty() {
            true => Outcome::NoFaces,
            false => Outcome::Redacted,
        };
    }

    /// A sentence for each moving region that covers nothing.
    fn unused_moving(&self, video: &dyn Video, followed: &Followed) -> Vec<String> {
        let picture = Rect::of(video.shape().upright());
        let searched = followed.pts[followed.searched.clone()].iter();
        let times: Vec<f64> = searched
            .map(|t| video.seconds(*t) + self.video.offset())
            .collect();
        let covers = |region: &MovingRegion| {
            let mut there = times.iter().filter_map(|t| region.at(*t));
            there.any(|area| area.intersection(&picture).is_some())
        };
        let sentence = |region: &MovingRegion| {
            let (from, to) = region.times();
            format!(
                "the moving region from {from} to {to} seconds covers nothing: it lies outside of \
                 the picture, or no frame is searched at that time"
            )
        };
        let unused = self.options.moving.iter().filter(|m| !covers(m));
        unused.map(sentence).collect()
    }

    /// Frames that are neither held by the tracker nor idle.
    pub(super) fn in_flight(&self, shape: &Shape) -> usize {
        let most = self.video.workers * 3 + flow::WRITER_QUEUE + 2;
        most.min(flow::frames_in_flight(shape).max(self.video.workers + 2))
    }
}
