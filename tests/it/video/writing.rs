//! Number plates in videos: followed, covered in every frame in which they show, and not mixed up
//! with faces.

use super::has_ffmpeg;
use crate::sandbox::{Sandbox, json_lines};
use crate::text::{SIZE, scene_at};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

const FRAMES: usize = 84;
/// Frames in which the plate shows.
const SHOWN: std::ops::Range<usize> = 20..62;

/// The middle of the plate. It drives by.
fn middle(frame: usize) -> (f32, f32) {
    (160.0 + 7.0 * (frame - SHOWN.start) as f32, 240.0)
}

fn clip(dir: &Sandbox, name: &str) {
    let (width, height) = (SIZE.width, SIZE.height);
    let args = format!(
        "-v error -y -f rawvideo -pix_fmt rgb24 -s {width}x{height} -r 30 -i - -c:v libx264 -preset \
         fast -crf 20 -pix_fmt yuv420p"
    );
    let mut child = Command::new("ffmpeg")
        .args(args.split_whitespace())
        .arg(dir.path(name))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    for frame in 0..FRAMES {
        let place = match SHOWN.contains(&frame) {
            true => middle(frame),
            // Outside of the picture.
            false => (-900.0, -900.0),
        };
        pipe.write_all(&scene_at(3.0, 4.0, place).0).unwrap();
    }
    drop(pipe);
    assert!(child.wait().unwrap().success());
}

/// The masks of a frame: left, top, right, bottom.
fn masks(line: &Value, frame: usize) -> Vec<[f64; 4]> {
    let all = line["regions"].as_array().unwrap().iter();
    let within = all.filter(|region| {
        let [first, last] = [0, 1].map(|i| region["frames"][i].as_u64().unwrap() as usize);
        (first..=last).contains(&frame)
    });
    within
        .map(|region| {
            assert_eq!(
                (&region["subject"], &region["shape"]),
                (&"text".into(), &"box".into())
            );
            let [x, y, w, h] = [0, 1, 2, 3].map(|i| region["box"][i].as_f64().unwrap());
            [x, y, x + w, y + h]
        })
        .collect()
}

#[test]
fn a_plate_that_drives_by_is_covered_in_every_frame() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    clip(&dir, "car.mp4");
    let (_, half) = scene_at(3.0, 4.0, (320.0, 240.0));
    for backend in ["embedded", "ffmpeg"] {
        let run = ["--video-backend", backend, "--report", "r.jsonl"];
        let args = ["blur", "car.mp4", "-o", "new.mp4", "--overwrite"];
        let cover = ["--cover", "plates", "--style", "solid"];
        dir.run(&[&args[..], &cover, &run].concat()).exits(0);
        let lines = json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap());
        let line = &lines[0];
        assert_eq!(line["frames"], FRAMES);
        assert!(
            line["tracks"]
                .as_array()
                .unwrap()
                .iter()
                .all(|t| t["subject"] == "text")
        );
        for frame in SHOWN {
            let (x, y) = middle(frame);
            let (sin, cos) = 4.0_f32.to_radians().sin_cos();
            let corners = [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)].map(|(s, t)| {
                let (u, v) = (s * half.0, t * half.1);
                (
                    f64::from(x + u * cos - v * sin),
                    f64::from(y + u * sin + v * cos),
                )
            });
            let boxes = masks(line, frame);
            let open = corners.iter().filter(|(x, y)| {
                !boxes
                    .iter()
                    .any(|[l, t, r, b]| (*l..*r).contains(x) && (*t..*b).contains(y))
            });
            assert_eq!(open.count(), 0, "{backend}, frame {frame}: {boxes:?}");
        }
        // Covered for six tenths of a second before and after at most.
        for frame in [0, FRAMES - 1] {
            assert!(masks(line, frame).is_empty(), "{backend}, frame {frame}");
        }
    }
    // Nobody asked for it.
    dir.run(&["blur", "car.mp4", "-o", "open.mp4", "--report", "o.jsonl"])
        .exits(0);
    let lines = json_lines(&String::from_utf8(dir.read("o.jsonl")).unwrap());
    assert_eq!(lines[0]["regions"], Value::Array(vec![]));
    let verify = ["verify", "open.mp4", "--report", "o.jsonl", "--json"];
    dir.run(&verify).exits(0);
    let asked = dir.run(&[&verify[..], &["--cover", "plates"]].concat());
    assert_eq!(asked.exits(3).lines()[0]["findings"][0]["kind"], "text");
}
