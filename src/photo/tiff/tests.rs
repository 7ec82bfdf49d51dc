//! How the samples of a page may lie: what is read as libtiff reads it, and what is refused.

use super::*;
use crate::error::ErrorKind;
use crate::photo::Body;
use crate::photo::raster::Samples;
use proptest::prelude::*;

/// A page: tags with whole numbers, and strips, or tiles where there is a tile width.
type MadePage = (Vec<(u16, Vec<u32>)>, Vec<Vec<u8>>);

/// A little-endian TIFF. The places and lengths of the pieces are put in.
fn tiff(pages: &[MadePage]) -> Vec<u8> {
    let mut out = b"II*\0\0\0\0\0".to_vec();
    let mut link = 4;
    for (tags, pieces) in pages {
        let mut tags = tags.clone();
        let tiled = tags.iter().any(|(tag, _)| *tag == 322);
        let (places, lengths) = if tiled { (324, 325) } else { (273, 279) };
        let mut places = (places, Vec::new());
        for piece in pieces {
            places.1.push(out.len() as u32);
            out.extend(piece);
        }
        let long = |piece: &Vec<u8>| piece.len() as u32;
        tags.extend([places, (lengths, pieces.iter().map(long).collect())]);
        tags.sort();
        let at = out.len();
        out[link..link + 4].copy_from_slice(&(at as u32).to_le_bytes());
        link = at + 2 + tags.len() * 12;
        out.resize(link + 4, 0);
        out[at..at + 2].copy_from_slice(&(tags.len() as u16).to_le_bytes());
        for (i, (tag, values)) in tags.iter().enumerate() {
            let short = values.iter().all(|v| *v < 1 << 16);
            let mut bytes: Vec<u8> = if short {
                values
                    .iter()
                    .flat_map(|v| (*v as u16).to_le_bytes())
                    .collect()
            } else {
                values.iter().flat_map(|v| v.to_le_bytes()).collect()
            };
            if bytes.len() > 4 {
                let place = (out.len() as u32).to_le_bytes();
                out.append(&mut bytes);
                bytes.extend(place);
            }
            bytes.resize(4, 0);
            let kind = if short { 3u16 } else { 4 };
            let mut entry = [tag.to_le_bytes(), kind.to_le_bytes()].concat();
            entry.extend((values.len() as u32).to_le_bytes());
            entry.extend(bytes);
            out[at + 2 + i * 12..][..12].copy_from_slice(&entry);
        }
    }
    out
}

/// Tags of a page with one sample a pixel unless `more` says otherwise.
fn tags(width: u32, height: u32, bits: u32, more: &[(u16, &[u32])]) -> Vec<(u16, Vec<u32>)> {
    let mut tags = vec![
        (256, vec![width]),
        (257, vec![height]),
        (258, vec![bits]),
        (262, vec![1]),
    ];
    for &(tag, values) in more {
        tags.retain(|(other, _)| *other != tag);
        tags.push((tag, values.to_vec()));
    }
    tags
}

fn decode(file: &[u8]) -> Result<(Vec<Samples>, Notes)> {
    let mut notes = Notes::default();
    let tiff = read(file, &mut Budget::new(1 << 20), &mut notes)?;
    let parts = Box::new(tiff).parts()?;
    let samples = |frame: Frame| frame.raster.into_samples();
    Ok((parts.frames.into_iter().map(samples).collect(), notes))
}

fn samples(file: &[u8]) -> Vec<Samples> {
    decode(file).expect("reads").0
}

fn refused(file: &[u8], why: &str) {
    let error = decode(file).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains(why), "{error}");
}

fn turned(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte.reverse_bits()).collect()
}

proptest! {
    #[test]
    fn lowest_bit_first_is_the_same_picture_with_every_byte_turned(
        bytes in proptest::collection::vec(any::<u8>(), 8 * 6 * 2),
        bits in proptest::sample::select(vec![1u32, 2, 4, 8, 16]),
        packed: bool,
    ) {
        let bytes = &bytes[..(8 * 6 * bits / 8) as usize];
        let mut piece = bytes.to_vec();
        if packed {
            piece.insert(0, (bytes.len() - 1) as u8); // PackBits: so many bytes as they are
        }
        let compression = if packed { 32773 } else { 1 };
        let page = |order, piece| (tags(8, 6, bits, &[(259, &[compression]), (266, &[order])]), vec![piece]);
        let (highest, lowest) = (page(1, piece.clone()), page(2, turned(&piece)));
        let plain = samples(&tiff(&[highest.clone(), highest.clone()]));
        prop_assert_eq!(&samples(&tiff(&[lowest.clone(), highest])), &plain);
        prop_assert_eq!(&samples(&tiff(&[lowest.clone(), lowest])), &plain);
    }

    // PlanarConfiguration stays out: the crate multiplies the pieces of a plane by a number of
    // planes of any size, and where overflow is checked it stops there.
    #[test]
    fn no_numbers_of_a_page_make_reading_panic(
        numbers in proptest::collection::vec((0..TAGS.len(), number()), 1..6),
        tiled: bool,
    ) {
        let tiles: &[(u16, &[u32])] = &[(322, &[4]), (323, &[4])];
        let mut all = tags(4, 4, 8, if tiled { tiles } else { &[] });
        for (tag, value) in numbers {
            all.retain(|(other, _)| *other != TAGS[tag]);
            all.push((TAGS[tag], vec![value]));
        }
        let _ = decode(&tiff(&[(all, vec![vec![7; 64]])]));
    }
}

const TAGS: [u16; 15] = [
    254, 256, 257, 258, 259, 262, 266, 274, 277, 278, 317, 322, 323, 338, 339,
];

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![
        0u32..6,
        Just(8),
        Just(16),
        Just(64),
        Just(255),
        Just(65535),
        Just(65536),
        Just(1 << 31),
        Just(u32::MAX),
        any::<u32>(),
    ]
}

#[test]
fn the_bytes_of_a_jpeg_are_never_turned() {
    let mut jpeg = Vec::new();
    let pixels: Vec<u8> = (0..64).map(|v| v * 3).collect();
    jpeg_encoder::Encoder::new(&mut jpeg, 90)
        .encode(&pixels, 8, 8, jpeg_encoder::ColorType::Luma)
        .expect("encodes");
    let page = |order: u32| {
        let tags = tags(8, 8, 8, &[(259, &[7]), (266, &[order])]);
        (tags, vec![jpeg.clone()])
    };
    assert_eq!(samples(&tiff(&[page(2)])), samples(&tiff(&[page(1)])));
}

#[test]
fn a_fill_order_that_means_nothing_is_refused() {
    for order in [&[0][..], &[3], &[1 << 16], &[]] {
        let page = (tags(2, 1, 8, &[(266, order)]), vec![vec![1, 2]]);
        refused(&tiff(&[page]), "FillOrder");
    }
}

#[test]
fn planes_in_tiles_may_reach_below_the_page() {
    // 3x4 pixels in tiles of 2x2; the second column of tiles is half beyond the right edge.
    let page = |height| {
        let tags = tags(
            3,
            height,
            8,
            &[
                (258, &[8, 8, 8]),
                (262, &[2]),
                (277, &[3]),
                (284, &[2]),
                (322, &[2]),
                (323, &[2]),
            ],
        );
        let tile = |i: u8| vec![4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3];
        (tags, (0..12).map(tile).collect())
    };
    let red = [0, 1, 4, 2, 3, 6, 8, 9, 12, 10, 11, 14];
    let pixels = red.iter().flat_map(|v| [*v, v + 16, v + 32]).collect();
    assert_eq!(samples(&tiff(&[page(4)])), [Samples::U8(pixels)]);
    let pixels = red[..9].iter().flat_map(|v| [*v, v + 16, v + 32]).collect();
    assert_eq!(samples(&tiff(&[page(3)])), [Samples::U8(pixels)]);
}

/// RGB with opacity if `extra` says so, and one sample more: its rows count up.
fn surplus(width: u32, extra: &[u32], more: &[(u16, &[u32])]) -> Vec<u8> {
    let count = 3 + extra.len() as u32;
    let mut all = tags(width, 2, 8, &[(262, &[2]), (277, &[count]), (338, extra)]);
    all.extend(more.iter().map(|(tag, values)| (*tag, values.to_vec())));
    let piece = (0..width * 2 * count).map(|v| v as u8).collect();
    tiff(&[(all, vec![piece])])
}

#[test]
fn samples_that_are_left_out_are_named() {
    for extra in [&[2, 0][..], &[1, 0], &[0], &[0, 0, 0]] {
        let (samples, notes) = decode(&surplus(3, extra, &[])).expect("reads");
        assert_eq!(notes.dropped, ["extra-samples"], "{extra:?}");
        assert_eq!(notes.warnings.len(), 1, "{extra:?}");
        let (all, kept) = (3 + extra.len(), if extra[0] == 0 { 3 } else { 4 });
        let pixels = (0..6).flat_map(|i| (i * all..i * all + kept).map(|v| v as u8));
        assert_eq!(samples, [Samples::U8(pixels.collect())], "{extra:?}");
    }
    let (_, notes) = decode(&surplus(3, &[2], &[])).expect("reads");
    assert!(notes.dropped.is_empty());
}

#[test]
fn samples_are_left_out_of_predicted_rows_and_narrow_tiles_too() {
    let predicted: &[(u16, &[u32])] = &[(317, &[2])];
    let (found, _) = decode(&surplus(3, &[0], predicted)).expect("reads");
    // 0 1 2 3, 4 5 6 7, 8 9 10 11: sums from the left.
    let Samples::U8(data) = &found[0] else {
        panic!("8 bits")
    };
    assert_eq!(data[..9], [0, 1, 2, 4, 6, 8, 12, 15, 18]);
    let narrow = tags(
        3,
        2,
        8,
        &[
            (262, &[2]),
            (277, &[4]),
            (338, &[0]),
            (322, &[2]),
            (323, &[2]),
        ],
    );
    let tile = |from: u8| (from..from + 16).collect::<Vec<u8>>();
    let (found, _) = decode(&tiff(&[(narrow, vec![tile(0), tile(100)])])).expect("reads");
    let row = |y: u8| [8 * y, 8 * y + 4, 100 + 8 * y].map(|v| [v, v + 1, v + 2]);
    let pixels = [row(0), row(1)].concat().concat();
    assert_eq!(found, [Samples::U8(pixels)]);
}

#[test]
fn few_and_odd_bits_spread_over_the_whole_range() {
    let page = |bits, data: Vec<u8>| tiff(&[(tags(5, 2, bits, &[]), vec![data])]);
    let one = samples(&page(1, vec![0b1010_1000, 0b0101_0000]));
    assert_eq!(
        one,
        [Samples::U8(vec![255, 0, 255, 0, 255, 0, 255, 0, 255, 0])]
    );
    let two = samples(&page(2, vec![0b0001_1011, 0b0100_0000, 0, 0]));
    assert_eq!(two, [Samples::U8(vec![0, 85, 170, 255, 85, 0, 0, 0, 0, 0])]);
    let three = samples(&page(3, vec![0b0000_0101, 0b0011_1000, 0xff, 0xff]));
    let Samples::U8(data) = &three[0] else {
        panic!("8 bits")
    };
    let expected =
        [0u8, 0b001, 0b010, 0b011, 0b100].map(|v| (u32::from(v) * 255 + 3).div_euclid(7));
    assert_eq!(data[..5], expected.map(|v| v as u8));
    let mut row = vec![0x00, 0x0f, 0xff, 0x80, 0x0f, 0xff, 0xff, 0xf0];
    row.extend(row.clone());
    let twelve = samples(&page(12, row));
    let Samples::U16(data) = &twelve[0] else {
        panic!("16 bits")
    };
    assert_eq!(data[..5], [0, 65535, 32776, 65535, 65535]);
}

#[test]
fn palettes_floats_and_planes_are_read() {
    let map: Vec<u32> = [[0, 65535, 0, 0], [0, 0, 65535, 0], [0, 0, 0, 65535]].concat();
    let page = tags(4, 1, 2, &[(262, &[3]), (320, &map)]);
    let found = samples(&tiff(&[(page, vec![vec![0b0001_1011]])]));
    let colours = vec![0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255];
    assert_eq!(found, [Samples::U8(colours)]);

    let floats = [0.0f32, 0.5, 1.0, f32::NAN];
    let bytes: Vec<u8> = floats.iter().flat_map(|v| v.to_le_bytes()).collect();
    let page = tags(4, 1, 32, &[(339, &[3])]);
    let (found, notes) = decode(&tiff(&[(page, vec![bytes])])).expect("reads");
    assert_eq!(found, [Samples::U16(vec![0, 32768, 65535, 0])]);
    assert_eq!(notes.warnings.len(), 1);

    let halves = [0x0000u16, 0x3800, 0x3c00, 0x0001];
    let bytes: Vec<u8> = halves.iter().flat_map(|v| v.to_le_bytes()).collect();
    let page = tags(4, 1, 16, &[(339, &[3])]);
    let found = samples(&tiff(&[(page, vec![bytes])]));
    assert_eq!(found, [Samples::U16(vec![0, 32768, 65535, 0])]);
}

#[test]
fn reduced_colour_becomes_one_colour_for_each_pixel() {
    // 3x2 pixels, 2x2 of brightness for each colour: two units.
    let page = tags(
        3,
        2,
        8,
        &[(262, &[6]), (277, &[3]), (258, &[8, 8, 8]), (530, &[2, 2])],
    );
    let units = vec![10, 20, 30, 40, 128, 128, 50, 0, 60, 0, 128, 128];
    let found = samples(&tiff(&[(page, vec![units])]));
    let grey = [10, 20, 50, 30, 40, 60].map(|v| [v; 3]).concat();
    assert_eq!(found, [Samples::U8(grey)]);
}

#[test]
fn lab_colours_become_srgb() {
    for (photometric, middle) in [(8, 0), (9, 128)] {
        let page = tags(
            2,
            1,
            8,
            &[(262, &[photometric]), (277, &[3]), (258, &[8, 8, 8])],
        );
        let found = samples(&tiff(&[(
            page,
            vec![vec![255, middle, middle, 137, middle, middle]],
        )]));
        let Samples::U8(data) = &found[0] else {
            panic!("8 bits")
        };
        assert!(data[..3].iter().all(|v| *v >= 254), "{data:?}");
        // L* of 53.7 is the middle grey of sRGB.
        assert!(data[3..].iter().all(|v| v.abs_diff(128) <= 1), "{data:?}");
    }
}

#[test]
fn rows_that_were_packed_are_what_they_were() {
    let rows: Vec<u8> = (0..64 * 3u32).map(|v| (v * 7 % 251) as u8).collect();
    let deflated = {
        use std::io::Write;
        let mut job = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        job.write_all(&rows)
            .and_then(|()| job.finish())
            .expect("packed")
    };
    let zstd =
        ruzstd::encoding::compress_to_vec(&rows[..], ruzstd::encoding::CompressionLevel::Fastest);
    let lzw = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .encode(&rows)
        .expect("packed");
    for (compression, piece) in [(1, rows.clone()), (8, deflated), (5, lzw), (50000, zstd)] {
        let page = tags(64, 3, 8, &[(259, &[compression])]);
        let found = samples(&tiff(&[(page.clone(), vec![piece.clone()])]));
        assert_eq!(found, [Samples::U8(rows.clone())], "{compression}");
        let short = piece[..piece.len() / 2].to_vec();
        assert!(
            decode(&tiff(&[(page, vec![short])])).is_err(),
            "{compression}"
        );
    }
}

#[test]
fn a_fax_is_black_on_white() {
    // Two white rows of 16 in each code: 16 white is 101010 (T.4); V0 is 1 (T.6).
    let white = |compression, options: u32, data: Vec<u8>| {
        let page = tags(
            16,
            2,
            1,
            &[(259, &[compression]), (262, &[0]), (292, &[options])],
        );
        samples(&tiff(&[(page, vec![data])]))
    };
    let all = vec![Samples::U8(vec![255; 32])];
    assert_eq!(white(2, 0, vec![0b1010_1000, 0b1010_1000]), all);
    assert_eq!(
        white(
            4,
            0,
            vec![0b1100_0000, 0b0000_0100, 0b0000_0000, 0b0100_0000]
        ),
        all
    );
    let eol = "000000000001";
    let bits: String = [eol, "101010", eol, "101010", eol, eol, eol, eol, eol, eol].concat();
    let bytes: Vec<u8> = bits
        .as_bytes()
        .chunks(8)
        .map(|c| {
            c.iter()
                .enumerate()
                .fold(0, |b, (i, d)| b | (d & 1) << (7 - i))
        })
        .collect();
    assert_eq!(white(3, 0, bytes), all);
}

#[test]
fn what_is_refused_is_said_without_types() {
    for (tag, value, what) in [
        (259, 34925, "LZMA compression"),
        (259, 6, "JPEG compression of the old kind"),
        (262, 4, "transparency mask"),
        (339, 2, "signed or complex samples"),
        (258, 40, "samples of 40 bits"),
    ] {
        let page = tags(4, 1, 8, &[(tag, &[value])]);
        let error = decode(&tiff(&[(page, vec![vec![0; 64]])])).expect_err("refused");
        let text = error.to_string();
        assert!(
            text.contains(what) && text.contains("save it as PNG"),
            "{text}"
        );
    }
}
