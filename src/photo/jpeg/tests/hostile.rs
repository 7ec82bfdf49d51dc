//! Files that were cut, damaged, or made to waste time.

use super::super::Jpeg;
use super::super::frame::Process;
use super::super::scan::Scan;
use super::made::{Layout, Script, file, layouts, read, whole_file};
use crate::error::{ErrorKind, Result};
use crate::geometry::{PixelRect, Size};
use crate::photo::Body;
use crate::photo::guard::Budget;
use crate::photo::notes::Notes;
use crate::photo::tests::sources::Random;
use crate::plane::{self, AnyPlaneMut};
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
fn rows_hidden_below_the_height_that_a_header_gives_are_named_and_gone() {
    for (restart, script) in [
        (0, Script::Together),
        (3, Script::Together),
        (0, Script::Apart),
    ] {
        let mut layout = Layout::new(Process::Baseline, &[(2, 2), (1, 1), (1, 1)], script);
        layout.restart = restart;
        layout.size = Size::new(160, 160);
        let whole = file(&layout.picture(5));
        let mut lowered = whole.clone();
        let frame = lowered.windows(2).position(|w| w == [0xff, 0xc0]);
        lowered[frame.expect("a frame") + 6] = 64;
        let mut notes = Notes::default();
        let jpeg = super::super::read(&lowered, &mut Budget::new(1 << 16), &mut notes);
        assert_eq!(notes.dropped, ["hidden-picture-data"], "{script:?}");
        let written = jpeg.expect("the rest is in order").write().expect("writes");
        assert!(written.len() * 2 < whole.len());
    }
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
            picture.planes[0].set(0, 0, &block);
            let got = read(&file(&picture));
            assert_eq!(got.is_ok(), fits, "{at} {value}");
        }
    }
}

/// One damaged version of a file.
fn mutant(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = file.to_vec();
    for _ in 0..1 + random.below(3) {
        let at = random.below(out.len());
        match random.below(9) {
            0 if random.below(4) == 0 => out.truncate(at),
            0 | 1 => out[at] = [0, 0xff, 0x7f, 0x80, 0x11][random.below(5)],
            2 | 3 => out[at] ^= 1 << random.below(8),
            4 => {
                let from = random.below(other.len());
                let part = &other[from..(from + 1 + random.below(40)).min(other.len())];
                out.splice(at..at, part.iter().copied());
            }
            5 => {
                out.drain(at..(at + 1 + random.below(8)).min(out.len()));
            }
            6 => {
                // A segment once more, somewhere.
                let starts: Vec<usize> = (2..out.len() - 1)
                    .filter(|&i| out[i] == 0xff && out[i + 1] >= 0xc0 && out[i + 1] != 0xd9)
                    .collect();
                if let Some(&from) = starts.get(random.below(starts.len())) {
                    let to = starts
                        .iter()
                        .copied()
                        .find(|&i| i > from)
                        .unwrap_or(out.len());
                    let part = out[from..to].to_vec();
                    let at = starts[random.below(starts.len())];
                    out.splice(at..at, part);
                }
            }
            7 => {
                // The frame's own numbers: size, factors, tables.
                let frame = out
                    .windows(2)
                    .position(|w| w[0] == 0xff && (0xc0..0xc3).contains(&w[1]));
                if let Some(frame) = frame {
                    let at = (frame + 4 + random.below(15)).min(out.len() - 1);
                    out[at] = [0, 1, 2, 4, 0x11, 0x12, 0x22, 0x41][random.below(8)];
                }
            }
            _ => {
                let end = (at + 2).min(out.len());
                let value = [0u8, 0xff][random.below(2)];
                out[at..end].fill(value);
            }
        }
        if out.is_empty() {
            out.push(0xff);
        }
    }
    out
}

fn open(file: &[u8], most: u64) -> Result<Jpeg> {
    super::super::read(file, &mut Budget::new(most), &mut Notes::default())
}

/// Reads, looks at, changes and writes a file; tells whether it could be read.
fn use_fully(file: &[u8]) -> bool {
    let Ok(mut jpeg) = open(file, 1 << 16) else {
        return false;
    };
    let full = jpeg.size(0);
    let upright = jpeg.orientation(0).upright_size(full);
    let view = jpeg.view(0, PixelRect::of(upright), Size::new(3, 2));
    assert!(view.is_ok());
    let corner = |layout: &plane::Layout| vec![PixelRect::new(0, 0, layout.size.width, 1)];
    let result = jpeg.edit(0, &corner, &mut |plane, _| {
        if let AnyPlaneMut::U8(mut plane) = plane {
            plane.set(0, 0, 200);
        }
    });
    assert!(result.is_ok());
    let written = jpeg.write().expect("writes what it read");
    let again = open(&written, 1 << 16).expect("reads what it wrote");
    assert!(again.to_rgba() == jpeg.to_rgba());
    assert!(again.write().expect("writes it again") == written);
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
