//! A face that blurs for longer than a second, in a clip whose truth is known: the sample's face is
//! whipped across a wide picture, with the blur of a shutter that is always open.

use super::exposure::{draw_clip, in_frame, is_under, sample_pixels};
use super::has_ffmpeg;
use crate::sandbox::Sandbox;

const WIDTH: usize = 2112;
const HEIGHT: usize = 240;
/// Pixels of the sample for one of the clip: its face is 62 pixels wide then.
const REDUCED: f64 = 78.0 / 62.0;
/// The face on the reduced sample.
const FACE: [f64; 4] = [149.0, 56.0, 62.0, 79.0];
/// Where blur is averaged.
const STEPS: usize = 12;

/// Pixels by which it moves in each frame.
fn speeds() -> Vec<f64> {
    let ramp = [12.0, 24.0, 40.0];
    let mut all = vec![0.0; 12];
    all.extend(ramp);
    all.extend([54.0; 27]);
    all.extend(ramp.iter().rev());
    all.extend([0.0; 16]);
    all
}

fn draw(from: f64, speed: f64, photo: &[u8], size: usize) -> Vec<u8> {
    let shown = (size as f64 / REDUCED) as usize;
    let mut out = Vec::with_capacity(WIDTH * HEIGHT * 3);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let behind = [60 + (x / 16) as u32 % 90, 90 + (y / 3) as u32, 110];
            let at = |step: usize| {
                let left = from + speed * (step as f64 + 0.5) / STEPS as f64;
                let own = x as f64 - left;
                let is_inside = (0.0..shown as f64).contains(&own);
                let i =
                    ((y as f64 * REDUCED) as usize * size + (own.max(0.0) * REDUCED) as usize) * 4;
                match is_inside {
                    true => [photo[i], photo[i + 1], photo[i + 2]].map(u32::from),
                    false => behind,
                }
            };
            let all: Vec<[u32; 3]> = (0..STEPS).map(at).collect();
            out.extend(
                [0, 1, 2].map(|c| (all.iter().map(|p| p[c]).sum::<u32>() / STEPS as u32) as u8),
            );
        }
    }
    out
}

#[test]
fn a_face_that_blurs_for_longer_than_a_second_is_covered_on_its_way() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    let (side, pixels) = sample_pixels();
    let mut left = -60.0;
    let mut truth = Vec::new();
    let mut frames = Vec::new();
    for speed in speeds() {
        frames.push((left, speed));
        let [x, y, w, h] = FACE;
        truth.push([left + speed / 2.0 + x, y, w, h]);
        left += speed;
    }
    let pictures = frames
        .iter()
        .map(|(from, speed)| draw(*from, *speed, &pixels, side));
    draw_clip(&dir, "whip.mp4", [WIDTH, HEIGHT], 25, pictures);
    let ran = dir.run(&["detect", "whip.mp4"]).exits(0);
    let line = &ran.lines()[0];
    assert_eq!(line["frames"], truth.len());
    let unseen = (0..truth.len()).filter(|f| in_frame(&line["faces"], *f).is_empty());
    let unseen = unseen.count();
    assert!(
        unseen > 25,
        "the clip is too easy: {unseen} frames are hard"
    );
    let open: Vec<usize> = (0..truth.len())
        .filter(|f| !is_under(truth[*f], &in_frame(&line["regions"], *f)))
        .collect();
    assert_eq!(open, Vec::<usize>::new(), "of {} frames", truth.len());
    assert!(line["spans"].as_array().is_none_or(Vec::is_empty));
}
