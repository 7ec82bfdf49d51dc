//! Configurations of codecs in sample entries: where each ends by its own structure, and the words
//! that some have.

use super::super::bytes::{Order, part, rest, says_something, text};
use super::super::coded::{nal, obu};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::entries::unused;

/// Name of the library that our own files carry; it has no version.
const OWN_PROGRAM: &str = "Lavf";

/// A stream of MPEG-4 systems (ISO/IEC 14496-1, 7.2.6).
pub(super) fn esds(body: &[u8], place: &str, out: &mut Inspection) {
    for (tag, body) in descriptors(rest(body, 4), place, out) {
        match tag {
            3 => stream(body, place, out),
            _ => unknown(tag, body, place, out),
        }
    }
}

fn stream(body: &[u8], place: &str, out: &mut Inspection) {
    let flags = body.get(2).copied().unwrap_or(0);
    let mut at = if flags & 0x80 != 0 { 5 } else { 3 };
    if flags & 0x40 != 0 {
        let length = usize::from(body.get(at).copied().unwrap_or(0));
        let address = part(body, at + 1, length).unwrap_or_default();
        out.add(Finding::new(Kind::Text, place).detail(text(address)));
        at += 1 + length;
    }
    at += if flags & 0x20 != 0 { 2 } else { 0 };
    for (tag, body) in descriptors(rest(body, at), place, out) {
        match (tag, body.first()) {
            (4, Some(codec)) => {
                for (tag, body) in descriptors(rest(body, 13), place, out) {
                    match tag {
                        5 => specific(*codec, body, place, out),
                        // Index of a profile.
                        0x14 => unused(rest(body, 1), place, out),
                        _ => unknown(tag, body, place, out),
                    }
                }
            }
            // How packets begin: a known way, or one that is spelt out.
            (6, Some(0)) => unused(rest(body, 30), place, out),
            (6, _) => unused(rest(body, 1), place, out),
            _ => unknown(tag, body, place, out),
        }
    }
}

fn unknown(tag: u8, body: &[u8], place: &str, out: &mut Inspection) {
    if says_something(body) {
        let finding = Finding::new(Kind::PrivateData, format!("{place}, descriptor {tag}"));
        out.add(finding.bytes(body.len()).detail(text(body)));
    }
}

/// Tags and bodies; what follows the last one is said here.
fn descriptors<'a>(data: &'a [u8], place: &str, out: &mut Inspection) -> Vec<(u8, &'a [u8])> {
    let mut found = Vec::new();
    let mut left = data;
    while let Some((tag, after)) = left.split_first() {
        // Seven bits a byte, and a mark that there are more.
        let bytes = after.iter().take(4).take_while(|b| **b >= 0x80).count() + 1;
        let digits = after.get(..bytes).unwrap_or_default();
        let length = digits
            .iter()
            .fold(0usize, |n, b| n << 7 | usize::from(b & 0x7f));
        let Some(body) = part(after, bytes, length).filter(|_| bytes <= 4) else {
            break;
        };
        found.push((*tag, body));
        left = rest(after, bytes + length);
    }
    unused(left, place, out);
    found
}

/// What a decoder needs beforehand; `codec` by ISO/IEC 14496-1, table 5.
fn specific(codec: u8, body: &[u8], place: &str, out: &mut Inspection) {
    match codec {
        0x40 | 0x66..=0x68 => match aac(body) {
            Some((end, comment)) => {
                if !comment.is_empty() {
                    out.add(Finding::new(Kind::Text, place).detail(text(comment)));
                }
                unused(rest(body, end), place, out);
            }
            None => {
                let finding = Finding::new(Kind::PrivateData, place).bytes(body.len());
                out.add(finding.detail("configuration of a rare kind"));
            }
        },
        // Pictures, whose own headers these are.
        0x20 | 0x60..=0x65 | 0x6a | 0x6c => {}
        _ => unknown(5, body, place, out),
    }
}

/// Bits, the most significant first.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<usize> {
        let mut value = 0;
        for at in self.at..self.at + count {
            value = value << 1 | usize::from(self.data.get(at / 8)? >> (7 - at % 8) & 1);
        }
        self.at += count;
        Some(value)
    }

    /// A sampling frequency, by its number or spelt out.
    fn frequency(&mut self) -> Option<()> {
        if self.take(4)? == 15 {
            self.take(24)?;
        }
        Some(())
    }
}

/// How many bytes an `AudioSpecificConfig` (ISO/IEC 14496-3, 1.6.2.1) has, and the comment in it.
/// `None` for speech, lossless and the newest codecs.
fn aac(data: &[u8]) -> Option<(usize, &[u8])> {
    let mut b = Bits { data, at: 0 };
    let mut kind = b.take(5)?;
    b.frequency()?;
    let channels = b.take(4)?;
    // Spectral band replication, with or without parametric stereo, wraps another kind.
    let is_wrapped = matches!(kind, 5 | 29);
    if is_wrapped {
        b.frequency()?;
        kind = b.take(5)?;
    }
    let is_resilient = matches!(kind, 17 | 23);
    if !matches!(kind, 1..=4) && !is_resilient {
        return None;
    }
    if b.take(2)? & 1 == 1 {
        b.take(14)?;
    }
    let is_extended = b.take(1)? == 1;
    let comment = if channels == 0 { program(&mut b)? } else { &[] };
    if is_extended {
        b.take(if is_resilient { 4 } else { 1 })?;
    }
    if is_resilient && b.take(2)? > 1 {
        return None;
    }
    let mut end = b.at;
    // Spectral band replication behind the rest, which older decoders step over.
    if !is_wrapped && b.take(16) == Some(0x2b7 << 5 | 5) {
        if b.take(1)? == 1 {
            b.frequency()?;
        }
        end = b.at;
        if b.take(12).is_some_and(|stereo| stereo >> 1 == 0x548) {
            end = b.at;
        }
    }
    Some((end.div_ceil(8), comment))
}

/// Which element feeds which loudspeaker, and a comment, which is given.
fn program<'a>(b: &mut Bits<'a>) -> Option<&'a [u8]> {
    b.take(10)?;
    let fives = b.take(4)? + b.take(4)? + b.take(4)?;
    let fours = b.take(2)? + b.take(3)?;
    let fives = fives + b.take(4)?;
    for mixdown in [4, 4, 3] {
        if b.take(1)? == 1 {
            b.take(mixdown)?;
        }
    }
    b.take(fives * 5 + fours * 4)?;
    b.at = b.at.next_multiple_of(8);
    let length = b.take(8)?;
    let comment = part(b.data, b.at / 8, length)?;
    b.at += length * 8;
    Some(comment)
}

/// Blocks of FLAC (RFC 9639, 8), of which a decoder needs the first.
pub(super) fn flac(body: &[u8], place: &str, out: &mut Inspection) {
    let mut at = 4;
    while let Some(head) = Order::Big.u32(body, at) {
        let length = (head & 0xff_ffff) as usize;
        let Some(block) = part(body, at + 4, length) else {
            break;
        };
        at += 4 + length;
        let said = |kind| Finding::new(kind, place).bytes(length);
        match head >> 24 & 0x7f {
            0 => unused(rest(block, 34), place, out),
            1 => unused(block, place, out),
            3 => {}
            4 => comments(block, place, out),
            5 => out.add(said(Kind::Text).detail("cue sheet")),
            6 => out.add(said(Kind::Preview)),
            kind => out.add(said(Kind::PrivateData).detail(format!("block {kind}"))),
        }
        if head >> 31 == 1 {
            break;
        }
    }
    unused(rest(body, at), place, out);
}

/// The program's name, and lines such as `ARTIST=...` (RFC 9639, 8.6).
fn comments(block: &[u8], place: &str, out: &mut Inspection) {
    let line = |at: usize| {
        let length = Order::Little.u32(block, at)? as usize;
        Some((part(block, at + 4, length)?, at + 4 + length))
    };
    let Some((program, mut at)) = line(0) else {
        return unused(block, place, out);
    };
    let program = text(program);
    if !program.is_empty() && program != OWN_PROGRAM {
        out.add(Finding::new(Kind::Software, place).detail(program));
    }
    let count = Order::Little.u32(block, at).unwrap_or(0);
    at += 4;
    for _ in 0..count {
        let Some((words, next)) = line(at) else { break };
        out.add(Finding::new(Kind::Text, place).detail(text(words)));
        at = next;
    }
    unused(rest(block, at), place, out);
}

/// What lies behind the end of a `dOps` box.
pub(super) fn behind_opus(body: &[u8]) -> &[u8] {
    let byte = |at| body.get(at).map_or(0, |b: &u8| usize::from(*b));
    // Where each channel comes from, if they are many.
    let mapping = if byte(10) == 0 { 0 } else { 2 + byte(1) };
    rest(body, 11 + mapping)
}

/// What lies behind the end of a `dec3` box (ETSI TS 102 366, F.6), whose last two bytes announce
/// objects.
pub(super) fn behind_eac3(body: &[u8]) -> &[u8] {
    let streams = body.get(1).map_or(0, |b| b & 7) + 1;
    let mut at = 2;
    for _ in 0..streams {
        let depends = body.get(at + 2).is_some_and(|b| b >> 1 & 15 != 0);
        at += if depends { 4 } else { 3 };
    }
    rest(body, at + 2)
}

/// The codec of sound and what its decoder needs, out of an `esds` box.
pub(super) fn sound(body: &[u8]) -> Option<(u8, &[u8])> {
    let mut ignored = Inspection::default();
    let out = &mut ignored;
    let mut all = descriptors(rest(body, 4), "", out).into_iter();
    let stream = all.find(|(tag, _)| *tag == 3)?.1;
    let flags = *stream.get(2)?;
    let mut at = 3;
    at += if flags & 0x80 != 0 { 2 } else { 0 };
    if flags & 0x40 != 0 {
        at += 1 + usize::from(*stream.get(at)?);
    }
    at += if flags & 0x20 != 0 { 2 } else { 0 };
    let mut all = descriptors(rest(stream, at), "", out).into_iter();
    let config = all.find(|(tag, _)| *tag == 4)?.1;
    let mut all = descriptors(rest(config, 13), "", out).into_iter();
    let specific = all.find(|(tag, _)| *tag == 5).map(|found| found.1);
    Some((*config.first()?, specific.unwrap_or_default()))
}

/// An `av1C` box: four bytes, then units of the stream.
pub(super) fn av1(body: &[u8], place: &str, out: &mut Inspection) {
    if obu::look(rest(body, 4), place, out) > 0 {
        let finding = Finding::new(Kind::FurtherPicture, place).bytes(body.len());
        out.add(finding.detail("a frame in the configuration"));
    }
}

/// What lies behind the end of an `avcC` box (ISO/IEC 14496-15, 5.3.3.1), whose units are looked
/// at.
pub(super) fn behind_avc<'a>(body: &'a [u8], place: &str, out: &mut Inspection) -> &'a [u8] {
    let byte = |at| body.get(at).map_or(0, |b: &u8| usize::from(*b));
    let mut sets = |at, count| nal::listed(nal::Coding::Avc, body, at, count, place, out);
    let mut at = sets(6, byte(5) & 31);
    at = sets(at + 1, byte(at));
    // Chroma format and depths, which some write for every profile; the other bits are set.
    if byte(at) >= 0xfc && byte(at + 1) >= 0xf8 && byte(at + 2) >= 0xf8 {
        at = sets(at + 4, byte(at + 3));
    }
    rest(body, at)
}

/// What lies behind the end of an `hvcC` or `lhvC` box (ISO/IEC 14496-15, 8.3.2.1 and 9.5.3.1),
/// whose units are looked at.
pub(super) fn behind_hevc<'a>(
    body: &'a [u8],
    kind: [u8; 4],
    place: &str,
    out: &mut Inspection,
) -> &'a [u8] {
    let head = if kind == *b"hvcC" { 22 } else { 5 };
    let mut at = head + 1;
    for _ in 0..body.get(head).copied().unwrap_or(0) {
        let count = Order::Big.u16(body, at + 1).unwrap_or(0);
        at = nal::listed(nal::Coding::Hevc, body, at + 3, count.into(), place, out);
    }
    rest(body, at)
}
