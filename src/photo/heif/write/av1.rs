//! AV1 pictures, coded in Rust: colour at full size.

use super::super::super::Quality;
use super::super::super::guard::encoder;
use super::container::boxed;
use super::levels::Levels;
use super::{Coded, Meaning};
use crate::error::{Error, Result};
use rav1e::prelude::*;

/// At the usual quality, of 0..=255; smaller is finer. Photos come back with 44 to 50 dB, as from a
/// JPEG of quality 95.
const QUANTISER: f32 = 32.0;
/// Of opacity, whose edges are seen.
const QUANTISER_OPACITY: usize = 16;
/// Of 0..=10, the fastest. 9 takes 1.6 times as long for files that are 16 % smaller, 8 three times
/// as long for 26 %.
const SPEED: u8 = 10;

fn failed(error: impl std::fmt::Display) -> Error {
    encoder("AVIF", error.to_string())
}

/// Quantiser 32 at the usual quality, 131 at 50.
fn quantiser(quality: u8) -> usize {
    let finer = f32::from(Quality::USUAL) - f32::from(quality);
    (QUANTISER + 2.2 * finer).round().clamp(1.0, 255.0) as usize
}

/// `quality`: 1 to 100.
pub(super) fn code(levels: &Levels, meaning: Meaning, quality: u8) -> Result<Coded> {
    let is_colour = levels.chroma.is_some();
    let config = EncoderConfig {
        width: levels.size.width as usize,
        height: levels.size.height as usize,
        bit_depth: levels.bits.into(),
        chroma_sampling: match is_colour {
            true => ChromaSampling::Cs444,
            false => ChromaSampling::Cs400,
        },
        pixel_range: PixelRange::Full,
        color_description: is_colour.then(|| description(meaning)),
        still_picture: true,
        quantizer: match is_colour {
            true => quantiser(quality),
            false => QUANTISER_OPACITY,
        },
        min_quantizer: 0,
        ..EncoderConfig::with_speed_preset(SPEED)
    };
    let config = Config::new().with_encoder_config(config).with_threads(1);
    let mut context: Context<u16> = config.new_context().map_err(failed)?;
    let mut frame = context.new_frame();
    let planes = [Some(&levels.luma)]
        .into_iter()
        .chain(levels.chroma.iter().flatten().map(Some));
    for (to, from) in frame.planes.iter_mut().zip(planes.flatten()) {
        let width = levels.size.width as usize;
        let mut whole = to.mut_slice(Default::default());
        for (to, from) in whole.rows_iter_mut().zip(from.chunks_exact(width)) {
            to[..width].copy_from_slice(from);
        }
    }
    context.send_frame(frame).map_err(failed)?;
    context.flush();
    let mut data = Vec::new();
    loop {
        match context.receive_packet() {
            Ok(packet) => data.extend(packet.data),
            Err(EncoderStatus::Encoded) => {}
            Err(EncoderStatus::LimitReached) => break,
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(Coded {
        setup: setup(levels),
        data,
    })
}

fn description(meaning: Meaning) -> ColorDescription {
    let (color_primaries, transfer_characteristics) = match meaning.primaries {
        1 => (ColorPrimaries::BT709, TransferCharacteristics::SRGB),
        _ => (
            ColorPrimaries::Unspecified,
            TransferCharacteristics::Unspecified,
        ),
    };
    ColorDescription {
        color_primaries,
        transfer_characteristics,
        matrix_coefficients: MatrixCoefficients::BT601,
    }
}

/// The `av1C` box (AV1 in ISO base media files, 2.3), without a copy of the sequence header.
fn setup(levels: &Levels) -> Vec<u8> {
    let is_colour = levels.chroma.is_some();
    // Colour at full size is the profile High; the level is beyond what levels describe.
    let profile = u8::from(is_colour) << 5 | 31;
    let deep = u8::from(levels.bits > 8) << 6;
    // Opacity counts as colour at half the size that is not there.
    let sampling = if is_colour { 0 } else { 0b1_1100 };
    boxed(b"av1C", &[0x81, profile, deep | sampling, 0])
}
