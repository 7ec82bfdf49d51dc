//! A run over a plan: every file is dealt with, reported and counted.
//!
//! Invariant: a file that was begun has its line in the report and in the audit, whatever became of
//! it.

use super::batch;
use super::config::{Config, Faces, Pass};
use super::job::{Covering, Done, Job};
use super::manifests::Manifests;
use super::messages;
use super::run_log::RunLog;
use super::settings;
use super::summary::{self, Summary};
use super::videos::Videos;
use super::worker::Photos;
use crate::cli::files::access::Access;
use crate::cli::files::{leftovers, sync};
use crate::cli::plan::outputs::{Planned, Target};
use crate::cli::plan::task::Task;
use crate::cli::report::audit::{self, Audit};
use crate::cli::report::earlier_lines::EarlierLines;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show::{self, count};
use crate::cli::ui::terminal::{self, Terminal};
use anyhow::{Context, Result, bail};
use faceveil::report::RunSummary;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::time::Instant;

/// Deals with every file of a plan.
///
/// # Errors
/// What keeps the run from starting.
pub(crate) fn process(config: &Config) -> Result<Exit> {
    process_with(config, &Interrupt::listen()?)
}

/// The same under an interrupt that is listened for.
///
/// # Errors
/// What keeps the run from starting.
pub(crate) fn process_with(config: &Config, interrupt: &Interrupt) -> Result<Exit> {
    run(config, interrupt, |_, _, batch| {
        batch(&config.plan)?;
        Ok(0)
    })
}

/// Deals with files as they arrive. `drive` hands over batches of them, the plan's too, until it is
/// to end, and says how many files are left then. The report keeps what earlier runs wrote.
///
/// # Errors
/// What keeps the run from starting, and those of `drive`.
pub(crate) fn process_arriving(config: &Config, drive: impl Drive) -> Result<Exit> {
    run(config, &Interrupt::listen()?, drive)
}

/// What hands batches of files to a run.
pub(crate) trait Drive:
    FnOnce(&Interrupt, &RefCell<Terminal>, &mut dyn FnMut(&[Planned]) -> Result<()>) -> Result<usize>
{
}

impl<T> Drive for T where
    T: FnOnce(
        &Interrupt,
        &RefCell<Terminal>,
        &mut dyn FnMut(&[Planned]) -> Result<()>,
    ) -> Result<usize>
{
}

/// A run over batches of files.
fn run(config: &Config, interrupt: &Interrupt, drive: impl Drive) -> Result<Exit> {
    let arriving = config.arriving;
    let start = Instant::now();
    interrupt.end_at_once(true);
    batch::silence_worker_panics();
    let terminal = Terminal::new(config.quiet, config.progress, config.plan.len());
    for folder in config.left_alone.empty.iter().filter(|_| !arriving) {
        terminal.warning(format_args!("no photo or video in {}", show::path(folder)));
    }
    for notice in &config.notices {
        terminal.warning(notice);
    }
    let mut summary = Summary::default();
    let photos = match arriving || !config.plan.is_empty() {
        true => Some(Photos::start(config, interrupt, &terminal)?),
        false => None,
    };
    messages::warn_of_reversible(config, &terminal);
    let engine = photos.as_ref().and_then(Photos::engine);
    summary.engine = engine.map(str::to_owned);
    let settings = settings::collect(config, summary.engine.as_deref());
    let access = match arriving {
        // Nobody knows how private the files are that will come.
        true => Access::PRIVATE,
        false => access(config),
    };
    let mut report = config.report.open(access)?;
    let mut audit = Audit::open(config.audit.as_deref(), access)?;
    let manifests = Manifests::claim(config, &settings, access, &terminal)?;
    let earlier = earlier(config, &manifests, &terminal)?;
    // After all that can keep a run from starting, since the report replaces an older one.
    interrupt.end_at_once(false);
    leftovers::sweep(written_folders(config));
    report.begin(&earlier, interrupt)?;
    let (settings, models) = audit::without_models(settings);
    audit.begin(summary::program(config), models, &settings)?;
    let mut log = RunLog::new(report, audit);
    let terminal = RefCell::new(terminal);
    let (mut left, mut planned) = (0, 0);
    if let Some(photos) = &photos {
        let job = Job {
            covering: covering(config),
            engine: engine.unwrap_or("none"),
            photos,
            videos: Videos::new(config, interrupt, terminal.borrow().frame_progress()),
            task: config.task,
            format: config.faces.format(),
            verify: config.verify.is_some(),
            manifests: &manifests,
            earlier: &earlier,
            needs_line: config.report.path().is_some(),
            has_own_lines: config.pass == Pass::Cover,
            interrupt,
        };
        let mut named = Named::default();
        left = drive(interrupt, &terminal, &mut |plan| {
            planned += plan.len();
            run_jobs(
                (config, plan),
                &job,
                &terminal,
                (&mut summary, &mut named),
                &mut log,
            )
        })?;
        terminal.borrow_mut().end_progress();
        if config.pass != Pass::Search {
            messages::at_the_end(&terminal.borrow(), config, &summary, &named.failed);
        }
    }
    let mut terminal = terminal.into_inner();
    terminal.end_progress();
    if let Some(why) = manifests.finish() {
        terminal.warning(why);
    }
    if let Some(why) = sync::warning() {
        terminal.warning(why);
    }
    summary.not_started = planned - summary.files + left;
    if let Some(why) = interrupt.stopped_since() {
        let left = count(summary.not_started, "file");
        terminal.error(format_args!("{why}: stopped, {left} not started"));
    }
    match arriving {
        true => log.compact(&terminal),
        false => log.keep_lines(&config.plan[summary.files..], &earlier, &terminal),
    }
    let took = start.elapsed();
    // A signal is how a run over arriving files ends; only what it left is cut off.
    let is_cut = interrupt.heard() && (!arriving || summary.not_started > 0);
    let run = summary.run_summary(config, is_cut, took);
    if config.pass != Pass::Search {
        say_summary(&terminal, &run, summary.sentence(config, took));
    }
    log.end_report(&run, &terminal);
    let exit = exit(&summary, is_cut, log.is_torn());
    log.end_audit(&run, exit, &terminal);
    Ok(match log.is_torn() && exit == Exit::Done {
        true => Exit::SomeFailed,
        false => exit,
    })
}

/// The last line of a run; programs get the report's counts beside it.
fn say_summary(terminal: &Terminal, run: &RunSummary, sentence: String) {
    if !terminal::is_in_json() {
        return terminal.print(sentence);
    }
    // The report has the names of what was left alone.
    let mut summary = run.clone();
    summary.left_alone.clear();
    let counts = serde_json::json!({ "summary": summary });
    terminal.result(None, &sentence, counts);
}

/// Runs the jobs of some files, and reports each in the order of the plan.
///
/// # Errors
/// If no thread can be started.
fn run_jobs(
    (config, plan): (&Config, &[Planned]),
    job: &Job<'_>,
    terminal: &RefCell<Terminal>,
    (summary, named): (&mut Summary, &mut Named),
    log: &mut RunLog,
) -> Result<()> {
    let emit = |index: usize, outcome: batch::Outcome<Done>| {
        let planned = &plan[index];
        let done = outcome.unwrap_or_else(|message| job.panicked(planned, &message));
        let terminal = terminal.borrow();
        match done.up_to_date {
            Some(open_spans) => summary.add_up_to_date(open_spans, done.report.reviewed),
            None if config.pass == Pass::Search => summary.add(&done.report),
            None => {
                messages::about_file(&terminal, config, planned, &done);
                if let Some(format) = messages::grown(planned, &done)
                    && named.grown.insert(format.short())
                {
                    terminal.about(&planned.input.shown()).warning(format_args!(
                        "{} files grow, here and from now on, since they are written without loss; \
                         --format jpeg writes smaller ones",
                        format.name()
                    ));
                }
                if let (None, Some(formats)) = (config.faces.format(), &done.report.formats)
                    && named.formats.insert(formats.input.clone())
                {
                    terminal.about(&planned.input.shown()).warning(format_args!(
                        "{} is written as {}, here and from now on; --format chooses another",
                        formats.input, formats.output
                    ));
                }
                summary.add(&done.report);
                summary.add_sizes(done.sizes.unwrap_or_default());
            }
        }
        if config.pass != Pass::Search {
            messages::about_open_spans(&terminal, config, planned, &done);
            messages::result_of_file(&terminal, planned, &done);
        }
        if let Some(why) = &done.report.error {
            named.failed.push((planned.input.shown(), why.clone()));
        }
        // Without `--verify` a verdict is an earlier run's.
        if config.verify.is_some() {
            messages::about_findings(&terminal, planned, &done.report);
            summary.add_verdict(&done.report);
        }
        log.write_file(&done, &terminal);
        // The report is all that `detect` is for.
        if log.is_torn() && config.task == Task::Detect {
            job.interrupt.request();
        }
    };
    batch::run(
        plan.len(),
        config.jobs,
        job.interrupt,
        |index| job.run(&plan[index]),
        |_| terminal.borrow_mut().advance(),
        emit,
    )
    .context("starting threads")
}

/// What messages have named, so that none names it twice.
#[derive(Default)]
struct Named {
    formats: HashSet<String>,
    grown: HashSet<&'static str>,
    failed: Vec<(String, String)>,
}

fn covering(config: &Config) -> Covering<'_> {
    match &config.faces {
        Faces::Find { options, .. } => Covering::Find(options),
        Faces::FromReport(applier) => Covering::FromReport(applier),
    }
}

fn exit(summary: &Summary, is_cut: bool, is_torn: bool) -> Exit {
    if is_cut {
        Exit::Interrupted
    } else if summary.failed > 0 || is_torn {
        Exit::SomeFailed
    } else if summary.found > 0 || summary.to_look_at > 0 {
        Exit::SomethingFound
    } else if summary.not_checked > 0 {
        Exit::SomeFailed
    } else {
        Exit::Done
    }
}

/// Who may read what names all inputs.
fn access(config: &Config) -> Access {
    Access::of_sources(
        config
            .plan
            .iter()
            .filter_map(|planned| planned.input.path()),
    )
}

/// The folders that new files are written to.
fn written_folders(config: &Config) -> BTreeSet<&Path> {
    let targets = config
        .plan
        .iter()
        .filter_map(|planned| match &planned.target {
            Target::File { path, .. } if matches!(config.task, Task::Blur { .. }) => Some(path),
            _ => None,
        });
    let previews = config.plan.iter().filter_map(|p| p.preview.as_ref());
    targets
        .chain(previews)
        .map(|path| folder_of(path))
        .collect()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The lines of the report that is about to be replaced.
///
/// # Errors
/// If somebody edited one and did not apply it; without a record, if somebody said to have looked
/// at it.
fn earlier(config: &Config, manifests: &Manifests, terminal: &Terminal) -> Result<EarlierLines> {
    let Some(report) = config.report.path() else {
        return Ok(EarlierLines::default());
    };
    let earlier = EarlierLines::read(report, config.shard);
    if !matches!(config.faces, Faces::Find { .. }) {
        return Ok(earlier);
    }
    if let Some(line) = earlier.all().find(|line| manifests.is_edited(line)) {
        bail!(
            "the line of {} in {} was edited since it was written; `faceveil apply` covers what \
             it says, \
             and another --report leaves it as it is",
            show::text(&line.input),
            show::path(report)
        );
    }
    if let Some(notice) = earlier.notice_of_damaged(report) {
        terminal.warning(notice);
    }
    Ok(earlier)
}
