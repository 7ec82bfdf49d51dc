//! The command: what was typed becomes a checked configuration, that runs, and an exit code comes out.
//! Uses the public interface of the library only.
//!
//! Results go to standard output or a file, everything for people to standard error.

mod again;
mod apply;
mod args;
mod audit;
mod batch;
mod boxes;
mod config;
mod doctor;
mod earlier;
mod help;
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
mod record;
mod report_file;
mod results;
mod review;
mod run;
mod settings;
mod show;
mod siblings;
mod strangers;
mod summary;
mod task;
mod values;
mod verify;
mod video;
mod voice;
mod write;

use anyhow::Context;
use args::{Cli, Command};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use config::Config;
use run::process;
use std::io::{self, Write};
use std::process::ExitCode;

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
        Command::Apply(typed) => Config::apply(*typed).and_then(|config| process(&config)),
        Command::Detect(typed) => Config::detect(typed).and_then(|config| process(&config)),
        Command::Inspect(typed) => inspect::run(&typed),
        Command::Verify(typed) => verify::run(&typed),
        Command::Review(typed) => review::run(&typed),
        Command::Doctor(typed) => doctor::run(typed.onnxruntime.as_deref()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "faceveil", &mut script);
            let mut out = io::stdout().lock();
            let told = out.write_all(&script).and_then(|()| out.flush());
            told.context("writing to standard output")
                .map(|()| Exit::Done)
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
        && let Some(hint) = help::hint_for_unknown(flag)
    {
        voice::write_line(format_args!("\nhint: {hint}"));
    }
    Exit::NeverStarted
}
