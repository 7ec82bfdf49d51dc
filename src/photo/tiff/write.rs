//! Writes the pages of a TIFF from pixels and a short list of tags.

use super::super::convert::Parts;
use super::super::exif::{Facts, Kept, KeptValue, Order, Resolution, Unit};
use super::super::frames::{Frame, Writer};
use super::super::guard::encoder;
use super::super::icc::Profile;
use super::super::raster::{Model, Samples};
use crate::error::{Error, ErrorKind, Result};
use crate::plane::Channel;
use ::tiff as codec;
use codec::encoder::colortype::{
    CMYK8, CMYK16, ColorType, Gray8, Gray16, RGB8, RGB16, RGBA8, RGBA16,
};
use codec::encoder::{Compression, TiffEncoder, TiffValue};
use codec::tags::{Predictor, ResolutionUnit, Tag, Type};
use std::io::Cursor;

/// What the last sample of a pixel is, TIFF 6, tag 338.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opacity {
    Unspecified = 0,
    /// Colours are multiplied with it.
    Multiplied = 1,
    Plain = 2,
}

/// What is written with a page besides its pixels.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) icc: Option<Profile>,
    pub(super) resolution: Option<Resolution>,
    pub(super) opacity: Option<Opacity>,
}

/// Everything but the pixels.
#[derive(Debug)]
pub(in super::super) struct TiffWriter {
    pub(super) pages: Vec<Page>,
    /// What the caller asked to keep; it goes with the first page.
    pub(super) kept: Kept,
}

type Job<'a> = TiffEncoder<Cursor<&'a mut Vec<u8>>>;

fn failed(error: codec::TiffError) -> Error {
    encoder("TIFF", error)
}

impl TiffWriter {
    /// For pictures from another format.
    pub(in super::super) fn new(parts: &mut Parts, frames: &[Frame]) -> Self {
        let facts = std::mem::take(&mut parts.exif);
        let page = |frame: &Frame| Page {
            icc: parts.icc.clone(),
            resolution: facts.resolution,
            opacity: (frame.raster.model().channels().contains(&Channel::Alpha))
                .then_some(Opacity::Plain),
        };
        Self {
            pages: frames.iter().map(page).collect(),
            kept: facts.kept,
        }
    }
}

impl Writer for TiffWriter {
    fn parts(self, frames: Vec<Frame>) -> Parts {
        let first = self.pages.into_iter().next();
        let multiplied = |p: &Page| p.opacity == Some(Opacity::Multiplied);
        Parts {
            multiplied: first.as_ref().is_some_and(multiplied),
            exif: Facts {
                resolution: first.as_ref().and_then(|p| p.resolution),
                kept: self.kept,
                ..Facts::default()
            },
            icc: first.and_then(|p| p.icc),
            ..Parts::new(frames)
        }
    }

    fn write(&self, frames: &[Frame]) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        // The predictor of the crate counts samples by colour type alone, which is wrong for grey
        // with opacity.
        let predicts = frames.iter().all(|f| f.raster.model() != Model::GreyAlpha);
        let mut job = TiffEncoder::new(Cursor::new(&mut out))
            .map_err(failed)?
            .with_compression(Compression::Lzw)
            .with_predictor(if predicts {
                Predictor::Horizontal
            } else {
                Predictor::None
            });
        let mut extras = extras(&mut job, &self.kept).map_err(failed)?;
        for (frame, page) in frames.iter().zip(&self.pages) {
            let extras = std::mem::take(&mut extras);
            let page = (page, &extras[..]);
            match frame.raster.samples() {
                Samples::U8(data) => match frame.raster.model() {
                    Model::Grey | Model::GreyAlpha => one::<Gray8>(&mut job, frame, page, data),
                    Model::Rgb => one::<RGB8>(&mut job, frame, page, data),
                    Model::Rgba => one::<RGBA8>(&mut job, frame, page, data),
                    Model::InvertedCmyk => {
                        let inks: Vec<u8> = data.iter().map(|v| 255 - v).collect();
                        one::<CMYK8>(&mut job, frame, page, &inks)
                    }
                },
                Samples::U16(data) => match frame.raster.model() {
                    Model::Grey | Model::GreyAlpha => one::<Gray16>(&mut job, frame, page, data),
                    Model::Rgb => one::<RGB16>(&mut job, frame, page, data),
                    Model::Rgba => one::<RGBA16>(&mut job, frame, page, data),
                    Model::InvertedCmyk => {
                        let inks: Vec<u16> = data.iter().map(|v| 65535 - v).collect();
                        one::<CMYK16>(&mut job, frame, page, &inks)
                    }
                },
            }?;
        }
        set_resolutions(&mut out, &self.pages);
        if out.len() as u64 > u64::from(u32::MAX) {
            let message = "the pages are too large for one TIFF; split the file";
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        Ok(out)
    }
}

/// Sets the resolution of each page. The crate has written one of its own by the time that a page
/// can be given another, and writing the tags again would leave its bytes behind, where nothing
/// points to.
fn set_resolutions(out: &mut [u8], pages: &[Page]) {
    let short =
        |out: &[u8], at: usize| Some(u16::from_ne_bytes(out.get(at..at + 2)?.try_into().ok()?));
    let long = |out: &[u8], at: usize| {
        Some(u32::from_ne_bytes(out.get(at..at + 4)?.try_into().ok()?) as usize)
    };
    let mut next = long(out, 4);
    for page in pages {
        let Some(at) = next else { return };
        let count = usize::from(short(out, at).unwrap_or(0));
        for entry in (0..count).map(|i| at + 2 + i * 12) {
            let value = page.resolution.and_then(|r| match short(out, entry) {
                Some(0x011a) => Some(r.x),
                Some(0x011b) => Some(r.y),
                _ => None,
            });
            let place = long(out, entry + 8).and_then(|at| out.get_mut(at..at + 8));
            if let (Some((above, below)), Some(place)) = (value, place) {
                place[..4].copy_from_slice(&above.to_ne_bytes());
                place[4..].copy_from_slice(&below.to_ne_bytes());
            }
        }
        next = long(out, at + 2 + count * 12);
    }
}

/// A tag with its type and value, ready to be written.
type Extra = (Tag, Type, Vec<u8>);

const NATIVE: Order = Order {
    short: u16::to_ne_bytes,
    long: u32::to_ne_bytes,
};

/// What is kept as tags of the first page; writes the directories that hang below.
fn extras(job: &mut Job<'_>, kept: &Kept) -> Result<Vec<Extra>, codec::TiffError> {
    let ready = |(tag, value): &(u16, KeptValue)| -> Option<Extra> {
        let kind = Type::from_u16(value.kind())?;
        Some((Tag::from_u16_exhaustive(*tag), kind, value.encode(NATIVE).1))
    };
    let mut found: Vec<Extra> = kept.main.iter().filter_map(ready).collect();
    for (values, pointer) in [
        (&kept.exif, Tag::ExifDirectory),
        (&kept.gps, Tag::GpsDirectory),
    ] {
        if values.is_empty() {
            continue;
        }
        let mut directory = job.extra_directory()?;
        for (tag, kind, bytes) in values.iter().filter_map(ready) {
            let entry = directory.write_entry_bytes(kind, &bytes)?;
            directory.extend_from(&[(tag, entry)].into_iter().collect());
        }
        let at = directory.finish_with_offsets()?.offset;
        found.push((pointer, Type::LONG, at.to_ne_bytes().to_vec()));
    }
    Ok(found)
}

/// A page, and what is kept beside it.
type PageAndExtras<'a> = (&'a Page, &'a [Extra]);

fn one<C: ColorType>(
    job: &mut Job<'_>,
    frame: &Frame,
    page: PageAndExtras<'_>,
    data: &[C::Inner],
) -> Result<()>
where
    [C::Inner]: TiffValue,
{
    write_page::<C>(job, frame, page, data).map_err(failed)
}

fn write_page<C: ColorType>(
    job: &mut Job<'_>,
    frame: &Frame,
    (page, extras): PageAndExtras<'_>,
    data: &[C::Inner],
) -> Result<(), codec::TiffError>
where
    [C::Inner]: TiffValue,
{
    let size = frame.raster.size();
    let mut image = job.new_image::<C>(size.width, size.height)?;
    match frame.raster.model() {
        Model::GreyAlpha => {
            let kind = match page.opacity {
                Some(Opacity::Multiplied) => codec::tags::ExtraSamples::AssociatedAlpha,
                Some(Opacity::Plain) => codec::tags::ExtraSamples::UnassociatedAlpha,
                _ => codec::tags::ExtraSamples::Unspecified,
            };
            image.extra_samples(&[kind])?;
        }
        // Without the tag a fourth sample is what the source had: opacity by custom.
        Model::Rgba => {
            if let Some(kind) = page.opacity {
                image
                    .encoder()
                    .write_tag(Tag::ExtraSamples, &[kind as u16][..])?;
            }
        }
        _ => {}
    }
    let tags = image.encoder();
    tags.write_tag(Tag::Orientation, u16::from(frame.orientation.to_exif()))?;
    for (tag, kind, bytes) in extras {
        let entry = tags.write_entry_bytes(*kind, bytes)?;
        tags.extend_from(&[(*tag, entry)].into_iter().collect());
    }
    if let Some(icc) = &page.icc {
        tags.write_tag(Tag::IccProfile, icc.bytes())?;
    }
    if let Some(resolution) = page.resolution {
        let unit = match resolution.unit {
            Unit::Aspect => ResolutionUnit::None,
            Unit::Inch => ResolutionUnit::Inch,
            Unit::Centimetre => ResolutionUnit::Centimeter,
        };
        tags.write_tag(Tag::ResolutionUnit, unit)?;
    }
    image.write_data(data)
}
