//! Windows bitmaps: read with 1 to 32 bits and run lengths, written plain with 24 bits, or 32 where
//! the source had opacity, or with a palette where the source had one and 256 colours are enough.

use super::convert::Parts;
use super::exif;
use super::frames::{Frame, Frames, Writer};
use super::guard::{Budget, malformed};
use super::notes::Notes;
use super::raster::{Model, Raster, Samples};
use crate::content::ContentKind;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Orientation, Size};
use image::ImageDecoder;
use image::codecs::bmp::BmpDecoder;
use std::io::Cursor;

/// A decoded bitmap.
pub(super) type Bmp = Frames<BmpWriter>;

/// Everything but the pixels.
#[derive(Debug)]
pub(super) struct BmpWriter {
    /// Pixels per metre, 0 if unknown.
    resolution: (u32, u32),
    /// The source had 8 bits a pixel or fewer.
    few_colours: bool,
}

/// Most pixels that a byte of a bitmap stands for: runs of 255 pixels have two bytes, and one bit a
/// pixel is less.
const MOST_PIXELS_A_BYTE: u64 = 128;

fn damaged(error: image::ImageError) -> Error {
    malformed("the BMP is damaged or cut off").because(error)
}

/// Decodes a bitmap.
pub(super) fn read(file: &[u8], budget: &mut Budget, notes: &mut Notes) -> Result<Bmp> {
    let decoder = BmpDecoder::new(Cursor::new(file)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    let size = Size::new(width, height);
    if size.area() > MOST_PIXELS_A_BYTE * file.len() as u64 {
        return Err(malformed(format!(
            "the BMP holds less than its {width}x{height} pixels"
        )));
    }
    budget.take(size, 1)?;
    let model = match decoder.color_type() {
        image::ColorType::Rgb8 => Model::Rgb,
        image::ColorType::Rgba8 => Model::Rgba,
        image::ColorType::L8 => Model::Grey,
        other => {
            return Err(super::guard::unsupported(format!(
                "BMP with {other:?} pixels is not handled"
            )));
        }
    };
    let mut pixels = vec![0; size.area() as usize * model.channels().len()];
    decoder.read_image(&mut pixels).map_err(damaged)?;
    let number = |at: usize| {
        let bytes = file.get(at..at + 4).and_then(|b| b.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes)
    };
    let header = number(14);
    let resolution = if header >= 40 {
        (number(38), number(42))
    } else {
        (0, 0)
    };
    notes.cannot_keep("BMP");
    if resolution != (0, 0) {
        notes.keep(ContentKind::Resolution);
    }
    if header >= 124 && number(14 + 116) > 0 {
        notes.drop(ContentKind::Icc);
        notes.warn("the colour profile of a BMP is not kept: colours may look different");
    }
    let end = number(2) as usize;
    if end > 26 && file.len() > end {
        notes.drop(ContentKind::Trailer);
    }
    let frame = Frame {
        raster: Raster::new(size, model, Samples::U8(pixels))?,
        orientation: Orientation::Normal,
    };
    let bits = file.get(if header == 12 { 24 } else { 28 });
    let writer = BmpWriter {
        resolution,
        few_colours: bits.is_some_and(|bits| *bits <= 8),
    };
    Frames::new(vec![frame], writer).ok_or_else(|| malformed("the BMP holds no picture"))
}

impl Writer for BmpWriter {
    fn parts(self, frames: Vec<Frame>) -> Parts {
        let (x, y) = self.resolution;
        let resolution = exif::Resolution {
            x: (x, 100),
            y: (y, 100),
            unit: exif::Unit::Centimetre,
        };
        Parts {
            exif: exif::Facts {
                resolution: resolution.rounded().map(|_| resolution),
                ..exif::Facts::default()
            },
            ..Parts::new(frames)
        }
    }

    fn write(&self, frames: &[Frame]) -> Result<Vec<u8>> {
        let raster = &frames[0].raster;
        let Samples::U8(pixels) = raster.samples() else {
            return Err(Error::new(ErrorKind::Internal, "a BMP has 8 bits a sample"));
        };
        let Size { width, height } = raster.size();
        let model = raster.model();
        let alpha = model == Model::Rgba;
        let header: u32 = if alpha { 108 } else { 40 };
        let n = model.channels().len();
        let palette = match self.few_colours && !alpha {
            true => palette(pixels, n),
            false => None,
        };
        let bytes: u64 = match (alpha, &palette) {
            (true, _) => 4,
            (_, None) => 3,
            (_, Some(_)) => 1,
        };
        let row = (u64::from(width) * bytes).next_multiple_of(4);
        let data = row * u64::from(height);
        let listed = palette.as_ref().map_or(0, |p| p.len() as u32);
        let start = 14 + header + listed * 4;
        let length = u32::try_from(data + u64::from(start))
            .map_err(|_| Error::new(ErrorKind::Internal, "the picture is too large for a BMP"))?;
        let mut out = Vec::with_capacity(length as usize);
        let mut put = |value: u32| out.extend(value.to_le_bytes());
        // File header, then BITMAPINFOHEADER or BITMAPV4HEADER. The first two bytes come last.
        put(length);
        put(0);
        put(start);
        put(header);
        put(width);
        put(height);
        put(1 | (bytes as u32 * 8) << 16); // planes, bits
        put(if alpha { 3 } else { 0 }); // masks, or plain
        put(length - start);
        put(self.resolution.0);
        put(self.resolution.1);
        put(listed);
        put(0);
        for [r, g, b] in palette.iter().flatten() {
            put(u32::from_be_bytes([0, *r, *g, *b]));
        }
        if alpha {
            // Masks for red, green, blue, opacity; "sRGB"; no end points.
            [
                0x00ff_0000,
                0x0000_ff00,
                0x0000_00ff,
                0xff00_0000,
                0x7352_4742,
            ]
            .into_iter()
            .chain([0; 12])
            .for_each(put);
        }
        out.splice(..0, *b"BM");
        for line in pixels.chunks_exact(width as usize * n).rev() {
            let begin = out.len();
            for pixel in line.chunks_exact(n) {
                match (&palette, pixel) {
                    (Some(palette), _) => {
                        let at = palette.binary_search(&colour(pixel));
                        out.push(at.unwrap_or_default() as u8);
                    }
                    (None, &[r, g, b]) => out.extend([b, g, r]),
                    (None, &[r, g, b, a]) => out.extend([b, g, r, a]),
                    (None, &[v]) => out.extend([v; 3]),
                    _ => {}
                }
            }
            out.resize(begin + row as usize, 0);
        }
        Ok(out)
    }
}

fn colour(pixel: &[u8]) -> [u8; 3] {
    match *pixel {
        [r, g, b, ..] => [r, g, b],
        [v, ..] => [v; 3],
        [] => [0; 3],
    }
}

/// The colours of a picture in rising order, if they are no more than 256.
fn palette(pixels: &[u8], n: usize) -> Option<Vec<[u8; 3]>> {
    let mut all = std::collections::BTreeSet::new();
    let mut last = None;
    for pixel in pixels.chunks_exact(n) {
        let colour = colour(pixel);
        if last != Some(colour) && all.insert(colour) && all.len() > 256 {
            return None;
        }
        last = Some(colour);
    }
    Some(all.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use crate::error::ErrorKind;
    use crate::photo::{Photo, ReadOptions};

    /// 8 bits a pixel in runs, of a grey palette.
    fn runs(width: u32, height: u32, data: &[u8]) -> Vec<u8> {
        let mut out = b"BM".to_vec();
        let mut put = |v: u32| out.extend(v.to_le_bytes());
        for v in [
            (54 + 1024 + data.len()) as u32,
            0,
            54 + 1024,
            40,
            width,
            height,
        ] {
            put(v);
        }
        for v in [1 | 8 << 16, 1, data.len() as u32, 0, 0, 0, 0] {
            put(v);
        }
        (0..256u32).for_each(|v| put(v * 0x01_0101));
        out.extend(data);
        out
    }

    #[test]
    fn a_bitmap_that_cannot_hold_its_pixels_is_refused_before_memory_is_taken() {
        let file = runs(20_000, 20_000, &[1, 5, 0, 1]);
        let error = Photo::read(&file, &ReadOptions::new()).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Malformed);
    }

    #[test]
    fn a_picture_of_few_colours_stays_one() {
        let file = runs(8, 2, &[8, 200, 0, 0, 4, 7, 4, 9, 0, 1]);
        let photo = Photo::read(&file, &ReadOptions::new()).expect("read");
        let out = photo.write().expect("written");
        assert_eq!(out.len(), 54 + 3 * 4 + 16);
        let again = Photo::read(&out, &ReadOptions::new()).expect("read again");
        assert_eq!(again.to_rgba(), photo.to_rgba());
        assert_eq!(
            faceveil_inspect::inspect(&out).expect("inspected").findings,
            []
        );
    }
}
