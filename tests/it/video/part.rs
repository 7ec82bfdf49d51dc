//! A part of a video's time: `--from`, `--to` and `--outside`, and what the report and `verify`
//! make of it.

use super::{has_ffmpeg, line_of, probe, times, tool};
use crate::sandbox::Sandbox;
use serde_json::Value;

/// Ten frames a second for two seconds, a tone, and a frame of another brightness each.
fn clip(dir: &Sandbox, name: &str) {
    let args = [
        "-y",
        "-f",
        "lavfi",
        "-i",
        "color=c=black:s=96x64:r=10:d=2,geq=lum='40+N*8':cb=128:cr=128",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:sample_rate=48000:duration=2",
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "8",
        "-bf",
        "2",
        "-c:a",
        "aac",
        "-shortest",
        name,
    ];
    tool(dir, "ffmpeg", &args);
}

/// Covers a clip with these flags and gives its line.
#[track_caller]
fn blurred(dir: &Sandbox, input: &str, output: &str, flags: &[&str], code: i32) -> Value {
    let mut args = vec!["blur", input, "-o", output, "--overwrite"];
    args.extend(["--report", "r.jsonl", "--region", "8,8,32,32"]);
    args.extend(flags);
    dir.run(&args).exits(code);
    line_of(dir, "r.jsonl")
}

/// The middle brightness of a part of each frame.
fn brightness(dir: &Sandbox, file: &str, area: &str) -> Vec<u8> {
    let filter = format!("crop={area},scale=1:1:flags=area,format=gray");
    let args = [
        "-i",
        file,
        "-vf",
        &filter,
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
        "g.raw",
        "-y",
    ];
    tool(dir, "ffmpeg", &args);
    dir.read("g.raw")
}

const BACKENDS: [&str; 2] = ["ffmpeg", "embedded"];

#[test]
fn only_the_part_is_written_and_its_time_begins_at_zero() {
    let dir = Sandbox::new();
    if !has_ffmpeg() {
        return;
    }
    clip(&dir, "a.mp4");
    for backend in BACKENDS {
        let flags = [
            "--from",
            "0.55",
            "--to",
            "0:01.3",
            "--video-backend",
            backend,
            "--verify",
        ];
        let line = blurred(&dir, "a.mp4", "o.mp4", &flags, 0);
        assert_eq!(line["frames"], 8, "{backend}");
        let part = &line["part"];
        assert_eq!((&part["from"], &part["to"]), (&0.55.into(), &1.3.into()));
        assert_eq!(part["outside"], "drop");
        let ms: Vec<i64> = times(&dir, "o.mp4").iter().map(|t| t / 1_000_000).collect();
        assert_eq!(ms, [0, 50, 150, 250, 350, 450, 550, 650], "{backend}");
        let seen = brightness(&dir, "o.mp4", "32:32:60:20");
        for (i, level) in seen.iter().enumerate() {
            let expected = 40.0 + 8.0 * (i + 5) as f32;
            // From limited to full range.
            let full = (expected - 16.0) * 255.0 / 219.0;
            assert!(
                (f32::from(*level) - full).abs() < 4.0,
                "{backend}: frame {i}: {level}"
            );
        }
        let streams = probe(&dir, "o.mp4")["streams"].as_array().unwrap().clone();
        let sound = streams.iter().find(|s| s["codec_type"] == "audio").unwrap();
        let number = |key: &str| sound[key].as_str().unwrap().parse::<f64>().unwrap();
        assert!((0.0..0.022).contains(&number("start_time")), "{backend}");
        let end = number("start_time") + number("duration");
        assert!((0.72..=0.751).contains(&end), "{backend}: {end}");
        // What the report says is enough to write the same again.
        let args = [
            "apply",
            "r.jsonl",
            "-o",
            "p.mp4",
            "--overwrite",
            "--video-backend",
            backend,
        ];
        dir.run(&args).exits(0);
        assert!(dir.read("p.mp4") == dir.read("o.mp4"), "{backend}");
    }
}

#[test]
fn the_rest_is_written_uncovered_only_if_asked_and_said() {
    let dir = Sandbox::new();
    if !has_ffmpeg() {
        return;
    }
    clip(&dir, "a.mp4");
    for backend in BACKENDS {
        let flags = [
            "--from",
            "0.5",
            "--to",
            "1",
            "--outside",
            "copy",
            "--style",
            "solid",
            "--color",
            "FFFFFF",
            "--video-backend",
            backend,
            "--verify",
        ];
        let line = blurred(&dir, "a.mp4", "o.mp4", &flags, 0);
        assert_eq!(line["frames"], 20);
        assert!(times(&dir, "o.mp4") == times(&dir, "a.mp4"), "{backend}");
        let uncovered = line["part"]["uncovered"].as_array().unwrap();
        let spans: Vec<_> = uncovered
            .iter()
            .map(|s| (&s["first"], &s["last"]))
            .collect();
        assert_eq!(
            spans,
            [(&0.into(), &4.into()), (&10.into(), &19.into())],
            "{backend}"
        );
        let warning = line["warnings"].to_string();
        assert!(warning.contains("NOT covered") && warning.contains("0.000 to 0.500"));
        let covered = brightness(&dir, "o.mp4", "16:16:16:16");
        for (i, level) in covered.iter().enumerate() {
            assert_eq!(
                *level > 230,
                (5..10).contains(&i),
                "{backend}: frame {i}: {level}"
            );
        }
    }
}

#[test]
fn parts_that_cannot_be_are_refused_and_write_nothing() {
    let dir = Sandbox::new();
    if !has_ffmpeg() {
        return;
    }
    clip(&dir, "a.mp4");
    for flags in [
        &["--outside", "copy"][..],
        &["--from", "2", "--to", "1"],
        &["--to", "0"],
        &["--from", "1:75"],
        &["--from", "-1"],
        &["--from", "soon"],
        &["--damaged", "conceal", "--video-backend", "embedded"],
    ] {
        let mut args = vec!["blur", "a.mp4", "-o", "o.mp4"];
        args.extend(flags);
        dir.run(&args).exits(2);
        assert!(!dir.path("o.mp4").exists());
    }
    dir.run(&["blur", "a.mp4", "--in-place", "--from", "1"])
        .exits(2);
    for backend in BACKENDS {
        for outside in ["drop", "copy"] {
            let args = [
                "blur",
                "a.mp4",
                "-o",
                "o.mp4",
                "--from",
                "9",
                "--outside",
                outside,
                "--video-backend",
                backend,
            ];
            let said = dir.run(&args).exits(1).stderr;
            assert!(said.contains("shows no frame from 9 seconds on"), "{said}");
            assert!(!dir.path("o.mp4").exists());
        }
    }
}

#[test]
fn damage_is_refused_or_concealed_and_said() {
    let dir = Sandbox::new();
    if !has_ffmpeg() {
        return;
    }
    let args = [
        "-y",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x240:r=25:d=2",
        "-c:v",
        "libx264",
        "-bf",
        "0",
        "-muxdelay",
        "0",
        "a.ts",
    ];
    tool(&dir, "ffmpeg", &args);
    // A packet of the pictures is lost on its way.
    let bytes = dir.read("a.ts");
    let packets: Vec<&[u8]> = bytes.chunks(188).collect();
    let is_picture = |p: &[u8]| (u16::from(p[1] & 31) << 8 | u16::from(p[2])) == 256;
    let pictures: Vec<usize> = (0..packets.len())
        .filter(|i| is_picture(packets[*i]))
        .collect();
    let lost = pictures[pictures.len() / 2];
    let kept = packets.iter().enumerate().filter(|(i, _)| *i != lost);
    let kept: Vec<u8> = kept.flat_map(|(_, p)| p.to_vec()).collect();
    std::fs::write(dir.path("lost.ts"), kept).unwrap();
    let refused = dir.run(&["blur", "lost.ts", "-o", "o.ts"]).exits(1).stderr;
    assert!(refused.contains("missing or damaged"), "{refused}");
    assert!(!dir.path("o.ts").exists());
    let line = blurred(&dir, "lost.ts", "o.ts", &["--damaged", "conceal"], 3);
    let spans = line["concealed"].as_array().unwrap();
    assert!(!spans.is_empty(), "{line}");
    for span in spans {
        let from = span["seconds"][0].as_f64().unwrap();
        assert!((0.3..1.7).contains(&from), "{span}");
    }
    assert!(line["warnings"].to_string().contains("it is damaged"));
    // A whole one is as ever.
    let line = blurred(&dir, "a.ts", "p.ts", &["--damaged", "conceal"], 0);
    assert_eq!(
        (&line["frames"], &line["concealed"]),
        (&50.into(), &Value::Null)
    );
}
