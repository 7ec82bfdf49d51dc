//! A video file that is opened once. What is hashed, searched, decoded and copied are the bytes of
//! this one descriptor, also where a child process reads them, as far as the system has a name for
//! a descriptor.
//!
//! Invariant: after [`VideoFile::ensure_unchanged`] nobody wrote to the file, and nobody put
//! another one at its path if the path was opened again, between [`VideoFile::open`] and this call.

use super::failure::{malformed, unsupported};
use crate::digest::Digest;
use crate::error::Result;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that are read at a time to be hashed.
const BUFFER: usize = 1 << 20;

/// What a video can be read from that is no file.
pub(super) trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

impl std::fmt::Debug for dyn ReadSeek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a reader")
    }
}

/// Where the bytes are; all readers share it.
#[derive(Clone, Debug)]
enum Bytes {
    File(Arc<File>),
    Reader(Arc<Mutex<Box<dyn ReadSeek>>>),
}

/// An open file, and what it was when it was opened.
#[derive(Debug)]
pub(crate) struct VideoFile {
    bytes: Bytes,
    /// Where it was opened, if it was.
    path: Option<PathBuf>,
    identity: Identity,
    /// This process's name of the descriptor, where the system has one.
    descriptor: Option<PathBuf>,
}

/// Which standard stream of a child process is the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Standard input.
    Input = 0,
    /// Standard output, which is opened for reading only, so that nothing can be written to it.
    Output = 1,
}

impl VideoFile {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read, or is not a regular file.
    pub(crate) fn open(path: &Path) -> Result<Arc<Self>> {
        // Opening a named pipe would wait for its other end.
        if !std::fs::metadata(path).map_err(reading)?.is_file() {
            return Err(no_regular_file());
        }
        let file = File::open(path).map_err(reading)?;
        let mut opened = Self::of_open_file(file)?;
        opened.path = Some(std::path::absolute(path).map_err(reading)?);
        Ok(Arc::new(opened))
    }

    /// Takes a file that is open for reading.
    ///
    /// # Errors
    /// As [`VideoFile::open`].
    pub(super) fn of_file(file: File) -> Result<Arc<Self>> {
        Self::of_open_file(file).map(Arc::new)
    }

    fn of_open_file(file: File) -> Result<Self> {
        let metadata = file.metadata().map_err(reading)?;
        if !metadata.is_file() {
            return Err(no_regular_file());
        }
        Ok(Self {
            identity: Identity::new(&metadata),
            descriptor: descriptor_path(&file),
            bytes: Bytes::File(Arc::new(file)),
            path: None,
        })
    }

    /// Takes anything that can be read from any position.
    ///
    /// # Errors
    /// If its length cannot be had.
    pub(super) fn of_reader(mut reader: Box<dyn ReadSeek>) -> Result<Arc<Self>> {
        let length = reader.seek(SeekFrom::End(0)).map_err(reading)?;
        Ok(Arc::new(Self {
            identity: Identity::of_length(length),
            descriptor: None,
            bytes: Bytes::Reader(Arc::new(Mutex::new(reader))),
            path: None,
        }))
    }

    /// Bytes of the file.
    pub(crate) const fn len(&self) -> u64 {
        self.identity.length
    }

    /// A reader with a position of its own.
    pub(super) fn reader(&self) -> FileReader {
        FileReader {
            bytes: self.bytes.clone(),
            position: 0,
            length: self.len(),
        }
    }

    /// The first bytes.
    pub(crate) fn head(&self, bytes: u64) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        let read = self.reader().take(bytes).read_to_end(&mut head);
        read.map_err(reading)?;
        Ok(head)
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn digest(&self) -> Result<Digest> {
        Digest::of_reader(BufReader::with_capacity(BUFFER, self.reader()))
            .map_err(|e| malformed("reading its bytes").because(e))
    }

    /// A path under which this process can open the same file once more; of no meaning for a
    /// reader.
    pub(crate) fn path(&self) -> &Path {
        let path = self.descriptor.as_deref().or(self.path.as_deref());
        path.unwrap_or(Path::new(""))
    }

    /// What a child process gets as a standard stream, and what ffmpeg is told to open: never an
    /// option, a protocol, or a playlist of other files.
    pub(super) fn for_child(&self, slot: Slot) -> Result<(Stdio, OsString)> {
        let (stream, path) = match (&self.bytes, &self.descriptor, &self.path) {
            (Bytes::File(file), Some(_), _) => {
                let file = file.try_clone().map_err(reading)?;
                let path = format!("/proc/self/fd/{}", slot as u8);
                (Stdio::from(file), PathBuf::from(path))
            }
            (_, _, Some(path)) => (Stdio::null(), path.clone()),
            _ => {
                return Err(unsupported(
                    "ffmpeg can read it only from a path, or from an open file on Linux",
                ));
            }
        };
        let mut argument = OsString::from("file:");
        argument.push(path);
        Ok((stream, argument))
    }

    /// Fails if the file is not what it was when it was opened. To be called after the last read.
    ///
    /// # Errors
    /// If it was written to or replaced.
    pub(crate) fn ensure_unchanged(&self) -> Result<()> {
        let same = |metadata: io::Result<Metadata>| {
            metadata.is_ok_and(|m| Identity::new(&m) == self.identity)
        };
        let by_path = || match &self.path {
            Some(path) if self.descriptor.is_none() => same(std::fs::metadata(path)),
            _ => true,
        };
        let is_same = match &self.bytes {
            Bytes::File(file) => same(file.metadata()),
            Bytes::Reader(reader) => {
                let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                let length = reader.seek(SeekFrom::End(0));
                length.is_ok_and(|length| length == self.len())
            }
        };
        match is_same && by_path() {
            true => Ok(()),
            false => Err(changed()),
        }
    }

    /// The same for a file whose digest was taken before it was read. Where one descriptor served
    /// all readers, times and length tell; else the whole file is read once more.
    ///
    /// # Errors
    /// As [`VideoFile::ensure_unchanged`].
    pub(crate) fn ensure_still(&self, digest: Digest) -> Result<()> {
        self.ensure_unchanged()?;
        if self.descriptor.is_none() {
            self.ensure_digest(digest)?;
        }
        Ok(())
    }

    /// Reads the whole file once more: what maps a file into memory can write to it at unchanged
    /// times.
    ///
    /// # Errors
    /// If its digest is another one.
    pub(crate) fn ensure_digest(&self, digest: Digest) -> Result<()> {
        match self.digest()? == digest {
            true => self.ensure_unchanged(),
            false => Err(changed()),
        }
    }
}

/// It cannot be read.
fn reading(e: io::Error) -> crate::error::Error {
    crate::error::Error::new(crate::error::ErrorKind::Input, "reading it").because(e)
}

fn no_regular_file() -> crate::error::Error {
    unsupported("a video has to be a regular file")
}

/// The file is not what it was.
fn changed() -> crate::error::Error {
    malformed("it was changed or replaced while it was read; process it when nothing writes to it")
}

/// What tells a file, and a state of it, from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    length: u64,
    modified: Option<std::time::SystemTime>,
    #[cfg(unix)]
    inode: [u64; 2],
    /// Unlike the time of modification nobody can set it.
    #[cfg(unix)]
    changed: [i64; 2],
}

impl Identity {
    /// Of what has no metadata.
    const fn of_length(length: u64) -> Self {
        Self {
            length,
            modified: None,
            #[cfg(unix)]
            inode: [0; 2],
            #[cfg(unix)]
            changed: [0; 2],
        }
    }

    fn new(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: [metadata.dev(), metadata.ino()],
            #[cfg(unix)]
            changed: [metadata.ctime(), metadata.ctime_nsec()],
        }
    }
}

/// A path that opens the same file as a descriptor, with a position of its own. Other systems have
/// such paths, too, but there all who open one share a position.
#[cfg(target_os = "linux")]
fn descriptor_path(file: &File) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let (there, own) = (
        File::open(&path).ok()?.metadata().ok()?,
        file.metadata().ok()?,
    );
    (Identity::new(&there) == Identity::new(&own)).then_some(path)
}

#[cfg(not(target_os = "linux"))]
fn descriptor_path(_: &File) -> Option<PathBuf> {
    None
}

/// Reads a shared descriptor from a position of its own.
#[derive(Debug)]
pub(super) struct FileReader {
    bytes: Bytes,
    position: u64,
    length: u64,
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}

#[cfg(not(any(unix, windows)))]
fn read_at(mut file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(position))?;
    file.read(buffer)
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &self.bytes {
            Bytes::File(file) => read_at(file, buffer, self.position)?,
            Bytes::Reader(reader) => {
                let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                reader.seek(SeekFrom::Start(self.position))?;
                reader.read(buffer)?
            }
        };
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for FileReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use std::io::Write;

    fn made(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.mp4");
        std::fs::write(&path, bytes).expect("written");
        (dir, path)
    }

    #[test]
    fn readers_have_positions_of_their_own() {
        let (_dir, path) = made(b"0123456789");
        let file = VideoFile::open(&path).expect("a file");
        let (mut a, mut b) = (file.reader(), file.reader());
        let mut two = [0; 2];
        a.seek(SeekFrom::Start(4)).expect("inside");
        a.read_exact(&mut two).expect("read");
        assert_eq!(&two, b"45");
        b.read_exact(&mut two).expect("read");
        assert_eq!(&two, b"01");
        assert_eq!(a.seek(SeekFrom::End(-1)).expect("inside"), 9);
        assert!(a.seek(SeekFrom::End(-11)).is_err());
        assert_eq!(file.digest().expect("read"), Digest::of(b"0123456789"));
    }

    #[test]
    fn an_open_file_and_a_reader_are_read_like_a_path() {
        let (_dir, path) = made(b"0123456789");
        let open = File::open(&path).expect("a file");
        let file = VideoFile::of_file(open).expect("a file");
        let memory = std::io::Cursor::new(b"0123456789".to_vec());
        let reader = VideoFile::of_reader(Box::new(memory)).expect("a reader");
        for input in [file, reader] {
            assert_eq!(
                (input.len(), input.head(3).expect("read")),
                (10, b"012".to_vec())
            );
            let (mut a, mut b) = (input.reader(), input.reader());
            let mut two = [0; 2];
            a.seek(SeekFrom::Start(4)).expect("inside");
            b.read_exact(&mut two).expect("read");
            a.read_exact(&mut two).expect("read");
            assert_eq!(&two, b"45");
            let digest = input.digest().expect("read");
            input.ensure_still(digest).expect("as it was");
            assert!(input.ensure_digest(Digest::of(b"other")).is_err());
        }
    }

    #[test]
    fn a_file_that_was_written_to_or_replaced_has_changed() {
        let (dir, path) = made(b"0123456789");
        let file = VideoFile::open(&path).expect("a file");
        file.ensure_unchanged().expect("as it was");
        let mut writing = File::options().write(true).open(&path).expect("a file");
        writing.write_all(b"abc").expect("written");
        drop(writing);
        assert!(file.ensure_unchanged().is_err(), "in place");
        let file = VideoFile::open(&path).expect("a file");
        let digest = file.digest().expect("read");
        let other = dir.path().join("b.mp4");
        std::fs::write(&other, b"9876543210").expect("written");
        std::fs::rename(&other, &path).expect("renamed");
        assert_eq!(
            file.digest().expect("read"),
            digest,
            "the file that was opened"
        );
        #[cfg(unix)]
        assert!(file.ensure_unchanged().is_err(), "its last name is gone");
    }

    #[test]
    fn a_time_that_is_set_back_hides_no_change() {
        let (_dir, path) = made(b"0123456789");
        let file = VideoFile::open(&path).expect("a file");
        let before = std::fs::metadata(&path).and_then(|m| m.modified());
        let writing = File::options().write(true).open(&path).expect("a file");
        (&writing).write_all(b"abc").expect("written");
        writing.set_modified(before.expect("a time")).expect("set");
        #[cfg(unix)]
        assert!(file.ensure_unchanged().is_err());
        let digest = Digest::of(b"0123456789");
        assert!(file.ensure_digest(digest).is_err());
    }

    #[test]
    fn where_a_descriptor_has_no_name_the_path_and_the_digest_are_compared() {
        let (dir, path) = made(b"0123456789");
        let file = VideoFile::open(&path).expect("a file");
        let file = VideoFile {
            descriptor: None,
            ..Arc::into_inner(file).expect("the only one")
        };
        let digest = file.digest().expect("read");
        file.ensure_still(digest).expect("as it was");
        assert!(file.ensure_still(Digest::of(b"other")).is_err());
        let other = dir.path().join("b.mp4");
        std::fs::write(&other, b"9876543210").expect("written");
        std::fs::rename(&other, &path).expect("renamed");
        assert!(
            file.ensure_still(digest).is_err(),
            "another one at its path"
        );
        let (_, argument) = file.for_child(Slot::Input).expect("a path");
        assert!(argument.to_string_lossy().ends_with("a.mp4"));
    }

    #[test]
    fn a_folder_or_a_pipe_is_no_video() {
        let dir = tempfile::tempdir().expect("a folder");
        let error = VideoFile::open(dir.path()).expect_err("a folder");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let error = VideoFile::open(&dir.path().join("none.mp4")).expect_err("nothing");
        assert_eq!(error.kind(), ErrorKind::Input);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_child_reads_the_file_that_was_opened_whatever_is_at_its_path_now() {
        let (dir, path) = made(b"first");
        let file = VideoFile::open(&path).expect("a file");
        let other = dir.path().join("b.mp4");
        std::fs::write(&other, b"second").expect("written");
        std::fs::rename(&other, &path).expect("renamed");
        for slot in [Slot::Input, Slot::Output] {
            let (stream, argument) = file.for_child(slot).expect("a descriptor");
            let argument = argument.into_string().expect("text");
            let from = argument.strip_prefix("file:").expect("a file");
            let mut command = std::process::Command::new("sh");
            command.args(["-c", "exec 3<\"$0\"; cat <&3 >&2", from]);
            match slot {
                Slot::Input => command.stdin(stream),
                Slot::Output => command.stdout(stream),
            };
            let output = command.stderr(Stdio::piped()).spawn().expect("started");
            let output = output.wait_with_output().expect("ended");
            assert_eq!(output.stderr, b"first");
        }
        assert_eq!(std::fs::read(file.path()).expect("read"), b"first");
    }
}
