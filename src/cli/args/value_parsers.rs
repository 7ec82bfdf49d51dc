//! The values of flags: names that are typed for what the library offers, and numbers within
//! bounds.
//!
//! Invariant: a value that leaves this file lies within the bounds that its help names.

use crate::cli::ui::show;
use clap::ValueEnum;
use faceveil::engine::{Device, EngineChoice};
use faceveil::settings::values;
use faceveil::video::{Audio, Backend, Effort, Subtitles, VideoEncoder};
use faceveil::{MovingRegion, Preset, RawFiles, Rect, Shape};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// An enumeration of the library under the names that are typed.
macro_rules! choices {
    ($name:ident: $($(#[$meta:meta])* $variant:ident),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $name { $($(#[$meta])* $variant),+ }
    };
}

choices! { PresetArg:
    /// Reduced scales only, for weak machines and first passes
    Fast,
    /// The default
    #[default] Balanced,
    /// The picture made larger as well, for what must not slip through
    Thorough,
}

choices! { CoverArg:
    /// Faces
    #[default] Faces,
    /// Writing of any kind: plates, badges, signs, screens
    Text,
    /// Writing with the proportions and the size of a number plate
    Plates,
    /// Nothing but what the network of --model finds
    #[value(name = "none")] Nothing,
}

choices! { EngineArg:
    /// The built-in one, unless a device other than the CPU was asked for
    #[default] Auto,
    /// ONNX Runtime, from its shared library
    #[value(name = "onnxruntime")] OnnxRuntime,
    /// Our own, on the CPU
    Builtin,
}

choices! { DeviceArg:
    /// The CPU
    #[default] Auto,
    /// The CPU
    Cpu,
    /// An NVIDIA GPU
    Cuda,
    /// Apple's accelerators
    #[value(name = "coreml")] CoreMl,
    /// A GPU on Windows
    #[value(name = "directml")] DirectMl,
}

choices! { StyleArg:
    /// A smooth fill from the pixels around the mask; cannot be undone
    #[default] Blur,
    /// One colour; cannot be undone
    Solid,
    /// Coarse cells of the face itself; may be undone
    Mosaic,
    /// A Gaussian blur of the face itself; may be undone
    Gaussian,
    /// A sticker over the smooth fill; cannot be undone
    #[value(alias = "img")] Image,
}

choices! { ShapeArg: #[default] Ellipse, Box }

choices! { OnNoFaceArg:
    /// Write it anew without its metadata, like any other
    #[default] Write,
    /// Write nothing
    Skip,
    /// Write nothing and count it as failed
    Fail,
}

choices! { RawArg:
    /// They are never covered, and left alone in folders
    #[default] Refuse,
    /// The largest JPEG that is embedded in one is covered
    Preview,
}

choices! { AudioArg:
    /// Every track, packet by packet
    #[default] Keep,
    /// None
    Drop,
}

choices! { SubtitlesArg:
    /// None
    #[default] Drop,
    /// Words and times of text tracks, without styles
    Keep,
}

choices! { EncoderArg:
    /// x264, x265 or libvpx, as the container and the depth ask for
    #[default] Auto,
    /// H.264, 8 bits
    X264,
    /// HEVC
    X265,
    /// VP9
    Vpx,
    /// NVIDIA
    Nvenc,
    /// macOS
    Videotoolbox,
    /// VA-API on Linux
    Vaapi,
    /// Intel
    Qsv,
    /// AMD
    Amf,
}

choices! { BackendArg:
    /// ffmpeg where it is installed, else the built-in one
    #[default] Auto,
    /// Built in, nothing installed: MP4 and MOV with 8-bit 4:2:0 progressive H.264
    Embedded,
    /// Your own ffmpeg and ffprobe, 5.1 or newer
    Ffmpeg,
}

choices! { EffortArg:
    Ultrafast, Superfast, Veryfast, Faster, Fast, #[default] Medium, Slow, Slower, Veryslow,
}

/// Metadata that `--keep` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeepArg {
    /// When it was taken, digitised and changed, with parts of seconds and time zones
    Time,
    /// Make, model, lens, exposure
    Camera,
    /// Where it was taken, how exactly that is known, where the camera looked and how it moved
    Gps,
    /// Artist and notice
    Copyright,
    /// The HDR gain map of a JPEG (Ultra HDR), covered like the picture
    Hdr,
}

impl From<PresetArg> for Preset {
    fn from(arg: PresetArg) -> Self {
        match arg {
            PresetArg::Fast => Self::Fast,
            PresetArg::Balanced => Self::Balanced,
            PresetArg::Thorough => Self::Thorough,
        }
    }
}

impl From<RawArg> for RawFiles {
    fn from(arg: RawArg) -> Self {
        match arg {
            RawArg::Refuse => Self::Refuse,
            RawArg::Preview => Self::Preview,
        }
    }
}

impl From<AudioArg> for Audio {
    fn from(arg: AudioArg) -> Self {
        match arg {
            AudioArg::Keep => Self::Keep,
            AudioArg::Drop => Self::Drop,
        }
    }
}

impl From<SubtitlesArg> for Subtitles {
    fn from(arg: SubtitlesArg) -> Self {
        match arg {
            SubtitlesArg::Drop => Self::Drop,
            SubtitlesArg::Keep => Self::Keep,
        }
    }
}

impl From<EncoderArg> for VideoEncoder {
    fn from(arg: EncoderArg) -> Self {
        match arg {
            EncoderArg::Auto => Self::Auto,
            EncoderArg::X264 => Self::X264,
            EncoderArg::X265 => Self::X265,
            EncoderArg::Vpx => Self::Vpx,
            EncoderArg::Nvenc => Self::Nvenc,
            EncoderArg::Videotoolbox => Self::Videotoolbox,
            EncoderArg::Vaapi => Self::Vaapi,
            EncoderArg::Qsv => Self::Qsv,
            EncoderArg::Amf => Self::Amf,
        }
    }
}

impl From<BackendArg> for Backend {
    fn from(arg: BackendArg) -> Self {
        match arg {
            BackendArg::Auto => Self::Auto,
            BackendArg::Embedded => Self::Embedded,
            BackendArg::Ffmpeg => Self::Ffmpeg,
        }
    }
}

impl From<EffortArg> for Effort {
    fn from(arg: EffortArg) -> Self {
        match arg {
            EffortArg::Ultrafast => Self::Ultrafast,
            EffortArg::Superfast => Self::Superfast,
            EffortArg::Veryfast => Self::Veryfast,
            EffortArg::Faster => Self::Faster,
            EffortArg::Fast => Self::Fast,
            EffortArg::Medium => Self::Medium,
            EffortArg::Slow => Self::Slow,
            EffortArg::Slower => Self::Slower,
            EffortArg::Veryslow => Self::Veryslow,
        }
    }
}

impl From<EngineArg> for EngineChoice {
    fn from(arg: EngineArg) -> Self {
        match arg {
            EngineArg::Auto => Self::Auto,
            EngineArg::OnnxRuntime => Self::OnnxRuntime,
            EngineArg::Builtin => Self::Builtin,
        }
    }
}

impl From<DeviceArg> for Device {
    fn from(arg: DeviceArg) -> Self {
        match arg {
            DeviceArg::Auto => Self::Auto,
            DeviceArg::Cpu => Self::Cpu,
            DeviceArg::Cuda => Self::Cuda,
            DeviceArg::CoreMl => Self::CoreMl,
            DeviceArg::DirectMl => Self::DirectMl,
        }
    }
}

impl From<ShapeArg> for Shape {
    fn from(arg: ShapeArg) -> Self {
        match arg {
            ShapeArg::Ellipse => Self::Ellipse,
            ShapeArg::Box => Self::Box,
        }
    }
}

pub(crate) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Ok(n) if n.get() <= 1024 => Ok(n),
        _ => Err(format!(
            "jobs {text} is not a whole number in 1..=1024; leave it out to use every core"
        )),
    }
}

/// How many photos of a sequence were taken a second.
pub(crate) fn photos_per_second(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.01..=1000.0).contains(&rate) => Ok(rate),
        _ => Err(format!(
            "{} photos a second are no number in 0.01..=1000",
            show::text(text)
        )),
    }
}

// When photos are worked on in other processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsolateArg {
    #[default]
    Auto,
    Never,
}

/// Least value of `--max-memory`: a worker needs some for the networks.
const LEAST_MEMORY: u64 = 64 << 20;

pub(crate) fn memory(text: &str) -> Result<u64, String> {
    match bytes(text) {
        Some(n) if n >= LEAST_MEMORY => Ok(n),
        _ => Err(format!(
            "max-memory {text} is not a size from 64M on, such as 800M or 4G"
        )),
    }
}

/// Largest photo of a service.
#[cfg(feature = "serve")]
pub(crate) fn photo_bytes(text: &str) -> Result<u64, String> {
    match bytes(text) {
        Some(n) if (1024..=1 << 30).contains(&n) => Ok(n),
        _ => Err(format!(
            "{text} is not a size between 1024 and 1G, such as 32M"
        )),
    }
}

/// Where a service listens.
#[cfg(feature = "serve")]
pub(crate) fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    text.parse()
        .map_err(|_| "it is not an address and a port, such as 127.0.0.1:8080".into())
}

/// What comes between the stem and the ending of a name: no part of a path, nothing that a system
/// refuses, and with a letter, since `photo-1.jpg` or `photo (2).jpg` is another photo.
pub(crate) fn suffix(text: &str) -> Result<String, String> {
    const MOST: usize = 64;
    let is_bad = |c: char| c.is_control() || r#"/\:*?"<>|"#.contains(c);
    match text {
        _ if text.chars().any(is_bad) => Err(format!(
            "suffix {} holds a character that names of files cannot have everywhere",
            show::text(text)
        )),
        _ if text.len() > MOST => Err(format!("suffix {text} has more than {MOST} bytes")),
        _ if !text.chars().any(char::is_alphabetic) => Err(format!(
            "suffix {text} has no letter, and names of other photos may end in it; give one such \
             as -safe"
        )),
        _ => Ok(text.to_owned()),
    }
}

/// A number with `M` or `G` behind it, for 2^20 and 2^30.
fn bytes(text: &str) -> Option<u64> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'M' | b'm') => (&text[..text.len() - 1], 20),
        Some(b'G' | b'g') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number = digits.parse::<u64>().ok()?;
    number.checked_mul(1 << unit)
}

/// What `--region` and `--ignore` take.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Boxes {
    /// One box.
    One(Rect),
    /// One box that moves through a video.
    Moving(MovingRegion),
    /// A file with many.
    Listed(PathBuf),
}

pub(crate) fn boxes(text: &str) -> Result<Boxes, String> {
    match text.strip_prefix('@') {
        Some("") => Err("@ without a file name".into()),
        Some(path) => Ok(Boxes::Listed(path.into())),
        None if text.contains('@') => values::moving_region(text)
            .map(Boxes::Moving)
            .map_err(|e| e.to_string()),
        None => still_boxes(text),
    }
}

/// The same without a box that moves.
pub(crate) fn still_boxes(text: &str) -> Result<Boxes, String> {
    match text.strip_prefix('@') {
        Some(_) => boxes(text),
        None => values::rectangle(text)
            .map(Boxes::One)
            .map_err(|e| e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn names<T: ValueEnum>() -> Vec<String> {
        let all = T::value_variants().iter();
        all.filter_map(|v| Some(v.to_possible_value()?.get_name().to_owned()))
            .collect()
    }

    /// The command and the library name the same things.
    #[test]
    fn the_library_reads_every_name_that_can_be_typed() {
        fn read<T: FromStr>(names: Vec<String>) {
            for name in names {
                assert!(name.parse::<T>().is_ok(), "{name}");
            }
        }
        read::<Preset>(names::<PresetArg>());
        read::<EngineChoice>(names::<EngineArg>());
        read::<Device>(names::<DeviceArg>());
        read::<values::StyleName>(names::<StyleArg>());
        read::<Shape>(names::<ShapeArg>());
        read::<RawFiles>(names::<RawArg>());
        read::<Audio>(names::<AudioArg>());
        read::<Subtitles>(names::<SubtitlesArg>());
        read::<VideoEncoder>(names::<EncoderArg>());
        read::<Backend>(names::<BackendArg>());
        read::<Effort>(names::<EffortArg>());
        assert!(values::keep(&names::<KeepArg>().join(",")).is_ok());
    }

    #[test]
    fn a_value_outside_its_bounds_is_refused() {
        assert!(jobs("0").is_err() && jobs("-1").is_err() && jobs("99999").is_err());
        assert!(memory("63M").is_err() && memory("4G") == Ok(4 << 30));
        assert_eq!(suffix("-safe").as_deref(), Ok("-safe"));
        for bad in ["", "_1", " (2)", "a/b", "a\\b", "x\ny", "a:b"] {
            assert!(suffix(bad).is_err(), "{bad}");
        }
        assert!(boxes("@").is_err() && boxes("1,2,3").is_err());
    }
}
