//! Faces that lie on their side or stand on their head. The networks see those turned by up to about
//! 45 degrees; so the picture is shown turned, too.
//!
//! Invariant: what is found comes back in pixels of the picture as it was given.

use super::heads::Head;
use super::look::Look;
use super::preset::Plan;
use super::second_look::second_look;
use super::{Detected, Detector};
use crate::error::Result;
use crate::face::Face;
use crate::geometry::{Orientation, PixelRect, Rect, Size};
use crate::picture::{Picture, RgbImage};

/// The turns that a picture is tried in besides its own.
const TURNS: [Orientation; 3] = [
    Orientation::Rotate90,
    Orientation::Rotate180,
    Orientation::Rotate270,
];

/// The likeliest faces of a turn that get a second look.
const MOST_HINTS: usize = 2;
/// Least score of that look for a turn to be searched.
const CONFIRMED: f32 = 0.5;

/// A picture as it is seen after a turn.
struct Turned<'a> {
    picture: &'a dyn Picture,
    turn: Orientation,
}

impl<'a> Turned<'a> {
    fn new(picture: &'a dyn Picture, turn: Orientation) -> Self {
        Self { picture, turn }
    }

    /// A face of the turned picture in the picture itself.
    fn face_back(&self, mut face: Face) -> Face {
        let size = self.picture.size();
        face.area = self.rect_back(&face.area);
        face.landmarks = face
            .landmarks
            .map(|points| points.map(|p| self.turn.to_stored(p, size)));
        face.found_by
            .iter_mut()
            .for_each(|by| by.push_str(self.label()));
        face
    }

    /// A rectangle of the turned picture in the picture itself.
    fn rect_back(&self, r: &Rect) -> Rect {
        self.turn.rect_to_stored(r, self.picture.size())
    }

    /// For the report: by how many degrees, clockwise, the picture was turned.
    fn label(&self) -> &'static str {
        match self.turn {
            Orientation::Rotate90 => "+90",
            Orientation::Rotate180 => "+180",
            Orientation::Rotate270 => "+270",
            _ => "",
        }
    }
}

impl Picture for Turned<'_> {
    fn size(&self) -> Size {
        self.turn.upright_size(self.picture.size())
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        let stored_crop = self.turn.pixels_to_stored(crop, self.picture.size());
        let stored_size = self.turn.upright_size(size);
        let image = self.picture.view(stored_crop, stored_size)?;
        let turned = self.turn.upright_pixels::<3>(image.data(), stored_size);
        RgbImage::new(size, turned)
    }
}

impl Detector {
    /// Adds the faces that are seen in a turned picture only. A small picture is shown in each turn
    /// first, to the cheapest network; only a turn in which it sees a face where none was found, and a
    /// second look does not deny it, costs a whole search.
    ///
    /// A turn that shows more new faces than all that were found is how the picture belongs (its orientation
    /// was lost): there the plan's threshold is enough. In every other, and upright in that case, a face
    /// must be surer than that.
    pub(super) fn find_turned(
        &self,
        picture: &dyn Picture,
        plan: &Plan,
        look: &Look,
        all: &mut Detected,
    ) -> Result<()> {
        let Detected { faces, rejected } = all;
        let sure = |faces: &[Face]| faces.iter().map(|f| f.score).sum::<f32>();
        let upright = sure(faces);
        let found: Vec<Rect> = faces.iter().map(|f| f.area).collect();
        let is_new = |area: &Rect| !found.iter().any(|f| f.holds(area.center()));
        let small = look.whole(picture)?;
        for turn in TURNS {
            let turned = Turned::new(picture, turn);
            let mut hints = self.hints(&small, turn, look)?;
            let scale = picture.size().longest() as f32 / small.size().longest() as f32;
            hints.retain_mut(|hint| match hint.mapped(0.0, 0.0, scale, scale) {
                Some(there) => {
                    *hint = there;
                    is_new(&turned.rect_back(hint))
                }
                None => false,
            });
            hints.truncate(MOST_HINTS);
            let glances = second_look(&turned, &hints, self.pool(Head::CenterFace)?)?;
            let confirmed = glances.iter().flatten().any(|g| g.score >= CONFIRMED);
            if !confirmed {
                continue;
            }
            let more = self.find(&turned, plan)?.faces.into_iter();
            let more = more.map(|f| turned.face_back(f));
            let unsure = |f: &mut Face| f.score < plan.threshold_turned;
            let mut more: Vec<Face> = more.filter(|f| is_new(&f.area)).collect();
            if sure(&more) > upright + 1.0 {
                rejected.extend(faces.extract_if(.., unsure));
            } else {
                rejected.extend(more.extract_if(.., unsure));
            }
            faces.extend(more);
        }
        Ok(())
    }

    /// What the network of `look` takes for faces in a small picture after a turn, in pixels of that,
    /// likeliest first.
    fn hints(&self, small: &RgbImage, turn: Orientation, look: &Look) -> Result<Vec<Rect>> {
        let small = small.as_view();
        let turned = Turned::new(&small, turn);
        let mut seen = Vec::new();
        for place in look.letterboxes(turned.size()) {
            let content = turned.view(place.crop, place.content)?;
            self.look(0, look, &place, &content, &mut seen)?;
        }
        Ok(seen.iter().map(|s| s.area).collect())
    }
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
        let turned = Turned::new(&picture, Orientation::Rotate90);
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
            let turned = Turned::new(&picture, turn);
            let there = turn.to_upright(Point::new(3.0, 0.5), Size::new(4, 2));
            let area = Rect::new(there.x - 0.5, there.y - 0.5, 1.0, 1.0).expect("finite");
            let face = Face {
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
}
