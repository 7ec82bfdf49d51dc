//! Files made of boxes: HEIF and AVIF, MP4 and QuickTime, JPEG XL, JPEG 2000. Read as far as it
//! takes to name what hides in them; what these formats code inside of their pictures is not looked
//! at.

mod configuration;
mod edits;
mod entries;
mod handler;
mod heif;
mod known;
mod movie;
mod samples;
mod tables;

use super::bytes::{Order, contains, part, rest};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::window::Window;
use super::{exif, jxl, xmp};
use std::borrow::Cow;
use std::io::{self, Read, Seek};

/// Boxes of one level.
const MOST_BOXES: usize = 20_000;
/// Boxes of a file; a day of fragments of a second each.
const MOST_PARTS: usize = 200_000;
/// Most that a movie says about itself: tables of a week of video.
const MOST_TABLES: u64 = 512 << 20;

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
    // From before `ftyp`. A box that only fills or points is short: below 16 MiB its length begins
    // with a zero, which no text does that has such a word in its place.
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

/// A box of the file: its kind, and where its body begins and ends.
struct Part {
    kind: [u8; 4],
    begin: u64,
    end: u64,
}

/// The boxes of a file, as far as they make sense, and where the last one ends.
fn parts<R: Read + Seek>(from: &mut Window<R>) -> io::Result<(Vec<Part>, u64)> {
    let (mut found, mut at, end) = (Vec::new(), 0, from.end());
    while found.len() < MOST_PARTS {
        let head = from.bytes(at, 16)?;
        let short = Order::Big.u32(head, 0).zip(part(head, 4, 4));
        let Some((length, kind)) = short.and_then(|(l, k)| Some((l, k.try_into().ok()?))) else {
            break;
        };
        let (head, length) = match length {
            0 => (8, end - at),
            1 => (16, Order::Big.u64(head, 8).unwrap_or(0)),
            length => (8, length.into()),
        };
        if length < head || length > end - at {
            break;
        }
        found.push(Part {
            kind,
            begin: at + head,
            end: at + length,
        });
        at += length;
    }
    Ok((found, at))
}

/// Looks through a file of boxes that is in memory.
pub(super) fn look(file: &[u8], out: &mut Inspection) {
    // Reading from memory cannot fail.
    let _ = walk(&mut Window::memory(file), Some(file), out);
}

/// Looks through a video, of which only a part is in memory.
///
/// # Errors
/// If reading fails.
pub(super) fn look_file(from: impl Read + Seek, out: &mut Inspection) -> io::Result<()> {
    walk(&mut Window::new(from)?, None, out)
}

/// Looks through a file of boxes, which may be in memory as a `whole`.
fn walk<R: Read + Seek>(
    from: &mut Window<R>,
    whole: Option<&[u8]>,
    out: &mut Inspection,
) -> io::Result<()> {
    let (list, end) = parts(from)?;
    let inside = list.iter().filter(|part| part.kind == *b"mdat");
    let coded: Vec<(u64, u64)> = inside.map(|part| (part.begin, part.end)).collect();
    let mut stream = jxl::Stream::default();
    for Part { kind, begin, end } in list {
        let name = String::from_utf8_lossy(&kind).trim().to_owned();
        let bytes = usize::try_from(end - begin).unwrap_or(usize::MAX);
        match &kind {
            b"mdat" => continue,
            b"free" | b"skip" | b"wide" => {
                if from.says_something(begin, end)? {
                    out.add(Finding::new(Kind::UnusedBytes, format!("box {name}")).bytes(bytes));
                }
                continue;
            }
            _ if end - begin > MOST_TABLES && whole.is_none() => {
                out.add(Finding::new(Kind::PrivateData, format!("box {name}")).bytes(bytes));
                continue;
            }
            _ => {}
        }
        let body = match whole {
            Some(file) => Cow::Borrowed(file.get(begin as usize..end as usize).unwrap_or_default()),
            None => Cow::Owned(from.bytes(begin, bytes)?.to_vec()),
        };
        match &kind {
            b"jxlc" => stream.push(&body),
            // A number in front of each part.
            b"jxlp" => stream.push(rest(&body, 4)),
            b"meta" => heif::look(
                whole.unwrap_or_default(),
                rest(&body, 4),
                whole.is_some(),
                out,
            ),
            b"moov" => movie::look(&body, from, &coded, out)?,
            _ => top(kind, &body, out),
        }
    }
    stream.finish(out);
    if from.says_something(end, from.end())? {
        out.damaged("the file ends in the middle of a box");
    }
    out.frames = out.frames.max(1);
    Ok(())
}

/// A box of the file that is no movie and no picture.
fn top(kind: [u8; 4], body: &[u8], out: &mut Inspection) {
    match &kind {
        b"ftyp" | b"styp" => {
            // Brands of four letters.
            entries::unused(rest(body, body.len().min(512) / 4 * 4), "box ftyp", out);
        }
        b"jP  " | b"JXL " => entries::unused(rest(body, 4), "signature box", out),
        b"jxll" => entries::unused(rest(body, 1), "box jxll", out),
        b"jp2h" | b"jp2c" => {}
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
