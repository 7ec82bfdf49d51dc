//! Pictures made of the samples: one face, at a known place, of a known size, in a known state.

use faceveil::geometry::PixelRect;
use faceveil::picture::{RgbImage, RgbView};
use faceveil::{Photo, Picture, ReadOptions, Size};
use std::path::Path;

/// The head of `astronaut.jpg` with its hair, and the face in it: left, top, width, height.
const HEAD: PixelRect = PixelRect::new(124, 12, 196, 220);
const FACE: [f32; 4] = [178.0, 60.0, 95.0, 118.0];

/// What is done to a face.
#[derive(Clone, Copy, Debug)]
pub(crate) enum State {
    Plain,
    /// Brightness times this.
    Light(f32),
    /// The mean over so many pixels on either side.
    Blur(usize),
    /// Up to so much more or less per sample.
    Noise(u32),
    /// Degrees, clockwise.
    Tilt(f32),
    /// What is covered, as shares of the face's box: left, top, right, bottom.
    Covered([f32; 4]),
    Mirrored,
}

/// A picture, and where its face is: the middle and half of the sides.
pub(crate) struct Made {
    pub(crate) size: Size,
    pub(crate) pixels: Vec<u8>,
    pub(crate) face: [f32; 4],
}

impl Made {
    pub(crate) fn view(&self) -> RgbView<'_> {
        RgbView::new(self.size, &self.pixels).unwrap()
    }
}

/// A sample as the detectors see it.
pub(crate) fn sample(name: &str) -> RgbImage {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name);
    let photo = Photo::read(&std::fs::read(path).unwrap(), &ReadOptions::new()).unwrap();
    let picture = photo.picture(0);
    let size = picture.size();
    picture.view(PixelRect::of(size), size).unwrap()
}

/// A part of a background, of this size, turned by quarters and mirrored.
pub(crate) fn background(name: &str, size: Size, turned: bool) -> Made {
    let all = sample(name);
    let from = PixelRect::of(all.size());
    let asked = if turned {
        Size::new(size.height, size.width)
    } else {
        size
    };
    let image = all.as_view().view(from, asked).unwrap();
    let mut pixels = image.data().to_vec();
    if turned {
        let (w, h) = (asked.width as usize, asked.height as usize);
        let at = |x: usize, y: usize| (y * w + x) * 3;
        // Row y of the result is column y of the source.
        let order = (0..w).flat_map(|y| (0..h).map(move |x| (y, x)));
        pixels = order
            .flat_map(|(y, x)| image.data()[at(y, x)..][..3].to_vec())
            .collect();
    }
    Made {
        size,
        pixels,
        face: [0.0; 4],
    }
}

/// The astronaut's head on a background, its face `height` pixels high around the middle, in a
/// state.
pub(crate) fn face(background_name: &str, height: f32, state: State) -> Made {
    let mut made = background(background_name, Size::new(384, 288), false);
    let scale = height / FACE[3];
    let head_size = Size::new(
        (HEAD.width as f32 * scale).round() as u32,
        (HEAD.height as f32 * scale).round() as u32,
    );
    let head = sample("astronaut.jpg")
        .as_view()
        .view(HEAD, head_size)
        .unwrap();
    let mut head = head.data().to_vec();
    let (w, h) = (head_size.width as usize, head_size.height as usize);
    let within = |x: f32, y: f32| {
        let face_x = x / scale + HEAD.x as f32 - FACE[0];
        let face_y = y / scale + HEAD.y as f32 - FACE[1];
        [face_x / FACE[2], face_y / FACE[3]]
    };
    if let State::Covered([left, top, right, bottom]) = state {
        for (i, pixel) in head.chunks_exact_mut(3).enumerate() {
            let [x, y] = within((i % w) as f32 + 0.5, (i / w) as f32 + 0.5);
            if (left..right).contains(&x) && (top..bottom).contains(&y) {
                pixel.copy_from_slice(&[70, 110, 150]);
            }
        }
    }
    if let State::Mirrored = state {
        for row in head.chunks_exact_mut(w * 3) {
            let mirrored: Vec<u8> = row.chunks_exact(3).rev().flatten().copied().collect();
            row.copy_from_slice(&mirrored);
        }
    }
    let angle = if let State::Tilt(degrees) = state {
        degrees.to_radians()
    } else {
        0.0
    };
    let (sin, cos) = angle.sin_cos();
    let (middle_x, middle_y) = (made.size.width as f32 / 2.0, made.size.height as f32 / 2.0);
    for y in 0..made.size.height as usize {
        for x in 0..made.size.width as usize {
            let (dx, dy) = (x as f32 + 0.5 - middle_x, y as f32 + 0.5 - middle_y);
            // Where that is in the head, from its middle.
            let (u, v) = (cos * dx + sin * dy, cos * dy - sin * dx);
            let (share_x, share_y) = (u / (w as f32 / 2.0), v / (h as f32 / 2.0));
            let out = (share_x * share_x + share_y * share_y).sqrt();
            let blend = ((1.0 - out) * 6.0).clamp(0.0, 1.0);
            if blend == 0.0 {
                continue;
            }
            let new = between(&head, (w, h), u + w as f32 / 2.0, v + h as f32 / 2.0);
            let at = (y * made.size.width as usize + x) * 3;
            for (old, new) in made.pixels[at..at + 3].iter_mut().zip(new) {
                *old = (f32::from(*old) * (1.0 - blend) + new * blend).round() as u8;
            }
        }
    }
    finish(&mut made, state);
    // The face's middle, and the sides of the upright box around its ellipse.
    let u = (FACE[0] + FACE[2] / 2.0 - HEAD.x as f32) * scale - w as f32 / 2.0;
    let v = (FACE[1] + FACE[3] / 2.0 - HEAD.y as f32) * scale - h as f32 / 2.0;
    let u = if let State::Mirrored = state { -u } else { u };
    let (a, b) = (FACE[2] / 2.0 * scale, FACE[3] / 2.0 * scale);
    made.face = [
        middle_x + cos * u - sin * v,
        middle_y + sin * u + cos * v,
        (a * cos).hypot(b * sin),
        (b * cos).hypot(a * sin),
    ];
    made
}

/// The colour between four pixels.
fn between(pixels: &[u8], (w, h): (usize, usize), x: f32, y: f32) -> [f32; 3] {
    let (x, y) = (
        (x - 0.5).clamp(0.0, w as f32 - 1.001),
        (y - 0.5).clamp(0.0, h as f32 - 1.001),
    );
    let (left, top) = (x as usize, y as usize);
    let (right, lower) = ((left + 1).min(w - 1), (top + 1).min(h - 1));
    let (u, v) = (x - left as f32, y - top as f32);
    let at = |x: usize, y: usize, c: usize| f32::from(pixels[(y * w + x) * 3 + c]);
    [0, 1, 2].map(|c| {
        let upper = at(left, top, c) * (1.0 - u) + at(right, top, c) * u;
        let below = at(left, lower, c) * (1.0 - u) + at(right, lower, c) * u;
        upper * (1.0 - v) + below * v
    })
}

/// Light, blur and noise go over the whole picture.
fn finish(made: &mut Made, state: State) {
    match state {
        State::Light(gain) => {
            for value in &mut made.pixels {
                *value = (f32::from(*value) * gain).min(255.0) as u8;
            }
        }
        State::Blur(reach) => {
            let (w, h) = (made.size.width as usize, made.size.height as usize);
            for step in [3, w * 3] {
                let (before, length) = (made.pixels.clone(), if step == 3 { w } else { h });
                for (i, value) in made.pixels.iter_mut().enumerate() {
                    let along = if step == 3 { i / 3 % w } else { i / 3 / w };
                    let first = along.saturating_sub(reach);
                    let last = (along + reach).min(length - 1);
                    let sum: u32 = (first..=last)
                        .map(|k| u32::from(before[i - along * step + k * step]))
                        .sum();
                    *value = (sum / (last - first + 1) as u32) as u8;
                }
            }
        }
        State::Noise(most) => {
            let mut seed = 1u32;
            for value in &mut made.pixels {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (seed >> 16) % (2 * most + 1);
                *value = (u32::from(*value) + noise).saturating_sub(most).min(255) as u8;
            }
        }
        _ => {}
    }
}
