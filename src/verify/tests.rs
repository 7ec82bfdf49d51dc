//! Covers that hold and covers that do not, in every format and style.

use super::cover::{Difference, differences};
use crate::geometry::{Rect, Size};
use crate::photo::{Limits, Photo};
use crate::plane::{AnyPlaneMut, Layout};
use crate::redact::{Redaction, Region, Rgb, Shape, Sticker, Style};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// A picture: size, RGB.
type Made = (Size, Vec<u8>);

/// The sample portrait at half its size.
fn portrait() -> Made {
    let file = std::fs::read("samples/astronaut.jpg").expect("a sample");
    let photo = Photo::read(&file, &Limits::default()).expect("a photo");
    let (size, rgba) = photo.to_rgba();
    (size, rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect())
}

fn noise(size: Size, mut state: u64) -> Made {
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (size, (0..size.area() * 3).map(|_| next()).collect())
}

fn jpeg((size, rgb): &Made, quality: u8, sampling: SamplingFactor) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(sampling);
    encoder.encode(rgb, size.width as u16, size.height as u16, ColorType::Rgb).expect("encoded");
    out
}

fn png((size, rgb): &Made) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, size.width, size.height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("begun");
    writer.write_image_data(rgb).expect("written");
    writer.finish().expect("ended");
    out
}

fn gif((size, rgb): &Made) -> Vec<u8> {
    let mut out = Vec::new();
    let (w, h) = (size.width as u16, size.height as u16);
    let mut encoder = gif::Encoder::new(&mut out, w, h, &[]).expect("begun");
    encoder.write_frame(&gif::Frame::from_rgb_speed(w, h, rgb, 10)).expect("written");
    drop(encoder);
    out
}

/// Covers regions of a file and writes it anew.
fn covered(file: &[u8], regions: &[Region], style: &Style) -> Vec<u8> {
    let mut photo = Photo::read(file, &Limits::default()).expect("a photo");
    let redaction = Redaction::new(style, regions, photo.stored_size(0), photo.orientation(0));
    let touched = |layout: &Layout| redaction.touched(layout);
    photo
        .edit(0, &touched, &mut |plane, channel| match plane {
            AnyPlaneMut::U8(mut p) => redaction.apply(&mut p, channel),
            AnyPlaneMut::U16(mut p) => redaction.apply(&mut p, channel),
        })
        .expect("covered");
    photo.write().expect("written")
}

fn off(file: &[u8], regions: &[Region], style: &Style) -> Vec<Difference> {
    let mut photo = Photo::read(file, &Limits::default()).expect("a photo");
    differences(&mut photo, 0, regions, style).expect("compared")
}

fn styles() -> Vec<Style> {
    let sticker = Sticker::new(Size::new(2, 2), &[255, 0, 0, 255, 0, 255, 0, 128, 0, 0, 0, 0, 9, 9, 9, 255]);
    vec![
        Style::Blur,
        Style::Solid(Rgb(200, 30, 90)),
        Style::Mosaic(6),
        Style::Gaussian,
        Style::Image(sticker.expect("valid")),
    ]
}

fn ellipse(x: f32, y: f32, w: f32, h: f32) -> Region {
    Region::new(Shape::Ellipse, Rect::new(x, y, w, h).expect("a box"))
}

#[test]
fn measure() {
    let (face, scene) = (portrait(), noise(Size::new(300, 200), 77));
    println!("{:?}", face.0);
    // the face of the sample and some other places
    let on_face = vec![ellipse(170.0, 45.0, 110.0, 150.0), ellipse(300.0, 300.0, 60.0, 40.0), ellipse(20.3, 210.1, 17.0, 21.0),
        ellipse(230.0, 150.0, 90.0, 120.0), Region::new(Shape::Box, Rect::new(400.5, 400.2, 200.0, 60.0).expect("box"))];
    let on_noise = vec![ellipse(50.0, 40.0, 60.0, 80.0), ellipse(200.0, 20.0, 20.0, 22.0), ellipse(90.0, 60.0, 60.0, 60.0)];
    for (name, picture, regions) in [("face", &face, &on_face), ("noise", &scene, &on_noise)] {
        let mut files = vec![("png".to_owned(), png(picture)), ("gif".to_owned(), gif(picture))];
        for q in [10, 30, 50, 75, 90, 98] {
            files.push((format!("jpeg q{q} 420"), jpeg(picture, q, SamplingFactor::R_4_2_0)));
            files.push((format!("jpeg q{q} 444"), jpeg(picture, q, SamplingFactor::R_4_4_4)));
        }
        for (format, file) in files {
            for style in styles() {
                let f = |d: &[Difference]| d.iter().map(|d| format!("{:5.1}({:4.2})", d.levels, d.ratio)).collect::<Vec<_>>().join(" ");
                let good = off(&covered(&file, regions, &style), regions, &style);
                let none = off(&covered(&file, &[], &style), regions, &style);
                let soft = off(&covered(&file, regions, &Style::Gaussian), regions, &style);
                println!("{name} {format:15} {:9} good {} | open {} | gaussian {}", style.name(), f(&good), f(&none), f(&soft));
            }
        }
    }
}
