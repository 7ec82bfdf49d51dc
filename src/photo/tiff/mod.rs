//! TIFF: its directories are walked by the `tiff` crate, its strips and tiles are read here, since
//! the crate knows few of the kinds that scanners and Photoshop write. Every page is read, or the
//! file is refused; it is written without loss as grey, RGB or CMYK with 8 or 16 bits a sample.

mod colours;
mod samples;
mod stored;
#[cfg(test)]
mod tests;
mod unpack;
mod write;

use super::exif::{self, Resolution, Unit};
use super::frames::{Frame, Frames};
use super::guard::{Budget, malformed};
use super::icc::Profile;
use super::notes::{Notes, contains};
use super::raster::Model;
use crate::content::ContentKind;
use crate::error::{Error, Result};
use crate::geometry::{Orientation, Size};
use ::tiff as codec;
use codec::decoder::{Decoder, ifd::Value};
use codec::tags::Tag;
use std::io::Cursor;
use stored::{Colours, Stored, refused};
pub(super) use write::TiffWriter;
use write::{Opacity, Page};

/// A decoded TIFF.
pub(super) type Tiff = Frames<TiffWriter>;

type Reader<'a> = Decoder<Cursor<&'a [u8]>>;

/// Directories in one file; real scans have a few hundred.
const MOST_PAGES: usize = 10_000;

/// Tags that say nothing but how the pixels lie, or that are written again.
const KNOWN: [u16; 35] = [
    254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284,
    292, 293, 296, 297, 317, 320, 322, 323, 324, 325, 338, 339, 347, 530, 531, 532,
];

fn damaged(error: codec::TiffError) -> Error {
    match error {
        codec::TiffError::UnsupportedError(what) => refused(match what {
            codec::TiffUnsupportedError::InconsistentBitsPerSample(_) => {
                "samples of different numbers of bits"
            }
            codec::TiffUnsupportedError::UnsupportedSampleFormat(_) => "samples of several kinds",
            _ => "colours of this kind",
        }),
        codec::TiffError::LimitsExceeded => {
            malformed("the TIFF asks for more memory than its pages explain")
        }
        other => malformed("the TIFF is damaged or cut off").because(other),
    }
}

/// Decodes every page.
pub(super) fn read(file: &[u8], budget: &mut Budget, notes: &mut Notes) -> Result<Tiff> {
    // The crate takes the first limit for lists of tag values, too, at 32 bytes a value and before
    // it looks whether the file is long enough. Pixels are read into buffers of ours.
    let mut limits = codec::decoder::Limits::default();
    limits.decoding_buffer_size = file.len().saturating_mul(32).clamp(1 << 20, 256 << 20);
    limits.ifd_value_size = 8 << 20;
    limits.intermediate_buffer_size = file.len().max(1 << 20); // one strip or tile, compressed
    let decoder = Decoder::new(Cursor::new(file)).map_err(damaged)?;
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
            notes.drop(ContentKind::TiffThumbnail);
        } else {
            let (frame, page) = one(&mut decoder, file, budget, notes)?;
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
fn one(
    decoder: &mut Reader<'_>,
    file: &[u8],
    budget: &mut Budget,
    notes: &mut Notes,
) -> Result<(Frame, Page)> {
    let (width, height) = decoder.dimensions().map_err(damaged)?;
    let size = Size::new(width, height);
    let stored = Stored::read(decoder, file, size)?;
    let (model, opacity) = model(decoder, &stored, notes)?;
    budget.take(size, 1)?;
    name_tags(decoder, notes);
    let palette = palette(decoder, &stored)?;
    let keep = match stored.colours {
        Colours::Palette => 1,
        _ => model.channels().len(),
    };
    let raw = samples::read(&stored, file, keep)?;
    let raster = colours::raster(&stored, raw, model, palette.as_deref(), notes)?;
    let orientation = unsigned(decoder, 274)?
        .and_then(Orientation::from_exif)
        .unwrap_or_default();
    if orientation != Orientation::Normal {
        notes.keep(ContentKind::Orientation);
    }
    let icc = decoder.find_tag(Tag::IccProfile).map_err(damaged)?;
    // Lab colours become sRGB, and their profile is one for Lab.
    let lab = matches!(stored.colours, Colours::Lab | Colours::IccLab);
    let icc = icc
        .filter(|_| !lab)
        .and_then(|value| value.into_u8_vec().ok())
        .and_then(|bytes| Profile::take(&bytes, notes));
    let resolution = resolution(decoder)?;
    if resolution.is_some() {
        notes.keep(ContentKind::Resolution);
    }
    let page = Page {
        icc,
        resolution,
        opacity,
    };
    let frame = Frame {
        raster,
        orientation,
    };
    Ok((frame, page))
}

/// What a page's pixels become, and what its opacity is. Says what is left out or changes.
fn model(
    decoder: &mut Reader<'_>,
    stored: &Stored,
    notes: &mut Notes,
) -> Result<(Model, Option<Opacity>)> {
    let extra = decoder
        .find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)
        .map_err(damaged)?;
    if extra.as_ref().is_some_and(|list| list.len() > 8) {
        return Err(refused("more than 8 extra samples a pixel"));
    }
    let extra = extra.as_deref();
    let opacity = match extra.and_then(|list| list.first()) {
        Some(1) => Some(Opacity::Multiplied),
        Some(2) => Some(Opacity::Plain),
        Some(_) => Some(Opacity::Unspecified),
        None => None,
    };
    let known = matches!(opacity, Some(Opacity::Multiplied | Opacity::Plain));
    let samples = stored.samples;
    let own = match stored.colours {
        Colours::WhiteIsZero | Colours::BlackIsZero | Colours::Palette => 1,
        Colours::Inks => 4,
        _ => 3,
    };
    if samples < own {
        return Err(malformed(
            "a TIFF page has fewer samples than its colours need",
        ));
    }
    let model = match stored.colours {
        Colours::WhiteIsZero | Colours::BlackIsZero => {
            let pair = samples == 2 && opacity.is_some();
            if pair || known && samples > 2 {
                Model::GreyAlpha
            } else {
                Model::Grey
            }
        }
        // Four samples without a word about the fourth are opacity by custom.
        Colours::Rgb if known && samples > 3 || samples == 4 && extra.is_none() => Model::Rgba,
        Colours::Inks => Model::InvertedCmyk,
        _ => Model::Rgb,
    };
    let kept = match stored.colours {
        Colours::Palette => 1,
        _ => model.channels().len(),
    };
    if samples as usize > kept {
        notes.drop(ContentKind::ExtraSamples);
        notes.warn("samples of a TIFF that are neither colour nor opacity were dropped");
    }
    let bits = stored.bits;
    match stored.colours {
        Colours::Palette => notes.warn("a TIFF page with a palette is written as RGB"),
        Colours::Lab | Colours::IccLab => {
            notes.warn(
                "a TIFF page with Lab colours is written as sRGB: colours beyond it are lost",
            );
        }
        _ if bits < 8 => {
            notes.warn("a TIFF page with fewer than 8 bits a sample is written with 8");
        }
        _ if (9..16).contains(&bits) => {
            notes.warn("a TIFF page with 9 to 15 bits a sample is written with 16");
        }
        _ if bits > 16 && stored.kind == stored::Kind::Whole => {
            notes.warn("a TIFF page with more than 16 bits a sample is written with 16");
        }
        _ => {}
    }
    let has_opacity = matches!(model, Model::GreyAlpha | Model::Rgba);
    Ok((model, opacity.filter(|_| has_opacity)))
}

/// The colours of a page with a palette.
fn palette(decoder: &mut Reader<'_>, stored: &Stored) -> Result<Option<Vec<u16>>> {
    if stored.colours != Colours::Palette {
        return Ok(None);
    }
    let found = decoder
        .find_tag_unsigned_vec::<u16>(Tag::ColorMap)
        .map_err(damaged)?;
    Ok(found)
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
                notes.drop(ContentKind::SubPictures);
                notes.miss("further pictures of a TIFF page");
            }
            513 | 514 => notes.drop(ContentKind::TiffThumbnail),
            700 | 34675 => {}
            52545 => notes.c2pa(),
            33723 => notes.drop(ContentKind::Iptc),
            34377 => notes.drop(ContentKind::Photoshop),
            34665 => notes.drop(ContentKind::Exif),
            34853 => notes.drop_unless_kept(ContentKind::Gps),
            37724 => {
                notes.drop(ContentKind::PhotoshopLayers);
                notes.miss("the layers of a Photoshop TIFF");
            }
            271 | 272 => notes.drop_unless_kept(ContentKind::Camera),
            306 => notes.drop_unless_kept(ContentKind::Time),
            315 | 33432 => notes.drop_unless_kept(ContentKind::Copyright),
            269 | 270 | 285 => notes.drop(ContentKind::Text),
            305 | 316 => notes.drop(ContentKind::Software),
            tag if KNOWN.contains(&tag) => {}
            _ => notes.drop(ContentKind::PrivateTags),
        }
    }
    if let Ok(Some(data)) = decoder.find_tag(Tag::from_u16_exhaustive(34377)) {
        let data = data.into_u8_vec().unwrap_or_default();
        if contains(&data, b"8BIM\x04\x0c") || contains(&data, b"8BIM\x04\x09") {
            notes.drop(ContentKind::PhotoshopThumbnail);
        }
    }
}
