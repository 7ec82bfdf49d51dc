//! The bits of JPEG's picture data and the Huffman codes in them (T.81, annexes C and F).

use super::super::bytes::Order;

/// Bits looked up at once.
const FAST: u32 = 9;

/// Codes of one table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Length and symbol for each start of `FAST` bits; length 0: longer.
    fast: Vec<(u8, u8)>,
    /// For each length, the first code behind the last one, left aligned in 16 bits, and what to
    /// add to a code to find its symbol.
    ends: [(u32, i32); 17],
    symbols: Vec<u8>,
}

impl Table {
    fn new(counts: &[u8], symbols: &[u8]) -> Self {
        let mut table = Self {
            fast: vec![(0, 0); 1 << FAST],
            ends: [(0, 0); 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index) = (0u32, 0usize);
        for (length, &count) in (1u32..).zip(counts) {
            let first = index as i32 - code as i32;
            for _ in 0..count {
                if length <= FAST {
                    let begin = (code << (FAST - length)) as usize;
                    let symbol = symbols.get(index).copied().unwrap_or(0);
                    let places = table.fast.iter_mut().skip(begin);
                    places
                        .take(1 << (FAST - length))
                        .for_each(|p| *p = (length as u8, symbol));
                }
                code += 1;
                index += 1;
            }
            table.ends[length as usize] = (code << (16 - length), first);
            code <<= 1;
        }
        table
    }
}

/// The tables that are defined.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    /// For single values (class 0), then for runs (class 1).
    pub(super) classes: [[Option<Table>; 4]; 2],
}

impl Tables {
    /// Takes the tables of a segment.
    pub(super) fn define(&mut self, mut body: &[u8]) {
        while let Some((head, table, after)) = super::tables::huffman(body) {
            let (counts, symbols) = table.split_at(16);
            let class = self.classes.get_mut(usize::from(head >> 4));
            if let Some(slot) = class.and_then(|c| c.get_mut(usize::from(head & 15))) {
                *slot = Some(Table::new(counts, symbols));
            }
            body = after;
        }
    }
}

/// Bits of the data of a scan. Behind the last one it gives zeros, and counts them.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    /// Bits given that were not there.
    missing: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Self {
            data,
            at,
            held: 0,
            count: 0,
            missing: 0,
        }
    }

    fn refill(&mut self) {
        while self.count <= 56 {
            let byte = match self.data.get(self.at) {
                Some(0xff) if self.data.get(self.at + 1) == Some(&0) => {
                    self.at += 2;
                    0xff
                }
                Some(&byte) if byte != 0xff => {
                    self.at += 1;
                    byte
                }
                _ => {
                    self.missing = self.missing.saturating_add(8);
                    0
                }
            };
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next `n` bits, at most 16.
    pub(super) fn take(&mut self, n: u32) -> u32 {
        if n == 0 {
            return 0;
        }
        if self.count < n {
            self.refill();
        }
        let value = (self.held >> (64 - n)) as u32;
        self.held <<= n;
        self.count -= n;
        value
    }

    /// The next symbol; `None` if the bits are no code.
    pub(super) fn symbol(&mut self, table: &Table) -> Option<u8> {
        if self.count < 16 {
            self.refill();
        }
        let start = (self.held >> (64 - FAST)) as usize;
        let (length, symbol) = table.fast.get(start).copied()?;
        if length > 0 {
            self.held <<= length;
            self.count -= u32::from(length);
            return Some(symbol);
        }
        let code = (self.held >> 48) as u32;
        for length in FAST + 1..=16 {
            let (end, first) = table.ends[length as usize];
            if code < end {
                self.held <<= length;
                self.count -= length;
                let index = (code >> (16 - length)) as i32 + first;
                return table.symbols.get(usize::try_from(index).ok()?).copied();
            }
        }
        None
    }

    /// Whether more bits were taken than there are.
    pub(super) fn overdrawn(&self) -> bool {
        self.missing > self.count
    }

    /// Ends a stretch between two markers: the place of the marker behind it, and how many whole
    /// bytes were not needed.
    pub(super) fn end(&self) -> (usize, usize) {
        let left = self.count.saturating_sub(self.missing) / 8;
        let length = super::scan::interval_length(self.data, self.at);
        let mut at = self.at + length;
        while self.data.get(at..at + 2) == Some(&[0xff, 0xff]) {
            at += 1; // fill bytes before a marker
        }
        (at, left as usize + length)
    }
}

/// Number of a restart marker at a place.
pub(super) fn restart(data: &[u8], at: usize) -> Option<u8> {
    match Order::Big.u16(data, at)? {
        marker @ 0xffd0..=0xffd7 => Some((marker - 0xffd0) as u8),
        _ => None,
    }
}
