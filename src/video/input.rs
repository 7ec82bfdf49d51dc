//! Where a video comes from and where a new one goes: a path, an open file, or anything that can be
//! read or written.

use super::failure::unsupported;
use super::file::{ReadSeek, VideoFile};
use crate::error::{Error, ErrorKind, Result};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A video to be read.
///
/// ```
/// use faceveil::video::VideoInput;
/// use std::io::Cursor;
///
/// let by_path = VideoInput::from("in.mp4");
/// let from_memory = VideoInput::reader(Cursor::new(vec![0; 100]));
/// ```
#[derive(Debug)]
pub struct VideoInput(Kind);

#[derive(Debug)]
enum Kind {
    Path(PathBuf),
    File(File),
    Reader(Box<dyn ReadSeek>),
}

impl VideoInput {
    /// Anything that can be read from its beginning to its end more than once. The built-in backend
    /// takes it; ffmpeg needs a path or an open file. Nobody else may change what it gives.
    #[must_use]
    pub fn reader(from: impl Read + Seek + Send + 'static) -> Self {
        Self(Kind::Reader(Box::new(from)))
    }

    /// Opens it.
    pub(crate) fn open(self) -> Result<Arc<VideoFile>> {
        match self.0 {
            Kind::Path(path) => VideoFile::open(&path),
            Kind::File(file) => VideoFile::of_file(file),
            Kind::Reader(reader) => VideoFile::of_reader(reader),
        }
    }

    /// Its path, if it has one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Path(path) => Some(path),
            _ => None,
        }
    }
}

impl From<&Path> for VideoInput {
    fn from(path: &Path) -> Self {
        Self(Kind::Path(path.to_owned()))
    }
}

impl From<&str> for VideoInput {
    fn from(path: &str) -> Self {
        Self(Kind::Path(path.into()))
    }
}

impl From<&PathBuf> for VideoInput {
    fn from(path: &PathBuf) -> Self {
        Self(Kind::Path(path.clone()))
    }
}

impl From<PathBuf> for VideoInput {
    fn from(path: PathBuf) -> Self {
        Self(Kind::Path(path))
    }
}

/// An open file is read from its beginning, wherever its position is.
impl From<File> for VideoInput {
    fn from(file: File) -> Self {
        Self(Kind::File(file))
    }
}

/// Where a new video goes.
pub struct VideoOutput<'a>(Target<'a>);

enum Target<'a> {
    Path(PathBuf),
    Writer(&'a mut dyn Write),
}

impl std::fmt::Debug for VideoOutput<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Target::Path(path) => f.debug_tuple("VideoOutput").field(path).finish(),
            Target::Writer(_) => f.write_str("VideoOutput(a writer)"),
        }
    }
}

impl<'a> VideoOutput<'a> {
    /// Anything that can be written to. It gets the new video when that is whole and was inspected;
    /// until then the video is held in memory outside of this process's heap. Nothing is written if
    /// the video fails. Linux only.
    pub fn writer(to: &'a mut dyn Write) -> Self {
        Self(Target::Writer(to))
    }

    /// Calls `write` with the path of a file to be written, and hands that over if it succeeds. If
    /// it fails, no file is left at the path.
    pub(crate) fn fill<T>(
        self,
        input: Option<&Path>,
        write: impl FnOnce(&Path) -> Result<T>,
    ) -> Result<T> {
        match self.0 {
            Target::Path(path) => {
                ensure_folder(&path)?;
                if let Some(input) = input {
                    ensure_apart(input, &path)?;
                }
                write(&path).inspect_err(|_| {
                    let _ = std::fs::remove_file(&path);
                })
            }
            Target::Writer(to) => {
                let (mut file, path) = in_memory()?;
                let done = write(&path)?;
                let copied = file.rewind().and_then(|()| io::copy(&mut file, to));
                let flushed = copied.and_then(|_| to.flush());
                flushed.map_err(|e| {
                    Error::new(ErrorKind::Output, "handing the new video over").because(e)
                })?;
                Ok(done)
            }
        }
    }
}

impl From<&Path> for VideoOutput<'_> {
    fn from(path: &Path) -> Self {
        Self(Target::Path(path.to_owned()))
    }
}

impl From<&str> for VideoOutput<'_> {
    fn from(path: &str) -> Self {
        Self(Target::Path(path.into()))
    }
}

impl From<&PathBuf> for VideoOutput<'_> {
    fn from(path: &PathBuf) -> Self {
        Self(Target::Path(path.clone()))
    }
}

impl From<PathBuf> for VideoOutput<'_> {
    fn from(path: PathBuf) -> Self {
        Self(Target::Path(path))
    }
}

/// Refuses to write a video over itself: it is read while the new one is written.
fn ensure_apart(input: &Path, output: &Path) -> Result<()> {
    match same_file::is_same_file(input, output) {
        Ok(true) => Err(Error::new(
            ErrorKind::InvalidArgument,
            "the output is the input itself",
        )),
        _ => Ok(()),
    }
}

/// Rather now than when everything is searched.
fn ensure_folder(output: &Path) -> Result<()> {
    let folder = match output.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match std::fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(Error::new(
            ErrorKind::Output,
            "the new video has no folder to go to: a file is there",
        )),
        Err(e) => {
            let what = "the folder for the new video cannot be used";
            Err(Error::new(ErrorKind::Output, what).because(e))
        }
    }
}

/// A file in memory, and a path under which child processes can open it, too.
#[cfg(target_os = "linux")]
fn in_memory() -> Result<(File, PathBuf)> {
    use rustix::fs::{MemfdFlags, memfd_create};
    use std::os::fd::AsRawFd;
    let made = memfd_create("faceveil", MemfdFlags::CLOEXEC);
    let file = File::from(made.map_err(|e| {
        Error::new(ErrorKind::Output, "making a file in memory").because(io::Error::from(e))
    })?);
    let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
    match File::open(&path) {
        Ok(_) => Ok((file, path.into())),
        Err(_) => Err(unsupported(
            "writing a video without a path needs the folder /proc",
        )),
    }
}

#[cfg(not(target_os = "linux"))]
fn in_memory() -> Result<(File, PathBuf)> {
    Err(unsupported(
        "on this system a video can be written to a path only",
    ))
}
