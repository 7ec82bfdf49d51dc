//! Blocks of progressive files, a band of coefficients and some of their bits at a time (T.81,
//! G.2). All give `None` for damaged data.

use super::super::coefficients::{LARGEST, bits as set_bits};
use super::super::huffman::Lookup;
use super::bits::Bits;
use super::{Target, sequential};

/// The first coefficient without its `low` lower bits.
#[inline(always)]
pub(super) fn first_dc(bits: &mut Bits<'_>, dc: &Lookup, low: u32, to: Target<'_>) -> Option<()> {
    to.block[0] = sequential::first(bits, dc, low, to.memory)? << low;
    Some(())
}

/// One more bit of the first coefficient.
#[inline(always)]
pub(super) fn lower_dc(bits: &mut Bits<'_>, low: u32, to: Target<'_>) -> Option<()> {
    if bits.take(1) == 1 {
        to.block[0] |= in_range(low)?;
    }
    Some(())
}

/// The value of a bit, if a coefficient in range may have it.
#[inline(always)]
fn in_range(bit: u32) -> Option<i16> {
    (1 << bit <= LARGEST).then_some(1 << bit)
}

/// A band of coefficients without their `low` lower bits.
#[inline(always)]
pub(super) fn first_ac(
    bits: &mut Bits<'_>,
    ac: &Lookup,
    (first, last): (usize, usize),
    low: u32,
    to: Target<'_>,
) -> Option<()> {
    if to.memory.empty > 0 {
        to.memory.empty -= 1;
        return Some(());
    }
    let mut at = first;
    while at <= last {
        let symbol = bits.symbol(ac)?;
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 && run < 15 {
            to.memory.empty = (1 << run) + bits.take(run) - 1;
            return Some(());
        }
        at += run as usize;
        if size > 0 {
            let value = bits.number(size);
            if at > last || value.abs() > LARGEST >> low {
                return None;
            }
            to.block[at] = (value << low) as i16;
            *to.map |= 1 << at;
        }
        at += 1;
    }
    (at <= last + 1).then_some(())
}

/// One more bit of a band of coefficients.
#[inline(always)]
pub(super) fn lower_ac(
    bits: &mut Bits<'_>,
    ac: &Lookup,
    (first, last): (usize, usize),
    low: u32,
    to: Target<'_>,
) -> Option<()> {
    let mut at = first;
    let improve = |bits: &mut Bits<'_>, block: &mut [i16; 64], at: usize| {
        if bits.take(1) == 1 {
            block[at] += block[at].signum() << low;
        }
    };
    while to.memory.empty == 0 && at <= last {
        let symbol = bits.symbol(ac)?;
        let (mut run, size) = (u32::from(symbol >> 4), symbol & 15);
        let new = match size {
            0 if run < 15 => {
                to.memory.empty = (1 << run) + bits.take(run);
                break;
            }
            0 => 0,
            1 if bits.take(1) == 1 => in_range(low)?,
            1 => -in_range(low)?,
            _ => return None,
        };
        // Zeros are counted; what is not zero on the way gets its bit.
        loop {
            if at > last {
                return None;
            }
            if *to.map >> at & 1 == 1 {
                improve(bits, to.block, at);
            } else if run == 0 {
                break;
            } else {
                run -= 1;
            }
            at += 1;
        }
        if new != 0 {
            to.block[at] = new;
            *to.map |= 1 << at;
        }
        at += 1;
    }
    if to.memory.empty > 0 {
        to.memory.empty -= 1;
        if at <= last {
            let band = *to.map & (u64::MAX >> (63 - last)) & (u64::MAX << at);
            for at in set_bits(band) {
                improve(bits, to.block, at);
            }
        }
    }
    Some(())
}
