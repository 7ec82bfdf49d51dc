//! WebP: every chunk that is no part of the picture, everything behind the container, and
//! everything behind the data in the chunks of the picture.

mod lossless;
mod lossy;
mod probabilities;

use super::bytes::{Order, part, rest, says_something};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::{embedded, exif, icc, xmp};

/// Pixels of all frames that are counted through; more would keep a reader busy for long.
const MOST_PIXELS: u64 = 1 << 30;

/// Pixels that may still be counted through.
struct Budget(u64);

impl Budget {
    /// `None` if it does not suffice.
    fn spend(&mut self, pixels: u64) -> Option<()> {
        self.0 = self.0.checked_sub(pixels)?;
        Some(())
    }
}

/// Looks through a WebP.
pub(super) fn look(file: &[u8], out: &mut Inspection) {
    let length = Order::Little.u32(file, 4).map_or(0, |v| v as usize);
    let end = length.saturating_add(8).min(file.len());
    if length + 8 > file.len() + 1 {
        out.damaged("the WebP is cut off");
    }
    let body = file.get(12..end.max(12)).unwrap_or_default();
    let mut pictures = 0;
    let mut budget = Budget(MOST_PIXELS);
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
                bitstream(&name, data, "", &mut budget, out);
            }
            b"ANMF" => {
                out.frames += 1;
                let size = three(data, 6).zip(three(data, 9));
                for (name, data) in chunks(rest(data, 16), out) {
                    match &name {
                        b"VP8 " | b"VP8L" => {
                            bitstream(&name, data, "frame, ", &mut budget, out);
                        }
                        b"ALPH" => opacity(data, size, "frame, ", &mut budget, out),
                        _ => unknown(&name, data, "frame, ", out),
                    }
                }
            }
            b"ANIM" => {
                out.carry("animation");
                if data.len() > 6 {
                    out.add(Finding::new(Kind::UnusedBytes, "ANIM").bytes(data.len() - 6));
                }
            }
            b"ALPH" => {
                let size = Some((out.width, out.height));
                opacity(data, size, "", &mut budget, out);
            }
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

/// A side of three bytes, less one.
fn three(data: &[u8], at: usize) -> Option<u32> {
    let bytes = part(data, at, 3)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1)
}

/// Names bytes behind the data of a picture.
fn bitstream(name: &[u8; 4], data: &[u8], place: &str, budget: &mut Budget, out: &mut Inspection) {
    let unused = match name {
        b"VP8L" => lossless::length(data, budget).map(|used| data.len() - used),
        _ => lossy::unused(data, budget),
    };
    let place = format!("{place}chunk {}", String::from_utf8_lossy(name).trim());
    behind(unused, data, &place, out);
}

/// The same for the opacity of a lossy picture: as it is, or lossless without its header.
fn opacity(
    data: &[u8],
    size: Option<(u32, u32)>,
    place: &str,
    budget: &mut Budget,
    out: &mut Inspection,
) {
    let (head, coded) = (data.first().copied().unwrap_or(0), rest(data, 1));
    let used = size.and_then(|size| match head & 3 {
        0 => usize::try_from(u64::from(size.0) * u64::from(size.1)).ok(),
        _ => lossless::opacity_length(coded, size, budget),
    });
    let unused = used.and_then(|used| coded.len().checked_sub(used));
    behind(unused, data, &format!("{place}chunk ALPH"), out);
}

/// Names the last bytes of a chunk.
fn behind(unused: Option<usize>, chunk: &[u8], place: &str, out: &mut Inspection) {
    let Some(unused) = unused else {
        out.damaged(format!("the picture data in {place} is damaged"));
        return;
    };
    let tail = rest(chunk, chunk.len() - unused);
    if says_something(tail) {
        let found = embedded::anywhere(tail);
        let finding = Finding::new(Kind::UnusedBytes, format!("{place}, behind the data"));
        out.add(
            finding
                .bytes(unused)
                .size(found.and_then(|f| f.size))
                .detail(found.map_or("", |f| f.what.name())),
        );
    }
}

fn extended(data: &[u8], out: &mut Inspection) {
    if let Some((width, height)) = three(data, 4).zip(three(data, 7)) {
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
