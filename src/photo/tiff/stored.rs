//! How the samples of a page lie in its file, read from its tags and checked.

use super::{Reader, damaged, first, unsigned};
use crate::error::Result;
use crate::geometry::Size;
use crate::photo::guard::{malformed, unsupported};
use ::tiff::tags::Tag;

/// What a sentence of refusal ends with.
const INSTEAD: &str = "save it as PNG, or as a TIFF of 8 or 16 bits a sample";
/// Most samples of a pixel: colour, opacity, and 8 more.
const MOST_SAMPLES: u32 = 13;
/// Most bytes of a strip or tile once it is unpacked, besides what its page explains.
const MOST_PADDING: u32 = 1 << 16;

/// How bytes were made fewer, by the numbers of tag 259.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    /// Runs of a fax, rows on whole bytes.
    Runs,
    Fax3,
    Fax4,
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    Zstd,
    WebP,
}

/// What the samples of a pixel mean, by the numbers of tag 262.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    WhiteIsZero,
    BlackIsZero,
    Rgb,
    Palette,
    Inks,
    YCbCr,
    /// Colour channels are signed.
    Lab,
    /// Colour channels have 128 or 32768 added.
    IccLab,
}

/// What the bits of a sample mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Whole,
    Floating,
}

/// What was done to rows before they were packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prediction {
    None,
    /// Each sample less the one to its left.
    Difference,
    /// The same for bytes, those of equal weight side by side.
    Floating,
}

/// The layout of a page.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) size: Size,
    /// A strip or a tile; the last strip may be lower.
    pub(super) piece: Size,
    /// A plane for each sample of a pixel, one after the other.
    pub(super) planar: bool,
    pub(super) samples: u32,
    pub(super) bits: u32,
    pub(super) kind: Kind,
    pub(super) packing: Packing,
    pub(super) prediction: Prediction,
    pub(super) colours: Colours,
    /// Pixels of brightness per one of colour, across and down.
    pub(super) subsampling: (u32, u32),
    pub(super) little: bool,
    pub(super) lowest_first: bool,
    /// Where each piece begins, and its length.
    pub(super) places: Vec<(u64, u64)>,
    pub(super) tables: Option<Vec<u8>>,
    pub(super) fax_options: u32,
}

impl Stored {
    pub(super) fn read(decoder: &mut Reader<'_>, file: &[u8], size: Size) -> Result<Self> {
        let samples = unsigned(decoder, 277)?.unwrap_or(1);
        if samples == 0 || samples > MOST_SAMPLES {
            return Err(refused("more than 8 extra samples a pixel"));
        }
        let bits = unsigned(decoder, 258)?.unwrap_or(1);
        let kind = match unsigned(decoder, 339)?.unwrap_or(1) {
            1 | 4 => Kind::Whole,
            3 => Kind::Floating,
            _ => return Err(refused("signed or complex samples")),
        };
        let packing = packing(unsigned(decoder, 259)?.unwrap_or(1))?;
        let tiled = decoder.get_chunk_type() == ::tiff::decoder::ChunkType::Tile;
        let (width, height) = decoder.chunk_dimensions();
        if width == 0 || height == 0 {
            return Err(malformed("a strip or tile of the TIFF is empty"));
        }
        let padding = |piece: u32, page: u32| piece > page.saturating_add(MOST_PADDING);
        if tiled && (padding(width, size.width) || padding(height, size.height)) {
            return Err(malformed(
                "the tiles of a TIFF page are far larger than the page",
            ));
        }
        let stored = Self {
            size,
            piece: match tiled {
                true => Size::new(width, height),
                false => Size::new(size.width, height.min(size.height)),
            },
            planar: samples > 1 && unsigned(decoder, 284)? == Some(2),
            samples,
            bits,
            kind,
            prediction: match unsigned(decoder, 317)?.unwrap_or(1) {
                1 => Prediction::None,
                2 => Prediction::Difference,
                3 => Prediction::Floating,
                _ => return Err(malformed("a TIFF page has a predictor that does not exist")),
            },
            colours: colours(unsigned(decoder, 262)?)?,
            subsampling: subsampling(decoder)?,
            little: file.starts_with(b"II"),
            lowest_first: lowest_first(decoder, packing)?,
            places: places(decoder, tiled)?,
            tables: match packing {
                Packing::Jpeg => decoder
                    .find_tag(Tag::JPEGTables)
                    .map_err(damaged)?
                    .and_then(|value| value.into_u8_vec().ok()),
                _ => None,
            },
            fax_options: unsigned(decoder, 292)?.unwrap_or(0),
            packing,
        };
        stored.check()?;
        Ok(stored)
    }

    fn check(&self) -> Result<()> {
        let fits = match (self.packing, self.kind) {
            (Packing::Jpeg | Packing::WebP, _) => self.bits == 8,
            (Packing::Runs | Packing::Fax3 | Packing::Fax4, _) => {
                self.bits == 1 && self.samples == 1
            }
            (_, Kind::Floating) => matches!(self.bits, 16 | 24 | 32 | 64),
            (_, Kind::Whole) => matches!(self.bits, 1..=16 | 24 | 32),
        };
        if !fits {
            return Err(refused(&format!("samples of {} bits", self.bits)));
        }
        let predicted = match self.prediction {
            Prediction::None => true,
            Prediction::Difference => matches!(self.bits, 8 | 16 | 32),
            Prediction::Floating => self.kind == Kind::Floating,
        };
        if !predicted || self.is_subsampled() && self.prediction != Prediction::None {
            return Err(refused("a predictor of this kind"));
        }
        if self.is_subsampled() && (self.bits != 8 || self.planar || self.samples != 3) {
            return Err(refused("reduced colour of this kind"));
        }
        if self.planar && self.packing == Packing::WebP {
            return Err(refused("a WebP picture for each plane"));
        }
        if self.colours == Colours::Palette
            && !(self.kind == Kind::Whole && matches!(self.bits, 1..=16))
        {
            return Err(refused("a palette of this kind"));
        }
        let lab = matches!(self.colours, Colours::Lab | Colours::IccLab);
        if lab && !(self.kind == Kind::Whole && matches!(self.bits, 8 | 16)) {
            return Err(refused("Lab colours of this kind"));
        }
        if self.places.len() < self.count() {
            return Err(malformed("strips or tiles of a TIFF page are missing"));
        }
        Ok(())
    }

    /// Whether units of several pixels are stored together.
    pub(super) fn is_subsampled(&self) -> bool {
        self.colours == Colours::YCbCr
            && self.subsampling != (1, 1)
            && !matches!(self.packing, Packing::Jpeg | Packing::WebP)
    }

    pub(super) fn across(&self) -> u32 {
        self.size.width.div_ceil(self.piece.width)
    }

    pub(super) fn down(&self) -> u32 {
        self.size.height.div_ceil(self.piece.height)
    }

    /// Pieces of all planes.
    fn count(&self) -> usize {
        let planes = if self.planar { self.samples } else { 1 };
        self.across() as usize * self.down() as usize * planes as usize
    }

    /// Samples of a pixel in one piece.
    pub(super) fn together(&self) -> u32 {
        if self.planar { 1 } else { self.samples }
    }

    /// Bytes of a row of a piece.
    pub(super) fn row_bytes(&self) -> usize {
        if self.is_subsampled() {
            let (sx, sy) = self.subsampling;
            return self.piece.width.div_ceil(sx) as usize * (sx * sy + 2) as usize;
        }
        let bits = u64::from(self.piece.width) * u64::from(self.together() * self.bits);
        bits.div_ceil(8) as usize
    }

    /// Rows of a piece that hold something, in the units of [`Stored::row_bytes`].
    pub(super) fn rows(&self, row_of_pieces: u32) -> u32 {
        let from = row_of_pieces * self.piece.height;
        let rows = self.piece.height.min(self.size.height.saturating_sub(from));
        match self.is_subsampled() {
            true => rows.div_ceil(self.subsampling.1),
            false => rows,
        }
    }
}

/// An error about a kind of TIFF that is not read.
pub(super) fn refused(what: &str) -> crate::error::Error {
    unsupported(format!("TIFF with {what} is not handled; {INSTEAD}"))
}

fn packing(number: u32) -> Result<Packing> {
    Ok(match number {
        1 => Packing::None,
        2 => Packing::Runs,
        3 => Packing::Fax3,
        4 => Packing::Fax4,
        5 => Packing::Lzw,
        7 => Packing::Jpeg,
        8 | 32946 => Packing::Deflate,
        32773 => Packing::PackBits,
        50000 => Packing::Zstd,
        50001 => Packing::WebP,
        6 => return Err(refused("JPEG compression of the old kind")),
        34925 => return Err(refused("LZMA compression")),
        _ => return Err(refused("a compression of this kind")),
    })
}

fn colours(number: Option<u32>) -> Result<Colours> {
    Ok(match number {
        Some(0) => Colours::WhiteIsZero,
        Some(1) => Colours::BlackIsZero,
        Some(2) => Colours::Rgb,
        Some(3) => Colours::Palette,
        Some(5) => Colours::Inks,
        Some(6) => Colours::YCbCr,
        Some(8) => Colours::Lab,
        Some(9) => Colours::IccLab,
        Some(4) => return Err(refused("a page that is a transparency mask")),
        _ => return Err(refused("colours of this kind")),
    })
}

fn subsampling(decoder: &mut Reader<'_>) -> Result<(u32, u32)> {
    let found = decoder
        .find_tag_unsigned_vec::<u32>(Tag::ChromaSubsampling)
        .map_err(damaged)?;
    match found.as_deref() {
        None => Ok((2, 2)),
        Some(&[x @ (1 | 2 | 4), y @ (1 | 2 | 4)]) => Ok((x, y)),
        Some(_) => Err(malformed("a TIFF page has reduced colour that cannot be")),
    }
}

/// Whether a page's bytes are to be turned around, by FillOrder (tag 266). As in libtiff that is so
/// before any compression is undone and whatever the number of bits, but never for JPEG, whose
/// streams have an order of their own.
fn lowest_first(decoder: &mut Reader<'_>, packing: Packing) -> Result<bool> {
    let order = decoder.find_tag(Tag::FillOrder).map_err(damaged)?;
    match order.map(first) {
        None | Some(Some(1)) => Ok(false),
        Some(Some(2)) => Ok(!matches!(packing, Packing::Jpeg | Packing::WebP)),
        Some(_) => Err(refused("a FillOrder that is neither 1 nor 2")),
    }
}

fn places(decoder: &mut Reader<'_>, tiled: bool) -> Result<Vec<(u64, u64)>> {
    let (at, length) = match tiled {
        true => (Tag::TileOffsets, Tag::TileByteCounts),
        false => (Tag::StripOffsets, Tag::StripByteCounts),
    };
    let mut numbers = |tag| -> Result<Vec<u64>> {
        let found = decoder.find_tag_unsigned_vec::<u64>(tag).map_err(damaged)?;
        Ok(found.unwrap_or_default())
    };
    let (at, length) = (numbers(at)?, numbers(length)?);
    Ok(at.into_iter().zip(length).collect())
}
