//! A face as a place in a picture, and nothing more: no identity, no attribute.

use crate::geometry::{Point, Quad, Rect};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Right eye, left eye, nose, right and left corner of the mouth (the person's own right and left),
/// in pixels of the upright picture.
pub type Landmarks = [Point; 5];

/// What it is that was found or covered. Serialised as its text: `face`, `text`, `object:person`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// A face.
    #[default]
    Face,
    /// Writing: a number plate, a name badge, a screen. Where it is, not what it says.
    Text,
    /// What a network of the user's own found, with the name of its class.
    Object(ClassName),
}

/// What a subject that is an object begins with, as text.
const OBJECT: &str = "object:";

impl Subject {
    /// Whether it is a face, which reports leave out.
    #[must_use]
    pub fn is_face(&self) -> bool {
        *self == Self::Face
    }

    /// What it is in a sentence: `a face`, `writing`, `an object`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Face => "a face",
            Self::Text => "writing",
            Self::Object(_) => "an object",
        }
    }

    /// Whether a network of the user's own found it.
    #[must_use]
    pub const fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Face => f.write_str("face"),
            Self::Text => f.write_str("text"),
            Self::Object(class) => write!(f, "{OBJECT}{class}"),
        }
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(from)?;
        match (&*text, text.strip_prefix(OBJECT)) {
            ("face", _) => Ok(Self::Face),
            ("text", _) => Ok(Self::Text),
            (_, Some(name)) if !name.is_empty() => Ok(Self::Object(ClassName::new(name))),
            _ => Err(de::Error::custom(format_args!(
                "the subject {text:?} is none of face, text and object:NAME"
            ))),
        }
    }
}

/// The name of a class of objects: `person`. Of a longer name the first 31 bytes count; control
/// characters are left out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClassName {
    length: u8,
    bytes: [u8; Self::MOST],
}

impl ClassName {
    const MOST: usize = 31;

    /// As much of a name as is kept.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut new = Self {
            length: 0,
            bytes: [0; Self::MOST],
        };
        for c in name.chars().filter(|c| !c.is_control()) {
            let from = usize::from(new.length);
            let to = from + c.len_utf8();
            if to > Self::MOST {
                break;
            }
            c.encode_utf8(&mut new.bytes[from..to]);
            new.length = to as u8;
        }
        new
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Display for ClassName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ClassName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// A face, writing or another object that a detector found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Face {
    /// What it is.
    pub subject: Subject,
    /// Of writing: its corners, a little grown; `area` is the rectangle around them.
    pub corners: Option<Quad>,
    /// Its box in pixels of the upright picture; may reach beyond the edge.
    pub area: Rect,
    /// Confidence in 0..=1, comparable within one preset.
    pub score: f32,
    /// Five points, where the network that found it gives them.
    pub landmarks: Option<Landmarks>,
    /// Which network saw it at which scale: `centerface@0.5`. Never empty.
    pub found_by: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_reads_back_from_its_text() {
        let long = "a class whose name is lönger than is kept of it";
        for (subject, text) in [
            (Subject::Face, "\"face\""),
            (Subject::Text, "\"text\""),
            (
                Subject::Object(ClassName::new("person")),
                "\"object:person\"",
            ),
            (
                Subject::Object(ClassName::new(long)),
                "\"object:a class whose name is lönger t\"",
            ),
        ] {
            assert_eq!(serde_json::to_string(&subject).expect("written"), text);
            assert_eq!(
                serde_json::from_str::<Subject>(text).expect("read"),
                subject
            );
        }
        for wrong in ["\"\"", "\"person\"", "\"object:\"", "7"] {
            assert!(serde_json::from_str::<Subject>(wrong).is_err(), "{wrong}");
        }
        assert_eq!(ClassName::new("a\u{1b}[1mb\n").as_str(), "a[1mb");
    }
}
