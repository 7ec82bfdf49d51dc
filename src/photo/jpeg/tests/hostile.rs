//! Files that were cut, damaged, or made to waste time.

use super::super::Jpeg;
use crate::error::Result;
use crate::geometry::{PixelRect, Size};
use crate::photo::Body;
use crate::photo::guard::Budget;
use crate::photo::notes::Notes;
use crate::plane::{self, AnyPlaneMut};
use jpeg_coefficients::Process;
use jpeg_coefficients::testing::{Layout, Random, Script, file, layouts, mutant};
use std::time::{Duration, Instant};

#[test]
fn rows_hidden_below_the_height_that_a_header_gives_are_named_and_gone() {
    for (restart, script) in [
        (0, Script::Together),
        (3, Script::Together),
        (0, Script::Apart),
    ] {
        let mut layout = Layout::new(Process::Baseline, &[(2, 2), (1, 1), (1, 1)], script);
        layout.restart = restart;
        layout.size = jpeg_coefficients::Size::new(160, 160);
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
            layout.size = jpeg_coefficients::Size::new(17, 10);
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
