//! The report under review, in memory, and how it is written again.
//!
//! Invariant: the file is replaced whole or not at all, by lines that the strict reader takes, and only
//! while it is the one that was read. Nothing but regions, the mark that a person looked, and the outcome
//! of a file that had none of them, is changed.

use crate::cli::files::write;
use crate::cli::report::report_file;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show;
use anyhow::{Context, Result, ensure};
use faceveil::{FileReport, Outcome, ReportRegion, RunSummary};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// A report that was read.
pub(super) struct Draft {
    /// Its real place: a link to it stays one.
    path: PathBuf,
    stamp: Stamp,
    lines: Vec<Line>,
    summary: Option<RunSummary>,
}

struct Line {
    report: Arc<FileReport>,
    /// How often it was changed in this run: two windows must not undo each other's work.
    revision: u32,
}

/// What a person made of a line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// Number of the line, from 0.
    pub(super) id: usize,
    /// Of the line that was changed.
    pub(super) revision: u32,
    pub(super) regions: Vec<ReportRegion>,
    pub(super) reviewed: bool,
}

/// Why nothing was saved.
pub(super) enum Refused {
    /// Somebody else changed it meanwhile.
    Stale(String),
    /// It is no report any more.
    Wrong(anyhow::Error),
    /// The file could not be replaced.
    Unwritten(anyhow::Error),
}

/// When and how long a file was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stamp(u64, Option<SystemTime>);

impl Stamp {
    /// # Errors
    /// If there is no such file, or it is no file.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let metadata = fs::metadata(path)?;
        // Opening a pipe would wait for its other end.
        ensure!(metadata.is_file(), "it is a folder, a pipe or a device");
        Ok(Self(metadata.len(), metadata.modified().ok()))
    }
}

impl Draft {
    /// Reads a report.
    ///
    /// # Errors
    /// If it is none, to the last line.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let reading = || format!("reading the report {}", show::path(path));
        let real = fs::canonicalize(path).with_context(reading)?;
        let stamp = Stamp::of(&real).with_context(reading)?;
        let (files, summary) = report_file::read(path.as_os_str())?;
        let lines = files.into_iter().map(|report| Line {
            report: Arc::new(report),
            revision: 0,
        });
        Ok(Self {
            lines: lines.collect(),
            path: real,
            stamp,
            summary,
        })
    }

    /// The files, in the order of the report.
    pub(super) fn lines(&self) -> impl ExactSizeIterator<Item = &FileReport> {
        self.lines.iter().map(|line| line.report.as_ref())
    }

    /// The run that wrote it, if it came to its end.
    pub(super) const fn summary(&self) -> Option<&RunSummary> {
        self.summary.as_ref()
    }

    /// A line and how often it was changed.
    pub(super) fn line(&self, id: usize) -> Option<(Arc<FileReport>, u32)> {
        let line = self.lines.get(id)?;
        Some((Arc::clone(&line.report), line.revision))
    }

    /// Writes the report with these changes, and gives the new revisions in their order.
    ///
    /// # Errors
    /// The file is as it was then, and so are the lines.
    pub(super) fn save(
        &mut self,
        changes: Vec<Change>,
        interrupt: &Interrupt,
    ) -> Result<Vec<u32>, Refused> {
        let mut changed: Vec<(usize, FileReport)> = Vec::with_capacity(changes.len());
        for change in changes {
            let Some(line) = self.lines.get(change.id) else {
                return Err(Refused::Stale("the report has no such line".into()));
            };
            if line.revision != change.revision || changed.iter().any(|(id, _)| *id == change.id) {
                let message = format!(
                    "{} was changed in another window; reload this one",
                    show::text(&line.report.input)
                );
                return Err(Refused::Stale(message));
            }
            let mut report = FileReport::clone(&line.report);
            report.regions = change.regions;
            report.reviewed = change.reviewed;
            // What a person drew is to be covered, and `apply` leaves out what was left alone.
            if !report.regions.is_empty()
                && matches!(report.outcome, Outcome::NoFaces | Outcome::Skipped)
            {
                report.outcome = Outcome::Redacted;
            }
            check(&report).map_err(Refused::Wrong)?;
            changed.push((change.id, report));
        }
        if Stamp::of(&self.path).ok().as_ref() != Some(&self.stamp) {
            let message = "the report was changed by another program since it was read; nothing was saved. Start `faceveil review` anew";
            return Err(Refused::Stale(message.into()));
        }
        let bytes = self.bytes(&changed).map_err(Refused::Unwritten)?;
        let written = write::atomically(
            &self.path,
            &bytes,
            write::Existing::ReplaceInPlace,
            interrupt,
        );
        written
            .context("writing the report")
            .map_err(Refused::Unwritten)?;
        if let Ok(stamp) = Stamp::of(&self.path) {
            self.stamp = stamp;
        }
        let mut revisions = Vec::with_capacity(changed.len());
        for (id, report) in changed {
            if let Some(line) = self.lines.get_mut(id) {
                line.report = Arc::new(report);
                line.revision += 1;
                revisions.push(line.revision);
            }
        }
        Ok(revisions)
    }

    /// The whole file with some lines changed.
    fn bytes(&self, changed: &[(usize, FileReport)]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for (id, line) in self.lines.iter().enumerate() {
            let new = changed.iter().find(|(changed, _)| *changed == id);
            let report = new.map_or(line.report.as_ref(), |(_, report)| report);
            serde_json::to_writer(&mut bytes, report)?;
            bytes.push(b'\n');
        }
        if let Some(summary) = &self.summary {
            serde_json::to_writer(&mut bytes, &summary.line())?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }
}

/// Checks a line as if it had been read from a file.
fn check(line: &FileReport) -> Result<()> {
    let text = serde_json::to_vec(line).context("writing the line")?;
    let mut reader = faceveil::read_report(text.as_slice());
    let read = reader.next().context("an empty line")?;
    let read = read.with_context(|| show::text(&line.input))?;
    ensure!(
        read == *line,
        "the line reads otherwise than it was written"
    );
    Ok(())
}
