use super::super::{Format, Photo, ReadOptions};
use super::*;
use proptest::prelude::*;

/// Waves with a little noise; some of them partly transparent.
fn pixels((width, height): (u32, u32), seed: u32, noise: u32, alpha: bool) -> Vec<u8> {
    let mut state = seed | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) % (noise + 1)
    };
    let mut out = Vec::new();
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let wave = |step: u32| (((x * step + y * 3) as f32 / 20.0).sin() * 90.0 + 128.0) as u32;
        for step in 1..=3 {
            out.push((wave(step) + random()).min(255) as u8);
        }
        if alpha {
            out.push(if x % 7 < 3 { 255 } else { (x * 11 + y) as u8 });
        }
    }
    out
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let off = a
        .iter()
        .zip(b)
        .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    10.0 * (255.0f64.powi(2) * a.len() as f64 / off.sum::<f64>()).log10()
}

fn read(file: &[u8], quality: Quality) -> Photo {
    Photo::read(file, &ReadOptions::new().quality(quality)).expect("a WebP")
}

fn made(size: (u32, u32), quality: Option<u8>) -> Vec<u8> {
    let pixels = pixels(size, 7, 20, false);
    let chunks = encode(&pixels, Model::Rgb, size, quality).expect("encodes");
    riff::still(Size::new(size.0, size.1), false, &chunks)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn every_picture_is_written_as_it_is(
        size in (1u32..100, 1u32..100), seed: u32, noise in 0u32..256, alpha: bool, quality in 1u8..=100,
    ) {
        let model = if alpha { Model::Rgba } else { Model::Rgb };
        let pixels = pixels(size, seed, noise, alpha);
        let chunks = lossy::encode(&pixels, model, size, quality).expect("encodes");
        let chunks = chunks.expect("reads as what was written");
        let chunks = riff::chunks(&chunks).expect("chunks");
        let last = chunks.last().expect("a picture");
        prop_assert_eq!(&last.name, b"VP8 ");
        let index = lossy::index(last.data).expect("a header");
        // Nothing is coarser than the source when it is written again.
        let again = lossy::quality_of(index);
        prop_assert!(again + 1 >= quality, "{quality}: index {index}, again {again}");
    }
}

#[test]
fn a_lossy_picture_stays_one_of_about_its_size() {
    for quality in [30, 60, 75, 90] {
        let file = made((300, 200), Some(quality));
        let photo = read(&file, Quality::AsSource);
        assert!(
            photo
                .warnings()
                .iter()
                .any(|w| w.contains("about as finely"))
        );
        let written = photo.write().expect("writes");
        let grown = written.len() as f64 / file.len() as f64;
        let again = read(&written, Quality::AsSource).to_rgba().1;
        let psnr = psnr(&photo.to_rgba().1, &again);
        assert!(
            grown < 1.3 && psnr > 26.0,
            "{quality}: {grown:.2} times, {psnr:.1} dB"
        );
        assert!(!photo.coarseness().is_empty());
    }
}

#[test]
fn quality_may_be_chosen() {
    let file = made((300, 200), Some(75));
    let source = read(&file, Quality::Lossless);
    let exact = source.write().expect("writes");
    assert_eq!(read(&exact, Quality::AsSource).to_rgba(), source.to_rgba());
    assert!(read(&exact, Quality::AsSource).coarseness().is_empty());
    let of = |quality| {
        read(&file, Quality::Percent(quality))
            .write()
            .expect("writes")
    };
    assert!(of(20).len() < of(60).len() && of(60).len() < of(95).len());
    let lossless = made((300, 200), None);
    assert!(read(&lossless, Quality::AsSource).warnings().is_empty());
    assert!(
        read(&lossless, Quality::Percent(50))
            .write()
            .expect("writes")
            .len()
            < lossless.len()
    );
    let options = ReadOptions::new()
        .quality(Quality::Lossless)
        .format(Format::Jpeg);
    let refused = Photo::read(&file, &options).expect_err("a JPEG loses something");
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
}

#[test]
fn the_header_of_any_bytes_is_read_without_a_fault() {
    let file = made((64, 64), Some(50));
    let chunk = &file[20..];
    assert!(lossy::index(chunk).is_some());
    for end in 0..chunk.len().min(80) {
        let _ = lossy::index(&chunk[..end]);
    }
    assert_eq!(lossy::index(&[]), None);
    assert_eq!(lossy::index(&[0xff; 40]), None);
}
