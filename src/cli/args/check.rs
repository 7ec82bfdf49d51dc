//! `inspect`, `verify` and `doctor`: files and machine are checked, and nothing is covered.

use super::value_parsers::jobs;
use super::{Engine, FaceFilter, Running, Subjects};
use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

const VERIFY_THRESHOLD: &str = "Lowest score that counts as a face, 0 to 1; a lower value finds \
    more faces and more false alarms [default: 0.3; 0.95 for what only RetinaFace sees]";
const VERIFY_MIN_FACE: &str = "Leave faces alone whose longer side is less than so many pixels; \
    the value that `blur` was given [default: none is too small]";
const VERIFY_COVER: &str = "What to look for: faces, text, plates; separated by commas; the value \
    that `blur` was given";

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Files of any picture format, and folders, or `-` for standard input
    #[arg(required = true, value_name = "INPUT", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<OsString>,

    /// Print one JSON object per file instead of a table
    #[arg(long)]
    pub(crate) json: bool,

    /// Files looked through at a time [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Say nothing but results and errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Its thresholds are those of the verifier, and its smallest face is the one that `blur` left
/// alone.
#[derive(Debug, Args)]
#[command(mut_arg("threshold", |flag| flag.help(VERIFY_THRESHOLD)))]
#[command(mut_arg("min_face", |flag| flag.help(VERIFY_MIN_FACE)))]
#[command(mut_arg("cover", |flag| flag.help(VERIFY_COVER).long_help(VERIFY_COVER)))]
pub(crate) struct Verify {
    /// Files that were written, and folders of them
    #[arg(required = true, value_name = "OUTPUT", value_hint = ValueHint::AnyPath)]
    pub(crate) outputs: Vec<OsString>,

    /// The report of the run that wrote them, or `-` for standard input; without it nothing passes
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<OsString>,

    /// Write what is found into the report, so that `review` shows it
    #[arg(long, requires = "report")]
    pub(crate) update_report: bool,

    /// Print one JSON object per file
    #[arg(long)]
    pub(crate) json: bool,

    /// The sticker, where the report's style is `image`; it must be the same picture
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) image: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) faces: FaceFilter,

    #[command(flatten)]
    pub(crate) subjects: Subjects,

    #[command(flatten)]
    pub(crate) engine: Engine,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print one JSON object instead of a text
    #[arg(long)]
    pub(crate) json: bool,

    /// The ONNX Runtime library, instead of looking for it
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) onnxruntime: Option<PathBuf>,
}
