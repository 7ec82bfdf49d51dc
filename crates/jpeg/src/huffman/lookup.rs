//! Codes to symbols, by tables.
//!
//! Invariant: whatever sixteen bits come, an answer is found in two steps: a code, or none.

use super::{Code, LONGEST};

/// Bits that the first table looks at: nearly all codes of a photo, and tables that stay in the
/// nearest cache.
const FIRST: u32 = 10;

/// A run of zeros and the coefficient behind it, read at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Short {
    pub(in super::super) value: i16,
    pub(in super::super) run: u8,
    /// Bits of code and value together; 0 where the two do not fit the first table.
    pub(in super::super) bits: u8,
}

/// A code made ready for reading.
#[derive(Clone, Debug)]
pub(in super::super) struct Lookup {
    /// Symbol and length; length 0 for prefixes of longer codes.
    first: [(u8, u8); 1 << FIRST],
    short: [Short; 1 << FIRST],
    /// For each length above `FIRST`: the first sixteen bits beyond its codes, the first of its
    /// codes, and the place of that one's symbol.
    long: [(u32, u32, u32); LONGEST - FIRST as usize],
    symbols: [u8; 256],
}

impl Lookup {
    pub(in super::super) fn new(code: &Code) -> Self {
        let mut table = Self {
            first: [(0, 0); 1 << FIRST],
            short: [Short::default(); 1 << FIRST],
            long: [(0, 0, 0); LONGEST - FIRST as usize],
            symbols: [0; 256],
        };
        for (place, (symbol, bits, length)) in code.codes().enumerate() {
            if let Some(slot) = table.symbols.get_mut(place) {
                *slot = symbol;
            }
            let bits = u32::from(bits);
            if let Some(free) = FIRST.checked_sub(length.into()) {
                let start = (bits << free) as usize;
                table.first[start..start + (1 << free)].fill((symbol, length));
            } else {
                let (end, first, from) = &mut table.long[(u32::from(length) - FIRST) as usize - 1];
                if *end == 0 {
                    (*first, *from) = (bits, place as u32);
                }
                *end = (bits + 1) << (LONGEST as u32 - u32::from(length));
            }
        }
        for (prefix, short) in table.short.iter_mut().enumerate() {
            let (symbol, length) = table.first[prefix];
            let size = u32::from(symbol & 15);
            let bits = u32::from(length) + size;
            if length > 0 && size > 0 && bits <= FIRST {
                let value = (prefix as u32 >> (FIRST - bits)) & ((1 << size) - 1);
                *short = Short {
                    value: extend(value, size) as i16,
                    run: symbol >> 4,
                    bits: bits as u8,
                };
            }
        }
        table
    }

    /// Run and coefficient at the front of `bits`, if they are short; else its `bits` are 0.
    #[inline(always)]
    pub(in super::super) fn short(&self, bits: u64) -> Short {
        self.short[(bits >> (64 - FIRST)) as usize]
    }

    /// Symbol and length of the code at the front of `bits`; `None` if there is none.
    #[inline(always)]
    pub(in super::super) fn symbol(&self, bits: u64) -> Option<(u8, u32)> {
        let (symbol, length) = self.first[(bits >> (64 - FIRST)) as usize];
        if length > 0 {
            return Some((symbol, length.into()));
        }
        self.long_symbol((bits >> 48) as u32)
    }

    fn long_symbol(&self, sixteen: u32) -> Option<(u8, u32)> {
        for (length, &(end, first, from)) in (FIRST + 1..).zip(&self.long) {
            if sixteen < end {
                let place = (sixteen >> (LONGEST as u32 - length)).checked_sub(first)? + from;
                return Some((*self.symbols.get(place as usize)?, length));
            }
        }
        None
    }
}

/// The number that `size` bits stand for (T.81, F.2.2.1, EXTEND). `size` is 1..=16.
#[inline(always)]
pub(in super::super) fn extend(bits: u32, size: u32) -> i32 {
    let half = 1 << (size - 1);
    let value = bits as i32;
    if value < half {
        value + 1 - 2 * half
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::super::fit;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_code_is_found_and_nothing_else(weights in proptest::collection::vec(0u32..5000, 256)) {
            let mut frequencies = [0; 256];
            frequencies.copy_from_slice(&weights);
            let code = fit(&frequencies);
            let lookup = Lookup::new(&code);
            for (symbol, bits, length) in code.codes() {
                for tail in [0, u64::MAX >> length] {
                    let front = u64::from(bits) << (64 - length) | tail;
                    prop_assert_eq!(lookup.symbol(front), Some((symbol, length.into())));
                    let short = lookup.short(front);
                    if short.bits > 0 {
                        let size = u32::from(symbol & 15);
                        let value = (front << length >> (64 - size)) as u32;
                        prop_assert_eq!(i32::from(short.value), extend(value, size));
                        prop_assert_eq!(short.run, symbol >> 4);
                        prop_assert_eq!(u32::from(short.bits), u32::from(length) + size);
                    }
                }
            }
            prop_assert_eq!(lookup.symbol(u64::MAX), None);
        }
    }

    #[test]
    fn bits_stand_for_the_numbers_of_table_f_1() {
        assert_eq!([0, 1].map(|b| extend(b, 1)), [-1, 1]);
        assert_eq!([0, 1, 2, 3].map(|b| extend(b, 2)), [-3, -2, 2, 3]);
        assert_eq!(extend(0, 11), -2047);
        assert_eq!(extend(2047, 11), 2047);
    }
}
