//! The name of a new file, from that of its source and what it is written as.
//!
//! Invariant: a name changes only where the format does, and two sources that differ in nothing but
//! their ending can be told apart in the longer form.

use super::inputs::{Input, OUTPUT_SUFFIX, Source};
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

/// How a source's name becomes that of the new file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Naming {
    /// The new ending.
    ending: Option<&'static str>,
    /// It follows the old one instead of replacing it.
    longer: bool,
}

impl Naming {
    /// For an input, by its content; `format` is what was asked for. What cannot be read keeps its
    /// name.
    pub(crate) fn for_input(input: &Input, format: Option<Format>) -> Self {
        let Source::File(path) = &input.source else {
            return Self::default();
        };
        let ending = match input.kind().recognised() {
            FileKind::Photo(own) => ending(path, own, format.unwrap_or(own.written_as())),
            FileKind::Video(_) => has_ending(path, BECOMES_MOV).then_some("mov"),
            _ => None,
        };
        Self {
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

    /// `IMG_1.HEIC` to `IMG_1.jpg`, or the longer `IMG_1.HEIC.jpg`.
    pub(crate) fn mirrored(self, name: &Path) -> PathBuf {
        match self.ending {
            Some(ending) if self.longer => {
                let mut long = name.as_os_str().to_owned();
                long.push(".");
                long.push(ending);
                long.into()
            }
            Some(ending) => name.with_extension(ending),
            None => name.to_owned(),
        }
    }

    /// `photo.jpg` to `photo_blurred.jpg`.
    pub(crate) fn beside(self, path: &Path) -> OsString {
        let path = &self.mirrored(path);
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(OUTPUT_SUFFIX);
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        name
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
            longer: false,
        };
        let long = short.longer().expect("a choice");
        assert_eq!(short.mirrored(heic), Path::new("a/IMG_1.jpg"));
        assert_eq!(long.mirrored(heic), Path::new("a/IMG_1.HEIC.jpg"));
        assert_eq!(short.beside(heic), "IMG_1_blurred.jpg");
        assert_eq!(long.beside(heic), "IMG_1.HEIC_blurred.jpg");
        assert!(long.longer().is_none() && Naming::default().longer().is_none());
    }

    #[test]
    fn names_beside_keep_their_extension() {
        let same = Naming::default();
        assert_eq!(same.beside(Path::new("a/b.tar.JPG")), "b.tar_blurred.JPG");
        assert_eq!(same.beside(Path::new("plain")), "plain_blurred");
    }
}
