//! `blur` and `detect`: faces are searched for.

use super::value_parsers::{Boxes, boxes, photos_per_second, still_boxes};
use super::{Common, Covering, Writing};
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Blur {
    #[command(flatten)]
    pub(crate) common: Common,

    #[command(flatten)]
    pub(crate) writing: Writing,

    /// Find the faces and say what would be written, but write no photo
    #[arg(long, help_heading = "Output")]
    pub(crate) dry_run: bool,

    /// Take the photos of each folder, in the order of their names, for the frames of one video:
    /// so many were taken a second
    ///
    /// A face that a photo or two do not show well is covered in them as well. All photos are
    /// searched before the first is written.
    #[arg(long, value_name = "FPS", value_parser = photos_per_second, help_heading = "Detection")]
    #[arg(conflicts_with_all = ["dry_run", "shard", "preview"])]
    pub(crate) as_video: Option<f64>,

    #[command(flatten)]
    pub(crate) covering: Covering,

    /// Always cover this box, in pixels of the upright picture; may be given again
    ///
    /// `@FILE` names a text file with a box a line. A file name behind a box, as the report has it,
    /// is the only one that the box is for: `40,60,200,80 trip/IMG_1.jpg`. Lines that begin with
    /// `#` are comments.
    ///
    /// A box that moves through a video is `X,Y,W,H@TIME;X,Y,W,H@TIME` with as many times as it
    /// takes, in seconds or [h:]mm:ss from the start. It is covered from the first to the last one,
    /// and moves evenly in between: `40,60,200,80@1.5;90,60,200,80@3 clip.mp4`.
    #[arg(long = "region", value_name = "X,Y,W,H|@FILE", value_parser = boxes)]
    #[arg(allow_hyphen_values = true, help_heading = "Covering")]
    pub(crate) regions: Vec<Boxes>,

    /// Do not cover a face whose middle lies in this box; may be given again, and as `@FILE`
    #[arg(long, value_name = "X,Y,W,H|@FILE", value_parser = still_boxes)]
    #[arg(allow_hyphen_values = true, help_heading = "Covering")]
    pub(crate) ignore: Vec<Boxes>,
}

#[derive(Debug, Args)]
pub(crate) struct Detect {
    #[command(flatten)]
    pub(crate) common: Common,
}
