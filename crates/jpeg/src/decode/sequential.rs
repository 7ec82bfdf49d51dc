//! Blocks of baseline and extended sequential files (T.81, F.2.2).

use super::super::coefficients::LARGEST;
use super::super::huffman::{Lookup, extend};
use super::bits::Bits;
use super::{Memory, Target};

/// Most bits of a difference between two first coefficients that are both in range.
const MOST_DC_BITS: u8 = 12;

/// Most bits of any other coefficient in range.
const MOST_AC_BITS: u32 = 11;

/// A whole block; `None` for damaged data.
#[inline(always)]
pub(super) fn block(bits: &mut Bits<'_>, dc: &Lookup, ac: &Lookup, to: Target<'_>) -> Option<()> {
    to.block[0] = first(bits, dc, 0, to.memory)?;
    let mut map = 0;
    let mut at = 1;
    while at < 64 {
        bits.fill();
        let front = bits.peek();
        let short = ac.short(front);
        if short.bits > 0 {
            bits.skip(short.bits.into());
            at += usize::from(short.run);
            *to.block.get_mut(at)? = short.value;
        } else {
            let (symbol, length) = ac.symbol(front)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                bits.skip(length);
                match run {
                    0 => break,
                    15 => at += 16,
                    _ => return None,
                }
                continue;
            }
            // Code and value are 16 + 11 bits at most, which are loaded.
            if size > MOST_AC_BITS {
                return None;
            }
            bits.skip(length + size);
            at += run;
            let value = (front << length >> (64 - size)) as u32;
            *to.block.get_mut(at)? = extend(value, size) as i16;
        }
        map |= 1 << at;
        at += 1;
    }
    *to.map = map;
    (at <= 64).then_some(())
}

/// The first coefficient without its `low` lower bits, from its difference to the one before.
#[inline(always)]
pub(super) fn first(
    bits: &mut Bits<'_>,
    dc: &Lookup,
    low: u32,
    memory: &mut Memory,
) -> Option<i16> {
    let size = bits.symbol(dc).filter(|&size| size <= MOST_DC_BITS)?;
    memory.last += bits.number(size.into());
    (memory.last.abs() <= LARGEST >> low).then_some(memory.last as i16)
}
