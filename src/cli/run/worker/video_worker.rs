//! The worker process for videos: one at a time, which has files and starts ffmpeg, but no network.

use super::NotDone;
use super::link::Link;
use super::protocol::{Answer, Request, VideoActionRequest, VideoRequest};
use super::setup::Setup;
use super::video_work::{VideoAction, VideoResult, VideoTask, Watch};
use crate::cli::args::library::STICKER_BYTES;
use crate::cli::files::read;
use crate::cli::run::config::{Config, LONGEST};
use crate::cli::ui::interrupt::Interrupt;
use anyhow::{Context, Result, anyhow, bail};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A worker process for videos, and what it receives when it starts again.
pub(crate) struct VideoWorker<'a> {
    setup: Setup,
    sticker: Vec<u8>,
    interrupt: &'a Interrupt,
    link: Option<Link>,
}

impl<'a> VideoWorker<'a> {
    /// Starts it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn start(config: &Config, interrupt: &'a Interrupt) -> Result<Self> {
        let sticker = match &config.sticker {
            Some(path) => read::file(path, STICKER_BYTES)?,
            None => Vec::new(),
        };
        let mut worker = Self {
            setup: Setup::new(config, &sticker)?,
            sticker,
            interrupt,
            link: None,
        };
        worker.link = Some(worker.started()?);
        Ok(worker)
    }

    fn started(&self) -> Result<Link> {
        let mut link = Link::start_for_videos().context("starting a worker process")?;
        let request = Request::BeginVideos(Box::new(self.setup.clone()));
        match link.ask(&request, &self.sticker, (self.interrupt, LONGEST)) {
            Ok((Answer::Ready { .. }, _)) => Ok(link),
            Ok((Answer::Failed(why), _)) => bail!("starting a worker process: {why}"),
            Ok(_) => bail!("starting a worker process: it does not answer what it was asked"),
            Err(none) => Err(none.error()),
        }
    }

    /// Has it work on a video. `watch` is called as frames are done.
    ///
    /// # Errors
    /// Whatever is wrong with the video; that it was interrupted; a worker that ended.
    pub(super) fn work(&mut self, task: &VideoTask<'_>, watch: Watch<'_>) -> Result<VideoResult> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.started()?,
        };
        let request = Request::Video(Box::new(request(task)));
        let mut is_progress = |answer: &Answer| match answer {
            Answer::Frames { done, of } => {
                // Whoever breaks off was interrupted, and the link hears of that by itself.
                let _: ControlFlow<()> = watch(*done, *of);
                true
            }
            _ => false,
        };
        let answer = link.ask_for_long(&request, (self.interrupt, LONGEST), &mut is_progress);
        match answer {
            Ok((Answer::Panicked(what), _)) => return Err(NotDone::panicked(&what).into()),
            Err(none) => return Err(none.error()),
            Ok(_) => {}
        }
        self.link = Some(link);
        match answer {
            Ok((Answer::VideoReport(report), _)) => Ok(VideoResult::Report(report)),
            Ok((Answer::Verified(seen), _)) => Ok(VideoResult::Verified(*seen)),
            Ok((Answer::VideoFailed { why, stops }, _)) => {
                if let Some(stops) = stops {
                    self.interrupt.stop(stops.reason());
                }
                Err(anyhow!("{why}"))
            }
            _ => bail!("the worker process does not answer what it was asked"),
        }
    }
}

fn request(task: &VideoTask<'_>) -> VideoRequest {
    let bytes = |path: &Path| path.as_os_str().as_bytes().to_vec();
    let (action, output, line) = match task.action {
        VideoAction::Detect => (VideoActionRequest::Detect, None, None),
        VideoAction::Anonymize(output) => (VideoActionRequest::Anonymize, Some(output), None),
        VideoAction::Apply(output, line) => (VideoActionRequest::Apply, Some(output), Some(line)),
        VideoAction::Verify(line) => (VideoActionRequest::Verify, None, Some(line)),
    };
    VideoRequest {
        input: bytes(task.input),
        action,
        output: output.map(bytes),
        line: line.cloned(),
        by_hand: task.by_hand.clone(),
    }
}
