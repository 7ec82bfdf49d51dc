//! HEVC pictures, decoded in pure Rust.

use super::super::guard::malformed;
use super::items::CodePoints;
use super::yuv::{Channel, Planes};
use crate::error::Result;
use crate::geometry::Size;
use heifer_hevc_dec::decoder::{DecodeOptions, decode_picture};
use heifer_hevc_dec::nal::NalUnit;
use heifer_hevc_dec::params::ParameterSets;

use super::super::boxes::Reader;

/// Decodes a picture. `setup`: the body of its `hvcC` box; `data`: slices with lengths before them.
/// No more than `most` pixels are decoded.
pub(super) fn decode(setup: &[u8], data: &[u8], most: u64) -> Result<Planes> {
    let cut = || malformed("an HEVC picture in the file is damaged");
    let (sets, width) = parameters(setup).ok_or_else(cut)?;
    let mut stream = Vec::with_capacity(data.len() + setup.len() + 64);
    let mut append = |unit: &[u8]| {
        stream.extend([0, 0, 0, 1]);
        stream.extend(unit);
    };
    sets.iter().for_each(|unit| append(unit));
    let mut read = Reader::new(data);
    while !read.rest().is_empty() {
        let length = read.small(width).ok_or_else(cut)? as usize;
        append(read.take(length).ok_or_else(cut)?);
    }
    let options = DecodeOptions {
        max_pixels: most,
        ..DecodeOptions::default()
    };
    let frame = decode_picture(&stream, options).map_err(|e| cut().because(e))?;
    let (primaries, transfer) = colour(&sets).unwrap_or((2, 2));
    let [luma, first, second] = frame.planes;
    let size = |i: usize| Size::new(frame.widths[i], frame.heights[i]);
    let channel = |i: usize, samples| Channel {
        size: size(i),
        samples,
        bits: frame.bit_depth[i.min(1)],
    };
    let grey = frame.chroma_format == 0 || size(1).is_empty();
    Ok(Planes {
        luma: channel(0, luma),
        chroma: (!grey).then(|| [channel(1, first), channel(2, second)]),
        colour: CodePoints {
            primaries,
            transfer,
            matrix: frame.matrix_coeffs.into(),
            full: frame.full_range,
        },
        // As Apple's own decoder does, which made most of these files.
        on_rows: true,
        on_columns: true,
    })
}

/// Parameter sets of an `hvcC` box (14496-15, 8.3.3), and how many bytes a length has.
fn parameters(setup: &[u8]) -> Option<(Vec<&[u8]>, usize)> {
    let mut read = Reader::new(setup);
    read.take(21)?;
    let width = (read.small(1)? & 3) as usize + 1;
    let mut units = Vec::new();
    for _ in 0..read.small(1)? {
        read.take(1)?;
        for _ in 0..read.small(2)? {
            let length = read.small(2)? as usize;
            units.push(read.take(length)?);
        }
    }
    Some((units, width))
}

/// Primaries and transfer that a stream names.
fn colour(units: &[&[u8]]) -> Option<(u16, u16)> {
    let mut sets = ParameterSets::default();
    for unit in units {
        sets.add(&NalUnit::parse(unit).ok()?).ok()?;
    }
    sets.sps.iter().flatten().find_map(|sps| {
        let vui = sps.vui.as_ref()?;
        Some((
            vui.colour_primaries.into(),
            vui.transfer_characteristics.into(),
        ))
    })
}
