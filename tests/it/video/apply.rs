//! Reports of videos, applied.

use super::{has_ffmpeg, tool};
use crate::sandbox::{ASTRONAUT, Sandbox, lines_of};
use serde_json::{Value, json};

/// A face that moves down for 40 frames.
fn clip(dir: &Sandbox) {
    dir.sample(ASTRONAUT, "a.jpg").file("in/x", b"");
    let args = "-y -loop 1 -i a.jpg -frames:v 40 -r 25 -vf crop=320:240:60:80-2*n -c:v libx264 -pix_fmt yuv420p in/clip.mp4";
    tool(dir, "ffmpeg", &args.split(' ').collect::<Vec<_>>());
}

fn write(dir: &Sandbox, lines: &[Value]) {
    let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
    dir.file("edited.jsonl", text.as_bytes());
}

#[test]
fn an_unedited_report_of_a_video_gives_the_same_bytes_and_an_edited_one_its_span() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    clip(&dir);
    let backend = ["--video-backend", "embedded"];
    for style in [&["--style", "mosaic", "--region", "0,200,60,40"][..], &[]] {
        let blur = ["blur", "in", "-o", "out", "--report", "r.jsonl"];
        dir.run(&[&blur[..], &backend, style].concat()).exits(0);
        let lines = lines_of(&dir.read("r.jsonl"));
        lines.iter().for_each(crate::schema::assert_valid);
        let regions = lines[0]["regions"].as_array().unwrap();
        assert!(regions.len() > 5, "the face moves");
        assert!(regions.iter().all(|r| r["frames"].is_array()));
        let apply = [
            "apply",
            "r.jsonl",
            "--originals",
            "in",
            "-o",
            "again",
            "--overwrite",
        ];
        dir.run(&[&apply[..], &backend].concat()).exits(0);
        assert!(
            dir.read("out/clip.mp4") == dir.read("again/clip.mp4"),
            "{style:?}"
        );
        dir.run(&[&blur[..], &backend, style].concat())
            .exits(0)
            .says("1 up to date");
    }

    // A place that is covered for some frames.
    let mut lines = lines_of(&dir.read("r.jsonl"));
    let sha256 = lines[0]["sha256"].clone();
    lines[0]["regions"] = json!([{"shape": "box", "box": [200, 16, 64, 64], "frames": [10, 19]}]);
    lines[0]["style"] = json!({"name": "solid", "irreversible": true, "color": "00FF00"});
    write(&dir, &lines);
    let apply = [
        "apply",
        "edited.jsonl",
        "--originals",
        "in",
        "-o",
        "span/",
        "--report",
        "-",
    ];
    let ran = dir.run(&[&apply[..], &backend].concat()).exits(0);
    let line = &ran.lines()[0];
    assert_eq!(line["sha256"]["input"], sha256["input"]);
    assert_ne!(line["sha256"]["output"], sha256["output"]);
    let args =
        "-i span/clip.mp4 -vf crop=32:32:216:32,scale=1:1 -f rawvideo -pix_fmt rgb24 middle.rgb";
    tool(&dir, "ffmpeg", &args.split(' ').collect::<Vec<_>>());
    let green: Vec<usize> = (dir.read("middle.rgb").chunks(3).enumerate())
        .filter(|(_, p)| p[1] > 200 && p[0] < 60 && p[2] < 60)
        .map(|(i, _)| i)
        .collect();
    assert_eq!(green, (10..20).collect::<Vec<_>>());

    // What does not fit the video.
    for (field, value, code, says) in [
        (
            "frames",
            json!(41),
            1,
            "it has 40 frames, and the report says 41",
        ),
        ("frames", json!(15), 2, "frame 19 is outside 0..15"),
        ("width", json!(322), 1, "the report says 322x240"),
        ("sha256", json!(null), 1, "no SHA-256"),
    ] {
        let mut lines = lines.clone();
        lines[0][field] = value;
        write(&dir, &lines);
        let apply = ["apply", "edited.jsonl", "--originals", "in", "-o", "wrong/"];
        dir.run(&[&apply[..], &backend].concat())
            .exits(code)
            .says(says);
        assert!(!dir.path("wrong").exists(), "nothing is left of {field}");
    }
}
