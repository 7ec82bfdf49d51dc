//! JPEG. Decoded to pixels, changed, and coded again with the source's own tables and subsampling.
//!
//! This room owns a decoded JPEG together with the facts of its header, so that the way from file to
//! file can change inside of it: planes are handed out by [`Jpeg`], not by its caller's knowledge of
//! what lies in memory.

mod encode;
mod segments;
mod ycc;

use super::Body;
use super::guard::{Budget, malformed};
use super::icc::Profile;
use super::notes::Notes;
use super::raster::{Model, Raster, Samples};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Orientation, PixelRect, Size};
use crate::picture::RgbImage;
use crate::plane::{AnyPlaneMut, Channel};
use segments::Header;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// How colours are coded in the components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Grey,
    YCbCr,
    Rgb,
    /// The largest value is no ink. So Adobe writes it, and so nearly everybody reads it without
    /// Adobe's marker, too; `marked` says if that is there, and it is written or left out again.
    Cmyk {
        marked: bool,
    },
    /// Inks as YCbCr, black inverted; only Adobe writes it.
    Ycck,
}

impl Coding {
    /// What libjpeg takes it for (jdapimin.c, default_decompress_parms), and so everybody else.
    fn of(header: &Header) -> Self {
        let ids: Vec<u8> = header.components.iter().map(|c| c.id).collect();
        match (ids.len(), header.adobe) {
            (1, _) => Self::Grey,
            (3, _) if header.jfif => Self::YCbCr,
            (3, Some(0)) => Self::Rgb,
            (3, None) if ids == *b"RGB" => Self::Rgb,
            (3, _) => Self::YCbCr,
            (_, Some(0)) => Self::Cmyk { marked: true },
            (_, Some(_)) => Self::Ycck,
            (_, None) => Self::Cmyk { marked: false },
        }
    }
}

/// A decoded JPEG and the facts of its header.
pub(super) struct Jpeg {
    raster: Raster,
    coding: Coding,
    header: Header,
    icc: Option<Profile>,
}

/// Decodes a JPEG file.
pub(super) fn read(file: &[u8], budget: &mut Budget, notes: &mut Notes) -> Result<Jpeg> {
    let parts = segments::split(file, notes, &mut |size| budget.take(size, 1))?;
    let header = parts.header;
    let coding = Coding::of(&header);
    let raster = decode(&parts.stream, &header, coding)?;
    if header.exif.orientation != Orientation::Normal {
        notes.keep("orientation");
    }
    if header.resolution.is_some() {
        notes.keep("resolution");
    }
    if header.exif.adobe_rgb {
        notes.keep("color-space");
    }
    let icc = header
        .icc
        .as_deref()
        .and_then(|icc| Profile::take(icc, notes));
    Ok(Jpeg {
        raster,
        coding,
        header,
        icc,
    })
}

fn decode(stream: &[u8], header: &Header, coding: Coding) -> Result<Raster> {
    let (model, wanted) = match coding {
        Coding::Grey => (Model::Grey, ColorSpace::Luma),
        Coding::YCbCr => (Model::Rgb, ColorSpace::RGB),
        // What the decoder takes for YCbCr and is asked for as YCbCr comes as it is.
        Coding::Rgb => (Model::Rgb, ColorSpace::YCbCr),
        Coding::Cmyk { .. } | Coding::Ycck => (Model::InvertedCmyk, ColorSpace::CMYK),
    };
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(wanted);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(stream), options);
    let failed = |e: zune_jpeg::errors::DecodeErrors| {
        malformed("the JPEG's picture data is damaged").because(format!("{e:?}"))
    };
    decoder.decode_headers().map_err(failed)?;
    let samples = header.size.area() as usize * model.channels().len();
    if decoder.output_buffer_size() != Some(samples) {
        let message = "the JPEG decoder sees another size than the header gives";
        return Err(Error::new(ErrorKind::Internal, message));
    }
    let mut pixels = vec![0; samples];
    decoder.decode_into(&mut pixels).map_err(failed)?;
    if coding == Coding::Ycck {
        for pixel in pixels.chunks_exact_mut(4) {
            let inks = ycc::to_rgb([pixel[0], pixel[1], pixel[2]]);
            for (stored, ink) in pixel.iter_mut().zip(inks) {
                *stored = 255 - ink;
            }
        }
    }
    Raster::new(header.size, model, Samples::U8(pixels))
}

/// How a file is coded: whether progressive, and sampling and quantisation table per component.
#[cfg(test)]
pub(super) fn coding_of(file: &[u8]) -> Result<impl PartialEq + std::fmt::Debug> {
    let header = segments::split(file, &mut Notes::default(), &mut |_| Ok(()))?.header;
    let tables = header
        .components
        .iter()
        .map(|c| (c.sampling, header.quant[usize::from(c.quant)]));
    Ok((header.progressive, tables.collect::<Vec<_>>()))
}

impl Body for Jpeg {
    fn frame_count(&self) -> usize {
        1
    }

    fn size(&self, _: usize) -> Size {
        self.raster.size()
    }

    fn orientation(&self, _: usize) -> Orientation {
        self.header.exif.orientation
    }

    fn view(&self, frame: usize, crop: PixelRect, size: Size) -> Result<RgbImage> {
        self.raster.view(self.orientation(frame), crop, size)
    }

    fn edit(
        &mut self,
        _: usize,
        _touched: &[PixelRect],
        change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
    ) -> Result<()> {
        self.raster.edit(change)
    }

    fn write(&self) -> Result<Vec<u8>> {
        encode::write(&self.raster, self.coding, &self.header, self.icc.as_ref())
    }

    fn to_rgba(&self) -> (Size, Vec<u8>) {
        self.raster.to_rgba(self.header.exif.orientation)
    }
}
