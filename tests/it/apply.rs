//! Reports that are edited and applied.

use crate::sandbox::{ASTRONAUT, COFFEE, Sandbox, lines_of};
use faceveil::{Photo, ReadOptions};
use serde_json::{Value, json};

/// Writes a report of these lines.
fn write(dir: &Sandbox, name: &str, lines: &[Value]) {
    let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
    dir.file(name, text.as_bytes());
}

/// The lines of a report of `blur` of the folder `in` with these arguments.
fn blurred(dir: &Sandbox, args: &[&str]) -> Vec<Value> {
    let all = ["blur", "in", "-o", "out", "--report", "r.jsonl"];
    dir.run(&[&all[..], args].concat()).exits(0);
    lines_of(&dir.read("r.jsonl"))
}

fn pixels(bytes: &[u8]) -> (u32, Vec<u8>) {
    let (size, rgba) = Photo::read(bytes, &ReadOptions::new()).unwrap().to_rgba();
    (size.width, rgba)
}

/// A face that moves through a GIF.
fn animation() -> Vec<u8> {
    let photo = std::fs::read(crate::sandbox::sample(ASTRONAUT)).unwrap();
    let (width, rgba) = pixels(&photo);
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 200, 200, &[]).unwrap();
    for shift in [0usize, 30] {
        let mut part = Vec::new();
        for y in 20..220 {
            let from = (y * width as usize + 120 + shift) * 4;
            part.extend(&rgba[from..from + 800]);
        }
        let frame = gif::Frame::from_rgba_speed(200, 200, &mut part, 10);
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

#[test]
fn an_unedited_report_gives_the_same_bytes_as_blur() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .sample(COFFEE, "in/sub/b.png")
        .sample(COFFEE, "s.png")
        .file("in/moving.gif", &animation());
    for style in [
        &[][..],
        &["--style", "mosaic", "--region=-4,-9,200,150"],
        &["--style", "gaussian", "--shape", "box", "--margin", "3"],
        &["--style", "solid", "--color", "0a141e"],
        &["--style", "image", "--image", "s.png"],
    ] {
        let lines = blurred(&dir, style);
        assert!(
            lines[1]["regions"][0]["frame"].is_u64(),
            "a face in the animation"
        );
        let image = match style.contains(&"--image") {
            true => &["--image", "s.png"][..],
            false => &[],
        };
        let args = [
            "apply",
            "r.jsonl",
            "--originals",
            "in",
            "-o",
            "again",
            "--report",
            "r2.jsonl",
        ];
        let ran = dir.run(&[&args[..], image].concat()).exits(0);
        ran.says("3 files, 3 written, 0 failed");
        for name in ["a.jpg", "moving.gif", "sub/b.png"] {
            let (of, again) = (
                dir.read(format!("out/{name}")),
                dir.read(format!("again/{name}")),
            );
            assert!(of == again, "{name} differs with {style:?}");
        }
        let again = lines_of(&dir.read("r2.jsonl"));
        again.iter().for_each(crate::schema::assert_valid);
        for (a, b) in lines.iter().zip(&again).take(3) {
            for field in [
                "regions", "style", "sha256", "faces", "input", "output", "outcome",
            ] {
                assert_eq!(a[field], b[field], "{field}");
            }
        }
        // The report of `apply` can be applied, too.
        std::fs::remove_dir_all(dir.path("again")).unwrap();
        let args = ["apply", "r2.jsonl", "--originals", "in", "-o", "again"];
        dir.run(&[&args[..], image].concat()).exits(0);
        std::fs::remove_dir_all(dir.path("again")).unwrap();
        std::fs::remove_dir_all(dir.path("out")).unwrap();
    }
}

#[test]
fn an_edit_changes_that_place_and_nothing_else() {
    let dir = Sandbox::new();
    dir.sample(COFFEE, "in/b.png");
    let mut lines = blurred(&dir, &["--region", "10,10,40,40", "--style", "solid"]);
    lines[0]["regions"] = json!([
        {"shape": "box", "box": [10, 10, 40, 40]},
        {"shape": "ellipse", "box": [100, 60, 50, 30]}
    ]);
    write(&dir, "edited.jsonl", &lines);
    dir.run(&["apply", "edited.jsonl", "--originals", "in", "-o", "more/"])
        .exits(0)
        .does_not_say("warning");
    let (width, before) = pixels(&dir.read("out/b.png"));
    let (_, after) = pixels(&dir.read("more/b.png"));
    let changed = (before.chunks(4).zip(after.chunks(4)).enumerate())
        .filter(|(_, (a, b))| a != b)
        .map(|(i, _)| (i as u32 % width, i as u32 / width));
    let changed: Vec<_> = changed.collect();
    assert!(changed.len() > 1000);
    assert!(
        changed
            .iter()
            .all(|(x, y)| (99..151).contains(x) && (59..91).contains(y))
    );
    // Removed: the new file shows the picture as it was.
    lines[0]["regions"] = json!([]);
    write(&dir, "edited.jsonl", &lines);
    dir.run(&["apply", "edited.jsonl", "--originals", "in", "-o", "none/"])
        .exits(0)
        .says("its line has no region to cover");
    assert_eq!(
        pixels(&dir.read("none/b.png")),
        pixels(&dir.read("in/b.png"))
    );
}

#[test]
fn a_picture_that_changed_is_refused_and_others_are_done() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg").sample(COFFEE, "in/b.png");
    blurred(&dir, &[]);
    let mut changed = dir.read("in/a.jpg");
    changed.push(0);
    dir.file("in/a.jpg", &changed);
    dir.run(&["apply", "r.jsonl", "--originals", "in", "-o", "again"])
        .exits(1)
        .says("in/a.jpg: it has changed since the report was written")
        .says("2 files, 1 written, 1 failed");
    assert_eq!(
        dir.tree()
            .iter()
            .filter(|n| n.starts_with("again/"))
            .count(),
        2
    );
    // The same output rules as blur's.
    let args = ["apply", "r.jsonl", "--originals", "in", "-o", "again"];
    dir.run(&args).exits(1).says("its output exists");
    dir.run(&[&args[..], &["--skip-existing"]].concat())
        .exits(1)
        .says("1 skipped");
    dir.run(&[&args[..], &["--overwrite"]].concat())
        .exits(1)
        .says("1 written");
    dir.run(&["apply", "r.jsonl", "--originals", "in", "-o", "in"])
        .exits(2)
        .says("written over itself");
    dir.run(&["apply", "r.jsonl", "--originals", "gone", "-o", "x"])
        .exits(2);
    dir.run(&["apply", "r.jsonl", "-o", "x"])
        .exits(1)
        .says("a.jpg: looking for it");
    dir.run(&[
        "apply",
        "r.jsonl",
        "--originals",
        "in",
        "-o",
        "x",
        "--report",
        "r.jsonl",
    ])
    .exits(2)
    .says("is the report that is applied");
    dir.run(&[
        "apply",
        "r.jsonl",
        "--originals",
        "in",
        "-o",
        "x",
        "--image",
        "in/b.png",
    ])
    .exits(2)
    .says("--image would not be used");
}

#[test]
fn lines_that_failed_or_were_skipped_are_reported_again() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .sample(COFFEE, "in/b.png")
        .file("in/broken.jpg", b"\xff\xd8\xff");
    let args = [
        "blur",
        "in",
        "-o",
        "out",
        "--report",
        "r.jsonl",
        "--on-no-face",
        "skip",
    ];
    dir.run(&args).exits(1);
    let ran = dir.run(&[
        "apply",
        "r.jsonl",
        "--originals",
        "in",
        "-o",
        "again",
        "--report",
        "-",
    ]);
    let ran = ran
        .exits(1)
        .says("broken.jpg: its line says that it failed")
        .says("b.png: its line says that it was left alone");
    let outcomes: Vec<Value> = ran.lines().iter().map(|l| l["outcome"].clone()).collect();
    assert_eq!(outcomes, ["redacted", "skipped", "failed"]);
    assert_eq!(
        dir.tree()
            .iter()
            .filter(|n| n.starts_with("again/"))
            .count(),
        2
    );
}

#[test]
fn a_report_that_lies_starts_nothing() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .sample(ASTRONAUT, "secret.jpg");
    let good = blurred(&dir, &[]).remove(0);
    let with = |field: &str, value: Value| {
        let mut line = good.clone();
        line[field] = value;
        line.to_string()
    };
    let many: Vec<Value> = vec![json!({"shape": "box", "box": [0, 0, 9, 9]}); 10_001];
    for (text, says) in [
        (
            with("input", json!("../secret.jpg")),
            "line 1: input: it has `..`",
        ),
        (
            with("input", json!(dir.path("secret.jpg"))),
            "line 1: input: it is absolute",
        ),
        (
            with("output", json!("../../x.jpg")),
            "line 1: output: it has `..`",
        ),
        (with("schema", json!(2)), "line 1: schema: version 2"),
        (with("extra", json!(2)), "line 1: extra: unknown field"),
        (
            with("regions", json!([{"shape": "box", "box": [9000, 0, 9, 9]}])),
            "outside the picture",
        ),
        (with("regions", json!(many)), "10001 in one frame"),
        (
            with("regions", json!([{"shape": "box", "box": [7777, 0, 9, 9]}]))
                .replace("7777", "NaN"),
            "line 1: regions[0]",
        ),
        (
            with(
                "style",
                json!({"name": "mosaic", "irreversible": true, "cells": 6}),
            ),
            "not irreversible",
        ),
        (
            good.to_string() + "\n" + &good.to_string(),
            "has 2 lines of a.jpg",
        ),
        (
            good.to_string().replace("\"input\"", "\"\\u001b[2Jinput\""),
            "unknown field",
        ),
        ("\u{0}\u{1}".into(), "line 1"),
        (String::new(), "has no files"),
    ] {
        dir.file("lie.jsonl", text.as_bytes());
        let before = dir.tree();
        let ran = dir.run(&["apply", "lie.jsonl", "--originals", "in", "-o", "again"]);
        let ran = ran.exits(2).says(says);
        assert!(
            !ran.stderr.contains('\u{1b}'),
            "no escape reaches a terminal"
        );
        assert_eq!(dir.tree(), before, "{says}");
    }
    dir.run(&["apply", "gone.jsonl"])
        .exits(2)
        .says("gone.jsonl");
    dir.run(&["apply", "in"]).exits(2).says("it is a folder");
    // Through standard input, and cut off: done, and said.
    let line = good.to_string() + "\n";
    let args = ["apply", "-", "--originals", "in", "-o", "again"];
    dir.run_with_stdin(&args, line.as_bytes())
        .exits(0)
        .says("no summary at its end");
    assert_eq!(dir.read("again/a.jpg"), dir.read("out/a.jpg"));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_folder_is_not_followed() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg");
    blurred(&dir, &[]);
    dir.sample(ASTRONAUT, "secret/a.jpg");
    std::fs::remove_file(dir.path("in/a.jpg")).unwrap();
    std::os::unix::fs::symlink("../secret/a.jpg", dir.path("in/a.jpg")).unwrap();
    dir.run(&["apply", "r.jsonl", "--originals", "in", "-o", "again"])
        .exits(1)
        .says("a link leads out of the folder");
    assert!(!dir.path("again").exists());
}

#[test]
fn the_sticker_must_be_the_same() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg").sample(COFFEE, "s.png");
    blurred(&dir, &["--style", "image", "--image", "s.png"]);
    let args = ["apply", "r.jsonl", "--originals", "in", "-o", "again"];
    dir.run(&args)
        .exits(1)
        .says("needs the sticker that was used");
    let other = [&args[..], &["--image", "in/a.jpg"]].concat();
    dir.run(&other)
        .exits(1)
        .says("another one than the report's");
    assert!(!dir.path("again").exists());
}

#[test]
fn what_detect_wrote_is_applied_in_the_default_style() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg");
    blurred(&dir, &[]);
    let found = dir.run(&["detect", "in"]).exits(0).stdout;
    dir.file("found.jsonl", &found);
    dir.run(&["apply", "found.jsonl", "--originals", "in", "-o", "again"])
        .exits(0);
    assert_eq!(dir.read("again/a.jpg"), dir.read("out/a.jpg"));
}

#[test]
fn the_format_of_the_first_run_is_kept_and_what_stays_under_another_name_is_reported() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg").sample(COFFEE, "in/b.png");
    let mut lines = blurred(&dir, &["--format", "png"]);
    let before = dir.read("out/a.png");
    lines[0]["regions"] = json!([{"shape": "box", "box": [10, 10, 40, 40]}]);
    write(&dir, "r.jsonl", &lines);
    let args = [
        "apply",
        "r.jsonl",
        "--originals",
        "in",
        "-o",
        "out",
        "--overwrite",
    ];
    dir.run(&args)
        .exits(0)
        .does_not_say("stays as it is")
        .says("note: r.jsonl describes the outputs of the run before");
    assert!(dir.read("out/a.png") != before);
    assert!(!dir.path("out/a.jpg").exists());
    // Another format on request: the old output shows what it did, and a message says so.
    dir.run(&[&args[..], &["--format", "webp", "--report", "r2.jsonl"]].concat())
        .exits(0)
        .says(
            "out/a.png is an output that the report names, and stays as it is: the new file is \
            out/a.webp. So does 1 other output.",
        )
        .does_not_say("the run before");
    dir.run(&["verify", "out/a.webp", "--report", "r2.jsonl"])
        .exits(3)
        .says("1 other output of the report was not given and not checked; give its folder");
    // Two runs in one report have no format together.
    let mut other = lines[0].clone();
    other["input"] = "b.png".into();
    other["output"] = "b.webp".into();
    other["formats"] = json!({"input": "png", "output": "webp"});
    write(&dir, "two.jsonl", &[lines[0].clone(), other]);
    dir.run(&["apply", "two.jsonl", "--originals", "in", "-o", "x/"])
        .exits(2)
        .says("a.jpg was written as png and b.png as webp; choose with --format");
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_are_applied_verified_and_shown() {
    use std::os::unix::ffi::OsStrExt;
    let named = |bytes: &[u8]| std::path::PathBuf::from(std::ffi::OsStr::from_bytes(bytes));
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, named(b"in/caf\xE9.jpg"));
    let lines = blurred(&dir, &[]);
    assert_eq!(lines[0]["output"], "caf\\xE9.jpg");
    dir.run(&["verify", "out", "--report", "r.jsonl"]).exits(0);
    dir.run(&["apply", "r.jsonl", "--originals", "in", "-o", "again"])
        .exits(0);
    let name = named(b"caf\xE9.jpg");
    assert_eq!(
        dir.read(std::path::Path::new("again").join(&name)),
        dir.read(std::path::Path::new("out").join(&name))
    );
    let args = [
        "review",
        "r.jsonl",
        "--originals",
        "in",
        "--outputs",
        "out",
        "--export",
        "sheet.html",
    ];
    dir.run(&args).exits(0).says("1 output of 1 file");
}
