//! Colour under transparent pixels: covered inside of masks, left alone outside of them.

use super::anonymizers;
use super::parts::pixels;

/// Where the region of [`anonymizers`] is, well inside.
fn is_inside(x: usize, y: usize) -> bool {
    (22..58).contains(&x) && (18..44).contains(&y)
}

/// A transparent picture whose hidden colours inside of the region depend on `secret`.
fn rgba(secret: u8) -> Vec<u8> {
    let mut all = pixels(96, 64, 4);
    for (i, pixel) in all.chunks_exact_mut(4).enumerate() {
        pixel[3] = if i % 5 == 0 { 255 } else { 0 };
        if is_inside(i % 96, i / 96) {
            pixel[3] = 0;
            for (c, v) in pixel[..3].iter_mut().enumerate() {
                *v = secret.wrapping_mul(31).wrapping_add((i * (c + 3)) as u8);
            }
        }
    }
    all
}

fn deep(data: &[u8]) -> Vec<u16> {
    data.iter().map(|&v| u16::from(v) * 257).collect()
}

fn png_file(secret: u8, bits: ::png::BitDepth, frames: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let mut job = ::png::Encoder::new(&mut out, 96, 64);
    job.set_color(::png::ColorType::Rgba);
    job.set_depth(bits);
    if frames > 1 {
        job.set_animated(frames, 0).unwrap();
    }
    let mut writer = job.write_header().unwrap();
    for frame in 0..frames {
        let data = rgba(secret.wrapping_add(frame as u8));
        let data = match bits {
            ::png::BitDepth::Sixteen => deep(&data).iter().flat_map(|v| v.to_be_bytes()).collect(),
            _ => data,
        };
        writer.write_image_data(&data).unwrap();
    }
    writer.finish().unwrap();
    out
}

fn webp_file(secret: u8) -> Vec<u8> {
    let mut out = Vec::new();
    image_webp::WebPEncoder::new(&mut out)
        .encode(&rgba(secret), 96, 64, image_webp::ColorType::Rgba8)
        .unwrap();
    out
}

fn tiff_file(secret: u8, wide: bool) -> Vec<u8> {
    use tiff::encoder::{TiffEncoder, colortype};
    use tiff::tags::Tag;
    let mut out = Vec::new();
    let mut job = TiffEncoder::new(std::io::Cursor::new(&mut out)).unwrap();
    if wide {
        let mut image = job.new_image::<colortype::RGBA16>(96, 64).unwrap();
        image
            .encoder()
            .write_tag(Tag::ExtraSamples, &[2u16][..])
            .unwrap();
        image.write_data(&deep(&rgba(secret))).unwrap();
    } else {
        let mut image = job.new_image::<colortype::RGBA8>(96, 64).unwrap();
        image
            .encoder()
            .write_tag(Tag::ExtraSamples, &[2u16][..])
            .unwrap();
        image.write_data(&rgba(secret)).unwrap();
    }
    out
}

/// A palette picture: entries that are transparent differ in the colour that nobody sees.
fn palette_file(secret: u8) -> Vec<u8> {
    let mut palette: Vec<u8> = (0..=255).flat_map(|i| [i, 255 - i, i / 2]).collect();
    palette[..12].copy_from_slice(&[secret; 12]);
    let mut info = ::png::Info::with_size(96, 64);
    info.color_type = ::png::ColorType::Indexed;
    info.bit_depth = ::png::BitDepth::Eight;
    info.palette = Some(palette.into());
    info.trns = Some(vec![0, 0, 0, 0].into());
    let mut out = Vec::new();
    let mut writer = ::png::Encoder::with_info(&mut out, info)
        .unwrap()
        .write_header()
        .unwrap();
    let index = |i: usize| {
        if is_inside(i % 96, i / 96) {
            (i % 4) as u8
        } else {
            4 + (i % 250) as u8
        }
    };
    let data: Vec<u8> = (0..96 * 64).map(index).collect();
    writer.write_image_data(&data).unwrap();
    writer.finish().unwrap();
    out
}

#[test]
fn colour_under_transparent_pixels_is_covered_in_every_format() {
    use ::png::BitDepth::{Eight, Sixteen};
    type Make = fn(u8) -> Vec<u8>;
    let all: [(&str, Make); 7] = [
        ("png", |s| png_file(s, Eight, 1)),
        ("png 16", |s| png_file(s, Sixteen, 1)),
        ("apng", |s| png_file(s, Eight, 3)),
        ("png palette", palette_file),
        ("webp", webp_file),
        ("tiff", |s| tiff_file(s, false)),
        ("tiff 16", |s| tiff_file(s, true)),
    ];
    for (name, make) in all {
        // The styles whose masks are a function of what surrounds them.
        for style in [0, 1, 4] {
            let outputs =
                [7, 90].map(|secret| anonymizers()[style].photo(&make(secret)).unwrap().bytes);
            assert!(
                outputs[0] == outputs[1],
                "{name}, style {style}: the hidden colour shows"
            );
        }
    }
}

#[test]
fn colour_under_transparent_pixels_outside_of_masks_stays_as_it_is() {
    for file in [
        png_file(3, ::png::BitDepth::Eight, 1),
        webp_file(3),
        tiff_file(3, false),
    ] {
        let done = anonymizers()[1].photo(&file).unwrap();
        let limits = faceveil::Limits::default();
        let rgba_of = |file: &[u8]| {
            faceveil::Photo::read(file, &faceveil::ReadOptions::new().limits(limits))
                .unwrap()
                .to_rgba()
                .1
        };
        let (before, after) = (rgba_of(&file), rgba_of(&done.bytes));
        let outside = |i: usize| !(15..65).contains(&(i % 96)) || !(10..52).contains(&(i / 96));
        let pairs = before
            .chunks_exact(4)
            .zip(after.chunks_exact(4))
            .enumerate();
        let changed = pairs.filter(|(i, (a, b))| outside(*i) && a != b).count();
        assert_eq!(changed, 0);
    }
}
