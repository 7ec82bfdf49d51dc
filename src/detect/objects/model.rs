//! A network of the user's own, and what of it counts.

use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use serde::Serialize;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Largest file that is taken for a network: the file format itself ends there.
const MOST_BYTES: u64 = 2 << 30;

/// A network of the user's own that finds objects: an ONNX file, which runs on ONNX Runtime. What
/// it finds is covered beside what [`Cover`](super::super::Cover) says. `docs/objects.md` names the
/// forms of networks that are understood.
///
/// ```no_run
/// use faceveil::DetectorOptions;
/// use faceveil::detect::ObjectModel;
///
/// # fn run() -> faceveil::Result<()> {
/// let model = ObjectModel::read("yolo11n.onnx")?.classes(["person", "car"]);
/// let options = DetectorOptions::new().objects(model);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Serialize)]
pub struct ObjectModel {
    #[serde(skip)]
    pub(super) bytes: Arc<[u8]>,
    digest: Digest,
    pub(super) label: String,
    pub(super) classes: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) threshold: f32,
}

impl ObjectModel {
    /// The least score of an object, unless another is asked for.
    pub const THRESHOLD: f32 = 0.25;

    /// The bytes of an ONNX file.
    #[must_use]
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self {
            digest: Digest::of(&bytes),
            bytes,
            label: "model".to_owned(),
            classes: Vec::new(),
            names: Vec::new(),
            threshold: Self::THRESHOLD,
        }
    }

    /// Reads an ONNX file. Reports name what it finds after the file.
    ///
    /// # Errors
    /// [`ErrorKind::Engine`] if it cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let failed = || {
            let message = format!("reading the model {}", path.display());
            Error::new(ErrorKind::Engine, message)
        };
        let about = std::fs::metadata(path).map_err(|e| failed().because(e))?;
        if !about.is_file() || about.len() > MOST_BYTES {
            return Err(failed().because("it is no file of at most 2 GiB"));
        }
        let mut model = Self::new(std::fs::read(path).map_err(|e| failed().because(e))?);
        if let Some(stem) = path.file_stem() {
            model.label = stem.to_string_lossy().into_owned();
        }
        Ok(model)
    }

    /// Covering only these classes, by name or by number from 0; none: all of them.
    #[must_use]
    pub fn classes<S: Into<String>>(mut self, classes: impl IntoIterator<Item = S>) -> Self {
        self.classes = classes.into_iter().map(Into::into).collect();
        self
    }

    /// The names of its classes in their order, instead of those in the file.
    #[must_use]
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Least score of an object, 0..=1.
    #[must_use]
    pub fn threshold(mut self, threshold: f32) -> Self {
        self.threshold = threshold;
        self
    }

    /// SHA-256 of the file.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

impl fmt::Debug for ObjectModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({} bytes, classes {:?}, names {:?}, threshold {})",
            self.label,
            self.bytes.len(),
            self.classes,
            self.names,
            self.threshold
        )
    }
}
