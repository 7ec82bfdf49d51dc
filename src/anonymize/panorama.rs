//! Masks on panoramas: they go over the edge where left and right meet, and are as wide near the
//! poles as the projection draws what they cover.

use super::options::{OBJECT_MARGIN, ROOM};
use super::{AnonymizeOptions, Masking, upright};
use crate::face::{Face, Subject};
use crate::geometry::Equirectangular;
use crate::photo::Photo;
use crate::redact::{Region, Shape};
use crate::report::FileReport;

/// A picture twice as wide as high is probably a panorama if it is at least this wide.
const WIDE: u32 = 2048;

impl AnonymizeOptions {
    /// How the pixels of a photo lie on the sphere, if it goes all the way round. The report says
    /// so, or that it may be.
    pub(super) fn panorama_of(
        &self,
        photo: &Photo,
        report: &mut FileReport,
    ) -> Option<Equirectangular> {
        let size = upright(photo, 0);
        let asked = self.panorama && photo.frame_count() == 1;
        let found = photo
            .panorama()
            .or_else(|| asked.then(|| Equirectangular::new(size)));
        report.panorama = found.is_some();
        let twice = size.width >= WIDE && size.width == size.height.saturating_mul(2);
        if found.is_none() && twice && photo.frame_count() == 1 && !photo.is_part_of_panorama() {
            report.warnings.push(
                "it is twice as wide as high and may be a 360-degree panorama whose tags are \
                 gone; faces \
                 over its left and right edge are covered only if it is treated as one"
                    .to_owned(),
            );
        }
        found
    }

    /// The masks of one panorama, as [`AnonymizeOptions::masks_about`] has them for a flat picture;
    /// those of writing are boxes.
    pub(super) fn masks_all_round(
        &self,
        found: &[Face],
        panorama: &Equirectangular,
    ) -> Vec<(Region, Subject)> {
        let mut masks = Vec::new();
        for Face { area, subject, .. } in found.iter().filter(|f| !self.ignores(&f.area)) {
            let Masking { shape, margin } = match subject {
                Subject::Face => self.masking,
                Subject::Text => Masking::new(Shape::Box, 1.0),
                Subject::Object(_) => Masking::new(Shape::Box, OBJECT_MARGIN),
            };
            match panorama.grown(area, margin, ROOM, shape == Shape::Ellipse) {
                Some(area) => {
                    let copies = panorama.copies(&area).into_iter();
                    masks.extend(copies.map(|area| (Region::new(shape, area), *subject)));
                }
                None => {
                    let band = panorama.polar_band(area, margin, ROOM);
                    masks.push((Region::new(Shape::Box, band), *subject));
                }
            }
        }
        for region in self.always() {
            let copies = panorama.copies(&region.area).into_iter();
            let region = |area| (Region::new(region.shape, area), Subject::Face);
            masks.extend(copies.map(region));
        }
        masks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Rect, Size};

    #[test]
    fn a_mask_over_the_edge_is_two_and_one_at_a_pole_goes_all_round() {
        let panorama = Equirectangular::new(Size::new(2048, 1024));
        let options = AnonymizeOptions::default();
        let face = |x: f32, y: f32| Face {
            subject: Subject::Face,
            corners: None,
            area: Rect::new(x, y, 80.0, 80.0).expect("a box"),
            score: 0.9,
            landmarks: None,
            found_by: Vec::new(),
        };
        let masks = |face: Face| -> Vec<Region> {
            let all = options.masks_all_round(&[face], &panorama).into_iter();
            all.map(|(region, _)| region).collect()
        };
        let edge = masks(face(2010.0, 480.0));
        assert_eq!(edge.len(), 2);
        assert!(edge[0].area.right() > 2100.0 && edge[1].area.left() < 0.0);
        assert_eq!(edge[0].area.width(), edge[1].area.width());
        assert_eq!(masks(face(1000.0, 480.0)).len(), 1);
        let pole = masks(face(1000.0, 10.0));
        assert_eq!(pole.len(), 1);
        let area = pole[0].area;
        assert_eq!((area.left(), area.top(), area.right()), (0.0, 0.0, 2048.0));
        assert!(area.bottom() > 118.0 && area.bottom() < 200.0, "{area:?}");
    }
}
