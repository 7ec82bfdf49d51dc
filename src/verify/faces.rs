//! Faces and writing that are found in an output, and how much of each lies under masks.

use super::place::Place;
use crate::face::{Face, Subject};
use crate::geometry::{Equirectangular, Orientation, Point, Rect, Size};
use crate::redact::{Region, Shape};

/// Least share of a face that must lie under masks.
const ENOUGH: f32 = 0.98;
/// The same of a line of writing, whose corners are found less exactly; a cover may look like a
/// plate that is a little larger than the cover.
const ENOUGH_OF_WRITING: f32 = 0.75;
/// The same of an object, whose box a covered part of it may move.
const ENOUGH_OF_OBJECT: f32 = 0.75;
/// Points a side of the grid that a face is measured with.
const GRID: usize = 48;

/// What masks do not cover of what was found, with the share that they do. What counts of a face is
/// the ellipse in its box, of writing its quadrilateral, of the rest the box, as far as they lie in
/// the picture; a panorama goes on at its other edge.
pub(super) fn uncovered<'a>(
    faces: &'a [Face],
    regions: &[Region],
    picture: Size,
    panorama: Option<&Equirectangular>,
) -> Vec<(&'a Face, f32)> {
    let places: Vec<Place> = regions
        .iter()
        .map(|r| Place::new(r, picture, Orientation::Normal))
        .collect();
    let share = |face: &'a Face| (face, share(face, &places, picture, panorama.is_some()));
    faces
        .iter()
        .map(share)
        .filter(|(face, share)| {
            *share
                < match face.subject {
                    Subject::Face => ENOUGH,
                    Subject::Text => ENOUGH_OF_WRITING,
                    Subject::Object(_) => ENOUGH_OF_OBJECT,
                }
        })
        .collect()
}

/// How much of a face lies under masks, 0..=1; 1 if nothing of it is in the picture.
fn share(face: &Face, masks: &[Place], picture: Size, goes_round: bool) -> f32 {
    let all = Rect::of(picture);
    let region = match face.corners {
        Some(corners) => Region::quad(corners),
        None if face.subject.is_face() => Region::new(Shape::Ellipse, face.area),
        None => Region::new(Shape::Box, face.area),
    };
    let outline = Place::new(&region, picture, Orientation::Normal);
    let face = &face.area;
    let (mut inside, mut covered) = (0u32, 0u32);
    let at = |from: f32, side: f32, i: usize| from + side * (i as f32 + 0.5) / GRID as f32;
    for j in 0..GRID {
        for i in 0..GRID {
            let p = Point::new(
                at(face.left(), face.width(), i),
                at(face.top(), face.height(), j),
            );
            let seen = match goes_round {
                true => Point::new(p.x.rem_euclid(picture.width as f32), p.y),
                false => p,
            };
            if all.holds(seen) && outline.holds(p, (0.0, 0.0)) {
                inside += 1;
                covered += u32::from(masks.iter().any(|m| m.holds(seen, (0.0, 0.0))));
            }
        }
    }
    match inside {
        0 => 1.0,
        _ => covered as f32 / inside as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(x: f32, y: f32, side: f32) -> Face {
        Face {
            subject: crate::face::Subject::Face,
            corners: None,
            area: Rect::new(x, y, side, side).expect("a box"),
            score: 0.5,
            landmarks: None,
            found_by: vec!["centerface@1".into()],
        }
    }

    #[test]
    fn a_face_under_a_mask_or_beyond_the_edge_is_covered_and_one_that_looks_out_is_not() {
        let picture = Size::new(200, 100);
        let mask = |x, y, w, h| Region::new(Shape::Ellipse, Rect::new(x, y, w, h).expect("a box"));
        let masks = [mask(10.0, 10.0, 68.0, 68.0), mask(150.0, 0.0, 68.0, 68.0)];
        let share = |f: &Face| {
            uncovered(std::slice::from_ref(f), &masks, picture, None)
                .first()
                .map(|u| u.1)
        };
        assert_eq!(share(&face(24.0, 24.0, 40.0)), None, "the face of the mask");
        assert_eq!(share(&face(164.0, 10.0, 45.0)), None, "cut by the edge");
        assert_eq!(share(&face(250.0, 10.0, 40.0)), None, "beyond");
        assert_eq!(share(&face(90.0, 30.0, 30.0)), Some(0.0));
        let half = share(&face(58.0, 24.0, 40.0)).expect("looks out");
        assert!((0.2..0.7).contains(&half), "{half}");
        assert!(
            share(&face(14.0, 14.0, 60.0)).is_some_and(|s| s > 0.9)
                || share(&face(14.0, 14.0, 60.0)).is_none()
        );
        let all_round = Equirectangular::new(picture);
        let edge = [mask(180.0, 30.0, 40.0, 40.0)];
        let over = [face(185.0, 35.0, 30.0)];
        let flat = uncovered(&over, &edge, picture, None);
        assert!(flat.is_empty(), "the rest is not in the picture");
        let round = uncovered(&over, &edge, picture, Some(&all_round));
        assert_eq!(round.len(), 1, "the rest is at the left edge");
        assert!(uncovered(&[face(5.0, 5.0, 30.0)], &[], picture, None)[0].1 == 0.0);
    }
}
