//! The report under review, in memory, and how it is written again.
//!
//! Invariant: the file is replaced whole or not at all, by lines that the strict reader takes, and
//! only while it is the one that was read. Nothing but regions, open spans that are covered now,
//! the mark that a person looked, and the outcome of a file that had none of them, is changed.

use super::autosave::{Autosave, Edit};
use crate::cli::files::write;
use crate::cli::report::report_file;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show;
use anyhow::{Context, Result, ensure};
use faceveil::FileReport;
use faceveil::report::{Outcome, ReportRegion, RunSummary, UncoveredSpan};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// A report that was read.
pub(super) struct Draft {
    /// The file itself: a link to it stays one.
    path: PathBuf,
    stamp: Stamp,
    lines: Vec<Line>,
    summary: Option<RunSummary>,
    autosave: Autosave,
    /// What an earlier run left unsaved.
    offered: Vec<Edit>,
    /// Number of the latest change of any line.
    latest: u64,
}

/// One line, as it is saved and as it is now.
pub(super) struct Line {
    saved: Arc<FileReport>,
    /// The same as `saved` while there is nothing to save.
    pub(super) now: Arc<FileReport>,
    /// How often it was changed in this run: two windows must not undo each other's work.
    pub(super) revision: u32,
    /// [`Draft::latest`] when it was changed last.
    pub(super) changed_at: u64,
    /// The report's lines as they were read.
    spans: Vec<UncoveredSpan>,
    /// What the output has covered; `None` if that is not what the report said when it was read.
    covered: Option<Vec<ReportRegion>>,
}

impl Line {
    fn new(report: FileReport) -> Self {
        let saved = Arc::new(report);
        Self {
            now: Arc::clone(&saved),
            spans: saved.spans.clone(),
            covered: Some(saved.regions.clone()),
            revision: 0,
            changed_at: 0,
            saved,
        }
    }

    /// Whether there is something to save.
    pub(super) fn is_unsaved(&self) -> bool {
        !Arc::ptr_eq(&self.saved, &self.now)
    }

    /// Whether the output shows something else than the line says.
    pub(super) fn is_outdated(&self) -> bool {
        self.covered.as_ref() != Some(&self.now.regions)
    }

    /// The line with what a person made of it.
    fn edited(&self, regions: Vec<ReportRegion>, reviewed: bool) -> FileReport {
        let mut report = FileReport::clone(&self.saved);
        report.regions = regions;
        report.reviewed = reviewed;
        let spans = self.spans.iter().filter(|span| !is_covered(span, &report));
        report.spans = spans.cloned().collect();
        // What a person drew is to be covered, and `apply` leaves out what was left alone.
        if !report.regions.is_empty()
            && matches!(report.outcome, Outcome::NoFaces | Outcome::Skipped)
        {
            report.outcome = Outcome::Redacted;
        }
        report
    }
}

/// Whether the middle of a span's box lies in a region in each of its frames.
fn is_covered(span: &UncoveredSpan, report: &FileReport) -> bool {
    let [x, y, w, h] = span.area;
    let middle = [x + w / 2.0, y + h / 2.0];
    let over =
        |r: &&ReportRegion| (0..2).all(|i| (0.0..r.area[i + 2]).contains(&(middle[i] - r.area[i])));
    let mut runs: Vec<[usize; 2]> = report
        .regions
        .iter()
        .filter(over)
        .map(|r| r.frames.unwrap_or([0, usize::MAX]))
        .collect();
    runs.sort_unstable();
    let mut next = span.first;
    for [first, last] in runs {
        if first <= next && last >= next {
            next = last.saturating_add(1);
        }
    }
    next > span.last
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

/// Why a change was not taken.
pub(super) enum Refused {
    /// Somebody else changed it meanwhile.
    Stale(String),
    /// It is no report any more.
    Wrong(anyhow::Error),
    /// The file could not be written.
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
        Ok(Self {
            lines: files.into_iter().map(Line::new).collect(),
            autosave: Autosave::beside(&real),
            offered: Vec::new(),
            latest: 0,
            path: real,
            stamp,
            summary,
        })
    }

    /// Reads what an earlier run left unsaved, for the page to offer.
    ///
    /// # Errors
    /// If there is something that cannot be read.
    pub(super) fn read_unsaved(&mut self) -> Result<()> {
        let mut edits = self.autosave.read()?;
        edits.retain(|edit| {
            let line = self.lines.iter().find(|line| edit.fits(&line.saved));
            line.is_some_and(|line| line.edited(edit.regions.clone(), edit.reviewed) != *line.saved)
        });
        self.offered = edits;
        Ok(())
    }

    /// Notes which lines were edited after their outputs were written.
    pub(super) fn mark_edited(&mut self, is_edited: impl Fn(&FileReport) -> bool) {
        for line in self.lines.iter_mut().filter(|l| is_edited(&l.saved)) {
            line.covered = None;
        }
    }

    /// The files, in the order of the report.
    pub(super) fn lines(&self) -> impl ExactSizeIterator<Item = &FileReport> {
        self.lines.iter().map(|line| line.now.as_ref())
    }

    /// The same with what is known of them.
    pub(super) fn all(&self) -> &[Line] {
        &self.lines
    }

    /// Number of the latest change.
    pub(super) const fn latest(&self) -> u64 {
        self.latest
    }

    /// The run that wrote it, if it came to its end.
    pub(super) const fn summary(&self) -> Option<&RunSummary> {
        self.summary.as_ref()
    }

    /// A line and how often it was changed.
    pub(super) fn line(&self, id: usize) -> Option<(Arc<FileReport>, u32)> {
        let line = self.lines.get(id)?;
        Some((Arc::clone(&line.now), line.revision))
    }

    /// A line as it is now, with all spans of the report: those that are covered may be open
    /// again after the next edit.
    pub(super) fn with_all_spans(&self, id: usize) -> Option<FileReport> {
        let line = self.lines.get(id)?;
        let mut report = FileReport::clone(&line.now);
        report.spans.clone_from(&line.spans);
        Some(report)
    }

    /// A line as the report has it.
    pub(super) fn saved(&self, id: usize) -> Option<Arc<FileReport>> {
        Some(Arc::clone(&self.lines.get(id)?.saved))
    }

    /// Pictures whose unsaved changes of an earlier run are offered, and how many of them were made
    /// on another version of their line.
    pub(super) fn offered(&self) -> (usize, usize) {
        let is_old = |edit: &&Edit| {
            !self
                .lines
                .iter()
                .any(|l| edit.fits(&l.saved) && edit.is_of(&l.saved))
        };
        (
            self.offered.len(),
            self.offered.iter().filter(is_old).count(),
        )
    }

    /// Takes over what an earlier run left unsaved, or gives it up.
    ///
    /// # Errors
    /// If a change does not fit any more.
    pub(super) fn settle_offer(&mut self, take: bool) -> Result<(), Refused> {
        let offered = std::mem::take(&mut self.offered);
        if !take {
            // What was changed since stays.
            self.autosave.clear();
            return self.keep_unsaved();
        }
        let find = |edit: &Edit| self.lines.iter().position(|l| edit.fits(&l.saved));
        let changes: Vec<Change> = offered
            .into_iter()
            .filter_map(|edit| {
                let id = find(&edit)?;
                Some(Change {
                    id,
                    revision: self.lines[id].revision,
                    regions: edit.regions,
                    reviewed: edit.reviewed,
                })
            })
            .collect();
        self.edit(changes).map(|_| ())
    }

    fn keep_unsaved(&mut self) -> Result<(), Refused> {
        let unsaved = self.lines.iter().filter(|line| line.is_unsaved());
        let edits: Vec<Edit> = unsaved
            .map(|l| Edit::new(&l.saved, l.now.regions.clone(), l.now.reviewed))
            .collect();
        match edits.is_empty() {
            true => Ok(()),
            false => self.autosave.add(&edits).map_err(Refused::Unwritten),
        }
    }

    /// Takes changes and keeps them beside the report; gives the new revisions in their order.
    ///
    /// # Errors
    /// All lines are as they were then.
    pub(super) fn edit(&mut self, changes: Vec<Change>) -> Result<Vec<u32>, Refused> {
        let mut edits = Vec::with_capacity(changes.len());
        let mut changed: Vec<(usize, FileReport)> = Vec::with_capacity(changes.len());
        for change in changes {
            let Some(line) = self.lines.get(change.id) else {
                return Err(Refused::Stale("the report has no such line".into()));
            };
            if line.revision != change.revision || changed.iter().any(|(id, _)| *id == change.id) {
                let message = format!(
                    "{} was changed in another window",
                    show::text(&line.saved.input)
                );
                return Err(Refused::Stale(message));
            }
            let report = line.edited(change.regions, change.reviewed);
            check(&report).map_err(Refused::Wrong)?;
            let regions = report.regions.clone();
            edits.push(Edit::new(&line.saved, regions, report.reviewed));
            changed.push((change.id, report));
        }
        if edits.is_empty() {
            return Ok(Vec::new());
        }
        self.autosave.add(&edits).map_err(Refused::Unwritten)?;
        self.latest += 1;
        let mut revisions = Vec::with_capacity(changed.len());
        for (id, report) in changed {
            let line = &mut self.lines[id];
            line.now = match report == *line.saved {
                true => Arc::clone(&line.saved),
                false => Arc::new(report),
            };
            line.revision += 1;
            line.changed_at = self.latest;
            revisions.push(line.revision);
        }
        Ok(revisions)
    }

    /// Takes changes, writes the report with all that is not saved, and gives the new revisions of
    /// these.
    ///
    /// # Errors
    /// The file is as it was then.
    pub(super) fn save(
        &mut self,
        changes: Vec<Change>,
        interrupt: &Interrupt,
    ) -> Result<Vec<u32>, Refused> {
        if Stamp::of(&self.path).ok().as_ref() != Some(&self.stamp) {
            // Kept beside it, if they can be.
            let _ = self.edit(changes);
            let message = "the report was changed by another program since it was read; nothing was saved. \
                           What you changed is kept beside it: start `faceveil review` anew, and it is offered";
            return Err(Refused::Stale(message.into()));
        }
        let revisions = self.edit(changes)?;
        if !self.lines.iter().any(Line::is_unsaved) {
            self.autosave.clear();
            return Ok(revisions);
        }
        self.write(|line| &line.now, interrupt)?;
        self.latest += 1;
        for line in self.lines.iter_mut().filter(|line| line.is_unsaved()) {
            line.saved = Arc::clone(&line.now);
            line.changed_at = self.latest;
        }
        if self.offered.is_empty() {
            self.autosave.clear();
        }
        Ok(revisions)
    }

    /// A line of the report by the name of its input, if only one has it.
    pub(super) fn saved_named(&self, input: &str) -> Option<(usize, Arc<FileReport>)> {
        let mut all = self.lines.iter().enumerate();
        let (id, line) = all.find(|(_, line)| line.saved.input == input)?;
        Some((id, Arc::clone(&line.saved)))
    }

    /// Puts lines about outputs that were just written in the place of those that said what to
    /// cover. What was changed meanwhile stays to be saved.
    ///
    /// # Errors
    /// The file is as it was then.
    pub(super) fn replace_applied(
        &mut self,
        lines: Vec<(usize, FileReport)>,
        interrupt: &Interrupt,
    ) -> Result<(), Refused> {
        if lines.is_empty() {
            return Ok(());
        }
        self.latest += 1;
        for (id, report) in lines {
            let Some(line) = self.lines.get_mut(id) else {
                continue;
            };
            let edited = (line.now.regions.clone(), line.now.reviewed);
            let is_unsaved = line.is_unsaved();
            line.covered = Some(report.regions.clone());
            line.saved = Arc::new(report);
            line.now = match is_unsaved {
                true => Arc::new(line.edited(edited.0, edited.1)),
                false => Arc::clone(&line.saved),
            };
            line.revision += 1;
            line.changed_at = self.latest;
        }
        if Stamp::of(&self.path).ok().as_ref() != Some(&self.stamp) {
            return Err(Refused::Stale(
                "the report was changed by another program meanwhile".into(),
            ));
        }
        self.write(|line| &line.saved, interrupt)
    }

    /// Replaces the file by one version of each line.
    fn write(
        &mut self,
        version: fn(&Line) -> &Arc<FileReport>,
        interrupt: &Interrupt,
    ) -> Result<(), Refused> {
        let bytes = self.bytes(version).map_err(Refused::Unwritten)?;
        write::atomically(
            &self.path,
            &bytes,
            write::Existing::ReplaceInPlace,
            interrupt,
        )
        .context("writing the report")
        .map_err(Refused::Unwritten)?;
        if let Ok(stamp) = Stamp::of(&self.path) {
            self.stamp = stamp;
        }
        Ok(())
    }

    /// The whole file.
    fn bytes(&self, version: fn(&Line) -> &Arc<FileReport>) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for line in &self.lines {
            serde_json::to_writer(&mut bytes, version(line).as_ref())?;
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
    let mut reader = faceveil::report::read_report(text.as_slice());
    let read = reader.next().context("an empty line")?;
    let read = read.with_context(|| show::text(&line.input))?;
    ensure!(
        read == *line,
        "the line reads otherwise than it was written"
    );
    Ok(())
}
