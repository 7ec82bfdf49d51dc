//! What is reported about a file besides its pixels: what it held, what is written again, what a
//! person should know. Names are kebab-case and part of the report's schema; `docs/names.md` lists
//! them. What a caller asked to keep travels along, so that it reaches whichever reader can serve
//! it.

use super::keep::KeepMetadata;
use super::panorama::{Panorama, property};
use crate::content::ContentKind;
use crate::geometry::Orientation;

const MISSED_MAP: &str = "the HDR gain map";
const MISSED_PICTURES: &str = "further pictures behind the main one";

/// Collects names and sentences, each once, in the order in which they were met.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    /// What the source held that is not written again.
    pub(super) dropped: Vec<ContentKind>,
    /// What is written again besides the pixels.
    pub(super) kept: Vec<ContentKind>,
    /// Sentences for a person.
    pub(super) warnings: Vec<String>,
    /// What was dropped and a viewer may miss.
    missed: Vec<String>,
    /// What the caller asked for and no block has had yet.
    pub(super) wanted: KeepMetadata,
    /// Whether a gain map is to be kept.
    hdr: bool,
    /// How XMP says that the picture must be turned.
    pub(super) orientation: Option<Orientation>,
    /// How the picture is projected, if it says so.
    pub(super) panorama: Option<Panorama>,
}

impl Notes {
    /// Notes for a reader that is asked to keep something.
    pub(super) fn wanting(wanted: KeepMetadata) -> Self {
        Self {
            hdr: wanted.hdr,
            wanted,
            ..Self::default()
        }
    }

    /// The source held it; the output does not.
    pub(super) fn drop(&mut self, kind: ContentKind) {
        push_once(&mut self.dropped, kind);
    }

    /// Whether the source held it.
    #[cfg(feature = "jxl")]
    pub(super) fn has_dropped(&self, kind: ContentKind) -> bool {
        self.dropped.contains(&kind)
    }

    /// The source held it; the output holds what was asked for of it, or nothing.
    pub(super) fn drop_unless_kept(&mut self, kind: ContentKind) {
        if !self.kept.contains(&kind) {
            self.drop(kind);
        }
    }

    /// The format has no place for what was asked for.
    pub(super) fn cannot_keep(&mut self, format: &str) {
        let names = std::mem::take(&mut self.wanted).names();
        if !names.is_empty() {
            let list = names.join(", ");
            self.warn(format!(
                "{format} cannot hold the metadata that was to be kept ({list})"
            ));
        }
    }

    /// The output holds it again.
    pub(super) fn keep(&mut self, kind: ContentKind) {
        push_once(&mut self.kept, kind);
    }

    /// What was to be kept is not: the new format has no place for it.
    pub(super) fn forget(&mut self, kind: ContentKind) {
        if self.kept.contains(&kind) {
            self.settle(kind);
            self.drop(kind);
        }
    }

    /// What was to be kept is in the pixels now.
    pub(super) fn settle(&mut self, kind: ContentKind) {
        self.kept.retain(|kept| *kept != kind);
    }

    /// Tells a person.
    pub(super) fn warn(&mut self, sentence: impl Into<String>) {
        push_once(&mut self.warnings, sentence.into());
    }

    /// Something was dropped that a viewer may miss.
    pub(super) fn miss(&mut self, what: impl Into<String>) {
        push_once(&mut self.missed, what.into());
    }

    /// Says all that a viewer may miss in one sentence.
    pub(super) fn say_what_is_missed(&mut self) {
        if !self.missed.is_empty() {
            let list = std::mem::take(&mut self.missed).join(", ");
            self.warn(format!("dropped: {list}"));
        }
    }

    /// Names what is recognised inside an XMP packet; only the presence of words is looked at.
    pub(super) fn drop_xmp(&mut self, packet: &[u8]) {
        self.drop(ContentKind::Xmp);
        let text = String::from_utf8_lossy(packet);
        let turn = property(&text, "tiff:Orientation").and_then(|v| v.parse().ok());
        self.orientation = self.orientation.or(turn.and_then(Orientation::from_exif));
        if self.panorama.is_none() {
            self.panorama = Panorama::read(packet);
        }
        let has = |word: &str| contains(packet, word.as_bytes());
        if has("hdrgm:") || has("HDRGainMap") {
            self.gain_map();
        }
        if has("MotionPhoto") || has("MicroVideo") {
            self.motion_video();
        }
        if has("mwg-rs:") || has("MP:RegionInfo") || has("PersonInImage") {
            self.drop(ContentKind::FaceRegions);
        }
        if has("GDepth") || has("GImage") {
            self.drop(ContentKind::DepthData);
        }
    }

    /// A second, brighter rendering was there.
    pub(super) fn gain_map(&mut self) {
        self.drop(ContentKind::GainMap);
        self.miss(MISSED_MAP);
    }

    /// Whether a gain map is to be kept. A panorama's is not: its own packet has the place.
    pub(super) fn wants_gain_map(&self) -> bool {
        self.hdr && self.panorama.is_none()
    }

    /// The gain map is written again, and the list of pictures that leads to it. `is_alone`: it was
    /// all that lay behind the picture.
    pub(super) fn keep_gain_map(&mut self, is_alone: bool) {
        self.keep(ContentKind::GainMap);
        let behind = [
            ContentKind::Trailer,
            ContentKind::FurtherPictures,
            ContentKind::Mpf,
        ];
        self.dropped
            .retain(|kind| *kind != ContentKind::GainMap && !(is_alone && behind.contains(kind)));
        self.missed
            .retain(|what| what != MISSED_MAP && what != MISSED_PICTURES);
    }

    /// Behind the main picture were others, which may be the gain map.
    pub(super) fn miss_pictures(&mut self) {
        self.miss(MISSED_PICTURES);
    }

    /// The format that is written has no place for the gain map.
    pub(super) fn cannot_keep_gain_map(&mut self) {
        self.hdr = false;
    }

    /// A signed history was there, which a change makes void.
    pub(super) fn c2pa(&mut self) {
        self.drop(ContentKind::C2pa);
        self.miss("the C2PA manifest");
    }

    /// The video of a motion photo was there.
    pub(super) fn motion_video(&mut self) {
        self.drop(ContentKind::MotionVideo);
        self.miss("the video of a motion photo");
    }
}

fn push_once<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// Whether `needle` occurs in `hay`.
pub(super) fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}
