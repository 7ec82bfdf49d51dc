//! Files that mean harm: cut off, damaged, lying about their size.

use super::sources::{Random, all, jpegs, lossless};
use super::*;
use std::time::{Duration, Instant};

const SMALL: Limits = Limits::max_pixels(1 << 18);

#[test]
fn a_jpeg_that_is_cut_off_anywhere_is_refused() {
    for (name, file) in jpegs() {
        // All but the end marker is another matter.
        for end in 0..file.len() - 2 {
            assert!(
                Photo::read(&file[..end], &ReadOptions::new().limits(SMALL)).is_err(),
                "{name} cut at {end}"
            );
        }
    }
}

#[test]
fn a_whole_jpeg_without_its_end_marker_is_read_with_a_warning() {
    for (name, file) in jpegs() {
        let whole = read(&file).write().expect("written");
        for missing in [1, 2] {
            let photo = Photo::read(
                &file[..file.len() - missing],
                &ReadOptions::new().limits(SMALL),
            )
            .expect(name);
            let said = |w: &String| w.contains("no end marker");
            assert!(photo.warnings().iter().any(said), "{name}");
            assert!(photo.write().expect("written") == whole, "{name}");
        }
    }
}

#[test]
fn a_jpeg_with_a_part_of_its_scan_missing_is_refused_instead_of_filled_with_grey() {
    for (name, file) in jpegs() {
        if name == "jpeg progressive" {
            continue; // what is missing may be detail that need not be there
        }
        for kept in [2, 3, 5, 8] {
            let mut cut = file[..file.len() - file.len() / (kept * 2)].to_vec();
            while cut.last() == Some(&0xff) {
                cut.pop();
            }
            cut.extend([0xff, 0xd9]);
            assert!(
                Photo::read(&cut, &ReadOptions::new().limits(SMALL)).is_err(),
                "{name}, a {}th missing",
                kept * 2
            );
        }
    }
}

#[test]
fn a_png_or_tiff_or_gif_that_lost_half_is_refused() {
    for (name, file) in lossless() {
        // A BMP's missing rows are its decoder's business.
        if !name.starts_with("bmp") {
            assert!(
                Photo::read(&file[..file.len() / 2], &ReadOptions::new().limits(SMALL)).is_err(),
                "{name}"
            );
        }
    }
}

#[test]
fn sizes_are_checked_before_memory_is_taken() {
    for (name, file) in all() {
        let photo = read(&file);
        let pixels: u64 = (0..photo.frame_count())
            .map(|f| photo.stored_size(f).area())
            .sum();
        let limits = |max_pixels| Limits::max_pixels(max_pixels);
        let error =
            Photo::read(&file, &ReadOptions::new().limits(limits(pixels - 1))).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{name}");
    }
    let mut jpeg = jpegs()[2].1.clone();
    let frame = jpeg
        .windows(2)
        .position(|w| w == [0xff, 0xc0])
        .expect("frame");
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xf0, 0xff, 0xf0]);
    assert_eq!(kind(&jpeg), Some(ErrorKind::TooLarge));
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0, 8, 0, 0]);
    assert_eq!(kind(&jpeg), Some(ErrorKind::Malformed), "no width");
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0, 0, 0, 8]);
    assert_eq!(
        kind(&jpeg),
        Some(ErrorKind::Unsupported),
        "height behind the picture"
    );
    let mut gif = sources::gifs()[0].1.clone();
    gif[6..10].fill(0xff);
    assert_eq!(kind(&gif), Some(ErrorKind::TooLarge));
    gif[6..10].fill(0);
    assert_eq!(kind(&gif), Some(ErrorKind::Malformed));
}

fn kind(file: &[u8]) -> Option<ErrorKind> {
    Photo::read(file, &ReadOptions::new())
        .err()
        .map(|error| error.kind())
}

#[test]
fn variants_of_jpeg_that_are_not_handled_are_named() {
    for (marker, precision, word) in [
        (0xc3, 8, "lossless"),
        (0xc5, 8, "hierarchical"),
        (0xc9, 8, "arithmetic"),
        (0xc1, 12, "12 bits"),
    ] {
        let mut jpeg = jpegs()[2].1.clone();
        let frame = jpeg
            .windows(2)
            .position(|w| w == [0xff, 0xc0])
            .expect("frame");
        jpeg[frame + 1] = marker;
        jpeg[frame + 4] = precision;
        let error = Photo::read(&jpeg, &ReadOptions::new().limits(SMALL)).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(word), "{error}");
    }
}

/// One damaged version of a file.
fn mutant(file: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = file.to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(out.len());
        match random.below(6) {
            0 => out.truncate(at),
            1 => out[at] = [0, 0xff, 0x7f, 0x80][random.below(4)],
            2 => out[at] ^= 1 << random.below(8),
            3 => {
                let from = random.below(out.len());
                let part = out[from..(from + 1 + random.below(16)).min(out.len())].to_vec();
                out.splice(at..at, part);
            }
            4 => {
                out.drain(at..(at + 1 + random.below(8)).min(out.len()));
            }
            _ => {
                let value = [0u32, 1, u32::MAX, 0x7fff_ffff][random.below(4)].to_be_bytes();
                let end = (at + 4).min(out.len());
                out[at..end].copy_from_slice(&value[..end - at]);
            }
        }
        if out.is_empty() {
            out.push(0xff);
        }
    }
    out
}

/// Damage near the start hits headers, which most mutations would miss in a longer file.
#[test]
fn no_mutant_escapes_hangs_or_grows() {
    let mut random = Random(0x0fac_e0ff);
    let sources = all();
    let mut read_well = 0;
    for round in 0..4000 {
        let (name, file) = &sources[round % sources.len()];
        let damaged = mutant(file, &mut random);
        let begin = Instant::now();
        if let Ok(mut photo) = Photo::read(&damaged, &ReadOptions::new().limits(SMALL)) {
            read_well += 1;
            let size = photo.picture(0).size();
            let whole = PixelRect::new(0, 0, size.width, size.height);
            assert!(
                photo.picture(0).view(whole, Size::new(8, 8)).is_ok(),
                "{name}"
            );
            let first = photo.stored_size(0);
            paint(&mut photo, 0, PixelRect::new(0, 0, 1, first.height), 9);
            assert!(photo.write().is_ok(), "{name}, round {round}");
        }
        let took = begin.elapsed();
        assert!(
            took < Duration::from_secs(5),
            "{name}, round {round}: {took:?}"
        );
    }
    assert!(read_well > 200, "{read_well} of 4000 still read");
}
