//! What runs, checked: from what was typed to what the library takes. Flags that make sense only
//! together are checked here; nothing below asks again.
//!
//! Invariant: a flag is used or refused, never passed over.

use super::args::{Blur, Common, Detect, Engine, Running, Writing};
use super::boxes::ByHand;
use super::inputs::{self, Inputs, LeftAlone};
use super::outputs::{self, Destination, Planned};
use super::report_file::ReportTo;
use super::task::{self, Task};
use super::values::{self, DeviceArg, ProgressArg, StyleArg};
use super::{show, siblings, strangers};
use anyhow::{Context, Result, bail, ensure};
use faceveil::{
    AnonymizeOptions, DetectorOptions, Effort, Encoding, EngineChoice, EngineOptions, Format,
    KeepMetadata, Limits, Masking, Photo, Preset, ReportApplier, Rgb, Sticker, Style,
    VerifierOptions, VideoAnonymizer, VideoOptions,
};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::thread;

/// Cells across a mosaic mask: fewer than what let people be told apart in published attacks.
const CELLS: u32 = 6;
/// Largest sticker file that is read.
const STICKER_BYTES: u64 = 256 << 20;

/// A whole run.
#[derive(Debug)]
pub(super) struct Config {
    /// What is done to each photo.
    pub(super) task: Task,
    /// Where faces come from, and what covers them.
    pub(super) faces: Faces,
    /// How videos are dealt with.
    pub(super) video: VideoOptions,
    /// Whether a span left open is told by the exit code.
    pub(super) strict: bool,
    /// The photos, and where each goes.
    pub(super) plan: Vec<Planned>,
    /// What was found and is not dealt with.
    pub(super) left_alone: LeftAlone,
    /// Where the report goes.
    pub(super) report: ReportTo,
    /// Where the audit goes.
    pub(super) audit: Option<PathBuf>,
    /// The output folder, if there is one: it has a record of what was done in it.
    pub(super) folder: Option<PathBuf>,
    /// What a person is told before anything else.
    pub(super) notices: Vec<String>,
    /// How outputs are looked at again, if they are.
    pub(super) verify: Option<VerifierOptions>,
    /// Threads.
    pub(super) jobs: usize,
    /// Nothing but errors for people.
    pub(super) quiet: bool,
    /// When to show progress.
    pub(super) progress: ProgressArg,
}

/// Where faces come from.
#[derive(Debug)]
pub(super) enum Faces {
    /// They are looked for.
    Find {
        /// How, in photos.
        detector: DetectorOptions,
        /// How, in videos.
        video_detector: DetectorOptions,
        /// What covers them.
        options: Box<AnonymizeOptions>,
    },
    /// A report says where they are.
    Told(ReportApplier),
}

impl Faces {
    /// The format that photos are to have.
    pub(super) fn format(&self) -> Option<Format> {
        match self {
            Self::Find { options, .. } => options.format,
            Self::Told(applier) => applier.format,
        }
    }
}

/// Where everything goes that a run writes.
pub(super) struct Plan<'a> {
    pub(super) destination: &'a Destination,
    pub(super) report: ReportTo,
    pub(super) audit: Option<PathBuf>,
    pub(super) previews: Option<&'a Path>,
}

impl Config {
    /// Checks what was typed after `blur` and plans the run. Reads folders and the sticker; writes
    /// nothing.
    ///
    /// # Errors
    /// Flags that do not go together, or a plan that cannot be.
    pub(super) fn blur(typed: Blur) -> Result<Self> {
        let writing = &typed.writing;
        let destination = Destination::choose(
            writing.output.as_deref(),
            writing.in_place,
            &typed.common.inputs,
        )?;
        let report = ReportTo::choose(writing.report.as_deref());
        let task = if typed.dry_run {
            Task::dry(writing)
        } else {
            check_stdout(&destination, &report, writing)?;
            task::of(writing)
        };
        let regions = ByHand::gather(&typed.regions, "--region")?;
        let ignore = ByHand::gather(&typed.ignore, "--ignore")?;
        let options = AnonymizeOptions {
            style: style(&typed)?,
            masking: Masking {
                shape: typed.shape.into(),
                margin: typed.margin,
            },
            regions: regions.always.clone(),
            ignore: ignore.always.clone(),
            keep: values::keep(&writing.keep),
            format: writing.format,
            limits: limits(&typed.common.running),
        };
        let previews = typed.common.preview.as_deref();
        let inputs = gather(&typed.common.inputs, previews, &destination);
        regions.check(&inputs.list, "--region")?;
        ignore.check(&inputs.list, "--ignore")?;
        let plan = Plan {
            destination: &destination,
            report,
            audit: writing.audit.clone(),
            previews,
        };
        let mut config = Self::new(
            task,
            find(&typed.common, options)?,
            inputs,
            plan,
            encoding(writing),
            &typed.common.running,
        )?;
        config.strict = typed.common.strict;
        config.verify_outputs(writing.verify, typed.dry_run, &destination)?;
        for planned in &mut config.plan {
            planned.regions = regions.of(&planned.input);
            planned.ignore = ignore.of(&planned.input);
        }
        Ok(config)
    }

    /// Has outputs looked at again, if `asked`.
    ///
    /// # Errors
    /// If there is none that could be.
    pub(super) fn verify_outputs(
        &mut self,
        asked: bool,
        is_dry: bool,
        destination: &Destination,
    ) -> Result<()> {
        if !asked {
            return Ok(());
        }
        ensure!(
            !is_dry,
            "--dry-run writes nothing that --verify could look at"
        );
        ensure!(
            *destination != Destination::Stdout,
            "--verify reads the new file again, which standard output cannot; give -o FILE"
        );
        let mut options = VerifierOptions {
            video: self.video.clone(),
            ..VerifierOptions::default()
        };
        match &self.faces {
            Faces::Find {
                detector,
                options: covering,
                ..
            } => {
                options.min_face = detector.min_face;
                options.engine = detector.engine.clone();
                options.models.clone_from(&detector.models);
                options.limits = covering.limits;
                if let Style::Image(sticker) = &covering.style {
                    options.sticker = Some(sticker.clone());
                }
            }
            Faces::Told(applier) => {
                options.sticker.clone_from(&applier.sticker);
                options.limits = applier.limits;
            }
        }
        self.verify = Some(options);
        Ok(())
    }

    /// Checks what was typed after `detect` and plans the run.
    ///
    /// # Errors
    /// As [`Config::blur`].
    pub(super) fn detect(typed: Detect) -> Result<Self> {
        let given = &typed.common.inputs;
        ensure!(
            given.len() == 1 || !given.iter().any(|g| inputs::is_stdin(g)),
            "`-` (standard input) stands alone; give the other inputs in a run of their own"
        );
        let options = AnonymizeOptions {
            limits: limits(&typed.common.running),
            ..AnonymizeOptions::default()
        };
        let destination = Destination::Nowhere;
        let previews = typed.common.preview.as_deref();
        let plan = Plan {
            destination: &destination,
            report: ReportTo::Stdout,
            audit: None,
            previews,
        };
        let mut config = Self::new(
            Task::Detect,
            find(&typed.common, options)?,
            gather(&typed.common.inputs, previews, &destination),
            plan,
            Encoding::default(),
            &typed.common.running,
        )?;
        config.strict = typed.common.strict;
        Ok(config)
    }

    /// A run over these inputs.
    ///
    /// # Errors
    /// Flags that do not go together, or a plan that cannot be.
    pub(super) fn new(
        task: Task,
        faces: Faces,
        inputs: Inputs,
        to: Plan<'_>,
        encoding: Encoding,
        running: &Running,
    ) -> Result<Self> {
        ensure!(
            !(running.quiet && running.progress == ProgressArg::Always),
            "--quiet and --progress always contradict each other"
        );
        if let Some(folder) = to.previews {
            ensure!(
                folder.is_dir() || !folder.exists(),
                "--preview {} is a file; give a folder",
                show::path(folder)
            );
        }
        ensure!(
            to.audit.as_deref() != Some(Path::new("-")),
            "--audit needs a file; standard output is for results"
        );
        let Inputs { list, left_alone } = inputs;
        let siblings = siblings::of(&list);
        let own = [
            ("--report", to.report.path()),
            ("--audit", to.audit.as_deref()),
        ];
        let mut plan = outputs::plan_as(list, to.destination, to.previews, &own, faces.format())?;
        for (planned, beside) in plan.iter_mut().zip(siblings) {
            planned.siblings = beside;
        }
        let mut notices = strangers::sentences(&left_alone, &plan);
        notices.extend(to.report.notice_of_shared(&plan));
        let jobs = running.jobs.map_or_else(cores, usize::from);
        let folder = match to.destination {
            Destination::Folder(folder) => Some(folder.clone()),
            _ => None,
        };
        Ok(Self {
            task,
            faces,
            video: VideoOptions {
                backend: running.video_backend.into(),
                encoding,
                workers: jobs,
            },
            strict: false,
            plan,
            left_alone,
            report: to.report,
            audit: to.audit,
            folder,
            notices,
            verify: None,
            jobs,
            quiet: running.quiet,
            progress: running.progress,
        })
    }
}

/// Walks what was given, but not into the folders that are written to.
fn gather(given: &[OsString], previews: Option<&Path>, destination: &Destination) -> Inputs {
    let mut own: Vec<&Path> = previews.into_iter().collect();
    if let Destination::Folder(folder) = destination {
        own.push(folder);
    }
    inputs::gather(given, &own)
}

/// How videos are to be encoded.
pub(super) fn encoding(typed: &Writing) -> Encoding {
    Encoding {
        audio: typed.audio.into(),
        crf: typed.crf,
        effort: typed.preset_video.map(Effort::from),
    }
}

/// Faces that are to be looked for.
fn find(typed: &Common, options: AnonymizeOptions) -> Result<Faces> {
    let preset = typed.preset.map(Preset::from);
    let detector = |usual| detector(typed, preset.unwrap_or(usual));
    Ok(Faces::Find {
        detector: detector(Preset::default())?,
        video_detector: detector(VideoAnonymizer::PRESET)?,
        options: Box::new(options),
    })
}

fn limits(typed: &Running) -> Limits {
    Limits {
        max_pixels: typed.max_pixels,
    }
}

/// Threads that run at a time.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn detector(typed: &Common, preset: Preset) -> Result<DetectorOptions> {
    Ok(DetectorOptions {
        preset,
        threshold: typed.threshold,
        min_face: typed.min_face.unwrap_or(0.0),
        engine: engine(&typed.engine)?,
        ..DetectorOptions::default()
    })
}

/// What runs the networks.
///
/// # Errors
/// If a flag would not be used.
pub(super) fn engine(typed: &Engine) -> Result<EngineOptions> {
    let engine: EngineChoice = typed.engine.into();
    let on_cpu = matches!(typed.device, DeviceArg::Auto | DeviceArg::Cpu);
    ensure!(
        typed.onnxruntime.is_none()
            || engine == EngineChoice::OnnxRuntime
            || (engine == EngineChoice::Auto && !on_cpu),
        "--onnxruntime would not be used; add --engine onnxruntime"
    );
    Ok(EngineOptions {
        engine,
        device: typed.device.into(),
        onnxruntime: typed.onnxruntime.clone(),
    })
}

/// Standard output holds one thing: a photo, or the report.
///
/// # Errors
/// If two want it, or a flag makes no sense with it.
pub(super) fn check_stdout(
    destination: &Destination,
    report: &ReportTo,
    typed: &Writing,
) -> Result<()> {
    if *destination != Destination::Stdout {
        return Ok(());
    }
    ensure!(
        *report != ReportTo::Stdout,
        "-o - and --report - both want standard output; write the report to a file"
    );
    for (given, flag) in [
        (typed.overwrite, "--overwrite"),
        (typed.skip_existing, "--skip-existing"),
    ] {
        ensure!(!given, "{flag} has no meaning for standard output");
    }
    ensure!(
        !std::io::stdout().is_terminal(),
        "a photo is not written to a terminal; give -o FILE or pipe the output somewhere"
    );
    Ok(())
}

fn style(typed: &Blur) -> Result<Style> {
    for (given, flag, of) in [
        (typed.color.is_some(), "--color", StyleArg::Solid),
        (typed.cells.is_some(), "--cells", StyleArg::Mosaic),
        (typed.image.is_some(), "--image", StyleArg::Image),
    ] {
        ensure!(
            !given || typed.style == of,
            "{flag} would not be used; add --style {}",
            format!("{of:?}").to_lowercase()
        );
    }
    Ok(match typed.style {
        StyleArg::Blur => Style::Blur,
        StyleArg::Solid => Style::Solid(typed.color.unwrap_or(Rgb(0, 0, 0))),
        StyleArg::Mosaic => Style::Mosaic(typed.cells.unwrap_or(CELLS)),
        StyleArg::Gaussian => Style::Gaussian,
        StyleArg::Image => match &typed.image {
            Some(path) => Style::Image(
                sticker(path, &limits(&typed.common.running))
                    .with_context(|| format!("reading the sticker {}", show::path(path)))?,
            ),
            None => bail!("--style image needs a picture; add --image FILE"),
        },
    })
}

/// Reads the picture of `--style image`.
///
/// # Errors
/// If it is none that can be laid over faces.
pub(super) fn sticker(path: &Path, limits: &Limits) -> Result<Sticker> {
    let bytes = super::read::file(path, STICKER_BYTES)?;
    let png = Some(Format::Png); // which keeps transparency
    let photo = Photo::read_as(&bytes, limits, KeepMetadata::default(), png)?;
    let (size, rgba) = photo.to_rgba();
    Ok(Sticker::new(size, &rgba)?)
}
