//! What is written without loss is read again as it was, and hostile files end in errors.

use super::super::frames::{Frame, Frames};
use super::super::icc::Profile;
use super::super::notes::Notes;
use super::super::quality::Quality;
use super::super::raster::{Model, Raster, Samples};
use super::super::tests::sources::Random;
use super::super::{Body, Format, Limits, Photo, ReadOptions};
use super::{JxlWriter, Parts};
use crate::error::ErrorKind;
use crate::geometry::{Orientation, Size};

const SIZE: Size = Size::new(61, 37);

fn raster(model: Model, deep: bool) -> Raster {
    let mut random = Random(model as u64 + 3);
    let n = model.channels().len();
    let count = SIZE.area() as usize * n;
    let value = |i: usize, noise: u64| {
        let wave = (i / n % 61 * 700 + i / n / 61 * 300 + i % n * 9000) as u64;
        (wave + noise % 2000).min(65535) as u16
    };
    let all: Vec<u16> = (0..count).map(|i| value(i, random.next())).collect();
    let samples = match deep {
        true => Samples::U16(all),
        false => Samples::U8(all.iter().map(|v| (v >> 8) as u8).collect()),
    };
    Raster::new(SIZE, model, samples).expect("whole")
}

fn written(raster: Raster, icc: Option<Profile>) -> (Vec<u8>, Notes) {
    written_as(raster, icc, (Quality::AsSource, None))
}

/// With a quality, from a lossy JPEG XL of so many bytes or from something else.
fn written_as(
    raster: Raster,
    icc: Option<Profile>,
    (quality, lossy_bytes): (Quality, Option<usize>),
) -> (Vec<u8>, Notes) {
    let frame = Frame {
        raster,
        orientation: Orientation::Normal,
    };
    let mut notes = Notes::default();
    let mut parts = Parts {
        icc,
        lossy_bytes,
        ..Parts::new(Vec::new())
    };
    let (frames, writer) =
        JxlWriter::new(&mut parts, vec![frame], quality, &mut notes).expect("fits");
    let body = Frames::new(frames, writer).expect("a picture");
    (body.write().expect("written"), notes)
}

#[test]
fn every_layout_comes_back_bit_by_bit() {
    for model in [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba] {
        for deep in [false, true] {
            let source = raster(model, deep);
            let (file, _) = written(source.clone(), None);
            let mut notes = Notes::default();
            let mut budget = super::super::guard::Budget::new(1 << 20);
            let parts = super::read(&file, &mut budget, &mut notes).expect("read");
            let back = &parts.frames[0].raster;
            if (model, deep) == (Model::GreyAlpha, true) {
                let (Samples::U16(back), Samples::U16(own)) = (back.samples(), source.samples())
                else {
                    panic!("another depth");
                };
                let same = |(b, o): (&[u16], &[u16])| b == [o[0], o[0], o[0], o[1]];
                assert!(back.chunks_exact(4).zip(own.chunks_exact(2)).all(same));
            } else {
                assert!(*back == source, "{model:?} {deep}");
            }
            assert!(parts.icc.is_none() && notes.warnings.is_empty());
        }
    }
}

#[test]
fn colour_spaces_that_a_header_can_name_stay_and_others_become_srgb() {
    for primaries in [9, 12] {
        let icc = Profile::of_code_points(primaries, 13);
        let (file, notes) = written(raster(Model::Rgb, false), icc.clone());
        assert!(notes.warnings.is_empty(), "{:?}", notes.warnings);
        let photo = Photo::read(&file, &ReadOptions::new().format(Format::Png));
        assert_eq!(photo.expect("read").kept(), ["icc"]);
        let mut budget = super::super::guard::Budget::new(1 << 20);
        let parts = super::read(&file, &mut budget, &mut Notes::default()).expect("read");
        assert_eq!(parts.icc, icc);
    }
    let (file, notes) = written(raster(Model::Rgba, true), Profile::adobe_rgb());
    assert!(notes.warnings[0].contains("sRGB"), "{:?}", notes.warnings);
    assert!(Photo::read(&file, &ReadOptions::new()).is_ok());
}

#[test]
fn what_was_lossy_stays_so_and_a_quality_makes_it_so() {
    let cases = [
        (Quality::AsSource, None, false, ""),
        (
            Quality::AsSource,
            Some(900),
            true,
            "coded again about as finely",
        ),
        (Quality::Percent(80), None, true, ""),
        (Quality::Percent(80), Some(900), true, ""),
        (Quality::Lossless, None, false, ""),
        (Quality::Lossless, Some(900), false, "is written lossless"),
    ];
    for (quality, bytes, is_lossy, said) in cases {
        for model in [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba] {
            for deep in [false, true] {
                let source = raster(model, deep);
                let icc = Profile::of_code_points(12, 13).filter(|_| model == Model::Rgb);
                let (file, notes) = written_as(source.clone(), icc.clone(), (quality, bytes));
                let said = match (deep, quality, bytes) {
                    (true, Quality::Percent(_), None) => "whatever the quality",
                    (true, _, Some(_)) => "is written lossless",
                    _ => said,
                };
                let warnings = &notes.warnings;
                assert_eq!(
                    warnings.len(),
                    usize::from(!said.is_empty()),
                    "{warnings:?}"
                );
                assert!(warnings.iter().all(|w| w.contains(said)), "{warnings:?}");
                let mut budget = super::super::guard::Budget::new(1 << 20);
                let parts = super::read(&file, &mut budget, &mut Notes::default()).expect("read");
                let is_lossy = is_lossy && !deep;
                assert_eq!(
                    parts.lossy_bytes.is_some(),
                    is_lossy,
                    "{quality} {bytes:?} {model:?}"
                );
                assert_eq!(parts.icc, icc);
                if !deep {
                    assert_eq!(parts.frames[0].raster.model(), model);
                    assert_eq!(parts.frames[0].raster == source, !is_lossy);
                }
            }
        }
    }
}

#[test]
fn narrow_pictures_are_lossy_only() {
    for size in [Size::new(1, 1), Size::new(1, 90), Size::new(90, 1)] {
        for model in [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba] {
            let n = model.channels().len();
            let samples = (0..size.area() as usize * n).map(|i| (i * 3 % 200) as u8);
            let raster = Raster::new(size, model, Samples::U8(samples.collect())).expect("whole");
            let (file, _) = written_as(raster, None, (Quality::Percent(90), None));
            let mut budget = super::super::guard::Budget::new(1 << 20);
            let parts = super::read(&file, &mut budget, &mut Notes::default()).expect("read");
            assert_eq!(parts.frames[0].raster.size(), size);
        }
    }
}

#[test]
fn boxes_are_named_and_none_is_written_again() {
    let boxed = |kind: &[u8; 4], body: &[u8]| {
        let mut out = (body.len() as u32 + 8).to_be_bytes().to_vec();
        out.extend(kind);
        out.extend(body);
        out
    };
    let (stream, _) = written(raster(Model::Rgb, false), None);
    let file = [
        boxed(b"JXL ", b"\r\n\x87\n"),
        boxed(b"ftyp", b"jxl \0\0\0\0jxl "),
        boxed(
            b"Exif",
            b"\0\0\0\0II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x05\0\0\0\x1a\0\0\0\0\0\0\0ACME\0",
        ),
        boxed(b"xml ", b"<x:xmpmeta>MotionPhoto</x:xmpmeta>"),
        boxed(b"brob", b"xml 123"),
        boxed(b"jbrd", b"original"),
        boxed(b"jhgm", b"gain"),
        boxed(b"jumb", b"c2pa"),
        boxed(b"jxlc", &stream),
    ]
    .concat();
    // What can be made a JPEG again is a lossy one.
    let exactly = ReadOptions::new().quality(Quality::Lossless);
    let photo = Photo::read(&file, &exactly).expect("read");
    assert_eq!(
        photo.dropped(),
        [
            "camera",
            "xmp",
            "motion-video",
            "jpeg-reconstruction",
            "gain-map",
            "c2pa"
        ]
    );
    let out = photo.write().expect("written");
    assert!(out == stream);
}

#[test]
fn the_limit_holds_and_damage_is_an_error() {
    for quality in [Quality::Lossless, Quality::Percent(60)] {
        damage(&written_as(raster(Model::Rgba, false), None, (quality, None)).0);
    }
}

fn damage(file: &[u8]) {
    let small = Limits::max_pixels(1000);
    let error = Photo::read(file, &ReadOptions::new().limits(small)).expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    for end in [2, 5, 12, 40, file.len() / 2, file.len() - 1] {
        assert!(
            Photo::read(&file[..end], &ReadOptions::new()).is_err(),
            "{end}"
        );
    }
    let mut random = Random(11);
    let limits = Limits::max_pixels(100_000);
    for i in 0..2000 {
        let mut mutant = file.to_vec();
        for _ in 0..1 + random.below(3) {
            let most = if random.below(2) == 0 {
                60
            } else {
                mutant.len()
            };
            let at = random.below(most.min(mutant.len()));
            match random.below(4) {
                0 => mutant.truncate(at.max(2)),
                1 => mutant[at] = 0xff,
                2 => mutant[at] ^= 1 << random.below(8),
                _ => mutant[at] = random.below(256) as u8,
            }
        }
        if let Err(error) = Photo::read(&mutant, &ReadOptions::new().limits(limits)) {
            assert_ne!(error.kind(), ErrorKind::Internal, "mutant {i}: {error:?}");
        }
    }
}
