//! The header of a JPEG XL codestream of ours (18181-1, annexes D and E).

use super::super::raster::{Raster, Samples};
use super::bits::{Bits, Way};

/// Colour spaces that a header names by number (annex E).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Srgb,
    DisplayP3,
    Bt2020,
}

/// A side of the picture (annex D.2).
fn side(bits: &mut Bits, side: u32) {
    bits.number([(1, 9), (1, 13), (1, 18), (1, 30)], side);
}

/// An enumerated value (annex B.2.4).
fn choice(bits: &mut Bits, value: u32) {
    const WAYS: [Way; 4] = [(0, 0), (1, 0), (2, 4), (18, 6)];
    bits.number(WAYS, value);
}

/// Whole numbers of 8 or 16 bits.
fn depth(bits: &mut Bits, deep: bool) {
    bits.put(1, 0);
    if deep {
        bits.put(2, 3);
        bits.put(6, 15);
    } else {
        bits.put(2, 0);
    }
}

/// Signature, size and metadata, to a whole byte. Without a space: as the lossless encoder writes
/// it, whose length is what counts.
pub(super) fn header(raster: &Raster, space: Option<Space>) -> Vec<u8> {
    let deep = matches!(raster.samples(), Samples::U16(_));
    let n = raster.model().channels().len();
    let (grey, alpha) = (n < 3, n.is_multiple_of(2));
    let mut bits = Bits::default();
    bits.put(16, 0x0aff);
    bits.put(1, 0); // sides of any length
    side(&mut bits, raster.size().height);
    bits.put(3, 0); // no fixed ratio
    side(&mut bits, raster.size().width);
    bits.put(1, 0); // not all by default
    bits.put(1, 0); // no orientation, no preview, no animation
    depth(&mut bits, deep);
    bits.put(1, u32::from(!deep)); // 16 bits suffice between transforms
    bits.put(2, u32::from(alpha)); // extra channels
    if alpha && deep && space.is_some() {
        bits.put(1, 0);
        choice(&mut bits, 0); // opacity
        depth(&mut bits, deep);
        bits.put(2, 0); // at full size
        bits.put(2, 0); // without a name
        bits.put(1, 0); // not multiplied
    } else if alpha {
        bits.put(1, 1);
    }
    bits.put(1, 0); // colours as they are
    let primaries = match space {
        Some(Space::DisplayP3) => 11,
        Some(Space::Bt2020) => 9,
        _ => 1,
    };
    if grey || primaries != 1 {
        bits.put(1, 0);
        bits.put(1, 0); // no profile
        choice(&mut bits, u32::from(grey));
        choice(&mut bits, 1); // D65
        if !grey {
            choice(&mut bits, primaries);
        }
        bits.put(1, 0); // no gamma
        choice(&mut bits, 13); // sRGB's curve
        choice(&mut bits, 1); // relative
    } else {
        bits.put(1, 1);
    }
    bits.put(2, 0); // no extensions
    bits.put(1, 1); // usual transforms
    bits.finish()
}
