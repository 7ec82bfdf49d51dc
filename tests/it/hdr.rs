//! `--keep hdr`: the gain map of an Ultra HDR JPEG, covered like the picture and written anew.

use crate::sandbox::{ASTRONAUT, Sandbox, json_lines, sample};
use jpeg_encoder::{ColorType, Encoder};
use std::fs;

/// Side of the map; the picture is twice as wide and high.
const SIDE: u16 = 256;
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const NUMBERS: &[u8] = br#"<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Ann's program"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" hdrgm:GainMapMin="-0.5"
 hdrgm:GainMapMax="2.5" hdrgm:HDRCapacityMax="2.5" hdrgm:Gamma="1.25"/></rdf:RDF></x:xmpmeta>"#;

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xff, marker];
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend(body);
    out
}

/// A file with segments behind its first marker.
fn with(file: &[u8], segments: &[Vec<u8>]) -> Vec<u8> {
    [&file[..2], &segments.concat(), &file[2..]].concat()
}

/// A face's picture and a map of it, which shows `level` in the 8x8 blocks of the `box`.
fn ultra_hdr(blocks: &[(u16, u16)], level: u8) -> Vec<u8> {
    let slope = |i: u32| (i % u32::from(SIDE) / 2 + 40) as u8;
    let mut map: Vec<u8> = (0..u32::from(SIDE).pow(2)).map(slope).collect();
    for &(x, y) in blocks {
        for row in 0..8 {
            let at = usize::from(y * 8 + row) * usize::from(SIDE) + usize::from(x * 8);
            map[at..at + 8].fill(level);
        }
    }
    let mut file = Vec::new();
    let encoder = Encoder::new(&mut file, 90);
    encoder.encode(&map, SIDE, SIDE, ColorType::Luma).unwrap();
    let map = with(
        &file,
        &[
            segment(0xe1, &[XMP, NUMBERS].concat()),
            segment(0xfe, b"Ann"),
        ],
    );
    let version = br#"<x:xmpmeta hdrgm:Version="1.0" dc:creator="Ann"/>"#;
    let picture = fs::read(sample(ASTRONAUT)).unwrap();
    let picture = with(&picture, &[segment(0xe1, &[XMP, version].concat())]);
    [&picture[..], &map, b"and a secret"].concat()
}

fn place(file: &[u8], what: &[u8]) -> usize {
    file.windows(what.len()).position(|w| w == what).unwrap()
}

fn number(file: &[u8], at: usize) -> usize {
    u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize
}

#[test]
fn a_gain_map_is_dropped_and_that_is_said_unless_it_is_to_be_kept() {
    let dir = Sandbox::new();
    dir.file("a.jpg", &ultra_hdr(&[], 0));
    dir.run(&["blur", "a.jpg", "-o", "out/"])
        .exits(0)
        .says("dropped: the HDR gain map");
    dir.run(&["inspect", "out"]).exits(0);
    dir.run(&["blur", "a.jpg", "-o", "a.png", "--keep", "hdr"])
        .exits(0)
        .says("dropped: the HDR gain map");
    dir.run(&["inspect", "a.png"]).exits(0);
}

#[test]
fn a_gain_map_that_is_kept_is_covered_where_the_picture_is() {
    let dir = Sandbox::new();
    let keep = ["--keep", "hdr", "--report", "r.jsonl"];
    let run = |level: u8, blocks: &[(u16, u16)], style: &str| {
        dir.file("a.jpg", &ultra_hdr(blocks, level));
        let blur = [
            "blur",
            "a.jpg",
            "-o",
            "out/",
            "--overwrite",
            "--style",
            style,
        ];
        dir.run(&[&blur[..], &keep].concat())
            .exits(0)
            .does_not_say("gain map");
        dir.read("out/a.jpg")
    };
    run(0, &[], "blur");
    let line = &json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap())[0];
    assert!(line["kept"].to_string().contains("gain-map"));
    // Blocks of the map that lie in the face.
    let [x, y, width, height] = [0, 1, 2, 3].map(|i| line["faces"][0]["box"][i].as_f64().unwrap());
    let inside =
        |at: f64, side: f64| (at / 16.0).ceil() as u16..((at + side) / 16.0).floor() as u16;
    let across = inside(x, width);
    let blocks: Vec<_> = inside(y, height)
        .flat_map(|y| across.clone().map(move |x| (x, y)))
        .collect();
    assert!(blocks.len() >= 4, "{blocks:?}");
    for style in ["blur", "solid", "gaussian"] {
        let (dark, light) = (run(20, &blocks, style), run(230, &blocks, style));
        assert!(dark == light, "{style}: the map shows nothing of the face");
    }
    // Outside of the mask it is what it was.
    let far = [(0, 31), (31, 31)];
    assert!(run(20, &far, "blur") != run(230, &far, "blur"));
}

#[test]
fn the_container_of_a_gain_map_is_written_anew_and_holds_nothing_else() {
    let dir = Sandbox::new();
    dir.file("a.jpg", &ultra_hdr(&[], 0));
    dir.run(&["blur", "a.jpg", "-o", "b.jpg", "--keep", "hdr"])
        .exits(0);
    let file = dir.read("b.jpg");
    let text = String::from_utf8_lossy(&file);
    assert!(!text.contains("Ann") && !text.contains("secret"));
    for said in [
        "hdrgm:GainMapMin=\"-0.5\"",
        "hdrgm:GainMapMax=\"2.5\"",
        "hdrgm:Gamma=\"1.25\"",
    ] {
        assert!(text.contains(said), "{said}");
    }
    // The list of pictures leads to the map, which ends the file.
    let list = place(&file, b"MPF\0") + 4;
    let (picture, map) = (number(&file, list + 54), number(&file, list + 70));
    assert_eq!(list + number(&file, list + 74), picture);
    assert_eq!(picture + map, file.len());
    assert!(file[..picture].ends_with(&[0xff, 0xd9]) && file[picture..].starts_with(&[0xff, 0xd8]));
    assert!(text.contains(&format!("Item:Length=\"{map}\"")));
    let found = dir.run(&["inspect", "b.jpg", "--json"]).exits(3);
    let kinds: Vec<_> = found.lines()[0]["findings"].as_array().unwrap().clone();
    assert_eq!(kinds.len(), 1, "{kinds:?}");
    assert_eq!(kinds[0]["kind"], "gain-map");
    // Once more it is the same file.
    dir.run(&[
        "blur",
        "b.jpg",
        "-o",
        "c.jpg",
        "--keep",
        "hdr",
        "--ignore",
        "0,0,512,512",
    ])
    .exits(0);
    assert_eq!(dir.read("c.jpg"), file);
    // Whoever does not ask for it loses it.
    dir.run(&["blur", "b.jpg", "-o", "d.jpg"]).exits(0);
    dir.run(&["inspect", "d.jpg"]).exits(0);
    for change in [
        list + 57,
        list + 77,
        place(&file, b"Item:Length") + 13,
        place(&file, b"-0.5"),
    ] {
        let mut changed = file.clone();
        changed[change] ^= 1;
        dir.file("e.jpg", &changed);
        let found = dir.run(&["inspect", "e.jpg", "--json"]).exits(3);
        let kinds = found.lines()[0]["findings"].as_array().unwrap().len();
        assert!(kinds > 1 || change == place(&file, b"-0.5"), "{change}");
    }
}

#[test]
fn a_gain_map_whose_numbers_make_no_sense_is_dropped() {
    let dir = Sandbox::new();
    let mut file = ultra_hdr(&[], 0);
    let at = place(&file, b"GainMapMax=\"2.5\"");
    file[at + 12..at + 15].copy_from_slice(b"NaN");
    dir.file("a.jpg", &file);
    dir.run(&["blur", "a.jpg", "-o", "out/", "--keep", "hdr"])
        .exits(0)
        .says("dropped: the HDR gain map");
    dir.run(&["inspect", "out"]).exits(0);
}
