//! Huffman codes (T.81, annexes C and K.2).
//!
//! Invariant: a [`Code`] is a valid prefix code of at most 16 bits in which no code is all ones.

mod fit;
mod lookup;

pub(super) use fit::{Frequencies, fit};
pub(super) use lookup::{Lookup, extend};

use crate::error::Result;
use crate::error::malformed;

/// The longest code.
pub(super) const LONGEST: usize = 16;

/// A code as a file defines it: how many codes of each length, and their symbols in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    /// Codes of 1 to 16 bits.
    counts: [u8; LONGEST],
    symbols: Vec<u8>,
}

impl Code {
    /// Reads a definition from the front of `body`, and gives what is behind it.
    pub(super) fn parse(body: &[u8]) -> Result<(Self, &[u8])> {
        let damaged = || malformed("a JPEG Huffman table is damaged");
        let (counts, rest) = body.split_first_chunk::<LONGEST>().ok_or_else(damaged)?;
        let total: usize = counts.iter().map(|&n| usize::from(n)).sum();
        if total > 256 {
            return Err(damaged());
        }
        let (symbols, rest) = rest.split_at_checked(total).ok_or_else(damaged)?;
        let code = Self::new(*counts, symbols.to_vec()).ok_or_else(damaged)?;
        Ok((code, rest))
    }

    /// `None` if there are more codes than fit, or one would be all ones.
    fn new(counts: [u8; LONGEST], symbols: Vec<u8>) -> Option<Self> {
        let mut next = 0u32;
        for (length, &count) in (1..).zip(&counts) {
            next += u32::from(count);
            if count > 0 && next >= 1 << length {
                return None;
            }
            next <<= 1;
        }
        Some(Self { counts, symbols })
    }

    /// Its definition as a file holds it.
    pub(super) fn definition(&self) -> impl Iterator<Item = u8> {
        self.counts.iter().chain(&self.symbols).copied()
    }

    /// Symbol, code and length of every code, from the shortest (T.81, C.2).
    fn codes(&self) -> impl Iterator<Item = (u8, u16, u8)> {
        let lengths = (1..=LONGEST as u8).zip(&self.counts);
        let lengths = lengths.flat_map(|(length, &count)| (0..count).map(move |_| length));
        let mut next = 0u32;
        let mut last = 0;
        self.symbols
            .iter()
            .zip(lengths)
            .map(move |(&symbol, length)| {
                next <<= length - last;
                last = length;
                let code = next as u16;
                next += 1;
                (symbol, code, length)
            })
    }

    /// Code and length of each symbol; length 0 for those that have none.
    pub(super) fn by_symbol(&self) -> [(u16, u8); 256] {
        let mut table = [(0, 0); 256];
        for (symbol, code, length) in self.codes() {
            table[usize::from(symbol)] = (code, length);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(lengths: &[(usize, u8)]) -> [u8; LONGEST] {
        let mut counts = [0; LONGEST];
        for &(length, count) in lengths {
            counts[length - 1] = count;
        }
        counts
    }

    #[test]
    fn codes_are_numbered_as_annex_c_does() {
        let code = Code::new(counts(&[(2, 2), (3, 3)]), vec![7, 3, 9, 1, 5]).expect("valid");
        let codes: Vec<_> = code.codes().collect();
        let expected = [
            (7, 0b00, 2),
            (3, 0b01, 2),
            (9, 0b100, 3),
            (1, 0b101, 3),
            (5, 0b110, 3),
        ];
        assert_eq!(codes, expected);
    }

    #[test]
    fn too_many_codes_and_a_code_of_ones_are_refused() {
        assert!(Code::new(counts(&[(1, 2)]), vec![0; 2]).is_none());
        assert!(Code::new(counts(&[(1, 1), (2, 2)]), vec![0; 3]).is_none());
        assert!(Code::new(counts(&[(1, 1), (2, 1)]), vec![0; 2]).is_some());
        assert!(Code::new(counts(&[(1, 3), (9, 1)]), vec![0; 4]).is_none());
    }

    #[test]
    fn a_definition_that_is_cut_off_is_refused() {
        let mut body = counts(&[(2, 2)]).to_vec();
        body.push(1);
        assert!(Code::parse(&body[..3]).is_err());
        assert!(Code::parse(&body).is_err());
        body.extend([2, 99]);
        let (code, rest) = Code::parse(&body).expect("valid");
        assert_eq!(rest, [99]);
        assert!(code.definition().eq(body[..18].iter().copied()));
    }
}
