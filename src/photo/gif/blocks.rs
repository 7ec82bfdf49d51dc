//! Names what a GIF holds besides its pictures. Decoders skip these blocks without a word.

use super::super::notes::Notes;
use crate::content::ContentKind;

/// Walks the blocks of a GIF and counts its frames; stops where they stop making sense, which the
/// decoder reports.
pub(super) fn name(file: &[u8], notes: &mut Notes) -> u64 {
    let mut frames = 0;
    let _ = walk(file, &mut frames, notes);
    frames
}

fn walk(file: &[u8], frames: &mut u64, notes: &mut Notes) -> Option<()> {
    let table = |flags: u8| {
        if flags & 0x80 == 0 {
            0
        } else {
            6 << (flags & 7)
        }
    };
    let mut at = 13 + table(*file.get(10)?);
    loop {
        match file.get(at)? {
            0x2c => {
                *frames += 1;
                let side =
                    |a: usize| Some(u32::from(*file.get(a)?) | u32::from(*file.get(a + 1)?) << 8);
                let beyond = |place, length, screen| {
                    Some(side(at + place)? + side(at + length)? > side(screen)?)
                };
                if beyond(1, 5, 6)? || beyond(3, 7, 8)? {
                    notes.drop(ContentKind::HiddenPictureData);
                }
                at += 10 + table(*file.get(at + 9)?);
                at = blocks_end(file, at + 1)?;
            }
            0x21 => {
                let data = file.get(at + 3..)?;
                match file.get(at + 1)? {
                    0xfe => notes.drop(ContentKind::Comment),
                    0x01 => notes.drop(ContentKind::Text),
                    0xff if data.starts_with(b"NETSCAPE2.0")
                        || data.starts_with(b"ANIMEXTS1.0") => {}
                    0xff if data.starts_with(b"C2PA_GIF") => notes.c2pa(),
                    0xff if data.starts_with(b"XMP DataXMP") => notes.drop(ContentKind::Xmp),
                    0xff if data.starts_with(b"MGK8BIM0000") => notes.drop(ContentKind::Photoshop),
                    0xff if data.starts_with(b"ICCRGBG1012") => notes.drop(ContentKind::Icc),
                    0xff => notes.drop(ContentKind::ApplicationData),
                    _ => {}
                }
                at = blocks_end(file, at + 2)?;
            }
            0x3b => {
                if file.len() > at + 1 {
                    notes.drop(ContentKind::Trailer);
                }
                return Some(());
            }
            _ => return None,
        }
    }
}

/// Behind the empty block that ends a run of data blocks.
fn blocks_end(file: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*file.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}
