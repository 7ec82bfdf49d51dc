//! Writes a JPEG: header facts from the allow-list, and the picture as it is coded.
//!
//! Invariant: no byte of the source's header is copied.

use super::super::exif::{self, Resolution, Unit};
use super::super::icc::Profile;
use super::segments::Header;
use crate::error::Result;
use jpeg_coefficients::{CodedImage, ColorModel, Density, DensityUnit, Segment};

/// The density that a header gives to the JFIF segment.
pub(super) fn density(resolution: Option<&Resolution>) -> Density {
    let known = resolution.and_then(|r| Some((r.rounded()?, r.unit)));
    let ((x, y), unit) = known.unwrap_or(((1, 1), Unit::Aspect));
    let unit = match unit {
        Unit::Aspect => DensityUnit::Aspect,
        Unit::Inch => DensityUnit::Inch,
        Unit::Centimetre => DensityUnit::Centimetre,
    };
    Density { x, y, unit }
}

/// A whole file, with `more` segments behind those of the header. The density of `coded` is that of
/// the header.
pub(super) fn write(
    coded: &CodedImage,
    header: &Header,
    icc: Option<&Profile>,
    more: Vec<(u8, Vec<u8>)>,
) -> Result<Vec<u8>> {
    // Only these have a JFIF segment.
    let jfif = matches!(coded.color_model(), ColorModel::Grey | ColorModel::YCbCr);
    let facts = exif::Facts {
        resolution: if jfif { None } else { header.resolution },
        ..header.exif.clone()
    };
    let mut bodies = Vec::new();
    if let Some(block) = exif::write(&facts) {
        bodies.push((0xe1, [b"Exif\0\0", &block[..]].concat()));
    }
    if let Some(profile) = icc {
        const MOST: usize = 65535 - 2 - 14;
        let chunks = profile.bytes().chunks(MOST);
        let count = chunks.len() as u8; // at most 65, by the size that a profile may have
        for (number, chunk) in (1..=count).zip(chunks) {
            let head = [number, count];
            bodies.push((0xe2, [b"ICC_PROFILE\0", &head[..], chunk].concat()));
        }
    }
    bodies.extend(more);
    let segments: Vec<Segment<'_>> = bodies
        .iter()
        .map(|(marker, body)| Segment {
            marker: *marker,
            body,
        })
        .collect();
    // Steps that nothing uses can hold a text, and tell one encoder from another.
    Ok(coded.write_with_neutral_steps(&segments)?)
}
