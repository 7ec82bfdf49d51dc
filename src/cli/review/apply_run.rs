//! Applies the report from the page: a child of the same program does what the command on the page
//! says, and its report takes the place of the lines that it covered.
//!
//! Invariant: one run at a time, and a line is replaced only by one about the same picture that was
//! written.

use super::cache::lock;
use super::command::STICKER;
use super::draft::{Draft, Refused};
use crate::cli::report::report_file;
use crate::cli::run::batch;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show;
use anyhow::{Context, Result, bail, ensure};
use faceveil::FileReport;
use faceveil::report::Verdict;
use serde::Serialize;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the child's report is looked at.
const LOOK: Duration = Duration::from_millis(150);
/// Lines of what the child says that are shown.
const MOST_SAID: usize = 12;

/// How a run stands, as the page receives it.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Progress {
    /// How many runs were begun.
    pub(super) number: u32,
    pub(super) running: bool,
    /// Files that are dealt with.
    done: usize,
    of: usize,
    /// What became of those that were written anew.
    results: Vec<Outcome>,
    /// Files that were right as they were.
    unchanged: usize,
    /// What kept it from running or ending.
    message: Option<String>,
}

/// What became of a file.
#[derive(Clone, Debug, Serialize)]
struct Outcome {
    id: usize,
    name: String,
    /// Whether its output is a new one.
    written: bool,
    /// `passed`, `found`, `not-checked` or `failed`.
    verdict: &'static str,
    /// Why, if it is no pass.
    why: String,
}

/// The run that was begun last.
#[derive(Debug, Default)]
pub(super) struct ApplyRun {
    progress: Mutex<Progress>,
    /// Whether it is still to be started.
    requested: AtomicBool,
}

impl ApplyRun {
    /// How it stands.
    pub(super) fn progress(&self) -> Progress {
        lock(&self.progress).clone()
    }

    /// Asks for a run, unless one is going on.
    pub(super) fn request(&self, files: usize) {
        let mut progress = lock(&self.progress);
        if progress.running {
            return;
        }
        *progress = Progress {
            number: progress.number + 1,
            running: true,
            of: files,
            ..Progress::default()
        };
        self.requested.store(true, Ordering::Release);
    }

    /// Whether a run was asked for since the last call.
    pub(super) fn take_request(&self) -> bool {
        self.requested.swap(false, Ordering::AcqRel)
    }

    /// Runs `faceveil` with these arguments, which write `report`, and takes over what it wrote.
    pub(super) fn run(
        &self,
        arguments: &[OsString],
        report: &Path,
        draft: &Mutex<Draft>,
        interrupt: &Interrupt,
    ) {
        let ran = self.try_run(arguments, report, draft, interrupt);
        let _ = fs::remove_file(report);
        let mut progress = lock(&self.progress);
        progress.running = false;
        match ran {
            Ok((results, unchanged)) => {
                progress.results = results;
                progress.unchanged = unchanged;
            }
            Err(why) => progress.message = Some(show::chain(&why)),
        }
    }

    fn try_run(
        &self,
        arguments: &[OsString],
        report: &Path,
        draft: &Mutex<Draft>,
        interrupt: &Interrupt,
    ) -> Result<(Vec<Outcome>, usize)> {
        ensure!(
            !arguments.iter().any(|a| a == STICKER),
            "the faces are covered by a sticker, and the report does not say where it is: run the \
             command in a terminal, with its path in place of {STICKER}"
        );
        let _ = fs::remove_file(report);
        let mut child = start(arguments)?;
        let said = child.stderr.take().map(|stderr| {
            batch::worker(0).spawn(move || {
                let lines = BufReader::new(stderr.take(1 << 20)).lines();
                lines.map_while(Result::ok).collect::<Vec<String>>()
            })
        });
        let status = loop {
            if let Some(status) = child.try_wait().context("waiting for `faceveil apply`")? {
                break status;
            }
            if interrupt.requested() {
                // It heard the signal as well, or its pipe breaks.
                let _ = child.kill();
            }
            let done = lines_of(report);
            lock(&self.progress).done = done;
            std::thread::sleep(LOOK);
        };
        let said = said
            .and_then(Result::ok)
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default();
        // Some files may have failed, and some findings be there: the report says which.
        if !matches!(status.code(), Some(0 | 1 | 3)) {
            let last = said.len().saturating_sub(MOST_SAID);
            let last: Vec<String> = said[last..].iter().map(|line| show::text(line)).collect();
            bail!("`faceveil apply` ended early: {}", last.join("; "));
        }
        let (lines, _) = report_file::read(report.as_os_str())?;
        lock(&self.progress).done = lines.len();
        take_over(lines, draft, interrupt)
    }
}

fn start(arguments: &[OsString]) -> Result<Child> {
    let program = std::env::current_exe().context("looking for this program")?;
    Command::new(program)
        .args(arguments)
        .args(["--verify", "--progress", "never", "--log", "text"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting `faceveil apply`")
}

/// Whole lines that a report has so far.
fn lines_of(report: &Path) -> usize {
    let mut bytes = Vec::new();
    match fs::File::open(report).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Ok(_) => bytes.iter().filter(|b| **b == b'\n').count(),
        Err(_) => 0,
    }
}

/// Puts the lines of files that were written in the place of those that said what to cover.
fn take_over(
    lines: Vec<FileReport>,
    draft: &Mutex<Draft>,
    interrupt: &Interrupt,
) -> Result<(Vec<Outcome>, usize)> {
    let mut draft = lock(draft);
    let (mut results, mut unchanged) = (Vec::new(), 0);
    let mut written = Vec::new();
    for line in lines {
        let Some((id, old)) = draft.saved_named(&line.input) else {
            continue;
        };
        let outputs = [&line, &old].map(|l| l.sha256.and_then(|hashes| hashes.output));
        let is_kept = line.error.is_none() && outputs[0] == outputs[1];
        unchanged += usize::from(is_kept);
        let (verdict, why) = verdict(&line);
        // An output that was right stays out of the list, unless it was not verified before and is
        // not.
        if !is_kept || (line.verify != old.verify && verdict != "passed") {
            results.push(Outcome {
                id,
                name: line.input.clone(),
                written: !is_kept && line.error.is_none(),
                verdict,
                why,
            });
        }
        if is_kept && line.verify == old.verify {
            continue;
        }
        if line.error.is_none() && outputs[0].is_some() {
            written.push((id, line));
        }
    }
    match draft.replace_applied(written, interrupt) {
        Ok(()) => Ok((results, unchanged)),
        Err(Refused::Stale(why)) => bail!(
            "the outputs were written, but {why}. The new report was given up; run the command in \
             a terminal"
        ),
        Err(Refused::Wrong(why) | Refused::Unwritten(why)) => Err(why),
    }
}

fn verdict(line: &FileReport) -> (&'static str, String) {
    if let Some(error) = &line.error {
        return ("failed", error.clone());
    }
    let Some(verify) = &line.verify else {
        return ("not-checked", "verify did not run".into());
    };
    let reasons: Vec<&str> = verify.findings.iter().map(|f| f.reason.as_str()).collect();
    let name = match verify.verdict {
        Verdict::Passed => "passed",
        Verdict::Found => "found",
        _ => "not-checked",
    };
    (name, reasons.join("; "))
}

/// Where the child's report goes: beside the report, and removed afterwards.
pub(super) fn report_beside(report: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(report.file_name().unwrap_or_default());
    name.push(format!(".{}.applying", std::process::id()));
    report.with_file_name(name)
}
