//! The HDR gain map of a JPEG: a second, smaller JPEG behind the picture that says how much
//! brighter a display may show each place (Ultra HDR, ISO 21496-1). It shows faces as well as the
//! picture does, so it is covered under the same masks, and its container is written anew.
//!
//! Invariant: behind the picture lies the map and nothing else, and in its header only numbers.

mod numbers;

use super::super::guard::Budget;
use super::super::notes::Notes;
use super::super::raw;
use super::encode;
use super::segments::Header;
use super::{Body, Jpeg};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Size;
use numbers::{ISO, Numbers};

/// What a segment with an XMP packet begins with.
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// What a segment with the list of pictures begins with.
const MPF: &[u8] = b"MPF\0";
/// Most pictures behind the main one that are looked at.
const MOST: usize = 8;
/// By how much the proportions of the map and of the picture may differ: a map's sides are whole.
const SAME_SHAPE: f64 = 0.05;

/// A gain map, and how it is applied.
pub(super) struct GainMap {
    image: Box<Jpeg>,
    numbers: Numbers,
    /// Whether nothing else was behind the picture.
    is_alone: bool,
}

impl GainMap {
    /// The first one behind a picture of this size, if its numbers make sense.
    pub(super) fn find(trailer: &[u8], picture: Size, budget: &mut Budget) -> Option<Self> {
        raw::jpegs(trailer).take(MOST).find_map(|file| {
            let numbers = numbers_of(file)?;
            let image = super::read(file, budget, &mut Notes::default()).ok()?;
            let shape = |size: Size| f64::from(size.width) / f64::from(size.height);
            let alike = (shape(image.size(0)) / shape(picture) - 1.0).abs() <= SAME_SHAPE;
            alike.then(|| Self {
                image: Box::new(image),
                numbers,
                is_alone: file.len() == trailer.len(),
            })
        })
    }

    pub(super) const fn is_alone(&self) -> bool {
        self.is_alone
    }

    pub(super) fn image(&mut self) -> &mut Jpeg {
        &mut self.image
    }

    pub(super) fn size(&self) -> Size {
        self.image.size(0)
    }

    /// A file of the picture that `write` gives with further segments, and of the map.
    pub(super) fn write_behind(
        &self,
        write: impl FnOnce(Vec<(u8, Vec<u8>)>) -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let own = vec![
            (0xe1, [XMP, self.numbers.packet().as_bytes()].concat()),
            (0xe2, [ISO, &self.numbers.block()].concat()),
        ];
        let map = encode::write(&self.image.coded, &Header::default(), None, own)?;
        // The block of the picture itself says the versions only.
        let mut file = write(vec![
            (0xe1, [XMP, directory(map.len()).as_bytes()].concat()),
            (0xe2, [ISO, &[0; 4]].concat()),
            (0xe2, list(0, 0, 0)),
        ])?;
        let at = file.windows(MPF.len()).position(|w| w == MPF);
        let whole = at.and_then(|at| {
            let places = file.len() - (at + MPF.len());
            let list = list(file.len(), map.len(), places);
            file.get_mut(at..at + list.len())?.copy_from_slice(&list);
            file.extend(map);
            Some(file)
        });
        whole.ok_or_else(|| Error::new(ErrorKind::Internal, "the list of pictures is missing"))
    }
}

/// The numbers in the header of a map's file.
fn numbers_of(file: &[u8]) -> Option<Numbers> {
    let (mut at, mut from_xmp) = (2, None);
    loop {
        let &[0xff, marker, high, low] = file.get(at..at + 4)? else {
            return from_xmp;
        };
        if !matches!(marker, 0xc0..=0xcf | 0xdb | 0xdd | 0xe0..=0xef | 0xfe) {
            return from_xmp;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let body = file.get(at + 4..at + 2 + length)?;
        at += 2 + length;
        if let Some(block) = body.strip_prefix(ISO) {
            // More exact than the decimals of a packet.
            if let Some(numbers) = Numbers::from_iso(block) {
                return Some(numbers);
            }
        } else if let Some(packet) = body.strip_prefix(XMP) {
            from_xmp = from_xmp.or(Numbers::from_xmp(packet));
        }
    }
}

/// The packet of the picture, which says how long the map is.
fn directory(map: usize) -> String {
    let item = |semantic: &str, length: String| {
        format!(
            "<rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Semantic=\"{semantic}\" \
             Item:Mime=\"image/jpeg\"{length}/></rdf:li>"
        )
    };
    format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" \
         xmlns:Container=\"http://ns.google.com/photos/1.0/container/\" \
         xmlns:Item=\"http://ns.google.com/photos/1.0/container/item/\" \
         xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" hdrgm:Version=\"1.0\">\
         <Container:Directory><rdf:Seq>{}{}</rdf:Seq></Container:Directory>\
         </rdf:Description></rdf:RDF></x:xmpmeta>",
        item("Primary", String::new()),
        item("GainMap", format!(" Item:Length=\"{map}\""))
    )
}

/// The list of pictures (CIPA DC-007): this one and the map, whose place is counted from the list's
/// own header.
fn list(picture: usize, map: usize, place: usize) -> Vec<u8> {
    let mut list = MPF.to_vec();
    list.extend(b"MM\0*\0\0\0\x08\0\x03");
    list.extend(b"\xb0\0\0\x07\0\0\0\x040100");
    list.extend(b"\xb0\x01\0\x04\0\0\0\x01\0\0\0\x02");
    list.extend(b"\xb0\x02\0\x07\0\0\0\x20\0\0\0\x32\0\0\0\0");
    // The first is the primary picture, a baseline JPEG.
    for [kind, size, place] in [[0x0003_0000, picture, 0], [0, map, place]] {
        for number in [kind, size, place, 0] {
            list.extend((number as u32).to_be_bytes());
        }
    }
    list
}
