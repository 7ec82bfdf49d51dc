//! Arguments that are about videos only.

use clap::{Args, ValueEnum};
use faceveil::VideoOptions;
use faceveil::settings::values::{range, time};
use faceveil::video::{Backend, Damaged, Outside};
use std::time::Duration;

/// Which part of a video is dealt with, and what is done with a damaged one.
#[derive(Debug, Args)]
pub(crate) struct VideoPart {
    /// Search and cover videos from this time on only: seconds, or [h:]mm:ss; 1:30.5 is 90.5
    ///
    /// What lies before is left out of the new video, its sound, too, and times begin at zero.
    /// Photos are dealt with as ever.
    #[arg(long, value_name = "TIME", value_parser = time)]
    #[arg(allow_negative_numbers = true, help_heading = "Videos")]
    pub(crate) from: Option<Duration>,

    /// Search and cover videos up to this time only; what comes after is left out
    #[arg(long, value_name = "TIME", value_parser = time)]
    #[arg(allow_negative_numbers = true, help_heading = "Videos")]
    pub(crate) to: Option<Duration>,

    /// What becomes of the pictures and the sound outside of --from and --to [default: drop]
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Videos")]
    pub(crate) outside: Option<OutsideArg>,

    /// What to do with a video of which a part is damaged or missing; ffmpeg only
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        help_heading = "Videos"
    )]
    pub(crate) damaged: DamagedArg,
}

/// What becomes of a damaged video.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DamagedArg {
    /// It fails
    #[default]
    Refuse,
    /// The decoder makes up what is damaged; faces are covered, the times are said, and the exit
    /// code is 3
    Conceal,
}

/// What becomes of the rest of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutsideArg {
    /// It is left out
    Drop,
    /// It is written as it is: faces in it stay UNCOVERED
    Copy,
}

impl VideoPart {
    /// Puts what was typed into the options of a run; `in_place`: originals are replaced.
    ///
    /// # Errors
    /// If a flag would not be used, or would lose a part of an original.
    pub(crate) fn add_to(&self, options: &mut VideoOptions, in_place: bool) -> anyhow::Result<()> {
        options.damaged = match self.damaged {
            DamagedArg::Refuse => Damaged::Refuse,
            DamagedArg::Conceal => Damaged::Conceal,
        };
        anyhow::ensure!(
            options.damaged == Damaged::Refuse || options.backend != Backend::Embedded,
            "--damaged conceal needs ffmpeg; leave out --video-backend embedded"
        );
        options.range = range(self.from, self.to);
        anyhow::ensure!(
            options.range.is_some() || self.outside.is_none(),
            "--outside would not be used; add --from or --to"
        );
        if let Some(faceveil::video::TimeRange { from, to: Some(to) }) = options.range {
            anyhow::ensure!(
                from < to,
                "--from {} is not before --to {}",
                from.as_secs_f64(),
                to.as_secs_f64()
            );
        }
        options.outside = match self.outside {
            Some(OutsideArg::Copy) => Outside::Copy,
            Some(OutsideArg::Drop) | None => Outside::Drop,
        };
        anyhow::ensure!(
            !in_place || options.range.is_none() || options.outside == Outside::Copy,
            "--in-place with --from or --to would lose the rest of the original; write to another file with -o"
        );
        Ok(())
    }
}
