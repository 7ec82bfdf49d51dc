//! Names the boxes of a JPEG XL besides its codestream (ISO/IEC 18181-2).

use super::super::boxes;
use super::super::exif;
use super::super::notes::{Notes, contains};
use crate::content::ContentKind;

/// Bytes in which headers without a colour profile end.
const HEAD: usize = 64;

/// A codestream, which may come in parts.
pub(super) struct Stream {
    /// Its first bytes.
    pub(super) head: Vec<u8>,
    pub(super) length: usize,
}

impl Stream {
    fn new<'a>(parts: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        Self {
            head: parts.clone().flatten().copied().take(HEAD).collect(),
            length: parts.map(<[u8]>::len).sum(),
        }
    }
}

/// Names them, and reads what EXIF says. A bare codestream has none.
pub(super) fn boxes(file: &[u8], notes: &mut Notes) -> (exif::Facts, Stream) {
    let mut facts = exif::Facts::default();
    let whole = Stream::new([file].into_iter());
    if file.starts_with(&[0xff, 0x0a]) {
        return (facts, whole);
    }
    let Ok((list, behind)) = boxes::split(file) else {
        return (facts, whole);
    };
    // Parts are numbered with four bytes.
    let parts = list.iter().filter_map(|one| match &one.kind {
        b"jxlc" => Some(one.body),
        b"jxlp" => one.body.get(4..),
        _ => None,
    });
    let stream = Stream::new(parts);
    if behind.iter().any(|&b| b != 0) {
        notes.drop(ContentKind::Trailer);
        if contains(&behind[..behind.len().min(1 << 20)], b"ftyp") {
            notes.motion_video();
        }
    }
    for one in &list {
        match &one.kind {
            b"JXL " | b"ftyp" | b"jxlc" | b"jxlp" | b"jxll" | b"jxli" => {}
            b"Exif" => {
                let skip = one.body.first_chunk::<4>().map(|b| u32::from_be_bytes(*b));
                let start = skip.map_or(0, |v| v as usize).saturating_add(4);
                facts = exif::read(one.body.get(start..).unwrap_or_default(), notes);
            }
            b"xml " => notes.drop_xmp(one.body),
            b"jumb" => notes.c2pa(),
            b"jbrd" => notes.drop(ContentKind::JpegReconstruction),
            b"jhgm" => notes.gain_map(),
            b"brob" => match one.body.first_chunk::<4>() {
                Some(b"Exif") => {
                    notes.drop(ContentKind::Exif);
                    if std::mem::take(&mut notes.wanted).any() {
                        notes.warn("compressed EXIF is not read, so nothing of it can be kept");
                    }
                }
                Some(b"xml ") => notes.drop(ContentKind::Xmp),
                Some(b"jumb") => notes.c2pa(),
                _ => notes.drop(ContentKind::PrivateChunks),
            },
            _ => notes.drop(ContentKind::PrivateChunks),
        }
    }
    // The codestream says how it is turned; EXIF only repeats it (18181-2, 9.4).
    facts.orientation = crate::geometry::Orientation::Normal;
    (facts, stream)
}
