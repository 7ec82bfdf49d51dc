//! Pixels in the caller's memory, covered in place.

use crate::anonymizer::Anonymizer;
use crate::border::{Error, Failure, Status, bytes_mut, call, shared};
use library::picture::{PixelLayout, PixelOrder, PixelsMut};
use library::{Region, Size};
use std::ptr::NonNull;

/// Which channel each byte of a pixel holds, in the order of memory. Opacity is not changed.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Red, green, blue.
    Rgb = 0,
    /// Blue, green, red.
    Bgr = 1,
    /// Red, green, blue, opacity.
    Rgba = 2,
    /// Blue, green, red, opacity.
    Bgra = 3,
}

/// A rectangle in pixels, origin at the top left. It may reach beyond the edge of the picture.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

impl From<&Region> for Rectangle {
    fn from(region: &Region) -> Self {
        let area = &region.area;
        Self {
            x: area.left(),
            y: area.top(),
            width: area.width(),
            height: area.height(),
        }
    }
}

/// The order with a number of [`Order`].
pub(crate) fn order(number: u32) -> Result<PixelOrder, Failure> {
    const ORDERS: [(Order, PixelOrder); 4] = [
        (Order::Rgb, PixelOrder::Rgb),
        (Order::Bgr, PixelOrder::Bgr),
        (Order::Rgba, PixelOrder::Rgba),
        (Order::Bgra, PixelOrder::Bgra),
    ];
    let found = ORDERS.iter().find(|(order, _)| *order as u32 == number);
    found.map(|(_, order)| *order).ok_or_else(|| {
        let message = format!("{number} is no faceveil_order; there are 0 to 3");
        Failure::argument(message)
    })
}

/// Pixels of 8 bits a channel in the caller's memory: upright, the first row on top.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Image {
    /// The first byte of the first row.
    pub data: *mut u8,
    /// Bytes from there on that may be used.
    pub size: usize,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bytes from the start of a row to the start of the next.
    pub stride: usize,
    /// A value of faceveil_order.
    pub order: u32,
}

impl Image {
    /// How the pixels lie in memory.
    pub(crate) fn layout(&self) -> Result<PixelLayout, Failure> {
        let size = Size::new(self.width, self.height);
        Ok(PixelLayout::with_stride(
            size,
            order(self.order)?,
            self.stride,
        ))
    }

    /// The memory that was given, once it is sure that the pixels lie in it.
    ///
    /// # Safety
    /// `data` is null or points to `size` bytes that nobody else uses during `'a`.
    pub(crate) unsafe fn bytes<'a>(&self) -> Result<&'a mut [u8], Failure> {
        // SAFETY: the caller's promise.
        let data = unsafe { bytes_mut(self.data, self.size) }?;
        PixelsMut::new(data, self.layout()?)?;
        Ok(data)
    }
}

/// Covers the faces in pixels, in place. On any status but FACEVEIL_STATUS_OK they are unchanged. For
/// frames that follow each other, faceveil_frames_new starts what misses fewer.
///
/// `*count` becomes the number of regions that were covered, and the first `capacity` of them are
/// written to `regions`; both may be NULL.
///
/// # Safety
/// `anonymizer` is from faceveil_anonymizer_new; nobody else uses the bytes of `image` during the call;
/// `regions` is NULL or has space for `capacity`; `count` is NULL or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_pixels(
    anonymizer: *const Anonymizer,
    image: *const Image,
    regions: *mut Rectangle,
    capacity: usize,
    count: *mut usize,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        call(error, || {
            let count = NonNull::new(count);
            if let Some(count) = count {
                count.write(0);
            }
            let anonymizer = shared(anonymizer, "the anonymizer")?;
            let image = shared(image, "the image")?;
            let mut pixels = PixelsMut::new(image.bytes()?, image.layout()?)?;
            let covered = anonymizer.photos.pixels(&mut pixels)?;
            if let Some(count) = count {
                count.write(covered.len());
            }
            if let Some(regions) = NonNull::new(regions) {
                for (i, region) in covered.iter().take(capacity).enumerate() {
                    regions.add(i).write(region.into());
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_the_librarys_and_other_numbers_are_refused() {
        for (number, order) in (0..).zip(PixelOrder::ALL) {
            assert_eq!(self::order(number).expect("an order"), *order);
        }
        assert!(self::order(PixelOrder::ALL.len() as u32).is_err());
        assert!(self::order(u32::MAX).is_err());
    }
}
