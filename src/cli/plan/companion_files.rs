//! Files beside a photo that hold the same picture or its story: the video of a live photo, the raw
//! file, an edit, a sidecar. Nobody who covers `IMG_1.jpg` wants to publish `IMG_1.MOV` beside it.
//!
//! Invariant: a file that is itself among the inputs is never named.

use super::inputs::{Input, Source};
use crate::cli::ui::show;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Kinds of files that cameras, phones and programs put beside a photo of the same name.
const KINDS: [&str; 12] = [
    "heic", "heif", "mov", "mp4", "aae", "xmp", "thm", "lrv", "dng", "json", "pp3", "wav",
];
/// Kinds of an edited version.
const EDITED: [&str; 4] = ["jpg", "jpeg", "png", "heic"];

/// Per input, what lies beside it and is no input.
pub(crate) fn find(inputs: &[Input]) -> Vec<Vec<String>> {
    let mut folders: HashMap<PathBuf, Vec<PathBuf>> = HashMap::new();
    let given: HashSet<&Path> = inputs.iter().filter_map(Input::path).collect();
    inputs
        .iter()
        .map(|input| {
            let Source::File(path) = &input.source else {
                return Vec::new();
            };
            let folder = path.parent().unwrap_or(Path::new(""));
            let listed = folders
                .entry(folder.to_owned())
                .or_insert_with(|| candidates(folder));
            let belong =
                |other: &&PathBuf| !given.contains(other.as_path()) && belongs(other, path);
            let names = listed.iter().filter(belong).filter_map(|p| p.file_name());
            names.map(|name| show::path(Path::new(name))).collect()
        })
        .collect()
}

/// Files of a folder that may belong to a photo, sorted.
fn candidates(folder: &Path) -> Vec<PathBuf> {
    let open = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = std::fs::read_dir(open).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| folder.join(entry.file_name()))
        .filter(|path| is_of(path, &KINDS) || is_of(path, &EDITED))
        .collect();
    found.sort();
    found
}

fn is_of(path: &Path, kinds: &[&str]) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| kinds.iter().any(|kind| kind.eq_ignore_ascii_case(e)))
}

/// Whether a file goes with a photo, by its name.
fn belongs(other: &Path, photo: &Path) -> bool {
    let text = |part: Option<&std::ffi::OsStr>| Some(part?.to_str()?.to_lowercase());
    let (Some(stem), Some(name), Some(its)) = (
        text(photo.file_stem()),
        text(photo.file_name()),
        text(other.file_stem()),
    ) else {
        return false;
    };
    if other == photo {
        return false;
    }
    // Sidecars are called `x.xmp` or `x.jpg.xmp`; edits on a phone `IMG_E1` for `IMG_1`.
    let edit = |a: &str, b: &str| {
        a.strip_prefix("img_e")
            .is_some_and(|n| b.strip_prefix("img_") == Some(n))
    };
    // Google's exports: `x.jpg.supplemental-metadata.json`, cut off where that is too long.
    let exported = is_of(other, &["json"]) && its.starts_with(&format!("{name}."));
    let same = its == stem || its == name || exported;
    (same && is_of(other, &KINDS)) || edit(&its, &stem) || edit(&stem, &its)
}

/// A sentence about them.
pub(crate) fn sentence(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| {
        format!(
            "{} beside it may show the same faces or tell the same story, and stays as it is",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_photo_is_known_by_its_name() {
        let photo = Path::new("a/IMG_1.JPG");
        for name in [
            "IMG_1.MOV",
            "img_1.heic",
            "IMG_1.AAE",
            "IMG_1.jpg.xmp",
            "IMG_E1.jpg",
            "IMG_1.DNG",
            "IMG_1.JPG.json",
            "IMG_1.JPG.supplemental-metad.json",
            "IMG_1.JPG.pp3",
            "IMG_1.WAV",
        ] {
            assert!(belongs(&Path::new("a").join(name), photo), "{name}");
        }
        for name in [
            "IMG_1.JPG",
            "IMG_12.MOV",
            "IMG_1_blurred.jpg",
            "IMG_1.txt",
            "IMG_12.JPG.json",
            "IMG_E2.jpg",
            "IMG_1.png",
        ] {
            assert!(!belongs(&Path::new("a").join(name), photo), "{name}");
        }
        assert!(belongs(Path::new("IMG_1.jpg"), Path::new("IMG_E1.jpg")));
    }
}
