//! A run over a plan: every file is dealt with, told, reported and counted.
//!
//! Invariant: a file that was begun has its line in the report and in the audit, whatever became of it.

use super::process::batch;
use super::process::config::{Config, Faces};
use super::process::job::{Covering, Done, Job};
use super::process::manifest::Record;
use super::process::settings;
use super::process::summary;
use super::process::summary::Summary;
use super::process::video::Videos;
use crate::cli::args::value_parsers::OnNoFaceArg;
use crate::cli::files::write::Existing;
use crate::cli::plan::outputs::Planned;
use crate::cli::plan::task::{Task, WhenThere};
use crate::cli::report::audit;
use crate::cli::report::audit::Audit;
use crate::cli::report::report_file;
use crate::cli::report::report_file::Report;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show;
use crate::cli::ui::terminal::Voice;
use crate::cli::verify;
use anyhow::{Context, Result, bail};
use faceveil::{Anonymizer, Detector, FileReport, Outcome, Verdict, Verifier};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Where a run tells what it does, besides the terminal.
struct Books {
    report: Report,
    audit: Audit,
    /// Whether a line was lost.
    is_torn: bool,
}

impl Books {
    fn line(&mut self, done: &Done, voice: &Voice) {
        let (report, faces) = (&done.report, summary::faces(&done.report));
        self.keep(voice, |books| books.report.line(report));
        let up_to_date = done.up_to_date.is_some();
        self.keep(voice, |books| books.audit.line(report, faces, up_to_date));
    }

    fn keep(&mut self, voice: &Voice, write: impl FnOnce(&mut Self) -> Result<()>) {
        if let Err(why) = write(self) {
            voice.error(show::chain(&why));
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
    let mut voice = Voice::new(config.quiet, config.progress, config.plan.len());
    for folder in &config.left_alone.empty {
        voice.warning(format_args!("no photo or video in {}", show::path(folder)));
    }
    for notice in &config.notices {
        voice.warning(notice);
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
    warn_of_reversible(config, &voice);
    summary.engine = anonymizer
        .as_ref()
        .map(|a| a.detector().engine().to_owned());
    let settings = settings::of(config, summary.engine.as_deref());
    let record = record(config, &settings, &voice);
    let earlier = earlier(config, record.as_ref())?;
    config.report.check()?;
    // After all that can keep a run from starting, since they replace older ones.
    let mut books = {
        let program = summary::program(config);
        let (settings, models) = audit::without_models(settings);
        let audit = Audit::begin(config.audit.as_deref(), program, models, &settings)?;
        Books {
            report: config.report.open()?,
            audit,
            is_torn: false,
        }
    };
    let covering = match (&config.faces, &anonymizer) {
        (Faces::Find { options, .. }, Some(anonymizer)) => {
            Some(Covering::Find(anonymizer, options))
        }
        (Faces::Told(applier), _) => Some(Covering::Told(applier)),
        (Faces::Find { .. }, None) => None,
    };
    if let Some(covering) = covering {
        let job = Job {
            covering,
            videos: Videos::new(config, &interrupt, voice.frame_progress()),
            task: config.task,
            format: config.faces.format(),
            verifier: verifier.as_ref(),
            record: record.as_ref(),
            earlier: &earlier,
            interrupt: &interrupt,
        };
        let mut told = std::collections::HashSet::new();
        let voice = RefCell::new(&mut voice);
        let emit = |index: usize, outcome: batch::Outcome<Done>| {
            let planned: &Planned = &config.plan[index];
            let done = outcome.unwrap_or_else(|message| job.panicked(planned, &message));
            let voice = voice.borrow();
            match done.up_to_date {
                Some(open_spans) => summary.add_up_to_date(open_spans),
                None => {
                    tell(&voice, config, planned, &done);
                    if let (None, Some(formats)) = (config.faces.format(), &done.report.formats)
                        && told.insert(formats.input.clone())
                    {
                        voice.warning(format_args!(
                            "{} is written as {}; --format chooses another",
                            formats.input, formats.output
                        ));
                    }
                    summary.add(&done.report);
                }
            }
            // Without `--verify` a verdict is an earlier run's.
            if config.verify.is_some() {
                tell_findings(&voice, planned, &done.report);
                summary.add_verdict(&done.report);
            }
            books.line(&done, &voice);
            // The report is all that `detect` is for.
            if books.is_torn && config.task == Task::Detect {
                interrupt.request();
            }
        };
        batch::run(
            config.plan.len(),
            config.jobs,
            &interrupt,
            |index| job.run(&config.plan[index]),
            |_| voice.borrow_mut().advance(),
            emit,
        )
        .context("starting threads")?;
    }
    voice.end_progress();
    if let Some(why) = record.as_ref().and_then(Record::finish) {
        voice.warning(why);
    }
    summary.not_started = config.plan.len() - summary.files;
    voice.line(summary.sentence(config, start.elapsed()));
    let told = summary.told(config, interrupt.heard(), start.elapsed());
    books.keep(&voice, |books| books.report.summary(&told));
    let exit = exit(config, &summary, &interrupt, books.is_torn);
    books.keep(&voice, |books| books.audit.end(&told, exit));
    Ok(match books.is_torn && exit == Exit::Done {
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
fn record(config: &Config, settings: &serde_json::Value, voice: &Voice) -> Option<Record> {
    let resumes =
        matches!(config.task, Task::Blur { .. }) && matches!(config.faces, Faces::Find { .. });
    let folder = config.folder.as_deref().filter(|_| resumes)?;
    let (record, warning) = Record::open(folder, settings::fingerprint(settings));
    if let Some(warning) = warning {
        voice.warning(warning);
    }
    Some(record)
}

/// The lines of the report that is about to be replaced, where the record of an output folder says that they hold still.
///
/// # Errors
/// If somebody edited one and did not apply it; without a record, if somebody said to have looked at it.
fn earlier(config: &Config, record: Option<&Record>) -> Result<HashMap<String, FileReport>> {
    if !matches!(config.faces, Faces::Find { .. }) {
        return Ok(HashMap::new());
    }
    let lines = report_file::earlier(&config.report);
    let is_edited = |line: &FileReport| match record {
        Some(record) => record.is_edited(line),
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
    Ok(record.map_or_else(HashMap::new, |_| lines))
}

/// Says which styles of the run may be undone.
fn warn_of_reversible(config: &Config, voice: &Voice) {
    if !matches!(config.task, Task::Blur { .. }) || config.plan.is_empty() {
        return;
    }
    let mut names = BTreeSet::new();
    match &config.faces {
        Faces::Find { options, .. } if !options.style.is_irreversible() => {
            names.insert(options.style.name());
        }
        Faces::Find { .. } => {}
        Faces::Told(_) => {
            let lines = config.plan.iter().filter_map(|p| p.line.as_deref());
            let styles = lines.filter_map(|line| line.style.as_ref());
            names.extend(styles.filter(|s| !s.irreversible).map(|s| s.name.as_str()));
        }
    }
    for name in names {
        voice.warning(format_args!(
            "--style {name} is made of the face's own pixels and may be undone; blur, solid and image cannot"
        ));
    }
}

/// Says about one photo what a person needs to know.
fn tell(voice: &Voice, config: &Config, planned: &Planned, done: &Done) {
    let (name, report) = (planned.input.shown(), &done.report);
    if let Some(why) = &report.error {
        voice.error(format_args!("{name}: {why}"));
    }
    if !report.warnings.is_empty() {
        voice.warning(format_args!("{name}: {}", report.warnings.join("; ")));
    }
    let looked_at = matches!(report.outcome, Outcome::Redacted | Outcome::NoFaces);
    let told = matches!(config.faces, Faces::Told(_));
    if looked_at && told && report.regions.is_empty() {
        voice.note(format_args!("{name}: its line has no region to cover"));
    } else if looked_at && !told && summary::faces(report) == 0 {
        voice.note(format_args!("{name}: no face found"));
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
        voice.line(format_args!("{name}: {faces}, {would}"));
    }
}

/// Says what was found when an output was looked at again.
fn tell_findings(voice: &Voice, planned: &Planned, report: &FileReport) {
    let Some(seen) = &report.verify else { return };
    let name = planned.input.shown();
    for problem in &seen.findings {
        let (kind, what) = (&problem.kind, verify::sentence(problem));
        voice.warning(format_args!("{name}: {kind}: {what}"));
    }
    if seen.verdict == Verdict::Found {
        let output = report.output.as_deref().unwrap_or_default();
        voice.warning(format_args!(
            "{name}: look at its output {output} before you share it"
        ));
    }
}

fn would(target: Option<&Path>, existing: WhenThere) -> String {
    let Some(path) = target else {
        return "would be written to standard output".into();
    };
    let to = show::path(path);
    if fs::symlink_metadata(path).is_err() {
        return format!("would be written to {to}");
    }
    match existing {
        WhenThere::Skip => format!("would be skipped, since {to} exists"),
        // An up-to-date output of an earlier run is no reason to fail, and needs a run to be told.
        WhenThere::Write(Existing::Refuse) => {
            format!("{to} exists, and would not be replaced without --overwrite")
        }
        WhenThere::Write(_) => format!("would replace {to}"),
    }
}
