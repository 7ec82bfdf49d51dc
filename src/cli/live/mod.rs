//! `faceveil live`: a stream is covered while it runs. One ffmpeg decodes it, another one encodes
//! what was covered; both are the user's own.
//!
//! Invariant: the sink gets what the live anonymizer hands out and nothing else. Frames that come
//! faster than they can be searched are left out.

mod process;
mod sink;
mod source;
#[cfg(test)]
mod tests;

use crate::cli::args::{Live, library};
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show::{self, count};
use crate::cli::ui::terminal::{self, ProgressArg, Terminal};
use anyhow::{Context, Result, ensure};
use faceveil::live::{CoveredFrame, FrameFormat, LiveAnonymizer, LiveOptions};
use faceveil::{AnonymizeOptions, DetectorOptions, Limits, Preset, VideoAnonymizer};
use serde_json::json;
use sink::Sink;
use source::{Arrived, Source};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for a frame before looking whether to stop.
const PATIENCE: Duration = Duration::from_millis(200);
/// How often tracks that are over are taken out of memory.
const TIDY: Duration = Duration::from_secs(5);
/// The longest pause between the last frames.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long the sink may take to write what it has, once the stream has ended.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Covers a stream until it ends, or until a signal.
///
/// # Errors
/// What keeps it from starting.
pub(crate) fn run(typed: &Live) -> Result<Exit> {
    let limits = Limits::max_pixels(typed.max_pixels);
    ensure!(
        !typed.detection.panorama,
        "--panorama is for photos; a stream is searched as it is"
    );
    let options = AnonymizeOptions::new()
        .style(library::style(&typed.covering, &limits)?)
        .masking(library::masking(&typed.covering))
        .limits(limits);
    let preset = typed.detection.preset.map(Preset::from);
    let preset = preset.unwrap_or(VideoAnonymizer::PRESET);
    let detector = library::detector(&typed.detection, preset)?;
    faceveil::video::ffmpeg()?;
    sink::check(&typed.sink)?;
    let interrupt = Interrupt::listen()?;
    let terminal = Terminal::new(typed.quiet, ProgressArg::Never, 0);
    let jobs = typed.jobs.map_or_else(library::cores, usize::from);
    let source = Source::open(typed, jobs, &interrupt)?;
    let mut stream = Stream::begin(typed, jobs, &detector, options, &source)?;
    terminal.note(format_args!(
        "covering {} of {}, at most {} behind; its sound is left out; Ctrl-C ends it",
        show::path(typed.source.as_ref()),
        source.head(),
        count(stream.live.delay() + 1, "frame"),
    ));
    let ended = stream.pump(&source, &interrupt, &terminal);
    // What was decided is written to its end, whatever else went wrong.
    let closed = stream.sink.close(LAST_WORDS);
    // A source whose frames nobody takes any more is ended, too, and that is no failure of its own.
    let source_ended = source.close(interrupt.requested() || ended.is_err());
    let dropped = source.dropped();
    for why in [ended, source_ended, closed]
        .into_iter()
        .filter_map(Result::err)
    {
        terminal.error(show::chain(&why));
        stream.has_failed = true;
    }
    stream.sum_up(dropped, &terminal);
    Ok(match (stream.has_failed, stream.spans) {
        (true, _) => Exit::SomeFailed,
        (false, 0) => Exit::Done,
        _ => Exit::SomethingFound,
    })
}

/// A stream on its way.
struct Stream {
    live: LiveAnonymizer,
    sink: Sink,
    written: usize,
    /// Time of the frame that was written last.
    newest: Duration,
    faces: usize,
    spans: usize,
    /// How long the slowest frame was held back.
    longest: Duration,
    start: Instant,
    tidied: Instant,
    warned: bool,
    has_failed: bool,
}

impl Stream {
    fn begin(
        typed: &Live,
        jobs: usize,
        detector: &DetectorOptions,
        options: AnonymizeOptions,
        source: &Source,
    ) -> Result<Self> {
        let head = source.head();
        let live = LiveOptions::new(FrameFormat::i420(head.size))
            .look_ahead(typed.look_ahead.into())
            .threads(jobs);
        let live = LiveAnonymizer::new(detector, options, live)?;
        let now = Instant::now();
        Ok(Self {
            live,
            sink: Sink::open(typed, head)?,
            written: 0,
            newest: Duration::ZERO,
            faces: 0,
            spans: 0,
            longest: Duration::ZERO,
            start: source.start(),
            tidied: now,
            warned: false,
            has_failed: false,
        })
    }

    /// Moves frames until the source ends or a signal comes.
    ///
    /// # Errors
    /// A search that failed, or a sink that takes no more.
    fn pump(&mut self, source: &Source, interrupt: &Interrupt, terminal: &Terminal) -> Result<()> {
        while !interrupt.requested() {
            match source.next(PATIENCE) {
                Arrived::Frame(data, at) => self.live.push(data, at)?,
                Arrived::Nothing => {}
                Arrived::End => {
                    self.live.finish()?;
                    self.write_rest(interrupt)?;
                    self.tidy(terminal);
                    return Ok(());
                }
            }
            self.write()?;
            if self.tidied.elapsed() >= TIDY {
                self.tidy(terminal);
            }
            if !self.warned && source.dropped() > 0 {
                self.warned = true;
                terminal.warning(
                    "frames come faster than they can be searched, and some are left out; \
                     --preset fast, more cores or smaller frames help",
                );
            }
        }
        self.tidy(terminal);
        Ok(())
    }

    /// Hands on what is covered.
    fn write(&mut self) -> Result<()> {
        while let Some(frame) = self.live.receive() {
            self.write_one(&frame)?;
            let behind = self.start.elapsed().saturating_sub(frame.time);
            self.longest = self.longest.max(behind);
        }
        Ok(())
    }

    /// Hands on the last frames, which are all ready at once, at the pace at which they came.
    fn write_rest(&mut self, interrupt: &Interrupt) -> Result<()> {
        while let Some(frame) = self.live.receive() {
            let pause = frame.time.saturating_sub(self.newest).min(LONGEST_PAUSE);
            wait_until(pause, || interrupt.requested());
            self.write_one(&frame)?;
        }
        Ok(())
    }

    fn write_one(&mut self, frame: &CoveredFrame) -> Result<()> {
        self.sink.write(&frame.data)?;
        self.written += 1;
        self.newest = frame.time;
        Ok(())
    }

    /// Counts what is over, and says where a face may have shown.
    fn tidy(&mut self, terminal: &Terminal) {
        self.tidied = Instant::now();
        let summary = self.live.take_summary();
        self.faces += summary.tracks.len();
        self.spans += summary.spans.len();
        for span in &summary.spans {
            let [from, to] = span.seconds.map(show::time);
            terminal.alert(format_args!(
                "{} may have shown from {from} to {to}: it was found again too late",
                span.subject.words()
            ));
        }
    }

    fn sum_up(&self, dropped: usize, terminal: &Terminal) {
        let seconds = self.longest.as_secs_f64();
        let sentence = format!(
            "{} written, {} left out; {} covered; at most {seconds:.1} s behind",
            count(self.written, "frame"),
            dropped,
            count(self.faces, "track")
        );
        if !terminal::is_in_json() {
            return terminal.print(sentence);
        }
        terminal.result(
            None,
            &sentence,
            json!({
                "frames": self.written, "dropped": dropped, "tracks": self.faces,
                "open_spans": self.spans, "seconds_behind": seconds,
            }),
        );
    }
}

/// Waits until something is so, or a time is over.
fn wait_until(limit: Duration, is_so: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() >= limit {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}

/// A name as ffmpeg takes it: an address as it is, and a file never as anything else.
///
/// # Errors
/// If the folder that we are in is gone.
fn argument(name: &std::ffi::OsStr) -> Result<std::ffi::OsString> {
    let is_address = name.to_str().is_some_and(|text| text.contains("://"));
    let path = std::path::Path::new(name);
    if is_address || path.starts_with("/dev") {
        return Ok(name.to_owned());
    }
    let mut argument = std::ffi::OsString::from("file:");
    argument.push(std::path::absolute(path).context("finding the current folder")?);
    Ok(argument)
}
