//! What is written is decoded to exactly the coefficients that went in.

use super::super::super::guard::Budget;
use super::super::super::notes::Notes;
use super::super::super::raster::{Model, Raster, Samples};
use super::super::super::tests::sources::Random;
use super::super::header::{Space, header};
use super::super::read;
use super::{LEAST, MOST, Picture, encode, encode_like, frame};
use crate::geometry::Size;
use jpeg_coefficients::{CodedImage, EncodeOptions, PixelLayout, ZIGZAG};

/// What a decoder takes instead of a coefficient of 1, and how much it takes off others (18181-1,
/// F.3); of luma, blue and red difference.
const ONE: [f64; 3] = [1.0 - 0.070_054_5, 1.0 - 0.054_650_07, 1.0 - 0.049_935_1];
const OFF: f64 = 0.145;

fn model(colours: usize, is_opaque: bool) -> Model {
    match (colours, is_opaque) {
        (1, true) => Model::Grey,
        (1, false) => Model::GreyAlpha,
        (_, true) => Model::Rgb,
        (_, false) => Model::Rgba,
    }
}

/// Waves, an edge and letters, with some noise.
fn picture(size: Size, model: Model, noise: u64) -> Raster {
    let mut random = Random(u64::from(size.width * 31 + size.height) + model as u64);
    let n = model.channels().len();
    let mut samples = Vec::new();
    for y in 0..size.height {
        for x in 0..size.width {
            for channel in 0..n as u32 {
                let wave = (f64::from(x * (channel + 2)) / 23.0).sin() * 60.0
                    + (f64::from(y) / 17.0).cos() * 40.0;
                let is_ink = x / 3 % 5 == 0 && y % 9 < 6 && x % 90 < 40;
                let ink = if is_ink { -70.0 } else { 20.0 };
                let grain = random.below(noise as usize + 1) as f64 - noise as f64 / 2.0;
                let is_opacity = n.is_multiple_of(2) && channel + 1 == n as u32;
                let value = match is_opacity {
                    true => f64::from(255 - x / 5 % 256) - f64::from(y % 7),
                    false => 120.0 + wave + ink + grain,
                };
                samples.push(value.clamp(0.0, 255.0) as u8);
            }
        }
    }
    Raster::new(size, model, Samples::U8(samples)).expect("whole")
}

fn decoded(file: &[u8]) -> Vec<u8> {
    let mut notes = Notes::default();
    let mut budget = Budget::new(1 << 26);
    let parts = read(file, &mut budget, &mut notes).expect("read");
    assert_eq!(parts.lossy_bytes, Some(file.len()), "known for a lossy one");
    match parts.frames[0].raster.samples() {
        Samples::U8(samples) => samples.clone(),
        Samples::U16(_) => panic!("another depth"),
    }
}

fn file(raster: &Raster, frame: &[u8]) -> Vec<u8> {
    [&header(raster, Some(Space::Srgb)), frame].concat()
}

fn samples(raster: &Raster) -> &[u8] {
    match raster.samples() {
        Samples::U8(samples) => samples,
        Samples::U16(_) => panic!("another depth"),
    }
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |(a, b): (&u8, &u8)| f64::from(a.abs_diff(*b)).powi(2);
    let sum: f64 = a.iter().zip(b).map(square).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / sum.max(1e-9)).log10()
}

/// The samples of a component as the standard has them, padded to whole blocks.
fn plane(image: &CodedImage, component: usize) -> (usize, Vec<f64>) {
    let (across, down) = image.frame().components[component].own;
    let mut out = vec![0.0; across * down * 64];
    let table = image.quant_tables()[component];
    let wave = |x: usize, u: usize| {
        let scale = if u == 0 { 0.5f64.sqrt() } else { 1.0 };
        ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos() * scale / 2.0
    };
    let waves: Vec<f64> = (0..64).map(|i| wave(i / 8, i % 8)).collect();
    for y in 0..down {
        for x in 0..across {
            let mut rows = [0.0; 64];
            for (at, &level) in image.plane(component).block(x, y).iter().enumerate() {
                let place = usize::from(ZIGZAG[at]);
                let level = f64::from(level);
                let value = match level.abs() {
                    0.0 => continue,
                    _ if at == 0 => level,
                    1.0 => level * ONE[component],
                    _ => level - OFF / level,
                } * f64::from(table[place]);
                for i in 0..8 {
                    rows[place / 8 * 8 + i] += value * waves[i * 8 + place % 8];
                }
            }
            for i in 0..64 {
                let (row, column) = (i / 8, i % 8);
                let sum: f64 = (0..8)
                    .map(|v| rows[v * 8 + column] * waves[row * 8 + v])
                    .sum();
                out[(y * 8 + row) * across * 8 + x * 8 + column] = sum;
            }
        }
    }
    (across * 8, out)
}

/// The pixels that coefficients stand for.
fn expected(image: &CodedImage) -> Vec<u8> {
    let planes: Vec<(usize, Vec<f64>)> = (0..image.frame().components.len())
        .map(|i| plane(image, i))
        .collect();
    let size = image.frame().size;
    let mut out = Vec::new();
    for y in 0..size.height as usize {
        for x in 0..size.width as usize {
            let at = |i: usize| planes.get(i).map(|(stride, p)| p[y * stride + x]);
            let luma = at(0).unwrap_or_default() + 128.0;
            let mut put = |v: f64| out.push(v.clamp(0.0, 255.0).round() as u8);
            match (at(1), at(2)) {
                (Some(blue), Some(red)) => {
                    put(luma + 1.402 * red);
                    put(luma - 0.344_136_3 * blue - 0.714_136_3 * red);
                    put(luma + 1.772 * blue);
                }
                _ => put(luma),
            }
        }
    }
    out
}

#[track_caller]
fn same(got: &[u8], expected: &[u8], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let off = got.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(off <= Some(1), "{what}: {off:?} levels off");
}

const SIZES: [(u32, u32); 12] = [
    (1, 1),
    (1, 40),
    (9, 1),
    (7, 5),
    (8, 8),
    (17, 33),
    (61, 37),
    (255, 256),
    (257, 30),
    (300, 521),
    (2049, 17),
    (9, 4101),
];

#[test]
fn decoders_have_the_coefficients_of_any_picture() {
    for (width, height) in SIZES {
        for layout in [PixelLayout::Grey, PixelLayout::Rgb] {
            let n = if layout == PixelLayout::Grey { 1 } else { 3 };
            let size = Size::new(width, height);
            let raster = picture(size, model(n, true), 30);
            for quality in [40, 90, 100] {
                let options = EncodeOptions::new().quality(quality).subsampled(false);
                let size = jpeg_coefficients::Size::new(width, height);
                let pixels = samples(&raster);
                let coded = CodedImage::from_pixels(pixels, size, layout, &options).expect("coded");
                let got = decoded(&file(&raster, &frame::frame(&coded, None)));
                same(
                    &got,
                    &expected(&coded),
                    &format!("{width}x{height} {n} {quality}"),
                );
            }
        }
    }
}

#[test]
fn any_coefficients_are_decoded() {
    let mut random = Random(77);
    for round in 0..60 {
        let (width, height) = [(40, 24), (8, 8), (264, 16), (1, 1), (100, 300)][round % 5];
        let n = [1, 3][round / 5 % 2];
        let layout = [PixelLayout::Grey, PixelLayout::Rgb][round / 5 % 2];
        let size = jpeg_coefficients::Size::new(width, height);
        let pixels = vec![0; (width * height) as usize * n];
        let quality = 1 + random.below(100) as u8;
        let options = EncodeOptions::new().quality(quality).subsampled(false);
        let coded = CodedImage::from_pixels(&pixels, size, layout, &options);
        let mut coded = coded.expect("coded");
        let most = [1, 2, 15, 1023, 4096][random.below(5)];
        let kept = random.below(65);
        for component in 0..n {
            let (across, down) = coded.frame().components[component].own;
            for i in 0..across * down {
                let mut block = [0; 64];
                for value in &mut block {
                    if random.below(64) < kept {
                        *value = random.below(2 * most + 1) as i16 - most as i16;
                    }
                }
                match random.below(8) {
                    0 => block = [2047; 64],
                    1 => block = [-2047; 64],
                    2 => block = [0; 64],
                    _ => {}
                }
                coded
                    .plane_mut(component)
                    .set(i % across, i / across, &block);
            }
        }
        let raster = picture(Size::new(width, height), model(n, true), 0);
        let got = decoded(&file(&raster, &frame::frame(&coded, None)));
        same(&got, &expected(&coded), &format!("round {round}"));
    }
}

#[test]
fn pictures_look_the_same_and_opacity_is_exact() {
    for (width, height) in SIZES {
        for (colours, is_opaque) in [(1, true), (1, false), (3, true), (3, false)] {
            let raster = picture(Size::new(width, height), model(colours, is_opaque), 12);
            let file = file(&raster, &encode(&raster, 90).expect("encoded"));
            let (got, own) = (decoded(&file), samples(&raster));
            let n = raster.model().channels().len();
            let colours_of = |samples: &[u8]| -> Vec<u8> {
                let pixels = samples.chunks_exact(n);
                pixels.flat_map(|p| &p[..colours]).copied().collect()
            };
            let near = psnr(&colours_of(&got), &colours_of(own));
            assert!(
                near > 33.0,
                "{width}x{height} {:?}: {near:.1} dB",
                raster.model()
            );
            let opacity = |p: &[u8]| p.iter().skip(n - 1).step_by(n).copied().collect::<Vec<_>>();
            assert!(is_opaque || opacity(&got) == opacity(own));
        }
    }
}

#[test]
fn a_flat_picture_takes_next_to_nothing() {
    let size = Size::new(1000, 700);
    let raster = Raster::new(
        size,
        Model::Rgb,
        Samples::U8([90, 140, 200].repeat(700_000)),
    );
    let raster = raster.expect("whole");
    let file = file(&raster, &encode(&raster, 95).expect("encoded"));
    assert!(file.len() < 400, "{} bytes", file.len());
    let got = decoded(&file);
    assert!(
        got.iter()
            .zip(samples(&raster))
            .all(|(a, b)| a.abs_diff(*b) < 2)
    );
}

#[test]
fn the_size_follows_the_source_within_bounds_of_quality() {
    // As large as that only some of it is judged.
    for size in [Size::new(700, 500), Size::new(2300, 1700)] {
        let raster = picture(size, Model::Rgb, 25);
        let whole = Picture::new(&raster).expect("8 bits");
        for quality in [78, 85, 91] {
            let bytes = encode(&raster, quality).expect("encoded").len();
            let source = bytes * 100 / 130;
            let own = whole.quality_like(source).expect("judged");
            assert!(own.abs_diff(quality) <= 1, "{own} for {quality}");
            let like = encode_like(&raster, source).expect("encoded").len();
            assert!(like < bytes * 105 / 100, "{like} for {bytes}");
        }
        assert_eq!(whole.quality_like(0).expect("judged"), LEAST);
        assert_eq!(whole.quality_like(usize::MAX).expect("judged"), MOST);
    }
}
