//! Covering a JPEG where its coefficients are: what a mask hides is nowhere in the file.

use faceveil::geometry::Orientation;
use faceveil::plane::{AnyPlaneMut, Layout};
use faceveil::redact::{Redaction, Rgb, Sticker};
use faceveil::{Photo, ReadOptions, Rect, Region, Shape, Size, Style};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Square, and so is everything about it: the same in all eight orientations.
const SIDE: u32 = 160;

/// A circle around the middle.
const RADIUS: f32 = 61.3;

/// Whether a whole MCU, of 16 pixels a side, lies inside the circle.
fn is_inside(x: u32, y: u32) -> bool {
    let far = |v: u32| {
        let (from, to) = ((v / 16 * 16) as f32, (v / 16 * 16 + 16) as f32);
        let middle = SIDE as f32 / 2.0;
        (from - middle).abs().max((to - middle).abs())
    };
    far(x).hypot(far(y)) < RADIUS
}

/// Pixels that are the same for every `seed` outside of the MCUs inside the circle.
fn pixels(seed: u32, channels: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for y in 0..SIDE {
        for x in 0..SIDE {
            let own = if is_inside(x, y) { seed } else { 0 };
            for c in 0..channels {
                let n = (x * 31 + y * 17 + c * 7 + own).wrapping_mul(0x9E37_79B1) >> 27;
                out.push((x + y / 2 + c * 20 + n * (1 + own)).min(255) as u8);
            }
        }
    }
    out
}

fn file(
    seed: u32,
    color: ColorType,
    sampling: SamplingFactor,
    progressive: bool,
    orientation: Orientation,
) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation.to_exif(), 0, 0, 0, 0, 0, 0, 0]);
    let mut out = Vec::new();
    let mut job = Encoder::new(&mut out, 85);
    job.set_sampling_factor(sampling);
    job.set_progressive(progressive);
    job.add_app_segment(1, exif).unwrap();
    let channels = match color {
        ColorType::Luma => 1,
        ColorType::Rgb => 3,
        _ => 4,
    };
    let side = SIDE as u16;
    job.encode(&pixels(seed, channels), side, side, color)
        .unwrap();
    out
}

fn covered(file: &[u8], style: &Style) -> Vec<u8> {
    let mut photo = Photo::read(file, &ReadOptions::new()).unwrap();
    let start = SIDE as f32 / 2.0 - RADIUS;
    let area = Rect::new(start, start, 2.0 * RADIUS, 2.0 * RADIUS).unwrap();
    let regions = [Region::new(Shape::Ellipse, area)];
    let (size, orientation) = (photo.stored_size(0), photo.orientation(0));
    let redaction = Redaction::new(style, &regions, size, orientation);
    let touched = |layout: &Layout| redaction.touched(layout);
    photo
        .edit(0, &touched, &mut |plane, channel| match plane {
            AnyPlaneMut::U8(mut plane) => redaction.apply(&mut plane, channel),
            AnyPlaneMut::U16(_) => panic!("eight bits a sample"),
        })
        .unwrap();
    photo.write().unwrap()
}

#[test]
fn what_a_mask_hides_does_not_change_a_byte_of_the_file() {
    use SamplingFactor as S;
    let dot: Vec<u8> = [200, 180, 40, 255].repeat(64);
    let styles = [
        Style::Blur,
        Style::Solid(Rgb(200, 10, 90)),
        Style::Image(Sticker::new(Size::new(8, 8), &dot).unwrap()),
    ];
    let kinds = [
        (ColorType::Luma, S::F_1_1),
        (ColorType::Rgb, S::F_1_1),
        (ColorType::Rgb, S::F_2_2),
        (ColorType::Rgb, S::F_2_1),
        (ColorType::Rgb, S::F_1_2),
        (ColorType::Cmyk, S::F_1_1),
        (ColorType::CmykAsYcck, S::F_2_2),
    ];
    for (color, sampling) in kinds {
        for (i, orientation) in Orientation::ALL.into_iter().enumerate() {
            let progressive = i % 2 == 1;
            let [one, other] =
                [1, 2].map(|seed| file(seed, color, sampling, progressive, orientation));
            assert_ne!(one, other);
            for style in &styles {
                let same = covered(&one, style) == covered(&other, style);
                assert!(
                    same,
                    "{color:?} {sampling:?} {orientation:?} {}",
                    style.name()
                );
            }
            // The test would see it.
            assert_ne!(
                covered(&one, &Style::Gaussian),
                covered(&other, &Style::Gaussian)
            );
        }
    }
}

/// A grey JPEG of 19 x 16 pixels whose padding mirrors the picture, as Adobe Photoshop writes it:
/// the last columns of the second block are seen again beyond the edge of the third. That block is
/// of `value`.
fn mirrored(value: u8) -> Vec<u8> {
    let grey: Vec<u8> = (0..16 * 24)
        .map(|at| {
            let x: usize = at % 24;
            let x = if x < 19 { x } else { 37 - x };
            if (8..16).contains(&x) { value } else { 60 }
        })
        .collect();
    let mut out = Vec::new();
    let encoder = Encoder::new(&mut out, 95);
    encoder.encode(&grey, 24, 16, ColorType::Luma).unwrap();
    let frame = out.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    assert_eq!(out[frame + 7..frame + 9], [0, 24]);
    out[frame + 8] = 19;
    out
}

#[test]
fn padding_that_mirrors_what_a_mask_hides_does_not_keep_it() {
    let written = |value: u8| {
        let mut photo = Photo::read(&mirrored(value), &ReadOptions::new()).unwrap();
        assert_eq!(photo.dropped(), [] as [&str; 0], "it is ordinary padding");
        let area = Rect::new(8.0, 0.0, 8.0, 16.0).unwrap();
        let size = photo.stored_size(0);
        let style = Style::Solid(Rgb(90, 90, 90));
        let regions = [Region::new(Shape::Box, area)];
        let redaction = Redaction::new(&style, &regions, size, Orientation::Normal);
        let touched = |layout: &Layout| redaction.touched(layout);
        photo
            .edit(0, &touched, &mut |plane, channel| match plane {
                AnyPlaneMut::U8(mut plane) => redaction.apply(&mut plane, channel),
                AnyPlaneMut::U16(_) => panic!("eight bits a sample"),
            })
            .unwrap();
        photo.write().unwrap()
    };
    assert!(written(230) == written(20));
}

#[test]
fn a_colour_is_the_same_whatever_the_components_mean() {
    let wanted = [200u8, 60, 90];
    let style = Style::Solid(Rgb(wanted[0], wanted[1], wanted[2]));
    for color in [ColorType::Rgb, ColorType::Cmyk, ColorType::CmykAsYcck] {
        let source = file(1, color, SamplingFactor::F_1_1, false, Orientation::Normal);
        let written = covered(&source, &style);
        let (size, rgba) = Photo::read(&written, &ReadOptions::new())
            .unwrap()
            .to_rgba();
        let middle = ((size.height / 2 * size.width + size.width / 2) * 4) as usize;
        for (got, wanted) in rgba[middle..middle + 3].iter().zip(wanted) {
            assert!(
                got.abs_diff(wanted) < 8,
                "{color:?}: {:?}",
                &rgba[middle..middle + 4]
            );
        }
    }
}
