//! The bytes of a TIFF as the codec reads them. The codec takes no notice of FillOrder, so the bytes of a
//! page that packs its samples from the lowest bit up are turned around on their way to it.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// A file in memory.
#[derive(Debug)]
pub(super) struct Source<'a> {
    bytes: Cursor<&'a [u8]>,
    /// Whether bytes are handed out with their bits in reverse. Set for strips and tiles only: tags are
    /// never turned.
    pub(super) reversed: bool,
}

impl<'a> Source<'a> {
    pub(super) const fn new(file: &'a [u8]) -> Self {
        Self {
            bytes: Cursor::new(file),
            reversed: false,
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        if self.reversed {
            for byte in &mut buffer[..read] {
                *byte = byte.reverse_bits();
            }
        }
        Ok(read)
    }
}

impl Seek for Source<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}
