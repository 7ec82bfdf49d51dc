//! Subtitles: dropped and said, or kept as words and times.

use super::clips::make_from;
use super::{has_ffmpeg, line_of, tool};
use crate::sandbox::Sandbox;

const WORDS: &str = "1\n00:00:00,200 --> 00:00:00,600\nGood morning\n\n\
                     2\n00:00:00,900 --> 00:00:01,400\n<i>Alice</i> waves\n";

/// `name` with subtitles of this format.
fn make(dir: &Sandbox, codec: &str, name: &str) {
    dir.file("words.srt", WORDS.as_bytes());
    let args = "-i words.srt -map 0:v -map 1:a -map 2:s -metadata:s:s:0 language=eng -pix_fmt \
                yuv420p -c:s";
    let picture = "testsrc2=s=320x180:r=25:d=1.6";
    make_from(dir, picture, &format!("{args} {codec}"), name);
}

fn words(dir: &Sandbox, name: &str) -> String {
    tool(
        dir,
        "ffmpeg",
        &["-y", "-i", name, "-map", "0:s:0", "back.srt"],
    );
    String::from_utf8(dir.read("back.srt")).unwrap()
}

#[test]
fn subtitles_are_dropped_unless_they_are_to_be_kept() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    for (codec, name) in [("mov_text", "a.mp4"), ("srt", "a.mkv"), ("ass", "b.mkv")] {
        make(&dir, codec, name);
        let out = format!("out-{name}");
        let ran = dir.run(&["blur", name, "-o", &out, "--report", "r.jsonl"]);
        ran.exits(0);
        let line = line_of(&dir, "r.jsonl");
        assert!(
            line["dropped"].to_string().contains("\"subtitles\""),
            "{name}"
        );
        let args = [
            "blur",
            name,
            "-o",
            &out,
            "--subtitles",
            "keep",
            "--overwrite",
        ];
        let ran = dir.run(&[&args[..], &["--report", "k.jsonl"]].concat());
        ran.exits(0);
        let line = line_of(&dir, "k.jsonl");
        assert!(line["kept"].to_string().contains("\"subtitles\""), "{name}");
        assert!(!line["dropped"].to_string().contains("subtitles"), "{name}");
        let (own, new) = (words(&dir, name), words(&dir, &out));
        assert!(
            new.contains("Good morning") && new.contains("Alice"),
            "{new}"
        );
        let times = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|l| l.contains("-->"));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(times(&new), times(&own), "{name}");
        dir.run(&["verify", &out, "--report", "k.jsonl"]).exits(0);
        dir.run(&["inspect", &out]).exits(3);
    }
}

#[test]
fn subtitles_that_cannot_be_kept_are_said() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    make(&dir, "mov_text", "a.mp4");
    let args = ["blur", "a.mp4", "-o", "o.mp4", "--subtitles", "keep"];
    let ran = dir.run(&[&args[..], &["--video-backend", "embedded"]].concat());
    ran.exits(1)
        .says("its subtitles are to be kept, which needs ffmpeg");
    assert!(!dir.path("o.mp4").exists());
}
