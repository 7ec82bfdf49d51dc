//! `faceveil completions`: a script that completes the command's flags in a shell.

use crate::cli::args::Cli;
use crate::cli::ui::exit::Exit;
use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::{self, Write};

/// Writes the script to standard output.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn run(shell: Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "faceveil", &mut script);
    let mut out = io::stdout().lock();
    let written = out.write_all(&script).and_then(|()| out.flush());
    written
        .context("writing to standard output")
        .map(|()| Exit::Done)
}
