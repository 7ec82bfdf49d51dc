//! The leak zoo: files with a marked payload in each place where a person may survive. Each goes
//! through the whole pipeline; nothing of it may be left, and `inspect` must have named the place.

mod bombs;
mod boxes;
mod jpeg;
mod keep;
mod mutants;
mod others;
mod parts;
mod phones;
mod png;
mod search;
mod transparent;

use faceveil::inspect::inspect;
use faceveil::redact::{Rgb, Sticker};
use faceveil::{AnonymizeOptions, Anonymizer, Detector, DetectorOptions, Preset, Rect, Style};
use faceveil::{ErrorKind, Format, Photo, ReadOptions, Size};
use search::survivors;
use std::sync::OnceLock;

/// A file with something in a hiding place, and the kind that it must be named as.
pub(crate) struct Place {
    format: &'static str,
    kind: &'static str,
    file: Vec<u8>,
}

impl Place {
    fn new(format: &'static str, kind: &'static str, file: Vec<u8>) -> Self {
        Self { format, kind, file }
    }
}

fn everywhere() -> Vec<Place> {
    let mut all = jpeg::places();
    all.extend(png::places());
    all.extend(others::webp());
    all.extend(others::gif());
    all.extend(others::tiff_file());
    all.extend(others::bmp());
    all.extend(phones::heif());
    all.extend(phones::jxl());
    all
}

fn styles() -> [Style; 5] {
    let sticker = Sticker::new(Size::new(2, 2), &[200; 16]).unwrap();
    [
        Style::Blur,
        Style::Solid(Rgb(10, 20, 30)),
        Style::Mosaic(6),
        Style::Gaussian,
        Style::Image(sticker),
    ]
}

/// One for each style, sharing nothing but the weights. A region makes sure that something is
/// covered.
fn anonymizers() -> &'static [Anonymizer; 5] {
    static ALL: OnceLock<[Anonymizer; 5]> = OnceLock::new();
    ALL.get_or_init(|| {
        styles().map(|style| {
            let options = AnonymizeOptions::new()
                .style(style)
                .regions(vec![Rect::new(20.0, 16.0, 40.0, 30.0).unwrap()]);
            let detector = DetectorOptions::new().preset(Preset::Fast);
            Anonymizer::new(Detector::new(&detector).unwrap(), options).unwrap()
        })
    })
}

#[test]
fn every_hiding_place_is_named_by_inspect() {
    let mut wrong = Vec::new();
    for (number, place) in everywhere().iter().enumerate() {
        let seen = inspect(&place.file).unwrap();
        assert_eq!(seen.format, place.format, "{number}");
        let kinds: Vec<&str> = seen.findings.iter().map(|f| f.kind.name()).collect();
        if !kinds.contains(&place.kind) || seen.damage.is_some() {
            let format = place.format;
            wrong.push(format!(
                "{number} {format}: no {} in {kinds:?}, {:?}",
                place.kind, seen.damage
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pictures_around_the_hiding_places_are_clean() {
    for file in [jpeg::base(), png::base()] {
        let seen = inspect(&file).unwrap();
        assert!(seen.is_clean(), "{seen:?}");
        assert!(survivors(&file).is_empty());
    }
}

#[test]
fn no_payload_survives_in_any_place() {
    let (mut refused, mut counts) = (Vec::new(), std::collections::BTreeMap::new());
    for (number, place) in everywhere().iter().enumerate() {
        let name = format!("{} {number} ({})", place.format, place.kind);
        let anonymizer = &anonymizers()[number % 5];
        *counts.entry(place.format).or_insert(0) += 1;
        match anonymizer.photo(&place.file) {
            Ok(done) => {
                let left = survivors(&done.bytes);
                assert!(left.is_empty(), "{name}: {left:?}");
                assert_eq!(done.report.regions.len(), 1, "{name}");
                assert!(
                    !done.report.dropped.is_empty() || is_unnamed(place),
                    "{name}"
                );
                assert!(inspect(&done.bytes).unwrap().is_clean(), "{name}");
            }
            // Nothing is written: as good, but it must not be our own mistake.
            Err(error) => {
                assert_ne!(error.kind(), ErrorKind::Internal, "{name}: {error:?}");
                refused.push(format!("{name}: {error}"));
            }
        }
    }
    // A segment of quantisation tables that is too long is damage.
    assert!(refused.len() <= 1, "{}", refused.join("\n"));
    assert!(counts["jpeg"] >= 15 && counts["png"] >= 11, "{counts:?}");
    for format in ["webp", "gif", "tiff", "bmp"] {
        assert!(counts[format] >= 5, "{counts:?}");
    }
    for format in ["heif", "avif", "jpeg-xl"] {
        assert!(counts[format] >= 30, "{counts:?}");
    }
}

/// What `--format` can be.
fn targets() -> impl Iterator<Item = Format> {
    Format::ALL.iter().copied().filter(|f| f.is_target())
}

#[test]
fn no_payload_survives_in_any_format() {
    let mut written = 0;
    for (number, place) in everywhere().iter().enumerate() {
        for to in targets() {
            let name = format!("{} {number} ({}) as {to:?}", place.format, place.kind);
            let read = Photo::read(&place.file, &ReadOptions::new().format(to));
            let out = match read.and_then(|photo| photo.write()) {
                Ok(out) => out,
                Err(error) => {
                    assert_ne!(error.kind(), ErrorKind::Internal, "{name}: {error:?}");
                    continue;
                }
            };
            let left = survivors(&out);
            assert!(left.is_empty(), "{name}: {left:?}");
            assert!(inspect(&out).unwrap().is_clean(), "{name}");
            written += 1;
        }
    }
    assert!(written > 1000, "{written}");
}

/// Slack of a container that readers pass over without a word.
fn is_unnamed(place: &Place) -> bool {
    matches!(
        place.kind,
        "unused-bytes" | "hidden-pixels" | "icc-private" | "hidden-frame"
    )
}

#[test]
fn no_payload_survives_in_any_style() {
    for file in [
        jpeg::everything(),
        png::everything(),
        others::webp().swap_remove(0).file,
        others::webp().into_iter().rev().nth(2).unwrap().file,
        others::gif().into_iter().rev().nth(3).unwrap().file,
        others::tiff_file().pop().unwrap().file,
        others::bmp().swap_remove(0).file,
    ] {
        assert!(
            !survivors(&file).is_empty(),
            "the search finds what is there"
        );
        for anonymizer in anonymizers() {
            let done = anonymizer.photo(&file).unwrap();
            let left = survivors(&done.bytes);
            assert!(left.is_empty(), "{:?}: {left:?}", done.report.style);
        }
    }
}

#[test]
fn what_colour_and_place_need_survives() {
    let kept = |file: &[u8]| {
        let done = anonymizers()[0].photo(file).unwrap();
        let again = Photo::read(&done.bytes, &ReadOptions::new()).unwrap();
        assert_eq!(
            again.kept(),
            done.report.kept,
            "what is said is what is there"
        );
        let names: Vec<&str> = done.report.kept.iter().map(|kind| kind.name()).collect();
        (names, again.orientation(0).to_exif())
    };
    let turned = parts::tiff(&parts::Dir(
        vec![(0x0112, parts::Value::Short(vec![6]))],
        None,
    ));
    let exif = [
        &b"\xff\xe1"[..],
        &(turned.len() as u16 + 8).to_be_bytes(),
        b"Exif\0\0",
        &turned,
    ]
    .concat();
    let icc = [&b"ICC_PROFILE\0\x01\x01"[..], &parts::profile()].concat();
    let icc = [
        &b"\xff\xe2"[..],
        &(icc.len() as u16 + 2).to_be_bytes(),
        &icc,
    ]
    .concat();
    let base = jpeg::base();
    let jpeg = [&base[..20], &exif, &icc, &base[20..]].concat();
    assert_eq!(kept(&jpeg), (vec!["orientation", "icc"], 6));
    let base = png::base();
    let chunks = [
        png::chunk(b"gAMA", &45455u32.to_be_bytes()),
        png::chunk(b"sBIT", &[5, 6, 5]),
        png::chunk(b"pHYs", b"\0\0\x0b\x13\0\0\x0b\x13\x01"),
        png::chunk(b"eXIf", &turned),
    ];
    let png = [&base[..33], &chunks.concat(), &base[33..]].concat();
    let mut names = vec!["gamma", "resolution", "significant-bits", "orientation"];
    let (mut found, orientation) = kept(&png);
    found.sort();
    names.sort();
    assert_eq!((found, orientation), (names, 6));
}
