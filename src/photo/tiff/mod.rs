//! TIFF: grey, RGB and CMYK with 8 or 16 bits a sample, with or without opacity. Every page is read,
//! or the file is refused; it is written without loss.

mod source;
#[cfg(test)]
mod tests;
mod write;

use super::exif::{self, Resolution, Unit};
use super::frames::{Frame, Frames};
use super::guard::{Budget, malformed, unsupported};
use super::icc::Profile;
use super::notes::{Notes, contains};
use super::raster::{Model, Raster, Samples};
use crate::error::{Error, Result};
use crate::geometry::{Orientation, Size};
use crate::plane::Sample;
use ::tiff as codec;
use codec::decoder::{ChunkType, Decoder, ifd::Value};
use codec::tags::{PhotometricInterpretation, Tag};
use source::Source;
pub(super) use write::TiffWriter;
use write::{Opacity, Page};

/// A decoded TIFF.
pub(super) type Tiff = Frames<TiffWriter>;

type Reader<'a> = Decoder<Source<'a>>;

/// Directories in one file; real scans have a few hundred.
const MOST_PAGES: usize = 10_000;

/// Tags that say nothing but how the pixels lie, or that are written again.
const KNOWN: [u16; 35] = [
    254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284,
    292, 293, 296, 297, 317, 320, 322, 323, 324, 325, 338, 339, 347, 530, 531, 532,
];

fn damaged(error: codec::TiffError) -> Error {
    match error {
        codec::TiffError::UnsupportedError(what) => {
            unsupported("a TIFF of this kind is not handled").because(what.to_string())
        }
        codec::TiffError::LimitsExceeded => {
            malformed("the TIFF asks for more memory than its pages explain")
        }
        other => malformed("the TIFF is damaged or cut off").because(other),
    }
}

/// Decodes every page.
pub(super) fn read(file: &[u8], budget: &mut Budget, notes: &mut Notes) -> Result<Tiff> {
    // The crate takes the first limit for lists of tag values, too, at 32 bytes a value and before it
    // looks whether the file is long enough. Pixels are read into buffers of ours.
    let mut limits = codec::decoder::Limits::default();
    limits.decoding_buffer_size = file.len().saturating_mul(32).clamp(1 << 20, 256 << 20);
    limits.ifd_value_size = 8 << 20;
    limits.intermediate_buffer_size = file.len().max(1 << 20); // one strip or tile, compressed
    let decoder = Decoder::new(Source::new(file)).map_err(damaged)?;
    let mut decoder = decoder.with_limits(limits);
    let kept = exif::kept_of_tiff(file, notes);
    let (mut frames, mut pages) = (Vec::new(), Vec::new());
    loop {
        if pages.len() >= MOST_PAGES {
            return Err(malformed(format!(
                "the TIFF has more than {MOST_PAGES} pages"
            )));
        }
        let reduced = unsigned(&mut decoder, 254)?.unwrap_or(0) & 1 == 1;
        if reduced && !frames.is_empty() {
            notes.drop("tiff-thumbnail");
        } else {
            let (frame, page) = one(&mut decoder, budget, notes)?;
            frames.push(frame);
            pages.push(page);
        }
        if !decoder.more_images() {
            break;
        }
        decoder.next_image().map_err(damaged)?;
    }
    Frames::new(frames, TiffWriter { pages, kept })
        .ok_or_else(|| malformed("the TIFF holds no picture"))
}

/// One page: its pixels, and what is written with them.
fn one(decoder: &mut Reader<'_>, budget: &mut Budget, notes: &mut Notes) -> Result<(Frame, Page)> {
    let (width, height) = decoder.dimensions().map_err(damaged)?;
    let size = Size::new(width, height);
    let layout = Layout::of(decoder, notes)?;
    budget.take(size, 1)?;
    name_tags(decoder, notes);
    let raster = pixels(decoder, size, &layout)?;
    let orientation = unsigned(decoder, 274)?
        .and_then(Orientation::from_exif)
        .unwrap_or_default();
    if orientation != Orientation::Normal {
        notes.keep("orientation");
    }
    let icc = decoder.find_tag(Tag::IccProfile).map_err(damaged)?;
    let icc = icc
        .and_then(|value| value.into_u8_vec().ok())
        .and_then(|bytes| Profile::take(&bytes, notes));
    let resolution = resolution(decoder)?;
    if resolution.is_some() {
        notes.keep("resolution");
    }
    let page = Page {
        icc,
        resolution,
        opacity: layout.opacity,
    };
    let frame = Frame {
        raster,
        orientation,
    };
    Ok((frame, page))
}

/// How the samples of a page lie.
struct Layout {
    model: Model,
    /// 1, 2, 4, 8 or 16.
    bits: u8,
    opacity: Option<Opacity>,
    /// Values are inks: no ink is 0.
    inks: bool,
    /// Pixels have more samples than the model, which are left out.
    surplus: bool,
    /// The lowest bit of a byte comes first.
    lowest_first: bool,
}

impl Layout {
    fn of(decoder: &mut Reader<'_>, notes: &mut Notes) -> Result<Self> {
        let photometric = unsigned(decoder, 262)?.and_then(|v| u16::try_from(v).ok());
        match photometric.and_then(PhotometricInterpretation::from_u16) {
            Some(PhotometricInterpretation::RGBPalette) => {
                return Err(unsupported(
                    "TIFF with a palette is not handled; convert it to RGB first",
                ));
            }
            Some(PhotometricInterpretation::YCbCr) => {
                return Err(unsupported(
                    "TIFF with YCbCr pixels is not handled; convert it to RGB first",
                ));
            }
            Some(PhotometricInterpretation::TransparencyMask) => {
                return Err(unsupported(
                    "TIFF with a page that is a transparency mask is not handled",
                ));
            }
            _ => {}
        }
        let extra = decoder
            .find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)
            .map_err(damaged)?;
        if extra.as_ref().is_some_and(|list| list.len() > 8) {
            return Err(unsupported(
                "TIFF with more than 8 extra samples a pixel is not handled",
            ));
        }
        let opacity = match extra.as_deref().and_then(|list| list.first()) {
            Some(1) => Some(Opacity::Multiplied),
            Some(2) => Some(Opacity::Plain),
            Some(_) => Some(Opacity::Unspecified),
            None => None,
        };
        use codec::ColorType as C;
        let kind = decoder.colortype().map_err(damaged)?;
        let (model, bits, inks) = match kind {
            C::Gray(bits @ (1 | 2 | 4 | 8 | 16)) => (Model::Grey, bits, false),
            C::Multiband {
                bit_depth: bits @ (8 | 16),
                num_samples: 2,
            } if opacity.is_some() => (Model::GreyAlpha, bits, false),
            C::RGB(bits @ (8 | 16)) => (Model::Rgb, bits, false),
            C::RGBA(bits @ (8 | 16)) => (Model::Rgba, bits, false),
            C::CMYK(bits @ (8 | 16)) => (Model::InvertedCmyk, bits, true),
            other => {
                return Err(unsupported(format!(
                    "TIFF with {other:?} pixels is not handled"
                )));
            }
        };
        let format = unsigned(decoder, 339)?.unwrap_or(1);
        if !matches!(format, 1 | 4) {
            return Err(unsupported(
                "TIFF with signed or floating-point samples is not handled",
            ));
        }
        let samples = unsigned(decoder, 277)?.unwrap_or(1);
        let surplus = samples as usize > model.channels().len();
        if surplus {
            notes.drop("extra-samples");
            notes.warn("samples of a TIFF that are neither colour nor opacity were dropped");
        }
        if bits < 8 {
            notes.warn("a TIFF page with fewer than 8 bits a sample is written with 8");
        }
        Ok(Self {
            model,
            bits,
            opacity: opacity.filter(|_| matches!(model, Model::GreyAlpha | Model::Rgba)),
            inks,
            surplus,
            lowest_first: lowest_first(decoder)?,
        })
    }
}

/// Whether a page's bytes are to be turned around, by FillOrder (tag 266). As in libtiff that is so before
/// any compression is undone and whatever the number of bits, but never for JPEG, whose streams have an
/// order of their own.
fn lowest_first(decoder: &mut Reader<'_>) -> Result<bool> {
    const JPEG: u32 = 7;
    let order = decoder.find_tag(Tag::FillOrder).map_err(damaged)?;
    match order.map(first) {
        None | Some(Some(1)) => Ok(false),
        Some(Some(2)) => Ok(unsigned(decoder, 259)? != Some(JPEG)),
        Some(_) => Err(unsupported(
            "TIFF with a FillOrder that is neither 1 nor 2 is not handled",
        )),
    }
}

/// Refuses strips and tiles that the crate (0.11.3) would misread or stop over.
fn check_pieces(
    decoder: &mut Reader<'_>,
    size: Size,
    layout: &Layout,
    planes: usize,
) -> Result<()> {
    let (width, height) = decoder.chunk_dimensions();
    if width > size.width.saturating_add(1 << 16) {
        return Err(malformed(
            "the tiles of a TIFF page are far larger than the page",
        ));
    }
    let tiled = decoder.get_chunk_type() == ChunkType::Tile;
    // It knows the lowest tiles of the first plane only.
    if tiled && planes > 1 && !size.height.is_multiple_of(height) {
        return Err(unsupported(
            "TIFF with a plane for each colour, in tiles that reach below the page, is not handled; \
             save it with one plane first",
        ));
    }
    // It takes the surplus out of a row before it undoes the predictor, and lets a tile without it run on
    // into its neighbours.
    let predicted = unsigned(decoder, 317)?.unwrap_or(1) != 1;
    if layout.surplus && planes < 2 && (predicted || tiled && width < size.width) {
        return Err(unsupported(
            "TIFF with samples that are neither colour nor opacity, with a predictor or in tiles, is \
             not handled; save it without those samples first",
        ));
    }
    Ok(())
}

/// Decodes the page whose size was paid for.
fn pixels(decoder: &mut Reader<'_>, size: Size, layout: &Layout) -> Result<Raster> {
    let n = layout.model.channels().len();
    let announced = decoder.image_buffer_layout().map_err(damaged)?;
    let each = n as u64 * u64::from(layout.bits.div_ceil(8));
    let wanted = size.area().saturating_mul(each);
    if announced.complete_len as u64 > wanted {
        return Err(malformed("a page of the TIFF is larger than its size says"));
    }
    let planes = announced.planes;
    check_pieces(decoder, size, layout, planes)?;
    let mut bytes = vec![0; announced.complete_len];
    decoder.inner().reversed = layout.lowest_first;
    let read = decoder.read_image_bytes(&mut bytes);
    decoder.inner().reversed = false;
    read.map_err(damaged)?;
    let samples = if layout.bits == 16 {
        let native = bytes
            .chunks_exact(2)
            .map(|b| u16::from_ne_bytes([b[0], b[1]]));
        let mut data = interleave(native.collect(), planes);
        if layout.inks {
            data.iter_mut().for_each(|v| *v = 65535 - *v);
        }
        Samples::U16(data)
    } else if layout.bits == 8 {
        let mut data = interleave(bytes, planes);
        if layout.inks {
            data.iter_mut().for_each(|v| *v = 255 - *v);
        }
        Samples::U8(data)
    } else {
        Samples::U8(spread(&bytes, size, layout.bits))
    };
    Raster::new(size, layout.model, samples)
}

/// Planes one after the other become samples side by side.
fn interleave<T: Sample>(data: Vec<T>, planes: usize) -> Vec<T> {
    if planes < 2 {
        return data;
    }
    let each = data.len() / planes;
    (0..each)
        .flat_map(|i| (0..planes).map(move |plane| plane * each + i))
        .map(|i| data[i])
        .collect()
}

/// Rows of 1, 2 or 4 bits a sample become bytes over the whole range.
fn spread(data: &[u8], size: Size, bits: u8) -> Vec<u8> {
    let per_byte = 8 / usize::from(bits);
    let width = size.width as usize;
    let most = (1u16 << bits) - 1;
    data.chunks_exact(width.div_ceil(per_byte))
        .flat_map(|row| {
            (0..width).map(move |x| {
                let shift = 8 - usize::from(bits) * (x % per_byte + 1);
                let value = u16::from(row[x / per_byte] >> shift) & most;
                (value * 255 / most) as u8
            })
        })
        .collect()
}

fn unsigned(decoder: &mut Reader<'_>, tag: u16) -> Result<Option<u32>> {
    let found = decoder
        .find_tag(Tag::from_u16_exhaustive(tag))
        .map_err(damaged)?;
    Ok(found.and_then(first))
}

/// The first of a tag's whole numbers.
fn first(value: Value) -> Option<u32> {
    match value {
        Value::List(list) => list.into_iter().next()?.into_u32().ok(),
        value => value.into_u32().ok(),
    }
}

fn resolution(decoder: &mut Reader<'_>) -> Result<Option<Resolution>> {
    let mut fraction = |tag| -> Result<Option<(u32, u32)>> {
        let value = decoder.find_tag(tag).map_err(damaged)?;
        Ok(match value {
            Some(Value::Rational(above, below)) if above > 0 && below > 0 => Some((above, below)),
            _ => None,
        })
    };
    let (x, y) = (fraction(Tag::XResolution)?, fraction(Tag::YResolution)?);
    let unit = match unsigned(decoder, 296)? {
        Some(1) => Unit::Aspect,
        Some(3) => Unit::Centimetre,
        _ => Unit::Inch,
    };
    Ok(x.zip(y).map(|(x, y)| Resolution { x, y, unit }))
}

fn name_tags(decoder: &mut Reader<'_>, notes: &mut Notes) {
    let xmp = Tag::from_u16_exhaustive(700);
    if let Ok(Some(packet)) = decoder.find_tag(xmp) {
        notes.drop_xmp(&packet.into_u8_vec().unwrap_or_default());
    }
    let tags: Vec<u16> = decoder
        .image_ifd()
        .directory()
        .iter()
        .map(|(tag, _)| tag.to_u16())
        .collect();
    for tag in tags {
        match tag {
            330 => {
                notes.drop("sub-pictures");
                notes.miss("further pictures of a TIFF page");
            }
            513 | 514 => notes.drop("tiff-thumbnail"),
            700 | 34675 => {}
            52545 => notes.c2pa(),
            33723 => notes.drop("iptc"),
            34377 => notes.drop("photoshop"),
            34665 => notes.drop("exif"),
            34853 => notes.drop_unless_kept("gps"),
            37724 => {
                notes.drop("photoshop-layers");
                notes.miss("the layers of a Photoshop TIFF");
            }
            271 | 272 => notes.drop_unless_kept("camera"),
            306 => notes.drop_unless_kept("time"),
            315 | 33432 => notes.drop_unless_kept("copyright"),
            269 | 270 | 285 => notes.drop("text"),
            305 | 316 => notes.drop("software"),
            tag if KNOWN.contains(&tag) => {}
            _ => notes.drop("private-tags"),
        }
    }
    if let Ok(Some(data)) = decoder.find_tag(Tag::from_u16_exhaustive(34377)) {
        let data = data.into_u8_vec().unwrap_or_default();
        if contains(&data, b"8BIM\x04\x0c") || contains(&data, b"8BIM\x04\x09") {
            notes.drop("photoshop-thumbnail");
        }
    }
}
