//! `review`: a person corrects a report.

use clap::{Args, ValueHint};
use faceveil::settings::values::pixels;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Review {
    /// The report that `blur` or `detect` wrote, or the folder of outputs, which knows its report
    /// and originals
    #[arg(value_name = "REPORT", value_hint = ValueHint::AnyPath)]
    pub(crate) report: PathBuf,

    /// The folder that the inputs' names begin in [default: the current one]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) originals: Option<PathBuf>,

    /// The folder that the outputs' names begin in [default: that of the inputs]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) outputs: Option<PathBuf>,

    /// Write a contact sheet of the outputs to this file and serve no page
    ///
    /// One HTML file that holds all it needs, for an archive or a colleague. No pixel of an
    /// original is in it: an output gets in only if its SHA-256 is the report's.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) export: Option<PathBuf>,

    /// Replace the contact sheet if it exists
    #[arg(long, requires = "export")]
    pub(crate) overwrite: bool,

    /// Print the address and do not open it
    #[arg(long, conflicts_with = "export")]
    pub(crate) no_browser: bool,

    /// Refuse pictures with more pixels than this, and videos with larger frames; `M` means million
    #[arg(long, value_name = "N", value_parser = pixels, default_value = "500M")]
    pub(crate) max_pixels: u64,
}
