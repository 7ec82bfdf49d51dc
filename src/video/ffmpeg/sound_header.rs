//! What a sound track's codec header holds besides what decoding needs. Packets are copied, and the
//! header goes along with them: Vorbis comments with names and pictures, or bytes that nothing
//! reads.
//!
//! Invariant: a header that is [`Plain`](SoundHeader::Plain) tells nothing but how to decode.

use super::super::failure::{failed, malformed};
use crate::error::Result;
use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

const VORBIS: &[u8] = b"vorbis";
/// A comment header without vendor and comments: the kind of packet, two empty counts, the framing
/// bit.
const NO_COMMENTS: [u8; 16] = *b"\x03vorbis\0\0\0\0\0\0\0\0\x01";
/// Bytes before a new file's sound headers, at most; they come before pictures and sound, behind
/// tables of times.
const BEFORE: u64 = 16 << 20;

/// A judgement on a codec header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SoundHeader {
    /// It may be copied as it is.
    Plain,
    /// It may be copied if this part of it is replaced by the other one, which is as long.
    Emptied(Part),
    /// It holds more, or what it holds is not known.
    More,
}

/// A part of a header that says too much, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    from: Vec<u8>,
    to: Vec<u8>,
}

impl Part {
    /// Zeros behind what is needed.
    fn zeroed(from: &[u8], needed: &[u8]) -> Self {
        let mut to = needed.to_vec();
        to.resize(from.len(), 0);
        Self {
            from: from.to_vec(),
            to,
        }
    }
}

impl SoundHeader {
    /// `codec` is ffprobe's name, `data` the header as ffmpeg copies it.
    pub(super) fn of(codec: &str, data: &[u8]) -> Self {
        let is_plain = match codec {
            "vorbis" => {
                return comment_header(data)
                    .map_or(Self::More, |c| Self::Emptied(Part::zeroed(c, &NO_COMMENTS)));
            }
            _ if data.is_empty() => true,
            "aac" | "opus" => {
                let end = if codec == "aac" {
                    aac_end(data)
                } else {
                    opus_end(data)
                };
                return match end.and_then(|end| data.split_at_checked(end)) {
                    Some((needed, rest)) if rest.iter().any(|b| *b != 0) => {
                        Self::Emptied(Part::zeroed(data, needed))
                    }
                    Some(_) => Self::Plain,
                    None => Self::More,
                };
            }
            // Of a fixed length: FLAC's STREAMINFO, ALAC's cookie, the ends of WAVEFORMATEX.
            "flac" => data.len() == 34,
            "alac" => data.len() == 36,
            "mp3" => data.len() == 12,
            "wmav1" => data.len() == 4,
            "wmav2" => data.len() == 10,
            "wmapro" => data.len() == 18,
            "wavpack" => data.len() == 2,
            _ => false,
        };
        if is_plain { Self::Plain } else { Self::More }
    }
}

/// Bytes out of ffprobe's dump: lines of an offset of 8 digits, a colon, and 40 columns of
/// hexadecimal digits before the text.
pub(super) fn undump(dump: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for line in dump.lines().filter(|l| !l.is_empty()) {
        let digits: Vec<u8> = line
            .as_bytes()
            .get(10..50)?
            .iter()
            .copied()
            .filter(|b| *b != b' ')
            .collect();
        for pair in digits.chunks(2) {
            let text = std::str::from_utf8(pair).ok()?;
            out.push(u8::from_str_radix(text, 16).ok()?);
        }
    }
    Some(out)
}

/// The second of Vorbis's three headers. They are laced as in Matroska, or each comes behind its
/// 16-bit length.
fn comment_header(data: &[u8]) -> Option<&[u8]> {
    let (first, second, at) = match data {
        [2, rest @ ..] => {
            let mut at = 1;
            let mut length = || {
                let full = rest
                    .get(at - 1..)?
                    .iter()
                    .take_while(|b| **b == 255)
                    .count();
                let last = *data.get(at + full)?;
                at += full + 1;
                Some(full * 255 + usize::from(last))
            };
            let (first, second) = (length()?, length()?);
            (first, second, at + first)
        }
        [a, b, ..] => {
            let first = usize::from(u16::from_be_bytes([*a, *b]));
            let length: [u8; 2] = data.get(2 + first..4 + first)?.try_into().ok()?;
            (first, usize::from(u16::from_be_bytes(length)), 4 + first)
        }
        _ => return None,
    };
    let comments = data.get(at..at + second)?;
    let is_one = first == 30 && comments.first() == Some(&3) && comments[1..].starts_with(VORBIS);
    (is_one && second >= NO_COMMENTS.len()).then_some(comments)
}

/// Replaces parts of headers in a new file, in the order of its tracks.
///
/// # Errors
/// If the file cannot be written, or holds one of them nowhere.
pub(super) fn empty(file: &Path, parts: &[Part]) -> Result<()> {
    if parts.is_empty() {
        return Ok(());
    }
    let broke = |e| failed("emptying its sound's headers").because(e);
    let mut new = OpenOptions::new()
        .read(true)
        .write(true)
        .open(file)
        .map_err(broke)?;
    let length: u64 = parts.iter().map(|p| p.from.len() as u64).sum();
    let mut head = Vec::new();
    Read::by_ref(&mut new)
        .take(BEFORE.saturating_add(length.saturating_mul(2)))
        .read_to_end(&mut head)
        .map_err(broke)?;
    let mut from = 0;
    for part in parts {
        let at = position(&head[from..], &part.from).ok_or_else(|| {
            malformed("its sound's header holds more than sound, and the new file has another one")
        })?;
        new.seek(SeekFrom::Start((from + at) as u64))
            .and_then(|_| new.write_all(&part.to))
            .map_err(broke)?;
        from += at + part.from.len();
    }
    Ok(())
}

fn position(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|part| part == needle)
}

/// Where OpusHead ends: family 0 has fixed fields only, others name each channel's stream.
fn opus_end(data: &[u8]) -> Option<usize> {
    let map = match (data.get(9)?, data.get(18)?) {
        (_, 0) => 0,
        (channels, _) => 2 + usize::from(*channels),
    };
    data.starts_with(b"OpusHead").then_some(19 + map)
}

/// Where AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) ends; `None` for object types that are not
/// usual, and for one with a comment in it.
fn aac_end(data: &[u8]) -> Option<usize> {
    let mut bits = Bits { data, at: 0 };
    let mut object = bits.object_type()?;
    bits.frequency()?;
    let channels = bits.take(4)?;
    let is_extended = matches!(object, 5 | 29);
    if is_extended {
        bits.frequency()?;
        object = bits.object_type()?;
    }
    if !(1..=4).contains(&object) {
        return None;
    }
    bits.take(1)?;
    if bits.take(1)? == 1 {
        bits.take(14)?;
    }
    // An extension of these object types has one flag, reserved.
    if bits.take(1)? == 1 {
        bits.take(1)?;
    }
    if channels == 0 && bits.program()? > 0 {
        return None;
    }
    // Spectral band replication, and parametric stereo behind that.
    if !is_extended && bits.peek(11) == Some(0x2b7) {
        bits.take(11)?;
        if bits.object_type()? != 5 {
            return None;
        }
        if bits.take(1)? == 1 {
            bits.frequency()?;
        }
        if bits.peek(11) == Some(0x548) {
            bits.take(12)?;
        }
    }
    Some(bits.at.div_ceil(8))
}

/// Bits of a header, the most significant first.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// At most 24.
    fn peek(&self, count: usize) -> Option<u32> {
        (self.at..self.at + count).try_fold(0, |value, i| {
            let bit = self.data.get(i / 8)? >> (7 - i % 8) & 1;
            Some(value << 1 | u32::from(bit))
        })
    }

    fn take(&mut self, count: usize) -> Option<u32> {
        let value = self.peek(count)?;
        self.at += count;
        Some(value)
    }

    fn object_type(&mut self) -> Option<u32> {
        match self.take(5)? {
            31 => self.take(6).map(|v| 32 + v),
            v => Some(v),
        }
    }

    fn frequency(&mut self) -> Option<()> {
        if self.take(4)? == 15 {
            self.take(24)?;
        }
        Some(())
    }

    /// A program config element; gives the bytes of its comment.
    fn program(&mut self) -> Option<u32> {
        self.take(10)?;
        let [front, side, back] = [self.take(4)?, self.take(4)?, self.take(4)?];
        let [low, data, coupling] = [self.take(2)?, self.take(3)?, self.take(4)?];
        for bits in [4, 4, 3] {
            if self.take(1)? == 1 {
                self.take(bits)?;
            }
        }
        let bits = 5 * (front + side + back + coupling) + 4 * (low + data);
        self.at += bits as usize;
        self.at = self.at.next_multiple_of(8);
        self.take(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SoundHeader::{Emptied, More, Plain};

    fn comments(vendor: &[u8]) -> Vec<u8> {
        let mut out = b"\x03vorbis".to_vec();
        out.extend((vendor.len() as u32).to_le_bytes());
        out.extend(vendor);
        out.extend(*b"\0\0\0\0\x01");
        out
    }

    fn laced(second: &[u8]) -> Vec<u8> {
        let mut out = vec![2, 30];
        out.extend(std::iter::repeat_n(255, second.len() / 255));
        out.push((second.len() % 255) as u8);
        out.extend([&[1; 30][..], second, b"\x05vorbis"].concat());
        out
    }

    #[test]
    fn comments_are_found_however_long_they_are() {
        for length in [0, 3, 254, 600] {
            let packet = comments(&vec![b'A'; length]);
            let found = SoundHeader::of("vorbis", &laced(&packet));
            let emptied = Emptied(Part::zeroed(&packet, &NO_COMMENTS));
            assert_eq!(found, emptied);
            let mut plain = vec![0, 30];
            plain.extend([1; 30]);
            plain.extend((packet.len() as u16).to_be_bytes());
            plain.extend(&packet);
            assert_eq!(SoundHeader::of("vorbis", &plain), emptied);
        }
        assert_eq!(SoundHeader::of("vorbis", &[]), More);
        assert_eq!(SoundHeader::of("vorbis", &[2, 255, 255]), More);
    }

    #[test]
    fn emptied_comments_leave_everything_else_where_it_was() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("new.mkv");
        let (one, two) = (comments(b"Alice"), comments(b"Bob at home"));
        std::fs::write(
            &path,
            [b"head", &one[..], b"between", &two, b"end"].concat(),
        )
        .expect("written");
        let part = |packet: &[u8]| Part::zeroed(packet, &NO_COMMENTS);
        empty(&path, &[part(&one), part(&two)]).expect("emptied");
        let new = std::fs::read(&path).expect("read");
        assert_eq!(new.len(), 4 + one.len() + 7 + two.len() + 3);
        assert!(new.starts_with(b"head\x03vorbis\0\0\0\0\0\0\0\0\x01") && new.ends_with(b"end"));
        for name in [&b"Alice"[..], b"Bob"] {
            assert_eq!(position(&new, name), None);
        }
        assert!(empty(&path, &[part(&one)]).is_err(), "it is there no more");
    }

    #[test]
    fn headers_with_more_than_decoding_needs_are_told_from_plain_ones() {
        let opus = *b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0";
        let long_opus = [&opus[..], b"Alice"].concat();
        let aac = [0x12, 0x10, 0x56, 0xe5, 0];
        // Channels by a program config element whose comment is "Al".
        let program = [0x12, 0, 0x05, 0, 0, 0, 0, 2, b'A', b'l'];
        for (codec, data, expected) in [
            ("aac", &aac[..], Plain),
            ("aac", &aac[..2], Plain),
            (
                "aac",
                b"\x12\x10\x56\xe5\0Alice",
                Emptied(Part::zeroed(b"\x12\x10\x56\xe5\0Alice", &aac[..5])),
            ),
            (
                "aac",
                b"\x12\x10Alice",
                Emptied(Part::zeroed(b"\x12\x10Alice", &aac[..2])),
            ),
            ("aac", &program, More),
            ("aac", b"\x12", More),
            ("opus", &opus, Plain),
            ("opus", &long_opus, Emptied(Part::zeroed(&long_opus, &opus))),
            ("flac", &[0; 34], Plain),
            ("flac", &[0; 38], More),
            ("ac3", b"", Plain),
            ("ac3", b"Alice", More),
        ] {
            assert_eq!(SoundHeader::of(codec, data), expected, "{codec} {data:?}");
        }
    }

    #[test]
    fn a_dump_is_read_back_whatever_its_text_says() {
        let dump = "\n00000000: 1210 56e5 0041 6c69 6365 2053 6563 7265  ..V..Alice 00ff\n00000010: 7420 33                                  t 3\n";
        let bytes = undump(dump).expect("a dump");
        assert_eq!(bytes, b"\x12\x10\x56\xe5\0Alice Secret 3");
        assert_eq!(undump("\n"), Some(Vec::new()));
        assert_eq!(undump("00000000: zz"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_judged(data: Vec<u8>) {
            for codec in ["vorbis", "aac", "opus", "flac"] {
                let _ = SoundHeader::of(codec, &data);
            }
        }
    }
}
