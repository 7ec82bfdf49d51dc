//! What is reported about one file: the lines of a report. Paths are relative names, pictures are
//! never in it. `docs/report.md` and `docs/report.schema.json` document the schema; a change that
//! breaks a reader raises [`SCHEMA`].
//!
//! Invariant: the regions of a line are exactly what was covered, number for number, so that a
//! report is enough to cover a picture again.

mod check;
mod part;
mod parts;
mod read;
mod runs;
mod schedule;
mod style;
mod summary;
#[cfg(test)]
mod tests;
mod verification;

pub use crate::content::ContentKind;
pub use crate::digest::Digest;
pub(crate) use check::ensure_regions;
pub use part::{FrameSpan, SearchedPart};
pub use parts::{
    FileDigests, FormatChange, ReportFace, ReportRegion, StageTimings, TrackSummary, UncoveredSpan,
};
pub use read::{ReportReader, read_report};
#[cfg(feature = "video")]
pub(crate) use runs::Runs;
pub(crate) use schedule::Schedule;
pub use style::{ReportStyle, StyleName};
pub use summary::{RunSummary, ShardSummary};
pub use verification::{Verdict, Verification, VerifyFinding, VerifyFindingKind};

use crate::geometry::Rect;
use serde::{Deserialize, Deserializer, Serialize, de};

/// Version of the report's shape.
pub const SCHEMA: u32 = 1;

/// How a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// At least one region is covered.
    Redacted,
    /// Nothing to cover was found.
    NoFaces,
    /// Left alone on request; `warnings` says why.
    Skipped,
    /// Nothing was written; `error` says why.
    Failed,
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FileReport {
    /// [`SCHEMA`].
    #[serde(deserialize_with = "this_schema")]
    pub schema: u32,
    /// Name of the input, relative to what was given.
    pub input: String,
    /// Name of the output, relative to the output folder; `null` if none was written.
    pub output: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Of the input and the output, as whole files; `null` if the input could not be read.
    pub sha256: Option<FileDigests>,
    /// The formats of a photo that is written in another one than its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formats: Option<FormatChange>,
    /// Width of the upright picture, 0 if it could not be read.
    pub width: u32,
    /// Height of the upright picture, 0 if it could not be read.
    pub height: u32,
    /// Frames or pages.
    pub frames: usize,
    /// Whether it is a panorama that goes all the way round: left and right edge are the same line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub panorama: bool,
    /// Faces through time, of a video; numbered from 0 in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<TrackSummary>,
    /// Where a face of a video was probably left open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<UncoveredSpan>,
    /// The only part of a video that was searched and covered; left out where that is all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<SearchedPart>,
    /// Frames of a damaged video that show what a decoder made up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concealed: Vec<FrameSpan>,
    /// SHA-256 over when the frames of a video are shown, counted from the first, as fractions of
    /// seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Digest>,
    /// What decoded and encoded a video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// What was found.
    #[serde(deserialize_with = "read::limited")]
    pub faces: Vec<ReportFace>,
    /// The likeliest of what was not taken for a face, at most ten a frame; of photos only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(deserialize_with = "read::limited")]
    pub rejected: Vec<ReportFace>,
    /// What was covered, or would be.
    #[serde(deserialize_with = "read::limited")]
    pub regions: Vec<ReportRegion>,
    /// Boxes that somebody asked to leave open: a face whose middle lies in one is not covered, on
    /// purpose. x, y, width, height in pixels of the upright picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(deserialize_with = "read::limited")]
    pub ignored: Vec<[f32; 4]>,
    /// What it was covered with; `null` where nothing is covered on principle (`detect`).
    pub style: Option<ReportStyle>,
    /// What was found when the output was verified; left out if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verification>,
    /// Whether a person looked at it and found it right as it is; left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reviewed: bool,
    /// What the source held that the output does not.
    pub dropped: Vec<ContentKind>,
    /// What was written besides the pixels.
    pub kept: Vec<ContentKind>,
    /// Sentences for a person.
    pub warnings: Vec<String>,
    /// Engine and device.
    pub engine: String,
    /// Where the time went.
    pub ms: StageTimings,
    /// Why it failed, the whole chain.
    pub error: Option<String>,
}

impl FileReport {
    /// A line about a file that has not been looked at yet.
    #[must_use]
    pub fn new(engine: &str) -> Self {
        Self {
            schema: SCHEMA,
            input: String::new(),
            output: None,
            outcome: Outcome::Failed,
            sha256: None,
            formats: None,
            width: 0,
            height: 0,
            frames: 0,
            panorama: false,
            tracks: Vec::new(),
            spans: Vec::new(),
            part: None,
            concealed: Vec::new(),
            times: None,
            backend: None,
            faces: Vec::new(),
            rejected: Vec::new(),
            regions: Vec::new(),
            ignored: Vec::new(),
            style: None,
            verify: None,
            reviewed: false,
            dropped: Vec::new(),
            kept: Vec::new(),
            warnings: Vec::new(),
            engine: engine.to_owned(),
            ms: StageTimings::default(),
            error: None,
        }
    }

    /// A line about a file that failed; `error` is the whole chain.
    #[must_use]
    pub fn failed(engine: &str, error: String) -> Self {
        Self {
            error: Some(error),
            ..Self::new(engine)
        }
    }

    /// Whether the file is a video; a photo may have frames, too.
    #[must_use]
    pub const fn is_video(&self) -> bool {
        self.backend.is_some()
    }

    /// Spans of a video that a person must look at: a face may show in them, or the stream is
    /// damaged there.
    #[must_use]
    pub const fn spans_to_look_at(&self) -> usize {
        self.spans.len() + self.concealed.len()
    }

    /// Whether a face is not covered on purpose: its middle lies in a box that was to be left open.
    #[must_use]
    pub fn is_left_open(&self, face: &Rect) -> bool {
        let holds = |&area: &[f32; 4]| parts::rect(area).is_some_and(|r| r.holds(face.center()));
        self.ignored.iter().any(holds)
    }

    /// What is covered in one frame, in the order that it is covered in: tracks by their number,
    /// then what belongs to none.
    #[must_use]
    pub fn regions_of(&self, frame: usize) -> Vec<&ReportRegion> {
        let mut all: Vec<&ReportRegion> = self.regions.iter().filter(|r| r.is_in(frame)).collect();
        all.sort_by_key(|r| r.order());
        all
    }
}

/// Refuses a line that another version wrote.
fn this_schema<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        SCHEMA => Ok(SCHEMA),
        other => Err(de::Error::custom(format_args!(
            "version {other} is not read here, only {SCHEMA}"
        ))),
    }
}
