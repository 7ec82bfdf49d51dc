//! `live`: a stream is covered while it runs.

use super::config_file::ConfigFile;
use super::value_parsers::jobs;
use super::{Covering, Detection};
use crate::cli::ui::terminal::LogArg;
use clap::{Args, ValueHint};
use faceveil::settings::values::{bitrate, pixels};
use std::ffi::OsString;
use std::num::NonZeroUsize;

#[derive(Debug, Args)]
pub(crate) struct Live {
    /// Where the stream comes from: an address, a camera (`/dev/video0`), a file or a named pipe,
    /// or `-` for standard input; whatever your ffmpeg reads
    #[arg(value_name = "SOURCE", value_hint = ValueHint::AnyPath)]
    pub(crate) source: OsString,

    /// Where the covered stream goes: an address, a v4l2loopback device, a new file, or `-` for
    /// standard output; whatever your ffmpeg writes
    #[arg(value_name = "SINK", value_hint = ValueHint::AnyPath)]
    pub(crate) sink: OsString,

    /// Format of the source, by ffmpeg's name: `v4l2`, `mpegts` [default: what ffmpeg sees]
    #[arg(long, value_name = "NAME", help_heading = "Stream")]
    pub(crate) from_format: Option<String>,

    /// Format of the sink, by ffmpeg's name: `rtsp`, `flv` [default: by the address or the ending;
    /// `mpegts` for -]
    #[arg(long, value_name = "NAME", help_heading = "Stream")]
    pub(crate) to_format: Option<String>,

    /// Bits a second of the new stream; `k` and `M` mean thousand and million [default: by quality]
    #[arg(long, value_name = "RATE", value_parser = bitrate, help_heading = "Stream")]
    pub(crate) bitrate: Option<u32>,

    /// Frames after one that are searched before it is handed out: more are safer, and later
    #[arg(
        long,
        value_name = "FRAMES",
        default_value = "12",
        help_heading = "Stream"
    )]
    #[arg(value_parser = clap::value_parser!(u16).range(2..=4096))]
    pub(crate) look_ahead: u16,

    /// Frames searched at a time, each by one core [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = jobs, help_heading = "Stream")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Refuse a stream with larger frames; `M` means million
    #[arg(long, value_name = "N", value_parser = pixels, default_value = "50M")]
    #[arg(help_heading = "Stream")]
    pub(crate) max_pixels: u64,

    #[command(flatten)]
    pub(crate) detection: Detection,

    #[command(flatten)]
    pub(crate) covering: Covering,

    #[command(flatten)]
    pub(crate) config_file: ConfigFile,

    /// Say nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// How messages on standard error look: `json` is an object a line
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub(crate) log: LogArg,
}
