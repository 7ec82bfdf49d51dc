//! Brings a file's bytes in, within bounds.
//!
//! Invariant: no more is read than a picture may have, whatever the file claims to be.

use super::inputs::HEAD;
use anyhow::{Context, Result, bail, ensure};
use faceveil::{FileKind, Photo};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Largest file that is taken for a photo: 500 megapixels of four 16-bit channels, uncompressed.
pub(super) const MOST_BYTES: u64 = 4 << 30;

/// A photo's bytes, or the first few of a file that is none, from which the library tells why.
pub(super) fn photo(path: &Path) -> Result<Vec<u8>> {
    let (mut file, length) = open(path)?;
    let mut bytes = Vec::new();
    file.by_ref()
        .take(HEAD)
        .read_to_end(&mut bytes)
        .context("reading it")?;
    if matches!(Photo::recognise(&bytes), FileKind::Photo(_)) {
        rest(file, &mut bytes, length, MOST_BYTES)?;
    }
    Ok(bytes)
}

/// Whether a file is a video, whatever its length. What cannot be read is none.
pub(super) fn is_video(path: &Path) -> bool {
    // Opening a pipe would wait for its other end.
    if !std::fs::metadata(path).is_ok_and(|m| m.is_file()) {
        return false;
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|f| f.take(HEAD).read_to_end(&mut head));
    read.is_ok() && matches!(Photo::recognise(&head), FileKind::Video(_))
}

/// A file's bytes.
pub(super) fn file(path: &Path, most: u64) -> Result<Vec<u8>> {
    let (file, length) = open(path)?;
    let mut bytes = Vec::new();
    rest(file, &mut bytes, length, most)?;
    Ok(bytes)
}

/// Everything on standard input.
pub(super) fn stdin() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    rest(io::stdin().lock(), &mut bytes, 0, MOST_BYTES)?;
    Ok(bytes)
}

/// Makes sure that a path is a file, and gives its length.
pub(super) fn length(path: &Path) -> Result<u64> {
    // Asked before it is opened: a pipe would wait for its other end.
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        bail!("it is a folder");
    }
    ensure!(
        metadata.is_file(),
        "it is a pipe or a device; to read from a pipe give `-` and the photo on standard input"
    );
    Ok(metadata.len())
}

fn open(path: &Path) -> Result<(File, u64)> {
    let length = length(path)?;
    ensure_length(length, MOST_BYTES)?;
    Ok((File::open(path)?, length))
}

fn rest(from: impl Read, bytes: &mut Vec<u8>, length: u64, most: u64) -> Result<()> {
    ensure_length(length, most)?;
    let expected = usize::try_from(length)
        .unwrap_or(0)
        .saturating_sub(bytes.len());
    bytes
        .try_reserve_exact(expected)
        .context("reading it: not enough memory")?;
    let room = most.saturating_sub(bytes.len() as u64);
    // The length is asked again at the end: a file may grow while it is read.
    from.take(room + 1)
        .read_to_end(bytes)
        .context("reading it")?;
    ensure_length(bytes.len() as u64, most)
}

fn ensure_length(length: u64, most: u64) -> Result<()> {
    ensure!(
        length <= most,
        "it has {length} bytes, and a picture of more than {most} is not read"
    );
    Ok(())
}
