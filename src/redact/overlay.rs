//! A sticker over the smooth fill.
//!
//! Invariant: what shows through the sticker is the fill, never the face.

use super::canvas::Canvas;
use super::grid::Grid;
use super::mask::{Mask, Outline};
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Size;
use std::fmt;
use std::sync::Arc;

/// A picture to lay over faces, with opacity. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Sticker {
    /// The picture, then the same at half the size and so on, down to a single pixel.
    levels: Arc<[Level]>,
    digest: Digest,
}

/// Colours multiplied with their opacity.
#[derive(Clone, PartialEq, Eq)]
struct Level {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
}

impl Sticker {
    /// The longest side, in pixels; no face on a photo needs more.
    pub const MAX_SIDE: u32 = 4096;

    /// From interleaved red, green, blue and opacity (not multiplied into the colours), 8 bits
    /// each, row by row without gaps, in the colour space of the pictures it will be laid over.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a side is 0 or above [`Sticker::MAX_SIDE`], or if `rgba`
    /// does not hold `size.area() * 4` bytes.
    pub fn new(size: Size, rgba: &[u8]) -> Result<Self> {
        let Size { width, height } = size;
        if size.is_empty() || size.longest() > Self::MAX_SIDE {
            let message = format!(
                "a sticker of {width}x{height} pixels is outside 1x1..={max}x{max}; resize it",
                max = Self::MAX_SIDE
            );
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        if rgba.len() as u64 != size.area() * 4 {
            let message = format!(
                "a sticker of {width}x{height} pixels needs {} bytes, not {}",
                size.area() * 4,
                rgba.len()
            );
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let multiply = |p: &[u8]| {
            let with = |v: u8| ((u32::from(v) * u32::from(p[3]) + 127) / 255) as u8;
            [with(p[0]), with(p[1]), with(p[2]), p[3]]
        };
        let mut levels = vec![Level {
            width: width as usize,
            height: height as usize,
            pixels: rgba.chunks_exact(4).map(multiply).collect(),
        }];
        while let Some(half) = levels.last().and_then(Level::halved) {
            levels.push(half);
        }
        let mut whole = [width, height].map(u32::to_le_bytes).concat();
        whole.extend(rgba);
        Ok(Self {
            levels: levels.into(),
            digest: Digest::of(&whole),
        })
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> Size {
        let level = &self.levels[0];
        Size::new(level.width as u32, level.height as u32)
    }

    /// SHA-256 of width and height (four bytes each, the lowest first) and the pixels as they were
    /// given: what a report says of a sticker.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The mean over a rectangle of the sticker, in its own pixels; what lies beyond is
    /// transparent.
    fn mean(&self, x: (f64, f64), y: (f64, f64)) -> [f32; 4] {
        // A level on which the rectangle is at most about two pixels across.
        let across = (x.1 - x.0).min(y.1 - y.0);
        let level = (across.log2().floor().max(0.0) as usize).min(self.levels.len() - 1);
        let (full, level) = (&self.levels[0], &self.levels[level]);
        let sx = level.width as f64 / full.width as f64;
        let sy = level.height as f64 / full.height as f64;
        level.mean((x.0 * sx, x.1 * sx), (y.0 * sy, y.1 * sy))
    }
}

impl fmt::Debug for Sticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { width, height } = self.size();
        write!(f, "Sticker({width}x{height})")
    }
}

impl Level {
    fn halved(&self) -> Option<Self> {
        if self.pixels.len() == 1 {
            return None;
        }
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let (right, below) = (
                    (2 * x + 1).min(self.width - 1),
                    (2 * y + 1).min(self.height - 1),
                );
                let four = [
                    (2 * x, 2 * y),
                    (right, 2 * y),
                    (2 * x, below),
                    (right, below),
                ]
                .map(|(x, y)| self.pixels[y * self.width + x]);
                pixels.push(std::array::from_fn(|i| {
                    let sum: u32 = four.iter().map(|p| u32::from(p[i])).sum();
                    ((sum + 2) / 4) as u8
                }));
            }
        }
        Some(Self {
            width,
            height,
            pixels,
        })
    }

    fn mean(&self, x: (f64, f64), y: (f64, f64)) -> [f32; 4] {
        let area = (x.1 - x.0) * (y.1 - y.0);
        let mut out = [0.0; 4];
        for row in pixels_under(y, self.height) {
            let tall = (y.1.min(row as f64 + 1.0) - y.0.max(row as f64)).max(0.0);
            for column in pixels_under(x, self.width) {
                let wide = (x.1.min(column as f64 + 1.0) - x.0.max(column as f64)).max(0.0);
                let weight = (wide * tall / area / 255.0) as f32;
                let pixel = self.pixels[row * self.width + column];
                for (sum, value) in out.iter_mut().zip(pixel) {
                    *sum += weight * f32::from(value);
                }
            }
        }
        out
    }
}

fn pixels_under(span: (f64, f64), count: usize) -> std::ops::Range<usize> {
    // `as` clamps.
    (span.0 as usize).min(count)..(span.1.ceil() as usize).min(count)
}

/// Lays the sticker over what is already painted: as large as fits each region's rectangle with its
/// aspect kept, in the middle, cut by the region's own outline.
pub(super) fn lay(
    mut canvas: Canvas<f32>,
    grid: &Grid,
    mask: &Mask,
    outlines: &[Outline],
    sticker: &Sticker,
    value: impl Fn([f32; 3], f32) -> f32,
) -> Canvas<f32> {
    let Size { width, height } = sticker.size();
    let (width, height) = (f64::from(width), f64::from(height));
    for outline in outlines {
        let (wide, tall) = (outline.right - outline.left, outline.bottom - outline.top);
        // Pixels of the sticker per pixel of the picture.
        let scale = (width / wide).max(height / tall);
        let left = outline.left + (wide - width / scale) * 0.5;
        let top = outline.top + (tall - height / scale) * 0.5;
        // A sample's pixels on the sticker; at least one of its pixels, which makes enlarging
        // linear.
        let on_sticker = |(from, to): (f64, f64), corner: f64| {
            let middle = ((from + to) * 0.5 - corner) * scale;
            let half = ((to - from) * scale).max(1.0) * 0.5;
            (middle - half, middle + half)
        };
        let bounds = outline.bounds(grid);
        for y in bounds.top..bounds.bottom {
            let Some((from, to)) = outline.span(grid, y) else {
                continue;
            };
            let rows = on_sticker(grid.y.footprint(y), top);
            let row = canvas.row_mut((y - mask.y) as usize, from - mask.x, to - mask.x);
            for (x, below) in (from..to).zip(row) {
                let columns = on_sticker(grid.x.footprint(x), left);
                let [red, green, blue, alpha] = sticker.mean(columns, rows);
                let over = value([red, green, blue], alpha);
                *below = *below * (1.0 - alpha) + over;
            }
        }
    }
    canvas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sticker_of_the_wrong_length_or_size_is_refused() {
        assert!(Sticker::new(Size::new(2, 2), &[0; 16]).is_ok());
        for (size, bytes) in [
            (Size::new(2, 2), 15),
            (Size::new(0, 2), 0),
            (Size::new(4097, 1), 4097 * 4),
        ] {
            let error = Sticker::new(size, &vec![0; bytes]).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
    }

    #[test]
    fn the_mean_of_an_even_sticker_is_its_colour_at_every_scale() {
        let sticker = Sticker::new(Size::new(37, 21), &[200, 100, 50, 255].repeat(37 * 21));
        let sticker = sticker.expect("valid");
        for across in [1.0, 2.5, 9.0, 20.0] {
            let mean = sticker.mean((0.0, across), (0.5, 0.5 + across));
            for (got, want) in mean.into_iter().zip([200.0, 100.0, 50.0, 255.0]) {
                assert!((got * 255.0 - want).abs() < 1.0, "{across}: {got}");
            }
        }
    }
}
