//! Worker processes: the work on a photo or a video (decode, search, cover, encode, look through)
//! runs in a process of the same binary, so that an abort, a hang or too much memory is one failed
//! file.
//!
//! The bytes of photos go through a socket in both directions, and their workers open no file. The
//! worker for videos reads and writes files itself and starts ffmpeg; it has no network. The parent
//! process walks folders, reads photos, keeps order, makes and renames files.
//!
//! Invariant: results are those of the same work in this process, byte for byte.

#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod link;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod pool;
#[cfg(target_os = "linux")]
mod protocol;
#[cfg(target_os = "linux")]
mod sandbox;
#[cfg(target_os = "linux")]
mod setup;
mod video_work;
#[cfg(target_os = "linux")]
mod video_worker;
mod work;

pub(crate) use video_work::{VideoAction, VideoResult, VideoTask, Watch};
pub(crate) use work::{Covered, PhotoResult, PhotoTask};

use super::config::Config;
use crate::cli::args::value_parsers::IsolateArg;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::terminal::Terminal;
use anyhow::Result;
use faceveil::FileReport;
use faceveil::report::Verification;
use std::fmt;
use video_work::LocalVideos;
use work::Local;

/// Why there is no result, where that is not the photo's own fault alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The run is being stopped.
    Interrupted,
    /// It took longer than a photo may.
    TooSlow,
    /// It needs more memory than there is.
    TooLarge,
    /// A panic, or a worker process that ended.
    Crashed,
}

/// The error of a photo that was not done.
#[derive(Debug)]
pub(crate) struct NotDone {
    #[cfg_attr(
        not(feature = "serve"),
        expect(dead_code, reason = "only the service answers by it")
    )]
    pub(crate) fault: Fault,
    what: String,
}

impl NotDone {
    /// Of a photo whose work panicked.
    pub(crate) fn panicked(message: &str) -> Self {
        Self {
            fault: Fault::Crashed,
            what: format!(
                "a bug in faceveil or a library below it: {message}; nothing was written"
            ),
        }
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for NotDone {}

/// What does the work on photos.
pub(crate) enum Photos<'a> {
    /// This process.
    Local(Box<Local>),
    /// Worker processes.
    #[cfg(target_os = "linux")]
    Workers(Box<pool::Pool<'a>>),
    #[cfg(not(target_os = "linux"))]
    #[expect(dead_code, reason = "carries the lifetime where there are no workers")]
    Never(std::marker::PhantomData<&'a Interrupt>),
}

impl<'a> Photos<'a> {
    /// Loads the models, in worker processes where that is wanted and possible.
    ///
    /// # Errors
    /// If a detector cannot be made.
    pub(crate) fn start(
        config: &Config,
        interrupt: &'a Interrupt,
        terminal: &Terminal,
    ) -> Result<Self> {
        #[cfg(target_os = "linux")]
        if config.isolate == IsolateArg::Auto && setup::is_possible(config) {
            match pool::Pool::start(config, interrupt) {
                Ok(Ok(pool)) => return Ok(Self::Workers(Box::new(pool))),
                Ok(Err(failed)) => return Err(failed),
                Err(why) => terminal.warning(format_args!(
                    "no worker process can be started ({}), so a decoder that crashes ends the \
                     run; \
                     --isolate never accepts that without this warning",
                    crate::cli::ui::show::chain(&why)
                )),
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (
            interrupt,
            terminal,
            config.isolate == IsolateArg::Auto,
            config.max_memory,
            &config.sticker,
            config.longest,
        );
        Ok(Self::Local(Box::new(Local::new(
            &config.faces,
            config.verify.as_ref(),
            config.threads_per_photo(),
        )?)))
    }

    /// Whether a photo that crashes a decoder leaves this process alone.
    #[cfg(feature = "serve")]
    pub(crate) fn is_isolated(&self) -> bool {
        !matches!(self, Self::Local(_))
    }

    /// What finds faces, if something does.
    pub(crate) fn engine(&self) -> Option<&str> {
        match self {
            Self::Local(local) => local.engine(),
            #[cfg(target_os = "linux")]
            Self::Workers(pool) => pool.engine(),
            #[cfg(not(target_os = "linux"))]
            Self::Never(_) => None,
        }
    }

    /// Finds faces and covers them.
    ///
    /// # Errors
    /// Whatever is wrong with the photo; a worker that ended.
    pub(crate) fn photo(&self, bytes: &[u8], task: &PhotoTask) -> Result<PhotoResult> {
        match self {
            Self::Local(local) => local.photo(bytes, task),
            #[cfg(target_os = "linux")]
            Self::Workers(pool) => pool.photo(bytes, task),
            #[cfg(not(target_os = "linux"))]
            Self::Never(_) => unreachable!("never made"),
        }
    }

    /// Looks at a written photo again.
    ///
    /// # Errors
    /// If it cannot be looked at.
    pub(crate) fn verify(&self, bytes: &[u8], line: &FileReport) -> Result<Verification> {
        match self {
            Self::Local(local) => local.verify(bytes, line),
            #[cfg(target_os = "linux")]
            Self::Workers(pool) => pool.verify(bytes, line),
            #[cfg(not(target_os = "linux"))]
            Self::Never(_) => unreachable!("never made"),
        }
    }
}

/// What does the work on videos.
pub(crate) enum VideoPlace<'a> {
    /// This process.
    Local(Box<LocalVideos>),
    /// A worker process.
    #[cfg(target_os = "linux")]
    Worker(Box<video_worker::VideoWorker<'a>>),
    #[cfg(not(target_os = "linux"))]
    #[expect(dead_code, reason = "carries the lifetime where there are no workers")]
    Never(std::marker::PhantomData<&'a Interrupt>),
}

impl<'a> VideoPlace<'a> {
    /// A worker process where that is wanted and possible. [`Photos::start`] warns where it is not
    /// possible.
    pub(crate) fn start(config: &Config, interrupt: &'a Interrupt) -> Self {
        #[cfg(target_os = "linux")]
        if config.isolate == IsolateArg::Auto
            && setup::is_possible(config)
            && let Ok(worker) = video_worker::VideoWorker::start(config, interrupt)
        {
            return Self::Worker(Box::new(worker));
        }
        #[cfg(not(target_os = "linux"))]
        let _ = interrupt;
        let (faces, video) = (config.faces.clone(), config.video.clone());
        Self::Local(Box::new(LocalVideos::new(
            faces,
            video,
            config.verify.clone(),
        )))
    }

    /// Works on a video. `watch` is called as frames are done.
    ///
    /// # Errors
    /// Whatever is wrong with the video; that `watch` broke off; a worker that ended.
    pub(crate) fn work(&mut self, task: &VideoTask<'_>, watch: Watch<'_>) -> Result<VideoResult> {
        match self {
            Self::Local(local) => local.work(task, watch),
            #[cfg(target_os = "linux")]
            Self::Worker(worker) => worker.work(task, watch),
            #[cfg(not(target_os = "linux"))]
            Self::Never(_) => unreachable!("never made"),
        }
    }
}

/// Serves requests on standard input until it ends: the hidden subcommand `worker`.
///
/// # Errors
/// If standard input is no socket of a run.
#[cfg(target_os = "linux")]
pub(crate) fn serve(videos: bool) -> Result<()> {
    child::serve(videos)
}

/// What holds of worker processes on this machine, for `doctor`: for photos, and for videos.
pub(crate) fn describe() -> [String; 2] {
    #[cfg(target_os = "linux")]
    let state = pool::describe();
    #[cfg(not(target_os = "linux"))]
    let state = [
        "none: worker processes are for Linux; a decoder that crashes ends the run",
        "none: worker processes are for Linux",
    ]
    .map(str::to_owned);
    state
}
