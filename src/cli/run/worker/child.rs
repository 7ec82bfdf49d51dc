//! The worker process: answers requests on standard input, one after the other, until that ends.
//!
//! Invariant: no byte of a photo is read before the sandbox is closed.

use super::memory::kilobytes;
use super::protocol::{self, Answer, PhotoAnswer, PhotoRequest, Request, boxes};
use super::sandbox;
use super::setup::Setup;
use super::work::{Local, PhotoTask};
use crate::cli::run::batch;
use crate::cli::ui::show;
use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

/// Most bytes that a worker writes to its standard error, the only file that it has.
const SAID: u64 = 1 << 20;

/// Serves the run that started this process.
///
/// # Errors
/// If there is none.
pub(super) fn serve() -> Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket
        .peer_addr()
        .context("`worker` is started by other subcommands, never by hand")?;
    // A file that stays readable once the sandbox is closed.
    let status = File::open("/proc/self/status");
    forbid_core_dumps_and_files();
    // Known from here on, since it is asked of files.
    let _ = std::thread::available_parallelism();
    // Before any thread starts: what closes it holds for the threads that this one starts.
    let closed = sandbox::close();
    batch::silence_worker_panics();
    end_with(socket.try_clone()?)?;
    let worker = Worker {
        socket,
        status: status.ok(),
        closed,
    };
    let thread = batch::worker(0).spawn(move || worker.answer_all())?;
    match thread.join() {
        Ok(ended) => ended,
        Err(_) => bail!("it panicked"),
    }
}

struct Worker {
    socket: UnixStream,
    status: Option<File>,
    closed: Result<()>,
}

impl Worker {
    fn answer_all(mut self) -> Result<()> {
        let mut local = None;
        loop {
            let (request, bytes) = match protocol::receive::<Request>(&mut self.socket) {
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                other => other?,
            };
            let answered = batch::caught(|| self.answer(&mut local, request, &bytes));
            drop(bytes);
            let (answer, parts) = match answered {
                Ok(Ok(answered)) => answered,
                Ok(Err(why)) => (Answer::Failed(show::chain(&why)), Parts::default()),
                Err(what) => (Answer::Panicked(what), Parts::default()),
            };
            let [first, second] = &parts;
            protocol::send(&mut self.socket, &answer, &[first.as_slice(), second])?;
        }
    }

    fn answer(
        &mut self,
        local: &mut Option<Local>,
        request: Request,
        bytes: &[u8],
    ) -> Result<(Answer, Parts)> {
        let none = Parts::default();
        match (request, local) {
            (Request::Begin(setup), local) => {
                let local = local.insert(begin(&setup, bytes)?);
                self.limit_memory(setup.memory)?;
                let engine = local.engine().map(str::to_owned);
                Ok((Answer::Ready { engine }, none))
            }
            (Request::Probe, _) => Ok((self.probe(), none)),
            (Request::Photo(request), Some(local)) => photo(local, &request, bytes),
            (Request::Verify(line), Some(local)) => {
                let seen = local.verify(bytes, &line)?;
                Ok((Answer::Verified(Box::new(seen)), none))
            }
            (_, None) => bail!("the worker process received no options"),
        }
    }

    /// Allows so many bytes besides those that are in use.
    fn limit_memory(&mut self, more: Option<u64>) -> Result<()> {
        let (Some(more), Some(status)) = (more, &mut self.status) else {
            return Ok(());
        };
        let mut text = String::new();
        status.rewind()?;
        status.read_to_string(&mut text)?;
        let used = text.lines().find_map(|l| kilobytes(l, "VmData:"));
        set_limit(Resource::Data, used.unwrap_or(0).saturating_add(more));
        Ok(())
    }

    fn probe(&self) -> Answer {
        let is_denied = |e: &io::Error| e.kind() == io::ErrorKind::PermissionDenied;
        // Nobody answers on this address: a connection that is tried at all is refused by the
        // network.
        let connected = TcpStream::connect(("127.0.0.1", 9));
        Answer::Probed {
            files: self.closed.is_ok()
                && File::open("/proc/self/exe").is_err_and(|e| is_denied(&e)),
            network: self.closed.is_ok() && connected.is_err_and(|e| is_denied(&e)),
        }
    }
}

/// Bytes behind an answer.
type Parts = [Vec<u8>; 2];

fn begin(setup: &Setup, sticker: &[u8]) -> Result<Local> {
    let (faces, verify) = setup.options(sticker)?;
    Local::new(&faces, verify.as_ref(), setup.threads)
}

fn photo(local: &Local, request: &PhotoRequest, bytes: &[u8]) -> Result<(Answer, Parts)> {
    let done = local.photo(
        bytes,
        &PhotoTask {
            regions: &boxes(&request.regions).context("a region is no box")?,
            ignore: &boxes(&request.ignore).context("a region is no box")?,
            line: request.line.as_ref(),
            preview: request.preview,
            cover: request.cover,
            without_faces: request.without_faces,
            same_format: request.same_format,
        },
    )?;
    let (covered, new_file) = match done.covered {
        Some(covered) => (Some(covered.report), covered.bytes),
        None => (None, Vec::new()),
    };
    let answer = PhotoAnswer {
        found: done.found,
        written: done.written.short().to_owned(),
        preview: done.preview.as_ref().map(Vec::len),
        covered,
    };
    let parts = [done.preview.unwrap_or_default(), new_file];
    Ok((Answer::Photo(Box::new(answer)), parts))
}

/// A crash leaves no picture of the memory behind, in which the photo would be.
fn forbid_core_dumps_and_files() {
    set_limit(Resource::Core, 0);
    set_limit(Resource::Fsize, SAID);
}

/// Lowers a limit; where the system refuses that, it stays.
fn set_limit(resource: Resource, to: u64) {
    let most = getrlimit(resource).maximum;
    let to = most.map_or(to, |most| most.min(to));
    let limit = Rlimit {
        current: Some(to),
        maximum: Some(to),
    };
    let _ = setrlimit(resource, limit);
}

/// Ends this process with the run that started it, also in the middle of a photo.
fn end_with(socket: UnixStream) -> Result<()> {
    let wait = move || {
        loop {
            let mut ends = [PollFd::new(&socket, PollFlags::empty())];
            match poll(&mut ends, None) {
                // No event is asked for, so all that comes is that the other end is gone.
                Ok(1..) => std::process::exit(1),
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    };
    std::thread::Builder::new().spawn(wait)?;
    Ok(())
}
