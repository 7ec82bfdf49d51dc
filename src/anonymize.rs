//! The pipeline, and the only place where detection, redaction and photos meet:
//! read, find, cover, write.

use crate::detect::Detector;
use crate::error::{Error, ErrorKind, Result};
use crate::face::Face;
use crate::geometry::{Rect, Size};
use crate::photo::{Limits, Photo};
use crate::picture::{Picture, RgbView};
use crate::plane::{AnyPlaneMut, Channel, Layout, PlaneMut};
use crate::redact::{Redaction, Region, Shape, Style};
use crate::report::{Covered, FileReport, FoundFace, Outcome, StyleUsed};
use std::time::Instant;

/// How a mask is made from a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Masking {
    /// Its outline.
    pub shape: Shape,
    /// Side of the mask over side of the face's box, 1..=10.
    pub margin: f32,
}

impl Default for Masking {
    /// An ellipse 1.4 times the face's box.
    fn default() -> Self {
        Self {
            shape: Shape::Ellipse,
            margin: 1.4,
        }
    }
}

/// What to cover, with what, and within which bounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// What a mask shows.
    pub style: Style,
    /// How a mask is made from a face.
    pub masking: Masking,
    /// Always covered, as boxes, in pixels of the upright picture.
    pub regions: Vec<Rect>,
    /// A face whose middle lies in one of these is not covered.
    pub ignore: Vec<Rect>,
    /// Bounds for reading.
    pub limits: Limits,
}

/// Finds and covers faces. Share one between threads.
pub struct Anonymizer {
    detector: Detector,
    options: Options,
}

/// A photo whose faces were found and are not covered yet.
pub struct Found {
    photo: Photo,
    /// Per frame.
    regions: Vec<Vec<Region>>,
    style: Style,
    report: FileReport,
}

/// A photo that was dealt with: the bytes of the new file, and what to say about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Anonymized {
    /// The whole new file, in the format of the source.
    pub bytes: Vec<u8>,
    /// What was found, covered, dropped and kept. `input` and `output` are the caller's to fill in.
    pub report: FileReport,
}

impl Anonymizer {
    /// Puts a detector and options together.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a margin outside 1..=10.
    pub fn new(detector: Detector, options: Options) -> Result<Self> {
        let margin = options.masking.margin;
        if !(1.0..=10.0).contains(&margin) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("margin {margin} is outside 1..=10"),
            ));
        }
        Ok(Self { detector, options })
    }

    /// The detector.
    #[must_use]
    pub const fn detector(&self) -> &Detector {
        &self.detector
    }

    /// Reads a photo file and finds its faces.
    ///
    /// # Errors
    /// Those of [`Photo::read`] and [`Detector::detect`].
    pub fn find(&self, file: &[u8]) -> Result<Found> {
        todo!("{}", file.len())
    }

    /// Reads a photo file, covers its faces, and gives the new file.
    ///
    /// # Errors
    /// Those of [`Anonymizer::find`] and [`Found::redact`].
    pub fn photo(&self, file: &[u8]) -> Result<Anonymized> {
        self.find(file)?.redact()
    }

    /// Covers the faces in a buffer of interleaved RGB, 8 bits a channel, rows without gaps, and
    /// returns where they were.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the buffer has another length than `size` asks for; those of
    /// [`Detector::detect`].
    pub fn rgb(&self, size: Size, data: &mut [u8]) -> Result<Vec<Region>> {
        let _ = (size, data);
        todo!()
    }
}

impl Found {
    /// What is known so far; its outcome says whether there is something to cover.
    #[must_use]
    pub const fn report(&self) -> &FileReport {
        &self.report
    }

    /// Frame or page `frame` as it was looked at: upright, not covered.
    #[must_use]
    pub fn picture(&self, frame: usize) -> impl Picture + '_ {
        self.photo.picture(frame)
    }

    /// Covers what was found and encodes the new file.
    ///
    /// # Errors
    /// Those of [`Photo::edit`] and [`Photo::write`].
    pub fn redact(self) -> Result<Anonymized> {
        todo!()
    }
}
