//! A run over a plan: every file is dealt with, reported and counted.
//!
//! Invariant: a file that was begun has its line in the report and in the audit, whatever became of it.

use super::batch;
use super::config::{Config, Faces};
use super::job::{Covering, Done, Job};
use super::manifest::Manifest;
use super::messages;
use super::run_log::RunLog;
use super::settings;
use super::summary::{self, Summary};
use super::videos::Videos;
use super::worker::Photos;
use crate::cli::plan::outputs::Planned;
use crate::cli::plan::task::Task;
use crate::cli::report::audit::{self, Audit};
use crate::cli::report::report_file;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show;
use crate::cli::ui::terminal::Terminal;
use anyhow::{Context, Result, bail};
use faceveil::FileReport;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Instant;

/// Deals with every file of a plan.
///
/// # Errors
/// What keeps the run from starting.
pub(crate) fn process(config: &Config) -> Result<Exit> {
    let start = Instant::now();
    let interrupt = Interrupt::listen()?;
    batch::silence_worker_panics();
    let mut terminal = Terminal::new(config.quiet, config.progress, config.plan.len());
    for folder in &config.left_alone.empty {
        terminal.warning(format_args!("no photo or video in {}", show::path(folder)));
    }
    for notice in &config.notices {
        terminal.warning(notice);
    }
    let mut summary = Summary::default();
    let photos = match config.plan.is_empty() {
        true => None,
        false => Some(Photos::start(config, &interrupt, &terminal)?),
    };
    messages::warn_of_reversible(config, &terminal);
    let engine = photos.as_ref().and_then(Photos::engine);
    summary.engine = engine.map(str::to_owned);
    let settings = settings::collect(config, summary.engine.as_deref());
    let manifest = manifest(config, &settings, &terminal);
    let earlier = earlier(config, manifest.as_ref())?;
    config.report.check()?;
    // After all that can keep a run from starting, since they replace older ones.
    let (settings, models) = audit::without_models(settings);
    let program = summary::program(config);
    let audit = Audit::begin(config.audit.as_deref(), program, models, &settings)?;
    let mut log = RunLog::new(config.report.open()?, audit);
    if let Some(photos) = &photos {
        let job = Job {
            covering: covering(config),
            engine: engine.unwrap_or("none"),
            photos,
            videos: Videos::new(config, &interrupt, terminal.frame_progress()),
            task: config.task,
            format: config.faces.format(),
            verify: config.verify.as_ref(),
            manifest: manifest.as_ref(),
            earlier: &earlier,
            interrupt: &interrupt,
        };
        run_jobs(config, &job, &mut terminal, &mut summary, &mut log)?;
    }
    terminal.end_progress();
    if let Some(why) = manifest.as_ref().and_then(Manifest::finish) {
        terminal.warning(why);
    }
    summary.not_started = config.plan.len() - summary.files;
    terminal.print(summary.sentence(config, start.elapsed()));
    let run = summary.run_summary(config, interrupt.heard(), start.elapsed());
    log.end_report(&run, &terminal);
    let exit = exit(config, &summary, &interrupt, log.is_torn());
    log.end_audit(&run, exit, &terminal);
    Ok(match log.is_torn() && exit == Exit::Done {
        true => Exit::SomeFailed,
        false => exit,
    })
}

/// Runs the jobs of all files, and reports each in the order of the plan.
///
/// # Errors
/// If no thread can be started.
fn run_jobs(
    config: &Config,
    job: &Job<'_>,
    terminal: &mut Terminal,
    summary: &mut Summary,
    log: &mut RunLog,
) -> Result<()> {
    let mut named_formats = HashSet::new();
    let terminal = RefCell::new(terminal);
    let emit = |index: usize, outcome: batch::Outcome<Done>| {
        let planned = &config.plan[index];
        let done = outcome.unwrap_or_else(|message| job.panicked(planned, &message));
        let terminal = terminal.borrow();
        match done.up_to_date {
            Some(open_spans) => summary.add_up_to_date(open_spans),
            None => {
                messages::about_file(&terminal, config, planned, &done);
                if let (None, Some(formats)) = (config.faces.format(), &done.report.formats)
                    && named_formats.insert(formats.input.clone())
                {
                    terminal.warning(format_args!(
                        "{} is written as {}; --format chooses another",
                        formats.input, formats.output
                    ));
                }
                summary.add(&done.report);
            }
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
        config.plan.len(),
        config.jobs,
        job.interrupt,
        |index| job.run(&config.plan[index]),
        |_| terminal.borrow_mut().advance(),
        emit,
    )
    .context("starting threads")
}

fn covering(config: &Config) -> Covering<'_> {
    match &config.faces {
        Faces::Find { options, .. } => Covering::Find(options),
        Faces::FromReport(applier) => Covering::FromReport(applier),
    }
}

fn exit(config: &Config, summary: &Summary, interrupt: &Interrupt, is_torn: bool) -> Exit {
    if interrupt.heard() {
        Exit::Interrupted
    } else if summary.failed > 0 || is_torn {
        Exit::SomeFailed
    } else if summary.found > 0 || (config.strict && summary.open_spans > 0) {
        Exit::SomethingFound
    } else if summary.not_checked > 0 {
        Exit::SomeFailed
    } else {
        Exit::Done
    }
}

/// The record of the output folder, where a second run of the same command can know what the first did.
fn manifest(
    config: &Config,
    settings: &serde_json::Value,
    terminal: &Terminal,
) -> Option<Manifest> {
    let resumes = matches!(config.task, Task::Blur { .. });
    let folder = config.folder.as_deref().filter(|_| resumes)?;
    let (manifest, warning) = Manifest::open(folder, settings::fingerprint(settings));
    if let Some(warning) = warning {
        terminal.warning(warning);
    }
    let applies = matches!(config.faces, Faces::FromReport(_));
    let writing = settings::fingerprint(&settings::writing(config));
    let manifest = manifest.for_writing(writing, applies);
    manifest.note_run(config.report.path(), base_folder(config).as_deref());
    Some(manifest)
}

/// The folder that the names of all inputs begin in, if there is one.
fn base_folder(config: &Config) -> Option<PathBuf> {
    let base = |planned: &Planned| {
        let path = planned.input.path()?;
        let depth = planned.input.name.components().count();
        let base = path.ancestors().nth(depth)?;
        // Of a relative path that is all there is.
        Some(match base.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => base.to_owned(),
        })
    };
    let mut all = config.plan.iter().map(base);
    let first = all.next()??;
    all.all(|other| other.as_ref() == Some(&first))
        .then_some(first)
}

/// The lines of the report that is about to be replaced, where the record of an output folder says that they hold still.
///
/// # Errors
/// If somebody edited one and did not apply it; without a record, if somebody said to have looked at it.
fn earlier(config: &Config, manifest: Option<&Manifest>) -> Result<HashMap<String, FileReport>> {
    if !matches!(config.faces, Faces::Find { .. }) {
        return Ok(HashMap::new());
    }
    let lines = report_file::lines_by_input(&config.report);
    let is_edited = |line: &FileReport| match manifest {
        Some(manifest) => manifest.is_edited(line),
        None => line.reviewed,
    };
    let mut edited: Vec<&String> = lines
        .iter()
        .filter(|(_, line)| is_edited(line))
        .map(|(name, _)| name)
        .collect();
    edited.sort();
    if let (Some(name), Some(report)) = (edited.first(), config.report.path()) {
        bail!(
            "the line of {} in {} was edited since it was written; `faceveil apply` covers what it says, \
             and another --report leaves it as it is",
            show::text(name),
            show::path(report)
        );
    }
    Ok(manifest.map_or_else(HashMap::new, |_| lines))
}
