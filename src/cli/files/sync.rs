//! Has files brought to the disk. Some network drives cannot say that they are: no reason to fail.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a drive did not do it. Of the whole process: there is one warning.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// Waits until a file is on the disk.
///
/// # Errors
/// If it could not be brought there.
pub(crate) fn to_disk(file: &File) -> io::Result<()> {
    passed_over(file.sync_all())
}

/// A sentence if a drive did not do it since the last call.
pub(crate) fn warning() -> Option<&'static str> {
    REFUSED.swap(false, Ordering::Relaxed).then_some(
        "the destination cannot say when files are safely on it (fsync); do not unplug it before \
         the system has let go of it",
    )
}

fn passed_over(synced: io::Result<()>) -> io::Result<()> {
    match synced {
        Err(e) if is_refusal(&e) => {
            REFUSED.store(true, Ordering::Relaxed);
            Ok(())
        }
        other => other,
    }
}

fn is_refusal(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_without_fsync_is_told_once_and_a_broken_one_is_an_error() {
        assert!(passed_over(Err(ErrorKind::StorageFull.into())).is_err());
        assert_eq!(warning(), None);
        for kind in [ErrorKind::Unsupported, ErrorKind::InvalidInput] {
            passed_over(Err(kind.into())).expect("passed over");
        }
        assert!(warning().is_some());
        assert_eq!(warning(), None);
    }
}
