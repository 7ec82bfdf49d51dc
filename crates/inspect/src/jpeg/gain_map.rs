//! A JPEG with an HDR gain map behind it and nothing else (Ultra HDR, ISO 21496-1): the container
//! that has one known form, of fixed text and numbers. Any other is named part by part.
//!
//! Invariant: of such a file every byte behind the picture and in the segments that lead there is
//! fixed, a number of bounded length, or part of the map's own picture, which is looked through.

use super::super::bytes::{Order, part, rest};

/// What segments begin with.
const ISO: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// A number in text: at most two digits before its point and six behind, and a sign; or a length.
const LONGEST: usize = 10;
/// Numbers in the binary block are counted in millionths.
const PARTS: u32 = 1_000_000;
/// Largest of them in size: what a gain may be.
const MOST: i32 = 100_000_000;

const PICTURE_PACKET: &str = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
<rdf:Description rdf:about=\"\" xmlns:Container=\"http://ns.google.com/photos/1.0/container/\" \
xmlns:Item=\"http://ns.google.com/photos/1.0/container/item/\" \
xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" hdrgm:Version=\"1.0\">\
<Container:Directory><rdf:Seq><rdf:li rdf:parseType=\"Resource\">\
<Container:Item Item:Semantic=\"Primary\" Item:Mime=\"image/jpeg\"/></rdf:li>\
<rdf:li rdf:parseType=\"Resource\">\
<Container:Item Item:Semantic=\"GainMap\" Item:Mime=\"image/jpeg\" Item:Length=\"*\"/></rdf:li>\
</rdf:Seq></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>";

const MAP_HEAD: &str = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
<rdf:Description rdf:about=\"\" xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" \
hdrgm:Version=\"1.0\" hdrgm:BaseRenditionIsHDR=\"False\" \
hdrgm:HDRCapacityMin=\"*\" hdrgm:HDRCapacityMax=\"*\"";
const MAP_FOOT: &str = "</rdf:Description></rdf:RDF></x:xmpmeta>";
const PER_CHANNEL: [&str; 5] = [
    "GainMapMin",
    "GainMapMax",
    "Gamma",
    "OffsetSDR",
    "OffsetHDR",
];

/// The list of pictures, with a star for each byte of the sizes and the place.
const LIST: &[u8] = b"MPF\0MM\0*\0\0\0\x08\0\x03\xb0\0\0\x07\0\0\0\x040100\
\xb0\x01\0\x04\0\0\0\x01\0\0\0\x02\xb0\x02\0\x07\0\0\0\x20\0\0\0\x32\0\0\0\0\
\0\x03\0\0****\0\0\0\0\0\0\0\0\0\0\0\0********\0\0\0\0";
/// Where the stars are.
const PLACES: [usize; 3] = [58, 74, 78];

/// Which of the segments were there in their known form.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parts<'a> {
    /// Segments of the picture, with the place of the list's header in the file.
    packet: Option<(&'a [u8], u64)>,
    block: Option<&'a [u8]>,
    list: Option<(&'a [u8], usize, [u32; 3])>,
    /// Segments of the map.
    numbers: Option<&'a [u8]>,
    numbers_block: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// Takes a segment of application data that ends at a place of the file, if it is one of the
    /// known form.
    pub(super) fn take(&mut self, body: &'a [u8], end: usize) -> bool {
        if let Some(packet) = body.strip_prefix(XMP) {
            if let (Some(length), None) = (length(packet), self.packet) {
                self.packet = Some((body, length));
                return true;
            }
            if is_numbers(packet) && self.numbers.is_none() {
                self.numbers = Some(body);
                return true;
            }
        } else if let Some(block) = body.strip_prefix(ISO) {
            if block == [0; 4] && self.block.is_none() {
                self.block = Some(body);
                return true;
            }
            if is_block(block) && self.numbers_block.is_none() {
                self.numbers_block = Some(body);
                return true;
            }
        } else if let (Some(numbers), None) = (list(body), self.list) {
            self.list = Some((body, end - (body.len() - 4), numbers));
            return true;
        }
        false
    }

    /// Whether they are those of a picture that ends at a place, and of a map that reaches from
    /// there to the end of the file. Gives the map.
    pub(super) fn map(&self, file: &'a [u8], end: usize) -> Option<&'a [u8]> {
        let ((_, length), _, (_, header, [picture, map, place])) =
            (self.packet?, self.block?, self.list?);
        let behind = rest(file, end);
        let fits = self.numbers.is_none()
            && self.numbers_block.is_none()
            && picture as usize == end
            && map as usize == behind.len()
            && length == behind.len() as u64
            && header.checked_add(place as usize) == Some(end);
        fits.then_some(behind)
    }

    /// Whether they are those of a map.
    pub(super) fn are_of_map(&self) -> bool {
        let [of_picture, of_map] = self.by_owner();
        of_picture.iter().all(Option::is_none) && of_map.iter().all(Option::is_some)
    }

    /// All that were taken, as the usual segments of their kinds.
    pub(super) fn taken(&self) -> impl Iterator<Item = &'a [u8]> {
        let [of_picture, of_map] = self.by_owner();
        of_picture.into_iter().chain(of_map).flatten()
    }

    fn by_owner(&self) -> [Vec<Option<&'a [u8]>>; 2] {
        [
            vec![self.packet.map(|p| p.0), self.block, self.list.map(|l| l.0)],
            vec![self.numbers, self.numbers_block],
        ]
    }
}

/// The length of the map that the picture's packet announces.
fn length(packet: &[u8]) -> Option<u64> {
    let (before, behind) = PICTURE_PACKET.split_once('*')?;
    let digits = packet.strip_prefix(before.as_bytes())?;
    let digits = digits.strip_suffix(behind.as_bytes())?;
    let fine = digits.len() <= LONGEST && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits)
        .ok()
        .filter(|_| fine)?
        .parse()
        .ok()
}

/// Whether a packet holds the numbers of a gain map, and nothing else.
fn is_numbers(packet: &[u8]) -> bool {
    let (mut tags, mut lists) = (String::new(), String::new());
    for name in PER_CHANNEL {
        tags += &format!(" hdrgm:{name}=\"*\"");
        let items = "<rdf:li>*</rdf:li>".repeat(3);
        lists += &format!("<hdrgm:{name}><rdf:Seq>{items}</rdf:Seq></hdrgm:{name}>");
    }
    let forms = [
        format!("{MAP_HEAD}{tags}>{MAP_FOOT}"),
        format!("{MAP_HEAD}>{lists}{MAP_FOOT}"),
    ];
    forms.iter().any(|form| has_form(packet, form))
}

/// Whether a text is a form with a number in place of each star.
fn has_form(text: &[u8], form: &str) -> bool {
    let mut parts = form.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut left) = text.strip_prefix(first.as_bytes()) else {
        return false;
    };
    for part in parts {
        let is_digit = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-');
        let length = left.iter().take_while(|b| is_digit(b)).count();
        let (number, behind) = left.split_at(length);
        let number = std::str::from_utf8(number).unwrap_or_default();
        let Some(behind) = behind.strip_prefix(part.as_bytes()) else {
            return false;
        };
        if length > LONGEST || number.parse::<f64>().is_err() {
            return false;
        }
        left = behind;
    }
    left.is_empty()
}

/// Whether a binary block holds numbers in millionths, and nothing else.
fn is_block(block: &[u8]) -> bool {
    let channels = match block {
        [0, 0, 0, 0, 0x00 | 0x40, ..] => 1,
        [0, 0, 0, 0, 0x80 | 0xc0, ..] => 3,
        _ => return false,
    };
    let numbers = rest(block, 5);
    let fine = |at: usize| {
        let above = Order::Big.u32(numbers, at).unwrap_or(u32::MAX) as i32;
        (-MOST..=MOST).contains(&above) && Order::Big.u32(numbers, at + 4) == Some(PARTS)
    };
    let count = 2 + 5 * channels;
    numbers.len() == 8 * count && (0..count).all(|n| fine(8 * n))
}

/// The sizes of both pictures and the place of the second, from the list of pictures.
fn list(body: &[u8]) -> Option<[u32; 3]> {
    let alike = |(own, form): (&u8, &u8)| own == form || *form == b'*';
    // The number of a TIFF is a star, too.
    let is_list = body.len() == LIST.len()
        && body.iter().zip(LIST).all(alike)
        && part(body, 4, 4) == Some(b"MM\0*");
    let [a, b, c] = PLACES.map(|at| Order::Big.u32(body, at));
    is_list.then_some([a?, b?, c?])
}
