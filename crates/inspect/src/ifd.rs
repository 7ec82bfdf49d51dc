//! The directories of a TIFF structure, as EXIF blocks, TIFF files and MPF share them: read with
//! every offset checked, and with a record of which bytes belong to something.
//!
//! Invariant: no directory is read twice, and the number of entries is bounded, so that neither a
//! loop nor a bomb can keep a reader busy.

use super::bytes::{Order, part, rest, text};
use std::collections::HashSet;

/// Directories in one structure; scans with thousands of pages exist.
const MOST_DIRECTORIES: usize = 20_000;
/// Entries of all of them together.
const MOST_ENTRIES: usize = 500_000;
/// Strips and tiles of all of them together.
const MOST_PIECES: usize = 1 << 21;

/// One entry. `value` is empty if it lies outside of the data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) tag: u16,
    pub(super) kind: u16,
    pub(super) value: &'a [u8],
    order: Order,
}

impl Entry<'_> {
    /// The `index`-th whole number.
    pub(super) fn number(&self, index: usize) -> Option<u64> {
        match self.kind {
            1 | 2 | 6 | 7 => self.value.get(index).copied().map(u64::from),
            3 | 8 => self.order.u16(self.value, index * 2).map(u64::from),
            4 | 9 | 13 => self.order.u32(self.value, index * 4).map(u64::from),
            16..=18 => self.order.u64(self.value, index * 8),
            _ => None,
        }
    }

    /// The first number as a place in the data.
    pub(super) fn offset(&self) -> Option<usize> {
        usize::try_from(self.number(0)?).ok()
    }

    /// How many numbers there are.
    pub(super) fn count(&self) -> usize {
        self.value.len() / width(self.kind).max(1)
    }

    /// The `index`-th fraction.
    pub(super) fn fraction(&self, index: usize) -> Option<f64> {
        if !matches!(self.kind, 5 | 10) {
            return None;
        }
        let above = self.order.u32(self.value, index * 8)?;
        let below = self.order.u32(self.value, index * 8 + 4)?;
        let signed = |v: u32| {
            if self.kind == 10 {
                f64::from(v.cast_signed())
            } else {
                f64::from(v)
            }
        };
        (below != 0).then(|| signed(above) / signed(below))
    }

    /// Its value in a few words.
    pub(super) fn words(&self) -> String {
        match self.kind {
            2 | 129 => text(self.value),
            7 if self.value.iter().all(|&b| (32..127).contains(&b) || b == 0) => text(self.value),
            5 | 10 => self
                .fraction(0)
                .map_or_else(String::new, |v| format!("{v:.4}")),
            1 | 7 if self.value.len() > 4 => format!("{} bytes", self.value.len()),
            _ => self.number(0).map_or_else(String::new, |v| v.to_string()),
        }
    }
}

/// Bytes that a value of a type takes (TIFF 6, BigTIFF, EXIF 3).
const fn width(kind: u16) -> usize {
    match kind {
        1 | 2 | 6 | 7 | 129 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 0,
    }
}

/// One directory.
#[derive(Clone, Debug)]
pub(super) struct Directory<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    /// Where the next one is, 0 for the last.
    pub(super) next: usize,
    /// Bytes of the structure that it is in.
    pub(super) reach: usize,
}

impl<'a> Directory<'a> {
    pub(super) fn find(&self, tag: u16) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    /// The first number of a tag.
    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        self.find(tag)?.number(0)
    }
}

/// A structure from its header on.
pub(super) struct Structure<'a> {
    pub(super) data: &'a [u8],
    pub(super) order: Order,
    big: bool,
    /// Where the first directory is.
    pub(super) first: usize,
    /// What belongs to something: begin and end.
    covered: Vec<(usize, usize)>,
    seen: HashSet<usize>,
    entries_left: usize,
    pieces_left: usize,
}

impl<'a> Structure<'a> {
    /// `None` if `data` does not begin with the header.
    pub(super) fn open(data: &'a [u8]) -> Option<Self> {
        let order = match data.get(..2)? {
            b"II" => Order::Little,
            b"MM" => Order::Big,
            _ => return None,
        };
        let (big, first) = match order.u16(data, 2)? {
            43 => (true, usize::try_from(order.u64(data, 8)?).ok()?),
            42 => (false, order.u32(data, 4)? as usize),
            _ => return None,
        };
        Some(Self {
            data,
            order,
            big,
            first,
            covered: vec![(0, if big { 16 } else { 8 })],
            seen: HashSet::new(),
            entries_left: MOST_ENTRIES,
            pieces_left: MOST_PIECES,
        })
    }

    /// Reads the directory at a place; `None` if there is none, or it was read before.
    pub(super) fn directory(&mut self, at: usize) -> Option<Directory<'a>> {
        if at == 0 || self.seen.len() >= MOST_DIRECTORIES || !self.seen.insert(at) {
            return None;
        }
        let order = self.order;
        let (head, each) = if self.big { (8, 20) } else { (2, 12) };
        let count = if self.big {
            usize::try_from(order.u64(self.data, at)?).ok()?
        } else {
            order.u16(self.data, at)?.into()
        };
        let begin = at.checked_add(head)?;
        let fits = rest(self.data, begin).len() / each;
        let count = count.min(fits).min(self.entries_left);
        self.entries_left -= count;
        let mut entries = Vec::with_capacity(count.min(1000));
        for i in 0..count {
            let raw = part(self.data, begin + i * each, each)?;
            entries.push(self.entry(raw)?);
        }
        let end = begin + count * each;
        let next = if self.big {
            order
                .u64(self.data, end)
                .and_then(|v| usize::try_from(v).ok())
        } else {
            order.u32(self.data, end).map(|v| v as usize)
        };
        let tail = if self.big { 8 } else { 4 };
        self.cover(at, end + tail - at);
        Some(Directory {
            entries,
            next: next.unwrap_or(0),
            reach: self.data.len(),
        })
    }

    fn entry(&mut self, raw: &'a [u8]) -> Option<Entry<'a>> {
        let order = self.order;
        let (tag, kind) = (order.u16(raw, 0)?, order.u16(raw, 2)?);
        let (count, inline) = if self.big {
            (order.u64(raw, 4)?, part(raw, 12, 8)?)
        } else {
            (order.u32(raw, 4)?.into(), part(raw, 8, 4)?)
        };
        let length = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(width(kind)))
            .unwrap_or(usize::MAX);
        let value = if length <= inline.len() {
            inline.get(..length).unwrap_or_default()
        } else {
            let at = if self.big {
                usize::try_from(order.u64(inline, 0)?).unwrap_or(usize::MAX)
            } else {
                order.u32(inline, 0)? as usize
            };
            let value = part(self.data, at, length).unwrap_or_default();
            self.cover(at, value.len());
            value
        };
        Some(Entry {
            tag,
            kind,
            value,
            order,
        })
    }

    /// Whether one more strip or tile may be looked at.
    pub(super) fn takes_a_piece(&mut self) -> bool {
        let left = self.pieces_left > 0;
        self.pieces_left = self.pieces_left.saturating_sub(1);
        left
    }

    /// Bytes that belong to something.
    pub(super) fn cover(&mut self, at: usize, length: usize) {
        if length > 0 {
            self.covered.push((at, at.saturating_add(length)));
        }
    }

    /// Stretches of bytes that belong to nothing and are not all zero. Up to three bytes are
    /// padding.
    pub(super) fn uncovered(&mut self) -> Vec<&'a [u8]> {
        self.covered.sort_unstable();
        let mut found = Vec::new();
        let mut at = 0;
        let end = (self.data.len(), usize::MAX);
        for &(begin, stop) in self.covered.iter().chain([&end]) {
            if begin > at {
                let gap = part(self.data, at, begin.min(self.data.len()).saturating_sub(at));
                let gap = gap.unwrap_or_default();
                if gap.len() > 3 && super::bytes::says_something(gap) {
                    found.push(gap);
                }
            }
            at = at.max(stop);
        }
        found
    }
}
