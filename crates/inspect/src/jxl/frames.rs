//! Where the frames of a JPEG XL codestream end (ISO/IEC 18181-1, annex F): headers and tables of
//! contents are read, sections are stepped over.

use super::super::bits::LowFirst;
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::entropy::Entropy;
use super::header::{Image, Numbers};

/// Frames of one picture.
const MOST_FRAMES: u32 = 1 << 20;
/// Bytes of a colour profile, as it is coded.
const MOST_PROFILE: u64 = 1 << 24;

/// Where the last frame ends, in bytes; `bits` are behind the header.
pub(super) fn end(
    image: &Image,
    bits: &mut LowFirst<'_>,
    data: &[u8],
    out: &mut Inspection,
) -> Option<usize> {
    if image.has_profile {
        profile(bits)?;
    }
    bits.align();
    let mut at = bits.at() / 8;
    if let Some(size) = image.preview {
        at = frame(image, size, data, at, out)?.end;
    }
    let mut shown = 0u32;
    for _ in 0..MOST_FRAMES {
        let next = frame(image, image.size, data, at, out)?;
        at = next.end;
        shown += u32::from(next.is_shown);
        if next.is_last {
            out.frames = shown.max(1);
            return Some(at);
        }
    }
    None
}

/// Steps over a compressed colour profile (annex E.4).
fn profile(bits: &mut LowFirst<'_>) -> Option<()> {
    let length = bits.long();
    if length > MOST_PROFILE {
        return None;
    }
    let mut numbers = Entropy::read(bits, 41)?;
    let (mut last, mut before) = (0u32, 0u32);
    for index in 0..length {
        let context = match index {
            0..=128 => 0,
            _ => 1 + last_kind(last) + 8 * before_kind(before),
        };
        before = last;
        last = numbers.next(bits, context)? & 0xff;
    }
    Some(())
}

fn is_letter(byte: u32) -> bool {
    u8::try_from(byte).is_ok_and(|b| b.is_ascii_alphabetic())
}

fn is_digit(byte: u32) -> bool {
    u8::try_from(byte).is_ok_and(|b| b.is_ascii_digit() || b == b'.' || b == b',')
}

fn last_kind(byte: u32) -> usize {
    match byte {
        _ if is_letter(byte) => 0,
        _ if is_digit(byte) => 1,
        0..=1 => 2 + byte as usize,
        2..=15 => 4,
        241..=254 => 5,
        255 => 6,
        _ => 7,
    }
}

fn before_kind(byte: u32) -> usize {
    match byte {
        _ if is_letter(byte) => 0,
        _ if is_digit(byte) => 1,
        0..=15 => 2,
        241..=255 => 3,
        _ => 4,
    }
}

struct Frame {
    end: usize,
    is_last: bool,
    is_shown: bool,
}

const REGULAR: u32 = 0;
const LOW_FREQUENCY: u32 = 1;
const REFERENCE: u32 = 2;
const SKIP: u32 = 3;

/// Reads the frame that begins at a byte.
fn frame(
    image: &Image,
    size: (u32, u32),
    data: &[u8],
    at: usize,
    out: &mut Inspection,
) -> Option<Frame> {
    let mut own = LowFirst::new(data.get(at..)?);
    let bits = &mut own;
    let mut head = Head {
        kind: REGULAR,
        size,
        group_shift: 1,
        passes: 1,
        is_last: true,
        is_shown: true,
        block_shift: (0, 0),
    };
    if !bits.flag() {
        head.read(image, bits, out)?;
    }
    let sections = head.sections()?;
    // Each takes twelve bits or more.
    if sections > data.len() as u64 {
        return None;
    }
    if bits.flag() {
        permutation(bits, sections as u32)?;
    }
    bits.align();
    let mut total = 0u64;
    for _ in 0..sections {
        let length = bits.number([(0, 10), (1024, 14), (17_408, 22), (4_211_712, 30)])?;
        total += u64::from(length);
        if bits.is_over() {
            return None;
        }
    }
    bits.align();
    let end = (at + bits.at() / 8) as u64 + total;
    let end = usize::try_from(end).ok().filter(|end| *end <= data.len())?;
    Some(Frame {
        end,
        is_last: head.is_last,
        is_shown: head.is_shown,
    })
}

/// Steps over the order of sections (annex F.3.2).
fn permutation(bits: &mut LowFirst<'_>, size: u32) -> Option<()> {
    let context = |value: u32| (u32::BITS - value.leading_zeros()).min(7) as usize;
    let mut numbers = Entropy::read(bits, 8)?;
    let count = numbers.next(bits, context(size))?;
    if count > size {
        return None;
    }
    let mut last = 0;
    for _ in 0..count {
        last = numbers.next(bits, context(last))?;
    }
    Some(())
}

/// What a frame header says about its sections.
struct Head {
    kind: u32,
    size: (u32, u32),
    group_shift: u32,
    passes: u32,
    is_last: bool,
    is_shown: bool,
    /// How much chroma is reduced, across and down.
    block_shift: (u32, u32),
}

impl Head {
    /// Annex F.2.
    fn read(&mut self, image: &Image, bits: &mut LowFirst<'_>, out: &mut Inspection) -> Option<()> {
        const LENGTH: [(u32, u32); 4] = [(0, 8), (256, 11), (2304, 14), (18_688, 30)];
        const TWICE: [(u32, u32); 4] = [(1, 0), (2, 0), (4, 0), (8, 0)];
        self.kind = bits.take(2);
        let is_modular = bits.flag();
        let has_low_frequencies = bits.long() & 0x20 != 0;
        let is_shown_kind = matches!(self.kind, REGULAR | SKIP);
        if !image.is_xyb && bits.flag() && !has_low_frequencies {
            let modes = [bits.take(2), bits.take(2), bits.take(2)];
            let most = |table: [u32; 4]| modes.iter().map(|m| table[*m as usize]).max();
            self.block_shift = (most([0, 1, 1, 0])?, most([0, 1, 0, 1])?);
        }
        let mut enlarged = 1;
        if !has_low_frequencies {
            enlarged = bits.number(TWICE)?;
            for _ in 0..image.extra_channels {
                bits.number(TWICE)?;
            }
        }
        if is_modular {
            self.group_shift = bits.take(2);
        } else if image.is_xyb {
            bits.take(6);
        }
        if self.kind != REFERENCE {
            self.passes(bits)?;
        }
        let mut level = 0;
        if self.kind == LOW_FREQUENCY {
            level = bits.take(2) + 1;
        }
        let mut covers = true;
        if self.kind != LOW_FREQUENCY && bits.flag() {
            let (mut x, mut y) = (0, 0);
            if self.kind != REFERENCE {
                let signed = |value: u32| i64::from(value >> 1) ^ -i64::from(value & 1);
                x = signed(bits.number(LENGTH)?);
                y = signed(bits.number(LENGTH)?);
            }
            let (width, height) = (bits.number(LENGTH)?, bits.number(LENGTH)?);
            let reaches = |from: i64, side: u32, whole: u32| {
                from <= 0 && i64::from(side) + from >= i64::from(whole)
            };
            covers = reaches(x, width, image.size.0) && reaches(y, height, image.size.1);
            self.size = (width, height);
        }
        let mut replaces = true;
        let mut duration = 0;
        if is_shown_kind {
            replaces = blending(bits, image, covers)?;
            for _ in 0..image.extra_channels {
                blending(bits, image, covers)?;
            }
            if image.has_animation {
                duration = bits.number([(0, 0), (1, 0), (0, 8), (0, 32)])?;
                if image.has_time_codes {
                    bits.take(32);
                }
            }
            self.is_last = bits.flag();
        } else {
            self.is_last = false;
        }
        self.is_shown = is_shown_kind && (self.is_last || duration > 0);
        let mut saved = 0;
        if self.kind != LOW_FREQUENCY && !self.is_last {
            saved = bits.take(2);
        }
        let is_referred = !self.is_last
            && self.kind != LOW_FREQUENCY
            && (duration == 0 || saved != 0)
            && replaces
            && covers
            && is_shown_kind;
        if self.kind == REFERENCE || is_referred {
            bits.flag();
        }
        let length = bits.number([(0, 0), (0, 4), (16, 5), (48, 10)])?;
        let name: Vec<u8> = (0..length).map(|_| bits.take(8) as u8).collect();
        if !name.is_empty() {
            let finding = Finding::new(Kind::Text, "frame name");
            out.add(finding.detail(String::from_utf8_lossy(&name)));
        }
        restoration(bits, is_modular)?;
        if bits.extensions()? {
            out.add(Finding::new(Kind::PrivateData, "frame").detail("extensions"));
        }
        let divided = |side: u32| side.div_ceil(enlarged << (3 * level));
        self.size = (divided(self.size.0), divided(self.size.1));
        (!bits.is_over()).then_some(())
    }

    fn passes(&mut self, bits: &mut LowFirst<'_>) -> Option<()> {
        self.passes = bits.number([(1, 0), (2, 0), (3, 0), (4, 3)])?;
        if self.passes > 1 {
            let reduced = bits.number([(0, 0), (1, 0), (2, 0), (3, 1)])?;
            bits.take(2 * (self.passes - 1));
            for _ in 0..reduced {
                bits.number([(1, 0), (2, 0), (4, 0), (8, 0)])?;
            }
            for _ in 0..reduced {
                bits.number([(0, 0), (1, 0), (2, 0), (0, 3)])?;
            }
        }
        Some(())
    }

    /// How many sections the table of contents has.
    fn sections(&self) -> Option<u64> {
        let group = 128u32 << self.group_shift;
        let along = |side: u32, shift: u32| {
            let blocks = side.div_ceil(8 << shift) << shift;
            (
                u64::from(side.div_ceil(group)),
                u64::from(blocks.div_ceil(group)),
            )
        };
        let (across, low_across) = along(self.size.0, self.block_shift.0);
        let (down, low_down) = along(self.size.1, self.block_shift.1);
        let groups = across.checked_mul(down)?;
        if groups == 1 && self.passes == 1 {
            return Some(1);
        }
        Some(2 + low_across * low_down + groups.checked_mul(self.passes.into())?)
    }
}

/// How a frame is laid over another; gives whether it replaces it.
fn blending(bits: &mut LowFirst<'_>, image: &Image, covers: bool) -> Option<bool> {
    let mode = bits.number([(0, 0), (1, 0), (2, 0), (3, 2)])?;
    // By opacity, with or without adding.
    let has_opacity = image.extra_channels > 0 && matches!(mode, 2 | 3);
    if has_opacity {
        bits.number([(0, 0), (1, 0), (2, 0), (3, 3)])?;
    }
    if has_opacity || mode == 4 {
        bits.flag();
    }
    if !(covers && mode == 0) {
        bits.take(2);
    }
    Some(mode == 0)
}

/// Filters behind decoding (annex J).
fn restoration(bits: &mut LowFirst<'_>, is_modular: bool) -> Option<()> {
    if bits.flag() {
        return Some(()); // all by default
    }
    if bits.flag() && bits.flag() {
        bits.skip(&[16; 6]);
    }
    if bits.take(2) > 0 {
        if !is_modular && bits.flag() {
            bits.skip(&[16; 8]);
        }
        if bits.flag() {
            bits.skip(&[16; 5]);
        }
        if bits.flag() {
            bits.skip(&[16; 3]);
            if !is_modular {
                bits.skip(&[16]);
            }
        }
        if is_modular {
            bits.skip(&[16]);
        }
    }
    bits.extensions().map(|_| ())
}
