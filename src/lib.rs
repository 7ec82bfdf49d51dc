//! Finds the faces in photos and videos and makes them unrecognisable before the pictures are shared.
//!
//! [`Anonymizer`] is the whole pipeline: the bytes of a photo in, the bytes of a clean photo out, and a
//! [`FileReport`] about what was done. Its parts stand on their own: a [`Detector`] says where faces
//! are in anything that implements [`Picture`], a [`Redaction`] covers regions in borrowed planes, a
//! [`Photo`] is a file that was read and can be written anew, and [`inspect()`] names what any picture
//! file still hides.
//!
//! ```no_run
//! use faceveil::{Anonymizer, Detector, DetectorOptions, AnonymizeOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let detector = Detector::new(&DetectorOptions::default())?;
//! let anonymizer = Anonymizer::new(detector, AnonymizeOptions::default())?;
//! let done = anonymizer.photo(&std::fs::read("in.jpg")?)?;
//! std::fs::write("out.jpg", &done.bytes)?;
//! # Ok(())
//! # }
//! ```
//!
//! Coordinates are pixels of the upright picture, origin at the top left, rectangles half-open.
//! [`VideoAnonymizer`] is the same for videos, from file to file. [`read_report`] reads reports back,
//! strictly, and an [`ReportApplier`] covers what they say without looking for anything.
//!
//! The library opens no connection, prints nothing, starts no thread but for videos, and reads no environment but
//! where ONNX Runtime is looked for ([`EngineOptions::onnxruntime`]).

mod anonymize;
mod colour;
mod detect;
mod digest;
mod error;
mod face;
mod geometry;
mod inspect;
mod photo;
mod picture;
mod plane;
mod redact;
mod report;
#[cfg(feature = "video")]
mod track;
mod verify;
#[cfg(feature = "video")]
mod video;

pub use anonymize::{
    AnonymizeOptions, Anonymized, Anonymizer, Masking, PreparedPhoto, ReportApplier,
};
#[cfg(feature = "video")]
pub use anonymize::{Progress, VideoAnonymizer, VideoOptions};
pub use colour::{SampleCoding, YuvMatrix, YuvRange};
pub use detect::{Detected, Detector, DetectorOptions, Preset, bundled_digests, bundled_models};
pub use digest::Digest;
pub use error::{Error, ErrorKind, Result};
pub use face::{Face, Landmarks};
#[doc(hidden)]
pub use faceveil_engine::side_by_side;
pub use faceveil_engine::{Device, EngineChoice, EngineInfo, EngineOptions, engines};
pub use geometry::{Orientation, PixelRect, Point, Rect, Size};
pub use inspect::{Finding, FindingKind, Inspection, inspect, inspect_file};
pub use photo::{FileKind, Format, KeepMetadata, Limits, Photo};
pub use picture::{Picture, RgbImage, RgbView};
pub use plane::{AnyPlaneMut, Channel, Layout, Plane, PlaneMut, Sample};
pub use redact::{Redaction, Region, Rgb, Shape, Sticker, Style};
pub use report::{
    FileDigests, FileReport, FormatChange, Outcome, ReportFace, ReportReader, ReportRegion,
    ReportStyle, RunSummary, SCHEMA, StageTimings, TrackSummary, UncoveredSpan, Verdict,
    Verification, VerifyFinding, read_report,
};
pub use verify::{Verifier, VerifierOptions};
#[cfg(feature = "video")]
pub use video::{Audio, Backend, Effort, Encoding, VideoFrames, ffmpeg};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
