//! EXIF blocks: which person, place, device and time they tell, and the pictures inside of them.

use super::bytes::{part, says_something, text};
use super::embedded;
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::ifd::{Directory, Entry, Structure};
use super::{icc, irb, xmp};
use std::collections::BTreeMap;

/// Looks through a block that begins with its TIFF header, or with `Exif\0\0` before that. `place`
/// names the block.
pub(super) fn block(data: &[u8], place: &str, out: &mut Inspection) {
    let data = data.strip_prefix(b"Exif\0\0").unwrap_or(data);
    out.carry("exif");
    let Some(mut all) = Structure::open(data) else {
        if says_something(data) {
            out.add(Finding::new(Kind::PrivateData, place).bytes(data.len()));
        }
        return;
    };
    let mut next = all.first;
    for number in 0.. {
        let Some(directory) = all.directory(next) else {
            break;
        };
        next = directory.next;
        if number == 0 {
            main(&mut all, &directory, place, out);
        } else {
            let name = format!("{place}, IFD{number}");
            thumbnail(&mut all, &directory, &name, Kind::Thumbnail, out);
            words(&directory, &name, out);
        }
    }
    unused(&mut all, place, out);
}

/// The first directory and those that hang below it.
pub(super) fn main(
    all: &mut Structure<'_>,
    directory: &Directory<'_>,
    place: &str,
    out: &mut Inspection,
) {
    words(directory, place, out);
    if directory.find(0x0201).is_some() {
        thumbnail(all, directory, place, Kind::Thumbnail, out);
    }
    if directory.number(0x0112).is_some_and(|v| v != 1) {
        out.carry("orientation");
    }
    below(all, directory, place, out);
}

/// Directories that entries point to.
fn below(all: &mut Structure<'_>, directory: &Directory<'_>, place: &str, out: &mut Inspection) {
    for entry in &directory.entries {
        match entry.tag {
            0x8769 => {
                if let Some(exif) = entry.offset().and_then(|at| all.directory(at)) {
                    words(&exif, place, out);
                    maker_note(&exif, place, out);
                    below(all, &exif, place, out);
                    if exif.find(0x0201).is_some() {
                        thumbnail(all, &exif, place, Kind::Preview, out);
                    }
                }
            }
            0x8825 => {
                if let Some(gps) = entry.offset().and_then(|at| all.directory(at)) {
                    position(&gps, place, out);
                }
            }
            0xa005 => {
                if let Some(interop) = entry.offset().and_then(|at| all.directory(at)) {
                    for entry in &interop.entries {
                        if !matches!(entry.tag, 1 | 2 | 0x1000..=0x1002) {
                            let tag = format!("interoperability tag {:#06x}", entry.tag);
                            out.add(Finding::new(Kind::Exif, place).detail(tag));
                        }
                    }
                }
            }
            0x014a => {
                for index in 0..entry.count().min(100) {
                    let at = entry.number(index).and_then(|v| usize::try_from(v).ok());
                    if let Some(sub) = at.and_then(|at| all.directory(at)) {
                        let name = format!("{place}, SubIFD {index}");
                        thumbnail(all, &sub, &name, Kind::Preview, out);
                        words(&sub, &name, out);
                    }
                }
            }
            _ => {}
        }
    }
}

/// A picture that a directory describes: a JPEG, or strips of pixels.
pub(super) fn thumbnail(
    all: &mut Structure<'_>,
    directory: &Directory<'_>,
    place: &str,
    kind: Kind,
    out: &mut Inspection,
) {
    let declared = directory
        .number(0x0100)
        .zip(directory.number(0x0101))
        .and_then(|(w, h)| Some((u32::try_from(w).ok()?, u32::try_from(h).ok()?)));
    let usize_of = |tag| directory.number(tag).and_then(|v| usize::try_from(v).ok());
    if let (Some(at), Some(length)) = (usize_of(0x0201), usize_of(0x0202)) {
        let whole = part(all.data, at, length);
        let data = whole.unwrap_or_else(|| all.data.get(at..).unwrap_or_default());
        all.cover(at, data.len());
        let found = embedded::anywhere(data).filter(|f| f.what.is_picture());
        let size = found.and_then(|f| f.size).or(declared);
        let what = found.map_or("", |f| f.what.name());
        if says_something(data) {
            out.add(
                Finding::new(kind, place)
                    .bytes(data.len())
                    .size(size)
                    .detail(what),
            );
        }
        return;
    }
    let total: usize = pieces(all, directory).iter().map(|p| p.len()).sum();
    if total > 0 {
        out.add(
            Finding::new(kind, place)
                .bytes(total)
                .size(declared)
                .detail("pixels"),
        );
    }
}

/// The strips or tiles of a directory, as far as they lie inside.
pub(super) fn pieces<'a>(all: &mut Structure<'a>, directory: &Directory<'_>) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    for (places, lengths) in [(0x0111, 0x0117), (0x0144, 0x0145)] {
        let (Some(places), Some(lengths)) = (directory.find(places), directory.find(lengths))
        else {
            continue;
        };
        for index in 0..places.count().min(1 << 20) {
            let at = places.number(index).and_then(|v| usize::try_from(v).ok());
            let length = lengths.number(index).and_then(|v| usize::try_from(v).ok());
            if let Some((at, length)) = at.zip(length) {
                let length = length.min(all.data.len().saturating_sub(at));
                all.cover(at, length);
                found.extend(part(all.data, at, length).filter(|p| !p.is_empty()));
            }
        }
    }
    found
}

/// Says what the plain entries of a directory tell, one finding a kind.
pub(super) fn words(directory: &Directory<'_>, place: &str, out: &mut Inspection) {
    let mut told: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for entry in &directory.entries {
        match entry.tag {
            0x02bc => xmp::packet(entry.value, &format!("{place}, XMP"), out),
            0x83bb => irb::iptc(entry.value, &format!("{place}, IPTC"), out),
            0x8649 => irb::resources(entry.value, &format!("{place}, Photoshop"), out),
            0x8773 => icc::profile(entry.value, &format!("{place}, ICC"), out),
            _ => {
                if let Some((kind, name)) = meaning(entry) {
                    told.entry(kind).or_default().push(name);
                }
            }
        }
    }
    for (kind, list) in told {
        out.add(Finding::new(kind, place).detail(list.join("; ")));
    }
}

/// What an entry tells; `None` if it is harmless, empty, or dealt with elsewhere.
fn meaning(entry: &Entry<'_>) -> Option<(Kind, String)> {
    let named = |kind, name: &str| {
        let words = match entry.tag {
            0x9c9b..=0x9c9f => utf16(entry.value),
            0x9286 => text(entry.value.get(8..).unwrap_or_default()),
            _ => entry.words(),
        };
        let counts = says_something(entry.value) && !words.trim().is_empty();
        counts.then(|| (kind, format!("{name} {words}")))
    };
    match entry.tag {
        // The picture's layout, its colour and how it is shown.
        0x00fe..=0x0103 | 0x0106 | 0x010a | 0x0111 | 0x0112 | 0x0115..=0x011c | 0x0128 => None,
        0x013d..=0x0145 | 0x0152 | 0x0153 | 0x015b | 0x0201..=0x0203 | 0x0211..=0x0214 => None,
        0x012d | 0x9000 | 0x9101 | 0xa000..=0xa003 | 0xa500 => None,
        // Pointers, followed elsewhere, and the maker's block.
        0x014a | 0x8769 | 0x8825 | 0xa005 | 0x927c => None,
        0xea1c if !says_something(entry.value) => None,
        0x010e => named(Kind::Text, "ImageDescription"),
        0x010d => named(Kind::Text, "DocumentName"),
        0x011d => named(Kind::Text, "PageName"),
        0x9286 => named(Kind::Text, "UserComment"),
        0x9c9b => named(Kind::Text, "XPTitle"),
        0x9c9c => named(Kind::Text, "XPComment"),
        0x9c9e => named(Kind::Text, "XPKeywords"),
        0x9c9f => named(Kind::Text, "XPSubject"),
        0xa436 => named(Kind::Text, "ImageTitle"),
        0xc68b => named(Kind::Text, "OriginalRawFileName"),
        0x4746 | 0x4749 => named(Kind::Text, "Rating"),
        0x013b => named(Kind::Author, "Artist"),
        0x9c9d => named(Kind::Author, "XPAuthor"),
        0xa430 => named(Kind::Author, "CameraOwnerName"),
        0xa437 => named(Kind::Author, "Photographer"),
        0xa438 => named(Kind::Author, "ImageEditor"),
        0x8298 => named(Kind::Copyright, "Copyright"),
        0xa431 => named(Kind::SerialNumber, "BodySerialNumber"),
        0xa435 => named(Kind::SerialNumber, "LensSerialNumber"),
        0xc62f => named(Kind::SerialNumber, "CameraSerialNumber"),
        0xa420 => named(Kind::UniqueId, "ImageUniqueID"),
        0xc65d | 0xc71a | 0xc7a7 => named(Kind::UniqueId, "RawDataUniqueID"),
        0x9214 => named(Kind::FaceRegion, "SubjectArea"),
        0xa214 => named(Kind::FaceRegion, "SubjectLocation"),
        0xa004 => named(Kind::Sound, "RelatedSoundFile"),
        0x0132 => named(Kind::Time, "DateTime"),
        0x9003 => named(Kind::Time, "DateTimeOriginal"),
        0x9004 => named(Kind::Time, "DateTimeDigitized"),
        0x9010..=0x9012 => named(Kind::Time, "OffsetTime"),
        0x9290..=0x9292 => named(Kind::Time, "SubSecTime"),
        0x882a => named(Kind::Time, "TimeZoneOffset"),
        0x010f => named(Kind::Camera, "Make"),
        0x0110 => named(Kind::Camera, "Model"),
        0x829a => named(Kind::Camera, "ExposureTime"),
        0x829d => named(Kind::Camera, "FNumber"),
        0x8827 => named(Kind::Camera, "ISO"),
        0x920a => named(Kind::Camera, "FocalLength"),
        0xa433 => named(Kind::Camera, "LensMake"),
        0xa434 => named(Kind::Camera, "LensModel"),
        0x8822..=0x8835 | 0x9102 | 0x9201..=0x9209 | 0x920b..=0x9213 | 0x9215..=0x9217 => {
            named(Kind::Camera, &format!("{:#06x}", entry.tag))
        }
        0x9400..=0x9406 | 0xa20b..=0xa213 | 0xa215..=0xa217 | 0xa300..=0xa40c | 0xa432 => {
            named(Kind::Camera, &format!("{:#06x}", entry.tag))
        }
        0xa460..=0xa462 => named(Kind::Camera, "CompositeImage"),
        0x000b | 0x0131 => named(Kind::Software, "Software"),
        0x013c => named(Kind::Software, "HostComputer"),
        0xa439..=0xa43e => named(Kind::Software, &format!("{:#06x}", entry.tag)),
        0x935c => Some((Kind::Layers, format!("{} bytes", entry.value.len()))),
        0xc634 => Some((Kind::MakerNote, format!("{} bytes", entry.value.len()))),
        tag => Some((Kind::Exif, format!("tag {tag:#06x}"))),
    }
}

fn utf16(value: &[u8]) -> String {
    let units = value
        .chunks_exact(2)
        .map(|b| u16::from_le_bytes([b[0], b[1]]));
    let units: Vec<u16> = units.take_while(|&u| u != 0).take(500).collect();
    String::from_utf16_lossy(&units)
}

fn maker_note(directory: &Directory<'_>, place: &str, out: &mut Inspection) {
    let Some(entry) = directory.find(0x927c) else {
        return;
    };
    let place = format!("{place}, maker note");
    let letters = |b: &&u8| b.is_ascii_alphanumeric() || **b == b' ';
    let name: Vec<u8> = entry
        .value
        .iter()
        .take_while(letters)
        .take(20)
        .copied()
        .collect();
    if says_something(entry.value) {
        let finding = Finding::new(Kind::MakerNote, place.clone()).bytes(entry.value.len());
        out.add(finding.detail(String::from_utf8_lossy(&name)));
    }
    if let Some(found) = embedded::anywhere(entry.value) {
        let inside = entry.value.get(found.at..).unwrap_or_default();
        let length = embedded::jpeg_end(inside).unwrap_or(inside.len());
        let finding = Finding::new(Kind::Preview, place)
            .bytes(length)
            .size(found.size);
        out.add(finding.detail(found.what.name()));
    }
}

/// The GPS directory.
fn position(gps: &Directory<'_>, place: &str, out: &mut Inspection) {
    let degrees = |tag: u16, reference: u16| {
        let entry = gps.find(tag)?;
        let parts = [0, 1, 2].map(|i| entry.fraction(i).unwrap_or(0.0));
        let value = parts[0] + parts[1] / 60.0 + parts[2] / 3600.0;
        let side = gps
            .find(reference)
            .map(|e| text(e.value))
            .unwrap_or_default();
        Some(format!("{value:.5} {side}"))
    };
    let place = format!("{place}, GPS");
    let found = [degrees(2, 1), degrees(4, 3)];
    let mut detail: Vec<String> = found.into_iter().flatten().collect();
    // Version 0 alone says nothing.
    let others = gps.entries.iter().filter(|e| !matches!(e.tag, 0..=4));
    let others: Vec<&Entry<'_>> = others.filter(|e| says_something(e.value)).collect();
    if detail.is_empty() && !others.is_empty() {
        detail.push(format!("{} entries", others.len()));
    }
    if detail.is_empty() {
        out.add(Finding::new(Kind::Exif, place).detail("a directory without a position"));
    } else {
        out.add(Finding::new(Kind::Gps, place).detail(detail.join(", ")));
    }
}

/// Bytes of a structure that belong to nothing.
pub(super) fn unused(all: &mut Structure<'_>, place: &str, out: &mut Inspection) {
    let mut total = 0;
    for gap in all.uncovered() {
        match embedded::anywhere(gap).filter(|f| f.what.is_picture()) {
            Some(found) => {
                let finding = Finding::new(Kind::Preview, format!("{place}, between its entries"));
                out.add(finding.bytes(gap.len() - found.at).size(found.size));
            }
            None => total += gap.len(),
        }
    }
    if total > 0 {
        out.add(Finding::new(Kind::UnusedBytes, place).bytes(total));
    }
}
