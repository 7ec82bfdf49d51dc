//! Where options come from besides the command line.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// The name of a config file that is found beside the inputs.
pub(crate) const NAME: &str = "faceveil.toml";

#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// Take options that are not given from this TOML file: `margin = 2.0` for `--margin 2`
    ///
    /// What is given on the command line wins, then variables such as `FACEVEIL_MARGIN`, then the
    /// file. Without this, `faceveil.toml` beside the inputs counts, and only for options that
    /// cover more.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Running")]
    pub(crate) config: Option<PathBuf>,

    /// Read no config file
    #[arg(long, conflicts_with = "config", help_heading = "Running")]
    pub(crate) no_config: bool,
}
