//! `--as-video`: photos of a folder are the frames of one video, and a face that some of them do
//! not show well is covered in those, too.

use crate::sandbox::{ASTRONAUT, Sandbox, json_lines, sample};
use faceveil::{Photo, ReadOptions, Size};
use serde_json::Value;

/// The face of the sample, by eye: left, top, width, height.
const FACE: [usize; 4] = [190, 70, 70, 95];
const SIDE: usize = 320;
/// The head around it.
const HEAD: [usize; 4] = [150, 20, 160, 190];
/// Frames in which it is hidden from the detectors.
const HIDDEN: std::ops::Range<usize> = 5..8;
const FRAMES: usize = 14;

fn png(width: usize, rgb: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let height = rgb.len() / 3 / width;
    let mut encoder = png::Encoder::new(&mut out, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(rgb).unwrap();
    writer.finish().unwrap();
    out
}

/// A part of the sample, from which the face moves to the left by 3 pixels a frame.
fn frame(n: usize) -> Vec<u8> {
    let file = std::fs::read(sample(ASTRONAUT)).unwrap();
    let (Size { width, .. }, rgba) = Photo::read(&file, &ReadOptions::new()).unwrap().to_rgba();
    let (left, [hx, hy, hw, hh]) = (40 + 3 * n, HEAD);
    let mut rgb = Vec::new();
    for y in 0..SIDE {
        for x in left..left + SIDE {
            let at = (y * width as usize + x) * 4;
            let is_head = (hx..hx + hw).contains(&x) && (hy..hy + hh).contains(&y);
            match is_head && HIDDEN.contains(&n) {
                // As where a light dazzles the camera.
                true => rgb.extend([240; 3]),
                false => rgb.extend(&rgba[at..at + 3]),
            }
        }
    }
    rgb
}

fn name(n: usize) -> String {
    format!("drive/frame_{n}.png")
}

fn drive(dir: &Sandbox) {
    for n in 0..FRAMES {
        dir.file(name(n), &png(SIDE, &frame(n)));
    }
}

/// Lines of the report by the name of the photo.
fn line(lines: &[Value], n: usize) -> &Value {
    let is_it = |line: &&Value| line["input"] == format!("frame_{n}.png");
    lines.iter().find(is_it).unwrap()
}

/// How many pixels of the middle of the face are what they were.
fn open(dir: &Sandbox, n: usize) -> usize {
    let file = dir.read(format!("out/frame_{n}.png"));
    let (size, rgba) = Photo::read(&file, &ReadOptions::new()).unwrap().to_rgba();
    assert_eq!(size, Size::new(SIDE as u32, SIDE as u32));
    let before = frame(n);
    let [fx, fy, fw, fh] = FACE;
    let left = fx - 40 - 3 * n;
    let pixels = (fy..fy + fh).flat_map(|y| (left..left + fw).map(move |x| y * SIDE + x));
    pixels
        .filter(|at| rgba[at * 4..at * 4 + 3] == before[at * 3..at * 3 + 3])
        .count()
}

#[test]
fn a_face_that_some_photos_do_not_show_well_is_covered_in_them() {
    let dir = Sandbox::new();
    drive(&dir);
    let blur = [
        "blur", "drive", "-o", "out", "--style", "solid", "--report", "r.jsonl",
    ];
    dir.run(&blur).exits(0);
    assert!(HIDDEN.clone().all(|n| open(&dir, n) > 6000), "no test");
    std::fs::remove_dir_all(dir.path("out")).unwrap();
    let as_video = [&blur[..], &["--as-video", "10", "--verify"]].concat();
    dir.run(&as_video).exits(0).says("14 files, 14 written");
    let lines = json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap());
    for n in 0..FRAMES {
        assert!(open(&dir, n) < 300, "{n}: {}", open(&dir, n));
        let line = line(&lines, n);
        crate::schema::assert_valid(line);
        let of_track = |all: &Value| all.as_array().unwrap().iter().any(|r| r["track"] == 0);
        match HIDDEN.contains(&n) {
            // Numbers are counted: `frame_10.png` comes after `frame_9.png`.
            true => assert!(of_track(&line["regions"]), "{n}: {line}"),
            false => assert!(of_track(&line["faces"]), "{n}: {line}"),
        }
    }
    // All is there, and nothing is written again.
    dir.run(&as_video).exits(0).says("14 up to date");
}

#[test]
fn a_damaged_frame_fails_alone() {
    let dir = Sandbox::new();
    drive(&dir);
    dir.file(name(6), &png(SIDE, &frame(6))[..2000]);
    let as_video = [
        "blur",
        "drive",
        "-o",
        "out",
        "--as-video",
        "10",
        "--report",
        "r.jsonl",
    ];
    let ran = dir.run(&as_video).exits(1);
    // When it fails, and at the end; the search before says nothing.
    let said = ran.stderr.matches("frame_6.png: ").count();
    assert_eq!(said, 2, "{}", ran.stderr);
    let lines = json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap());
    assert_eq!(lines.len(), FRAMES);
    assert_eq!(line(&lines, 6)["outcome"], "failed");
    assert!(!dir.path("out/frame_6.png").exists());
    for n in [5, 7] {
        assert_eq!(line(&lines, n)["outcome"], "redacted", "{n}");
    }
}

#[test]
fn what_cannot_be_a_sequence_is_refused() {
    let dir = Sandbox::new();
    drive(&dir);
    for rate in ["0", "-5", "nan", "1e9", "fast"] {
        let rate = format!("--as-video={rate}");
        dir.run(&["blur", "drive", "-o", "out", &rate]).exits(2);
    }
    for flags in [&["--dry-run"][..], &["--shard", "0/2"]] {
        let blur = ["blur", "drive", "-o", "out", "--as-video", "10"];
        dir.run(&[&blur[..], flags].concat()).exits(2);
    }
    dir.run(&["blur", "-", "-o", "-", "--as-video", "10"])
        .exits(2)
        .says("takes the photos of folders");
    assert!(!dir.path("out").exists());
}
