//! The JPEGs that cameras put into their raw files, so that their screens need not develop them.
//!
//! Every raw format keeps them elsewhere, and some in private notes of the maker. All of them are
//! whole JPEG files, so they are found as such: from their first to their last marker. The sensor's
//! own data, where it is coded as JPEG, is of the lossless kind and never taken.
//!
//! Invariant: every byte is looked at a bounded number of times, whatever the file says.

use std::borrow::Cow;

/// How many bytes or segments are looked at, over bytes of the file: previews in the notes of a
/// preview that turned out to be damaged are looked at again.
const MOST_STEPS: usize = 4;
/// A CR3 has its tags in the first box.
const HEAD: usize = 1 << 16;

/// The largest preview of a raw file.
pub(super) struct Preview<'a> {
    /// A whole JPEG file.
    pub(super) jpeg: &'a [u8],
    /// The raw file's own tags, if the JPEG has none.
    pub(super) tags: Option<Cow<'a, [u8]>>,
}

/// The JPEGs of 8 bits in a file, one behind the other.
pub(super) fn jpegs(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    EmbeddedJpegs::new(file, 0).map(|one| &file[one.start..one.end])
}

/// Finds it; `None` if there is none that shows a picture of 8 bits, grey or in colour.
pub(super) fn preview(file: &[u8]) -> Option<Preview<'_>> {
    // A file that is a JPEG as a whole is no raw file.
    let mut best: Option<Embedded> = None;
    for one in EmbeddedJpegs::new(file, 1) {
        if best.as_ref().is_none_or(|best| best.pixels < one.pixels) {
            best = Some(one);
        }
    }
    let best = best?;
    Some(Preview {
        jpeg: &file[best.start..best.end],
        tags: if best.has_exif { None } else { tags(file) },
    })
}

/// The JPEGs in a file.
struct EmbeddedJpegs<'a> {
    file: &'a [u8],
    at: usize,
    /// How many bytes and segments may still be looked at.
    steps: usize,
}

impl<'a> EmbeddedJpegs<'a> {
    fn new(file: &'a [u8], at: usize) -> Self {
        let steps = file
            .len()
            .saturating_mul(MOST_STEPS)
            .saturating_add(1 << 16);
        Self { file, at, steps }
    }
}

impl Iterator for EmbeddedJpegs<'_> {
    type Item = Embedded;

    fn next(&mut self) -> Option<Embedded> {
        while self.steps > 0 {
            let found = find_start(self.file, self.at)?;
            let whole = read_jpeg(self.file, found, &mut self.steps);
            self.at = whole.as_ref().map_or(found + 2, |whole| whole.end);
            if whole.is_some() {
                return whole;
            }
        }
        None
    }
}

/// A JPEG in a file.
struct Embedded {
    start: usize,
    end: usize,
    pixels: u64,
    has_exif: bool,
}

/// Where the next JPEG may start.
fn find_start(file: &[u8], from: usize) -> Option<usize> {
    let rest = file.get(from..)?;
    let found = rest.windows(3).position(|w| w == [0xff, 0xd8, 0xff])?;
    Some(from + found)
}

/// The JPEG that starts here, if it is one of 8 bits and reaches its end.
fn read_jpeg(file: &[u8], start: usize, steps: &mut usize) -> Option<Embedded> {
    let mut at = start + 2;
    let (mut pixels, mut scans, mut has_exif) = (0, 0, false);
    loop {
        spend(steps, 1)?;
        if *file.get(at)? != 0xff {
            return None;
        }
        let marker = *file.get(at + 1)?;
        at += 2;
        match marker {
            // Filling: the next byte is the marker's.
            0xff => {
                at -= 1;
                continue;
            }
            0xd9 if scans > 0 => {
                return Some(Embedded {
                    start,
                    end: at,
                    pixels,
                    has_exif,
                });
            }
            0x00..=0x01 | 0xd0..=0xd9 => return None,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes([*file.get(at)?, *file.get(at + 1)?]));
        let body = file.get(at + 2..at + length)?;
        at += length;
        match marker {
            // Baseline, extended and progressive.
            0xc0..=0xc2 if pixels == 0 => pixels = size(body)?,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return None,
            0xe1 => has_exif |= body.starts_with(b"Exif\0\0"),
            0xda if pixels > 0 => {
                scans += 1;
                at = scan_end(file, at, steps)?;
            }
            0xda => return None,
            _ => {}
        }
    }
}

/// `None` once nothing is left, for whatever else is asked, too.
fn spend(steps: &mut usize, n: usize) -> Option<()> {
    let left = steps.checked_sub(n);
    *steps = left.unwrap_or(0);
    left.map(|_| ())
}

/// Pixels of a frame of 8 bits that is grey or has three components.
fn size(frame: &[u8]) -> Option<u64> {
    let &[8, h1, h0, w1, w0, 1 | 3, ..] = frame else {
        return None;
    };
    let side = |a, b| u64::from(u16::from_be_bytes([a, b]));
    let pixels = side(h1, h0) * side(w1, w0);
    (pixels > 0).then_some(pixels)
}

/// The place of the marker behind a scan.
fn scan_end(file: &[u8], from: usize, steps: &mut usize) -> Option<usize> {
    let mut at = from;
    loop {
        let ahead = file.get(at..)?.iter().position(|&b| b == 0xff)?;
        spend(steps, ahead + 1)?;
        at += ahead;
        match *file.get(at + 1)? {
            0x00 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

/// The block of tags at the start of a raw file, as the reader of EXIF takes it.
fn tags(file: &[u8]) -> Option<Cow<'_, [u8]>> {
    if file.get(4..8) == Some(b"ftyp") {
        let head = &file[..file.len().min(HEAD)];
        let at = head.windows(4).position(|w| w == b"CMT1")?;
        return Some(Cow::Borrowed(&head[at + 4..]));
    }
    // ORF and RW2 are TIFF with a number of their own.
    match file.get(..4)? {
        b"II*\0" | b"MM\0*" => Some(Cow::Borrowed(file)),
        [b'I', b'I', ..] | [b'M', b'M', ..] => {
            let mut tiff = file.to_vec();
            let number = if file[0] == b'I' { b"II*\0" } else { b"MM\0*" };
            tiff[..4].copy_from_slice(number);
            Some(Cow::Owned(tiff))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
