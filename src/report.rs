//! What is told about one file: the lines of `--report`. Paths are relative names, pictures are never
//! in it. The README documents the schema; a change that breaks a reader raises [`SCHEMA`].

use crate::face::Face;
use crate::geometry::{Rect, Size};
use crate::redact::{Region, Shape, Style};
use serde::Serialize;

/// Version of the report's shape.
pub const SCHEMA: u32 = 1;

/// How a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FileReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Name of the input, relative to what was given.
    pub input: String,
    /// Name of the output, relative to the output folder; `null` if none was written.
    pub output: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Width of the upright picture, 0 if it could not be read.
    pub width: u32,
    /// Height of the upright picture, 0 if it could not be read.
    pub height: u32,
    /// Frames or pages.
    pub frames: usize,
    /// What was found.
    pub faces: Vec<FoundFace>,
    /// What was covered, or would be.
    pub regions: Vec<Covered>,
    /// What it was covered with; `null` where nothing is covered on principle (`detect`).
    pub style: Option<StyleUsed>,
    /// What the source held that the output does not.
    pub dropped: Vec<String>,
    /// What was written besides the pixels.
    pub kept: Vec<String>,
    /// Sentences for a person.
    pub warnings: Vec<String>,
    /// Engine and device.
    pub engine: String,
    /// Where the time went.
    pub ms: Milliseconds,
    /// Why it failed, the whole chain.
    pub error: Option<String>,
}

/// A face in the report.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FoundFace {
    /// Frame or page, counted from 0; left out where there is but one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<usize>,
    /// x, y, width, height in pixels of the upright picture.
    #[serde(rename = "box")]
    pub area: [f32; 4],
    /// Confidence.
    pub score: f32,
    /// Five points, or `null`.
    pub landmarks: Option<[[f32; 2]; 5]>,
    /// Network and scale.
    pub found_by: Vec<String>,
}

/// A covered region in the report.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Covered {
    /// Frame or page, counted from 0; left out where there is but one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<usize>,
    /// `ellipse` or `box`.
    pub shape: &'static str,
    /// x, y, width, height in pixels of the upright picture.
    #[serde(rename = "box")]
    pub area: [f32; 4],
}

/// The style in the report.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StyleUsed {
    /// `blur`, `solid`, `mosaic`, `gaussian` or `image`.
    pub name: &'static str,
    /// Whether the covered pixels left no trace.
    pub irreversible: bool,
}

/// Wall milliseconds per stage.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Milliseconds {
    /// Reading pixels.
    pub decode: f64,
    /// Finding faces.
    pub detect: f64,
    /// Covering them.
    pub redact: f64,
    /// Writing the file's bytes.
    pub encode: f64,
    /// Looking through them for what must not be there.
    pub inspect: f64,
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
            width: 0,
            height: 0,
            frames: 0,
            faces: Vec::new(),
            regions: Vec::new(),
            style: None,
            dropped: Vec::new(),
            kept: Vec::new(),
            warnings: Vec::new(),
            engine: engine.to_owned(),
            ms: Milliseconds::default(),
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
}

/// Rounds to a hundredth: finer would be noise.
fn hundredth(v: f32) -> f32 {
    (v * 100.0).round() / 100.0
}

fn corners(r: &Rect) -> [f32; 4] {
    [r.left(), r.top(), r.width(), r.height()].map(hundredth)
}

impl FoundFace {
    pub(crate) fn new(frame: Option<usize>, face: &Face) -> Self {
        Self {
            frame,
            area: corners(&face.area),
            score: (face.score * 1e4).round() / 1e4,
            landmarks: face
                .landmarks
                .map(|l| l.map(|p| [hundredth(p.x), hundredth(p.y)])),
            found_by: face.found_by.clone(),
        }
    }
}

impl Covered {
    /// `within`: the upright picture, to which the region is clipped.
    pub(crate) fn new(frame: Option<usize>, region: &Region, within: Size) -> Option<Self> {
        let area = region.area.intersection(&Rect::of(within))?;
        Some(Self {
            frame,
            shape: match region.shape {
                Shape::Ellipse => "ellipse",
                Shape::Box => "box",
            },
            area: corners(&area),
        })
    }
}

impl StyleUsed {
    pub(crate) fn new(style: &Style) -> Self {
        Self {
            name: style.name(),
            irreversible: style.is_irreversible(),
        }
    }
}
