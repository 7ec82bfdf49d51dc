//! The command: what was typed becomes a checked configuration, that runs, and an exit code comes out.
//! Uses the public interface of the library only.
//!
//! Results go to standard output or a file, everything for people to standard error.

mod args;
mod batch;
mod config;
mod doctor;
mod inputs;
mod inspect;
mod interrupt;
mod job;
mod naming;
mod origin;
mod outputs;
mod places;
mod preview;
mod read;
mod report_file;
mod show;
mod siblings;
mod summary;
mod values;
mod video;
mod voice;
mod write;

use anyhow::{Context, Result};
use args::{Cli, Command};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use config::{Config, Task};
use faceveil::{Anonymizer, Detector, Outcome};
use interrupt::Interrupt;
use job::{Done, Job};
use outputs::Planned;
use report_file::Report;
use std::io;
use std::process::ExitCode;
use std::time::Instant;
use summary::Summary;
use video::Videos;
use voice::Voice;

/// How a run ended. The numbers are documented in the help and the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything done.
    Done = 0,
    /// At least one file failed.
    SomeFailed = 1,
    /// Never started.
    NeverStarted = 2,
    /// Done, and something was found that a person must look at.
    SomethingFound = 3,
    /// Interrupted.
    Interrupted = interrupt::EXIT_CODE,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Runs the command that was typed.
pub(crate) fn run() -> Exit {
    let typed = match Cli::try_parse() {
        Ok(typed) => typed,
        Err(e) => return told_by_clap(&e),
    };
    let ended = match typed.command {
        Command::Blur(typed) => Config::blur(*typed).and_then(|config| process(&config)),
        Command::Detect(typed) => Config::detect(typed).and_then(|config| process(&config)),
        Command::Inspect(typed) => inspect::run(&typed),
        Command::Doctor(typed) => doctor::run(typed.onnxruntime.as_deref()),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "faceveil", &mut io::stdout());
            Ok(Exit::Done)
        }
    };
    ended.unwrap_or_else(|why| {
        voice::error(&why);
        Exit::NeverStarted
    })
}

/// Help, the version, or a usage error.
fn told_by_clap(e: &clap::Error) -> Exit {
    let _ = e.print();
    if !e.use_stderr() {
        return Exit::Done;
    }
    if e.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(flag)) = e.get(ContextKind::InvalidArg)
        && let Some(hint) = args::hint_for_unknown(flag)
    {
        anstream::eprintln!("\nhint: {hint}");
    }
    Exit::NeverStarted
}

/// Deals with every photo of a plan.
///
/// # Errors
/// What keeps the run from starting.
fn process(config: &Config) -> Result<Exit> {
    let start = Instant::now();
    let interrupt = Interrupt::listen()?;
    batch::silence_worker_panics();
    let mut voice = Voice::new(config.quiet, config.progress, config.plan.len());
    for folder in &config.left_alone.empty {
        voice.warning(format_args!("no photo or video in {}", show::path(folder)));
    }
    let mut summary = Summary::default();
    let mut report: Report;
    if config.plan.is_empty() {
        report = config.report.open()?;
    } else {
        let detector = Detector::new(&config.detector).context("preparing the detector")?;
        let anonymizer = Anonymizer::new(detector, config.options.clone())?;
        let style = &config.options.style;
        if matches!(config.task, Task::Blur { .. }) && !style.is_irreversible() {
            voice.warning(format_args!(
                "--style {} is made of the face's own pixels and may be undone; blur, solid and image cannot",
                style.name()
            ));
        }
        // After all that can keep a run from starting, since it replaces an older report.
        report = config.report.open()?;
        summary.engine = Some(anonymizer.detector().engine().to_owned());
        let job = Job {
            anonymizer: &anonymizer,
            videos: Videos::new(config, &interrupt, voice.frame_progress()),
            task: config.task,
            format: config.options.format,
            interrupt: &interrupt,
        };
        let mut report_failed = false;
        let mut told = std::collections::HashSet::new();
        let voice = std::cell::RefCell::new(&mut voice);
        let emit = |index: usize, outcome: batch::Outcome<Done>| {
            let planned: &Planned = &config.plan[index];
            let done = outcome.unwrap_or_else(|message| job.panicked(planned, &message));
            let voice = voice.borrow();
            tell(&voice, config.task, planned, &done);
            if let (None, Some(formats)) = (config.options.format, &done.report.formats)
                && told.insert(formats.input.clone())
            {
                voice.warning(format_args!(
                    "{} is written as {}; --format chooses another",
                    formats.input, formats.output
                ));
            }
            summary.add(&done.report);
            if let Err(why) = report.line(&done.report) {
                voice.error(show::chain(&why));
                report_failed = true;
                // The report is all that `detect` is for.
                if config.task == Task::Detect {
                    interrupt.request();
                }
            }
        };
        batch::run(
            config.plan.len(),
            config.jobs,
            &interrupt,
            |index| job.run(&config.plan[index]),
            |_| voice.borrow_mut().advance(),
            emit,
        )
        .context("starting threads")?;
        summary.report_failed = report_failed;
    }
    voice.end_progress();
    summary.not_started = config.plan.len() - summary.files;
    voice.line(summary.sentence(config, start.elapsed()));
    let told = summary.told(config, interrupt.heard(), start.elapsed());
    if let Err(why) = report.summary(&told) {
        voice.error(show::chain(&why));
        summary.report_failed = true;
    }
    Ok(if interrupt.heard() {
        Exit::Interrupted
    } else if summary.failed > 0 || summary.report_failed {
        Exit::SomeFailed
    } else if config.strict && summary.open_spans > 0 {
        Exit::SomethingFound
    } else {
        Exit::Done
    })
}

/// Says about one photo what a person needs to know.
fn tell(voice: &Voice, task: Task, planned: &Planned, done: &Done) {
    let (name, report) = (planned.input.shown(), &done.report);
    if let Some(why) = &report.error {
        voice.error(format_args!("{name}: {why}"));
    }
    if !report.warnings.is_empty() {
        voice.warning(format_args!("{name}: {}", report.warnings.join("; ")));
    }
    let looked_at = matches!(report.outcome, Outcome::Redacted | Outcome::NoFaces);
    if looked_at && summary::faces(report) == 0 {
        voice.note(format_args!("{name}: no face found"));
    }
    if looked_at && task == Task::DryRun {
        let to = done
            .target
            .as_deref()
            .map_or_else(|| "standard output".into(), show::path);
        let faces = summary::count(summary::faces(report), "face");
        voice.line(format_args!("{name}: {faces}, would be written to {to}"));
    }
}
