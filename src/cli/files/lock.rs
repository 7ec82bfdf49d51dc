//! Advisory locks on files that two runs must not write at once. The system releases them when the
//! process ends, however it ends.

use super::access::Access;
use anyhow::{Result, anyhow};
use same_file::Handle;
use std::fs::{File, TryLockError};
use std::path::Path;

/// Said where another run holds the lock.
const BUSY: &str = "another faceveil is writing here";

/// How often a file is opened again that was replaced between opening and locking.
const ATTEMPTS: usize = 8;

/// Whether an error says that another run holds a lock.
pub(crate) fn is_busy(why: &anyhow::Error) -> bool {
    why.root_cause().to_string() == BUSY
}

/// The error of a file that another run holds.
pub(crate) fn busy() -> anyhow::Error {
    anyhow!(BUSY)
}

/// Opens a file to append to it, makes it if it is not there, and holds its lock as long as it is
/// open. Pipes and devices have no lock.
///
/// # Errors
/// If it cannot be opened, or another run holds the lock.
pub(crate) fn open_exclusive(path: &Path, access: Access) -> Result<File> {
    for _ in 0..ATTEMPTS {
        let mut options = File::options();
        options.append(true).create(true);
        // A pipe cannot be opened for both.
        let is_file = path.metadata().map_or(true, |m| m.is_file());
        options.read(is_file);
        let file = access.open(&mut options, path)?;
        if !is_file {
            return Ok(file);
        }
        if !exclusive(&file) {
            return Err(busy());
        }
        if is_at(&file, path) {
            return Ok(file);
        }
    }
    Err(busy())
}

/// Locks an open file; `false` if another run holds it. Some network drives have no locks: nothing
/// can be known there.
pub(crate) fn exclusive(file: &File) -> bool {
    !matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Whether another run holds the lock of a file; `false` if it cannot be opened or has no lock.
pub(crate) fn is_held(path: &Path) -> bool {
    let held = |file: File| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    File::open(path).is_ok_and(held)
}

/// Whether a path leads to an open file.
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    let opened = file.try_clone().and_then(Handle::from_file);
    opened.is_ok_and(|opened| Handle::from_path(path).is_ok_and(|there| there == opened))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_refused_until_the_first_one_ends() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("r.jsonl");
        let open = || open_exclusive(&path, Access::ORDINARY);
        let first = open().expect("free");
        assert!(is_busy(&open().expect_err("held")));
        drop(first);
        open().expect("free again");
    }
}
