//! The values of flags: names that are typed for what the library offers, and numbers within bounds.
//!
//! Invariant: a value that leaves this file lies within the bounds that its help names.

use clap::ValueEnum;
use faceveil::engine::{Device, EngineChoice};
use faceveil::redact::Rgb;
use faceveil::video::{Audio, Backend, Effort};
use faceveil::{Format, Preset, Rect, Shape};
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

choices! { AudioArg:
    /// Every track, packet by packet
    #[default] Keep,
    /// None
    Drop,
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

impl From<AudioArg> for Audio {
    fn from(arg: AudioArg) -> Self {
        match arg {
            AudioArg::Keep => Self::Keep,
            AudioArg::Drop => Self::Drop,
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

pub(crate) fn threshold(text: &str) -> Result<f32, String> {
    bounded("threshold", text, 0.0, 1.0)
}

pub(crate) fn min_face(text: &str) -> Result<f32, String> {
    bounded("min-face", text, 0.0, 100_000.0)
}

pub(crate) fn text_height(text: &str) -> Result<f32, String> {
    bounded("text-min-height", text, 0.0, 100_000.0)
}

pub(crate) fn margin(text: &str) -> Result<f32, String> {
    bounded("margin", text, 1.0, 10.0)
}

fn bounded(what: &str, text: &str, least: f32, most: f32) -> Result<f32, String> {
    let value: f32 = text
        .parse()
        .map_err(|_| format!("{what} {text} is not a number"))?;
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(format!("{what} {value} is outside {least}..={most}"))
    }
}

/// A format that photos can be written in.
pub(crate) fn format(text: &str) -> Result<Format, String> {
    let lower = text.to_ascii_lowercase();
    let named = |f: &Format| f.short() == lower || f.extensions().contains(&lower.as_str());
    let Some(format) = Format::ALL.into_iter().find(named) else {
        return Err(format!(
            "{text} is no format; give jpeg, png, webp, tiff, heic, avif or jxl"
        ));
    };
    if format.is_target() {
        return Ok(format);
    }
    Err(format!(
        "{} is not written from other formats: {}; give jpeg, png, webp, tiff, heic, avif or jxl",
        format.name(),
        match format {
            Format::Heic => "this build is without the feature `heic`",
            Format::Avif => "this build is without the feature `avif-write`",
            Format::Gif => "its 256 colours are too few for photos",
            Format::Jxl => "this build is without the feature `jxl`",
            _ => "it has no place for a colour profile",
        }
    ))
}

pub(crate) fn cells(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(n @ 1..=64) => Ok(n),
        _ => Err(format!("cells {text} is not a whole number in 1..=64")),
    }
}

pub(crate) fn crf(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(n @ 0..=51) => Ok(n),
        _ => Err(format!("crf {text} is not a whole number in 0..=51")),
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

pub(crate) fn pixels(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['M', 'm']) {
        Some(digits) => (digits, 1_000_000),
        None => (text, 1),
    };
    match digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)) {
        Some(n) if n > 0 => Ok(n),
        _ => Err(format!(
            "max-pixels {text} is not a whole number from 1 on, such as 80000000 or 80M"
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
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'M' | b'm') => (&text[..text.len() - 1], 20),
        Some(b'G' | b'g') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    match digits
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(1 << unit))
    {
        Some(n) if n >= LEAST_MEMORY => Ok(n),
        _ => Err(format!(
            "max-memory {text} is not a size from 64M on, such as 800M or 4G"
        )),
    }
}

pub(crate) fn color(text: &str) -> Result<Rgb, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let byte = |i| u8::from_str_radix(digits.get(i..i + 2)?, 16).ok();
    match (digits.len(), byte(0), byte(2), byte(4)) {
        (6, Some(r), Some(g), Some(b)) if digits.bytes().all(|c| c.is_ascii_hexdigit()) => {
            Ok(Rgb(r, g, b))
        }
        _ => Err(format!(
            "color {text} is not six hexadecimal digits, such as FF8800"
        )),
    }
}

/// What `--region` and `--ignore` take.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Boxes {
    /// One box.
    One(Rect),
    /// A file with many.
    Listed(PathBuf),
}

pub(crate) fn boxes(text: &str) -> Result<Boxes, String> {
    match text.strip_prefix('@') {
        Some("") => Err("@ without a file name".into()),
        Some(path) => Ok(Boxes::Listed(path.into())),
        None => rectangle(text).map(Boxes::One),
    }
}

pub(crate) fn rectangle(text: &str) -> Result<Rect, String> {
    let wrong = || {
        format!(
            "box {text} is not x,y,width,height in pixels with both sides above 0, such as 40,60,200,80"
        )
    };
    let numbers: Vec<f32> = text
        .split(',')
        .map(|n| n.trim().parse())
        .collect::<Result<_, _>>()
        .map_err(|_| wrong())?;
    match numbers[..] {
        [x, y, w, h] if w > 0.0 && h > 0.0 => Rect::new(x, y, w, h).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_outside_its_bounds_is_refused_with_value_and_bound() {
        assert_eq!(
            threshold("1.3").unwrap_err(),
            "threshold 1.3 is outside 0..=1"
        );
        assert_eq!(margin("0.5").unwrap_err(), "margin 0.5 is outside 1..=10");
        assert!(threshold("NaN").is_err());
        assert!(margin("inf").is_err());
        assert!(cells("0").is_err() && cells("65").is_err() && cells("x").is_err());
        assert!(jobs("0").is_err() && jobs("-1").is_err() && jobs("99999").is_err());
        assert!(pixels("0").is_err() && pixels("99999999999999999999").is_err());
        assert!(pixels("99999999999999M").is_err());
        for bad in ["", "12345", "1234567", "GG0000", "+10000", "ÄÄÄ"] {
            assert!(color(bad).is_err(), "{bad}");
        }
        for bad in [
            "",
            "1,2,3",
            "1,2,3,4,5",
            "1,2,0,4",
            "1,2,3,-4",
            "NaN,2,3,4",
            "1,2,inf,4",
            "a,b,c,d",
        ] {
            assert!(rectangle(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_are_read_as_they_are_documented() {
        assert_eq!(color("#fF8000"), Ok(Rgb(255, 128, 0)));
        assert_eq!(pixels("80M"), Ok(80_000_000));
        assert_eq!(pixels("123"), Ok(123));
        let r = rectangle("-5, 0.5,10,20").expect("a box");
        assert_eq!((r.left(), r.top(), r.width()), (-5.0, 0.5, 10.0));
    }
}
