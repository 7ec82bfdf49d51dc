//! Files that hide something, each in a way of its own. `tests/fixtures` holds one of each kind.

use faceveil_inspect::{FindingKind as Kind, Inspection, inspect, inspect_file};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// What is found in a file, which must be the same from memory and from the disk.
fn inspected(name: &str) -> Inspection {
    let path = fixture(name);
    let seen = inspect(&std::fs::read(&path).expect("a fixture")).expect("a known format");
    assert_eq!(seen, inspect_file(&path).expect("a known format"), "{name}");
    seen
}

#[test]
fn each_hiding_place_is_named() {
    for (name, kind, place, words) in [
        (
            "aacdse.mp4",
            Kind::SoundData,
            "track 2, samples",
            "data beside the sound",
        ),
        (
            "aactail.mp4",
            Kind::SoundData,
            "track 2, samples",
            "behind the elements",
        ),
        (
            "mp3mid.mp4",
            Kind::SoundData,
            "track 2, samples",
            "bytes between frames",
        ),
        (
            "inspect_blind_hdlr.heic",
            Kind::Text,
            "meta, hdlr, name",
            "ZQ711",
        ),
        (
            "inspect_blind_idat.heic",
            Kind::UnusedBytes,
            "meta, idat",
            "",
        ),
        (
            "inspect_blind_metafree.heic",
            Kind::UnusedBytes,
            "meta, free",
            "ZQ713",
        ),
        (
            "inspect_blind_sei.heic",
            Kind::PrivateData,
            "item 1",
            "Q839",
        ),
        (
            "inspect_blind_skip_in_moov.mp4",
            Kind::UnusedBytes,
            "movie, skip",
            "SECRET",
        ),
        (
            "inspect_blind_tiff_jpeg_after_zlib.tif",
            Kind::UnusedBytes,
            "page 1, behind the strips' data",
            "JPEG",
        ),
        (
            "inspect_blind_unknown_in_trak.mp4",
            Kind::PrivateData,
            "track 1, zzzz",
            "SECRET",
        ),
        (
            "inspect_blind_webp_jpeg_in_vp8_chunk.webp",
            Kind::UnusedBytes,
            "chunk VP8, behind the data",
            "JPEG",
        ),
        (
            "inspect_blind_webp_jpeg_in_vp8l_chunk.webp",
            Kind::UnusedBytes,
            "chunk VP8L, behind the data",
            "JPEG",
        ),
        ("jxlctail.jxl", Kind::Trailer, "behind the codestream", ""),
        ("obu_meta.avif", Kind::PrivateData, "item 1", "user data"),
        (
            "middle_cut_by_edit_list.mp4",
            Kind::HiddenFrame,
            "track 1",
            "20 frames",
        ),
        (
            "nested_boxes_2000.mp4",
            Kind::PrivateData,
            "movie, moov",
            "",
        ),
        (
            "nested_in_valid_2000.mp4",
            Kind::PrivateData,
            "track 3, trak",
            "",
        ),
    ] {
        let seen = inspected(name);
        let is_it = |f: &faceveil_inspect::Finding| {
            f.kind == kind && f.place == place && f.detail.contains(words)
        };
        assert!(seen.findings.iter().any(is_it), "{name}: {seen:?}");
        assert_eq!(seen.damage, None, "{name}");
    }
}

#[test]
fn a_codestream_without_its_tail_is_clean() {
    let mut file = std::fs::read(fixture("jxlctail.jxl")).expect("a fixture");
    file.truncate(10_235);
    // The last box reaches to the end of the file.
    file[32..36].fill(0);
    let seen = inspect(&file).expect("a known format");
    assert!(seen.is_clean(), "{seen:?}");
}

/// `count` boxes inside of one another.
fn nested(kind: &[u8; 4], count: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for level in 0..count {
        out.extend(((count - level) as u32 * 8).to_be_bytes());
        out.extend(kind);
    }
    out
}

/// `count` elements of Matroska inside of one another.
fn elements(id: &[u8], count: usize) -> Vec<u8> {
    let each = id.len() + 4;
    let mut out = Vec::new();
    for level in 0..count {
        let length = ((count - level - 1) * each) as u32;
        out.extend(id);
        out.extend((0x1000_0000 | length).to_be_bytes());
    }
    out
}

#[test]
fn nothing_is_followed_deeper_than_it_may_be() {
    const MANY: usize = 2000;
    let brand = b"\0\0\0\x10ftypisom\0\0\0\0";
    for kind in [
        b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"tref", b"udta", b"meta", b"wave",
        b"ipco", b"mvex", b"dinf", b"grpl", b"tapt", b"ilst",
    ] {
        for outside in [&b"moov"[..], b"meta"] {
            let inside = nested(kind, MANY);
            let mut file = brand.to_vec();
            file.extend((inside.len() as u32 + 12).to_be_bytes());
            file.extend([outside, &[0; 4], &inside].concat());
            let _ = inspect(&file);
        }
        let _ = inspect(&[&brand[..], &nested(kind, MANY)].concat());
    }
    let head = b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff";
    // Tags, a tag, simple tags; tracks; cues; clusters.
    for (outside, id) in [
        (&b"\x12\x54\xc3\x67"[..], &b"\x67\xc8"[..]),
        (b"\x16\x54\xae\x6b", b"\xae"),
        (b"\x1c\x53\xbb\x6b", b"\xb7"),
        (b"\x1f\x43\xb6\x75", b"\xa0"),
    ] {
        let mut inside = elements(id, MANY);
        if outside == b"\x12\x54\xc3\x67" {
            let tag = (0x1000_0000 | inside.len() as u32).to_be_bytes();
            inside = [&b"\x73\x73"[..], &tag, &inside].concat();
        }
        let length = (0x1000_0000 | inside.len() as u32).to_be_bytes();
        let seen = inspect(&[&head[..], outside, &length, &inside].concat());
        // Groups of blocks are walked one after another.
        let is_flat = outside == b"\x1f\x43\xb6\x75";
        assert!(
            seen.is_ok_and(|seen| is_flat || !seen.is_clean()),
            "{outside:x?}"
        );
    }
    // Directories of a TIFF, each with a pointer to the next below it.
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    for level in 0..MANY as u32 {
        let next = 8 + (level + 1) * 18;
        tiff.extend(b"\x01\0\x69\x87\x04\0\x01\0\0\0");
        tiff.extend(next.to_le_bytes());
        tiff.extend([0; 4]);
    }
    assert!(inspect(&tiff).is_ok_and(|seen| !seen.is_clean()));
}
