//! EXIF in and out: what is needed to show a picture right is read with a library, and written
//! again by a few lines of our own from the parsed values.
//!
//! Invariant: no byte of a source's EXIF block is ever copied.

mod kept;
mod taken;
mod write;

use super::notes::Notes;
use crate::content::ContentKind;
use crate::geometry::Orientation;
use exif::{Context, Exif, In, Reader, Tag, Value};
pub(super) use kept::{Kept, Order, Value as KeptValue};
pub use taken::time_taken;
pub(super) use write::write;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) orientation: Orientation,
    pub(super) resolution: Option<Resolution>,
    /// The camera's way to say AdobeRGB without a profile: interoperability index R03.
    pub(super) adobe_rgb: bool,
    /// What the caller asked for.
    pub(super) kept: Kept,
}

fn parse(block: Vec<u8>) -> Option<Exif> {
    Reader::new()
        .continue_on_error(true)
        .read_raw(block)
        .or_else(|error| error.distill_partial_result(|_| {}))
        .ok()
}

/// Reads a block that begins with its TIFF header, or with `Exif\0\0` before that. Names what else
/// it held in `notes`. Damage beyond the first directory is ignored; a block that cannot be read at
/// all means nothing. What the caller asked to keep is looked for in a file's first block only.
pub(super) fn read(block: &[u8], notes: &mut Notes) -> Facts {
    let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    let wanted = std::mem::take(&mut notes.wanted);
    let Some(parsed) = parse(block.to_vec()) else {
        notes.drop(ContentKind::Exif);
        return Facts::default();
    };
    let kept = Kept::read(&parsed, wanted, notes);
    name_the_rest(&parsed, &kept, notes);
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
        kept,
    }
}

/// What the caller asked to keep of a TIFF's first page.
pub(super) fn kept_of_tiff(file: &[u8], notes: &mut Notes) -> Kept {
    let wanted = std::mem::take(&mut notes.wanted);
    if !wanted.any() {
        return Kept::default();
    }
    let Some(parsed) = parse(file.to_vec()) else {
        return Kept::default();
    };
    let kept = Kept::read(&parsed, wanted, notes);
    // The tags of the page itself are named with it.
    let below = parsed.fields().filter(|f| f.tag.context() != Context::Tiff);
    for field in below.filter(|f| f.ifd_num == In::PRIMARY) {
        name_field(field.tag, &kept, notes);
    }
    kept
}

/// Names what is not written again. Fields of a thumbnail's directory only count as the thumbnail.
fn name_the_rest(parsed: &Exif, kept: &Kept, notes: &mut Notes) {
    for field in parsed.fields() {
        let tag = field.tag;
        if field.ifd_num == In::PRIMARY {
            name_field(tag, kept, notes);
        } else if matches!(tag, Tag::JPEGInterchangeFormat | Tag::StripOffsets) {
            notes.drop(ContentKind::ExifThumbnail);
        }
    }
}

/// Names a field that is not written again; `gps-other` and the like where others of its kind are.
fn name_field(tag: Tag, kept: &Kept, notes: &mut Notes) {
    let Some(kind) = kind(tag).filter(|_| !kept.has(tag)) else {
        return;
    };
    if !notes.kept.contains(&kind) {
        notes.drop(kind);
    } else if tag != Tag::GPSVersionID {
        // The version of the GPS tags says nothing.
        notes.drop(match kind {
            ContentKind::Time => ContentKind::TimeOther,
            ContentKind::Camera => ContentKind::CameraOther,
            ContentKind::Gps => ContentKind::GpsOther,
            ContentKind::Copyright => ContentKind::CopyrightOther,
            other => other,
        });
    }
}

/// What a tag reveals; `None` for what is written again or says nothing.
pub(super) fn kind(tag: Tag) -> Option<ContentKind> {
    if tag.context() == Context::Gps {
        return Some(ContentKind::Gps);
    }
    Some(match tag {
        Tag::Orientation | Tag::XResolution | Tag::YResolution | Tag::ResolutionUnit => {
            return None;
        }
        Tag::ColorSpace | Tag::YCbCrPositioning | Tag::InteroperabilityIndex => return None,
        Tag::ExifVersion | Tag::FlashpixVersion | Tag::ComponentsConfiguration => return None,
        Tag::PixelXDimension | Tag::PixelYDimension | Tag::InteroperabilityVersion => return None,
        Tag::MakerNote => ContentKind::MakerNote,
        Tag::Artist | Tag::Copyright => ContentKind::Copyright,
        Tag::CameraOwnerName => ContentKind::Owner,
        Tag::BodySerialNumber | Tag::LensSerialNumber => ContentKind::SerialNumbers,
        Tag::ImageDescription | Tag::UserComment => ContentKind::Text,
        Tag::SubjectArea | Tag::SubjectLocation => ContentKind::FaceRegions,
        _ => match tag.number() {
            0x0132 | 0x9003 | 0x9004 | 0x9010..=0x9012 | 0x9290..=0x9292 => ContentKind::Time,
            0x010f | 0x0110 | 0x829a | 0x829d | 0x8822..=0x8835 | 0x9201..=0x920a => {
                ContentKind::Camera
            }
            0xa20b..=0xa217 | 0xa300..=0xa40c | 0xa432..=0xa434 => ContentKind::Camera,
            0x9c9b..=0x9c9f => ContentKind::Text,
            _ => ContentKind::Exif,
        },
    })
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
                kept: Kept::default(),
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
