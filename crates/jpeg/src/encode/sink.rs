//! Where coded symbols go: they are counted first, and written once codes fit them.
//!
//! Invariant: both see the same symbols, so each one that is written has a code.

use super::super::huffman::{Code, Frequencies, fit};
use super::bits::BitWriter;

/// One of the codes of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Dc(usize),
    Ac(usize),
}

impl Table {
    /// All that a file can have.
    pub(super) const ALL: [Self; 8] = [
        Self::Dc(0),
        Self::Dc(1),
        Self::Dc(2),
        Self::Dc(3),
        Self::Ac(0),
        Self::Ac(1),
        Self::Ac(2),
        Self::Ac(3),
    ];

    /// Its place in [`Table::ALL`].
    #[inline(always)]
    fn place(self) -> usize {
        match self {
            Self::Dc(number) => number & 3,
            Self::Ac(number) => 4 + (number & 3),
        }
    }

    /// Class and number as a definition in a file has them.
    pub(super) fn head(self) -> u8 {
        match self {
            Self::Dc(number) => number as u8,
            Self::Ac(number) => 0x10 | number as u8,
        }
    }
}

/// Takes what a scan consists of.
pub(super) trait Sink {
    /// A symbol, and behind it the lower `size` bits of `bits`, which has no others.
    fn symbol(&mut self, table: Table, symbol: u8, bits: u32, size: u32);
    /// Bits without a code.
    fn bits(&mut self, bits: u32, size: u32);
    /// A restart marker.
    fn restart(&mut self, number: u8);
}

/// Counts symbols.
pub(super) struct Counter {
    frequencies: Vec<Frequencies>,
}

impl Counter {
    pub(super) fn new() -> Self {
        Self {
            frequencies: vec![[0; 256]; Table::ALL.len()],
        }
    }

    /// Counts what another one has counted, too.
    pub(super) fn add(&mut self, other: &Self) {
        let tables = self.frequencies.iter_mut().zip(&other.frequencies);
        for (own, other) in tables {
            own.iter_mut().zip(other).for_each(|(own, n)| *own += n);
        }
    }

    /// Bits of what was counted in a sequential scan without restarts: there the lower half of a
    /// symbol says how many bits are behind it.
    pub(super) fn bits(&self, codes: &[(Table, Code)]) -> usize {
        let of = |(table, code): &(Table, Code)| -> usize {
            let lengths = (0..).zip(code.by_symbol());
            let frequencies = &self.frequencies[table.place()];
            let bits = lengths.zip(frequencies).map(|((symbol, (_, length)), &n)| {
                n as usize * (usize::from(length) + (symbol as usize & 15))
            });
            bits.sum()
        };
        codes.iter().map(of).sum()
    }

    /// The codes that fit, for those tables from which a symbol came.
    pub(super) fn codes(&self) -> Vec<(Table, Code)> {
        let used = |f: &Frequencies| f.iter().any(|&n| n > 0);
        let pairs = Table::ALL.into_iter().zip(&self.frequencies);
        pairs
            .filter(|(_, f)| used(f))
            .map(|(table, f)| (table, fit(f)))
            .collect()
    }
}

impl Sink for Counter {
    #[inline(always)]
    fn symbol(&mut self, table: Table, symbol: u8, _: u32, _: u32) {
        self.frequencies[table.place()][usize::from(symbol)] += 1;
    }

    #[inline(always)]
    fn bits(&mut self, _: u32, _: u32) {}

    fn restart(&mut self, _: u8) {}
}

/// Writes symbols.
pub(super) struct Emitter {
    bits: BitWriter,
    codes: Vec<[(u16, u8); 256]>,
}

impl Emitter {
    /// Goes on with `bits`.
    pub(super) fn new(bits: BitWriter, codes: &[(Table, Code)]) -> Self {
        let mut tables = vec![[(0, 0); 256]; Table::ALL.len()];
        for (table, code) in codes {
            tables[table.place()] = code.by_symbol();
        }
        Self {
            bits,
            codes: tables,
        }
    }

    /// What was written.
    pub(super) fn into_bits(self) -> BitWriter {
        self.bits
    }
}

impl Sink for Emitter {
    #[inline(always)]
    fn symbol(&mut self, table: Table, symbol: u8, bits: u32, size: u32) {
        let (code, length) = self.codes[table.place()][usize::from(symbol)];
        // 16 bits of code and 14 behind it at most.
        self.bits
            .put(u32::from(code) << size | bits, u32::from(length) + size);
    }

    #[inline(always)]
    fn bits(&mut self, bits: u32, size: u32) {
        self.bits.put(bits, size);
    }

    fn restart(&mut self, number: u8) {
        self.bits.restart(number);
    }
}
