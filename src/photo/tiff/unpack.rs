//! Undoes the compression of a strip or tile. Every buffer has the length that the page explains.

use super::stored::{Packing, Stored, refused};
use crate::error::{Error, Result};
use crate::photo::guard::malformed;
use std::io::{Cursor, Read};

fn cut() -> Error {
    malformed("the TIFF is damaged or cut off")
}

fn broken<E: std::error::Error + Send + Sync + 'static>(error: E) -> Error {
    cut().because(error)
}

/// `length` bytes of a piece. What its stream holds beyond that is not looked at.
pub(super) fn piece(
    stored: &Stored,
    file: &[u8],
    place: (u64, u64),
    length: usize,
    rows: u32,
) -> Result<Vec<u8>> {
    let begin = usize::try_from(place.0).map_err(|_| cut())?;
    let data = file.get(begin..).ok_or_else(cut)?;
    let held = usize::try_from(place.1).unwrap_or(usize::MAX);
    let data = &data[..held.min(data.len())];
    let turned: Vec<u8>;
    let data = match stored.lowest_first {
        true => {
            turned = data.iter().map(|b| b.reverse_bits()).collect();
            &turned
        }
        false => data,
    };
    match stored.packing {
        Packing::None => data.get(..length).map(<[u8]>::to_vec).ok_or_else(cut),
        Packing::PackBits => pack_bits(data, length),
        Packing::Lzw => lzw(data, length),
        Packing::Deflate => filled(flate2::read::ZlibDecoder::new(data), length),
        Packing::Zstd => zstd(data, length),
        Packing::Jpeg => jpeg(stored, data, length, rows),
        Packing::WebP => webp(stored, data, length),
        Packing::Runs | Packing::Fax3 | Packing::Fax4 => fax(stored, data, length, rows),
    }
}

fn filled(mut from: impl Read, length: usize) -> Result<Vec<u8>> {
    let mut out = vec![0; length];
    from.read_exact(&mut out).map_err(broken)?;
    Ok(out)
}

fn pack_bits(mut data: &[u8], length: usize) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(length);
    while out.len() < length {
        let (&head, rest) = data.split_first().ok_or_else(cut)?;
        let count = usize::from(head);
        data = match head {
            0..=127 => {
                let (own, rest) = rest.split_at_checked(count + 1).ok_or_else(cut)?;
                out.extend_from_slice(own);
                rest
            }
            128 => rest,
            129.. => {
                let (&value, rest) = rest.split_first().ok_or_else(cut)?;
                out.resize(out.len() + 257 - count, value);
                rest
            }
        };
    }
    out.truncate(length);
    Ok(out)
}

fn lzw(mut data: &[u8], length: usize) -> Result<Vec<u8>> {
    use weezl::{BitOrder, LzwStatus, decode::Decoder};
    let mut decoder = Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
    let mut out = vec![0; length];
    let mut at = 0;
    while at < length {
        let step = decoder.decode_bytes(data, &mut out[at..]);
        let status = step.status.map_err(broken)?;
        at += step.consumed_out;
        data = &data[step.consumed_in..];
        let stands = step.consumed_out == 0 && step.consumed_in == 0;
        if at < length && (!matches!(status, LzwStatus::Ok) || stands) {
            return Err(cut());
        }
    }
    Ok(out)
}

fn zstd(data: &[u8], length: usize) -> Result<Vec<u8>> {
    const WINDOW: u64 = 128 << 20; // what libzstd takes by default
    let decoder = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(data, WINDOW);
    let decoder = decoder.map_err(|e| cut().because(e.to_string()))?;
    filled(decoder, length)
}

/// Colours that are coded as brightness and differences become red, green and blue.
fn jpeg(stored: &Stored, data: &[u8], length: usize, rows: u32) -> Result<Vec<u8>> {
    use super::stored::Colours;
    use zune_jpeg::JpegDecoder;
    use zune_jpeg::zune_core::bytestream::ZCursor;
    use zune_jpeg::zune_core::colorspace::ColorSpace;
    use zune_jpeg::zune_core::options::DecoderOptions;
    // Tables that all pieces share end with a marker, and the picture begins with one.
    let whole = match &stored.tables {
        Some(tables) if tables.len() > 4 && data.len() > 2 => {
            [&tables[..tables.len() - 2], &data[2..]].concat()
        }
        _ => data.to_vec(),
    };
    let most = usize::try_from(stored.piece.longest().max(1)).unwrap_or(usize::MAX);
    let options = DecoderOptions::default()
        .set_max_width(most.saturating_add(64))
        .set_max_height(most.saturating_add(64));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(whole), options);
    decoder.decode_headers().map_err(broken)?;
    let input = decoder.input_colorspace().ok_or_else(cut)?;
    let wanted = match stored.colours {
        Colours::YCbCr if stored.together() == 3 => ColorSpace::RGB,
        _ => input,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let (width, height) = decoder.dimensions().ok_or_else(cut)?;
    let samples = stored.together() as usize;
    if wanted.num_components() != samples {
        return Err(refused("a JPEG of another number of colours in it"));
    }
    let pixels = decoder.decode().map_err(broken)?;
    let (from, to) = (width * samples, stored.row_bytes());
    if from < to || height < rows as usize || pixels.len() < height * from {
        return Err(cut());
    }
    let rows = pixels.chunks_exact(from.max(1));
    let mut out: Vec<u8> = rows.flat_map(|row| &row[..to]).copied().collect();
    out.resize(length.max(out.len()), 0);
    out.truncate(length);
    Ok(out)
}

fn webp(stored: &Stored, data: &[u8], length: usize) -> Result<Vec<u8>> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(data)).map_err(broken)?;
    let samples = if decoder.has_alpha() { 4 } else { 3 };
    let (width, height) = decoder.dimensions();
    if samples != stored.samples
        || width != stored.piece.width
        || u64::from(height) * u64::from(width * samples) < length as u64
        || height > stored.piece.height
    {
        return Err(refused("a WebP of another size or kind in it"));
    }
    let mut out = vec![0; decoder.output_buffer_size().ok_or_else(cut)?];
    decoder.read_image(&mut out).map_err(broken)?;
    out.truncate(length);
    Ok(out)
}

/// Rows of a fax as bits: 1 is black.
struct Rows {
    out: Vec<u8>,
    row_bytes: usize,
    width: usize,
    most: usize,
}

impl hayro_ccitt::Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        let start = self.out.len();
        if start >= self.most {
            return;
        }
        self.out.resize(start + self.row_bytes, 0);
        for pair in changes.chunks(2) {
            let from = (pair[0] as usize).min(self.width);
            let to = pair.get(1).map_or(self.width, |&to| to as usize);
            for x in from..to.min(self.width) {
                self.out[start + x / 8] |= 0x80 >> (x % 8);
            }
        }
    }
}

fn fax(stored: &Stored, data: &[u8], length: usize, rows: u32) -> Result<Vec<u8>> {
    use hayro_ccitt::{DecodeSettings, DecoderContext, EncodingMode, decode};
    let two_dimensional = stored.fax_options & 1 != 0;
    let settings = DecodeSettings {
        columns: stored.piece.width,
        rows,
        end_of_block: stored.packing != Packing::Runs,
        end_of_line: stored.packing == Packing::Fax3,
        rows_are_byte_aligned: stored.packing == Packing::Runs,
        encoding: match stored.packing {
            Packing::Fax4 => EncodingMode::Group4,
            Packing::Fax3 if two_dimensional => EncodingMode::Group3_2D,
            _ => EncodingMode::Group3_1D,
        },
        strict: true,
    };
    let mut sink = Rows {
        out: Vec::with_capacity(length),
        row_bytes: stored.row_bytes(),
        width: stored.piece.width as usize,
        most: length,
    };
    let done = decode(data, &mut sink, &mut DecoderContext::new(settings));
    if sink.out.len() < length {
        // Rows that are missing are an error, whatever the decoder makes of it.
        return match done {
            Err(error) => Err(broken(error)),
            Ok(_) => Err(cut()),
        };
    }
    Ok(sink.out)
}
