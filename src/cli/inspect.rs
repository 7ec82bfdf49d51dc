//! `faceveil inspect`: what files still hide, as a table for people or as JSON lines. Reads only.
//!
//! Invariant: every file that was given ends in one entry, in the order of the inputs, and nothing
//! that comes from a file reaches a terminal unescaped.

use crate::cli::args::{Inspect, library};
use crate::cli::files::read;
use crate::cli::plan::inputs;
use crate::cli::plan::inputs::{Input, Inputs, Source};
use crate::cli::run::batch;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::results::{BOLD, PLAIN, Results, YELLOW, json};
use crate::cli::ui::show;
use crate::cli::ui::show::count;
use crate::cli::ui::terminal::ProgressArg;
use crate::cli::ui::terminal::Terminal;
use anyhow::{Context, Result, anyhow, ensure};
use faceveil::inspect::{Finding, Inspection, inspect, inspect_file};
use serde::Serialize;
use std::io::{self, Write};

/// Version of the JSON lines' shape.
const SCHEMA: u32 = 1;

/// One JSON line.
#[derive(Serialize)]
struct Entry {
    schema: u32,
    file: String,
    #[serde(flatten)]
    seen: Inspection,
    error: Option<String>,
}

/// How many files ended how.
#[derive(Default)]
struct Tally {
    files: usize,
    clean: usize,
    hiding: usize,
    unreadable: usize,
}

/// Looks through what was given.
///
/// # Errors
/// What keeps the run from starting.
pub(crate) fn run(typed: &Inspect) -> Result<Exit> {
    ensure!(
        typed.inputs.len() == 1 || !typed.inputs.iter().any(|g| inputs::is_stdin(g)),
        "`-` (standard input) stands alone; give the other inputs in another run"
    );
    let interrupt = Interrupt::listen()?;
    interrupt.end_at_once(true);
    batch::silence_worker_panics();
    let Inputs { list, left_alone } = inputs::gather_all(&typed.inputs);
    let terminal = Terminal::new(typed.quiet, ProgressArg::Never, list.len());
    for folder in &left_alone.empty {
        terminal.warning(format_args!("no picture in {}", show::path(folder)));
    }
    let (mut tally, mut results) = (Tally::default(), Results::new(&interrupt));
    let emit = |index: usize, outcome: batch::Outcome<Result<Inspection>>| {
        let input: &Input = &list[index];
        let seen = outcome.unwrap_or_else(|message| Err(anyhow!("a bug in faceveil: {message}")));
        tally.add(&seen);
        if let Err(why) = &seen {
            terminal.error(format_args!("{}: {}", input.shown(), show::chain(why)));
        }
        results.entry(&terminal, |to| match (typed.json, &seen) {
            (true, _) => json(to, &entry(input, &seen)),
            (false, Ok(seen)) => table(to, &input.shown(), seen),
            (false, Err(_)) => Ok(()),
        });
    };
    let jobs = typed.jobs.map_or_else(library::cores, usize::from);
    batch::run(
        list.len(),
        jobs,
        &interrupt,
        |i| look(&list[i]),
        |_| (),
        emit,
    )
    .context("starting threads")?;
    terminal.print(tally.sentence(list.len()) + &left_alone.sentence());
    Ok(if interrupt.heard() {
        Exit::Interrupted
    } else if tally.unreadable > 0 || tally.files < list.len() || results.is_torn() {
        Exit::SomeFailed
    } else if tally.hiding > 0 {
        Exit::SomethingFound
    } else {
        Exit::Done
    })
}

fn look(input: &Input) -> Result<Inspection> {
    Ok(match &input.source {
        Source::File(path) => {
            read::length(path)?;
            inspect_file(path)?
        }
        Source::Stdin => inspect(&read::stdin()?)?,
        Source::Unreachable(_, why) => return Err(anyhow!("{why}")),
    })
}

impl Tally {
    fn add(&mut self, seen: &Result<Inspection>) {
        self.files += 1;
        match seen {
            Ok(seen) if seen.is_clean() => self.clean += 1,
            Ok(seen) => {
                self.hiding += usize::from(!seen.findings.is_empty());
                self.unreadable += usize::from(seen.damage.is_some());
            }
            Err(_) => self.unreadable += 1,
        }
    }

    fn sentence(&self, given: usize) -> String {
        let mut sentence = format!(
            "{}, {} clean, {} hiding something, {} not readable",
            count(self.files, "file"),
            self.clean,
            self.hiding,
            self.unreadable
        );
        if self.files < given {
            sentence += &format!(", stopped with {} not looked at", given - self.files);
        }
        sentence
    }
}

/// What was seen, for programs.
fn entry(input: &Input, seen: &Result<Inspection>) -> Entry {
    Entry {
        schema: SCHEMA,
        file: match input.source {
            Source::Stdin => "-".into(),
            _ => input.path().map_or_else(String::new, show::in_report),
        },
        seen: seen.as_ref().cloned().unwrap_or_default(),
        error: seen.as_ref().err().map(show::chain),
    }
}

/// What was seen, for people.
fn table(to: &mut dyn Write, name: &str, seen: &Inspection) -> io::Result<()> {
    let mut about = seen.format.to_owned();
    if seen.width > 0 {
        about += &format!(" {}x{}", seen.width, seen.height);
    }
    if seen.frames > 1 {
        about += &format!(", {} pictures", seen.frames);
    }
    let end = if seen.is_clean() {
        ": nothing hidden"
    } else {
        ""
    };
    writeln!(to, "{BOLD}{name}{PLAIN}  {about}{end}")?;
    let wide = |cell: fn(&Finding) -> usize, most| {
        seen.findings.iter().map(cell).max().unwrap_or(0).min(most)
    };
    let kinds = wide(|f| f.kind.name().len(), 20);
    let places = wide(|f| f.place.chars().count(), 40);
    for finding in &seen.findings {
        let (kind, place) = (finding.kind.name(), show::text(&finding.place));
        writeln!(
            to,
            "  {YELLOW}{kind:kinds$}{PLAIN}  {place:places$}  {}",
            measures(finding)
        )?;
    }
    if let Some(damage) = &seen.damage {
        writeln!(to, "  damaged: {}; there may be more", show::text(damage))?;
    }
    Ok(())
}

/// Size, bytes and words of a finding.
fn measures(finding: &Finding) -> String {
    let mut parts = Vec::new();
    if let Some((width, height)) = finding.width.zip(finding.height) {
        parts.push(format!("{width}x{height}"));
    }
    if let Some(bytes) = finding.bytes {
        parts.push(format!("{bytes} bytes"));
    }
    if !finding.detail.is_empty() {
        parts.push(show::text(&finding.detail));
    }
    parts.join(", ")
}
