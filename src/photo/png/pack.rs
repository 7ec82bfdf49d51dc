//! Gives pixels the smallest PNG form that their source had: few bits of grey, or a palette.
//!
//! Invariant: what a decoder expands again is sample for sample what was packed.

use super::super::raster::Model;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;

/// Pixels as a PNG stores them.
pub(super) struct Packed<'a> {
    pub(super) color: png::ColorType,
    pub(super) depth: png::BitDepth,
    pub(super) palette: Vec<u8>,
    /// Opacity of the palette's entries; empty if all are opaque.
    pub(super) opacity: Vec<u8>,
    /// Rows one after the other, each of whole bytes.
    pub(super) data: Cow<'a, [u8]>,
}

impl Packed<'_> {
    /// Sets all but the pixels.
    pub(super) fn tell<W: Write>(&self, encoder: &mut png::Encoder<'_, W>) {
        encoder.set_color(self.color);
        encoder.set_depth(self.depth);
        if !self.palette.is_empty() {
            encoder.set_palette(self.palette.clone());
            encoder.set_filter(png::Filter::NoFilter);
        }
        if !self.opacity.is_empty() {
            encoder.set_trns(self.opacity.clone());
        }
    }
}

/// Grey at 1, 2 or 4 bits, if every sample is one that such a depth expands to.
pub(super) fn grey(pixels: &[u8], width: usize, depth: png::BitDepth) -> Option<Packed<'static>> {
    let bits = depth as usize;
    let step = 255 / ((1usize << bits) - 1);
    if bits >= 8 || pixels.iter().any(|&v| usize::from(v) % step != 0) {
        return None;
    }
    let small: Vec<u8> = pixels.iter().map(|&v| v / step as u8).collect();
    Some(Packed {
        color: png::ColorType::Grayscale,
        depth,
        palette: Vec::new(),
        opacity: Vec::new(),
        data: bit_rows(&small, width, bits).into(),
    })
}

/// A palette, if 256 colours are enough. Entries that are not opaque come first, so that the
/// opacity chunk stays short.
pub(super) fn palette(pixels: &[u8], width: usize, model: Model) -> Option<Packed<'static>> {
    let n = model.channels().len();
    let colour = |p: &[u8]| match *p {
        [r, g, b] => Some([r, g, b, 255]),
        [r, g, b, a] => Some([r, g, b, a]),
        _ => None,
    };
    let mut entries: HashMap<[u8; 4], u8> = HashMap::new();
    for pixel in pixels.chunks_exact(n) {
        entries.entry(colour(pixel)?).or_default();
        if entries.len() > 256 {
            return None;
        }
    }
    let mut sorted: Vec<[u8; 4]> = entries.keys().copied().collect();
    sorted.sort_by_key(|&[r, g, b, a]| (a, r, g, b));
    for (i, colour) in sorted.iter().enumerate() {
        entries.insert(*colour, i as u8);
    }
    let bits = match sorted.len() {
        0..=2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => 8,
    };
    let indices: Vec<u8> = pixels
        .chunks_exact(n)
        .filter_map(|p| entries.get(&colour(p)?).copied())
        .collect();
    Some(Packed {
        color: png::ColorType::Indexed,
        depth: png::BitDepth::from_u8(bits)?,
        palette: sorted.iter().flat_map(|c| c[..3].to_vec()).collect(),
        opacity: sorted
            .iter()
            .map(|c| c[3])
            .take_while(|&a| a < 255)
            .collect(),
        data: bit_rows(&indices, width, bits.into()).into(),
    })
}

/// Rows of small numbers, each row from a whole byte on, the first number in the high bits.
fn bit_rows(values: &[u8], width: usize, bits: usize) -> Vec<u8> {
    if bits == 8 {
        return values.to_vec();
    }
    let per_byte = 8 / bits;
    values
        .chunks_exact(width)
        .flat_map(|row| row.chunks(per_byte))
        .map(|group| {
            let byte = group.iter().fold(0u8, |byte, &v| byte << bits | v);
            byte << (bits * (per_byte - group.len()))
        })
        .collect()
}
