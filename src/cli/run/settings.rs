//! All settings that decide about an output, as one value: what an audit tells, and what a record of an
//! output folder keeps the fingerprint of.
//!
//! Invariant: two runs whose outputs may differ have values that differ.

use super::config::{Config, Faces};
use crate::cli::plan::task::Task;
use faceveil::{
    AnonymizeOptions, DetectorOptions, Digest, Effort, Encoding, KeepMetadata, ReportStyle,
    VideoOptions, bundled_digests,
};
use serde_json::{Value, json};

/// The settings of a run; `engine` is what the networks run on.
pub(crate) fn collect(config: &Config, engine: Option<&str>) -> Value {
    let on_no_face = match config.task {
        Task::Blur { on_no_face, .. } => Some(format!("{on_no_face:?}").to_lowercase()),
        _ => None,
    };
    let mut all = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "engine": engine,
        "on_no_face": on_no_face,
        "video": video(&config.video),
    });
    let more = match &config.faces {
        Faces::Find {
            detector,
            video_detector,
            options,
        } => json!({
            "models": models(),
            "photos": detection(detector),
            "videos": detection(video_detector),
            "style": ReportStyle::from(&options.style),
            "covering": covering(options),
        }),
        Faces::FromReport(applier) => json!({
            "sticker": applier.sticker.as_ref().map(faceveil::Sticker::digest),
            "keep": kept(applier.keep),
            "format": applier.format.map(faceveil::Format::short),
        }),
    };
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}

/// The fingerprint of a value.
pub(crate) fn fingerprint(settings: &Value) -> Digest {
    Digest::of(settings.to_string().as_bytes())
}

/// Names and SHA-256 of the models in this build.
pub(crate) fn models() -> Value {
    bundled_digests()
        .into_iter()
        .map(|(name, digest)| json!({ "name": name, "sha256": digest }))
        .collect()
}

/// The engine is told once for all, and the models are those of this build.
fn detection(options: &DetectorOptions) -> Value {
    let DetectorOptions {
        preset,
        threshold,
        min_face,
        engine: _,
        models: _,
    } = options;
    json!({
        "preset": preset.name(),
        "constants": preset.digest(),
        "threshold": threshold,
        "min_face": min_face,
    })
}

/// Taken apart to the last field, so that a new one is not forgotten. The style is told apart;
/// bounds for reading change no output.
fn covering(options: &AnonymizeOptions) -> Value {
    let AnonymizeOptions {
        style: _,
        masking,
        regions,
        ignore,
        keep,
        format,
        limits: _,
    } = options;
    let boxes = |all: &[faceveil::Rect]| -> Value {
        let numbers = |r: &faceveil::Rect| json!([r.left(), r.top(), r.width(), r.height()]);
        all.iter().map(numbers).collect()
    };
    json!({
        "shape": masking.shape,
        "margin": masking.margin,
        "regions": boxes(regions),
        "ignore": boxes(ignore),
        "keep": kept(*keep),
        "format": format.map(faceveil::Format::short),
    })
}

fn kept(keep: KeepMetadata) -> Value {
    let KeepMetadata {
        time,
        camera,
        gps,
        copyright,
    } = keep;
    json!({ "time": time, "camera": camera, "gps": gps, "copyright": copyright })
}

/// The number of workers changes no output.
fn video(options: &VideoOptions) -> Value {
    let VideoOptions {
        backend,
        encoding: Encoding { audio, crf, effort },
        workers: _,
    } = options;
    json!({
        "backend": format!("{backend:?}").to_lowercase(),
        "audio": format!("{audio:?}").to_lowercase(),
        "crf": crf,
        "preset": effort.map(Effort::name),
    })
}
