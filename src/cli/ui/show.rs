//! Names and messages as a terminal may show them. A file name is hostile input: it may hold
//! control characters, terminal escapes, marks that turn the reading direction, or bytes that are
//! no text.
//!
//! Invariant: what leaves this file holds no character that a terminal acts upon.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

/// A path for a person, on one line.
pub(crate) fn path(path: &Path) -> String {
    text(&decoded(path.as_os_str()))
}

/// Text for a person: control characters and direction marks as `\u{1b}`.
pub(crate) fn text(text: &str) -> String {
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

/// An error and its causes in one sentence. Libraries below ours often repeat their cause in their
/// own words; what was said already is not said again.
pub(crate) fn chain(error: &anyhow::Error) -> String {
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
pub(crate) fn in_report(path: &Path) -> String {
    let parts: Vec<String> = path
        .components()
        .filter_map(|c| match c {
            Component::Normal(part) => Some(decoded(part)),
            _ => None,
        })
        .collect();
    parts.join("/")
}

/// The relative paths that a report may mean by a name, the likelier first: with its `\xFF` as
/// bytes that are no text, and as it is written.
pub(crate) fn from_report(name: &str) -> Vec<PathBuf> {
    let decoded = encoded(name).filter(|path| in_report(path) == name);
    decoded.into_iter().chain([name.into()]).collect()
}

/// With each `\xFF` above 7F as its byte, if there is any.
#[cfg(unix)]
fn encoded(name: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let mut parts = name.split("\\x");
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let byte = part.get(..2).and_then(|d| u8::from_str_radix(d, 16).ok());
        match byte.filter(|b| !b.is_ascii()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&part.as_bytes()[2..]);
            }
            None => {
                bytes.extend(b"\\x");
                bytes.extend(part.as_bytes());
            }
        }
    }
    let is_text = bytes == name.as_bytes();
    (!is_text).then(|| std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn encoded(_: &str) -> Option<PathBuf> {
    None
}

/// `1 face`, `2 faces`.
pub(crate) fn count(n: usize, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {what}{s}")
}

/// A size with its unit: `512 bytes`, `3.4 MB`; a kB is 1,000 bytes.
pub(crate) fn bytes(n: u64) -> String {
    let unit = |size: u64| n as f64 / size as f64;
    match n {
        0..1_000 => count(n as usize, "byte"),
        // What would be rounded to 1000 kB is 1.0 MB.
        1_000..999_500 => format!("{:.0} kB", unit(1_000)),
        999_500..999_950_000 => format!("{:.1} MB", unit(1_000_000)),
        _ => format!("{:.1} GB", unit(1_000_000_000)),
    }
}

/// A time of a video: `0:01.3`, `1:02:03.4`.
pub(crate) fn time(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    let rest = format!("{:02}.{}", rest / 10, rest % 10);
    match minutes / 60 {
        0 => format!("{minutes}:{rest}"),
        hours => format!("{hours}:{:02}:{rest}", minutes % 60),
    }
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
    fn times_of_a_video_are_read_like_a_clock() {
        assert_eq!(
            [0.84, 61.25, 3723.4].map(time),
            ["0:00.8", "1:01.3", "1:02:03.4"]
        );
    }

    #[test]
    fn sizes_have_a_unit_that_is_read_at_a_glance() {
        let sizes = [1, 999, 3_400, 999_499, 999_500, 3_449_999, 999_950_000];
        let shown = [
            "1 byte",
            "999 bytes",
            "3 kB",
            "999 kB",
            "1.0 MB",
            "3.4 MB",
            "1.0 GB",
        ];
        assert_eq!(sizes.map(bytes), shown);
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

    #[test]
    fn a_name_of_a_report_stands_for_itself_where_no_byte_is_escaped() {
        for name in [
            "a/b.jpg",
            "\\x41.jpg",
            "\\xC3\\xA9.jpg",
            "\\x",
            "\\xé9",
            "\\xe9",
        ] {
            assert_eq!(from_report(name), [Path::new(name)]);
        }
    }

    #[cfg(unix)]
    proptest::proptest! {
        #[test]
        fn a_name_that_is_no_text_is_found_again(bytes in proptest::collection::vec(1u8.., 1..12)) {
            use std::os::unix::ffi::OsStrExt;
            let path = Path::new(std::ffi::OsStr::from_bytes(&bytes));
            let name = in_report(path);
            let plain: PathBuf = path.components().filter(|c| matches!(c, Component::Normal(_))).collect();
            proptest::prop_assert!(from_report(&name).contains(&plain));
        }

        #[test]
        fn what_a_name_stands_for_is_called_by_it(name in "(a|/|\\\\x|[0-9A-F]|é|\\.){1,12}") {
            for path in from_report(&name).iter().rev().skip(1) {
                proptest::prop_assert_eq!(&in_report(path), &name);
                let parts = |p: &Path| p.components().count();
                proptest::prop_assert_eq!(parts(path), parts(Path::new(&name)));
            }
        }
    }
}
