//! Boxes by hand that move through a video: `--region X,Y,W,H@TIME;X,Y,W,H@TIME`.

use super::{has_ffmpeg, line_of, tool};
use crate::sandbox::{COFFEE, Sandbox};
use serde_json::Value;

/// Ten frames a second for two seconds, grey and empty.
fn clip(dir: &Sandbox, name: &str) {
    let source = "color=c=gray:s=160x64:r=10:d=2";
    let args = ["-y", "-f", "lavfi", "-i", source, "-c:v", "libx264"];
    let rest = ["-pix_fmt", "yuv420p", "-bf", "2", name];
    tool(dir, "ffmpeg", &[&args[..], &rest[..]].concat());
}

/// The left edges of what is covered in each frame, by the report.
fn lefts(line: &Value) -> Vec<Option<f64>> {
    let mut all = vec![None; line["frames"].as_u64().expect("frames") as usize];
    for region in line["regions"].as_array().expect("regions") {
        let [first, last] = [0, 1].map(|i| region["frames"][i].as_u64().expect("a frame"));
        all[first as usize..=last as usize].fill(region["box"][0].as_f64());
    }
    all
}

/// Whether the pixel of each frame at x, in the middle row, is white.
fn is_white(dir: &Sandbox, file: &str, x: usize) -> Vec<bool> {
    let filter = format!("crop=2:2:{x}:32,format=gray");
    let args = ["-y", "-i", file, "-vf", &filter, "-fps_mode", "passthrough"];
    tool(
        dir,
        "ffmpeg",
        &[&args[..], &["-f", "rawvideo", "g.raw"]].concat(),
    );
    dir.read("g.raw").chunks(4).map(|p| p[0] > 200).collect()
}

const MOVES: &str = "0,16,32,32@0.5;80,16,32,32@0:01.5";

#[test]
fn a_region_moves_evenly_from_its_first_time_to_its_last() {
    let dir = Sandbox::new();
    if !has_ffmpeg() {
        return;
    }
    clip(&dir, "a.mp4");
    for backend in ["ffmpeg", "embedded"] {
        let blur = [
            "blur",
            "a.mp4",
            "-o",
            "o.mp4",
            "--overwrite",
            "--report",
            "r.jsonl",
        ];
        let style = ["--style", "solid", "--color", "FFFFFF", "--verify"];
        let by = ["--video-backend", backend, "--region", MOVES];
        dir.run(&[&blur[..], &style[..], &by[..]].concat()).exits(0);
        let lefts = lefts(&line_of(&dir, "r.jsonl"));
        for (frame, left) in lefts.iter().enumerate() {
            // The ends hold for a tenth of a second.
            let expected = match frame {
                4..=16 => Some(8.0 * (frame.clamp(5, 15) - 5) as f64),
                _ => None,
            };
            match (left, expected) {
                (Some(a), Some(b)) => assert!((a - b).abs() < 0.1, "{backend} {frame}: {a} {b}"),
                (a, b) => assert_eq!(a.is_some(), b.is_some(), "{backend}: frame {frame}"),
            }
        }
        let white = is_white(&dir, "o.mp4", 44);
        let covered = |frame: usize| lefts[frame].is_some_and(|left| left > 14.0 && left < 43.0);
        for (frame, white) in white.iter().enumerate() {
            assert_eq!(*white, covered(frame), "{backend}: frame {frame}");
        }
    }
}

#[test]
fn times_count_from_the_start_of_the_source_and_a_file_says_for_which_video() {
    let dir = Sandbox::new();
    if !has_ffmpeg() {
        return;
    }
    clip(&dir, "a.mp4");
    clip(&dir, "b.mp4");
    dir.file("boxes.txt", format!("# of one\n{MOVES} b.mp4\n").as_bytes());
    let args = [
        "blur",
        "a.mp4",
        "b.mp4",
        "-o",
        "out/",
        "--region",
        "@boxes.txt",
    ];
    let part = ["--from", "1", "--report", "r.jsonl"];
    dir.run(&[&args[..], &part[..]].concat()).exits(0);
    let report = String::from_utf8(dir.read("r.jsonl")).expect("text");
    for line in report
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).expect("a line"))
    {
        match line["input"].as_str() {
            Some("a.mp4") => assert!(lefts(&line).iter().all(Option::is_none)),
            Some("b.mp4") => {
                let lefts = lefts(&line);
                assert_eq!(lefts.len(), 10);
                assert!(lefts[0].is_some_and(|left| (left - 40.0).abs() < 0.1));
                assert!(lefts[6].is_some() && lefts[7].is_none());
            }
            _ => {}
        }
    }
}

#[test]
fn regions_that_cover_nothing_are_said_and_those_that_cannot_be_are_refused() {
    let dir = Sandbox::new();
    if !has_ffmpeg() {
        return;
    }
    clip(&dir, "a.mp4");
    dir.sample(COFFEE, "p.png");
    let late = "0,16,32,32@50;80,16,32,32@60";
    let said = dir
        .run(&["blur", "a.mp4", "-o", "o.mp4", "--region", late])
        .exits(0)
        .stderr;
    assert!(
        said.contains("from 50 to 60 seconds covers nothing"),
        "{said}"
    );
    let refused = |args: &[&str], why: &str| {
        let said = dir
            .run(&[&["blur"], args, &["-o", "x/"]].concat())
            .exits(2)
            .stderr;
        assert!(said.contains(why), "{said}");
        assert!(!dir.path("x").exists());
    };
    refused(
        &["a.mp4", "--region", "0,16,32,32@1"],
        "needs two times at least",
    );
    refused(
        &["a.mp4", "--region", "0,16,32,32@2;0,16,32,32@1"],
        "do not come after",
    );
    refused(
        &["a.mp4", "--region", "0,16,32,32@1;0,16,32,32"],
        "has no time",
    );
    refused(&["a.mp4", "--ignore", MOVES], "is not x,y,width,height");
    refused(
        &["p.png", "--region", MOVES],
        "none of the inputs is a video",
    );
    dir.file("boxes.txt", format!("{MOVES} p.png").as_bytes());
    refused(
        &["a.mp4", "p.png", "--region", "@boxes.txt"],
        "which is no video",
    );
    refused(
        &["a.mp4", "--ignore", "@boxes.txt"],
        "takes boxes without times",
    );
}
