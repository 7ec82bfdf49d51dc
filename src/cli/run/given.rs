//! Checks what was given as inputs before anything starts: a forgotten `-o` shows in the last one.

use super::manifest::Manifest;
use crate::cli::plan::inputs;
use crate::cli::ui::show;
use anyhow::{Result, bail};
use std::ffi::OsString;
use std::path::Path;

/// Makes sure that nothing was forgotten on the command line; `is_beside`: there is no `-o`.
///
/// # Errors
/// If an input is not there, or the last one was most likely meant for `-o`.
pub(super) fn check_given(given: &[OsString], is_beside: bool) -> Result<()> {
    let last = given.last().filter(|_| is_beside && given.len() > 1);
    let meant = |path: &Path| match last.is_some_and(|last| Path::new(last) == path) {
        true => format!("; did you mean -o {}?", show::path(path)),
        false => String::new(),
    };
    let paths = given.iter().filter(|g| !inputs::is_stdin(g)).map(Path::new);
    for path in paths {
        if let Err(e) = path.metadata()
            && e.kind() == std::io::ErrorKind::NotFound
        {
            bail!(
                "{}: there is no such file or folder, so nothing was started{}",
                show::path(path),
                meant(path)
            );
        }
    }
    if let Some(path) = last.map(Path::new).filter(|path| is_empty_folder(path)) {
        bail!(
            "{} is an empty folder, and no -o is given{}",
            show::path(path),
            meant(path)
        );
    }
    if let Some(path) = last.map(Path::new).filter(|path| Manifest::is_of(path)) {
        bail!(
            "{} is the output folder of an earlier run, and no -o is given{}",
            show::path(path),
            meant(path)
        );
    }
    Ok(())
}

/// Whether a path is a folder with nothing in it that a person sees.
fn is_empty_folder(path: &Path) -> bool {
    let is_hidden = |name: OsString| name.as_encoded_bytes().starts_with(b".");
    let is_hidden = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| is_hidden(entry.file_name()))
    };
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.all(is_hidden))
}
