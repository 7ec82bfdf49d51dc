//! Small files that would take for ever, or all memory, if they were believed: the same bytes
//! pointed to again and again, blocks inside of blocks, streams that grow a thousandfold.

use super::boxes::{boxed, full};
use super::parts::*;
use super::png::{self, chunk};
use faceveil::inspect::inspect;
use std::time::{Duration, Instant};

/// A run on a thread with the stack that threads have by default.
fn looked_through(name: &str, file: Vec<u8>) {
    assert!(file.len() < 40 << 20, "{name}: {}", file.len());
    let begin = Instant::now();
    let seen = std::thread::spawn(move || inspect(&file)).join();
    assert!(seen.is_ok(), "{name}");
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(20), "{name}: {took:?}");
}

/// Directories in a chain, each with these entries of four bytes; offsets are given by their place.
fn chain(count: u32, entries: impl Fn(u32, u32) -> Vec<[u32; 3]>, tail: &[u8]) -> Vec<u8> {
    let each = 2 + entries(0, 0).len() as u32 * 12 + 4;
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    for i in 0..count {
        let next = 8 + (i + 1) * each;
        let list = entries(next, 8 + count * each);
        out.extend((list.len() as u16).to_le_bytes());
        for [tag_and_type, length, value] in list {
            out.extend(tag_and_type.to_le_bytes());
            out.extend(length.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        let next = if i + 1 < count { next } else { 0 };
        out.extend(next.to_le_bytes());
    }
    out.extend(tail);
    out
}

#[test]
fn directories_below_directories_end() {
    let deep = chain(19_000, |next, _| vec![[0x8769 | 4 << 16, 1, next]], b"");
    let exif = [&b"Exif\0\0"[..], &deep].concat();
    looked_through("tiff", deep);
    let base = png::base();
    let file = [&base[..33], &chunk(b"eXIf", &exif[6..]), &base[33..]].concat();
    looked_through("png", file);
}

#[test]
fn blocks_inside_of_one_another_end() {
    let mut block = mark("INNERMOST");
    for _ in 0..3000 {
        let mut resource = b"8BIM\x04\x22\0\0".to_vec();
        resource.extend((block.len() as u32).to_be_bytes());
        resource.extend(&block);
        block = tiff(&Dir(vec![(0x8649, Value::Undefined(resource))], None));
    }
    looked_through("exif in resources in exif", block);
}

#[test]
fn strips_and_words_that_are_listed_again_and_again_end() {
    // Every page points to the same million strips.
    let tail = vec![1; 4 << 20];
    let pages = |_, behind| {
        vec![
            [0x0111 | 4 << 16, 1 << 20, behind],
            [0x0117 | 4 << 16, 1 << 20, behind],
        ]
    };
    looked_through("strips", chain(18_000, pages, &tail));
    let words = |_, behind| vec![[0x013b | 2 << 16, 4000, behind]; 20];
    looked_through("words", chain(18_000, words, &[b'a'; 5000]));
}

#[test]
fn texts_that_grow_a_thousandfold_end() {
    let packet = [
        &b"XML:com.adobe.xmp\0\x01\0\0\0"[..],
        &deflated(&vec![b'x'; 8 << 20]),
    ]
    .concat();
    let base = png::base();
    let many = chunk(b"iTXt", &packet).repeat(1000);
    looked_through("texts", [&base[..33], &many, &base[33..]].concat());
}

#[test]
fn items_that_are_the_whole_file_end() {
    let count = 20_000u16;
    let item = |id: u16| full(b"infe", 2, &[&id.to_be_bytes()[..], b"\0\0Exif\0"].concat());
    let items: Vec<u8> = (1..=count).flat_map(item).collect();
    let places: Vec<u8> = (1..=count)
        .flat_map(|id| [&id.to_be_bytes()[..], b"\0\0\0\0\0\x01\0\0\0\0\0\x20\0\0"].concat())
        .collect();
    let meta = [
        full(b"iinf", 0, &[&count.to_be_bytes()[..], &items].concat()),
        full(
            b"iloc",
            1,
            &[&b"\x44\0"[..], &count.to_be_bytes(), &places].concat(),
        ),
        boxed(b"free", &vec![0; 3 << 20]),
    ];
    let file = [
        boxed(b"ftyp", b"heic\0\0\0\0mif1heic"),
        full(b"meta", 0, &meta.concat()),
    ];
    looked_through("items", file.concat());
}

#[test]
fn a_progressive_picture_of_runs_ends() {
    // A huge grey picture whose scans are all runs of empty blocks.
    let mut out = b"\xff\xd8\xff\xc2\0\x0b\x08\x40\0\x40\0\x01\x01\x11\0".to_vec();
    let table = |class: u8, symbol: u8| {
        let mut t = vec![0xff, 0xc4, 0, 20, class, 1];
        t.resize(t.len() + 15, 0);
        t.push(symbol);
        t
    };
    out.extend(table(0, 0));
    out.extend(table(0x10, 0xe0)); // a run of 16384 blocks and more
    out.extend(b"\xff\xda\0\x08\x01\x01\0\0\0\0");
    out.extend(vec![0; (2048 * 2048) / 8 + 1]);
    for band in 1..64u8 {
        for _ in 0..200 {
            out.extend([0xff, 0xda, 0, 8, 1, 1, 0, band, band, 0x10]);
            out.extend([0; 600]);
        }
    }
    out.extend(b"\xff\xd9");
    looked_through("runs", out);
}
