//! The pipeline, and the only place where detection, redaction and photos meet:
//! read, find, cover, write, and look through what was written.

mod apply;
mod frames;
mod gain_map;
pub(crate) mod live;
mod moving;
mod options;
mod panorama;
mod pixels;
pub(crate) mod progress;
mod sequence;
#[cfg(feature = "video")]
mod video;

pub use apply::ReportApplier;
pub use moving::MovingRegion;
pub use options::{AnonymizeOptions, Masking};
pub use progress::Progress;
pub use sequence::follow_photos;
#[cfg(feature = "video")]
pub(crate) use video::flow;
#[cfg(feature = "video")]
pub use video::{VideoAnonymizer, VideoOptions};

use crate::detect::{Detected, Detector};
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::face::Subject;
use crate::geometry::{Equirectangular, Size};
use crate::inspect::{FindingKind, Inspection, inspect};
use crate::parallel;
use crate::photo::{BACKDROPS, Format, KeepMetadata, Photo, ReadOptions};
use crate::picture::Picture;
use crate::plane::{AnyPlaneMut, Layout};
use crate::redact::{Redaction, Region, Style};
use crate::report::{FileDigests, FileReport, FormatChange, Outcome, ReportFace, ReportRegion};
use crate::stopwatch::Stopwatch;
use progress::{Watch, go_on};
use std::ops::ControlFlow;

/// Finds and covers faces. Share one between threads.
pub struct Anonymizer {
    detector: Detector,
    options: AnonymizeOptions,
}

/// A photo whose faces were found and are not covered yet.
pub struct PreparedPhoto {
    photo: Photo,
    /// Bytes of the source.
    length: usize,
    /// Per frame.
    regions: Vec<Vec<Region>>,
    style: Style,
    keep: KeepMetadata,
    report: FileReport,
}

/// A photo that was dealt with: the bytes of the new file, and what to say about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Anonymized {
    /// The whole new file.
    pub bytes: Vec<u8>,
    /// Its format.
    pub format: Format,
    /// What was found, covered, dropped and kept. `input` and `output` are the caller's to fill in.
    pub report: FileReport,
}

impl Anonymizer {
    /// Puts a detector and options together.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a margin outside 1..=10, and those of [`Style::check`].
    pub fn new(detector: Detector, options: AnonymizeOptions) -> Result<Self> {
        options.check()?;
        Ok(Self { detector, options })
    }

    /// The detector.
    #[must_use]
    pub const fn detector(&self) -> &Detector {
        &self.detector
    }

    /// Reads a photo file and finds its faces, in every frame or page.
    ///
    /// # Errors
    /// Those of [`Photo::read`] and [`Detector::detect`].
    pub fn prepare(&self, file: &[u8]) -> Result<PreparedPhoto> {
        self.prepare_with(file, &self.options)
    }

    /// As [`Anonymizer::prepare`], with other options than its own: places to cover that are known
    /// for this one photo, for instance.
    ///
    /// # Errors
    /// Those of [`Anonymizer::prepare`] and [`Anonymizer::new`].
    pub fn prepare_with(&self, file: &[u8], options: &AnonymizeOptions) -> Result<PreparedPhoto> {
        self.search(file, options, &mut |_| ControlFlow::Continue(()))
    }

    fn search(
        &self,
        file: &[u8],
        options: &AnonymizeOptions,
        watch: Watch<'_>,
    ) -> Result<PreparedPhoto> {
        options.check()?;
        let (photo, mut report) = open(file, options, self.detector.engine())?;
        report.ignored = options.left_open();

        let panorama = options.panorama_of(&photo, &mut report);

        let start = Stopwatch::start();
        let frames = report.frames;
        let mut regions = Vec::with_capacity(frames);
        for frame in 0..frames {
            go_on(watch, frame, frames)?;
            let found = self.look(&photo, frame, panorama.as_ref())?;
            let label = (frames > 1).then_some(frame);
            let reported = |f| ReportFace::new(label, f);
            report.faces.extend(found.faces.iter().map(reported));
            report.rejected.extend(found.rejected.iter().map(reported));
            regions.push(match &panorama {
                Some(panorama) => options.masks_all_round(&found.faces, panorama),
                None => options.masks_about(&found.faces),
            });
        }
        go_on(watch, frames, frames)?;
        if photo.is_animation() {
            regions = spread(&regions);
        }
        report.ms.detect = start.milliseconds();
        Ok(PreparedPhoto::new(
            photo,
            file.len(),
            regions,
            options,
            report,
        ))
    }

    /// Covers these regions in every frame of a photo and looks for nothing. The new file passes
    /// the same checks as one whose faces were found. Regions that [`AnonymizeOptions::regions`]
    /// names are covered, too.
    ///
    /// # Errors
    /// Those of [`Photo::read`] and [`PreparedPhoto::redact`].
    pub fn cover(&self, file: &[u8], regions: &[Region]) -> Result<Anonymized> {
        let asked = &self.options;
        let (photo, mut report) = open(file, asked, "none")?;
        let sizes: Vec<Size> = (0..report.frames).map(|f| upright(&photo, f)).collect();
        let areas = regions.iter().map(|r| &r.area);
        report.warnings.extend(options::outside(areas, &sizes));
        let all = regions.iter().copied().chain(asked.always());
        let all: Vec<(Region, Subject)> = all.map(|r| (r, Subject::Face)).collect();
        let frames = vec![all; report.frames];
        PreparedPhoto::new(photo, file.len(), frames, asked, report).redact()
    }

    /// What is in a frame, and what it shows only where it is laid over something.
    fn look(
        &self,
        photo: &Photo,
        frame: usize,
        panorama: Option<&Equirectangular>,
    ) -> Result<Detected> {
        let detect = |picture: &dyn Picture| match panorama {
            Some(panorama) => self.detector.detect_panorama(picture, panorama),
            None => self.detector.detect_with_candidates(picture),
        };
        let mut found = detect(&photo.picture(frame))?;
        for backdrop in BACKDROPS {
            if let Some(picture) = photo.over(frame, backdrop)? {
                found = found.and(detect(&picture)?);
            }
        }
        Ok(found)
    }

    /// Reads a photo file, covers its faces, and gives the new file.
    ///
    /// # Errors
    /// Those of [`Anonymizer::prepare`] and [`PreparedPhoto::redact`].
    pub fn photo(&self, file: &[u8]) -> Result<Anonymized> {
        self.prepare(file)?.redact()
    }

    /// As [`Anonymizer::photo`]. `watch` is called before the first frame or page is searched, and
    /// after each; it stops the work by breaking.
    ///
    /// # Errors
    /// Those of [`Anonymizer::photo`]; [`ErrorKind::Interrupted`] if `watch` breaks.
    pub fn photo_with_progress(
        &self,
        file: &[u8],
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Anonymized> {
        self.search(file, &self.options, watch)?.redact()
    }
}

/// Reads a photo and begins its report.
fn open(file: &[u8], options: &AnonymizeOptions, engine: &str) -> Result<(Photo, FileReport)> {
    let mut report = FileReport::new(engine);
    report.sha256 = Some(FileDigests::of_input(Digest::of(file)));
    let start = Stopwatch::start();
    let reading = ReadOptions::new()
        .limits(options.limits)
        .keep(options.keep)
        .format(options.format)
        .raw(options.raw)
        .quality(options.quality);
    let photo = Photo::read(file, &reading)?;
    report.ms.decode = start.milliseconds();
    describe(&mut report, &photo);
    Ok((photo, report))
}

/// Size of a frame as a viewer shows it.
fn upright(photo: &Photo, frame: usize) -> Size {
    let orientation = photo.orientation(frame);
    orientation.upright_size(photo.stored_size(frame))
}

/// Puts into a report what is known of a photo that was read.
fn describe(report: &mut FileReport, photo: &Photo) {
    let size = upright(photo, 0);
    (report.width, report.height) = (size.width, size.height);
    report.frames = photo.frame_count();
    report.dropped = photo.dropped().to_vec();
    report.kept = photo.kept().to_vec();
    report.warnings = photo.warnings().to_vec();
    let (input, output) = (photo.format(), photo.written());
    report.formats = match photo.raw_file() {
        Some(_) => Some(FormatChange::new(FormatChange::RAW, output.short())),
        None => (input != output).then(|| FormatChange::new(input.short(), output.short())),
    };
}

/// Frames before and after one whose masks it shares: a face that a detector loses for a moment in
/// an animation stays covered.
const SHARED_FRAMES: usize = 2;

/// Every frame's masks with those of its neighbours in time, each once.
fn spread<R: Copy + PartialEq>(frames: &[Vec<R>]) -> Vec<Vec<R>> {
    (0..frames.len())
        .map(|i| {
            let near = i.saturating_sub(SHARED_FRAMES)..(i + SHARED_FRAMES + 1).min(frames.len());
            let mut all: Vec<R> = frames[i].clone();
            for region in frames[near].iter().flatten() {
                if !all.contains(region) {
                    all.push(*region);
                }
            }
            all
        })
        .collect()
}

impl PreparedPhoto {
    /// `regions`: those of each frame, which are cut to what the report can say.
    fn new(
        photo: Photo,
        length: usize,
        regions: Vec<Vec<(Region, Subject)>>,
        options: &AnonymizeOptions,
        mut report: FileReport,
    ) -> Self {
        let frames = report.frames;
        let sizes: Vec<Size> = (0..frames).map(|f| upright(&photo, f)).collect();
        report.warnings.extend(options.out_of_sight(&sizes));
        let mut reported = Vec::with_capacity(frames);
        for (frame, list) in regions.iter().enumerate() {
            let label = (frames > 1).then_some(frame);
            let covered = list.iter().filter_map(|(region, subject)| {
                Some(ReportRegion::new(region, sizes[frame])?.about(*subject))
            });
            let covered: Vec<ReportRegion> = covered.map(|c| c.of_frame(label)).collect();
            reported.push(covered.iter().filter_map(ReportRegion::region).collect());
            report.regions.extend(covered);
        }
        report.outcome = match report.regions.is_empty() {
            true => Outcome::NoFaces,
            false => Outcome::Redacted,
        };
        report.style = Some((&options.style).into());
        Self {
            photo,
            length,
            regions: reported,
            style: options.style.clone(),
            keep: options.keep,
            report,
        }
    }

    /// What is known so far; its outcome says whether there is something to cover.
    #[must_use]
    pub const fn report(&self) -> &FileReport {
        &self.report
    }

    /// The format of the new file.
    #[must_use]
    pub fn written(&self) -> Format {
        self.photo.written()
    }

    /// Frame or page `frame` as it was looked at: upright, not covered.
    #[must_use]
    pub fn picture(&self, frame: usize) -> impl Picture + '_ {
        self.photo.picture(frame)
    }

    /// Covers what was found, encodes the new file, and looks through it.
    ///
    /// # Errors
    /// Those of [`Photo::edit`] and [`Photo::write`]; [`ErrorKind::Internal`] if the new file hides
    /// anything but what was to be kept.
    pub fn redact(mut self) -> Result<Anonymized> {
        let start = Stopwatch::start();
        for (frame, regions) in self.regions.iter().enumerate() {
            if regions.is_empty() {
                continue;
            }
            let (stored, orientation) =
                (self.photo.stored_size(frame), self.photo.orientation(frame));
            let redaction = Redaction::new(&self.style, regions, stored, orientation);
            let touched = |layout: &Layout| redaction.touched_and_unread(layout);
            let cover = |plane: AnyPlaneMut<'_>, channel| match plane {
                AnyPlaneMut::U8(mut plane) => redaction.apply(&mut plane, channel),
                AnyPlaneMut::U16(mut plane) => redaction.apply(&mut plane, channel),
            };
            self.photo.edit_at_once(frame, &touched, &cover)?;
        }
        self.cover_gain_map()?;
        self.report.ms.redact = start.milliseconds();
        let start = Stopwatch::start();
        let bytes = self.photo.write()?;
        self.report.ms.encode = start.milliseconds();
        weigh(self.length, &bytes, &mut self.report)?;
        let start = Stopwatch::start();
        let hashes = &mut self.report.sha256;
        let (clean, ()) = parallel::join(
            || ensure_clean(&bytes, self.keep),
            || {
                if let Some(hashes) = hashes {
                    hashes.output = Some(Digest::of(&bytes));
                }
            },
        );
        clean?;
        self.report.ms.inspect = start.milliseconds();
        Ok(Anonymized {
            bytes,
            format: self.photo.written(),
            report: self.report,
        })
    }
}

/// Files that grow less than so many times are as large as expected.
const GROWN: usize = 4;
/// A file that grows more than so many times was made to fill a disk.
const BURST: usize = 1000;
/// Smaller new files are no matter.
const SMALL: usize = 1 << 20;

/// Says that the new file is much larger than the source, and refuses one that is beyond all
/// measure.
fn weigh(source: usize, new: &[u8], report: &mut FileReport) -> Result<()> {
    let times = new.len() / source.max(1);
    if new.len() <= SMALL || times < GROWN {
        return Ok(());
    }
    if times >= BURST && new.len() > 64 * SMALL {
        let message = format!(
            "the new file would have {} MB, {times} times as much as the source",
            new.len() / 1_000_000
        );
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    let said = |w: &String| w.contains("times as large");
    if !report.warnings.iter().any(said) {
        report.warnings.push(format!(
            "the new file is {times} times as large as the source, which was compressed more \
             strongly"
        ));
    }
    Ok(())
}

/// As [`ensure_nothing_left`], for a file in memory.
fn ensure_clean(file: &[u8], keep: KeepMetadata) -> Result<()> {
    ensure_nothing_left(inspect(file)?, keep)
}

/// Fails for a new file that hides anything but what was to be kept. The message names kinds and
/// places; values would be somebody's data.
fn ensure_nothing_left(seen: Inspection, keep: KeepMetadata) -> Result<()> {
    let asked = |kind| match kind {
        FindingKind::Time => keep.time,
        FindingKind::Camera => keep.camera,
        FindingKind::Gps => keep.gps,
        FindingKind::Author | FindingKind::Copyright => keep.copyright,
        FindingKind::GainMap => keep.hdr,
        _ => false,
    };
    let left = seen.findings.iter().find(|finding| !asked(finding.kind));
    let what = match (left, seen.damage) {
        (Some(finding), _) => format!(
            "still hides something ({} in {})",
            finding.kind, finding.place
        ),
        (None, Some(why)) => format!("could not be looked through ({why})"),
        (None, None) => return Ok(()),
    };
    let message = format!("the new file {what}; nothing was written, please report this");
    Err(Error::new(ErrorKind::Internal, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;
    use crate::redact::Shape;

    #[test]
    fn a_new_file_that_hides_something_is_a_failure_unless_it_was_asked_for() {
        let gif = |comment: &[u8]| {
            let mut file = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
            file.extend(comment);
            file.extend(b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;");
            file
        };
        let all = KeepMetadata {
            time: true,
            camera: true,
            gps: true,
            copyright: true,
            hdr: true,
        };
        assert!(ensure_clean(&gif(b""), KeepMetadata::default()).is_ok());
        let error = ensure_clean(&gif(b"!\xfe\x03Ann\0"), all).expect_err("a comment");
        assert_eq!(error.kind(), ErrorKind::Internal);
        let message = error.to_string();
        assert!(
            message.contains("text in comment") && !message.contains("Ann"),
            "{message}"
        );
        let whole = gif(b"");
        assert!(
            ensure_clean(&whole[..whole.len() - 4], all).is_err(),
            "damaged"
        );
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        png.extend(b"\0\0\0\x07tIME\x07\xe8\x01\x01\0\0\0\0\0\0\0");
        let names = |keep| ensure_clean(&png, keep).expect_err("cut off").to_string();
        assert!(names(KeepMetadata::default()).contains("time in tIME"));
        assert!(!names(all).contains("tIME"));
    }

    #[test]
    fn a_face_lost_for_a_moment_in_an_animation_stays_covered() {
        let region = Region::new(Shape::Ellipse, Rect::of(Size::new(9, 9)));
        let mut frames = vec![vec![]; 7];
        frames[3] = vec![region];
        let covered: Vec<usize> = spread(&frames).iter().map(Vec::len).collect();
        assert_eq!(covered, [0, 1, 1, 1, 1, 1, 0]);
    }
}
