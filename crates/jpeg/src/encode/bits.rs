//! Bits into bytes, with a zero behind every byte of ones.

/// Writes bits from the most significant one.
#[derive(Debug)]
pub(super) struct BitWriter {
    out: Vec<u8>,
    /// The last `count` bits are still to be written.
    bits: u64,
    count: u32,
}

impl BitWriter {
    /// Goes on behind `out`.
    pub(super) fn new(out: Vec<u8>) -> Self {
        Self {
            out,
            bits: 0,
            count: 0,
        }
    }

    /// Begins with so many zeros, 0..=7: the place of the last bits of the one behind which this
    /// one is to be [appended](Self::append).
    pub(super) fn behind(count: u32) -> Self {
        Self {
            out: Vec::new(),
            bits: 0,
            count,
        }
    }

    /// Takes memory for so many bytes.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// Goes on with what `next` has, which began behind as many bits as are left over here.
    pub(super) fn append(mut self, mut next: Self) -> Self {
        self.write_bytes();
        next.write_bytes();
        match next.out.split_first() {
            Some((&first, rest)) if self.count > 0 => {
                self.byte((self.bits << (8 - self.count)) as u8 | first);
                self.out.extend_from_slice(rest);
            }
            Some(_) => self.out.append(&mut next.out),
            // Both have less than a byte, and so has what they are together.
            None => next.bits |= self.bits << (next.count - self.count),
        }
        Self {
            out: self.out,
            ..next
        }
    }

    /// Appends the lower `count` bits of `value`; there are no others, and at most 32.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u32, count: u32) {
        self.bits = self.bits << count | u64::from(value);
        self.count += count;
        if self.count >= 32 {
            self.count -= 32;
            let four = (self.bits >> self.count) as u32;
            let no = !four;
            if no.wrapping_sub(0x0101_0101) & four & 0x8080_8080 == 0 {
                self.out.extend_from_slice(&four.to_be_bytes());
            } else {
                four.to_be_bytes().iter().for_each(|&b| self.byte(b));
            }
        }
    }

    fn byte(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == 0xff {
            self.out.push(0);
        }
    }

    /// Writes what makes whole bytes, and forgets the bits that were written.
    fn write_bytes(&mut self) {
        while self.count >= 8 {
            self.count -= 8;
            self.byte((self.bits >> self.count) as u8);
        }
        self.bits &= (1 << self.count) - 1;
    }

    /// Fills the last byte with ones (T.81, F.1.2.3).
    pub(super) fn align(&mut self) {
        let free = (8 - self.count % 8) % 8;
        self.put((1 << free) - 1, free);
        self.write_bytes();
    }

    /// Appends a restart marker.
    pub(super) fn restart(&mut self, number: u8) {
        self.align();
        self.out.extend([0xff, 0xd0 + number]);
    }

    /// Ends the scan.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.align();
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn writers_that_are_appended_give_what_one_writes(
            numbers in proptest::collection::vec((any::<u32>(), 0u32..=32), 0..60),
            cuts in proptest::collection::vec(0usize..60, 0..4),
        ) {
            let number = |&(value, count): &(u32, u32)| {
                let ones = 0xffff_ffff_u32.checked_shr(32 - count).unwrap_or(0);
                (if value % 3 == 0 { ones } else { value & ones }, count)
            };
            let numbers: Vec<_> = numbers.iter().map(number).collect();
            let mut whole = BitWriter::new(vec![1]);
            let mut joined = BitWriter::new(vec![1]);
            let mut written = 0;
            let mut part = BitWriter::behind(0);
            for (i, &(value, count)) in numbers.iter().enumerate() {
                if cuts.contains(&i) {
                    joined = joined.append(part);
                    part = BitWriter::behind(written % 8);
                }
                whole.put(value, count);
                part.put(value, count);
                written += count;
            }
            prop_assert_eq!(joined.append(part).end(), whole.end());
        }
    }

    #[test]
    fn bytes_of_ones_are_stuffed_and_the_rest_is_filled_with_ones() {
        let mut bits = BitWriter::new(vec![7]);
        bits.put(0xff12, 16);
        bits.put(0x34, 8);
        bits.put(0xffff_ffff, 32);
        bits.put(0, 3);
        bits.restart(2);
        bits.put(1, 1);
        let expected = [
            7, 0xff, 0, 0x12, 0x34, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0x1f, 0xff, 0xd2, 0xff, 0,
        ];
        assert_eq!(bits.end(), expected);
    }
}
