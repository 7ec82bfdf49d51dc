//! What a JPEG file holds besides the picture: facts for the writer, names for the report.
//!
//! Invariant: of application data and comments nothing but parsed facts goes on, and nothing behind
//! the picture's end is looked at but for its name.

use super::super::exif::{self, Resolution, Unit};
use super::super::guard::Budget;
use super::super::notes::{Notes, contains};
use crate::content::ContentKind;
use crate::error::Result;
use crate::geometry::Size;
use jpeg_coefficients::{CodedImage, Segment, Visitor};
use std::error::Error as StdError;

/// What the file says about the picture besides the picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    pub(super) exif: exif::Facts,
    /// From JFIF, else from EXIF.
    pub(super) resolution: Option<Resolution>,
    /// A whole ICC profile.
    pub(super) icc: Option<Vec<u8>>,
}

/// Unused bytes behind a scan's last block that are no oversight: a picture was made to seem
/// smaller.
const HIDDEN: usize = 16;

/// Takes a file apart, into the picture and what lies behind it. Its pixels are paid for before
/// anything is allocated for them.
pub(super) fn split<'a>(
    file: &'a [u8],
    budget: &mut Budget,
    notes: &mut Notes,
) -> Result<(Header, CodedImage, &'a [u8])> {
    let mut reader = Reader {
        budget,
        notes,
        header: Header::default(),
        icc: Vec::new(),
        seen_exif: false,
        trailer: &[],
    };
    let coded = jpeg_coefficients::read(file, &mut reader)?;
    Ok((reader.header, coded, reader.trailer))
}

struct Reader<'a, 'n> {
    budget: &'n mut Budget,
    notes: &'n mut Notes,
    header: Header,
    /// Sequence number, count and data of each chunk.
    icc: Vec<(u8, u8, &'a [u8])>,
    seen_exif: bool,
    trailer: &'a [u8],
}

impl<'a> Visitor<'a> for Reader<'a, '_> {
    fn size(
        &mut self,
        size: jpeg_coefficients::Size,
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Ok(self.budget.take(Size::new(size.width, size.height), 1)?)
    }

    fn segment(&mut self, segment: Segment<'a>) {
        match segment.marker {
            0xe0..=0xef => self.application(segment.marker, segment.body),
            0xfe => self.notes.drop(ContentKind::Comment),
            _ => self.notes.drop(ContentKind::UnknownSegments),
        }
    }

    fn no_end_marker(&mut self) {
        self.notes
            .warn("the JPEG has no end marker, but all of its picture is there");
    }

    fn end(&mut self, trailer: &'a [u8], unused: usize) {
        if unused > HIDDEN {
            self.notes.drop(ContentKind::HiddenPictureData);
        }
        self.trailer = trailer;
        self.finish(trailer);
    }
}

impl<'a> Reader<'a, '_> {
    fn application(&mut self, marker: u8, body: &'a [u8]) {
        let starts = |with: &[u8]| body.starts_with(with);
        match marker {
            0xe0 if starts(b"JFIF\0") && body.len() >= 14 => self.jfif(body),
            0xe0 if starts(b"JFXX\0") => self.notes.drop(ContentKind::JfxxThumbnail),
            0xe1 if starts(b"Exif\0") => {
                let block = body.get(6..).unwrap_or_default();
                let facts = exif::read(block, self.notes);
                if !self.seen_exif {
                    self.header.exif = facts;
                    self.seen_exif = true;
                }
            }
            0xe1 if starts(b"http://ns.adobe.com/xap/1.0/\0") => self.notes.drop_xmp(body),
            0xe1 if starts(b"http://ns.adobe.com/xmp/extension/\0") => {
                self.notes.drop(ContentKind::XmpExtended);
                self.notes.drop_xmp(body);
            }
            0xe1 if starts(b"FLIR\0") => self.notes.drop(ContentKind::ThermalPicture),
            0xe2 if starts(b"ICC_PROFILE\0") && body.len() > 14 => {
                self.icc.push((body[12], body[13], &body[14..]));
            }
            0xe2 if starts(b"MPF\0") => {
                self.notes.drop(ContentKind::Mpf);
                self.notes.miss_pictures();
            }
            0xe2 if starts(b"urn:iso:std:iso:ts:21496:-1\0") => self.notes.gain_map(),
            0xeb if contains(&body[..body.len().min(64)], b"jumb") => self.notes.c2pa(),
            0xed if starts(b"Photoshop 3.0\0") => {
                self.notes.drop(ContentKind::Photoshop);
                if contains(body, b"8BIM\x04\x04") {
                    self.notes.drop(ContentKind::Iptc);
                }
                if contains(body, b"8BIM\x04\x0c") || contains(body, b"8BIM\x04\x09") {
                    self.notes.drop(ContentKind::PhotoshopThumbnail);
                }
            }
            0xee if starts(b"Adobe") && body.len() >= 12 => {
                if body.len() > 12 {
                    self.notes.drop(ContentKind::App14);
                }
            }
            _ => {
                let kind = ContentKind::app_segment(marker.wrapping_sub(0xe0));
                self.notes
                    .drop(kind.unwrap_or(ContentKind::UnknownSegments));
            }
        }
    }

    fn jfif(&mut self, body: &[u8]) {
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
            self.notes.drop(ContentKind::JfifThumbnail);
        }
    }

    /// Names what is behind the picture, and puts together what came in pieces.
    fn finish(&mut self, trailer: &[u8]) {
        if trailer.iter().any(|&b| b != 0) {
            self.notes.drop(ContentKind::Trailer);
            if contains(&trailer[..trailer.len().min(1 << 20)], b"ftyp") {
                self.notes.motion_video();
            } else if contains(&trailer[..trailer.len().min(1 << 20)], &[0xff, 0xd8, 0xff]) {
                self.notes.drop(ContentKind::FurtherPictures);
                self.notes.miss_pictures();
            }
        }
        self.header.resolution = self.header.resolution.or(self.header.exif.resolution);
        self.header.icc = self.whole_profile();
        if self.header.icc.is_none() && !self.icc.is_empty() {
            self.notes.drop(ContentKind::Icc);
            self.notes.warn(
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
