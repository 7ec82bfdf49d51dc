//! Files on a disk, of any length: of a video its coded pictures and sound are stepped over.

use super::{Inspection, iso, matroska, transport};
use crate::error::{Error, ErrorKind, Result};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes that tell a format.
const HEAD: u64 = 4096;
/// Largest picture file: as much as `faceveil` reads.
const MOST_PICTURE: u64 = 4 << 30;
/// Most that a movie says about itself: tables of a week of video.
const MOST_TABLES: u64 = 1 << 30;

/// As [`inspect`](super::inspect()), for a file on a disk. A video may be of any length: what it codes is not
/// brought into memory.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for a file of no known format, [`ErrorKind::TooLarge`] for a picture of more than 4 GiB,
/// [`ErrorKind::Io`] if it cannot be read.
pub fn inspect_file(path: &Path) -> Result<Inspection> {
    let mut file = File::open(path).map_err(Error::read)?;
    let mut head = Vec::new();
    file.by_ref()
        .take(HEAD)
        .read_to_end(&mut head)
        .map_err(Error::read)?;
    file.rewind().map_err(Error::read)?;
    let mut out = Inspection::default();
    if head.starts_with(&matroska::MAGIC) {
        out.format = "matroska";
        matroska::look(file, &mut out).map_err(Error::read)?;
    } else if transport::is_one(&head) {
        out.format = "mpeg-ts";
        transport::look(file, &mut out).map_err(Error::read)?;
    } else if let Some(format @ ("mp4" | "mov")) = iso::format(&head) {
        out.format = format;
        let (tables, coded) = abridged(file).map_err(Error::read)?;
        iso::look(&tables, Some(coded), &mut out);
    } else {
        let mut whole = Vec::new();
        file.take(MOST_PICTURE + 1)
            .read_to_end(&mut whole)
            .map_err(Error::read)?;
        if whole.len() as u64 > MOST_PICTURE {
            let message = "a picture of more than 4 GiB is not looked through";
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        return super::inspect(&whole);
    }
    Ok(out)
}

/// A movie with empty `mdat` boxes, and how many bytes these had.
fn abridged(mut file: File) -> io::Result<(Vec<u8>, u64)> {
    let end = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let (mut out, mut coded, mut at) = (Vec::new(), 0u64, 0u64);
    while end - at >= 8 {
        let mut head = [0; 16];
        let first = 16.min(end - at) as usize;
        file.read_exact(&mut head[..first])?;
        let short = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let (own, length) = match short {
            0 => (8, end - at),
            1 => (
                16,
                u64::from_be_bytes(head[8..].try_into().unwrap_or_default()),
            ),
            length => (8, length),
        };
        if length < own || length > end - at {
            break;
        }
        if &head[4..8] == b"mdat" {
            coded += length - own;
            out.extend(b"\0\0\0\x08mdat");
        } else {
            file.seek(SeekFrom::Start(at))?;
            let room = MOST_TABLES.saturating_sub(out.len() as u64);
            file.by_ref().take(length.min(room)).read_to_end(&mut out)?;
        }
        at += length;
        file.seek(SeekFrom::Start(at))?;
    }
    // What makes no sense is for the look to say.
    file.seek(SeekFrom::Start(at))?;
    file.take(HEAD).read_to_end(&mut out)?;
    Ok((out, coded))
}
