//! Options by name, as text: what a command, another language or a configuration file has.
//!
//! ```
//! use faceveil::settings::Settings;
//!
//! let mut settings = Settings::default();
//! settings.set("preset", "thorough")?;
//! settings.set("style", "solid")?;
//! settings.set("color", "FF8800")?;
//! assert!(settings.set("margin", "0.5").is_err());
//! let options = settings.anonymize()?;
//! # Ok::<(), faceveil::Error>(())
//! ```

pub mod values;

use crate::anonymize::{AnonymizeOptions, Masking, MovingRegion};
#[cfg(feature = "video")]
use crate::anonymize::{VideoAnonymizer, VideoOptions};
use crate::detect::{Cover, DetectorOptions, ModelSource, ObjectModel, Preset};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::Rect;
use crate::photo::{Format, KeepMetadata, Limits, Quality, RawFiles};
use crate::redact::{Rgb, Sticker, Style};
#[cfg(feature = "video")]
use crate::video::{Backend, Damaged, Encoding, Outside};
use faceveil_engine::EngineOptions;
use values::StyleName;

/// Cells across a mask of the style `mosaic`, unless another number is asked for: fewer than what
/// let people be told apart in published attacks.
pub const CELLS: u32 = 6;

/// All that can be set. The default is what the command does without an option.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    preset: Option<Preset>,
    threshold: Option<f32>,
    min_face: f32,
    cover: Cover,
    min_text_height: f32,
    model: Option<ObjectModel>,
    model_classes: Vec<String>,
    model_names: Vec<String>,
    model_threshold: Option<f32>,
    engine: EngineOptions,
    models: ModelSource,
    style: StyleName,
    color: Option<Rgb>,
    cells: Option<u32>,
    sticker: Option<Sticker>,
    masking: Masking,
    regions: Vec<Rect>,
    moving: Vec<MovingRegion>,
    ignore: Vec<Rect>,
    panorama: bool,
    keep: KeepMetadata,
    format: Option<Format>,
    raw: RawFiles,
    quality: Quality,
    limits: Limits,
    #[cfg(feature = "video")]
    backend: Backend,
    #[cfg(feature = "video")]
    encoding: Encoding,
    #[cfg(feature = "video")]
    threads: Option<std::num::NonZeroUsize>,
    #[cfg(feature = "video")]
    from: Option<std::time::Duration>,
    #[cfg(feature = "video")]
    to: Option<std::time::Duration>,
    #[cfg(feature = "video")]
    outside: Outside,
    #[cfg(feature = "video")]
    damaged: Damaged,
}

/// A name that [`Settings::set`] takes, and what its value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// Words in lower case with hyphens; underscores are taken for hyphens.
    pub name: &'static str,
    /// What its value is.
    pub value: &'static str,
}

/// The names of [`Settings::ALL`] and what [`Settings::set`] does for each.
macro_rules! settings {
    ($($(#[$only:meta])* $name:literal, $value:literal, |$settings:ident, $text:ident| $set:expr;)+) => {
        impl Settings {
            /// All names.
            pub const ALL: &'static [Setting] =
                &[$($(#[$only])* Setting { name: $name, value: $value }),+];

            /// Sets the option `name` to what `value` says. `region` and `ignore` add to what is
            /// there.
            ///
            /// # Errors
            /// [`ErrorKind::InvalidArgument`] for a name that is none of [`Settings::ALL`], or a
            /// value out of its bounds, which the message names.
            pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
                match name.replace('_', "-").as_str() {
                    $($(#[$only])* $name => {
                        let ($settings, $text) = (self, value);
                        $set;
                        Ok(())
                    })+
                    _ => Err(unknown(name)),
                }
            }
        }
    };
}

settings! {
    "preset", "fast, balanced or thorough", |s, text| s.preset = Some(text.parse()?);
    "threshold", "least score of a face, 0 to 1", |s, text| s.threshold = Some(values::threshold(text)?);
    "min-face", "least side of a face in pixels", |s, text| s.min_face = values::min_face(text)?;
    "cover", "faces, text or plates, with commas between, or none", |s, text| s.cover = values::cover(text)?;
    "text-min-height", "least height of writing in pixels", |s, text| s.min_text_height = values::text_min_height(text)?;
    "model", "ONNX file of a network that finds what else is covered", |s, text| s.model = Some(ObjectModel::read(text)?);
    "model-classes", "classes of the model that are covered, with commas between", |s, text| s.model_classes = values::words(text)?;
    "model-names", "names of the model's classes in their order, with commas between", |s, text| s.model_names = values::words(text)?;
    "model-threshold", "least score of what the model finds, 0 to 1", |s, text| s.model_threshold = Some(values::threshold(text)?);
    "engine", "auto, builtin or onnxruntime", |s, text| s.engine.engine = text.parse().map_err(invalid)?;
    "device", "auto, cpu, cuda, coreml or directml", |s, text| s.engine.device = text.parse().map_err(invalid)?;
    "onnxruntime", "path of the ONNX Runtime library", |s, text| s.engine.onnxruntime = Some(text.into());
    "models", "folder with model files", |s, text| s.models = ModelSource::Folder(text.into());
    "style", "blur, solid, mosaic, gaussian or image", |s, text| s.style = text.parse()?;
    "color", "colour of the style solid, six hexadecimal digits", |s, text| s.color = Some(values::color(text)?);
    "cells", "cells across a mask of the style mosaic, 1 to 64", |s, text| s.cells = Some(values::cells(text)?);
    "shape", "ellipse or box", |s, text| s.masking.shape = text.parse()?;
    "margin", "side of a mask over side of a face, 1 to 10", |s, text| s.masking.margin = values::margin(text)?;
    "region", "a box always covered: x,y,width,height, in videos also box@time;box@time", |s, text| s.add_region(text)?;
    "ignore", "a box in which faces stay open: x,y,width,height", |s, text| s.ignore.push(values::rectangle(text)?);
    "panorama", "true or false", |s, text| s.panorama = values::truth(text)?;
    "keep", "time, camera, gps, copyright, hdr, with commas between", |s, text| s.keep = values::keep(text)?;
    "format", "jpeg, png, webp, tiff, heic, avif or jxl", |s, text| s.format = Some(values::format(text)?);
    "raw", "refuse or preview: what becomes of raw files", |s, text| s.raw = text.parse()?;
    "quality", "1 to 100 or lossless: how finely photos are coded that are written from pixels", |s, text| s.quality = text.parse()?;
    "max-pixels", "most pixels of a file: 80000000 or 80M", |s, text| s.limits = Limits::max_pixels(values::pixels(text)?);
    #[cfg(feature = "video")]
    "video-backend", "auto, embedded or ffmpeg", |s, text| s.backend = text.parse()?;
    #[cfg(feature = "video")]
    "audio", "keep or drop", |s, text| s.encoding.audio = text.parse()?;
    #[cfg(feature = "video")]
    "subtitles", "keep or drop", |s, text| s.encoding.subtitles = text.parse()?;
    #[cfg(feature = "video")]
    "encoder", "auto, x264, x265, vpx, nvenc, videotoolbox, vaapi, qsv or amf", |s, text| s.encoding.encoder = text.parse()?;
    #[cfg(feature = "video")]
    "crf", "constant rate factor, 0 to 51", |s, text| s.encoding.crf = Some(values::crf(text)?);
    #[cfg(feature = "video")]
    "bitrate", "bits a second of a video's pictures, 800k or 2.5M, instead of crf", |s, text| s.encoding.bitrate = Some(values::bitrate(text)?);
    #[cfg(feature = "video")]
    "preset-video", "ultrafast to veryslow", |s, text| s.encoding.effort = Some(text.parse()?);
    #[cfg(feature = "video")]
    "threads", "threads for a video, 1 to 1024", |s, text| s.threads = Some(values::threads(text)?);
    #[cfg(feature = "video")]
    "from", "where the part of a video begins that is covered: seconds or [h:]mm:ss", |s, text| s.from = Some(values::time(text)?);
    #[cfg(feature = "video")]
    "to", "where the part of a video ends that is covered: seconds or [h:]mm:ss", |s, text| s.to = Some(values::time(text)?);
    #[cfg(feature = "video")]
    "outside", "what becomes of a video outside of that part: drop or copy", |s, text| s.outside = text.parse()?;
    #[cfg(feature = "video")]
    "damaged", "what becomes of a damaged video: refuse or conceal", |s, text| s.damaged = text.parse()?;
}

impl Settings {
    /// The picture that the style `image` shows.
    pub fn set_sticker(&mut self, sticker: Sticker) {
        self.sticker = Some(sticker);
    }

    /// The networks.
    pub fn set_models(&mut self, models: ModelSource) {
        self.models = models;
    }

    /// How faces are detected in photos.
    #[must_use]
    pub fn detector(&self) -> DetectorOptions {
        DetectorOptions {
            preset: self.preset.unwrap_or_default(),
            threshold: self.threshold,
            min_face: self.min_face,
            engine: self.engine.clone(),
            models: self.models.clone(),
            cover: self.cover,
            min_text_height: self.min_text_height,
            objects: self.model.clone().map(|model| {
                let threshold = self.model_threshold.unwrap_or(ObjectModel::THRESHOLD);
                let model = model.classes(&self.model_classes[..]).threshold(threshold);
                model.names(&self.model_names[..])
            }),
        }
    }

    /// How faces are detected in frames of videos: with [`VideoAnonymizer::PRESET`] unless another
    /// is asked for.
    #[cfg(feature = "video")]
    #[must_use]
    pub fn video_detector(&self) -> DetectorOptions {
        DetectorOptions {
            preset: self.preset.unwrap_or(VideoAnonymizer::PRESET),
            ..self.detector()
        }
    }

    /// What is covered and how.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a value that would not be used, as a colour of the style
    /// `blur`, and for the style `image` without a sticker.
    pub fn anonymize(&self) -> Result<AnonymizeOptions> {
        let is_about_model = !self.model_classes.is_empty()
            || !self.model_names.is_empty()
            || self.model_threshold.is_some();
        if is_about_model && self.model.is_none() {
            let message = "model-classes, model-names and model-threshold need a model";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        Ok(AnonymizeOptions {
            style: self.style()?,
            masking: self.masking,
            regions: self.regions.clone(),
            moving: self.moving.clone(),
            ignore: self.ignore.clone(),
            panorama: self.panorama,
            keep: self.keep,
            format: self.format,
            raw: self.raw,
            quality: self.quality,
            limits: self.limits,
        })
    }

    /// How videos are read and written.
    #[cfg(feature = "video")]
    #[must_use]
    pub fn video(&self) -> VideoOptions {
        let defaults = VideoOptions::default();
        VideoOptions {
            backend: self.backend,
            encoding: self.encoding.clone(),
            workers: self.threads.map_or(defaults.workers, usize::from),
            range: values::range(self.from, self.to),
            outside: self.outside,
            damaged: self.damaged,
        }
    }

    /// A box, or one that moves.
    fn add_region(&mut self, text: &str) -> Result<()> {
        match text.contains('@') {
            true => self.moving.push(values::moving_region(text)?),
            false => self.regions.push(values::rectangle(text)?),
        }
        Ok(())
    }

    fn style(&self) -> Result<Style> {
        for (given, name, style) in [
            (self.color.is_some(), "color", StyleName::Solid),
            (self.cells.is_some(), "cells", StyleName::Mosaic),
            (self.sticker.is_some(), "a sticker", StyleName::Image),
        ] {
            if given && self.style != style {
                let message = format!(
                    "{name} is for the style {}, and the style is {}",
                    style.name(),
                    self.style.name()
                );
                return Err(Error::new(ErrorKind::InvalidArgument, message));
            }
        }
        Ok(match self.style {
            StyleName::Blur => Style::Blur,
            StyleName::Solid => Style::Solid(self.color.unwrap_or_default()),
            StyleName::Mosaic => Style::Mosaic(self.cells.unwrap_or(CELLS)),
            StyleName::Gaussian => Style::Gaussian,
            StyleName::Image => Style::Image(self.sticker.clone().ok_or_else(|| {
                let message = "the style image needs a sticker";
                Error::new(ErrorKind::InvalidArgument, message)
            })?),
        })
    }
}

fn invalid(error: faceveil_engine::Error) -> Error {
    error.into()
}

fn unknown(name: &str) -> Error {
    let names: Vec<&str> = Settings::ALL.iter().map(|s| s.name).collect();
    let message = format!("there is no option {name}; there are {}", names.join(", "));
    Error::new(ErrorKind::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_what_the_options_say() {
        let mut settings = Settings::default();
        for (name, value) in [
            ("preset", "thorough"),
            ("min_face", "12"),
            ("style", "mosaic"),
            ("cells", "4"),
            ("region", "1,2,3,4"),
            ("region", "5,6,7,8"),
            ("region", "1,2,3,4@1.5;5,2,3,4@0:03"),
            ("keep", "time,gps"),
            ("format", "png"),
            ("max-pixels", "5M"),
            ("panorama", "true"),
            ("raw", "preview"),
        ] {
            settings.set(name, value).expect(name);
        }
        let detector = settings.detector();
        assert_eq!(
            (detector.preset, detector.min_face),
            (Preset::Thorough, 12.0)
        );
        let options = settings.anonymize().expect("they fit together");
        assert_eq!(options.style, Style::Mosaic(4));
        assert_eq!((options.regions.len(), options.moving.len()), (2, 1));
        assert!(options.keep.time && options.keep.gps && !options.keep.camera);
        assert_eq!(options.limits, Limits::max_pixels(5_000_000));
        assert!(options.panorama);
        assert_eq!(options.raw, RawFiles::Preview);
    }

    #[test]
    fn a_wrong_name_or_value_says_what_is_right_and_changes_nothing() {
        let mut settings = Settings::default();
        let said = |settings: &mut Settings, name, value| {
            let error = settings.set(name, value).expect_err("wrong");
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            error.to_string()
        };
        assert!(said(&mut settings, "blurr", "1").contains("preset, threshold"));
        assert_eq!(
            said(&mut settings, "margin", "0.5"),
            "margin 0.5 is outside 1..=10"
        );
        assert_eq!(
            said(&mut settings, "preset", "quick"),
            "there is no preset quick; there are fast, balanced, thorough"
        );
        assert_eq!(
            settings.anonymize().expect("defaults"),
            AnonymizeOptions::default()
        );
        settings.set("color", "FF0000").expect("a colour");
        let error = settings.anonymize().expect_err("unused");
        assert_eq!(
            error.to_string(),
            "color is for the style solid, and the style is blur"
        );
    }

    /// Every name has a value that it takes, so none is listed in vain.
    #[test]
    fn every_name_can_be_set() {
        for setting in Settings::ALL {
            let taken = [
                "1",
                "auto",
                "fast",
                "blur",
                "box",
                "keep",
                "png",
                "1,2,3,4",
                "true",
                "time",
                "faces",
                "FF0000",
                "Cargo.toml",
                "drop",
                "refuse",
                "1M",
            ]
            .iter()
            .any(|value| Settings::default().set(setting.name, value).is_ok());
            assert!(taken, "{}", setting.name);
        }
    }
}
