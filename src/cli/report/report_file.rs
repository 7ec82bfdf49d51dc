//! The report: one JSON line per file, written as soon as it is known, so that an interrupted run
//! has said all that it knew, and the run's summary last. And reports of earlier runs, read back.
//!
//! Invariant: only a file that is a report already, or is empty, is written over, and no line of it
//! is lost: until the new report is whole, the old lines stay in a hidden file beside it.

use super::earlier_lines::EarlierLines;
use crate::cli::files::access::Access;
use crate::cli::files::lock;
use crate::cli::files::shard::Shard;
use crate::cli::files::write::{self, Existing};
use crate::cli::plan::outputs::Planned;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show;
use anyhow::{Context, Result, bail, ensure};
use faceveil::FileReport;
use faceveil::report::RunSummary;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// How every line of a report begins.
pub(crate) const BEGINNING: &[u8] = b"{\"schema\":";

/// Where the report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReportTo {
    /// No report.
    Nowhere,
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf),
}

impl ReportTo {
    /// From `--report`; that of a shard has its own name.
    pub(crate) fn choose(given: Option<&OsStr>, shard: Option<Shard>) -> Self {
        match (given, shard) {
            (None, _) => Self::Nowhere,
            (Some(name), _) if name == "-" => Self::Stdout,
            (Some(name), None) => Self::File(name.into()),
            (Some(name), Some(shard)) => Self::File(shard.own_path(Path::new(name))),
        }
    }

    /// The file, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            _ => None,
        }
    }

    /// A sentence about files that it cannot tell apart, if it is written.
    pub(crate) fn notice_of_shared(&self, plan: &[Planned]) -> Option<String> {
        if *self == Self::Nowhere {
            return None;
        }
        let names: Vec<String> = plan.iter().map(Planned::report_name).collect();
        let (name, n) = shared_name(names.iter().map(String::as_str))?;
        Some(format!(
            "{n} inputs are called {name} in the report, since names begin in each folder that \
             was given: `apply`, `review` and `verify` cannot tell them apart; use a run and a \
             report for each folder"
        ))
    }

    /// Opens it for a new report, so that no other run can; what is there stays until
    /// [`Report::begin`].
    ///
    /// # Errors
    /// If the file cannot be made, holds something else, or another run writes to it.
    pub(crate) fn open(&self, access: Access) -> Result<Report> {
        let file = match self {
            Self::Nowhere => return Ok(Report::default()),
            Self::Stdout => {
                return Ok(Report {
                    to: Some(Box::new(io::stdout())),
                    ..Report::default()
                });
            }
            Self::File(path) => open(path, BEGINNING, "report", access)
                .with_context(|| format!("opening the report {}", show::path(path)))?,
        };
        Ok(Report {
            path: self.path().map(Path::to_owned),
            old: Some(file),
            access: Some(access),
            to: None,
        })
    }
}

/// Opens a file for appending, and locks it, that is ours by its beginning, or empty, or not there;
/// `what` it is, for the message.
///
/// # Errors
/// If it holds something else, cannot be made, or another run writes to it.
pub(crate) fn open(path: &Path, ours: &[u8], what: &str, access: Access) -> Result<File> {
    if path.metadata().is_ok_and(|m| m.is_file()) {
        ensure_ours(path, ours, what)?;
    }
    lock::open_exclusive(path, access)
}

/// Refuses a file that is neither empty nor ours by its beginning.
///
/// # Errors
/// If it holds something else, or cannot be read.
pub(crate) fn ensure_ours(path: &Path, ours: &[u8], what: &str) -> Result<()> {
    let mut beginning = Vec::new();
    File::open(path)?
        .take(ours.len() as u64)
        .read_to_end(&mut beginning)?;
    ensure!(
        beginning.is_empty() || beginning == ours,
        "it exists and is no {what} of this command; choose another name"
    );
    Ok(())
}

/// The first name that several files have, and how many.
pub(crate) fn shared_name<'a>(
    names: impl IntoIterator<Item = &'a str>,
) -> Option<(&'a str, usize)> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *times.entry(name).or_default() += 1;
    }
    times.into_iter().find(|(_, n)| *n > 1)
}

/// Reads a report back, from a file or `-`; the summary is `None` if the run was cut off.
///
/// # Errors
/// All lines that are wrong, the first few of them by name. None of the others is to be acted upon
/// then.
pub(crate) fn read(from: &OsStr) -> Result<(Vec<FileReport>, Option<RunSummary>)> {
    let reading = || format!("reading the report {}", show::path(Path::new(from)));
    let input: Box<dyn BufRead> = match from == "-" {
        true => Box::new(io::stdin().lock()),
        false => {
            // Asked before it is opened: a pipe would wait for its other end.
            let metadata = Path::new(from).metadata().with_context(reading)?;
            ensure!(!metadata.is_dir(), "{}: it is a folder", reading());
            Box::new(BufReader::new(File::open(from).with_context(reading)?))
        }
    };
    let mut reader = faceveil::report::read_report(input);
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    for line in &mut reader {
        match line {
            Ok(report) => files.push(report),
            Err(e) => wrong.push(show::chain(&e.into())),
        }
    }
    if wrong.is_empty() {
        return Ok((files, reader.summary().cloned()));
    }
    let more = match wrong.len().saturating_sub(MOST_SHOWN) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    wrong.truncate(MOST_SHOWN);
    bail!("{}: {}{more}", reading(), wrong.join("; "))
}

/// Changes lines of a report; the file is replaced whole or not at all.
///
/// # Errors
/// If it cannot be read to its last line, or replaced.
pub(crate) fn update(
    path: &Path,
    interrupt: &Interrupt,
    mut change: impl FnMut(&mut FileReport),
) -> Result<()> {
    let writing = || format!("writing the report {}", show::path(path));
    let there = File::open(path).with_context(writing)?;
    if !lock::exclusive(&there) {
        return Err(lock::busy()).with_context(writing);
    }
    let (mut lines, summary) = read(path.as_os_str())?;
    lines.iter_mut().for_each(&mut change);
    let mut bytes = Vec::new();
    for line in &lines {
        serde_json::to_writer(&mut bytes, line).with_context(writing)?;
        bytes.push(b'\n');
    }
    if let Some(summary) = &summary {
        serde_json::to_writer(&mut bytes, &summary.line()).with_context(writing)?;
        bytes.push(b'\n');
    }
    write::atomically(path, &bytes, Existing::ReplaceInPlace, interrupt).with_context(writing)
}

/// Most wrong lines of a report that are named.
const MOST_SHOWN: usize = 5;

/// An open report.
#[derive(Default)]
pub(crate) struct Report {
    path: Option<PathBuf>,
    access: Option<Access>,
    /// The file, until the new report is begun in it.
    old: Option<File>,
    to: Option<Box<dyn Write>>,
}

impl Report {
    /// Begins the new report. The `earlier` lines are brought to safety first.
    ///
    /// # Errors
    /// If they cannot be, or the file cannot be emptied; nothing was changed then.
    pub(crate) fn begin(&mut self, earlier: &EarlierLines, interrupt: &Interrupt) -> Result<()> {
        let Some(file) = self.old.take() else {
            return Ok(());
        };
        let is_file = file.metadata().is_ok_and(|m| m.is_file());
        if let (Some(path), Some(access), true) = (&self.path, self.access, is_file) {
            earlier.save_beside(path, access, interrupt)?;
            file.set_len(0)
                .with_context(|| format!("beginning the report {}", show::path(path)))?;
        }
        self.to = Some(Box::new(file));
        Ok(())
    }

    /// Leaves one line of each file in it, the last one, and those that earlier runs wrote of other
    /// files.
    ///
    /// # Errors
    /// If the lines cannot be brought to safety, or written again.
    pub(crate) fn compact(&mut self) -> Result<()> {
        let (Some(path), Some(access), Some(_)) = (&self.path, self.access, &self.to) else {
            return Ok(());
        };
        if !path.metadata().is_ok_and(|m| m.is_file()) {
            return Ok(());
        }
        let path = path.clone();
        let lines = EarlierLines::read(&path, None);
        // Also where the run was stopped.
        lines.save_beside(&path, access, &Interrupt::default())?;
        let emptied = File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(0));
        emptied.with_context(|| format!("writing the report {}", show::path(&path)))?;
        lines.all().try_for_each(|line| self.write(line))
    }

    /// Ends it with the run's summary. If it is whole, `earlier` lines are not needed any more.
    ///
    /// # Errors
    /// As [`Report::write_file`].
    pub(crate) fn write_summary(&mut self, run: &RunSummary) -> Result<()> {
        self.write(&run.line())?;
        let is_whole = run.not_started == 0 && !run.interrupted;
        if let (Some(path), true) = (&self.path, is_whole) {
            EarlierLines::forget_beside(path);
        }
        Ok(())
    }

    /// Adds a file's line and hands it to the system.
    ///
    /// # Errors
    /// If it cannot be written; nothing is written after that.
    pub(crate) fn write_file(&mut self, about: &FileReport) -> Result<()> {
        self.write(about)
    }

    fn write(&mut self, about: &impl Serialize) -> Result<()> {
        let Some(to) = &mut self.to else {
            return Ok(());
        };
        let mut line = serde_json::to_vec(about).context("writing the report")?;
        line.push(b'\n');
        let written = to.write_all(&line).and_then(|()| to.flush());
        if written.is_err() {
            self.to = None;
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
        let open = || to.open(Access::ORDINARY);
        assert!(open().is_err());
        assert_eq!(
            std::fs::read(&path).expect("there"),
            "\u{fffd} a photo".as_bytes()
        );
        std::fs::write(&path, "").expect("written");
        for _ in 0..2 {
            let mut report = open().expect("opened");
            report
                .begin(&EarlierLines::default(), &Interrupt::default())
                .expect("begun");
            assert!(open().is_err(), "another run writes to it");
            report
                .write_file(&FileReport::new("none"))
                .expect("written");
        }
        let text = std::fs::read_to_string(&path).expect("there");
        assert_eq!(text.lines().count(), 1);
        assert!(text.as_bytes().starts_with(BEGINNING));
    }

    #[test]
    fn a_name_that_several_files_have_is_found() {
        assert_eq!(shared_name(["a", "b", "c"]), None);
        assert_eq!(shared_name(["c", "b", "a", "b", "c", "b"]), Some(("b", 3)));
    }
}
