//! Finds the faces in photos and videos and makes them unrecognisable before the pictures are
//! shared.
//!
//! [`Anonymizer`] is the whole pipeline: the bytes of a photo in, the bytes of a clean photo out,
//! and a [`FileReport`] about what was done. Its parts stand on their own: a [`Detector`] says
//! where faces are in anything that implements [`Picture`], a [`Redaction`](redact::Redaction)
//! covers regions in borrowed planes, a [`Photo`] is a file that was read and can be written anew,
//! and [`inspect`](inspect::inspect) names what any picture file still hides.
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
//! [`VideoAnonymizer`] is the same for videos, from file to file. [`report::read_report`] reads
//! reports back, strictly, and an [`ReportApplier`] covers what they say without looking for
//! anything.
//!
//! The library opens no connection, prints nothing, starts no thread but for videos, and reads no
//! environment but where ONNX Runtime is looked for ([`engine::EngineOptions::onnxruntime`]).

mod anonymize;
mod content;
pub mod detect;
mod digest;
mod error;
mod face;
mod frame;
pub mod geometry;
pub mod inspect;
mod parallel;
pub mod photo;
pub mod picture;
pub mod plane;
pub mod redact;
pub mod report;
pub mod settings;
mod stopwatch;
mod time_range;
mod track;
pub mod verify;
#[cfg(feature = "video")]
pub mod video;

/// What runs the networks: the built-in engine or ONNX Runtime, and on which device.
pub mod engine {
    pub use faceveil_engine::{Device, EngineChoice, EngineInfo, EngineOptions, engines};
}

/// Following from frame to frame: a box that a person drew, by its looks, and what was found in
/// photos that are the frames of one sequence.
pub mod follow {
    pub use crate::anonymize::follow_photos;
    pub use crate::track::follow::{BoxFollower, Ending, FindFaces};
}

/// Live streams: the formats of frames, options, and what comes out of a [`LiveAnonymizer`].
pub mod live {
    pub use crate::anonymize::live::{
        CoveredFrame, FrameFormat, LiveAnonymizer, LiveOptions, LiveSummary,
    };
}

pub use anonymize::live::LiveAnonymizer;
pub use anonymize::{
    AnonymizeOptions, Anonymized, Anonymizer, Masking, MovingRegion, PreparedPhoto, Progress,
    ReportApplier,
};
#[cfg(feature = "video")]
pub use anonymize::{VideoAnonymizer, VideoOptions};
pub use detect::{Detector, DetectorOptions, Preset};
pub use error::{Error, ErrorKind, Result};
pub use face::{ClassName, Face, Subject};
pub use geometry::{Rect, Size};
pub use photo::{Format, KeepMetadata, Limits, Photo, RawFiles, ReadOptions};
pub use picture::Picture;
pub use redact::{Region, Shape, Style};
pub use report::FileReport;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
