//! Places a part of a picture on a network's canvas and takes boxes back: a uniform scale per axis
//! and a shift. `to_picture` is the exact inverse of `to_canvas`.

use crate::geometry::{PixelRect, Point, Rect, Size};
use crate::picture::RgbImage;
use faceveil_engine::Input;
use multiversion::multiversion;

/// Which part of the picture lies where on a canvas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Letterbox {
    /// The part of the upright picture.
    pub(super) crop: PixelRect,
    /// Size of that part on the canvas.
    pub(super) content: Size,
    /// Canvas pixels left of and above the content.
    pub(super) offset: (u32, u32),
    /// The network's input size; what the content does not fill is black.
    pub(super) canvas: Size,
}

impl Letterbox {
    /// Canvas pixels per picture pixel, across and down. They differ by the rounding of `content`.
    fn scale(&self) -> (f32, f32) {
        (
            self.content.width as f32 / self.crop.width as f32,
            self.content.height as f32 / self.crop.height as f32,
        )
    }

    /// Where a place of the picture lies on the canvas.
    #[cfg(test)]
    fn to_canvas(self, p: Point) -> Point {
        let (sx, sy) = self.scale();
        Point::new(
            (p.x - self.crop.x as f32) * sx + self.offset.0 as f32,
            (p.y - self.crop.y as f32) * sy + self.offset.1 as f32,
        )
    }

    /// Where a place of the canvas lies in the picture.
    pub(super) fn to_picture(self, p: Point) -> Point {
        let (sx, sy) = self.scale();
        Point::new(
            (p.x - self.offset.0 as f32) / sx + self.crop.x as f32,
            (p.y - self.offset.1 as f32) / sy + self.crop.y as f32,
        )
    }

    /// A box of the canvas in the picture; `None` if it is not finite there.
    pub(super) fn rect_to_picture(self, r: &Rect) -> Option<Rect> {
        let a = self.to_picture(Point::new(r.left(), r.top()));
        let b = self.to_picture(Point::new(r.right(), r.bottom()));
        Rect::from_corners(a.x, a.y, b.x, b.y)
    }

    /// Five points of the canvas in the picture.
    pub(super) fn landmarks_to_picture(self, points: [Point; 5]) -> [Point; 5] {
        points.map(|p| self.to_picture(p))
    }
}

/// A network's input: parts of a picture, none over another, and black around them.
pub(super) struct Canvas<'a> {
    pub(super) size: Size,
    pub(super) ink: Ink,
    pub(super) parts: Vec<(&'a Letterbox, &'a RgbImage)>,
}

impl Input for Canvas<'_> {
    fn size(&self) -> faceveil_engine::Size {
        self.size.into()
    }

    fn row(&self, y: usize, mut planes: [&mut [f32]; 3]) {
        for (plane, mean) in planes.iter_mut().zip(self.ink.mean) {
            plane.fill(-mean);
        }
        for (place, content) in &self.parts {
            let Some(y) = y.checked_sub(place.offset.1 as usize) else {
                continue;
            };
            let width = content.size().width as usize;
            let Some(pixels) = content.data().chunks_exact(width * 3).nth(y) else {
                continue;
            };
            let (mut lines, mut means): ([&mut [f32]; 3], _) = (Default::default(), [0.0; 3]);
            for (k, plane) in planes.iter_mut().enumerate() {
                let channel = self.ink.channels[k];
                lines[channel] = &mut plane[place.offset.0 as usize..][..width];
                means[channel] = self.ink.mean[k];
            }
            part(pixels, lines, means);
        }
    }
}

/// Interleaved pixels as a line of each channel, less its mean.
#[multiversion(targets("x86_64+avx2"))]
fn part(pixels: &[u8], lines: [&mut [f32]; 3], means: [f32; 3]) {
    let [red, green, blue] = lines;
    let lines = red.iter_mut().zip(green).zip(blue);
    for (pixel, ((red, green), blue)) in pixels.as_chunks::<3>().0.iter().zip(lines) {
        *red = f32::from(pixel[0]) - means[0];
        *green = f32::from(pixel[1]) - means[1];
        *blue = f32::from(pixel[2]) - means[2];
    }
}

/// How a network wants its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ink {
    /// What the three planes hold, as indices into red, green, blue: each once.
    pub(super) channels: [usize; 3],
    /// Subtracted from each.
    pub(super) mean: [f32; 3],
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn letterbox() -> impl Strategy<Value = Letterbox> {
        (
            1u32..500,
            1u32..500,
            0u32..90,
            0u32..90,
            1u32..300,
            1u32..300,
            0u32..40,
            0u32..40,
        )
            .prop_map(|(w, h, x, y, cw, ch, ox, oy)| Letterbox {
                crop: PixelRect::new(x, y, w, h),
                content: Size::new(cw, ch),
                offset: (ox, oy),
                canvas: Size::new(352, 352),
            })
    }

    proptest! {
        #[test]
        fn the_inverse_is_exact(l in letterbox(), x in 0.0f32..600.0, y in 0.0f32..600.0) {
            let there = l.to_picture(l.to_canvas(Point::new(x, y)));
            prop_assert!((there.x - x).abs() < 0.02 && (there.y - y).abs() < 0.02, "{there:?}");
        }

        #[test]
        fn the_corners_of_the_content_are_the_corners_of_the_crop(l in letterbox()) {
            let (ox, oy) = (l.offset.0 as f32, l.offset.1 as f32);
            let r = Rect::new(ox, oy, l.content.width as f32, l.content.height as f32).expect("finite");
            let back = l.rect_to_picture(&r).expect("finite");
            let crop = l.crop.to_rect();
            prop_assert!((back.left() - crop.left()).abs() < 0.01 && (back.right() - crop.right()).abs() < 0.01);
            prop_assert!((back.top() - crop.top()).abs() < 0.01 && (back.bottom() - crop.bottom()).abs() < 0.01);
        }

        #[test]
        fn every_pixel_of_the_content_lands_where_the_mapping_says(
            w in 1u32..8, h in 1u32..8, ox in 0u32..4, oy in 0u32..4, seed in any::<u32>()
        ) {
            let size = Size::new(w, h);
            let data: Vec<u8> = (0..size.area() * 3).map(|i| (i * 37 % 251) as u8).collect();
            let image = RgbImage::new(size, data.clone()).expect("right length");
            let l = Letterbox { crop: PixelRect::of(size), content: size, offset: (ox, oy), canvas: Size::new(12, 12) };
            let ink = Ink { channels: [2, 1, 0], mean: [1.0, 2.0, 3.0] };
            let canvas = Canvas { size: l.canvas, ink, parts: vec![(&l, &image)] };
            // What was there before does not shine through.
            let mut planes = vec![77.0f32; 3 * 144];
            for y in 0..12 {
                let mut lines = planes.chunks_exact_mut(144).map(|plane| &mut plane[y * 12..][..12]);
                canvas.row(y, [(); 3].map(|()| lines.next().expect("three planes")));
            }
            let black = |k: usize, x: u32, y: u32| planes[k * 144 + (y * 12 + x) as usize] + ink.mean[k] == 0.0;
            for (x, y) in (0..144).map(|i| (i % 12, i / 12)) {
                let outside = x < ox || y < oy || x >= ox + w || y >= oy + h;
                prop_assert!(!outside || (0..3).all(|k| black(k, x, y)), "{x} {y}");
            }
            let (x, y) = (seed % w, seed / 11 % h);
            let at = l.to_canvas(Point::new(x as f32 + 0.5, y as f32 + 0.5));
            for (k, (channel, mean)) in [(2, 1.0), (1, 2.0), (0, 3.0)].into_iter().enumerate() {
                let got = planes[k * 144 + at.y as usize * 12 + at.x as usize];
                prop_assert_eq!(got, f32::from(data[((y * w + x) * 3) as usize + channel]) - mean);
            }
        }
    }
}
