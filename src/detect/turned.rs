//! Faces that lie on their side, askew, or stand on their head. The networks see those turned by up
//! to about 30 degrees; so the picture is shown turned, too.
//!
//! Invariant: what is found comes back in pixels of the picture as it was given.

use super::heads::Head;
use super::look::Look;
use super::merge::Sighting;
use super::plan::Plan;
use super::second_look::second_look;
use super::tilted::{Tilted, TiltedTurned};
use super::{Detected, Detector};
use crate::error::Result;
use crate::face::Face;
use crate::geometry::{Orientation, PixelRect, Point, Rect, Size};
use crate::parallel::{self, Share};
use crate::picture::{Picture, RgbImage};

/// The turns by quarters that a picture is tried in besides its own.
const TURNS: [Orientation; 3] = [
    Orientation::Rotate90,
    Orientation::Rotate180,
    Orientation::Rotate270,
];

/// A turn shows more than upright if the scores of all that is seen in it come to so much more: one
/// face.
const MORE: f32 = 0.5;
/// The likeliest faces of a turn that get a second look.
const MOST_HINTS: usize = 2;
/// Longest side of the copy that is searched in a turn by an eighth: one canvas or two across.
const MOST_TILTED: u32 = 1792;

/// Canvas pixels of a face that any look sees if it is one.
const PLAIN: std::ops::Range<f32> = 32.0..560.0;

/// How a plan deals with turned faces.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Turns {
    /// How a picture is shown turned; its floor is what makes a turn worth a second look.
    pub(super) look: Look,
    /// The same for turns by an odd number of eighths.
    pub(super) look_tilted: Look,
    /// In which of these it is shown: turns by quarters, on top of an eighth.
    pub(super) tilts: &'static [Orientation],
    /// How much of the picture's corners is left out there, see [`Tilted::new`].
    pub(super) corners: f32,
    /// Least score of the second look for a turn to be searched, unless it shows more than upright.
    pub(super) confirmed: f32,
    /// Least probability of a face in a turn that is not how the picture belongs.
    pub(super) threshold: f32,
    /// Whether the picture is shown inverted, too.
    pub(super) negatives: bool,
}

/// A picture as it is seen after a turn.
pub(super) trait Shown: Picture {
    /// A point of the turned picture in the picture itself.
    fn point_back(&self, p: Point) -> Point;

    /// A rectangle of the turned picture in the picture itself.
    fn rect_back(&self, r: &Rect) -> Rect;

    /// For the report: by how many degrees, clockwise, the picture was turned.
    fn label(&self) -> &'static str;

    /// A face of the turned picture in the picture itself.
    fn face_back(&self, mut face: Face) -> Face {
        face.area = self.rect_back(&face.area);
        face.landmarks = face
            .landmarks
            .map(|points| points.map(|p| self.point_back(p)));
        face.found_by
            .iter_mut()
            .for_each(|by| by.push_str(self.label()));
        face
    }
}

/// A picture after a turn by quarters.
struct Turned<'a> {
    picture: &'a dyn Picture,
    turn: Orientation,
}

impl Picture for Turned<'_> {
    fn size(&self) -> Size {
        self.turn.upright_size(self.picture.size())
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        view(self.picture, self.turn, crop, size)
    }
}

/// A part of a picture after a turn.
pub(super) fn view(
    picture: &dyn Picture,
    turn: Orientation,
    crop: PixelRect,
    size: Size,
) -> Result<RgbImage> {
    let stored_crop = turn.pixels_to_stored(crop, picture.size());
    let stored_size = turn.upright_size(size);
    let image = picture.view(stored_crop, stored_size)?;
    let turned = turn.upright_pixels::<3>(image.data(), stored_size);
    RgbImage::new(size, turned)
}

impl Shown for Turned<'_> {
    fn point_back(&self, p: Point) -> Point {
        self.turn.to_stored(p, self.picture.size())
    }

    fn rect_back(&self, r: &Rect) -> Rect {
        self.turn.rect_to_stored(r, self.picture.size())
    }

    fn label(&self) -> &'static str {
        match self.turn {
            Orientation::Rotate90 => "+90",
            Orientation::Rotate180 => "+180",
            Orientation::Rotate270 => "+270",
            _ => "",
        }
    }
}

/// What the cheapest network takes for a face in a turned picture.
pub(super) struct Hint {
    area: Rect,
    score: f32,
}

/// What was found before any turn.
pub(super) struct Before {
    areas: Vec<Rect>,
    /// The sum of the scores.
    sure: f32,
    /// The same of what the cheapest network sees upright.
    hinted: f32,
}

impl Before {
    /// What is known, and what the cheapest network sees in the picture as it is.
    pub(super) fn new(all: &Detected, hints: &[Hint]) -> Self {
        Self {
            areas: areas(&all.faces),
            sure: sure(&all.faces),
            hinted: total(hints),
        }
    }

    fn is_new(&self, area: &Rect) -> bool {
        !self.areas.iter().any(|f| f.holds(area.center()))
    }

    /// Whether a turn shows more than was seen without it.
    fn knew_less_than(&self, hints: &[Hint]) -> bool {
        total(hints) > self.hinted + MORE
    }
}

/// The turns in which something was seen.
type Hints = Vec<(Orientation, Vec<Hint>)>;

/// A tilted copy, and what was seen in each turn of it.
type TiltedHints = (Tilted, Hints);

/// What was seen in all turns of a small picture.
pub(super) struct TurnedHints {
    hinted: Hints,
    tilted: Option<TiltedHints>,
}

/// The turns in which something was seen, of all.
fn some(all: Vec<Result<(Orientation, Vec<Hint>)>>) -> Result<Hints> {
    let mut hinted = all.into_iter().collect::<Result<Hints>>()?;
    hinted.retain(|(_, hints)| !hints.is_empty());
    Ok(hinted)
}

fn areas(faces: &[Face]) -> Vec<Rect> {
    faces.iter().map(|f| f.area).collect()
}

fn total(hints: &[Hint]) -> f32 {
    hints.iter().map(|h| h.score).sum()
}

/// Whether one look alone saw what others must have seen, too. Upright the fitted decision weighs
/// that; among people on their feet it is fitted on no turned copy, where hardly one in twenty of
/// these is a face.
fn is_lone(face: &Face, plan: &Plan, picture: Size) -> bool {
    let side = face.area.longest();
    let looks = plan.looks.iter();
    let plain = looks.filter(|l| PLAIN.contains(&(side * l.factor(picture))));
    face.found_by.len() == 1 && plain.count() > 1
}

fn sure(faces: &[Face]) -> f32 {
    faces.iter().map(|f| f.score).sum()
}

impl Detector {
    /// Adds the faces that are seen in a turned picture only. A small picture is shown in each turn
    /// first, to the cheapest network, and upright if any turn shows it something; only a turn in
    /// which it sees more than upright, or a face where none was found and a second look agrees,
    /// costs a whole search.
    ///
    /// A turn that shows more than upright is probably how the picture belongs (its orientation was
    /// lost): all that is found in it counts, since upright the networks see faces on their heads,
    /// too, and misplace them. If it does have more faces, the plan's threshold is enough there; in
    /// every other turn, and upright in that case, a face must be surer than that, and seen by more
    /// than one look if it is large.
    ///
    /// `small`: the whole picture as `turns` shows it, and what was seen in its turns.
    pub(super) fn find_turned(
        &self,
        picture: &dyn Picture,
        (small, hinted): (&dyn Picture, TurnedHints),
        turns: &Turns,
        all: &mut Detected,
    ) -> Result<()> {
        let TurnedHints { hinted, tilted } = hinted;
        if hinted.is_empty() && tilted.is_none() {
            return Ok(());
        }
        let mut before = Before::new(all, &self.hints(small, &turns.look)?);
        let mut most = before.hinted;
        for (turn, hints) in hinted {
            most = most.max(total(&hints));
            let hints = enlarged(&hints, small.size(), picture.size());
            self.search(&Turned { picture, turn }, &hints, turns, &before, all)?;
        }
        let Some((copy, hinted)) = tilted else {
            return Ok(());
        };
        // What a quarter turn showed is no news.
        before.hinted = most;
        before.areas = areas(&all.faces);
        let scale = scale_between(small.size(), picture.size());
        let mut large = None;
        for (turn, hints) in hinted {
            let tilted = &copy;
            let shown = TiltedTurned { tilted, turn };
            let is_news = |h: &Hint| {
                let back = shown.rect_back(&h.area).mapped(0.0, 0.0, scale, scale);
                back.is_some_and(|area| before.is_new(&area))
            };
            if !before.knew_less_than(&hints) && !hints.iter().any(is_news) {
                continue;
            }
            if large.is_none() {
                large = Some(Tilted::new(picture, MOST_TILTED, turns.corners)?);
            }
            if let Some(tilted) = &large {
                let hints = mapped(&hints, |area| tilted.area_of(&copy, area));
                let shown = TiltedTurned { tilted, turn };
                self.search(&shown, &hints, turns, &before, all)?;
            }
        }
        Ok(())
    }

    /// What the turns of a small picture show.
    pub(super) fn turned_hints(&self, small: &dyn Picture, turns: &Turns) -> Result<TurnedHints> {
        let hints = |turn| {
            let picture = small;
            Ok((turn, self.hints(&Turned { picture, turn }, &turns.look)?))
        };
        Ok(TurnedHints {
            hinted: some(parallel::map(TURNS.to_vec(), hints))?,
            tilted: self.tilted_hints(small, turns)?,
        })
    }

    /// A tilted copy of a small picture, and the turns in which something is seen in it; `None` if
    /// in none.
    fn tilted_hints(&self, small: &dyn Picture, turns: &Turns) -> Result<Option<TiltedHints>> {
        if turns.tilts.is_empty() {
            return Ok(None);
        }
        let look = &turns.look_tilted;
        let copy = Tilted::new(small, look.longest, turns.corners)?;
        let hints = |turn| {
            let tilted = &copy;
            Ok((turn, self.hints(&TiltedTurned { tilted, turn }, look)?))
        };
        let hinted = some(parallel::map(turns.tilts.to_vec(), hints))?;
        Ok(Some((copy, hinted)).filter(|(_, hinted)| !hinted.is_empty()))
    }

    /// Searches a turned picture, if any of the `hints` is a face that is not known yet.
    pub(super) fn search(
        &self,
        shown: &dyn Shown,
        hints: &[Hint],
        turns: &Turns,
        before: &Before,
        all: &mut Detected,
    ) -> Result<()> {
        let shows_more = before.knew_less_than(hints);
        let plan = self.plans.of(shown.size());
        let glances = if shows_more {
            Vec::new()
        } else {
            let news = hints.iter().map(|h| h.area);
            let news = news.filter(|area| before.is_new(&shown.rect_back(area)));
            let news: Vec<Rect> = news.take(MOST_HINTS).collect();
            second_look(shown, &news, plan.doubt.tile, self.pool(Head::CenterFace)?)?
        };
        if !shows_more && !glances.iter().flatten().any(|g| g.score >= turns.confirmed) {
            return Ok(());
        }
        let found = self.find(shown, plan)?.faces;
        let is_lone = |f: &Face| is_lone(f, plan, shown.size());
        let (lone, seen): (Vec<Face>, Vec<Face>) = found.into_iter().partition(is_lone);
        let back = |faces: Vec<Face>| -> Vec<Face> {
            let faces = faces.into_iter().map(|f| shown.face_back(f));
            faces
                .filter(|f| shows_more || before.is_new(&f.area))
                .collect()
        };
        let (mut more, lone) = (back(seen), back(lone));
        let unsure = |f: &mut Face| f.score < turns.threshold;
        if sure(&more) + sure(&lone) > before.sure + 1.0 {
            all.rejected.extend(all.faces.extract_if(.., unsure));
            more.extend(lone);
        } else {
            all.rejected.extend(more.extract_if(.., unsure));
            all.rejected.extend(lone);
        }
        all.faces.extend(more);
        Ok(())
    }

    /// What the network of `look` takes for faces in a small picture, in pixels of that, likeliest
    /// first. On the calling thread alone: that is not worth more.
    pub(super) fn hints(&self, small: &dyn Picture, look: &Look) -> Result<Vec<Hint>> {
        let mut seen = Vec::new();
        for place in look.letterboxes(small.size()) {
            let content = small.view(place.crop, place.content)?;
            self.look((0, look), &place, &content, Share::Alone, &mut seen)?;
        }
        let hint = |Sighting { area, score, .. }| Hint { area, score };
        Ok(seen.into_iter().map(hint).collect())
    }
}

/// Hints of a small copy in the picture.
pub(super) fn enlarged(hints: &[Hint], small: Size, large: Size) -> Vec<Hint> {
    let scale = scale_between(small, large);
    mapped(hints, |area| area.mapped(0.0, 0.0, scale, scale))
}

fn scale_between(small: Size, large: Size) -> f32 {
    large.longest() as f32 / small.longest() as f32
}

fn mapped(hints: &[Hint], map: impl Fn(&Rect) -> Option<Rect>) -> Vec<Hint> {
    let all = hints.iter().filter_map(|h| map(&h.area).zip(Some(h.score)));
    all.map(|(area, score)| Hint { area, score }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::picture::RgbView;

    /// 4x2 pixels; the value says where each lies.
    fn pixels() -> Vec<u8> {
        (0..8u8).flat_map(|i| [i; 3]).collect()
    }

    #[test]
    fn a_turned_picture_shows_its_parts_turned() {
        let data = pixels();
        let picture = RgbView::new(Size::new(4, 2), &data).expect("8 pixels");
        let turned = Turned {
            picture: &picture,
            turn: Orientation::Rotate90,
        };
        assert_eq!(turned.size(), Size::new(2, 4));
        // Turned clockwise, the lower left corner is at the top left.
        let all = turned
            .view(PixelRect::new(0, 0, 2, 4), Size::new(2, 4))
            .expect("a view");
        let reds: Vec<u8> = all.data().iter().step_by(3).copied().collect();
        assert_eq!(reds, [4, 0, 5, 1, 6, 2, 7, 3]);
        let part = turned
            .view(PixelRect::new(1, 2, 1, 2), Size::new(1, 2))
            .expect("a view");
        let reds: Vec<u8> = part.data().iter().step_by(3).copied().collect();
        assert_eq!(reds, [2, 3]);
    }

    #[test]
    fn a_face_comes_back_to_where_it_lies_in_the_picture() {
        let data = pixels();
        let picture = RgbView::new(Size::new(4, 2), &data).expect("8 pixels");
        for turn in TURNS {
            let turned = Turned {
                picture: &picture,
                turn,
            };
            let there = turn.to_upright(Point::new(3.0, 0.5), Size::new(4, 2));
            let area = Rect::new(there.x - 0.5, there.y - 0.5, 1.0, 1.0).expect("finite");
            let face = Face {
                subject: crate::face::Subject::Face,
                corners: None,
                area,
                score: 0.9,
                landmarks: Some([there; 5]),
                found_by: vec!["centerface@1".into()],
            };
            let back = turned.face_back(face);
            assert_eq!(back.area.center(), Point::new(3.0, 0.5));
            assert_eq!(back.landmarks, Some([Point::new(3.0, 0.5); 5]));
            assert!(back.found_by[0].starts_with("centerface@1+"));
        }
    }

    #[test]
    fn a_large_face_that_one_look_alone_saw_is_lone() {
        let plans = crate::detect::Preset::Thorough.plans();
        let picture = Size::new(1024, 768);
        let face = |side: f32, looks: usize| Face {
            subject: crate::face::Subject::Face,
            corners: None,
            area: Rect::new(10.0, 10.0, side, side).expect("finite"),
            score: 0.7,
            landmarks: None,
            found_by: vec!["centerface@1".into(); looks],
        };
        let lone = |side, looks| is_lone(&face(side, looks), plans.of(picture), picture);
        // At twice, once and half its size: a small face is plain to the first look only.
        assert_eq!(
            [(20.0, 1), (60.0, 1), (200.0, 1), (200.0, 2), (700.0, 1)].map(|(s, n)| lone(s, n)),
            [false, true, true, false, false]
        );
    }
}
