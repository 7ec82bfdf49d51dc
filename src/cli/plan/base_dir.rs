//! From a name in a report back to a file. Names are relative to what was given to the command that
//! wrote the report; `--originals DIR` says where that is now.
//!
//! Invariant: what a name leads to lies below the folder, whatever the report and the links in the
//! folder say.

use crate::cli::ui::show;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder where the names of a report begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseDir {
    given: PathBuf,
    real: PathBuf,
}

impl BaseDir {
    /// From a flag; without it, the current folder.
    ///
    /// # Errors
    /// If it is no folder.
    pub(crate) fn new(given: Option<&Path>, flag: &str) -> Result<Self> {
        let given = given.unwrap_or(Path::new("."));
        let real = fs::canonicalize(given)
            .with_context(|| format!("opening {flag} {}", show::path(given)))?;
        ensure!(
            real.is_dir(),
            "{flag} {} is no folder; give the one that the report's names begin in",
            show::path(given)
        );
        Ok(Self {
            given: given.to_owned(),
            real,
        })
    }

    /// The file behind a name of a report that was read, which is relative and without `..`.
    ///
    /// # Errors
    /// If there is none, or a link leads it out of the folder. Names no path, since it may go into
    /// a report.
    pub(crate) fn find(&self, name: &str) -> Result<PathBuf> {
        let path = self.join(name);
        let real = fs::canonicalize(&path)
            .context("looking for it where the names of the report begin (--originals)")?;
        ensure!(
            real.starts_with(&self.real),
            "a link leads out of the folder that the report's names begin in"
        );
        Ok(path)
    }

    /// Where the name would be, whether it is there or not.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.below(self.named(name))
    }

    /// The relative path that the name stands for: of those that it may, the first that is there.
    pub(crate) fn named(&self, name: &str) -> PathBuf {
        let mut all = show::from_report(name).into_iter();
        let there = all.find(|path| fs::symlink_metadata(self.below(path.clone())).is_ok());
        there.unwrap_or_else(|| name.into())
    }

    fn below(&self, path: PathBuf) -> PathBuf {
        match self.given == Path::new(".") {
            true => path,
            false => self.given.join(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_a_file_below_the_folder_or_nowhere() {
        let dir = tempfile::tempdir().expect("a folder");
        let inside = dir.path().join("in");
        fs::create_dir_all(inside.join("a")).expect("made");
        fs::write(inside.join("a/x.jpg"), "x").expect("written");
        fs::write(dir.path().join("secret"), "x").expect("written");
        let base_dir = BaseDir::new(Some(&inside), "--originals").expect("a folder");
        assert_eq!(
            base_dir.find("a/x.jpg").expect("there"),
            inside.join("a/x.jpg")
        );
        assert!(base_dir.find("a/y.jpg").is_err());
        assert!(BaseDir::new(Some(&inside.join("a/x.jpg")), "--originals").is_err());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("..", inside.join("up")).expect("linked");
            std::os::unix::fs::symlink("../secret", inside.join("a.jpg")).expect("linked");
            assert!(base_dir.find("up/secret").is_err());
            assert!(base_dir.find("a.jpg").is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_leads_to_its_file_and_a_backslash_to_its_own() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().expect("a folder");
        let base_dir = BaseDir::new(Some(dir.path()), "--originals").expect("a folder");
        assert!(base_dir.find(r"a\xE9.jpg").is_err());
        let literal = dir.path().join(r"a\xE9.jpg");
        fs::write(&literal, "x").expect("written");
        assert_eq!(base_dir.find(r"a\xE9.jpg").expect("there"), literal);
        let bytes = dir.path().join(std::ffi::OsStr::from_bytes(b"a\xE9.jpg"));
        // File systems of other systems than Linux take no such name.
        if fs::write(&bytes, "x").is_ok() {
            assert_eq!(base_dir.find(r"a\xE9.jpg").expect("there"), bytes);
        }
    }
}
