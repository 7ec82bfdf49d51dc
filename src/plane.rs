//! One channel of a picture as borrowed memory. An RGB photo is three planes that share a buffer
//! with a step of 3, a YUV frame is three planes, a JPEG's components are planes: redaction knows
//! nothing else, so every format is covered by the same code.
//!
//! Invariant: every sample that width, height, stride and step name lies inside the slice.

mod coding;

pub use coding::{SampleCoding, YuvMatrix, YuvRange};

use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{PixelRect, Size};

/// What the samples of a plane mean. Where a fill needs a colour it asks here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Channel {
    /// Red light. Also the cyan plane of inverted (Adobe) CMYK, which stores the same numbers.
    Red,
    /// Green light. Also the magenta plane of inverted CMYK.
    Green,
    /// Blue light. Also the yellow plane of inverted CMYK.
    Blue,
    /// Brightness: grey pictures, and Y of YCbCr.
    Luma,
    /// Cb of YCbCr, the middle of the range is neutral.
    BlueDifference,
    /// Cr of YCbCr, the middle of the range is neutral.
    RedDifference,
    /// Opacity, 0 transparent.
    Alpha,
    /// The black plane of inverted CMYK: the largest value is no ink.
    InvertedBlack,
}

/// A sample type: `u8` or `u16`. How much of its range is used, a [`SampleCoding`] says.
pub trait Sample:
    Copy + Default + Send + Sync + PartialEq + std::fmt::Debug + sealed::Sealed + 'static
{
    /// Bits of the type.
    const BITS: u8;
    /// The largest value.
    const MAX: f32;
    /// As a number in `0.0..=MAX`.
    fn to_f32(self) -> f32;
    /// The nearest sample; clamps.
    fn from_f32(value: f32) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
}

impl Sample for u8 {
    const BITS: u8 = 8;
    const MAX: f32 = 255.0;
    #[inline]
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
    #[inline]
    fn from_f32(value: f32) -> Self {
        (value + 0.5) as Self // `as` clamps, and takes NaN to 0
    }
}

impl Sample for u16 {
    const BITS: u8 = 16;
    const MAX: f32 = 65535.0;
    #[inline]
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
    #[inline]
    fn from_f32(value: f32) -> Self {
        (value + 0.5) as Self
    }
}

/// Where a plane's samples lie in its slice, and how they relate to the pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Samples in a row, and rows.
    pub size: Size,
    /// Distance from a sample to the one below it, in samples.
    pub stride: usize,
    /// Distance from a sample to the one right of it, in samples: 3 in interleaved RGB.
    pub step: usize,
    /// Pixels of the picture per sample, across and down: (2, 2) for the chroma of 4:2:0.
    pub subsampling: (u32, u32),
}

/// Which samples of a plane a change concerns. Rectangles may overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Outside of these nothing changes.
    pub(crate) rects: Vec<PixelRect>,
    /// These are written without being read first, so they need not be decoded.
    pub(crate) unread: Vec<PixelRect>,
}

impl From<Vec<PixelRect>> for Touched {
    /// All of them may be read.
    fn from(rects: Vec<PixelRect>) -> Self {
        Self {
            rects,
            unread: Vec::new(),
        }
    }
}

impl Layout {
    /// Samples side by side without gaps, one per pixel.
    #[must_use]
    pub const fn dense(size: Size) -> Self {
        Self::interleaved(size, 1)
    }

    /// One of `channels` interleaved channels, without gaps between rows, one sample per pixel.
    #[must_use]
    pub const fn interleaved(size: Size, channels: usize) -> Self {
        Self {
            size,
            stride: size.width as usize * channels,
            step: channels,
            subsampling: (1, 1),
        }
    }

    /// Checks the layout against the length of a slice.
    fn check(&self, len: usize) -> Result<()> {
        let invalid = |why: String| Err(Error::new(ErrorKind::InvalidArgument, why));
        let Self {
            size, stride, step, ..
        } = *self;
        if size.is_empty() {
            return invalid(format!(
                "a plane of {}x{} samples is empty",
                size.width, size.height
            ));
        }
        if step == 0 || self.subsampling.0 == 0 || self.subsampling.1 == 0 {
            return invalid("a plane's step and subsampling must be at least 1".into());
        }
        let row = (size.width as usize - 1).checked_mul(step);
        let last = (size.height as usize - 1)
            .checked_mul(stride)
            .and_then(|rows| rows.checked_add(row?));
        match (row, last) {
            (Some(row), Some(last)) if row < stride && last < len => Ok(()),
            _ => invalid(format!(
                "{}x{} samples with stride {stride} and step {step} do not fit a slice of {len}",
                size.width, size.height
            )),
        }
    }
}

/// One channel, read only.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a, T> {
    data: &'a [T],
    layout: Layout,
}

impl<'a, T: Sample> Plane<'a, T> {
    /// Borrows a channel; the first sample is `data[0]`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a sample would lie outside of `data`, rows overlap, or
    /// there is none.
    pub fn new(data: &'a [T], layout: Layout) -> Result<Self> {
        layout.check(data.len())?;
        Ok(Self { data, layout })
    }

    /// How the samples lie.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The sample in column `x` of row `y`.
    ///
    /// # Panics
    /// If the place is outside.
    #[inline]
    #[must_use]
    pub fn get(&self, x: usize, y: usize) -> T {
        self.data[y * self.layout.stride + x * self.layout.step]
    }
}

/// One channel, to be changed in place.
#[derive(Debug)]
pub struct PlaneMut<'a, T> {
    data: &'a mut [T],
    layout: Layout,
}

impl<'a, T: Sample> PlaneMut<'a, T> {
    /// Borrows a channel; the first sample is `data[0]`. For the green channel of interleaved RGB
    /// pass `&mut rgb[1..]`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a sample would lie outside of `data`, rows overlap, or
    /// there is none.
    pub fn new(data: &'a mut [T], layout: Layout) -> Result<Self> {
        layout.check(data.len())?;
        Ok(Self { data, layout })
    }

    /// How the samples lie.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The sample in column `x` of row `y`.
    ///
    /// # Panics
    /// If the place is outside.
    #[inline]
    #[must_use]
    pub fn get(&self, x: usize, y: usize) -> T {
        self.data[y * self.layout.stride + x * self.layout.step]
    }

    /// `count` samples of row `y` from column `x` on, if they lie side by side.
    pub(crate) fn run_mut(&mut self, x: usize, y: usize, count: usize) -> Option<&mut [T]> {
        let start = y * self.layout.stride + x;
        (self.layout.step == 1).then(|| &mut self.data[start..start + count])
    }

    /// Writes the sample in column `x` of row `y`.
    ///
    /// # Panics
    /// If the place is outside.
    #[inline]
    pub fn set(&mut self, x: usize, y: usize, value: T) {
        self.data[y * self.layout.stride + x * self.layout.step] = value;
    }
}

/// A plane of either sample type, as a picture hands it out.
#[derive(Debug)]
pub enum AnyPlaneMut<'a> {
    /// Eight bits a sample.
    U8(PlaneMut<'a, u8>),
    /// Sixteen bits a sample.
    U16(PlaneMut<'a, u16>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_that_would_reach_outside_its_slice_is_refused() {
        let mut data = [0u8; 11];
        let rgb = Layout::interleaved(Size::new(2, 2), 3);
        assert!(PlaneMut::new(&mut data[2..], rgb).is_err());
        assert!(PlaneMut::new(&mut data[1..], rgb).is_ok());
        assert!(
            Plane::new(&data[..], Layout { stride: 3, ..rgb }).is_err(),
            "rows overlap"
        );
        assert!(Plane::new(&data[..], Layout { step: 0, ..rgb }).is_err());
        assert!(
            Plane::new(
                &data[..],
                Layout {
                    stride: usize::MAX,
                    ..rgb
                }
            )
            .is_err()
        );
        assert!(Plane::new(&data[..], Layout::dense(Size::new(0, 2))).is_err());
    }

    #[test]
    fn samples_round_and_clamp() {
        assert_eq!(u8::from_f32(254.6), 255);
        assert_eq!(u8::from_f32(-3.0), 0);
        assert_eq!(u8::from_f32(300.0), 255);
        assert_eq!(u8::from_f32(f32::NAN), 0);
        assert_eq!(u8::from_f32(f32::INFINITY), 255);
        assert_eq!(u16::from_f32(65535.4), 65535);
    }
}
