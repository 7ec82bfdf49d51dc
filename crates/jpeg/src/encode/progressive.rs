//! Blocks of progressive files (T.81, G.1.2).

use super::super::coefficients::{Block, bits as set_bits};
use super::sequential::{SIXTEEN_ZEROS, number};
use super::sink::{Sink, Table};

/// The longest run of blocks that one symbol stands for.
const LONGEST_RUN: u32 = 0x7fff;

/// Bits of correction that wait for their run at most: a bound on memory, as in libjpeg.
const MOST_WAITING: usize = 1000;

/// The coefficients of a scan: first and last, in file order, and how many lower bits are left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) low: u32,
}

impl Band {
    /// Those coefficients of a map that lie in the band.
    fn of(self, map: u64) -> u64 {
        map & (u64::MAX >> (63 - self.last)) & (u64::MAX << self.first)
    }
}

/// Blocks with nothing new that were not written yet.
#[derive(Debug, Default)]
pub(super) struct Run {
    blocks: u32,
    /// One more bit for each of their coefficients that is known to be not zero.
    corrections: Vec<bool>,
}

impl Run {
    /// Writes what waits.
    pub(super) fn flush(&mut self, sink: &mut impl Sink, ac: usize) {
        if self.blocks > 0 {
            let size = self.blocks.ilog2();
            let bits = self.blocks - (1 << size);
            sink.symbol(Table::Ac(ac), (size as u8) << 4, bits, size);
            self.blocks = 0;
        }
        for bit in self.corrections.drain(..) {
            sink.bits(bit.into(), 1);
        }
    }

    fn add(&mut self, sink: &mut impl Sink, ac: usize) {
        self.blocks += 1;
        if self.blocks == LONGEST_RUN || self.corrections.len() > MOST_WAITING {
            self.flush(sink, ac);
        }
    }
}

/// The first coefficient without its `low` lower bits.
#[inline(always)]
pub(super) fn first_dc(sink: &mut impl Sink, dc: usize, low: u32, block: &Block, last: &mut i32) {
    let first = i32::from(block[0] >> low);
    number(sink, Table::Dc(dc), 0, first - *last);
    *last = first;
}

/// One more bit of the first coefficient.
#[inline(always)]
pub(super) fn lower_dc(sink: &mut impl Sink, low: u32, block: &Block) {
    sink.bits((block[0] >> low & 1) as u32, 1);
}

/// A band of coefficients without their lower bits.
#[inline(always)]
pub(super) fn first_ac(
    sink: &mut impl Sink,
    ac: usize,
    band: Band,
    block: &Block,
    map: u64,
    run: &mut Run,
) {
    let mut next = band.first;
    for at in set_bits(band.of(map)) {
        let value = i32::from(block[at]);
        let value = value.signum() * (value.abs() >> band.low);
        if value == 0 {
            continue;
        }
        run.flush(sink, ac);
        let mut zeros = at - next;
        while zeros > 15 {
            sink.symbol(Table::Ac(ac), SIXTEEN_ZEROS, 0, 0);
            zeros -= 16;
        }
        number(sink, Table::Ac(ac), zeros, value);
        next = at + 1;
    }
    if next <= band.last {
        run.add(sink, ac);
    }
}

/// One more bit of a band of coefficients.
pub(super) fn lower_ac(
    sink: &mut impl Sink,
    ac: usize,
    band: Band,
    block: &Block,
    map: u64,
    run: &mut Run,
) {
    let magnitude = |at: usize| block[at].unsigned_abs() >> band.low;
    let map = band.of(map);
    // Behind the last new coefficient nothing needs a symbol.
    let last_new = set_bits(map).filter(|&at| magnitude(at) == 1).last();
    let mut corrections: Vec<bool> = Vec::new();
    let mut next = band.first;
    let mut zeros = 0;
    for at in set_bits(map) {
        zeros += at - next;
        next = at + 1;
        let value = magnitude(at);
        if value == 0 {
            zeros += 1;
            continue;
        }
        while zeros > 15 && last_new.is_some_and(|last| at <= last) {
            run.flush(sink, ac);
            sink.symbol(Table::Ac(ac), SIXTEEN_ZEROS, 0, 0);
            corrections
                .drain(..)
                .for_each(|bit| sink.bits(bit.into(), 1));
            zeros -= 16;
        }
        if value > 1 {
            corrections.push(value & 1 == 1);
            continue;
        }
        run.flush(sink, ac);
        let positive = block[at] > 0;
        sink.symbol(Table::Ac(ac), (zeros as u8) << 4 | 1, positive.into(), 1);
        corrections
            .drain(..)
            .for_each(|bit| sink.bits(bit.into(), 1));
        zeros = 0;
    }
    if next <= band.last || zeros > 0 || !corrections.is_empty() {
        run.corrections.append(&mut corrections);
        run.add(sink, ac);
    }
}
