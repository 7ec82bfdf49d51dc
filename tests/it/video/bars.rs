//! A mask keeps its size while a bar passes in front of its face, in a clip made for it.

use super::exposure::{draw_clip, in_frame, sample_pixels};
use super::has_ffmpeg;
use crate::sandbox::Sandbox;
use serde_json::Value;

const WIDTH: usize = 480;
const HEIGHT: usize = 300;
const FRAMES: usize = 90;
/// Width of the face on the sample.
const FACE: f64 = 78.0;

/// The sample with a bar of three tenths of the face's width over it.
fn draw(frame: usize, speed: usize, photo: &[u8], size: usize) -> Vec<u8> {
    let width = (0.3 * FACE) as usize;
    let left = (frame * speed).checked_sub(width);
    let mut out = Vec::with_capacity(WIDTH * HEIGHT * 3);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let is_bar = left.is_some_and(|left| (left..left + width).contains(&x));
            let i = (y * size + x) * 4;
            match is_bar {
                true => out.extend([66, 58, 50]),
                false => out.extend(&photo[i..i + 3]),
            }
        }
    }
    out
}

#[test]
fn a_bar_that_passes_in_front_of_a_face_changes_its_mask_by_less_than_a_fifth() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    let (side, pixels) = sample_pixels();
    for speed in [3, 6] {
        let name = format!("bar{speed}.mp4");
        let pictures = (0..FRAMES).map(|f| draw(f, speed, &pixels, side));
        draw_clip(&dir, &name, [WIDTH, HEIGHT], 25, pictures);
        let ran = dir.run(&["detect", &name]).exits(0);
        let line = &ran.lines()[0];
        let boxes = |list: &Value, frame: usize| -> Vec<[f64; 4]> {
            let all = in_frame(list, frame);
            let numbers = |v: &Value| [0, 1, 2, 3].map(|i| v["box"][i].as_f64().unwrap());
            all.into_iter().map(numbers).collect()
        };
        let mut areas = Vec::new();
        for frame in 0..FRAMES {
            let masks = boxes(&line["regions"], frame);
            let [x, y, w, h] = *masks.first().expect("a mask in every frame");
            assert_eq!(masks.len(), 1, "{speed}: frame {frame}");
            for [a, b, c, d] in boxes(&line["faces"], frame) {
                let is_held = a >= x && b >= y && a + c <= x + w && b + d <= y + h;
                assert!(is_held, "{speed}: frame {frame} shows more than its mask");
            }
            areas.push(w * h);
        }
        let most = areas.iter().copied().fold(0.0, f64::max);
        let least = areas.iter().copied().fold(f64::MAX, f64::min);
        println!("{speed} pixels a frame: areas {least:.0} to {most:.0}");
        assert!(most / least < 1.2, "{speed}: {least} to {most}");
    }
}
