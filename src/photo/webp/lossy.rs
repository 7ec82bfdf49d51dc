//! WebP's lossy kind: how coarse a picture is, and new ones.
//!
//! Invariant: a picture that is written was read again and is the one that was to be written, as
//! far as its coarseness lets it be. The encoder is young.

use super::super::guard::encoder;
use super::super::likeness::is_like;
use super::super::raster::Model;
use super::riff;
use crate::error::Result;
use crate::geometry::Size;
use image_webp::WebPDecoder;
use std::io::Cursor;
use webp_lossy::{ColorType, EncoderParams, WebPEncoder};

/// Most pixels of a side, in whole blocks (RFC 6386, 9.1).
pub(super) const MOST: u32 = 16_368;
/// Coarsest index of quantisers, the finest being 0.
const COARSEST: u8 = 127;

/// The chunks of a still picture, `ALPH` if it needs one and `VP8 `. `quality`: 1 to 100. `None` if
/// the encoder did not write what it was given.
pub(super) fn encode(
    pixels: &[u8],
    model: Model,
    (width, height): (u32, u32),
    quality: u8,
) -> Result<Option<Vec<u8>>> {
    let mut out = Vec::new();
    if model == Model::Rgba {
        let file = run(pixels, (width, height), ColorType::Rgba8, quality)?;
        let Some(alpha) = chunk_of(&file, *b"ALPH")? else {
            return Ok(None);
        };
        riff::chunk(&mut out, *b"ALPH", alpha);
    }
    // The encoder leaves out half a pixel of colour at an odd edge: it gets whole blocks.
    let (wide, high) = (width.next_multiple_of(16), height.next_multiple_of(16));
    let whole = padded(pixels, model.channels().len(), width as usize, (wide, high));
    let file = run(&whole, (wide, high), ColorType::Rgb8, quality)?;
    let Some(picture) = chunk_of(&file, *b"VP8 ")?.filter(|p| p.len() > 10) else {
        return Ok(None);
    };
    let mut picture = picture.to_vec();
    picture[6..8].copy_from_slice(&(width as u16).to_le_bytes());
    picture[8..10].copy_from_slice(&(height as u16).to_le_bytes());
    riff::chunk(&mut out, *b"VP8 ", &picture);
    let size = Size::new(width, height);
    let file = riff::still(size, model == Model::Rgba, &out);
    let is_same = shows(&file, pixels, width as usize, model, index_of(quality));
    Ok(is_same.then_some(out))
}

/// A file of the encoder's.
fn run(
    pixels: &[u8],
    (width, height): (u32, u32),
    color: ColorType,
    quality: u8,
) -> Result<Vec<u8>> {
    let mut params = EncoderParams::default();
    params.use_lossy = true;
    params.lossy_quality = quality;
    let mut file = Vec::new();
    let mut job = WebPEncoder::new(&mut file);
    job.set_params(params);
    job.encode(pixels, width, height, color)
        .map_err(|e| encoder("WebP", e))?;
    Ok(file)
}

fn chunk_of(file: &[u8], name: [u8; 4]) -> Result<Option<&[u8]>> {
    let (chunks, _) = riff::split(file)?;
    let found = chunks.into_iter().find(|chunk| chunk.name == name);
    Ok(found.map(|chunk| chunk.data))
}

/// Red, green and blue of pixels of `channels`, the last column and row repeated up to a size.
fn padded(pixels: &[u8], channels: usize, width: usize, (wide, high): (u32, u32)) -> Vec<u8> {
    let mut out = Vec::with_capacity(wide as usize * high as usize * 3);
    let mut start = 0;
    for row in pixels.chunks_exact(width * channels) {
        start = out.len();
        let pixels = row.chunks_exact(channels);
        out.extend(pixels.flat_map(|p| [p[0], p[1], p[2]]));
        for _ in width..wide as usize {
            out.extend_from_within(out.len() - 3..);
        }
    }
    let row = start..out.len();
    while out.len() < wide as usize * high as usize * 3 {
        out.extend_from_within(row.clone());
    }
    out
}

/// The index of quantisers that the encoder takes for a quality.
fn index_of(quality: u8) -> u8 {
    (u16::from(COARSEST) - u16::from(quality.min(100)) * u16::from(COARSEST) / 100) as u8
}

/// The quality in which a picture of this index is written again: at three quarters of the index,
/// where it costs about as many bytes as it did (0.9 times those of libwebp's quality 75) and comes
/// back with 40 dB.
pub(super) fn quality_of(index: u8) -> u8 {
    let index = u16::from(index.min(COARSEST)) * 3 / 4;
    let finer = u16::from(COARSEST) - index;
    (finer * 100).div_ceil(u16::from(COARSEST)).clamp(1, 100) as u8
}

/// By how many levels one step changes smooth samples.
pub(super) fn coarseness(index: u8) -> f32 {
    (4.0 + f32::from(index)) / 16.0
}

/// Whether a new file is read as the picture that it was made of: the brightness of each tile is
/// the same but for what its coarseness explains, and opacity is the same to the level.
fn shows(file: &[u8], pixels: &[u8], width: usize, model: Model, index: u8) -> bool {
    let channels = model.channels().len();
    let Ok(mut decoder) = WebPDecoder::new(Cursor::new(file)) else {
        return false;
    };
    let mut back = vec![0; pixels.len()];
    if decoder.output_buffer_size() != Some(pixels.len()) || decoder.read_image(&mut back).is_err()
    {
        return false;
    }
    let most = 4.0 + 4.0 * coarseness(index);
    is_like(pixels, &back, (width, channels), most)
}

/// The index of quantisers of a `VP8 ` chunk, the mean one if parts have their own; `None` of a
/// damaged header (RFC 6386, 9.2 to 9.6).
pub(super) fn index(chunk: &[u8]) -> Option<u8> {
    let tag = chunk.get(..10)?;
    let is_key = tag[0] & 1 == 0;
    if !is_key || tag[3..6] != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let mut bits = Bits::new(chunk.get(10..)?)?;
    bits.literal(2)?; // colours, clamping
    let mut parts = None;
    if bits.flag()? {
        let has_map = bits.flag()?;
        if bits.flag()? {
            let is_absolute = bits.flag()?;
            let mut indices = [0; 4];
            for index in &mut indices {
                *index = bits.optional(7)?.unwrap_or_default();
            }
            for _ in 0..4 {
                bits.optional(6)?; // strengths of the filter
            }
            parts = Some((is_absolute, indices));
        }
        if has_map {
            for _ in 0..3 {
                if bits.flag()? {
                    bits.literal(8)?;
                }
            }
        }
    }
    bits.literal(1 + 6 + 3)?; // the filter
    if bits.flag()? && bits.flag()? {
        for _ in 0..8 {
            bits.optional(6)?;
        }
    }
    bits.literal(2)?; // partitions
    let base = bits.literal(7)? as i32;
    let index = match parts {
        None => base,
        Some((is_absolute, indices)) => {
            let mean = indices.iter().sum::<i32>() / 4;
            if is_absolute { mean } else { base + mean }
        }
    };
    Some(index.clamp(0, i32::from(COARSEST)) as u8)
}

/// The arithmetic decoder of VP8 (RFC 6386, 7.3), for bits of even odds.
struct Bits<'a> {
    data: std::slice::Iter<'a, u8>,
    value: u32,
    range: u32,
    shifts: u32,
}

impl<'a> Bits<'a> {
    fn new(data: &'a [u8]) -> Option<Self> {
        let mut data = data.iter();
        let value = (u32::from(*data.next()?) << 8) | u32::from(*data.next()?);
        Some(Self {
            data,
            value,
            range: 255,
            shifts: 0,
        })
    }

    fn flag(&mut self) -> Option<bool> {
        let split = 1 + (((self.range - 1) * 128) >> 8);
        let is_set = self.value >= (split << 8);
        if is_set {
            self.range -= split;
            self.value -= split << 8;
        } else {
            self.range = split;
        }
        while self.range < 128 {
            self.value <<= 1;
            self.range <<= 1;
            self.shifts += 1;
            if self.shifts == 8 {
                self.shifts = 0;
                self.value |= u32::from(*self.data.next()?);
            }
        }
        Some(is_set)
    }

    fn literal(&mut self, bits: u32) -> Option<u32> {
        (0..bits).try_fold(0, |value, _| Some((value << 1) | u32::from(self.flag()?)))
    }

    /// A flag, and if it is set a number with a sign behind it.
    fn optional(&mut self, bits: u32) -> Option<Option<i32>> {
        if !self.flag()? {
            return Some(None);
        }
        let size = self.literal(bits)? as i32;
        Some(Some(if self.flag()? { -size } else { size }))
    }
}
