//! The worker processes of a run: one for each file that is worked on at a time, started when they
//! are needed and again when they ended.
//!
//! Each may take its share of the run's memory. A file that needs more waits until it is alone and
//! is worked on again with all of it.

use super::link::{End, Link, NoAnswer};
use super::memory;
use super::protocol::{Answer, PhotoAnswer, PhotoRequest, Request};
use super::setup::Setup;
use super::work::{Covered, PhotoResult, PhotoTask};
use super::{Fault, NotDone};
use crate::cli::args::library::STICKER_BYTES;
use crate::cli::files::read;
use crate::cli::run::config::{Config, LONGEST};
use crate::cli::ui::interrupt::Interrupt;
use anyhow::{Context, Result, anyhow, bail, ensure};
use faceveil::FileReport;
use faceveil::report::Verification;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

/// Worker processes and the options they receive.
pub(crate) struct Pool<'a> {
    setup: Setup,
    sticker: Vec<u8>,
    engine: Option<String>,
    interrupt: &'a Interrupt,
    longest: Duration,
    idle: Mutex<Vec<Link>>,
    /// Written to by a file that is to be alone.
    alone: RwLock<()>,
    /// Bytes for all workers together.
    memory: Option<u64>,
    jobs: usize,
}

/// What the engine says where memory is short.
const NO_BUFFERS: &str = "no memory for";

/// Why a file has no result.
enum Failed {
    /// For lack of memory.
    Memory(End),
    /// Anything else.
    Other(anyhow::Error),
}

impl<'a> Pool<'a> {
    /// Starts the first worker. The inner error is that of a detector that cannot be made.
    ///
    /// # Errors
    /// If no worker can be started.
    pub(super) fn start(config: &Config, interrupt: &'a Interrupt) -> Result<Result<Self>> {
        let sticker = match &config.sticker {
            Some(path) => read::file(path, STICKER_BYTES)?,
            None => Vec::new(),
        };
        let jobs = config.photos_at_a_time();
        let mut pool = Self {
            setup: Setup::new(config, &sticker)?,
            sticker,
            engine: None,
            interrupt,
            longest: config.longest,
            idle: Mutex::default(),
            alone: RwLock::default(),
            memory: config.max_memory.or_else(memory::default_budget),
            jobs,
        };
        let mut link = Link::start()?;
        match pool.begin(&mut link, pool.share(jobs)) {
            Ok(Answer::Ready { engine }) => pool.engine = engine,
            Ok(Answer::Failed(why)) => return Ok(Err(anyhow!("{why}"))),
            Ok(_) => bail!("it does not answer what it was asked"),
            Err(NoAnswer::Ended(end)) => bail!("it ended ({})", end.how),
            Err(other) => return Err(other.error()),
        }
        pool.idle().push(link);
        Ok(Ok(pool))
    }

    /// What finds faces, if something does.
    pub(super) fn engine(&self) -> Option<&str> {
        self.engine.as_deref()
    }

    pub(super) fn photo(&self, bytes: &[u8], task: &PhotoTask) -> Result<PhotoResult> {
        let request = Request::Photo(Box::new(PhotoRequest {
            by_hand: task.by_hand.clone(),
            line: task.line.cloned(),
            preview: task.preview,
            cover: task.cover,
            without_faces: task.without_faces,
            same_format: task.same_format,
        }));
        match self.ask(&request, bytes)? {
            (Answer::Photo(answer), bytes) => result(*answer, bytes),
            _ => bail!("the worker process does not answer what it was asked"),
        }
    }

    pub(super) fn verify(&self, bytes: &[u8], line: &FileReport) -> Result<Verification> {
        match self.ask(&Request::Verify(Box::new(line.clone())), bytes)? {
            (Answer::Verified(seen), _) => Ok(*seen),
            _ => bail!("the worker process does not answer what it was asked"),
        }
    }

    /// Has a worker answer; a second time, alone, if its share of memory was too small.
    fn ask(&self, request: &Request, bytes: &[u8]) -> Result<(Answer, Vec<u8>)> {
        let shared = self.alone.read().unwrap_or_else(PoisonError::into_inner);
        let end = match self.attempt(request, bytes, self.share(self.jobs)) {
            Ok(answer) => return Ok(answer),
            Err(Failed::Other(why)) => return Err(why),
            Err(Failed::Memory(end)) => end,
        };
        drop(shared);
        if self.jobs == 1 {
            return Err(self.too_large(&end));
        }
        let _alone = self.alone.write().unwrap_or_else(PoisonError::into_inner);
        // Nobody works now, so all workers are here; they would hold memory that this file may
        // need.
        self.idle().clear();
        let ended = self.attempt(request, bytes, self.share(1));
        // Those that are started from here on have a share again.
        self.idle().clear();
        match ended {
            Ok(answer) => Ok(answer),
            Err(Failed::Other(why)) => Err(why),
            Err(Failed::Memory(end)) => Err(self.too_large(&end)),
        }
    }

    fn attempt(
        &self,
        request: &Request,
        bytes: &[u8],
        memory: Option<u64>,
    ) -> Result<(Answer, Vec<u8>), Failed> {
        let idle = self.idle().pop();
        let mut link = match idle {
            Some(link) => link,
            None => self.started(memory).map_err(Failed::Other)?,
        };
        match link.ask(request, bytes, (self.interrupt, self.longest)) {
            Ok((Answer::Failed(why), _)) if why.contains(NO_BUFFERS) => {
                self.idle().push(link);
                Err(Failed::Memory(End {
                    how: why,
                    out_of_memory: true,
                }))
            }
            Ok((Answer::Failed(why), _)) => {
                self.idle().push(link);
                Err(Failed::Other(anyhow!("{why}")))
            }
            Ok((Answer::Panicked(what), _)) => Err(Failed::Other(NotDone::panicked(&what).into())),
            Ok(answer) => {
                self.idle().push(link);
                Ok(answer)
            }
            Err(NoAnswer::Ended(end)) if end.out_of_memory => Err(Failed::Memory(end)),
            Err(none) => Err(Failed::Other(none.error())),
        }
    }

    fn started(&self, memory: Option<u64>) -> Result<Link> {
        let mut link = Link::start().context("starting a worker process")?;
        match self.begin(&mut link, memory) {
            Ok(Answer::Ready { .. }) => Ok(link),
            Ok(Answer::Failed(why)) => bail!("starting a worker process: {why}"),
            Ok(_) => bail!("starting a worker process: it does not answer what it was asked"),
            Err(none) => Err(none.error()),
        }
    }

    fn begin(&self, link: &mut Link, memory: Option<u64>) -> Result<Answer, NoAnswer> {
        let mut setup = self.setup.clone();
        setup.memory = memory;
        let request = Request::Begin(Box::new(setup));
        let (answer, _) = link.ask(&request, &self.sticker, (self.interrupt, LONGEST))?;
        Ok(answer)
    }

    /// Memory of one of so many workers.
    fn share(&self, of: usize) -> Option<u64> {
        self.memory.map(|bytes| bytes / of as u64)
    }

    fn too_large(&self, end: &End) -> anyhow::Error {
        let what = match self.memory {
            Some(bytes) => format!(
                "it needs more memory than the {} MB that this run may use; --max-memory allows \
                 more; \
                 nothing was written ({})",
                bytes / 1_000_000,
                end.how
            ),
            None => format!(
                "it needs more memory than there is; nothing was written ({})",
                end.how
            ),
        };
        let fault = Fault::TooLarge;
        NotDone { fault, what }.into()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Link>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a worker made of a photo.
fn result(answer: PhotoAnswer, mut bytes: Vec<u8>) -> Result<PhotoResult> {
    let length = answer.preview.unwrap_or(0);
    ensure!(
        length <= bytes.len(),
        "the worker process does not answer what it was asked"
    );
    let preview = match answer.preview {
        Some(_) => {
            let new_file = bytes.split_off(length);
            Some(std::mem::replace(&mut bytes, new_file))
        }
        None => None,
    };
    Ok(PhotoResult {
        found: answer.found,
        written: answer.written,
        preview,
        covered: answer.covered.map(|report| Covered {
            report,
            bytes,
            taken: answer.taken,
        }),
    })
}

/// Starts workers without models and has them try what they must not be able to do: a sentence
/// about photos, and one about videos.
pub(super) fn describe() -> [String; 2] {
    let photos = match probe(Link::start) {
        Ok((true, true)) => "worker processes; the kernel refuses them files and network".into(),
        Ok((files, network)) => format!(
            "worker processes; files {}, network {} by this kernel",
            refused(files),
            refused(network)
        ),
        Err(why) => none(&why),
    };
    let videos = match probe(Link::start_for_videos) {
        Ok((_, true)) => "a worker process; the kernel refuses it the network".into(),
        Ok((_, false)) => "a worker process; network NOT refused by this kernel".into(),
        Err(why) => none(&why),
    };
    [photos, videos]
}

fn refused(is_refused: bool) -> &'static str {
    if is_refused { "refused" } else { "NOT refused" }
}

fn none(why: &anyhow::Error) -> String {
    let why = crate::cli::ui::show::chain(why);
    format!("none, a decoder that crashes ends the run: {why}")
}

fn probe(start: impl FnOnce() -> Result<Link>) -> Result<(bool, bool)> {
    let mut link = start()?;
    match link.ask(&Request::Probe, &[], (&Interrupt::default(), LONGEST)) {
        Ok((Answer::Probed { files, network }, _)) => Ok((files, network)),
        Ok(_) => bail!("it does not answer what it was asked"),
        Err(none) => Err(none.error()),
    }
}
