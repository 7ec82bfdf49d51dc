//! Files on a disk, of any length: of a video its coded pictures and sound are stepped over.

use super::{Inspection, iso, matroska, transport};
use crate::error::{Error, ErrorKind, Result};
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

/// Bytes that identify a format.
const HEAD: u64 = 4096;
/// Largest picture file: as much as `faceveil` reads.
const MOST_PICTURE: u64 = 4 << 30;

/// As [`inspect`](super::inspect()), for a file on a disk. A video may be of any length: what it
/// codes is not brought into memory.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for a file of no known format, [`ErrorKind::TooLarge`] for a picture
/// of more than 4 GiB, [`ErrorKind::Io`] if it cannot be read.
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
        iso::look_file(file, &mut out).map_err(Error::read)?;
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
