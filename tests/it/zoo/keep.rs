//! `--keep`: what is asked for is there again, checked, and nothing else.

use super::parts::{Dir, Value, thumbnail_dir, tiff};
use super::{jpeg, others, png};
use faceveil::inspect::{FindingKind, inspect};
use faceveil::{
    AnonymizeOptions, Anonymizer, Detector, DetectorOptions, Format, KeepMetadata, Preset,
};

const ALL: KeepMetadata = KeepMetadata {
    time: true,
    camera: true,
    gps: true,
    copyright: true,
    hdr: false,
};

fn text(words: &str) -> Value {
    Value::Text(words.as_bytes().to_vec())
}

/// Everything that a camera writes, and some things that it should not.
fn entries() -> Vec<(u16, Value)> {
    let exif = vec![
        (0x829a, Value::Fractions(vec![(10, 2500)])),
        (0x829d, Value::Fractions(vec![(28, 10)])),
        (0x8827, Value::Short(vec![400])),
        (0x9003, text("2024:01:31 12:34:56")),
        (0x9004, text("2024:01:31 12:34:57")),
        (0x9011, text("+02:00")),
        (0x9291, text("789")),
        (0x920a, Value::Fractions(vec![(500, 10)])),
        (0x927c, Value::Undefined(b"LEAK_MAKER".to_vec())),
        (0xa431, text("LEAK_SERIAL")),
        (0xa434, text("Lens 50")),
    ];
    let gps = vec![
        (1, text("N")),
        (2, Value::Fractions(vec![(48, 1), (5151, 100), (0, 1)])),
        (3, text("E")),
        (4, Value::Fractions(vec![(2, 1), (17, 1), (40, 1)])),
        (6, Value::Fractions(vec![(355, 10)])),
        (
            0x07,
            Value::Fractions(vec![(10, 1), (34, 1), (56789, 1000)]),
        ),
        (0x0b, Value::Fractions(vec![(12, 10)])),
        (0x0c, text("K")),
        (0x0d, Value::Fractions(vec![(36, 1)])),
        (0x0e, text("T")),
        (0x0f, Value::Fractions(vec![(9025, 100)])),
        (0x10, text("T")),
        (0x11, Value::Fractions(vec![(12345, 100)])),
        (0x1b, text("LEAK_METHOD")),
        (0x1d, text("2024:01:31")),
        (0x1f, Value::Fractions(vec![(5, 1)])),
    ];
    let mut main = vec![
        (0x010f, text("ACME")),
        (0x0110, text("One\x1b[2J")),
        (0x0131, text("LEAK_SOFTWARE")),
        (0x0132, text("2024:02:01 00:00:00")),
        (0x013b, text("Ann Other")),
        (0x8298, text("(c) Ann")),
        (0x8769, Value::Below(Dir(exif, None))),
        (0x8825, Value::Below(Dir(gps, None))),
    ];
    main.sort_by_key(|entry| entry.0);
    main
}

/// The same picture metadata in each format that can hold it.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let base = jpeg::base();
    let block = tiff(&Dir(entries(), Some(Box::new(thumbnail_dir("KEPT")))));
    let length = (block.len() as u16 + 8).to_be_bytes();
    let segment = [&b"\xff\xe1"[..], &length, b"Exif\0\0", &block].concat();
    let plain = png::base();
    vec![
        ("jpeg", [&base[..20], &segment, &base[20..]].concat()),
        (
            "png",
            [&plain[..33], &png::chunk(b"eXIf", &block), &plain[33..]].concat(),
        ),
        ("webp", others::webp_with_exif(&block)),
        ("tiff", others::tiff_with(entries())),
    ]
}

/// The values of a file that are not listed one by one by `inspect`.
fn gps_numbers(file: &[u8]) -> Vec<(u16, f64)> {
    let found = exif::Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut std::io::Cursor::new(file))
        .or_else(|e| e.distill_partial_result(|_| {}))
        .unwrap();
    let mut all: Vec<(u16, f64)> = found
        .fields()
        .filter(|f| f.tag.context() == exif::Context::Gps)
        .filter_map(|f| match &f.value {
            exif::Value::Rational(v) if v.len() == 1 => Some((f.tag.number(), v[0].to_f64())),
            exif::Value::Rational(v) => Some((f.tag.number(), v.last()?.to_f64())),
            _ => None,
        })
        .filter(|(tag, _)| *tag > 4)
        .collect();
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all
}

fn anonymizer(keep: KeepMetadata) -> Anonymizer {
    let detector = DetectorOptions {
        preset: Preset::Fast,
        ..DetectorOptions::default()
    };
    let options = AnonymizeOptions {
        keep,
        ..AnonymizeOptions::default()
    };
    Anonymizer::new(Detector::new(&detector).unwrap(), options).unwrap()
}

/// Kinds that are found in a file, with all their details.
fn found(file: &[u8]) -> Vec<(FindingKind, String)> {
    let seen = inspect(file).unwrap();
    assert_eq!(seen.damage, None);
    let mut all: Vec<_> = seen
        .findings
        .into_iter()
        .map(|f| (f.kind, f.detail))
        .collect();
    all.sort();
    all
}

#[test]
fn what_is_kept_is_there_again_and_nothing_else() {
    let keeper = anonymizer(ALL);
    for (name, file) in files() {
        let done = keeper.photo(&file).unwrap();
        for word in ["time", "camera", "gps", "copyright"] {
            assert!(
                done.report.kept.iter().any(|k| k == word),
                "{name}: {:?}",
                done.report.kept
            );
            assert!(
                !done.report.dropped.iter().any(|k| k == word),
                "{name}: {:?}",
                done.report.dropped
            );
        }
        assert!(super::survivors(&done.bytes).is_empty(), "{name}");
        let mut details: Vec<String> = found(&done.bytes)
            .into_iter()
            .flat_map(|(_, detail)| detail.split("; ").map(String::from).collect::<Vec<_>>())
            .collect();
        details.sort();
        let expected = [
            "48.85850 N, 2.29444 E",
            "Artist Ann Other",
            "Copyright (c) Ann",
            "DateTime 2024:02:01 00:00:00",
            "DateTimeDigitized 2024:01:31 12:34:57",
            "DateTimeOriginal 2024:01:31 12:34:56",
            "ExposureTime 0.0040",
            "FNumber 2.8000",
            "FocalLength 50.0000",
            "ISO 400",
            "LensModel Lens 50",
            "Make ACME",
            "Model One[2J",
            "OffsetTime +02:00",
            "SubSecTime 789",
        ];
        assert_eq!(details, expected, "{name}");
        let numbers = [
            (6, 35.5),
            (7, 56.789),
            (11, 1.2),
            (13, 36.0),
            (15, 90.25),
            (17, 123.45),
            (31, 5.0),
        ];
        assert_eq!(gps_numbers(&done.bytes), numbers, "{name}");
        let dropped = &done.report.dropped;
        assert!(
            dropped.iter().any(|d| d == "gps-other"),
            "{name}: {dropped:?}"
        );
    }
}

#[test]
fn what_is_kept_is_there_in_another_format_too() {
    let detector = DetectorOptions {
        preset: Preset::Fast,
        ..DetectorOptions::default()
    };
    let (_, file) = files().swap_remove(0);
    for format in Format::ALL.iter().copied().filter(|f| f.is_target()) {
        let options = AnonymizeOptions {
            keep: ALL,
            format: Some(format),
            ..AnonymizeOptions::default()
        };
        let detector = Detector::new(&detector).unwrap();
        let done = Anonymizer::new(detector, options).unwrap().photo(&file);
        let done = done.unwrap();
        assert!(!done.report.warnings.iter().any(|w| w.contains("keep")));
        let kinds: Vec<FindingKind> = found(&done.bytes).into_iter().map(|f| f.0).collect();
        for kind in [FindingKind::Time, FindingKind::Gps, FindingKind::Camera] {
            assert!(kinds.contains(&kind), "{format:?}: {kinds:?}");
        }
    }
}

#[test]
fn each_thing_is_kept_alone_and_the_default_keeps_none() {
    for (name, file) in files() {
        let clean = anonymizer(KeepMetadata::default()).photo(&file).unwrap();
        assert!(found(&clean.bytes).is_empty(), "{name}");
        for (keep, kinds) in [
            (
                KeepMetadata {
                    time: true,
                    ..KeepMetadata::default()
                },
                vec![FindingKind::Time],
            ),
            (
                KeepMetadata {
                    camera: true,
                    ..KeepMetadata::default()
                },
                vec![FindingKind::Camera],
            ),
            (
                KeepMetadata {
                    gps: true,
                    ..KeepMetadata::default()
                },
                vec![FindingKind::Gps],
            ),
            (
                KeepMetadata {
                    copyright: true,
                    ..KeepMetadata::default()
                },
                vec![FindingKind::Author, FindingKind::Copyright],
            ),
        ] {
            let done = anonymizer(keep).photo(&file).unwrap();
            let mut seen: Vec<FindingKind> = found(&done.bytes).into_iter().map(|f| f.0).collect();
            seen.dedup();
            assert_eq!(seen, kinds, "{name}");
        }
    }
}

#[test]
fn a_format_without_a_place_says_so_and_absence_is_no_error() {
    let keeper = anonymizer(ALL);
    for place in [others::gif().swap_remove(0), others::bmp().swap_remove(0)] {
        let done = keeper.photo(&place.file).unwrap();
        assert!(
            done.report
                .warnings
                .iter()
                .any(|w| w.contains("time, camera, gps, copyright"))
        );
    }
    let done = keeper.photo(&jpeg::base()).unwrap();
    assert!(done.report.warnings.is_empty() && done.report.kept.is_empty());
}
