//! Where the models' bytes come from: the binary itself, or a folder.

use super::heads::Head;
use super::judge;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use std::borrow::Cow;
use std::path::Path;

/// The files: the networks and the judge of close-ups.
const FILES: [&str; 4] = [
    Head::CenterFace.file(),
    Head::YuNet.file(),
    Head::RetinaFace.file(),
    judge::FILE,
];

/// A file's bytes.
pub(super) fn read(file: &str, folder: Option<&Path>) -> Result<Cow<'static, [u8]>> {
    match folder {
        Some(folder) => {
            let path = folder.join(file);
            std::fs::read(&path).map(Cow::Owned).map_err(|e| {
                Error::new(
                    ErrorKind::Engine,
                    format!("reading the model {}", path.display()),
                )
                .because(e)
            })
        }
        None => bundled(file),
    }
}

/// The models inside this build: the names of their files and their sizes in bytes. Empty without the
/// feature `bundled-models`.
#[must_use]
pub fn bundled_models() -> Vec<(&'static str, usize)> {
    let size = |file: &'static str| Some((file, bundled(file).ok()?.len()));
    FILES.into_iter().filter_map(size).collect()
}

/// Their SHA-256, in the same order.
#[must_use]
pub fn bundled_digests() -> Vec<(&'static str, Digest)> {
    let digest = |file: &'static str| Some((file, Digest::of(&bundled(file).ok()?)));
    FILES.into_iter().filter_map(digest).collect()
}

#[cfg(feature = "bundled-models")]
fn bundled(file: &str) -> Result<Cow<'static, [u8]>> {
    const BYTES: [&[u8]; FILES.len()] = [
        include_bytes!("../../models/centerface.onnx"),
        include_bytes!("../../models/yunet_2023mar.onnx"),
        include_bytes!("../../models/retinaface_mnet025.onnx"),
        include_bytes!("../../models/judge.safetensors"),
    ];
    let found = FILES.iter().zip(BYTES).find(|(name, _)| **name == file);
    found
        .map(|(_, bytes)| Cow::Borrowed(bytes))
        .ok_or_else(|| Error::new(ErrorKind::Internal, format!("no bundled file {file}")))
}

#[cfg(not(feature = "bundled-models"))]
fn bundled(file: &str) -> Result<Cow<'static, [u8]>> {
    Err(Error::new(
        ErrorKind::Engine,
        format!(
            "this build has no bundled models; set `DetectorOptions::models` to a folder with {file}"
        ),
    ))
}

#[cfg(all(test, feature = "bundled-models"))]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_the_documented_ones() {
        let readme = include_str!("../../models/README.md");
        assert_eq!(bundled_digests().len(), FILES.len());
        for (name, digest) in bundled_digests() {
            let mut rows = readme.lines();
            let row = rows
                .find(|line| line.starts_with(&format!("| `{name}`")))
                .unwrap();
            assert!(row.contains(&digest.to_string()), "{name}: {digest}");
        }
    }
}
