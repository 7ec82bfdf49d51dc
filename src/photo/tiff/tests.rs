//! How the samples of a page may lie: what is read as libtiff reads it, and what is refused.

use super::*;
use crate::error::ErrorKind;
use crate::photo::Body;
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

    // PlanarConfiguration stays out: the crate multiplies the pieces of a plane by a number of planes of
    // any size, and where overflow is checked it stops there.
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
fn planes_in_tiles_that_reach_below_the_page_are_refused() {
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
    refused(&tiff(&[page(3)]), "tiles that reach below the page");
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
fn samples_to_leave_out_are_refused_where_the_rest_would_be_wrong() {
    let why = "neither colour nor opacity";
    let predicted: &[(u16, &[u32])] = &[(317, &[2])];
    let tiled: &[(u16, &[u32])] = &[(322, &[3]), (323, &[2])];
    for extra in [&[0][..], &[2, 0]] {
        refused(&surplus(3, extra, predicted), why);
        assert!(decode(&surplus(3, extra, tiled)).is_ok());
    }
    assert!(decode(&surplus(3, &[2], predicted)).is_ok());
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
    refused(&tiff(&[(narrow, vec![vec![1; 16]; 2])]), why);
}

#[test]
fn few_bits_spread_over_the_whole_range() {
    let size = Size::new(5, 2);
    let one = spread(&[0b1010_1000, 0b0101_0000], size, 1);
    assert_eq!(one, [255, 0, 255, 0, 255, 0, 255, 0, 255, 0]);
    let two = spread(&[0b0001_1011, 0b0100_0000, 0, 0], size, 2);
    assert_eq!(two[..5], [0, 85, 170, 255, 85]);
}

#[test]
fn planes_interleave() {
    assert_eq!(interleave(vec![1u8, 2, 3, 4, 5, 6], 3), [1, 3, 5, 2, 4, 6]);
}
