//! Reports and audits as somebody reads them with a program.

use crate::sandbox::{ASTRONAUT, COFFEE, Sandbox, lines_of};
use crate::schema::assert_valid;
use serde_json::Value;

/// A GIF of two frames.
fn animation() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 64, 48, &[0, 0, 0, 255, 255, 255]).unwrap();
    for color in [0u8, 1] {
        let frame = gif::Frame::from_indexed_pixels(64, 48, vec![color; 64 * 48], None);
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

#[test]
fn every_line_keeps_to_the_schema_and_the_last_one_counts() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .sample(COFFEE, "in/b.png")
        .sample(COFFEE, "s.png")
        .file("in/broken.jpg", b"\xff\xd8\xff")
        .file("in/moving.gif", &animation());
    for style in [
        &["--style", "solid", "--color", "ff8000"][..],
        &["--style", "mosaic", "--region", "1,2,9,9"],
        &["--style", "image", "--image", "s.png", "-t", "0.9"],
        &["--dry-run", "--on-no-face", "skip"],
    ] {
        let args = ["blur", "in", "-o", "out", "--overwrite", "--report", "-"];
        let ran = dir.run(&[&args[..], style].concat()).exits(1);
        let lines = lines_of(&ran.stdout);
        assert_eq!(lines.len(), 5, "a line a file and the summary");
        lines.iter().for_each(assert_valid);
        let inputs: Vec<_> = lines.iter().map(|l| l["input"].clone()).collect();
        assert_eq!(inputs[..4], ["a.jpg", "b.png", "broken.jpg", "moving.gif"]);
        let failed = &lines[2];
        assert!(failed["sha256"]["input"].is_string(), "{failed}");
        let (last, count) = (&lines[4]["summary"], |name: &str| {
            lines[4]["summary"][name].as_u64()
        });
        assert_eq!((count("files"), count("failed")), (Some(4), Some(1)));
        assert_eq!(last["interrupted"], false);
        assert_eq!(last["version"], env!("CARGO_PKG_VERSION"));
    }
    let ran = dir.run(&["detect", "in"]).exits(1);
    let lines = lines_of(&ran.stdout);
    lines.iter().for_each(assert_valid);
    assert_eq!(lines[4]["summary"]["program"], "faceveil detect");
    // What was nearly a face is listed, weaker than any face and apart from them.
    let rejected = lines.iter().flat_map(|l| l["rejected"].as_array());
    assert!(
        rejected
            .flatten()
            .all(|r| r["score"].as_f64().unwrap() < 0.9)
    );
    dir.file("x.jpg", b"no picture").file("y.jpg", b"nor this");
    let none: [&str; 3] = ["detect", "x.jpg", "y.jpg"];
    lines_of(&dir.run(&none).exits(1).stdout)
        .iter()
        .for_each(assert_valid);
}

#[test]
fn an_audit_has_hashes_settings_counts_and_the_end_even_of_a_run_with_failures() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .file("in/broken.jpg", b"\xff\xd8\xff");
    let args = ["blur", "in", "-o", "out", "--audit", "audit.jsonl"];
    dir.run(&args).exits(1);
    let lines = lines_of(&dir.read("audit.jsonl"));
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|l| l["audit"] == 1));
    let head = &lines[0];
    assert_eq!(head["program"], "faceveil blur");
    assert_eq!(head["models"].as_array().unwrap().len(), 4);
    assert_eq!(head["settings"]["style"]["name"], "blur");
    let photos = &head["settings"]["photos"];
    assert_eq!(photos["preset"], "balanced");
    let constants = faceveil::Preset::Balanced.digest().to_string();
    assert_eq!(photos["constants"], constants);
    assert!(head["started"].as_str().unwrap().ends_with('Z'));
    let digest = |bytes: &[u8]| Value::from(faceveil::report::Digest::of(bytes).to_string());
    let done = &lines[1];
    assert_eq!(done["sha256"]["input"], digest(&dir.read("in/a.jpg")));
    assert_eq!(done["sha256"]["output"], digest(&dir.read("out/a.jpg")));
    assert_eq!(
        (&done["faces"], &done["outcome"]),
        (&1.into(), &"redacted".into())
    );
    let failed = &lines[2];
    assert_eq!(failed["sha256"]["input"], digest(b"\xff\xd8\xff"));
    assert_eq!(failed["outcome"], "failed");
    assert_eq!(lines[3]["exit"], 1);
    assert_eq!(lines[3]["summary"]["written"], 1);
    let size = |name| Value::from(dir.read(name).len());
    assert_eq!(lines[3]["summary"]["bytes_in"], size("in/a.jpg"));
    assert_eq!(lines[3]["summary"]["bytes_out"], size("out/a.jpg"));
    let text = String::from_utf8(dir.read("audit.jsonl")).unwrap();
    let here = dir.path("");
    assert!(!text.contains(here.to_str().unwrap()), "no absolute path");

    let before = dir.read("in/a.jpg");
    dir.run(&["blur", "in", "-o", "o2", "--audit", "in/a.jpg"])
        .exits(2)
        .says("--audit in/a.jpg is the input");
    let both = ["blur", "in", "-o", "o2", "--audit", "x", "--report", "./x"];
    dir.run(&both).exits(2).says("are both");
    dir.run(&["blur", "in", "-o", "o2", "--audit", "-"])
        .exits(2)
        .says("--audit needs a file");
    dir.file("mine", b"{\"schema\":1}");
    dir.run(&["blur", "in", "-o", "o2", "--audit", "mine"])
        .exits(2);
    assert_eq!(dir.read("in/a.jpg"), before);
    assert!(!dir.path("o2").exists());
}

#[test]
fn boxes_may_come_from_a_file_for_all_or_for_one() {
    let dir = Sandbox::new();
    dir.sample(COFFEE, "in/a.png")
        .sample(COFFEE, "in/sub/b c.png")
        .file(
            "boxes.txt",
            b"# by hand\n10,10,20,20\n\n40,40,10,10 sub/b c.png\n",
        );
    let args = [
        "blur",
        "in",
        "-o",
        "out",
        "--region",
        "@boxes.txt",
        "--report",
        "-",
    ];
    let lines = dir.run(&args).exits(0).lines();
    let boxes = |i: usize| lines[i]["regions"].as_array().unwrap().len();
    assert_eq!((boxes(0), boxes(1)), (1, 2));
    dir.file("wrong.txt", b"40,40,10,10 gone.png\n");
    for (file, says) in [
        ("@wrong.txt", "gone.png, which is none of the inputs"),
        ("@none.txt", "none.txt"),
        ("@", "without a file name"),
    ] {
        let args = ["blur", "in", "-o", "o2", "--region", file];
        dir.run(&args).exits(2).says(says);
    }
    dir.file("wrong.txt", b"1,2,3\n");
    let args = ["blur", "in", "-o", "o2", "--ignore", "@wrong.txt"];
    dir.run(&args).exits(2).says("line 1");
    assert!(!dir.path("o2").exists());
}

#[test]
fn files_that_are_left_alone_are_all_named_in_the_summary() {
    let dir = Sandbox::new();
    dir.sample(COFFEE, "in/a.png").file("in/sub/z.pdf", b"x");
    for i in 0..12 {
        dir.file(format!("in/n{i:02}.txt"), b"text");
    }
    dir.run(&["blur", "in", "-o", "out", "--report", "r.jsonl"])
        .exits(0)
        .says("n09.txt")
        .does_not_say("n10.txt")
        .says("left alone: in/sub/z.pdf");
    let lines = lines_of(&dir.read("r.jsonl"));
    let left = lines.last().unwrap()["summary"]["left_alone"]
        .as_array()
        .unwrap();
    assert_eq!(left.len(), 13);
    assert_eq!(
        (&left[11], &left[12]),
        (&"n11.txt".into(), &"sub/z.pdf".into())
    );
}
