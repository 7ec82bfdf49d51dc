//! Writes a JPEG XL. Its header and a lossy frame are ours. A frame without loss comes from a small
//! encoder, which knows one colour space and 8 bits of opacity only.
//!
//! Invariant: the header says what the pixels are; nothing else is in the file but metadata that
//! was asked for.

use super::super::convert::Parts;
use super::super::exif::{self, Facts};
use super::super::frames::{Frame, Writer};
use super::super::guard::{Budget, encoder};
use super::super::icc::Profile;
use super::super::likeness::is_like;
use super::super::notes::Notes;
use super::super::quality::Quality;
use super::super::raster::{Model, Raster, Samples};
use super::header::{Space, header};
use super::lossy;
use crate::content::ContentKind;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Size;
use std::borrow::Cow;
use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

/// See [`Photo::coarseness`](super::super::Photo::coarseness): as of HEIC, since nobody knows how
/// coarse a file is.
const COARSENESS: f32 = 2.0;
/// Levels by which tiles of a new lossy file may be off, at the coarsest quality.
const MOST_OFF: f32 = 20.0;

/// How the pixels are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Lossless,
    /// At this quality, 1 to 100.
    Percent(u8),
    /// About as finely as a source of so many bytes.
    AsSource(usize),
}

/// Everything but the pixels.
#[derive(Debug)]
pub(in super::super) struct JxlWriter {
    space: Space,
    exif: Facts,
    coding: Coding,
    /// Whether the source was a lossy JPEG XL.
    is_from_lossy: bool,
}

impl JxlWriter {
    /// For pictures from another format: those of other colour spaces become sRGB.
    pub(in super::super) fn new(
        parts: &mut Parts,
        mut frames: Vec<Frame>,
        quality: Quality,
        notes: &mut Notes,
    ) -> Result<(Vec<Frame>, Self)> {
        let icc = parts.icc.take();
        let coding = Coding::of(parts, &frames, quality, notes);
        let known = |primaries| Profile::of_code_points(primaries, 13);
        let space = match &icc {
            None => Space::Srgb,
            icc if *icc == known(12) => Space::DisplayP3,
            icc if *icc == known(9) => Space::Bt2020,
            Some(icc) if icc.is_srgb() => Space::Srgb,
            Some(icc) => {
                notes.forget(ContentKind::Icc);
                for frame in &mut frames {
                    if let Some(raster) = icc.to_srgb(&frame.raster) {
                        frame.raster = raster;
                        notes.warn(
                            "colours were made those of sRGB, since a JPEG XL of ours has \
                            no other profile",
                        );
                    } else {
                        notes.warn("the colour profile was dropped: colours may look different");
                    }
                }
                Space::Srgb
            }
        };
        let is_line = |f: &Frame| f.raster.size().width.min(f.raster.size().height) < 2;
        if coding == Coding::Lossless && frames.iter().any(is_line) {
            let message = "pictures one pixel wide or high cannot be written as lossless JPEG XL; \
                PNG can hold them";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let exif = std::mem::take(&mut parts.exif);
        Ok((
            frames,
            Self {
                space,
                exif,
                coding,
                is_from_lossy: parts.lossy_bytes.is_some(),
            },
        ))
    }
}

impl Coding {
    /// Says what becomes of a lossy source, and of a quality that cannot be had.
    fn of(parts: &Parts, frames: &[Frame], quality: Quality, notes: &mut Notes) -> Self {
        let can_be_lossy = frames.iter().all(|frame| lossy::can_hold(&frame.raster));
        let coding = match (quality, parts.lossy_bytes) {
            (Quality::Percent(percent), _) if can_be_lossy => Self::Percent(percent),
            (Quality::AsSource, Some(bytes)) if can_be_lossy => Self::AsSource(bytes),
            _ => Self::Lossless,
        };
        match (coding, quality, parts.lossy_bytes) {
            (Self::AsSource(_), ..) => notes.warn(
                "the JPEG XL was lossy and is coded again about as finely: pixels outside the \
                masks change a little",
            ),
            (Self::Lossless, _, Some(_)) => notes.warn(
                "the JPEG XL was lossy and is written lossless: nothing more is lost, but \
                the file is several times as large",
            ),
            (Self::Lossless, Quality::Percent(_), None) => notes.warn(
                "a JPEG XL with more than 8 bits a channel or 65535 pixels a side is written \
                lossless, whatever the quality that was asked for",
            ),
            _ => {}
        }
        coding
    }
}

impl Writer for JxlWriter {
    fn write(&self, frames: &[Frame]) -> Result<Vec<u8>> {
        let raster = &frames[0].raster;
        let frame = match self.coding {
            Coding::Lossless => None,
            Coding::Percent(percent) => Some(lossy::encode(raster, percent)?),
            Coding::AsSource(bytes) => Some(lossy::encode_like(raster, bytes)?),
        };
        let out = frame.map(|frame| [header(raster, Some(self.space)), frame].concat());
        let out = match out.filter(|file| shows(file, raster)) {
            Some(lossy) => lossy,
            None => lossless(raster, self.space)?,
        };
        let deep = matches!(raster.samples(), Samples::U16(_));
        Ok(match exif::write(&self.exif) {
            None if !deep => out,
            block => in_container(&out, deep, block.as_deref()),
        })
    }

    fn coarseness(&self) -> Vec<f32> {
        match self.is_from_lossy {
            true => vec![COARSENESS; 4],
            false => Vec::new(),
        }
    }

    fn parts(self, frames: Vec<Frame>) -> Parts {
        let icc = match self.space {
            Space::Srgb => None,
            Space::DisplayP3 => Profile::of_code_points(12, 13),
            Space::Bt2020 => Profile::of_code_points(9, 13),
        };
        Parts {
            icc,
            exif: self.exif,
            ..Parts::new(frames)
        }
    }
}

/// Whether a new lossy file is read as the picture that it was made of.
fn shows(file: &[u8], raster: &Raster) -> bool {
    // The decoder counts narrow pictures as wider ones.
    let mut budget = Budget::new(raster.size().area().saturating_mul(16));
    let Ok(parts) = super::read(file, &mut budget, &mut Notes::default()) else {
        return false;
    };
    let read = &parts.frames[0].raster;
    let channels = raster.model().channels().len();
    let width = raster.size().width as usize;
    match (raster.samples(), read.samples()) {
        (Samples::U8(given), Samples::U8(back)) => {
            read.size() == raster.size() && is_like(given, back, (width, channels), MOST_OFF)
        }
        _ => false,
    }
}

/// A codestream without loss.
fn lossless(raster: &Raster, space: Space) -> Result<Vec<u8>> {
    let raster = &with_three_colours(raster)?;
    let Size { width, height } = raster.size();
    let colour = match raster.model() {
        Model::Grey => ColorSpace::Luma,
        Model::GreyAlpha => ColorSpace::LumaA,
        Model::Rgb => ColorSpace::RGB,
        Model::Rgba => ColorSpace::RGBA,
        Model::InvertedCmyk => {
            return Err(Error::new(ErrorKind::Internal, "a JPEG XL has no inks"));
        }
    };
    let deep: Vec<u8>;
    let (bytes, depth) = match raster.samples() {
        Samples::U8(v) => (v, BitDepth::Eight),
        Samples::U16(v) => {
            deep = v.iter().flat_map(|v| v.to_ne_bytes()).collect();
            (&deep, BitDepth::Sixteen)
        }
    };
    let options = EncoderOptions::new(width as usize, height as usize, colour, depth);
    let mut out = Vec::new();
    JxlSimpleEncoder::new(bytes, options)
        .encode(&mut out)
        .map_err(|e| encoder("JPEG XL", format!("{e:?}")))?;
    let theirs = header(raster, None).len();
    out.splice(..theirs, header(raster, Some(space)));
    Ok(out)
}

/// Grey with opacity at 16 bits gets three equal colours: the encoder loses the upper half of its
/// values.
fn with_three_colours(raster: &Raster) -> Result<Cow<'_, Raster>> {
    match (raster.model(), raster.samples()) {
        (Model::GreyAlpha, Samples::U16(v)) => {
            let pixels = v.chunks_exact(2);
            let wide = pixels.flat_map(|p| [p[0], p[0], p[0], p[1]]).collect();
            let raster = Raster::new(raster.size(), Model::Rgba, Samples::U16(wide))?;
            Ok(Cow::Owned(raster))
        }
        _ => Ok(Cow::Borrowed(raster)),
    }
}

/// The boxes that metadata must be in, and a codestream beyond level 5, which 16 bits a sample are
/// (annex M; 18181-2).
fn in_container(stream: &[u8], deep: bool, exif: Option<&[u8]>) -> Vec<u8> {
    let mut out = b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl ".to_vec();
    if deep {
        out.extend(b"\0\0\0\x09jxll\x0a");
    }
    if let Some(block) = exif {
        out.extend((block.len() as u32 + 12).to_be_bytes());
        // Where the block begins comes before it.
        out.extend(b"Exif\0\0\0\0");
        out.extend(block);
    }
    // A length of 0 goes to the end of the file.
    out.extend(b"\0\0\0\0jxlc");
    out.extend(stream);
    out
}
