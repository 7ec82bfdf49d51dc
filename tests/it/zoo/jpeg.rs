//! A JPEG with a payload in each hiding place.

use super::Place;
use super::parts::*;

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0xff, marker];
    out.extend((data.len() as u16 + 2).to_be_bytes());
    out.extend(data);
    out
}

/// The picture: 20 bytes of header, then tables and data.
pub(super) fn base() -> Vec<u8> {
    let mut out = Vec::new();
    jpeg_encoder::Encoder::new(&mut out, 85)
        .encode(&pixels(96, 64, 3), 96, 64, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    out
}

/// Segments that hide something, with the kind that each is to be named as.
fn segments() -> Vec<(&'static str, Vec<u8>)> {
    let app = |number: u8, parts: &[&[u8]]| segment(0xe0 + number, &parts.concat());
    let mut all = vec![
        ("thumbnail", app(0, &[b"JFXX\0\x10", &thumbnail("JFXX")])),
        ("private-data", app(3, &[b"Meta", &mark("APP3")])),
        ("preview", app(4, &[b"vendor\0", &thumbnail("APP4")])),
        ("private-data", app(12, &[b"Ducky", &mark("APP12")])),
        (
            "further-picture",
            app(1, &[b"FLIR\0\x01\0\0", &mark("THERMAL")]),
        ),
        (
            "unique-id",
            app(5, &[b"SamsungUniqueID\0", &mark("DEVICE")]),
        ),
        (
            "gain-map",
            app(2, &[b"urn:iso:std:iso:ts:21496:-1\0", &mark("GAINMAP")]),
        ),
        ("private-data", app(2, &[b"FPXR\0", &mark("FPXR")])),
        ("c2pa", app(11, &[b"JP\0\x01\0\0\0\x01", &jumbf()])),
        (
            "private-data",
            app(14, &[b"Adobe\0\x64\0\0\0\0\x01", &mark("ADOBE")]),
        ),
        ("text", segment(0xfe, &mark("COMMENT"))),
        ("private-data", segment(0xf0, &mark("JPG0"))),
        (
            "icc-private",
            app(2, &[b"ICC_PROFILE\0\x01\x01", &profile()]),
        ),
    ];
    for (kind, block) in exif_places() {
        all.push((kind, app(1, &[b"Exif\0\0", &block])));
    }
    for (kind, packet) in xmp_places() {
        all.push((kind, app(1, &[b"http://ns.adobe.com/xap/1.0/\0", &packet])));
    }
    for (kind, resources) in irb_places() {
        all.push((kind, app(13, &[b"Photoshop 3.0\0", &resources])));
    }
    let image = format!("<x GImage:Data=\"{}\"/>", base64(&thumbnail("GIMAGE")));
    let depth = format!("<x GDepth:Data=\"{}\"/>", base64(&thumbnail("GDEPTH")));
    for (kind, text) in [("preview", image), ("depth", depth)] {
        let head: &[u8] = b"http://ns.adobe.com/xmp/extension/\x000123456789ABCDEF0123456789ABCDEF";
        let length = (text.len() as u32).to_be_bytes();
        all.push((kind, app(1, &[head, &length, &[0; 4], text.as_bytes()])));
    }
    all
}

/// An index of further pictures that names one.
fn mpf() -> Vec<u8> {
    let mut list = vec![0; 32];
    list[16..20].copy_from_slice(&0x0001_0001u32.to_le_bytes());
    let entries = vec![
        (0xb001, Value::Long(vec![2])),
        (0xb002, Value::Undefined(list)),
    ];
    let block = tiff(&Dir(entries, None));
    segment(0xe2, &[b"MPF\0", &block[..]].concat())
}

/// Everything that follows behind the end.
fn trailers() -> Vec<(&'static str, Vec<u8>)> {
    let mut gain = thumbnail("GAINMAP2");
    gain.splice(
        2..2,
        segment(
            0xe1,
            b"http://ns.adobe.com/xap/1.0/\0<x hdrgm:Version=\"1.0\"/>",
        ),
    );
    vec![
        ("further-picture", thumbnail("SECOND")),
        ("gain-map", gain),
        ("motion-video", video("MOTION")),
        (
            "motion-video",
            [
                &b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data"[..],
                &mark("SEFT"),
            ]
            .concat(),
        ),
        ("trailer", mark("TRAILER")),
        ("trailer", deflated(&mark("DEFLATED"))),
    ]
}

/// One file a place.
pub(super) fn places() -> Vec<Place> {
    let base = base();
    let with = |at: usize, data: &[u8]| [&base[..at], data, &base[at..]].concat();
    let scan = base.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
    let end = base.len() - 2;
    let mut all: Vec<Place> = Vec::new();
    for (kind, data) in segments() {
        all.push(Place::new("jpeg", kind, with(20, &data)));
    }
    for (kind, data) in trailers() {
        all.push(Place::new("jpeg", kind, [&base[..], &data].concat()));
    }
    let indexed = [with(20, &mpf()), thumbnail("INDEXED")].concat();
    all.push(Place::new("jpeg", "further-picture", indexed));
    // A thumbnail of raw pixels inside of the JFIF segment.
    let mut jfif = b"JFIF\0\x01\x02\0\0\x01\0\x01\x04\x04".to_vec();
    jfif.extend(
        [mark("JFIF PIXELS"), vec![7; 48]]
            .concat()
            .into_iter()
            .take(48),
    );
    let raw = [&base[..2], &segment(0xe0, &jfif), &base[20..]].concat();
    all.push(Place::new("jpeg", "thumbnail", raw));
    all.push(Place::new(
        "jpeg",
        "unused-bytes",
        with(20, &mark("BETWEEN SEGMENTS")),
    ));
    all.push(Place::new(
        "jpeg",
        "hidden-pixels",
        with(end, &mark("BEHIND THE LAST ROW")),
    ));
    let mut wide = base.clone();
    let quant = base.windows(2).position(|w| w == [0xff, 0xdb]).unwrap();
    let length = u16::from_be_bytes([base[quant + 2], base[quant + 3]]);
    let payload = mark("QUANT");
    let longer = (length + payload.len() as u16).to_be_bytes();
    wide[quant + 2..quant + 4].copy_from_slice(&longer);
    let behind = quant + 2 + usize::from(length);
    wide.splice(behind..behind, payload);
    all.push(Place::new("jpeg", "unused-bytes", wide));
    // Half of the rows lie below the height that the header gives.
    let mut low = base.clone();
    let frame = base.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    low[frame + 5..frame + 7].copy_from_slice(&32u16.to_be_bytes());
    let note = segment(0xfe, &mark("LOWERED"));
    low.splice(scan..scan, note);
    all.push(Place::new("jpeg", "hidden-pixels", low));
    all
}

/// All places that go together, in one file.
pub(super) fn everything() -> Vec<u8> {
    let base = base();
    let segments: Vec<u8> = segments().into_iter().flat_map(|(_, data)| data).collect();
    let behind: Vec<u8> = trailers().into_iter().flat_map(|(_, data)| data).collect();
    [&base[..20], &segments, &mpf(), &base[20..], &behind].concat()
}
