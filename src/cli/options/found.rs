//! What a config file may say that nobody named: it lies in a folder of pictures, which may come
//! from strangers.
//!
//! Invariant: with such a file a run covers no less, keeps no more, writes nowhere else and loads
//! nothing else than without it.

use super::given::{Given, Value};
use crate::cli::ui::show;
use anyhow::{Result, ensure};
use faceveil::Masking;
use std::path::Path;

/// Lets options through that can only cover more.
///
/// # Errors
/// At the first other one: whether it is meant, only a person can say.
pub(super) fn check(path: &Path, options: &[Given]) -> Result<()> {
    for given in options {
        ensure!(
            is_safe(&given.key, &given.value),
            "{file} lies beside the inputs, and what nobody named may only make a run cover more, \
             which its {} does not; --config {file} takes it, --no-config leaves it out",
            given.key,
            file = show::path(path)
        );
    }
    Ok(())
}

fn is_safe(key: &str, value: &Value) -> bool {
    let texts = value.texts();
    let is = |all: &[&str]| texts.iter().all(|text| all.iter().any(|one| one == text));
    match key {
        "preset" => is(&["thorough"]),
        "cover" => texts
            .iter()
            .any(|t| *t == "faces" || *t == "faces,text" || *t == "faces,plates"),
        "style" => is(&["blur", "solid"]),
        "shape" => is(&["box"]),
        "margin" => {
            let number = |t: &&std::ffi::OsStr| t.to_str()?.parse::<f32>().ok();
            let least = Masking::default().margin;
            texts.iter().all(|t| number(t).is_some_and(|n| n >= least))
        }
        "color" | "format" => true,
        "strict" | "verify" => value.truth() == Some(true),
        "audio" | "subtitles" => is(&["drop"]),
        "on-no-face" => is(&["skip", "fail"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_found_cannot_weaken_a_run() {
        let safe = |key: &str, text: &str| is_safe(key, &Value::Texts(vec![text.into()]));
        for (key, value) in [
            ("preset", "thorough"),
            ("cover", "faces,plates"),
            ("margin", "2.5"),
            ("shape", "box"),
            ("style", "solid"),
            ("on-no-face", "fail"),
            ("verify", "true"),
        ] {
            assert!(safe(key, value), "{key} {value}");
        }
        for (key, value) in [
            ("preset", "fast"),
            ("cover", "text"),
            ("margin", "1"),
            ("margin", "NaN"),
            ("shape", "ellipse"),
            ("style", "gaussian"),
            ("on-no-face", "write"),
            ("verify", "false"),
            ("threshold", "0.99"),
            ("keep", "gps"),
            ("ignore", "0,0,9999,9999"),
            ("exclude", "*"),
            ("output", "/elsewhere"),
            ("report", "/elsewhere"),
            ("onnxruntime", "evil.so"),
            ("model", "evil.onnx"),
            ("outside", "copy"),
        ] {
            assert!(!safe(key, value), "{key} {value}");
        }
    }
}
