//! Writes a JPEG from pixels with the quantisation tables and chroma subsampling of its source, so
//! that coding once more loses as little as it can and the size stays.

use super::super::exif::{self, Resolution, Unit};
use super::super::guard::encoder;
use super::super::icc::Profile;
use super::super::raster::{Raster, Samples};
use super::segments::{Header, QuantTable};
use super::{Coding, ycc};
use crate::error::{Error, ErrorKind, Result};
use jpeg_encoder::{
    ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType, QuantizationTableType,
    SamplingFactor,
};

/// Encodes `raster` as the source was coded.
pub(super) fn write(
    raster: &Raster,
    coding: Coding,
    header: &Header,
    icc: Option<&Profile>,
) -> Result<Vec<u8>> {
    let Samples::U8(pixels) = raster.samples() else {
        return Err(Error::new(
            ErrorKind::Internal,
            "a JPEG has 8 bits a sample",
        ));
    };
    let side = |v: u32| {
        u16::try_from(v)
            .map_err(|_| Error::new(ErrorKind::Internal, "a JPEG's side is at most 65535"))
    };
    let (width, height) = (side(raster.size().width)?, side(raster.size().height)?);
    let mut coded = Vec::with_capacity(pixels.len() / 8);
    let mut job = Encoder::new(&mut coded, 90);
    let [first, second] = tables(coding, header);
    job.set_quantization_tables(first, second);
    job.set_sampling_factor(sampling(coding, header));
    // Averaging inverts the decoder's smooth upsampling far better than taking every second sample: 3 dB
    // over the photos of a mixed test set, at the same size.
    job.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    if header.progressive {
        // One scan for brightness and colour of blocks, one for detail: without runs of empty blocks,
        // which the encoder lacks, every further scan only makes the file larger.
        job.set_progressive_scans(2);
    }
    // Costs half as much time again, and saves a quarter of the size where the source had it. The
    // encoder then writes a scan per component, which small files must not have (`is_narrow`).
    let fitted = header.optimised && !header.is_narrow();
    job.set_optimized_huffman_tables(fitted || header.progressive);
    let buffer = Buffer {
        pixels,
        width,
        height,
        coding,
    };
    job.encode_image(buffer).map_err(|e| encoder("JPEG", e))?;
    let body = body_start(&coded)
        .ok_or_else(|| Error::new(ErrorKind::Internal, "the JPEG encoder wrote no frame"))?;
    coded.splice(..body, head(coding, header, icc));
    Ok(coded)
}

/// Table for the encoder's first and second slot: luma and chroma, or black and inks.
fn tables(coding: Coding, header: &Header) -> [QuantizationTableType; 2] {
    let of = |component: usize| {
        let number = header.components.get(component)?.quant;
        let table: QuantTable = header.quant[usize::from(number)]?;
        // The encoder writes 8-bit tables; a step of 255 instead of a larger one loses less.
        let clamped = table.map(|step| step.clamp(1, 255));
        Some(QuantizationTableType::Custom(Box::new(clamped)))
    };
    let (first, second) = match coding {
        Coding::Grey => (0, 0),
        Coding::YCbCr | Coding::Rgb | Coding::Ycck => (0, 1),
        Coding::Cmyk { .. } => (3, 0),
    };
    [first, second].map(|c| of(c).unwrap_or(QuantizationTableType::Default))
}

/// Factors of the first component over the second's. What the encoder cannot do becomes 4:4:4, which
/// loses less and is larger.
fn sampling(coding: Coding, header: &Header) -> SamplingFactor {
    let whole = SamplingFactor::F_1_1;
    let factors = || {
        let first = header.components.first()?.sampling;
        let chroma = header.components.get(1)?.sampling;
        let others_agree = header.components.get(2)?.sampling == chroma
            && header
                .components
                .get(3)
                .is_none_or(|black| black.sampling == first);
        let divides = first.0 % chroma.0 == 0 && first.1 % chroma.1 == 0;
        if !others_agree || !divides {
            return None;
        }
        let (across, down) = (first.0 / chroma.0, first.1 / chroma.1);
        let several_scans = across.max(down) > 2 && !header.progressive;
        if several_scans && header.is_narrow() {
            return None;
        }
        SamplingFactor::from_factors(across, down)
    };
    match coding {
        Coding::YCbCr | Coding::Ycck => factors().unwrap_or(whole),
        Coding::Grey | Coding::Rgb | Coding::Cmyk { .. } => whole,
    }
}

/// Where the frame header is: what the encoder wrote before it is replaced.
fn body_start(coded: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        match coded.get(at..at + 4)? {
            [0xff, 0xe0..=0xef, high, low] => {
                at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
            }
            _ => return Some(at),
        }
    }
}

/// Everything before the frame header, from the allow-list.
fn head(coding: Coding, header: &Header, icc: Option<&Profile>) -> Vec<u8> {
    let mut out = vec![0xff, 0xd8];
    let mut segment = |marker: u8, parts: &[&[u8]]| {
        let length: usize = 2 + parts.iter().map(|p| p.len()).sum::<usize>();
        out.extend([0xff, marker]);
        out.extend((length as u16).to_be_bytes());
        parts.iter().for_each(|part| out.extend(*part));
    };
    // JFIF means grey or YCbCr; libjpeg believes it before Adobe's marker.
    let jfif = matches!(coding, Coding::Grey | Coding::YCbCr);
    if jfif {
        let ([x1, x0], [y1, y0], unit) = density(header.resolution.as_ref());
        segment(0xe0, &[b"JFIF\0\x01\x02", &[unit, x1, x0, y1, y0, 0, 0]]);
    }
    let facts = exif::Facts {
        resolution: if jfif { None } else { header.resolution },
        ..header.exif.clone()
    };
    if let Some(block) = exif::write(&facts) {
        segment(0xe1, &[b"Exif\0\0", &block]);
    }
    if let Some(profile) = icc {
        const MOST: usize = 65535 - 2 - 14;
        let chunks = profile.bytes().chunks(MOST);
        let count = chunks.len() as u8; // at most 65, by the size that a profile may have
        for (number, chunk) in (1..=count).zip(chunks) {
            segment(0xe2, &[b"ICC_PROFILE\0", &[number, count], chunk]);
        }
    }
    let transform = match coding {
        Coding::Grey | Coding::YCbCr | Coding::Cmyk { marked: false } => None,
        Coding::Rgb | Coding::Cmyk { marked: true } => Some(0),
        Coding::Ycck => Some(2),
    };
    if let Some(transform) = transform {
        segment(0xee, &[b"Adobe\0\x64\0\0\0\0", &[transform]]);
    }
    out
}

/// JFIF's density fields.
fn density(resolution: Option<&Resolution>) -> ([u8; 2], [u8; 2], u8) {
    let known = resolution.and_then(|r| Some((r.rounded()?, r.unit)));
    let ((x, y), unit) = known.unwrap_or(((1, 1), Unit::Aspect));
    let unit = match unit {
        Unit::Aspect => 0,
        Unit::Inch => 1,
        Unit::Centimetre => 2,
    };
    (x.to_be_bytes(), y.to_be_bytes(), unit)
}

/// Feeds rows of coded components. One type for all codings: the encoder is compiled anew, twice,
/// for every input type that it meets.
struct Buffer<'a> {
    pixels: &'a [u8],
    width: u16,
    height: u16,
    coding: Coding,
}

impl ImageBuffer for Buffer<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        match self.coding {
            Coding::Grey => JpegColorType::Luma,
            // Three planes are three planes; an Adobe segment says if they are RGB.
            Coding::YCbCr | Coding::Rgb => JpegColorType::Ycbcr,
            Coding::Cmyk { .. } => JpegColorType::Cmyk,
            Coding::Ycck => JpegColorType::Ycck,
        }
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let channels = match self.coding {
            Coding::Grey => 1,
            Coding::YCbCr | Coding::Rgb => 3,
            Coding::Cmyk { .. } | Coding::Ycck => 4,
        };
        let stride = usize::from(self.width) * channels;
        let line = &self.pixels[usize::from(y) * stride..][..stride];
        match self.coding {
            Coding::YCbCr => luma_and_chroma(line, buffers),
            Coding::Ycck => {
                for pixel in line.chunks_exact(4) {
                    let inks = ycc::from_rgb([255 - pixel[0], 255 - pixel[1], 255 - pixel[2]]);
                    let coded = [inks[0], inks[1], inks[2], pixel[3]];
                    for (buffer, v) in buffers.iter_mut().zip(coded) {
                        buffer.push(v);
                    }
                }
            }
            Coding::Grey | Coding::Rgb | Coding::Cmyk { .. } => {
                for (channel, buffer) in buffers.iter_mut().enumerate().take(channels) {
                    buffer.extend(line.iter().skip(channel).step_by(channels));
                }
            }
        }
    }
}

/// RGB to YCbCr, in runs that the compiler turns into vectors.
fn luma_and_chroma(line: &[u8], buffers: &mut [Vec<u8>; 4]) {
    const RUN: usize = 32;
    for run in line.chunks(3 * RUN) {
        let mut coded = [[0u8; RUN]; 3];
        for (i, pixel) in run.chunks_exact(3).enumerate() {
            let (y, cb, cr) = jpeg_encoder::rgb_to_ycbcr(pixel[0], pixel[1], pixel[2]);
            coded[0][i] = y;
            coded[1][i] = cb;
            coded[2][i] = cr;
        }
        for (buffer, values) in buffers.iter_mut().zip(&coded) {
            buffer.extend_from_slice(&values[..run.len() / 3]);
        }
    }
}
