//! What a run says to the person at the terminal about its files.

use super::config::{Config, Faces};
use super::job::Done;
use super::summary::{self, Summary};
use crate::cli::args::value_parsers::OnNoFaceArg;
use crate::cli::files::write::Existing;
use crate::cli::plan::outputs::Planned;
use crate::cli::plan::task::{IfExists, Task};
use crate::cli::report::findings;
use crate::cli::ui::show::{self, count};
use crate::cli::ui::terminal::Terminal;
use faceveil::detect::Cover;
use faceveil::photo::FileKind;
use faceveil::report::{Outcome, Verdict};
use faceveil::{FileReport, Format, Subject};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Says which styles of the run may be undone.
pub(crate) fn warn_of_reversible(config: &Config, terminal: &Terminal) {
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
            names.extend(styles.filter(|s| !s.irreversible).map(|s| s.name.name()));
        }
    }
    for name in names {
        terminal.warning(format_args!(
            "--style {name} is made of the face's own pixels and may be undone; blur, solid and \
             image cannot"
        ));
    }
}

/// Says about one photo what a person needs to know.
pub(crate) fn about_file(terminal: &Terminal, config: &Config, planned: &Planned, done: &Done) {
    let (name, report) = (planned.input.shown(), &done.report);
    let about = terminal.about(&name);
    if let Some(why) = &report.error {
        about.error(why);
    }
    if !report.warnings.is_empty() {
        about.warning(report.warnings.join("; "));
    }
    let looked_at = matches!(report.outcome, Outcome::Redacted | Outcome::NoFaces);
    let from_report = matches!(config.faces, Faces::FromReport(_));
    if looked_at && from_report && report.regions.is_empty() {
        about.note("its line has no region to cover");
    } else if looked_at && !from_report && found(config, report).is_none() && is_short(config) {
        about.note(nothing(config));
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
        let found = match found(config, report) {
            Some(found) => found,
            None if cover(config) == Cover::default() && !with_model(config) => count(0, "face"),
            None => nothing(config).to_owned(),
        };
        about.print(format_args!("{found}, {would}"));
    }
}

/// A new file of so many times the source's size has grown.
const GROWN: u64 = 3;
/// Smaller new files are no matter, in bytes.
const SMALL: u64 = 100_000;

/// The format of a photo whose new file is much larger and would be smaller in another format.
pub(crate) fn grown(planned: &Planned, done: &Done) -> Option<Format> {
    let sizes = done.sizes?;
    let FileKind::Photo(format) = planned.input.kind().recognised() else {
        return None;
    };
    let is_kept = done.report.formats.is_none() && format != Format::Jpeg;
    let has_grown = sizes.outputs > SMALL && sizes.outputs / sizes.sources.max(1) >= GROWN;
    // What a lossy source comes to is said with its size.
    let is_said = done.report.warnings.iter().any(|w| w.contains("was lossy"));
    (is_kept && has_grown && !is_said).then_some(format)
}

/// What one file came to, for programs.
#[derive(Serialize)]
struct FileCounts<'a> {
    outcome: Outcome,
    output: Option<&'a str>,
    faces: usize,
    writing: usize,
    objects: usize,
    regions: usize,
    open_spans: usize,
    up_to_date: bool,
}

/// Says it.
pub(crate) fn result_of_file(terminal: &Terminal, planned: &Planned, done: &Done) {
    let report = &done.report;
    let counts = FileCounts {
        outcome: report.outcome,
        output: report.output.as_deref(),
        faces: summary::faces(report),
        writing: summary::writing(report),
        objects: summary::objects(report),
        regions: report.regions.len(),
        open_spans: done.up_to_date.unwrap_or(report.spans_to_look_at()),
        up_to_date: done.up_to_date.is_some(),
    };
    terminal.result(Some(&planned.input.shown()), "ended", counts);
}

/// What was found in a photo, in words; `None` if that is nothing.
fn found(config: &Config, report: &FileReport) -> Option<String> {
    let (faces, writing) = (summary::faces(report), summary::writing(report));
    let objects = summary::objects(report);
    if faces + writing + objects == 0 {
        return None;
    }
    let mut parts = Vec::new();
    if faces > 0 || cover(config).faces {
        parts.push(count(faces, "face"));
    }
    if writing > 0 {
        parts.push(count(writing, "line") + " of writing");
    }
    if objects > 0 {
        parts.push(count(objects, "object"));
    }
    Some(parts.join(", "))
}

/// That nothing was found, in words.
fn nothing(config: &Config) -> &'static str {
    let cover = cover(config);
    match (cover.faces, cover.writing.is_some(), with_model(config)) {
        (true, false, false) => "no face found",
        (true, true, false) => "no face and no writing found",
        (false, true, false) => "no writing found",
        (true, false, true) => "no face and no object found",
        (true, true, true) => "no face, no writing and no object found",
        (false, true, true) => "no writing and no object found",
        (false, false, _) => "no object found",
    }
}

/// Whether a network of the user's own looks, too.
fn with_model(config: &Config) -> bool {
    match &config.faces {
        Faces::Find { detector, .. } => detector.objects.is_some(),
        Faces::FromReport(_) => false,
    }
}

/// What is looked for.
fn cover(config: &Config) -> Cover {
    match &config.faces {
        Faces::Find { detector, .. } => detector.cover,
        Faces::FromReport(_) => Cover::default(),
    }
}

/// How many files are named one by one in notes, and how many times of open spans in a warning.
const MOST_NAMED: usize = 10;

/// Whether a note for each file would not bury the warnings.
fn is_short(config: &Config) -> bool {
    config.plan.len() <= MOST_NAMED
}

/// Says where a face of a video may show, in every run anew until somebody looked at it.
pub(crate) fn about_open_spans(
    terminal: &Terminal,
    config: &Config,
    planned: &Planned,
    done: &Done,
) {
    let report = &done.report;
    let n = match done.up_to_date {
        Some(n) => n.saturating_sub(report.concealed.len()),
        None => report.spans.len(),
    };
    if n == 0 || report.reviewed {
        return;
    }
    let name = planned.input.shown();
    let span = |s: &faceveil::report::UncoveredSpan| {
        let [from, to] = s.seconds.map(show::time);
        let [x, y, ..] = s.area;
        format!("{from}-{to} (near {x:.0},{y:.0})")
    };
    let mut times: Vec<String> = report.spans.iter().take(MOST_NAMED).map(span).collect();
    if n > times.len() && !times.is_empty() {
        times.push(format!("{} more", n - times.len()));
    }
    let when = match times.is_empty() {
        true => format!("in {}", count(n, "span")),
        false => format!("at {}", times.join(", ")),
    };
    let next = match config.report.path() {
        Some(path) => format!("faceveil review {}", show::path(path)),
        None => "run it again with --report FILE, then `faceveil review FILE`".to_owned(),
    };
    let face = report.spans.iter().find(|s| s.subject.is_face());
    let what = face.or(report.spans.first());
    let what = what.map_or(Subject::Face, |s| s.subject).words();
    terminal.about(&name).alert(format_args!(
        "{what} that was followed may show uncovered {when}; look at it: {next}"
    ));
}

/// Says at the end of a long run what was said in between or not at all.
pub(crate) fn at_the_end(
    terminal: &Terminal,
    config: &Config,
    summary: &Summary,
    failed: &[(String, String)],
) {
    if is_short(config) {
        return;
    }
    for (name, why) in failed.iter().take(MOST_NAMED) {
        terminal.about(name).error(why);
    }
    if failed.len() > MOST_NAMED {
        let more = count(failed.len() - MOST_NAMED, "other file");
        terminal.error(format_args!("{more} failed"));
    }
    let is_looked_for = match &config.faces {
        Faces::Find { detector, .. } => detector.cover.faces,
        Faces::FromReport(_) => false,
    };
    if is_looked_for && summary.without_faces > 0 {
        let next = match config.report.path() {
            Some(path) => format!("faceveil review {}", show::path(path)),
            None => "--report FILE lists them, `faceveil review FILE` shows them".to_owned(),
        };
        terminal.note(format_args!(
            "{} without a face, {} failed; no detector finds every face: look before you share \
             ({next})",
            count(summary.without_faces, "file"),
            summary.failed
        ));
    }
}

/// Says what was found when an output was verified.
pub(crate) fn about_findings(terminal: &Terminal, planned: &Planned, report: &FileReport) {
    let Some(seen) = &report.verify else { return };
    let name = planned.input.shown();
    for problem in &seen.findings {
        let (kind, what) = (&problem.kind, findings::sentence(problem));
        terminal
            .about(&name)
            .warning(format_args!("{kind}: {what}"));
    }
    if seen.verdict == Verdict::Found {
        let output = report.output.as_deref().unwrap_or_default();
        terminal.about(&name).warning(format_args!(
            "look at its output {output} before you share it"
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
        // An up-to-date output of an earlier run is no reason to fail.
        IfExists::Write(Existing::Refuse) => {
            format!("{to} exists, and would not be replaced without --overwrite")
        }
        IfExists::Write(_) => format!("would replace {to}"),
    }
}
