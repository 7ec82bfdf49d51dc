//! Videos of a run, one at a time: each takes all the threads that there are, and its share of
//! memory.
//!
//! Invariant: nothing is at a video's output path unless the whole new file is.

use super::config::{Config, Faces};
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::terminal::FrameProgress;
use anyhow::{Result, bail};
use faceveil::report::Verification;
use faceveil::verify::{Verifier, VerifierOptions};
use faceveil::{AnonymizeOptions, ErrorKind, FileReport, Progress, ReportApplier, VideoAnonymizer};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Deals with videos when their turn comes.
pub(crate) struct Videos<'a> {
    config: &'a Config,
    interrupt: &'a Interrupt,
    progress: FrameProgress,
    /// Made for the first video.
    turn: Mutex<Option<VideoAnonymizer>>,
    /// Made for the first output that is verified.
    verifier: Mutex<Option<Verifier>>,
}

/// What is called after every frame.
type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

impl<'a> Videos<'a> {
    /// For one run.
    pub(crate) fn new(
        config: &'a Config,
        interrupt: &'a Interrupt,
        progress: FrameProgress,
    ) -> Self {
        Self {
            config,
            interrupt,
            progress,
            turn: Mutex::new(None),
            verifier: Mutex::new(None),
        }
    }

    /// Whether a video in which a face may show is not to be written.
    pub(crate) fn refuses_open_spans(&self) -> bool {
        self.config.strict
    }

    /// Finds the faces of a video; writes nothing.
    pub(crate) fn detect(&self, input: &Path, options: &AnonymizeOptions) -> Result<FileReport> {
        self.find(input, options, |anonymizer, watch| {
            anonymizer.detect(input, watch)
        })
    }

    /// Writes a video anew to a temporary name.
    pub(crate) fn blur(
        &self,
        input: &Path,
        output: &Path,
        options: &AnonymizeOptions,
    ) -> Result<FileReport> {
        self.find(input, options, |anonymizer, watch| {
            anonymizer.anonymize(input, output, watch)
        })
    }

    /// Writes a video anew to a temporary name, covered with what a report says.
    pub(crate) fn apply(
        &self,
        input: &Path,
        output: &Path,
        applier: &ReportApplier,
        line: &FileReport,
    ) -> Result<FileReport> {
        self.run(input, |_, watch| {
            applier.video(input, output, line, &self.config.video, watch)
        })
    }

    /// Looks at a video that was written again.
    pub(crate) fn verify(
        &self,
        options: &VerifierOptions,
        output: &Path,
        line: &FileReport,
    ) -> Result<Verification> {
        let seen = self.run(output, |_, watch| {
            let mut made = self.verifier.lock().unwrap_or_else(PoisonError::into_inner);
            let verifier = match made.take() {
                Some(verifier) => verifier,
                None => Verifier::new(options.clone())?,
            };
            made.insert(verifier).video(output, Some(line), watch)
        });
        match self.interrupt.requested() {
            true => bail!("interrupted while it was verified"),
            false => seen,
        }
    }

    fn find(
        &self,
        input: &Path,
        options: &AnonymizeOptions,
        work: impl FnOnce(&VideoAnonymizer, Watch<'_>) -> faceveil::Result<FileReport>,
    ) -> Result<FileReport> {
        let Faces::Find { video_detector, .. } = &self.config.faces else {
            bail!("no detector in this run");
        };
        self.run(input, |turn, watch| {
            let mut anonymizer = match turn.take() {
                Some(anonymizer) => anonymizer,
                None => VideoAnonymizer::new(
                    video_detector,
                    options.clone(),
                    self.config.video.clone(),
                )?,
            };
            anonymizer.set_options(options.clone())?;
            work(turn.insert(anonymizer), watch)
        })
    }

    fn run<T>(
        &self,
        input: &Path,
        work: impl FnOnce(&mut Option<VideoAnonymizer>, Watch<'_>) -> faceveil::Result<T>,
    ) -> Result<T> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self.interrupt.requested() {
            bail!("interrupted before it was begun");
        }
        let name = input.file_name().unwrap_or(input.as_os_str());
        let mut bar = self.progress.begin(Path::new(name));
        let mut watch = |done: Progress| {
            bar.advance(done.frames, done.of);
            match self.interrupt.requested() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        match work(&mut turn, &mut watch) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {
                bail!("interrupted before it was written")
            }
            other => Ok(other?),
        }
    }
}
