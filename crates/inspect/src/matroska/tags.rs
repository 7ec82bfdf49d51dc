//! Tags of Matroska (RFC 9559, 5.1.8): names and values, and what they reveal.

use super::super::bytes::text;
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::{elements, find, id, known};

/// Looks at an element of a tag.
pub(super) fn look(kind: u32, body: &[u8], out: &mut Inspection) {
    if kind != id::SIMPLE_TAG {
        return known::leaves(&[], [(kind, body)].into_iter(), "tags", out);
    }
    // Tags may lie in tags.
    for (kind, body) in elements(body).filter(|(kind, _)| *kind == id::SIMPLE_TAG) {
        out.inside(|out| look(kind, body, out));
    }
    let name = find(body, id::TAG_NAME).map(text).unwrap_or_default();
    let value = find(body, id::TAG_STRING).map(text).unwrap_or_default();
    let Some(kind) = kind_of_tag(&name, &value) else {
        return;
    };
    let finding = Finding::new(kind, format!("tags, {name}")).bytes(body.len());
    out.add(finding.detail(value));
}

/// What a tag reveals; `None` if that is harmless.
pub(super) fn kind_of_tag(name: &str, value: &str) -> Option<Kind> {
    let upper = name.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|w| upper.contains(w));
    Some(match () {
        // Numbers.
        () if has(&["DURATION", "BPS", "NUMBER_OF_"])
            && value.len() <= 32
            && value
                .bytes()
                .all(|b| b.is_ascii_digit() || b":. \t".contains(&b)) =>
        {
            return None;
        }
        // Names a library, no version.
        () if upper == "ENCODER" && value.starts_with("Lavc ") && !value.contains('.') => {
            return None;
        }
        () if has(&["LOCATION", "GPS", "LATITUDE", "LONGITUDE"]) => Kind::Gps,
        () if has(&["DATE", "CREATION_TIME"]) => Kind::Time,
        () if has(&["ENCODE", "ENCODING", "SOFTWARE", "_STATISTICS"]) => Kind::Software,
        () if has(&["MAKE", "MODEL"]) => Kind::Camera,
        () if has(&["ARTIST", "AUTHOR", "DIRECTOR", "PRODUCER"]) => Kind::Author,
        () if has(&["COPYRIGHT", "LICENSE"]) => Kind::Copyright,
        () => Kind::Text,
    })
}
