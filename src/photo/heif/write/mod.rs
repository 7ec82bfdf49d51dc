//! HEIC from pixels, and AVIF: tiles of a codec in a container of our own.
//!
//! Invariant: a file holds the picture, its opacity if it has any, its colour, and metadata that
//! was asked for; every byte of it is a function of the pixels, the profile and that.

#[cfg(feature = "avif-write")]
mod av1;
mod container;
#[cfg(feature = "heic")]
mod hevc;
mod levels;

use super::super::convert::Parts;
use super::super::exif::{self, Facts};
use super::super::frames::{Frame, Writer};
use super::super::guard::encoder;
use super::super::icc::Profile;
use super::super::raster::{Raster, Samples};
use super::super::{Format, Quality};
use crate::error::Result;
use crate::geometry::{PixelRect, Size};
use crate::parallel;
use container::{Container, boxed};
use levels::Levels;

/// A coded picture.
struct Coded {
    /// The box of what its decoder must know.
    setup: Vec<u8>,
    data: Vec<u8>,
}

/// What numbers mean, by the code points of ITU-T H.273.
#[derive(Clone, Copy)]
struct Meaning {
    primaries: u8,
    transfer: u8,
    matrix: u8,
}

/// The two codecs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    #[cfg(feature = "heic")]
    Hevc,
    #[cfg(feature = "avif-write")]
    Av1,
}

/// Which of a picture's channels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aspect {
    Colour,
    Opacity,
}

impl Codec {
    /// Kind of an item.
    const fn kind(self) -> [u8; 4] {
        match self {
            #[cfg(feature = "heic")]
            Self::Hevc => *b"hvc1",
            #[cfg(feature = "avif-write")]
            Self::Av1 => *b"av01",
        }
    }

    const fn brands(self, bits: u8) -> &'static [&'static [u8; 4]] {
        match (self, bits) {
            #[cfg(feature = "heic")]
            (Self::Hevc, 8) => &[b"heic", b"mif1"],
            #[cfg(feature = "heic")]
            (Self::Hevc, _) => &[b"heix", b"mif1"],
            #[cfg(feature = "avif-write")]
            (Self::Av1, _) => &[b"avif", b"mif1"],
        }
    }

    /// The purpose of a picture that is opacity.
    const fn opacity(self) -> &'static str {
        match self {
            #[cfg(feature = "heic")]
            Self::Hevc => "urn:mpeg:hevc:2015:auxid:1",
            #[cfg(feature = "avif-write")]
            Self::Av1 => "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
        }
    }

    /// Bits a sample for pictures of 8 or more.
    const fn bits(self, samples: &Samples) -> u8 {
        match (self, samples) {
            #[cfg(feature = "heic")]
            (Self::Hevc, Samples::U8(_)) => 8,
            _ => 10,
        }
    }

    /// Sides of a tile, and of what it must be a multiple.
    const fn tile(self) -> (u32, u32) {
        match self {
            #[cfg(feature = "heic")]
            // As phones have it. Colour is halved.
            Self::Hevc => (512, 2),
            #[cfg(feature = "avif-write")]
            Self::Av1 => (1024, 1),
        }
    }

    fn levels(self, raster: &Raster, part: PixelRect, aspect: Aspect) -> Levels {
        let bits = self.bits(raster.samples());
        match aspect {
            Aspect::Opacity => Levels::opacity(raster, part, bits),
            #[cfg(feature = "heic")]
            Aspect::Colour if self == Self::Hevc => Levels::colour(raster, part, bits, true),
            Aspect::Colour => Levels::colour(raster, part, bits, false),
        }
    }

    fn code(self, levels: &Levels, meaning: Meaning, quality: u8) -> Result<Coded> {
        match self {
            #[cfg(feature = "heic")]
            Self::Hevc => hevc::code(levels, meaning, quality),
            #[cfg(feature = "avif-write")]
            Self::Av1 => av1::code(levels, meaning, quality),
        }
    }
}

/// Everything but the pixels.
#[derive(Debug)]
pub(in super::super) struct HeifWriter {
    codec: Codec,
    /// 1 to 100.
    quality: u8,
    icc: Option<Profile>,
    exif: Facts,
}

impl HeifWriter {
    /// Takes what a HEIF has a place for; `None` for a format that is none.
    pub(in super::super) fn new(parts: &mut Parts, to: Format, quality: Quality) -> Option<Self> {
        let codec = match to {
            #[cfg(feature = "heic")]
            Format::Heic => Codec::Hevc,
            #[cfg(feature = "avif-write")]
            Format::Avif => Codec::Av1,
            _ => return None,
        };
        let icc = parts.icc.take();
        let exif = std::mem::take(&mut parts.exif);
        Some(Self {
            codec,
            quality: quality.percent_or(Quality::USUAL),
            icc,
            exif,
        })
    }

    /// Adds a picture, in one piece or as a grid of tiles, and gives its item.
    fn picture(&self, file: &mut Container, raster: &Raster, aspect: Aspect) -> Result<u16> {
        let (size, codec) = (raster.size(), self.codec);
        let (most, unit) = codec.tile();
        let side = |whole: u32| whole.next_multiple_of(unit).min(most);
        let tile = Size::new(side(size.width), side(size.height));
        let (across, down) = (
            size.width.div_ceil(tile.width),
            size.height.div_ceil(tile.height),
        );
        let is_whole = tile == size;
        let meaning = match (aspect, &self.icc) {
            // sRGB.
            (Aspect::Colour, None) => Meaning::new(1, 13, 6),
            (Aspect::Colour, Some(_)) => Meaning::new(2, 2, 6),
            (Aspect::Opacity, _) => Meaning::new(2, 2, 2),
        };
        let channels = if aspect == Aspect::Colour { 3 } else { 1 };
        let depth = container::depth(channels, codec.bits(raster.samples()));
        let colour = match (aspect, &self.icc) {
            (Aspect::Colour, None) => Some(meaning.property()),
            (Aspect::Colour, Some(icc)) => {
                Some(boxed(b"colr", &[&b"prof"[..], icc.bytes()].concat()))
            }
            (Aspect::Opacity, _) => None,
        };
        let purpose = (aspect == Aspect::Opacity).then(|| container::purpose(codec.opacity()));
        let mut tiles = Vec::with_capacity((across * down) as usize);
        let code = |number: u32| {
            let (x, y) = (number % across * tile.width, number / across * tile.height);
            let part = PixelRect::new(x, y, tile.width, tile.height);
            codec.code(&codec.levels(raster, part, aspect), meaning, self.quality)
        };
        for coded in parallel::map((0..across * down).collect(), code) {
            let coded = coded?;
            let mut properties = vec![container::size(tile), depth.clone()];
            properties.extend(colour.clone());
            properties.extend(purpose.clone().filter(|_| is_whole));
            properties.push(coded.setup);
            tiles.push(file.item(codec.kind(), coded.data, &properties, !is_whole));
        }
        if is_whole {
            return tiles.pop().ok_or_else(|| encoder("HEIF", "no tile"));
        }
        let mut properties = vec![container::size(size), depth];
        properties.extend(colour);
        properties.extend(purpose);
        let data = container::grid(across, down, size)?;
        let grid = file.item(*b"grid", data, &properties, false);
        file.refer(b"dimg", grid, &tiles);
        Ok(grid)
    }
}

impl Meaning {
    const fn new(primaries: u8, transfer: u8, matrix: u8) -> Self {
        Self {
            primaries,
            transfer,
            matrix,
        }
    }

    /// The `colr` box (ISO/IEC 14496-12, 12.1.5), full range.
    fn property(self) -> Vec<u8> {
        let numbers = [self.primaries, self.transfer, self.matrix];
        let mut body = b"nclx".to_vec();
        numbers.iter().for_each(|&v| body.extend([0, v]));
        body.push(0x80);
        boxed(b"colr", &body)
    }
}

impl Writer for HeifWriter {
    fn write(&self, frames: &[Frame]) -> Result<Vec<u8>> {
        let raster = &frames[0].raster;
        let mut file = Container::default();
        let main = self.picture(&mut file, raster, Aspect::Colour)?;
        if raster.model().channels().len() == 4 {
            let opacity = self.picture(&mut file, raster, Aspect::Opacity)?;
            file.refer(b"auxl", opacity, &[main]);
        }
        if let Some(block) = exif::write(&self.exif) {
            // Where the block begins comes before it.
            let data = [&[0; 4], &block[..]].concat();
            let exif = file.item(*b"Exif", data, &[], true);
            file.refer(b"cdsc", exif, &[main]);
        }
        file.finish(self.codec.brands(self.codec.bits(raster.samples())), main)
    }

    fn parts(self, frames: Vec<Frame>) -> Parts {
        Parts {
            icc: self.icc,
            exif: self.exif,
            ..Parts::new(frames)
        }
    }
}
