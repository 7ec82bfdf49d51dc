//! From what was typed to the options that the library takes.

use super::value_parsers::{DeviceArg, KeepArg, StyleArg};
use super::{Blur, Common, Engine, Running, Writing};
use crate::cli::files::read;
use crate::cli::ui::show;
use anyhow::{Context, Result, bail, ensure};
use faceveil::engine::{EngineChoice, EngineOptions};
use faceveil::redact::{Rgb, Sticker};
use faceveil::settings::CELLS;
use faceveil::video::{Effort, Encoding};
use faceveil::{DetectorOptions, Format, KeepMetadata, Limits, Photo, Preset, ReadOptions, Style};
use std::path::Path;
use std::thread;

/// Largest sticker file that is read.
pub(crate) const STICKER_BYTES: u64 = 256 << 20;

/// The metadata that `--keep` asks for.
pub(crate) fn keep(asked: &[KeepArg]) -> KeepMetadata {
    let has = |one| asked.contains(&one);
    KeepMetadata {
        time: has(KeepArg::Time),
        camera: has(KeepArg::Camera),
        gps: has(KeepArg::Gps),
        copyright: has(KeepArg::Copyright),
    }
}

/// How videos are to be encoded.
pub(crate) fn encoding(typed: &Writing) -> Encoding {
    Encoding {
        audio: typed.audio.into(),
        crf: typed.crf,
        effort: typed.preset_video.map(Effort::from),
    }
}

/// What may be read.
pub(crate) fn limits(typed: &Running) -> Limits {
    Limits::max_pixels(typed.max_pixels)
}

/// Threads that run at a time.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How faces are looked for with a preset.
///
/// # Errors
/// If a flag would not be used.
pub(crate) fn detector(typed: &Common, preset: Preset) -> Result<DetectorOptions> {
    Ok(DetectorOptions {
        preset,
        threshold: typed.threshold,
        min_face: typed.min_face.unwrap_or(0.0),
        engine: engine(&typed.engine)?,
        ..DetectorOptions::default()
    })
}

/// What runs the networks.
///
/// # Errors
/// If a flag would not be used.
pub(crate) fn engine(typed: &Engine) -> Result<EngineOptions> {
    let engine: EngineChoice = typed.engine.into();
    let on_cpu = matches!(typed.device, DeviceArg::Auto | DeviceArg::Cpu);
    ensure!(
        typed.onnxruntime.is_none()
            || engine == EngineChoice::OnnxRuntime
            || (engine == EngineChoice::Auto && !on_cpu),
        "--onnxruntime would not be used; add --engine onnxruntime"
    );
    Ok(EngineOptions {
        engine,
        device: typed.device.into(),
        onnxruntime: typed.onnxruntime.clone(),
    })
}

/// What covers faces.
///
/// # Errors
/// If a flag would not be used, or the sticker cannot be read.
pub(crate) fn style(typed: &Blur) -> Result<Style> {
    for (given, flag, style) in [
        (typed.color.is_some(), "--color", StyleArg::Solid),
        (typed.cells.is_some(), "--cells", StyleArg::Mosaic),
        (typed.image.is_some(), "--image", StyleArg::Image),
    ] {
        ensure!(
            !given || typed.style == style,
            "{flag} would not be used; add --style {}",
            format!("{style:?}").to_lowercase()
        );
    }
    Ok(match typed.style {
        StyleArg::Blur => Style::Blur,
        StyleArg::Solid => Style::Solid(typed.color.unwrap_or(Rgb(0, 0, 0))),
        StyleArg::Mosaic => Style::Mosaic(typed.cells.unwrap_or(CELLS)),
        StyleArg::Gaussian => Style::Gaussian,
        StyleArg::Image => match &typed.image {
            Some(path) => Style::Image(
                sticker(path, &limits(&typed.common.running))
                    .with_context(|| format!("reading the sticker {}", show::path(path)))?,
            ),
            None => bail!("--style image needs a picture; add --image FILE"),
        },
    })
}

/// Reads the picture of `--style image`.
///
/// # Errors
/// If it is none that can be laid over faces.
pub(crate) fn sticker(path: &Path, limits: &Limits) -> Result<Sticker> {
    sticker_of(&read::file(path, STICKER_BYTES)?, limits)
}

/// The picture of `--style image` from the bytes of its file.
///
/// # Errors
/// If it is none that can be laid over faces.
pub(crate) fn sticker_of(bytes: &[u8], limits: &Limits) -> Result<Sticker> {
    let png = Some(Format::Png); // which keeps transparency
    let photo = Photo::read(bytes, &ReadOptions::new().limits(*limits).format(png))?;
    let (size, rgba) = photo.to_rgba();
    Ok(Sticker::new(size, &rgba)?)
}
