//! Where the models' bytes come from: the binary itself, or a folder.

use super::heads::Head;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use std::borrow::Cow;
use std::path::Path;

/// The ONNX file of a network.
pub(super) fn read(head: Head, folder: Option<&Path>) -> Result<Cow<'static, [u8]>> {
    match folder {
        Some(folder) => {
            let path = folder.join(head.file());
            std::fs::read(&path).map(Cow::Owned).map_err(|e| {
                Error::new(
                    ErrorKind::Engine,
                    format!("reading the model {}", path.display()),
                )
                .because(e)
            })
        }
        None => bundled(head),
    }
}

/// The models inside this build: the names of their files and their sizes in bytes. Empty without the
/// feature `bundled-models`.
#[must_use]
pub fn bundled_models() -> Vec<(&'static str, usize)> {
    let size = |head: Head| Some((head.file(), bundled(head).ok()?.len()));
    Head::ALL.into_iter().filter_map(size).collect()
}

/// Their SHA-256, in the same order.
#[must_use]
pub fn bundled_digests() -> Vec<(&'static str, Digest)> {
    let digest = |head: Head| Some((head.file(), Digest::of(&bundled(head).ok()?)));
    Head::ALL.into_iter().filter_map(digest).collect()
}

#[cfg(feature = "bundled-models")]
fn bundled(head: Head) -> Result<Cow<'static, [u8]>> {
    let bytes: &'static [u8] = match head {
        Head::CenterFace => include_bytes!("../../models/centerface.onnx"),
        Head::YuNet => include_bytes!("../../models/yunet_2023mar.onnx"),
        Head::RetinaFace => include_bytes!("../../models/retinaface_mnet025.onnx"),
    };
    Ok(Cow::Borrowed(bytes))
}

#[cfg(not(feature = "bundled-models"))]
fn bundled(head: Head) -> Result<Cow<'static, [u8]>> {
    Err(Error::new(
        ErrorKind::Engine,
        format!(
            "this build has no bundled models; set `DetectorOptions::models` to a folder with {}",
            head.file()
        ),
    ))
}

#[cfg(all(test, feature = "bundled-models"))]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_the_documented_ones() {
        let readme = include_str!("../../models/README.md");
        assert_eq!(bundled_digests().len(), Head::ALL.len());
        for (name, digest) in bundled_digests() {
            let mut rows = readme.lines();
            let row = rows
                .find(|line| line.starts_with(&format!("| `{name}`")))
                .unwrap();
            assert!(row.contains(&digest.to_string()), "{name}: {digest}");
        }
    }
}
