//! TIFF and the raw formats made of it: pages that are thumbnails, hidden directories, tags that
//! say more than how pixels lie, and bytes that no directory needs.

mod strips;

use super::bytes::{rest, says_something};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::ifd::{Directory, Structure};
use super::tags;
use super::{embedded, exif};

/// Looks through a TIFF.
pub(super) fn look(file: &[u8], out: &mut Inspection) {
    let Some(mut all) = Structure::open(file) else {
        out.damaged("the TIFF's header is damaged");
        return;
    };
    let mut next = all.first;
    for number in 0u32.. {
        let Some(directory) = all.directory(next) else {
            if next != 0 {
                out.damaged("a directory of the TIFF lies outside of the file");
            }
            break;
        };
        next = directory.next;
        let place = format!("page {}", number + 1);
        let reduced = directory.number(0xfe).is_some_and(|v| v & 1 == 1);
        if reduced && number > 0 {
            exif::thumbnail(&mut all, &directory, &place, Kind::Thumbnail, out);
            tags::words(&directory, &place, out);
            continue;
        }
        let size = size(&directory);
        if out.frames == 0 {
            (out.width, out.height) = size.unwrap_or((0, 0));
        }
        out.frames += 1;
        let pieces = exif::pieces(&mut all, &directory);
        if pieces.is_empty() && directory.find(0x0201).is_none() {
            out.damaged("a page of the TIFF holds no picture");
        }
        hidden_rows(
            &directory,
            pieces.iter().map(|p| p.len()).sum(),
            &place,
            out,
        );
        behind_strips(&directory, &pieces, &place, out);
        exif::main(&mut all, &directory, &place, out);
        private_layout(&directory, &place, out);
    }
    if out.frames == 0 {
        out.damaged("the TIFF holds no picture");
    }
    exif::unused(&mut all, "file", out);
}

fn size(directory: &Directory<'_>) -> Option<(u32, u32)> {
    let side = |tag| directory.number(tag).and_then(|v| u32::try_from(v).ok());
    side(0x100).zip(side(0x101))
}

/// Strips with more bytes than the rows need; only where nothing is compressed can that be seen.
fn hidden_rows(directory: &Directory<'_>, bytes: usize, place: &str, out: &mut Inspection) {
    let plain = directory.number(0x103).unwrap_or(1) == 1 && directory.find(0x144).is_none();
    let Some((width, height)) = size(directory).filter(|_| plain) else {
        return;
    };
    let samples = directory.number(0x115).unwrap_or(1).clamp(1, 1000);
    let bits = directory.number(0x102).unwrap_or(1).clamp(1, 64);
    let row = u64::from(width)
        .saturating_mul(samples)
        .saturating_mul(bits)
        .div_ceil(8);
    let needed = row.saturating_mul(height.into());
    // Chroma subsampling needs less, planes of their own may need a little more.
    let slack = u64::from(height).saturating_mul(samples);
    if bytes as u64 > needed.saturating_add(slack) {
        let finding = Finding::new(Kind::HiddenPixels, format!("{place}, behind the last row"));
        out.add(finding.bytes(bytes - needed as usize));
    }
}

/// Bytes of pixels that the largest strip or tile holds.
fn piece_bytes(directory: &Directory<'_>) -> u64 {
    let number = |tag| directory.number(tag);
    let (width, height) = size(directory).unwrap_or((0, 0));
    let samples = match number(0x11c) {
        Some(2) => 1,
        _ => number(0x115).unwrap_or(1).clamp(1, 1000),
    };
    let bits = number(0x102).unwrap_or(1).clamp(1, 64);
    let is_tiled = directory.find(0x144).is_some();
    let (across, down) = match is_tiled {
        true => (number(0x142).unwrap_or(0), number(0x143).unwrap_or(0)),
        false => (
            width.into(),
            number(0x116).unwrap_or(u64::MAX).min(height.into()),
        ),
    };
    let row = across.saturating_mul(samples).saturating_mul(bits);
    row.div_ceil(8).saturating_mul(down)
}

/// Bytes behind the coded data of strips and tiles, and rows behind the last.
fn behind_strips(directory: &Directory<'_>, pieces: &[&[u8]], place: &str, out: &mut Inspection) {
    let compression = directory.number(0x103).unwrap_or(1);
    let needed = piece_bytes(directory);
    let (mut behind, mut pixels, mut found) = (0, 0u64, None);
    for piece in pieces {
        let excess = strips::excess(compression, piece, needed);
        let tail = rest(piece, piece.len() - excess.behind.min(piece.len()));
        if says_something(tail) {
            behind += tail.len();
            found = found.or_else(|| embedded::anywhere(tail));
        }
        pixels = pixels.saturating_add(excess.pixels);
    }
    if behind > 0 {
        let finding = Finding::new(
            Kind::UnusedBytes,
            format!("{place}, behind the strips' data"),
        );
        out.add(
            finding
                .bytes(behind)
                .size(found.and_then(|f| f.size))
                .detail(found.map_or("", |f| f.what.name())),
        );
    }
    if pixels > 0 {
        let finding = Finding::new(Kind::HiddenPixels, format!("{place}, behind the last row"));
        out.add(finding.bytes(usize::try_from(pixels).unwrap_or(usize::MAX)));
    }
}

/// Private tags that some programs put beside the layout, and extra samples.
fn private_layout(directory: &Directory<'_>, place: &str, out: &mut Inspection) {
    let extra = directory.find(0x152);
    let more = extra.map_or(0, |entry| entry.value.len() / 2);
    if more > 1 {
        let finding = Finding::new(Kind::HiddenPixels, format!("{place}, extra samples"));
        out.add(finding.detail(format!("{more} a pixel")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A little-endian TIFF of one page: tags with one number each, and a strip of 64 bytes.
    fn page(numbers: &[(u16, u32)]) -> Vec<u8> {
        let strip = 10 + (numbers.len() as u32 + 2) * 12 + 4;
        let mut out = b"II*\0\x08\0\0\0".to_vec();
        out.extend((numbers.len() as u16 + 2).to_le_bytes());
        for (tag, number) in numbers.iter().chain(&[(0x111, strip), (0x117, 64)]) {
            out.extend([tag.to_le_bytes(), 4u16.to_le_bytes()].concat());
            out.extend([1, *number].map(u32::to_le_bytes).concat());
        }
        out.extend([0; 4]);
        out.extend([7; 64]);
        out
    }

    fn hides_pixels(numbers: &[(u16, u32)]) -> bool {
        let mut out = Inspection::default();
        look(&page(numbers), &mut out);
        out.findings.iter().any(|f| f.kind == Kind::HiddenPixels)
    }

    #[test]
    fn rows_of_any_size_are_counted_without_overflow() {
        assert!(hides_pixels(&[(0x100, 4), (0x101, 4), (0x102, 8)]));
        assert!(!hides_pixels(&[(0x100, 8), (0x101, 8), (0x102, 8)]));
        for samples in [1, 3, 1000, u32::MAX] {
            let numbers = [
                (0x100, u32::MAX),
                (0x101, u32::MAX),
                (0x102, 64),
                (0x115, samples),
            ];
            assert!(!hides_pixels(&numbers), "{samples}");
        }
        // 2^65 bits in 8 rows, which wrapped would be none.
        let numbers = [(0x100, 1 << 31), (0x101, 1 << 31), (0x102, 64)];
        assert!(!hides_pixels(&numbers));
    }

    proptest! {
        #[test]
        fn no_numbers_of_a_page_make_the_look_panic(
            numbers in proptest::collection::vec((any::<u16>(), any::<u32>()), 0..8),
            size: (u32, u32, u32, u32),
        ) {
            let (width, height, bits, samples) = size;
            let layout = [(0x100, width), (0x101, height), (0x102, bits), (0x115, samples)];
            look(&page(&[&layout[..], &numbers].concat()), &mut Inspection::default());
        }
    }
}
