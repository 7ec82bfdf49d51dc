//! Covers what a report says and looks for nothing: no detector, no model.
//!
//! Invariant: a picture is covered only if it is, byte for byte, the one that the report is about.

#[cfg(feature = "video")]
mod video;

use super::{PreparedPhoto, describe, upright};
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Rect;
use crate::photo::{Format, KeepMetadata, Limits, Photo, Quality, RawFiles, ReadOptions};
use crate::redact::{Sticker, Style};
use crate::report::{
    FileDigests, FileReport, FormatChange, Outcome, Schedule, StageTimings, ensure_regions,
};
use crate::stopwatch::Stopwatch;

/// Most regions of all frames of a photo together.
const MOST: usize = 4_000_000;

/// Covers the regions of a report's lines in the style that each names; a line without a style gets
/// the default one. Serialised without the sticker.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct ReportApplier {
    /// What a line with the style `image` needs: the very sticker that it names.
    #[serde(skip)]
    pub sticker: Option<Sticker>,
    /// Metadata that is written again.
    pub keep: KeepMetadata,
    /// As [`AnonymizeOptions::format`](crate::AnonymizeOptions::format).
    pub format: Option<Format>,
    /// As [`AnonymizeOptions::quality`](crate::AnonymizeOptions::quality).
    pub quality: Quality,
    /// Bounds for reading.
    pub limits: Limits,
}

impl ReportApplier {
    /// Without a sticker and metadata, in the formats that the lines name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With the sticker that lines of the style `image` name.
    #[must_use]
    pub fn sticker(mut self, sticker: impl Into<Option<Sticker>>) -> Self {
        self.sticker = sticker.into();
        self
    }

    /// Keeping this metadata.
    #[must_use]
    pub const fn keep(mut self, keep: KeepMetadata) -> Self {
        self.keep = keep;
        self
    }

    /// Writing photos in this format.
    #[must_use]
    pub fn format(mut self, format: impl Into<Option<Format>>) -> Self {
        self.format = format.into();
        self
    }

    /// Coding photos this finely that are written from pixels.
    #[must_use]
    pub const fn quality(mut self, quality: Quality) -> Self {
        self.quality = quality;
        self
    }

    /// With these bounds for reading.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads the photo that a line is about; [`PreparedPhoto::redact`] covers it. What was detected
    /// is reported once more, as the line has it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if it is not the file, size or number of frames of the line,
    /// a region of it is no box in the picture, or the style cannot be had; those of
    /// [`Photo::read`].
    pub fn prepare(&self, file: &[u8], line: &FileReport) -> Result<PreparedPhoto> {
        ensure_regions(line)?;
        let style = self.style(line)?;
        let mut report = begun(line, Digest::of(file))?;
        let start = Stopwatch::start();
        let is_preview = line.formats.as_ref().is_some_and(FormatChange::is_of_raw);
        let reading = ReadOptions::new()
            .limits(self.limits)
            .keep(self.keep)
            .format(self.format)
            .quality(self.quality)
            .raw(match is_preview {
                true => RawFiles::Preview,
                false => RawFiles::Refuse,
            });
        let photo = Photo::read(file, &reading)?;
        report.ms.decode = start.milliseconds();
        describe(&mut report, &photo);
        same_size(&report, line)?;
        let mut schedule = Schedule::new(&line.regions);
        let (mut regions, mut total) = (Vec::with_capacity(report.frames), 0);
        for frame in 0..report.frames {
            let of_frame = schedule.next();
            let picture = Rect::of(upright(&photo, frame));
            if let Some(out) = of_frame
                .iter()
                .find(|r| r.area.intersection(&picture).is_none())
            {
                let (x, y) = (out.area.left(), out.area.top());
                let what = format!("a region at {x},{y} lies outside frame {frame}");
                return Err(differs(what));
            }
            total += of_frame.len();
            if total > MOST {
                let what = format!("more than {MOST} regions in all frames together");
                return Err(Error::new(ErrorKind::TooLarge, what));
            }
            regions.push(of_frame);
        }
        report.style = Some((&style).into());
        Ok(PreparedPhoto {
            length: file.len(),
            photo,
            regions,
            style,
            keep: self.keep,
            report,
        })
    }

    fn style(&self, line: &FileReport) -> Result<Style> {
        match &line.style {
            Some(used) => used.style(self.sticker.as_ref()),
            None => Ok(Style::default()),
        }
    }
}

fn differs(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, what)
}

/// The new line: what was found is taken over, what is done is added.
fn begun(line: &FileReport, input: Digest) -> Result<FileReport> {
    let of = line.sha256.map(|hashes| hashes.input);
    let Some(of) = of else {
        return Err(differs(
            "its line has no SHA-256 of the input, so nothing says whether it is the same \
             file",
        ));
    };
    if of != input {
        return Err(differs(format!(
            "it has changed since the report was written: its SHA-256 is {input}, and the \
             report's {of}"
        )));
    }
    let mut report = line.clone();
    report.sha256 = Some(FileDigests::of_input(input));
    report.output = None;
    report.outcome = match line.regions.is_empty() {
        true => Outcome::NoFaces,
        false => Outcome::Redacted,
    };
    report.verify = None;
    report.warnings.clear();
    report.ms = StageTimings::default();
    report.error = None;
    Ok(report)
}

fn same_size(report: &FileReport, line: &FileReport) -> Result<()> {
    let (of, its) = (
        (report.width, report.height, report.frames),
        (line.width, line.height, line.frames),
    );
    if of == its {
        return Ok(());
    }
    let shown = |(width, height, frames)| format!("{width}x{height} pixels in {frames} frames");
    Err(differs(format!(
        "it has {}, and the report says {}",
        shown(of),
        shown(its)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anonymize::{AnonymizeOptions, Masking};
    use crate::geometry::{Rect, Size};
    use crate::redact::{Region, Rgb, Shape};
    use crate::report::ReportRegion;

    /// A GIF of three frames of 2x2 pixels.
    fn animation() -> Vec<u8> {
        let mut bytes = Vec::new();
        let palette = [0, 0, 0, 250, 20, 20, 20, 250, 20, 20, 20, 250];
        let mut encoder = gif::Encoder::new(&mut bytes, 16, 16, &palette).expect("encoder");
        for color in 1..4u8 {
            let pixels = vec![color; 256];
            let frame = gif::Frame::from_indexed_pixels(16, 16, pixels, None);
            encoder.write_frame(&frame).expect("written");
        }
        drop(encoder);
        bytes
    }

    /// As `find` would leave it, had it found a face in the second frame.
    fn line(file: &[u8], style: Style) -> FileReport {
        let mut line = FileReport::new("none");
        line.sha256 = Some(FileDigests::of_input(Digest::of(file)));
        (line.width, line.height, line.frames) = (16, 16, 3);
        let face = Rect::new(3.3, 4.4, 5.5, 4.2).expect("a box");
        let options = AnonymizeOptions {
            masking: Masking {
                shape: Shape::Box,
                margin: 1.2,
            },
            ..AnonymizeOptions::default()
        };
        let mask: Region = options.mask(&face).expect("a mask");
        let covered = ReportRegion::new(&mask, Size::new(16, 16)).expect("inside");
        line.regions = vec![covered.of_frame(Some(1))];
        line.style = Some((&style).into());
        line
    }

    #[test]
    fn only_the_regions_of_the_line_are_covered_each_in_its_frame() {
        let file = animation();
        let line = line(&file, Style::Solid(Rgb(250, 20, 20)));
        let found = ReportApplier::default()
            .prepare(&file, &line)
            .expect("the same");
        let done = found.redact().expect("covered");
        assert_eq!(done.report.outcome, Outcome::Redacted);
        assert_eq!(done.report.regions, line.regions);
        let hashes = done.report.sha256.expect("hashes");
        assert_eq!(hashes.output, Some(Digest::of(&done.bytes)));
        let read = Photo::read(&done.bytes, &ReadOptions::new()).expect("a photo");
        let pixels = |frame| {
            use crate::picture::Picture;
            let picture = read.picture(frame);
            let all = crate::geometry::PixelRect::of(picture.size());
            picture
                .view(all, picture.size())
                .expect("pixels")
                .data()
                .to_vec()
        };
        let red = |frame| pixels(frame).chunks(3).filter(|p| p[0] > 200).count();
        assert_eq!((red(0), red(2)), (256, 0), "others are untouched");
        assert!((60..140).contains(&red(1)), "{}", red(1));
    }

    #[test]
    fn another_file_or_size_than_the_line_s_is_refused() {
        let file = animation();
        let good = line(&file, Style::Blur);
        let refused =
            |file: &[u8], line: &FileReport| match ReportApplier::default().prepare(file, line) {
                Err(e) => (e.kind(), e.to_string()),
                Ok(_) => panic!("taken"),
            };
        let mut other = file.clone();
        other.push(0);
        let (kind, message) = refused(&other, &good);
        assert_eq!(kind, ErrorKind::InvalidArgument);
        assert!(message.contains("has changed since"), "{message}");
        let mut wrong = good.clone();
        wrong.frames = 2;
        assert!(
            refused(&file, &wrong)
                .1
                .contains("16x16 pixels in 3 frames")
        );
        wrong = good.clone();
        wrong.sha256 = None;
        assert!(refused(&file, &wrong).1.contains("no SHA-256"));
        wrong = good;
        wrong.style = Some(
            serde_json::from_str(&format!(
                r#"{{"name":"image","irreversible":true,"image":"{}"}}"#,
                Digest::of(b"")
            ))
            .expect("a style"),
        );
        assert!(refused(&file, &wrong).1.contains("needs the sticker"));
    }
}
