//! JPEG XL: read with all its frames, written with or without loss.
//!
//! Invariant: of the container's boxes only the codestream is decoded; the others are named.

mod bits;
mod coding;
mod header;
mod lossy;
mod names;
#[cfg(test)]
mod tests;
mod write;

use super::convert::{Parts, Timing};
use super::frames::Frame;
use super::guard::{Budget, malformed, unsupported};
use super::hdr::Signal;
use super::icc::Profile;
use super::notes::Notes;
use super::raster::{Model, Raster, Samples};
use crate::content::ContentKind;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Orientation, Size};
use ::jxl as codec;
use codec::api::{
    AlphaMode, Endianness, Event, ExtraChannel, JxlBasicInfo, JxlBitDepth, JxlColorEncoding,
    JxlColorProfile, JxlColorType, JxlDataFormat, JxlDecoder, JxlDecoderOptions, JxlOutputBuffer,
    JxlPixelFormat, JxlPrimaries, JxlTransferFunction, JxlWhitePoint, ProfileLevel,
};
use codec::image::OwnedRawImage;
pub(super) use write::JxlWriter;

/// Frames of an animation.
const MOST_FRAMES: usize = 10_000;

fn damaged(error: codec::error::Error) -> Error {
    use codec::error::Error as E;
    match error {
        E::ImageSizeTooLarge(width, height) => Error::new(
            ErrorKind::TooLarge,
            format!(
                "{width}x{height} pixels are more than the limit; raise it if you trust the file"
            ),
        ),
        error => malformed("the JPEG XL's picture data is damaged").because(error),
    }
}

fn cut_off() -> Error {
    malformed("the JPEG XL ends in the middle of its picture data")
}

/// Decodes a JPEG XL, upright.
pub(super) fn read(file: &[u8], budget: &mut Budget, notes: &mut Notes) -> Result<Parts> {
    let (facts, stream) = names::boxes(file, notes);
    if facts.resolution.is_some() {
        notes.keep(ContentKind::Resolution);
    }
    let mut options = JxlDecoderOptions::default();
    // Colours, opacity and a few extra channels.
    let samples = budget.left().saturating_mul(5);
    options.sample_limit = Some(usize::try_from(samples).unwrap_or(usize::MAX));
    options.max_profile_level = ProfileLevel::Main10;
    options.alpha_mode = AlphaMode::Unpremultiplied;
    let mut decoder = JxlDecoder::new(options);
    let mut input = file;
    match decoder.process(&mut input, None, None).map_err(damaged)? {
        Event::BasicInfo => {}
        _ => return Err(cut_off()),
    }
    let info = decoder.basic_info().ok_or_else(cut_off)?.clone();
    let side = |v: usize| u32::try_from(v).unwrap_or(u32::MAX);
    let size = Size::new(side(info.size.0), side(info.size.1));
    budget.take(size, 1)?;
    if info.preview_size.is_some() {
        notes.drop(ContentKind::JxlPreview);
    }
    let profile = decoder.embedded_color_profile().ok_or_else(cut_off)?;
    let layout = Layout::of(&info, profile.channels() == 1, notes)?;
    let format = layout.format(info.extra_channels.len());
    decoder.set_pixel_format(format).map_err(damaged)?;
    let profile = decoder.output_color_profile().ok_or_else(cut_off)?.clone();
    let mut frames = Vec::new();
    let mut durations = Vec::new();
    loop {
        match decoder.process(&mut input, None, None).map_err(damaged)? {
            Event::FrameHeader => {}
            Event::Complete => break,
            _ => return Err(cut_off()),
        }
        if !frames.is_empty() {
            budget.take(size, 1)?;
        }
        if frames.len() >= MOST_FRAMES {
            return Err(malformed("the JPEG XL has too many frames"));
        }
        let header = decoder.frame_header().ok_or_else(cut_off)?;
        if !header.name.is_empty() {
            notes.drop(ContentKind::Text);
        }
        durations.push(header.duration.unwrap_or(0.0).clamp(0.0, 1e9) as u32);
        let row = size.width as usize * layout.bytes();
        let image = OwnedRawImage::new((row, size.height as usize));
        let mut image = image.map_err(damaged)?;
        let buffer = JxlOutputBuffer::from_image_rect_mut(image.as_rect_mut());
        let event = decoder.process(&mut input, Some(&mut [buffer]), None);
        let Event::FrameComplete { has_more_frames } = event.map_err(damaged)? else {
            return Err(cut_off());
        };
        let raster = Raster::new(size, layout.model, layout.samples(&image, size.height))?;
        frames.push(Frame {
            raster,
            orientation: Orientation::Normal,
        });
        if !has_more_frames {
            break;
        }
    }
    if frames.is_empty() {
        return Err(malformed("the JPEG XL holds no picture"));
    }
    let timing = info
        .animation
        .as_ref()
        .filter(|_| frames.len() > 1)
        .map(|a| Timing {
            plays: a.num_loops,
            durations,
        });
    if timing.is_some() {
        notes.keep(ContentKind::Animation);
    }
    let (icc, signal) = colour(&profile, notes);
    // What was a JPEG keeps its colour space, and how to rebuild it may lie beside.
    let is_lossy = !info.uses_original_profile
        || notes.has_dropped(ContentKind::JpegReconstruction)
        || coding::is_of_blocks(&stream.head);
    Ok(Parts {
        icc,
        signal,
        exif: facts,
        timing,
        lossy_bytes: is_lossy.then_some(stream.length),
        ..Parts::new(frames)
    })
}

/// How pixels are taken from the decoder.
#[derive(Clone, Copy)]
struct Layout {
    model: Model,
    deep: bool,
}

impl Layout {
    fn of(info: &JxlBasicInfo, grey: bool, notes: &mut Notes) -> Result<Self> {
        let mut alpha = false;
        for channel in &info.extra_channels {
            match channel.ec_type {
                ExtraChannel::Alpha if !alpha => alpha = true,
                ExtraChannel::Black => {
                    return Err(unsupported(
                        "JPEG XL with inks (CMYK) is not handled; convert it to RGB first",
                    ));
                }
                ExtraChannel::SpotColor => {}
                ExtraChannel::Depth => notes.drop(ContentKind::DepthData),
                ExtraChannel::Thermal => notes.drop(ContentKind::ThermalPicture),
                _ => notes.drop(ContentKind::ExtraSamples),
            }
        }
        let deep = match info.bit_depth {
            JxlBitDepth::Int { bits_per_sample } => bits_per_sample > 8,
            JxlBitDepth::Float { .. } => {
                notes.warn(
                    "a JPEG XL with floating-point numbers is written with 16 bits, and \
                    what is brighter than white is cut off",
                );
                true
            }
        };
        let model = match (grey, alpha) {
            (true, false) => Model::Grey,
            (true, true) => Model::GreyAlpha,
            (false, false) => Model::Rgb,
            (false, true) => Model::Rgba,
        };
        Ok(Self { model, deep })
    }

    fn bytes(self) -> usize {
        self.model.channels().len() * if self.deep { 2 } else { 1 }
    }

    fn format(self, extra: usize) -> JxlPixelFormat {
        JxlPixelFormat {
            color_type: match self.model {
                Model::Grey => JxlColorType::Grayscale,
                Model::GreyAlpha => JxlColorType::GrayscaleAlpha,
                Model::Rgba => JxlColorType::Rgba,
                _ => JxlColorType::Rgb,
            },
            color_data_format: Some(if self.deep {
                JxlDataFormat::U16 {
                    endianness: Endianness::native(),
                    bit_depth: 16,
                }
            } else {
                JxlDataFormat::U8 { bit_depth: 8 }
            }),
            extra_channel_format: vec![None; extra],
        }
    }

    fn samples(self, image: &OwnedRawImage, height: u32) -> Samples {
        let rows = (0..height as usize).map(|y| image.row(y));
        if self.deep {
            let wide = |row: &[u8]| -> Vec<u16> {
                let pairs = row.chunks_exact(2);
                pairs.map(|b| u16::from_ne_bytes([b[0], b[1]])).collect()
            };
            Samples::U16(rows.flat_map(wide).collect())
        } else {
            let mut all = Vec::with_capacity(image.byte_size().0 * image.byte_size().1);
            rows.for_each(|row| all.extend_from_slice(row));
            Samples::U8(all)
        }
    }
}

/// The profile of decoded pixels, or how they go beyond white.
fn colour(profile: &JxlColorProfile, notes: &mut Notes) -> (Option<Profile>, Option<Signal>) {
    use JxlTransferFunction as T;
    let simple = match profile {
        JxlColorProfile::Icc(icc) => return (Profile::take(icc, notes), None),
        JxlColorProfile::Simple(simple) => simple,
    };
    let (white, primaries, transfer) = match simple {
        JxlColorEncoding::RgbColorSpace {
            white_point,
            primaries,
            transfer_function,
            ..
        } => {
            let primaries = match primaries {
                JxlPrimaries::SRGB => 1,
                JxlPrimaries::BT2100 => 9,
                JxlPrimaries::P3 => 12,
                JxlPrimaries::Chromaticities { .. } => 0,
            };
            (white_point, primaries, transfer_function)
        }
        JxlColorEncoding::GrayscaleColorSpace {
            white_point,
            transfer_function,
            ..
        } => (white_point, 1, transfer_function),
        JxlColorEncoding::XYB { .. } => return (None, None),
    };
    let transfer = match transfer {
        T::SRGB => 13,
        T::PQ => 16,
        T::HLG => 18,
        _ => 0,
    };
    if let Some(signal) = Signal::of(primaries, transfer) {
        return (None, Some(signal));
    }
    let usual = *white == JxlWhitePoint::D65 && transfer == 13 && primaries > 0;
    if usual {
        let described = Profile::of_code_points(primaries, transfer);
        if described.is_some() {
            notes.keep(ContentKind::Icc);
        }
        return (described, None);
    }
    let described = profile.try_as_icc();
    (described.and_then(|icc| Profile::take(&icc, notes)), None)
}
