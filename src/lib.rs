//! Finds faces in photos and makes them unrecognisable before the pictures are shared.

mod anonymize;
mod detect;
mod engine;
mod error;
mod face;
mod geometry;
mod photo;
mod picture;
mod plane;
mod redact;
mod report;

pub use anonymize::{Anonymized, Anonymizer, Found, Masking, Options};
pub use detect::{Detector, DetectorOptions, Preset};
#[doc(hidden)]
pub use engine::side_by_side;
pub use engine::{Device, EngineChoice, EngineInfo, EngineOptions, engines};
pub use error::{Error, ErrorKind, Result};
pub use face::{Face, Landmarks};
pub use geometry::{Orientation, PixelRect, Point, Rect, Size};
pub use photo::{Format, Limits, Photo};
pub use picture::{Picture, RgbImage, RgbView};
pub use plane::{AnyPlaneMut, Channel, Layout, Plane, PlaneMut, Sample};
pub use redact::{Redaction, Region, Rgb, Shape, Sticker, Style};
pub use report::{Covered, FileReport, FoundFace, Milliseconds, Outcome, SCHEMA, StyleUsed};
