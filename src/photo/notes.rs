//! What is told about a file besides its pixels: what it held, what is written again, what a person
//! should know. Names are kebab-case and part of the report's schema.

/// Collects names and sentences, each once, in the order in which they were met.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    /// What the source held that is not written again.
    pub(super) dropped: Vec<String>,
    /// What is written again besides the pixels.
    pub(super) kept: Vec<String>,
    /// Sentences for a person.
    pub(super) warnings: Vec<String>,
}

impl Notes {
    /// The source held `name`; the output does not.
    pub(super) fn drop(&mut self, name: impl Into<String>) {
        push_once(&mut self.dropped, name.into());
    }

    /// The output holds `name` again.
    pub(super) fn keep(&mut self, name: impl Into<String>) {
        push_once(&mut self.kept, name.into());
    }

    /// Tells a person.
    pub(super) fn warn(&mut self, sentence: impl Into<String>) {
        push_once(&mut self.warnings, sentence.into());
    }

    /// Names what is recognised inside an XMP packet; only the presence of words is looked at.
    pub(super) fn drop_xmp(&mut self, packet: &[u8]) {
        self.drop("xmp");
        let has = |word: &str| contains(packet, word.as_bytes());
        if has("hdrgm:") || has("HDRGainMap") {
            self.gain_map();
        }
        if has("MotionPhoto") || has("MicroVideo") {
            self.drop("motion-video");
            self.warn("the video of a motion photo was dropped, since it shows the faces too");
        }
        if has("mwg-rs:") || has("MP:RegionInfo") || has("PersonInImage") {
            self.drop("face-regions");
        }
        if has("GDepth") || has("GImage") {
            self.drop("depth-data");
        }
    }

    /// A second, brighter rendering was there.
    pub(super) fn gain_map(&mut self) {
        self.drop("gain-map");
        self.warn("the HDR gain map was dropped: the picture is written in standard range");
    }
}

fn push_once(list: &mut Vec<String>, item: String) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// Whether `needle` occurs in `hay`.
pub(super) fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}
