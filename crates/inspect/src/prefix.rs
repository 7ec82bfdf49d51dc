//! Canonical prefix codes whose bits stand lowest first, as WebP lossless (RFC 9649, 3.7.2) and
//! JPEG XL have them.

use super::bits::LowFirst;

/// Longest code in bits.
const LONGEST: usize = 15;
/// Bits that a table resolves at once. A larger table would let a short file take much memory.
const QUICK: u32 = 6;

/// A prefix code.
pub(super) struct Code {
    /// Symbol and length, by the next bits; length 0 for codes that are longer than the table.
    quick: Vec<(u16, u8)>,
    quick_bits: u32,
    /// Symbols in the order of their codes.
    symbols: Vec<u16>,
    /// First code, and place of its symbol, for each length.
    first: [(u32, u32); LONGEST + 2],
}

impl Code {
    /// A code of one symbol, which takes no bits.
    pub(super) fn single(symbol: u16) -> Self {
        Self {
            quick: vec![(symbol, 0)],
            quick_bits: 0,
            symbols: vec![symbol],
            first: [(0, 0); LONGEST + 2],
        }
    }

    /// The code in which each symbol has a length, 0 for those that do not occur. `None` if no
    /// decoder takes it: too many or too few codes.
    pub(super) fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0u32; LONGEST + 1];
        for &length in lengths {
            *counts.get_mut(usize::from(length))? += 1;
        }
        counts[0] = 0;
        let used: u32 = counts.iter().sum();
        if used == 1 {
            let symbol = lengths.iter().position(|&l| l > 0)?;
            return Some(Self::single(symbol as u16));
        }
        let (mut first, mut code, mut place) = ([(0, 0); LONGEST + 2], 0u32, 0u32);
        for length in 1..=LONGEST {
            code <<= 1;
            first[length] = (code, place);
            code += counts[length];
            place += counts[length];
            if code > 1 << length {
                return None;
            }
        }
        first[LONGEST + 1] = (0, place);
        if code != 1 << LONGEST {
            return None;
        }
        let longest = counts.iter().rposition(|&n| n > 0)? as u32;
        let quick_bits = longest.min(QUICK);
        let mut symbols = vec![0u16; used as usize];
        let mut next = first;
        let mut quick = vec![(0, 0); 1 << quick_bits];
        for (symbol, &length) in lengths.iter().enumerate().filter(|(_, l)| **l > 0) {
            let (code, place) = &mut next[usize::from(length)];
            symbols[*place as usize] = symbol as u16;
            let bits = u32::from(length);
            if bits <= quick_bits {
                let reversed = code.reverse_bits() >> (32 - bits);
                for high in 0..1u32 << (quick_bits - bits) {
                    quick[(reversed | high << bits) as usize] = (symbol as u16, length);
                }
            }
            *code += 1;
            *place += 1;
        }
        Some(Self {
            quick,
            quick_bits,
            symbols,
            first,
        })
    }

    /// Whether it takes no bits.
    pub(super) fn is_free(&self) -> bool {
        self.quick_bits == 0
    }

    /// The symbol of the first code.
    pub(super) fn first_symbol(&self) -> u16 {
        self.symbols.first().copied().unwrap_or(0)
    }

    /// The next symbol.
    pub(super) fn read(&self, bits: &mut LowFirst<'_>) -> u16 {
        let (symbol, length) = self.quick[bits.peek(self.quick_bits) as usize];
        if length > 0 || self.is_free() {
            bits.take(length.into());
            return symbol;
        }
        let ahead = bits.peek(LONGEST as u32);
        let mut code =
            (ahead & ((1 << self.quick_bits) - 1)).reverse_bits() >> (32 - self.quick_bits);
        for length in self.quick_bits as usize + 1..=LONGEST {
            code = code << 1 | ahead >> (length - 1) & 1;
            let (first, place) = self.first[length];
            let count = self.first[length + 1].1 - place;
            if code.wrapping_sub(first) < count {
                bits.take(length as u32);
                return self.symbols[(place + code - first) as usize];
            }
        }
        bits.take(LONGEST as u32);
        0 // no complete code comes here
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_with_and_without_the_table() {
        // Lengths 1 to 9 and 9 once more: code k is k ones and a zero.
        let lengths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 9];
        let code = Code::new(&lengths).expect("complete");
        let mut bits = LowFirst::new(&[0xff, 0xff, 0b0000_0011]);
        // Nine ones twice, then a zero.
        assert_eq!(
            [
                code.read(&mut bits),
                code.read(&mut bits),
                code.read(&mut bits)
            ],
            [9, 9, 0]
        );
        let mut bits = LowFirst::new(&[0b0111_1111, 0b0111_1110]);
        assert_eq!([code.read(&mut bits), code.read(&mut bits)], [7, 0]);
        assert!(Code::new(&[1, 1, 1]).is_none() && Code::new(&[2, 2]).is_none());
        assert!(Code::new(&[0, 0, 5]).is_some_and(|c| c.is_free()));
        assert!(Code::new(&[]).is_none());
    }
}
