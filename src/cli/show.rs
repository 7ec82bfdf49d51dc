//! Names and messages as a terminal may show them. A file name is hostile input: it may hold control
//! characters, terminal escapes, marks that turn the reading direction, or bytes that are no text.
//!
//! Invariant: what leaves this file holds no character that a terminal acts upon.

use std::fmt::Write as _;
use std::path::{Component, Path};

/// A path for a person, on one line.
pub(super) fn path(path: &Path) -> String {
    text(&decoded(path.as_os_str()))
}

/// Text for a person: control characters and direction marks as `\u{1b}`.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns_direction(c) {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// An error and its causes in one sentence. Libraries below ours often repeat their cause in their own
/// words; what was said already is not said again.
pub(super) fn chain(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if said.is_empty() {
            said = cause;
        } else if !said.ends_with(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

/// A relative path for the report: `/` between its parts on every system, bytes that are no text as
/// `\xFF`. JSON escapes the rest.
pub(super) fn in_report(path: &Path) -> String {
    let parts: Vec<String> = path
        .components()
        .filter_map(|c| match c {
            Component::Normal(part) => Some(decoded(part)),
            _ => None,
        })
        .collect();
    parts.join("/")
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Bytes that are no UTF-8 as `\xFF`.
fn decoded(text: &std::ffi::OsStr) -> String {
    let mut out = String::new();
    for chunk in text.as_encoded_bytes().utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_never_sees_an_escape_from_a_name() {
        assert_eq!(
            path(Path::new("a\x1b[2Jb\nc.jpg")),
            "a\\u{1b}[2Jb\\u{a}c.jpg"
        );
        assert_eq!(text("x\u{202e}gpj.exe"), "x\\u{202e}gpj.exe");
        assert_eq!(text("Zoë 🙂"), "Zoë 🙂");
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let error = anyhow::anyhow!("damaged: bad code").context("a GIF: damaged: bad code");
        assert_eq!(chain(&error), "a GIF: damaged: bad code");
        let error = anyhow::anyhow!("no such file").context("reading it");
        assert_eq!(chain(&error), "reading it: no such file");
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_stay_apart() {
        use std::os::unix::ffi::OsStrExt;
        let name = |b: &[u8]| in_report(Path::new(std::ffi::OsStr::from_bytes(b)));
        assert_eq!(name(b"a/\xFF.jpg"), "a/\\xFF.jpg");
        assert_ne!(name(b"\xFE.jpg"), name(b"\xFF.jpg"));
    }
}
