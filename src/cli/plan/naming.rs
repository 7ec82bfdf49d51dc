//! The name of a new file, from that of its source and what it is written as.
//!
//! Invariant: a name gets another ending only where the format changes, and two sources that differ
//! in nothing but their ending differ in the longer form.

use super::inputs::{Input, Source};
use faceveil::Format;
use faceveil::photo::FileKind;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Names of containers that cannot hold exact times or a modern codec: such videos are written as
/// QuickTime.
const BECOMES_MOV: &[&str] = &[
    "avi", "divx", "wmv", "asf", "flv", "f4v", "mpg", "mpeg", "vob", "ogv", "ogg", "mxf", "dv",
    "dav", "h264", "264", "avc", "h265", "265", "hevc",
];

/// What the names of a run's new files are made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamingOptions<'a> {
    /// The format that photos are to have, if one was asked for.
    pub(crate) format: Option<Format>,
    /// What was asked for between the stem and the ending.
    pub(crate) suffix: Option<&'a str>,
}

/// How a source's name becomes that of the new file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Naming<'a> {
    /// What comes between the stem and the ending.
    suffix: &'a str,
    /// The new ending.
    ending: Option<&'static str>,
    /// It follows the old one instead of replacing it.
    longer: bool,
}

impl<'a> Naming<'a> {
    /// For an input, by its content; what cannot be read keeps its ending. `suffix` is what all
    /// new files get.
    pub(crate) fn for_input(input: &Input, format: Option<Format>, suffix: &'a str) -> Self {
        let ending = match (&input.source, input.kind().recognised()) {
            (Source::File(path), FileKind::Photo(own)) => {
                ending(path, own, format.unwrap_or(own.written_as()))
            }
            // Its preview.
            (Source::File(path), FileKind::Raw(_)) => {
                let written = format.unwrap_or(Format::Jpeg);
                (!has_ending(path, written.extensions())).then_some(written.extensions()[0])
            }
            (Source::File(path), FileKind::Video(_)) => {
                has_ending(path, BECOMES_MOV).then_some("mov")
            }
            _ => None,
        };
        Self {
            suffix,
            ending,
            longer: false,
        }
    }

    /// The form that keeps the old ending, if there is a choice.
    pub(crate) fn longer(self) -> Option<Self> {
        (self.ending.is_some() && !self.longer).then_some(Self {
            longer: true,
            ..self
        })
    }

    /// `a/IMG_1.HEIC` to `a/IMG_1.jpg`, or the longer `a/IMG_1.HEIC.jpg`; with the suffix `_x` to
    /// `a/IMG_1_x.jpg` or `a/IMG_1.HEIC_x.jpg`.
    pub(crate) fn rename(self, name: &Path) -> PathBuf {
        if self == Self::default() {
            return name.to_owned();
        }
        let (stem, extension) = match self.longer {
            true => (name.file_name(), None),
            false => (name.file_stem(), name.extension()),
        };
        let mut new: OsString = stem.unwrap_or_default().to_owned();
        new.push(self.suffix);
        if let Some(extension) = self.ending.map(OsStr::new).or(extension) {
            new.push(".");
            new.push(extension);
        }
        name.with_file_name(new)
    }
}

/// The ending that a name needs for a new format; `None` if it fits already.
fn ending(path: &Path, own: Format, written: Format) -> Option<&'static str> {
    let fits = own == written || has_ending(path, written.extensions());
    (!fits).then(|| written.extensions()[0])
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let own = path.extension().and_then(OsStr::to_str);
    own.is_some_and(|own| endings.iter().any(|one| one.eq_ignore_ascii_case(own)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_in_what_the_file_is_written_as() {
        let heic = Path::new("a/IMG_1.HEIC");
        let jpeg = ending(heic, Format::Heic, Format::Jpeg);
        assert_eq!(jpeg, Some("jpg"));
        assert_eq!(ending(heic, Format::Jpeg, Format::Jpeg), None);
        assert_eq!(
            ending(Path::new("x.JPEG"), Format::Heic, Format::Jpeg),
            None
        );
        let short = Naming {
            ending: jpeg,
            ..Naming::default()
        };
        let long = short.longer().expect("a choice");
        assert_eq!(short.rename(heic), Path::new("a/IMG_1.jpg"));
        assert_eq!(long.rename(heic), Path::new("a/IMG_1.HEIC.jpg"));
        let suffix = "_blurred";
        let (short, long) = (Naming { suffix, ..short }, Naming { suffix, ..long });
        assert_eq!(short.rename(heic), Path::new("a/IMG_1_blurred.jpg"));
        assert_eq!(long.rename(heic), Path::new("a/IMG_1.HEIC_blurred.jpg"));
        assert!(long.longer().is_none() && Naming::default().longer().is_none());
    }

    #[test]
    fn names_with_a_suffix_keep_their_extension() {
        let named = |name: &str| {
            let naming = Naming {
                suffix: ".safe",
                ..Naming::default()
            };
            naming.rename(Path::new(name))
        };
        assert_eq!(named("a/b.tar.JPG"), Path::new("a/b.tar.safe.JPG"));
        assert_eq!(named("plain"), Path::new("plain.safe"));
        assert_eq!(
            Naming::default().rename(Path::new("a/x.jpg")),
            Path::new("a/x.jpg")
        );
    }
}
