//! Where the models' bytes come from: the binary itself, or a folder.

use super::heads::Head;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

/// Where the networks come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelSource {
    /// Those inside this build, see [`bundled_models`].
    #[default]
    Bundled,
    /// A folder with files of the bundled models' names.
    Folder(PathBuf),
    /// ONNX files in memory.
    Files(Vec<ModelFile>),
}

/// A network in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// The name of the bundled model that it stands for: `centerface.onnx`.
    pub name: String,
    /// The whole ONNX file.
    pub bytes: Arc<[u8]>,
}

impl std::fmt::Debug for ModelFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.name, self.bytes.len())
    }
}

/// The ONNX file of a network.
pub(super) fn read(head: Head, source: &ModelSource) -> Result<Cow<'_, [u8]>> {
    match source {
        ModelSource::Folder(folder) => {
            let path = folder.join(head.file());
            std::fs::read(&path).map(Cow::Owned).map_err(|e| {
                Error::new(
                    ErrorKind::Engine,
                    format!("reading the model {}", path.display()),
                )
                .because(e)
            })
        }
        ModelSource::Files(files) => {
            let found = files.iter().find(|f| f.name == head.file());
            found.map(|f| Cow::Borrowed(&f.bytes[..])).ok_or_else(|| {
                let message = format!("no model {} was given", head.file());
                Error::new(ErrorKind::Engine, message)
            })
        }
        ModelSource::Bundled => bundled(head),
    }
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
    Head::ALL.into_iter().filter_map(model).collect()
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
            "this build has no bundled models; give {} through `DetectorOptions::models`",
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
        assert_eq!(bundled_models().len(), Head::ALL.len());
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
