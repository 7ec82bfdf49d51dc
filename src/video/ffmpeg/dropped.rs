//! Names of what a file tells beside its tracks and will not be in the new one.

use crate::content::ContentKind;
use serde_json::Value;

/// Names for the report, each once.
#[derive(Default)]
pub(super) struct Dropped(pub(super) Vec<ContentKind>);

impl Dropped {
    pub(super) fn add(&mut self, kind: ContentKind) {
        if !self.0.contains(&kind) {
            self.0.push(kind);
        }
    }

    /// What the tags of a file or track would have told.
    pub(super) fn tags(&mut self, tags: &Value) {
        let tags = tags.as_object();
        for (key, value) in tags.into_iter().flatten() {
            let key = key.to_ascii_lowercase();
            let about = |words: &[&str]| words.iter().any(|w| key.contains(w));
            match key.as_str() {
                // The container's own, and what is not of the file: written anew or kept.
                "major_brand" | "minor_version" | "compatible_brands" | "language" | "duration"
                | "rotate" | "vendor_id" | "alpha_mode" => {}
                "handler_name" => {
                    let usual = ["VideoHandler", "SoundHandler", "VideoHandle", "SoundHandle"];
                    if !value.as_str().is_some_and(|v| usual.contains(&v)) {
                        self.add(ContentKind::HandlerName);
                    }
                }
                _ if about(&["location", "gps", "geo"]) => self.add(ContentKind::Location),
                _ if about(&["creation_time", "creationdate", "date"]) => {
                    self.add(ContentKind::Date)
                }
                _ if about(&["title"]) => self.add(ContentKind::Title),
                _ if about(&["encoder", "software"]) => self.add(ContentKind::Encoder),
                _ if about(&["make", "model"]) => self.add(ContentKind::Camera),
                _ => self.add(ContentKind::Metadata),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tags_tell_is_named_without_what_they_say() {
        let mut dropped = Dropped::default();
        dropped.tags(&serde_json::json!({
            "com.apple.quicktime.location.ISO6709": "+52.5+013.4/", "creation_time": "2026",
            "title": "Alice", "major_brand": "isom", "handler_name": "Core Media Video"
        }));
        dropped.0.sort_by_key(|kind| kind.name());
        assert_eq!(dropped.0, ["date", "handler-name", "location", "title"]);
    }
}
