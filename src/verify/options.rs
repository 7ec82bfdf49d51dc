//! How outputs are verified.

use crate::detect::{Cover, DetectorOptions, ModelSource, ObjectModel, Preset};
use crate::photo::Limits;
use crate::redact::Sticker;
use faceveil_engine::EngineOptions;

/// How outputs are verified; the methods change one option each. Serialised without the engine, the
/// models and the sticker.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct VerifierOptions {
    /// What to look for: what the run was to cover.
    pub cover: Cover,
    /// Lines of writing less high than so many pixels are left alone: that of the run, if it had
    /// one.
    pub min_text_height: f32,
    /// The network of the user's own that the run had. Read back as none.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub objects: Option<ObjectModel>,
    /// Least score of a face; `None`: 0.3, and 0.95 for what RetinaFace alone sees; see
    /// `docs/verify.md` for what that finds.
    pub threshold: Option<f32>,
    /// Faces whose longer side is less than so many pixels are not searched: that of the
    /// run, if it had one.
    pub min_face: f32,
    /// What the networks run on.
    #[serde(skip)]
    pub engine: EngineOptions,
    /// Where the networks come from.
    #[serde(skip)]
    pub models: ModelSource,
    /// What the style `image` shows; without it such covers cannot be checked.
    #[serde(skip)]
    pub sticker: Option<Sticker>,
    /// Bounds for reading.
    pub limits: Limits,
    /// How videos are read, and on how many threads.
    #[cfg(feature = "video")]
    pub video: crate::anonymize::VideoOptions,
}

impl VerifierOptions {
    /// The defaults: faces, with the built-in engine and the bundled models.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looking for this.
    #[must_use]
    pub const fn cover(mut self, cover: Cover) -> Self {
        self.cover = cover;
        self
    }

    /// Leaving writing alone that is less high than so many pixels.
    #[must_use]
    pub const fn min_text_height(mut self, pixels: f32) -> Self {
        self.min_text_height = pixels;
        self
    }

    /// Looking for what this network finds, too.
    #[must_use]
    pub fn objects(mut self, model: impl Into<Option<ObjectModel>>) -> Self {
        self.objects = model.into();
        self
    }

    /// Least score of a face, 0..=1.
    #[must_use]
    pub fn threshold(mut self, threshold: impl Into<Option<f32>>) -> Self {
        self.threshold = threshold.into();
        self
    }

    /// Leaving faces alone whose longer side is less than so many pixels.
    #[must_use]
    pub const fn min_face(mut self, pixels: f32) -> Self {
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

    /// With the sticker that the style `image` shows.
    #[must_use]
    pub fn sticker(mut self, sticker: impl Into<Option<Sticker>>) -> Self {
        self.sticker = sticker.into();
        self
    }

    /// With these bounds for reading.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Reading videos like this.
    #[cfg(feature = "video")]
    #[must_use]
    pub fn video(mut self, video: crate::anonymize::VideoOptions) -> Self {
        self.video = video;
        self
    }

    /// How to search, as hard as a preset does and harder.
    pub(super) fn search(&self, preset: Preset) -> DetectorOptions {
        DetectorOptions {
            preset,
            threshold: self.threshold,
            min_face: self.min_face,
            engine: self.engine.clone(),
            models: self.models.clone(),
            ..DetectorOptions::default()
        }
    }

    /// How to search for writing and objects, if that is asked for.
    pub(super) fn search_for_others(&self) -> Option<DetectorOptions> {
        let cover = self.cover.writing.map_or(Cover::NOTHING, Cover::only);
        (cover != Cover::NOTHING || self.objects.is_some()).then(|| DetectorOptions {
            cover,
            objects: self.objects.clone(),
            min_text_height: self.min_text_height,
            engine: self.engine.clone(),
            models: self.models.clone(),
            ..DetectorOptions::default()
        })
    }
}
