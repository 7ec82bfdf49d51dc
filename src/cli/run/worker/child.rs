//! The worker process: answers requests on standard input, one after the other, until that ends.
//!
//! Invariant: no byte of a photo or a video is read before the sandbox is closed.

use super::memory::kilobytes;
use super::protocol::{self, Answer, PhotoAnswer, PhotoRequest, Request};
use super::protocol::{VideoActionRequest, VideoRequest};
use super::sandbox;
use super::video_work::{LocalVideos, VideoAction, VideoResult, VideoTask};
use super::work::{Local, PhotoTask};
use crate::cli::files::write::TakesNoMore;
use crate::cli::run::batch;
use crate::cli::ui::show;
use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::net::TcpStream;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Most bytes that a worker writes to its standard error, the only file that it has.
const SAID: u64 = 1 << 20;
/// How long a video that is not wanted any more may take to end by itself.
const LAST_FRAME: Duration = Duration::from_millis(600);

/// Serves the run that started this process.
///
/// # Errors
/// If there is none.
pub(super) fn serve(videos: bool) -> Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket
        .peer_addr()
        .context("`worker` is started by other subcommands, never by hand")?;
    // A file that stays readable once the sandbox is closed.
    let status = File::open("/proc/self/status");
    set_limit(Resource::Core, 0);
    // Known from here on, since it is asked of files.
    let _ = std::thread::available_parallelism();
    // Before any thread starts: what closes it holds for the threads that this one starts.
    let closed = match videos {
        true => sandbox::close_network(),
        false => {
            set_limit(Resource::Fsize, SAID);
            sandbox::close()
        }
    };
    batch::silence_worker_panics();
    let stop = Arc::new(AtomicBool::new(false));
    end_with(socket.try_clone()?, videos.then(|| stop.clone()))?;
    let worker = Worker {
        socket,
        status: status.ok(),
        closed,
        stop,
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
    /// Set when the run wants no more of a video.
    stop: Arc<AtomicBool>,
}

/// What does the work, once there are options.
enum Ready {
    Photos(Box<Local>),
    Videos(Box<LocalVideos>),
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
        local: &mut Option<Ready>,
        request: Request,
        bytes: &[u8],
    ) -> Result<(Answer, Parts)> {
        let none = Parts::default();
        match (request, local) {
            (Request::Begin(setup), ready) => {
                let (faces, verify) = setup.options(bytes)?;
                let local = Local::new(&faces, verify.as_ref(), setup.threads)?;
                let engine = local.engine().map(str::to_owned);
                *ready = Some(Ready::Photos(Box::new(local)));
                self.limit_memory(setup.memory)?;
                Ok((Answer::Ready { engine }, none))
            }
            (Request::BeginVideos(setup), ready) => {
                let (faces, verify) = setup.options(bytes)?;
                let local = LocalVideos::new(faces, setup.video, verify);
                *ready = Some(Ready::Videos(Box::new(local)));
                Ok((Answer::Ready { engine: None }, none))
            }
            (Request::Probe, _) => Ok((self.probe(), none)),
            (Request::Video(request), Some(Ready::Videos(local))) => {
                Ok((self.video(local, &request), none))
            }
            (Request::Photo(request), Some(Ready::Photos(local))) => photo(local, &request, bytes),
            (Request::Verify(line), Some(Ready::Photos(local))) => {
                let seen = local.verify(bytes, &line)?;
                Ok((Answer::Verified(Box::new(seen)), none))
            }
            _ => bail!("the worker process received no options for that"),
        }
    }

    /// Works on a video, and says how far it is.
    fn video(&mut self, local: &mut LocalVideos, request: &VideoRequest) -> Answer {
        let stop = self.stop.clone();
        let socket = &mut self.socket;
        let mut watch = |done: usize, of: Option<u64>| {
            let sent = protocol::send(socket, &Answer::Frames { done, of }, &[]);
            match sent.is_err() || stop.load(Ordering::SeqCst) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        match with_task(request, |task| local.work(task, &mut watch)) {
            Ok(VideoResult::Report(report)) => Answer::VideoReport(report),
            Ok(VideoResult::Verified(seen)) => Answer::Verified(Box::new(seen)),
            Err(why) => Answer::VideoFailed {
                stops: TakesNoMore::of(&why),
                why: show::chain(&why),
            },
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

fn with_task<T>(
    request: &VideoRequest,
    work: impl FnOnce(&VideoTask<'_>) -> Result<T>,
) -> Result<T> {
    let path = |bytes: &Vec<u8>| Path::new(OsStr::from_bytes(bytes)).to_owned();
    let output = || request.output.as_ref().map(path).context("no output");
    let line = || request.line.as_ref().context("no line of a report");
    let (input, output) = match request.action {
        VideoActionRequest::Detect | VideoActionRequest::Verify => (path(&request.input), None),
        _ => (path(&request.input), Some(output()?)),
    };
    let output = output.as_deref().unwrap_or(Path::new(""));
    let task = VideoTask {
        input: &input,
        action: match request.action {
            VideoActionRequest::Detect => VideoAction::Detect,
            VideoActionRequest::Anonymize => VideoAction::Anonymize(output),
            VideoActionRequest::Apply => VideoAction::Apply(output, line()?),
            VideoActionRequest::Verify => VideoAction::Verify(line()?),
        },
        by_hand: &request.by_hand,
    };
    work(&task)
}

fn photo(local: &Local, request: &PhotoRequest, bytes: &[u8]) -> Result<(Answer, Parts)> {
    let done = local.photo(
        bytes,
        &PhotoTask {
            by_hand: &request.by_hand,
            line: request.line.as_ref(),
            preview: request.preview,
            cover: request.cover,
            without_faces: request.without_faces,
            same_format: request.same_format,
        },
    )?;
    let taken = done.covered.as_ref().and_then(|covered| covered.taken);
    let (covered, new_file) = match done.covered {
        Some(covered) => (Some(covered.report), covered.bytes),
        None => (None, Vec::new()),
    };
    let answer = PhotoAnswer {
        found: done.found,
        written: done.written,
        preview: done.preview.as_ref().map(Vec::len),
        covered,
        taken,
    };
    let parts = [done.preview.unwrap_or_default(), new_file];
    Ok((Answer::Photo(Box::new(answer)), parts))
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

/// Ends this process with the run that started it, also in the middle of a file. A worker for
/// videos is asked to `stop` first where the run still waits for it.
fn end_with(socket: UnixStream, stop: Option<Arc<AtomicBool>>) -> Result<()> {
    let wait = move || {
        let events = match stop {
            Some(_) => PollFlags::RDHUP,
            // Nothing is asked for, so all that comes is that the other end is gone.
            None => PollFlags::empty(),
        };
        loop {
            let mut ends = [PollFd::new(&socket, events)];
            match poll(&mut ends, None) {
                Ok(1..) => {}
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return,
            }
            let is_gone = ends[0]
                .revents()
                .intersects(PollFlags::HUP | PollFlags::ERR);
            if let (Some(stop), false) = (&stop, is_gone) {
                stop.store(true, Ordering::SeqCst);
                // The next frame ends the work; where none comes, for example since ffmpeg waits
                // for its input, this does.
                std::thread::sleep(LAST_FRAME);
            }
            end_children();
            std::process::exit(1);
        }
    };
    std::thread::Builder::new().spawn(wait)?;
    Ok(())
}

/// Ends ffmpeg where it runs.
fn end_children() {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    for task in tasks.flatten() {
        let children = std::fs::read_to_string(task.path().join("children"));
        for child in children.unwrap_or_default().split_whitespace() {
            if let Some(pid) = child.parse().ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}
