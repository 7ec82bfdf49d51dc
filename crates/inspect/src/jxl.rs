//! The header of a JPEG XL codestream (ISO/IEC 18181-1, annexes D and E): what a picture has besides its
//! colours. What the frames code is not looked at.

use super::finding::{Finding, FindingKind as Kind, Inspection};

/// Extra channels of one picture.
const MOST_CHANNELS: u32 = 4096;

/// Looks at a codestream from its signature on.
pub(super) fn codestream(data: &[u8], out: &mut Inspection) {
    out.frames = 1;
    let mut bits = Bits { data, at: 16 };
    if header(&mut bits, out).is_none() {
        out.damaged("the codestream's header is damaged or cut off");
    }
}

/// Bits from the lowest of each byte on.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

/// One of the four ways to a number: what is added, and how many bits.
type Way = (u32, u32);

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0u64;
        for i in 0..count {
            let byte = *self.data.get(self.at / 8)?;
            value |= u64::from(byte >> (self.at % 8) & 1) << i;
            self.at += 1;
        }
        u32::try_from(value).ok()
    }

    fn flag(&mut self) -> Option<bool> {
        Some(self.take(1)? == 1)
    }

    fn number(&mut self, ways: [Way; 4]) -> Option<u32> {
        let (base, bits) = ways[self.take(2)? as usize];
        base.checked_add(self.take(bits)?)
    }

    fn choice(&mut self) -> Option<u32> {
        self.number([(0, 0), (1, 0), (2, 4), (18, 6)])
    }

    /// Annex D.2.
    fn size(&mut self) -> Option<(u32, u32)> {
        const SIDE: [Way; 4] = [(1, 9), (1, 13), (1, 18), (1, 30)];
        let small = self.flag()?;
        let side = |bits: &mut Self| match small {
            true => Some((bits.take(5)? + 1) * 8),
            false => bits.number(SIDE),
        };
        let height = side(self)?;
        let width = match self.take(3)? {
            0 => side(self)?,
            ratio => wide(height, ratio)?,
        };
        Some((width, height))
    }

    /// Annex D.3.3.
    fn preview(&mut self) -> Option<(u32, u32)> {
        let whole = self.flag()?;
        let side = |bits: &mut Self| match whole {
            true => Some(bits.number([(16, 0), (32, 0), (1, 5), (33, 9)])? * 8),
            false => bits.number([(1, 6), (65, 8), (321, 10), (1345, 12)]),
        };
        let height = side(self)?;
        let width = match self.take(3)? {
            0 => side(self)?,
            ratio => wide(height, ratio)?,
        };
        Some((width, height))
    }

    fn depth(&mut self) -> Option<()> {
        if self.flag()? {
            self.number([(32, 0), (16, 0), (24, 0), (1, 6)])?;
            self.take(4)?;
        } else {
            self.number([(8, 0), (10, 0), (12, 0), (1, 6)])?;
        }
        Some(())
    }

    fn skip(&mut self, bits: &[u32]) -> Option<()> {
        bits.iter().try_for_each(|&n| self.take(n).map(|_| ()))
    }
}

fn wide(height: u32, ratio: u32) -> Option<u32> {
    const RATIOS: [(u64, u64); 7] = [(1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)];
    let (above, below) = *RATIOS.get(ratio as usize - 1)?;
    u32::try_from(u64::from(height) * above / below).ok()
}

fn header(bits: &mut Bits<'_>, out: &mut Inspection) -> Option<()> {
    (out.width, out.height) = bits.size()?;
    if bits.flag()? {
        return Some(()); // all by default
    }
    let more = bits.flag()?;
    if more {
        if bits.take(3)? > 0 {
            out.carry("orientation");
        }
        if bits.flag()? {
            bits.size()?;
        }
        if bits.flag()? {
            let size = bits.preview()?;
            out.add(Finding::new(Kind::Preview, "codestream").size(Some(size)));
        }
        if bits.flag()? {
            out.carry("animation");
            bits.number([(100, 0), (1000, 0), (1, 10), (1, 30)])?;
            bits.number([(1, 0), (1001, 0), (1, 8), (1, 10)])?;
            bits.number([(0, 0), (0, 3), (0, 16), (0, 32)])?;
            bits.flag()?;
        }
    }
    bits.depth()?;
    bits.flag()?;
    let channels = bits.number([(0, 0), (1, 0), (2, 4), (1, 12)])?;
    for number in 0..channels.min(MOST_CHANNELS) {
        channel(bits, number, out)?;
    }
    bits.flag()?;
    colour(bits, out)?;
    if more && !bits.flag()? {
        bits.skip(&[16, 16, 1, 16])?;
    }
    if bits.take(2)? != 0 {
        out.add(Finding::new(Kind::PrivateData, "codestream").detail("extensions"));
    }
    Some(())
}

/// Annex D.3.6.
fn channel(bits: &mut Bits<'_>, number: u32, out: &mut Inspection) -> Option<()> {
    if bits.flag()? {
        return Some(()); // opacity
    }
    let kind = bits.choice()?;
    bits.depth()?;
    bits.number([(0, 0), (3, 0), (4, 0), (1, 3)])?;
    let length = bits.number([(0, 0), (0, 4), (16, 5), (48, 10)])?;
    let name: Option<Vec<u8>> = (0..length).map(|_| Some(bits.take(8)? as u8)).collect();
    let name = String::from_utf8_lossy(&name?).into_owned();
    let place = format!("channel {number}");
    if !name.is_empty() {
        out.add(Finding::new(Kind::Text, place.clone()).detail(name));
    }
    match kind {
        0 => bits.skip(&[1])?,
        2 => bits.skip(&[16, 16, 16, 16])?,
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

/// Annex E.2.
fn colour(bits: &mut Bits<'_>, out: &mut Inspection) -> Option<()> {
    const XY: [Way; 4] = [(0, 19), (524_288, 19), (1_048_576, 20), (2_097_152, 21)];
    if bits.flag()? {
        return Some(()); // sRGB
    }
    let profile = bits.flag()?;
    let space = bits.choice()?;
    if profile {
        let finding = Finding::new(Kind::IccPrivate, "codestream");
        out.add(finding.detail("a compressed colour profile, which is not looked into"));
        return Some(());
    }
    const XYB: u32 = 2;
    if space != XYB {
        let mut points = u32::from(bits.choice()? == 2) * 2;
        if space != 1 {
            points += u32::from(bits.choice()? == 2) * 6;
        }
        for _ in 0..points {
            bits.number(XY)?;
        }
        match bits.flag()? {
            true => bits.take(24)?,
            false => bits.choice()?,
        };
    }
    bits.choice()?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_at(file: &[u8]) -> Inspection {
        let mut out = Inspection::default();
        codestream(file, &mut out);
        out
    }

    #[test]
    fn any_header_is_survived_and_a_cut_one_is_damage() {
        // 16x8, all by default.
        let whole = looked_at(&[0xff, 0x0a, 0x01 | 7 << 6, 0x03]);
        assert_eq!((whole.width, whole.height), (16, 8));
        assert_eq!(whole.damage, None);
        assert!(looked_at(&[0xff, 0x0a]).damage.is_some());
        for seed in 0..2000u32 {
            let mut state = seed.wrapping_mul(2_654_435_761) | 1;
            let mut file = vec![0xff, 0x0a];
            for _ in 0..40 {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                file.push(state as u8);
            }
            looked_at(&file);
        }
    }
}
