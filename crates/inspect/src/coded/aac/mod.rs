//! Packets of AAC (ISO/IEC 14496-3, 4.4.2): elements that hold no sound, and bytes behind the last.
//! Channels are stepped over code by code, since nothing says how long they are.
//!
//! Invariant: a packet of which a part is not understood is left alone as a whole.

mod tables;

use super::super::bits::HighFirst;
use super::super::bytes::{rest, says_something, text};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::{SIGNED, is_signature};
use std::sync::OnceLock;
use tables::{BANDS, SCALE, SPECTRUM};

/// What the codec header says.
pub(in super::super) struct Config {
    /// Number of the sampling frequency.
    rate: usize,
}

impl Config {
    /// From an `AudioSpecificConfig`; `None` for anything but low complexity in frames of 1,024.
    pub(in super::super) fn new(specific: &[u8]) -> Option<Self> {
        let mut b = HighFirst::new(specific);
        let mut kind = b.take(5);
        let rate = rate(&mut b)?;
        b.take(4);
        // Spectral band replication wraps another kind.
        if matches!(kind, 5 | 29) {
            self::rate(&mut b)?;
            kind = b.take(5);
        }
        let is_short = b.flag();
        (kind == 2 && !is_short && !b.is_over()).then_some(Self { rate })
    }

    /// From the header of an ADTS frame.
    pub(in super::super) fn adts(head: &[u8]) -> Option<Self> {
        let second = *head.get(2)?;
        let rate = usize::from(second >> 2 & 15);
        (second >> 6 == 1 && rate < BANDS.len()).then_some(Self { rate })
    }
}

/// The number of a sampling frequency; one that is spelt out is taken for none.
fn rate(b: &mut HighFirst<'_>) -> Option<usize> {
    let index = b.take(4) as usize;
    (index < BANDS.len()).then_some(index)
}

/// Looks at a packet.
pub(in super::super) fn packet(config: &Config, data: &[u8], out: &mut Inspection) {
    let mut b = HighFirst::new(data);
    let mut found = Inspection::default();
    if elements(config, &mut b, &mut found).is_none() || b.is_over() {
        return;
    }
    b.align();
    let behind = rest(data, b.at() / 8);
    if says_something(behind) {
        let finding = Finding::new(Kind::SoundData, "").bytes(behind.len());
        found.add(finding.detail("behind the elements of a packet of sound"));
    }
    for finding in found.findings {
        out.add(finding);
    }
    for carried in found.carries {
        out.carry(carried);
    }
}

/// All elements up to the end mark.
fn elements(config: &Config, b: &mut HighFirst<'_>, out: &mut Inspection) -> Option<()> {
    loop {
        match b.take(3) {
            // One channel, or that of the lowest frequencies.
            0 | 3 => {
                b.take(4);
                channel(config, b, None)?;
            }
            1 => pair(config, b)?,
            4 => data_stream(b, out),
            5 => program(b, out),
            6 => fill(b, out),
            7 => return Some(()),
            _ => return None, // a coupling channel
        }
        if b.is_over() {
            return None;
        }
    }
}

/// The bytes of an element, wherever they begin in a byte.
fn body(b: &mut HighFirst<'_>, length: usize) -> Vec<u8> {
    (0..length).map(|_| b.take(8) as u8).collect()
}

fn data_stream(b: &mut HighFirst<'_>, out: &mut Inspection) {
    b.take(4);
    let is_aligned = b.flag();
    let mut length = b.take(8) as usize;
    if length == 255 {
        length += b.take(8) as usize;
    }
    if is_aligned {
        b.align();
    }
    let body = body(b, length);
    if says_something(&body) {
        let finding = Finding::new(Kind::SoundData, "").bytes(length);
        out.add(finding.detail("data beside the sound"));
    }
}

/// Which element feeds which loudspeaker, and a comment.
fn program(b: &mut HighFirst<'_>, out: &mut Inspection) {
    b.take(10);
    let mut fives = b.take(4) + b.take(4) + b.take(4);
    let fours = b.take(2) + b.take(3);
    fives += b.take(4);
    for mixdown in [4, 4, 3] {
        if b.flag() {
            b.take(mixdown);
        }
    }
    b.skip((fives * 5 + fours * 4) as usize);
    b.align();
    let length = b.take(8) as usize;
    let comment = body(b, length);
    if says_something(&comment) {
        out.add(
            Finding::new(Kind::SoundData, "")
                .bytes(length)
                .detail(text(&comment)),
        );
    }
}

fn fill(b: &mut HighFirst<'_>, out: &mut Inspection) {
    let mut length = b.take(4) as usize;
    if length == 15 {
        length = (length + b.take(8) as usize).saturating_sub(1);
    }
    if length == 0 {
        return;
    }
    let begin = b.clone();
    let body = body(b, length);
    let content = rest(&body, 1);
    let is_silent = |value: u8| (body[0] & 15 == 0) && content.iter().all(|b| *b == value);
    match body[0] >> 4 {
        // Replicated bands, loudness and surround are sound.
        11..=14 => {}
        0 | 1 if is_silent(0) || is_silent(0xa5) => {}
        _ if length > 1 && is_signed(begin, length) => out.carry(SIGNED),
        _ => {
            let finding = Finding::new(Kind::SoundData, "").bytes(length);
            out.add(finding.detail("filler with content"));
        }
    }
}

/// Whether a filler holds nothing but an encoder's name, which begins at a whole byte of the
/// packet.
fn is_signed(mut b: HighFirst<'_>, length: usize) -> bool {
    let end = b.at() + length * 8;
    let mut is_zero = b.take(4) == 0;
    let padding = (8 - b.at() % 8) % 8;
    is_zero &= b.take(padding as u32) == 0;
    let bytes = end.saturating_sub(b.at()) / 8;
    let words = body(&mut b, bytes);
    let bits = end.saturating_sub(b.at()) as u32;
    is_zero &= b.take(bits) == 0;
    is_zero && is_signature(&words)
}

/// How a channel's window is divided.
#[derive(Clone, Copy, Default)]
struct Windows {
    is_short: bool,
    /// Bands in use.
    bands: usize,
    /// Windows in each group; the first `groups` count.
    lengths: [u16; 8],
    groups: usize,
}

impl Windows {
    fn read(b: &mut HighFirst<'_>) -> Option<Self> {
        b.take(1);
        let is_short = b.take(2) == 2;
        b.take(1);
        let mut found = Self {
            is_short,
            groups: 1,
            lengths: [1, 0, 0, 0, 0, 0, 0, 0],
            bands: 0,
        };
        if is_short {
            found.bands = b.take(4) as usize;
            let grouping = b.take(7);
            for i in (0..7).rev() {
                found.groups += usize::from(grouping >> i & 1 == 0);
                found.lengths[found.groups - 1] += 1;
            }
        } else {
            found.bands = b.take(6) as usize;
            // Prediction is for other profiles.
            if b.flag() {
                return None;
            }
        }
        Some(found)
    }
}

fn pair(config: &Config, b: &mut HighFirst<'_>) -> Option<()> {
    b.take(4);
    let mut common = None;
    if b.flag() {
        let windows = Windows::read(b)?;
        if b.take(2) == 1 {
            b.skip(windows.groups * windows.bands);
        }
        common = Some(windows);
    }
    channel(config, b, common)?;
    channel(config, b, common)
}

/// A channel's stream (4.4.2.7).
fn channel(config: &Config, b: &mut HighFirst<'_>, common: Option<Windows>) -> Option<()> {
    const NOISE: u8 = 13;
    b.take(8);
    let windows = match common {
        Some(windows) => windows,
        None => Windows::read(b)?,
    };
    let (long, short) = BANDS[config.rate];
    let runs = if windows.is_short { short } else { long };
    let widths: Vec<u16> = runs
        .iter()
        .flat_map(|&(width, count)| std::iter::repeat_n(width, count.into()))
        .collect();
    if windows.bands > widths.len() {
        return None;
    }
    // The codebook of each band in each group.
    let mut books: Vec<u8> = Vec::new();
    let bits = if windows.is_short { 3 } else { 5 };
    for group in 1..=windows.groups {
        while books.len() < group * windows.bands {
            let book = b.take(4) as u8;
            let mut length = 0;
            loop {
                let more = b.take(bits);
                length += more as usize;
                if more != (1 << bits) - 1 {
                    break;
                }
            }
            if book == 12 || books.len() + length > group * windows.bands || b.is_over() {
                return None;
            }
            books.extend(std::iter::repeat_n(book, length));
            if length == 0 {
                return None;
            }
        }
    }
    let mut has_noise = false;
    for &book in books.iter().filter(|book| **book != 0) {
        if book == NOISE && !std::mem::replace(&mut has_noise, true) {
            b.take(9);
        } else {
            scale_code().read(b)?;
        }
    }
    if b.flag() {
        let pulses = b.take(2) as usize + 1;
        b.skip(6 + pulses * 9);
    }
    if b.flag() {
        noise_shaping(b, windows.is_short);
    }
    // Gain control is for other profiles.
    if b.flag() {
        return None;
    }
    for (index, &book) in books.iter().enumerate() {
        if !(1..=11).contains(&book) {
            continue;
        }
        let (group, band) = (index / windows.bands, index % windows.bands);
        let numbers = usize::from(widths[band]) * usize::from(windows.lengths[group]);
        coefficients(b, book, numbers)?;
    }
    Some(())
}

/// Temporal noise shaping (4.4.2.7).
fn noise_shaping(b: &mut HighFirst<'_>, is_short: bool) {
    let (windows, count, length, order) = match is_short {
        true => (8, 1, 4, 3),
        false => (1, 2, 6, 5),
    };
    for _ in 0..windows {
        let filters = b.take(count);
        if filters == 0 {
            continue;
        }
        let resolution = b.take(1) + 3;
        for _ in 0..filters {
            b.take(length);
            let order = b.take(order);
            if order > 0 {
                b.take(1);
                let bits = resolution - b.take(1);
                b.skip((order * bits) as usize);
            }
        }
    }
}

fn coefficients(b: &mut HighFirst<'_>, book: u8, numbers: usize) -> Option<()> {
    let code = &spectrum_codes()[usize::from(book) - 1];
    let each = if book <= 4 { 4 } else { 2 };
    for _ in 0..numbers / each {
        let digit = code.read(b)?;
        let (escapes, signs) = (digit / 3, digit % 3);
        match book {
            3 | 4 => b.skip(digit.into()),
            11 => {
                b.skip(signs.into());
                for _ in 0..escapes {
                    let ones = (0..12).take_while(|_| b.flag()).count();
                    b.skip(ones + 4);
                }
            }
            _ => b.skip(signs.into()),
        }
        if b.is_over() {
            return None;
        }
    }
    Some(())
}

/// A code whose codes rise with their lengths.
struct Code {
    /// First code and first place of each length from 1 on, and how many there are.
    lengths: Vec<(u32, u32, u32)>,
    /// A digit for each code; none if nothing follows.
    digits: &'static [u8],
}

impl Code {
    fn new(counts: &[u8], digits: &'static str) -> Self {
        let (mut code, mut place) = (0, 0);
        let lengths = counts.iter().map(|&count| {
            code <<= 1;
            let own = (code, place, u32::from(count));
            code += u32::from(count);
            place += u32::from(count);
            own
        });
        Self {
            lengths: lengths.collect(),
            digits: digits.as_bytes(),
        }
    }

    /// The digit of the next code.
    fn read(&self, b: &mut HighFirst<'_>) -> Option<u8> {
        let ahead = b.peek(20);
        for (bits, (first, place, count)) in (1..).zip(&self.lengths) {
            let offset = (ahead >> (20 - bits)).wrapping_sub(*first);
            if offset < *count {
                b.skip(bits as usize);
                let digit = self.digits.get((place + offset) as usize);
                return Some(digit.map_or(0, |d| d - b'0'));
            }
        }
        None
    }
}

fn scale_code() -> &'static Code {
    static CODE: OnceLock<Code> = OnceLock::new();
    CODE.get_or_init(|| Code::new(&SCALE, ""))
}

fn spectrum_codes() -> &'static [Code; 11] {
    static CODES: OnceLock<[Code; 11]> = OnceLock::new();
    CODES.get_or_init(|| SPECTRUM.map(|(counts, digits)| Code::new(counts, digits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_complete_and_bands_fill_their_windows() {
        for (counts, digits) in SPECTRUM.iter().copied().chain([(&SCALE[..], "")]) {
            let taken = (1u32..)
                .zip(counts)
                .map(|(bits, &n)| u32::from(n) << (20 - bits));
            assert_eq!(taken.sum::<u32>(), 1 << 20);
            let total: u32 = counts.iter().map(|&n| u32::from(n)).sum();
            assert!(digits.is_empty() || digits.len() == total as usize);
        }
        for (long, short) in BANDS {
            let sum = |runs: &[(u16, u16)]| runs.iter().map(|r| r.0 * r.1).sum::<u16>();
            assert_eq!((sum(long), sum(short)), (1024, 128));
        }
    }

    /// Bits of elements, the highest first.
    fn bits(fields: &[(u32, u32)]) -> Vec<u8> {
        let mut all: Vec<bool> = Vec::new();
        for &(value, count) in fields {
            all.extend((0..count).rev().map(|i| value >> i & 1 == 1));
        }
        let byte =
            |bits: &[bool]| (0..8).fold(0, |b, i| b << 1 | u8::from(bits.get(i) == Some(&true)));
        all.chunks(8).map(byte).collect()
    }

    #[test]
    fn elements_without_sound_are_named() {
        let config = Config::new(&[0x12, 0x10]).expect("low complexity");
        let found = |fields: &[(u32, u32)], behind: &[u8]| {
            let mut out = Inspection::default();
            packet(&config, &[&bits(fields), behind].concat(), &mut out);
            let found = out.findings.into_iter();
            found.map(|f| (f.kind, f.detail)).collect::<Vec<_>>()
        };
        // A silent channel: no bands in use.
        let silent = [(0, 3), (0, 4), (100, 8), (0, 4), (0, 6), (0, 1), (0, 3)];
        let with = |more: &[(u32, u32)]| [&silent, more, &[(7, 3)]].concat();
        assert_eq!(found(&with(&[]), b""), []);
        assert_eq!(found(&with(&[]), b"Alice")[0].0, Kind::SoundData);
        let data = [(4, 3), (0, 4), (0, 1), (2, 8), (0x4869, 16)];
        assert_eq!(found(&with(&data), b"")[0].0, Kind::SoundData);
        let fill = |value| [(6, 3), (3, 4), (value, 24)];
        assert_eq!(found(&with(&fill(0x10_a5a5)), b""), []);
        assert_eq!(found(&with(&fill(0)), b""), []);
        assert_eq!(found(&with(&fill(0x00_4142)), b"")[0].0, Kind::SoundData);
        // As FFmpeg signs its first packet, in whole bytes.
        let mut out = Inspection::default();
        packet(&config, b"\xd0\0Lavc60\x01\xc0", &mut out);
        assert_eq!(
            (&out.findings[..], &out.carries[..]),
            (&[][..], &["sound-encoder"][..])
        );
        packet(&config, b"\xd0\0LavcMe\x01\xc0", &mut out);
        assert_eq!(out.findings[0].detail, "filler with content");
        for seed in 0..3000usize {
            let noise: Vec<u8> = (0..50)
                .map(|i| (seed * 131 + i * i * 7 + i) as u8)
                .collect();
            packet(&config, &noise, &mut out);
        }
    }
}
