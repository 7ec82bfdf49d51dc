//! Streams that are covered while they run.

use super::{has_ffmpeg, picture, probe, tool};
use crate::sandbox::{Sandbox, json_lines};
use serde_json::Value;

/// Two seconds of a face, as `name` says.
fn clip(dir: &Sandbox, name: &str) {
    dir.sample("astronaut.jpg", "face.jpg");
    let args = ["-loop", "1", "-r", "10", "-t", "2", "-i", "face.jpg"];
    let coded = ["-vf", "scale=320:-2", "-pix_fmt", "yuv420p", name];
    tool(dir, "ffmpeg", &[&args[..], &coded].concat());
}

/// The last message, which has the counts.
fn counts(stderr: &str) -> Value {
    let mut lines = json_lines(stderr);
    lines.retain(|line| line.get("frames").is_some());
    lines.pop().expect("counts")
}

#[test]
fn a_stream_comes_out_covered_and_frames_are_written_or_left_out() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    clip(&dir, "clip.mp4");
    let ran = dir.run(&["live", "clip.mp4", "out.mkv", "--log", "json"]);
    let ran = ran.exits(0).says("sound is left out");
    let said = counts(&ran.stderr);
    let number = |name: &str| said[name].as_u64().unwrap();
    assert_eq!(number("frames") + number("dropped"), 20, "{said}");
    assert_eq!(number("tracks"), 1, "{said}");
    assert_eq!(picture(&probe(&dir, "out.mkv"))["width"], 320);
    let args = ["-count_packets", "-show_entries", "stream=nb_read_packets"];
    let read = tool(
        &dir,
        "ffprobe",
        &[&args[..], &["-of", "csv=p=0", "out.mkv"]].concat(),
    );
    assert_eq!(read.trim().parse(), Ok(number("frames")));
    let found = |file: &str| dir.run(&["detect", file]).exits(0).lines();
    assert_eq!(found("clip.mp4")[0]["tracks"].as_array().unwrap().len(), 1);
    assert!(found("out.mkv")[0].get("tracks").is_none());
    // What is there is not replaced.
    dir.run(&["live", "clip.mp4", "out.mkv"])
        .exits(2)
        .says("new file");
}

#[test]
fn a_stream_goes_through_pipes() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    clip(&dir, "clip.ts");
    let ran = dir.run_with_stdin(&["live", "-", "-", "--log", "json"], &dir.read("clip.ts"));
    let ran = ran.exits(0);
    assert!(counts(&ran.stderr)["frames"].as_u64() > Some(0));
    dir.file("out.ts", &ran.stdout);
    assert_eq!(picture(&probe(&dir, "out.ts"))["codec_name"], "h264");
}

#[test]
fn a_source_or_a_sink_that_cannot_be_is_an_error() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    clip(&dir, "clip.mp4");
    dir.file("text.mp4", b"no video");
    dir.run(&["live", "missing.mp4", "out.mkv"])
        .exits(2)
        .says("no such file or device");
    dir.run(&["live", "text.mp4", "out.mkv"])
        .exits(2)
        .says("opening the source");
    let ran = dir.run(&["live", "clip.mp4", "nowhere/out.mkv"]);
    let ran = ran.exits(1).says("sink");
    let errors = ran.stderr.lines().filter(|l| l.starts_with("error:"));
    assert_eq!(errors.count(), 1, "the source is not to blame");
    assert!(!dir.path("out.mkv").exists());
}
