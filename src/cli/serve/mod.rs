//! `faceveil serve`: photos in and out over HTTP.
//!
//! One thread talks to clients; photos are worked on by the worker processes of
//! [`crate::cli::run::worker`], under the same memory budget as in a run. Requests are answered
//! from memory.
//!
//! Invariant: nothing of a request is written to disk or logged, and no client can make this
//! process hold more than the photos that are worked on or wait.

mod connections;
mod metrics;
mod photos;
mod problem;
mod queue;
mod routes;
mod token;
mod unread_body;

use crate::cli::args::value_parsers::{IsolateArg, OnNoFaceArg};
use crate::cli::args::{Serve, library};
use crate::cli::files::write::Existing;
use crate::cli::plan::left_alone::LeftAlone;
use crate::cli::plan::task::{IfExists, Task};
use crate::cli::report::report_file::ReportTo;
use crate::cli::run::batch;
use crate::cli::run::config::{self, Config, Pass};
use crate::cli::run::worker::Photos;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show::count;
use crate::cli::ui::terminal::{ProgressArg, Terminal};
use anyhow::{Context, Result, ensure};
use faceveil::{AnonymizeOptions, Limits, VideoOptions};
use metrics::Metrics;
use queue::Queue;
use routes::App;
use std::sync::Arc;
use std::time::Duration;
use token::Token;

/// Serves until a signal.
///
/// # Errors
/// What keeps it from starting.
pub(crate) fn run(typed: &Serve) -> Result<Exit> {
    let terminal = Terminal::new(typed.quiet, ProgressArg::Never, 0);
    let token = Token::choose(typed.token_file.as_deref())?;
    let config = config(typed)?;
    let max_bytes = usize::try_from(typed.max_bytes).context("--max-bytes is too large")?;
    batch::silence_worker_panics();
    let interrupt = Interrupt::default();
    let photos = Photos::start(&config, &interrupt, &terminal)?;
    ensure!(
        !cfg!(target_os = "linux") || photos.is_isolated() || config.isolate == IsolateArg::Never,
        "strangers' photos are worked on in worker processes, and none can be started; \
         --isolate never does without"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.context("starting the service")?;
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind(typed.bind))
        .with_context(|| format!("listening on {} (--bind chooses another)", typed.bind))?;
    let address = listener.local_addr().context("asking for the port")?;
    if !address.ip().is_loopback() && token.is_none() {
        terminal.warning(format_args!(
            "everybody who reaches {address} may use this service; FACEVEIL_TOKEN or --token-file \
             asks for a token"
        ));
    }
    terminal.note(format_args!(
        "listening on http://{address} ({}, {} at a time, {} may wait)",
        photos.engine().unwrap_or("none"),
        count(config.jobs, "photo"),
        typed.queue
    ));
    let longest = config.longest;
    let metrics = Arc::new(Metrics::default());
    let (queue, receiver) = Queue::new(config.jobs, typed.queue.into(), max_bytes, longest);
    let app = App {
        queue: Arc::new(queue),
        metrics: Arc::clone(&metrics),
        token: token.map(Arc::new),
        max_bytes,
        longest,
    };
    let receiver = &receiver;
    let is_whole = std::thread::scope(|scope| -> Result<bool> {
        for number in 0..config.jobs {
            let (photos, metrics) = (&photos, &metrics);
            let work = move || queue::work(receiver, photos, metrics);
            batch::worker(number)
                .spawn_scoped(scope, work)
                .context("starting threads")?;
        }
        let is_whole = runtime.block_on(connections::serve(listener, app));
        // What is still worked on has nobody to go to.
        interrupt.request();
        drop(runtime);
        Ok(is_whole)
    })?;
    Ok(match is_whole {
        true => Exit::Done,
        false => Exit::SomeFailed,
    })
}

/// What is done to each photo.
///
/// # Errors
/// If a flag would not be used.
fn config(typed: &Serve) -> Result<Config> {
    library::check_isolation(&typed.isolation)?;
    let limits = Limits::max_pixels(typed.max_pixels);
    let options = AnonymizeOptions::new()
        .style(library::style(&typed.covering, &limits)?)
        .masking(library::masking(&typed.covering))
        .panorama(typed.detection.panorama)
        .raw(typed.detection.raw.into())
        .keep(library::keep(&typed.photo.keep))
        .quality(library::quality(&typed.photo)?)
        .format(typed.photo.format)
        .limits(limits);
    Ok(Config {
        task: Task::Blur {
            existing: IfExists::Write(Existing::Refuse),
            on_no_face: OnNoFaceArg::Write,
        },
        faces: config::find(&typed.detection, options)?,
        video: VideoOptions::default(),
        strict: false,
        shard: None,
        listed: 0,
        plan: Vec::new(),
        arriving: true,
        left_alone: LeftAlone::default(),
        report: ReportTo::Nowhere,
        audit: None,
        folder: None,
        is_beside: false,
        pass: Pass::Only,
        record: None,
        suffix: None,
        notices: Vec::new(),
        verify: None,
        sticker: typed.covering.image.clone(),
        isolate: typed.isolation.isolate,
        max_memory: typed.isolation.max_memory,
        longest: Duration::from_secs(typed.max_seconds),
        jobs: typed.jobs.map_or_else(library::cores, usize::from),
        quiet: typed.quiet,
        progress: ProgressArg::Never,
    })
}
