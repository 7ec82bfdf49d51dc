//! `faceveil apply`: a report, edited or not, becomes a run that covers what it says.

use super::args::Apply;
use super::config::{self, Config, Faces};
use super::inputs::{Input, Inputs, LeftAlone, Source};
use super::origin::Origin;
use super::outputs::Destination;
use super::report_file::{self, ReportTo};
use super::values::ProgressArg;
use super::voice::Voice;
use super::{earlier, show};
use anyhow::{Context, Result, bail, ensure};
use faceveil::{FileReport, Limits, ReportApplier};
use std::path::Path;

impl Config {
    /// Reads the report and plans the run; writes nothing.
    ///
    /// # Errors
    /// Flags that do not go together, a report that cannot be read to its last line, or a plan that
    /// cannot be.
    pub(super) fn apply(typed: Apply) -> Result<Self> {
        let report = ReportTo::choose(typed.writing.report.as_deref());
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
                "the report has {n} lines of {}, since names begin in each folder that was given; use a run and a report for each folder",
                show::text(name)
            );
        }
        let origin = Origin::new(typed.from.as_deref(), "--from")?;
        let list = lines.iter().map(|line| input(&origin, line)).collect();
        let output = typed.writing.output.as_deref();
        // A report is of a folder more often than not, even if that has a single file.
        let names_file = output.is_some_and(|o| o == "-" || Path::new(o).extension().is_some());
        let single = lines.len() == 1 && names_file;
        let destination = Destination::choose_for(output, typed.writing.in_place, single, false)?;
        let task = super::task::of(&typed.writing);
        config::check_stdout(&destination, &report, &typed.writing)?;
        let limits = Limits {
            max_pixels: typed.running.max_pixels,
        };
        let sticker = match &typed.image {
            Some(path) => Some(
                config::sticker(path, &limits)
                    .with_context(|| format!("reading the sticker {}", show::path(path)))?,
            ),
            None => None,
        };
        let wants = |line: &FileReport| line.style.as_ref().is_some_and(|s| s.name == "image");
        ensure!(
            sticker.is_none() || lines.iter().any(wants),
            "--image would not be used: no line of the report has the style image"
        );
        let applier = ReportApplier {
            sticker,
            keep: super::values::keep(&typed.writing.keep),
            format: match (typed.writing.format, typed.writing.in_place) {
                (None, false) => earlier::format(&lines, &origin)?,
                (given, _) => given,
            },
            limits,
        };
        let inputs = Inputs {
            list,
            left_alone: LeftAlone::default(),
        };
        let mut config = Self::new(
            task,
            Faces::Told(applier),
            inputs,
            config::Plan {
                destination: &destination,
                report,
                audit: typed.writing.audit.clone(),
                previews: None,
            },
            config::encoding(&typed.writing),
            &typed.running,
        )?;
        config.verify_outputs(typed.writing.verify, false, &destination)?;
        if summary.is_none() {
            config.notices.push(format!(
                "the report {} has no summary at its end: the run that wrote it was cut off, or lines are missing",
                show::path(given)
            ));
        }
        let outputs = match &destination {
            Destination::Folder(folder) => Origin::new(Some(folder), "-o").ok(),
            Destination::Beside => Some(origin),
            _ => None,
        };
        let left = outputs.and_then(|outputs| earlier::left_behind(&config.plan, &lines, &outputs));
        config.notices.extend(left);
        let has_outputs = |line: &FileReport| line.sha256.is_some_and(|s| s.output.is_some());
        if config.report == ReportTo::Nowhere
            && destination != Destination::Stdout
            && lines.iter().any(has_outputs)
        {
            Voice::new(config.quiet, ProgressArg::Never, 0).note(format_args!(
                "{} tells of the outputs of the run before and will not fit those that are edited; --report with another name writes one that `verify` and `review` can use",
                show::path(given)
            ));
        }
        for (planned, line) in config.plan.iter_mut().zip(lines) {
            planned.line = Some(Box::new(line));
        }
        Ok(config)
    }
}

/// The file of a line.
fn input(origin: &Origin, line: &FileReport) -> Input {
    let source = match origin.find(&line.input) {
        _ if line.input == "-" => Source::Unreachable(
            "-".into(),
            "it came from standard input; give the picture itself a name in the report".into(),
        ),
        Ok(path) => Source::File(path),
        Err(why) => Source::Unreachable(origin.place(&line.input), show::chain(&why)),
    };
    Input {
        source,
        name: origin.named(&line.input),
    }
}
