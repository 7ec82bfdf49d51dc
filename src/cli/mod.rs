//! The command: what was typed becomes a checked configuration, that runs, and an exit code comes out.
//! Uses the public interface of the library only.
//!
//! Results go to standard output or a file, everything for people to standard error.

mod apply;
mod args;
mod doctor;
mod files;
mod inspect;
mod plan;
mod report;
mod review;
mod run;
mod ui;
mod verify;

use anyhow::Context;
use args::{Cli, Command};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use run::config::Config;
use run::process::process;
use std::io::{self, Write};
use ui::exit::Exit;
use ui::terminal;

/// Runs the command that was typed.
pub(crate) fn run() -> Exit {
    let typed = match Cli::try_parse() {
        Ok(typed) => typed,
        Err(e) => return clap_message(&e),
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
            let written = out.write_all(&script).and_then(|()| out.flush());
            written
                .context("writing to standard output")
                .map(|()| Exit::Done)
        }
    };
    ended.unwrap_or_else(|why| {
        terminal::error(&why);
        Exit::NeverStarted
    })
}

/// Help, the version, or a usage error.
fn clap_message(e: &clap::Error) -> Exit {
    let _ = e.print();
    if !e.use_stderr() {
        return Exit::Done;
    }
    if e.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(flag)) = e.get(ContextKind::InvalidArg)
        && let Some(hint) = args::help::hint_for_unknown(flag)
    {
        terminal::write_line(format_args!("\nhint: {hint}"));
    }
    Exit::NeverStarted
}
