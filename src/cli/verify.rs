//! `faceveil verify`: outputs verified, as lines for people or as JSON lines. Reads only.
//!
//! Invariant: every output that was given or that the report names ends in one entry, and one that
//! was not checked is never counted as passed.

use crate::cli::args::{Verify, library};
use crate::cli::files::read;
use crate::cli::plan::inputs;
use crate::cli::plan::inputs::{Input, Inputs, Source};
use crate::cli::report::{findings, report_file};
use crate::cli::run::batch;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::results::{BOLD, PLAIN, Results, YELLOW, json};
use crate::cli::ui::show;
use crate::cli::ui::show::count;
use crate::cli::ui::terminal::{FrameProgress, Terminal};
use anyhow::{Context, Result, anyhow, bail, ensure};
use faceveil::report::{Digest, SCHEMA, Verdict, Verification, VerifyFinding, VerifyFindingKind};
use faceveil::verify::{Verifier, VerifierOptions};
use faceveil::{FileReport, Progress, VideoOptions};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// One JSON line.
#[derive(Serialize)]
struct Entry<'a> {
    schema: u32,
    file: &'a str,
    #[serde(flatten)]
    seen: &'a Verification,
}

/// One output, and what the report says about it.
struct Output {
    input: Option<Input>,
    /// For people and results.
    name: String,
    line: Option<FileReport>,
    /// Whether several lines of the report may be about it.
    is_ambiguous: bool,
}

/// How many outputs ended how.
#[derive(Default)]
struct Tally {
    files: usize,
    passed: usize,
    found: usize,
    not_checked: usize,
}

/// Checks what was given.
///
/// # Errors
/// What keeps the run from starting.
pub(crate) fn run(typed: &Verify) -> Result<Exit> {
    ensure!(
        !typed.outputs.iter().any(|o| inputs::is_stdin(o)),
        "verify looks at files; `-` is none"
    );
    ensure!(
        typed.image.is_none() || typed.report.is_some(),
        "--image would not be used; add the --report that says where it lies"
    );
    ensure!(
        !(typed.update_report && typed.report.as_deref() == Some(OsStr::new("-"))),
        "--update-report needs a file; --report - is standard input"
    );
    let lines = match &typed.report {
        Some(report) => report_file::read(report)?.0,
        None => Vec::new(),
    };
    let options = options(typed)?;
    let interrupt = Interrupt::listen()?;
    interrupt.end_at_once(true);
    batch::silence_worker_panics();
    let Inputs { list, left_alone } = inputs::gather_all(&typed.outputs);
    let (outputs, others) = pair(typed, list, lines);
    let mut terminal = Terminal::new(typed.running.quiet, typed.running.progress, outputs.len());
    for folder in &left_alone.empty {
        terminal.warning(format_args!("no photo or video in {}", show::path(folder)));
    }
    warn_of_unchecked(&terminal, typed, others);
    let verifier = Verifier::new(options).context("preparing the detectors")?;
    let checks = Checks {
        verifier: &verifier,
        videos: Mutex::new(()),
        frames: terminal.frame_progress(),
        interrupt: &interrupt,
    };
    let mut tally = Tally::default();
    let mut verdicts: Vec<(&FileReport, Verification)> = Vec::new();
    let mut results = Results::new(&interrupt);
    let shared_terminal = RefCell::new(&mut terminal);
    let emit = |index: usize, outcome: batch::Outcome<Result<Verification>>| {
        let output = &outputs[index];
        let seen = outcome
            .unwrap_or_else(|message| Err(anyhow!("a bug in faceveil: {message}")))
            .unwrap_or_else(|why| findings::not_checked(&show::chain(&why)));
        tally.add(&seen);
        let terminal = shared_terminal.borrow();
        note_of_ignored(&terminal, output);
        if let (true, Some(line)) = (typed.update_report, &output.line) {
            verdicts.push((line, seen.clone()));
        }
        let file = &output.name;
        results.entry(&terminal, |to| match typed.json {
            true => json(
                to,
                &Entry {
                    schema: SCHEMA,
                    file,
                    seen: &seen,
                },
            ),
            false => print_entry(to, file, &seen),
        });
    };
    let jobs = typed.running.jobs.map_or_else(library::cores, usize::from);
    batch::run(
        outputs.len(),
        jobs,
        &interrupt,
        |i| checks.check(&outputs[i]),
        |_| shared_terminal.borrow_mut().advance(),
        emit,
    )
    .context("starting threads")?;
    terminal.end_progress();
    if let (true, Some(report)) = (typed.update_report, &typed.report) {
        update_report(Path::new(report), verdicts, &interrupt)?;
    }
    let sentence = tally.sentence(outputs.len(), verifier.engine());
    terminal.print(sentence + &left_alone.sentence());
    Ok(if interrupt.heard() {
        Exit::Interrupted
    } else if results.is_torn() {
        Exit::SomeFailed
    } else {
        tally.exit(outputs.len())
    })
}

/// Writes verdicts into the lines that they are about; lines that changed meanwhile stay as they
/// are.
///
/// # Errors
/// If the report cannot be read again or replaced.
fn update_report(
    report: &Path,
    verdicts: Vec<(&FileReport, Verification)>,
    interrupt: &Interrupt,
) -> Result<()> {
    let mut verdicts: HashMap<&str, (&FileReport, Verification)> = verdicts
        .into_iter()
        .map(|(line, seen)| (line.input.as_str(), (line, seen)))
        .collect();
    report_file::update(report, interrupt, |line: &mut FileReport| {
        if let Some((was, seen)) = verdicts.remove(line.input.as_str())
            && *was == *line
        {
            line.verify = Some(seen);
        }
    })
}

/// Says what is not checked: everything without a report, and outputs that were not given.
fn warn_of_unchecked(terminal: &Terminal, typed: &Verify, others: usize) {
    if typed.report.is_none() {
        terminal.warning(
            "without --report it is not known what must be covered: only faces and \
            what files hide are looked for, and nothing passes",
        );
    }
    if others > 0 {
        let (were, their) = if others == 1 {
            ("was", "its")
        } else {
            ("were", "their")
        };
        let others = count(others, "other output");
        terminal.note(format_args!(
            "{others} of the report {were} not given and not checked; give {their} folder to have \
             all of them checked"
        ));
    }
}

/// Says which faces were left open on purpose.
fn note_of_ignored(terminal: &Terminal, output: &Output) {
    let open = output.line.as_ref().map_or(0, |line| line.ignored.len());
    if open > 0 {
        let boxes = count(open, "box");
        let name = show::text(&output.name);
        terminal.about(&name).note(format_args!(
            "faces in {boxes} were left open on purpose (--ignore)"
        ));
    }
}

/// What checks outputs; videos one at a time.
struct Checks<'a> {
    verifier: &'a Verifier,
    videos: Mutex<()>,
    frames: FrameProgress,
    interrupt: &'a Interrupt,
}

impl Checks<'_> {
    fn check(&self, output: &Output) -> Result<Verification> {
        if output.is_ambiguous {
            bail!(
                "the report has several lines of this name, since names begin in each folder that \
                 was given, and which one is about it is unknown: it has the SHA-256 of none, or \
                 another file has that; use a run and a report for each folder"
            );
        }
        let Some(input) = &output.input else {
            let why = "the report says that it was written, and it is not there";
            return Ok(Verification::new(
                Verdict::Found,
                vec![VerifyFinding::new(VerifyFindingKind::Missing, why)],
            ));
        };
        let path = match &input.source {
            Source::File(path) => path,
            Source::Unreachable(_, why) => return Err(anyhow!("{why}")),
            Source::Stdin => bail!("it is no file"),
        };
        if !input.kind().is_video() {
            let bytes = read::file(path, read::MOST_BYTES)?;
            return Ok(self.verifier.photo(&bytes, output.line.as_ref())?);
        }
        let _turn = self.videos.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bar = self.frames.begin(&input.name);
        let mut watch = |done: Progress| {
            bar.advance(done.frames, done.of);
            match self.interrupt.requested() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        Ok(self
            .verifier
            .video(path, output.line.as_ref(), &mut watch)?)
    }
}

fn options(typed: &Verify) -> Result<VerifierOptions> {
    let limits = library::limits(&typed.running);
    let jobs = typed.running.jobs.map_or_else(library::cores, usize::from);
    let video = VideoOptions::new()
        .backend(typed.running.video_backend.into())
        .workers(jobs);
    let mut options = VerifierOptions::new()
        .threshold(typed.faces.threshold)
        .min_face(typed.faces.min_face.unwrap_or(0.0))
        .cover(library::subjects(&typed.subjects, &typed.faces)?)
        .min_text_height(typed.subjects.text_min_height.unwrap_or(0.0))
        .objects(library::objects(&typed.subjects.model)?)
        .engine(library::engine(&typed.engine, &typed.subjects.model)?)
        .video(video)
        .limits(limits);
    if let Some(path) = &typed.image {
        let sticker = library::sticker(path, &limits);
        options.sticker =
            Some(sticker.with_context(|| format!("reading the sticker {}", show::path(path)))?);
    }
    Ok(options)
}

/// Gives each file its line. If a folder was given, what the report names and nobody found is
/// missing; otherwise the second result counts it.
fn pair(typed: &Verify, list: Vec<Input>, lines: Vec<FileReport>) -> (Vec<Output>, usize) {
    let mut lines: Vec<Option<FileReport>> = lines
        .into_iter()
        .filter(|line| line.output.as_deref().is_some_and(|name| name != "-"))
        .map(Some)
        .collect();
    let names = Names::index(&lines);
    let mut outputs: Vec<Output> = Vec::with_capacity(list.len());
    for input in list {
        let candidates = names.fitting(&input);
        let line = match *candidates {
            [only] => lines[only].take(),
            _ => find_by_digest(&input, candidates, &lines).and_then(|i| lines[i].take()),
        };
        outputs.push(Output {
            name: input.shown(),
            is_ambiguous: candidates.len() > 1 && line.is_none(),
            line,
            input: Some(input),
        });
    }
    let left: Vec<FileReport> = lines.into_iter().flatten().collect();
    let folders: Vec<&Path> = typed
        .outputs
        .iter()
        .map(Path::new)
        .filter(|p| p.is_dir())
        .collect();
    if folders.is_empty() {
        return (outputs, left.len());
    }
    outputs.extend(left.into_iter().map(|line| {
        let name = line.output.clone().unwrap_or_default();
        // A walk passes over some files, hidden ones for instance.
        let spellings = show::from_report(&name);
        let mut places = folders
            .iter()
            .flat_map(|f| spellings.iter().map(move |s| (f.join(s), s)));
        let there = places.find(|(path, _)| path.is_file());
        let input = there.map(|(path, spelling)| Input::new(Source::File(path), spelling.clone()));
        Output {
            is_ambiguous: input.as_ref().is_some_and(|i| names.fitting(i).len() > 1),
            name: input.as_ref().map_or(name, Input::shown),
            input,
            line: Some(line),
        }
    }));
    (outputs, 0)
}

/// What the names of a report's outputs may stand for.
struct Names {
    /// By line.
    spellings: Vec<Vec<PathBuf>>,
    /// The lines of each.
    lines: HashMap<PathBuf, Vec<usize>>,
}

impl Names {
    /// Of lines that are all there.
    fn index(lines: &[Option<FileReport>]) -> Self {
        let output = |line: &Option<FileReport>| line.as_ref().and_then(|l| l.output.clone());
        let spell = |line| output(line).map_or_else(Vec::new, |name| show::from_report(&name));
        let spellings: Vec<Vec<PathBuf>> = lines.iter().map(spell).collect();
        let mut lines: HashMap<PathBuf, Vec<usize>> = HashMap::new();
        for (i, all) in spellings.iter().enumerate() {
            for spelling in all {
                lines.entry(spelling.clone()).or_default().push(i);
            }
        }
        Self { spellings, lines }
    }

    /// The lines that a file may have: those with its name below the folder, or else with the
    /// longest name that its path ends in. Several only if they have one name.
    fn fitting(&self, input: &Input) -> &[usize] {
        let lines_of = |name: &Path| self.lines.get(name).map(Vec::as_slice);
        if let Some(exactly) = lines_of(&input.name) {
            return exactly;
        }
        let path = input.path().unwrap_or(Path::new(""));
        let ends = self
            .spellings
            .iter()
            .flatten()
            .filter(|s| path.ends_with(s));
        let longest = ends.max_by_key(|s| s.components().count());
        longest.and_then(|name| lines_of(name)).unwrap_or_default()
    }
}

/// Of lines with one name, the one whose output has the file's bytes.
fn find_by_digest(input: &Input, of: &[usize], lines: &[Option<FileReport>]) -> Option<usize> {
    let path = input.path().filter(|p| !of.is_empty() && p.is_file())?;
    let digest = File::open(path).and_then(Digest::of_reader).ok()?;
    let output = |i: usize| lines.get(i)?.as_ref()?.sha256?.output;
    of.iter().copied().find(|&i| output(i) == Some(digest))
}

impl Tally {
    fn add(&mut self, seen: &Verification) {
        self.files += 1;
        *match seen.verdict {
            Verdict::Passed => &mut self.passed,
            Verdict::Found => &mut self.found,
            _ => &mut self.not_checked,
        } += 1;
    }

    /// The exit code, if nothing else went wrong.
    fn exit(&self, given: usize) -> Exit {
        if self.found > 0 {
            Exit::SomethingFound
        } else if self.passed < given || given == 0 {
            Exit::SomeFailed
        } else {
            Exit::Done
        }
    }

    fn sentence(&self, given: usize, engine: &str) -> String {
        let mut sentence = format!(
            "{}: {} passed, {} to look at, {} not checked",
            count(self.files, "output"),
            self.passed,
            self.found,
            self.not_checked
        );
        if self.files < given {
            sentence += &format!(", stopped with {} not looked at", given - self.files);
        }
        sentence + &format!(" ({engine})")
    }
}

/// What was seen, for people.
fn print_entry(to: &mut dyn Write, name: &str, seen: &Verification) -> io::Result<()> {
    let verdict = match seen.verdict {
        Verdict::Passed => "passed",
        Verdict::Found => "look at it",
        _ => "not checked",
    };
    writeln!(to, "{BOLD}{}{PLAIN}  {verdict}", show::text(name))?;
    for problem in &seen.findings {
        let kind = problem.kind.name();
        writeln!(
            to,
            "  {YELLOW}{kind:11}{PLAIN}  {}",
            findings::sentence(problem)
        )?;
    }
    Ok(())
}
