//! Files made of boxes: HEIF and AVIF, MP4 and QuickTime, JPEG XL, JPEG 2000. Read as far as it takes to
//! name what hides in them; what these formats code inside of their pictures is not looked at.

mod configuration;
mod entries;
mod heif;
mod movie;

use super::bytes::{Order, contains, part, rest, says_something};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::{exif, jxl, xmp};

/// Boxes of one level.
const MOST_BOXES: usize = 20_000;

const XMP_UUID: [u8; 16] = [
    0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac,
];
const C2PA_UUID: [u8; 16] = [
    0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81,
];

/// A box: its kind, and what is in it.
#[derive(Clone, Copy)]
struct Box<'a> {
    kind: [u8; 4],
    body: &'a [u8],
}

/// The boxes of a level, as far as they make sense, and how many bytes they take.
fn boxes(data: &[u8]) -> (Vec<Box<'_>>, usize) {
    let mut found = Vec::new();
    let mut at = 0;
    while found.len() < MOST_BOXES {
        let head = Order::Big.u32(data, at).zip(part(data, at + 4, 4));
        let Some((length, kind)) = head.and_then(|(l, k)| Some((l, k.try_into().ok()?))) else {
            break;
        };
        let (head, length) = match length {
            0 => (8, data.len() - at),
            1 => match Order::Big.u64(data, at + 8).map(usize::try_from) {
                Some(Ok(length)) => (16, length),
                _ => break,
            },
            length => (8, length as usize),
        };
        let Some(body) = part(data, at, length).and_then(|whole| whole.get(head..)) else {
            break;
        };
        found.push(Box { kind, body });
        at += length;
    }
    (found, at)
}

/// The first box of a kind.
fn first<'a>(list: &[Box<'a>], kind: &[u8; 4]) -> Option<&'a [u8]> {
    list.iter().find(|b| b.kind == *kind).map(|b| b.body)
}

/// Name of the format, if the file is made of boxes.
pub(super) fn format(file: &[u8]) -> Option<&'static str> {
    if file.starts_with(b"\0\0\0\x0cJXL \r\n\x87\n") {
        return Some("jpeg-xl");
    }
    if file.starts_with(b"\0\0\0\x0cjP  \r\n\x87\n") {
        return Some("jpeg-2000");
    }
    // From before `ftyp`. A box that only fills or points is short: below 16 MiB its length begins with a
    // zero, which no text does that has such a word in its place.
    match part(file, 4, 4)? {
        b"moov" | b"mdat" => return Some("mov"),
        b"wide" | b"free" | b"skip" | b"pnot" if file[0] == 0 => return Some("mov"),
        _ => {}
    }
    if part(file, 4, 4)? != b"ftyp" {
        return None;
    }
    let length = Order::Big.u32(file, 0)? as usize;
    let brands = file.get(8..length.clamp(12, 512).min(file.len()))?;
    let has = |names: &[&[u8; 4]]| {
        let mut list = brands.chunks_exact(4).enumerate().filter(|(i, _)| *i != 1);
        list.any(|(_, brand)| names.iter().any(|name| *name == brand))
    };
    Some(if has(&[b"avif", b"avis"]) {
        "avif"
    } else if has(&[
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1",
    ]) {
        "heif"
    } else if has(&[b"qt  "]) {
        "mov"
    } else {
        "mp4"
    })
}

/// Looks through a file of boxes. `coded`: bytes of its `mdat` boxes, if they were left out of `file`.
pub(super) fn look(file: &[u8], coded: Option<u64>, out: &mut Inspection) {
    let (list, taken) = boxes(file);
    let whole = coded.is_none();
    let inside = list.iter().filter(|b| b.kind == *b"mdat");
    let coded = coded.unwrap_or_else(|| inside.map(|b| b.body.len() as u64).sum());
    let mut seen = false;
    for Box { kind, body } in list {
        match &kind {
            b"ftyp" | b"mdat" | b"jP  " | b"JXL " | b"jp2h" | b"jp2c" | b"jxll" => {}
            // The first part of a codestream in pieces holds its header.
            b"jxlc" | b"jxlp" => {
                let stream = if kind == *b"jxlp" {
                    rest(body, 4)
                } else {
                    body
                };
                if !seen && stream.starts_with(&[0xff, 0x0a]) {
                    jxl::codestream(stream, out);
                }
                seen = true;
            }
            b"meta" => heif::look(file, rest(body, 4), whole, out),
            b"moov" => movie::look(body, coded, out),
            b"free" | b"skip" | b"wide" => {
                if says_something(body) {
                    let place = format!("box {}", String::from_utf8_lossy(&kind));
                    out.add(Finding::new(Kind::UnusedBytes, place).bytes(body.len()));
                }
            }
            b"mpvd" => out.add(Finding::new(Kind::MotionVideo, "box mpvd").bytes(body.len())),
            b"jhgm" => out.add(Finding::new(Kind::GainMap, "box jhgm").bytes(body.len())),
            b"jumb" => out.add(Finding::new(Kind::C2pa, "box jumb").bytes(body.len())),
            b"Exif" => exif::block(rest(body, 4), "box Exif", out),
            b"xml " => xmp::packet(body, "box xml", out),
            b"brob" => {
                let inside = String::from_utf8_lossy(&body[..body.len().min(4)]).into_owned();
                let kind = match &inside[..] {
                    "xml " => Kind::Xmp,
                    "jumb" => Kind::C2pa,
                    _ => Kind::Exif,
                };
                let finding = Finding::new(kind, "box brob").bytes(body.len());
                out.add(finding.detail(format!("compressed {inside}")));
            }
            b"jbrd" => {
                let finding = Finding::new(Kind::PrivateData, "box jbrd").bytes(body.len());
                out.add(finding.detail("what rebuilds the original JPEG"));
            }
            b"uuid" => uuid(body, out),
            b"sefd" => {
                let finding = Finding::new(Kind::PrivateData, "box sefd").bytes(body.len());
                out.add(finding.detail("Samsung"));
                if contains(body, b"MotionPhoto") {
                    out.add(Finding::new(Kind::MotionVideo, "box sefd"));
                }
            }
            _ => {
                let place = format!("box {}", String::from_utf8_lossy(&kind).trim());
                out.add(Finding::new(Kind::PrivateData, place).bytes(body.len()));
            }
        }
    }
    if says_something(rest(file, taken)) {
        out.damaged("the file ends in the middle of a box");
    }
    out.frames = out.frames.max(1);
}

fn uuid(body: &[u8], out: &mut Inspection) {
    let (id, data) = (body.get(..16).unwrap_or_default(), rest(body, 16));
    if id == XMP_UUID {
        xmp::packet(data, "box uuid XMP", out);
    } else if id == C2PA_UUID {
        out.add(Finding::new(Kind::C2pa, "box uuid C2PA").bytes(data.len()));
    } else if id == b"JpgTiffExif->JP2" {
        exif::block(data, "box uuid Exif", out);
    } else {
        out.add(Finding::new(Kind::PrivateData, "box uuid").bytes(data.len()));
    }
}
