//! Everything that is said to a person: messages and progress on standard error, the summary last.
//! For programs the same is said in JSON, an object a line.
//!
//! Invariant: standard output is never touched, and nothing that comes from a file reaches the
//! terminal unescaped.

use super::show;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Whether messages are in JSON; the same for all, as standard error is.
static IN_JSON: AtomicBool = AtomicBool::new(false);

/// How often progress is printed where no bar can be drawn.
const BETWEEN_LINES: Duration = Duration::from_secs(1);

/// Says an error, before or without a [`Terminal`].
pub(crate) fn error(why: &anyhow::Error) {
    say(Level::Error, None, &show::chain(why));
}

/// Says something that a person may want to know, before there is a [`Terminal`].
pub(crate) fn note(what: &str) {
    say(Level::Note, None, what);
}

/// A line on standard error. `anstream` takes the colour away where it is not wanted: no terminal,
/// or `NO_COLOR`. Where nobody listens the work goes on; the exit code says how it ended.
pub(crate) fn write_line(line: impl Display) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Chooses how messages are said from now on.
pub(crate) fn log_as(log: LogArg) {
    IN_JSON.store(log == LogArg::Json, Ordering::Relaxed);
}

/// Whether messages are for programs.
pub(crate) fn is_in_json() -> bool {
    IN_JSON.load(Ordering::Relaxed)
}

// How messages are said. No documentation on the values: it would go into the help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogArg {
    #[default]
    Text,
    Json,
}

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Error,
    Warning,
    Note,
    Info,
}

/// A message in JSON.
#[derive(Serialize)]
struct Line<'a, T> {
    level: Level,
    file: Option<&'a str>,
    message: &'a str,
    #[serde(flatten)]
    counts: T,
}

fn say(level: Level, file: Option<&str>, what: &str) {
    if is_in_json() {
        return say_in_json(level, file, what, NoCounts {});
    }
    let what = show::text(what);
    let about = file.map_or_else(String::new, |file| format!("{file}: "));
    match level {
        Level::Error => write_line(format_args!("\x1b[1;31merror\x1b[0m: {about}{what}")),
        Level::Warning => write_line(format_args!("\x1b[1;33mwarning\x1b[0m: {about}{what}")),
        Level::Note => write_line(format_args!("\x1b[1;36mnote\x1b[0m: {about}{what}")),
        Level::Info => write_line(format_args!("{about}{what}")),
    }
}

#[derive(Serialize)]
struct NoCounts {}

fn say_in_json(level: Level, file: Option<&str>, message: &str, counts: impl Serialize) {
    let line = Line {
        level,
        file,
        message,
        counts,
    };
    if let Ok(line) = serde_json::to_string(&line) {
        write_line(line);
    }
}

// When to show progress. No documentation on the values: it would go into the help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressArg {
    #[default]
    Auto,
    Always,
    Never,
}

/// Where a run writes its messages and its progress.
pub(crate) struct Terminal {
    quiet: bool,
    progress: Progress,
}

enum Progress {
    Off,
    Bar(ProgressBar),
    Lines(LogLines),
}

/// Where the frames of a video are counted: beside the bar, or in lines of their own. Cheap to
/// clone.
#[derive(Clone)]
pub(crate) enum FrameProgress {
    Off,
    Bar(ProgressBar),
    Lines,
}

/// One video's frames.
pub(crate) struct Frames<'a> {
    to: &'a FrameProgress,
    name: String,
    start: Instant,
    last: Option<Instant>,
}

impl FrameProgress {
    /// A video is begun.
    pub(crate) fn begin(&self, name: &Path) -> Frames<'_> {
        Frames {
            to: self,
            name: show::path(name),
            start: Instant::now(),
            last: None,
        }
    }
}

impl Frames<'_> {
    /// So many frames are done, of as many as the file says.
    pub(crate) fn advance(&mut self, done: usize, of: Option<u64>) {
        let between = match self.to {
            FrameProgress::Off => return,
            FrameProgress::Bar(_) => BETWEEN_LINES / 5,
            FrameProgress::Lines => BETWEEN_LINES,
        };
        if self.last.is_some_and(|last| last.elapsed() < between) {
            return;
        }
        self.last = Some(Instant::now());
        let rate = done as f64 / self.start.elapsed().as_secs_f64().max(1e-3);
        let mut line = format!("{}: {done}", self.name);
        if let Some(of) = of {
            line += &format!("/{of}");
        }
        line += &format!(" frames, {rate:.1} frames/s");
        if let (Some(of), true) = (of, done > 0) {
            let left = (of as f64 - done as f64).max(0.0) / rate;
            line += &format!(", {left:.0} s left");
        }
        match self.to {
            FrameProgress::Bar(bar) => bar.set_message(line),
            _ => write_line(&line),
        }
    }
}

impl Drop for Frames<'_> {
    fn drop(&mut self) {
        if let FrameProgress::Bar(bar) = self.to {
            bar.set_message("");
        }
    }
}

/// Progress for a log: a line now and then.
struct LogLines {
    total: usize,
    done: usize,
    start: Instant,
    last: Instant,
}

impl Terminal {
    /// A terminal for `total` files.
    pub(crate) fn new(quiet: bool, progress: ProgressArg, total: usize) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let progress = match progress {
            _ if quiet || total == 0 || is_in_json() => Progress::Off,
            ProgressArg::Never => Progress::Off,
            ProgressArg::Auto if !is_terminal => Progress::Off,
            _ if is_terminal => Progress::Bar(bar(total)),
            _ => Progress::Lines(LogLines::new(total)),
        };
        Self { quiet, progress }
    }

    /// The same about one file.
    pub(crate) fn about<'a>(&'a self, file: &'a str) -> About<'a> {
        About {
            terminal: self,
            file: Some(file),
        }
    }

    /// A file that failed, or a run that did.
    pub(crate) fn error(&self, what: impl Display) {
        self.about_all().error(what);
    }

    /// Something that a person may want to act upon.
    pub(crate) fn warning(&self, what: impl Display) {
        self.about_all().warning(what);
    }

    /// Something that a person must look at, even one who wants to hear of errors only.
    pub(crate) fn alert(&self, what: impl Display) {
        self.about_all().alert(what);
    }

    /// Something that a person may want to know.
    pub(crate) fn note(&self, what: impl Display) {
        self.about_all().note(what);
    }

    /// Something that was asked for.
    pub(crate) fn print(&self, what: impl Display) {
        self.about_all().print(what);
    }

    /// What a file or the run came to, for programs: counts stand beside the message.
    pub(crate) fn result(&self, file: Option<&str>, message: &str, counts: impl Serialize) {
        if is_in_json() && !self.quiet {
            say_in_json(Level::Info, file, message, counts);
        }
    }

    fn about_all(&self) -> About<'_> {
        About {
            terminal: self,
            file: None,
        }
    }

    /// For the frames of videos.
    pub(crate) fn frame_progress(&self) -> FrameProgress {
        match &self.progress {
            Progress::Off => FrameProgress::Off,
            Progress::Bar(bar) => FrameProgress::Bar(bar.clone()),
            Progress::Lines(_) => FrameProgress::Lines,
        }
    }

    /// One more file is done.
    pub(crate) fn advance(&mut self) {
        match &mut self.progress {
            Progress::Off => {}
            Progress::Bar(bar) => bar.inc(1),
            Progress::Lines(lines) => lines.advance(),
        }
    }

    /// Takes the bar away, so that the summary is the last line.
    pub(crate) fn end_progress(&mut self) {
        if let Progress::Bar(bar) = &self.progress {
            bar.finish_and_clear();
        }
        self.progress = Progress::Off;
    }

    /// Speaks above the bar.
    fn aside(&self, speak: impl FnOnce()) {
        match &self.progress {
            Progress::Bar(bar) => bar.suspend(speak),
            _ => speak(),
        }
    }
}

/// Messages about one file.
pub(crate) struct About<'a> {
    terminal: &'a Terminal,
    file: Option<&'a str>,
}

impl About<'_> {
    /// It failed.
    pub(crate) fn error(&self, what: impl Display) {
        self.say(Level::Error, what);
    }

    /// Something that a person may want to act upon.
    pub(crate) fn warning(&self, what: impl Display) {
        if !self.terminal.quiet {
            self.say(Level::Warning, what);
        }
    }

    /// Something that a person must look at, even one who wants to hear of errors only.
    pub(crate) fn alert(&self, what: impl Display) {
        self.say(Level::Warning, what);
    }

    /// Something that a person may want to know.
    pub(crate) fn note(&self, what: impl Display) {
        if !self.terminal.quiet {
            self.say(Level::Note, what);
        }
    }

    /// Something that was asked for.
    pub(crate) fn print(&self, what: impl Display) {
        if !self.terminal.quiet {
            self.say(Level::Info, what);
        }
    }

    fn say(&self, level: Level, what: impl Display) {
        let terminal = self.terminal;
        terminal.aside(|| say(level, self.file, &what.to_string()));
    }
}

fn bar(total: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
    let template = "{wide_bar} {pos}/{len} files, {per_sec}, {eta} left  {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.with_key(
            "per_sec",
            |state: &indicatif::ProgressState, w: &mut dyn std::fmt::Write| {
                let _ = write!(w, "{:.1} files/s", state.per_sec());
            },
        ));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

impl LogLines {
    fn new(total: usize) -> Self {
        let start = Instant::now();
        Self {
            total,
            done: 0,
            start,
            last: start,
        }
    }

    fn advance(&mut self) {
        self.done += 1;
        if self.last.elapsed() < BETWEEN_LINES && self.done < self.total {
            return;
        }
        self.last = Instant::now();
        let rate = self.done as f64 / self.start.elapsed().as_secs_f64().max(1e-3);
        let left = (self.total - self.done) as f64 / rate;
        write_line(format_args!(
            "{}/{} files, {rate:.1} files/s, {left:.0} s left",
            self.done, self.total
        ));
    }
}
