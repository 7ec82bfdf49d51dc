//! JPEG XL: beside libjxl, and lossy files through the command.

use super::{psnr, read, run, source, there};
use crate::sandbox::{ASTRONAUT, Sandbox};
use faceveil::inspect::inspect;
use faceveil::photo::Quality;
use faceveil::{Format, Photo, ReadOptions};

#[test]
fn jpeg_xl_is_read_as_libjxl_reads_it_and_ours_is_read_by_it() {
    if !there(&["cjxl", "djxl"]) {
        return;
    }
    let at = Sandbox::new();
    let png = source(&at);
    for args in [&["-d", "0"][..], &["-d", "1"], &["-d", "1", "-p"]] {
        run(&at, "cjxl", &[&["a.png", "a.jxl"], args].concat());
        run(&at, "djxl", &["a.jxl", "back.png"]);
        let ours = read(&at.read("a.jxl"));
        let near = psnr(&ours, &read(&at.read("back.png")));
        assert!(near > 45.0, "{args:?}: {near:.1} dB");
    }
    let written = Photo::read(&at.read("a.png"), &ReadOptions::new().format(Format::Jxl));
    at.file("ours.jxl", &written.unwrap().write().unwrap());
    run(&at, "djxl", &["ours.jxl", "back.png"]);
    assert_eq!(psnr(&png, &read(&at.read("back.png"))), 99.0);
}

/// The largest difference of a sample.
fn largest_difference(a: &Photo, b: &Photo) -> u8 {
    let ((size, a), (other, b)) = (a.to_rgba(), b.to_rgba());
    assert_eq!(size, other);
    let pairs = a.iter().zip(&b);
    pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

#[test]
fn lossy_jpeg_xl_of_ours_is_read_by_libjxl_as_by_us() {
    if !there(&["djxl"]) {
        return;
    }
    let at = Sandbox::new();
    for (i, (width, height)) in [(1, 1), (61, 37), (256, 256), (300, 9), (2100, 530)]
        .into_iter()
        .enumerate()
    {
        for n in 1..=4 {
            let value = |i: usize| {
                let (pixel, channel) = (i / n, i % n);
                let (x, y) = (pixel % width, pixel / width);
                let ink = if x / 3 % 5 == 0 && y % 9 < 6 { 0 } else { 90 };
                (ink + x * (channel + 1) / 4 % 90 + y / 2 % 60 + i * i % 13) as u8
            };
            let samples: Vec<u8> = (0..width * height * n).map(value).collect();
            let color = match n {
                1 => png::ColorType::Grayscale,
                2 => png::ColorType::GrayscaleAlpha,
                3 => png::ColorType::Rgb,
                _ => png::ColorType::Rgba,
            };
            let mut source = Vec::new();
            let mut encoder = png::Encoder::new(&mut source, width as u32, height as u32);
            encoder.set_color(color);
            let mut writer = encoder.write_header().unwrap();
            writer.write_image_data(&samples).unwrap();
            writer.finish().unwrap();
            let quality = [Quality::Percent(50), Quality::Percent(95)][i % 2];
            let options = ReadOptions::new().format(Format::Jxl).quality(quality);
            let ours = Photo::read(&source, &options).unwrap();
            at.file("ours.jxl", &ours.write().unwrap());
            run(&at, "djxl", &["ours.jxl", "back.png"]);
            let (ours, theirs) = (read(&at.read("ours.jxl")), read(&at.read("back.png")));
            let off = largest_difference(&ours, &theirs);
            assert!(off <= 1, "{width}x{height} {n}: {off} levels off");
            let near = psnr(&read(&source), &ours);
            assert!(near > 28.0, "{width}x{height} {n}: {near:.1} dB");
        }
    }
}

#[test]
fn a_lossy_jpeg_xl_stays_one_of_about_its_size() {
    let at = Sandbox::new();
    at.sample(ASTRONAUT, "a.jpg");
    let lossy = ["--format", "jxl", "--quality", "80"];
    let blur = ["blur", "a.jpg", "-o", "a.jxl", "--ignore", "0,0,999,999"];
    at.run(&[&blur[..], &lossy].concat()).exits(0);
    let source = at.read("a.jxl");
    let args = [
        "blur", "a.jxl", "-o", "out/", "--verify", "--report", "r.jsonl",
    ];
    let ran = at.run(&args).exits(0).says("coded again about as finely");
    ran.does_not_say("grow");
    let again = at.read("out/a.jxl");
    assert!(
        again.len() < source.len() * 14 / 10,
        "{} to {}",
        source.len(),
        again.len()
    );
    let seen = inspect(&again).unwrap();
    assert!(seen.findings.is_empty() && seen.damage.is_none());
    // Rows at the bottom, far from the face.
    let rgba = |file: &[u8]| Photo::read(file, &ReadOptions::new()).unwrap().to_rgba().1;
    let bottom = |file: &[u8]| rgba(file)[480 * 512 * 4..].to_vec();
    let off = |a: &[u8], b: &[u8]| -> f64 {
        let pairs = a.iter().zip(b);
        let sum: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
        sum / a.len() as f64
    };
    assert!(off(&bottom(&source), &bottom(&again)) < 1.5);
    at.run(&["blur", "a.jxl", "-o", "exact/", "--quality", "lossless"])
        .exits(0)
        .says("is written lossless");
    assert_eq!(bottom(&at.read("exact/a.jxl")), bottom(&source));
    at.run(&["apply", "r.jsonl", "-o", "again/"]).exits(0);
    assert_eq!(at.read("again/a.jxl"), again);
}
