//! Videos of a run, one at a time: each takes all the threads that there are, and its share of
//! memory.
//!
//! Invariant: nothing is at a video's output path unless the whole new file is.

use super::config::Config;
use super::worker::{VideoAction, VideoPlace, VideoResult, VideoTask};
use crate::cli::plan::boxes::NOTHING_BY_HAND;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::terminal::FrameProgress;
use anyhow::{Result, bail};
use faceveil::FileReport;
use faceveil::report::Verification;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Deals with videos when their turn comes.
pub(crate) struct Videos<'a> {
    config: &'a Config,
    interrupt: &'a Interrupt,
    progress: FrameProgress,
    /// Made for the first video.
    turn: Mutex<Option<VideoPlace<'a>>>,
}

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
        }
    }

    /// Whether a video in which a face may show is not to be written.
    pub(crate) fn refuses_open_spans(&self) -> bool {
        self.config.strict
    }

    /// Finds the faces of a video, or writes it anew.
    pub(crate) fn report(&self, task: &VideoTask<'_>) -> Result<FileReport> {
        match self.work(task)? {
            VideoResult::Report(report) => Ok(*report),
            VideoResult::Verified(_) => bail!("it was verified, which was not asked for"),
        }
    }

    /// Looks at a video that was written again.
    pub(crate) fn verify(&self, output: &Path, line: &FileReport) -> Result<Verification> {
        let seen = self.work(&VideoTask {
            input: output,
            action: VideoAction::Verify(line),
            by_hand: &NOTHING_BY_HAND,
        });
        match (self.interrupt.requested(), seen) {
            (true, _) => bail!("interrupted while it was verified"),
            (false, Ok(VideoResult::Verified(seen))) => Ok(seen),
            (false, Ok(VideoResult::Report(_))) => bail!("it was not verified"),
            (false, Err(why)) => Err(why),
        }
    }

    fn work(&self, task: &VideoTask<'_>) -> Result<VideoResult> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self.interrupt.requested() {
            bail!("interrupted before it was begun");
        }
        let place = turn.get_or_insert_with(|| VideoPlace::start(self.config, self.interrupt));
        let name = task.input.file_name().unwrap_or(task.input.as_os_str());
        let mut bar = self.progress.begin(Path::new(name));
        place.work(task, &mut |done, of| {
            bar.advance(done, of);
            match self.interrupt.requested() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
    }
}
