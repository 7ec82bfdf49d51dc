//! Finds writing: number plates, badges, signs, screens. It says where letters are and never reads
//! them.
//!
//! The network gives for every pixel how likely it is part of a line of writing; lines are what
//! hangs together. Each is the rectangle with the least area around it, turned as it lies, and
//! grown, since the network marks the inner part of a line only.
//!
//! Invariant: a line found at any scale is covered, whatever the others say of it.

mod lines;
mod plate;

use super::letterbox::{Canvas, Ink, Letterbox};
use super::look::letterboxes;
use super::pool::Pool;
use super::weights::{self, ModelSource};
use crate::error::Result;
use crate::face::{Face, Subject};
use crate::geometry::{Point, Quad, Size};
use crate::picture::Picture;
use faceveil_engine::Engine;
use lines::Line;

/// The file of the network in `models/`.
pub(super) const FILE: &str = "text_ppocrv4.onnx";
/// Blue, green, red, about zero.
const INK: Ink = Ink {
    channels: [2, 1, 0],
    mean: [127.5; 3],
};
/// Longer sides at which pictures are searched: at the largest small writing is found, at the
/// smaller ones what is too large for it. Measured on labelled plates, see `docs/text.md`.
const SCALES: [f32; 3] = [1280.0, 640.0, 320.0];
/// Pictures are not made larger than this many times for it.
const MOST: f32 = 2.0;
/// Where the first scale is larger than those, the next one is smaller by this factor at least.
const APART: f32 = 1.6;
/// Share of a line that another covers from which it is the same.
const SAME: f32 = 0.9;

/// Which writing to cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Writing {
    /// All of it.
    All,
    /// What has the proportions and the size of a number plate.
    Plates,
}

/// Finds writing in pictures. Share one between threads.
pub(super) struct TextDetector {
    pool: Pool,
    writing: Writing,
    min_height: f32,
    least: f32,
}

impl TextDetector {
    /// Loads the network. `least`: share of their own scale at which pictures are searched at
    /// least, in tiles.
    pub(super) fn new(
        engine: &Engine,
        models: &ModelSource,
        (writing, min_height): (Writing, f32),
        least: f32,
    ) -> Result<Self> {
        let model = weights::read_text(models)?;
        Ok(Self {
            pool: Pool::new(engine.load(&model)?),
            writing,
            min_height,
            least,
        })
    }

    /// The lines of writing in a picture, the likeliest first.
    pub(super) fn detect(&self, picture: &dyn Picture) -> Result<Vec<Face>> {
        let size = picture.size();
        if size.is_empty() {
            return Ok(vec![]);
        }
        let mut found = vec![];
        for factor in factors(size.longest() as f32, self.least) {
            for place in letterboxes(size, factor) {
                let content = picture.view(place.crop, place.content)?;
                let outputs = self.pool.run(&Canvas {
                    size: place.canvas,
                    ink: INK,
                    parts: vec![(&place, &content)],
                })?;
                let lines = lines::decode(&outputs, place.canvas, place.content)?;
                let name = || format!("text@{}", (factor * 100.0).round() / 100.0);
                found.extend(
                    lines
                        .iter()
                        .filter_map(|line| self.face(line, &place, size, name)),
                );
            }
        }
        found.sort_by(|a: &Face, b: &Face| b.score.total_cmp(&a.score));
        Ok(apart(found))
    }

    /// A line as it lies in the picture, if it is one to cover.
    fn face(
        &self,
        line: &Line,
        place: &Letterbox,
        picture: Size,
        name: impl Fn() -> String,
    ) -> Option<Face> {
        let [a, b, _, d] = line.letters().map(|p| place.to_picture(p));
        let side = |p: Point, q: Point| (p.x - q.x).hypot(p.y - q.y);
        let (along, across) = (side(a, b), side(a, d));
        let angle = (b.y - a.y).atan2(b.x - a.x).to_degrees();
        if across < self.min_height {
            return None;
        }
        if self.writing == Writing::Plates && !plate::fits((along, across), angle, picture) {
            return None;
        }
        let corners = Quad::new(line.covered().map(|p| place.to_picture(p)))?;
        Some(Face {
            subject: Subject::Text,
            area: corners.bounds(),
            corners: Some(corners),
            score: line.score,
            landmarks: None,
            found_by: vec![name()],
        })
    }
}

/// At which scales a picture is searched, falling: with so many pixels on its longer side.
fn factors(own: f32, least: f32) -> Vec<f32> {
    let finest = (own * least).max(SCALES[0]);
    let others = SCALES.into_iter().filter(|scale| scale * APART <= finest);
    let all = [finest].into_iter().chain(others);
    all.map(|scale| (scale / own).min(MOST)).collect()
}

/// Without those that lie in another, which take its name along.
pub(super) fn apart(mut all: Vec<Face>) -> Vec<Face> {
    let mut kept: Vec<Face> = vec![];
    // The largest first: what it covers need not be told again.
    all.sort_by(|a, b| b.area.area().total_cmp(&a.area.area()));
    for face in all {
        let inside = |other: &&mut Face| share(&face, other) >= SAME;
        match kept.iter_mut().find(inside) {
            Some(other) => {
                other.score = other.score.max(face.score);
                for name in face.found_by {
                    if !other.found_by.contains(&name) {
                        other.found_by.push(name);
                    }
                }
            }
            None => kept.push(face),
        }
    }
    kept.sort_by(|a, b| b.score.total_cmp(&a.score));
    kept
}

/// Points a side of the grid that a line is compared with.
const GRID: usize = 9;

/// Share of a line that lies in another.
fn share(face: &Face, other: &Face) -> f32 {
    let (Some(own), Some(quad)) = (face.corners, other.corners) else {
        return 0.0;
    };
    if face.area.intersection(&other.area).is_none() {
        return 0.0;
    }
    let [a, b, c, d] = own.corners();
    let at = |p: Point, q: Point, t: f32| Point::new(p.x + (q.x - p.x) * t, p.y + (q.y - p.y) * t);
    let mut held = 0;
    for i in 0..GRID {
        for k in 0..GRID {
            let (s, t) = (i as f32 / (GRID - 1) as f32, k as f32 / (GRID - 1) as f32);
            let p = at(at(a, b, s), at(d, c, s), t);
            held += u32::from(quad.holds(p, 0.5));
        }
    }
    held as f32 / (GRID * GRID) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_are_searched_at_their_own_scale_and_at_coarser_ones() {
        let at = |own: f32, least| {
            factors(own, least)
                .into_iter()
                .map(move |f| (f * own).round())
        };
        assert!(at(1280.0, 1.0).eq([1280.0, 640.0, 320.0]));
        assert!(at(4000.0, 1.0).eq([4000.0, 1280.0, 640.0, 320.0]));
        assert!(at(2000.0, 1.0).eq([2000.0, 640.0, 320.0]));
        assert!(at(4000.0, 0.5).eq([2000.0, 640.0, 320.0]));
        assert!(at(1280.0, 2.0).eq([2560.0, 1280.0, 640.0, 320.0]));
        assert!(at(500.0, 1.0).eq([1000.0, 640.0, 320.0]));
    }

    fn line(x: f32, y: f32, w: f32, h: f32, score: f32) -> Face {
        let corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)];
        let quad = Quad::new(corners.map(|(x, y)| Point::new(x, y))).expect("finite");
        Face {
            subject: Subject::Text,
            area: quad.bounds(),
            corners: Some(quad),
            score,
            landmarks: None,
            found_by: vec![format!("text@{w}")],
        }
    }

    #[test]
    fn a_line_that_lies_in_another_is_told_once() {
        let all = apart(vec![
            line(10.0, 10.0, 50.0, 10.0, 0.9),
            line(8.0, 8.0, 60.0, 14.0, 0.6),
            line(100.0, 8.0, 60.0, 14.0, 0.7),
            line(55.0, 8.0, 40.0, 14.0, 0.5),
        ]);
        let scores: Vec<f32> = all.iter().map(|f| f.score).collect();
        assert_eq!(scores, [0.9, 0.7, 0.5]);
        assert_eq!(all[0].found_by, ["text@60", "text@50"]);
        assert_eq!(all[0].area.width(), 60.0, "the larger one is kept");
    }
}
