//! Looks at a block of bytes that should not be there and says what it is: a picture with its size,
//! a video, or nothing known. Pictures that begin in the middle of a block are looked for as well.

use super::bytes::{Order, contains, find, part, rest};

/// What a block of bytes turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Embedded {
    pub(super) what: What,
    /// Where it begins in the block.
    pub(super) at: usize,
    /// Width and height, of a picture.
    pub(super) size: Option<(u32, u32)>,
}

/// Kinds of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Jpeg,
    Png,
    WebP,
    Tiff,
    Video,
    Zip,
}

impl What {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Tiff => "TIFF",
            Self::Video => "video",
            Self::Zip => "ZIP archive",
        }
    }

    /// Whether it can be shown as a picture.
    pub(super) const fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::WebP | Self::Tiff)
    }
}

/// What begins at the first byte.
pub(super) fn at_start(data: &[u8]) -> Option<Embedded> {
    let found = |what, size| Some(Embedded { what, at: 0, size });
    if data.starts_with(&[0xff, 0xd8, 0xff]) {
        found(What::Jpeg, jpeg_size(data))
    } else if data.starts_with(b"\x89PNG\r\n\x1a\n") {
        let big = Order::Big;
        found(What::Png, big.u32(data, 16).zip(big.u32(data, 20)))
    } else if data.starts_with(b"RIFF") && part(data, 8, 4) == Some(b"WEBP") {
        found(What::WebP, None)
    } else if data.starts_with(b"II*\0") || data.starts_with(b"MM\0*") {
        found(What::Tiff, None)
    } else if part(data, 4, 4) == Some(b"ftyp") {
        found(What::Video, None)
    } else if data.starts_with(b"PK\x03\x04") {
        found(What::Zip, None)
    } else {
        None
    }
}

/// The first thing that is known anywhere in the block. A JPEG counts only with a readable size,
/// since its three signature bytes prove little.
pub(super) fn anywhere(data: &[u8]) -> Option<Embedded> {
    let mut best: Option<Embedded> = None;
    let mut at = 0;
    for _ in 0..64 {
        let Some(next) = find(rest(data, at), &[0xff, 0xd8, 0xff]) else {
            break;
        };
        at += next;
        if let Some(found) = at_start(rest(data, at)).filter(|f| f.size.is_some()) {
            best = Some(Embedded { at, ..found });
            break;
        }
        at += 3;
    }
    // What begins behind that is not the first.
    let data = &data[..best.map_or(data.len(), |b| (b.at + 12).min(data.len()))];
    let mut keep = |at: usize, found: Embedded| {
        if best.is_none_or(|b| at < b.at) {
            best = Some(Embedded { at, ..found });
        }
    };
    if let Some(at) = find(data, b"\x89PNG\r\n\x1a\n")
        && let Some(found) = at_start(rest(data, at))
    {
        keep(at, found);
    }
    if let Some(at) = find(data, b"ftyp").and_then(|at| at.checked_sub(4))
        && let Some(found) = at_start(rest(data, at)).filter(|_| is_brand(rest(data, at)))
    {
        keep(at, found);
    }
    best
}

/// Whether a video's first box names a brand in letters.
fn is_brand(data: &[u8]) -> bool {
    part(data, 8, 4).is_some_and(|b| b.iter().all(|c| c.is_ascii_alphanumeric() || *c == b' '))
}

/// Width and height from the frame header of a JPEG.
fn jpeg_size(data: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    for _ in 0..1000 {
        while *data.get(at)? != 0xff {
            at += 1;
        }
        while *data.get(at)? == 0xff {
            at += 1;
        }
        let marker = *data.get(at)?;
        at += 1;
        match marker {
            0x01 | 0xd0..=0xd7 => continue,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let height = Order::Big.u16(data, at + 3)?;
                let width = Order::Big.u16(data, at + 5)?;
                return Some((width.into(), height.into()));
            }
            0xd9 | 0xda => return None,
            _ => at += usize::from(Order::Big.u16(data, at)?).max(2),
        }
    }
    None
}

/// Where a JPEG that begins at the first byte ends: behind its end marker. Segments are skipped by
/// their lengths, so that a thumbnail's end is not taken for it.
pub(super) fn jpeg_end(data: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        at += find(rest(data, at), &[0xff])?;
        let marker = *data.get(at + 1)?;
        match marker {
            0xff => at += 1,
            0xd9 => return Some(at + 2),
            0x00 | 0x01 | 0xd0..=0xd8 => at += 2,
            _ => at += 2 + usize::from(Order::Big.u16(data, at + 2)?).max(2),
        }
    }
}

/// What the words in a picture's own header say that it is for.
pub(super) fn is_gain_map(picture: &[u8]) -> bool {
    let head = &picture[..picture.len().min(1 << 16)];
    [
        &b"hdrgm:"[..],
        b"HDRGainMap",
        b"hdrgainmap",
        b"urn:iso:std:iso:ts:21496:-1",
    ]
    .iter()
    .any(|word| contains(head, word))
}

/// As [`is_gain_map`], for depth maps and mattes.
pub(super) fn is_depth(picture: &[u8]) -> bool {
    let head = &picture[..picture.len().min(1 << 16)];
    [
        &b"apdi:DepthData"[..],
        b"depthData:",
        b"portraiteffectsmatte",
        b"depthBlurEffect",
        b"auxid:2",
    ]
    .iter()
    .any(|word| contains(head, word))
}
