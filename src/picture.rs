//! A picture as a detector sees it: upright, RGB, any part of it at any size. A photo, a video
//! frame and a camera's raw buffer each know the cheapest way to make such a view.

mod pixels;

pub use pixels::{PixelLayout, PixelOrder, Pixels, PixelsMut};

use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{PixelRect, Size};
use fast_image_resize as fir;

/// Interleaved RGB, 8 bits a channel, rows without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbImage {
    size: Size,
    data: Vec<u8>,
}

impl RgbImage {
    /// From pixels in reading order, three samples each.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if `data` does not hold `size.area() * 3` samples, or none.
    pub fn new(size: Size, data: Vec<u8>) -> Result<Self> {
        RgbView::new(size, &data)?;
        Ok(Self { size, data })
    }

    /// Width and height.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The pixels in reading order, three samples each.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Borrows it.
    #[must_use]
    pub fn as_view(&self) -> RgbView<'_> {
        RgbView {
            size: self.size,
            data: &self.data,
        }
    }
}

/// Borrowed interleaved RGB, 8 bits a channel, rows without gaps: what a camera or an app has.
#[derive(Clone, Copy, Debug)]
pub struct RgbView<'a> {
    size: Size,
    data: &'a [u8],
}

impl<'a> RgbView<'a> {
    /// Pixels in reading order, three samples each.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if `data` does not hold `size.area() * 3` samples, or none.
    pub fn new(size: Size, data: &'a [u8]) -> Result<Self> {
        if size.is_empty() || Some(data.len() as u64) != size.area().checked_mul(3) {
            let message = format!(
                "{}x{} RGB pixels need {} bytes, not {}",
                size.width,
                size.height,
                u128::from(size.area()) * 3,
                data.len()
            );
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        Ok(Self { size, data })
    }
}

/// Something that can be looked at. `Sync`, since views of one picture may be made by several
/// threads.
pub trait Picture: Sync {
    /// Size as seen, upright.
    fn size(&self) -> Size;

    /// The part `crop` of the upright picture, resampled (area-averaging where it gets smaller) to
    /// `size`. `crop` lies inside the picture; neither is empty.
    ///
    /// # Errors
    /// Whatever keeps the pixels from being had.
    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage>;
}

impl Picture for RgbView<'_> {
    fn size(&self) -> Size {
        self.size
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        resample_rgb(self.data, self.size, crop, size)
    }
}

/// The part `crop` of interleaved RGB pixels at another size, by convolution with a triangle.
pub(crate) fn resample_rgb(data: &[u8], from: Size, crop: PixelRect, to: Size) -> Result<RgbImage> {
    let crop = [crop.x, crop.y, crop.width, crop.height].map(f64::from);
    resample_rgb_part(data, from, crop, to)
}

/// As [`resample_rgb`], for a rectangle (x, y, width, height) with fractions of pixels.
pub(crate) fn resample_rgb_part(
    data: &[u8],
    from: Size,
    crop: [f64; 4],
    to: Size,
) -> Result<RgbImage> {
    // Typed images: a resizer for any pixel type at run time compiles code for all of them, minutes
    // of it.
    type Pixel = fir::pixels::U8x3;
    let fail = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Internal, "resampling the picture for detection").because(e)
    };
    let source = fir::images::TypedImageRef::<Pixel>::from_buffer(from.width, from.height, data)
        .map_err(|e| fail(e.into()))?;
    let mut out = vec![0; to.area() as usize * 3];
    let mut target = fir::images::TypedImage::<Pixel>::from_buffer(to.width, to.height, &mut out)
        .map_err(|e| fail(e.into()))?;
    let [x, y, width, height] = crop;
    let options = fir::ResizeOptions::new()
        .crop(x, y, width, height)
        .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
    fir::Resizer::new()
        .resize_typed(&source, &mut target, &options)
        .map_err(|e| fail(e.into()))?;
    RgbImage::new(to, out)
}

/// Each sample as two by two: reduced chroma beside brightness, a tenth of the time of
/// interpolation.
fn doubled<'a>(rows: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        let start = out.len();
        out.extend(row.iter().flat_map(|&v| [v, v]));
        out.extend_from_within(start..);
    }
    out
}

/// A rectangle (x, y, width, height, with fractions) of a plane of bytes at another size. It is
/// moved inside as far as it lies beyond the edge.
pub(crate) fn resample_plane(data: &[u8], from: Size, part: [f32; 4], to: Size) -> Result<Vec<u8>> {
    type Pixel = fir::pixels::U8;
    let fail = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Internal, "resampling a frame for detection").because(e)
    };
    let data = data.get(..from.area() as usize).unwrap_or_default();
    let source = fir::images::TypedImageRef::<Pixel>::from_buffer(from.width, from.height, data)
        .map_err(|e| fail(e.into()))?;
    let mut out = vec![0; to.area() as usize];
    let mut target = fir::images::TypedImage::<Pixel>::from_buffer(to.width, to.height, &mut out)
        .map_err(|e| fail(e.into()))?;
    let [x, y, width, height] = part.map(f64::from);
    let (most_x, most_y) = (f64::from(from.width), f64::from(from.height));
    let (width, height) = (width.clamp(0.5, most_x), height.clamp(0.5, most_y));
    let (x, y) = (x.clamp(0.0, most_x - width), y.clamp(0.0, most_y - height));
    let is_whole = [x, y, width, height].iter().all(|v| v.fract() == 0.0);
    if is_whole && to == Size::new(2 * width as u32, 2 * height as u32) {
        let rows = data
            .chunks_exact(from.width as usize)
            .skip(y as usize)
            .take(height as usize);
        let (left, right) = (x as usize, (x + width) as usize);
        return Ok(doubled(rows.map(|row| &row[left..right])));
    }
    let options = fir::ResizeOptions::new()
        .crop(x, y, width, height)
        .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
    fir::Resizer::new()
        .resize_typed(&source, &mut target, &options)
        .map_err(|e| fail(e.into()))?;
    Ok(out)
}
