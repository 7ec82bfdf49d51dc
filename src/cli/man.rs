//! `faceveil man`: manual pages made of the help texts, so that they cannot differ from them.

use crate::cli::args::Cli;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::show;
use anyhow::{Context, Result};
use clap::CommandFactory;
use std::path::Path;

/// Writes `faceveil.1` and a page for each command into `folder`.
///
/// # Errors
/// If one cannot be written.
pub(crate) fn run(folder: &Path) -> Result<Exit> {
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("writing manual pages into {}", show::path(folder)))?;
    Ok(Exit::Done)
}
