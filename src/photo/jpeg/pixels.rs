//! A JPEG from pixels, for pictures that come from another format.

use super::super::Quality;
use super::super::convert::Parts;
use super::super::exif;
use super::super::frames::{Frame as Picture, Writer};
use super::super::icc::Profile;
use super::super::raster::{Model as Pixels, Raster, Samples};
use super::encode;
use super::segments::Header;
use crate::error::{Error, ErrorKind, Result};
use jpeg_coefficients::{CodedImage, EncodeOptions, PixelLayout, Size};

/// Everything but the pixels.
#[derive(Debug)]
pub(in super::super) struct PixelWriter {
    icc: Option<Profile>,
    header: Header,
    /// Colour at half the size, since it came so.
    subsampled: bool,
    quality: u8,
}

impl PixelWriter {
    /// Takes what a JPEG has a place for.
    pub(in super::super) fn new(parts: &mut Parts, quality: Quality) -> Self {
        let exif = std::mem::take(&mut parts.exif);
        Self {
            icc: parts.icc.take(),
            header: Header {
                resolution: exif.resolution,
                exif: exif::Facts {
                    resolution: None,
                    ..exif
                },
                ..Header::default()
            },
            subsampled: parts.subsampled,
            quality: quality.percent_or(Quality::USUAL),
        }
    }
}

impl Writer for PixelWriter {
    fn write(&self, frames: &[Picture]) -> Result<Vec<u8>> {
        let mut coded = coded(&frames[0].raster, self.subsampled, self.quality)?;
        coded.set_density(encode::density(self.header.resolution.as_ref()));
        encode::write(&coded, &self.header, self.icc.as_ref(), Vec::new())
    }

    fn parts(self, frames: Vec<Picture>) -> Parts {
        Parts {
            icc: self.icc,
            exif: exif::Facts {
                resolution: self.header.resolution,
                ..self.header.exif
            },
            subsampled: self.subsampled,
            ..Parts::new(frames)
        }
    }
}

/// The coefficients of a picture of 8-bit grey or RGB.
fn coded(raster: &Raster, subsampled: bool, quality: u8) -> Result<CodedImage> {
    let layout = match raster.model() {
        Pixels::Grey => PixelLayout::Grey,
        Pixels::Rgb => PixelLayout::Rgb,
        _ => return Err(Error::new(ErrorKind::Internal, "a JPEG is grey or RGB")),
    };
    let Samples::U8(pixels) = raster.samples() else {
        return Err(Error::new(
            ErrorKind::Internal,
            "a JPEG has 8 bits a sample",
        ));
    };
    let size = Size::new(raster.size().width, raster.size().height);
    let mut options = EncodeOptions::default();
    options.quality = quality;
    options.subsampled = subsampled;
    Ok(CodedImage::from_pixels(pixels, size, layout, &options)?)
}
