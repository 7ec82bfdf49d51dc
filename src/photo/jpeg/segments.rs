//! Walks the markers of a JPEG file once: header facts for the writer, names for the report, and a
//! copy of the coded picture alone for the decoder.
//!
//! Invariant: the copy holds tables, frame and scans of the first picture and nothing else: no
//! application data, no comment, nothing behind its end.

use super::super::exif::{self, Resolution, Unit};
use super::super::guard::{malformed, unsupported};
use super::super::notes::{Notes, contains};
use crate::error::Result;
use crate::geometry::Size;

/// Position in an 8x8 block of the n-th coefficient in file order, T.81 figure A.6.
#[rustfmt::skip]
const ZIGZAG: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// A quantisation table in natural (row by row) order.
pub(super) type QuantTable = [u16; 64];

/// A component as the frame header declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors across and down, 1..=4.
    pub(super) sampling: (u8, u8),
    /// Number of its quantisation table, 0..=3.
    pub(super) quant: u8,
}

/// What the file says about the picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    pub(super) size: Size,
    pub(super) components: Vec<Component>,
    pub(super) progressive: bool,
    /// Its Huffman tables are not the usual ones, which an encoder fitted to the picture.
    pub(super) optimised: bool,
    /// As defined before the first scan that needs them.
    pub(super) quant: [Option<QuantTable>; 4],
    pub(super) jfif: bool,
    /// The colour transform of an Adobe segment.
    pub(super) adobe: Option<u8>,
    pub(super) exif: exif::Facts,
    /// From JFIF, else from EXIF.
    pub(super) resolution: Option<Resolution>,
    /// A whole ICC profile.
    pub(super) icc: Option<Vec<u8>>,
}

impl Header {
    /// Whether a row of blocks of some component may take less than the 64 bits that the decoder
    /// looks ahead. In a file of several sequential scans it then takes the next scan's marker for the
    /// end of this one and leaves the last rows grey (zune-jpeg 0.5.15, `decode_mcu_width`).
    pub(super) fn is_narrow(&self) -> bool {
        let most = self
            .components
            .iter()
            .map(|c| c.sampling.0)
            .max()
            .unwrap_or(1);
        let blocks = |c: &Component| {
            let width = self.size.width * u32::from(c.sampling.0);
            width.div_ceil(8 * u32::from(most))
        };
        // A block is at least two codes of one bit each.
        self.components.iter().any(|c| blocks(c) <= 32)
    }
}

/// A file, taken apart.
pub(super) struct Parts {
    pub(super) header: Header,
    /// A JPEG stream for the decoder; components are numbered from 1.
    pub(super) stream: Vec<u8>,
}

/// Takes a file apart. `check` sees the size before anything is allocated for pixels.
pub(super) fn split(
    file: &[u8],
    notes: &mut Notes,
    check: &mut dyn FnMut(Size) -> Result<()>,
) -> Result<Parts> {
    let mut walk = Walk {
        file,
        at: 2,
        header: Header::default(),
        stream: Vec::with_capacity(file.len()),
        icc: Vec::new(),
        restart_interval: 0,
        scans: 0,
        seen_exif: false,
    };
    walk.stream.extend([0xff, 0xd8]);
    walk.run(notes, check)?;
    Ok(Parts {
        header: walk.header,
        stream: walk.stream,
    })
}

struct Walk<'a> {
    file: &'a [u8],
    at: usize,
    header: Header,
    stream: Vec<u8>,
    /// Sequence number, count and data of each chunk.
    icc: Vec<(u8, u8, &'a [u8])>,
    restart_interval: u32,
    scans: usize,
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
                0xc0..=0xc2 => {
                    self.frame(marker, body)?;
                    check(self.header.size)?;
                }
                0xc3 => return Err(unsupported("lossless JPEG is not handled")),
                0xc5..=0xc7 => return Err(unsupported("hierarchical JPEG is not handled")),
                0xc9..=0xcf => {
                    return Err(unsupported("JPEG with arithmetic coding is not handled"));
                }
                0xdc => return Err(hidden_height()),
                0xc4 => {
                    self.header.optimised |= !usual_tables(body);
                    self.copy(marker, body);
                }
                0xdb => {
                    self.quant_tables(body)?;
                    self.copy(marker, body);
                }
                0xdd => {
                    let bytes: [u8; 2] = body
                        .try_into()
                        .map_err(|_| malformed("a JPEG restart interval has a wrong length"))?;
                    self.restart_interval = u16::from_be_bytes(bytes).into();
                    self.copy(marker, body);
                }
                0xda => self.scan(body)?,
                0xe0..=0xef => self.application(marker, body, notes),
                0xfe => notes.drop("comment"),
                _ => notes.drop("unknown-segments"),
            }
        }
        if self.scans == 0 {
            return Err(malformed("the JPEG holds no picture"));
        }
        if self.scans > 1 && !self.header.progressive && self.header.is_narrow() {
            return Err(unsupported(
                "a small JPEG with several sequential scans is not handled; save it again with one",
            ));
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

    fn copy(&mut self, marker: u8, body: &[u8]) {
        let length = (body.len() as u16 + 2).to_be_bytes();
        self.stream.extend([0xff, marker, length[0], length[1]]);
        self.stream.extend(body);
    }

    fn frame(&mut self, marker: u8, body: &[u8]) -> Result<()> {
        if !self.header.components.is_empty() {
            return Err(malformed("the JPEG has two frame headers"));
        }
        let &[precision, h1, h0, w1, w0, count, ref rest @ ..] = body else {
            return Err(malformed("the JPEG's frame header is cut off"));
        };
        if precision != 8 {
            return Err(unsupported(format!(
                "JPEG with {precision} bits a sample is not handled, only 8"
            )));
        }
        let size = Size::new(
            u16::from_be_bytes([w1, w0]).into(),
            u16::from_be_bytes([h1, h0]).into(),
        );
        if size.height == 0 && size.width > 0 {
            return Err(hidden_height());
        }
        if rest.len() != usize::from(count) * 3 || !matches!(count, 1 | 3 | 4) {
            return Err(malformed(format!(
                "a JPEG with {count} components is not known"
            )));
        }
        let mut components: Vec<Component> = Vec::new();
        for c in rest.chunks_exact(3) {
            let component = Component {
                id: c[0],
                sampling: (c[1] >> 4, c[1] & 15),
                quant: c[2],
            };
            let (h, v) = component.sampling;
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) || component.quant > 3 {
                return Err(malformed("a JPEG component has impossible factors"));
            }
            if components.iter().any(|other| other.id == component.id) {
                return Err(malformed("two JPEG components have one name"));
            }
            components.push(component);
        }
        if let [only] = &mut components[..] {
            only.sampling = (1, 1); // T.81 A.2.2: a lone component's factors mean nothing
        }
        let mut renumbered = body[..6].to_vec();
        for (number, c) in (1..).zip(&components) {
            renumbered.extend([number, c.sampling.0 << 4 | c.sampling.1, c.quant]);
        }
        self.copy(marker, &renumbered);
        self.header.size = size;
        self.header.components = components;
        self.header.progressive = marker == 0xc2;
        Ok(())
    }

    fn quant_tables(&mut self, mut body: &[u8]) -> Result<()> {
        while let Some((&head, rest)) = body.split_first() {
            let (wide, number) = (head >> 4, usize::from(head & 15));
            let length = if wide == 0 { 64 } else { 128 };
            if number > 3 || wide > 1 || rest.len() < length {
                return Err(malformed("a JPEG quantisation table is damaged"));
            }
            let mut table = [0; 64];
            for (i, &place) in ZIGZAG.iter().enumerate() {
                table[usize::from(place)] = if wide == 0 {
                    rest[i].into()
                } else {
                    u16::from_be_bytes([rest[2 * i], rest[2 * i + 1]])
                };
            }
            if self.scans == 0 || self.header.quant[number].is_none() {
                self.header.quant[number] = Some(table);
            }
            body = &rest[length..];
        }
        Ok(())
    }

    /// Copies a scan's header and data.
    fn scan(&mut self, body: &[u8]) -> Result<()> {
        let damaged = || malformed("a JPEG scan header is damaged");
        let (&count, _) = body.split_first().ok_or_else(damaged)?;
        let count = usize::from(count);
        if !(1..=4).contains(&count) || body.len() != 4 + 2 * count {
            return Err(damaged());
        }
        let mut renumbered = body.to_vec();
        for i in 0..count {
            let id = body[1 + 2 * i];
            let number = self.header.components.iter().position(|c| c.id == id);
            renumbered[1 + 2 * i] = number.ok_or_else(damaged)? as u8 + 1;
        }
        self.copy(0xda, &renumbered);
        self.scans += 1;
        let data = self.file.get(self.at..).unwrap_or_default();
        let length = self.scan_length(data)?;
        self.stream.extend(&data[..length]);
        self.at += length;
        Ok(())
    }

    /// Bytes of coded data before the marker that ends it. Restart markers must count up: a gap
    /// means that a part of the picture is missing.
    fn scan_length(&self, data: &[u8]) -> Result<usize> {
        let mut expected = 0;
        let mut at = 0;
        loop {
            let rest = data.get(at..).unwrap_or_default();
            at += rest.iter().position(|&b| b == 0xff).ok_or_else(truncated)?;
            match *data.get(at + 1).ok_or_else(truncated)? {
                0 => at += 2,
                0xff => at += 1,
                marker @ 0xd0..=0xd7 => {
                    if self.restart_interval == 0 || marker - 0xd0 != expected {
                        return Err(malformed("the JPEG's restart markers are out of order"));
                    }
                    expected = (expected + 1) % 8;
                    at += 2;
                }
                _ => return Ok(at),
            }
        }
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

    /// Ends the stream, and puts together what came in pieces.
    fn finish(&mut self, notes: &mut Notes) {
        // A decoder that runs out of data before it has all blocks reads these ones, which are no
        // Huffman code (T.81 C.2 keeps the all-ones code free), instead of guessing grey.
        self.stream.extend([0xff, 0].repeat(8));
        self.stream.extend([0xff, 0xd9]);
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

/// Whether all Huffman tables of a segment have the code lengths of T.81, annex K.3.
fn usual_tables(mut body: &[u8]) -> bool {
    const USUAL: [[u8; 16]; 4] = [
        [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
        [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
        [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
    ];
    while let Some((counts, rest)) = body.get(1..).and_then(|b| b.split_at_checked(16)) {
        if !USUAL.iter().any(|usual| usual == counts) {
            return false;
        }
        let values: usize = counts.iter().map(|&n| usize::from(n)).sum();
        body = rest.get(values..).unwrap_or_default();
    }
    true
}

fn hidden_height() -> crate::error::Error {
    unsupported("JPEG that gives its height behind the picture (DNL) is not handled")
}
