//! All settings that decide about an output, as one value: what an audit names, and what a record
//! of an output folder keeps the fingerprint of.
//!
//! Options are taken as they serialise, so that a new one is not forgotten.
//!
//! Invariant: two runs whose outputs may differ have values that differ.

use super::config::{Config, Faces};
use crate::cli::plan::task::Task;
use faceveil::detect::bundled_models;
use faceveil::report::{Digest, ReportStyle};
use faceveil::{AnonymizeOptions, DetectorOptions, Style, VideoOptions};
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
            "sticker": applier.sticker.as_ref().map(faceveil::redact::Sticker::digest),
            "keep": applier.keep,
            "format": applier.format,
        }),
    };
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}

/// The settings that decide how regions are covered and written, wherever they come from; the
/// format and the backend stand in the report's lines.
pub(crate) fn writing(config: &Config) -> Value {
    let (keep, sticker) = match &config.faces {
        Faces::Find { options, .. } => {
            let sticker = match &options.style {
                Style::Image(sticker) => Some(sticker.digest()),
                _ => None,
            };
            (options.keep, sticker)
        }
        Faces::FromReport(applier) => {
            let sticker = applier.sticker.as_ref();
            (applier.keep, sticker.map(faceveil::redact::Sticker::digest))
        }
    };
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "keep": keep,
        "sticker": sticker,
        "video": without(video(&config.video), "backend"),
    })
}

/// The fingerprint of a value.
pub(crate) fn fingerprint(settings: &Value) -> Digest {
    Digest::of(settings.to_string().as_bytes())
}

/// Names and SHA-256 of the models in this build.
pub(crate) fn models() -> Value {
    bundled_models()
        .into_iter()
        .map(|model| json!({ "name": model.name, "sha256": model.digest() }))
        .collect()
}

/// With what the preset stands for in this build. The engine is named once for all, and the models
/// are those of this build.
fn detection(options: &DetectorOptions) -> Value {
    let mut all = json!(options);
    all["constants"] = json!(options.preset.digest());
    all
}

/// Bounds for reading change no output. The style is separate.
fn covering(options: &AnonymizeOptions) -> Value {
    without(json!(options), "limits")
}

/// The number of workers changes no output.
fn video(options: &VideoOptions) -> Value {
    without(json!(options), "workers")
}

fn without(mut value: Value, key: &str) -> Value {
    if let Value::Object(all) = &mut value {
        all.remove(key);
    }
    value
}
