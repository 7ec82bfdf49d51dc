//! Pixels in memory: the five colour models and two sample types that the formats share, their
//! planes for redaction, and reduced RGB views of them for detection.
//!
//! Invariant: the buffer holds exactly `size.area() * channels` samples, rows without gaps.

use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Orientation, PixelRect, Size};
use crate::picture::{RgbImage, resample_rgb, resample_rgb_part};
use crate::plane::{AnyPlaneMut, Channel, Layout, PlaneMut, Sample};

/// What the interleaved samples of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// As Adobe stores it: the largest value is no ink.
    InvertedCmyk,
}

impl Model {
    pub(super) const fn channels(self) -> &'static [Channel] {
        use Channel::{Alpha, Blue, Green, InvertedBlack, Luma, Red};
        match self {
            Self::Grey => &[Luma],
            Self::GreyAlpha => &[Luma, Alpha],
            Self::Rgb => &[Red, Green, Blue],
            Self::Rgba => &[Red, Green, Blue, Alpha],
            Self::InvertedCmyk => &[Red, Green, Blue, InvertedBlack],
        }
    }

    /// One pixel as 8-bit red, green, blue and opacity.
    fn rgba(self, p: &[u8]) -> [u8; 4] {
        match *p {
            [v] => [v, v, v, 255],
            [v, a] => [v, v, v, a],
            [r, g, b] => [r, g, b, 255],
            [c, m, y, k] if self == Self::InvertedCmyk => {
                [product(c, k), product(m, k), product(y, k), 255]
            }
            [r, g, b, a] => [r, g, b, a],
            _ => [0; 4],
        }
    }
}

/// `a * b / 255`, rounded.
fn product(a: u8, b: u8) -> u8 {
    let p = u32::from(a) * u32::from(b) + 128;
    ((p + (p >> 8)) >> 8) as u8
}

/// Interleaved samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Samples {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

/// A picture in memory, in stored order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Raster {
    size: Size,
    model: Model,
    samples: Samples,
}

impl Raster {
    /// Puts a buffer that a codec filled under its size and model.
    pub(super) fn new(size: Size, model: Model, samples: Samples) -> Result<Self> {
        let len = match &samples {
            Samples::U8(v) => v.len(),
            Samples::U16(v) => v.len(),
        };
        let wanted = size.area() * model.channels().len() as u64;
        if size.is_empty() || len as u64 != wanted {
            let message = format!("a codec gave {len} samples where {wanted} were announced");
            return Err(Error::new(ErrorKind::Malformed, message));
        }
        Ok(Self {
            size,
            model,
            samples,
        })
    }

    pub(super) const fn size(&self) -> Size {
        self.size
    }

    pub(super) const fn model(&self) -> Model {
        self.model
    }

    pub(super) fn into_samples(self) -> Samples {
        self.samples
    }

    pub(super) const fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Hands out every plane in turn.
    pub(super) fn edit(&mut self, change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel)) -> Result<()> {
        let channels = self.model.channels();
        let layout = Layout::interleaved(self.size, channels.len());
        for (i, &channel) in channels.iter().enumerate() {
            let plane = match &mut self.samples {
                Samples::U8(v) => AnyPlaneMut::U8(PlaneMut::new(&mut v[i..], layout)?),
                Samples::U16(v) => AnyPlaneMut::U16(PlaneMut::new(&mut v[i..], layout)?),
            };
            change(plane, channel);
        }
        Ok(())
    }

    /// The part `crop` of the upright picture at another size, opacity ignored: what hides under
    /// transparent pixels is looked at as well.
    pub(super) fn view(
        &self,
        orientation: Orientation,
        crop: PixelRect,
        size: Size,
    ) -> Result<RgbImage> {
        let stored_crop = orientation.pixels_to_stored(crop, self.size);
        let stored_size = orientation.upright_size(size);
        let image = match &self.samples {
            Samples::U8(data) if self.model == Model::Rgb => {
                resample_rgb(data, self.size, stored_crop, stored_size)?
            }
            Samples::U8(data) => self.reduced(data, stored_crop, stored_size)?,
            Samples::U16(data) => self.reduced(data, stored_crop, stored_size)?,
        };
        if orientation == Orientation::Normal {
            return Ok(image);
        }
        let turned = orientation.upright_pixels::<3>(image.data(), stored_size);
        RgbImage::new(size, turned)
    }

    /// All pixels, upright, as 8-bit RGBA.
    pub(super) fn to_rgba(&self, orientation: Orientation) -> (Size, Vec<u8>) {
        let n = self.model.channels().len();
        let stored: Vec<u8> = match &self.samples {
            Samples::U8(v) => v.chunks_exact(n).flat_map(|p| self.model.rgba(p)).collect(),
            Samples::U16(v) => {
                let mut pixel = [0; 4];
                v.chunks_exact(n)
                    .flat_map(|p| {
                        for (to, &from) in pixel.iter_mut().zip(p) {
                            *to = to_eight_bits(from.into());
                        }
                        self.model.rgba(&pixel[..n])
                    })
                    .collect()
            }
        };
        let upright = orientation.upright_pixels::<4>(&stored, self.size);
        (orientation.upright_size(self.size), upright)
    }

    /// The same picture with its pixels in another order, as `orientation` makes it upright.
    pub(super) fn turned(self, orientation: Orientation) -> Result<Self> {
        fn turn<T: Sample>(v: &[T], n: usize, by: Orientation, size: Size) -> Vec<T> {
            match n {
                1 => by.upright_samples::<T, 1>(v, size),
                2 => by.upright_samples::<T, 2>(v, size),
                3 => by.upright_samples::<T, 3>(v, size),
                _ => by.upright_samples::<T, 4>(v, size),
            }
        }
        if orientation == Orientation::Normal {
            return Ok(self);
        }
        let n = self.model.channels().len();
        let samples = match &self.samples {
            Samples::U8(v) => Samples::U8(turn(v, n, orientation, self.size)),
            Samples::U16(v) => Samples::U16(turn(v, n, orientation, self.size)),
        };
        Self::new(orientation.upright_size(self.size), self.model, samples)
    }

    /// A view of pixels that are not 8-bit RGB: averaged over the largest whole cells that still
    /// leave no fewer pixels than wanted, turned into RGB, then resampled. The picture between
    /// stays within four times the wanted one, or is as large as `crop`.
    fn reduced<T: Sample>(&self, data: &[T], crop: PixelRect, to: Size) -> Result<RgbImage> {
        let n = self.model.channels().len();
        let cell_w = (crop.width / to.width.max(1)).max(1);
        let cell_h = (crop.height / to.height.max(1)).max(1);
        let size = Size::new(crop.width.div_ceil(cell_w), crop.height.div_ceil(cell_h));
        let mut out = Vec::with_capacity(size.area() as usize * 3);
        let mut sums = vec![0f32; size.width as usize * n];
        for row in 0..size.height {
            sums.fill(0.0);
            let top = row * cell_h;
            let rows = cell_h.min(crop.height - top);
            for y in crop.y + top..crop.y + top + rows {
                let start = (y as usize * self.size.width as usize + crop.x as usize) * n;
                let line = &data[start..start + crop.width as usize * n];
                let cells = line.chunks(cell_w as usize * n);
                for (cell, sum) in cells.zip(sums.chunks_exact_mut(n)) {
                    for pixel in cell.chunks_exact(n) {
                        for (s, v) in sum.iter_mut().zip(pixel) {
                            *s += v.to_f32();
                        }
                    }
                }
            }
            for (column, sum) in sums.chunks_exact(n).enumerate() {
                let columns = cell_w.min(crop.width - column as u32 * cell_w);
                let scale = 255.0 / T::MAX / (columns as f32 * rows as f32);
                let mut pixel = [0; 4];
                for (v, s) in pixel.iter_mut().zip(sum) {
                    *v = u8::from_f32(s * scale);
                }
                let [r, g, b, _] = self.model.rgba(&pixel[..n]);
                out.extend([r, g, b]);
            }
        }
        let (wide, high) = (f64::from(crop.width), f64::from(crop.height));
        let part = [0.0, 0.0, wide / f64::from(cell_w), high / f64::from(cell_h)];
        resample_rgb_part(&out, size, part, to)
    }
}

/// The 8-bit sample nearest to a 16-bit one.
fn to_eight_bits(v: u32) -> u8 {
    ((v * 255 + 32767) / 65535) as u8
}

/// The smallest rectangle outside of which two equally large pictures of `n` channels agree; `None`
/// if they agree everywhere.
pub(super) fn difference<T: Sample>(a: &[T], b: &[T], size: Size, n: usize) -> Option<PixelRect> {
    let stride = size.width as usize * n;
    let rows = || a.chunks_exact(stride).zip(b.chunks_exact(stride));
    let top = rows().position(|(a, b)| a != b)?;
    let bottom = rows().rposition(|(a, b)| a != b)? + 1;
    let (mut left, mut right) = (size.width as usize, 0);
    for (a, b) in rows().take(bottom).skip(top) {
        let mut pixels = a.chunks_exact(n).zip(b.chunks_exact(n));
        if let Some(x) = pixels.position(|(a, b)| a != b) {
            left = left.min(x);
            let mut pixels = a.chunks_exact(n).zip(b.chunks_exact(n));
            right = right.max(pixels.rposition(|(a, b)| a != b).map_or(x, |x| x) + 1);
        }
    }
    Some(PixelRect::new(
        left as u32,
        top as u32,
        (right - left) as u32,
        (bottom - top) as u32,
    ))
}

/// The pixels of a rectangle, row by row.
pub(super) fn cut<T: Sample>(data: &[T], size: Size, n: usize, part: PixelRect) -> Vec<T> {
    let stride = size.width as usize * n;
    (part.y..part.bottom())
        .flat_map(|y| {
            let start = y as usize * stride + part.x as usize * n;
            data[start..start + part.width as usize * n].iter().copied()
        })
        .collect()
}

/// What turns `before` into `after` inside `part`, and whether it lies over the old pixels: then
/// the unchanged ones are transparent, which packs better. Only where all changed pixels are
/// opaque.
pub(super) fn step<T: Sample>(
    before: &[T],
    after: &[T],
    size: Size,
    n: usize,
    part: PixelRect,
) -> (Vec<T>, bool) {
    let opaque = T::from_f32(T::MAX);
    let (old, mut new) = (cut(before, size, n, part), cut(after, size, n, part));
    let pairs = || old.chunks_exact(n).zip(new.chunks_exact(n));
    let lies_over = n.is_multiple_of(2) && pairs().all(|(a, b)| a == b || b[n - 1] == opaque);
    if lies_over {
        for (a, b) in old.chunks_exact(n).zip(new.chunks_exact_mut(n)) {
            if a == b {
                b.fill(T::default());
            }
        }
    }
    (new, lies_over)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(size: Size, model: Model, deep: bool) -> Raster {
        let n = model.channels().len() as u32;
        let value = |i: u32| {
            let (pixel, channel) = (i / n, i % n);
            let x = pixel % size.width;
            (x * 60000 / size.width + channel * 1000).min(65535) as u16
        };
        let all = 0..size.area() as u32 * n;
        let samples = if deep {
            Samples::U16(all.map(value).collect())
        } else {
            Samples::U8(all.map(|i| (value(i) >> 8) as u8).collect())
        };
        Raster::new(size, model, samples).expect("right length")
    }

    const MODELS: [Model; 5] = [
        Model::Grey,
        Model::GreyAlpha,
        Model::Rgb,
        Model::Rgba,
        Model::InvertedCmyk,
    ];

    #[test]
    fn every_layout_gives_the_same_view_at_8_and_16_bits() {
        let size = Size::new(97, 61);
        for model in MODELS {
            for (crop, to) in [
                (PixelRect::new(0, 0, 97, 61), Size::new(20, 12)),
                (PixelRect::new(5, 7, 40, 31), Size::new(40, 31)),
                (PixelRect::new(50, 3, 20, 20), Size::new(33, 27)),
            ] {
                let a = ramp(size, model, false).view(Orientation::Normal, crop, to);
                let b = ramp(size, model, true).view(Orientation::Normal, crop, to);
                let (a, b) = (a.expect("8 bits"), b.expect("16 bits"));
                let worst = a
                    .data()
                    .iter()
                    .zip(b.data())
                    .map(|(a, b)| a.abs_diff(*b))
                    .max();
                assert!(worst <= Some(3), "{model:?} {crop:?}: {worst:?}");
            }
        }
    }

    #[test]
    fn a_view_is_upright_in_every_orientation() {
        let size = Size::new(12, 8);
        for model in MODELS {
            let raster = ramp(size, model, false);
            for orientation in Orientation::ALL {
                let (upright, rgba) = raster.to_rgba(orientation);
                let crop = PixelRect::new(2, 1, upright.width - 3, upright.height - 2);
                let view = raster.view(orientation, crop, Size::new(crop.width, crop.height));
                let view = view.expect("inside");
                for y in 0..crop.height {
                    for x in 0..crop.width {
                        let whole = ((crop.y + y) * upright.width + crop.x + x) as usize * 4;
                        let part = (y * crop.width + x) as usize * 3;
                        assert_eq!(view.data()[part..part + 3], rgba[whole..whole + 3]);
                    }
                }
            }
        }
    }

    #[test]
    fn the_difference_of_two_pictures_is_the_smallest_rectangle() {
        let size = Size::new(10, 6);
        let a = vec![0u8; 120];
        assert_eq!(difference(&a, &a, size, 2), None);
        let mut b = a.clone();
        b[(2 * 10 + 3) * 2] = 1;
        b[(4 * 10 + 7) * 2 + 1] = 1;
        let part = difference(&a, &b, size, 2).expect("differs");
        assert_eq!(part, PixelRect::new(3, 2, 5, 3));
        assert_eq!(cut(&b, size, 2, part).len(), 30);
    }

    #[test]
    fn edit_hands_out_every_channel_once() {
        for model in MODELS {
            for deep in [false, true] {
                let mut seen = Vec::new();
                ramp(Size::new(3, 2), model, deep)
                    .edit(&mut |plane, channel| {
                        assert_eq!(matches!(plane, AnyPlaneMut::U16(_)), deep);
                        seen.push(channel);
                    })
                    .expect("planes fit");
                assert_eq!(seen, model.channels());
            }
        }
    }
}
