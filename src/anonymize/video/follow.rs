//! The half of the pipeline that looks: every frame is decoded, searched for faces and handed to the tracker, and comes
//! out with what was decided about it.

use super::{Progress, VideoAnonymizer, Watch, flow};
use crate::error::{Error, ErrorKind, Result};
use crate::face::Face;
use crate::report::{FileReport, Outcome, UncoveredSpan};
use crate::track::{Glimpse, Place, Sighting, Tracker};
use crate::video::{self, Frame, FramePicture, Shape, Video};
use flow::Pool;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

/// What the tracker decided about a frame.
pub(super) struct Decided<'a> {
    /// The frame, unless it is not needed any more; goes back to the pool.
    pub(super) frame: Option<Frame>,
    /// Where it came from.
    pub(super) pool: &'a Arc<Pool>,
    pub(super) faces: Vec<Face>,
    pub(super) places: Vec<Place>,
}

/// A whole video that was looked at.
pub(super) struct Followed {
    /// When each frame is shown.
    pub(super) pts: Vec<i64>,
    pub(super) tracker: Tracker,
}

/// What was seen in a frame.
pub(super) struct Looked {
    pub(super) faces: Vec<Face>,
    pub(super) glimpse: Glimpse,
}

impl VideoAnonymizer {
    /// Looks at every frame, and calls `on` with each, without its picture, in order, once it is decided.
    pub(super) fn follow(
        &self,
        video: &dyn Video,
        watch: Watch<'_>,
        on: &mut dyn FnMut(Decided<'_>) -> Result<()>,
    ) -> Result<Followed> {
        let followed = self.follow_within(video, None, watch, on)?;
        followed.ok_or_else(|| Error::new(ErrorKind::Internal, "nothing to hold did not fit"))
    }

    /// The same with the frames themselves, if `room` says how many may wait for a decision; `None` when
    /// more have to.
    pub(super) fn follow_within(
        &self,
        video: &dyn Video,
        room: Option<usize>,
        watch: Watch<'_>,
        on: &mut dyn FnMut(Decided<'_>) -> Result<()>,
    ) -> Result<Option<Followed>> {
        let shape = video.shape();
        let mut tracker = Tracker::new(self.sure, shape.upright());
        let pool = Pool::new(self.in_flight());
        let (mut most_held, mut fits) = (0, true);
        let mut waiting: VecDeque<(Option<Frame>, Vec<Face>)> = VecDeque::new();
        let mut pts = Vec::new();
        let mut frames = 0;
        let mut give = |waiting: &mut VecDeque<_>, decided: Vec<Vec<Place>>| {
            for places in decided {
                let Some((frame, faces)) = waiting.pop_front() else {
                    return Err(Error::new(ErrorKind::Internal, "a mask without a frame"));
                };
                frames += 1;
                on(Decided {
                    frame,
                    pool: &pool,
                    faces,
                    places,
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
        let look = |frame: &Frame| self.look(frame, shape);
        let workers = self.video.workers;
        let done = flow::in_order(video.source()?, shape, workers, &pool, look, |item| {
            let Some((frame, looked)) = item else {
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
            let sighting = |f: &Face| Sighting {
                area: f.area,
                score: f.score,
            };
            let sightings: Vec<Sighting> = looked.faces.iter().map(sighting).collect();
            waiting.push_back((frame, looked.faces));
            let decided = tracker.push(time, &sightings, &looked.glimpse);
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
        let decided = tracker.finish();
        give(&mut waiting, decided)?;
        match (waiting.is_empty(), frames) {
            (true, 1..) => Ok(Some(Followed { pts, tracker })),
            (true, 0) => Err(Error::new(ErrorKind::Malformed, "it has no frames")),
            (false, _) => Err(Error::new(ErrorKind::Internal, "a frame without a mask")),
        }
    }

    fn look(&self, frame: &Frame, shape: &Shape) -> Result<Looked> {
        let picture = FramePicture::new(frame, shape);
        let mut faces = self.detector.detect(&picture)?;
        for face in &mut faces {
            face.area = picture.to_stored(&face.area);
            face.landmarks = face
                .landmarks
                .map(|l| l.map(|p| picture.point_to_stored(p)));
        }
        let (width, height) = (shape.size.width as usize, shape.size.height as usize);
        let glimpse = Glimpse::new(width, height, |x, y| picture.luma(x, y));
        Ok(Looked { faces, glimpse })
    }

    /// Puts into a report what is known at the end.
    pub(super) fn conclude(&self, report: &mut FileReport, video: &dyn Video, followed: &Followed) {
        report.frames = followed.pts.len();
        report.times = Some(video::times(video.time_base(), &followed.pts));
        report.tracks = followed
            .tracker
            .summaries()
            .iter()
            .map(Into::into)
            .collect();
        let seconds = |frame: usize| video.seconds(followed.pts.get(frame).copied().unwrap_or(0));
        let spans = followed.tracker.open_spans().iter();
        report.spans = spans.map(|s| UncoveredSpan::new(s, seconds)).collect();
        report.outcome = match report.regions.is_empty() {
            true => Outcome::NoFaces,
            false => Outcome::Redacted,
        };
        if !report.spans.is_empty() {
            let open: usize = report.spans.iter().map(|s| s.last - s.first + 1).sum();
            report.warnings.push(format!(
                "a face was lost and found again too late: {open} frames in {} spans may show it; look at the spans in the report",
                report.spans.len()
            ));
        }
    }

    /// Frames that are neither held by the tracker nor idle.
    pub(super) const fn in_flight(&self) -> usize {
        self.video.workers * 3 + flow::WRITER_QUEUE + 2
    }
}
