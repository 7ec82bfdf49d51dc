//! Patterns of file names, as shells have them: `*` and `?` stay within a folder, `**` does not.
//! Upper and lower case are the same, since cameras write `.JPG`.

use crate::cli::ui::show;
use faceveil::RawFiles;
use faceveil::photo::FileKind;
use std::path::Path;

/// Which of the files in folders are taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Those that match one of these, if there are any.
    pub(crate) include: Vec<Glob>,
    /// But none that matches one of these.
    pub(crate) exclude: Vec<Glob>,
    /// What becomes of the raw files of cameras.
    pub(crate) raw: RawFiles,
}

impl Filter {
    /// Of what was typed; raw files are refused.
    pub(crate) fn new(include: &[String], exclude: &[String]) -> Self {
        let globs = |all: &[String]| all.iter().map(|text| Glob::new(text)).collect();
        Self {
            include: globs(include),
            exclude: globs(exclude),
            raw: RawFiles::Refuse,
        }
    }

    /// The same with raw files.
    pub(crate) fn raw(self, raw: RawFiles) -> Self {
        Self { raw, ..self }
    }

    /// Whether files of a kind are known and never covered.
    pub(crate) fn refuses(&self, kind: FileKind) -> bool {
        match kind {
            FileKind::Refused(_) => true,
            FileKind::Raw(_) => self.raw == RawFiles::Refuse,
            _ => false,
        }
    }

    /// Whether a file of this name below its folder is taken.
    pub(crate) fn takes(&self, name: &Path) -> bool {
        let any = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(name));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    pattern: Vec<char>,
    /// Whether it is about the path below the folder, and not the name alone.
    has_folders: bool,
}

impl Glob {
    /// Of what was typed.
    pub(crate) fn new(text: &str) -> Self {
        Self {
            pattern: text.to_lowercase().chars().collect(),
            has_folders: text.contains('/'),
        }
    }

    /// Whether a path below a folder matches.
    pub(crate) fn matches(&self, name: &Path) -> bool {
        let text = show::in_report(name).to_lowercase();
        let text = match self.has_folders {
            true => &text[..],
            false => text.rsplit('/').next().unwrap_or_default(),
        };
        matches(&self.pattern, &text.chars().collect::<Vec<_>>())
    }
}

fn matches(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', '*', '/', rest @ ..] => {
            let mut below = (0..text.len()).filter(|i| text[*i] == '/');
            matches(rest, text) || below.any(|i| matches(rest, &text[i + 1..]))
        }
        ['*', '*', rest @ ..] => (0..=text.len()).any(|i| matches(rest, &text[i..])),
        ['*', rest @ ..] => {
            let end = text.iter().position(|c| *c == '/').unwrap_or(text.len());
            (0..=end).any(|i| matches(rest, &text[i..]))
        }
        ['?', rest @ ..] => text.first().is_some_and(|c| *c != '/') && matches(rest, &text[1..]),
        [own, rest @ ..] => text.first() == Some(own) && matches(rest, &text[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_a_shell() {
        for (pattern, name, is_match) in [
            ("*.jpg", "a/b/IMG_1.JPG", true),
            ("*.jpg", "a.jpeg", false),
            ("IMG_?.jpg", "IMG_12.jpg", false),
            ("raw/*", "raw/a.dng", true),
            ("raw/*", "raw/x/a.dng", false),
            ("raw/**", "raw/x/a.dng", true),
            ("**/raw/*.dng", "raw/a.dng", true),
            ("**/raw/*.dng", "x/y/raw/a.dng", true),
            ("**/raw/*.dng", "x/draw/a.dng", false),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(Path::new(name)),
                is_match,
                "{pattern} {name}"
            );
        }
        let filter = Filter::new(&["*.jpg".into()], &["**/private/**".into()]);
        assert!(filter.takes(Path::new("a.jpg")) && !filter.takes(Path::new("a.png")));
        assert!(!filter.takes(Path::new("x/private/a.jpg")));
    }
}
