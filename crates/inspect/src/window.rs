//! A part of a file in memory, moved to where bytes are asked for.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// Bytes that are read at once.
const PIECE: usize = 1 << 16;

/// A file of which a part is in memory.
pub(super) struct Window<R> {
    from: R,
    /// Bytes of the file.
    end: u64,
    /// Where `held` begins.
    at: u64,
    held: Vec<u8>,
    /// Where the file's own cursor is.
    cursor: u64,
}

impl<R: Read + Seek> Window<R> {
    /// # Errors
    /// If the length of the file cannot be found.
    pub(super) fn new(mut from: R) -> io::Result<Self> {
        let end = from.seek(SeekFrom::End(0))?;
        Ok(Self {
            from,
            end,
            at: 0,
            held: Vec::new(),
            cursor: end,
        })
    }

    /// Bytes of the file.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// `length` bytes from a place on, fewer at the end of the file.
    ///
    /// # Errors
    /// If reading fails.
    pub(super) fn bytes(&mut self, at: u64, length: usize) -> io::Result<&[u8]> {
        let at = at.min(self.end);
        let length = (self.end - at).min(length as u64) as usize;
        let held = self.held.len() as u64;
        if at < self.at || at + length as u64 > self.at + held {
            // What is held already is kept.
            let kept = at.checked_sub(self.at).filter(|skip| *skip < held);
            match kept {
                Some(skip) => drop(self.held.drain(..skip as usize)),
                None => self.held.clear(),
            }
            self.at = at;
            let next = at + self.held.len() as u64;
            if self.cursor != next {
                self.from.seek(SeekFrom::Start(next))?;
            }
            let wanted = length.max(PIECE) - self.held.len().min(length.max(PIECE));
            let read = self
                .from
                .by_ref()
                .take(wanted as u64)
                .read_to_end(&mut self.held)?;
            self.cursor = next + read as u64;
        }
        let from = (at - self.at) as usize;
        let to = (from + length).min(self.held.len());
        Ok(self.held.get(from..to).unwrap_or_default())
    }

    /// Whether any byte of a part is not zero.
    ///
    /// # Errors
    /// If reading fails.
    pub(super) fn says_something(&mut self, mut at: u64, end: u64) -> io::Result<bool> {
        while at < end {
            let piece = self.bytes(at, (end - at).min(PIECE as u64) as usize)?;
            if piece.is_empty() {
                break;
            }
            if super::bytes::says_something(piece) {
                return Ok(true);
            }
            at += piece.len() as u64;
        }
        Ok(false)
    }
}

impl<'a> Window<Cursor<&'a [u8]>> {
    /// A file that is in memory.
    pub(super) fn memory(file: &'a [u8]) -> Self {
        Self {
            from: Cursor::new(file),
            end: file.len() as u64,
            at: 0,
            held: Vec::new(),
            cursor: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_can_be_asked_for_in_any_order() {
        let file: Vec<u8> = (0..300_000u32).map(|i| (i / 7) as u8).collect();
        let mut window = Window::new(Cursor::new(&file[..])).expect("in memory");
        for (at, length) in [
            (0, 9),
            (5, 70_000),
            (200_000, 10),
            (199_000, 1500),
            (299_999, 9),
            (70_004, 3),
        ] {
            let end = (at + length).min(file.len());
            let read = window.bytes(at as u64, length).expect("in memory");
            assert_eq!(read, &file[at..end], "{at}");
        }
        assert!(window.says_something(0, 300_000).expect("in memory"));
        assert_eq!(window.bytes(400_000, 3).expect("in memory"), b"");
    }
}
