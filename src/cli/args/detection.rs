//! How faces and writing are searched for.

use super::value_parsers::{CoverArg, DeviceArg, EngineArg, PresetArg, RawArg};
use clap::{Args, ValueHint};
use faceveil::settings::values::{min_face, text_min_height, threshold};
use std::path::PathBuf;

/// How faces are looked for.
#[derive(Debug, Args)]
pub(crate) struct Detection {
    #[command(flatten)]
    pub(crate) faces: FaceFilter,

    #[command(flatten)]
    pub(crate) subjects: Subjects,

    /// Treat each photo as a 360-degree panorama, whatever its tags say
    #[arg(long, help_heading = "Detection")]
    pub(crate) panorama: bool,

    /// What becomes of the raw files of cameras: `preview` takes the largest JPEG that is embedded
    /// in one in its place
    ///
    /// It is mostly as large as the picture. The new file is a JPEG, or what --format says. A raw
    /// file is never changed: it shows the faces.
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        help_heading = "Detection"
    )]
    pub(crate) raw: RawArg,

    /// How hard to look [default: balanced for photos, fast for videos]
    #[arg(long, value_enum, help_heading = "Detection")]
    pub(crate) preset: Option<PresetArg>,

    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// What is looked for.
#[derive(Debug, Args)]
pub(crate) struct Subjects {
    /// What to look for: faces, text, plates; separated by commas; or none, beside --model
    ///
    /// `text` is writing of any kind, `plates` what has the shape of a number plate. It is found
    /// and never read. Videos are searched for it ten times a second.
    #[arg(
        long,
        value_enum,
        value_name = "WHAT,...",
        value_delimiter = ',',
        default_value = "faces"
    )]
    #[arg(help_heading = "Detection")]
    pub(crate) cover: Vec<CoverArg>,

    /// Leave writing alone that is less than so many pixels of the upright picture high [default:
    /// none is too small]
    #[arg(long, value_name = "PIXELS", value_parser = text_min_height)]
    #[arg(allow_negative_numbers = true, help_heading = "Detection")]
    pub(crate) text_min_height: Option<f32>,

    #[command(flatten)]
    pub(crate) model: Model,
}

/// A network of the user's own.
#[derive(Debug, Args)]
pub(crate) struct Model {
    /// Cover what this network finds, too: an ONNX file of a detector, YOLO for instance
    ///
    /// It runs on ONNX Runtime, in photos and in every frame of videos. The form of its output is
    /// recognised; a network of another form is refused. See docs/objects.md.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Detection")]
    pub(crate) model: Option<PathBuf>,

    /// Cover only these classes of the network, by name or number: person,car [default: all]
    #[arg(
        long,
        value_name = "CLASS,...",
        value_delimiter = ',',
        requires = "model"
    )]
    #[arg(help_heading = "Detection")]
    pub(crate) model_classes: Vec<String>,

    /// What the network's classes are called, in their order [default: the names in its file]
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        requires = "model"
    )]
    #[arg(help_heading = "Detection")]
    pub(crate) model_names: Vec<String>,

    /// Lowest score of what the network finds, 0 to 1 [default: 0.25]
    #[arg(long, value_name = "SCORE", value_parser = threshold, requires = "model")]
    #[arg(allow_negative_numbers = true, help_heading = "Detection")]
    pub(crate) model_threshold: Option<f32>,
}

/// Which candidates count as faces.
#[derive(Debug, Args)]
pub(crate) struct FaceFilter {
    /// Lowest score that counts as a face, 0 to 1; a lower value finds more faces and more false
    /// alarms [default: the preset's own]
    #[arg(short, long, visible_alias = "thresh", value_name = "SCORE", value_parser = threshold)]
    #[arg(allow_negative_numbers = true, help_heading = "Detection")]
    pub(crate) threshold: Option<f32>,

    /// Leave faces alone whose longer side is less than so many pixels of the upright picture
    /// [default: none is too small]
    #[arg(long, value_name = "PIXELS", value_parser = min_face)]
    #[arg(allow_negative_numbers = true, help_heading = "Detection")]
    pub(crate) min_face: Option<f32>,
}

/// What runs the networks.
#[derive(Debug, Args)]
pub(crate) struct Engine {
    /// What runs the networks; `auto` is the built-in engine unless a device asks for another
    #[arg(long, value_enum, default_value_t, help_heading = "Detection")]
    pub(crate) engine: EngineArg,

    /// Where they run; anything but the CPU needs ONNX Runtime
    #[arg(long, value_enum, default_value_t, help_heading = "Detection")]
    pub(crate) device: DeviceArg,

    /// The ONNX Runtime library, instead of looking for it
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = "Detection")]
    pub(crate) onnxruntime: Option<PathBuf>,
}
