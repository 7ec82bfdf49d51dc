//! Counts what happened, and says it in one line at the end.

use super::config::{Config, Faces};
use crate::cli::plan::task::Task;
use crate::cli::ui::show::{self, count};
use faceveil::report::{Outcome, RunSummary, ShardSummary, Verdict};
use faceveil::{FileReport, Subject};
use std::time::Duration;

/// What happened so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Photos that ended, in whatever way.
    pub(crate) files: usize,
    /// Outputs.
    pub(crate) written: usize,
    /// Faces in all of them.
    pub(crate) faces: usize,
    /// Lines of writing in all of them.
    pub(crate) writing: usize,
    /// What a network of the user's own found in all of them.
    pub(crate) objects: usize,
    /// Photos that were looked at and have none.
    pub(crate) without_faces: usize,
    /// Photos that failed.
    pub(crate) failed: usize,
    /// Photos that were left alone.
    pub(crate) skipped: usize,
    /// Photos that needed nothing.
    pub(crate) up_to_date: usize,
    /// Photos that were not reached.
    pub(crate) not_started: usize,
    /// Spans of videos in which a face may show.
    pub(crate) open_spans: usize,
    /// Those of them that nobody has looked at in the review.
    pub(crate) to_look_at: usize,
    /// Bytes of the files that were written anew, and of their outputs.
    pub(crate) bytes: Sizes,
    /// Outputs that `--verify` let pass.
    pub(crate) passed: usize,
    /// Outputs in which it found something.
    pub(crate) found: usize,
    /// Outputs that it could not check.
    pub(crate) not_checked: usize,
    /// What ran the networks.
    pub(crate) engine: Option<String>,
}

/// Bytes of sources and of the outputs that were made of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) sources: u64,
    pub(crate) outputs: u64,
}

impl Summary {
    /// Counts a photo that was there already, and is right.
    pub(crate) fn add_up_to_date(&mut self, open_spans: usize, is_reviewed: bool) {
        self.to_look_at += if is_reviewed { 0 } else { open_spans };
        self.files += 1;
        self.up_to_date += 1;
        self.open_spans += open_spans;
    }

    /// Counts a photo.
    pub(crate) fn add(&mut self, report: &FileReport) {
        self.files += 1;
        self.written += usize::from(report.output.is_some());
        self.faces += faces(report);
        self.writing += writing(report);
        self.objects += objects(report);
        self.open_spans += report.spans.len();
        self.to_look_at += if report.reviewed {
            0
        } else {
            report.spans_to_look_at()
        };
        match report.outcome {
            Outcome::Failed => self.failed += 1,
            Outcome::Skipped => self.skipped += 1,
            _ => self.without_faces += usize::from(faces(report) == 0),
        }
    }

    /// Counts the bytes of an output and of what it was made from.
    pub(crate) fn add_sizes(&mut self, sizes: Sizes) {
        self.bytes.sources += sizes.sources;
        self.bytes.outputs += sizes.outputs;
    }

    /// Counts what `--verify` made of an output.
    pub(crate) fn add_verdict(&mut self, report: &FileReport) {
        if let Some(seen) = &report.verify {
            *match seen.verdict {
                Verdict::Passed => &mut self.passed,
                Verdict::Found => &mut self.found,
                _ => &mut self.not_checked,
            } += 1;
        }
    }

    /// All of it, for the report.
    pub(crate) fn run_summary(
        &self,
        config: &Config,
        interrupted: bool,
        took: Duration,
    ) -> RunSummary {
        let mut run = RunSummary::default();
        run.program = program(config).to_owned();
        run.version = env!("CARGO_PKG_VERSION").to_owned();
        run.engine.clone_from(&self.engine);
        run.files = self.files;
        run.written = self.written;
        run.faces = self.faces;
        run.without_faces = self.without_faces;
        run.failed = self.failed;
        run.skipped = self.skipped;
        run.up_to_date = self.up_to_date;
        run.not_started = self.not_started;
        run.open_spans = self.open_spans;
        run.bytes_in = self.bytes.sources;
        run.bytes_out = self.bytes.outputs;
        run.interrupted = interrupted;
        run.left_alone.clone_from(&config.left_alone.other);
        run.shard = config.shard.map(|shard| {
            let mut part = ShardSummary::default();
            part.index = shard.index();
            part.count = shard.count();
            part.listed = config.listed;
            part.complete = self.not_started == 0 && !interrupted;
            part
        });
        run.seconds = (took.as_secs_f64() * 1e3).round() / 1e3;
        run
    }

    /// All of it.
    pub(crate) fn sentence(&self, config: &Config, took: Duration) -> String {
        let mut parts = vec![count(self.files, "file")];
        if matches!(config.task, Task::Blur { .. }) {
            parts.push(format!("{} written", self.written));
        }
        if self.up_to_date > 0 {
            parts.push(format!("{} up to date", self.up_to_date));
        }
        if let Faces::Find { detector, .. } = &config.faces {
            if detector.cover.faces {
                parts.push(count(self.faces, "face"));
                parts.push(format!("{} without faces", self.without_faces));
            }
            if detector.cover.writing.is_some() {
                parts.push(count(self.writing, "line") + " of writing");
            }
            if detector.objects.is_some() {
                parts.push(count(self.objects, "object"));
            }
        }
        parts.push(format!("{} failed", self.failed));
        if self.skipped > 0 {
            parts.push(format!("{} skipped", self.skipped));
        }
        if config.verify.is_some() {
            parts.push(format!(
                "{} verified, {} to look at",
                self.passed, self.found
            ));
            if self.not_checked > 0 {
                parts.push(format!("{} not checked", self.not_checked));
            }
        }
        if self.not_started > 0 {
            parts.push(format!("stopped with {} not started", self.not_started));
        }
        let mut sentence = format!("{} in {:.1} s", parts.join(", "), took.as_secs_f64());
        if let Some(engine) = &self.engine {
            sentence += &format!(" ({engine})");
        }
        if self.bytes != Sizes::default() {
            let [from, to] = [self.bytes.sources, self.bytes.outputs].map(show::bytes);
            sentence += &format!("; {from} became {to}");
        }
        sentence += &config.left_alone.sentence();
        if let Some(shard) = config.shard {
            let of = count(config.listed, "file");
            sentence += &format!("; shard {shard} of {of}");
            if let Some(report) = config.report.path() {
                sentence += &format!(", report {}", show::path(report));
            }
        }
        sentence
    }
}

/// What runs.
pub(crate) fn program(config: &Config) -> &'static str {
    match (config.task, &config.faces) {
        (_, Faces::FromReport(_)) => "faceveil apply",
        (Task::Detect, _) => "faceveil detect",
        (Task::DryRun { .. }, _) => "faceveil blur --dry-run",
        (Task::Blur { .. }, _) => "faceveil blur",
    }
}

/// Faces of a photo; of a video, how many were followed.
pub(crate) fn faces(report: &FileReport) -> usize {
    found(report, |subject| *subject == Subject::Face)
}

/// Lines of writing, in the same way.
pub(crate) fn writing(report: &FileReport) -> usize {
    found(report, |subject| *subject == Subject::Text)
}

/// What a network of the user's own found.
pub(crate) fn objects(report: &FileReport) -> usize {
    found(report, Subject::is_object)
}

fn found(report: &FileReport, counts: impl Fn(&Subject) -> bool) -> usize {
    let tracks = report.tracks.iter().map(|track| &track.subject);
    let faces = report.faces.iter().map(|face| &face.subject);
    match report.backend {
        Some(_) => tracks.filter(|subject| counts(subject)).count(),
        None => faces.filter(|subject| counts(subject)).count(),
    }
}
