//! Single faces that lie or stand on their head among people on their feet: somebody on the ground, a sleeping
//! child. What the cheapest network sees in the turned copies is looked at closely, each sighting turned upright.
//!
//! Invariant: a face that is known already is never reported again, and a picture costs a bounded number of
//! close-ups.

use super::decide::odds;
use super::heads::Head;
use super::second_look::{Glance, second_look};
use super::tilted::{Tilted, TiltedTurned};
use super::turned::{Shown, Turned};
use super::{Detected, Detector, WORTH_TELLING};
use crate::error::Result;
use crate::face::Face;
use crate::geometry::{Orientation, PixelRect, Point, Rect, Size};
use crate::picture::{Picture, RgbImage};

/// Intersection over union above which sightings in two turns are the same face. Boxes of tilted copies are squares.
const SAME: f32 = 0.3;
/// What is cut out for a close-up is so many times the longer side of the sighting: the surroundings that a second
/// look sees, and what a turn by an eighth needs beyond.
const SURROUNDINGS: f32 = 4.6;
/// The size whose logarithm is zero: longer side on the canvas of the turned look, in pixels.
const UNIT: f32 = 30.0;

/// How single turned faces are judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Singles {
    /// A weight per feature, in the order of [`Single::features`], and the constant term.
    pub(super) weights: &'static [f32],
    /// Least probability of a face.
    pub(super) threshold: f32,
    /// Most close-ups of one picture.
    pub(super) most: usize,
}

/// By how much a copy of a picture is turned clockwise: by quarters, perhaps on top of an eighth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    pub(super) quarters: Orientation,
    pub(super) eighth: bool,
}

/// What the cheapest network sees in a turned copy, in picture pixels.
#[derive(Clone, Debug)]
pub(super) struct TurnedSighting {
    pub(super) area: Rect,
    pub(super) score: f32,
    pub(super) turn: Turn,
    /// Longer side on the canvas that it was seen on.
    pub(super) side: f32,
}

/// All that is known about one turned face.
pub(super) struct Single {
    best: TurnedSighting,
    /// Best score in any other turn, 0 for none.
    other: f32,
    /// Probability of what was seen there upright and not taken for a face.
    upright: f32,
    /// What a close-up shows in which the face stands upright.
    glance: Option<Glance>,
}

impl Single {
    fn features(&self) -> [f32; 6] {
        let size = (self.best.side.max(1.0) / UNIT).ln();
        let glance = self.glance.as_ref().map_or(0.0, |g| g.score);
        let [best, other, upright, glance] =
            [self.best.score, self.other, self.upright, glance].map(odds);
        [best, other, upright, glance, size, size * size]
    }

    fn probability(&self, weights: &[f32]) -> f32 {
        let terms = self.features().into_iter().chain([1.0]).zip(weights);
        let sum: f32 = terms.map(|(v, w)| v * w).sum();
        1.0 / (1.0 + (-sum).exp())
    }

    /// For `scripts/fit_singles.py`: box, box of the close-up (0 for none), features.
    pub(super) fn row(&self) -> Vec<f32> {
        let corners = |r: &Rect| [r.left(), r.top(), r.right(), r.bottom()];
        let mut row = corners(&self.best.area).to_vec();
        row.extend(self.glance.as_ref().map_or([0.0; 4], |g| corners(&g.area)));
        row.extend(self.features());
        row
    }
}

/// One for each place, the likeliest first.
fn groups(mut sightings: Vec<TurnedSighting>, rejected: &[Face]) -> Vec<Single> {
    sightings.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut all: Vec<Single> = Vec::new();
    for s in sightings {
        match all.iter_mut().find(|g| g.best.area.iou(&s.area) > SAME) {
            Some(group) if group.best.turn != s.turn => group.other = group.other.max(s.score),
            Some(_) => {}
            None => {
                let there = rejected.iter().filter(|f| f.area.iou(&s.area) > SAME);
                all.push(Single {
                    upright: there.map(|f| f.score).fold(0.0, f32::max),
                    best: s,
                    other: 0.0,
                    glance: None,
                });
            }
        }
    }
    let surety = |s: &Single| s.best.score + s.other;
    all.sort_by(|a, b| surety(b).total_cmp(&surety(a)));
    all
}

/// A part of a picture.
struct Part<'a> {
    picture: &'a dyn Picture,
    area: PixelRect,
}

impl Picture for Part<'_> {
    fn size(&self) -> Size {
        Size::new(self.area.width, self.area.height)
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        let (x, y) = (self.area.x + crop.x, self.area.y + crop.y);
        let crop = PixelRect::new(x, y, crop.width, crop.height);
        self.picture.view(crop, size)
    }
}

impl Detector {
    /// What is known about the turned faces that are none of those found, with a close-up each.
    pub(super) fn singles(
        &self,
        picture: &dyn Picture,
        sightings: Vec<TurnedSighting>,
        most: usize,
        tile: u32,
        known: &Detected,
    ) -> Result<Vec<Single>> {
        let mut all = groups(sightings, &known.rejected);
        all.truncate(most);
        for single in &mut all {
            single.glance = self.close_up(picture, &single.best, tile)?;
        }
        Ok(all)
    }

    /// What CenterFace sees in the middle of a sighting that is turned upright, in picture pixels.
    fn close_up(
        &self,
        picture: &dyn Picture,
        sighting: &TurnedSighting,
        tile: u32,
    ) -> Result<Option<Glance>> {
        let Some(wanted) = square(
            sighting.area.center(),
            sighting.area.longest() * SURROUNDINGS,
        ) else {
            return Ok(None);
        };
        let Some(area) = wanted.round_out(picture.size()) else {
            return Ok(None);
        };
        let part = Part { picture, area };
        let middle = sighting.area.center();
        let middle = Point::new(middle.x - area.x as f32, middle.y - area.y as f32);
        let side = sighting.area.longest();
        let pool = self.pool(Head::CenterFace)?;
        let quarters = sighting.turn.quarters;
        let look = |shown: &dyn Shown, at: Point, side: f32| -> Result<Option<Glance>> {
            let there: Vec<Rect> = square(at, side).into_iter().collect();
            let glance = second_look(shown, &there, tile, pool)?.into_iter().next();
            let back = |p: Point| {
                let p = shown.point_back(p);
                Point::new(p.x + area.x as f32, p.y + area.y as f32)
            };
            Ok(glance.flatten().and_then(|g| {
                let (x, y) = (area.x as f32, area.y as f32);
                Some(Glance {
                    area: shown.rect_back(&g.area).mapped(x, y, 1.0, 1.0)?,
                    score: g.score,
                    landmarks: g.landmarks.map(|l| l.map(back)),
                })
            }))
        };
        if sighting.turn.eighth {
            // A tile shows 3.2 times the face: no more pixels than that are needed.
            let longest = (tile as f32 * 2.2) as u32;
            let tilted = Tilted::new(&part, longest, 0.0)?;
            let shown = TiltedTurned {
                tilted: &tilted,
                turn: quarters,
            };
            let (at, scale) = tilted.forward(middle);
            let at = quarters.to_upright(at, shown.size());
            return look(&shown, at, side * scale);
        }
        let shown = Turned {
            picture: &part,
            turn: quarters,
        };
        look(&shown, quarters.to_upright(middle, part.size()), side)
    }
}

/// Adds the single turned faces.
pub(super) fn judge_singles(singles: Vec<Single>, judge: &Singles, all: &mut Detected) {
    for single in singles {
        let score = single.probability(judge.weights);
        let face = Face {
            area: single.best.area,
            score,
            landmarks: single.glance.and_then(|g| g.landmarks),
            found_by: vec![format!("yunet{}", label(single.best.turn))],
        };
        if score >= judge.threshold {
            all.faces.push(face);
        } else if score >= WORTH_TELLING {
            all.rejected.push(face);
        }
    }
}

fn square(middle: Point, side: f32) -> Option<Rect> {
    Rect::new(middle.x - side / 2.0, middle.y - side / 2.0, side, side)
}

/// For the report: by how many degrees, clockwise, the picture was turned.
fn label(turn: Turn) -> String {
    let quarters = match turn.quarters {
        Orientation::Rotate90 => 90,
        Orientation::Rotate180 => 180,
        Orientation::Rotate270 => 270,
        _ => 0,
    };
    format!("+{}", quarters + 45 * u32::from(turn.eighth))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(x: f32, score: f32, quarters: Orientation) -> TurnedSighting {
        TurnedSighting {
            area: Rect::new(x, 20.0, 30.0, 30.0).expect("finite"),
            score,
            turn: Turn {
                quarters,
                eighth: false,
            },
            side: 30.0,
        }
    }

    #[test]
    fn what_two_turns_show_counts_more_than_what_one_does() {
        let seen = vec![
            sighting(10.0, 0.5, Orientation::Rotate90),
            sighting(12.0, 0.4, Orientation::Rotate180),
            sighting(11.0, 0.3, Orientation::Rotate90),
            sighting(200.0, 0.6, Orientation::Rotate90),
        ];
        let rejected = Face {
            area: Rect::new(198.0, 19.0, 30.0, 30.0).expect("finite"),
            score: 0.1,
            landmarks: None,
            found_by: vec![],
        };
        let all = groups(seen, &[rejected]);
        let told: Vec<[f32; 3]> = all
            .iter()
            .map(|s| [s.best.score, s.other, s.upright])
            .collect();
        assert_eq!(told, [[0.5, 0.4, 0.0], [0.6, 0.0, 0.1]]);
    }

    #[test]
    fn every_feature_has_a_weight() {
        let all = groups(vec![sighting(10.0, 0.5, Orientation::Rotate90)], &[]);
        let weights = super::super::weights_of_evidence::SINGLES;
        assert_eq!(all[0].features().len() + 1, weights.len());
    }
}
