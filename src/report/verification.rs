//! What a second look at an output came to.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What was found when an output was verified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Verification {
    /// All of it in one word.
    pub verdict: Verdict,
    /// What a person must look at; empty if it passed.
    pub findings: Vec<VerifyFinding>,
}

impl Verification {
    /// A verdict and what it rests on.
    #[must_use]
    pub const fn new(verdict: Verdict, findings: Vec<VerifyFinding>) -> Self {
        Self { verdict, findings }
    }
}

/// Whether an output may be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Every check ran, and none found anything.
    Passed,
    /// A person must look.
    Found,
    /// A check could not run, which is never a pass.
    NotChecked,
}

/// What a person must look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum VerifyFindingKind {
    /// A region in which the picture shows something else than the style does.
    Uncovered,
    /// A face that no mask covers.
    Face,
    /// Writing that no mask covers.
    Text,
    /// Something else that no mask covers.
    Object,
    /// Something beside the picture.
    Hidden,
    /// Another file than the report is about.
    Changed,
    /// A file that cannot be read to its end.
    Damaged,
    /// Frames at other times than the source's.
    Times,
    /// An output that the report names and that is not there.
    Missing,
    /// A check that could not run.
    NotChecked,
}

impl VerifyFindingKind {
    /// Its name in a report: `not-checked`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uncovered => "uncovered",
            Self::Face => "face",
            Self::Text => "text",
            Self::Object => "object",
            Self::Hidden => "hidden",
            Self::Changed => "changed",
            Self::Damaged => "damaged",
            Self::Times => "times",
            Self::Missing => "missing",
            Self::NotChecked => "not-checked",
        }
    }
}

impl fmt::Display for VerifyFindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that a person must look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VerifyFinding {
    /// What it is.
    pub kind: VerifyFindingKind,
    /// Frame or page, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<usize>,
    /// x, y, width, height in pixels of the upright picture.
    #[serde(default, rename = "box", skip_serializing_if = "Option::is_none")]
    pub area: Option<[f32; 4]>,
    /// Confidence of a face.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    /// Where in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// A sentence.
    pub reason: String,
}

impl VerifyFinding {
    /// Without place or score.
    #[must_use]
    pub fn new(kind: VerifyFindingKind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            frame: None,
            area: None,
            score: None,
            place: None,
            reason: reason.into(),
        }
    }
}
