//! `serve`: photos come over HTTP.

use super::config_file::ConfigFile;
use super::value_parsers::{address, jobs, photo_bytes};
use super::writing::PhotoOutput;
use super::{Covering, Detection, Isolation};
use crate::cli::ui::terminal::LogArg;
use clap::{Args, ValueHint};
use faceveil::settings::values::pixels;
use std::num::NonZeroUsize;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port; port 0 lets the system choose one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    #[arg(value_parser = address)]
    pub(crate) bind: std::net::SocketAddr,

    /// Ask for the bearer token in this file; `FACEVEIL_TOKEN` in the environment is the same
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,

    /// Largest photo in bytes; `M` and `G` mean 2^20 and 2^30 bytes
    #[arg(long, value_name = "SIZE", value_parser = photo_bytes)]
    #[arg(default_value = "32M", help_heading = "Limits")]
    pub(crate) max_bytes: u64,

    /// Refuse pictures with more pixels than this, all frames together; `M` means million
    #[arg(long, value_name = "N", value_parser = pixels, default_value = "50M")]
    #[arg(help_heading = "Limits")]
    pub(crate) max_pixels: u64,

    /// Seconds for a photo to arrive, to wait for its turn, and to be worked on; for each of them
    #[arg(long, value_name = "N", default_value = "60", help_heading = "Limits")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) max_seconds: u64,

    /// Photos worked on at a time, each by one core [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = jobs, help_heading = "Limits")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Photos that wait for their turn; whoever comes then is asked to come back (503)
    #[arg(long, value_name = "N", default_value = "64", help_heading = "Limits")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) queue: u16,

    #[command(flatten)]
    pub(crate) detection: Detection,

    #[command(flatten)]
    pub(crate) covering: Covering,

    #[command(flatten)]
    pub(crate) photo: PhotoOutput,

    #[command(flatten)]
    pub(crate) isolation: Isolation,

    #[command(flatten)]
    pub(crate) config_file: ConfigFile,

    /// Say nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// How messages on standard error look: `json` is an object a line
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub(crate) log: LogArg,
}
