//! What each style looks like, as pictures in `tests/golden`. A difference writes the expected, the
//! actual and the differing picture to `target/golden`. `FACEVEIL_UPDATE_GOLDEN=1` writes new
//! expected ones, and fails, so that no one takes an update for a pass.

use super::*;
use crate::plane::Layout;
use std::fs;
use std::path::{Path, PathBuf};

const SIZE: Size = Size::new(120, 90);

/// A slope of colours with a fine weave, and what must not be seen under the masks: bright stripes.
fn source() -> Vec<u8> {
    let pixel = |i: u32| {
        let (x, y) = (i % SIZE.width, i / SIZE.width);
        let weave = ((x * 7) ^ (y * 13)) % 24;
        let stripes = if (x / 3 + y / 5) % 2 == 0 { 40 } else { 0 };
        [
            x + weave + stripes,
            40 + y + weave,
            200 - (x + y) / 2 + weave - stripes / 2,
        ]
    };
    (0..SIZE.width * SIZE.height)
        .flat_map(pixel)
        .map(|v| v.min(255) as u8)
        .collect()
}

/// An ellipse between pixels, one that touches it, a box over the picture's corner, and a mask of a
/// few pixels at the edge.
fn regions() -> Vec<Region> {
    let region =
        |shape, x, y, w, h| Region::new(shape, Rect::new(x, y, w, h).expect("finite and positive"));
    vec![
        region(Shape::Ellipse, 20.3, 12.7, 38.0, 52.5),
        region(Shape::Ellipse, 54.0, 20.0, 24.0, 30.0),
        region(Shape::Box, 95.0, 66.5, 60.0, 60.0),
        region(Shape::Ellipse, -3.0, 70.0, 9.0, 7.0),
    ]
}

/// A disc that fades to its rim.
fn sticker() -> Sticker {
    const SIDE: u32 = 40;
    let pixel = |i: u32| {
        let (x, y) = (i % SIDE, i / SIDE);
        let (dx, dy) = (x as f32 - 19.5, y as f32 - 19.5);
        let opacity = ((20.0 - dx.hypot(dy)) * 40.0).clamp(0.0, 255.0) as u8;
        [250, 210, (y * 5) as u8, opacity]
    };
    let pixels: Vec<u8> = (0..SIDE * SIDE).flat_map(pixel).collect();
    Sticker::new(Size::new(SIDE, SIDE), &pixels).expect("valid")
}

fn covered(style: &Style) -> Vec<u8> {
    let mut rgb = source();
    let redaction = Redaction::new(style, &regions(), SIZE, Orientation::Normal);
    let channels = [Channel::Red, Channel::Green, Channel::Blue];
    for (i, channel) in channels.into_iter().enumerate() {
        let layout = Layout::interleaved(SIZE, 3);
        let mut plane = PlaneMut::new(&mut rgb[i..], layout).expect("fits");
        redaction.apply(&mut plane, channel);
    }
    rgb
}

fn write(path: &Path, rgb: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for pictures");
    let file = fs::File::create(path).expect("a new picture");
    let mut encoder = png::Encoder::new(file, SIZE.width, SIZE.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().expect("a PNG header");
    writer.write_image_data(rgb).expect("PNG rows");
}

fn read(path: &Path) -> Vec<u8> {
    let file = fs::File::open(path).unwrap_or_else(|e| {
        panic!(
            "{}: {e}; make it with FACEVEIL_UPDATE_GOLDEN=1",
            path.display()
        )
    });
    let mut reader = png::Decoder::new(std::io::BufReader::new(file))
        .read_info()
        .expect("a PNG header");
    let mut rgb = vec![0; reader.output_buffer_size().expect("a small picture")];
    reader.next_frame(&mut rgb).expect("PNG rows");
    rgb
}

fn compare(style: &Style) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let expected_path = root.join(format!("tests/golden/{}.png", style.name()));
    let actual = covered(style);
    if std::env::var_os("FACEVEIL_UPDATE_GOLDEN").is_some() {
        write(&expected_path, &actual);
        panic!(
            "updated {}: look at it, then test again",
            expected_path.display()
        );
    }
    let expected = read(&expected_path);
    assert_eq!(expected.len(), actual.len(), "another size");
    // Rounding may differ by one level where a compiler fuses multiplications and additions.
    let tolerance = u8::from(!cfg!(all(target_arch = "x86_64", target_os = "linux")));
    let difference: Vec<u8> = expected
        .iter()
        .zip(&actual)
        .map(|(a, b)| a.abs_diff(*b))
        .collect();
    let worst = difference.iter().copied().max().unwrap_or(0);
    if worst > tolerance {
        let out: PathBuf = root.join("target/golden");
        let named = |what: &str| out.join(format!("{}-{what}.png", style.name()));
        write(&named("expected"), &expected);
        write(&named("actual"), &actual);
        let visible: Vec<u8> = difference.iter().map(|d| d.saturating_mul(16)).collect();
        write(&named("difference"), &visible);
        panic!(
            "{} differs by up to {worst} levels: see {}",
            style.name(),
            out.display()
        );
    }
}

#[test]
fn blur_looks_as_it_did() {
    compare(&Style::Blur);
}

#[test]
fn solid_looks_as_it_did() {
    compare(&Style::Solid(Rgb(20, 160, 90)));
}

#[test]
fn mosaic_looks_as_it_did() {
    compare(&Style::Mosaic(6));
}

#[test]
fn gaussian_looks_as_it_did() {
    compare(&Style::Gaussian);
}

#[test]
fn image_looks_as_it_did() {
    compare(&Style::Image(sticker()));
}
