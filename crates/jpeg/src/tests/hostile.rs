//! Files that were cut, damaged, or made to waste time.

use super::super::frame::Process;
use super::super::scan::Scan;
use crate::error::ErrorKind;
use crate::geometry::{Rect, Size};
use crate::segments::MaxPixels;
use crate::testing::{Layout, Random, Script, file, layouts, mutant, read, whole_file};
use crate::view::Reduction;
use std::time::{Duration, Instant};

#[test]
fn a_progressive_file_that_was_cut_between_scans_and_closed_is_refused() {
    for script in [Script::Usual, Script::Deep] {
        let picture =
            Layout::new(Process::Progressive, &[(2, 2), (1, 1), (1, 1)], script).picture(1);
        for kept in 1..picture.scans.len() {
            let mut cut = picture.clone();
            cut.scans.truncate(kept);
            let error = read(&file(&cut)).expect_err("cut");
            assert_eq!(error.kind(), ErrorKind::Malformed, "{script:?} {kept}");
        }
    }
}

#[test]
fn a_progressive_file_without_its_highest_bands_is_read_and_gets_them_when_they_are_needed() {
    let picture = Layout::new(Process::Progressive, &[(1, 1); 3], Script::Bands).picture(1);
    let mut cut = picture.clone();
    cut.scans.truncate(9);
    let mut got = read(&file(&cut)).expect("the standard allows it");
    assert!(whole_file(&got) == file(&cut));
    // Something must be sent that the source had no scan for.
    let mut block = [0; 64];
    block[63] = 5;
    got.planes[0].set(1, 1, &block);
    let again = read(&whole_file(&got)).expect("reads its own");
    assert!(again.planes == got.planes);
    // A component whose mean never came is another thing.
    cut.scans.retain(|scan| scan.parts[0].component != 2);
    assert!(read(&file(&cut)).is_err());
}

#[test]
fn steps_that_no_block_needs_say_nothing() {
    let layout = Layout::new(
        Process::Baseline,
        &[(2, 2), (1, 1), (1, 1)],
        Script::Together,
    );
    let mut picture = layout.picture(3);
    for (plane, component) in picture.planes.iter_mut().zip(&picture.frame.components) {
        for y in 0..component.padded.1 {
            for x in 0..component.padded.0 {
                let mut block = *plane.block(x, y);
                block[3..].fill(0);
                block[1] = 1;
                plane.put(x, y, &block);
            }
        }
    }
    for table in &mut picture.quant {
        *table = std::array::from_fn(|at| 65 + at as u16);
        // The first three in file order are 0, 1 and 8.
        (table[0], table[1], table[8]) = (3, 9, 7);
    }
    let mut block = *picture.planes[0].block(0, 0);
    block[2] = 5;
    picture.planes[0].put(0, 0, &block);
    let written = picture.write_with_neutral_steps(&[]).expect("written");
    let again = read(&written).expect("reads its own");
    assert!(again.planes == picture.planes);
    for table in &again.quant {
        assert_eq!((table[0], table[1]), (3, 9));
        assert!([7, 255].contains(&table[8]));
        let rest = (0..64).filter(|at| ![0, 1, 8].contains(at));
        assert!(rest.clone().all(|at| table[at] == 255), "{table:?}");
    }
    assert!(again.write_with_neutral_steps(&[]).expect("written") == written);
}

#[test]
fn scans_that_repeat_or_come_out_of_order_are_refused() {
    for (name, layout) in layouts() {
        let picture = layout.picture(2);
        let mut twice = picture.clone();
        twice.scans.extend(picture.scans.last().cloned());
        assert!(read(&file(&twice)).is_err(), "{name}");
        if layout.process == Process::Progressive {
            let mut swapped = picture.clone();
            let last = swapped.scans.len() - 1;
            swapped.scans.swap(0, last);
            assert!(read(&file(&swapped)).is_err(), "{name}");
        }
    }
}

#[test]
fn more_scans_than_any_program_writes_are_refused() {
    let mut layout = Layout::new(Process::Progressive, &[(1, 1)], Script::Bands);
    layout.size = Size::new(8, 8);
    let mut picture = layout.picture(1);
    let one = picture.scans[1].clone();
    picture.scans.truncate(1);
    for low in (0..2).rev() {
        picture.scans.extend((1..64).map(|at| Scan {
            band: (at, at),
            high: if low == 1 { 0 } else { 1 },
            low,
            ..one.clone()
        }));
    }
    let error = read(&file(&picture)).expect_err("too many");
    assert!(error.to_string().contains("100 scans"), "{error}");
    picture.scans.retain(|scan| scan.band.0 < 50);
    picture.planes[0] = read(&file(&picture))
        .expect("not too many")
        .planes
        .remove(0);
    assert!(read(&file(&picture)).is_ok());
}

#[test]
fn lower_bits_that_make_a_coefficient_too_large_are_refused() {
    let mut layout = Layout::new(Process::Progressive, &[(1, 1)], Script::Bands);
    layout.size = Size::new(8, 8);
    let mut picture = layout.picture(1);
    let one = picture.scans[0].clone();
    picture.scans.clear();
    for band in [(0, 0), (1, 63)] {
        picture.scans.extend((0..14).rev().map(|low| Scan {
            band,
            high: if low == 13 { 0 } else { low + 1 },
            low,
            ..one.clone()
        }));
    }
    for at in [0, 1] {
        for (value, fits) in [(2047, true), (2048, false), (4096, false)] {
            let mut block = [0; 64];
            block[at] = value;
            picture.planes[0].put(0, 0, &block);
            let got = read(&file(&picture));
            assert_eq!(got.is_ok(), fits, "{at} {value}");
        }
    }
}

/// Reads, looks at, changes and writes a file; tells whether it could be read.
fn use_fully(file: &[u8]) -> bool {
    let open = |file: &[u8]| crate::read(file, &mut MaxPixels(1 << 16));
    let Ok(mut image) = open(file) else {
        return false;
    };
    image.clear_beyond_edges();
    let size = image.frame().size;
    let by = Reduction::ALL[3];
    let small = image.pixels(by, Rect::whole(by.size(size)));
    assert!(!small.is_empty());
    for component in 0..image.frame().components.len() {
        let corner = [Rect::new(0, 0, 1, 1)];
        let done: Result<(), ()> = image.edit_samples(component, &corner, |samples| {
            samples.samples[0] = 200;
            Ok(())
        });
        assert!(done.is_ok());
    }
    let written = image.write(&[]).expect("writes what it read");
    let again = open(&written).expect("reads what it wrote");
    assert!(again.write(&[]).expect("writes it again") == written);
    // What was cleared once stays so, whatever steps are written.
    image.clear_beyond_edges();
    let written = image.write_with_neutral_steps(&[]).expect("written");
    let mut again = open(&written).expect("reads what it wrote");
    assert!(!again.clear_beyond_edges());
    assert!(again.planes == image.planes);
    true
}

#[test]
fn no_mutant_of_fifty_thousand_escapes_hangs_or_is_written_wrong() {
    let mut random = Random(0x5eed_0f0f);
    let sources: Vec<Vec<u8>> = layouts()
        .into_iter()
        .map(|(_, mut layout)| {
            layout.size = Size::new(17, 10);
            file(&layout.picture(4))
        })
        .collect();
    let mut read_well = 0;
    let begin = Instant::now();
    for round in 0..50_000 {
        let other = &sources[random.below(sources.len())];
        let damaged = mutant(&sources[round % sources.len()], other, &mut random);
        let start = Instant::now();
        read_well += u32::from(use_fully(&damaged));
        let took = start.elapsed();
        assert!(took < Duration::from_secs(2), "round {round}: {took:?}");
    }
    assert!(read_well > 5000, "{read_well} of 50000 still read");
    assert!(begin.elapsed() < Duration::from_secs(300));
}
