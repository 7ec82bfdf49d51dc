//! Time to cover a photo's faces: `cargo bench --bench redact`.

use criterion::{Criterion, criterion_group, criterion_main};
use faceveil::geometry::Orientation;
use faceveil::plane::{Channel, Layout, PlaneMut};
use faceveil::redact::{Redaction, Rgb};
use faceveil::{Rect, Region, Shape, Size, Style};
use std::hint::black_box;

/// Twelve megapixels.
const PHOTO: Size = Size::new(4000, 3000);

fn photo() -> Vec<u8> {
    let texture = |i: u64| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 59) as u8;
    (0..PHOTO.area() * 3)
        .map(|i| ((i / 3 % 4000) / 20) as u8 + texture(i))
        .collect()
}

fn cover(redaction: &Redaction, rgb: &mut [u8]) {
    let channels = [Channel::Red, Channel::Green, Channel::Blue];
    for (i, channel) in channels.into_iter().enumerate() {
        let layout = Layout::interleaved(PHOTO, 3);
        let mut plane = PlaneMut::new(&mut rgb[i..], layout).expect("fits");
        redaction.apply(&mut plane, channel);
    }
    black_box(rgb);
}

fn region(x: f32, y: f32, width: f32, height: f32) -> Region {
    let area = Rect::new(x, y, width, height).expect("positive");
    Region::new(Shape::Ellipse, area)
}

fn redact(criterion: &mut Criterion) {
    let mut rgb = photo();
    let four: Vec<_> = (0..4)
        .map(|i| region(150.0 + 900.0 * i as f32, 700.0, 500.0, 600.0))
        .collect();
    let crowd: Vec<_> = (0..200)
        .map(|i| region((i % 20 * 195) as f32, (i / 20 * 280) as f32, 40.0, 50.0))
        .collect();
    let all = [Region::new(Shape::Box, Rect::of(PHOTO).grown(0.999))];
    let mut group = criterion.benchmark_group("12 megapixels RGB");
    group.sample_size(20);
    let styles = [
        Style::Blur,
        Style::Solid(Rgb(0, 0, 0)),
        Style::Mosaic(8),
        Style::Gaussian,
    ];
    for style in &styles {
        let redaction = Redaction::new(style, &four, PHOTO, Orientation::Normal);
        group.bench_function(format!("four large faces, {}", style.name()), |b| {
            b.iter(|| cover(&redaction, &mut rgb));
        });
    }
    let blur =
        |regions: &[Region], orientation| Redaction::new(&Style::Blur, regions, PHOTO, orientation);
    let redaction = blur(&four, Orientation::Rotate90);
    group.bench_function("four large faces, blur, turned", |b| {
        b.iter(|| cover(&redaction, &mut rgb));
    });
    let redaction = blur(&crowd, Orientation::Normal);
    group.bench_function("200 small faces, blur", |b| {
        b.iter(|| cover(&redaction, &mut rgb));
    });
    let redaction = blur(&all, Orientation::Normal);
    group.bench_function("one mask over everything, blur", |b| {
        b.iter(|| cover(&redaction, &mut rgb));
    });
    group.finish();
}

criterion_group!(benches, redact);
criterion_main!(benches);
