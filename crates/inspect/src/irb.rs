//! Photoshop's image resources and the IPTC records inside of them.

use super::bytes::{Order, part, rest, text};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::{embedded, exif, icc, xmp};

/// Says what a run of `8BIM` resources holds. `place` names it.
pub(super) fn resources(data: &[u8], place: &str, out: &mut Inspection) {
    if data.is_empty() {
        return;
    }
    out.add(Finding::new(Kind::Photoshop, place).bytes(data.len()));
    let mut at = 0;
    while let Some((id, body, next)) = resource(data, at) {
        let name = format!("{place}, resource {id}");
        match id {
            1036 | 1033 => {
                let inside = rest(body, 28);
                let size = Order::Big.u32(body, 4).zip(Order::Big.u32(body, 8));
                let found = embedded::at_start(inside);
                let what = found.map_or("pixels", |f| f.what.name());
                let size = found.and_then(|f| f.size).or(size);
                let finding = Finding::new(Kind::Thumbnail, name).bytes(inside.len());
                out.add(finding.size(size).detail(what));
            }
            1028 => iptc(body, &name, out),
            1058 | 1059 => out.inside(|out| exif::block(body, &name, out)),
            1060 => xmp::packet(body, &name, out),
            1039 => icc::profile(body, &name, out),
            1035 | 1034 => out.add(Finding::new(Kind::Copyright, name).detail(text(body))),
            1008 | 1086 => out.add(Finding::new(Kind::Text, name).detail(text(rest(body, 1)))),
            _ => {
                if let Some(found) = embedded::anywhere(body).filter(|f| f.what.is_picture()) {
                    let finding = Finding::new(Kind::Preview, name).bytes(body.len() - found.at);
                    out.add(finding.size(found.size).detail(found.what.name()));
                }
            }
        }
        at = next;
    }
}

/// Number and content of a resource, and where the next one begins.
fn resource(data: &[u8], mut at: usize) -> Option<(u16, &[u8], usize)> {
    // Some writers leave a byte between them.
    if part(data, at, 4) != Some(b"8BIM") && part(data, at + 1, 4) == Some(b"8BIM") {
        at += 1;
    }
    if !matches!(
        part(data, at, 4)?,
        b"8BIM" | b"AgHg" | b"DCSR" | b"PHUT" | b"MeSa"
    ) {
        return None;
    }
    let id = Order::Big.u16(data, at + 4)?;
    let name = usize::from(*data.get(at + 6)?) + 1;
    let begin = at + 6 + name.next_multiple_of(2);
    let length = Order::Big.u32(data, begin)? as usize;
    let whole = part(data, begin + 4, length);
    let body = whole.unwrap_or_else(|| rest(data, begin + 4));
    let next = (begin + 4)
        .checked_add(length)?
        .checked_next_multiple_of(2)?;
    Some((id, body, next))
}

/// Reports what IPTC records reveal (IIM 4.2, chapter 6).
pub(super) fn iptc(data: &[u8], place: &str, out: &mut Inspection) {
    if !super::bytes::says_something(data) {
        return;
    }
    out.add(Finding::new(Kind::Iptc, place).bytes(data.len()));
    let mut listed: Vec<(Kind, Vec<String>)> = Vec::new();
    let mut at = 0;
    for _ in 0..2000 {
        let Some(&[0x1c, record, set, high, low]) = part(data, at, 5) else {
            break;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let value = part(data, at + 5, length).unwrap_or_default();
        at += 5 + length;
        if record != 2 {
            continue;
        }
        let kind = match set {
            55 | 60 | 62 | 63 => Kind::Time,
            65 | 70 => Kind::Software,
            80 | 85 | 110 | 115 | 118 | 122 => Kind::Author,
            90 | 92 | 95 | 100 | 101 | 26 | 27 => Kind::Gps,
            116 => Kind::Copyright,
            103 | 147 | 184..=188 => Kind::UniqueId,
            5 | 15 | 20 | 25 | 40 | 105 | 120 => Kind::Text,
            200..=202 => {
                out.add(Finding::new(Kind::Preview, place).bytes(value.len()));
                continue;
            }
            _ => continue,
        };
        let words = text(value);
        match listed.iter_mut().find(|t| t.0 == kind) {
            Some((_, list)) => list.push(words),
            None => listed.push((kind, vec![words])),
        }
    }
    for (kind, list) in listed {
        out.add(Finding::new(kind, place).detail(list.join("; ")));
    }
}
