//! A face as a place in a picture, and nothing more: no identity, no attribute.

use crate::geometry::{Point, Rect};

/// Right eye, left eye, nose, right and left corner of the mouth (the person's own right and left),
/// in pixels of the upright picture.
pub type Landmarks = [Point; 5];

/// A face that a detector found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Face {
    /// Its box in pixels of the upright picture; may reach beyond the edge.
    pub area: Rect,
    /// Confidence in 0..=1, comparable within one preset.
    pub score: f32,
    /// Five points, where the network that found it gives them.
    pub landmarks: Option<Landmarks>,
    /// Which network saw it at which scale: `centerface@0.5`. Never empty.
    pub found_by: Vec<String>,
}
