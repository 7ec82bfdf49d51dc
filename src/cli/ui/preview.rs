//! Previews: the picture as it was looked at, with a box and a score on every face and the outline
//! of what is covered. For the person who checks a run; they show the faces uncovered.
//!
//! Of an animation or a TIFF with pages, the first.

use anyhow::{Context, Result};
use faceveil::geometry::PixelRect;
use faceveil::{FileReport, Picture, Shape, Size};
use jpeg_coefficients::{CodedImage, EncodeOptions, PixelLayout};

/// Longest side of a preview.
const LONGEST: u32 = 1600;
const QUALITY: u8 = 85;
const FACE: [u8; 3] = [40, 230, 60];
const MASK: [u8; 3] = [255, 200, 0];
const DARK: [u8; 3] = [0, 0, 0];

/// A preview as a JPEG file. `masks`: whether what is covered is outlined.
///
/// # Errors
/// Whatever keeps the pixels from being had or written.
pub(crate) fn draw(picture: &impl Picture, report: &FileReport, masks: bool) -> Result<Vec<u8>> {
    let full = picture.size();
    let size = full.within(LONGEST);
    let view = picture
        .view(PixelRect::of(full), size)
        .context("making the preview")?;
    let scale = size.width as f32 / full.width as f32;
    let mut canvas = Canvas {
        size,
        rgb: view.data().to_vec(),
    };
    let thick = 1 + size.longest() / 800;
    let first = |frame: Option<usize>| frame.is_none_or(|f| f == 0);
    if masks {
        for region in report.regions.iter().filter(|r| first(r.frame)) {
            let place = region.area.map(|v| v * scale);
            match region.shape {
                Shape::Ellipse => canvas.ellipse(place, thick, MASK),
                _ => canvas.frame(place, thick, MASK),
            }
        }
    }
    for face in report.faces.iter().filter(|f| first(f.frame)) {
        let place = face.area.map(|v| v * scale);
        canvas.frame(place, thick, FACE);
        canvas.score(place, face.score, 1 + thick as i32);
    }
    encode(&canvas.rgb, size, QUALITY).context("encoding the preview")
}

/// Interleaved RGB as a JPEG file.
///
/// # Errors
/// For sides that no JPEG has.
pub(crate) fn encode(rgb: &[u8], size: Size, quality: u8) -> Result<Vec<u8>> {
    let size = jpeg_coefficients::Size::new(size.width, size.height);
    let options = EncodeOptions::new().quality(quality);
    let coded = CodedImage::from_pixels(rgb, size, PixelLayout::Rgb, &options)?;
    Ok(coded.write(&[])?)
}

/// Interleaved RGB that can be drawn on; what lies outside is left out.
struct Canvas {
    size: Size,
    rgb: Vec<u8>,
}

impl Canvas {
    fn set(&mut self, x: i32, y: i32, color: [u8; 3]) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
            return;
        };
        if x < self.size.width && y < self.size.height {
            let at = (y as usize * self.size.width as usize + x as usize) * 3;
            self.rgb[at..at + 3].copy_from_slice(&color);
        }
    }

    /// Fills columns `x..x + w` of rows `y..y + h`, as far as they are inside.
    fn fill(&mut self, x: i32, y: i32, w: i32, h: i32, color: [u8; 3]) {
        let columns = x.max(0)..x.saturating_add(w).min(self.size.width as i32);
        for y in y.max(0)..y.saturating_add(h).min(self.size.height as i32) {
            for x in columns.clone() {
                self.set(x, y, color);
            }
        }
    }

    fn frame(&mut self, [x, y, w, h]: [f32; 4], thick: u32, color: [u8; 3]) {
        let (x, y, w, h, t) = (x as i32, y as i32, w as i32, h as i32, thick as i32);
        self.fill(x, y, w, t, color);
        self.fill(x, y + h - t, w, t, color);
        self.fill(x, y, t, h, color);
        self.fill(x + w - t, y, t, h, color);
    }

    fn ellipse(&mut self, [x, y, w, h]: [f32; 4], thick: u32, color: [u8; 3]) {
        let (rx, ry, t) = (w / 2.0, h / 2.0, thick as i32);
        // One step per pixel of the longer radius's circle is enough to leave no gap.
        let steps = (rx.max(ry) * 7.0).clamp(16.0, 20_000.0) as u32;
        for i in 0..steps {
            let (sin, cos) = (i as f32 / steps as f32 * std::f32::consts::TAU).sin_cos();
            let (px, py) = (x + rx + rx * cos, y + ry + ry * sin);
            self.fill(px as i32, py as i32, t, t, color);
        }
    }

    /// A score of 0.93 as `.93` on a dark ground above the box, or inside where there is no room.
    fn score(&mut self, [x, y, ..]: [f32; 4], score: f32, dot: i32) {
        let hundredths = (score.clamp(0.0, 1.0) * 100.0).round() as usize;
        let glyphs: &[usize] = match hundredths {
            100 => &[1, POINT, 0],
            n => &[POINT, n / 10, n % 10],
        };
        let (width, height) = ((glyphs.len() as i32 * 4 + 1) * dot, 7 * dot);
        let left = (x as i32).clamp(0, (self.size.width as i32 - width).max(0));
        let top = if y as i32 >= height {
            y as i32 - height
        } else {
            (y as i32).max(0)
        };
        self.fill(left, top, width, height, DARK);
        for (i, glyph) in glyphs.iter().enumerate() {
            for (row, bits) in GLYPHS[*glyph].iter().enumerate() {
                for column in (0..3).filter(|c| bits >> (2 - c) & 1 == 1) {
                    let at = (
                        left + (1 + i as i32 * 4 + column) * dot,
                        top + (1 + row as i32) * dot,
                    );
                    self.fill(at.0, at.1, dot, dot, FACE);
                }
            }
        }
    }
}

const POINT: usize = 10;
/// Digits and a point, three by five, a row per byte, the highest of three bits on the left.
const GLYPHS: [[u8; 5]; 11] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 7, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 1, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
    [0, 0, 0, 0, 2],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas() -> Canvas {
        Canvas {
            size: Size::new(30, 20),
            rgb: vec![9; 30 * 20 * 3],
        }
    }

    #[test]
    fn what_lies_outside_the_picture_is_left_out() {
        for place in [
            [-1e9, -1e9, 3e9, 3e9],
            [25.0, 15.0, 1e9, 1e9],
            [-50.0, -50.0, 10.0, 10.0],
            [0.0, 0.0, 0.0, 0.0],
        ] {
            let mut c = canvas();
            c.frame(place, 2, FACE);
            c.ellipse(place, 2, MASK);
            c.score(place, 0.5, 2);
        }
    }

    #[test]
    fn a_frame_is_drawn_around_its_box_and_leaves_the_middle_alone() {
        let mut c = canvas();
        c.frame([5.0, 4.0, 10.0, 8.0], 1, FACE);
        let at = |x: usize, y: usize| &c.rgb[(y * 30 + x) * 3..][..3];
        assert_eq!(at(5, 4), FACE);
        assert_eq!(at(14, 11), FACE);
        assert_eq!(at(15, 12), [9, 9, 9]);
        assert_eq!(at(10, 8), [9, 9, 9]);
    }
}
