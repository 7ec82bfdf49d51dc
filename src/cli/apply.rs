//! `faceveil apply`: a report, edited or not, becomes a run that covers what it says.

use crate::cli::args::{Apply, library};
use crate::cli::plan::base_dir::BaseDir;
use crate::cli::plan::destination::Destination;
use crate::cli::plan::inputs::{Input, Inputs, Source};
use crate::cli::plan::left_alone::LeftAlone;
use crate::cli::plan::task::Task;
use crate::cli::report::previous_report;
use crate::cli::report::report_file::{self, ReportTo};
use crate::cli::run::config::{self, Config, Faces, Plan};
use crate::cli::run::process::process;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::show;
use crate::cli::ui::terminal::{ProgressArg, Terminal};
use anyhow::{Context, Result, bail, ensure};
use faceveil::report::{RunSummary, StyleName};
use faceveil::{FileReport, Limits, ReportApplier};
use std::path::Path;

/// Covers what a report says.
///
/// # Errors
/// What keeps the run from starting.
pub(crate) fn run(typed: Apply) -> Result<Exit> {
    process(&config(&typed)?)
}

/// Reads the report and plans the run; writes nothing.
///
/// # Errors
/// Flags that do not go together, a report that cannot be read to its last line, or a plan that
/// cannot be.
fn config(typed: &Apply) -> Result<Config> {
    let report = ReportTo::choose(typed.writing.report.as_deref(), None);
    let given = Path::new(&typed.from_report);
    let (lines, summary) = read(typed, &report)?;
    let base_dir = BaseDir::new(typed.originals.as_deref(), "--originals")?;
    let list: Vec<Input> = lines.iter().map(|line| input(&base_dir, line)).collect();
    let output = typed.writing.output.as_deref();
    // A report is of a folder more often than not, even if that has a single file.
    let names_file = output.is_some_and(|o| o == "-" || Path::new(o).extension().is_some());
    let single = lines.len() == 1 && names_file;
    let destination = Destination::choose_for(output, typed.writing.in_place, single, false)?;
    let task = Task::blur(&typed.writing);
    config::check_stdout(&destination, &report, &typed.writing)?;
    let applier = applier(typed, &lines, &base_dir)?;
    let inputs = Inputs {
        list,
        left_alone: LeftAlone::default(),
    };
    let plan = Plan {
        destination: &destination,
        report,
        audit: typed.writing.audit.clone(),
        record: typed.writing.record.clone(),
        previews: None,
        suffix: match (&typed.writing.suffix, &destination) {
            (None, Destination::Beside | Destination::Folder(_)) => previous_report::suffix(&lines),
            (given, _) => given.clone(),
        },
    };
    let mut config = Config::new(
        task,
        Faces::FromReport(applier),
        inputs,
        plan,
        library::encoding(&typed.writing),
        &typed.processing,
    )?;
    config.sticker.clone_from(&typed.image);
    config.verify_outputs(typed.writing.verify, false, &destination)?;
    if summary.is_none() {
        config.notices.push(format!(
            "the report {} has no summary at its end: the run that wrote it was cut off, or lines \
             are missing",
            show::path(given)
        ));
    }
    let outputs = match &destination {
        Destination::Folder(folder) => BaseDir::new(Some(folder), "-o").ok(),
        Destination::Beside => Some(base_dir),
        _ => None,
    };
    let left =
        outputs.and_then(|outputs| previous_report::left_behind(&config.plan, &lines, &outputs));
    config.notices.extend(left);
    note_of_stale_report(&config, &destination, given, &lines);
    for (planned, line) in config.plan.iter_mut().zip(lines) {
        planned.line = Some(Box::new(line));
    }
    Ok(config)
}

/// The lines of the report, each about another file, and the summary if there is one.
///
/// # Errors
/// If it cannot be read or applied, or would be written over by the new one.
fn read(typed: &Apply, report: &ReportTo) -> Result<(Vec<FileReport>, Option<RunSummary>)> {
    let given = Path::new(&typed.from_report);
    if let Some(path) = report.path() {
        ensure!(
            !same_file::is_same_file(path, given).unwrap_or(false),
            "--report {} is the report that is applied; choose another name",
            show::path(path)
        );
    }
    let (lines, summary) = report_file::read(&typed.from_report)?;
    ensure!(
        !lines.is_empty(),
        "the report {} has no files",
        show::path(given)
    );
    if let Some((name, n)) = report_file::shared_name(lines.iter().map(|l| l.input.as_str())) {
        bail!(
            "the report has {n} lines of {}, since names begin in each folder that was given; use \
             a run and a report for each folder",
            show::text(name)
        );
    }
    Ok((lines, summary))
}

/// What covers.
///
/// # Errors
/// A sticker that cannot be read or is of no use, or formats between which is to be chosen.
fn applier(typed: &Apply, lines: &[FileReport], base_dir: &BaseDir) -> Result<ReportApplier> {
    let limits = Limits::max_pixels(typed.processing.running.max_pixels);
    let sticker = match &typed.image {
        Some(path) => Some(
            library::sticker(path, &limits)
                .with_context(|| format!("reading the sticker {}", show::path(path)))?,
        ),
        None => None,
    };
    let wants = |line: &FileReport| {
        line.style
            .as_ref()
            .is_some_and(|s| s.name == StyleName::Image)
    };
    ensure!(
        sticker.is_none() || lines.iter().any(wants),
        "--image would not be used: no line of the report has the style image"
    );
    let format = match (typed.writing.photo.format, typed.writing.in_place) {
        (None, false) => previous_report::format(lines, base_dir)?,
        (given, _) => given,
    };
    Ok(ReportApplier::new()
        .sticker(sticker)
        .keep(library::keep(&typed.writing.photo.keep))
        .quality(library::quality(&typed.writing.photo)?)
        .format(format)
        .limits(limits))
}

/// Says that the report that is applied will not fit the new outputs, if no other is written.
fn note_of_stale_report(
    config: &Config,
    destination: &Destination,
    given: &Path,
    lines: &[FileReport],
) {
    let has_outputs = |line: &FileReport| line.sha256.is_some_and(|s| s.output.is_some());
    if config.report == ReportTo::Nowhere
        && *destination != Destination::Stdout
        && lines.iter().any(has_outputs)
    {
        Terminal::new(config.quiet, ProgressArg::Never, 0).note(format_args!(
            "{} describes the outputs of the run before and will not fit those that are edited; \
             --report with another name writes one that `verify` and `review` can use",
            show::path(given)
        ));
    }
}

/// The file of a line.
fn input(base_dir: &BaseDir, line: &FileReport) -> Input {
    let source = match base_dir.find(&line.input) {
        _ if line.input == "-" => Source::Unreachable(
            "-".into(),
            "it came from standard input; give the picture itself a name in the report".into(),
        ),
        Ok(path) => Source::File(path),
        Err(why) => Source::Unreachable(base_dir.join(&line.input), show::chain(&why)),
    };
    Input::new(source, base_dir.named(&line.input))
}
