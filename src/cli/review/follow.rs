//! Follows a box that a person drew in a video, piece by piece, so that the page can say how far it
//! is and stop it.
//!
//! Invariant: one box is followed at a time; frames and boxes are the report's.

use super::cache::lock;
use super::pictures::Pictures;
use anyhow::{Context, Result, bail, ensure};
use faceveil::follow::{BoxFollower, Ending};
use faceveil::picture::RgbImage;
use faceveil::video::VideoFrames;
use faceveil::{Detector, DetectorOptions, FileReport, Picture, Preset, Rect, Subject};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// How long a piece takes at least, where there is more.
const PIECE: Duration = Duration::from_millis(400);
/// Bytes of frames that are held on the way back.
const HELD: usize = 96 << 20;
/// Most of them.
const MOST_HELD: usize = 60;
/// Frames a second where the file does not say.
const USUAL_RATE: f64 = 25.0;

/// What the page asks for: to begin, or to go on with what was begun.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Request {
    Begin(Begin),
    GoOn(GoOn),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    pub(super) id: usize,
    frame: usize,
    #[serde(rename = "box")]
    area: [f32; 4],
    /// How far back and forward at most; the same frame: not at all.
    first: usize,
    last: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoOn {
    job: u64,
}

/// Why a box is followed no further in one direction.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Why {
    Left,
    Cut,
    Unsure,
    /// That was as far as was asked for.
    Reached,
}

impl From<Ending> for Why {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Left => Self::Left,
            Ending::Cut => Self::Cut,
            _ => Self::Unsure,
        }
    }
}

/// How far it is.
#[derive(Debug, Serialize)]
pub(super) struct Piece {
    job: u64,
    /// The frames in which the box is known.
    first: usize,
    last: usize,
    /// Boxes between which it moves on a straight line, in the order of their frames.
    keys: Vec<(usize, [f32; 4])>,
    /// Why it ends at the first frame and at the last one; nothing while it goes on.
    back: Option<Why>,
    forward: Option<Why>,
}

/// The box that is followed, and what finds faces.
#[derive(Default)]
pub(super) struct Followers {
    job: Mutex<Option<Job>>,
    detector: OnceLock<Option<Detector>>,
}

/// One box on its way.
struct Job {
    number: u64,
    video: VideoFrames,
    /// Longer side of the frames in which it is followed, and pixels of the report in one of them.
    longest: u32,
    scale: f32,
    frame: usize,
    first: usize,
    last: usize,
    forward: Way,
    back: Way,
    /// Frames on the way back that were decoded, the next one last.
    held: Vec<RgbImage>,
}

/// One direction.
struct Way {
    follower: BoxFollower,
    /// Frames that were looked at.
    looked: usize,
    why: Option<Why>,
}

impl Followers {
    /// Begins, in place of what was followed before, or goes on; gives how far it is.
    ///
    /// # Errors
    /// If another box is followed now, nothing is in the box, or frames cannot be decoded.
    pub(super) fn follow(
        &self,
        request: Request,
        report: Option<&FileReport>,
        pictures: &Pictures,
    ) -> Result<Piece> {
        let mut job = lock(&self.job);
        let faces = |picture: &dyn Picture| self.faces(picture);
        match request {
            Request::Begin(begin) => {
                let report = report.context("the report has no such line")?;
                let number = job.as_ref().map_or(1, |job| job.number + 1);
                *job = Some(Job::begin(number, &begin, report, pictures, &faces)?);
            }
            Request::GoOn(GoOn { job: number }) => ensure!(
                job.as_ref().is_some_and(|job| job.number == number),
                "another box is followed now, in this window or another"
            ),
        }
        let Some(on_its_way) = job.as_mut() else {
            bail!("no box is followed");
        };
        on_its_way.piece(pictures, &faces)
    }

    /// The faces of a part of a frame; none where no detector can be had.
    fn faces(&self, picture: &dyn Picture) -> faceveil::Result<Vec<Rect>> {
        let mut options = DetectorOptions::default();
        options.preset = Preset::Fast;
        let detector = self.detector.get_or_init(|| Detector::new(&options).ok());
        let Some(detector) = detector else {
            return Ok(Vec::new());
        };
        let faces = detector.detect(picture)?.into_iter();
        let faces = faces.filter(|face| face.subject == Subject::Face);
        Ok(faces.map(|face| face.area).collect())
    }
}

type Faces<'a> = &'a dyn Fn(&dyn Picture) -> faceveil::Result<Vec<Rect>>;

impl Job {
    fn begin(
        number: u64,
        begin: &Begin,
        report: &FileReport,
        pictures: &Pictures,
        faces: Faces<'_>,
    ) -> Result<Self> {
        ensure!(report.is_video(), "only boxes in videos can be followed");
        let last = report.frames.saturating_sub(1);
        let Begin { frame, first, .. } = *begin;
        ensure!(
            first <= frame && frame <= begin.last && begin.last <= last,
            "the video has the frames 0 to {last}"
        );
        let [x, y, width, height] = begin.area;
        let area = Rect::new(x, y, width, height).context("a box that is no rectangle")?;
        let mut video = pictures.video(report)?;
        let size = video.size();
        let longest = BoxFollower::detail(size, &area);
        let image = video.frame(frame, longest, &mut || watch(pictures))?;
        let scale = size.width as f32 / image.size().width as f32;
        let drawn = area.mapped(0.0, 0.0, 1.0 / scale, 1.0 / scale);
        let drawn = drawn.context("a box that is no rectangle")?;
        let rate = match video.rate() {
            rate if rate.is_finite() && rate > 0.0 => rate,
            _ => USUAL_RATE,
        };
        let follower = BoxFollower::new(image, drawn, rate, faces)?;
        let way = |to: usize| Way {
            follower: follower.clone(),
            looked: 0,
            why: (to == frame).then_some(Why::Reached),
        };
        Ok(Self {
            number,
            video,
            longest,
            scale,
            frame,
            first,
            last: begin.last,
            forward: way(begin.last),
            back: way(first),
            held: Vec::new(),
        })
    }

    /// Follows it for a while.
    fn piece(&mut self, pictures: &Pictures, faces: Faces<'_>) -> Result<Piece> {
        let start = Instant::now();
        while start.elapsed() < PIECE && self.forward.why.is_none() {
            let next = self.frame + self.forward.looked + 1;
            let image = self
                .video
                .frame(next, self.longest, &mut || watch(pictures))?;
            self.forward.look(image, next == self.last, faces)?;
        }
        while start.elapsed() < PIECE && self.back.why.is_none() {
            let next = self.frame - self.back.looked - 1;
            let image = self.earlier(next, pictures)?;
            self.back.look(image, next == self.first, faces)?;
        }
        let frames_back = self.back.follower.frames() - 1;
        let (most_back, most) = (self.frame - self.first + 1, self.last - self.frame + 1);
        let back = self.back.follower.keyframes(most_back).into_iter();
        let back = back.skip(1).rev().map(|(n, area)| (self.frame - n, area));
        let forward = self.forward.follower.keyframes(most).into_iter();
        let keys = back.chain(forward.map(|(n, area)| (self.frame + n, area)));
        Ok(Piece {
            job: self.number,
            first: self.frame.saturating_sub(frames_back).max(self.first),
            last: (self.frame + self.forward.follower.frames() - 1).min(self.last),
            keys: keys
                .map(|(frame, area)| (frame, self.in_report(&area)))
                .collect(),
            back: self.back.why,
            forward: self.forward.why,
        })
    }

    /// A frame before the one that was had last: several are decoded at a time, since decoding goes
    /// forward.
    fn earlier(&mut self, frame: usize, pictures: &Pictures) -> Result<RgbImage> {
        if let Some(image) = self.held.pop() {
            return Ok(image);
        }
        let size = self.video.size().within(self.longest);
        let fitting = HELD / (size.area() as usize * 3).max(1);
        let count = fitting.clamp(2, MOST_HELD).min(frame - self.first + 1);
        for wanted in frame + 1 - count..=frame {
            let image = self
                .video
                .frame(wanted, self.longest, &mut || watch(pictures))?;
            self.held.push(image);
        }
        self.held.pop().context("no frame was decoded")
    }

    /// A box as the report has it, in hundredths of pixels.
    fn in_report(&self, area: &Rect) -> [f32; 4] {
        [area.left(), area.top(), area.width(), area.height()]
            .map(|v| (v * self.scale * 100.0).round() / 100.0)
    }
}

impl Way {
    fn look(&mut self, image: RgbImage, is_last: bool, faces: Faces<'_>) -> Result<()> {
        let ending = self.follower.look(image, faces)?;
        self.looked += 1;
        self.why = ending.map(Why::from);
        if is_last && self.why.is_none() {
            self.follower.end();
            // What was not seen up to there is not known there.
            self.why = Some(match self.follower.frames() > self.looked {
                true => Why::Reached,
                false => Why::Unsure,
            });
        }
        Ok(())
    }
}

fn watch(pictures: &Pictures) -> ControlFlow<()> {
    match pictures.interrupt.requested() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}
