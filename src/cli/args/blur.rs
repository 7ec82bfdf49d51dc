//! `blur` and `detect`: faces are searched for.

use super::value_parsers::{Boxes, boxes};
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

    #[command(flatten)]
    pub(crate) covering: Covering,

    /// Always cover this box, in pixels of the upright picture; may be given again
    ///
    /// `@FILE` names a text file with a box a line. A file name behind a box, as the report has it,
    /// is the only one that the box is for: `40,60,200,80 trip/IMG_1.jpg`. Lines that begin with
    /// `#` are comments.
    #[arg(long = "region", value_name = "X,Y,W,H|@FILE", value_parser = boxes)]
    #[arg(allow_hyphen_values = true, help_heading = "Covering")]
    pub(crate) regions: Vec<Boxes>,

    /// Do not cover a face whose middle lies in this box; may be given again, and as `@FILE`
    #[arg(long, value_name = "X,Y,W,H|@FILE", value_parser = boxes)]
    #[arg(allow_hyphen_values = true, help_heading = "Covering")]
    pub(crate) ignore: Vec<Boxes>,
}

#[derive(Debug, Args)]
pub(crate) struct Detect {
    #[command(flatten)]
    pub(crate) common: Common,
}
