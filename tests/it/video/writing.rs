//! Number plates in videos: followed, covered in every frame in which they show, and not mixed up
//! with faces.

use super::{has_ffmpeg, tool};
use crate::sandbox::{ASTRONAUT, Sandbox, json_lines, sample};
use crate::text::{SIZE, scene_at};
use faceveil::geometry::{Point, Quad};
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

/// The corners of the letters about a point, turned by some degrees.
fn letters((x, y): (f32, f32), degrees: f32) -> Quad {
    let (_, half) = scene_at(3.0, 0.0, (320.0, 240.0));
    let (sin, cos) = degrees.to_radians().sin_cos();
    let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(s, t)| {
        let (u, v) = (s * half.0, t * half.1);
        Point::new(x + u * cos - v * sin, y + u * sin + v * cos)
    });
    Quad::new(corners).unwrap()
}

/// Whether a mask holds the letters about a point, which lie level.
fn holds(mask: &Quad, middle: (f32, f32)) -> bool {
    holds_all(mask, &letters(middle, 0.0))
}

fn holds_all(mask: &Quad, letters: &Quad) -> bool {
    letters.corners().iter().all(|p| mask.holds(*p, 0.0))
}

/// The quadrilateral of a region, or its box.
fn mask(region: &Value) -> Quad {
    let number = |v: &Value| v.as_f64().unwrap() as f32;
    let corners = match region["shape"].as_str().unwrap() {
        "quad" => [0, 1, 2, 3].map(|i| {
            let corner = &region["corners"][i];
            Point::new(number(&corner[0]), number(&corner[1]))
        }),
        _ => {
            let [x, y, w, h] = [0, 1, 2, 3].map(|i| number(&region["box"][i]));
            [(x, y), (x + w, y), (x + w, y + h), (x, y + h)].map(|(x, y)| Point::new(x, y))
        }
    };
    Quad::new(corners).unwrap()
}

/// The masks of a frame.
fn masks(line: &Value, frame: usize) -> Vec<Quad> {
    let all = line["regions"].as_array().unwrap().iter();
    let within = all.filter(|region| {
        let [first, last] = [0, 1].map(|i| region["frames"][i].as_u64().unwrap() as usize);
        (first..=last).contains(&frame)
    });
    within
        .map(|region| {
            assert_eq!(region["subject"], "text");
            mask(region)
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
            let (masks, letters) = (masks(line, frame), letters(middle(frame), 4.0));
            let is_covered = masks.iter().any(|mask| holds_all(mask, &letters));
            assert!(is_covered, "{backend}, frame {frame}: {masks:?}");
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

/// All frames of a clip, one value a pixel.
fn pixels(dir: &Sandbox, name: &str) -> Vec<Vec<u8>> {
    let args = format!("-i {name} -f rawvideo -pix_fmt gray {name}.gray -y");
    let args: Vec<&str> = args.split(' ').collect();
    tool(dir, "ffmpeg", &args);
    let all = dir.read(format!("{name}.gray"));
    all.chunks_exact(SIZE.area() as usize)
        .map(<[u8]>::to_vec)
        .collect()
}

#[test]
fn a_plate_that_lies_askew_is_covered_as_it_lies_and_what_is_beside_it_is_not() {
    if !has_ffmpeg() {
        return;
    }
    const SLANT: f32 = 20.0;
    let dir = Sandbox::new();
    let middle = |frame: usize| (200.0 + 4.0 * frame as f32, 200.0 + frame as f32);
    film(&dir, "in.mp4", 50, &|frame| {
        scene_at(3.0, SLANT, middle(frame)).0
    });
    let before = pixels(&dir, "in.mp4");
    for backend in ["embedded", "ffmpeg"] {
        let line = covered(&dir, &["--cover", "plates", "--video-backend", backend]);
        let after = pixels(&dir, "new.mp4");
        assert_eq!(after.len(), 50, "{backend}");
        for (frame, (old, new)) in before.iter().zip(&after).enumerate() {
            let at = format!("{backend}, frame {frame}");
            let (masks, letters) = (masks(&line, frame), letters(middle(frame), SLANT));
            let [mask] = &masks[..] else {
                panic!("{at}: {masks:?}");
            };
            assert!(holds_all(mask, &letters), "{at}: {mask:?}");
            let (mut beside, mut off, mut shown) = (0, 0, 0);
            for (i, (old, new)) in old.iter().zip(new).enumerate() {
                let (x, y) = (i as u32 % SIZE.width, i as u32 / SIZE.width);
                let p = Point::new(x as f32 + 0.5, y as f32 + 0.5);
                if letters.holds(p, 0.0) {
                    shown += usize::from(*new > 60);
                }
                if mask.bounds().holds(p) && !mask.holds(p, 6.0) {
                    beside += 1;
                    off += usize::from(old.abs_diff(*new));
                }
            }
            assert_eq!(shown, 0, "{at}: of the letters");
            assert!(beside > 4000, "{at}: {beside} pixels");
            assert!(off < 3 * beside, "{at}: {off} levels in {beside} pixels");
        }
        let again = [
            "apply",
            "r.jsonl",
            "--originals",
            ".",
            "-o",
            "again",
            "--overwrite",
        ];
        dir.run(&[&again[..], &["--video-backend", backend]].concat())
            .exits(0);
        assert!(dir.read("new.mp4") == dir.read("again/in.mp4"), "{backend}");
        let verify = ["verify", "new.mp4", "--report", "r.jsonl"];
        dir.run(&verify).exits(0);
    }
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
        assert!(boxes.iter().any(|b| holds(b, own)), "{frame}: {boxes:?}");
        assert!(!boxes.iter().any(|b| holds(b, other)), "{frame}: {boxes:?}");
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
        let mut texts = there.iter().filter(|r| r["subject"] == "text");
        let is_covered = texts.any(|r| holds(&mask(r), plate(frame)));
        assert!(is_covered, "{frame}: {there:?}");
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
            let is_there = boxes.iter().any(|b| holds(b, (320.0, 240.0)));
            assert_eq!(is_there, is_covered, "{least}, frame {frame}: {boxes:?}");
        }
    }
}
