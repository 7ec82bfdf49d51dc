//! What the tags of EXIF and TIFF reveal (Exif 3.0, 4.6; TIFF 6; DNG 1.7).
//!
//! Invariant: a tag that is not known to be harmless is named.

use super::bytes::{says_something, text};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::ifd::{Directory, Entry};
use super::{embedded, form, icc, irb, xmp};
use std::collections::{BTreeMap, HashSet};

/// Most values of one kind that are listed for a directory.
const MOST_WORDS: usize = 32;

/// Bytes of a misfit in which a picture is looked for. The misfit is reported either way.
const MOST_SEARCHED: usize = 1 << 14;

/// Reports what the plain entries of a directory reveal, one finding a kind.
pub(super) fn words(directory: &Directory<'_>, place: &str, out: &mut Inspection) {
    let mut listed: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for entry in &directory.entries {
        match entry.tag {
            0x02bc => xmp::packet(entry.value, &format!("{place}, XMP"), out),
            0x83bb => irb::iptc(entry.value, &format!("{place}, IPTC"), out),
            0x8649 => out.inside(|out| {
                irb::resources(entry.value, &format!("{place}, Photoshop"), out);
            }),
            0x8773 => icc::profile(entry.value, &format!("{place}, ICC"), out),
            tag if form::is_known(tag) => {
                let harmless = seen.insert(tag) && form::is_harmless(entry, directory);
                if !harmless && says_something(entry.value) {
                    misfit(entry, place, out);
                }
            }
            _ => {
                if let Some((kind, name)) = meaning(entry) {
                    let list = listed.entry(kind).or_default();
                    if list.len() < MOST_WORDS && !list.contains(&name) {
                        list.push(name);
                    }
                }
            }
        }
    }
    for (kind, list) in listed {
        out.add(Finding::new(kind, place).detail(list.join("; ")));
    }
}

/// A tag that is harmless in another form than this, or once.
fn misfit(entry: &Entry<'_>, place: &str, out: &mut Inspection) {
    let (tag, bytes) = (format!("tag {:#06x}", entry.tag), entry.value.len());
    // Many tags may point to the same bytes.
    let beginning = &entry.value[..bytes.min(MOST_SEARCHED)];
    let picture = embedded::anywhere(beginning).filter(|f| f.what.is_picture());
    out.add(match picture {
        Some(found) => Finding::new(Kind::Preview, format!("{place}, {tag}"))
            .bytes(bytes - found.at)
            .size(found.size)
            .detail(found.what.name()),
        None => Finding::new(Kind::Exif, place)
            .bytes(bytes)
            .detail(format!("{tag} of an unusual form")),
    });
}

/// What an entry reveals; `None` if it is harmless, empty, or dealt with elsewhere.
fn meaning(entry: &Entry<'_>) -> Option<(Kind, String)> {
    let named = |kind, name: &str| {
        let words = match entry.tag {
            0x9c9b..=0x9c9f => utf16(entry.value),
            0x9286 => text(entry.value.get(8..).unwrap_or_default()),
            _ => entry.words(),
        };
        let counts = match words.trim() {
            "" => !is_blank(entry),
            _ => says_something(entry.value),
        };
        counts.then(|| (kind, format!("{name} {words}")))
    };
    // Too many, or too little in their numbers, to be listed one by one.
    let said = |kind, name: &str| says_something(entry.value).then(|| (kind, name.to_owned()));
    match entry.tag {
        // Dealt with elsewhere.
        0x927c => None,
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
            said(Kind::Camera, "settings")
        }
        0x9400..=0x9406 | 0xa20b..=0xa213 | 0xa215..=0xa217 | 0xa300..=0xa40c | 0xa432 => {
            said(Kind::Camera, "settings")
        }
        0xa460..=0xa462 => named(Kind::Camera, "CompositeImage"),
        0x000b | 0x0131 => named(Kind::Software, "Software"),
        0x013c => named(Kind::Software, "HostComputer"),
        0xa439..=0xa43e => said(Kind::Software, "firmware and editors"),
        0xcd41 => said(Kind::C2pa, "manifest"),
        0x935c => Some((Kind::Layers, format!("{} bytes", entry.value.len()))),
        0xc634 => Some((Kind::MakerNote, format!("{} bytes", entry.value.len()))),
        tag => Some((Kind::Exif, format!("tag {tag:#06x}"))),
    }
}

/// Whether a value without words holds nothing else either: spaces, or a number that is not given.
fn is_blank(entry: &Entry<'_>) -> bool {
    let value = match entry.tag {
        // Eight bytes name the encoding.
        0x9286 if entry.value.starts_with(b"ASCII\0\0\0") => &entry.value[8..],
        0x9286 if entry.value.starts_with(b"UNICODE\0") => &entry.value[8..],
        0x9286 if entry.value.starts_with(b"JIS\0\0\0\0\0") => &entry.value[8..],
        _ => entry.value,
    };
    let blank = |b: &u8| *b == 0 || b.is_ascii_whitespace();
    value.iter().all(blank) || (matches!(entry.kind, 5 | 10) && entry.count() == 1)
}

fn utf16(value: &[u8]) -> String {
    let units = value
        .chunks_exact(2)
        .map(|b| u16::from_le_bytes([b[0], b[1]]));
    let units: Vec<u16> = units.take_while(|&u| u != 0).take(500).collect();
    String::from_utf16_lossy(&units)
}
