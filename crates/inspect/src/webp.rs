//! WebP: every chunk that is no part of the picture, and everything behind the container.

use super::bytes::{Order, part, rest, says_something};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::{embedded, exif, icc, xmp};

/// Looks through a WebP.
pub(super) fn look(file: &[u8], out: &mut Inspection) {
    let length = Order::Little.u32(file, 4).map_or(0, |v| v as usize);
    let end = length.saturating_add(8).min(file.len());
    if length + 8 > file.len() + 1 {
        out.damaged("the WebP is cut off");
    }
    let body = file.get(12..end.max(12)).unwrap_or_default();
    let mut pictures = 0;
    for (name, data) in chunks(body, out) {
        match &name {
            b"VP8X" => extended(data, out),
            b"VP8 " | b"VP8L" => {
                pictures += 1;
                if pictures > 1 {
                    let finding = Finding::new(Kind::FurtherPicture, "second bitstream");
                    out.add(finding.bytes(data.len()));
                }
                if out.width == 0 {
                    (out.width, out.height) = sides(&name, data).unwrap_or((0, 0));
                }
            }
            b"ANMF" => {
                out.frames += 1;
                for (name, data) in chunks(rest(data, 16), out) {
                    if !matches!(&name, b"VP8 " | b"VP8L" | b"ALPH") {
                        unknown(&name, data, "frame, ", out);
                    }
                }
            }
            b"ANIM" => {
                out.carry("animation");
                if data.len() > 6 {
                    out.add(Finding::new(Kind::UnusedBytes, "ANIM").bytes(data.len() - 6));
                }
            }
            b"ALPH" => {}
            b"ICCP" => icc::profile(data, "ICCP", out),
            b"EXIF" => exif::block(data, "EXIF", out),
            b"XMP " => xmp::packet(data, "XMP", out),
            _ => unknown(&name, data, "", out),
        }
    }
    out.frames += u32::from(pictures > 0 && out.frames == 0);
    if out.frames == 0 {
        out.damaged("the WebP holds no picture");
    } else if pictures > 0 && out.carries.contains(&"animation") {
        out.add(Finding::new(
            Kind::HiddenFrame,
            "picture that is no frame of the animation",
        ));
    }
    let behind = rest(file, end + length % 2);
    if says_something(behind) {
        let finding = Finding::new(Kind::Trailer, "behind the picture").bytes(behind.len());
        let found = embedded::anywhere(behind);
        out.add(
            finding
                .size(found.and_then(|f| f.size))
                .detail(found.map_or("", |f| f.what.name())),
        );
    }
}

/// The chunks of a container, as far as they are whole.
fn chunks<'a>(data: &'a [u8], out: &mut Inspection) -> Vec<([u8; 4], &'a [u8])> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let name = part(data, at, 4).and_then(|n| n.try_into().ok());
        let length = Order::Little.u32(data, at + 4).map(|v| v as usize);
        let chunk = name.zip(length.and_then(|length| part(data, at + 8, length)));
        let Some((name, body)) = chunk else {
            out.damaged("the WebP ends in the middle of a chunk");
            break;
        };
        found.push((name, body));
        at += 8 + body.len();
        if body.len() % 2 == 1 {
            at += 1;
        }
    }
    found
}

fn extended(data: &[u8], out: &mut Inspection) {
    let three = |at: usize| {
        let bytes = part(data, at, 3)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1)
    };
    if let Some((width, height)) = three(4).zip(three(7)) {
        (out.width, out.height) = (width, height);
    }
    if data.len() > 10 {
        out.add(Finding::new(Kind::UnusedBytes, "VP8X").bytes(data.len() - 10));
    }
}

/// Width and height from the start of a bitstream.
fn sides(name: &[u8], data: &[u8]) -> Option<(u32, u32)> {
    if name == b"VP8L" {
        let bits = Order::Little.u32(data, 1)?;
        return Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1));
    }
    let side = |at| Order::Little.u16(data, at).map(|v| u32::from(v & 0x3fff));
    side(6).zip(side(8))
}

fn unknown(name: &[u8], data: &[u8], place: &str, out: &mut Inspection) {
    let place = format!("{place}chunk {}", String::from_utf8_lossy(name).trim());
    let kind = if name == b"C2PA" {
        Kind::C2pa
    } else {
        Kind::PrivateData
    };
    let found = embedded::anywhere(data);
    let finding = Finding::new(kind, place).bytes(data.len());
    out.add(
        finding
            .size(found.and_then(|f| f.size))
            .detail(found.map_or("", |f| f.what.name())),
    );
}
