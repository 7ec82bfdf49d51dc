//! Windows bitmaps: read with 1 to 32 bits and run lengths, written plain with 24 bits, or 32 where
//! the source had opacity.

use super::convert::Parts;
use super::exif;
use super::frames::{Frame, Frames, Writer};
use super::guard::{Budget, malformed};
use super::notes::Notes;
use super::raster::{Model, Raster, Samples};
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
}

fn damaged(error: image::ImageError) -> Error {
    malformed("the BMP is damaged or cut off").because(error)
}

/// Decodes a bitmap.
pub(super) fn read(file: &[u8], budget: &mut Budget, notes: &mut Notes) -> Result<Bmp> {
    let decoder = BmpDecoder::new(Cursor::new(file)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    let size = Size::new(width, height);
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
        notes.keep("resolution");
    }
    if header >= 124 && number(14 + 116) > 0 {
        notes.drop("icc");
        notes.warn("the colour profile of a BMP is not kept: colours may look different");
    }
    let end = number(2) as usize;
    if end > 26 && file.len() > end {
        notes.drop("trailer");
    }
    let frame = Frame {
        raster: Raster::new(size, model, Samples::U8(pixels))?,
        orientation: Orientation::Normal,
    };
    Frames::new(vec![frame], BmpWriter { resolution })
        .ok_or_else(|| malformed("the BMP holds no picture"))
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
        let bytes = if alpha { 4 } else { 3 };
        let row = (u64::from(width) * bytes).next_multiple_of(4);
        let data = row * u64::from(height);
        let start = 14 + header;
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
        put(0);
        put(0);
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
        let n = model.channels().len();
        for line in pixels.chunks_exact(width as usize * n).rev() {
            let begin = out.len();
            for pixel in line.chunks_exact(n) {
                match *pixel {
                    [r, g, b] => out.extend([b, g, r]),
                    [r, g, b, a] => out.extend([b, g, r, a]),
                    [v] => out.extend([v; 3]),
                    _ => {}
                }
            }
            out.resize(begin + row as usize, 0);
        }
        Ok(out)
    }
}
