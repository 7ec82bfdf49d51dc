//! Passes over the codes of one block, of any kind of scan (T.81, F.2.2 and G.1.2).

use super::Frame;
use super::huffman::{Bits, Table};

/// What a scan header says.
#[derive(Clone, Copy)]
pub(super) struct Band {
    pub(super) begin: u32,
    pub(super) end: u32,
    pub(super) first: bool,
}

impl Band {
    pub(super) const fn mask(self) -> u64 {
        (u64::MAX >> (63 - self.end)) & (u64::MAX << self.begin)
    }
}

/// A component in a scan, with its tables.
pub(super) struct Part {
    pub(super) component: usize,
    pub(super) single: Option<Table>,
    pub(super) run: Option<Table>,
}

/// Passes over one block, and marks the coefficients that are not zero. `run`: blocks without
/// further coefficients that are still to come.
pub(super) fn block(
    bits: &mut Bits<'_>,
    part: &Part,
    band: Band,
    frame: &Frame,
    nonzero: Option<&mut u64>,
    run: &mut u32,
) -> Result<(), String> {
    let no_code = || "the JPEG's picture data is damaged".to_owned();
    let mut at = band.begin;
    if at == 0 {
        if band.first {
            let table = part.single.as_ref().ok_or_else(no_code)?;
            let length = bits.symbol(table).ok_or_else(no_code)?;
            bits.take(u32::from(length).min(16));
        } else {
            bits.take(1);
        }
        at = 1;
        if frame.progressive {
            return Ok(());
        }
    }
    let table = part.run.as_ref().ok_or_else(no_code)?;
    let mut ignored = 0;
    let nonzero = nonzero.unwrap_or(&mut ignored);
    if frame.progressive && !band.first {
        return refine(bits, table, at, band.end, nonzero, run).ok_or_else(no_code);
    }
    if *run > 0 {
        *run -= 1;
        return Ok(());
    }
    while at <= band.end {
        let symbol = bits.symbol(table).ok_or_else(no_code)?;
        let (zeros, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if length == 0 {
            match zeros {
                15 => at += 16,
                0 => break,
                _ if !frame.progressive => break,
                n => {
                    *run = (1 << n) - 1 + bits.take(n);
                    break;
                }
            }
            continue;
        }
        at += zeros;
        if at > band.end {
            return Err(no_code());
        }
        *nonzero |= 1 << at;
        bits.take(length);
        at += 1;
    }
    Ok(())
}

/// A block in a scan that adds a bit to what is known (T.81, G.1.2.3).
fn refine(
    bits: &mut Bits<'_>,
    table: &Table,
    mut at: u32,
    end: u32,
    nonzero: &mut u64,
    run: &mut u32,
) -> Option<()> {
    let known = *nonzero;
    if *run == 0 {
        while at <= end {
            let symbol = bits.symbol(table)?;
            let (mut zeros, new) = (u32::from(symbol >> 4), symbol & 15 != 0);
            if new {
                bits.take(1);
            } else if zeros < 15 {
                *run = (1 << zeros) + bits.take(zeros);
                break;
            }
            while at <= end {
                if known >> at & 1 == 1 {
                    bits.take(1);
                } else if zeros == 0 {
                    if new {
                        *nonzero |= 1 << at;
                    }
                    at += 1;
                    break;
                } else {
                    zeros -= 1;
                }
                at += 1;
            }
        }
    }
    if *run > 0 {
        let left = if at > end {
            0
        } else {
            known >> at & (u64::MAX >> (63 - (end - at)))
        };
        for _ in 0..left.count_ones() {
            bits.take(1);
        }
        *run -= 1;
    }
    Some(())
}
