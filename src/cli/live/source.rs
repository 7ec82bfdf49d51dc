//! Where frames come from: an ffmpeg that writes them as YUV4MPEG2, whose header says their size.

use super::argument;
use super::process::Process;
use crate::cli::args::Live;
use crate::cli::ui::interrupt::Interrupt;
use anyhow::{Context, Result, bail, ensure};
use faceveil::Size;
use faceveil::live::FrameFormat;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Most bytes of a line between frames.
const LINE: u64 = 1024;
/// Both sides even, as the encoders want them.
const EVEN: &str = "pad=ceil(iw/2)*2:ceil(ih/2)*2";
/// How long a source may take to end by itself.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What the frames of a stream are like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) size: Size,
    /// Frames a second, as a fraction; what the source claims.
    pub(super) rate: (u32, u32),
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = f64::from(self.rate.0) / f64::from(self.rate.1);
        write!(
            f,
            "{}x{}, {rate:.0} frames/s",
            self.size.width, self.size.height
        )
    }
}

/// What came.
pub(super) enum Arrived {
    /// A frame, and when it came.
    Frame(Vec<u8>, Duration),
    /// Nothing yet.
    Nothing,
    /// There will be no more.
    End,
}

/// A source that runs.
pub(super) struct Source {
    process: Process,
    head: Head,
    frames: Receiver<(Vec<u8>, Duration)>,
    dropped: Arc<AtomicUsize>,
    start: Instant,
}

impl Source {
    /// Starts ffmpeg, and waits for its first words. Frames wait for a search in a queue that takes
    /// twice as many as are searched at a time; what comes when it is full is left out.
    ///
    /// # Errors
    /// If there is no such source, or no picture in it.
    pub(super) fn open(typed: &Live, jobs: usize, interrupt: &Interrupt) -> Result<Self> {
        let process = Process::start(&mut command(typed)?)?;
        let output = process.take_output().context("ffmpeg has no output")?;
        let mut from = BufReader::with_capacity(1 << 16, output);
        // Until the first frame there is nothing that would have to be ended in order.
        interrupt.end_at_once(true);
        let head = read_head(&mut from);
        interrupt.end_at_once(false);
        let head = match head {
            Ok(head) => head,
            Err(why) => {
                process.wait(LAST_WORDS, "opening the source")?;
                return Err(why.context("opening the source"));
            }
        };
        let pixels = head.size.area();
        if pixels > typed.max_pixels {
            process.kill();
            bail!("frames of {head} have more pixels than --max-pixels allows");
        }
        let bytes = FrameFormat::i420(head.size).bytes();
        let (to, frames) = sync_channel(2 * jobs);
        let (dropped, start) = (Arc::new(AtomicUsize::new(0)), Instant::now());
        let lost = Arc::clone(&dropped);
        thread::Builder::new()
            .name("source".into())
            .spawn(move || read_frames(&mut from, bytes, start, &to, &lost))
            .context("starting a thread")?;
        Ok(Self {
            process,
            head,
            frames,
            dropped,
            start,
        })
    }

    pub(super) const fn head(&self) -> &Head {
        &self.head
    }

    /// What the times of frames are counted from.
    pub(super) const fn start(&self) -> Instant {
        self.start
    }

    /// Frames that were left out so far.
    pub(super) fn dropped(&self) -> usize {
        self.dropped.load(Ordering::Relaxed)
    }

    /// The next frame.
    pub(super) fn next(&self, patience: Duration) -> Arrived {
        match self.frames.recv_timeout(patience) {
            Ok((data, at)) => Arrived::Frame(data, at),
            Err(RecvTimeoutError::Timeout) => Arrived::Nothing,
            Err(RecvTimeoutError::Disconnected) => Arrived::End,
        }
    }

    /// Ends it; `is_asked`: somebody wanted that.
    ///
    /// # Errors
    /// If it ended by itself, and not well.
    pub(super) fn close(&self, is_asked: bool) -> Result<()> {
        if is_asked {
            self.process.kill();
            return Ok(());
        }
        self.process.wait(LAST_WORDS, "reading the source")
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.process.kill();
    }
}

/// Puts frames into the queue until there are no more.
fn read_frames(
    from: &mut impl BufRead,
    bytes: usize,
    start: Instant,
    to: &SyncSender<(Vec<u8>, Duration)>,
    lost: &AtomicUsize,
) {
    while let Ok(Some(data)) = read_frame(from, bytes) {
        match to.try_send((data, start.elapsed())) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                lost.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Disconnected(_)) => return,
        }
    }
}

/// ffmpeg with what it decodes.
fn command(typed: &Live) -> Result<Command> {
    let source: &OsStr = &typed.source;
    let path = Path::new(source);
    let is_piped = source == "-";
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error"]);
    let is_camera = path.starts_with("/dev") && cfg!(target_os = "linux");
    match &typed.from_format {
        Some(format) => command.args(["-f", format]),
        None if is_camera => command.args(["-f", "v4l2"]),
        None => &mut command,
    };
    if path.is_file() {
        // As fast as it was recorded.
        command.arg("-re");
    }
    if !path.is_file() {
        // A stream is looked at for five seconds otherwise, whose frames come all at once then.
        command.args(["-analyzeduration", "1000000"]);
    }
    if is_piped {
        command.args(["-i", "pipe:0"]).stdin(Stdio::inherit());
    } else {
        let is_address = source.to_str().is_some_and(|text| text.contains("://"));
        ensure!(
            is_address || path.exists() || typed.from_format.is_some(),
            "{}: there is no such file or device, and it is no address",
            crate::cli::ui::show::path(path)
        );
        let source = match &typed.from_format {
            // Names of devices are as their systems have them.
            Some(_) if !path.is_file() => source.to_owned(),
            _ => argument(source)?,
        };
        command
            .args(["-nostdin", "-i"])
            .arg(source)
            .stdin(Stdio::null());
    }
    command
        .args(["-map", "0:v:0", "-an", "-sn", "-dn", "-vf", EVEN])
        .args(["-pix_fmt", "yuv420p", "-fps_mode", "passthrough"])
        .args(["-f", "yuv4mpegpipe", "pipe:1"])
        .stdout(Stdio::piped());
    Ok(command)
}

/// The first line of YUV4MPEG2.
pub(super) fn read_head(from: &mut impl BufRead) -> Result<Head> {
    let line = read_line(from)?.context("there is no picture in it")?;
    let line = String::from_utf8_lossy(&line);
    let mut words = line.split_ascii_whitespace();
    ensure!(
        words.next() == Some("YUV4MPEG2"),
        "ffmpeg wrote something else than frames"
    );
    let (mut width, mut height, mut rate) = (None, None, (25, 1));
    for word in words {
        let Some((name, value)) = word.split_at_checked(1) else {
            continue;
        };
        match name {
            "W" => width = value.parse().ok(),
            "H" => height = value.parse().ok(),
            "F" => {
                let numbers = value.split_once(':');
                let numbers = numbers.and_then(|(n, d)| Some((n.parse().ok()?, d.parse().ok()?)));
                rate = numbers.filter(|&(n, d)| n > 0 && d > 0).unwrap_or(rate);
            }
            "C" => ensure!(
                ["420", "420jpeg", "420mpeg2", "420paldv"].contains(&value),
                "ffmpeg wrote frames of another kind: {value}"
            ),
            _ => {}
        }
    }
    let (Some(width @ 1..), Some(height @ 1..)) = (width, height) else {
        bail!("ffmpeg wrote frames without a size");
    };
    Ok(Head {
        size: Size::new(width, height),
        rate,
    })
}

/// The planes of the next frame; `None` at the end, also in the middle of one.
pub(super) fn read_frame(from: &mut impl BufRead, bytes: usize) -> io::Result<Option<Vec<u8>>> {
    let Some(line) = read_line(from)? else {
        return Ok(None);
    };
    if !line.starts_with(b"FRAME") {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    let mut data = vec![0; bytes];
    match from.read_exact(&mut data) {
        Ok(()) => Ok(Some(data)),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(e) => Err(e),
    }
}

fn read_line(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.take(LINE).read_until(b'\n', &mut line)?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) => Err(io::Error::from(io::ErrorKind::InvalidData)),
    }
}
