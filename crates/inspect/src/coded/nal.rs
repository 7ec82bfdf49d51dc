//! Units of H.264 and HEVC streams that hold no picture: supplemental information (SEI), filler,
//! and kinds that the standards leave to anybody (ITU-T H.264, 7.3 and annex D; H.265, 7.3 and
//! annex D).
//!
//! The data of slices and parameter sets is not decoded, so that bytes behind their last symbol are
//! not seen.

use super::super::bytes::{Order, contains, part, rest, says_something, text};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};

/// Bytes of supplemental information that are looked at; no encoder writes so many.
const MOST_SEI: usize = 1 << 20;

/// Which of the two codings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Coding {
    Avc,
    Hevc,
}

/// What a unit is, by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Unit {
    /// A slice of the picture.
    Slice,
    /// Parameters of decoding.
    Parameters,
    /// The border of a picture or stream, with so many bytes including its header.
    Border(usize),
    Sei,
    Filler,
    /// A picture of another layer: another view, depth, opacity.
    Layer,
    /// Of a kind that no decoder needs.
    Other(u8),
}

impl Coding {
    /// Bytes of a unit's header.
    pub(in super::super) fn head(self) -> usize {
        match self {
            Self::Avc => 1,
            Self::Hevc => 2,
        }
    }

    /// What a unit with this header is.
    pub(in super::super) fn unit(self, head: [u8; 2]) -> Unit {
        match self {
            Self::Avc => match head[0] & 0x1f {
                1..=5 => Unit::Slice,
                6 => Unit::Sei,
                7 | 8 | 13 | 15 => Unit::Parameters,
                9 => Unit::Border(2),
                10 | 11 => Unit::Border(1),
                12 => Unit::Filler,
                // In front of a slice, for scalable streams.
                14 => Unit::Border(8),
                19..=21 => Unit::Layer,
                kind => Unit::Other(kind),
            },
            Self::Hevc => {
                let layer = (head[0] & 1) << 5 | head[1] >> 3;
                match head[0] >> 1 & 0x3f {
                    0..=9 | 16..=21 if layer > 0 => Unit::Layer,
                    0..=9 | 16..=21 => Unit::Slice,
                    32..=34 => Unit::Parameters,
                    35 => Unit::Border(3),
                    36 | 37 => Unit::Border(2),
                    38 => Unit::Filler,
                    39 | 40 => Unit::Sei,
                    kind => Unit::Other(kind),
                }
            }
        }
    }
}

impl Unit {
    /// Whether its header says all that is needed.
    pub(in super::super) fn is_picture(self) -> bool {
        matches!(self, Self::Slice | Self::Parameters)
    }
}

/// Looks at a unit; of one that is a slice only the header is needed.
pub(in super::super) fn look(coding: Coding, unit: &[u8], place: &str, out: &mut Inspection) {
    let head = [
        unit.first().copied().unwrap_or(0),
        unit.get(1).copied().unwrap_or(0),
    ];
    let said = |kind, what: &str| Finding::new(kind, place).detail(what);
    match coding.unit(head) {
        Unit::Slice | Unit::Parameters => {}
        Unit::Border(length) => {
            let behind = rest(unit, length);
            // Zeros may follow every unit.
            if says_something(behind) {
                let finding = said(Kind::UnusedBytes, "behind the border of a picture");
                out.add(finding.bytes(behind.len()));
            }
        }
        Unit::Filler => {
            let body = rest(unit, coding.head());
            let filled = body.iter().take_while(|b| **b == 0xff).count();
            // A stop bit, and zeros.
            let behind = rest(body, filled);
            if says_something(rest(behind, 1)) || !matches!(behind.first(), None | Some(0 | 0x80)) {
                let finding = said(Kind::UnusedBytes, "filler with content");
                out.add(finding.bytes(body.len()));
            }
        }
        Unit::Sei => {
            let end = unit.len().min(MOST_SEI);
            messages(&unescaped(rest(&unit[..end], coding.head())), place, out);
        }
        Unit::Layer => out.add(said(Kind::FurtherPicture, "another layer of the picture")),
        Unit::Other(kind) => {
            let what = match (coding, kind) {
                (Coding::Hevc, 62 | 63) => "Dolby Vision".to_owned(),
                _ => format!("unit of type {kind}"),
            };
            let finding = said(Kind::PrivateData, &what);
            out.add(finding.bytes(unit.len()));
        }
    }
}

/// Looks at the units of a sample or item, each behind its length of `width` bytes.
pub(in super::super) fn sample(
    coding: Coding,
    width: usize,
    data: &[u8],
    place: &str,
    out: &mut Inspection,
) {
    let mut left = data;
    while !left.is_empty() {
        let length = left
            .get(..width)
            .map(|bytes| bytes.iter().fold(0usize, |n, b| n << 8 | usize::from(*b)));
        let Some(unit) = length.and_then(|length| part(left, width, length)) else {
            break;
        };
        look(coding, unit, place, out);
        left = rest(left, width + unit.len());
    }
    if says_something(left) {
        let finding = Finding::new(Kind::UnusedBytes, place).bytes(left.len());
        out.add(finding.detail("behind the last unit"));
    }
}

/// Without the bytes that keep start codes out of a unit.
fn unescaped(unit: &[u8]) -> Vec<u8> {
    let mut found = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for &byte in unit {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        found.push(byte);
    }
    found
}

/// A number in bytes of 255 and a last one.
fn number(data: &[u8], at: &mut usize) -> Option<usize> {
    let full = rest(data, *at).iter().take_while(|b| **b == 255).count();
    let last = *data.get(*at + full)?;
    *at += full + 1;
    Some(full * 255 + usize::from(last))
}

fn messages(data: &[u8], place: &str, out: &mut Inspection) {
    let mut at = 0;
    loop {
        let left = rest(data, at);
        // The stop bit, and zeros.
        if left.is_empty() || (left[0] == 0x80 && !says_something(rest(left, 1))) {
            return;
        }
        let head = number(data, &mut at).and_then(|kind| Some((kind, number(data, &mut at)?)));
        let Some((kind, length)) = head.filter(|(_, length)| *length <= data.len() - at) else {
            if says_something(left) {
                let finding = Finding::new(Kind::UnusedBytes, place).bytes(left.len());
                out.add(finding.detail("behind supplemental information"));
            }
            return;
        };
        let body = part(data, at, length).unwrap_or_default();
        at += length;
        message(kind, body, place, out);
    }
}

/// Messages of numbers, and the most bytes that they take.
const NUMBERS: [(usize, usize); 17] = [
    (0, 64),   // buffering period
    (1, 64),   // picture timing
    (2, 64),   // pan and scan
    (6, 16),   // recovery point
    (9, 16),   // sub-sequences
    (19, 8),   // stereo of fields
    (45, 32),  // frame packing
    (47, 16),  // orientation on a display
    (128, 64), // structure of pictures
    (129, 32), // active parameter sets
    (130, 64), // decoding unit
    (132, 49), // hash of the picture
    (137, 24), // mastering display
    (144, 4),  // light levels
    (147, 1),  // transfer characteristics
    (148, 8),  // viewing environment
    (165, 8),  // what opacity means
];

fn message(kind: usize, body: &[u8], place: &str, out: &mut Inspection) {
    match kind {
        // Country, provider.
        4 => registered(body, place, out),
        5 => unregistered(body, place, out),
        // Filler.
        3 if body.iter().all(|b| *b == 0xff) => {}
        3 => {
            let finding = Finding::new(Kind::UnusedBytes, place).bytes(body.len());
            out.add(finding.detail("filler with content"));
        }
        // Time code.
        136 => out.add(Finding::new(Kind::Time, place).detail("time code")),
        _ => {
            let most = NUMBERS.iter().find(|n| n.0 == kind).map_or(0, |n| n.1);
            let behind = rest(body, most);
            if says_something(behind) {
                let finding = Finding::new(Kind::PrivateData, place).bytes(body.len());
                out.add(finding.detail(format!("message of type {kind}")));
            }
        }
    }
}

/// User data that begins with a country and a provider (ITU-T T.35).
pub(super) fn registered(body: &[u8], place: &str, out: &mut Inspection) {
    let (kind, what) = match body {
        [0xb5, 0, 0x31, b'G', b'A', b'9', b'4', 3, ..] => (Kind::Text, "captions"),
        [0xb5, 0, 0x31, ..] => (Kind::PrivateData, "captions or aspect"),
        [0xb5, 0, 0x3c, 0, 1, 4, ..] => (Kind::PrivateData, "HDR10+"),
        [0xb5, 0, 0x3b, ..] => (Kind::PrivateData, "Dolby Vision"),
        _ => (Kind::PrivateData, "user data"),
    };
    out.add(Finding::new(kind, place).bytes(body.len()).detail(what));
}

/// User data that begins with a UUID.
fn unregistered(body: &[u8], place: &str, out: &mut Inspection) {
    const X264: [u8; 16] = [
        0xdc, 0x45, 0xe9, 0xbd, 0xe6, 0xd9, 0x48, 0xb7, 0x96, 0x2c, 0xd8, 0x20, 0xd9, 0x23, 0xee,
        0xef,
    ];
    const X265: [u8; 16] = [
        0x2c, 0xa2, 0xde, 0x09, 0xb5, 0x17, 0x47, 0xdb, 0xbb, 0x55, 0xa4, 0xfe, 0x7f, 0xc2, 0xfc,
        0x4e,
    ];
    // Camcorders' date, position and settings ("Modified Digital Video Pack Metadata").
    const CAMCORDER: [u8; 16] = [
        0x17, 0xee, 0x8c, 0x60, 0xf8, 0x4d, 0x11, 0xd9, 0x8c, 0xd6, 0x08, 0x00, 0x20, 0x0c, 0x9a,
        0x66,
    ];
    let (id, data) = body.split_at_checked(16).unwrap_or((body, &[]));
    let words = text(data);
    let names = ["x264", "x265", "Lavc", "ncoder", "NVENC", "kvazaar", "SVT-"];
    let is_program = id == X264 || id == X265 || names.iter().any(|name| words.contains(name));
    let (kind, words) = if id == CAMCORDER && contains(data, b"MDPM") {
        (Kind::Camera, "date, position and settings".to_owned())
    } else if is_program {
        (Kind::Software, words)
    } else {
        let is_text = data
            .iter()
            .all(|b| (32..127).contains(b) || matches!(b, 0 | 9..=13));
        let words = match is_text && !words.is_empty() {
            true => words,
            false => "user data".to_owned(),
        };
        (Kind::PrivateData, words)
    };
    out.add(Finding::new(kind, place).bytes(body.len()).detail(words));
}

/// Parameter sets and supplemental information behind the lengths of a configuration: arrays of
/// units, each behind two bytes of length. Gives where they end.
pub(in super::super) fn listed(
    coding: Coding,
    body: &[u8],
    mut at: usize,
    count: usize,
    place: &str,
    out: &mut Inspection,
) -> usize {
    for _ in 0..count {
        let length = Order::Big.u16(body, at).map_or(0, usize::from);
        let unit = part(body, at + 2, length).unwrap_or_default();
        let head = [
            unit.first().copied().unwrap_or(0),
            unit.get(1).copied().unwrap_or(0),
        ];
        match coding.unit(head) {
            _ if unit.is_empty() => {}
            Unit::Slice | Unit::Border(_) | Unit::Layer => {
                let finding = Finding::new(Kind::PrivateData, place).bytes(unit.len());
                out.add(finding.detail("a unit that is no parameter set"));
            }
            _ => look(coding, unit, place, out),
        }
        at += 2 + length;
        if at > body.len() {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(coding: Coding, unit: &[u8]) -> Vec<(Kind, String)> {
        let mut out = Inspection::default();
        look(coding, unit, "x", &mut out);
        out.findings
            .into_iter()
            .map(|f| (f.kind, f.detail))
            .collect()
    }

    fn kinds(coding: Coding, unit: &[u8]) -> Vec<Kind> {
        found(coding, unit).into_iter().map(|f| f.0).collect()
    }

    #[test]
    fn an_encoders_own_words_are_software_and_others_are_private() {
        use Coding::{Avc, Hevc};
        let sei = |id: &[u8; 16], words: &[u8]| {
            let length = 16 + words.len() as u8;
            [&[6, 5, length], &id[..], words, &[0x80]].concat()
        };
        let id = b"\xdc\x45\xe9\xbd\xe6\xd9\x48\xb7\x96\x2c\xd8\x20\xd9\x23\xee\xef";
        let x264 = sei(id, b"x264 - core 164");
        assert_eq!(
            found(Avc, &x264),
            [(Kind::Software, "x264 - core 164".into())]
        );
        let own = sei(&[7; 16], b"Alice");
        assert_eq!(found(Avc, &own), [(Kind::PrivateData, "Alice".into())]);
        let hevc = [&[0x4e, 1], &own[1..]].concat();
        assert_eq!(kinds(Hevc, &hevc), [Kind::PrivateData]);
        // Timing, and the stop bit.
        assert_eq!(kinds(Avc, &[6, 1, 1, 0x42, 0x80]), []);
        assert_eq!(
            kinds(Avc, b"\x06\x01\x01\x42\x80Alice"),
            [Kind::UnusedBytes]
        );
        assert_eq!(
            kinds(Hevc, b"\x4e\x01\x04\x07\xb5\0\x31GA94\x80"),
            [Kind::PrivateData]
        );
    }

    #[test]
    fn filler_borders_and_unknown_units_are_named_where_they_say_something() {
        use Coding::{Avc, Hevc};
        assert_eq!(kinds(Avc, &[12, 0xff, 0xff, 0x80]), []);
        assert_eq!(kinds(Avc, b"\x0cAlice"), [Kind::UnusedBytes]);
        assert_eq!(kinds(Avc, b"\x0c\xff\x80Alice"), [Kind::UnusedBytes]);
        assert_eq!(kinds(Avc, &[9, 0xf0]), []);
        assert_eq!(kinds(Avc, b"\x09\xf0Alice"), [Kind::UnusedBytes]);
        assert_eq!(kinds(Avc, b"\x18Alice"), [Kind::PrivateData]);
        assert_eq!(kinds(Hevc, b"\x7c\x01Alice"), [Kind::PrivateData]);
        assert_eq!(kinds(Hevc, b"\x02\x09slice"), [Kind::FurtherPicture]);
        assert_eq!(kinds(Hevc, b"\x02\x01slice"), []);
        let mut out = Inspection::default();
        sample(Avc, 4, b"\0\0\0\x02\x65xAlice", "x", &mut out);
        assert_eq!(out.findings[0].kind, Kind::UnusedBytes);
        for seed in 0..2000usize {
            let noise: Vec<u8> = (0..40).map(|i| (seed * 131 + i * i * 7) as u8).collect();
            sample(Hevc, 1 + seed % 4, &noise, "x", &mut out);
            look(Avc, &[&[6], &noise[..]].concat(), "x", &mut out);
        }
    }
}
