//! HEIF, JPEG XL and QuickTime: files of boxes are looked through, too.

use super::parts::*;
use faceveil::inspect::inspect;

pub(super) fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = (body.len() as u32 + 8).to_be_bytes().to_vec();
    out.extend(kind);
    out.extend(body);
    out
}

pub(super) fn full(kind: &[u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], body].concat())
}

/// Kinds of everything that is found.
fn kinds(file: &[u8]) -> (&'static str, Vec<&'static str>) {
    let seen = inspect(file).unwrap();
    assert_eq!(seen.damage, None);
    let mut all: Vec<_> = seen.findings.iter().map(|f| f.kind.name()).collect();
    all.sort_unstable();
    all.dedup();
    (seen.format, all)
}

/// Items: 1 the picture, 2 its thumbnail, 3 a gain map, 4 EXIF, 5 a second picture.
fn heif() -> Vec<u8> {
    let item = |id: u16, kind: &[u8; 4]| {
        let body = [&id.to_be_bytes()[..], &[0, 0], kind, b"\0"].concat();
        full(b"infe", 2, &body)
    };
    let items = [
        item(1, b"hvc1"),
        item(2, b"hvc1"),
        item(3, b"hvc1"),
        item(4, b"Exif"),
        item(5, b"hvc1"),
    ];
    let link = |kind: &[u8; 4], from: u16| {
        let body = [from.to_be_bytes(), [0, 1], [0, 1]].concat();
        boxed(kind, &body)
    };
    let size = |w: u32, h: u32| full(b"ispe", 0, &[w.to_be_bytes(), h.to_be_bytes()].concat());
    let purpose = full(b"auxC", 0, b"urn:com:apple:photo:2020:aux:hdrgainmap\0");
    let properties = boxed(b"ipco", &[size(640, 480), size(160, 120), purpose].concat());
    let map = full(
        b"ipma",
        0,
        b"\0\0\0\x03\0\x01\x01\x01\0\x02\x01\x02\0\x03\x02\x02\x03",
    );
    let exif = [&[0; 4][..], &exif_places()[4].1].concat();
    let place = [
        &b"\x44\0\0\x01\0\x04\0\x01\0\0\0\x01\0\0\0\0"[..],
        &(exif.len() as u32).to_be_bytes(),
    ];
    let meta = [
        full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        full(b"pitm", 0, &[0, 1]),
        full(b"iinf", 0, &[&[0, 5], &items.concat()[..]].concat()),
        full(
            b"iref",
            0,
            &[link(b"thmb", 2), link(b"auxl", 3), link(b"cdsc", 4)].concat(),
        ),
        boxed(b"iprp", &[properties, map].concat()),
        full(b"iloc", 1, &place.concat()),
        boxed(b"idat", &exif),
    ];
    [
        boxed(b"ftyp", b"heic\0\0\0\0mif1heic"),
        full(b"meta", 0, &meta.concat()),
        boxed(b"mdat", b"coded"),
    ]
    .concat()
}

#[test]
fn the_items_of_a_heif_are_told_apart() {
    let (format, found) = kinds(&heif());
    assert_eq!(format, "heif");
    assert_eq!(
        found,
        [
            "author",
            "further-picture",
            "gain-map",
            "thumbnail",
            "unused-bytes"
        ]
    );
    let seen = inspect(&heif()).unwrap();
    assert_eq!((seen.width, seen.height), (640, 480));
    let small = seen
        .findings
        .iter()
        .find(|f| f.kind.name() == "thumbnail")
        .unwrap();
    assert_eq!((small.width, small.height), (Some(160), Some(120)));
    let motion = [heif(), boxed(b"mpvd", b"video")].concat();
    assert!(kinds(&motion).1.contains(&"motion-video"));
}

#[test]
fn the_boxes_of_a_jpeg_xl_are_named() {
    let file = [
        boxed(b"JXL ", b"\r\n\x87\n"),
        boxed(b"ftyp", b"jxl \0\0\0\0jxl "),
        boxed(b"Exif", &[&[0; 4][..], &exif_places()[4].1].concat()),
        boxed(b"brob", b"xml compressed"),
        boxed(b"jbrd", b"original"),
        boxed(b"jhgm", b"gain"),
    ];
    let (format, found) = kinds(&file.concat());
    assert_eq!(format, "jpeg-xl");
    assert_eq!(found, ["author", "gain-map", "private-data", "xmp"]);
}

#[test]
fn places_and_tracks_of_a_video_are_named() {
    let value =
        |n: u32, text: &[u8]| boxed(&n.to_be_bytes(), &boxed(b"data", &[&[0; 8], text].concat()));
    let key = |name: &[u8]| boxed(b"mdta", name);
    let keys = [
        key(b"com.apple.quicktime.location.ISO6709"),
        key(b"com.apple.quicktime.content.identifier"),
    ];
    let meta = [
        full(
            b"keys",
            0,
            &[&2u32.to_be_bytes()[..], &keys.concat()].concat(),
        ),
        boxed(
            b"ilst",
            &[value(1, b"+48.85+002.29/"), value(2, b"ABC")].concat(),
        ),
    ];
    let track = |handler: &[u8; 4]| {
        let hdlr = full(b"hdlr", 0, &[&[0; 4][..], handler, &[0; 13]].concat());
        boxed(b"trak", &boxed(b"mdia", &hdlr))
    };
    let moov = [
        full(b"mvhd", 0, &[0; 96]),
        track(b"vide"),
        track(b"vide"),
        track(b"meta"),
        boxed(b"meta", &meta.concat()),
    ];
    let file = [
        boxed(b"ftyp", b"qt  \0\0\0\0qt  "),
        boxed(b"moov", &moov.concat()),
    ]
    .concat();
    let (format, found) = kinds(&file);
    assert_eq!(format, "mov");
    assert_eq!(
        found,
        ["further-picture", "gps", "private-data", "unique-id"]
    );
}

#[test]
fn an_xmp_file_is_looked_through_as_it_is() {
    let (kind, packet) = xmp_places().remove(0);
    let (format, found) = kinds(&packet);
    assert_eq!(format, "xmp");
    assert!(
        found.contains(&kind) && found.contains(&"face-region"),
        "{found:?}"
    );
    assert!(inspect(b"<html>no packet</html>").is_err());
}
