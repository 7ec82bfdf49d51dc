//! A picture stored in any of the eight orientations is looked at and covered as it is seen; so is
//! one that lies or leans.

use faceveil::geometry::{Orientation, PixelRect};
use faceveil::picture::RgbImage;
use faceveil::{
    AnonymizeOptions, Anonymizer, Detector, DetectorOptions, Photo, Picture, Preset, ReadOptions,
    Size,
};

/// An EXIF block with an orientation and nothing else.
fn exif(orientation: Orientation) -> Vec<u8> {
    let mut block = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend([orientation.to_exif(), 0, 0, 0, 0, 0, 0, 0]);
    block
}

fn jpeg(rgb: &[u8], size: Size, orientation: Orientation) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, 92);
    encoder.add_app_segment(1, exif(orientation)).unwrap();
    let (w, h) = (size.width as u16, size.height as u16);
    encoder
        .encode(rgb, w, h, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    out
}

fn rgb_of(file: &[u8]) -> (Size, Vec<u8>) {
    let (size, rgba) = Photo::read(file, &ReadOptions::new()).unwrap().to_rgba();
    let rgb = rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]);
    (size, rgb.collect())
}

#[test]
fn a_face_is_found_and_covered_in_every_orientation() {
    let (seen, upright) = rgb_of(include_bytes!("../../samples/astronaut.jpg"));
    // Not square, so that swapped sides show.
    let size = Size::new(seen.width, seen.height - 112);
    let upright = &upright[..size.area() as usize * 3];
    let detector = Detector::new(&DetectorOptions::new().preset(Preset::Fast));
    let anonymizer = Anonymizer::new(detector.unwrap(), AnonymizeOptions::default()).unwrap();
    for orientation in Orientation::ALL {
        let stored_size = orientation.upright_size(size);
        let stored = orientation.inverse().upright_pixels::<3>(upright, size);
        let done = anonymizer
            .photo(&jpeg(&stored, stored_size, orientation))
            .unwrap();
        let report = &done.report;
        assert_eq!(report.faces.len(), 1, "{orientation:?}");
        let [x, y, w, h] = report.faces[0].area;
        let middle = (x + w / 2.0, y + h / 2.0);
        assert!(
            (middle.0 - 224.0).abs() < 12.0 && (middle.1 - 118.0).abs() < 16.0,
            "{orientation:?}: {middle:?}"
        );
        let (written, covered) = rgb_of(&done.bytes);
        assert_eq!(written, size, "{orientation:?} looks the same way up");
        let difference = |x: usize, y: usize| {
            let at = (y * size.width as usize + x) * 3;
            let diff = |i: usize| i32::from(upright[at + i]).abs_diff(i32::from(covered[at + i]));
            (0..3).map(diff).max().unwrap()
        };
        assert!(difference(198, 104) > 30, "{orientation:?}: an eye shows");
        assert!(difference(250, 104) > 30 || difference(226, 140) > 30);
        let far = (0..400).map(|i| difference(300 + i % 200, 200 + i / 4));
        assert!(far.max() < Some(60), "{orientation:?}: changed elsewhere");
    }
}

#[test]
fn a_photo_that_lost_its_orientation_does_not_lose_its_face() {
    let (size, upright) = rgb_of(include_bytes!("../../samples/astronaut.jpg"));
    // CenterFace sees this face on its side, too, but less surely.
    let detector = Detector::new(&DetectorOptions::new().threshold(Some(0.99))).unwrap();
    let found = |orientation: Orientation| {
        let pixels = orientation.upright_pixels::<3>(&upright, size);
        let turned = RgbImage::new(orientation.upright_size(size), pixels).unwrap();
        let faces = detector.detect(&turned.as_view()).unwrap();
        assert_eq!(faces.len(), 1, "{orientation:?}");
        let middle = orientation.to_stored(faces[0].area.center(), size);
        assert!(
            (middle.x - 224.0).abs() < 12.0 && (middle.y - 118.0).abs() < 16.0,
            "{orientation:?}: {middle:?}"
        );
        faces[0].found_by.join(" ")
    };
    for (turned, label) in [
        (Orientation::Rotate90, "+270"),
        (Orientation::Rotate180, "+180"),
        (Orientation::Rotate270, "+90"),
    ] {
        let by = found(turned);
        assert!(by.contains(label), "{turned:?}: {by}");
    }
}

/// `upright` in the middle of a larger grey square, turned clockwise by `degrees`.
fn leaning(upright: &[u8], size: Size, degrees: f32, side: u32) -> Vec<u8> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let pixel = |i: u32| {
        let (x, y) = ((i % side) as f32 + 0.5, (i / side) as f32 + 0.5);
        let (x, y) = (x - side as f32 / 2.0, y - side as f32 / 2.0);
        let u = cos * x + sin * y + size.width as f32 / 2.0;
        let v = cos * y - sin * x + size.height as f32 / 2.0;
        let inside = u >= 0.0 && v >= 0.0 && u < size.width as f32 && v < size.height as f32;
        let at = (v as usize * size.width as usize + u as usize) * 3;
        if inside {
            [upright[at], upright[at + 1], upright[at + 2]]
        } else {
            [96; 3]
        }
    };
    (0..side * side).flat_map(pixel).collect()
}

#[test]
fn small_faces_of_a_picture_that_leans_to_either_side_are_found() {
    let sample = include_bytes!("../../samples/astronaut.jpg");
    let photo = Photo::read(sample, &ReadOptions::new()).unwrap();
    let one = Size::new(160, 160);
    let small = photo
        .picture(0)
        .view(PixelRect::of(Size::new(512, 512)), one);
    let small = small.unwrap();
    // Twelve of them, with faces of about 30 pixels.
    let size = Size::new(4 * one.width, 3 * one.height);
    let row = |y: u32| &small.data()[(y % 160 * 480) as usize..][..480];
    let crowd: Vec<u8> = (0..size.height).flat_map(|y| row(y).repeat(4)).collect();
    let side = 808;
    let detector = Detector::new(&DetectorOptions::default()).unwrap();
    for degrees in [45.0f32, -45.0] {
        let picture = leaning(&crowd, size, degrees, side);
        let picture = RgbImage::new(Size::new(side, side), picture).unwrap();
        let faces = detector.detect(&picture.as_view()).unwrap();
        let (sin, cos) = degrees.to_radians().sin_cos();
        for i in 0..12u32 {
            let x = (i % 4 * 160) as f32 + 70.0 - 320.0;
            let y = (i / 4 * 160) as f32 + 37.0 - 240.0;
            let (u, v) = (cos * x - sin * y + 404.0, sin * x + cos * y + 404.0);
            let near = |f: &faceveil::Face| {
                let c = f.area.center();
                (c.x - u).hypot(c.y - v) < 12.0
            };
            assert!(faces.iter().any(near), "{degrees}: {u} {v} {faces:?}");
        }
        assert!(faces.iter().any(|f| {
            f.found_by
                .iter()
                .any(|by| by.contains("45") || by.contains("315"))
        }));
    }
}
