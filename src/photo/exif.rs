//! EXIF in and out: what is needed to show a picture right is read with a library, and written again
//! by the few lines here from the parsed values.
//!
//! Invariant: no byte of a source's EXIF block is ever copied.

use super::notes::Notes;
use crate::geometry::Orientation;
use exif::{Context, Exif, In, Reader, Tag, Value};

/// What a resolution is counted per.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Unit {
    /// Only the ratio of x to y means something.
    #[default]
    Aspect,
    Inch,
    Centimetre,
}

/// Pixels per unit as fractions, as EXIF and TIFF store them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resolution {
    pub(super) x: (u32, u32),
    pub(super) y: (u32, u32),
    pub(super) unit: Unit,
}

impl Resolution {
    /// Whole pixels per unit, where they are neither 0 nor absurd.
    pub(super) fn rounded(&self) -> Option<(u16, u16)> {
        let whole = |(above, below): (u32, u32)| {
            let rounded = (u64::from(above) + u64::from(below) / 2).checked_div(below.into())?;
            u16::try_from(rounded).ok().filter(|&v| v > 0)
        };
        Some((whole(self.x)?, whole(self.y)?))
    }
}

/// The part of an EXIF block that is written again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) orientation: Orientation,
    pub(super) resolution: Option<Resolution>,
    /// The camera's way to say AdobeRGB without a profile: interoperability index R03.
    pub(super) adobe_rgb: bool,
}

/// Reads a block that begins with its TIFF header, or with `Exif\0\0` before that. Names what else it
/// held in `notes`. Damage beyond the first directory is ignored; a block that cannot be read at all
/// means nothing.
pub(super) fn read(block: &[u8], notes: &mut Notes) -> Facts {
    let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    let parsed = Reader::new()
        .continue_on_error(true)
        .read_raw(block.to_vec())
        .or_else(|error| error.distill_partial_result(|_| {}));
    let Ok(parsed) = parsed else {
        notes.drop("exif");
        return Facts::default();
    };
    name_the_rest(&parsed, notes);
    let number = |tag| {
        let field = parsed.get_field(tag, In::PRIMARY)?;
        field.value.get_uint(0)
    };
    let fraction = |tag| match &parsed.get_field(tag, In::PRIMARY)?.value {
        Value::Rational(v) => v.first().map(|r| (r.num, r.denom)),
        _ => None,
    };
    let unit = match number(Tag::ResolutionUnit) {
        Some(1) => Unit::Aspect,
        Some(3) => Unit::Centimetre,
        _ => Unit::Inch,
    };
    let resolution = fraction(Tag::XResolution)
        .zip(fraction(Tag::YResolution))
        .map(|(x, y)| Resolution { x, y, unit })
        .filter(|r| r.rounded().is_some());
    let r03 = |value: &Value| matches!(value, Value::Ascii(v) if v.first().is_some_and(|s| s.starts_with(b"R03")));
    Facts {
        orientation: number(Tag::Orientation)
            .and_then(Orientation::from_exif)
            .unwrap_or_default(),
        resolution,
        adobe_rgb: parsed
            .get_field(Tag::InteroperabilityIndex, In::PRIMARY)
            .is_some_and(|field| r03(&field.value)),
    }
}

fn name_the_rest(parsed: &Exif, notes: &mut Notes) {
    for field in parsed.fields() {
        match field.tag {
            Tag::Orientation | Tag::XResolution | Tag::YResolution | Tag::ResolutionUnit
                if field.ifd_num == In::PRIMARY => {}
            Tag::ColorSpace | Tag::YCbCrPositioning | Tag::InteroperabilityIndex => {}
            Tag::JPEGInterchangeFormat | Tag::StripOffsets if field.ifd_num != In::PRIMARY => {
                notes.drop("exif-thumbnail");
            }
            Tag::MakerNote => notes.drop("maker-note"),
            tag if tag.context() == Context::Gps => notes.drop("gps"),
            _ if field.ifd_num == In::PRIMARY => notes.drop("exif"),
            _ => {}
        }
    }
}

/// A fresh block from its TIFF header on; `None` if nothing in `facts` says more than its absence.
pub(super) fn write(facts: &Facts) -> Option<Vec<u8>> {
    if facts.orientation == Orientation::Normal && facts.resolution.is_none() && !facts.adobe_rgb {
        return None;
    }
    let mut main = Directory::default();
    if facts.orientation != Orientation::Normal {
        main.short(0x0112, facts.orientation.to_exif().into());
    }
    if let Some(resolution) = facts.resolution {
        main.rational(0x011a, resolution.x);
        main.rational(0x011b, resolution.y);
        let unit = match resolution.unit {
            Unit::Aspect => 1,
            Unit::Inch => 2,
            Unit::Centimetre => 3,
        };
        main.short(0x0128, unit);
    }
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    if facts.adobe_rgb {
        // Exif 2.32, 4.6.3: the three directories hang together by offsets; each ends where the next
        // one begins.
        main.long(0x8769, 0);
        let exif_at = 8 + main.len();
        main.patch_last(exif_at);
        let mut exif = Directory::default();
        exif.short(0xa001, 0xffff); // uncalibrated: see the interoperability index
        exif.long(0xa005, 0);
        let interop_at = exif_at + exif.len();
        exif.patch_last(interop_at);
        let mut interop = Directory::default();
        interop.entry(0x0001, 2, 4, *b"R03\0");
        main.append_to(&mut out);
        exif.append_to(&mut out);
        interop.append_to(&mut out);
    } else {
        main.append_to(&mut out);
    }
    Some(out)
}

/// One directory of a little-endian TIFF structure, its values right behind it.
#[derive(Default)]
struct Directory {
    /// Tag, type, count, and the value or (for fractions) its place among `behind`.
    entries: Vec<(u16, u16, u32, [u8; 4])>,
    behind: Vec<u8>,
}

impl Directory {
    const RATIONAL: u16 = 5;

    fn entry(&mut self, tag: u16, kind: u16, count: u32, value: [u8; 4]) {
        self.entries.push((tag, kind, count, value));
    }

    fn short(&mut self, tag: u16, value: u16) {
        let [a, b] = value.to_le_bytes();
        self.entry(tag, 3, 1, [a, b, 0, 0]);
    }

    fn long(&mut self, tag: u16, value: u32) {
        self.entry(tag, 4, 1, value.to_le_bytes());
    }

    fn rational(&mut self, tag: u16, (above, below): (u32, u32)) {
        let place = self.behind.len() as u32;
        self.entry(tag, Self::RATIONAL, 1, place.to_le_bytes());
        self.behind.extend(above.to_le_bytes());
        self.behind.extend(below.to_le_bytes());
    }

    fn patch_last(&mut self, value: u32) {
        if let Some(last) = self.entries.last_mut() {
            last.3 = value.to_le_bytes();
        }
    }

    fn len(&self) -> u32 {
        (2 + self.entries.len() * 12 + 4 + self.behind.len()) as u32
    }

    fn append_to(&self, out: &mut Vec<u8>) {
        let behind_at = (out.len() + 2 + self.entries.len() * 12 + 4) as u32;
        out.extend((self.entries.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in &self.entries {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(count.to_le_bytes());
            if *kind == Self::RATIONAL {
                out.extend((behind_at + u32::from_le_bytes(*value)).to_le_bytes());
            } else {
                out.extend(value);
            }
        }
        out.extend([0; 4]);
        out.extend(&self.behind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again_and_nothing_else_is_there(
            orientation in 1u32..=8,
            dpi in proptest::option::of((1u32..3000, 1u32..3000)),
            adobe_rgb: bool,
        ) {
            let facts = Facts {
                orientation: Orientation::from_exif(orientation).expect("1 to 8"),
                resolution: dpi.map(|(x, y)| Resolution { x: (x, 1), y: (y, 1), unit: Unit::Inch }),
                adobe_rgb,
            };
            let mut notes = Notes::default();
            let again = write(&facts).map_or(Facts::default(), |block| read(&block, &mut notes));
            prop_assert_eq!(again, facts);
            prop_assert!(notes.dropped.is_empty(), "{:?}", notes.dropped);
        }

        #[test]
        fn any_bytes_are_survived(block: Vec<u8>) {
            read(&block, &mut Notes::default());
        }
    }

    #[test]
    fn an_orientation_that_does_not_exist_is_normal() {
        for value in [0u8, 9, 200] {
            let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
            block.extend([value, 0, 0, 0, 0, 0, 0, 0]);
            let facts = read(&block, &mut Notes::default());
            assert_eq!(facts.orientation, Orientation::Normal);
        }
    }
}
