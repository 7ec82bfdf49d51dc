//! Parameter sets of H.264 (ITU-T H.264, 7.3.2): what decides whether the built-in decoder may be
//! trusted with a stream, and what the samples mean.
//!
//! Invariant: bits beyond the end read as an error, never as zeros.

use super::bits::{Bits, Writer};

/// A sequence parameter set, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bits of luma and chroma samples.
    pub(super) bits: (u32, u32),
    /// 1 is 4:2:0.
    pub(super) chroma_format: u32,
    pub(super) is_lossless: bool,
    pub(super) is_progressive: bool,
    /// Width and height of a pixel.
    pub(super) pixel: Option<(u32, u32)>,
    pub(super) colour: Colour,
    /// Where the flag about the video usability information stands, in bits.
    usability_at: usize,
}

/// Colour tags of the video usability information; `None` where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Colour {
    pub(super) is_full_range: Option<bool>,
    /// Primaries, transfer curve, matrix (ITU-T H.273).
    pub(super) tags: Option<[u8; 3]>,
    /// Where chroma samples lie.
    pub(super) chroma_location: Option<u32>,
}

impl Sequence {
    /// From a NAL unit with its header byte; `None` if it is damaged.
    pub(super) fn read(nal: &[u8]) -> Option<Self> {
        let bytes = unescaped(nal.get(1..)?);
        let b = &mut Bits::new(&bytes);
        let profile = b.take(8)?;
        b.take(16)?; // constraints and level
        b.unsigned()?; // its number
        let (mut chroma_format, mut bits, mut is_lossless) = (1, (8, 8), false);
        if matches!(
            profile,
            100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
        ) {
            chroma_format = b.unsigned()?;
            if chroma_format == 3 {
                b.take(1)?;
            }
            bits = (b.unsigned()?.checked_add(8)?, b.unsigned()?.checked_add(8)?);
            is_lossless = b.take(1)? == 1;
            if b.take(1)? == 1 {
                let lists = if chroma_format == 3 { 12 } else { 8 };
                for list in 0..lists {
                    if b.take(1)? == 1 {
                        skip_scaling_list(b, if list < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        b.unsigned()?; // frame number
        match b.unsigned()? {
            0 => {
                b.unsigned()?;
            }
            1 => {
                b.take(1)?;
                b.signed()?;
                b.signed()?;
                for _ in 0..b.unsigned().filter(|n| *n < 256)? {
                    b.signed()?;
                }
            }
            _ => {}
        }
        b.unsigned()?; // reference frames
        b.take(1)?;
        let macroblocks = (b.unsigned()?.checked_add(1)?, b.unsigned()?.checked_add(1)?);
        let is_progressive = b.take(1)? == 1;
        if !is_progressive {
            b.take(1)?;
        }
        b.take(1)?; // direct inference
        let mut crop = [0; 4];
        if b.take(1)? == 1 {
            for side in &mut crop {
                *side = b.unsigned()?;
            }
        }
        let unit_x = if matches!(chroma_format, 1 | 2) { 2 } else { 1 };
        let fields = if is_progressive { 1 } else { 2 };
        let unit_y = if chroma_format == 1 { 2 } else { 1 } * fields;
        let side = |blocks: u32, times: u32, a: u32, b: u32, unit: u32| {
            let cut = a.checked_add(b)?.checked_mul(unit)?;
            blocks.checked_mul(16 * times)?.checked_sub(cut)
        };
        let width = side(macroblocks.0, 1, crop[0], crop[1], unit_x)?;
        let height = side(macroblocks.1, fields, crop[2], crop[3], unit_y)?;
        let usability_at = b.at;
        let (mut pixel, mut colour) = (None, Colour::default());
        if b.take(1)? == 1 {
            (pixel, colour) = usability(b)?;
        }
        Some(Self {
            width,
            height,
            bits,
            chroma_format,
            is_lossless,
            is_progressive,
            pixel,
            colour,
            usability_at,
        })
    }
}

/// Pixel shape and colour out of the video usability information.
fn usability(b: &mut Bits<'_>) -> Option<(Option<(u32, u32)>, Colour)> {
    /// Table E-1.
    const PIXELS: [(u32, u32); 17] = [
        (0, 0),
        (1, 1),
        (12, 11),
        (10, 11),
        (16, 11),
        (40, 33),
        (24, 11),
        (20, 11),
        (32, 11),
        (80, 33),
        (18, 11),
        (15, 11),
        (64, 33),
        (160, 99),
        (4, 3),
        (3, 2),
        (2, 1),
    ];
    let mut pixel = None;
    let mut colour = Colour::default();
    if b.take(1)? == 1 {
        pixel = match b.take(8)? {
            255 => Some((b.take(16)?, b.take(16)?)),
            i => PIXELS.get(i as usize).copied(),
        };
        pixel = pixel.filter(|(x, y)| *x > 0 && *y > 0);
    }
    if b.take(1)? == 1 {
        b.take(1)?; // overscan
    }
    if b.take(1)? == 1 {
        b.take(3)?; // video format
        colour.is_full_range = Some(b.take(1)? == 1);
        if b.take(1)? == 1 {
            colour.tags = Some([b.take(8)? as u8, b.take(8)? as u8, b.take(8)? as u8]);
        }
    }
    if b.take(1)? == 1 {
        colour.chroma_location = Some(b.unsigned()?);
        b.unsigned()?;
    }
    Some((pixel, colour))
}

/// Whether a picture parameter set (with its header byte) predicts inside pictures from intra
/// blocks only, which the decoder does silently wrong, or has slice groups. `None` if it is
/// damaged.
pub(super) fn is_decoded_wrongly(nal: &[u8]) -> Option<bool> {
    let bytes = unescaped(nal.get(1..)?);
    let b = &mut Bits::new(&bytes);
    b.unsigned()?;
    b.unsigned()?;
    b.take(2)?;
    if b.unsigned()? > 0 {
        return Some(true);
    }
    b.unsigned()?;
    b.unsigned()?;
    b.take(3)?;
    b.signed()?;
    b.signed()?;
    b.signed()?;
    b.take(1)?;
    Some(b.take(1)? == 1)
}

/// A sequence parameter set with other usability information: these colours, and frames that are
/// shown as they are decoded. `None` if it is damaged.
pub(super) fn with_usability(
    nal: &[u8],
    pixel: Option<(u32, u32)>,
    colour: Colour,
    references: u32,
) -> Option<Vec<u8>> {
    let at = Sequence::read(nal)?.usability_at;
    let bytes = unescaped(nal.get(1..)?);
    let old = &mut Bits::new(&bytes);
    let mut new = Writer::default();
    for _ in 0..at {
        new.put(1, old.take(1)?);
    }
    new.put(1, 1);
    match pixel {
        Some((x, y)) if x < 1 << 16 && y < 1 << 16 => {
            new.put(1, 1);
            new.put(8, 255);
            new.put(16, x);
            new.put(16, y);
        }
        _ => new.put(1, 0),
    }
    new.put(1, 0); // overscan
    let has_signal = colour.is_full_range.is_some() || colour.tags.is_some();
    new.put(1, u32::from(has_signal));
    if has_signal {
        new.put(3, 5); // unspecified video format
        new.put(1, u32::from(colour.is_full_range == Some(true)));
        new.put(1, u32::from(colour.tags.is_some()));
        for tag in colour.tags.iter().flatten() {
            new.put(8, u32::from(*tag));
        }
    }
    new.put(1, u32::from(colour.chroma_location.is_some()));
    if let Some(location) = colour.chroma_location {
        new.unsigned(location);
        new.unsigned(location);
    }
    new.put(4, 0); // timing, two hypothetical decoders, structure of pictures
    new.put(1, 1); // restrictions
    new.put(1, 1); // motion may lead over the edge
    for value in [0, 0, 16, 16, 0, references.max(1)] {
        new.unsigned(value); // sizes without bounds, vectors, reordering, frames kept
    }
    let mut out = vec![*nal.first()?];
    out.extend(escaped(&new.finish()));
    Some(out)
}

fn skip_scaling_list(b: &mut Bits<'_>, size: usize) -> Option<()> {
    let (mut last, mut next) = (8i32, 8i32);
    for _ in 0..size {
        if next != 0 {
            next = last.wrapping_add(b.signed()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

/// Without the bytes that keep start codes from appearing.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

fn escaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 4);
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// x264's for 1920x1080, 4:2:0, limited range BT.709.
    const X264: [u8; 30] = [
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0x9a, 0x80, 0x80, 0x80,
        0xa0, 0x00, 0x00, 0x03, 0x00, 0x20, 0x00, 0x00, 0x07, 0x81, 0xe3, 0x06, 0x32, 0xc0, 0x00,
    ];

    #[test]
    fn size_and_format_are_read() {
        let s = Sequence::read(&X264).expect("whole");
        assert_eq!((s.width, s.height), (1920, 1080));
        assert_eq!((s.chroma_format, s.bits), (1, (8, 8)));
        assert!(s.is_progressive && !s.is_lossless);
    }

    #[test]
    fn usability_information_is_replaced_and_read_again() {
        let colour = Colour {
            is_full_range: Some(true),
            tags: Some([9, 16, 9]),
            chroma_location: Some(2),
        };
        let new = with_usability(&X264, Some((64, 45)), colour, 1).expect("whole");
        let s = Sequence::read(&new).expect("whole");
        assert_eq!((s.width, s.height), (1920, 1080));
        assert_eq!((s.pixel, s.colour), (Some((64, 45)), colour));
        let none = with_usability(&new, None, Colour::default(), 1).expect("whole");
        let s = Sequence::read(&none).expect("whole");
        assert_eq!((s.pixel, s.colour), (None, Colour::default()));
    }

    #[test]
    fn a_step_of_a_scaling_list_may_be_the_largest_number() {
        let mut largest = Writer::default();
        largest.unsigned(u32::MAX - 2);
        let mut bits = largest.finish();
        bits.extend([0xff; 8]);
        assert_eq!(Bits::new(&bits).signed(), Some(i32::MAX));
        assert_eq!(skip_scaling_list(&mut Bits::new(&bits), 16), Some(()));
    }

    proptest! {
        #[test]
        fn damage_is_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Sequence::read(&bytes);
            let _ = is_decoded_wrongly(&bytes);
            let _ = with_usability(&bytes, None, Colour::default(), 1);
        }

        #[test]
        fn escaping_is_undone(bytes in prop::collection::vec(0u8..5, 0..60)) {
            prop_assert_eq!(unescaped(&escaped(&bytes)), bytes);
        }
    }
}
