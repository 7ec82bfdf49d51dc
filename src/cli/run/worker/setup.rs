//! The options of a run on their way to a worker process. Options serialise without what cannot
//! travel in JSON: the style comes as the report names it, and the sticker behind the message.
//!
//! Invariant: what a worker makes of a [`Setup`] equals the options that it was made from; the run
//! checks that before the first worker starts.

use crate::cli::args::library;
use crate::cli::run::config::{Config, Faces};
use anyhow::{Result, ensure};
use faceveil::engine::{Device, EngineChoice, EngineOptions};
use faceveil::report::ReportStyle;
use faceveil::verify::VerifierOptions;
use faceveil::{AnonymizeOptions, DetectorOptions, ReportApplier, VideoOptions};
use serde::{Deserialize, Serialize};

/// The options of a run, as far as workers need them.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Setup {
    faces: FacesSetup,
    verify: Option<VerifierOptions>,
    pub(super) video: VideoOptions,
    /// Threads for one photo.
    pub(super) threads: usize,
    /// Bytes that a worker may take for photos, besides what it has once it is ready.
    pub(super) memory: Option<u64>,
}

/// Where the regions come from.
#[derive(Clone, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "there is one a run")]
enum FacesSetup {
    Find {
        photos: DetectorOptions,
        videos: DetectorOptions,
        options: Box<AnonymizeOptions>,
        style: ReportStyle,
    },
    FromReport(ReportApplier),
}

/// Whether the work of a run can be done by worker processes: a GPU is loaded once only, by this
/// process, and so is ONNX Runtime.
pub(super) fn is_possible(config: &Config) -> bool {
    let is_builtin = |options: &EngineOptions| {
        options.engine != EngineChoice::OnnxRuntime
            && matches!(options.device, Device::Auto | Device::Cpu)
    };
    let finds = match &config.faces {
        Faces::Find { detector, .. } => is_builtin(&detector.engine) && detector.objects.is_none(),
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
        let faces = match &config.faces {
            Faces::Find {
                detector,
                video_detector,
                options,
            } => FacesSetup::Find {
                photos: detector.clone(),
                videos: video_detector.clone(),
                style: ReportStyle::from(&options.style),
                options: options.clone(),
            },
            Faces::FromReport(applier) => FacesSetup::FromReport(applier.clone()),
        };
        let setup = Self {
            faces,
            verify: config.verify.clone(),
            video: config.video.clone(),
            threads: config.threads_per_photo(),
            memory: None,
        };
        setup.ensure_equal(config, sticker)?;
        Ok(setup)
    }

    /// Checks that the options are the same after the way to a worker, but for the engine: workers
    /// have the built-in one.
    fn ensure_equal(&self, config: &Config, sticker: &[u8]) -> Result<()> {
        let arrived: Self = serde_json::from_slice(&serde_json::to_vec(self)?)?;
        let (faces, verify) = arrived.options(sticker)?;
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
                let same = |a: &DetectorOptions, b: &DetectorOptions| {
                    *a == b.clone().engine(EngineOptions::default())
                };
                same(a, detector) && same(b, video_detector) && c == options
            }
            (Faces::FromReport(a), Faces::FromReport(b)) => a == b,
            _ => false,
        };
        let verifier = config.verify.clone();
        let asked = verifier.map(|options| options.engine(EngineOptions::default()));
        ensure!(
            is_equal && verify == asked,
            "an option of this run cannot be sent to it"
        );
        Ok(())
    }

    /// What the library takes.
    ///
    /// # Errors
    /// If the sticker is none, or missing.
    pub(super) fn options(&self, sticker: &[u8]) -> Result<(Faces, Option<VerifierOptions>)> {
        let limits = match &self.faces {
            FacesSetup::Find { options, .. } => options.limits,
            FacesSetup::FromReport(applier) => applier.limits,
        };
        let sticker = match sticker.is_empty() {
            true => None,
            false => Some(library::sticker_of(sticker, &limits)?),
        };
        let verifier = self.verify.clone();
        let verify = verifier.map(|options| options.sticker(sticker.clone()));
        let faces = match &self.faces {
            FacesSetup::Find {
                photos,
                videos,
                options,
                style,
            } => Faces::Find {
                detector: photos.clone(),
                video_detector: videos.clone(),
                options: Box::new((**options).clone().style(style.style(sticker.as_ref())?)),
            },
            FacesSetup::FromReport(applier) => Faces::FromReport(applier.clone().sticker(sticker)),
        };
        Ok((faces, verify))
    }
}
