//! Faces, regions and numbers of one line.

use crate::digest::Digest;
use crate::face::{Face, Subject};
use crate::geometry::{Point, Quad, Rect, Size};
use crate::redact::{Region, Shape};
use crate::track::{Span, Summary};
use serde::{Deserialize, Serialize};

/// SHA-256 of whole files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FileDigests {
    /// Of the input.
    pub input: Digest,
    /// Of the output; `null` if none was written.
    pub output: Option<Digest>,
}

impl FileDigests {
    /// Of a file of which nothing was written yet.
    #[must_use]
    pub const fn of_input(input: Digest) -> Self {
        Self {
            input,
            output: None,
        }
    }
}

/// The format that a photo had, and another in which it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FormatChange {
    /// Of the input: `heic`, or `raw` where the preview of a raw file was taken.
    pub input: String,
    /// Of the output: `jpeg`.
    pub output: String,
}

impl FormatChange {
    /// The input of a camera's raw file.
    pub(crate) const RAW: &'static str = "raw";

    /// Whether the input is the preview of a camera's raw file.
    #[must_use]
    pub fn is_of_raw(&self) -> bool {
        self.input == Self::RAW
    }

    pub(crate) fn new(input: &str, output: &str) -> Self {
        Self {
            input: input.to_owned(),
            output: output.to_owned(),
        }
    }
}

/// A face in the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReportFace {
    /// Frame or page, counted from 0; left out where there is but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<usize>,
    /// Number of its track, in a video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<usize>,
    /// What it is; left out for a face.
    #[serde(default, skip_serializing_if = "Subject::is_face")]
    pub subject: Subject,
    /// x, y, width, height in pixels of the upright picture.
    #[serde(rename = "box")]
    pub area: [f32; 4],
    /// The four corners of writing, clockwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corners: Option<[[f32; 2]; 4]>,
    /// Confidence.
    pub score: f32,
    /// Five points, or `null`.
    pub landmarks: Option<[[f32; 2]; 5]>,
    /// Network and scale.
    pub found_by: Vec<String>,
}

/// A covered region in the report.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReportRegion {
    /// Frame or page of a photo that has several, counted from 0. With neither this nor `frames`,
    /// the region is in all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<usize>,
    /// Number of the track that it follows, in a video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<usize>,
    /// First and last frame that it is in, in a video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<[usize; 2]>,
    /// What it is; left out for a face and for what was covered without being found.
    #[serde(default, skip_serializing_if = "Subject::is_face")]
    pub subject: Subject,
    /// Outline.
    pub shape: Shape,
    /// x, y, width, height in pixels of the upright picture, of the whole shape: it may reach
    /// beyond the picture's edge, where it is cut.
    #[serde(rename = "box")]
    pub area: [f32; 4],
    /// The corners of the shape `quad`, clockwise; without them, or where the box is not the one
    /// around them, it is the whole box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corners: Option<[[f32; 2]; 4]>,
}

/// One face of a video, from the first frame in which it is covered to the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TrackSummary {
    /// What was followed; left out for a face.
    #[serde(default, skip_serializing_if = "Subject::is_face")]
    pub subject: Subject,
    /// First frame, counted from 0.
    pub first: usize,
    /// Last frame.
    pub last: usize,
    /// Frames in which it was seen.
    pub seen: usize,
    /// Frames in between in which it was not.
    pub between: usize,
    /// Frames before it was first seen and after it was last seen.
    pub beyond: usize,
}

/// Frames, both ends included, in which a face or writing was lost and nothing covers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UncoveredSpan {
    /// What was lost; left out for a face.
    #[serde(default, skip_serializing_if = "Subject::is_face")]
    pub subject: Subject,
    /// First frame, counted from 0.
    pub first: usize,
    /// Last frame.
    pub last: usize,
    /// When both are shown, from the start.
    pub seconds: [f64; 2],
    /// Where it was before or is after: x, y, width, height in pixels of the upright picture.
    #[serde(rename = "box")]
    pub area: [f32; 4],
}

/// Wall milliseconds per stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StageTimings {
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

/// Numbers from here on have no hundredths, and overflow if they are multiplied.
const COARSE: f32 = 1e6;

/// Rounds to a hundredth: finer would be noise.
fn hundredth(v: f32) -> f32 {
    rounded(v, f32::round)
}

fn rounded(v: f32, how: fn(f32) -> f32) -> f32 {
    match v.abs() < COARSE {
        true => how(v * 100.0) / 100.0,
        false => v,
    }
}

fn corners(r: &Rect) -> [f32; 4] {
    [r.left(), r.top(), r.width(), r.height()].map(hundredth)
}

/// The corners of a report.
fn quad(corners: [[f32; 2]; 4]) -> Option<Quad> {
    Quad::new(corners.map(|[x, y]| Point::new(x, y)))
}

/// Corners in hundredths of pixels.
fn quad_corners(quad: &Quad) -> [[f32; 2]; 4] {
    quad.corners().map(|p| [hundredth(p.x), hundredth(p.y)])
}

impl ReportFace {
    pub(crate) fn new(frame: Option<usize>, face: &Face) -> Self {
        Self {
            frame,
            track: None,
            subject: face.subject,
            corners: face.corners.as_ref().map(quad_corners),
            area: corners(&face.area),
            score: (face.score * 1e4).round() / 1e4,
            landmarks: face
                .landmarks
                .map(|l| l.map(|p| [hundredth(p.x), hundredth(p.y)])),
            found_by: face.found_by.clone(),
        }
    }
}

impl ReportFace {
    /// The corners of writing.
    pub(crate) fn quad(&self) -> Option<Quad> {
        self.corners.and_then(quad)
    }
}

impl ReportRegion {
    /// The region in hundredths of pixels, rounded outward: what is written, and so what is
    /// covered. `None` if it shares nothing with the upright picture.
    pub(crate) fn new(region: &Region, within: Size) -> Option<Self> {
        let picture = Rect::of(within);
        region.area.intersection(&picture)?;
        let outward = |r: &Rect| {
            let (x, y) = (rounded(r.left(), f32::floor), rounded(r.top(), f32::floor));
            let (w, h) = (r.right() - x, r.bottom() - y);
            [x, y, rounded(w, f32::ceil), rounded(h, f32::ceil)]
        };
        let mut area = outward(&region.area);
        if rect(area).is_none() {
            area = outward(&picture);
        }
        Some(Self {
            frame: None,
            track: None,
            frames: None,
            subject: Subject::Face,
            shape: region.shape,
            area,
            corners: region.corners.as_ref().map(quad_corners),
        })
    }

    /// Of something else than a face.
    pub(crate) const fn about(mut self, subject: Subject) -> Self {
        self.subject = subject;
        self
    }

    /// In one frame of a photo with several.
    pub(crate) const fn of_frame(mut self, frame: Option<usize>) -> Self {
        self.frame = frame;
        self
    }

    /// Following a track.
    pub(crate) const fn of_track(mut self, track: usize) -> Self {
        self.track = Some(track);
        self
    }

    /// The region itself; `None` if its box cannot be, which a report that was read never has.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        let area = rect(self.area)?;
        let corners = self.corners.filter(|_| self.shape == Shape::Quad);
        let quad = corners.and_then(quad).filter(|quad| is_around(&area, quad));
        Some(quad.map_or(Region::new(self.shape, area), Region::quad))
    }

    /// Whether it is in a frame.
    #[must_use]
    pub fn is_in(&self, frame: usize) -> bool {
        let one = self.frame.is_none_or(|f| f == frame);
        one && self
            .frames
            .is_none_or(|[first, last]| (first..=last).contains(&frame))
    }

    /// Where it comes among those of its frame.
    pub(crate) fn order(&self) -> usize {
        self.track.unwrap_or(usize::MAX)
    }
}

/// Whether a box is the one around these corners, but for rounding: one that somebody changed
/// counts instead of them.
fn is_around(area: &Rect, quad: &Quad) -> bool {
    let sides = |r: &Rect| [r.left(), r.top(), r.right(), r.bottom()];
    let mut pairs = sides(area).into_iter().zip(sides(&quad.bounds()));
    pairs.all(|(a, b)| (a - b).abs() <= 0.5)
}

/// A box of a report.
pub(super) fn rect([x, y, width, height]: [f32; 4]) -> Option<Rect> {
    Rect::new(x, y, width, height)
}

impl From<&Summary> for TrackSummary {
    fn from(track: &Summary) -> Self {
        Self {
            subject: track.subject,
            first: track.first,
            last: track.last,
            seen: track.seen,
            between: track.between,
            beyond: track.beyond,
        }
    }
}

impl UncoveredSpan {
    pub(crate) fn new(span: &Span) -> Self {
        Self {
            subject: span.subject,
            first: span.first,
            last: span.last,
            seconds: span.seconds.map(|s| (s * 1e3).round() / 1e3),
            area: corners(&span.area),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_holds_what_was_to_be_covered_and_survives_a_report(
            x in -300.0f32..4000.0, y in -300.0f32..4000.0, w in 0.01f32..900.0, h in 0.01f32..900.0
        ) {
            let area = Rect::new(x, y, w, h).expect("a box");
            let reported = ReportRegion::new(&Region::new(Shape::Ellipse, area), Size::new(4000, 3000));
            if let Some(reported) = reported {
                let covered = reported.region().expect("a box").area;
                // But for what single precision does to hundredths.
                let near = |reported: f32, own: f32| reported <= own + 1e-3;
                prop_assert!(near(covered.left(), area.left()) && near(covered.top(), area.top()));
                prop_assert!(near(area.right(), covered.right()));
                prop_assert!((covered.right() - area.right()).abs() < 0.025);
                let line = serde_json::to_string(&reported).expect("written");
                prop_assert_eq!(serde_json::from_str::<ReportRegion>(&line).expect("read"), reported);
            }
        }
    }

    #[test]
    fn a_region_without_end_covers_the_whole_picture() {
        let all = Rect::from_corners(-3e38, -3e38, 3e38, 3e38).expect("finite");
        let reported = ReportRegion::new(&Region::new(Shape::Box, all), Size::new(40, 30));
        let covered = reported.expect("covered").region().expect("a box").area;
        assert_eq!(covered, Rect::of(Size::new(40, 30)));
    }
}
