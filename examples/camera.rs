//! Covers faces in a raw RGB buffer, as a camera or an app hands it over, in place:
//! `cargo run --release --example camera`. The frame here is made by code and has no face; the region
//! that is always covered shows that the buffer changes.

use faceveil::picture::{PixelLayout, PixelOrder, PixelsMut};
use faceveil::{AnonymizeOptions, Anonymizer, Detector, DetectorOptions, Preset, Rect, Size};

fn main() -> faceveil::Result<()> {
    let detector = Detector::new(&DetectorOptions {
        preset: Preset::Fast,
        ..DetectorOptions::default()
    })?;
    let options = AnonymizeOptions {
        regions: Rect::new(100.0, 80.0, 64.0, 64.0).into_iter().collect(),
        ..AnonymizeOptions::default()
    };
    let anonymizer = Anonymizer::new(detector, options)?;

    let size = Size::new(640, 480);
    let mut frame: Vec<u8> = (0..size.area() * 3).map(|i| (i % 251) as u8).collect();
    let layout = PixelLayout::packed(size, PixelOrder::Rgb);
    let before = frame.clone();
    let covered = anonymizer.pixels(&mut PixelsMut::new(&mut frame, layout)?)?;
    let changed = frame.iter().zip(&before).filter(|(a, b)| a != b).count();
    println!(
        "{} regions covered, {changed} samples changed",
        covered.len()
    );
    Ok(())
}
