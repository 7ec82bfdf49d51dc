//! Covers regions of planes (stub).
//!
//! Invariant: what an irreversible style writes inside a mask depends on the pixels outside of it only.

use crate::geometry::{Orientation, PixelRect, Rect, Size};
use crate::plane::{Channel, PlaneMut, Sample};

/// The outline of a mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// The ellipse inscribed in the region's rectangle.
    #[default]
    Ellipse,
    /// The rectangle.
    Box,
}

/// A place to cover: a shape that fills a rectangle, in pixels of the upright picture.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Region {
    /// The outline.
    pub shape: Shape,
    /// The rectangle that the shape fills; may reach beyond the picture.
    pub area: Rect,
}

impl Region {
    /// A shape in a rectangle.
    #[must_use]
    pub const fn new(shape: Shape, area: Rect) -> Self {
        Self { shape, area }
    }
}

/// A colour, 8 bits a channel, in the picture's own colour space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// A picture to lay over faces, with opacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sticker {
    size: Size,
    rgba: std::sync::Arc<[u8]>,
}

impl Sticker {
    /// RGBA pixels in reading order.
    ///
    /// # Errors
    /// If the length does not fit the size.
    pub fn new(size: Size, rgba: &[u8]) -> crate::error::Result<Self> {
        Ok(Self {
            size,
            rgba: rgba.into(),
        })
    }
}

/// What a mask shows.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Style {
    /// Filled smoothly from the pixels around it. Irreversible.
    #[default]
    Blur,
    /// One colour. Irreversible.
    Solid(Rgb),
    /// At most this many cells across the mask's longer side. Uses the face's own pixels.
    Mosaic(u32),
    /// A Gaussian of the face's own pixels.
    Gaussian,
    /// A sticker over the smooth fill. Irreversible.
    Image(Sticker),
}

impl Style {
    /// Its name on the command line and in the report.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Blur => "blur",
            Self::Solid(_) => "solid",
            Self::Mosaic(_) => "mosaic",
            Self::Gaussian => "gaussian",
            Self::Image(_) => "image",
        }
    }

    /// Whether the result inside a mask is a function of the pixels outside of it only.
    #[must_use]
    pub const fn is_irreversible(&self) -> bool {
        !matches!(self, Self::Mosaic(_) | Self::Gaussian)
    }
}

/// Regions of one picture and what to cover them with, ready to be applied to its planes.
pub struct Redaction {}

impl Redaction {
    /// `regions` are in upright pixels; `stored` is the size of the planes at full resolution as they
    /// lie in memory, `orientation` how they must be turned to be upright.
    #[must_use]
    pub fn new(
        _style: &Style,
        _regions: &[Region],
        _stored: Size,
        _orientation: Orientation,
    ) -> Self {
        todo!()
    }

    /// Covers the regions in one plane of the picture.
    pub fn apply<T: Sample>(&self, _plane: &mut PlaneMut<'_, T>, _channel: Channel) {
        todo!()
    }

    /// Rectangles of stored pixels outside which nothing changes.
    #[must_use]
    pub fn touched(&self) -> Vec<PixelRect> {
        todo!()
    }
}
