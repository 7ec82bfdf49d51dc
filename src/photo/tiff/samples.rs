//! From the bytes of a page's pieces to samples in reading order, as their file has them.

use super::stored::{Kind, Prediction, Stored};
use super::unpack;
use crate::error::Result;
use crate::photo::guard::malformed;

/// The samples of a page, `keep` for each pixel.
#[derive(Debug, PartialEq)]
pub(super) enum Raw {
    /// Up to 8 bits, from 0.
    U8(Vec<u8>),
    /// 9 to 16 bits, from 0, or the upper 16 of more.
    U16(Vec<u16>),
    Floating(Vec<f32>),
}

/// A row that is read from a piece, and where it goes.
struct Row<'a> {
    bytes: &'a [u8],
    /// Samples in the row.
    count: usize,
}

/// The first `keep` samples of each pixel of a page.
pub(super) fn read(stored: &Stored, file: &[u8], keep: usize) -> Result<Raw> {
    let count = stored.size.area() as usize * keep;
    Ok(match (stored.kind, stored.bits) {
        (Kind::Floating, _) => Raw::Floating(gather(stored, file, keep, count, floats)?),
        (Kind::Whole, ..=8) => Raw::U8(gather(stored, file, keep, count, |stored, row| {
            bits(stored, row).map(|v| v as u8).collect()
        })?),
        (Kind::Whole, _) => Raw::U16(gather(stored, file, keep, count, |stored, row| {
            bits(stored, row).map(|v| v as u16).collect()
        })?),
    })
}

/// Reads every piece and puts its samples where they belong.
fn gather<T: Copy + Default>(
    stored: &Stored,
    file: &[u8],
    keep: usize,
    count: usize,
    values: impl Fn(&Stored, &Row<'_>) -> Vec<T>,
) -> Result<Vec<T>> {
    let mut out = vec![T::default(); count];
    let (across, down) = (stored.across(), stored.down());
    let planes = if stored.planar { keep as u32 } else { 1 };
    for plane in 0..planes {
        for row in 0..down {
            for column in 0..across {
                let index = ((plane * down + row) * across + column) as usize;
                one(stored, file, index, (column, row), |x, y, bytes| {
                    let row = Row {
                        bytes,
                        count: stored.piece.width as usize * stored.together() as usize,
                    };
                    let values = values(stored, &row);
                    let width = stored.size.width as usize;
                    let at = (y * width + x) * keep;
                    let pixels = (width - x).min(stored.piece.width as usize);
                    let together = stored.together() as usize;
                    for (i, pixel) in values.chunks_exact(together).take(pixels).enumerate() {
                        let to = at + i * keep;
                        match stored.planar {
                            true => out[to + plane as usize] = pixel[0],
                            false => out[to..to + keep].copy_from_slice(&pixel[..keep]),
                        }
                    }
                })?;
            }
        }
    }
    Ok(out)
}

/// Hands out the rows of one piece: where each begins in the page, and its bytes.
fn one(
    stored: &Stored,
    file: &[u8],
    index: usize,
    (column, row): (u32, u32),
    mut put: impl FnMut(usize, usize, &[u8]),
) -> Result<()> {
    let place = stored.places.get(index).copied();
    let place = place.ok_or_else(|| malformed("strips or tiles of a TIFF page are missing"))?;
    let (rows, each) = (stored.rows(row), stored.row_bytes());
    let mut bytes = unpack::piece(stored, file, place, each * rows as usize, rows)?;
    let (x, y) = (
        (column * stored.piece.width) as usize,
        (row * stored.piece.height) as usize,
    );
    if stored.is_subsampled() {
        expand(stored, &bytes, rows, y, |y, row| put(x, y, row));
        return Ok(());
    }
    for (i, row) in bytes.chunks_exact_mut(each).enumerate() {
        match stored.prediction {
            Prediction::None => {}
            Prediction::Difference => add_up(stored, row),
            Prediction::Floating => put_together(stored, row),
        }
        put(x, y + i, row);
    }
    Ok(())
}

/// Units of several brightnesses and one pair of colours become pixels of three samples.
fn expand(stored: &Stored, bytes: &[u8], rows: u32, top: usize, mut put: impl FnMut(usize, &[u8])) {
    let (sx, sy) = (stored.subsampling.0 as usize, stored.subsampling.1 as usize);
    let (width, unit) = (stored.piece.width as usize, sx * sy + 2);
    let mut row = vec![0; width * 3];
    for (j, units) in bytes
        .chunks_exact(stored.row_bytes())
        .take(rows as usize)
        .enumerate()
    {
        for v in 0..sy {
            let y = top + j * sy + v;
            if y >= stored.size.height as usize {
                break;
            }
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                let unit = &units[x / sx * unit..][..unit];
                pixel.copy_from_slice(&[unit[v * sx + x % sx], unit[sx * sy], unit[sx * sy + 1]]);
            }
            put(y, &row);
        }
    }
}

fn number(bytes: &[u8], little: bool) -> u32 {
    let add = |all: u32, b: &u8| all << 8 | u32::from(*b);
    match little {
        true => bytes.iter().rev().fold(0, add),
        false => bytes.iter().fold(0, add),
    }
}

/// Undoes the difference to the pixel on the left.
fn add_up(stored: &Stored, row: &mut [u8]) {
    let (step, size) = (stored.together() as usize, stored.bits as usize / 8);
    let little = stored.little;
    for at in (step * size..row.len().saturating_sub(size - 1)).step_by(size) {
        let before = number(&row[at - step * size..][..size], little);
        let sum = number(&row[at..at + size], little).wrapping_add(before);
        let bytes = sum.to_le_bytes();
        for (i, to) in row[at..at + size].iter_mut().enumerate() {
            *to = bytes[if little { i } else { size - 1 - i }];
        }
    }
}

/// Undoes the predictor of floating-point numbers; their bytes come in the file's order then
/// (Adobe Photoshop TIFF Technical Note 3).
fn put_together(stored: &Stored, row: &mut [u8]) {
    let (step, size) = (stored.together() as usize, stored.bits as usize / 8);
    for at in step..row.len() {
        row[at] = row[at].wrapping_add(row[at - step]);
    }
    let count = row.len() / size;
    let apart = row.to_vec();
    for i in 0..count {
        for byte in 0..size {
            // The bytes of the highest weight come first.
            let place = if stored.little { size - 1 - byte } else { byte };
            row[i * size + place] = apart[byte * count + i];
        }
    }
}

/// Whole numbers of a row; of more than 16 bits the upper 16.
fn bits<'a>(stored: &Stored, row: &'a Row<'_>) -> impl Iterator<Item = u32> + 'a {
    let (bits, little) = (stored.bits as usize, stored.little);
    let bytes = row.bytes;
    (0..row.count).map(move |i| {
        if bits >= 16 && bits.is_multiple_of(8) {
            let size = bits / 8;
            return number(&bytes[i * size..][..size], little) >> (bits - 16);
        }
        if bits == 8 {
            return bytes[i].into();
        }
        // Packed from the highest bit down, whatever the file's order.
        let first = i * bits;
        let window = (0..3).fold(0, |all: u32, k| {
            all << 8 | u32::from(*bytes.get(first / 8 + k).unwrap_or(&0))
        });
        window >> (24 - first % 8 - bits) & ((1 << bits) - 1)
    })
}

fn floats(stored: &Stored, row: &Row<'_>) -> Vec<f32> {
    let size = stored.bits as usize / 8;
    let value = |bytes: &[u8]| match size {
        2 => half(number(bytes, stored.little)),
        3 => three_bytes(number(bytes, stored.little)),
        4 => f32::from_bits(number(bytes, stored.little)),
        _ => {
            let (low, high) = match stored.little {
                true => (&bytes[..4], &bytes[4..]),
                false => (&bytes[4..], &bytes[..4]),
            };
            let word = |b| u64::from(number(b, stored.little));
            f64::from_bits(word(high) << 32 | word(low)) as f32
        }
    };
    let all = row.bytes.chunks_exact(size).take(row.count);
    all.map(value).collect()
}

/// IEEE 754 binary16.
fn half(v: u32) -> f32 {
    small_float(v >> 15, v >> 10 & 0x1f, v & 0x3ff, 10, 15)
}

/// 24 bits: a sign, 7 bits of exponent and 16 of fraction.
fn three_bytes(v: u32) -> f32 {
    small_float(v >> 23, v >> 16 & 0x7f, v & 0xffff, 16, 63)
}

fn small_float(sign: u32, exponent: u32, fraction: u32, bits: i32, bias: i32) -> f32 {
    let share = fraction as f32 / (1u32 << bits) as f32;
    let value = match exponent as i32 {
        0 => share * 2f32.powi(1 - bias),
        e if e == 2 * bias + 1 => f32::NAN,
        e => (1.0 + share) * 2f32.powi(e - bias),
    };
    if sign == 1 { -value } else { value }
}
