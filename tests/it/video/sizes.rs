//! How large new videos are, and that captions in the stream are named.

use super::{has_ffmpeg, line_of, tool};
use crate::sandbox::Sandbox;
use serde_json::Value;

/// Covers a file with these flags and gives its line.
#[track_caller]
fn blurred(dir: &Sandbox, input: &str, output: &str, flags: &[&str]) -> Value {
    let mut args = vec!["blur", input, "-o", output, "--overwrite"];
    args.extend(["--report", "r.jsonl"]);
    args.extend(flags);
    dir.run(&args).exits(0);
    line_of(dir, "r.jsonl")
}

#[test]
fn a_source_of_few_bits_does_not_grow_unless_asked_and_then_it_is_said() {
    let dir = Sandbox::new();
    if !has_ffmpeg() {
        return;
    }
    // Noise costs an encoder most; at this quality little of it is left. Coarser sources do grow:
    // a cover that is encoded as coarsely is not what `verify` expects.
    let args = [
        "-y",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=480x272:r=25:d=4,noise=alls=12:allf=t",
        "-c:v",
        "libx264",
        "-crf",
        "28",
        "-pix_fmt",
        "yuv420p",
        "a.mp4",
    ];
    tool(&dir, "ffmpeg", &args);
    let source = dir.read("a.mp4").len() as f64;
    for backend in ["ffmpeg", "embedded"] {
        let flags = ["--video-backend", backend];
        blurred(&dir, "a.mp4", "o.mp4", &flags);
        let new = dir.read("o.mp4").len() as f64;
        assert!(new < 1.4 * source, "{backend}: {new} of {source}");
        let line = blurred(
            &dir,
            "a.mp4",
            "p.mp4",
            &["--crf", "10", "--video-backend", backend],
        );
        let new = dir.read("p.mp4").len() as f64;
        assert!(new > 2.0 * source, "{backend}: {new} of {source}");
        assert!(
            line["warnings"].to_string().contains("times as large"),
            "{line}"
        );
        let flags = ["--bitrate", "1.5M", "--video-backend", backend];
        blurred(&dir, "a.mp4", "q.mp4", &flags);
        let bits = dir.read("q.mp4").len() as f64 * 8.0 / 4.0;
        assert!((0.9e6..2.2e6).contains(&bits), "{backend}: {bits}");
    }
    // The same with many bits, which the fixed quality would make twice as large.
    let fine: Vec<&str> = args
        .iter()
        .map(|arg| match *arg {
            "28" => "22",
            "a.mp4" => "b.mp4",
            other => other,
        })
        .collect();
    tool(&dir, "ffmpeg", &fine);
    blurred(&dir, "b.mp4", "o.mp4", &["--video-backend", "ffmpeg"]);
    let (source, new) = (dir.read("b.mp4").len(), dir.read("o.mp4").len());
    assert!(new as f64 <= 1.4 * source as f64, "{new} of {source}");
    let both = [
        "blur",
        "a.mp4",
        "-o",
        "z.mp4",
        "--crf",
        "20",
        "--bitrate",
        "1M",
    ];
    dir.run(&both).exits(2);
    dir.run(&["blur", "a.mp4", "-o", "z.mp4", "--bitrate", "9"])
        .exits(2)
        .says("10k..=1000M");
}

#[test]
fn captions_in_the_stream_are_named_wherever_they_begin() {
    let dir = Sandbox::new();
    if !has_ffmpeg() {
        return;
    }
    let args = [
        "-y",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=160x120:r=25:d=1",
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-bf",
        "0",
        "a.h264",
    ];
    tool(&dir, "ffmpeg", &args);
    let stream = dir.read("a.h264");
    let text = [
        0xb5, 0, 0x31, b'G', b'A', b'9', b'4', 3, 0x42, 0xff, 0xfc, 0x94, 0x20, 0xfc, 0x48, 0x69,
        0xff,
    ];
    let mut message = vec![0, 0, 0, 1, 6, 4, text.len() as u8];
    message.extend(text);
    message.push(0x80);
    // Before each picture but the first ones.
    let starts = (0..stream.len() - 3).filter(|i| stream[*i..].starts_with(&[0, 0, 1]));
    let slices: Vec<usize> = starts
        .filter(|i| matches!(stream[i + 3] & 31, 1 | 5))
        .collect();
    let mut with = Vec::new();
    let mut from = 0;
    for at in slices.into_iter().skip(6) {
        // The zero before a start code of four bytes is part of it.
        let at = if stream[at - 1] == 0 { at - 1 } else { at };
        with.extend(&stream[from..at]);
        with.extend(&message);
        from = at;
    }
    with.extend(&stream[from..]);
    dir.file("b.h264", &with);
    let args = ["-y", "-r", "25", "-i", "b.h264", "-c", "copy", "b.mp4"];
    tool(&dir, "ffmpeg", &args);
    for backend in ["ffmpeg", "embedded"] {
        let line = blurred(&dir, "b.mp4", "o.mp4", &["--video-backend", backend]);
        let dropped = line["dropped"].to_string();
        assert!(dropped.contains("captions"), "{backend}: {dropped}");
    }
    let line = blurred(&dir, "b.mp4", "o.mp4", &["--subtitles", "keep"]);
    assert!(!line["dropped"].to_string().contains("captions"), "{line}");
    assert!(line["kept"].to_string().contains("subtitles"), "{line}");
}
