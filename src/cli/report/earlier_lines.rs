//! The lines of the report that a run is about to write anew: those of files that need not be done
//! again are taken over, and none is lost on the way.
//!
//! Invariant: a readable line of the report is in it, or in the hidden file beside it, at every
//! moment; a line that cannot be read is kept in a file of its own.

use crate::cli::files::access::Access;
use crate::cli::files::shard::Shard;
use crate::cli::files::write::{Existing, NewFile};
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show::{self, count};
use anyhow::{Context, Result};
use faceveil::FileReport;
use faceveil::report::read_report;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is added to a report's name for the lines that cannot be read.
const DAMAGED: &str = ".damaged";

/// What earlier runs wrote.
#[derive(Debug, Default)]
pub(crate) struct EarlierLines {
    lines: BTreeMap<String, FileReport>,
    /// Lines that cannot be read.
    damaged: Vec<Vec<u8>>,
}

impl EarlierLines {
    /// Of a report, which may not be there, and of the one before it, if a run was killed before it
    /// had written as many lines; and of the reports of runs with other shards.
    pub(crate) fn read(report: &Path, shard: Option<Shard>) -> Self {
        let mut all = Self::default();
        for other in Shard::other_paths(shard, report) {
            all.add(&saved_beside(&other), false);
            all.add(&other, false);
        }
        if let Some(shard) = shard {
            all.lines.retain(|name, _| shard.takes(name));
        }
        if report.metadata().is_ok_and(|m| m.is_file()) {
            all.add(&saved_beside(report), false);
            all.add(report, true);
        }
        all
    }

    fn add(&mut self, report: &Path, keeps_damaged: bool) {
        let Ok(bytes) = fs::read(report) else { return };
        let lines = bytes.split(|b| *b == b'\n');
        for line in lines.filter(|l| !l.iter().all(u8::is_ascii_whitespace)) {
            for read in read_report(line) {
                match read {
                    // A run that was stopped fails files whose outputs stand as they were.
                    Ok(line) if line.error.is_some() && self.lines.contains_key(&line.input) => {}
                    Ok(line) => {
                        self.lines.insert(line.input.clone(), line);
                    }
                    Err(_) if keeps_damaged => self.damaged.push(line.to_owned()),
                    Err(_) => {}
                }
            }
        }
    }

    /// The line of an input.
    pub(crate) fn line(&self, input: &str) -> Option<&FileReport> {
        self.lines.get(input)
    }

    /// All lines that can be read, by their inputs' names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &FileReport> {
        self.lines.values()
    }

    /// A sentence about lines that cannot be read.
    pub(crate) fn notice_of_damaged(&self, report: &Path) -> Option<String> {
        let n = self.damaged.len();
        (n > 0).then(|| {
            format!(
                "{} of {} cannot be read; kept in {}, and the files are done again",
                count(n, "line"),
                show::path(report),
                show::path(&damaged_beside(report))
            )
        })
    }

    /// Writes all lines into files beside the report, which is about to be emptied.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(super) fn save_beside(
        &self,
        report: &Path,
        access: Access,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let keeping = || format!("keeping the lines of {}", show::path(report));
        if !self.damaged.is_empty() {
            let mut options = fs::File::options();
            let options = options.append(true).create(true);
            let mut file = access
                .open(options, &damaged_beside(report))
                .with_context(keeping)?;
            for line in &self.damaged {
                file.write_all(line).with_context(keeping)?;
                file.write_all(b"\n").with_context(keeping)?;
            }
            file.sync_all().with_context(keeping)?;
        }
        if self.lines.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        for line in self.all() {
            serde_json::to_writer(&mut bytes, line).with_context(keeping)?;
            bytes.push(b'\n');
        }
        let file = NewFile {
            target: &saved_beside(report),
            existing: Existing::Replace,
            access,
            interrupt,
        };
        file.write(&bytes, |_| ()).with_context(keeping)
    }

    /// Removes what [`EarlierLines::save_beside`] wrote, but for lines that cannot be read.
    pub(super) fn forget_beside(report: &Path) {
        let _ = fs::remove_file(saved_beside(report));
    }
}

/// `r.jsonl` to `.r.jsonl.faceveil-before`.
fn saved_beside(report: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(report.file_name().unwrap_or_default());
    name.push(".faceveil-before");
    report.with_file_name(name)
}

/// `r.jsonl` to `r.jsonl.damaged`.
fn damaged_beside(report: &Path) -> PathBuf {
    let mut name = report.as_os_str().to_owned();
    name.push(DAMAGED);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::report::report_file::ReportTo;
    use faceveil::report::RunSummary;

    fn line(input: &str) -> FileReport {
        let mut line = FileReport::new("none");
        line.input = input.into();
        line
    }

    /// Writes a report of these inputs, and ends it or not.
    fn write(path: &Path, inputs: &[&str], ends: bool) {
        let earlier = EarlierLines::read(path, None);
        let opened = ReportTo::File(path.to_owned()).open(Access::ORDINARY);
        let mut report = opened.expect("opened");
        report
            .begin(&earlier, &Interrupt::default())
            .expect("begun");
        for input in inputs {
            report.write_file(&line(input)).expect("written");
        }
        if ends {
            report
                .write_summary(&RunSummary::default())
                .expect("written");
        }
    }

    #[test]
    fn a_killed_run_loses_no_line() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("r.jsonl");
        write(&path, &["a", "b", "c"], true);
        write(&path, &["a"], false);
        write(&path, &[], false);
        let names = |path| {
            let earlier = EarlierLines::read(path, None);
            let names = earlier.all().map(|l| l.input.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(&path), ["a", "b", "c"]);
        write(&path, &["a", "b"], true);
        assert_eq!(names(&path), ["a", "b"]);
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn damaged_lines_are_kept_aside() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("r.jsonl");
        write(&path, &["a", "b"], true);
        let text = fs::read_to_string(&path).expect("there");
        let damaged = text.replacen("\"b\"", "b", 1);
        assert_ne!(damaged, text);
        fs::write(&path, &damaged).expect("written");
        let notice = EarlierLines::read(&path, None).notice_of_damaged(&path);
        assert!(notice.is_some_and(|n| n.contains("1 line of") && n.contains("r.jsonl.damaged")));
        write(&path, &["a", "b"], true);
        let kept = fs::read_to_string(damaged_beside(&path)).expect("kept");
        assert_eq!(Some(kept.trim_end()), damaged.lines().nth(1));
        assert_eq!(
            EarlierLines::read(&path, None).notice_of_damaged(&path),
            None
        );
    }
}
