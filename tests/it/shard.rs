//! One run in several parts: each file is done once, no line is lost, and the parts become one
//! report.

use crate::sandbox::{ASTRONAUT, Sandbox, lines_of};
use crate::schema::assert_valid;
use serde_json::Value;
use std::fs::File;
use std::process::Stdio;

const FILES: usize = 40;

/// A small picture without a face, another one for each number.
pub(crate) fn small_picture(number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 24, 24);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = (0..24 * 24 * 3)
        .map(|i| ((i * (number + 1)) % 251) as u8)
        .collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// Small pictures in two folders, and a photo with a face.
fn sandbox() -> Sandbox {
    let dir = Sandbox::new();
    for number in 0..FILES - 1 {
        dir.file(
            format!("in/{}/{number}.png", number % 2),
            &small_picture(number),
        );
    }
    dir.sample(ASTRONAUT, "in/astronaut.jpg");
    dir
}

fn blur(shard: &str) -> Vec<&str> {
    let mut all = vec!["blur", "in", "-o", "out", "--report", "r.jsonl", "-j", "1"];
    if !shard.is_empty() {
        all.extend(["--shard", shard]);
    }
    all
}

/// A line without what differs from run to run.
fn stable(mut line: Value) -> Value {
    match line.get_mut("summary") {
        Some(summary) => summary["seconds"] = 0.into(),
        None => line["ms"] = Value::Null,
    }
    line
}

#[test]
fn the_parts_together_are_the_whole_run() {
    let whole = sandbox();
    whole
        .run(&blur(""))
        .exits(0)
        .says("40 files, 40 written, 1 face");
    let dir = sandbox();
    for i in 0..3 {
        dir.run(&blur(&format!("{i}/3")))
            .exits(0)
            .says(&format!("shard {i}/3 of 40 files, report r.{i}-of-3.jsonl"));
        let report = lines_of(&dir.read(format!("r.{i}-of-3.jsonl")));
        report.iter().for_each(assert_valid);
        let shard = &report.last().unwrap()["summary"]["shard"];
        let expected = serde_json::json!({"index": i, "count": 3, "listed": 40, "complete": true});
        assert_eq!(*shard, expected);
    }
    let reports = ["r.0-of-3.jsonl", "r.1-of-3.jsonl", "r.2-of-3.jsonl"];
    let merge = [&["merge"][..], &reports, &["-o", "all.jsonl"]].concat();
    dir.run(&merge)
        .exits(0)
        .says("40 files, 0 failed, in 3 shards");
    let lines = |dir: &Sandbox, name: &str| -> Vec<Value> {
        lines_of(&dir.read(name)).into_iter().map(stable).collect()
    };
    assert_eq!(lines(&dir, "all.jsonl"), lines(&whole, "r.jsonl"));
    let outputs = |dir: &Sandbox| -> Vec<String> {
        let tree = dir.tree().into_iter();
        tree.filter(|name| name.starts_with("out/")).collect()
    };
    assert_eq!(outputs(&dir), outputs(&whole));
    assert_eq!(
        dir.read("out/astronaut.jpg"),
        whole.read("out/astronaut.jpg")
    );
    dir.run(&["verify", "out", "--report", "all.jsonl", "-q"])
        .exits(0);
    // The same through a pipe; a report that exists is not written over.
    let merge = [&["merge"][..], &reports, &["-o"]].concat();
    let piped = dir.run(&[&merge[..], &["-"]].concat()).exits(0);
    assert_eq!(piped.stdout, dir.read("all.jsonl"));
    dir.run(&[&merge[..], &["all.jsonl"]].concat())
        .exits(2)
        .says("--overwrite replaces it");
    dir.run(&[&merge[..], &["all.jsonl", "--overwrite"]].concat())
        .exits(0);
    dir.run(&[&merge[..], &[reports[0]]].concat())
        .exits(2)
        .says("one of the reports");
}

#[test]
fn all_parts_at_the_same_time_lose_no_line_and_another_number_of_parts_goes_on() {
    let dir = sandbox();
    let started: Vec<_> = (0..4)
        .map(|i| {
            let shard = format!("{i}/4");
            let mut command = dir.command(&blur(&shard));
            command
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in started {
        let ended = child.wait_with_output().unwrap();
        assert!(
            ended.status.success(),
            "{}",
            String::from_utf8_lossy(&ended.stderr)
        );
    }
    let known: usize = (0..4)
        .map(|i| {
            let lines = lines_of(&dir.read(format!(".out.faceveil.{i}-of-4.jsonl")));
            lines
                .iter()
                .filter(|line| line.get("input").is_some())
                .count()
        })
        .sum();
    assert_eq!(known, FILES);
    // Other numbers, and no shards at all, know of everything, and their reports tell of
    // everything.
    for shard in ["0/6", "1/6", "2/6", "3/6", "4/6", "5/6", ""] {
        dir.run(&blur(shard)).exits(0).says(" 0 written");
    }
    let reports: Vec<String> = (0..6).map(|i| format!("r.{i}-of-6.jsonl")).collect();
    let mut merge = vec!["merge", "-o", "all.jsonl"];
    merge.extend(reports.iter().map(String::as_str));
    dir.run(&merge).exits(0).says("40 files");
    let lines = lines_of(&dir.read("r.jsonl"));
    assert_eq!(
        lines.iter().filter(|l| l["outcome"] == "no-faces").count(),
        FILES - 1
    );
    assert_eq!(dir.read("out/astronaut.jpg").len(), {
        let line = lines
            .iter()
            .find(|l| l["input"] == "astronaut.jpg")
            .unwrap();
        assert_eq!(line["outcome"], "redacted");
        dir.read("out/astronaut.jpg").len()
    });
}

#[test]
fn runs_that_may_come_to_the_same_file_are_never_at_work_together() {
    let dir = Sandbox::new();
    for number in 0..4 {
        dir.file(format!("in/{number}.png"), &small_picture(number));
    }
    dir.run(&blur("0/2")).exits(0);
    let held = File::open(dir.path(".out.faceveil.0-of-2.jsonl")).unwrap();
    held.lock().unwrap();
    for busy in ["0/2", "0/4", "2/4", ""] {
        dir.run(&blur(busy))
            .exits(2)
            .says("another faceveil is writing here");
    }
    for free in ["1/2", "1/4"] {
        dir.run(&blur(free)).exits(0);
    }
    drop(held);
    dir.run(&blur("")).exits(0).says("4 files");
    let held = File::open(dir.path(".out.faceveil.jsonl")).unwrap();
    held.lock().unwrap();
    dir.run(&blur("1/2"))
        .exits(2)
        .says("another faceveil is writing here");
}

#[test]
fn a_part_that_is_missing_or_cut_off_is_no_report() {
    let dir = Sandbox::new();
    for number in 0..6 {
        dir.file(format!("in/{number}.png"), &small_picture(number));
    }
    dir.run(&blur("0/2")).exits(0);
    let merge = ["merge", "r.0-of-2.jsonl", "-o", "all.jsonl"];
    dir.run(&merge)
        .exits(1)
        .says("1 shard of 2 missing: 1/2")
        .says("nothing was written");
    dir.run(&blur("1/2")).exits(0);
    let merge = [
        "merge",
        "r.0-of-2.jsonl",
        "r.1-of-2.jsonl",
        "-o",
        "all.jsonl",
    ];
    let whole = dir.read("r.1-of-2.jsonl");
    let last = whole[..whole.len() - 1]
        .iter()
        .rposition(|b| *b == b'\n')
        .unwrap()
        + 1;
    for end in [0, last / 2, last, whole.len() - 9] {
        dir.file("r.1-of-2.jsonl", &whole[..end]);
        dir.run(&merge)
            .exits(1)
            .says("r.1-of-2.jsonl is incomplete");
        assert!(!dir.path("all.jsonl").exists());
    }
    let text = String::from_utf8(whole.clone()).unwrap();
    let stopped = text.replace("\"complete\":true", "\"complete\":false");
    dir.file("r.1-of-2.jsonl", stopped.as_bytes());
    dir.run(&merge).exits(1).says("is incomplete");
    dir.file("r.1-of-2.jsonl", &whole);
    // A file came in between.
    dir.file("in/new.png", &small_picture(9));
    dir.run(&blur("1/2")).exits(0);
    dir.run(&merge)
        .exits(1)
        .says("the inputs changed in between");
    dir.run(&blur("0/2")).exits(0);
    dir.run(&merge).exits(0).says("7 files");
    // What does not belong together.
    dir.run(&blur("0/3")).exits(0);
    dir.run(&blur("")).exits(0);
    dir.file("photo.jpg", b"\xFF\xD8 a photo");
    let to = ["-o", "other.jsonl"];
    for (reports, why) in [
        (["r.0-of-2.jsonl", "r.0-of-3.jsonl"], "different runs"),
        (["r.0-of-2.jsonl", "r.0-of-2.jsonl"], "both of shard 0/2"),
        (["r.0-of-2.jsonl", "r.jsonl"], "report of a whole run"),
        (["r.0-of-2.jsonl", "photo.jpg"], "no report"),
        (["r.0-of-2.jsonl", "gone.jsonl"], "gone.jsonl"),
        (["r.0-of-2.jsonl", "in"], "it is a folder"),
    ] {
        dir.run(&[&["merge"][..], &reports, &to].concat())
            .exits(2)
            .says(why);
    }
    assert!(!dir.path("other.jsonl").exists());
}

#[test]
fn a_failed_file_shows_in_the_exit_code_of_the_whole() {
    let dir = Sandbox::new();
    dir.file("in/good.png", &small_picture(1))
        .file("in/bad.png", b"\x89PNG\r\n\x1a\n");
    let codes: Vec<i32> = (0..2)
        .map(|i| dir.run(&blur(&format!("{i}/2"))).code)
        .collect();
    assert_eq!(codes.iter().sum::<i32>(), 1);
    dir.run(&[
        "merge",
        "r.0-of-2.jsonl",
        "r.1-of-2.jsonl",
        "-o",
        "all.jsonl",
    ])
    .exits(1)
    .says("2 files, 1 failed, in 2 shards");
    assert_eq!(lines_of(&dir.read("all.jsonl")).len(), 3);
}

#[test]
fn names_are_checked_for_all_parts_before_any_starts() {
    let dir = Sandbox::new();
    dir.file("a/x.png", &small_picture(1))
        .file("b/x.png", &small_picture(2));
    for shard in ["0/2", "1/2"] {
        dir.run(&["blur", "a", "b", "-o", "out", "--shard", shard])
            .exits(2)
            .says("would both be written to");
    }
    assert!(!dir.path("out").exists());
    // A companion that another part covers is none that stays as it is.
    dir.file("c/x.png", &small_picture(1)).file("c/x.heic", b"");
    for i in 0..2 {
        dir.run(&["blur", "c", "-o", "out", "--shard", &format!("{i}/2")])
            .does_not_say("beside it may show the same faces");
    }
}

#[test]
fn what_cannot_be_divided_is_refused() {
    let dir = Sandbox::new();
    dir.file("a.png", &small_picture(1));
    for (args, why) in [
        (
            &["a.png", "-o", "b.png", "--shard", "0/2"][..],
            "this is a single one",
        ),
        (&["-", "--shard", "0/2"], "this is a single one"),
        (
            &["a.png", "-o", "out/", "--shard", "2/2"],
            "the last of 2 is 1/2",
        ),
        (&["a.png", "-o", "out/", "--shard", "1"], "a shard is I/N"),
    ] {
        dir.run(&[&["blur"][..], args].concat()).exits(2).says(why);
    }
    let found = dir.run(&["detect", "a.png", "--shard", "0/1"]).exits(0);
    assert_eq!(found.lines().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_part_that_was_killed_goes_on_where_it_stopped() {
    let dir = sandbox();
    let mut child = dir
        .command(&blur("0/1"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let manifest = dir.path(".out.faceveil.0-of-1.jsonl");
    let written = || {
        std::fs::read(&manifest)
            .unwrap_or_default()
            .iter()
            .filter(|b| **b == b'\n')
            .count()
    };
    while written() < 5 {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it was killed"
        );
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    dir.run(&["merge", "r.0-of-1.jsonl", "-o", "all.jsonl"])
        .exits(1)
        .says("is incomplete");
    let ran = dir.run(&blur("0/1")).exits(0).says("up to date");
    assert!(!ran.stderr.contains(" 40 written"), "{}", ran.stderr);
    dir.run(&["merge", "r.0-of-1.jsonl", "-o", "all.jsonl"])
        .exits(0)
        .says("40 files, 0 failed");
}
