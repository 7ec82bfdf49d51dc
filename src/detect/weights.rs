//! Where the models' bytes come from: the binary itself, or a folder.

use super::heads::Head;
use super::text;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use std::borrow::Cow;
use std::path::Path;

/// The ONNX file of a network.
pub(super) fn read(head: Head, folder: Option<&Path>) -> Result<Cow<'static, [u8]>> {
    match folder {
        Some(folder) => from_folder(folder, head.file()),
        None => bundled(head),
    }
}

/// The ONNX file of the network that finds writing.
pub(super) fn read_text(folder: Option<&Path>) -> Result<Cow<'static, [u8]>> {
    match folder {
        Some(folder) => from_folder(folder, text::FILE),
        #[cfg(all(feature = "bundled-models", feature = "text"))]
        None => Ok(Cow::Borrowed(TEXT)),
        #[cfg(not(all(feature = "bundled-models", feature = "text")))]
        None => Err(Error::new(
            ErrorKind::Engine,
            format!(
                "this build has no bundled model for writing (feature `text`); set \
                 `DetectorOptions::models` to a folder with {}",
                text::FILE
            ),
        )),
    }
}

#[cfg(all(feature = "bundled-models", feature = "text"))]
const TEXT: &[u8] = include_bytes!("../../models/text_ppocrv4.onnx");

fn from_folder(folder: &Path, file: &str) -> Result<Cow<'static, [u8]>> {
    let path = folder.join(file);
    std::fs::read(&path).map(Cow::Owned).map_err(|e| {
        Error::new(
            ErrorKind::Engine,
            format!("reading the model {}", path.display()),
        )
        .because(e)
    })
}

/// A network inside this build.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct BundledModel {
    /// Name of its file: `centerface.onnx`.
    pub name: &'static str,
    /// The whole ONNX file.
    pub bytes: &'static [u8],
}

impl BundledModel {
    /// SHA-256 of the file.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.bytes)
    }
}

/// The networks inside this build. Empty without the feature `bundled-models`.
#[must_use]
pub fn bundled_models() -> Vec<BundledModel> {
    let model = |head: Head| match bundled(head) {
        Ok(Cow::Borrowed(bytes)) => Some(BundledModel {
            name: head.file(),
            bytes,
        }),
        _ => None,
    };
    let all = Head::ALL.into_iter().filter_map(model);
    #[cfg(all(feature = "bundled-models", feature = "text"))]
    let all = all.chain([BundledModel {
        name: text::FILE,
        bytes: TEXT,
    }]);
    all.collect()
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
        let more = usize::from(cfg!(feature = "text"));
        assert_eq!(bundled_models().len(), Head::ALL.len() + more);
        for model in bundled_models() {
            let (name, digest) = (model.name, model.digest());
            let mut rows = readme.lines();
            let row = rows
                .find(|line| line.starts_with(&format!("| `{name}`")))
                .unwrap();
            assert!(row.contains(&digest.to_string()), "{name}: {digest}");
        }
    }
}
