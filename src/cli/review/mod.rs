//! `faceveil review`: a page on this machine that shows what a report says, lets a person put it
//! right, and writes the report again. And the contact sheet of outputs.
//!
//! Invariant: only the page of this run sees the pictures, nothing is loaded from elsewhere, and no
//! picture is ever written.

mod apply_run;
mod autosave;
mod browser;
mod cache;
mod command;
mod draft;
mod exposed;
mod follow;
mod gate;
mod margin;
mod pictures;
mod preview;
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
use crate::cli::run::manifest::Manifest;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show;
use crate::cli::ui::terminal::{ProgressArg, Terminal};
use anyhow::{Context, Result, ensure};
use apply_run::ApplyRun;
use draft::Draft;
use faceveil::{FileReport, Limits};
use follow::Followers;
use pictures::Pictures;
use server::Server;
use site::Site;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Serves the page until Ctrl-C, or writes the contact sheet.
///
/// # Errors
/// What keeps it from starting.
pub(super) fn run(typed: Review) -> Result<Exit> {
    let typed = &found(typed)?;
    let inputs = BaseDir::new(typed.originals.as_deref(), "--originals")?;
    let outputs = match &typed.outputs {
        None => inputs.clone(),
        given => BaseDir::new(given.as_deref(), "--outputs")?,
    };
    let limits = Limits::max_pixels(typed.max_pixels);
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
    let terminal = Terminal::new(false, ProgressArg::Never, 0);
    let pictures = Pictures::new(inputs, outputs, limits, interrupt);
    match &typed.export {
        Some(to) => {
            let existing = match typed.overwrite {
                true => Existing::Replace,
                false => Existing::Refuse,
            };
            Ok(sheet::export(&draft, &pictures, &terminal, to, existing))
        }
        None => serve(typed, draft, pictures, &terminal),
    }
}

/// Finds the report and the originals of a folder of outputs, if one was given in place of a
/// report.
///
/// # Errors
/// If nothing is known of it.
fn found(mut typed: Review) -> Result<Review> {
    if !typed.report.is_dir() {
        return Ok(typed);
    }
    let folder = typed.report.clone();
    let shown = show::path(&folder);
    let paths = Manifest::open(&folder).0.run_paths();
    let report = paths.report.filter(|report| report.is_file());
    typed.report = report.with_context(|| {
        format!(
            "{shown} is a folder, and no report is known of outputs in it: `blur --report FILE` \
             writes one, and `faceveil review FILE --originals DIR --outputs {shown}` shows it"
        )
    })?;
    if typed.originals.is_none() {
        let from = paths.from.filter(|from| from.is_dir());
        typed.originals = Some(from.with_context(|| {
            format!("the folder of the originals of {shown} is gone; give it with --originals")
        })?);
    }
    typed.outputs.get_or_insert(folder);
    Ok(typed)
}

/// Says that originals are missing, before a person waits for pictures of them.
fn warn_of_missing(draft: &Draft, pictures: &Pictures, terminal: &Terminal) {
    let all = draft.lines().len();
    let is_missing = |line: &&FileReport| pictures.inputs.find(&line.input).is_err();
    match draft.lines().filter(is_missing).count() {
        0 => {}
        n if n == all => terminal.warning(
            "none of the originals is where the report's names begin, so no picture can be shown; \
             --originals says where they are",
        ),
        n => terminal.warning(format_args!(
            "{n} of {} are not where the report's names begin and cannot be shown (--originals)",
            show::count(all, "original")
        )),
    }
}

fn serve(
    typed: &Review,
    mut draft: Draft,
    pictures: Pictures,
    terminal: &Terminal,
) -> Result<Exit> {
    draft.read_unsaved()?;
    if let Some(outputs) = &typed.outputs {
        let (manifest, _) = Manifest::open(outputs);
        draft.mark_edited(|line| manifest.is_edited(line));
    }
    warn_of_missing(&draft, &pictures, terminal);
    let server = Server::listen()?;
    let interrupt = pictures.interrupt.clone();
    let files = draft.lines().len();
    let written = apply_run::report_beside(&typed.report);
    let site = Site {
        arguments: (
            command::arguments(typed, &draft, &pictures.inputs, &written),
            written,
        ),
        apply_run: ApplyRun::default(),
        followers: Followers::default(),
        apply: command::shown(typed, &draft, &pictures.inputs),
        margin: margin::estimate(draft.lines()),
        report: Mutex::new(draft),
        pictures,
        repeated: AtomicUsize::new(0),
    };
    // The address is the result: a program that started this reads it there.
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{}", server.gate.address()).and_then(|()| out.flush());
    let opened = !typed.no_browser && open(&server, terminal);
    let how = match opened {
        true => "open in the browser; if it shows no page, open this address in it",
        false => "open this address in a browser on this machine",
    };
    terminal.print(format_args!(
        "{} to review; {how}. Ctrl-C ends it",
        show::count(files, "file")
    ));
    let repeated = || {
        site.repeated.fetch_add(1, Ordering::Relaxed);
        terminal.warning(
            "the address that was given to the browser was used a second time. If that was not \
             you, \
             somebody else sees the page: end this with Ctrl-C and start it anew",
        );
    };
    std::thread::scope(|scope| {
        scope.spawn(|| site.work());
        server.run(&site, &interrupt, &repeated);
    });
    Ok(Exit::Done)
}

/// Opens the page in the browser, if there is one.
fn open(server: &Server, terminal: &Terminal) -> bool {
    let file = match browser::redirect_file(&server.gate.address_once()) {
        Ok(file) => file,
        Err(why) => {
            terminal.warning(show::chain(&why));
            return false;
        }
    };
    let opened = browser::open(&file);
    if opened {
        server.gate.keep_until_visit(file);
    }
    opened
}
