//! Videos verified: every frame covered as the report says, at its time.

use super::clips::{USUAL, make};
use super::has_ffmpeg;
use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::fs;

fn read(dir: &Sandbox, report: &str) -> Value {
    let text = fs::read_to_string(dir.path(report)).unwrap();
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

fn write(dir: &Sandbox, report: &str, line: &Value) {
    dir.file(report, format!("{line}\n").as_bytes());
}

fn findings(dir: &Sandbox, output: &str, report: &str, code: i32) -> Vec<Value> {
    let args = ["verify", output, "--report", report, "--json"];
    let lines = dir.run(&args).exits(code).lines();
    lines[0]["findings"].as_array().unwrap().clone()
}

#[test]
fn a_frame_left_uncovered_or_moved_in_time_is_found_and_an_untouched_video_passes() {
    if !has_ffmpeg() {
        return;
    }
    for backend in ["ffmpeg", "embedded"] {
        let dir = Sandbox::new();
        make(&dir, "25", USUAL, "clip.mp4");
        let args = [
            "blur",
            "clip.mp4",
            "-o",
            "out.mp4",
            "--region",
            "70.5,40,90,80",
            "--video-backend",
            backend,
            "--report",
            "r.jsonl",
            "--verify",
        ];
        dir.run(&args).exits(0).says("1 verified, 0 to look at");
        let line = read(&dir, "r.jsonl");
        assert_eq!(line["verify"], json!({"verdict": "passed", "findings": []}));
        let last = line["frames"].as_u64().unwrap() - 1;
        assert_eq!(line["regions"][0]["frames"], json!([0, last]));
        assert!(findings(&dir, "out.mp4", "r.jsonl", 0).is_empty());

        // The same with one frame less covered, under the report that says that all are.
        let mut less = line.clone();
        less["regions"][0]["frames"] = json!([0, last - 1]);
        write(&dir, "less.jsonl", &less);
        let apply = [
            "apply",
            "less.jsonl",
            "-o",
            "less.mp4",
            "--video-backend",
            backend,
            "--report",
            "applied.jsonl",
        ];
        dir.run(&apply).exits(0);
        let mut lie = line.clone();
        lie["output"] = json!("less.mp4");
        lie["sha256"] = read(&dir, "applied.jsonl")["sha256"].clone();
        write(&dir, "lie.jsonl", &lie);
        let found = findings(&dir, "less.mp4", "lie.jsonl", 3);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (&found[0]["kind"], &found[0]["frame"]),
            (&json!("uncovered"), &json!(last))
        );

        // Other times than the report's.
        let mut moved = line.clone();
        moved["times"] = json!("00".repeat(32));
        write(&dir, "moved.jsonl", &moved);
        let found = findings(&dir, "out.mp4", "moved.jsonl", 3);
        assert_eq!(found[0]["kind"], "times");

        // Cut off.
        let mut bytes = dir.read("out.mp4");
        bytes.truncate(bytes.len() * 2 / 3);
        dir.file("out.mp4", &bytes);
        let found = findings(&dir, "out.mp4", "r.jsonl", 3);
        assert!(found.iter().any(|f| f["kind"] == "changed"), "{found:?}");
    }
}
