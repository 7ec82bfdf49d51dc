//! `watch`: files are covered as they arrive.

use super::Blur;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) blur: Blur,

    /// Seconds for which a file must not change before it counts as complete; one that is renamed
    /// into its place is
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "2",
        help_heading = "Watching"
    )]
    #[arg(value_parser = clap::value_parser!(u64).range(..=3600))]
    pub(crate) settle: u64,

    /// Look through the folder every so many seconds, for network drives that report no changes
    #[arg(long, value_name = "SECONDS", help_heading = "Watching")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub(crate) poll: Option<u64>,
}
