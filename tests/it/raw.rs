//! `--raw preview`: the JPEG that is embedded in a camera's raw file.

use crate::sandbox::{ASTRONAUT, Sandbox, json_lines, sample};
use std::fs;

/// A DNG as far as it matters: tags, and a preview of a sample's face, mirrored.
fn raw_file() -> Vec<u8> {
    let mut file = b"II*\0\x08\0\0\0\x04\0".to_vec();
    let mut tag = |number: u16, kind: u16, count: u32, value: [u8; 4]| {
        file.extend(number.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value);
    };
    tag(0x010f, 2, 4, *b"Cam\0");
    tag(0x0112, 3, 1, [2, 0, 0, 0]);
    tag(0x0132, 2, 20, 62u32.to_le_bytes());
    tag(0xc612, 1, 4, [1, 4, 0, 0]);
    file.extend([0; 4]);
    file.extend(b"2024:05:06 07:08:09\0");
    file.extend(b"the sensor's data \xff\xd8\xff\xc3");
    file.extend(fs::read(sample(ASTRONAUT)).unwrap());
    file.extend([0x5a; 999]);
    file
}

#[test]
fn a_raw_file_is_refused_and_the_refusal_offers_its_preview() {
    let dir = Sandbox::new();
    dir.file("in/a.dng", &raw_file()).file(
        "none.dng",
        b"II*\0\x08\0\0\0\x01\0\x12\xc6\x01\0\x04\0\0\0\x01\x04\0\0\0\0\0\0",
    );
    dir.run(&["blur", "in/a.dng", "-o", "out"])
        .exits(1)
        .says("DNG (RAW) files are not handled")
        .says("or cover the JPEG that is embedded in it, with --raw preview");
    dir.run(&["blur", "in", "-o", "out"])
        .says("1 file that may show faces and cannot be covered, left alone: in/a.dng");
    dir.run(&["blur", "none.dng", "-o", "out", "--raw", "preview"])
        .exits(1)
        .says("no JPEG is embedded in this one");
    assert!(!dir.path("out").exists());
}

#[test]
fn the_preview_of_a_raw_file_is_covered_and_written_as_a_jpeg() {
    let dir = Sandbox::new();
    dir.file("in/a.dng", &raw_file());
    let blur = [
        "blur", "in", "-o", "out", "--raw", "preview", "--report", "r.jsonl",
    ];
    let kept = [&blur[..], &["--keep", "time"]].concat();
    dir.run(&kept)
        .exits(0)
        .says("1 file, 1 written, 1 face")
        .says("512x512 preview that is embedded in the DNG (RAW)")
        .says("raw is written as jpeg");
    let lines = json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap());
    let line = &lines[0];
    assert_eq!(line["output"], "a.jpg");
    assert_eq!(
        line["formats"],
        serde_json::json!({"input": "raw", "output": "jpeg"})
    );
    let names = |field: &str| line[field].to_string();
    assert!(names("kept").contains("orientation") && names("kept").contains("time"));
    assert!(names("dropped").contains("camera"), "{}", names("dropped"));
    // The astronaut's face is in the left half, and the picture is mirrored.
    let [x, width] = [0, 2].map(|i| line["faces"][0]["box"][i].as_f64().unwrap());
    assert!(x + width / 2.0 > 256.0, "{x} {width}");
    let output = dir.read("out/a.jpg");
    assert!(output.starts_with(&[0xff, 0xd8]));
    dir.run(&["inspect", "out"]).exits(3);
    dir.run(&kept).exits(0).says("1 up to date");
    dir.run(&["verify", "out", "--report", "r.jsonl"]).exits(0);
    // A report of a preview is applied to the preview.
    dir.run(&[
        "apply",
        "r.jsonl",
        "--originals",
        "in",
        "-o",
        "again",
        "--keep",
        "time",
    ])
    .exits(0);
    assert_eq!(dir.read("again/a.jpg"), output);
}

#[test]
fn a_preview_may_have_another_format_and_never_takes_the_place_of_the_raw_file() {
    let dir = Sandbox::new();
    dir.file("a.dng", &raw_file()).sample(ASTRONAUT, "a.jpg");
    let raw = ["--raw", "preview"];
    dir.run(&[&["blur", "a.dng", "-o", "x.png"][..], &raw].concat())
        .exits(0);
    assert!(dir.read("x.png").starts_with(b"\x89PNG"));
    dir.run(&["inspect", "x.png"]).exits(0);
    let before = dir.read("a.dng");
    dir.run(&[&["blur", "a.dng", "--in-place"][..], &raw].concat())
        .exits(1)
        .says("cannot be done in place");
    assert_eq!(dir.read("a.dng"), before);
    // Both a.jpg and a.dng would be out/a.jpg.
    dir.run(&[&["blur", "a.dng", "a.jpg", "-o", "out"][..], &raw].concat())
        .exits(0);
    assert!(dir.path("out/a.jpg").exists() && dir.path("out/a.dng.jpg").exists());
    dir.run(&[&["detect", "a.dng"][..], &raw].concat()).exits(0);
}
