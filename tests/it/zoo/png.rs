//! A PNG with a payload in each hiding place.

use super::Place;
use super::parts::*;

/// Where chunks may follow the header.
const BEHIND_HEADER: usize = 8 + 25;

pub(super) fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(name);
    sum.update(data);
    let mut out = (data.len() as u32).to_be_bytes().to_vec();
    out.extend(name);
    out.extend(data);
    out.extend(sum.sum().to_be_bytes());
    out
}

/// Rows of pixels, each behind its filter.
fn rows(channels: u32) -> Vec<u8> {
    let data = pixels(96, 64, channels);
    data.chunks_exact(96 * channels as usize)
        .flat_map(|row| [&[0], row].concat())
        .collect()
}

fn header() -> Vec<u8> {
    chunk(b"IHDR", b"\0\0\0\x60\0\0\0\x40\x08\x02\0\0\0")
}

fn file(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    out.extend(header());
    parts.iter().for_each(|part| out.extend(part));
    out.extend(chunk(b"IEND", b""));
    out
}

pub(super) fn base() -> Vec<u8> {
    file(&[chunk(b"IDAT", &deflated(&rows(3)))])
}

/// ImageMagick's way to keep a profile in a text.
fn raw_profile(kind: &str, data: &[u8]) -> Vec<u8> {
    let hex: String = data.iter().map(|b| format!("{b:02x}")).collect();
    let text = format!("\n{kind}\n{:8}\n{hex}\n", data.len());
    [
        format!("Raw profile type {kind}\0\0").into_bytes(),
        deflated(text.as_bytes()),
    ]
    .concat()
}

/// Chunks that hide something.
fn chunks() -> Vec<(&'static str, Vec<u8>)> {
    let (_, packet) = xmp_places().remove(0);
    let exif = [
        &b"Exif\0\0"[..],
        &tiff(&Dir(Vec::new(), Some(Box::new(thumbnail_dir("RAWEXIF"))))),
    ]
    .concat();
    let small: Vec<u8> = file(&[
        chunk(b"tEXt", b"x\0LEAK_PREVIEW"),
        chunk(b"IDAT", &deflated(&rows(3))),
    ]);
    let mut all = vec![
        ("text", chunk(b"tEXt", b"Comment\0LEAK_TEXT")),
        ("author", chunk(b"tEXt", b"Author\0LEAK_AUTHOR")),
        (
            "text",
            chunk(
                b"zTXt",
                &[b"parameters\0\0".to_vec(), deflated(&mark("ZTXT"))].concat(),
            ),
        ),
        ("text", chunk(b"iTXt", b"Title\0\0\0en\0\0LEAK_ITXT")),
        (
            "person",
            chunk(
                b"iTXt",
                &[b"XML:com.adobe.xmp\0\0\0\0\0", &packet[..]].concat(),
            ),
        ),
        ("thumbnail", chunk(b"zTXt", &raw_profile("exif", &exif))),
        (
            "iptc",
            chunk(b"zTXt", &raw_profile("iptc", &iptc(120, "RAWIPTC"))),
        ),
        ("person", chunk(b"zTXt", &raw_profile("xmp", &packet))),
        ("c2pa", chunk(b"caBX", &jumbf())),
        ("private-data", chunk(b"prVt", &mark("PRIVATE"))),
        ("private-data", chunk(b"iDOT", &mark("IDOT"))),
        ("preview", chunk(b"mkBF", &small)),
        (
            "private-data",
            chunk(b"sPLT", &[&mark("SPLT")[..], b"\0\x08"].concat()),
        ),
        ("time", chunk(b"tIME", &[7, 232, 1, 2, 3, 4, 5])),
        (
            "icc-private",
            chunk(
                b"iCCP",
                &[b"monitor\0\0".to_vec(), deflated(&profile())].concat(),
            ),
        ),
        (
            "unused-bytes",
            chunk(
                b"pHYs",
                &[b"\0\0\x0b\x13\0\0\x0b\x13\x01", &mark("PHYS")[..]].concat(),
            ),
        ),
    ];
    for (kind, block) in exif_places() {
        all.push((kind, chunk(b"eXIf", &block)));
    }
    all
}

fn control(number: u32) -> Vec<u8> {
    let mut data = number.to_be_bytes().to_vec();
    data.extend(b"\0\0\0\x60\0\0\0\x40\0\0\0\0\0\0\0\0\0\x01\0\x0a\0\0");
    chunk(b"fcTL", &data)
}

pub(super) fn places() -> Vec<Place> {
    let base = base();
    let mut all = Vec::new();
    let with = |at: usize, data: &[u8]| [&base[..at], data, &base[at..]].concat();
    for (kind, data) in chunks() {
        all.push(Place::new("png", kind, with(BEHIND_HEADER, &data)));
    }
    let end = base.len() - 12;
    let late = chunk(b"tEXt", b"Author\0LEAK_LATE");
    all.push(Place::new("png", "author", with(end, &late)));
    let animation = chunk(b"acTL", b"\0\0\0\x01\0\0\0\0");
    let picture = chunk(b"IDAT", &deflated(&rows(3)));
    let frame = |number: u32, payload: &str| {
        let data = [rows(3), mark(payload)].concat();
        chunk(
            b"fdAT",
            &[number.to_be_bytes().to_vec(), deflated(&data)].concat(),
        )
    };
    // Frames beyond the count, a picture that is none of them, rows beyond the last.
    for (kind, parts) in [
        (
            "hidden-frame",
            vec![
                animation.clone(),
                control(0),
                picture.clone(),
                control(1),
                frame(2, "FRAME"),
            ],
        ),
        (
            "hidden-frame",
            vec![
                animation,
                picture.clone(),
                control(0),
                frame(1, "BEHIND FRAME"),
            ],
        ),
        (
            "hidden-pixels",
            vec![chunk(
                b"IDAT",
                &deflated(&[rows(3), mark("BEHIND ROWS")].concat()),
            )],
        ),
        (
            "unused-bytes",
            vec![chunk(
                b"IDAT",
                &[deflated(&rows(3)), mark("BEHIND ZLIB")].concat(),
            )],
        ),
    ] {
        all.push(Place::new("png", kind, file(&parts)));
    }
    let cropped = [
        base.clone(),
        deflated(&[rows(3), mark("CROPALYPSE")].concat()),
    ]
    .concat();
    all.push(Place::new("png", "trailer", cropped));
    all.push(Place::new(
        "png",
        "further-picture",
        [base.clone(), thumbnail("SECOND")].concat(),
    ));
    all
}

pub(super) fn everything() -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for (_, data) in chunks() {
        let seen = |name: &[u8]| parts.iter().any(|p| p[4..8] == *name);
        let once: [&[u8]; 4] = [b"iCCP", b"pHYs", b"tIME", b"eXIf"];
        if !once.contains(&&data[4..8]) || !seen(&data[4..8]) {
            parts.push(data);
        }
    }
    parts.push(chunk(b"IDAT", &deflated(&rows(3))));
    parts.push(chunk(b"tEXt", b"Author\0LEAK_LATE"));
    [file(&parts), mark("TRAILER"), deflated(&mark("CROPALYPSE"))].concat()
}
