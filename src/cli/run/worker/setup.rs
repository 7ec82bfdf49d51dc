//! The options of a run on their way to a worker process.
//!
//! Invariant: what a worker makes of a [`Setup`] equals the options that it was made from; the run
//! checks that before the first worker starts.

use super::protocol::{Corners, boxes, corners};
use crate::cli::args::library;
use crate::cli::run::config::{Config, Faces};
use anyhow::{Context, Result, bail, ensure};
use faceveil::detect::{Cover, Writing};
use faceveil::engine::{Device, EngineChoice, EngineOptions};
use faceveil::redact::{Rgb, Sticker};
use faceveil::verify::VerifierOptions;
use faceveil::{
    AnonymizeOptions, DetectorOptions, Format, KeepMetadata, Limits, Masking, Preset, RawFiles,
    ReportApplier, Shape, Style, VideoOptions,
};
use serde::{Deserialize, Serialize};

/// The options of a run, as far as workers need them.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Setup {
    find: Option<FindSetup>,
    keep: [bool; 5],
    format: Option<String>,
    max_pixels: u64,
    verify: Option<VerifySetup>,
    pub(super) video: VideoOptions,
    /// Threads for one photo.
    pub(super) threads: usize,
    /// Bytes that a worker may take for photos, besides what it has once it is ready.
    pub(super) memory: Option<u64>,
}

/// How faces are looked for.
#[derive(Clone, Serialize, Deserialize)]
struct DetectorSetup {
    preset: String,
    threshold: Option<f32>,
    min_face: f32,
    cover: CoverSetup,
    min_text_height: f32,
}

/// How faces are looked for and what covers them.
#[derive(Clone, Serialize, Deserialize)]
struct FindSetup {
    photos: DetectorSetup,
    videos: DetectorSetup,
    style: StyleSetup,
    shape: Shape,
    margin: f32,
    regions: Vec<Corners>,
    ignore: Vec<Corners>,
    panorama: bool,
    /// Whether previews of raw files are covered.
    raw_preview: bool,
}

/// A style; the sticker travels behind the message.
#[derive(Clone, Serialize, Deserialize)]
enum StyleSetup {
    Blur,
    Solid(u8, u8, u8),
    Mosaic(u32),
    Gaussian,
    Image,
}

/// How outputs are verified.
#[derive(Clone, Serialize, Deserialize)]
struct VerifySetup {
    threshold: Option<f32>,
    min_face: f32,
    cover: CoverSetup,
    min_text_height: f32,
}

/// What is looked for.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct CoverSetup {
    faces: bool,
    /// Whether of any kind; plates otherwise.
    writing: Option<bool>,
}

impl CoverSetup {
    fn new(cover: Cover) -> Self {
        Self {
            faces: cover.faces,
            writing: cover.writing.map(|w| w == Writing::All),
        }
    }

    fn cover(self) -> Cover {
        Cover {
            faces: self.faces,
            writing: self.writing.map(|all| match all {
                true => Writing::All,
                false => Writing::Plates,
            }),
        }
    }
}

/// Whether the work of a run can be done by worker processes: a GPU is loaded once only, by this
/// process.
pub(super) fn is_possible(config: &Config) -> bool {
    let is_builtin = |options: &EngineOptions| {
        options.engine != EngineChoice::OnnxRuntime
            && matches!(options.device, Device::Auto | Device::Cpu)
    };
    let finds = match &config.faces {
        Faces::Find { detector, .. } => is_builtin(&detector.engine),
        Faces::FromReport(_) => true,
    };
    finds && config.verify.as_ref().is_none_or(|o| is_builtin(&o.engine))
}

impl Setup {
    /// The options of a run.
    ///
    /// # Errors
    /// If an option cannot be sent to a worker.
    pub(super) fn new(config: &Config, sticker: &[u8]) -> Result<Self> {
        let (find, keep, format, limits) = match &config.faces {
            Faces::Find {
                detector,
                video_detector,
                options,
            } => (
                Some(FindSetup::new([detector, video_detector], options)?),
                options.keep,
                options.format,
                options.limits,
            ),
            Faces::FromReport(applier) => (None, applier.keep, applier.format, applier.limits),
        };
        let setup = Self {
            find,
            keep: [keep.time, keep.camera, keep.gps, keep.copyright, keep.hdr],
            format: format.map(|format| format.short().to_owned()),
            max_pixels: limits.max_pixels,
            verify: config.verify.as_ref().map(|options| VerifySetup {
                threshold: options.threshold,
                min_face: options.min_face,
                cover: CoverSetup::new(options.cover),
                min_text_height: options.min_text_height,
            }),
            video: config.video.clone(),
            threads: config.threads_per_photo(),
            memory: None,
        };
        setup.ensure_equal(config, sticker)?;
        Ok(setup)
    }

    fn ensure_equal(&self, config: &Config, sticker: &[u8]) -> Result<()> {
        let (faces, verify) = self.options(sticker)?;
        let is_equal = match (&faces, &config.faces) {
            (
                Faces::Find {
                    detector: a,
                    video_detector: b,
                    options: c,
                },
                Faces::Find {
                    detector,
                    video_detector,
                    options,
                },
            ) => {
                *a == without_engine(detector)
                    && *b == without_engine(video_detector)
                    && c == options
            }
            (Faces::FromReport(a), Faces::FromReport(b)) => a == b,
            _ => false,
        };
        let asked = config.verify.clone().map(|mut options| {
            options.engine = EngineOptions::default();
            options
        });
        ensure!(
            is_equal && verify == asked,
            "an option of this run cannot be sent to it"
        );
        Ok(())
    }

    /// What the library takes.
    ///
    /// # Errors
    /// If a value is none of its kind.
    pub(super) fn options(&self, sticker: &[u8]) -> Result<(Faces, Option<VerifierOptions>)> {
        let limits = Limits::max_pixels(self.max_pixels);
        let sticker = match sticker.is_empty() {
            true => None,
            false => Some(library::sticker_of(sticker, &limits)?),
        };
        let [time, camera, gps, copyright, hdr] = self.keep;
        let keep = KeepMetadata {
            time,
            camera,
            gps,
            copyright,
            hdr,
        };
        let format = self.format.as_deref().map(format_named).transpose()?;
        let verify = self.verify.as_ref().map(|verify| VerifierOptions {
            threshold: verify.threshold,
            min_face: verify.min_face,
            cover: verify.cover.cover(),
            min_text_height: verify.min_text_height,
            sticker: sticker.clone(),
            limits,
            video: self.video.clone(),
            ..VerifierOptions::default()
        });
        let faces = match &self.find {
            Some(find) => Faces::Find {
                detector: find.photos.options()?,
                video_detector: find.videos.options()?,
                options: Box::new(AnonymizeOptions {
                    style: find.style(sticker)?,
                    masking: Masking {
                        shape: find.shape,
                        margin: find.margin,
                    },
                    regions: boxes(&find.regions).context("a region is no box")?,
                    ignore: boxes(&find.ignore).context("a region is no box")?,
                    panorama: find.panorama,
                    raw: match find.raw_preview {
                        true => RawFiles::Preview,
                        false => RawFiles::Refuse,
                    },
                    keep,
                    format,
                    limits,
                }),
            },
            None => Faces::FromReport(ReportApplier {
                sticker,
                keep,
                format,
                limits,
            }),
        };
        Ok((faces, verify))
    }
}

impl FindSetup {
    fn new(detectors: [&DetectorOptions; 2], options: &AnonymizeOptions) -> Result<Self> {
        let [photos, videos] = detectors.map(DetectorSetup::new);
        Ok(Self {
            photos,
            videos,
            style: match &options.style {
                Style::Blur => StyleSetup::Blur,
                Style::Solid(Rgb(r, g, b)) => StyleSetup::Solid(*r, *g, *b),
                Style::Mosaic(cells) => StyleSetup::Mosaic(*cells),
                Style::Gaussian => StyleSetup::Gaussian,
                Style::Image(_) => StyleSetup::Image,
                other => bail!("the style {} cannot be sent to it", other.name()),
            },
            shape: options.masking.shape,
            margin: options.masking.margin,
            regions: corners(&options.regions),
            ignore: corners(&options.ignore),
            panorama: options.panorama,
            raw_preview: options.raw == RawFiles::Preview,
        })
    }

    fn style(&self, sticker: Option<Sticker>) -> Result<Style> {
        Ok(match self.style {
            StyleSetup::Blur => Style::Blur,
            StyleSetup::Solid(r, g, b) => Style::Solid(Rgb(r, g, b)),
            StyleSetup::Mosaic(cells) => Style::Mosaic(cells),
            StyleSetup::Gaussian => Style::Gaussian,
            StyleSetup::Image => Style::Image(sticker.context("the sticker is missing")?),
        })
    }
}

impl DetectorSetup {
    fn new(options: &DetectorOptions) -> Self {
        Self {
            preset: options.preset.name().to_owned(),
            threshold: options.threshold,
            min_face: options.min_face,
            cover: CoverSetup::new(options.cover),
            min_text_height: options.min_text_height,
        }
    }

    fn options(&self) -> Result<DetectorOptions> {
        let preset = Preset::ALL
            .iter()
            .copied()
            .find(|p| p.name() == self.preset);
        Ok(DetectorOptions {
            cover: self.cover.cover(),
            min_text_height: self.min_text_height,
            preset: preset.context("no such preset")?,
            threshold: self.threshold,
            min_face: self.min_face,
            ..DetectorOptions::default()
        })
    }
}

fn without_engine(options: &DetectorOptions) -> DetectorOptions {
    DetectorOptions {
        engine: EngineOptions::default(),
        ..options.clone()
    }
}

/// The format of a short name.
///
/// # Errors
/// If there is none.
pub(super) fn format_named(short: &str) -> Result<Format> {
    let mut all = Format::ALL.iter().copied();
    all.find(|format| format.short() == short)
        .with_context(|| format!("no such format: {short}"))
}
