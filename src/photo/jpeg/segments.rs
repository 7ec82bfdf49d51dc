//! Walks the markers of a JPEG file once: the picture for [`Builder`], header facts for the writer,
//! names for the report.
//!
//! Invariant: of application data and comments nothing but parsed facts goes on, and nothing behind
//! the picture's end is looked at but for its name.

use super::super::exif::{self, Resolution, Unit};
use super::super::guard::malformed;
use super::super::notes::{Notes, contains};
use super::coded::{Builder, Coded};
use super::frame::{hidden_height, hierarchical};
use crate::error::Result;
use crate::geometry::Size;

/// What the file says about the picture besides the picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    pub(super) jfif: bool,
    /// The colour transform of an Adobe segment.
    pub(super) adobe: Option<u8>,
    pub(super) exif: exif::Facts,
    /// From JFIF, else from EXIF.
    pub(super) resolution: Option<Resolution>,
    /// A whole ICC profile.
    pub(super) icc: Option<Vec<u8>>,
}

/// Unused bytes behind a scan's last block that are no oversight: a picture was made to seem smaller.
const HIDDEN: usize = 16;

/// Takes a file apart. `check` sees the size before anything is allocated for pixels.
pub(super) fn split(
    file: &[u8],
    notes: &mut Notes,
    check: &mut dyn FnMut(Size) -> Result<()>,
) -> Result<(Header, Coded)> {
    let mut walk = Walk {
        file,
        at: 2,
        header: Header::default(),
        picture: Builder::default(),
        icc: Vec::new(),
        seen_exif: false,
    };
    walk.run(notes, check)?;
    Ok((walk.header, walk.picture.finish()?))
}

struct Walk<'a> {
    file: &'a [u8],
    at: usize,
    header: Header,
    picture: Builder,
    /// Sequence number, count and data of each chunk.
    icc: Vec<(u8, u8, &'a [u8])>,
    seen_exif: bool,
}

fn truncated() -> crate::error::Error {
    malformed("the JPEG ends in the middle of its picture data")
}

impl<'a> Walk<'a> {
    fn run(&mut self, notes: &mut Notes, check: &mut dyn FnMut(Size) -> Result<()>) -> Result<()> {
        loop {
            let marker = self.next_marker()?;
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
                0xc0..=0xcf => self.picture.frame(marker, body, check)?,
                0xdb => self.picture.quant_tables(body)?,
                0xdd => self.picture.restart_interval(body)?,
                0xda => {
                    let data = self.file.get(self.at..).unwrap_or_default();
                    self.at += self.picture.scan(body, data)?;
                }
                0xe0..=0xef => self.application(marker, body, notes),
                0xfe => notes.drop("comment"),
                _ => notes.drop("unknown-segments"),
            }
        }
        if self.picture.unused() > HIDDEN {
            notes.drop("hidden-picture-data");
        }
        self.finish(notes);
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

    fn application(&mut self, marker: u8, body: &'a [u8], notes: &mut Notes) {
        let starts = |with: &[u8]| body.starts_with(with);
        match marker {
            0xe0 if starts(b"JFIF\0") && body.len() >= 14 => self.jfif(body, notes),
            0xe0 if starts(b"JFXX\0") => notes.drop("jfxx-thumbnail"),
            0xe1 if starts(b"Exif\0") => {
                let block = body.get(6..).unwrap_or_default();
                let facts = exif::read(block, notes);
                if !self.seen_exif {
                    self.header.exif = facts;
                    self.seen_exif = true;
                }
            }
            0xe1 if starts(b"http://ns.adobe.com/xap/1.0/\0") => notes.drop_xmp(body),
            0xe1 if starts(b"http://ns.adobe.com/xmp/extension/\0") => {
                notes.drop("xmp-extended");
                notes.drop_xmp(body);
            }
            0xe1 if starts(b"FLIR\0") => notes.drop("thermal-picture"),
            0xe2 if starts(b"ICC_PROFILE\0") && body.len() > 14 => {
                self.icc.push((body[12], body[13], &body[14..]));
            }
            0xe2 if starts(b"MPF\0") => {
                notes.drop("mpf");
                notes.miss("further pictures behind the main one");
            }
            0xe2 if starts(b"urn:iso:std:iso:ts:21496:-1\0") => notes.gain_map(),
            0xeb if contains(&body[..body.len().min(64)], b"jumb") => notes.c2pa(),
            0xed if starts(b"Photoshop 3.0\0") => {
                notes.drop("photoshop");
                if contains(body, b"8BIM\x04\x04") {
                    notes.drop("iptc");
                }
                if contains(body, b"8BIM\x04\x0c") || contains(body, b"8BIM\x04\x09") {
                    notes.drop("photoshop-thumbnail");
                }
            }
            0xee if starts(b"Adobe") && body.len() >= 12 => {
                self.header.adobe = Some(body[11]);
                if body.len() > 12 {
                    notes.drop("app14");
                }
            }
            _ => notes.drop(format!("app{}", marker - 0xe0)),
        }
    }

    fn jfif(&mut self, body: &[u8], notes: &mut Notes) {
        self.header.jfif = true;
        let number = |at: usize| u32::from(body[at]) << 8 | u32::from(body[at + 1]);
        let unit = match body[7] {
            1 => Unit::Inch,
            2 => Unit::Centimetre,
            _ => Unit::Aspect,
        };
        let resolution = Resolution {
            x: (number(8), 1),
            y: (number(10), 1),
            unit,
        };
        let says_something = unit != Unit::Aspect || resolution.x != resolution.y;
        if resolution.rounded().is_some() && says_something {
            self.header.resolution = Some(resolution);
        }
        if body[12] > 0 && body[13] > 0 {
            notes.drop("jfif-thumbnail");
        }
    }

    /// Names what is behind the picture, and puts together what came in pieces.
    fn finish(&mut self, notes: &mut Notes) {
        if self.file[self.at..].iter().any(|&b| b != 0) {
            notes.drop("trailer");
            let trailer = &self.file[self.at..];
            if contains(&trailer[..trailer.len().min(1 << 20)], b"ftyp") {
                notes.motion_video();
            } else if contains(&trailer[..trailer.len().min(1 << 20)], &[0xff, 0xd8, 0xff]) {
                notes.drop("further-pictures");
                notes.miss("further pictures behind the main one");
            }
        }
        self.header.resolution = self.header.resolution.or(self.header.exif.resolution);
        self.header.icc = self.whole_profile();
        if self.header.icc.is_none() && !self.icc.is_empty() {
            notes.drop("icc");
            notes.warn(
                "the colour profile is incomplete and was dropped: colours may look different",
            );
        }
    }

    /// The chunks in their order, if all are there (ICC.1:2022, B.4).
    fn whole_profile(&mut self) -> Option<Vec<u8>> {
        let count = self.icc.first()?.1;
        self.icc.sort_by_key(|chunk| chunk.0);
        let complete = self.icc.len() == usize::from(count)
            && (1..=count)
                .zip(&self.icc)
                .all(|(i, c)| c.0 == i && c.1 == count);
        complete.then(|| self.icc.iter().flat_map(|chunk| chunk.2).copied().collect())
    }
}
