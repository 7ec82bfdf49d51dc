//! Puts a finished file at its place: a temporary beside it, synced, then renamed.
//!
//! Invariant: a reader of the output path sees the whole new file or what was there before, and a
//! write that fails leaves neither a temporary nor a folder that it made. Where the file system has
//! files without names, a killed one leaves none either.

use super::access::Access;
use super::{leftovers, sync, unnamed};
use crate::cli::ui::interrupt::Interrupt;
use anyhow::{Result, anyhow, bail};
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

/// What may be at the place already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Nothing, or the write fails.
    Refuse,
    /// A file, which is replaced.
    Replace,
    /// The file that was read, which is replaced by one with its owner and permissions.
    ReplaceInPlace,
}

/// Writes a file that anyone may read whole or not at all. Folders above it are made.
///
/// # Errors
/// As [`NewFile::write`].
pub(crate) fn atomically(
    target: &Path,
    bytes: &[u8],
    existing: Existing,
    interrupt: &Interrupt,
) -> Result<()> {
    let file = NewFile {
        target,
        existing,
        access: Access::ORDINARY,
        interrupt,
    };
    file.write(bytes, |_| ())
}

/// Whether what was written is to be kept.
pub(crate) enum Written<T> {
    /// Rename it.
    Keep(T),
    /// Remove it; that is no failure.
    Remove(T),
}

/// A file that is to be written whole or not at all. Folders above it are made.
#[derive(Clone, Copy)]
pub(crate) struct NewFile<'a> {
    /// Where it goes.
    pub(crate) target: &'a Path,
    /// What may be there.
    pub(crate) existing: Existing,
    /// Who may read it; in place of another file, those who could read that.
    pub(crate) access: Access,
    /// What keeps it from being renamed.
    pub(crate) interrupt: &'a Interrupt,
}

impl NewFile<'_> {
    /// Writes it. `before` is called when all bytes are written and it has no name yet;
    /// it may set the file's times.
    ///
    /// # Errors
    /// Whatever the file system says, without paths, since it goes into the report; also if the run
    /// was interrupted, as long as nothing was renamed.
    pub(crate) fn write(&self, bytes: &[u8], before: impl FnOnce(&File)) -> Result<()> {
        self.tidily(|made| {
            let original = self.original()?;
            let mut file = self.create(made, original.is_some())?;
            let _listed = file.path().map(|path| self.interrupt.list_temporary(path));
            file.as_file_mut().write_all(bytes)?;
            before(file.as_file_mut());
            self.rename(file, original.as_ref())?;
            Ok(Written::Keep(()))
        })
    }

    /// Lets `write` fill a temporary that has a name.
    ///
    /// # Errors
    /// As [`NewFile::write`], and what `write` fails with.
    pub(crate) fn write_at<T>(&self, write: impl FnOnce(&Path) -> Result<Written<T>>) -> Result<T> {
        self.tidily(|made| {
            let original = self.original()?;
            let file = self.create_named(made, original.is_some())?;
            let _listed = self.interrupt.list_temporary(file.path());
            let written = write(file.path())?;
            if matches!(written, Written::Keep(_)) {
                self.rename(Temporary::Named(file), original.as_ref())?;
            }
            Ok(written)
        })
    }

    /// Removes the folders that were made for nothing, and stops the run if no other file can be
    /// written.
    fn tidily<T>(&self, write: impl FnOnce(&mut MadeFolders) -> Result<Written<T>>) -> Result<T> {
        let mut made = MadeFolders::default();
        let written = write(&mut made);
        if !matches!(written, Ok(Written::Keep(_))) {
            made.remove();
        }
        match written {
            Ok(Written::Keep(value) | Written::Remove(value)) => Ok(value),
            Err(why) => {
                if let Some(stops) = TakesNoMore::of(&why) {
                    self.interrupt.stop(stops.reason());
                }
                Err(why)
            }
        }
    }

    /// The file whose permissions the new one takes over, if there is one.
    fn original(&self) -> Result<Option<Metadata>> {
        let there = fs::symlink_metadata(self.target);
        if there.is_ok_and(|m| !(m.is_file() || m.is_symlink())) {
            bail!("what is at its output path is no file, so it is not replaced");
        }
        Ok(match self.existing {
            Existing::ReplaceInPlace => Some(fs::metadata(self.target)?),
            _ => None,
        })
    }

    fn folder(&self) -> &Path {
        match self.target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// Until it has the permissions of the file that it replaces, it is its owner's.
    fn access_until_renamed(&self, replaces: bool) -> Access {
        match replaces {
            true => Access::PRIVATE,
            false => self.access,
        }
    }

    fn create(&self, made: &mut MadeFolders, replaces: bool) -> io::Result<Temporary> {
        made.make(self.folder())?;
        match unnamed::create(self.folder(), self.access_until_renamed(replaces)) {
            Ok(file) => Ok(Temporary::Unnamed(file)),
            Err(_) => Ok(Temporary::Named(self.create_named(made, replaces)?)),
        }
    }

    /// A temporary in a folder that may have to be made. Another worker that failed may remove the
    /// same folder between the two steps, hence the repetition.
    fn create_named(&self, made: &mut MadeFolders, replaces: bool) -> io::Result<NamedTempFile> {
        let access = self.access_until_renamed(replaces);
        let mut attempts = 0;
        loop {
            made.make(self.folder())?;
            match leftovers::create(self.folder(), access) {
                Err(e) if e.kind() == ErrorKind::NotFound && attempts < 8 => attempts += 1,
                other => return other.map_err(without_path),
            }
        }
    }

    /// Gives it the name that it is written for.
    fn rename(&self, mut file: Temporary, original: Option<&Metadata>) -> Result<()> {
        if let Some(original) = original {
            take_over(file.as_file_mut(), original)?;
        }
        sync::to_disk(file.as_file_mut())?;
        if self.interrupt.requested() {
            bail!("interrupted before it was renamed");
        }
        let file = match file {
            Temporary::Named(file) => file,
            Temporary::Unnamed(file) => match self.link(&file)? {
                Linked::Finally => return Ok(()),
                Linked::Beside(path) => {
                    path.persist(self.target).map_err(|e| e.error)?;
                    return Ok(());
                }
                Linked::Not => self.named_copy(file, original)?,
            },
        };
        match self.existing {
            Existing::Refuse => rename_to_nothing(file.into_temp_path(), self.target),
            Existing::Replace | Existing::ReplaceInPlace => {
                file.persist(self.target).map_err(|e| e.error)?;
                Ok(())
            }
        }
    }

    fn link(&self, file: &File) -> Result<Linked> {
        match unnamed::link(file, self.target) {
            Ok(()) => return Ok(Linked::Finally),
            Err(e) if e.kind() != ErrorKind::AlreadyExists => return Ok(Linked::Not),
            Err(_) if self.existing == Existing::Refuse => return Err(exists()),
            Err(_) => {}
        }
        // What has no name cannot replace anything; a sweep of another run must not take it.
        super::lock::exclusive(file);
        let naming = leftovers::naming(self.access);
        let linked = naming.make_in(self.folder(), |path| unnamed::link(file, path));
        Ok(linked.map_or(Linked::Not, |linked| {
            Linked::Beside(linked.into_temp_path())
        }))
    }

    /// The same bytes under a temporary name, for a system that gives an unnamed file none.
    fn named_copy(&self, mut file: File, original: Option<&Metadata>) -> Result<NamedTempFile> {
        let access = self.access_until_renamed(original.is_some());
        let mut named = leftovers::create(self.folder(), access).map_err(without_path)?;
        file.rewind()?;
        io::copy(&mut file, named.as_file_mut())?;
        if let Ok(modified) = file.metadata().and_then(|m| m.modified()) {
            // A time that the system does not take is that of the copy.
            let _ = named.as_file().set_modified(modified);
        }
        if let Some(original) = original {
            take_over(named.as_file(), original)?;
        }
        sync::to_disk(named.as_file())?;
        Ok(named)
    }
}

/// A file that is being written.
enum Temporary {
    /// Nothing is left of it when this process ends.
    Unnamed(File),
    Named(NamedTempFile),
}

impl Temporary {
    fn as_file_mut(&mut self) -> &mut File {
        match self {
            Self::Unnamed(file) => file,
            Self::Named(file) => file.as_file_mut(),
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::Unnamed(_) => None,
            Self::Named(file) => Some(file.path()),
        }
    }
}

/// What became of giving a file a name.
enum Linked {
    /// It has its own.
    Finally,
    /// It has a temporary one.
    Beside(TempPath),
    /// The system gives it none.
    Not,
}

fn exists() -> anyhow::Error {
    anyhow!("it exists; use --overwrite or --skip-existing")
}

/// Why no other file can be written either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum TakesNoMore {
    Full,
    ReadOnly,
}

impl TakesNoMore {
    /// Whether that is why a write failed.
    pub(crate) fn of(why: &anyhow::Error) -> Option<Self> {
        let mut causes = why.chain().filter_map(|e| e.downcast_ref::<io::Error>());
        causes.find_map(|e| match e.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(Self::Full),
            ErrorKind::ReadOnlyFilesystem => Some(Self::ReadOnly),
            _ => None,
        })
    }

    /// For a person.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Full => "the destination is full",
            Self::ReadOnly => "the destination is read-only",
        }
    }
}

/// What the system said, without the path that `tempfile` adds to it: it keeps neither the code nor
/// its own error within reach, but the kind.
fn without_path(e: io::Error) -> io::Error {
    match e.raw_os_error() {
        Some(_) => e,
        None => io::Error::from(e.kind()),
    }
}

/// Gives the new file the permissions of the old one, and its owner where the system allows it.
fn take_over(file: &File, original: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Only root may give files away; anyone else keeps the file, with the group if it is
        // theirs.
        if fchown(file, Some(original.uid()), Some(original.gid())).is_err() {
            let _ = fchown(file, None, Some(original.gid()));
        }
    }
    file.set_permissions(original.permissions())
}

/// Renames unless something is there. File systems without such a rename (some network and FUSE
/// ones) get a check before an ordinary one.
fn rename_to_nothing(file: TempPath, target: &Path) -> Result<()> {
    match file.persist_noclobber(target) {
        Ok(()) => Ok(()),
        Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Err(exists()),
        Err(e) if is_missing_feature(&e.error) => {
            if fs::symlink_metadata(target).is_ok() {
                return Err(exists());
            }
            Ok(e.path.persist(target).map_err(|e| e.error)?)
        }
        Err(e) => Err(e.error.into()),
    }
}

fn is_missing_feature(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        ErrorKind::Unsupported | ErrorKind::PermissionDenied | ErrorKind::InvalidInput
    )
}

/// Folders that were made for a file and are taken back if it fails.
#[derive(Debug, Default)]
pub(crate) struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Makes a folder and those above it, and remembers which were new.
    pub(crate) fn make(&mut self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(parent) = folder.parent().filter(|p| !p.as_os_str().is_empty()) {
            self.make(parent)?;
        }
        match fs::create_dir(folder) {
            Ok(()) => self.0.push(folder.to_owned()),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                if !folder.is_dir() {
                    let what = "there is a file where a folder is needed";
                    return Err(io::Error::new(ErrorKind::NotADirectory, what));
                }
            }
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// Removes them as far as they are empty.
    pub(crate) fn remove(&self) {
        for folder in self.0.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<_> = entries
            .map(|e| {
                e.expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_write_makes_its_folders_and_leaves_no_temporary() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("a/b/c.jpg");
        atomically(&target, b"new", Existing::Refuse, &Interrupt::default()).expect("written");
        assert_eq!(fs::read(&target).expect("there"), b"new");
        assert_eq!(names(target.parent().expect("a parent")), ["c.jpg"]);
    }

    #[test]
    fn a_failed_write_leaves_neither_a_temporary_nor_the_folders_it_made() {
        let dir = tempfile::tempdir().expect("a folder");
        let interrupt = Interrupt::default();
        interrupt.request();
        let target = dir.path().join("a/b/c.jpg");
        let error = atomically(&target, b"new", Existing::Refuse, &interrupt).expect_err("refused");
        assert!(format!("{error:#}").contains("interrupted"), "{error:#}");
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn an_existing_file_is_replaced_only_on_request() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("c.jpg");
        fs::write(&target, "old").expect("written");
        let interrupt = Interrupt::default();
        assert!(atomically(&target, b"new", Existing::Refuse, &interrupt).is_err());
        assert_eq!(fs::read(&target).expect("there"), b"old");
        atomically(&target, b"new", Existing::Replace, &interrupt).expect("replaced");
        assert_eq!(fs::read(&target).expect("there"), b"new");
        assert_eq!(names(dir.path()), ["c.jpg"]);
    }

    #[test]
    fn a_destination_that_takes_no_more_stops_the_run() {
        for (kind, stops) in [
            (ErrorKind::StorageFull, true),
            (ErrorKind::QuotaExceeded, true),
            (ErrorKind::ReadOnlyFilesystem, true),
            (ErrorKind::PermissionDenied, false),
        ] {
            let dir = tempfile::tempdir().expect("a folder");
            let interrupt = Interrupt::default();
            let file = NewFile {
                target: &dir.path().join("c.mp4"),
                existing: Existing::Refuse,
                access: Access::ORDINARY,
                interrupt: &interrupt,
            };
            let failed = file.write_at(|_| -> Result<Written<()>> {
                Err(anyhow::Error::new(io::Error::from(kind)).context("writing it"))
            });
            assert!(failed.is_err());
            assert_eq!(interrupt.requested(), stops, "{kind}");
            assert_eq!(interrupt.stopped_since().is_some(), stops, "{kind}");
            assert!(!interrupt.heard());
            assert!(names(dir.path()).is_empty());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_as_private_as_it_is_to_be() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("c.jpg");
        for existing in [Existing::Refuse, Existing::Replace] {
            let file = NewFile {
                target: &path,
                existing,
                access: Access::PRIVATE,
                interrupt: &Interrupt::default(),
            };
            file.write(b"x", |_| ()).expect("written");
            let mode = fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_has_ordinary_permissions_and_one_in_place_keeps_its_own() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a folder");
        let mode = |p: &Path| fs::metadata(p).expect("there").permissions().mode() & 0o777;
        let (plain, ours) = (dir.path().join("plain"), dir.path().join("ours"));
        fs::write(&plain, "x").expect("written");
        atomically(&ours, b"x", Existing::Refuse, &Interrupt::default()).expect("written");
        assert_eq!(mode(&ours), mode(&plain));
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o640)).expect("set");
        atomically(&ours, b"y", Existing::ReplaceInPlace, &Interrupt::default()).expect("written");
        assert_eq!(mode(&ours), 0o640);
    }
}
