//! Lossy JPEG XL: pixels become the coefficients of a JPEG, and those a frame.

mod ans;
mod blocks;
mod entropy;
mod frame;
mod modular;
#[cfg(test)]
mod tests;

use super::super::guard::encoder;
use super::super::quality::Quality;
use super::super::raster::{Model, Raster, Samples};
use crate::error::{Error, ErrorKind, Result};
use jpeg_coefficients::{CodedImage, EncodeOptions, PixelLayout, Size};
use std::borrow::Cow;

/// Pixels of a side that a JPEG's coefficients can have.
const MOST_SIDE: u32 = 65_535;
/// A source is coded again at this share of its bytes, in percent. What its blocks of other forms
/// and filters save is lost, and little of its quality shall be, too.
const GROWTH: u64 = 130;
/// Whatever the source takes: blocks do not show yet, and nothing finer shows.
const LEAST: u8 = 75;
const MOST: u8 = Quality::USUAL;
/// Pixels by which the size at a quality is judged.
const MOST_JUDGED: usize = 1 << 20;
/// Rows that are taken together from a larger picture.
const BAND: usize = 32;

/// Whether a picture can be coded so.
pub(super) fn can_hold(raster: &Raster) -> bool {
    let size = raster.size();
    let is_8_bit = matches!(raster.samples(), Samples::U8(_));
    is_8_bit && size.width.max(size.height) <= MOST_SIDE && raster.model() != Model::InvertedCmyk
}

/// The frame of a picture at a quality of 1 to 100.
pub(super) fn encode(raster: &Raster, quality: u8) -> Result<Vec<u8>> {
    Picture::new(raster)?.encode(quality)
}

/// The frame of a picture, about as fine as that of a lossy source of so many bytes.
pub(super) fn encode_like(raster: &Raster, bytes: usize) -> Result<Vec<u8>> {
    let picture = Picture::new(raster)?;
    let quality = picture.quality_like(bytes)?;
    picture.encode(quality)
}

/// Pixels apart from their opacity.
struct Picture<'a> {
    colours: Cow<'a, [u8]>,
    layout: PixelLayout,
    opacity: Option<Vec<u8>>,
    width: usize,
    height: usize,
}

impl<'a> Picture<'a> {
    fn new(raster: &'a Raster) -> Result<Self> {
        let Samples::U8(samples) = raster.samples() else {
            return Err(Error::new(ErrorKind::Internal, "more than 8 bits a sample"));
        };
        let n = raster.model().channels().len();
        let pixels = samples.chunks_exact(n);
        let is_opaque = !n.is_multiple_of(2);
        let size = raster.size();
        Ok(Self {
            colours: match is_opaque {
                true => Cow::Borrowed(samples),
                false => pixels.clone().flat_map(|p| &p[..n - 1]).copied().collect(),
            },
            layout: match n {
                1 | 2 => PixelLayout::Grey,
                _ => PixelLayout::Rgb,
            },
            opacity: (!is_opaque).then(|| pixels.map(|p| p[n - 1]).collect()),
            width: size.width as usize,
            height: size.height as usize,
        })
    }

    fn encode(&self, quality: u8) -> Result<Vec<u8>> {
        let size = Size::new(self.width as u32, self.height as u32);
        let options = EncodeOptions::new().quality(quality).subsampled(false);
        let coded = CodedImage::from_pixels(&self.colours, size, self.layout, &options);
        let coded = coded.map_err(|e| encoder("JPEG XL", e))?;
        Ok(frame::frame(&coded, self.opacity.as_deref()))
    }

    /// The best quality that does not let a source of so many bytes grow too much.
    fn quality_like(&self, bytes: usize) -> Result<u8> {
        let part = self.judged();
        let part = part.as_ref().unwrap_or(self);
        let rows = |bytes: u64| bytes.saturating_mul(part.height as u64) / self.height as u64;
        let most = rows((bytes as u64).saturating_mul(GROWTH) / 100);
        let (mut least, mut above) = (LEAST, MOST + 1);
        while above - least > 1 {
            let middle = least.midpoint(above);
            match part.encode(middle)?.len() as u64 <= most {
                true => least = middle,
                false => above = middle,
            }
        }
        Ok(least)
    }

    /// Bands of rows from all over a large picture, by which the whole is judged.
    fn judged(&self) -> Option<Picture<'static>> {
        let all = self.width * self.height;
        let every = all.div_ceil(MOST_JUDGED).max(1);
        let rows: Vec<usize> = (0..self.height)
            .filter(|row| row / BAND % every == every / 2)
            .collect();
        if every == 1 || rows.is_empty() {
            return None;
        }
        let n = self.colours.len() / all;
        let of = |samples: &[u8], n: usize| -> Vec<u8> {
            let length = self.width * n;
            rows.iter()
                .flat_map(|row| &samples[row * length..][..length])
                .copied()
                .collect()
        };
        Some(Picture {
            colours: Cow::Owned(of(&self.colours, n)),
            layout: self.layout,
            opacity: self.opacity.as_ref().map(|opacity| of(opacity, 1)),
            width: self.width,
            height: rows.len(),
        })
    }
}
