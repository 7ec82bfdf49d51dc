//! Bits into bytes, with a zero behind every byte of ones.

/// Writes bits from the most significant one.
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

    /// Fills the last byte with ones (T.81, F.1.2.3).
    fn align(&mut self) {
        let free = (8 - self.count % 8) % 8;
        self.put((1 << free) - 1, free);
        while self.count > 0 {
            self.count -= 8;
            self.byte((self.bits >> self.count) as u8);
        }
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
