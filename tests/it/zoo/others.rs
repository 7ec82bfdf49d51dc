//! WebP, GIF, TIFF and BMP with a payload in each hiding place.

use super::Place;
use super::parts::*;
use std::borrow::Cow;

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    let mut out = b"RIFF".to_vec();
    out.extend((body.len() as u32 + 4).to_le_bytes());
    out.extend(b"WEBP");
    out.extend(body);
    out
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = name.to_vec();
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

/// The chunk of a lossless picture.
fn bitstream() -> Vec<u8> {
    let mut out = Vec::new();
    image_webp::WebPEncoder::new(&mut out)
        .encode(&pixels(96, 64, 3), 96, 64, image_webp::ColorType::Rgb8)
        .unwrap();
    out.split_off(12)
}

fn extended(flags: u8) -> Vec<u8> {
    chunk(b"VP8X", &[flags, 0, 0, 0, 95, 0, 0, 63, 0, 0])
}

pub(super) fn webp() -> Vec<Place> {
    let (_, packet) = xmp_places().remove(0);
    let small = thumbnail("WEBPTHUMB");
    let mut parts = vec![
        ("person", 4, chunk(b"XMP ", &packet)),
        ("icc-private", 32, chunk(b"ICCP", &profile())),
        ("private-data", 0, chunk(b"LEAK", &mark("CHUNK"))),
        ("private-data", 0, chunk(b"thmb", &small)),
    ];
    for (kind, block) in exif_places() {
        parts.push((kind, 8, chunk(b"EXIF", &block)));
    }
    let mut all: Vec<Place> = parts
        .iter()
        .map(|(kind, flag, part)| {
            let file = match part.starts_with(b"ICCP") {
                true => riff(&[extended(*flag), part.clone(), bitstream()]),
                false => riff(&[extended(*flag), bitstream(), part.clone()]),
            };
            Place::new("webp", kind, file)
        })
        .collect();
    let together = riff(&[
        extended(4 | 8 | 32),
        parts[1].2.clone(),
        bitstream(),
        parts[4].2.clone(),
        parts[0].2.clone(),
        parts[2].2.clone(),
        parts[3].2.clone(),
    ]);
    all.push(Place::new(
        "webp",
        "person",
        [together, mark("TRAILER")].concat(),
    ));
    all.push(Place::new(
        "webp",
        "trailer",
        [riff(&[bitstream()]), mark("TRAILER")].concat(),
    ));
    // A chunk inside of a frame.
    let mut frame = vec![0, 0, 0, 0, 0, 0, 95, 0, 0, 63, 0, 0, 40, 0, 0, 0];
    frame.extend(bitstream());
    frame.extend(chunk(b"note", &mark("IN A FRAME")));
    let animated = riff(&[extended(2), chunk(b"ANIM", &[0; 6]), chunk(b"ANMF", &frame)]);
    all.push(Place::new("webp", "private-data", animated));
    all
}

/// A GIF whose palette has a payload in the entries that no pixel uses.
fn gif_base() -> Vec<u8> {
    let mut palette: Vec<u8> = (0..48).map(|i| i * 5).collect();
    palette.extend(mark("IN THE UNUSED PALETTE"));
    palette.resize(768, 0);
    let mut out = Vec::new();
    let mut job = gif::Encoder::new(&mut out, 96, 64, &palette).unwrap();
    let frame = gif::Frame {
        width: 96,
        height: 64,
        buffer: Cow::Owned(pixels(96, 64, 1).iter().map(|v| v % 16).collect()),
        ..gif::Frame::default()
    };
    job.write_frame(&frame).unwrap();
    drop(job);
    out
}

pub(super) fn gif() -> Vec<Place> {
    let base = gif_base();
    let head = 13 + 768;
    let blocks = |data: &[u8]| {
        let mut out: Vec<u8> = data
            .chunks(255)
            .flat_map(|part| [&[part.len() as u8], part].concat())
            .collect();
        out.push(0);
        out
    };
    let application =
        |name: &[u8; 11], data: &[u8]| [b"\x21\xff\x0b", &name[..], &blocks(data)].concat();
    let (_, packet) = xmp_places().remove(0);
    let magic: Vec<u8> = [1u8]
        .into_iter()
        .chain((0..=255).rev())
        .chain([0])
        .collect();
    let xmp = [&b"\x21\xff\x0bXMP DataXMP"[..], &packet, &magic].concat();
    let (_, resources) = irb_places().remove(1);
    let plain = [&b"\x21\x01\x0c"[..], &[0; 12], &blocks(&mark("PLAIN TEXT"))].concat();
    let parts = [
        (
            "text",
            [&b"\x21\xfe"[..], &blocks(&mark("COMMENT"))].concat(),
        ),
        ("text", plain),
        ("person", xmp),
        ("icc-private", application(b"ICCRGBG1012", &profile())),
        ("author", application(b"MGK8BIM0000", &resources)),
        (
            "private-data",
            application(b"ACME   1.00", &thumbnail("APPLICATION")),
        ),
        (
            "unused-bytes",
            application(b"NETSCAPE2.0", &[b"\x01\0\0", &mark("LOOP")[..]].concat()),
        ),
    ];
    let with = |data: &[u8]| [&base[..head], data, &base[head..]].concat();
    let mut all: Vec<Place> = parts
        .iter()
        .map(|(kind, part)| Place::new("gif", kind, with(part)))
        .collect();
    let together: Vec<u8> = parts.iter().flat_map(|p| p.1.clone()).collect();
    all.push(Place::new(
        "gif",
        "person",
        [with(&together), mark("TRAILER")].concat(),
    ));
    all.push(Place::new(
        "gif",
        "trailer",
        [base.clone(), mark("TRAILER")].concat(),
    ));
    // Behind the end code of a frame; the last two bytes are its empty block and the end of the
    // file.
    let mut longer = base[..base.len() - 2].to_vec();
    longer.extend(blocks(&mark("BEHIND THE CODES")));
    longer.push(0x3b);
    all.push(Place::new("gif", "unused-bytes", longer));
    // The screen is made smaller than its frame.
    let mut screen = base.clone();
    screen[6] = 48;
    screen.splice(
        head..head,
        [&b"\x21\xfe"[..], &blocks(&mark("SMALL SCREEN"))].concat(),
    );
    all.push(Place::new("gif", "hidden-pixels", screen));
    all
}

/// Entries of an RGB page of one strip, with more among them.
fn page(more: Vec<(u16, Value)>, next: Option<Box<Dir>>) -> Dir {
    let data = pixels(96, 64, 3);
    let length = data.len() as u32;
    let mut entries = vec![
        (0x0100, Value::Long(vec![96])),
        (0x0101, Value::Long(vec![64])),
        (0x0102, Value::Short(vec![8, 8, 8])),
        (0x0103, Value::Short(vec![1])),
        (0x0106, Value::Short(vec![2])),
        (0x0111, Value::Blob(data)),
        (0x0115, Value::Short(vec![3])),
        (0x0116, Value::Long(vec![64])),
        (0x0117, Value::Long(vec![length])),
    ];
    entries.extend(more);
    entries.sort_by_key(|entry| entry.0);
    Dir(entries, next)
}

/// A TIFF of one page with more entries.
pub(super) fn tiff_with(more: Vec<(u16, Value)>) -> Vec<u8> {
    tiff(&page(more, None))
}

pub(super) fn tiff_file() -> Vec<Place> {
    let (_, packet) = xmp_places().remove(0);
    let (_, resources) = irb_places().remove(0);
    let text = |payload| Value::Text(mark(payload));
    let below = |entries| Value::Below(Dir(entries, None));
    let maker = [mark("MAKERNOTE"), thumbnail("MAKERPREVIEW")].concat();
    let place = vec![
        (1, Value::Text(b"N".to_vec())),
        (2, Value::Fractions(vec![(48, 1), (51, 1), (30, 1)])),
        (0x1b, Value::Undefined(mark("GPS"))),
    ];
    let tags: Vec<(&'static str, (u16, Value))> = vec![
        ("text", (0x010e, text("DESCRIPTION"))),
        ("camera", (0x010f, text("MAKE"))),
        ("software", (0x0131, text("SOFTWARE"))),
        ("author", (0x013b, text("ARTIST"))),
        ("software", (0x013c, text("HOST"))),
        ("preview", (0x014a, Value::Below(thumbnail_dir("SUBIFD")))),
        ("person", (0x02bc, Value::Undefined(packet))),
        ("copyright", (0x8298, text("RIGHTS"))),
        ("text", (0x83bb, Value::Undefined(iptc(120, "IPTC")))),
        ("thumbnail", (0x8649, Value::Undefined(resources))),
        (
            "maker-note",
            (0x8769, below(vec![(0x927c, Value::Undefined(maker))])),
        ),
        ("icc-private", (0x8773, Value::Undefined(profile()))),
        ("gps", (0x8825, below(place))),
        ("layers", (0x935c, Value::Undefined(mark("LAYERS")))),
        ("maker-note", (0xc634, Value::Undefined(mark("DNGPRIVATE")))),
        ("exif", (0xfde8, text("PRIVATE TAG"))),
    ];
    let mut all: Vec<Place> = Vec::new();
    let mut together = Vec::new();
    for (kind, (tag, value)) in tags {
        all.push(Place::new(
            "tiff",
            kind,
            tiff(&page(vec![(tag, value.clone())], None)),
        ));
        together.push((tag, value));
    }
    let reduced = |mut dir: Dir| {
        dir.0.insert(0, (0x00fe, Value::Long(vec![1])));
        Box::new(dir)
    };
    let small = reduced(page(vec![(0x010e, text("REDUCED"))], None));
    all.push(Place::new(
        "tiff",
        "thumbnail",
        tiff(&page(Vec::new(), Some(small))),
    ));
    let old = thumbnail("OLDSTYLE");
    let length = old.len() as u32;
    let old = vec![
        (0x0201, Value::Blob(old)),
        (0x0202, Value::Long(vec![length])),
    ];
    all.push(Place::new("tiff", "thumbnail", tiff(&page(old, None))));
    let stray = [tiff(&page(Vec::new(), None)), mark("STRAY STRIP")].concat();
    all.push(Place::new("tiff", "unused-bytes", stray));
    let mut longer = page(Vec::new(), None);
    for (tag, value) in &mut longer.0 {
        match (tag, value) {
            (0x0111, Value::Blob(data)) => {
                data.extend([mark("BEHIND ROWS"), vec![0; 300]].concat())
            }
            (0x0117, Value::Long(length)) => length[0] += 300,
            _ => {}
        }
    }
    all.push(Place::new("tiff", "hidden-pixels", tiff(&longer)));
    let small = reduced(page(vec![(0x010e, text("REDUCED"))], None));
    let together = [tiff(&page(together, Some(small))), mark("STRAY")].concat();
    all.push(Place::new("tiff", "gps", together));
    all
}

fn bmp_base(width: u32, gap: &[u8]) -> Vec<u8> {
    let row = (width as usize * 3).next_multiple_of(4);
    let start = 54 + gap.len();
    let mut out = b"BM".to_vec();
    for value in [
        start + row * 64,
        0,
        start,
        40,
        width as usize,
        64,
        1 | 24 << 16,
        0,
        row * 64,
        0,
        0,
        0,
        0,
    ] {
        out.extend((value as u32).to_le_bytes());
    }
    out.extend(gap);
    for line in pixels(width, 64, 3).chunks_exact(width as usize * 3) {
        out.extend(line);
        // Three bytes of padding in each row of 95 pixels.
        out.extend(&b"LEAK_PADDING"[..row - line.len()]);
    }
    out
}

pub(super) fn bmp() -> Vec<Place> {
    let plain = bmp_base(96, b"");
    let mut fifth = plain.clone();
    // The header of version 5, with a profile behind the picture.
    let profile = profile();
    let grown = 124 - 40;
    fifth[10..14].copy_from_slice(&(54 + grown as u32).to_le_bytes());
    fifth[14..18].copy_from_slice(&124u32.to_le_bytes());
    let mut tail = vec![0; grown];
    tail[16..20].copy_from_slice(b"DEBM");
    tail[72..76].copy_from_slice(&(124 + 96 * 3 * 64u32).to_le_bytes());
    tail[76..80].copy_from_slice(&(profile.len() as u32).to_le_bytes());
    fifth.splice(54..54, tail);
    fifth.extend(&profile);
    let mut reserved = plain.clone();
    reserved[6..10].copy_from_slice(b"LEAK");
    vec![
        Place::new(
            "bmp",
            "unused-bytes",
            bmp_base(96, &mark("BEFORE THE PICTURE")),
        ),
        Place::new("bmp", "unused-bytes", bmp_base(95, b"")),
        Place::new("bmp", "unused-bytes", reserved),
        Place::new("bmp", "icc-private", fifth),
        Place::new("bmp", "trailer", [plain.clone(), mark("TRAILER")].concat()),
        Place::new("bmp", "trailer", [plain, thumbnail("SECOND")].concat()),
    ]
}

pub(super) fn webp_with_exif(block: &[u8]) -> Vec<u8> {
    riff(&[extended(8), bitstream(), chunk(b"EXIF", block)])
}
