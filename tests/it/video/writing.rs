//! Number plates in videos: followed, covered in every frame in which they show, and not mixed up
//! with faces.

use super::has_ffmpeg;
use crate::sandbox::{ASTRONAUT, Sandbox, json_lines, sample};
use crate::text::{SIZE, scene_at};
use faceveil::{Photo, ReadOptions};
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
    film(dir, name, FRAMES, &|frame| {
        let place = match SHOWN.contains(&frame) {
            true => middle(frame),
            // Outside of the picture.
            false => (-900.0, -900.0),
        };
        scene_at(3.0, 4.0, place).0
    });
}

/// A clip of frames that are made one by one.
fn film(dir: &Sandbox, name: &str, frames: usize, picture: &dyn Fn(usize) -> Vec<u8>) {
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
    for frame in 0..frames {
        pipe.write_all(&picture(frame)).unwrap();
    }
    drop(pipe);
    assert!(child.wait().unwrap().success());
}

/// The line of a clip that was covered with these flags.
fn covered(dir: &Sandbox, flags: &[&str]) -> Value {
    let blur = ["blur", "in.mp4", "-o", "new.mp4", "--overwrite"];
    let more = ["--style", "solid", "--report", "r.jsonl"];
    dir.run(&[&blur[..], &more, flags].concat()).exits(0);
    let mut lines = json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap());
    lines.remove(0)
}

/// Whether a box holds the letters about a point, which lie level.
fn holds([l, t, r, b]: [f64; 4], (x, y): (f32, f32)) -> bool {
    let (_, (w, h)) = scene_at(3.0, 0.0, (320.0, 240.0));
    l <= f64::from(x - w) && t <= f64::from(y - h) && r >= f64::from(x + w) && b >= f64::from(y + h)
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

#[test]
fn plates_before_and_after_a_cut_are_covered_each_in_its_scene() {
    if !has_ffmpeg() {
        return;
    }
    let (first, second) = ((190.0, 140.0), (440.0, 340.0));
    let dir = Sandbox::new();
    film(&dir, "in.mp4", 60, &|frame| {
        if frame < 30 {
            return scene_at(3.0, 0.0, first).0;
        }
        let mut data = scene_at(3.0, 0.0, second).0;
        for (i, pixel) in data.chunks_exact_mut(3).enumerate() {
            let (x, y) = (i as u32 % SIZE.width, i as u32 / SIZE.width);
            // Everything but plate and letters.
            if (60..220).contains(&pixel[0]) {
                pixel.fill(if (x / 160 + y / 120) % 2 == 0 {
                    40
                } else {
                    150
                });
            }
        }
        data
    });
    let line = covered(&dir, &["--cover", "plates"]);
    for frame in 0..60 {
        let boxes = masks(&line, frame);
        let (own, other) = if frame < 30 {
            (first, second)
        } else {
            (second, first)
        };
        assert!(boxes.iter().any(|b| holds(*b, own)), "{frame}: {boxes:?}");
        assert!(
            !boxes.iter().any(|b| holds(*b, other)),
            "{frame}: {boxes:?}"
        );
    }
}

#[test]
fn a_face_beside_a_plate_is_followed_as_a_face() {
    if !has_ffmpeg() {
        return;
    }
    let file = std::fs::read(sample(ASTRONAUT)).unwrap();
    let photo = Photo::read(&file, &ReadOptions::new()).unwrap();
    let (size, rgba) = photo.to_rgba();
    let plate = |frame: usize| (420.0 + 2.0 * frame as f32, 330.0);
    let dir = Sandbox::new();
    film(&dir, "in.mp4", 45, &|frame| {
        let mut data = scene_at(3.0, 0.0, plate(frame)).0;
        for y in 0..260 {
            for x in 0..260 {
                let from = ((y + 10) * size.width as usize + x + 90) * 4;
                let to = ((y + 60) * SIZE.width as usize + x + 20 + frame) * 3;
                data[to..to + 3].copy_from_slice(&rgba[from..from + 3]);
            }
        }
        data
    });
    let line = covered(&dir, &["--cover", "faces,plates", "--preset", "balanced"]);
    let tracks = line["tracks"].as_array().unwrap();
    let faces: Vec<&Value> = tracks.iter().filter(|t| t["subject"].is_null()).collect();
    assert_eq!(faces.len(), 1, "{tracks:?}");
    assert_eq!(
        (&faces[0]["first"], &faces[0]["last"]),
        (&0.into(), &44.into())
    );
    for frame in 0..45 {
        let regions = line["regions"].as_array().unwrap().iter();
        let is_there = |r: &&Value| {
            let [first, last] = [0, 1].map(|i| r["frames"][i].as_u64().unwrap() as usize);
            (first..=last).contains(&frame)
        };
        let there: Vec<&Value> = regions.filter(is_there).collect();
        let ellipses = there.iter().filter(|r| r["shape"] == "ellipse");
        assert_eq!(ellipses.count(), 1, "{frame}: {there:?}");
        let boxes = there.iter().filter(|r| r["subject"] == "text").map(|r| {
            let [x, y, w, h] = [0, 1, 2, 3].map(|i| r["box"][i].as_f64().unwrap());
            [x, y, x + w, y + h]
        });
        let mut boxes = boxes.filter(|b| holds(*b, plate(frame)));
        assert!(boxes.next().is_some(), "{frame}: {there:?}");
    }
}

#[test]
fn writing_that_is_too_low_to_be_asked_for_stays_open_in_videos() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    film(&dir, "in.mp4", 20, &|_| {
        scene_at(3.0, 0.0, (320.0, 240.0)).0
    });
    for (least, is_covered) in [("60", false), ("10", true)] {
        let line = covered(&dir, &["--cover", "text", "--text-min-height", least]);
        for frame in 0..20 {
            let boxes = masks(&line, frame);
            let is_there = boxes.iter().any(|b| holds(*b, (320.0, 240.0)));
            assert_eq!(is_there, is_covered, "{least}, frame {frame}: {boxes:?}");
        }
    }
}
