//! Boxes of ISO base media files (ISO/IEC 14496-12, 4.2): a kind, a length, and bytes.
//!
//! Invariant: a box that is handed out lies inside the bytes that it was read from.

use super::guard::malformed;
use crate::error::Result;

/// Boxes of one level.
const MOST: usize = 20_000;

/// A box: its kind, and what is in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Box<'a> {
    pub(super) kind: [u8; 4],
    pub(super) body: &'a [u8],
}

/// A level of boxes, and the bytes behind the last one that makes sense.
pub(super) fn split(data: &[u8]) -> Result<(Vec<Box<'_>>, &[u8])> {
    let mut found = Vec::new();
    let mut rest = data;
    while let Some((one, after)) = next(rest) {
        if found.len() >= MOST {
            return Err(malformed("the file has too many boxes"));
        }
        found.push(one);
        rest = after;
    }
    Ok((found, rest))
}

/// A level that must be boxes to its end.
pub(super) fn all(data: &[u8]) -> Result<Vec<Box<'_>>> {
    let (found, rest) = split(data)?;
    if rest.len() >= 8 {
        return Err(malformed("a box of the file is cut off"));
    }
    Ok(found)
}

fn next(data: &[u8]) -> Option<(Box<'_>, &[u8])> {
    let mut read = Reader::new(data);
    let (length, kind) = (read.number(4)?, read.take(4)?);
    let length = match length {
        0 => data.len(),
        1 => usize::try_from(read.number(8)?).ok()?,
        length => length as usize,
    };
    let head = data.len() - read.rest().len();
    let one = Box {
        kind: kind.try_into().ok()?,
        body: data.get(head..length)?,
    };
    Some((one, &data[length..]))
}

/// The first box of a kind.
pub(super) fn first<'a>(list: &[Box<'a>], kind: &[u8; 4]) -> Option<&'a [u8]> {
    list.iter().find(|b| b.kind == *kind).map(|b| b.body)
}

/// Takes numbers from the front of bytes, the high byte first.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    /// A number of `bytes` bytes, at most eight; none is 0.
    pub(super) fn number(&mut self, bytes: usize) -> Option<u64> {
        let front = self.take(bytes)?;
        Some(front.iter().fold(0, |sum, &b| sum << 8 | u64::from(b)))
    }

    /// As [`Reader::number`], of at most four bytes.
    #[cfg(any(feature = "heic", feature = "avif"))]
    pub(super) fn small(&mut self, bytes: usize) -> Option<u32> {
        u32::try_from(self.number(bytes)?).ok()
    }

    /// The version and flags of a full box.
    #[cfg(any(feature = "heic", feature = "avif"))]
    pub(super) fn full(&mut self) -> Option<(u8, u32)> {
        let word = self.small(4)?;
        Some(((word >> 24) as u8, word & 0x00ff_ffff))
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_in_all_three_forms_are_understood_and_hostile_ones_end_the_list() {
        let file = b"\0\0\0\x09abcdX\0\0\0\x01long\0\0\0\0\0\0\0\x11Y\0\0\0\0lastZZ";
        let (list, rest) = split(file).expect("boxes");
        let bodies: Vec<&[u8]> = list.iter().map(|b| b.body).collect();
        assert_eq!(bodies, [&b"X"[..], b"Y", b"ZZ"]);
        assert!(rest.is_empty());
        for hostile in [
            &b"\0\0\0\x07abcd"[..],
            b"\xff\xff\xff\xffabcd",
            b"\0\0\0\x01abcd\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\0\0\0\x01abcd\0\0\0\0\0\0\0\x08",
            b"\0\0\0",
        ] {
            assert!(split(hostile).expect("survived").0.is_empty());
        }
        #[cfg(any(feature = "heic", feature = "avif"))]
        assert!(all(b"\0\0\0\x09abcd").is_err());
    }
}
