//! A picture turned by an eighth: what lies askew in it stands upright then, or lies on a side.
//!
//! Invariant: what is found comes back in pixels of the picture as it was given.

use super::turned::Shown;
use crate::error::Result;
use crate::geometry::{Orientation, PixelRect, Point, Rect, Size};
use crate::picture::{Picture, RgbImage};
use std::f32::consts::FRAC_1_SQRT_2;

/// A pixel in the units that sample positions are reckoned in.
const BITS: u32 = 16;
const ONE: i32 = 1 << BITS;
/// What a step of a pixel along a tilted axis is along each of the picture's.
const STEP: i32 = (FRAC_1_SQRT_2 * ONE as f32) as i32;

/// The copy's side is a multiple of this if less than all of the picture is in it, as a canvas is.
const GRID: u32 = 32;

/// A copy of a picture, turned clockwise by 45 degrees about its middle; the corners are black.
pub(super) struct Tilted {
    image: RgbImage,
    /// Pixels of the copy per picture pixel.
    scale: f32,
    source: Size,
}

impl Tilted {
    /// No side of a copy of the whole picture is longer than `longest`, which is less than 20000,
    /// nor is the picture made larger. Each of the picture's corners may be left out as far as
    /// `corners` times its shorter side, along the corner's bisector: a square that holds all is
    /// twice as large as the picture, and that much smaller so.
    pub(super) fn new(picture: &dyn Picture, longest: u32, corners: f32) -> Result<Self> {
        let source = picture.size();
        let scale = (longest as f32 / side(source)).min(1.0);
        let scaled = |side: u32| ((side as f32 * scale).round() as u32).max(1);
        let small = Size::new(scaled(source.width), scaled(source.height));
        let whole = side(small).ceil() as u32;
        let left_out = 2.0 * corners * small.width.min(small.height) as f32;
        let held = whole.saturating_sub(left_out as u32);
        let side = whole.min(held.next_multiple_of(GRID));
        let image = rotate(&picture.view(PixelRect::of(source), small)?, side)?;
        Ok(Self {
            image,
            scale: small.longest() as f32 / source.longest() as f32,
            source,
        })
    }

    /// An area of another copy of the same picture in this one; `None` if it is not finite here.
    pub(super) fn area_of(&self, other: &Self, area: &Rect) -> Option<Rect> {
        let [here, there] = [self, other].map(|copy| copy.image.size().width as f32 / 2.0);
        let scale = self.scale / other.scale;
        area.mapped(-there, -there, scale, scale)?
            .mapped(here, here, 1.0, 1.0)
    }

    /// Where a point of the copy is in the picture.
    fn back(&self, p: Point) -> Point {
        let half = self.image.size().width as f32 / 2.0;
        let (x, y) = unturned(p.x - half, p.y - half);
        let middle = Rect::of(self.source).center();
        Point::new(middle.x + x / self.scale, middle.y + y / self.scale)
    }
}

/// Side of the square that holds a picture turned by an eighth.
fn side(size: Size) -> f32 {
    (size.width + size.height) as f32 * FRAC_1_SQRT_2
}

/// Turns a vector back, counter-clockwise as a viewer sees it.
fn unturned(x: f32, y: f32) -> (f32, f32) {
    ((x + y) * FRAC_1_SQRT_2, (y - x) * FRAC_1_SQRT_2)
}

/// The picture turned clockwise by 45 degrees about its middle, by linear interpolation: a square.
fn rotate(image: &RgbImage, side: u32) -> Result<RgbImage> {
    let from = image.size();
    let (half, middle) = (side as f32 / 2.0, Rect::of(from).center());
    let mut out = vec![0u8; side as usize * side as usize * 3];
    let stride = from.width as usize * 3;
    // Sample positions in 65536ths of a pixel. From column to column both change by as much.
    let fixed = |v: f32| (v * ONE as f32).round() as i32;
    let (right, lower) = (
        from.width.saturating_sub(1) as i32,
        from.height.saturating_sub(1) as i32,
    );
    for (row, line) in out.chunks_exact_mut(side as usize * 3).enumerate() {
        let (x, y) = unturned(0.5 - half, row as f32 + 0.5 - half);
        let (mut x, mut y) = (fixed(x + middle.x - 0.5), fixed(y + middle.y - 0.5));
        for pixel in line.chunks_exact_mut(3) {
            let (left, top) = (x >> BITS, y >> BITS);
            if left >= 0 && top >= 0 && left < right && top < lower {
                let at = top as usize * stride + left as usize * 3;
                let upper = &image.data()[at..at + 6];
                let lower = &image.data()[at + stride..at + stride + 6];
                let share = |v: i32| ((v & (ONE - 1)) >> (BITS - 8)) as u32;
                let (u, v) = (share(x), share(y));
                for (c, value) in pixel.iter_mut().enumerate() {
                    let mix =
                        |row: &[u8]| u32::from(row[c]) * (256 - u) + u32::from(row[c + 3]) * u;
                    *value = ((mix(upper) * (256 - v) + mix(lower) * v + (1 << 15)) >> 16) as u8;
                }
            }
            (x, y) = (x + STEP, y - STEP);
        }
    }
    RgbImage::new(Size::new(side, side), out)
}

/// A tilted picture after a turn by quarters on top of that.
pub(super) struct TiltedTurned<'a> {
    pub(super) tilted: &'a Tilted,
    pub(super) turn: Orientation,
}

impl Picture for TiltedTurned<'_> {
    fn size(&self) -> Size {
        self.tilted.image.size()
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        super::turned::view(&self.tilted.image.as_view(), self.turn, crop, size)
    }
}

impl Shown for TiltedTurned<'_> {
    fn point_back(&self, p: Point) -> Point {
        self.tilted.back(self.turn.to_stored(p, self.size()))
    }

    /// A square about the same middle, which holds a face however it lies.
    fn rect_back(&self, r: &Rect) -> Rect {
        let middle = self.point_back(r.center());
        let side = r.longest() / self.tilted.scale;
        Rect::new(middle.x - side / 2.0, middle.y - side / 2.0, side, side).unwrap_or(*r)
    }

    fn label(&self) -> &'static str {
        match self.turn {
            Orientation::Rotate90 => "+135",
            Orientation::Rotate180 => "+225",
            Orientation::Rotate270 => "+315",
            _ => "+45",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::RgbView;
    use proptest::prelude::*;

    #[test]
    fn what_was_at_the_left_is_at_the_top_left() {
        // A bright spot at the middle of the left edge.
        let (w, h) = (60u32, 40u32);
        let spot = |i: u32| (i % w) < 4 && (i / w).abs_diff(h / 2) < 3;
        let data: Vec<u8> = (0..w * h)
            .flat_map(|i| [u8::from(spot(i)) * 255; 3])
            .collect();
        let picture = RgbView::new(Size::new(w, h), &data).expect("pixels");
        let tilted = Tilted::new(&picture, 1000, 0.0).expect("a copy");
        let size = tilted.image.size();
        assert_eq!(size, Size::new(71, 71));
        let bright: Vec<(usize, usize)> = (0..71 * 71)
            .filter(|i| tilted.image.data()[i * 3] > 128)
            .map(|i| (i % 71, i / 71))
            .collect();
        assert!(!bright.is_empty());
        for (x, y) in bright {
            assert!((10..22).contains(&x) && (10..22).contains(&y), "{x} {y}");
            let back = tilted.back(Point::new(x as f32 + 0.5, y as f32 + 0.5));
            assert!(back.x < 6.0 && (back.y - 20.0).abs() < 5.0, "{back:?}");
        }
    }

    #[test]
    fn an_area_of_one_copy_is_the_same_place_in_another() {
        let data = vec![0; 300 * 200 * 3];
        let picture = RgbView::new(Size::new(300, 200), &data).expect("pixels");
        let copy = |longest, corners| Tilted::new(&picture, longest, corners).expect("a copy");
        let (small, large) = (copy(200, 0.2), copy(1000, 0.1));
        // 200 and 354 pixels with all corners.
        let sides = [&small, &large].map(|copy| copy.image.size().width);
        assert_eq!(sides, [160, 320]);
        let area = Rect::new(70.0, 90.0, 12.0, 9.0).expect("finite");
        let there = large.area_of(&small, &area).expect("finite");
        let (a, b) = (small.back(area.center()), large.back(there.center()));
        assert!(
            (a.x - b.x).abs() < 0.01 && (a.y - b.y).abs() < 0.01,
            "{a:?} {b:?}"
        );
        assert!((there.longest() / large.scale - 12.0 / small.scale).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn points_come_back_after_every_turn(w in 2u32..300, h in 2u32..300, longest in 50u32..400, corners in 0.0f32..0.3) {
            let data = vec![0; (w * h * 3) as usize];
            let picture = RgbView::new(Size::new(w, h), &data).expect("pixels");
            let tilted = Tilted::new(&picture, longest, corners).expect("a copy");
            prop_assert!(tilted.image.size().width <= longest.max(50) + 2);
            // What is left out of a corner is no more than was said.
            let left_out = (side(tilted.source) - tilted.image.size().width as f32 / tilted.scale) / 2.0;
            prop_assert!(left_out <= corners * w.min(h) as f32 + 1.0 / tilted.scale, "{left_out}");
            for turn in [Orientation::Normal, Orientation::Rotate90, Orientation::Rotate180, Orientation::Rotate270] {
                let shown = TiltedTurned { tilted: &tilted, turn };
                let middle = Rect::of(shown.size()).center();
                let back = shown.point_back(middle);
                let own = Rect::of(Size::new(w, h)).center();
                prop_assert!((back.x - own.x).abs() < 0.1 && (back.y - own.y).abs() < 0.1, "{back:?}");
                // A step on the copy is a step as long in the picture.
                let there = shown.point_back(Point::new(middle.x + 10.0, middle.y));
                let step = (there.x - back.x).hypot(there.y - back.y) * tilted.scale;
                prop_assert!((step - 10.0).abs() < 0.1, "{step}");
            }
        }
    }
}
