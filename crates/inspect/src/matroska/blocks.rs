//! Blocks of Matroska (RFC 9559, 10): the frames in them, and what those hold besides pictures and
//! sound.

use super::super::bytes::{part, rest};
use super::super::coded::{Codec, mp3, nal};
use super::super::finding::{Finding, Inspection};
use super::{elements, find, id, number, text};

/// Tracks whose frames are looked at.
const MOST_TRACKS: usize = 64;
/// Findings of one track.
const MOST_FOUND: usize = 32;

/// The tracks of a file.
#[derive(Default)]
pub(super) struct Tracks(Vec<Track>);

struct Track {
    number: u64,
    codec: Codec,
    found: Vec<(Finding, u64)>,
}

impl Tracks {
    /// Takes a `Tracks` element.
    pub(super) fn add(&mut self, body: &[u8]) {
        for (_, body) in elements(body).filter(|(kind, _)| *kind == id::TRACK) {
            let codec = codec(body);
            if !matches!(codec, Codec::Other) && self.0.len() < MOST_TRACKS {
                self.0.push(Track {
                    number: find(body, 0xd7).map_or(0, number),
                    codec,
                    found: Vec::new(),
                });
            }
        }
    }

    /// Whether a block of this head is to be looked at.
    pub(super) fn wants(&self, head: &[u8]) -> bool {
        let number = track_number(head).map(|n| n.0);
        self.0.iter().any(|track| Some(track.number) == number)
    }

    /// Looks at the frames of a block.
    pub(super) fn block(&mut self, block: &[u8], out: &mut Inspection) {
        let Some((number, at)) = track_number(block) else {
            return;
        };
        let Some(track) = self.0.iter_mut().find(|track| track.number == number) else {
            return;
        };
        let flags = block.get(at + 2).copied().unwrap_or(0);
        let mut seen = Inspection::default();
        for frame in frames(rest(block, at + 3), flags >> 1 & 3) {
            track.codec.packet(frame, &mut seen);
        }
        for carried in seen.carries {
            out.carry(carried);
        }
        for finding in seen.findings {
            let same = |(other, _): &&mut (Finding, u64)| {
                other.kind == finding.kind && other.detail == finding.detail
            };
            match track.found.iter_mut().find(same) {
                Some((first, count)) => {
                    *count += 1;
                    first.bytes = first.bytes.zip(finding.bytes).map(|(a, b)| a + b);
                }
                None => {
                    track.found.push((finding, 1));
                    track.found.truncate(MOST_FOUND);
                }
            }
        }
    }

    /// Names what was found.
    pub(super) fn conclude(self, out: &mut Inspection) {
        for track in self.0 {
            for (finding, count) in track.found {
                let detail = match count {
                    1 => finding.detail.clone(),
                    _ => format!("{} (in {count} samples)", finding.detail),
                };
                let place = format!("track {}, blocks", track.number);
                out.add(Finding { place, ..finding }.detail(detail));
            }
        }
    }
}

/// How a track is coded; one that is packed once more is left alone.
fn codec(track: &[u8]) -> Codec {
    let header = find(track, 0x63a2).unwrap_or_default();
    if find(track, 0x6d80).is_some() {
        return Codec::Other;
    }
    let width = |at: usize| header.get(at).map(|b| usize::from(b & 3) + 1);
    match &find(track, 0x86).map(text).unwrap_or_default()[..] {
        "V_MPEG4/ISO/AVC" => {
            width(4).map_or(Codec::Other, |width| Codec::Units(nal::Coding::Avc, width))
        }
        "V_MPEGH/ISO/HEVC" => {
            width(21).map_or(Codec::Other, |width| Codec::Units(nal::Coding::Hevc, width))
        }
        "V_AV1" => Codec::Av1,
        "A_OPUS" => Codec::Opus,
        "A_MPEG/L3" => Codec::Mp3(mp3::Stream::default()),
        "A_AAC" => Codec::aac(header),
        _ => Codec::Other,
    }
}

/// A number whose leading zeros give its length, and that length.
fn track_number(head: &[u8]) -> Option<(u64, usize)> {
    let first = *head.first()?;
    let length = first.leading_zeros() as usize + 1;
    let bytes = part(head, 0, length)?;
    let value = bytes.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    (length <= 8).then(|| (value & ((1 << (7 * length)) - 1), length))
}

/// The frames of a block, by the way in which they are laced.
fn frames(data: &[u8], lacing: u8) -> Vec<&[u8]> {
    if lacing == 0 {
        return vec![data];
    }
    let count = data.first().map_or(1, |n| usize::from(*n) + 1);
    let mut at = 1;
    let mut lengths: Vec<usize> = Vec::new();
    for index in 0..count - 1 {
        let length = match lacing {
            // Bytes of 255 and a last one.
            1 => {
                let full = rest(data, at).iter().take_while(|b| **b == 255).count();
                let last = data.get(at + full).map_or(0, |b| usize::from(*b));
                at += full + 1;
                Some(full * 255 + last)
            }
            // All the same.
            2 => Some(rest(data, 1).len() / count),
            // A number, and differences to the one before.
            _ => track_number(rest(data, at)).and_then(|(value, length)| {
                at += length;
                let middle = (1i64 << (7 * length - 1)) - 1;
                let value = i64::try_from(value).ok()?;
                match lengths.last() {
                    Some(last) if index > 0 => last.checked_add_signed((value - middle) as isize),
                    _ => usize::try_from(value).ok(),
                }
            }),
        };
        lengths.extend(length);
    }
    let mut found = Vec::new();
    for length in lengths {
        let Some(frame) = part(data, at, length) else {
            return found;
        };
        found.push(frame);
        at += length;
    }
    found.push(rest(data, at));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laced_frames_are_taken_apart() {
        assert_eq!(frames(b"abc", 0), [b"abc"]);
        assert_eq!(frames(b"\x02\x01\x02abbccc", 1), [&b"a"[..], b"bb", b"ccc"]);
        assert_eq!(frames(b"\x01aabb", 2), [b"aa", b"bb"]);
        // One byte, then one more, then the rest.
        assert_eq!(frames(b"\x02\x81\xc0abbccc", 3), [&b"a"[..], b"bb", b"ccc"]);
        assert_eq!(track_number(b"\x40\x81x"), Some((129, 2)));
        assert!(frames(b"\xff\xff", 1).is_empty() && frames(b"", 3).len() <= 1);
    }
}
