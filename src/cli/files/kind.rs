//! What a file is, by its first bytes.

use faceveil::Photo;
use faceveil::photo::FileKind;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes from which a format is recognised.
pub(crate) const HEAD: u64 = 4096;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputKind {
    /// A file, and what its first bytes say.
    File(FileKind),
    /// A file that could not be read.
    Unreadable,
    /// Nothing, a folder, a pipe or a device.
    NotAFile,
}

impl InputKind {
    /// Reads the first bytes of a file.
    pub(crate) fn read(path: &Path) -> Self {
        // Opening a pipe would wait for its other end.
        if !path.metadata().is_ok_and(|m| m.is_file()) {
            return Self::NotAFile;
        }
        let mut head = Vec::new();
        match File::open(path).and_then(|f| f.take(HEAD).read_to_end(&mut head)) {
            Ok(_) => Self::File(Photo::recognise(&head)),
            Err(_) => Self::Unreadable,
        }
    }

    /// What the content says; what cannot be read is unknown.
    pub(crate) fn recognised(self) -> FileKind {
        match self {
            Self::File(recognised) => recognised,
            Self::Unreadable | Self::NotAFile => FileKind::Unknown,
        }
    }

    /// Whether it is a video, whatever its length.
    pub(crate) fn is_video(self) -> bool {
        matches!(self.recognised(), FileKind::Video(_))
    }
}
