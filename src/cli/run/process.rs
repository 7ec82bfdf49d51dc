//! A run over a plan: every file is dealt with, told, reported and counted.
//!
//! Invariant: a file that was begun has its line in the report and in the audit, whatever became of it.

use super::batch;
use super::config::{Config, Faces};
use super::job::{Covering, Done, Job};
use super::manifest::Manifest;
use super::settings;
use super::summary;
use super::summary::Summary;
use super::video::Videos;
use crate::cli::args::value_parsers::OnNoFaceArg;
use crate::cli::files::write::Existing;
use crate::cli::plan::outputs::Planned;
use crate::cli::plan::task::{IfExists, Task};
use crate::cli::report::audit;
use crate::cli::report::audit::Audit;
use crate::cli::report::findings;
use crate::cli::report::report_file;
use crate::cli::report::report_file::Report;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show;
use crate::cli::ui::terminal::Terminal;
use anyhow::{Context, Result, bail};
use faceveil::{Anonymizer, Detector, FileReport, Outcome, Verdict, Verifier};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Where a run tells what it does, besides the terminal.
struct RunLog {
    report: Report,
    audit: Audit,
    /// Whether a line was lost.
    is_torn: bool,
}

impl RunLog {
    fn line(&mut self, done: &Done, terminal: &Terminal) {
        let (report, faces) = (&done.report, summary::faces(&done.report));
        self.keep(terminal, |log| log.report.write_file(report));
        let up_to_date = done.up_to_date.is_some();
        self.keep(terminal, |log| {
            log.audit.write_file(report, faces, up_to_date)
        });
    }

    fn keep(&mut self, terminal: &Terminal, write: impl FnOnce(&mut Self) -> Result<()>) {
        if let Err(why) = write(self) {
            terminal.error(show::chain(&why));
            self.is_torn = true;
        }
    }
}

/// Deals with every photo of a plan.
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
    let anonymizer = match &config.faces {
        Faces::Find {
            detector, options, ..
        } if !config.plan.is_empty() => {
            let detector = Detector::new(detector).context("preparing the detector")?;
            Some(Anonymizer::new(detector, (**options).clone())?)
        }
        _ => None,
    };
    let verifier = match &config.verify {
        Some(options) if !config.plan.is_empty() => {
            let verifier = Verifier::new(options.clone());
            Some(verifier.context("preparing the detectors of --verify")?)
        }
        _ => None,
    };
    warn_of_reversible(config, &terminal);
    summary.engine = anonymizer
        .as_ref()
        .map(|a| a.detector().engine().to_owned());
    let settings = settings::collect(config, summary.engine.as_deref());
    let manifest = manifest(config, &settings, &terminal);
    let earlier = earlier(config, manifest.as_ref())?;
    config.report.check()?;
    // After all that can keep a run from starting, since they replace older ones.
    let mut log = {
        let program = summary::program(config);
        let (settings, models) = audit::without_models(settings);
        let audit = Audit::begin(config.audit.as_deref(), program, models, &settings)?;
        RunLog {
            report: config.report.open()?,
            audit,
            is_torn: false,
        }
    };
    let covering = match (&config.faces, &anonymizer) {
        (Faces::Find { options, .. }, Some(anonymizer)) => {
            Some(Covering::Find(anonymizer, options))
        }
        (Faces::FromReport(applier), _) => Some(Covering::FromReport(applier)),
        (Faces::Find { .. }, None) => None,
    };
    if let Some(covering) = covering {
        let job = Job {
            covering,
            videos: Videos::new(config, &interrupt, terminal.frame_progress()),
            task: config.task,
            format: config.faces.format(),
            verifier: verifier.as_ref(),
            manifest: manifest.as_ref(),
            earlier: &earlier,
            interrupt: &interrupt,
        };
        let mut told = std::collections::HashSet::new();
        let terminal = RefCell::new(&mut terminal);
        let emit = |index: usize, outcome: batch::Outcome<Done>| {
            let planned: &Planned = &config.plan[index];
            let done = outcome.unwrap_or_else(|message| job.panicked(planned, &message));
            let terminal = terminal.borrow();
            match done.up_to_date {
                Some(open_spans) => summary.add_up_to_date(open_spans),
                None => {
                    tell(&terminal, config, planned, &done);
                    if let (None, Some(formats)) = (config.faces.format(), &done.report.formats)
                        && told.insert(formats.input.clone())
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
                tell_findings(&terminal, planned, &done.report);
                summary.add_verdict(&done.report);
            }
            log.line(&done, &terminal);
            // The report is all that `detect` is for.
            if log.is_torn && config.task == Task::Detect {
                interrupt.request();
            }
        };
        batch::run(
            config.plan.len(),
            config.jobs,
            &interrupt,
            |index| job.run(&config.plan[index]),
            |_| terminal.borrow_mut().advance(),
            emit,
        )
        .context("starting threads")?;
    }
    terminal.end_progress();
    if let Some(why) = manifest.as_ref().and_then(Manifest::finish) {
        terminal.warning(why);
    }
    summary.not_started = config.plan.len() - summary.files;
    terminal.print(summary.sentence(config, start.elapsed()));
    let told = summary.run_summary(config, interrupt.heard(), start.elapsed());
    log.keep(&terminal, |log| log.report.write_summary(&told));
    let exit = exit(config, &summary, &interrupt, log.is_torn);
    log.keep(&terminal, |log| log.audit.end(&told, exit));
    Ok(match log.is_torn && exit == Exit::Done {
        true => Exit::SomeFailed,
        false => exit,
    })
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
    let resumes =
        matches!(config.task, Task::Blur { .. }) && matches!(config.faces, Faces::Find { .. });
    let folder = config.folder.as_deref().filter(|_| resumes)?;
    let (manifest, warning) = Manifest::open(folder, settings::fingerprint(settings));
    if let Some(warning) = warning {
        terminal.warning(warning);
    }
    Some(manifest)
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

/// Says which styles of the run may be undone.
fn warn_of_reversible(config: &Config, terminal: &Terminal) {
    if !matches!(config.task, Task::Blur { .. }) || config.plan.is_empty() {
        return;
    }
    let mut names = BTreeSet::new();
    match &config.faces {
        Faces::Find { options, .. } if !options.style.is_irreversible() => {
            names.insert(options.style.name());
        }
        Faces::Find { .. } => {}
        Faces::FromReport(_) => {
            let lines = config.plan.iter().filter_map(|p| p.line.as_deref());
            let styles = lines.filter_map(|line| line.style.as_ref());
            names.extend(styles.filter(|s| !s.irreversible).map(|s| s.name.as_str()));
        }
    }
    for name in names {
        terminal.warning(format_args!(
            "--style {name} is made of the face's own pixels and may be undone; blur, solid and image cannot"
        ));
    }
}

/// Says about one photo what a person needs to know.
fn tell(terminal: &Terminal, config: &Config, planned: &Planned, done: &Done) {
    let (name, report) = (planned.input.shown(), &done.report);
    if let Some(why) = &report.error {
        terminal.error(format_args!("{name}: {why}"));
    }
    if !report.warnings.is_empty() {
        terminal.warning(format_args!("{name}: {}", report.warnings.join("; ")));
    }
    let looked_at = matches!(report.outcome, Outcome::Redacted | Outcome::NoFaces);
    let told = matches!(config.faces, Faces::FromReport(_));
    if looked_at && told && report.regions.is_empty() {
        terminal.note(format_args!("{name}: its line has no region to cover"));
    } else if looked_at && !told && summary::faces(report) == 0 {
        terminal.note(format_args!("{name}: no face found"));
    }
    if let Task::DryRun {
        existing,
        on_no_face,
    } = config.task
        && looked_at
    {
        let stays = report.outcome == Outcome::NoFaces && on_no_face != OnNoFaceArg::Write;
        let would = match stays {
            true => "nothing would be written (--on-no-face)".to_owned(),
            false => would(done.target.as_deref(), existing),
        };
        let faces = summary::count(summary::faces(report), "face");
        terminal.print(format_args!("{name}: {faces}, {would}"));
    }
}

/// Says what was found when an output was looked at again.
fn tell_findings(terminal: &Terminal, planned: &Planned, report: &FileReport) {
    let Some(seen) = &report.verify else { return };
    let name = planned.input.shown();
    for problem in &seen.findings {
        let (kind, what) = (&problem.kind, findings::sentence(problem));
        terminal.warning(format_args!("{name}: {kind}: {what}"));
    }
    if seen.verdict == Verdict::Found {
        let output = report.output.as_deref().unwrap_or_default();
        terminal.warning(format_args!(
            "{name}: look at its output {output} before you share it"
        ));
    }
}

fn would(target: Option<&Path>, existing: IfExists) -> String {
    let Some(path) = target else {
        return "would be written to standard output".into();
    };
    let to = show::path(path);
    if fs::symlink_metadata(path).is_err() {
        return format!("would be written to {to}");
    }
    match existing {
        IfExists::Skip => format!("would be skipped, since {to} exists"),
        // An up-to-date output of an earlier run is no reason to fail, and needs a run to be told.
        IfExists::Write(Existing::Refuse) => {
            format!("{to} exists, and would not be replaced without --overwrite")
        }
        IfExists::Write(_) => format!("would replace {to}"),
    }
}
