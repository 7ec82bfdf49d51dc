//! Who may read a new file: nobody who could not read what it is made from. Previews, reports,
//! audits and manifests say as much about a private photo as its output does.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Permissions of a new file, from which the umask takes what it takes from any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access(u32);

impl Access {
    /// Those of any new file.
    pub(crate) const ORDINARY: Self = Self(0o666);
    /// For the owner only.
    pub(crate) const PRIVATE: Self = Self(0o600);

    /// What everyone may do who may read all of these files. Those that cannot be asked do not
    /// count.
    pub(crate) fn of_sources<'a>(sources: impl IntoIterator<Item = &'a Path>) -> Self {
        let modes = sources.into_iter().filter_map(mode);
        Self(modes.fold(Self::ORDINARY.0, |all, mode| all & (mode | Self::PRIVATE.0)))
    }

    /// The number, for the system.
    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    /// Opens a file that has these permissions if it is new, and no wider ones if it is not.
    pub(crate) fn open(self, options: &mut OpenOptions, path: &Path) -> io::Result<File> {
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(options, self.0);
        let file = options.open(path)?;
        self.restrict(&file);
        Ok(file)
    }

    /// Takes from a file of ours what these do not allow.
    #[cfg(unix)]
    fn restrict(self, file: &File) {
        use std::os::unix::fs::PermissionsExt;
        let Ok(metadata) = file.metadata() else {
            return;
        };
        let mode = metadata.permissions().mode();
        let narrow = mode & (!0o777 | self.0 | 0o111);
        if metadata.is_file() && narrow != mode {
            // Somebody else's file stays as it is.
            let _ = file.set_permissions(fs::Permissions::from_mode(narrow));
        }
    }

    #[cfg(not(unix))]
    fn restrict(self, _: &File) {}
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(fs::metadata(path).ok()?.permissions().mode())
}

#[cfg(not(unix))]
fn mode(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|_| Access::ORDINARY.0)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_most_private_source_decides() {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |name: &str, mode| {
            let path = dir.path().join(name);
            fs::write(&path, "").expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            path
        };
        let (open, group, mine) = (at("a", 0o644), at("b", 0o640), at("c", 0o600));
        let of = |all: &[&Path]| Access::of_sources(all.iter().copied()).bits();
        assert_eq!(of(&[]), 0o666);
        assert_eq!(of(&[&open]), 0o644);
        assert_eq!(of(&[&open, &group]), 0o640);
        assert_eq!(of(&[&open, &mine, &group]), 0o600);
        let report = at("r.jsonl", 0o644);
        let mut options = File::options();
        Access::PRIVATE
            .open(options.append(true), &report)
            .expect("opened");
        assert_eq!(mode(&report).expect("there") & 0o777, 0o600);
    }
}
