//! The header of a JPEG XL codestream (ISO/IEC 18181-1, annexes D and E).

use super::super::bits::LowFirst;
use super::super::finding::{Finding, FindingKind as Kind, Inspection};

/// Extra channels of one picture.
const MOST_CHANNELS: u32 = 4096;

/// What the header says that frames need.
#[derive(Default)]
pub(super) struct Image {
    pub(super) size: (u32, u32),
    pub(super) preview: Option<(u32, u32)>,
    pub(super) has_animation: bool,
    pub(super) has_time_codes: bool,
    pub(super) extra_channels: u32,
    /// Whether colours are coded as XYB.
    pub(super) is_xyb: bool,
    /// Whether a compressed colour profile follows.
    pub(super) has_profile: bool,
}

/// One of the four ways to a number: what is added, and how many bits.
type Way = (u32, u32);

/// Numbers of the standard's own kinds (annex B).
pub(super) trait Numbers {
    fn number(&mut self, ways: [Way; 4]) -> Option<u32>;
    fn long(&mut self) -> u64;
    fn skip(&mut self, bits: &[u32]);
    fn extensions(&mut self) -> Option<bool>;
}

impl Numbers for LowFirst<'_> {
    fn number(&mut self, ways: [Way; 4]) -> Option<u32> {
        let (base, bits) = ways[self.take(2) as usize];
        base.checked_add(self.take(bits))
    }

    /// B.2.3.
    fn long(&mut self) -> u64 {
        match self.take(2) {
            0 => 0,
            1 => 1 + u64::from(self.take(4)),
            2 => 17 + u64::from(self.take(8)),
            _ => {
                let mut value = u64::from(self.take(12));
                let mut shift = 12;
                while self.flag() {
                    if shift == 60 {
                        return value | u64::from(self.take(4)) << shift;
                    }
                    value |= u64::from(self.take(8)) << shift;
                    shift += 8;
                }
                value
            }
        }
    }

    fn skip(&mut self, bits: &[u32]) {
        for &count in bits {
            self.take(count);
        }
    }

    /// Steps over extensions; gives whether there are any.
    fn extensions(&mut self) -> Option<bool> {
        let mask = self.long();
        let mut bits = 0u64;
        for _ in 0..mask.count_ones() {
            bits = bits.checked_add(self.long())?;
        }
        for _ in 0..bits {
            self.take(1);
            if self.is_over() {
                return None;
            }
        }
        Some(mask != 0)
    }
}

/// An enumerated value.
fn choice(bits: &mut LowFirst<'_>) -> Option<u32> {
    bits.number([(0, 0), (1, 0), (2, 4), (18, 6)])
}

/// Annex D.2.
fn size(bits: &mut LowFirst<'_>) -> Option<(u32, u32)> {
    const SIDE: [Way; 4] = [(1, 9), (1, 13), (1, 18), (1, 30)];
    let small = bits.flag();
    let side = |bits: &mut LowFirst<'_>| match small {
        true => Some((bits.take(5) + 1) * 8),
        false => bits.number(SIDE),
    };
    let height = side(bits)?;
    let width = match bits.take(3) {
        0 => side(bits)?,
        ratio => wide(height, ratio)?,
    };
    Some((width, height))
}

/// Annex D.3.3.
fn preview(bits: &mut LowFirst<'_>) -> Option<(u32, u32)> {
    let whole = bits.flag();
    let side = |bits: &mut LowFirst<'_>| match whole {
        true => Some(bits.number([(16, 0), (32, 0), (1, 5), (33, 9)])? * 8),
        false => bits.number([(1, 6), (65, 8), (321, 10), (1345, 12)]),
    };
    let height = side(bits)?;
    let width = match bits.take(3) {
        0 => side(bits)?,
        ratio => wide(height, ratio)?,
    };
    Some((width, height))
}

fn depth(bits: &mut LowFirst<'_>) -> Option<()> {
    if bits.flag() {
        bits.number([(32, 0), (16, 0), (24, 0), (1, 6)])?;
        bits.take(4);
    } else {
        bits.number([(8, 0), (10, 0), (12, 0), (1, 6)])?;
    }
    Some(())
}

fn wide(height: u32, ratio: u32) -> Option<u32> {
    const RATIOS: [(u64, u64); 7] = [(1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)];
    let (above, below) = *RATIOS.get(ratio as usize - 1)?;
    u32::try_from(u64::from(height) * above / below).ok()
}

/// Reads the header up to a colour profile or the first frame.
pub(super) fn read(bits: &mut LowFirst<'_>, out: &mut Inspection) -> Option<Image> {
    let mut image = Image {
        size: size(bits)?,
        is_xyb: true,
        ..Image::default()
    };
    (out.width, out.height) = image.size;
    if !bits.flag() {
        details(bits, &mut image, out)?;
    }
    transform(bits, &image)?;
    Some(image)
}

fn details(bits: &mut LowFirst<'_>, image: &mut Image, out: &mut Inspection) -> Option<()> {
    let more = bits.flag();
    if more {
        if bits.take(3) > 0 {
            out.carry("orientation");
        }
        if bits.flag() {
            size(bits)?;
        }
        if bits.flag() {
            image.preview = Some(preview(bits)?);
            out.add(Finding::new(Kind::Preview, "codestream").size(image.preview));
        }
        if bits.flag() {
            out.carry("animation");
            image.has_animation = true;
            bits.number([(100, 0), (1000, 0), (1, 10), (1, 30)])?;
            bits.number([(1, 0), (1001, 0), (1, 8), (1, 10)])?;
            bits.number([(0, 0), (0, 3), (0, 16), (0, 32)])?;
            image.has_time_codes = bits.flag();
        }
    }
    depth(bits)?;
    bits.flag();
    image.extra_channels = bits.number([(0, 0), (1, 0), (2, 4), (1, 12)])?;
    for number in 0..image.extra_channels.min(MOST_CHANNELS) {
        channel(bits, number, out)?;
    }
    image.is_xyb = bits.flag();
    image.has_profile = colour(bits, out)?;
    if more && !bits.flag() {
        bits.skip(&[16, 16, 1, 16]);
    }
    if bits.extensions()? {
        out.add(Finding::new(Kind::PrivateData, "codestream").detail("extensions"));
    }
    Some(())
}

/// How colours are made and enlarged (annex L.2).
fn transform(bits: &mut LowFirst<'_>, image: &Image) -> Option<()> {
    if bits.flag() {
        return Some(()); // all by default
    }
    if image.is_xyb && !bits.flag() {
        bits.skip(&[16; 16]);
    }
    let kernels = bits.take(3);
    for (index, count) in [15, 55, 210].into_iter().enumerate() {
        if kernels >> index & 1 == 1 {
            (0..count).for_each(|_| bits.skip(&[16]));
        }
    }
    (!bits.is_over()).then_some(())
}

/// Annex D.3.6.
fn channel(bits: &mut LowFirst<'_>, number: u32, out: &mut Inspection) -> Option<()> {
    if bits.flag() {
        return Some(()); // opacity
    }
    let kind = choice(bits)?;
    depth(bits)?;
    bits.number([(0, 0), (3, 0), (4, 0), (1, 3)])?;
    let length = bits.number([(0, 0), (0, 4), (16, 5), (48, 10)])?;
    let name: Option<Vec<u8>> = (0..length).map(|_| Some(bits.take(8) as u8)).collect();
    let name = String::from_utf8_lossy(&name?).into_owned();
    let place = format!("channel {number}");
    if !name.is_empty() {
        out.add(Finding::new(Kind::Text, place.clone()).detail(name));
    }
    match kind {
        0 => bits.skip(&[1]),
        2 => bits.skip(&[16, 16, 16, 16]),
        5 => {
            bits.number([(1, 0), (0, 2), (3, 4), (19, 8)])?;
        }
        _ => {}
    }
    match kind {
        // Opacity, spot colours and black ink show.
        0 | 2 | 4 => {}
        1 => out.add(Finding::new(Kind::Depth, place)),
        _ => out.add(Finding::new(Kind::HiddenPixels, place)),
    }
    Some(())
}

/// Annex E.2; gives whether a profile follows.
fn colour(bits: &mut LowFirst<'_>, out: &mut Inspection) -> Option<bool> {
    const XY: [Way; 4] = [(0, 19), (524_288, 19), (1_048_576, 20), (2_097_152, 21)];
    if bits.flag() {
        return Some(false); // sRGB
    }
    let profile = bits.flag();
    let space = choice(bits)?;
    if profile {
        let finding = Finding::new(Kind::IccPrivate, "codestream");
        out.add(finding.detail("a compressed colour profile, which is not looked into"));
        return Some(true);
    }
    const XYB: u32 = 2;
    if space != XYB {
        let mut points = u32::from(choice(bits)? == 2) * 2;
        if space != 1 {
            points += u32::from(choice(bits)? == 2) * 6;
        }
        for _ in 0..points {
            bits.number(XY)?;
        }
        match bits.flag() {
            true => bits.take(24),
            false => choice(bits)?,
        };
    }
    choice(bits)?;
    Some(false)
}
