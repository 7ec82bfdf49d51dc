//! Units of AV1 streams that hold no picture: metadata, padding and reserved kinds (AV1, 5.3 and
//! 6.2).
//!
//! Tiles are not decoded, so that bytes behind their last symbol are not seen.

use super::super::bytes::{rest, says_something};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::nal;

const SEQUENCE: u8 = 1;
const DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const TILES: u8 = 4;
const METADATA: u8 = 5;
const FRAME: u8 = 6;
const REDUNDANT_HEADER: u8 = 7;
const PADDING: u8 = 15;

/// A number of seven bits a byte.
fn leb128(data: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0u64;
    for i in 0..8 {
        let byte = *data.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok();
        }
    }
    None
}

/// Looks at the units of a sample, an item or a configuration; gives how many frames begin in it.
pub(in super::super) fn look(data: &[u8], place: &str, out: &mut Inspection) -> u32 {
    let (mut at, mut frames) = (0, 0);
    while says_something(rest(data, at)) {
        let begin = at;
        let Some((kind, body, end)) = next(data, at) else {
            let left = rest(data, begin);
            let finding = Finding::new(Kind::UnusedBytes, place).bytes(left.len());
            out.add(finding.detail("behind the last unit"));
            break;
        };
        at = end;
        let said = |kind, what: &str| Finding::new(kind, place).bytes(body.len()).detail(what);
        match kind {
            SEQUENCE | TILES | REDUNDANT_HEADER => {}
            FRAME | FRAME_HEADER => frames += 1,
            DELIMITER if body.is_empty() => {}
            METADATA => metadata(body, place, out),
            PADDING => {
                let last = body.iter().rposition(|b| *b != 0);
                if says_something(&body[..last.unwrap_or(0)])
                    || last.is_some_and(|i| body[i] != 0x80)
                {
                    out.add(said(Kind::UnusedBytes, "padding with content"));
                }
            }
            kind => out.add(said(Kind::PrivateData, &format!("unit of type {kind}"))),
        }
    }
    frames
}

/// Kind and body of the unit at a place, and where it ends.
fn next(data: &[u8], mut at: usize) -> Option<(u8, &[u8], usize)> {
    let head = *data.get(at)?;
    if head & 0x81 != 0 {
        return None;
    }
    at += 1 + usize::from(head & 4 != 0);
    let end = match head & 2 != 0 {
        true => {
            let length = leb128(data, &mut at)?;
            at.checked_add(length)?
        }
        false => data.len(),
    };
    Some((head >> 3 & 15, data.get(at..end)?, end))
}

fn metadata(body: &[u8], place: &str, out: &mut Inspection) {
    let mut at = 0;
    let kind = leb128(body, &mut at).unwrap_or(usize::MAX);
    let data = rest(body, at);
    // Light levels and mastering display, each with a stop bit.
    let length = match kind {
        1 => 4,
        2 => 24,
        _ => 0,
    };
    let said = |kind, what: &str| Finding::new(kind, place).bytes(body.len()).detail(what);
    match kind {
        1 | 2 if matches!(rest(data, length), [] | [0x80]) => {}
        4 => nal::registered(data, place, out),
        5 => out.add(said(Kind::Time, "time code")),
        _ => out.add(said(Kind::PrivateData, &format!("metadata of type {kind}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(data: &[u8]) -> Vec<(Kind, String)> {
        let mut out = Inspection::default();
        look(data, "x", &mut out);
        out.findings
            .into_iter()
            .map(|f| (f.kind, f.detail))
            .collect()
    }

    #[test]
    fn metadata_padding_and_what_follows_are_named() {
        let plain = b"\x12\0\x0a\x03abc\x32\x02xy";
        assert_eq!(found(plain), []);
        let with = |unit: &[u8]| found(&[&plain[..], unit].concat());
        assert_eq!(
            with(b"\x2a\x06\x1fAlice"),
            [(Kind::PrivateData, "metadata of type 31".into())]
        );
        assert_eq!(with(b"\x2a\x06\x01abcd\x80"), []);
        assert_eq!(with(b"\x7a\x05Alice")[0].0, Kind::UnusedBytes);
        assert_eq!(with(b"\x7a\x03\0\0\x80"), []);
        assert_eq!(with(b"\x4a\x05Alice")[0].0, Kind::PrivateData);
        assert_eq!(with(b"\xffAlice")[0].0, Kind::UnusedBytes);
        assert_eq!(with(b"\0\0\0"), []);
        let mut out = Inspection::default();
        assert_eq!(look(plain, "x", &mut out), 1);
    }
}
