//! Points, rectangles and the eight orientations, which every other module uses.
//!
//! Coordinates are in pixels, origin at the top left corner of the top left pixel, x to the right,
//! y down; the centre of that pixel is at (0.5, 0.5). Rectangles are half-open. A [`Rect`] with a
//! NaN or a negative side cannot be built.

mod equirectangular;
mod orientation;
mod quad;
mod rect;

pub use equirectangular::Equirectangular;
pub(crate) use equirectangular::{Tangent, angle};
pub use orientation::Orientation;
pub use quad::Quad;
pub use rect::{PixelRect, Rect};

/// A place in a picture, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Distance from the left edge.
    pub x: f32,
    /// Distance from the top edge.
    pub y: f32,
}

impl Point {
    /// The point (x, y).
    #[must_use]
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }
}

/// Width and height in whole pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl From<Size> for faceveil_engine::Size {
    fn from(size: Size) -> Self {
        Self::new(size.width, size.height)
    }
}

impl Size {
    /// `width` by `height` pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Number of pixels.
    #[must_use]
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Whether there is no pixel at all.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The larger of the two sides.
    #[must_use]
    pub fn longest(self) -> u32 {
        self.width.max(self.height)
    }

    /// The same proportions with the larger side at most `longest`, which is at least 1; itself if
    /// it is no larger.
    #[must_use]
    pub fn within(self, longest: u32) -> Self {
        let now = self.longest();
        if now <= longest {
            return self;
        }
        let side = |v: u32| (u64::from(v) * u64::from(longest) / u64::from(now)).max(1) as u32;
        Self::new(side(self.width), side(self.height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_reduced_and_keeps_its_proportions() {
        assert_eq!(Size::new(800, 600).within(1600), Size::new(800, 600));
        assert_eq!(Size::new(8000, 4000).within(1600), Size::new(1600, 800));
        assert_eq!(Size::new(100_000, 1).within(1600), Size::new(1600, 1));
        assert_eq!(Size::new(0, 0).within(1600), Size::new(0, 0));
    }
}
