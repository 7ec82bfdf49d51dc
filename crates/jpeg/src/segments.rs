//! Walks the markers of a JPEG file once: the picture for [`Builder`], all other segments for a
//! [`Visitor`].
//!
//! Invariant: nothing behind the picture's end is looked at.

use super::coded::{Builder, CodedImage, Header};
use super::frame::{hidden_height, hierarchical};
use crate::error::{Error, Result, malformed};
use crate::geometry::Size;
use std::error::Error as StdError;

/// A segment that holds nothing of the picture: application data, a comment, or of an unknown kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The second byte of its marker: `0xe0..=0xef` for APP0 to APP15, `0xfe` for a comment.
    pub marker: u8,
    /// What follows its length field, at most 65533 bytes.
    pub body: &'a [u8],
}

/// Sees what a file holds besides the picture, and may refuse the picture's size. [`MaxPixels`] is
/// the simplest one.
pub trait Visitor<'a> {
    /// Sees the picture's size before memory is taken for it. A progressive file of a few bytes may
    /// announce 65535 by 65535 pixels; each takes 2 to 8 bytes of memory.
    ///
    /// # Errors
    ///
    /// An error ends the reading; it becomes the source of one of
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge).
    fn size(&mut self, size: Size) -> Result<(), Box<dyn StdError + Send + Sync>>;

    /// Sees a segment that holds nothing of the picture, in the order of the file.
    fn segment(&mut self, segment: Segment<'a>) {
        let _ = segment;
    }

    /// Called if the file ends without an end marker, though all of its picture is there: some
    /// phones write panoramas so. [`Visitor::end`] follows.
    fn no_end_marker(&mut self) {}

    /// Called once behind the picture's end. `trailer` are the bytes of the file behind it.
    /// `unused` counts bytes within scans that no block needed: an encoder leaves none, but a file
    /// whose header was changed to a smaller height has many.
    fn end(&mut self, trailer: &'a [u8], unused: usize) {
        let _ = (trailer, unused);
    }
}

/// A [`Visitor`] that refuses pictures of more than so many pixels, and looks at nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPixels(pub u64);

impl Visitor<'_> for MaxPixels {
    fn size(&mut self, size: Size) -> Result<(), Box<dyn StdError + Send + Sync>> {
        if size.area() <= self.0 {
            return Ok(());
        }
        let (width, height) = (size.width, size.height);
        let message = format!("{width}x{height} pixels are more than {}", self.0);
        Err(message.into())
    }
}

/// Reads a file.
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) if it is damaged or incomplete,
/// [`Unsupported`](crate::ErrorKind::Unsupported) if it uses what this crate does not handle,
/// [`TooLarge`](crate::ErrorKind::TooLarge) if `visitor` refuses its size.
pub fn read<'a>(file: &'a [u8], visitor: &mut dyn Visitor<'a>) -> Result<CodedImage> {
    if !file.starts_with(&[0xff, 0xd8]) {
        return Err(malformed("the file does not begin as a JPEG"));
    }
    let mut walk = Walk {
        file,
        at: 2,
        header: Header::default(),
        picture: Builder::default(),
    };
    walk.run(visitor)?;
    walk.picture.finish(&walk.header)
}

struct Walk<'a> {
    file: &'a [u8],
    at: usize,
    header: Header,
    picture: Builder,
}

fn truncated() -> Error {
    malformed("the JPEG ends in the middle of its picture data")
}

impl<'a> Walk<'a> {
    fn run(&mut self, visitor: &mut dyn Visitor<'a>) -> Result<()> {
        loop {
            let marker = match self.next_marker() {
                Ok(marker) => marker,
                Err(_) if self.picture.is_complete() => {
                    self.at = self.file.len();
                    visitor.no_end_marker();
                    break;
                }
                Err(error) => return Err(error),
            };
            match marker {
                0xd9 => break,
                0x01 | 0xd0..=0xd7 => continue, // stand alone, and mean nothing here
                0xd8 => {
                    return Err(malformed(
                        "the JPEG begins a second picture inside the first",
                    ));
                }
                _ => {}
            }
            let body = self.segment()?;
            match marker {
                0xdc => return Err(hidden_height()),
                0xde | 0xdf => return Err(hierarchical()),
                0xc4 => self.picture.codes(body)?,
                0xc0..=0xcf => {
                    let check = &mut |size| visitor.size(size).map_err(Error::too_large);
                    self.picture.frame(marker, body, check)?;
                }
                0xdb => self.picture.quant_tables(body)?,
                0xdd => self.picture.restart_interval(body)?,
                0xda => {
                    let data = self.file.get(self.at..).unwrap_or_default();
                    self.at += self.picture.scan(body, data)?;
                }
                _ => {
                    self.header.take(marker, body);
                    visitor.segment(Segment { marker, body });
                }
            }
        }
        let trailer = self.file.get(self.at..).unwrap_or_default();
        visitor.end(trailer, self.picture.unused());
        Ok(())
    }

    /// Moves behind the next marker. Stray bytes before it are skipped, as all decoders do.
    fn next_marker(&mut self) -> Result<u8> {
        loop {
            let rest = self.file.get(self.at..).unwrap_or_default();
            let skip = rest.iter().position(|&b| b == 0xff).ok_or_else(truncated)?;
            let fill = rest[skip..].iter().take_while(|&&b| b == 0xff).count();
            let marker = *rest.get(skip + fill).ok_or_else(truncated)?;
            self.at += skip + fill + 1;
            if marker != 0 {
                return Ok(marker);
            }
        }
    }

    /// The bytes of the segment whose length field is next.
    fn segment(&mut self) -> Result<&'a [u8]> {
        let field = self.file.get(self.at..self.at + 2).ok_or_else(truncated)?;
        let length = usize::from(field[0]) << 8 | usize::from(field[1]);
        if length < 2 {
            return Err(malformed("a JPEG segment is shorter than its own header"));
        }
        let body = self.file.get(self.at + 2..self.at + length);
        self.at += length;
        body.ok_or_else(truncated)
    }
}
