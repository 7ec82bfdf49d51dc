//! What runs, checked: from what was typed to what the library takes. Flags that make sense only
//! together are checked here; nothing below asks again.
//!
//! Invariant: a flag is used or refused, never passed over.

use super::args::{Blur, Common, Detect};
use super::inputs::{self, Inputs, LeftAlone};
use super::outputs::{self, Destination, Planned};
use super::report_file::ReportTo;
use super::values::{self, DeviceArg, EffortArg, OnNoFaceArg, ProgressArg, StyleArg};
use super::write::Existing;
use super::{show, siblings};
use anyhow::{Context, Result, bail, ensure};
use faceveil::{
    DetectorOptions, Encoding, EngineChoice, EngineOptions, Format, Keep, Limits, Masking, Options,
    Photo, Preset, Rgb, Sticker, Style, VideoAnonymizer, VideoOptions,
};
use std::io::IsTerminal;
use std::path::Path;
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
    /// How faces are found.
    pub(super) detector: DetectorOptions,
    /// What covers them.
    pub(super) options: Options,
    /// How faces are found in videos.
    pub(super) video_detector: DetectorOptions,
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
    /// Threads.
    pub(super) jobs: usize,
    /// Nothing but errors for people.
    pub(super) quiet: bool,
    /// When to show progress.
    pub(super) progress: ProgressArg,
}

/// What is done to each photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Find the faces.
    Detect,
    /// Find them and say what would be written.
    DryRun,
    /// Cover them and write the new file.
    Blur {
        /// What may be at the output path.
        existing: WhenThere,
        /// What to do where there is nothing to cover.
        on_no_face: OnNoFaceArg,
    },
}

impl Task {
    /// Whether photos are replaced by their own outputs.
    pub(super) fn is_in_place(self) -> bool {
        matches!(
            self,
            Self::Blur {
                existing: WhenThere::Write(Existing::ReplaceInPlace),
                ..
            }
        )
    }
}

/// What to do about an output that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenThere {
    /// Leave the photo alone.
    Skip,
    /// Write under this rule.
    Write(Existing),
}

impl Config {
    /// Checks what was typed after `blur` and plans the run. Reads folders and the sticker; writes
    /// nothing.
    ///
    /// # Errors
    /// Flags that do not go together, or a plan that cannot be.
    pub(super) fn blur(typed: Blur) -> Result<Self> {
        let destination = Destination::choose(
            typed.output.as_deref(),
            typed.in_place,
            &typed.common.inputs,
        )?;
        let report = ReportTo::choose(typed.report.as_deref());
        check_stdout(&destination, &report, &typed)?;
        let existing = if typed.skip_existing {
            WhenThere::Skip
        } else if typed.in_place {
            WhenThere::Write(Existing::ReplaceInPlace)
        } else if typed.overwrite {
            WhenThere::Write(Existing::Replace)
        } else {
            WhenThere::Write(Existing::Refuse)
        };
        let task = if typed.dry_run {
            Task::DryRun
        } else {
            Task::Blur {
                existing,
                on_no_face: typed.on_no_face,
            }
        };
        let options = Options {
            style: style(&typed)?,
            masking: Masking {
                shape: typed.shape.into(),
                margin: typed.margin,
            },
            regions: typed.regions,
            ignore: typed.ignore,
            keep: values::keep(&typed.keep),
            format: typed.format,
            limits: limits(&typed.common),
        };
        let encoding = Encoding {
            audio: typed.audio.into(),
            crf: typed.crf,
            preset: typed.preset_video.map(EffortArg::name),
        };
        Self::new(task, typed.common, options, encoding, &destination, report)
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
        let options = Options {
            limits: limits(&typed.common),
            ..Options::default()
        };
        Self::new(
            Task::Detect,
            typed.common,
            options,
            Encoding::default(),
            &Destination::Nowhere,
            ReportTo::Stdout,
        )
    }

    fn new(
        task: Task,
        typed: Common,
        options: Options,
        encoding: Encoding,
        destination: &Destination,
        report: ReportTo,
    ) -> Result<Self> {
        ensure!(
            !(typed.quiet && typed.progress == ProgressArg::Always),
            "--quiet and --progress always contradict each other"
        );
        let previews = typed.preview.as_deref();
        if let Some(folder) = previews {
            ensure!(
                folder.is_dir() || !folder.exists(),
                "--preview {} is a file; give a folder",
                show::path(folder)
            );
        }
        let mut own: Vec<&Path> = previews.into_iter().collect();
        if let Destination::Folder(folder) = destination {
            own.push(folder);
        }
        let Inputs { list, left_alone } = inputs::gather(&typed.inputs, &own);
        let siblings = siblings::of(&list);
        let mut plan = outputs::plan(list, destination, previews, report.path(), options.format)?;
        for (planned, beside) in plan.iter_mut().zip(siblings) {
            planned.siblings = beside;
        }
        let jobs = typed.jobs.map_or_else(cores, usize::from);
        let preset = typed.preset.map(Preset::from);
        let detector = |usual| detector(&typed, preset.unwrap_or(usual));
        Ok(Self {
            task,
            detector: detector(Preset::default())?,
            video_detector: detector(VideoAnonymizer::PRESET)?,
            video: VideoOptions {
                backend: typed.video_backend.into(),
                encoding,
                workers: jobs,
            },
            strict: typed.strict,
            options,
            plan,
            left_alone,
            report,
            jobs,
            quiet: typed.quiet,
            progress: typed.progress,
        })
    }
}

fn limits(typed: &Common) -> Limits {
    Limits {
        max_pixels: typed.max_pixels,
    }
}

/// Threads that run at a time.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn detector(typed: &Common, preset: Preset) -> Result<DetectorOptions> {
    let engine: EngineChoice = typed.engine.engine.into();
    let on_cpu = matches!(typed.engine.device, DeviceArg::Auto | DeviceArg::Cpu);
    ensure!(
        typed.engine.onnxruntime.is_none()
            || engine == EngineChoice::OnnxRuntime
            || (engine == EngineChoice::Auto && !on_cpu),
        "--onnxruntime would not be used; add --engine onnxruntime"
    );
    Ok(DetectorOptions {
        preset,
        threshold: typed.threshold,
        engine: EngineOptions {
            engine,
            device: typed.engine.device.into(),
            onnxruntime: typed.engine.onnxruntime.clone(),
        },
        ..DetectorOptions::default()
    })
}

/// Standard output holds one thing: a photo, or the report.
fn check_stdout(destination: &Destination, report: &ReportTo, typed: &Blur) -> Result<()> {
    if *destination != Destination::Stdout || typed.dry_run {
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
                sticker(path, &limits(&typed.common))
                    .with_context(|| format!("reading the sticker {}", show::path(path)))?,
            ),
            None => bail!("--style image needs a picture; add --image FILE"),
        },
    })
}

fn sticker(path: &Path, limits: &Limits) -> Result<Sticker> {
    let bytes = super::read::file(path, STICKER_BYTES)?;
    let png = Some(Format::Png); // which keeps transparency
    let photo = Photo::read_as(&bytes, limits, Keep::default(), png)?;
    let (size, rgba) = photo.to_rgba();
    Ok(Sticker::new(size, &rgba)?)
}
