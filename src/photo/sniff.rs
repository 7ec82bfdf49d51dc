//! Tells what a file is from its first bytes; names and extensions are never looked at.
//!
//! What is recognised and refused is named, so that a person knows what to convert.

use super::guard::{malformed, unsupported};
use super::notes::contains;
use super::{FileKind, Format};
use crate::error::{Error, Result};

/// The format of `file`, or an error that says what it is instead.
pub(super) fn format(file: &[u8]) -> Result<Format> {
    if file.is_empty() {
        return Err(malformed("the file is empty"));
    }
    match known(file) {
        Some(Known::Format(format)) => Ok(format),
        Some(Known::Refused(kind)) => Err(refused(kind)),
        None => Err(unsupported("not a picture of a kind that is known here")),
    }
}

/// The same without an error, for whoever sorts files.
pub(super) fn recognise(head: &[u8]) -> FileKind {
    match known(head) {
        Some(Known::Format(format)) => FileKind::Photo(format),
        Some(Known::Refused(kind)) if matches!(kind.group, Group::Video) => {
            FileKind::Video(kind.name)
        }
        Some(Known::Refused(kind)) if matches!(kind.group, Group::Raw) => FileKind::Raw(kind.name),
        // A folder of photos may hold documents without anyone meaning them.
        Some(Known::Refused(kind)) if !matches!(kind.group, Group::Document) => {
            FileKind::Refused(kind.name)
        }
        _ => FileKind::Unknown,
    }
}

enum Known {
    Format(Format),
    Refused(Refused),
}

fn known(file: &[u8]) -> Option<Known> {
    let format = if file.starts_with(&[0xff, 0xd8]) {
        Format::Jpeg
    } else if file.starts_with(b"\x89PNG\r\n\x1a\n") {
        Format::Png
    } else if file.starts_with(b"GIF87a") || file.starts_with(b"GIF89a") {
        Format::Gif
    } else if file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
        Format::WebP
    } else if is_tiff(file) {
        match raw_kind(file) {
            Some(kind) => return Some(Known::Refused(kind)),
            None => Format::Tiff,
        }
    } else if file.starts_with(b"BM") && file.len() >= 26 {
        // After the longer signatures, since two letters prove little.
        Format::Bmp
    } else {
        return other(file);
    };
    Some(Known::Format(format))
}

fn refused(kind: Refused) -> Error {
    let hint = match kind.group {
        Group::Picture => "convert it to JPEG, PNG or TIFF first",
        Group::Raw => {
            "develop it to JPEG or TIFF first, and mind that the raw file shows the faces"
        }
        Group::Video => "it is a video, not a photo",
        Group::Document => "export its pictures first",
    };
    unsupported(format!("{} files are not handled: {hint}", kind.name))
}

#[derive(Clone, Copy)]
enum Group {
    Picture,
    Raw,
    Video,
    Document,
}

#[derive(Clone, Copy)]
struct Refused {
    name: &'static str,
    group: Group,
}

const fn picture(name: &'static str) -> Option<Refused> {
    Some(Refused {
        name,
        group: Group::Picture,
    })
}

const fn raw(name: &'static str) -> Option<Refused> {
    Some(Refused {
        name,
        group: Group::Raw,
    })
}

const fn video(name: &'static str) -> Option<Refused> {
    Some(Refused {
        name,
        group: Group::Video,
    })
}

const fn document(name: &'static str) -> Option<Refused> {
    Some(Refused {
        name,
        group: Group::Document,
    })
}

fn is_tiff(file: &[u8]) -> bool {
    [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
        .iter()
        .any(|magic| file.starts_with(*magic))
}

/// Raw files that are TIFF inside, from the words and tags that their makers leave near the start.
fn raw_kind(file: &[u8]) -> Option<Refused> {
    if file.get(8..10) == Some(b"CR") {
        return raw("Canon CR2 (RAW)");
    }
    let first = FirstDirectory::read(file)?;
    if first.has(0xc612) {
        return raw("DNG (RAW)");
    }
    // A plain TIFF may come from a camera or its maker's software, too: only those that say that
    // the first picture is a preview (NewSubfileType 1) or hang the sensor's data into SubIFDs are
    // raw.
    if first.value(254) != Some(1) && !first.has(330) {
        return None;
    }
    let head = &file[..file.len().min(4096)];
    if contains(head, b"NIKON") {
        raw("Nikon NEF (RAW)")
    } else if contains(head, b"SONY") {
        raw("Sony ARW (RAW)")
    } else {
        None
    }
}

/// The tags of a TIFF's first directory, as far as a look costs nothing.
struct FirstDirectory<'a> {
    entries: &'a [u8],
    little: bool,
}

impl<'a> FirstDirectory<'a> {
    fn read(file: &'a [u8]) -> Option<Self> {
        let little = file.starts_with(b"II");
        let word = |at: usize| -> Option<u16> {
            let b: [u8; 2] = file.get(at..at + 2)?.try_into().ok()?;
            Some(if little {
                u16::from_le_bytes(b)
            } else {
                u16::from_be_bytes(b)
            })
        };
        let at: [u8; 4] = file.get(4..8)?.try_into().ok()?;
        let at = if little {
            u32::from_le_bytes(at)
        } else {
            u32::from_be_bytes(at)
        } as usize;
        let count = usize::from(word(at)?);
        let entries = file.get(at + 2..)?;
        Some(Self {
            entries: &entries[..entries.len().min(count * 12)],
            little,
        })
    }

    fn number(&self, bytes: &[u8]) -> u32 {
        let fold = |sum: u32, &byte: &u8| sum << 8 | u32::from(byte);
        if self.little {
            bytes.iter().rev().fold(0, fold)
        } else {
            bytes.iter().fold(0, fold)
        }
    }

    fn find(&self, tag: u32) -> Option<&[u8]> {
        self.entries
            .chunks_exact(12)
            .find(|entry| self.number(&entry[..2]) == tag)
    }

    fn has(&self, tag: u32) -> bool {
        self.find(tag).is_some()
    }

    /// The value of a LONG that is stored in the entry itself.
    fn value(&self, tag: u32) -> Option<u32> {
        self.find(tag).map(|entry| self.number(&entry[8..]))
    }
}

fn other(file: &[u8]) -> Option<Known> {
    if file.get(4..8) == Some(b"ftyp") {
        return iso_media(file);
    }
    if file.starts_with(&[0xff, 0x0a]) || file.starts_with(b"\0\0\0\x0cJXL \r\n\x87\n") {
        return Some(in_this_build(Format::Jxl, cfg!(feature = "jxl")));
    }
    foreign(file).map(Known::Refused)
}

/// A format that a build may lack.
fn in_this_build(format: Format, is: bool) -> Known {
    if is {
        return Known::Format(format);
    }
    Known::Refused(Refused {
        name: format.name(),
        group: Group::Picture,
    })
}

fn foreign(file: &[u8]) -> Option<Refused> {
    let starts = |magic: &[u8]| file.starts_with(magic);
    if is_quicktime(file) {
        return video("QuickTime (MOV)");
    }
    if starts(b"\0\0\0\x0cjP  \r\n\x87\n") || starts(&[0xff, 0x4f, 0xff, 0x51]) {
        return picture("JPEG 2000");
    }
    if starts(b"FUJIFILMCCD-RAW") {
        return raw("Fujifilm RAF (RAW)");
    }
    if starts(b"IIU\0") {
        return raw("Panasonic RW2 (RAW)");
    }
    if starts(b"IIRO") || starts(b"IIRS") || starts(b"MMOR") {
        return raw("Olympus ORF (RAW)");
    }
    if file.get(6..14) == Some(b"HEAPCCDR") {
        return raw("Canon CRW (RAW)");
    }
    if starts(b"\0MRM") {
        return raw("Minolta MRW (RAW)");
    }
    if starts(b"FOVb") {
        return raw("Sigma X3F (RAW)");
    }
    if starts(b"8BPS") {
        return picture("Photoshop (PSD)");
    }
    if starts(b"%PDF-") {
        return document("PDF");
    }
    if starts(&[0x1a, 0x45, 0xdf, 0xa3]) {
        let head = &file[..file.len().min(256)];
        return if contains(head, b"webm") {
            video("WebM")
        } else {
            video("Matroska (MKV)")
        };
    }
    if starts(b"RIFF") && file.get(8..12) == Some(b"AVI ") {
        return video("AVI");
    }
    if starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11") {
        return video("Windows Media (ASF)");
    }
    if starts(b"FLV\x01") {
        return video("Flash Video");
    }
    if starts(&[0, 0, 1, 0xba]) {
        return video("MPEG program stream");
    }
    if is_transport_stream(file) {
        return video("MPEG transport stream");
    }
    if let Some(kind) = raw_video(file) {
        return Some(kind);
    }
    if is_svg(file) {
        return document("SVG");
    }
    None
}

/// QuickTime from before `ftyp`, by its first box. One that only fills or points is short: below 16
/// MiB its length begins with a zero, which no text does that has such a word in its place.
fn is_quicktime(file: &[u8]) -> bool {
    match file.get(4..8) {
        Some(b"moov" | b"mdat") => true,
        Some(b"wide" | b"free" | b"skip" | b"pnot") => file[0] == 0,
        _ => false,
    }
}

/// Videos of cameras, editors and the open web that only ffmpeg reads.
fn raw_video(file: &[u8]) -> Option<Refused> {
    let starts = |magic: &[u8]| file.starts_with(magic);
    // The key of a header partition (SMPTE ST 377-1).
    if starts(&[
        0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02,
    ]) {
        return video("MXF");
    }
    // Sound alone begins with other names.
    if starts(b"OggS") && contains(&file[..file.len().min(512)], b"\x80theora") {
        return video("Ogg");
    }
    // Header of a DIF sequence (IEC 61834-2), in 525 or 625 lines.
    if starts(&[0x1f, 0x07, 0x00]) && file.get(3).is_some_and(|b| b & 0x7f == 0x3f) {
        return video("DV");
    }
    if starts(b"DHAV") {
        return video("DAV");
    }
    let unit = file
        .strip_prefix(&[0, 0, 0, 1])
        .or_else(|| file.strip_prefix(&[0, 0, 1]))?;
    match unit {
        // A sequence parameter set or a delimiter (ITU-T H.264, 7.3.1).
        [0x67 | 0x27 | 0x47, 66 | 77 | 88 | 100 | 110 | 122 | 244, ..]
        | [0x09, 0x10 | 0x30, ..] => video("H.264"),
        // A video parameter set or a delimiter (ITU-T H.265, 7.3.1).
        [0x40 | 0x46, 0x01, ..] => video("HEVC"),
        _ => None,
    }
}

/// Packets of 188 bytes that begin with a G, with four bytes before each in cameras' files.
fn is_transport_stream(file: &[u8]) -> bool {
    let every =
        |first: usize, length: usize| (0..4).all(|i| file.get(first + i * length) == Some(&0x47));
    every(0, 188) || every(4, 192)
}

/// ISO base media: brands say whether it is a picture or a video.
fn iso_media(file: &[u8]) -> Option<Known> {
    let length = file.get(..4).map_or(0, |b| {
        b.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte))
    });
    let brands = file.get(8..length.clamp(12, 256).min(file.len()))?;
    let has = |names: &[&[u8; 4]]| {
        brands
            .chunks_exact(4)
            .enumerate()
            .any(|(i, brand)| i != 1 && names.iter().any(|name| *name == brand))
    };
    if has(&[b"avif", b"avis"]) {
        return Some(in_this_build(Format::Avif, cfg!(feature = "avif")));
    }
    let refused = if has(&[b"crx "]) {
        raw("Canon CR3 (RAW)")
    } else if has(&[
        b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1",
    ]) {
        return Some(in_this_build(Format::Heic, cfg!(feature = "heic")));
    } else if has(&[b"jp2 ", b"jpx "]) {
        picture("JPEG 2000")
    } else if has(&[b"qt  "]) {
        video("QuickTime (MOV)")
    } else {
        video("MP4")
    };
    refused.map(Known::Refused)
}

fn is_svg(file: &[u8]) -> bool {
    let head = &file[..file.len().min(1024)];
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    text.trim_ascii_start().starts_with(b"<") && contains(text, b"<svg")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn refusal(file: &[u8]) -> String {
        let error = format(file).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        error.to_string()
    }

    #[test]
    fn refused_formats_are_named() {
        let cases: &[(&[u8], &str)] = &[
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "CR3"),
            (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "MP4"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "MOV"),
            (b"\0\0\0\x0cjP  \r\n\x87\n\0\0", "JPEG 2000"),
            (b"II*\0\x10\0\0\0CR\x02\0", "CR2"),
            (b"FUJIFILMCCD-RAW 0201", "RAF"),
            (b"IIU\0\x18\0\0\0", "RW2"),
            (b"IIRO\x08\0\0\0", "ORF"),
            (b"II\x1a\0\0\0HEAPCCDR", "CRW"),
            (b"\0MRM\0\0\x0a\x0c\0PRD", "MRW"),
            (b"FOVb\0\x02\x02\0", "X3F"),
            (b"8BPS\0\x01", "PSD"),
            (b"%PDF-1.7\n", "PDF"),
            (b"<?xml version='1.0'?>\n<svg xmlns='x'/>", "SVG"),
            (b"\x1a\x45\xdf\xa3\x93\x42\x82\x84webm", "WebM"),
            (b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", "MKV"),
            (b"RIFF\0\0\0\0AVI LIST", "AVI"),
            (b"just some text", "not a picture"),
            (b"BM", "not a picture"),
        ];
        for (file, name) in cases {
            assert!(refusal(file).contains(name), "{name}: {}", refusal(file));
        }
    }

    #[test]
    fn the_newer_formats_are_handled_or_refused_by_name_as_the_build_is() {
        let cases: [(&[u8], Format, bool); 4] = [
            (
                b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
                Format::Heic,
                cfg!(feature = "heic"),
            ),
            (
                b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif",
                Format::Avif,
                cfg!(feature = "avif"),
            ),
            (b"\xff\x0a\x00\x00", Format::Jxl, cfg!(feature = "jxl")),
            (
                b"\0\0\0\x0cJXL \r\n\x87\n\0\0",
                Format::Jxl,
                cfg!(feature = "jxl"),
            ),
        ];
        for (file, name, is_in) in cases {
            match format(file) {
                Ok(found) => assert!(is_in && found == name, "{found:?}"),
                Err(error) => assert!(!is_in && error.to_string().contains(name.name())),
            }
        }
    }

    #[test]
    fn a_dng_is_raw_and_a_scan_by_a_camera_maker_is_a_tiff() {
        let entry = |tag: u16, value: u32| {
            let mut e = tag.to_le_bytes().to_vec();
            e.extend([4, 0, 1, 0, 0, 0]);
            e.extend(value.to_le_bytes());
            e
        };
        let file = |entries: &[Vec<u8>], words: &[u8]| {
            let mut f = b"II*\0\x08\0\0\0".to_vec();
            f.extend((entries.len() as u16).to_le_bytes());
            entries.iter().for_each(|e| f.extend(e));
            f.extend([0; 4]);
            f.extend(words);
            f
        };
        assert!(refusal(&file(&[entry(0xc612, 0x0401)], b"")).contains("DNG"));
        assert!(refusal(&file(&[entry(254, 1)], b"NIKON")).contains("NEF"));
        assert!(refusal(&file(&[entry(254, 1)], b"SONY")).contains("ARW"));
        assert_eq!(
            format(&file(&[entry(254, 0)], b"NIKON")).ok(),
            Some(Format::Tiff)
        );
    }

    #[test]
    fn an_empty_file_is_malformed() {
        assert_eq!(format(b"").expect_err("empty").kind(), ErrorKind::Malformed);
    }
}
