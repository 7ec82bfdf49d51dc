//! `faceveil review`: a page on this machine that shows what a report says, lets a person put it right,
//! and writes the report again. And the contact sheet of outputs.
//!
//! Invariant: only the page of this run sees the pictures, nothing is loaded from elsewhere, and no
//! picture is ever written.

mod browser;
mod cache;
mod command;
mod draft;
mod gate;
mod pictures;
mod request;
mod response;
mod risk;
mod server;
mod sheet;
mod site;

use crate::cli::args::Review;
use crate::cli::files::write::Existing;
use crate::cli::plan::base_dir::BaseDir;
use crate::cli::run::batch;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show;
use crate::cli::ui::terminal::ProgressArg;
use crate::cli::ui::terminal::Terminal;
use anyhow::{Result, ensure};
use draft::Draft;
use faceveil::Limits;
use pictures::Pictures;
use server::Server;
use site::Site;
use std::io::Write;
use std::sync::Mutex;

/// Serves the page until Ctrl-C, or writes the contact sheet.
///
/// # Errors
/// What keeps it from starting.
pub(super) fn run(typed: &Review) -> Result<Exit> {
    let inputs = BaseDir::new(typed.from.as_deref(), "--from")?;
    let outputs = match &typed.outputs {
        None => inputs.clone(),
        given => BaseDir::new(given.as_deref(), "--outputs")?,
    };
    let limits = Limits {
        max_pixels: typed.max_pixels,
    };
    let draft = Draft::read(&typed.report)?;
    ensure!(
        draft.lines().len() > 0,
        "the report {} has no files",
        show::path(&typed.report)
    );
    if let Some(to) = &typed.export {
        sheet::check(to, typed.overwrite, &draft, [&inputs, &outputs])?;
    }
    let interrupt = Interrupt::listen()?;
    batch::silence_worker_panics();
    let voice = Terminal::new(false, ProgressArg::Never, 0);
    let pictures = Pictures::new(inputs, outputs, limits, interrupt);
    match &typed.export {
        Some(to) => {
            let existing = match typed.overwrite {
                true => Existing::Replace,
                false => Existing::Refuse,
            };
            Ok(sheet::export(&draft, &pictures, &voice, to, existing))
        }
        None => serve(typed, draft, pictures, &voice),
    }
}

fn serve(typed: &Review, draft: Draft, pictures: Pictures, voice: &Terminal) -> Result<Exit> {
    let server = Server::listen()?;
    let interrupt = pictures.interrupt.clone();
    let files = draft.lines().len();
    let apply = command::apply(typed, &draft, &pictures.inputs);
    let site = Site {
        report: Mutex::new(draft),
        pictures,
        apply,
    };
    let once = server.gate.address_once();
    let opened = !typed.no_browser && once.is_some_and(|address| browser::open(&address));
    // The address is the result: a program that started this reads it there.
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{}", server.gate.address()).and_then(|()| out.flush());
    let how = match opened {
        true => "open in the browser",
        false => "open this address in a browser on this machine",
    };
    voice.print(format_args!(
        "{} to review; {how}. Ctrl-C ends it",
        crate::cli::ui::show::count(files, "file")
    ));
    server.run(&site, &interrupt);
    Ok(Exit::Done)
}
