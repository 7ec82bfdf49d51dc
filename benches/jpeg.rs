//! A twelve-megapixel JPEG with four faces, from file to file: `cargo bench --bench jpeg`.
//!
//! Held against what it costs to decode the same file to pixels with zune-jpeg and to encode these
//! with jpeg-encoder (its fastest way: fixed Huffman codes), which covers nothing and loses
//! quality. The two take turns, and the ratio of their fastest rounds is printed first; one thread
//! each.

mod made;

use criterion::{Criterion, criterion_group, criterion_main};
use faceveil::geometry::{Orientation, PixelRect};
use faceveil::plane::{AnyPlaneMut, Layout};
use faceveil::redact::Redaction;
use faceveil::{Photo, Picture, ReadOptions, Rect, Region, Shape, Size, Style};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use made::{PHOTO, pixels};
use std::hint::black_box;
use std::time::{Duration, Instant};
use zune_core::bytestream::ZCursor;

const QUALITY: u8 = 90;
const ROUNDS: usize = 15;

fn encode(rgb: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut job = Encoder::new(&mut out, QUALITY);
    job.set_sampling_factor(SamplingFactor::F_2_2);
    let (width, height) = (PHOTO.width as u16, PHOTO.height as u16);
    job.encode(rgb, width, height, ColorType::Rgb)
        .expect("encodes");
    out
}

/// What the ratio is against.
fn by_pixels(file: &[u8]) -> Vec<u8> {
    let mut decoder = zune_jpeg::JpegDecoder::new(ZCursor::new(file));
    encode(&decoder.decode().expect("decodes"))
}

fn read(file: &[u8]) -> Photo {
    Photo::read(file, &ReadOptions::new()).expect("reads")
}

/// Four faces, each masked over 380 by 460 pixels.
fn cover(photo: &mut Photo) {
    let region = |i: u8| {
        let area = Rect::new(300.0 + 900.0 * f32::from(i), 900.0, 380.0, 460.0);
        Region::new(Shape::Ellipse, area.expect("positive"))
    };
    let regions = [0, 1, 2, 3].map(region);
    let redaction = Redaction::new(&Style::Blur, &regions, PHOTO, Orientation::Normal);
    let touched = |layout: &Layout| redaction.touched(layout);
    photo
        .edit(0, &touched, &mut |plane, channel| {
            if let AnyPlaneMut::U8(mut plane) = plane {
                redaction.apply(&mut plane, channel);
            }
        })
        .expect("planes");
}

fn by_coefficients(file: &[u8]) -> Vec<u8> {
    let mut photo = read(file);
    cover(&mut photo);
    photo.write().expect("writes")
}

fn print_ratio(file: &[u8]) {
    let time = |work: &dyn Fn(&[u8]) -> Vec<u8>| {
        let start = Instant::now();
        black_box(work(file));
        start.elapsed()
    };
    let mut best = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        best[0] = best[0].min(time(&by_coefficients));
        best[1] = best[1].min(time(&by_pixels));
    }
    let written = by_coefficients(file).len();
    println!(
        "{}x{} at {:.2} bits a pixel: {:.1} ms with four faces covered, {:.1} ms for decoding and \
         encoding pixels: {:.2} times; the file is {:.3} times as large",
        PHOTO.width,
        PHOTO.height,
        file.len() as f64 * 8.0 / PHOTO.area() as f64,
        best[0].as_secs_f64() * 1e3,
        best[1].as_secs_f64() * 1e3,
        best[0].as_secs_f64() / best[1].as_secs_f64(),
        written as f64 / file.len() as f64,
    );
}

fn jpeg(criterion: &mut Criterion) {
    let file = encode(&pixels());
    print_ratio(&file);
    let mut group = criterion.benchmark_group("12 megapixels JPEG");
    group.sample_size(10);
    let photo = read(&file);
    let whole = PixelRect::of(PHOTO);
    group.bench_function("read", |b| b.iter(|| read(&file)));
    group.bench_function("cover four faces", |b| {
        let mut photo = read(&file);
        b.iter(|| cover(&mut photo));
    });
    group.bench_function("write", |b| b.iter(|| photo.write()));
    group.bench_function("read, and view at 1280", |b| {
        b.iter(|| read(&file).picture(0).view(whole, Size::new(1280, 960)));
    });
    group.bench_function("view at 2816", |b| {
        b.iter(|| photo.picture(0).view(whole, Size::new(2816, 2112)));
    });
    group.bench_function("view of a face at full size", |b| {
        let crop = PixelRect::new(1001, 903, 320, 320);
        b.iter(|| photo.picture(0).view(crop, Size::new(320, 320)));
    });
    group.finish();
}

criterion_group!(benches, jpeg);
criterion_main!(benches);
