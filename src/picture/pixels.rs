//! Pixels in memory that somebody else owns: a camera's buffer, an array of another language.

use super::{Picture, RgbImage, resample_rgb};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{PixelRect, Size};
use crate::plane::{Channel, Layout, PlaneMut};

/// Which channel each byte of a pixel holds, in the order of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PixelOrder {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Red, green, blue, opacity.
    Rgba,
    /// Blue, green, red, opacity.
    Bgra,
}

impl PixelOrder {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Rgb, Self::Bgr, Self::Rgba, Self::Bgra];

    /// Its name: `rgb`, `bgr`, `rgba` or `bgra`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rgb => "rgb",
            Self::Bgr => "bgr",
            Self::Rgba => "rgba",
            Self::Bgra => "bgra",
        }
    }

    /// Bytes of a pixel: 3 or 4.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.channels().len()
    }

    const fn channels(self) -> &'static [Channel] {
        use Channel::{Alpha, Blue, Green, Red};
        match self {
            Self::Rgb => &[Red, Green, Blue],
            Self::Bgr => &[Blue, Green, Red],
            Self::Rgba => &[Red, Green, Blue, Alpha],
            Self::Bgra => &[Blue, Green, Red, Alpha],
        }
    }
}

/// How pixels of 8 bits a channel lie in memory: interleaved, upright, the first row on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PixelLayout {
    /// Width and height in pixels.
    pub size: Size,
    /// Bytes from the start of a row to the start of the next.
    pub stride: usize,
    /// What the bytes of a pixel hold.
    pub order: PixelOrder,
}

impl PixelLayout {
    /// Rows without gaps.
    #[must_use]
    pub const fn packed(size: Size, order: PixelOrder) -> Self {
        Self::with_stride(size, order, size.width as usize * order.bytes())
    }

    /// Rows that begin `stride` bytes apart.
    #[must_use]
    pub const fn with_stride(size: Size, order: PixelOrder, stride: usize) -> Self {
        Self {
            size,
            stride,
            order,
        }
    }

    /// Bytes from the first pixel to the end of the last, or why there is no such picture.
    fn span(&self) -> Result<usize> {
        let Size { width, height } = self.size;
        let row = (width as usize).checked_mul(self.order.bytes());
        let row = row.filter(|row| *row > 0 && height > 0 && *row <= self.stride);
        let rows = (height as usize).saturating_sub(1).checked_mul(self.stride);
        let span = row.and_then(|row| rows?.checked_add(row));
        span.ok_or_else(|| {
            let message = format!(
                "{width}x{height} {} pixels do not fit rows of {} bytes",
                self.order.name(),
                self.stride
            );
            Error::new(ErrorKind::InvalidArgument, message)
        })
    }

    fn check(&self, length: usize) -> Result<()> {
        let span = self.span()?;
        if length >= span {
            return Ok(());
        }
        let message = format!(
            "{}x{} {} pixels in rows of {} bytes need {span} bytes, not {length}",
            self.size.width,
            self.size.height,
            self.order.name(),
            self.stride
        );
        Err(Error::new(ErrorKind::InvalidArgument, message))
    }
}

/// Borrowed pixels.
#[derive(Clone, Copy, Debug)]
pub struct Pixels<'a> {
    data: &'a [u8],
    layout: PixelLayout,
}

impl<'a> Pixels<'a> {
    /// Borrows pixels; the first byte of `data` is the first of the picture.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the picture is empty, its rows overlap, or `data` ends
    /// before it.
    pub fn new(data: &'a [u8], layout: PixelLayout) -> Result<Self> {
        layout.check(data.len())?;
        Ok(Self { data, layout })
    }

    /// How the pixels lie in memory.
    #[must_use]
    pub const fn layout(&self) -> &PixelLayout {
        &self.layout
    }

    /// A part as interleaved RGB without gaps.
    fn rgb(&self, crop: PixelRect) -> Vec<u8> {
        let (step, stride) = (self.layout.order.bytes(), self.layout.stride);
        let mut out = Vec::with_capacity(crop.width as usize * crop.height as usize * 3);
        for y in crop.y..crop.y + crop.height {
            let start = y as usize * stride + crop.x as usize * step;
            let row = &self.data[start..start + crop.width as usize * step];
            match self.layout.order {
                PixelOrder::Rgb => out.extend_from_slice(row),
                PixelOrder::Rgba => {
                    out.extend(row.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]))
                }
                PixelOrder::Bgr | PixelOrder::Bgra => {
                    out.extend(row.chunks_exact(step).flat_map(|p| [p[2], p[1], p[0]]));
                }
            }
        }
        out
    }
}

/// What an opacity hides is seen as if it were opaque.
impl Picture for Pixels<'_> {
    fn size(&self) -> Size {
        self.layout.size
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        let whole = self.layout.size;
        if self.layout == PixelLayout::packed(whole, PixelOrder::Rgb) {
            return resample_rgb(&self.data[..self.layout.span()?], whole, crop, size);
        }
        let from = Size::new(crop.width, crop.height);
        let inside = PixelRect { x: 0, y: 0, ..crop };
        resample_rgb(&self.rgb(crop), from, inside, size)
    }
}

/// Borrowed pixels, to be changed in place.
#[derive(Debug)]
pub struct PixelsMut<'a> {
    data: &'a mut [u8],
    layout: PixelLayout,
}

impl<'a> PixelsMut<'a> {
    /// Borrows pixels; the first byte of `data` is the first of the picture.
    ///
    /// # Errors
    /// Those of [`Pixels::new`].
    pub fn new(data: &'a mut [u8], layout: PixelLayout) -> Result<Self> {
        layout.check(data.len())?;
        Ok(Self { data, layout })
    }

    /// How the pixels lie in memory.
    #[must_use]
    pub const fn layout(&self) -> &PixelLayout {
        &self.layout
    }

    /// The same, read only.
    #[must_use]
    pub fn as_pixels(&self) -> Pixels<'_> {
        Pixels {
            data: self.data,
            layout: self.layout,
        }
    }

    /// Each channel as a plane.
    pub(crate) fn planes(
        &mut self,
        change: &mut dyn FnMut(&mut PlaneMut<'_, u8>, Channel),
    ) -> Result<()> {
        let PixelLayout {
            size,
            stride,
            order,
        } = self.layout;
        let layout = Layout {
            size,
            stride,
            step: order.bytes(),
            subsampling: (1, 1),
        };
        for (i, channel) in order.channels().iter().enumerate() {
            change(&mut PlaneMut::new(&mut self.data[i..], layout)?, *channel);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same picture in each order, with five bytes between rows.
    fn picture(order: PixelOrder) -> (Vec<u8>, PixelLayout) {
        let size = Size::new(7, 5);
        let stride = 7 * order.bytes() + 5;
        let mut data = vec![99; stride * 5];
        for y in 0..5 {
            for x in 0..7 {
                for (i, channel) in order.channels().iter().enumerate() {
                    let base = (10 * y + x) as u8;
                    data[y * stride + x * order.bytes() + i] = match channel {
                        Channel::Red => base,
                        Channel::Green => base + 60,
                        Channel::Blue => base + 120,
                        _ => 255,
                    };
                }
            }
        }
        (data, PixelLayout::with_stride(size, order, stride))
    }

    #[test]
    fn every_order_and_stride_shows_the_same_picture() {
        let crop = PixelRect {
            x: 1,
            y: 2,
            width: 4,
            height: 3,
        };
        let view = |order| {
            let (data, layout) = picture(order);
            let pixels = Pixels::new(&data, layout).expect("it fits");
            pixels.view(crop, Size::new(4, 3)).expect("a view")
        };
        let rgb = view(PixelOrder::Rgb);
        assert_eq!(rgb.data()[..3], [21, 81, 141]);
        for order in PixelOrder::ALL {
            assert_eq!(view(*order), rgb, "{}", order.name());
        }
    }

    #[test]
    fn a_buffer_that_does_not_hold_the_picture_is_refused() {
        let size = Size::new(7, 5);
        let layout = PixelLayout::with_stride(size, PixelOrder::Rgba, 30);
        assert_eq!(layout.span().expect("a picture"), 4 * 30 + 28);
        assert!(
            Pixels::new(&[0; 148], layout).is_ok(),
            "the last gap may lack"
        );
        assert!(Pixels::new(&[0; 147], layout).is_err());
        for (size, stride) in [
            (size, 27),
            (Size::new(0, 5), 30),
            (Size::new(7, 0), 30),
            (Size::new(u32::MAX, u32::MAX), usize::MAX),
        ] {
            let layout = PixelLayout::with_stride(size, PixelOrder::Rgba, stride);
            let error = Pixels::new(&[0; 400], layout).expect_err("no such picture");
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
    }
}
