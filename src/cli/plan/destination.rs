//! Where the new files go, as a whole: from `-o`, `--in-place` and what was given.

use super::inputs;
use crate::cli::ui::show;
use anyhow::{Result, bail};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Where the new files go, as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// `<stem>_blurred.<ext>` beside each input.
    Beside,
    /// Over each input.
    InPlace,
    /// Into a folder, as a mirror of the trees that were given.
    Folder(PathBuf),
    /// To one path.
    File(PathBuf),
    /// To standard output.
    Stdout,
    /// Nowhere: `detect`.
    Nowhere,
}

impl Destination {
    /// From `-o`, `--in-place` and what was given.
    ///
    /// # Errors
    /// If they do not go together.
    pub(crate) fn choose(
        output: Option<&OsStr>,
        in_place: bool,
        given: &[OsString],
    ) -> Result<Self> {
        let piped = given.iter().any(|g| inputs::is_stdin(g));
        if piped && given.len() > 1 {
            bail!("`-` (standard input) stands alone; give the other inputs in another run");
        }
        let single = given.len() == 1 && !Path::new(&given[0]).is_dir();
        Self::choose_for(output, in_place, single, piped)
    }

    /// The same for a single file or several; `piped`: it is standard input.
    ///
    /// # Errors
    /// If they do not go together.
    pub(crate) fn choose_for(
        output: Option<&OsStr>,
        in_place: bool,
        single: bool,
        piped: bool,
    ) -> Result<Self> {
        if in_place {
            if piped {
                bail!("--in-place needs files, not standard input");
            }
            return Ok(Self::InPlace);
        }
        let Some(output) = output else {
            return Ok(if piped { Self::Stdout } else { Self::Beside });
        };
        if output == "-" {
            if !single {
                bail!("-o - takes a single photo; give a folder with -o DIR");
            }
            return Ok(Self::Stdout);
        }
        let path = PathBuf::from(output);
        if output.is_empty() {
            bail!("-o is empty; give a folder or a file name");
        }
        let names_folder = path.is_dir()
            || output
                .as_encoded_bytes()
                .last()
                .is_some_and(|b| std::path::is_separator(char::from(*b)));
        let is_file_name = path.extension().is_some() || path.exists() || piped;
        if single && !names_folder && is_file_name {
            return Ok(Self::File(path));
        }
        if piped {
            bail!(
                "-o {} is a folder; a photo from standard input needs a file name",
                show::path(&path)
            );
        }
        if path.exists() && !path.is_dir() {
            bail!(
                "-o {} is a file, but several inputs or a folder need a folder",
                show::path(&path)
            );
        }
        Ok(Self::Folder(path))
    }

    /// A sentence about a name that is taken for a folder's and may have been meant for a file's.
    pub(crate) fn notice(&self, output: Option<&OsStr>) -> Option<String> {
        let Self::Folder(path) = self else {
            return None;
        };
        let written = output?.as_encoded_bytes();
        let is_clear = path.exists()
            || written
                .last()
                .is_some_and(|b| std::path::is_separator(char::from(*b)));
        (!is_clear).then(|| format!("-o {0} is a new folder", show::path(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn choose(output: &str, given: &[&Path]) -> Result<Destination> {
        let given: Vec<OsString> = given.iter().map(|p| p.as_os_str().to_owned()).collect();
        Destination::choose(Some(OsStr::new(output)), false, &given)
    }

    #[test]
    fn one_photo_may_go_to_a_file_and_several_go_to_a_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let (folder, photo) = (dir.path(), dir.path().join("a.jpg"));
        fs::write(&photo, "").expect("written");
        let there = folder.to_str().expect("text");
        assert_eq!(
            choose("x.jpg", &[&photo]).expect("fits"),
            Destination::File("x.jpg".into())
        );
        assert_eq!(
            choose("x", &[&photo]).expect("fits"),
            Destination::Folder("x".into())
        );
        assert_eq!(
            choose("x/", &[&photo]).expect("fits"),
            Destination::Folder("x/".into())
        );
        assert_eq!(
            choose(there, &[&photo]).expect("fits"),
            Destination::Folder(there.into())
        );
        assert_eq!(
            choose("x", &[&photo, &photo]).expect("fits"),
            Destination::Folder("x".into())
        );
        assert_eq!(
            choose("x", &[folder]).expect("fits"),
            Destination::Folder("x".into())
        );
        assert_eq!(choose("-", &[&photo]).expect("fits"), Destination::Stdout);
        let stdin = Path::new("-");
        assert_eq!(
            choose("x.jpg", &[stdin]).expect("fits"),
            Destination::File("x.jpg".into())
        );
        assert!(choose("-", &[folder]).is_err());
        assert!(choose("-", &[&photo, &photo]).is_err());
        assert!(choose(photo.to_str().expect("text"), &[folder]).is_err());
        assert!(choose(there, &[stdin]).is_err());
        assert!(choose("x", &[stdin, &photo]).is_err());
        assert!(choose("", &[&photo]).is_err());
        assert!(Destination::choose(None, true, &["-".into()]).is_err());
        assert_eq!(
            Destination::choose(None, false, &["-".into()]).expect("fits"),
            Destination::Stdout
        );
    }
}
