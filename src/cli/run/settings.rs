//! All settings that decide about an output, as one value: what an audit names, and what a record
//! of an output folder keeps the fingerprint of.
//!
//! Invariant: two runs whose outputs may differ have values that differ.

use super::config::{Config, Faces};
use crate::cli::plan::task::Task;
use faceveil::detect::{Cover, bundled_models};
use faceveil::report::{Digest, ReportStyle};
use faceveil::video::{Damaged, Effort, Encoding, Subtitles, VideoEncoder};
use faceveil::{AnonymizeOptions, DetectorOptions, KeepMetadata, Style, VideoOptions};
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
            "keep": kept(applier.keep),
            "format": applier.format.map(faceveil::Format::short),
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
    let mut video = video(&config.video);
    if let Value::Object(video) = &mut video {
        video.remove("backend");
    }
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "keep": kept(keep),
        "sticker": sticker,
        "video": video,
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

/// The engine is named once for all, and the models are those of this build.
fn detection(options: &DetectorOptions) -> Value {
    let DetectorOptions {
        preset,
        threshold,
        min_face,
        engine: _,
        models: _,
        cover,
        min_text_height,
    } = options;
    let mut all = json!({
        "preset": preset.name(),
        "constants": preset.digest(),
        "threshold": threshold,
        "min_face": min_face,
    });
    // Faces alone leave the fingerprints of earlier runs as they are.
    if let (Value::Object(all), true) = (&mut all, *cover != Cover::default()) {
        let writing = format!("{:?}", cover.writing).to_lowercase();
        all.insert("faces".into(), cover.faces.into());
        all.insert("writing".into(), writing.into());
        all.insert("min_text_height".into(), json!(min_text_height));
    }
    all
}

/// Taken apart to the last field, so that a new one is not forgotten. The style is separate;
/// bounds for reading change no output.
fn covering(options: &AnonymizeOptions) -> Value {
    let AnonymizeOptions {
        style: _,
        masking,
        regions,
        ignore,
        panorama,
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
        "panorama": panorama,
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
        encoding:
            Encoding {
                audio,
                subtitles,
                encoder,
                crf,
                bitrate,
                effort,
            },
        workers: _,
        range,
        outside,
        damaged,
    } = options;
    let mut all = json!({
        "backend": format!("{backend:?}").to_lowercase(),
        "audio": format!("{audio:?}").to_lowercase(),
        "crf": crf,
        "preset": effort.map(Effort::name),
    });
    if let (Value::Object(all), Some(bits)) = (&mut all, bitrate) {
        all.insert("bitrate".into(), json!(bits));
    }
    if let (Value::Object(all), Subtitles::Keep) = (&mut all, subtitles) {
        all.insert("subtitles".into(), "keep".into());
    }
    if let Value::Object(all) = &mut all
        && *encoder != VideoEncoder::Auto
    {
        all.insert("encoder".into(), encoder.name().into());
    }
    if let (Value::Object(all), Damaged::Conceal) = (&mut all, damaged) {
        all.insert("damaged".into(), "conceal".into());
    }
    // What is not asked for leaves the fingerprints of earlier runs as they are.
    if let (Value::Object(all), Some(range)) = (&mut all, range) {
        let part = json!({
            "from": range.from.as_secs_f64(),
            "to": range.to.map(|to| to.as_secs_f64()),
            "outside": outside,
        });
        all.insert("part".into(), part);
    }
    all
}
