//! The audit: what was done to which bytes with what, for whoever must account for it later. JSON
//! lines, each handed to the system as soon as it is known: first the program, its models and
//! settings, then a line per file, whatever became of it, and at the end the counts and the exit
//! code. One that has no such end belongs to a run that was cut off. Runs that are given the same
//! file follow one another.
//!
//! Invariant: nothing is written over and nothing but an audit is added to, and no absolute path is
//! in it.

use super::report_file::open;
use crate::cli::files::access::Access;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::show;
use anyhow::{Context, Result};
use faceveil::FileReport;
use faceveil::report::RunSummary;
use jiff::{Timestamp, Unit};
use serde::Serialize;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::SystemTime;

/// How every line begins.
const BEGINNING: &[u8] = b"{\"audit\":";

/// An open audit.
pub(crate) struct Audit(Option<File>);

/// The first line.
#[derive(Serialize)]
struct Head<'a> {
    audit: u32,
    program: &'a str,
    version: &'a str,
    started: String,
    models: Value,
    settings: &'a Value,
}

/// A file's line.
#[derive(Serialize)]
struct FileEntry<'a> {
    audit: u32,
    input: &'a str,
    output: Option<&'a str>,
    outcome: faceveil::report::Outcome,
    up_to_date: bool,
    sha256: Option<faceveil::report::FileDigests>,
    faces: usize,
    regions: usize,
    open_spans: usize,
    style: Option<&'a faceveil::report::ReportStyle>,
    /// Of `verify`; `null` where the output was not verified.
    verdict: Option<faceveil::report::Verdict>,
    findings: usize,
    warnings: &'a [String],
    error: Option<&'a str>,
}

/// The last line.
#[derive(Serialize)]
struct End<'a> {
    audit: u32,
    summary: &'a RunSummary,
    ended: String,
    exit: u8,
}

const SHAPE: u32 = 1;

impl Audit {
    /// Opens the file of an audit, if one is asked for, so that no other run can.
    ///
    /// # Errors
    /// If it cannot be made, holds something else, or another run writes to it.
    pub(crate) fn open(path: Option<&Path>, access: Access) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self(None));
        };
        let opening = || format!("opening the audit {}", show::path(path));
        let mut file = open(path, BEGINNING, "audit", access).with_context(opening)?;
        if is_cut_off(path) {
            file.write_all(b"\n").with_context(opening)?;
        }
        Ok(Self(Some(file)))
    }

    /// Begins this run's part of it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn begin(&mut self, program: &str, models: Value, settings: &Value) -> Result<()> {
        self.write(&Head {
            audit: SHAPE,
            program,
            version: env!("CARGO_PKG_VERSION"),
            started: time(SystemTime::now()),
            models,
            settings,
        })
    }

    /// Adds a file. `faces`: how many of them, whichever line lists them.
    ///
    /// # Errors
    /// If it cannot be written; nothing is written after that.
    pub(crate) fn write_file(
        &mut self,
        about: &FileReport,
        faces: usize,
        up_to_date: bool,
    ) -> Result<()> {
        self.write(&FileEntry {
            audit: SHAPE,
            input: &about.input,
            output: about.output.as_deref(),
            outcome: about.outcome,
            up_to_date,
            sha256: about.sha256,
            faces,
            regions: about.regions.len(),
            open_spans: about.spans.len(),
            style: about.style.as_ref(),
            verdict: about.verify.as_ref().map(|v| v.verdict),
            findings: about.verify.as_ref().map_or(0, |v| v.findings.len()),
            warnings: &about.warnings,
            error: about.error.as_deref(),
        })
    }

    /// Ends it.
    ///
    /// # Errors
    /// As [`Audit::write_file`]; also if the system cannot bring it to the disk.
    pub(crate) fn end(&mut self, summary: &RunSummary, exit: Exit) -> Result<()> {
        self.write(&End {
            audit: SHAPE,
            summary,
            ended: time(SystemTime::now()),
            exit: exit as u8,
        })?;
        match &self.0 {
            Some(file) => file.sync_all().context("writing the audit"),
            None => Ok(()),
        }
    }

    fn write(&mut self, line: &impl Serialize) -> Result<()> {
        let Some(file) = &mut self.0 else {
            return Ok(());
        };
        let mut bytes = serde_json::to_vec(line).context("writing the audit")?;
        bytes.push(b'\n');
        let written = file.write_all(&bytes);
        if written.is_err() {
            self.0 = None;
        }
        written.context("writing the audit")
    }
}

/// Whether the last line has no end, as a run leaves it that was killed.
fn is_cut_off(path: &Path) -> bool {
    let last = || -> std::io::Result<Option<u8>> {
        let mut file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(None);
        }
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        Ok(Some(last[0]))
    };
    let is_file = path.metadata().is_ok_and(|m| m.is_file());
    is_file && last().is_ok_and(|last| last.is_some_and(|last| last != b'\n'))
}

/// A settings value without the models, which have a place of their own.
pub(crate) fn without_models(mut settings: Value) -> (Value, Value) {
    let models = match &mut settings {
        Value::Object(all) => all.remove("models"),
        _ => None,
    };
    (settings, models.unwrap_or_else(|| json!([])))
}

/// `2026-11-25T02:10:00Z`.
fn time(at: SystemTime) -> String {
    let time = Timestamp::try_from(at).unwrap_or_default();
    format!("{:.0}", time.round(Unit::Second).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn times_are_those_of_the_calendar() {
        let at = |seconds| time(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00Z");
        assert_eq!(at(1_767_225_599), "2025-12-31T23:59:59Z");
    }

    #[test]
    fn an_audit_is_added_to_and_nothing_else_is() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.jsonl");
        let open = || Audit::open(Some(&path), Access::ORDINARY);
        std::fs::write(&path, "{\"schema\":1,").expect("written");
        assert!(open().is_err());
        // A run that was killed in the middle of a line.
        std::fs::write(&path, "{\"audit\":1,\"inp").expect("written");
        for _ in 0..2 {
            let mut audit = open().expect("opened");
            assert!(open().is_err(), "another run writes to it");
            audit
                .begin("faceveil blur", json!([]), &json!({}))
                .expect("written");
            audit
                .end(&RunSummary::default(), Exit::SomeFailed)
                .expect("written");
        }
        let text = std::fs::read_to_string(&path).expect("there");
        assert_eq!(text.lines().count(), 5);
        assert!(text.starts_with("{\"audit\":1,\"inp\n"));
        assert!(text.ends_with("\"exit\":1}\n"), "{text}");
    }
}
