//! Options of a detector, set one by one.

use super::{Cover, DetectorOptions, ModelSource, ObjectModel, Preset};
use faceveil_engine::EngineOptions;

impl DetectorOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Searching as hard as this.
    #[must_use]
    pub fn preset(mut self, preset: Preset) -> Self {
        self.preset = preset;
        self
    }

    /// Least score of a face, 0..=1; `None`: the preset's own.
    #[must_use]
    pub fn threshold(mut self, threshold: impl Into<Option<f32>>) -> Self {
        self.threshold = threshold.into();
        self
    }

    /// Leaving faces alone whose longer side is less than so many pixels.
    #[must_use]
    pub fn min_face(mut self, pixels: f32) -> Self {
        self.min_face = pixels;
        self
    }

    /// Running on this engine and device.
    #[must_use]
    pub fn engine(mut self, engine: EngineOptions) -> Self {
        self.engine = engine;
        self
    }

    /// With networks from here.
    #[must_use]
    pub fn models(mut self, models: ModelSource) -> Self {
        self.models = models;
        self
    }

    /// Searching for this.
    #[must_use]
    pub fn cover(mut self, cover: Cover) -> Self {
        self.cover = cover;
        self
    }

    /// Covering what this network finds, too.
    #[must_use]
    pub fn objects(mut self, model: impl Into<Option<ObjectModel>>) -> Self {
        self.objects = model.into();
        self
    }

    /// Leaving writing alone that is less high than so many pixels.
    #[must_use]
    pub fn min_text_height(mut self, pixels: f32) -> Self {
        self.min_text_height = pixels;
        self
    }
}
