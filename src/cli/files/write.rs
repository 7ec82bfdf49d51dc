//! Puts a finished file at its place: a temporary beside it, synced, then renamed.
//!
//! Invariant: a reader of the output path sees the whole new file or what was there before, and a
//! write that fails leaves neither a temporary nor a folder that it made.

use crate::cli::ui::interrupt::Interrupt;
use anyhow::{Result, bail};
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Write};
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

/// Writes a file whole or not at all. Folders above it are made.
///
/// # Errors
/// Whatever the file system says, without paths, since it goes into the report; also if the run was interrupted, as long as nothing was renamed.
pub(crate) fn atomically(
    target: &Path,
    bytes: &[u8],
    existing: Existing,
    interrupt: &Interrupt,
) -> Result<()> {
    with_temporary(target, existing, interrupt, |file| {
        file.as_file_mut().write_all(bytes)?;
        Ok(Written::Keep(()))
    })?;
    Ok(())
}

/// Whether what was written is to be kept.
pub(crate) enum Written<T> {
    /// Rename it.
    Keep(T),
    /// Remove it; that is no failure.
    Remove(T),
}

/// Lets `write` fill a temporary beside `target`, then renames it. Folders above it are made.
///
/// # Errors
/// As [`atomically`], and what `write` fails with.
pub(crate) fn with_temporary<T>(
    target: &Path,
    existing: Existing,
    interrupt: &Interrupt,
    write: impl FnOnce(&mut NamedTempFile) -> Result<Written<T>>,
) -> Result<T> {
    let mut made = MadeFolders::default();
    let written = write_and_rename(target, existing, interrupt, &mut made, write);
    if !matches!(written, Ok(Written::Keep(_))) {
        made.remove();
    }
    Ok(match written? {
        Written::Keep(value) | Written::Remove(value) => value,
    })
}

fn write_and_rename<T>(
    target: &Path,
    existing: Existing,
    interrupt: &Interrupt,
    made: &mut MadeFolders,
    write: impl FnOnce(&mut NamedTempFile) -> Result<Written<T>>,
) -> Result<Written<T>> {
    if fs::symlink_metadata(target).is_ok_and(|m| !(m.is_file() || m.is_symlink())) {
        bail!("what is at its output path is no file, so it is not replaced");
    }
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let original = match existing {
        Existing::ReplaceInPlace => Some(fs::metadata(target)?),
        _ => None,
    };
    let mut file = open_temporary(folder, original.is_some(), made)?;
    let _listed = interrupt.list_temporary(file.path());
    let value = match write(&mut file)? {
        Written::Keep(value) => value,
        no => return Ok(no),
    };
    if let Some(original) = &original {
        take_over(file.as_file(), original)?;
    }
    file.as_file().sync_all()?;
    if interrupt.requested() {
        bail!("interrupted before it was renamed");
    }
    match existing {
        Existing::Refuse => rename_to_nothing(file.into_temp_path(), target)?,
        Existing::Replace | Existing::ReplaceInPlace => {
            file.persist(target).map_err(|e| e.error)?;
        }
    }
    Ok(Written::Keep(value))
}

/// A temporary in a folder that may have to be made. Another worker that failed may remove the same
/// folder between the two steps, hence the repetition.
fn open_temporary(
    folder: &Path,
    private: bool,
    made: &mut MadeFolders,
) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".faceveil-").suffix(".tmp");
    #[cfg(unix)]
    if !private {
        use std::os::unix::fs::PermissionsExt;
        // The umask takes away what it would take from any new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    #[cfg(not(unix))]
    let _ = private;
    let mut attempts = 0;
    loop {
        made.make(folder)?;
        match builder.tempfile_in(folder) {
            Err(e) if e.kind() == ErrorKind::NotFound && attempts < 8 => attempts += 1,
            other => return other.map_err(without_path),
        }
    }
}

/// What the system said, without the path that `tempfile` adds to it: it keeps neither the code nor its own error
/// within reach, but the kind.
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
        // Only root may give files away; anyone else keeps the file, with the group if it is theirs.
        if fchown(file, Some(original.uid()), Some(original.gid())).is_err() {
            let _ = fchown(file, None, Some(original.gid()));
        }
    }
    file.set_permissions(original.permissions())
}

/// Renames unless something is there. File systems without such a rename (some network and FUSE
/// ones) get a check before an ordinary one.
fn rename_to_nothing(file: TempPath, target: &Path) -> Result<()> {
    let exists = || anyhow::anyhow!("it exists; use --overwrite or --skip-existing");
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
#[derive(Default)]
struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Makes a folder and those above it, and remembers which were new.
    fn make(&mut self, folder: &Path) -> io::Result<()> {
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
    fn remove(&self) {
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
