//! The command: what was typed becomes a checked configuration, that runs, and an exit code comes
//! out. Uses the public interface of the library only.
//!
//! Folders import downward only: `ui`, `files`, `args`, `plan`, `report`, `run`, then the commands,
//! one file each (`tests/it/layering.rs` holds them to it).
//!
//! Results go to standard output or a file, everything for people to standard error.

mod apply;
mod args;
mod blur;
mod completions;
mod detect;
mod doctor;
mod files;
mod inspect;
mod live;
mod man;
mod merge;
mod options;
mod plan;
mod report;
mod review;
mod run;
#[cfg(feature = "serve")]
mod serve;
mod ui;
mod verify;
mod watch;

use args::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use options::Refusal;
use std::ffi::OsString;
use ui::exit::Exit;
use ui::terminal;

/// Runs the command that was typed.
pub(crate) fn run() -> Exit {
    if let Some(hint) = args::help::hint_for_glued(std::env::args_os().skip(1)) {
        terminal::error(&hint);
        return Exit::NeverStarted;
    }
    let words: Vec<OsString> = std::env::args_os().collect();
    // Before it is known whether all else can be understood.
    terminal::log_as(args::help::log_of(&words));
    let (typed, origins) = match options::parse(&words) {
        Ok(parsed) => parsed,
        Err(Refusal::Typed(e)) => return clap_message(&e),
        Err(Refusal::Elsewhere(why)) => {
            terminal::error(&why);
            return Exit::NeverStarted;
        }
    };
    terminal::log_as(typed.command.log());
    if let Some(sentence) = origins {
        terminal::note(&sentence);
    }
    let ended = match typed.command {
        Command::Blur(typed) => blur::run(*typed),
        Command::Watch(typed) => watch::run(*typed),
        Command::Live(typed) => live::run(&typed),
        Command::Apply(typed) => apply::run(*typed),
        Command::Detect(typed) => detect::run(typed),
        Command::Merge(typed) => merge::run(&typed),
        Command::Inspect(typed) => inspect::run(&typed),
        Command::Verify(typed) => verify::run(&typed),
        Command::Review(typed) => review::run(typed),
        #[cfg(feature = "serve")]
        Command::Serve(typed) => serve::run(&typed),
        Command::Doctor(typed) => doctor::run(&typed),
        #[cfg(target_os = "linux")]
        Command::Worker { videos } => run::worker::serve(videos).map(|()| Exit::Done),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { folder } => man::run(&folder),
    };
    ended.unwrap_or_else(|why| {
        terminal::error(&why);
        Exit::NeverStarted
    })
}

/// Help, the version, or a usage error.
fn clap_message(e: &clap::Error) -> Exit {
    if e.use_stderr() && terminal::is_in_json() {
        terminal::error(&anyhow::anyhow!("{}", args::help::first_line(e)));
        return Exit::NeverStarted;
    }
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
