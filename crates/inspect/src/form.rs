//! Harmless tags of EXIF and TIFF, and the form that makes them so: type, count and values (TIFF 6;
//! Exif 2.32, 4.6.4 to 4.6.7).
//!
//! Invariant: what has another form is not harmless, since it can hold anything.

use super::bytes::says_something;
use super::ifd::{Directory, Entry};
use super::jpeg;

/// How many values a tag has.
enum Count {
    Exactly(usize),
    /// One for each sample of a pixel.
    Samples,
    /// Directories below; as many as are looked into.
    Directories,
    /// Places or lengths of strips or tiles; the tag that has the other half.
    Pieces(u16),
    /// A curve for all samples, or one for each of three.
    Curves,
    /// Red, green and blue of each pixel value.
    Palette,
    /// A stream of JPEG tables.
    Tables,
}

/// CMYK and opacity.
const MOST_SAMPLES: usize = 5;
/// Directories that one entry may point to.
pub(super) const MOST_BELOW: usize = 100;

const ASCII: &[u16] = &[2];
// Some cameras write the signed type of the same length, which has no more room.
const SHORT: &[u16] = &[3, 8];
const RATIONAL: &[u16] = &[5, 10];
const UNDEFINED: &[u16] = &[7];
/// LONG, IFD, and both in BigTIFF.
const POINTER: &[u16] = &[4, 13, 16, 18];
/// SHORT, LONG, and LONG8 of BigTIFF.
const WHOLE: &[u16] = &[3, 4, 8, 9, 16, 17];

const ANY: &[(u64, u64)] = &[(0, u64::MAX)];
const DIGITS: &[(u64, u64)] = &[(b'0' as u64, b'9' as u64)];

/// Types, count and ranges of values of a tag; `None` if the tag is not known to be harmless.
type Form = (&'static [u16], Count, &'static [(u64, u64)]);

fn form(tag: u16) -> Option<Form> {
    use Count::{Curves, Directories, Exactly, Palette, Pieces, Samples, Tables};
    Some(match tag {
        // Kind of page, sides of the picture, of strips and of tiles, a JPEG's place and length.
        0x00fe | 0x0100 | 0x0101 | 0x0116 | 0x0142 | 0x0143 => (WHOLE, Exactly(1), ANY),
        0x0201 | 0x0202 | 0xa002 | 0xa003 => (WHOLE, Exactly(1), ANY),
        // Compression, photometric interpretation, samples a pixel, restart interval.
        0x0103 | 0x0106 | 0x0115 | 0x0203 => (SHORT, Exactly(1), ANY),
        // SubfileType, ResolutionUnit.
        0x00ff | 0x0128 => (SHORT, Exactly(1), &[(1, 3)]),
        // Predictor, with those of DNG.
        0x013d => (SHORT, Exactly(1), &[(1, 3), (34_892, 34_895)]),
        // FillOrder, PlanarConfiguration, YCbCrPositioning.
        0x010a | 0x011c | 0x0213 => (SHORT, Exactly(1), &[(1, 2)]),
        // Orientation.
        0x0112 => (SHORT, Exactly(1), &[(1, 8)]),
        // Bits, smallest and largest value, meaning and format of samples.
        0x0102 => (SHORT, Samples, &[(1, 64)]),
        0x0118 | 0x0119 => (SHORT, Samples, ANY),
        0x0152 => (SHORT, Samples, &[(0, 2)]),
        0x0153 => (SHORT, Samples, &[(1, 6)]),
        0x0111 => (WHOLE, Pieces(0x0117), ANY),
        0x0117 => (WHOLE, Pieces(0x0111), ANY),
        0x0144 => (WHOLE, Pieces(0x0145), ANY),
        0x0145 => (WHOLE, Pieces(0x0144), ANY),
        // Resolution, Gamma.
        0x011a | 0x011b | 0xa500 => (RATIONAL, Exactly(1), ANY),
        0x012d => (SHORT, Curves, ANY),
        // WhitePoint, PrimaryChromaticities, YCbCrCoefficients, ReferenceBlackWhite (LONG in TIFF
        // 5).
        0x013e => (RATIONAL, Exactly(2), ANY),
        0x013f => (RATIONAL, Exactly(6), ANY),
        0x0211 => (RATIONAL, Exactly(3), ANY),
        0x0214 => (&[4, 5], Exactly(6), ANY),
        0x0140 => (SHORT, Palette, ANY),
        // HalftoneHints, YCbCrSubSampling.
        0x0141 => (SHORT, Exactly(2), ANY),
        0x0212 => (SHORT, Exactly(2), &[(1, 4)]),
        0x015b => (UNDEFINED, Tables, ANY),
        // ExifVersion, FlashpixVersion, ComponentsConfiguration.
        0x9000 | 0xa000 => (UNDEFINED, Exactly(4), DIGITS),
        0x9101 => (UNDEFINED, Exactly(4), &[(0, 6)]),
        // sRGB, AdobeRGB as some cameras have it, other than these.
        0xa001 => (SHORT, Exactly(1), &[(1, 2), (0xfffd, 0xffff)]),
        // Pointers to directories.
        0x014a => (POINTER, Directories, ANY),
        0x8769 | 0x8825 | 0xa005 => (POINTER, Exactly(1), ANY),
        _ => return None,
    })
}

/// Whether the tag is one of the harmless ones, whatever its form.
pub(super) fn is_known(tag: u16) -> bool {
    form(tag).is_some()
}

/// Whether a known tag of `directory` is harmless.
pub(super) fn is_harmless(entry: &Entry<'_>, directory: &Directory<'_>) -> bool {
    let Some((kinds, count, ranges)) = form(entry.tag) else {
        return false;
    };
    kinds.contains(&entry.kind)
        && counts(entry, &count, directory)
        && (ranges == ANY
            || numbers(entry).all(|v| ranges.iter().any(|r| (r.0..=r.1).contains(&v))))
}

/// The same for the interoperability directory (Exif 2.32, annex F).
pub(super) fn is_interoperability(entry: &Entry<'_>) -> bool {
    let (kinds, fits) = match entry.tag {
        // R98, R03 or THM; its version.
        1 => (ASCII, entry.count() == 4),
        2 => (UNDEFINED, entry.count() == 4),
        // The format of a related picture, such as `Exif JPEG Ver. 2.1`, and its sides.
        0x1000 => (ASCII, entry.count() <= 20),
        0x1001 | 0x1002 => (WHOLE, entry.count() == 1),
        _ => return false,
    };
    !says_something(entry.value) || (kinds.contains(&entry.kind) && fits)
}

fn numbers<'a>(entry: &'a Entry<'_>) -> impl Iterator<Item = u64> + 'a {
    (0..entry.count()).map_while(|i| entry.number(i))
}

fn counts(entry: &Entry<'_>, count: &Count, directory: &Directory<'_>) -> bool {
    let found = entry.count();
    let bits = directory.number(0x0102).unwrap_or(8).min(16) as usize;
    let has_pixels = directory.find(0x0111).or(directory.find(0x0144)).is_some();
    match count {
        Count::Exactly(n) => found == *n,
        Count::Samples => found <= MOST_SAMPLES,
        Count::Directories => {
            found <= MOST_BELOW && numbers(entry).all(|at| at < directory.reach as u64)
        }
        Count::Pieces(other) => pieces(entry, *other, directory),
        Count::Curves => {
            let values: Vec<u64> = numbers(entry).collect();
            let mut curves = values.chunks(1 << bits);
            let rises = |curve: &[u64]| curve.windows(2).all(|w| w[0] <= w[1]);
            (found == 1 << bits || found == 3 << bits) && curves.all(rises)
        }
        Count::Palette => found == 3 << bits && has_pixels && directory.number(0x0106) == Some(3),
        Count::Tables => has_pixels && jpeg::is_tables_only(entry.value),
    }
}

/// Whether there are no more strips or tiles than the picture takes, each with a place and a
/// length, and all of them inside of the data.
fn pieces(entry: &Entry<'_>, other: u16, directory: &Directory<'_>) -> bool {
    let Some(other) = directory.find(other) else {
        return false;
    };
    let (places, lengths, tiled) = match entry.tag {
        0x0111 => (entry, other, false),
        0x0117 => (other, entry, false),
        0x0144 => (entry, other, true),
        _ => (other, entry, true),
    };
    let inside = |(at, length): (u64, u64)| match (at, length) {
        (0, 0) => true, // left out, as in sparse pictures
        _ => length > 0 && at < directory.reach as u64,
    };
    let count = entry.count() as u64;
    count == other.count() as u64
        && count <= most_pieces(directory, tiled)
        && numbers(places).zip(numbers(lengths)).all(inside)
}

/// Strips or tiles that a directory's picture takes.
fn most_pieces(directory: &Directory<'_>, tiled: bool) -> u64 {
    let number = |tag| directory.number(tag);
    let along = |side, step| {
        let side = number(side).unwrap_or(1).max(1);
        side.div_ceil(number(step).unwrap_or(side).max(1))
    };
    let across = if tiled { along(0x0100, 0x0142) } else { 1 };
    let down = along(0x0101, if tiled { 0x0143 } else { 0x0116 });
    let planes = match number(0x011c) {
        Some(2) => number(0x0115).unwrap_or(1),
        _ => 1,
    };
    across.saturating_mul(down).saturating_mul(planes)
}

#[cfg(test)]
mod tests {
    use super::super::exif;
    use super::super::finding::{FindingKind as Kind, Inspection};
    use super::*;
    use proptest::prelude::*;

    /// A block with one directory of entries: tag, type, count and value, in the order of Intel.
    fn block(entries: &[(u16, u16, u32, &[u8])]) -> Vec<u8> {
        let mut out = b"II*\0\x08\0\0\0".to_vec();
        out.extend((entries.len() as u16).to_le_bytes());
        let mut values = Vec::<u8>::new();
        for (tag, kind, count, value) in entries {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(count.to_le_bytes());
            let mut inline = [0; 4];
            if let Some(place) = inline.get_mut(..value.len()) {
                place.copy_from_slice(value);
            } else {
                let at = 8 + 2 + entries.len() * 12 + 4 + values.len();
                inline = (at as u32).to_le_bytes();
                values.extend(*value);
            }
            out.extend(inline);
        }
        out.extend([0; 4]);
        out.extend(values);
        out
    }

    fn look(entries: &[(u16, u16, u32, &[u8])]) -> Inspection {
        let mut out = Inspection::default();
        exif::block(&block(entries), "Exif", &mut out);
        out
    }

    fn known() -> Vec<u16> {
        (0..=u16::MAX).filter(|&tag| is_known(tag)).collect()
    }

    const KIND_AND_WIDTH: [(u16, usize); 9] = [
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 4),
        (5, 8),
        (7, 1),
        (9, 4),
        (10, 8),
        (12, 8),
    ];

    proptest! {
        #[test]
        fn no_tag_hides_a_text(
            tag in prop_oneof![prop::sample::select(known()), 0x9286u16..0x9287, 0x010eu16..0x0111],
            kind in prop::sample::select(&KIND_AND_WIDTH[..]),
            text in "\\x00?[a-z ]{8}[a-zA-Z]{64,700}",
        ) {
            let count = text.len() / kind.1;
            let value = &text.as_bytes()[..count * kind.1];
            let found = look(&[(tag, kind.0, count as u32, value)]);
            prop_assert!(!found.findings.is_empty());
        }

        #[test]
        fn directories_of_any_content_are_survived(
            entries in prop::collection::vec((0x00feu16..0x0220, 0u16..20, any::<u32>(), any::<[u8; 4]>()), 0..20),
        ) {
            let entries: Vec<_> = entries.iter().map(|e| (e.0, e.1, e.2, &e.3[..])).collect();
            look(&entries);
        }
    }

    #[test]
    fn what_every_camera_writes_is_harmless() {
        let resolution = [72, 0, 0, 0, 1, 0, 0, 0];
        let found = look(&[
            (0x0112, 3, 1, &[6, 0]),
            (0x011a, 5, 1, &resolution),
            (0x011b, 10, 1, &resolution),
            (0x0128, 3, 1, &[2, 0]),
            (0x0213, 3, 1, &[1, 0]),
            (0x9000, 7, 4, b"0231"),
            (0x9101, 7, 4, &[1, 2, 3, 0]),
            (0x9286, 7, 12, b"ASCII\0\0\0    "),
            (0xa000, 7, 4, b"0100"),
            (0xa001, 3, 1, &[0xff, 0xff]),
            (0xa002, 4, 1, &[0, 16, 0, 0]),
            (0xa003, 3, 1, &[0, 12]),
        ]);
        assert_eq!(found.findings, []);
        assert_eq!(found.carries, ["exif", "orientation"]);
    }

    #[test]
    fn a_value_out_of_range_and_a_second_one_are_told() {
        let kinds =
            |entries| -> Vec<Kind> { look(entries).findings.iter().map(|f| f.kind).collect() };
        assert_eq!(kinds(&[(0x0112, 3, 1, &[9, 0])]), [Kind::Exif]);
        assert_eq!(kinds(&[(0x0112, 3, 1, &[0, 0])]), []); // not given, as some cameras say
        assert_eq!(kinds(&[(0x0112, 4, 1, &[6, 0, 0, 0])]), [Kind::Exif]);
        assert_eq!(kinds(&[(0x9000, 7, 4, b"Anna")]), [Kind::Exif]);
        let twice: [(u16, u16, u32, &[u8]); 2] = [(0x0128, 3, 1, &[2, 0]), (0x0128, 3, 1, &[3, 0])];
        assert_eq!(kinds(&twice), [Kind::Exif]);
    }

    #[test]
    fn a_picture_in_a_tag_is_a_preview_with_its_size() {
        let jpeg = b"\xff\xd8\xff\xc0\0\x0b\x08\0\x3c\0\x50\x01\x01\x11\0\xff\xd9\0";
        let found = look(&[(0x0112, 3, jpeg.len() as u32 / 2, jpeg)]).findings;
        assert_eq!(
            (found[0].kind, found[0].width, found[0].height),
            (Kind::Preview, Some(80), Some(60))
        );
    }

    #[test]
    fn strips_that_no_page_shows_are_a_thumbnail() {
        let strips: [(u16, u16, u32, &[u8]); 4] = [
            (0x0100, 3, 1, &[2, 0]),
            (0x0101, 3, 1, &[2, 0]),
            (0x0111, 4, 1, &[8, 0, 0, 0]),
            (0x0117, 4, 1, &[4, 0, 0, 0]),
        ];
        assert_eq!(look(&strips).findings[0].kind, Kind::Thumbnail);
    }
}
