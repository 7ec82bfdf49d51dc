//! Pictures made by code come out as they were made, and hostile files as errors.

#[path = "../../../tests/it/formats/made.rs"]
mod made;

use super::super::tests::sources::Random;
use super::super::{Format, KeepMetadata, Limits, Photo, ReadOptions};
use crate::content::ContentKind;
use crate::error::ErrorKind;
use crate::geometry::{Orientation, PixelRect, Size};
use made::{Heic, colour};

fn read(file: &[u8], to: Format) -> Photo {
    let photo = Photo::read(file, &ReadOptions::new().format(to));
    photo.expect("read")
}

/// The upright pixels of a file, and the worst difference from what they should be.
fn worst(file: &[u8], size: Size, expected: impl Fn(u32, u32) -> [u8; 3]) -> u8 {
    let (seen, rgba) = read(file, Format::Png).to_rgba();
    assert_eq!(seen, size);
    let mut worst = 0;
    for y in 0..size.height {
        for x in 0..size.width {
            let at = (y * size.width + x) as usize * 4;
            for (a, b) in rgba[at..at + 3].iter().zip(expected(x, y)) {
                worst = worst.max(a.abs_diff(b));
            }
        }
    }
    worst
}

#[test]
fn pictures_of_every_depth_and_layout_come_out_as_they_were_made() {
    for (width, height, tile) in [(96, 64, None), (101, 67, None), (150, 90, Some(64))] {
        for deep in [false, true] {
            let spec = Heic {
                tile,
                deep,
                ..Heic::new(width, height)
            };
            let off = worst(&spec.file(), Size::new(width, height), |x, y| {
                colour(x, y, width, height)
            });
            assert!(off <= 8, "{width}x{height} {tile:?} {deep}: {off}");
        }
    }
}

#[test]
fn turns_mirrors_and_cuts_are_applied_in_the_order_of_the_file() {
    let (width, height) = (96, 64);
    // 40x30 from column 20 and row 10 on.
    let cut = PixelRect::new(20, 10, 40, 30);
    let middle = |start: u32, length: u32, whole: u32| {
        let twice = (2 * start + length) as i32 - whole as i32;
        [twice as u32, 2]
    };
    let [hn, hd] = middle(20, 40, width);
    let [vn, vd] = middle(10, 30, height);
    let aperture = [40, 1, 30, 1, hn, hd, vn, vd];
    for turn in [None, Some(0), Some(1), Some(2), Some(3)] {
        for mirror in [None, Some(0), Some(1)] {
            for aperture in [None, Some(aperture)] {
                let spec = Heic {
                    turn,
                    mirror,
                    aperture,
                    ..Heic::new(width, height)
                };
                let part = match aperture {
                    Some(_) => cut,
                    None => PixelRect::new(0, 0, width, height),
                };
                let pixels: Vec<u8> = (part.y..part.bottom())
                    .flat_map(|y| (part.x..part.right()).map(move |x| (x, y)))
                    .flat_map(|(x, y)| colour(x, y, width, height))
                    .collect();
                // Quarters are anticlockwise; mirror 0 swaps top and bottom.
                let quarter = [
                    Orientation::Normal,
                    Orientation::Rotate270,
                    Orientation::Rotate180,
                    Orientation::Rotate90,
                ];
                let mut size = part.size();
                let by = quarter[usize::from(turn.unwrap_or(0))];
                let mut pixels = by.upright_pixels::<3>(&pixels, size);
                size = by.upright_size(size);
                match mirror {
                    Some(0) => {
                        pixels = Orientation::FlipVertical.upright_pixels::<3>(&pixels, size)
                    }
                    Some(_) => {
                        pixels = Orientation::FlipHorizontal.upright_pixels::<3>(&pixels, size);
                    }
                    None => {}
                }
                let off = worst(&spec.file(), size, |x, y| {
                    let at = (y * size.width + x) as usize * 3;
                    [pixels[at], pixels[at + 1], pixels[at + 2]]
                });
                assert!(off <= 10, "{turn:?} {mirror:?} {aperture:?}: {off}");
            }
        }
    }
}

#[test]
fn opacity_is_kept_where_there_is_a_place_for_it_and_laid_on_white_elsewhere() {
    let spec = Heic {
        alpha: true,
        ..Heic::new(96, 64)
    };
    let png = read(&spec.file(), Format::Png);
    assert!(png.warnings().is_empty(), "{:?}", png.warnings());
    let (_, rgba) = png.to_rgba();
    let alpha: Vec<u8> = rgba.chunks_exact(4).take(96).map(|p| p[3]).collect();
    assert!(alpha[0] < 8 && alpha[95] > 245, "{alpha:?}");
    let jpeg = read(&spec.file(), Format::Jpeg);
    assert!(
        jpeg.warnings()[0].contains("white"),
        "{:?}",
        jpeg.warnings()
    );
    let (_, rgba) = jpeg.to_rgba();
    assert!(rgba[..3].iter().all(|&v| v > 245), "{:?}", &rgba[..4]);
}

#[test]
fn a_heic_becomes_a_jpeg_with_its_colours_and_without_anything_else() {
    let p3 = moxcms::ColorProfile::new_display_p3().encode().expect("P3");
    let exif = b"II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\x05\0\0\0\x26\0\0\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0ACME\0";
    let spec = Heic {
        icc: Some(p3),
        exif: Some(exif.to_vec()),
        beside: Some((b"thmb", "")),
        ..Heic::new(96, 64)
    };
    let photo = Photo::read(&spec.file(), &ReadOptions::new()).expect("read");
    assert_eq!(
        (photo.format(), photo.written()),
        (Format::Heic, Format::Jpeg)
    );
    assert_eq!(photo.kept(), ["icc"]);
    assert_eq!(photo.dropped(), ["heif-thumbnail", "camera"]);
    // Orientation of EXIF means nothing in a HEIF.
    assert_eq!(photo.stored_size(0), Size::new(96, 64));
    let jpeg = photo.write().expect("written");
    let again = Photo::read(&jpeg, &ReadOptions::new()).expect("a JPEG");
    assert_eq!(again.kept(), ["icc"]);
    assert!(again.dropped().is_empty(), "{:?}", again.dropped());
    let asked = KeepMetadata::new().camera(true);
    let photo = Photo::read(&spec.file(), &ReadOptions::new().keep(asked)).expect("read");
    assert!(photo.kept().contains(&ContentKind::Camera));
}

#[test]
fn what_is_written_as_heif_is_read_as_it_was() {
    for to in [Format::Heic, Format::Avif] {
        if !to.is_target() {
            continue;
        }
        // Odd sizes, one pixel, more than a tile.
        for (width, height) in [(1, 1), (31, 70), (97, 64), (513, 40), (40, 1030)] {
            let spec = Heic {
                deep: width == 97,
                alpha: width > 500,
                ..Heic::new(width, height)
            };
            let source = read(&spec.file(), to);
            let out = source.write().expect("written");
            assert_eq!(out, source.write().expect("written"), "the same each time");
            let back = read(&out, Format::Png);
            let ((size, before), (seen, after)) = (source.to_rgba(), back.to_rgba());
            assert_eq!(size, seen, "{to:?}");
            let off = before.iter().zip(&after).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(off <= Some(8), "{to:?} {width}x{height}: {off:?}");
            assert!(back.dropped().is_empty(), "{:?}", back.dropped());
            let said = read(&out, to).warnings().join(" ").contains("10 bits");
            assert_eq!(said, spec.deep || to == Format::Avif, "{to:?} {width}");
        }
        let p3 = moxcms::ColorProfile::new_display_p3().encode().expect("P3");
        let spec = Heic {
            icc: Some(p3),
            ..Heic::new(96, 64)
        };
        let source = read(&spec.file(), to);
        let again = Photo::read(&source.write().expect("written"), &ReadOptions::new());
        assert_eq!(again.expect("read").kept(), ["icc"], "{to:?}");
    }
}

#[test]
fn pictures_beside_the_main_one_are_named() {
    for (reference, purpose, name) in [
        (b"thmb", "", "heif-thumbnail"),
        (
            b"auxl",
            "urn:com:apple:photo:2020:aux:hdrgainmap",
            "gain-map",
        ),
        (b"auxl", "urn:mpeg:hevc:2015:auxid:2", "depth-data"),
        (
            b"auxl",
            "urn:com:apple:photo:2018:aux:portraiteffectsmatte",
            "depth-data",
        ),
        (b"auxl", "urn:somebody:else", "further-pictures"),
        (b"xxxx", "", "further-pictures"),
    ] {
        let spec = Heic {
            beside: Some((reference, purpose)),
            ..Heic::new(64, 64)
        };
        let photo = read(&spec.file(), Format::Png);
        assert_eq!(photo.dropped(), [name], "{purpose}");
    }
    let mut motion = Heic::new(64, 64).file();
    motion.extend(b"\0\0\0\x10mpvd12345678");
    assert_eq!(read(&motion, Format::Png).dropped(), ["motion-video"]);
    let mut behind = Heic::new(64, 64).file();
    behind.extend(b"\0\0\0\x10ftypmp42\0\0\0\0\0\0\0\x08moov");
    let photo = read(&behind, Format::Png);
    assert_eq!(photo.dropped(), ["trailer", "motion-video"]);
}

#[test]
fn the_limit_holds_before_anything_is_decoded() {
    let limits = Limits::max_pixels(5000);
    for tile in [None, Some(64)] {
        let spec = Heic {
            tile,
            ..Heic::new(96, 64)
        };
        let error =
            Photo::read(&spec.file(), &ReadOptions::new().limits(limits)).expect_err("too large");
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }
    // A header of gigapixels over a small picture.
    let mut huge = Heic::new(96, 64).file();
    let at = huge.windows(4).position(|w| w == b"ispe").expect("a size") + 8;
    huge[at..at + 8].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let error = Photo::read(&huge, &ReadOptions::new()).expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[test]
fn loops_and_animations_are_refused() {
    let spec = Heic {
        tile: Some(64),
        ..Heic::new(96, 64)
    };
    let mut round = spec.file();
    // The grid's first tile becomes the grid itself.
    let at = round.windows(4).position(|w| w == b"dimg").expect("tiles");
    let own = [round[at + 4], round[at + 5]];
    round[at + 8..at + 10].copy_from_slice(&own);
    assert!(Photo::read(&round, &ReadOptions::new()).is_err());
    let mut moving = Heic::new(64, 64).file();
    moving.extend(b"\0\0\0\x08moov");
    let error = Photo::read(&moving, &ReadOptions::new()).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn damaged_files_are_errors_and_never_panics() {
    let mut seeds = vec![];
    for (tile, alpha, deep) in [(None, true, false), (Some(64), false, true)] {
        let spec = Heic {
            tile,
            alpha,
            deep,
            ..Heic::new(80, 72)
        };
        seeds.push(spec.file());
    }
    let mut random = Random(7);
    let limits = Limits::max_pixels(100_000);
    for i in 0..1500 {
        let mut file = seeds[i % 2].clone();
        for _ in 0..1 + random.below(3) {
            let most = if random.below(2) == 0 {
                900
            } else {
                file.len()
            };
            let at = random.below(most.min(file.len()));
            match random.below(4) {
                0 => file.truncate(at.max(12)),
                1 => file[at] = 0xff,
                2 => file[at] ^= 1 << random.below(8),
                _ => file[at] = random.below(256) as u8,
            }
        }
        if let Err(error) = Photo::read(&file, &ReadOptions::new().limits(limits)) {
            assert_ne!(error.kind(), ErrorKind::Internal, "mutant {i}: {error:?}");
        }
    }
}

/// Made by `avifenc` from the colours of `made::colour`: 64x48 with opacity, stored on its side,
/// and with 10 bits.
#[cfg(feature = "avif")]
const AVIFS: [&[u8]; 2] = [
    include_bytes!("../../../tests/fixtures/turned.avif"),
    include_bytes!("../../../tests/fixtures/deep.avif"),
];

#[cfg(feature = "avif")]
#[test]
fn an_avif_comes_out_as_it_was_made() {
    let off = worst(AVIFS[0], Size::new(48, 64), |x, y| {
        colour(63 - y, x, 64, 48)
    });
    assert!(off <= 8, "{off}");
    let off = worst(AVIFS[1], Size::new(64, 48), |x, y| colour(x, y, 64, 48));
    assert!(off <= 4, "{off}");
    let photo = Photo::read(AVIFS[0], &ReadOptions::new()).expect("read");
    assert_eq!(
        (photo.format(), photo.written()),
        (Format::Avif, Format::Jpeg)
    );
}

#[cfg(feature = "avif")]
#[test]
fn damaged_avifs_are_errors_and_do_not_end_the_process() {
    let mut random = Random(19);
    let limits = Limits::max_pixels(20_000);
    for i in 0..3000 {
        let mut file = AVIFS[i % 2].to_vec();
        for _ in 0..1 + random.below(3) {
            let at = random.below(file.len());
            match random.below(4) {
                0 => file.truncate(at.max(12)),
                1 => file[at] = 0xff,
                2 => file[at] ^= 1 << random.below(8),
                _ => file[at] = random.below(256) as u8,
            }
        }
        if let Err(error) = Photo::read(&file, &ReadOptions::new().limits(limits)) {
            assert_ne!(error.kind(), ErrorKind::Internal, "mutant {i}: {error:?}");
        }
    }
}
