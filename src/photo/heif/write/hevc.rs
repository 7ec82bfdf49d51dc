//! HEVC pictures, coded in pure Rust: intra only, colour at half the size.

use super::super::super::Quality;
use super::super::super::guard::encoder;
use super::container::boxed;
use super::levels::Levels;
use super::{Coded, Meaning};
use crate::error::Result;
use heifer_hevc_enc::encoder::{EncodedPicture, EncoderConfig, Planes16, encode_picture16};

/// At the usual quality, of 0..=51; smaller is finer. Photos come back with 44 to 51 dB, as from a
/// JPEG of quality 95, where colour has no edges finer than two pixels.
const QP: u8 = 12;
/// Of opacity, whose edges are seen.
const QP_OPACITY: u8 = 8;

/// `quality`: 1 to 100.
pub(super) fn code(levels: &Levels, meaning: Meaning, quality: u8) -> Result<Coded> {
    let chroma = levels.chroma.as_ref();
    let planes = Planes16 {
        y: &levels.luma,
        chroma: chroma.map(|[blue, red]| (&blue[..], &red[..])),
        bit_depth: levels.bits,
    };
    let config = EncoderConfig {
        qp: match chroma {
            Some(_) => qp(quality),
            None => QP_OPACITY,
        },
        full_range: true,
        colour: (meaning.primaries, meaning.transfer, meaning.matrix),
    };
    let size = levels.size;
    let picture = encode_picture16(size.width, size.height, planes, &config);
    let picture = picture.map_err(|e| encoder("HEIC", e.to_string()))?;
    let mut data = Vec::new();
    for unit in &picture.slices {
        data.extend((unit.len() as u32).to_be_bytes());
        data.extend(unit);
    }
    Ok(Coded {
        setup: setup(&picture, levels.bits),
        data,
    })
}

/// QP 12 at the usual quality, 30 at 50.
fn qp(quality: u8) -> u8 {
    let finer = f32::from(Quality::USUAL) - f32::from(quality);
    (f32::from(QP) + 0.4 * finer).round().clamp(1.0, 51.0) as u8
}

/// The `hvcC` box (ISO/IEC 14496-15, 8.3.3).
fn setup(picture: &EncodedPicture, bits: u8) -> Vec<u8> {
    let mut out = vec![1, picture.profile_idc];
    // Streams of Main are streams of Main 10 too.
    let able: u32 = match picture.profile_idc {
        1 => 0b11 << 29,
        other => 1 << (31 - other),
    };
    out.extend(able.to_be_bytes());
    // Whole frames, one after the other.
    out.extend([0x90, 0, 0, 0, 0, 0]);
    out.push(picture.level_idc);
    out.extend([0xf0, 0, 0xfc]);
    out.push(0xfc | picture.chroma_format);
    out.extend([0xf8 | (bits - 8); 2]);
    // One layer; lengths of four bytes.
    out.extend([0, 0, 0x0f]);
    out.push(picture.parameter_sets.len() as u8);
    for unit in &picture.parameter_sets {
        // All of its kind: there is one of each.
        out.push(0x80 | unit.first().map_or(0, |v| v >> 1 & 0x3f));
        out.extend([0, 1]);
        out.extend((unit.len() as u16).to_be_bytes());
        out.extend(unit);
    }
    boxed(b"hvcC", &out)
}
