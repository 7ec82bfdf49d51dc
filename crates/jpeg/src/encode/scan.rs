//! A scan of coefficients into symbols.

use super::super::coefficients::Coefficients;
use super::super::frame::{Frame, Process};
use super::super::order::walk;
use super::super::scan::Scan;
use super::progressive::{self, Band, Run};
use super::sequential;
use super::sink::Sink;

/// Sends everything that `scan` consists of into `sink`. There is a plane for each component.
pub(super) fn send(frame: &Frame, scan: &Scan, planes: &[Coefficients], sink: &mut impl Sink) {
    let mut last = [0; 4];
    let mut run = Run::default();
    let mut number = 0;
    let band = Band {
        first: scan.band.0,
        last: scan.band.1,
        low: scan.low,
    };
    let sequential = frame.process != Process::Progressive;
    let ac = scan.parts[0].ac;
    walk(frame, scan, |turn| {
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
