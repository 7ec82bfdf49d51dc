//! Temporaries: named so that the next run knows those of a killed one, and locked so that it does
//! not take those of a living one for such.

use super::access::Access;
use super::lock;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use tempfile::NamedTempFile;

const PREFIX: &str = ".faceveil-";
const SUFFIX: &str = ".tmp";

/// How often a temporary is made again that a sweep of another run took away before it was locked.
const ATTEMPTS: usize = 8;

/// How temporaries are named, and who may read them.
pub(crate) fn naming(access: Access) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(access.bits()));
    }
    #[cfg(not(unix))]
    let _ = access;
    builder
}

/// A locked temporary in a folder.
pub(crate) fn create(folder: &Path, access: Access) -> io::Result<NamedTempFile> {
    for _ in 0..ATTEMPTS {
        let file = naming(access).tempfile_in(folder)?;
        if lock::exclusive(file.as_file()) && lock::is_at(file.as_file(), file.path()) {
            return Ok(file);
        }
    }
    Err(ErrorKind::ResourceBusy.into())
}

/// Removes what killed runs of this user left in these folders, and gives how many files that were.
pub(crate) fn sweep<'a>(folders: impl IntoIterator<Item = &'a Path>) -> usize {
    let entries = folders
        .into_iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    let entries = entries.flatten().flatten();
    let ours = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes())
    });
    ours.filter(|entry| remove(&entry.path())).count()
}

/// Removes a file that nobody works on.
fn remove(path: &Path) -> bool {
    let is_ours = fs::symlink_metadata(path).is_ok_and(|m| m.is_file() && is_own(&m));
    if !is_ours {
        return false;
    }
    let Ok(file) = File::options().write(true).open(path) else {
        return false;
    };
    lock::exclusive(&file) && lock::is_at(&file, path) && fs::remove_file(path).is_ok()
}

#[cfg(target_os = "linux")]
fn is_own(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == metadata.uid())
}

#[cfg(not(target_os = "linux"))]
fn is_own(_: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_a_living_one_has_is_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let living = create(dir.path(), Access::PRIVATE).expect("made");
        fs::write(dir.path().join(".faceveil-aB3xyz.tmp"), "dead").expect("written");
        fs::write(dir.path().join("mine.tmp"), "mine").expect("written");
        assert_eq!(sweep([dir.path()]), 1);
        assert!(living.path().exists() && dir.path().join("mine.tmp").exists());
        assert_eq!(sweep([dir.path(), &dir.path().join("gone")]), 0);
    }
}
