//! Live streams: frames of a camera or a call go in one by one, and come out covered, in order, a
//! stated number of frames later. Faces are followed as in videos.
//!
//! Invariant: a frame is handed out when it and its look-ahead were searched, or the stream has
//! ended after it; after a search that failed nothing is handed out that was not decided before.

mod format;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod writing_tests;

pub use format::FrameFormat;

use super::AnonymizeOptions;
use super::frames::{FindFaces, Looked, WritingPace, detector_for_frames, regions};
use crate::detect::DetectorOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::frame::Frame;
use crate::plane::PlaneMut;
use crate::redact::Redaction;
use crate::report::{ReportFace, ReportRegion, TrackSummary, UncoveredSpan};
use crate::track::{Place, Tracker, Why};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The longest look-ahead, in frames: what a video waits for at most, too.
const MOST_LOOK_AHEAD: usize = 4096;
/// More threads than this have nothing to do.
const MOST_THREADS: usize = 256;

/// What a stream is like, and how long its frames may be held back.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LiveOptions {
    /// How the frames lie in memory.
    pub format: FrameFormat,
    /// Frames after one that are searched before it is handed out, 2..=4096; 12 by default. Two of
    /// them say whether the scene changes. What the detector misses for as many frames as the
    /// others is interpolated, and a face is covered for as many before it was first seen, at most
    /// 0.27 seconds. Memory: so many frames.
    pub look_ahead: usize,
    /// Frames that are searched at a time, each on a thread of its own, 1..=256; 1, the default,
    /// starts no thread. Frames are held back for one frame more with each.
    pub threads: usize,
}

impl LiveOptions {
    /// Frames of this format, a look-ahead of 12 frames, on the calling thread.
    #[must_use]
    pub const fn new(format: FrameFormat) -> Self {
        Self {
            format,
            look_ahead: 12,
            threads: 1,
        }
    }

    /// Another look-ahead, in frames.
    #[must_use]
    pub const fn look_ahead(mut self, frames: usize) -> Self {
        self.look_ahead = frames;
        self
    }

    /// So many frames searched at a time.
    #[must_use]
    pub const fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    fn check(&self, max_pixels: u64) -> Result<()> {
        let within =
            |name: &str, value: usize, bounds: std::ops::RangeInclusive<usize>| match bounds
                .contains(&value)
            {
                true => Ok(()),
                false => Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("{name} {value} is outside {bounds:?}"),
                )),
            };
        let least = Tracker::LEAST_LOOK_AHEAD;
        within("a look-ahead of", self.look_ahead, least..=MOST_LOOK_AHEAD)?;
        within("a number of threads of", self.threads, 1..=MOST_THREADS)?;
        self.format.check(max_pixels)
    }
}

/// A frame that was covered.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CoveredFrame {
    /// Its number in the stream, from 0.
    pub index: usize,
    /// Its time, as it was given.
    pub time: Duration,
    /// The buffer that was given, the same outside the regions: also opacity, and bytes between
    /// rows.
    pub data: Vec<u8>,
    /// What is covered, in pixels of the upright frame.
    pub regions: Vec<ReportRegion>,
    /// What the detector saw in this frame and a track took.
    pub faces: Vec<ReportFace>,
}

/// What happened in a stream.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LiveSummary {
    /// Frames that were decided so far.
    pub frames: usize,
    /// Faces through time that are over, by the number of their track.
    pub tracks: BTreeMap<usize, TrackSummary>,
    /// Where a face was probably left open: it was lost and found again too late, or believed too
    /// late.
    pub spans: Vec<UncoveredSpan>,
}

/// Finds, follows and covers faces in a live stream: push frames in, receive covered ones.
///
/// A frame comes out when [`LiveOptions::look_ahead`] frames after it have been searched, so that
/// gaps of the detector are filled and a face is covered before it was first seen. A face that is
/// not seen any more stays covered for up to a second, since it may come back after more frames
/// than are looked ahead. Nothing is carried across a scene cut.
///
/// If a search fails, no frame is handed out any more but those that were decided before, and
/// [`LiveAnonymizer::push`] refuses all others until [`LiveAnonymizer::restart`].
///
/// ```no_run
/// use faceveil::{AnonymizeOptions, DetectorOptions, LiveAnonymizer, Preset, Size};
/// use faceveil::live::{FrameFormat, LiveOptions};
/// use std::time::Duration;
///
/// # fn show(_: &[u8]) {}
/// # fn main() -> faceveil::Result<()> {
/// let format = FrameFormat::by_name("rgb", Size::new(1280, 720))?;
/// let detector = DetectorOptions::default().preset(Preset::Fast);
/// let mut live =
///     LiveAnonymizer::new(&detector, AnonymizeOptions::default(), LiveOptions::new(format))?;
/// for n in 0..100u32 {
///     let camera = vec![0; 1280 * 720 * 3];
///     live.push(camera, n * Duration::from_secs(1) / 30)?;
///     while let Some(frame) = live.receive() {
///         show(&frame.data);
///     }
/// }
/// live.finish()?;
/// while let Some(frame) = live.receive() {
///     show(&frame.data);
/// }
/// # Ok(())
/// # }
/// ```
pub struct LiveAnonymizer {
    finder: Box<dyn FindFaces>,
    sure: f32,
    options: AnonymizeOptions,
    live: LiveOptions,
    state: State,
    tracker: Tracker,
    /// Frames that wait for a search.
    unsearched: Vec<Waiting>,
    /// Frames that were searched and wait for a decision.
    searched: VecDeque<(Waiting, Looked)>,
    covered: VecDeque<CoveredFrame>,
    /// Planes for the search, a frame for each thread.
    scratch: Vec<Frame>,
    pushed: usize,
    decided: usize,
    newest: Duration,
    pace: WritingPace,
}

/// Whether frames are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    Finished,
    /// With what the first error was.
    Failed(ErrorKind),
}

/// A frame as it was given.
struct Waiting {
    data: Vec<u8>,
    time: Duration,
    /// Whether it is searched for writing, too.
    writing: bool,
}

impl LiveAnonymizer {
    /// Loads the detector and starts a stream. As for videos, the detector's threshold is what
    /// starts a track, and [`Preset::Fast`](crate::Preset::Fast) suits most streams.
    ///
    /// # Errors
    /// Those of [`Detector::new`](crate::Detector::new); [`ErrorKind::InvalidArgument`] for options
    /// out of bounds and planes that overlap, [`ErrorKind::TooLarge`] for frames of more pixels
    /// than the limits allow.
    pub fn new(
        detector: &DetectorOptions,
        options: AnonymizeOptions,
        live: LiveOptions,
    ) -> Result<Self> {
        options.check()?;
        live.check(options.limits.max_pixels)?;
        let (detector, sure) = detector_for_frames(detector)?;
        Ok(Self::with(Box::new(detector), sure, options, live))
    }

    fn with(
        finder: Box<dyn FindFaces>,
        sure: f32,
        options: AnonymizeOptions,
        live: LiveOptions,
    ) -> Self {
        Self {
            tracker: Tracker::live(sure, live.format.shape().upright(), live.look_ahead),
            finder,
            sure,
            options,
            live,
            state: State::Running,
            unsearched: Vec::new(),
            searched: VecDeque::new(),
            covered: VecDeque::new(),
            scratch: Vec::new(),
            pushed: 0,
            decided: 0,
            newest: Duration::ZERO,
            pace: WritingPace::default(),
        }
    }

    /// The most frames that are held back: a frame can be received when so many more were pushed.
    #[must_use]
    pub const fn delay(&self) -> usize {
        self.live.look_ahead + self.live.threads - 1
    }

    /// Takes the next frame, which was captured `time` after any start, and searches it or, with
    /// several threads, the last few.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a buffer that is shorter than [`FrameFormat::bytes`]
    /// says, a time before that of the last frame, or a stream that has ended: the frame is not
    /// taken, and the stream goes on. [`ErrorKind::Engine`] and whatever else a search gives: the
    /// stream has failed.
    pub fn push(&mut self, data: Vec<u8>, time: Duration) -> Result<()> {
        self.ensure_running()?;
        let needed = self.live.format.bytes();
        let invalid = |why: String| Err(Error::new(ErrorKind::InvalidArgument, why));
        if data.len() < needed {
            return invalid(format!(
                "a frame of {} bytes is shorter than the {needed} of its format",
                data.len()
            ));
        }
        if time < self.newest {
            return invalid(format!(
                "a frame at {time:?} comes after one at {:?}",
                self.newest
            ));
        }
        self.newest = time;
        self.pushed += 1;
        let writing = self.finder.finds_writing() && self.pace.is_due(time.as_secs_f64());
        self.unsearched.push(Waiting {
            data,
            time,
            writing,
        });
        match self.unsearched.len() < self.live.threads {
            true => Ok(()),
            false => self.guarded(Self::search),
        }
    }

    /// The next covered frame, if one is ready.
    pub fn receive(&mut self) -> Option<CoveredFrame> {
        self.covered.pop_front()
    }

    /// The stream has ended: all frames that are left can be received.
    ///
    /// # Errors
    /// As [`LiveAnonymizer::push`].
    pub fn finish(&mut self) -> Result<()> {
        self.ensure_running()?;
        self.guarded(|live| {
            live.search()?;
            let decided = live.tracker.finish();
            live.cover(decided)?;
            match live.searched.is_empty() {
                true => Ok(()),
                false => Err(Error::new(ErrorKind::Internal, "a frame without a mask")),
            }
        })?;
        self.state = State::Finished;
        Ok(())
    }

    /// Starts another stream with frames of this format, after the end of one, after an error, or
    /// in its middle. Frames that were not received are gone.
    ///
    /// # Errors
    /// As [`LiveAnonymizer::new`] for the format; the stream is what it was then.
    pub fn restart(&mut self, format: FrameFormat) -> Result<()> {
        format.check(self.options.limits.max_pixels)?;
        self.live.format = format;
        let upright = self.live.format.shape().upright();
        self.tracker = Tracker::live(self.sure, upright, self.live.look_ahead);
        self.unsearched.clear();
        self.searched.clear();
        self.covered.clear();
        (self.pushed, self.decided, self.newest) = (0, 0, Duration::ZERO);
        self.pace = WritingPace::default();
        self.state = State::Running;
        Ok(())
    }

    /// What is known since the last call: tracks that are over and spans, each once. To be called
    /// after [`LiveAnonymizer::finish`], and now and then in a stream without end, since memory
    /// grows with them.
    pub fn take_summary(&mut self) -> LiveSummary {
        let tracks = self.tracker.take_summaries().into_iter();
        let spans = self.tracker.take_open_spans();
        LiveSummary {
            frames: self.decided,
            tracks: tracks.map(|(n, track)| (n, (&track).into())).collect(),
            spans: spans.iter().map(UncoveredSpan::new).collect(),
        }
    }

    fn ensure_running(&self) -> Result<()> {
        match self.state {
            State::Running => Ok(()),
            State::Finished => Err(Error::new(
                ErrorKind::InvalidArgument,
                "the stream has ended; restart it for another one",
            )),
            State::Failed(kind) => Err(Error::new(
                kind,
                "an earlier frame could not be searched, so no further one is covered; restart \
                 the stream",
            )),
        }
    }

    /// Whatever keeps a step from its end, a panic too, the stream has failed.
    fn guarded(&mut self, step: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.state = State::Failed(ErrorKind::Internal);
        let done = step(self);
        match &done {
            Ok(()) => self.state = State::Running,
            Err(e) => {
                self.state = State::Failed(e.kind());
                self.unsearched.clear();
                self.searched.clear();
            }
        }
        done
    }

    /// Searches what was not searched yet, and covers what is decided then.
    fn search(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.unsearched);
        let all = self.look(&batch);
        for (waiting, looked) in batch.into_iter().zip(all) {
            let looked = looked?;
            let time = waiting.time.as_secs_f64();
            let decided = self
                .tracker
                .push(time, &looked.sightings(), &looked.glimpse);
            self.searched.push_back((waiting, looked));
            self.cover(decided)?;
        }
        Ok(())
    }

    /// What is in each frame of a batch.
    fn look(&mut self, batch: &[Waiting]) -> Vec<Result<Looked>> {
        self.scratch
            .resize_with(batch.len().max(self.scratch.len()), Frame::default);
        let (finder, format) = (&*self.finder, &self.live.format);
        let shape = format.shape();
        let look = |waiting: &Waiting, planes: &mut Frame| {
            format.copy_planes(&waiting.data, planes)?;
            Looked::new(finder, planes, &shape, waiting.writing)
        };
        let pairs = batch.iter().zip(&mut self.scratch);
        if batch.len() <= 1 {
            return pairs
                .map(|(waiting, planes)| look(waiting, planes))
                .collect();
        }
        let look = &look;
        std::thread::scope(|scope| {
            let spawn = |(waiting, planes)| {
                let run = move || look(waiting, planes);
                std::thread::Builder::new()
                    .name("faceveil-worker-live".into())
                    .spawn_scoped(scope, run)
            };
            let threads: Vec<_> = pairs.map(spawn).collect();
            let internal = |what| Error::new(ErrorKind::Internal, what);
            let join = |thread: std::io::Result<std::thread::ScopedJoinHandle<'_, _>>| {
                let thread = thread.map_err(|e| internal("starting a thread").because(e))?;
                let ended = thread.join();
                ended.unwrap_or_else(|_| Err(internal("a bug while searching a frame")))
            };
            threads.into_iter().map(join).collect()
        })
    }

    /// Covers the next frames, whose places are decided.
    fn cover(&mut self, decided: Vec<Vec<Place>>) -> Result<()> {
        let upright = self.live.format.shape().upright();
        for places in decided {
            let Some((waiting, looked)) = self.searched.pop_front() else {
                return Err(Error::new(ErrorKind::Internal, "a mask without a frame"));
            };
            let Waiting { mut data, time, .. } = waiting;
            let masks = self
                .options
                .masks_of_frame(&places, time.as_secs_f64(), upright);
            self.cover_planes(&mut data, &masks)?;
            let mut faces = Vec::new();
            for place in &places {
                if let Why::Seen(i) = place.why
                    && let Some(face) = looked.faces.get(i)
                {
                    let mut face = ReportFace::new(Some(self.decided), face);
                    face.track = Some(place.track);
                    faces.push(face);
                }
            }
            self.covered.push_back(CoveredFrame {
                index: self.decided,
                time,
                data,
                regions: masks,
                faces,
            });
            self.decided += 1;
        }
        Ok(())
    }

    fn cover_planes(&self, data: &mut [u8], masks: &[ReportRegion]) -> Result<()> {
        if masks.is_empty() {
            return Ok(());
        }
        let format = &self.live.format;
        let shape = format.shape();
        let redaction = Redaction::new(
            &self.options.style,
            &regions(masks),
            shape.size,
            shape.orientation,
        )
        .coded(format.sample_coding());
        for (start, layout, channel) in format.channels() {
            let samples = data.get_mut(start..).unwrap_or_default();
            redaction.apply(&mut PlaneMut::new(samples, layout)?, channel);
        }
        Ok(())
    }
}

impl std::fmt::Debug for LiveAnonymizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveAnonymizer")
            .field("live", &self.live)
            .field("state", &self.state)
            .field("pushed", &self.pushed)
            .field("decided", &self.decided)
            .finish_non_exhaustive()
    }
}
