//! `merge`: the reports of shards become one.

use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The reports of all shards, `r.0-of-4.jsonl` to `r.3-of-4.jsonl`
    #[arg(required = true, value_name = "REPORT", value_hint = ValueHint::FilePath)]
    pub(crate) reports: Vec<PathBuf>,

    /// The report of the whole run, or `-` for standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: OsString,

    /// Replace it if it exists
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Say nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
