//! Bits of a scan, with stuffed zeros taken out, up to the next marker.
//!
//! Invariant: behind the last bit come zeros without end; [`Bits::overdrawn`] says whether one of
//! them was used.

use super::super::huffman::{Lookup, extend};

/// Reads bits from the most significant one.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// The next byte to load.
    at: usize,
    /// Bits not yet used, from the top; zeros below them.
    bits: u64,
    /// How many.
    count: u32,
    /// How many of all that were loaded are made up.
    made_up: u32,
}

impl<'a> Bits<'a> {
    /// Begins at the front of `data`.
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            at: 0,
            bits: 0,
            count: 0,
            made_up: 0,
        }
    }

    /// Loads until there are at least 32 bits.
    #[inline(always)]
    pub(super) fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(next) = self.data.get(self.at..).and_then(|d| d.first_chunk()) {
            let four = u32::from_be_bytes(*next);
            // No byte is 0xff: its complement has no byte of zeros.
            let no = !four;
            if no.wrapping_sub(0x0101_0101) & four & 0x8080_8080 == 0 {
                self.bits |= u64::from(four) << (32 - self.count);
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        self.fill_slowly();
    }

    #[cold]
    fn fill_slowly(&mut self) {
        while self.count <= 56 {
            let byte = match (self.data.get(self.at), self.data.get(self.at + 1)) {
                (Some(0xff), Some(0)) => {
                    self.at += 2;
                    0xff
                }
                (Some(0xff) | None, _) => {
                    self.made_up = self.made_up.saturating_add(8);
                    self.count += 8;
                    continue;
                }
                (Some(&byte), _) => {
                    self.at += 1;
                    byte
                }
            };
            self.bits |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// What comes next, from the top. [`Bits::fill`] before; 32 bits are real.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.bits
    }

    /// Leaves out `count` bits, which [`Bits::fill`] has loaded.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.bits <<= count;
        self.count -= count;
    }

    /// The next symbol of a code; `None` if there is none.
    #[inline(always)]
    pub(super) fn symbol(&mut self, code: &Lookup) -> Option<u8> {
        self.fill();
        let (symbol, length) = code.symbol(self.bits)?;
        self.skip(length);
        Some(symbol)
    }

    /// The next `count` bits as a number; `count` is 0..=16.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        self.fill();
        let value = (self.bits >> 32) as u32;
        self.skip(count);
        value.checked_shr(32 - count).unwrap_or(0)
    }

    /// The number of `size` bits that comes next, with its sign; `size` is 0..=16.
    #[inline(always)]
    pub(super) fn number(&mut self, size: u32) -> i32 {
        match size {
            0 => 0,
            _ => {
                let bits = self.take(size);
                extend(bits, size)
            }
        }
    }

    /// Whether bits were used that the data does not have.
    pub(super) fn overdrawn(&self) -> bool {
        self.made_up > self.count
    }

    /// Bytes that were loaded and not begun.
    fn left(&self) -> u32 {
        self.count.saturating_sub(self.made_up) / 8
    }

    /// Goes behind the restart marker `number`; `None` if something else comes first.
    pub(super) fn restart(&mut self, number: u8) -> Option<()> {
        if self.overdrawn() || self.left() > 0 {
            return None;
        }
        let marker = self.data.get(self.at..).unwrap_or_default();
        let fill = marker.iter().take_while(|&&b| b == 0xff).count();
        if fill == 0 || marker.get(fill) != Some(&(0xd0 + number)) {
            return None;
        }
        self.at += fill + 1;
        (self.bits, self.count, self.made_up) = (0, 0, 0);
        Some(())
    }

    /// Ends the scan: bytes up to the marker behind it or the end of the data, and how many of them
    /// were not used. Restart markers among the latter are skipped. `None` if the data was
    /// overdrawn.
    pub(super) fn end(self) -> Option<(usize, usize)> {
        if self.overdrawn() {
            return None;
        }
        let mut end = self.at;
        loop {
            let rest = self.data.get(end..).unwrap_or_default();
            let marker = rest.iter().position(|&b| b == 0xff);
            end += marker.unwrap_or(rest.len());
            match self.data.get(end + 1) {
                Some(0 | 0xd0..=0xd7) => end += 2,
                Some(0xff) => end += 1,
                _ => break,
            }
        }
        let unused = end - self.at + self.left() as usize;
        Some((end, unused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffed_zeros_are_taken_out_and_markers_stop_the_bits() {
        let mut bits = Bits::new(&[0xff, 0, 0x12, 0x34, 0xff, 0xd9]);
        assert_eq!(bits.take(8), 0xff);
        assert_eq!(bits.take(16), 0x1234);
        assert!(!bits.overdrawn());
        assert_eq!(bits.take(1), 0);
        assert!(bits.overdrawn());
        assert!(bits.end().is_none());
    }

    #[test]
    fn words_with_and_without_ff_give_the_same_bits_as_bytes() {
        let mut data = Vec::new();
        let mut expected = Vec::new();
        for i in 0..3000u32 {
            let byte =
                (i.wrapping_mul(2_654_435_761) >> 24) as u8 | if i % 7 == 0 { 0xff } else { 0 };
            expected.push(byte);
            data.push(byte);
            if byte == 0xff {
                data.push(0);
            }
        }
        data.extend([0xff, 0xd9]);
        let mut bits = Bits::new(&data);
        for pair in expected.chunks_exact(2) {
            let (high, low) = (bits.take(3), bits.take(13));
            assert_eq!(
                high << 13 | low,
                u32::from(pair[0]) << 8 | u32::from(pair[1])
            );
        }
        assert_eq!(bits.end().expect("not overdrawn"), (data.len() - 2, 0));
    }

    #[test]
    fn a_restart_marker_must_be_the_next_thing_and_the_right_one() {
        let data = [0x80, 0xff, 0xff, 0xd3, 0x40, 0xff, 0xd9];
        let mut bits = Bits::new(&data);
        assert_eq!(bits.take(1), 1);
        assert!(Bits::new(&data).restart(3).is_none(), "a byte is left");
        bits.restart(3).expect("is next");
        assert_eq!(bits.take(2), 1);
        assert!(bits.restart(4).is_none());
    }

    #[test]
    fn data_may_end_without_a_marker() {
        for rest in [&[][..], &[0xff]] {
            let data = [&[0x80, 7], rest].concat();
            let mut bits = Bits::new(&data);
            bits.take(16);
            assert_eq!(bits.end().expect("not overdrawn"), (2, 0));
        }
    }

    #[test]
    fn bytes_that_nothing_used_are_counted() {
        let mut bits = Bits::new(&[0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xff, 0xd9]);
        bits.take(1);
        assert_eq!(bits.end().expect("a marker follows"), (10, 9));
    }
}
