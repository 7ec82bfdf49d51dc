//! Brings a file's bytes in, within bounds.
//!
//! Invariant: no more is read than a picture may have, whatever the file claims to be.

use super::kind::{HEAD, InputKind};
use anyhow::{Context, Result, bail, ensure};
use faceveil::photo::FileKind;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Largest file that is taken for a photo: 500 megapixels of four 16-bit channels, uncompressed.
pub(crate) const MOST_BYTES: u64 = 4 << 30;

/// A photo's bytes, or the first few of a file whose `kind` is none, from which the library tells
/// why.
pub(crate) fn photo(path: &Path, kind: InputKind) -> Result<Vec<u8>> {
    if matches!(kind.recognised(), FileKind::Photo(_) | FileKind::Raw(_)) {
        return file(path, MOST_BYTES);
    }
    let (file, _) = open(path)?;
    let mut bytes = Vec::new();
    file.take(HEAD)
        .read_to_end(&mut bytes)
        .context("reading it")?;
    Ok(bytes)
}

/// A file's bytes.
pub(crate) fn file(path: &Path, most: u64) -> Result<Vec<u8>> {
    let (file, length) = open(path)?;
    let mut bytes = Vec::new();
    rest(file, &mut bytes, length, most)?;
    Ok(bytes)
}

/// Everything on standard input.
pub(crate) fn stdin() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    rest(io::stdin().lock(), &mut bytes, 0, MOST_BYTES)?;
    Ok(bytes)
}

/// Makes sure that a path is a file, and gives its length.
pub(crate) fn length(path: &Path) -> Result<u64> {
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
