//! Blocks of baseline and extended sequential files (T.81, F.1.2).

use super::super::coefficients::{Block, bits};
use super::sink::{Sink, Table};

/// The code of sixteen zeros.
pub(super) const SIXTEEN_ZEROS: u8 = 0xf0;

/// A whole block; `last` is the first coefficient of the block before, and becomes this one's.
#[inline(always)]
pub(super) fn block(
    sink: &mut impl Sink,
    (dc, ac): (usize, usize),
    block: &Block,
    map: u64,
    last: &mut i32,
) {
    let first = i32::from(block[0]);
    number(sink, Table::Dc(dc), 0, first - *last);
    *last = first;
    let mut next = 1;
    for at in bits(map) {
        let mut run = at - next;
        while run > 15 {
            sink.symbol(Table::Ac(ac), SIXTEEN_ZEROS, 0, 0);
            run -= 16;
        }
        number(sink, Table::Ac(ac), run, block[at].into());
        next = at + 1;
    }
    if next < 64 {
        sink.symbol(Table::Ac(ac), 0, 0, 0);
    }
}

/// A number behind a run of zeros (T.81, F.1.2.1.1 and F.1.2.2.1).
#[inline(always)]
pub(super) fn number(sink: &mut impl Sink, table: Table, run: usize, value: i32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = (value + (value >> 31)) as u32 & ((1 << size) - 1);
    sink.symbol(table, (run as u8) << 4 | size as u8, bits, size);
}
