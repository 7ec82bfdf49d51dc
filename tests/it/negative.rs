//! Film that was scanned as it is: `thorough` looks at the picture inverted, too.

use faceveil::picture::RgbView;
use faceveil::{Detector, DetectorOptions, Photo, Preset, ReadOptions, Rect};

#[test]
fn a_face_on_a_colour_negative_is_found() {
    let file = include_bytes!("../../samples/astronaut.jpg");
    let photo = Photo::read(file, &ReadOptions::new()).unwrap();
    let (size, rgba) = photo.to_rgba();
    // The orange mask: little blue gets through, and no colour reaches white.
    let film =
        |v: u8, least: u32, most: u32| (least + (255 - u32::from(v)) * (most - least) / 255) as u8;
    let negative: Vec<u8> = rgba
        .chunks_exact(4)
        .flat_map(|p| {
            [
                film(p[0], 90, 235),
                film(p[1], 40, 170),
                film(p[2], 20, 120),
            ]
        })
        .collect();
    let picture = RgbView::new(size, &negative).unwrap();
    let detector = Detector::new(&DetectorOptions::new().preset(Preset::Thorough)).unwrap();
    let faces = detector.detect(&picture).unwrap();
    let middle = Rect::new(190.0, 70.0, 70.0, 90.0).unwrap();
    let found = |f: &faceveil::Face| middle.holds(f.area.center());
    assert!(faces.iter().any(found), "{faces:?}");
}
