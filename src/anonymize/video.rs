//! The pipeline for videos: frames are decoded, looked at, followed, covered and encoded, all at
//! the same time and in order.
//!
//! Invariant: as many frames are written as were read, each with the masks that were made for it,
//! or the file fails and nothing is left at its path.

mod fallback;
pub(crate) mod flow;
mod follow;
mod options;
mod rewrite;
#[cfg(test)]
mod tests;

pub(super) use fallback::with_fallback;
pub use options::VideoOptions;
pub(super) use rewrite::{about_size, again, digest, look_through, tell_sound};
use rewrite::{check_count, cover};

use super::AnonymizeOptions;
use super::frames::{detector_for_frames, regions as of};
use super::progress::{Progress, Watch};
use crate::detect::{Detector, DetectorOptions, Preset};
use crate::error::{Error, ErrorKind, Result};
use crate::photo::{FileKind, Photo};
use crate::report::{FileDigests, FileReport, ReportFace, ReportRegion, Runs};
use crate::stopwatch::Stopwatch;
use crate::track::{Tracker, Why};
use crate::video::{self, Backend, Shape, Video, VideoFile, VideoInput, VideoOutput};
use follow::{Decided, Fingerprints, Followed};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Frames that wait for a decision may take this many bytes; above it the video is read twice.
const RING: usize = 512 << 20;

/// More threads than this have nothing to do.
const MOST_WORKERS: usize = 1024;

/// Says of a photo that it is none of ours, before a backend says something else of it.
pub(super) fn ensure_no_photo(file: &VideoFile) -> Result<()> {
    let what = match Photo::recognise(&file.head(4096)?) {
        FileKind::Photo(format) => format.name(),
        FileKind::Refused(name) | FileKind::Raw(name) => name,
        FileKind::Video(_) | FileKind::Unknown => return Ok(()),
    };
    let message = format!("it is a photo ({what}) and no video");
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// Finds, follows and covers faces in videos.
pub struct VideoAnonymizer {
    detector: Detector,
    options: AnonymizeOptions,
    video: VideoOptions,
    sure: f32,
    /// [`RING`].
    ring: usize,
}

impl VideoAnonymizer {
    /// Puts a detector, masks and options together. The detector's own threshold is what starts a
    /// track; weaker sightings are used to carry one on. [`Preset::Fast`] suits most videos, since
    /// a face has many frames to be seen in.
    ///
    /// # Errors
    /// Those of [`Detector::new`], and [`ErrorKind::InvalidArgument`] for options out of bounds.
    pub fn new(
        detector: &DetectorOptions,
        options: AnonymizeOptions,
        video: VideoOptions,
    ) -> Result<Self> {
        options.check()?;
        video.check()?;
        let (detector, sure) = detector_for_frames(detector)?;
        Ok(Self {
            detector,
            options,
            video: VideoOptions {
                workers: video.workers.clamp(1, MOST_WORKERS),
                ..video
            },
            sure,
            ring: RING,
        })
    }

    /// Takes other options than before.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for options out of bounds.
    pub fn set_options(&mut self, options: AnonymizeOptions) -> Result<()> {
        options.check()?;
        self.options = options;
        Ok(())
    }

    /// The preset that suits videos.
    pub const PRESET: Preset = Preset::Fast;

    /// The detector.
    #[must_use]
    pub const fn detector(&self) -> &Detector {
        &self.detector
    }

    /// Finds the faces of a video and follows them; the report has every box of every frame.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if it cannot be read, [`ErrorKind::Unsupported`] for a photo and all
    /// else that is not handled, [`ErrorKind::Malformed`] for damage, [`ErrorKind::TooLarge`];
    /// [`ErrorKind::Interrupted`] if `watch` breaks.
    pub fn detect(
        &self,
        input: impl Into<VideoInput>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<FileReport> {
        let file = input.into().open()?;
        ensure_no_photo(&file)?;
        let video = self.open(&file, self.video.backend)?;
        let shape = *video.shape();
        let mut report = self.report(&*video);
        let digest = file.digest()?;
        report.sha256 = Some(FileDigests::of_input(digest));
        let start = Stopwatch::start();
        let (mut frames, mut regions) = (0, Runs::default());
        let followed = self.follow(&*video, None, watch, &mut |decided| {
            for place in &decided.places {
                if let Why::Seen(i) = place.why {
                    let mut face = ReportFace::new(Some(frames), &decided.faces[i]);
                    face.track = Some(place.track);
                    report.faces.push(face);
                }
            }
            regions.push(&self.masks(&decided, &shape));
            frames += 1;
            Ok(())
        })?;
        file.ensure_still(digest)?;
        report.ms.detect = start.milliseconds();
        report.regions = regions.finish();
        self.conclude(&mut report, &*video, &followed);
        Ok(report)
    }

    /// Covers the faces of a video and writes the new one to `output`. A path is replaced; give a
    /// temporary name and rename it, so that nobody sees it half done. It is removed if the video
    /// fails.
    ///
    /// `watch` is called on this thread after every frame and five times a second while none is
    /// done, with the number of frames that are covered; where a video is read twice it counts from
    /// 0 once more. To break is to stop: all threads and child processes end before this returns.
    ///
    /// ```no_run
    /// # use faceveil::{Error, VideoAnonymizer};
    /// use faceveil::video::{VideoInput, VideoOutput};
    /// use std::ops::ControlFlow;
    ///
    /// # fn run(anonymizer: &VideoAnonymizer, memory: Vec<u8>) -> Result<(), Error> {
    /// let mut go_on = |_| ControlFlow::Continue(());
    /// anonymizer.anonymize("in.mp4", "out.mp4", &mut go_on)?;
    ///
    /// let input = VideoInput::reader(std::io::Cursor::new(memory));
    /// let mut new = Vec::new();
    /// anonymizer.anonymize(input, VideoOutput::writer(&mut new), &mut go_on)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`VideoAnonymizer::detect`]; [`ErrorKind::Output`] if the new file cannot be written or
    /// its folder is not there, [`ErrorKind::InvalidArgument`] if `output` is the input.
    pub fn anonymize<'a>(
        &self,
        input: impl Into<VideoInput>,
        output: impl Into<VideoOutput<'a>>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<FileReport> {
        let input = input.into();
        let path = input.path().map(Path::to_owned);
        let file = input.open()?;
        ensure_no_photo(&file)?;
        output.into().fill(path.as_deref(), |output| {
            let (mut report, said) = with_fallback(self.video.backend, &mut |backend| {
                self.try_blur(&file, backend, output, watch)
            })?;
            report.warnings.extend(said);
            Ok(report)
        })
    }

    fn try_blur(
        &self,
        file: &Arc<VideoFile>,
        backend: Backend,
        output: &Path,
        watch: Watch<'_>,
    ) -> Result<FileReport> {
        let video = self.open(file, backend)?;
        let mut report = self.report(&*video);
        report.style = Some((&self.options.style).into());
        let input = file.digest()?;
        tell_sound(&mut report, file, &*video, &self.video.encoding)?;
        let start = Stopwatch::start();
        let mut regions = Runs::default();
        let (followed, waited) = match self.in_one_pass(&*video, output, watch, &mut regions)? {
            Some(done) => done,
            None => {
                regions = Runs::default();
                self.in_two_passes(file, &*video, output, watch, &mut regions)?
            }
        };
        file.ensure_still(input)?;
        let encoding = start.seconds();
        report.ms.encode = start.milliseconds();
        look_through(&mut report, output)?;
        report.regions = regions.finish();
        let mut hashes = FileDigests::of_input(input);
        hashes.output = Some(digest(output)?);
        report.sha256 = Some(hashes);
        self.conclude(&mut report, &*video, &followed);
        report.warnings.extend(about_size(file.len(), output));
        if waited > 0.3 * encoding {
            report.warnings.push(
                "the encoder set the pace; less effort of the encoder or a higher constant rate factor is \
                 quicker"
                    .into(),
            );
        }
        Ok(report)
    }

    fn open(&self, input: &Arc<VideoFile>, backend: Backend) -> Result<Box<dyn Video>> {
        let max_pixels = self.options.limits.max_pixels;
        video::open(input, backend, self.video.opening(max_pixels))
    }

    fn report(&self, video: &dyn Video) -> FileReport {
        let mut report = FileReport::new(self.detector.engine());
        let size = video.shape().upright();
        (report.width, report.height) = (size.width, size.height);
        report.backend = Some(video.backend());
        report.dropped = video.dropped();
        report.ignored = self.options.left_open();
        report.warnings.extend(self.options.out_of_sight(&[size]));
        report
    }

    /// How many frames may wait for a decision, unless more than memory holds will have to.
    fn room(&self, video: &dyn Video) -> Option<usize> {
        let frames = self.ring / video.shape().bytes().max(1);
        let room = frames.checked_sub(self.in_flight(video.shape()))?;
        (Tracker::usual_delay(video.rate()) <= room).then_some(room)
    }

    /// Masks of one frame.
    fn masks(&self, decided: &Decided<'_>, shape: &Shape) -> Vec<ReportRegion> {
        match decided.is_outside {
            true => Vec::new(),
            false => self
                .options
                .masks_of_frame(&decided.places, decided.seconds, shape.upright()),
        }
    }

    /// Everything while it is decoded. Gives the frames, and seconds waited for the encoder; `None`
    /// if too few frames fit into memory, which a variable rate may show only midway.
    fn in_one_pass(
        &self,
        video: &dyn Video,
        output: &Path,
        watch: Watch<'_>,
        regions: &mut Runs,
    ) -> Result<Option<(Followed, f64)>> {
        let Some(room) = self.room(video) else {
            return Ok(None);
        };
        let shape = video.shape();
        let mut writing = flow::Writing::start(video.sink(output, &self.video.encoding)?)?;
        let followed = self.follow_within(video, Some(room), None, watch, &mut |mut decided| {
            let Some(mut frame) = decided.frame.take() else {
                return Err(Error::new(ErrorKind::Internal, "a frame was lost"));
            };
            let masks = self.masks(&decided, shape);
            regions.push(&masks);
            cover(&mut frame, shape, &self.options.style, &of(&masks))?;
            writing.send(frame, decided.pool)
        })?;
        let Some(followed) = followed else {
            return Ok(None);
        };
        let (written, waited) = writing.finish()?;
        check_count(followed.pts.len(), written)?;
        Ok(Some((followed, waited)))
    }

    /// First the masks of all frames, then everything again with them: for videos of which too few
    /// frames fit into memory. A frame is covered only if it is the one that was searched.
    fn in_two_passes(
        &self,
        file: &VideoFile,
        video: &dyn Video,
        output: &Path,
        watch: Watch<'_>,
        regions: &mut Runs,
    ) -> Result<(Followed, f64)> {
        let shape = video.shape();
        let mut masks = Vec::new();
        let fingerprints = Fingerprints::default();
        let followed = self.follow(video, Some(&fingerprints), watch, &mut |decided| {
            let of_frame = self.masks(&decided, shape);
            regions.push(&of_frame);
            masks.push((decided.fingerprint, of(&of_frame)));
            Ok(())
        })?;
        // Rather now than when everything is written.
        file.ensure_unchanged()?;
        let differs = || {
            let what =
                "the second time it was read it showed other frames; it may have been changed";
            Error::new(ErrorKind::Malformed, what)
        };
        let mut due = followed.pts.iter().zip(masks);
        let style = &self.options.style;
        let (written, waited) =
            again(
                video,
                output,
                &self.video,
                style,
                watch,
                &mut |frame| match due.next() {
                    Some((pts, (fingerprint, masks)))
                        if *pts == frame.pts && fingerprint == fingerprints.take(frame) =>
                    {
                        Ok(masks)
                    }
                    _ => Err(differs()),
                },
            )?;
        match written == followed.pts.len() {
            true => Ok((followed, waited)),
            false => Err(differs()),
        }
    }
}
