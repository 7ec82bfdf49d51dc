//! `apply`: regions come from a report.

use super::{Processing, Writing};
use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// A report of `blur` or `detect`, edited or not, or `-` for standard input
    #[arg(value_name = "REPORT", value_hint = ValueHint::FilePath)]
    pub(crate) from_report: OsString,

    /// The folder that the names in the report begin in [default: the current one]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) originals: Option<PathBuf>,

    /// The sticker, where the report's style is `image`; it must be the same picture
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Covering")]
    pub(crate) image: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) writing: Writing,

    #[command(flatten)]
    pub(crate) processing: Processing,
}
