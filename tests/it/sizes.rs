//! Faces of every size in photos of every size.

use crate::sandbox::{ASTRONAUT, sample};
use faceveil::geometry::PixelRect;
use faceveil::picture::{RgbImage, RgbView};
use faceveil::{
    Detector, DetectorOptions, Photo, Picture, Preset, ReadOptions, Rect, Result, Size,
};

/// The face of the sample, by eye: left, top, right, bottom.
const FACE: [f32; 4] = [180.0, 60.0, 270.0, 180.0];

fn detector(preset: Preset) -> Detector {
    let options = DetectorOptions::new().preset(preset);
    Detector::new(&options).unwrap()
}

fn astronaut() -> RgbImage {
    let bytes = std::fs::read(sample(ASTRONAUT)).unwrap();
    let photo = Photo::read(&bytes, &ReadOptions::new()).unwrap();
    let picture = photo.picture(0);
    picture
        .view(PixelRect::of(picture.size()), picture.size())
        .unwrap()
}

fn finds(faces: &[faceveil::Face], wanted: &Rect) -> bool {
    faces.iter().any(|f| f.area.iou(wanted) > 0.5)
}

/// A part of a picture, so much larger; only what is looked at is ever made.
struct Enlarged<'a> {
    picture: RgbView<'a>,
    part: PixelRect,
    times: u32,
}

impl Picture for Enlarged<'_> {
    fn size(&self) -> Size {
        Size::new(self.part.width * self.times, self.part.height * self.times)
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        let down = |v: u32| v / self.times;
        let up = |v: u32| v.div_ceil(self.times);
        let (x, y) = (down(crop.x), down(crop.y));
        let (width, height) = (up(crop.right()) - x, up(crop.bottom()) - y);
        let part = PixelRect::new(self.part.x + x, self.part.y + y, width, height);
        self.picture.view(part, size)
    }
}

#[test]
fn a_face_that_fills_the_photo_is_found_however_large_that_is() {
    let image = astronaut();
    let part = PixelRect::new(60, 0, 340, 300);
    // Each preset's plans, and sizes at which looks are cut into tiles.
    let sizes = |preset| match preset {
        Preset::Fast => vec![5, 24],
        Preset::Balanced => vec![5, 11, 12, 24],
        _ => vec![2, 12, 14],
    };
    for &preset in Preset::ALL {
        let detector = detector(preset);
        for times in sizes(preset) {
            let picture = Enlarged {
                picture: image.as_view(),
                part,
                times,
            };
            let faces = detector.detect(&picture).unwrap();
            let [left, top, right, bottom] = FACE;
            let by = times as f32;
            let wanted = Rect::new(
                (left - 60.0) * by,
                top * by,
                (right - left) * by,
                (bottom - top) * by,
            );
            assert!(
                finds(&faces, &wanted.unwrap()),
                "{preset:?} {times} times: {faces:?}"
            );
        }
    }
}

/// A wall with a small photo on it; only what is looked at is ever made.
struct Wall {
    size: Size,
    /// In reading order, three samples each.
    photo: RgbImage,
    at: (u32, u32),
}

impl Picture for Wall {
    fn size(&self) -> Size {
        self.size
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        let mut data = vec![110; crop.width as usize * crop.height as usize * 3];
        let row = self.photo.size().width as usize * 3;
        for (y, pixels) in (self.at.1..).zip(self.photo.data().chunks_exact(row)) {
            for (x, pixel) in (self.at.0..).zip(pixels.chunks_exact(3)) {
                if (crop.x..crop.right()).contains(&x) && (crop.y..crop.bottom()).contains(&y) {
                    let at = ((y - crop.y) * crop.width + x - crop.x) as usize * 3;
                    data[at..at + 3].copy_from_slice(pixel);
                }
            }
        }
        RgbView::new(Size::new(crop.width, crop.height), &data)?
            .view(PixelRect::new(0, 0, crop.width, crop.height), size)
    }
}

/// On a wall of that size the sample, `side` pixels large: its face, which fills a quarter of its
/// height, is found.
#[track_caller]
fn found_on_a_wall(size: Size, side: u32) {
    let image = astronaut();
    let photo = image
        .as_view()
        .view(PixelRect::of(image.size()), Size::new(side, side))
        .unwrap();
    let at = (size.width * 5 / 8, size.height * 5 / 8);
    let wall = Wall { size, photo, at };
    let faces = detector(Preset::Balanced).detect(&wall).unwrap();
    let [left, top, right, bottom] = FACE.map(|v| v * side as f32 / 512.0);
    let (x, y) = (at.0 as f32 + left, at.1 as f32 + top);
    let wanted = Rect::new(x, y, right - left, bottom - top);
    assert!(finds(&faces, &wanted.unwrap()), "{faces:?}");
}

#[test]
fn a_face_of_thirty_pixels_is_found_in_a_photo_of_fifty_megapixels() {
    found_on_a_wall(Size::new(8192, 6144), 128);
}

#[test]
fn a_face_of_thirteen_pixels_is_found_in_pictures_of_1700_and_2000() {
    found_on_a_wall(Size::new(1700, 1200), 56);
    found_on_a_wall(Size::new(2000, 1400), 56);
}
