//! The report: one JSON line per file, written as soon as it is known, so that an interrupted run
//! has said all that it knew.
//!
//! Invariant: only a file that is a report already, or is empty, is written over.

use super::show;
use anyhow::{Context, Result, ensure};
use faceveil::FileReport;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// How every line of a report begins.
const BEGINNING: &[u8] = b"{\"schema\":";

/// Where the report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReportTo {
    /// No report.
    Nowhere,
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf),
}

impl ReportTo {
    /// From `--report`.
    pub(super) fn choose(given: Option<&OsStr>) -> Self {
        match given {
            None => Self::Nowhere,
            Some(name) if name == "-" => Self::Stdout,
            Some(name) => Self::File(name.into()),
        }
    }

    /// The file, if it is one.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            _ => None,
        }
    }

    /// Opens it for a new report.
    ///
    /// # Errors
    /// If the file cannot be made, or holds something else.
    pub(super) fn open(&self) -> Result<Report> {
        Ok(Report(match self {
            Self::Nowhere => None,
            Self::Stdout => Some(Box::new(io::stdout())),
            Self::File(path) => {
                Some(Box::new(create(path).with_context(|| {
                    format!("opening the report {}", show::path(path))
                })?))
            }
        }))
    }
}

fn create(path: &Path) -> Result<File> {
    if path.metadata().is_ok_and(|m| m.is_file()) {
        let mut beginning = Vec::new();
        File::open(path)?
            .take(BEGINNING.len() as u64)
            .read_to_end(&mut beginning)?;
        ensure!(
            beginning.is_empty() || beginning == BEGINNING,
            "it exists and is no report of this command; choose another name"
        );
    }
    Ok(File::create(path)?)
}

/// An open report.
pub(super) struct Report(Option<Box<dyn Write>>);

impl Report {
    /// Adds a line and hands it to the system.
    ///
    /// # Errors
    /// If it cannot be written; nothing is written after that.
    pub(super) fn line(&mut self, about: &FileReport) -> Result<()> {
        let Some(to) = &mut self.0 else {
            return Ok(());
        };
        let mut line = serde_json::to_vec(about).context("writing the report")?;
        line.push(b'\n');
        let written = to.write_all(&line).and_then(|()| to.flush());
        if written.is_err() {
            self.0 = None;
        }
        written.context("writing the report")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_never_taken_for_an_old_report() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("r.jsonl");
        let to = ReportTo::File(path.clone());
        std::fs::write(&path, "\u{fffd} a photo").expect("written");
        assert!(to.open().is_err());
        assert_eq!(
            std::fs::read(&path).expect("there"),
            "\u{fffd} a photo".as_bytes()
        );
        std::fs::write(&path, "").expect("written");
        for _ in 0..2 {
            let mut report = to.open().expect("opened");
            report.line(&FileReport::new("none")).expect("written");
        }
        let text = std::fs::read_to_string(&path).expect("there");
        assert_eq!(text.lines().count(), 1);
        assert!(text.as_bytes().starts_with(BEGINNING));
    }
}
