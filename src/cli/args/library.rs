//! From what was typed to the options that the library takes.

use super::detection::Model;
use super::value_parsers::{CoverArg, DeviceArg, IsolateArg, KeepArg, StyleArg};
use super::{
    Covering, Detection, Engine, FaceFilter, Isolation, PhotoOutput, Running, Subjects, Writing,
};
use crate::cli::files::read;
use crate::cli::ui::show;
use anyhow::{Context, Result, bail, ensure};
use faceveil::detect::{self, Cover, ObjectModel};
use faceveil::engine::{EngineChoice, EngineOptions};
use faceveil::photo::Quality;
use faceveil::redact::{Rgb, Sticker};
use faceveil::settings::CELLS;
use faceveil::video::{Effort, Encoding};
use faceveil::{
    DetectorOptions, Format, KeepMetadata, Limits, Masking, Photo, Preset, ReadOptions, Style,
};
use std::path::Path;
use std::thread;

/// Largest sticker file that is read.
pub(crate) const STICKER_BYTES: u64 = 256 << 20;

/// The metadata that `--keep` asks for.
pub(crate) fn keep(asked: &[KeepArg]) -> KeepMetadata {
    let has = |one| asked.contains(&one);
    KeepMetadata::new()
        .time(has(KeepArg::Time))
        .camera(has(KeepArg::Camera))
        .gps(has(KeepArg::Gps))
        .copyright(has(KeepArg::Copyright))
        .hdr(has(KeepArg::Hdr))
}

/// How finely photos are coded.
///
/// # Errors
/// If nothing would be coded so.
pub(crate) fn quality(typed: &PhotoOutput) -> Result<Quality> {
    let Some(quality) = typed.quality else {
        return Ok(Quality::AsSource);
    };
    if let Some(format) = typed.format {
        let name = format.name();
        let is_lossless = matches!(format, Format::Png | Format::Tiff);
        ensure!(
            !is_lossless || quality == Quality::Lossless,
            "--quality {quality} would not be used: {name} is written without loss"
        );
    }
    Ok(quality)
}

/// How masks are made from faces.
pub(crate) fn masking(typed: &Covering) -> Masking {
    Masking::new(typed.shape.into(), typed.margin)
}

/// How videos are to be encoded.
pub(crate) fn encoding(typed: &Writing) -> Encoding {
    Encoding::new()
        .audio(typed.audio.into())
        .subtitles(typed.subtitles.into())
        .encoder(typed.encoder.into())
        .crf(typed.crf)
        .bitrate(typed.bitrate)
        .effort(typed.preset_video.map(Effort::from))
}

/// What may be read.
pub(crate) fn limits(typed: &Running) -> Limits {
    Limits::max_pixels(typed.max_pixels)
}

/// Refuses a limit that nothing would keep.
///
/// # Errors
/// If memory is limited without worker processes.
pub(crate) fn check_isolation(typed: &Isolation) -> Result<()> {
    ensure!(
        typed.max_memory.is_none() || typed.isolate != IsolateArg::Never,
        "--max-memory is for worker processes, which --isolate never does without"
    );
    Ok(())
}

/// Threads that run at a time.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How faces are looked for with a preset.
///
/// # Errors
/// If a flag would not be used.
pub(crate) fn detector(typed: &Detection, preset: Preset) -> Result<DetectorOptions> {
    Ok(DetectorOptions::new()
        .preset(preset)
        .cover(subjects(&typed.subjects, &typed.faces)?)
        .min_text_height(typed.subjects.text_min_height.unwrap_or(0.0))
        .threshold(typed.faces.threshold)
        .min_face(typed.faces.min_face.unwrap_or(0.0))
        .objects(objects(&typed.subjects.model)?)
        .engine(engine(&typed.engine, &typed.subjects.model)?))
}

/// The network of the user's own.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn objects(typed: &Model) -> Result<Option<ObjectModel>> {
    let Some(path) = &typed.model else {
        return Ok(None);
    };
    let threshold = typed.model_threshold.unwrap_or(ObjectModel::THRESHOLD);
    let words = |list: &[String]| list.iter().map(|w| w.trim().to_owned()).collect::<Vec<_>>();
    Ok(Some(
        ObjectModel::read(path)?
            .classes(words(&typed.model_classes))
            .names(words(&typed.model_names))
            .threshold(threshold),
    ))
}

/// What is looked for.
///
/// # Errors
/// If a flag would not be used.
pub(crate) fn subjects(typed: &Subjects, faces: &FaceFilter) -> Result<Cover> {
    let cover = cover(&typed.cover)?;
    ensure!(
        typed.text_min_height.is_none() || cover.writing.is_some(),
        "--text-min-height would not be used; add text or plates to --cover"
    );
    ensure!(
        cover.faces || (faces.threshold.is_none() && faces.min_face.is_none()),
        "--threshold and --min-face are about faces, which --cover leaves out"
    );
    ensure!(
        cover != Cover::NOTHING || typed.model.model.is_some(),
        "--cover none leaves nothing to look for; add --model FILE"
    );
    Ok(cover)
}

/// What `--cover` asks for.
///
/// # Errors
/// If one word makes another needless.
fn cover(asked: &[CoverArg]) -> Result<Cover> {
    let has = |one| asked.contains(&one);
    ensure!(
        !(has(CoverArg::Text) && has(CoverArg::Plates)),
        "--cover text covers plates, too; give one of the two"
    );
    ensure!(
        !has(CoverArg::Nothing) || asked.len() == 1,
        "--cover none contradicts the other words beside it"
    );
    let writing = match has(CoverArg::Text) {
        true => Some(detect::Writing::All),
        false => has(CoverArg::Plates).then_some(detect::Writing::Plates),
    };
    let mut cover = Cover::FACES;
    cover.faces = has(CoverArg::Faces);
    cover.writing = writing;
    Ok(cover)
}

/// What runs the networks.
///
/// # Errors
/// If a flag would not be used.
pub(crate) fn engine(typed: &Engine, model: &Model) -> Result<EngineOptions> {
    let engine: EngineChoice = typed.engine.into();
    let on_cpu = matches!(typed.device, DeviceArg::Auto | DeviceArg::Cpu);
    ensure!(
        typed.onnxruntime.is_none()
            || engine == EngineChoice::OnnxRuntime
            || model.model.is_some()
            || (engine == EngineChoice::Auto && !on_cpu),
        "--onnxruntime would not be used; add --engine onnxruntime"
    );
    Ok(EngineOptions::new()
        .engine(engine)
        .device(typed.device.into())
        .onnxruntime(typed.onnxruntime.clone()))
}

/// What covers faces.
///
/// # Errors
/// If a flag would not be used, or the sticker cannot be read.
pub(crate) fn style(typed: &Covering, limits: &Limits) -> Result<Style> {
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
                sticker(path, limits)
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
