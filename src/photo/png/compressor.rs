//! Which compressor the pixels of a still ask for.
//!
//! Invariant: the new pixels alone decide, so that the choice tells nothing of what was covered.

use super::pack::Packed;
use crate::geometry::Size;
use png as codec;

/// A quarter of the time of the default level 6 for photos, and as small.
pub(super) const SMALL: codec::DeflateCompression = codec::DeflateCompression::Level(3);
/// Does not look for what repeats itself.
const QUICK: codec::DeflateCompression = codec::DeflateCompression::FdeflateUltraFast;

/// Bytes of the rows that are tried together: four times as far as a compressor looks back.
const BAND: usize = 4 << 15;
/// One such band of so many is tried.
const EVERY: usize = 8;

/// Photos have next to nothing that repeats itself: there a compressor that does not look for it
/// takes a fifth of the time, and what it makes is as small. Some of the rows, all of a small
/// picture, tell whether it would be, to a tenth.
pub(super) fn suited(
    packed: &Packed<'_>,
    size: Size,
) -> Result<codec::DeflateCompression, codec::EncodingError> {
    let row = (packed.data.len() / size.height.max(1) as usize).max(1);
    let band = BAND.div_ceil(row) * row;
    let bands = packed.data.chunks(band * EVERY);
    let tried: Vec<u8> = bands
        .flat_map(|rows| &rows[..rows.len().min(band)])
        .copied()
        .collect();
    let by = |compression| compressed(packed, &tried, size.width, row, compression);
    Ok(match by(QUICK)? <= by(SMALL)?.saturating_mul(11) / 10 {
        true => QUICK,
        false => SMALL,
    })
}

/// Bytes that such rows take.
fn compressed(
    packed: &Packed<'_>,
    rows: &[u8],
    width: u32,
    row: usize,
    compression: codec::DeflateCompression,
) -> Result<usize, codec::EncodingError> {
    let mut out = Vec::new();
    let height = rows.len() / row;
    let mut encoder = codec::Encoder::new(&mut out, width, height as u32);
    encoder.set_deflate_compression(compression);
    packed.tell(&mut encoder);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rows)?;
    writer.finish()?;
    Ok(out.len())
}
