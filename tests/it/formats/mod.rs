//! HEIC, AVIF and JPEG XL: beside the C programs that everybody has, and through the command.
//!
//! Tests that need Debian's `heif-enc`, `heif-convert`, `avifenc`, `avifdec`, `cjxl` and `djxl` say
//! so and pass where one is missing, unless `FACEVEIL_REQUIRE_IMAGE_TOOLS` is set.

mod jxl;
mod made;

use crate::sandbox::{ASTRONAUT, COFFEE, Sandbox, json_lines, sample};
use faceveil::inspect::inspect;
use faceveil::report::ContentKind;
use faceveil::{Detector, DetectorOptions, Format, Photo, ReadOptions};
use made::{Heic, colour};
use std::path::Path;
use std::process::Command;

fn there(tools: &[&str]) -> bool {
    let missing = tools.iter().find(|tool| {
        let ran = Command::new(tool).arg("--version").output();
        ran.is_err()
    });
    let Some(missing) = missing else { return true };
    assert!(
        std::env::var_os("FACEVEIL_REQUIRE_IMAGE_TOOLS").is_none(),
        "{missing} is missing"
    );
    eprintln!("skipped: no {missing} here");
    false
}

#[track_caller]
fn run(at: &Sandbox, tool: &str, args: &[&str]) {
    let out = Command::new(tool)
        .args(args)
        .current_dir(at.path(""))
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{tool} {args:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
}

fn read(file: &[u8]) -> Photo {
    Photo::read(file, &ReadOptions::new().format(Format::Png)).unwrap()
}

/// dB between two pictures of one size, opacity left out.
#[track_caller]
fn psnr(a: &Photo, b: &Photo) -> f64 {
    let ((size, a), (other, b)) = (a.to_rgba(), b.to_rgba());
    assert_eq!(size, other);
    let pixels = a.chunks_exact(4).zip(b.chunks_exact(4));
    let square = |(a, b): (&[u8], &[u8])| -> f64 {
        let each = a[..3].iter().zip(&b[..3]);
        each.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum()
    };
    let mean = pixels.map(square).sum::<f64>() / (size.area() as f64 * 3.0);
    if mean == 0.0 {
        return 99.0;
    }
    10.0 * (255.0f64 * 255.0 / mean).log10()
}

/// A sample as PNG in a sandbox.
fn source(at: &Sandbox) -> Photo {
    let file = std::fs::read(sample(ASTRONAUT)).unwrap();
    let png = read(&file).write().unwrap();
    at.file("a.png", &png);
    read(&png)
}

/// Faces of a picture.
fn faces(detector: &Detector, photo: &Photo) -> Vec<faceveil::Face> {
    detector.detect(&photo.picture(0)).unwrap()
}

#[track_caller]
fn same_faces(detector: &Detector, a: &Photo, b: &Photo) {
    let (a, b) = (faces(detector, a), faces(detector, b));
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(&b) {
        let off = |a: f32, b: f32| (a - b).abs();
        let (p, q) = (a.area.center(), b.area.center());
        assert!(off(p.x, q.x) < 4.0 && off(p.y, q.y) < 4.0, "{a:?} {b:?}");
    }
}

#[test]
fn heic_is_read_as_libheif_reads_it() {
    if !there(&["heif-enc", "heif-convert"]) {
        return;
    }
    let at = Sandbox::new();
    let png = source(&at);
    let detector = Detector::new(&DetectorOptions::default()).unwrap();
    for args in [
        &["-q", "85"][..],
        &["-q", "85", "-p", "chroma=444"],
        &["-q", "85", "-p", "chroma=422"],
        &["-q", "85", "--full_range_flag", "0"],
        &["-q", "85", "--matrix_coefficients", "1"],
        &["-q", "85", "-t", "160"],
        &["-L", "-p", "chroma=444", "--matrix_coefficients", "0"],
    ] {
        run(
            &at,
            "heif-enc",
            &[&["a.png", "-o", "a.heic"], args].concat(),
        );
        run(&at, "heif-convert", &["a.heic", "back.png"]);
        let ours = read(&at.read("a.heic"));
        let theirs = read(&at.read("back.png"));
        let near = psnr(&ours, &theirs);
        assert!(near > 36.0, "{args:?}: {near:.1} dB");
        same_faces(&detector, &ours, &png);
        let thumbnail = args.contains(&"-t");
        assert_eq!(
            ours.dropped().contains(&ContentKind::HeifThumbnail),
            thumbnail
        );
    }
}

#[test]
fn avif_is_read_as_libavif_reads_it() {
    if !there(&["avifenc", "avifdec"]) {
        return;
    }
    let at = Sandbox::new();
    let png = source(&at);
    let detector = Detector::new(&DetectorOptions::default()).unwrap();
    let mut files = Vec::new();
    for depth in ["8", "10", "12"] {
        for yuv in ["444", "422", "420", "400"] {
            files.push(vec!["-d", depth, "-y", yuv]);
        }
    }
    files.push(vec!["-r", "limited"]);
    files.push(vec!["--grid", "2x2"]);
    files.push(vec!["-y", "444", "--cicp", "1/13/0"]);
    for (i, args) in files.iter().enumerate() {
        let fast = ["-s", "9", "--min", "8", "--max", "16"];
        run(
            &at,
            "avifenc",
            &[&fast[..], args, &["a.png", "a.avif"]].concat(),
        );
        run(&at, "avifdec", &["a.avif", "back.png"]);
        let ours = read(&at.read("a.avif"));
        let theirs = read(&at.read("back.png"));
        let near = psnr(&ours, &theirs);
        assert!(near > 38.0, "{args:?}: {near:.1} dB");
        if i % 5 == 0 {
            same_faces(&detector, &ours, &png);
        }
    }
}

#[test]
fn avif_is_cut_and_turned_as_it_says() {
    if !there(&["avifenc"]) {
        return;
    }
    let at = Sandbox::new();
    source(&at);
    let plain = |args: &[&str]| {
        let fast = ["-s", "9", "--min", "4", "--max", "8", "-y", "444"];
        run(
            &at,
            "avifenc",
            &[&fast[..], args, &["a.png", "a.avif"]].concat(),
        );
        read(&at.read("a.avif")).to_rgba()
    };
    let (size, whole) = plain(&[]);
    let pixel = |x: u32, y: u32| (y * size.width + x) as usize * 4;
    let (w, h) = (size.width, size.height);
    type Place = fn(u32, u32, u32, u32) -> (u32, u32);
    // Where a pixel of the result was.
    let cases: [(&[&str], Place); 6] = [
        (&["--irot", "1"], |x, y, w, _| (w - 1 - y, x)),
        (&["--irot", "2"], |x, y, w, h| (w - 1 - x, h - 1 - y)),
        (&["--irot", "3"], |x, y, _, h| (y, h - 1 - x)),
        (&["--imir", "0"], |x, y, _, h| (x, h - 1 - y)),
        (&["--imir", "1"], |x, y, w, _| (w - 1 - x, y)),
        (&["--irot", "1", "--imir", "1"], |x, y, w, h| {
            (w - 1 - y, h - 1 - x)
        }),
    ];
    for (args, from) in cases {
        let (turned, seen) = plain(args);
        for (x, y) in [(5, 9), (200, 31), (300, 400)] {
            let (fx, fy) = from(x, y, w, h);
            let at = (y * turned.width + x) as usize * 4;
            assert_eq!(seen[at..at + 3], whole[pixel(fx, fy)..][..3], "{args:?}");
        }
    }
    let (cut, seen) = plain(&["--crop", "100,60,200,150"]);
    assert_eq!((cut.width, cut.height), (200, 150));
    assert_eq!(seen[..3], whole[pixel(100, 60)..][..3]);
}

#[test]
fn heic_and_avif_of_ours_are_read_by_libheif_and_libavif() {
    if !there(&["heif-convert", "avifdec"]) {
        return;
    }
    let at = Sandbox::new();
    let png = source(&at);
    let ours = |to| {
        let file = at.read("a.png");
        let photo = Photo::read(&file, &ReadOptions::new().format(to));
        let photo = photo.unwrap();
        let file = photo.write().unwrap();
        assert_eq!(file, photo.write().unwrap(), "the same file each time");
        file
    };
    for to in [Format::Heic, Format::Avif] {
        at.file("ours.file", &ours(to));
        run(&at, "heif-convert", &["ours.file", "back.png"]);
        let near = psnr(&png, &read(&at.read("back.png")));
        // Its way to spread colour is not the one of phones.
        assert!(near > 38.0, "{to:?} by libheif: {near:.1} dB");
        let near = psnr(&png, &read(&at.read("ours.file")));
        assert!(near > 45.0, "{to:?} by us: {near:.1} dB");
    }
    at.file("ours.avif", &ours(Format::Avif));
    run(&at, "avifdec", &["ours.avif", "back.png"]);
    let near = psnr(&png, &read(&at.read("back.png")));
    assert!(near > 45.0, "by libavif: {near:.1} dB");
}

#[test]
fn what_was_written_as_heic_or_avif_passes_when_it_is_looked_at_again() {
    let at = Sandbox::new();
    at.sample(ASTRONAUT, "a.jpg")
        .file("b.heic", &Heic::new(96, 64).file());
    for format in ["heic", "avif"] {
        let report = format!("{format}.jsonl");
        let blur = ["blur", "a.jpg", "b.heic", "-o", format, "--format", format];
        let region = ["--region", "20,16,40,30", "--verify", "--report", &report];
        at.run(&[&blur[..], &region].concat()).exits(0);
        let apply = ["apply", &report, "-o", "again", "--format", format];
        at.run(&apply).exits(0);
        for name in ["a", "b"] {
            let name = format!("{name}.{format}");
            let (first, second) = (
                Path::new(format).join(&name),
                Path::new("again").join(&name),
            );
            assert_eq!(at.read(first), at.read(second), "{name}");
        }
    }
}

#[test]
fn a_folder_of_all_kinds_is_one_command_and_one_report() {
    let at = Sandbox::new();
    at.sample(ASTRONAUT, "in/IMG_1.jpg")
        .sample(COFFEE, "in/b.png")
        .file("in/IMG_1.HEIC", &Heic::new(96, 64).file())
        .file("in/IMG_2.HEIC", &Heic::new(96, 64).file())
        .file("in/IMG_2.MOV", b"\0\0\0\x14ftypqt  \0\0\0\0qt  ")
        .file(
            "in/IMG_3.DNG",
            b"II*\0\x08\0\0\0\x01\0\x12\xc6\x01\0\x04\0\0\0\x01\x04\0\0\0\0\0\0",
        )
        .file("in/cut.heic", &Heic::new(96, 64).file()[..300]);
    let ran = at.run(&["blur", "in", "-o", "out", "--report", "r.jsonl"]);
    let ran = ran.exits(1).says("heic is written as jpeg");
    assert_eq!(ran.stderr.matches("is written as").count(), 1);
    ran.says("cannot be covered, left alone: in/IMG_3.DNG");
    let tree: Vec<String> = at
        .tree()
        .into_iter()
        .filter(|n| n.starts_with("out/") && !n.contains("record"))
        .collect();
    assert_eq!(
        tree,
        [
            "out/",
            "out/IMG_1.HEIC.jpg",
            "out/IMG_1.jpg",
            "out/IMG_2.jpg",
            "out/b.png"
        ]
    );
    let lines = json_lines(&String::from_utf8(at.read("r.jsonl")).unwrap());
    let of = |name: &str| lines.iter().find(|l| l["input"] == name).unwrap();
    assert_eq!(of("IMG_1.HEIC")["output"], "IMG_1.HEIC.jpg");
    assert_eq!(
        of("IMG_2.HEIC")["formats"],
        serde_json::json!({"input": "heic", "output": "jpeg"})
    );
    assert!(of("b.png").get("formats").is_none());
    assert!(
        inspect(&at.read("out/IMG_2.jpg"))
            .unwrap()
            .findings
            .is_empty()
    );
    // A second run finds everything there.
    let again = at.run(&[
        "blur",
        "in",
        "-o",
        "out",
        "--skip-existing",
        "--report",
        "r2.jsonl",
    ]);
    again.exits(1);
    let lines = json_lines(&String::from_utf8(at.read("r2.jsonl")).unwrap());
    let skipped = lines.iter().filter(|l| l["outcome"] == "skipped").count();
    assert_eq!(skipped, 4);
}

#[test]
fn format_chooses_what_is_written_and_refuses_what_cannot_be() {
    let at = Sandbox::new();
    at.sample(ASTRONAUT, "a.jpg")
        .file("b.heic", &Heic::new(96, 64).file());
    for (format, ending) in [
        ("png", "png"),
        ("webp", "webp"),
        ("tiff", "tif"),
        ("heic", "heic"),
        ("avif", "avif"),
        ("jxl", "jxl"),
    ] {
        at.run(&["blur", "a.jpg", "b.heic", "-o", format, "--format", format])
            .exits(0)
            .does_not_say("is written as");
        for name in ["a", "b"] {
            let file = at.read(Path::new(format).join(format!("{name}.{ending}")));
            let seen = inspect(&file).unwrap();
            assert!(
                seen.findings.is_empty() && seen.damage.is_none(),
                "{name} {format}"
            );
        }
    }
    for format in ["gif", "bmp", "xyz"] {
        at.run(&["blur", "a.jpg", "--format", format]).exits(2);
    }
    at.run(&["blur", "b.heic", "--in-place"])
        .exits(1)
        .says("cannot be done in place");
    let photo = Photo::read(&at.read("png/b.png"), &ReadOptions::new()).unwrap();
    let (_, rgba) = photo.to_rgba();
    let off = rgba[..3]
        .iter()
        .zip(colour(0, 0, 96, 64))
        .map(|(a, b)| a.abs_diff(b));
    assert!(off.max() < Some(9));
}

#[test]
fn a_lossy_webp_stays_one_of_about_its_size() {
    let at = Sandbox::new();
    at.sample(ASTRONAUT, "a.jpg");
    at.run(&[
        "blur",
        "a.jpg",
        "-o",
        "a.webp",
        "--quality",
        "80",
        "--ignore",
        "0,0,999,999",
    ])
    .exits(0);
    let source = at.read("a.webp");
    let args = [
        "blur", "a.webp", "-o", "out/", "--verify", "--report", "r.jsonl",
    ];
    at.run(&args).exits(0).says("coded again about as finely");
    let lossy = at.read("out/a.webp");
    assert!(
        lossy.len() < source.len() * 13 / 10,
        "{} to {}",
        source.len(),
        lossy.len()
    );
    let seen = inspect(&lossy).unwrap();
    assert!(seen.findings.is_empty() && seen.damage.is_none());
    at.run(&["blur", "a.webp", "-o", "exact/", "--quality", "lossless"])
        .exits(0)
        .says("is written lossless");
    let rgba = |file: &[u8]| Photo::read(file, &ReadOptions::new()).unwrap().to_rgba().1;
    // A row at the bottom, far from the face.
    let exact = at.read("exact/a.webp");
    assert_eq!(
        rgba(&exact)[500 * 512 * 4..],
        rgba(&source)[500 * 512 * 4..]
    );
    // What `apply` writes is the same.
    at.run(&["apply", "r.jsonl", "-o", "again/"]).exits(0);
    assert_eq!(at.read("again/a.webp"), lossy);
    for (format, quality) in [
        ("png", "80"),
        ("jpeg", "0"),
        ("jpeg", "101"),
        ("webp", "fine"),
    ] {
        at.run(&["blur", "a.webp", "--format", format, "--quality", quality])
            .exits(2);
    }
    at.run(&[
        "blur",
        "a.webp",
        "--format",
        "jpeg",
        "--quality",
        "lossless",
    ])
    .exits(1)
    .says("cannot be written without loss");
}

#[test]
fn a_heic_through_a_pipe_becomes_a_jpeg() {
    let at = Sandbox::new();
    let ran = at.run_with_stdin(&["blur", "-", "-o", "-"], &Heic::new(96, 64).file());
    let ran = ran.exits(0).says("heic is written as jpeg");
    assert!(ran.stdout.starts_with(&[0xff, 0xd8]));
}

#[test]
fn a_quality_that_changes_no_file_is_said() {
    let dir = Sandbox::new();
    dir.sample(COFFEE, "in/a.png").sample(ASTRONAUT, "in/b.jpg");
    let blur = ["blur", "in", "--quality", "80", "--overwrite", "-o"];
    dir.run(&[&blur[..], &["out"]].concat())
        .exits(0)
        .says("--quality 80 changes nothing here");
    let one = ["blur", "in/b.jpg", "--quality", "80", "-o", "b.png"];
    dir.run(&one)
        .exits(0)
        .says("--quality 80 changes nothing here");
    dir.run(&[&blur[..], &["webp", "--format", "webp"]].concat())
        .exits(0)
        .does_not_say("changes nothing");
}
