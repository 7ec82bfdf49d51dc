//! A scan of coefficients into symbols, and its parts that can be sent at the same time.

use super::super::coefficients::Coefficients;
use super::super::frame::{Frame, Process};
use super::super::order::{in_mcu, mcus, walk_rows};
use super::super::parallel;
use super::super::scan::Scan;
use super::progressive::{self, Band, Run};
use super::sequential;
use super::sink::Sink;
use std::ops::Range;

/// MCUs that are worth a thread.
const LEAST_MCUS: usize = 4096;

/// Rows of MCUs that are worth sending at the same time: a band a thread.
pub(super) fn bands(frame: &Frame, scan: &Scan) -> Vec<Range<usize>> {
    let (across, down) = mcus(frame, scan);
    split(
        frame,
        scan,
        parallel::threads().min(across * down / LEAST_MCUS),
    )
}

/// At most `most` bands of rows of MCUs, about as high as one another, that can be sent at the same
/// time: those of a sequential scan, each beginning with a restart where there are restarts. Other
/// scans are one band.
pub(super) fn split(frame: &Frame, scan: &Scan, most: usize) -> Vec<Range<usize>> {
    let (across, down) = mcus(frame, scan);
    let most = match frame.process {
        Process::Progressive => 1,
        _ => most.max(1),
    };
    let may_begin = |&row: &usize| {
        let since = (row * across).checked_rem(scan.restart);
        since.is_none_or(|since| since == 0)
    };
    let mut starts: Vec<usize> = (0..most)
        .filter_map(|i| (i * down / most..down).find(may_begin))
        .collect();
    starts.dedup();
    let ends = starts.iter().skip(1).chain([&down]);
    starts
        .iter()
        .zip(ends)
        .map(|(&from, &to)| from..to)
        .collect()
}

/// Sends some rows of MCUs of `scan` into `sink`; all of them, or one of its [`bands`]. There is a
/// plane for each component.
pub(super) fn send(
    frame: &Frame,
    scan: &Scan,
    rows: Range<usize>,
    planes: &[Coefficients],
    sink: &mut impl Sink,
) {
    let before = rows.start * mcus(frame, scan).0;
    // Behind the last block of each component in the MCU before.
    let mut last = [0; 4];
    if before > 0 {
        for (last, part) in last.iter_mut().zip(&scan.parts) {
            let (h, v) = in_mcu(frame, scan, part.component);
            let x = mcus(frame, scan).0 * h - 1;
            let block = planes[part.component].block(x, rows.start * v - 1);
            *last = i32::from(block[0] >> scan.low);
        }
    }
    let restarts = before.saturating_sub(1).checked_div(scan.restart);
    let mut number = (restarts.unwrap_or(0) % 8) as u8;
    let mut run = Run::default();
    let band = Band {
        first: scan.band.0,
        last: scan.band.1,
        low: scan.low,
    };
    let sequential = frame.process != Process::Progressive;
    let ac = scan.parts[0].ac;
    walk_rows(frame, scan, rows, |turn| {
        if turn.restart {
            run.flush(sink, ac);
            sink.restart(number);
            number = (number + 1) % 8;
            last = [0; 4];
        }
        let part = scan.parts[turn.part];
        let (block, map) = planes[turn.component].get(turn.x, turn.y);
        let last = &mut last[turn.part];
        match (sequential, band.first, scan.high) {
            (true, ..) => sequential::block(sink, (part.dc, part.ac), block, map, last),
            (_, 0, 0) => progressive::first_dc(sink, part.dc, band.low, block, last),
            (_, 0, _) => progressive::lower_dc(sink, band.low, block),
            (_, _, 0) => progressive::first_ac(sink, ac, band, block, map, &mut run),
            _ => progressive::lower_ac(sink, ac, band, block, map, &mut run),
        }
        Some(())
    });
    run.flush(sink, ac);
}
