//! The report and the audit of a run, written as files end.
//!
//! Invariant: a line that was lost is remembered, and shows in the exit code.

use super::job::Done;
use super::summary;
use crate::cli::plan::outputs::Planned;
use crate::cli::report::audit::Audit;
use crate::cli::report::earlier_lines::EarlierLines;
use crate::cli::report::report_file::Report;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::show;
use crate::cli::ui::terminal::Terminal;
use anyhow::Result;
use faceveil::report::RunSummary;

/// Where a run says what it does, besides the terminal.
pub(crate) struct RunLog {
    report: Report,
    audit: Audit,
    is_torn: bool,
}

impl RunLog {
    /// Of an open report and audit.
    pub(crate) fn new(report: Report, audit: Audit) -> Self {
        Self {
            report,
            audit,
            is_torn: false,
        }
    }

    /// Whether a line was lost.
    pub(crate) fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Adds a file.
    pub(crate) fn write_file(&mut self, done: &Done, terminal: &Terminal) {
        let (report, faces) = (&done.report, summary::faces(&done.report));
        let written = self.report.write_file(report);
        self.check(terminal, written);
        let up_to_date = done.up_to_date.is_some();
        let written = self.audit.write_file(report, faces, up_to_date);
        self.check(terminal, written);
    }

    /// Keeps in the report what earlier runs wrote of files that this run did not come to.
    pub(crate) fn keep_lines(
        &mut self,
        not_started: &[Planned],
        earlier: &EarlierLines,
        terminal: &Terminal,
    ) {
        for planned in not_started {
            if let Some(line) = earlier.line(&planned.report_name()) {
                let written = self.report.write_file(line);
                self.check(terminal, written);
            }
        }
    }

    /// Leaves one line of each file in the report, its last one, and those of earlier runs.
    pub(crate) fn compact(&mut self, terminal: &Terminal) {
        let done = self.report.compact();
        self.check(terminal, done);
    }

    /// Ends the report.
    pub(crate) fn end_report(&mut self, run: &RunSummary, terminal: &Terminal) {
        let written = self.report.write_summary(run);
        self.check(terminal, written);
    }

    /// Ends the audit.
    pub(crate) fn end_audit(&mut self, run: &RunSummary, exit: Exit, terminal: &Terminal) {
        let written = self.audit.end(run, exit);
        self.check(terminal, written);
    }

    fn check(&mut self, terminal: &Terminal, written: Result<()>) {
        if let Err(why) = written {
            terminal.error(show::chain(&why));
            self.is_torn = true;
        }
    }
}
