//! Whether two paths, which may not exist yet, are one file.
//!
//! Invariant: two spellings of one path have one key as long as the folders above it stay as they
//! are.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Keys of paths, with the folders that were resolved so far.
#[derive(Default)]
pub(crate) struct PathIdentities {
    /// Folders as they were written, and where they really are.
    folders: HashMap<PathBuf, PathBuf>,
}

impl PathIdentities {
    /// The same for two paths that lead to one file.
    pub(crate) fn key(&mut self, path: &Path) -> OsString {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return folded(&resolved(path));
        };
        let folder = self
            .folders
            .entry(parent.to_owned())
            .or_insert_with(|| resolved(parent));
        folded(&folder.join(name))
    }
}

/// The real path of the deepest folder that exists, and the rest as it is.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => resolved(parent).join(name),
        _ => path.to_owned(),
    }
}

/// File systems of macOS and Windows usually take upper and lower case for the same.
pub(crate) fn folded(path: &Path) -> OsString {
    if cfg!(any(windows, target_os = "macos")) {
        path.to_string_lossy().to_lowercase().into()
    } else {
        path.as_os_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn spellings_and_links_of_one_file_have_one_key() {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |p: &str| dir.path().join(p);
        fs::create_dir_all(at("real/sub")).expect("made");
        std::os::unix::fs::symlink("real", at("link")).expect("linked");
        let mut identities = PathIdentities::default();
        let key = identities.key(&at("real/new/x.jpg"));
        assert_eq!(identities.key(&at("link/new/x.jpg")), key);
        assert_eq!(identities.key(&at("real/sub/../new/x.jpg")), key);
        assert_ne!(identities.key(&at("real/new/y.jpg")), key);
        assert_eq!(
            identities.key(Path::new("x.jpg")),
            identities.key(Path::new("./x.jpg"))
        );
    }
}
