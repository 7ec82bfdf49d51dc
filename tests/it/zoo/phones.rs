//! HEIC, AVIF and JPEG XL with a payload in each hiding place. The clean files around them are our
//! own.

use super::Place;
use super::boxes::{boxed, full};
use super::parts::*;
use faceveil::{Format, Photo, ReadOptions};

fn base(format: Format) -> Vec<u8> {
    let png = super::png::base();
    let photo = Photo::read(&png, &ReadOptions::new().format(format));
    photo.unwrap().write().unwrap()
}

fn split(data: &[u8]) -> Vec<([u8; 4], &[u8])> {
    let (mut all, mut at) = (Vec::new(), 0);
    while at + 8 <= data.len() {
        let length = u32::from_be_bytes(data[at..at + 4].try_into().unwrap()) as usize;
        let length = if length == 0 { data.len() - at } else { length };
        let kind = data[at + 4..at + 8].try_into().unwrap();
        all.push((kind, &data[at + 8..at + length]));
        at += length;
    }
    all
}

/// An item to be added.
struct More {
    kind: &'static [u8; 4],
    data: Vec<u8>,
    /// To the picture, or to the item before.
    reference: &'static [u8; 4],
    to_last: bool,
    purpose: &'static str,
}

fn more(kind: &'static [u8; 4], reference: &'static [u8; 4], data: Vec<u8>) -> More {
    More {
        kind,
        data,
        reference,
        to_last: false,
        purpose: "",
    }
}

fn aux(purpose: &'static str, payload: &str) -> More {
    More {
        purpose,
        ..more(b"hvc1", b"auxl", mark(payload))
    }
}

/// A file of one item with more of them, and a profile.
fn with(file: &[u8], items: &[More], icc: Option<&[u8]>) -> Vec<u8> {
    let [head, meta, data] = split(file)[..] else {
        panic!("not as it was written")
    };
    let made = |grown: u32| meta_with(&meta.1[4..], items, icc, grown);
    let grown = made(0).len() as u32 - (meta.1.len() as u32 + 8);
    let bodies: Vec<u8> = items.iter().flat_map(|i| i.data.clone()).collect();
    let data = boxed(b"mdat", &[data.1, &bodies[..]].concat());
    [boxed(b"ftyp", head.1), made(grown), data].concat()
}

fn meta_with(meta: &[u8], items: &[More], icc: Option<&[u8]>, grown: u32) -> Vec<u8> {
    let count = (items.len() as u16 + 1).to_be_bytes();
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
    let mut out = Vec::new();
    for (kind, body) in split(meta) {
        let mut body = body.to_vec();
        match &kind {
            b"iinf" => {
                body[4..6].copy_from_slice(&count);
                for (id, item) in (2u16..).zip(items) {
                    let mut info = [&id.to_be_bytes()[..], &[0, 0], item.kind, b"\0"].concat();
                    if item.kind == b"mime" {
                        info.extend(b"application/rdf+xml\0");
                    }
                    body.extend(full(b"infe", 2, &info));
                }
            }
            b"iloc" => {
                body[6..8].copy_from_slice(&count);
                let start = number(&body[14..18]) + grown;
                body[14..18].copy_from_slice(&start.to_be_bytes());
                let mut at = start + number(&body[18..22]);
                for (id, item) in (2u16..).zip(items) {
                    let length = item.data.len() as u32;
                    body.extend([&id.to_be_bytes()[..], &[0, 0, 0, 1]].concat());
                    body.extend([at.to_be_bytes(), length.to_be_bytes()].concat());
                    at += length;
                }
            }
            b"iprp" => body = properties(&body, items, icc),
            _ => {}
        }
        out.extend(boxed(&kind, &body));
    }
    let links = (2u16..).zip(items).map(|(id, item)| {
        let to = if item.to_last { id - 1 } else { 1 };
        boxed(
            item.reference,
            &[id.to_be_bytes(), [0, 1], to.to_be_bytes()].concat(),
        )
    });
    out.extend(full(b"iref", 0, &links.collect::<Vec<_>>().concat()));
    full(b"meta", 0, &out)
}

fn properties(body: &[u8], items: &[More], icc: Option<&[u8]>) -> Vec<u8> {
    let both = split(body);
    let mut known = split(both[0].1);
    let colour = icc.map(|icc| [&b"prof"[..], icc].concat());
    if let Some(colour) = &colour {
        let old = known.iter_mut().find(|(kind, _)| kind == b"colr");
        old.unwrap().1 = colour;
    }
    let mut list: Vec<u8> = known.iter().flat_map(|(k, b)| boxed(k, b)).collect();
    let mut count = known.len() as u8;
    let mut links = both[1].1.to_vec();
    let entries = 1 + items.iter().filter(|i| !i.purpose.is_empty()).count() as u32;
    links[4..8].copy_from_slice(&entries.to_be_bytes());
    for (id, item) in (2u16..).zip(items).filter(|(_, i)| !i.purpose.is_empty()) {
        let text = [item.purpose.as_bytes(), b"\0"].concat();
        list.extend(full(b"auxC", 0, &text));
        count += 1;
        links.extend([&id.to_be_bytes()[..], &[1, count]].concat());
    }
    [boxed(b"ipco", &list), boxed(b"ipma", &links)].concat()
}

pub(super) fn heif() -> Vec<Place> {
    let mut all = Vec::new();
    for (name, format) in [("heif", Format::Heic), ("avif", Format::Avif)] {
        if format.is_target() {
            all.extend(around(name, &base(format)));
        }
    }
    all
}

fn around(name: &'static str, clean: &[u8]) -> Vec<Place> {
    let exif = |block: Vec<u8>| more(b"Exif", b"cdsc", [vec![0; 4], block].concat());
    let gain_map = || aux("urn:com:apple:photo:2020:aux:hdrgainmap", "GAINMAP");
    let mut items = vec![
        ("thumbnail", vec![more(b"hvc1", b"thmb", mark("THUMB"))]),
        ("thumbnail", vec![more(b"jpeg", b"thmb", thumbnail("JPEG"))]),
        ("gain-map", vec![gain_map()]),
        ("depth", vec![aux("urn:mpeg:hevc:2015:auxid:2", "DEPTH")]),
        (
            "depth",
            vec![aux(
                "urn:com:apple:photo:2018:aux:portraiteffectsmatte",
                "MATTE",
            )],
        ),
        (
            "further-picture",
            vec![more(b"hvc1", b"base", mark("SECOND"))],
        ),
        ("private-data", vec![more(b"uri ", b"cdsc", mark("URI"))]),
    ];
    for (kind, block) in exif_places() {
        items.push((kind, vec![exif(block)]));
    }
    for (kind, packet) in xmp_places() {
        items.push((kind, vec![more(b"mime", b"cdsc", packet.clone())]));
        // XMP that belongs to an auxiliary picture.
        let beside = More {
            to_last: true,
            ..more(b"mime", b"cdsc", packet)
        };
        items.push((kind, vec![gain_map(), beside]));
    }
    let mut all: Vec<Place> = items
        .iter()
        .map(|(kind, items)| Place::new(name, kind, with(clean, items, None)))
        .collect();
    let everything: Vec<More> = items.into_iter().flat_map(|(_, items)| items).collect();
    let mut file = with(clean, &everything, Some(&profile()));
    let behind = [
        ("motion-video", boxed(b"mpvd", &video("MPVD"))),
        ("private-data", boxed(b"udta", &mark("UDTA"))),
        ("private-data", boxed(b"uuid", &mark("UUID OF SOMEBODY"))),
        ("unused-bytes", boxed(b"free", &mark("FREE"))),
        ("c2pa", boxed(b"jumb", &jumbf())),
    ];
    for (kind, part) in behind {
        file.extend(&part);
        all.push(Place::new(name, kind, [clean, &part].concat()));
    }
    let profiled = with(clean, &[], Some(&profile()));
    all.push(Place::new(name, "icc-private", profiled));
    all.push(Place::new(name, "gps", file));
    all
}

pub(super) fn jxl() -> Vec<Place> {
    if !Format::Jxl.is_target() {
        return Vec::new();
    }
    let stream = base(Format::Jxl);
    let stream = match stream.starts_with(&[0xff, 0x0a]) {
        true => stream,
        false => split(&stream).pop().unwrap().1.to_vec(),
    };
    let whole = |parts: &[Vec<u8>]| {
        let head = b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl ";
        let before = parts.concat();
        [&head[..], &before, &boxed(b"jxlc", &stream), &before].concat()
    };
    let packed = |kind: &[u8; 4]| boxed(b"brob", &[&kind[..], &mark("BROTLI")].concat());
    let mut parts = vec![
        ("private-data", boxed(b"jbrd", &mark("REBUILT"))),
        ("gain-map", boxed(b"jhgm", &mark("GAINMAP"))),
        ("exif", packed(b"Exif")),
        ("xmp", packed(b"xml ")),
        ("c2pa", boxed(b"jumb", &jumbf())),
        ("private-data", boxed(b"udta", &mark("UDTA"))),
        ("private-data", boxed(b"uuid", &mark("UUID OF SOMEBODY"))),
        ("unused-bytes", boxed(b"free", &mark("FREE"))),
    ];
    for (kind, block) in exif_places() {
        parts.push((kind, boxed(b"Exif", &[vec![0; 4], block].concat())));
    }
    for (kind, packet) in xmp_places() {
        parts.push((kind, boxed(b"xml ", &packet)));
    }
    let mut all: Vec<Place> = parts
        .iter()
        .map(|(kind, part)| Place::new("jpeg-xl", kind, whole(std::slice::from_ref(part))))
        .collect();
    let everything: Vec<Vec<u8>> = parts.into_iter().map(|(_, part)| part).collect();
    all.push(Place::new("jpeg-xl", "gps", whole(&everything)));
    all
}
