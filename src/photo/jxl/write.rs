//! Writes a JPEG XL without loss: the frame comes from a small encoder, the header before it from
//! here, since that encoder knows one colour space and 8 bits of opacity only.
//!
//! Invariant: the header says what the pixels are; nothing else is in the file but metadata that
//! was asked for.

use super::super::convert::Parts;
use super::super::exif::{self, Facts};
use super::super::frames::{Frame, Writer};
use super::super::guard::encoder;
use super::super::icc::Profile;
use super::super::notes::Notes;
use super::super::raster::{Model, Raster, Samples};
use crate::content::ContentKind;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Size;
use std::borrow::Cow;
use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

/// Colour spaces that a header names by number (18181-1, annex E).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    Srgb,
    DisplayP3,
    Bt2020,
}

/// Everything but the pixels.
#[derive(Debug)]
pub(in super::super) struct JxlWriter {
    space: Space,
    exif: Facts,
}

impl JxlWriter {
    /// For pictures from another format: those of other colour spaces become sRGB.
    pub(in super::super) fn new(
        parts: &mut Parts,
        mut frames: Vec<Frame>,
        notes: &mut Notes,
    ) -> Result<(Vec<Frame>, Self)> {
        let icc = parts.icc.take();
        if parts.lossy {
            notes.warn(
                "the JPEG XL was lossy and is written lossless: nothing more is lost, but \
                the file is several times as large",
            );
        }
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
        if frames
            .iter()
            .any(|f| f.raster.size().width.min(f.raster.size().height) < 2)
        {
            let message =
                "pictures one pixel wide or high cannot be written as JPEG XL; PNG can hold them";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let exif = std::mem::take(&mut parts.exif);
        Ok((frames, Self { space, exif }))
    }
}

impl Writer for JxlWriter {
    fn write(&self, frames: &[Frame]) -> Result<Vec<u8>> {
        let raster = &with_three_colours(&frames[0].raster)?;
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
        out.splice(..theirs, header(raster, Some(self.space)));
        let deep = matches!(raster.samples(), Samples::U16(_));
        Ok(match exif::write(&self.exif) {
            None if !deep => out,
            block => in_container(&out, deep, block.as_deref()),
        })
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

/// Bits from the lowest of each byte on.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, count: u32, value: u32) {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> i & 1) as u8) << (self.used % 8);
            }
            self.used += 1;
        }
    }

    /// A side of the picture (annex D.2).
    fn side(&mut self, side: u32) {
        let value = side - 1;
        let (choice, bits) = [9, 13, 18, 30]
            .into_iter()
            .zip(0..)
            .find_map(|(bits, choice)| (value < 1 << bits).then_some((choice, bits)))
            .unwrap_or((3, 30));
        self.put(2, choice);
        self.put(bits, value);
    }

    /// An enumerated value (annex B.2.4).
    fn choice(&mut self, value: u32) {
        match value {
            0 | 1 => self.put(2, value),
            2..=17 => {
                self.put(2, 2);
                self.put(4, value - 2);
            }
            _ => {
                self.put(2, 3);
                self.put(6, value - 18);
            }
        }
    }

    /// Whole numbers of 8 or 16 bits.
    fn depth(&mut self, deep: bool) {
        self.put(1, 0);
        if deep {
            self.put(2, 3);
            self.put(6, 15);
        } else {
            self.put(2, 0);
        }
    }
}

/// Signature, size and metadata (annexes D and E), to a whole byte. Without a space: as the encoder
/// writes it, whose length is what counts.
fn header(raster: &Raster, space: Option<Space>) -> Vec<u8> {
    let deep = matches!(raster.samples(), Samples::U16(_));
    let n = raster.model().channels().len();
    let (grey, alpha) = (n < 3, n.is_multiple_of(2));
    let mut bits = Bits::default();
    bits.put(16, 0x0aff);
    bits.put(1, 0); // sides of any length
    bits.side(raster.size().height);
    bits.put(3, 0); // no fixed ratio
    bits.side(raster.size().width);
    bits.put(1, 0); // not all by default
    bits.put(1, 0); // no orientation, no preview, no animation
    bits.depth(deep);
    bits.put(1, u32::from(!deep)); // 16 bits suffice between transforms
    bits.put(2, u32::from(alpha)); // extra channels
    if alpha && deep && space.is_some() {
        bits.put(1, 0);
        bits.choice(0); // opacity
        bits.depth(deep);
        bits.put(2, 0); // at full size
        bits.put(2, 0); // without a name
        bits.put(1, 0); // not multiplied
    } else if alpha {
        bits.put(1, 1);
    }
    bits.put(1, 0); // colours as they are
    let primaries = match space {
        Some(Space::DisplayP3) => 11,
        Some(Space::Bt2020) => 9,
        _ => 1,
    };
    if grey || primaries != 1 {
        bits.put(1, 0);
        bits.put(1, 0); // no profile
        bits.choice(u32::from(grey));
        bits.choice(1); // D65
        if !grey {
            bits.choice(primaries);
        }
        bits.put(1, 0); // no gamma
        bits.choice(13); // sRGB's curve
        bits.choice(1); // relative
    } else {
        bits.put(1, 1);
    }
    bits.put(2, 0); // no extensions
    bits.put(1, 1); // usual transforms
    bits.bytes
}
