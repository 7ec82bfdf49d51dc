//! A face as a place in a picture, and nothing more: no identity, no attribute.

use crate::geometry::{Point, Quad, Rect};
use serde::{Deserialize, Serialize};

/// Right eye, left eye, nose, right and left corner of the mouth (the person's own right and left),
/// in pixels of the upright picture.
pub type Landmarks = [Point; 5];

/// What it is that was found or covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Subject {
    /// A face.
    #[default]
    Face,
    /// Writing: a number plate, a name badge, a screen. Where it is, not what it says.
    Text,
}

impl Subject {
    /// Whether it is a face, which reports leave out.
    #[must_use]
    pub fn is_face(&self) -> bool {
        *self == Self::Face
    }
}

/// A face, or writing, that a detector found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Face {
    /// What it is.
    pub subject: Subject,
    /// Of writing: its corners, a little grown; `area` is the rectangle around them.
    pub corners: Option<Quad>,
    /// Its box in pixels of the upright picture; may reach beyond the edge.
    pub area: Rect,
    /// Confidence in 0..=1, comparable within one preset.
    pub score: f32,
    /// Five points, where the network that found it gives them.
    pub landmarks: Option<Landmarks>,
    /// Which network saw it at which scale: `centerface@0.5`. Never empty.
    pub found_by: Vec<String>,
}
