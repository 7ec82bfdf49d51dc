//! Finds faces (stub).

use crate::engine::EngineOptions;
use crate::error::Result;
use crate::face::Face;
use crate::picture::Picture;
use std::path::PathBuf;

/// How hard to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preset {
    /// One look; for previews and slow machines.
    Fast,
    /// The default.
    #[default]
    Balanced,
    /// Every way of looking there is.
    Thorough,
}

/// How to detect. `Default` is the balanced preset with the built-in engine and the bundled models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DetectorOptions {
    /// How hard to look.
    pub preset: Preset,
    /// Least score of a face, 0..=1, instead of the preset's own; lower finds more.
    pub threshold: Option<f32>,
    /// What to run on.
    pub engine: EngineOptions,
    /// A folder with the model files, instead of the bundled ones.
    pub models: Option<PathBuf>,
}

/// Finds faces in pictures. Share one between threads: each call takes its own worker.
pub struct Detector {}

impl Detector {
    /// Loads engine and models.
    ///
    /// # Errors
    /// `InvalidArgument` for a threshold outside 0..=1, `Engine` if the engine, device or a model cannot be had.
    pub fn new(_options: &DetectorOptions) -> Result<Self> {
        todo!()
    }

    /// The faces of a picture, best first.
    ///
    /// # Errors
    /// `Engine` if inference fails; whatever [`Picture::view`] gives.
    pub fn detect(&self, _picture: &dyn Picture) -> Result<Vec<Face>> {
        todo!()
    }

    /// The engine, for people: `builtin avx512`.
    #[must_use]
    pub fn engine(&self) -> &str {
        todo!()
    }
}
