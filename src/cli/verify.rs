//! `faceveil verify`: outputs looked at again, as lines for people or as JSON lines. Reads only.
//!
//! Invariant: every output that was given or that the report names ends in one entry, and one that was
//! not checked is never counted as passed.

use super::args::Verify;
use super::config;
use super::inputs::{self, Input, Inputs, Source};
use super::interrupt::Interrupt;
use super::results::{BOLD, PLAIN, Results, YELLOW, json};
use super::show;
use super::summary::count;
use super::voice::Voice;
use super::{Exit, batch, read, report_file};
use anyhow::{Context, Result, anyhow, bail, ensure};
use faceveil::{
    Digest, FileReport, Progress, SCHEMA, Verdict, Verification, Verifier, VerifierOptions,
    VerifyFinding, VideoOptions,
};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// One JSON line.
#[derive(Serialize)]
struct Line<'a> {
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
    /// Whether it cannot be told which of the report's lines it has.
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

/// Looks at what was given.
///
/// # Errors
/// What keeps the run from starting.
pub(super) fn run(typed: &Verify) -> Result<Exit> {
    ensure!(
        !typed.outputs.iter().any(|o| inputs::is_stdin(o)),
        "verify looks at files; `-` is none"
    );
    ensure!(
        typed.image.is_none() || typed.report.is_some(),
        "--image would not be used; add the --report that tells where it lies"
    );
    let lines = match &typed.report {
        Some(report) => report_file::read(report)?.0,
        None => Vec::new(),
    };
    let options = options(typed)?;
    let interrupt = Interrupt::listen()?;
    batch::silence_worker_panics();
    let Inputs { list, left_alone } = inputs::gather_all(&typed.outputs);
    let (outputs, others) = pair(typed, list, lines);
    let mut voice = Voice::new(typed.running.quiet, typed.running.progress, outputs.len());
    for folder in &left_alone.empty {
        voice.warning(format_args!("no photo or video in {}", show::path(folder)));
    }
    if typed.report.is_none() {
        voice.warning("without --report it is not known what must be covered: only faces and what files hide are looked for, and nothing passes");
    }
    if others > 0 {
        let (were, their) = if others == 1 {
            ("was", "its")
        } else {
            ("were", "their")
        };
        let others = count(others, "other output");
        voice.note(format_args!("{others} of the report {were} not given and not looked at; give {their} folder to have all of them checked"));
    }
    let verifier = Verifier::new(options).context("preparing the detectors")?;
    let videos = Mutex::new(());
    let frames = voice.frame_progress();
    let look = |output: &Output| -> Result<Verification> {
        if output.is_ambiguous {
            bail!(
                "the report has several lines of this name, since names begin in each folder that was given, and which one it has cannot be told: it has the SHA-256 of none, or another file has that; use a run and a report for each folder"
            );
        }
        let Some(input) = &output.input else {
            let why = "the report says that it was written, and it is not there";
            return Ok(Verification::new(
                Verdict::Found,
                vec![VerifyFinding::new("missing", why)],
            ));
        };
        let path = match &input.source {
            Source::File(path) => path,
            Source::Unreachable(_, why) => return Err(anyhow!("{why}")),
            Source::Stdin => bail!("it is no file"),
        };
        if !read::is_video(path) {
            let bytes = read::file(path, read::MOST_BYTES)?;
            return Ok(verifier.photo(&bytes, output.line.as_ref())?);
        }
        let _turn = videos.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bar = frames.begin(&input.name);
        let mut watch = |done: Progress| {
            bar.advance(done.frames, done.of);
            match interrupt.requested() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        Ok(verifier.video(path, output.line.as_ref(), &mut watch)?)
    };
    let mut tally = Tally::default();
    let mut results = Results::new(&interrupt);
    let voice_of_run = RefCell::new(&mut voice);
    let emit = |index: usize, outcome: batch::Outcome<Result<Verification>>| {
        let output = &outputs[index];
        let seen = outcome
            .unwrap_or_else(|message| Err(anyhow!("a bug in faceveil: {message}")))
            .unwrap_or_else(|why| not_checked(&show::chain(&why)));
        tally.add(&seen);
        let voice = voice_of_run.borrow();
        let open = output.line.as_ref().map_or(0, |line| line.ignored.len());
        if open > 0 {
            let boxes = count(open, "box");
            voice.note(format_args!(
                "{}: faces in {boxes} were left open on purpose (--ignore)",
                show::text(&output.name)
            ));
        }
        let file = &output.name;
        results.entry(&voice, |to| match typed.json {
            true => json(
                to,
                &Line {
                    schema: SCHEMA,
                    file,
                    seen: &seen,
                },
            ),
            false => tell(to, file, &seen),
        });
    };
    let jobs = typed.running.jobs.map_or_else(config::cores, usize::from);
    batch::run(
        outputs.len(),
        jobs,
        &interrupt,
        |i| look(&outputs[i]),
        |_| voice_of_run.borrow_mut().advance(),
        emit,
    )
    .context("starting threads")?;
    voice.end_progress();
    let sentence = tally.sentence(outputs.len(), verifier.engine());
    voice.line(sentence + &left_alone.sentence());
    Ok(if interrupt.heard() {
        Exit::Interrupted
    } else if results.is_torn() {
        Exit::SomeFailed
    } else if tally.found > 0 {
        Exit::SomethingFound
    } else if tally.passed < outputs.len() || outputs.is_empty() {
        Exit::SomeFailed
    } else {
        Exit::Done
    })
}

fn options(typed: &Verify) -> Result<VerifierOptions> {
    let mut options = VerifierOptions {
        threshold: typed.threshold,
        min_face: typed.min_face.unwrap_or(0.0),
        engine: config::engine(&typed.engine)?,
        video: VideoOptions {
            backend: typed.running.video_backend.into(),
            workers: typed.running.jobs.map_or_else(config::cores, usize::from),
            ..VideoOptions::default()
        },
        ..VerifierOptions::default()
    };
    options.limits.max_pixels = typed.running.max_pixels;
    if let Some(path) = &typed.image {
        let sticker = config::sticker(path, &options.limits);
        options.sticker =
            Some(sticker.with_context(|| format!("reading the sticker {}", show::path(path)))?);
    }
    Ok(options)
}

/// Gives each file its line. If a folder was given, what the report names and nobody found is missing;
/// otherwise the second result counts it.
fn pair(typed: &Verify, list: Vec<Input>, lines: Vec<FileReport>) -> (Vec<Output>, usize) {
    let mut lines: Vec<Option<FileReport>> = lines
        .into_iter()
        .filter(|line| line.output.as_deref().is_some_and(|name| name != "-"))
        .map(Some)
        .collect();
    let names = Names::of(&lines);
    let mut outputs: Vec<Output> = Vec::with_capacity(list.len());
    for input in list {
        let candidates = names.fitting(&input);
        let line = match *candidates {
            [only] => lines[only].take(),
            _ => of_bytes(&input, candidates, &lines).and_then(|i| lines[i].take()),
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
        let input = there.map(|(path, spelling)| Input {
            name: spelling.clone(),
            source: Source::File(path),
        });
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
    fn of(lines: &[Option<FileReport>]) -> Self {
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

    /// The lines that a file may have: those with its name below the folder, or else with the longest name
    /// that its path ends in. Several only if they have one name.
    fn fitting(&self, input: &Input) -> &[usize] {
        let of = |name: &Path| self.lines.get(name).map(Vec::as_slice);
        if let Some(exactly) = of(&input.name) {
            return exactly;
        }
        let path = input.path().unwrap_or(Path::new(""));
        let ends = self
            .spellings
            .iter()
            .flatten()
            .filter(|s| path.ends_with(s));
        let longest = ends.max_by_key(|s| s.components().count());
        longest.and_then(|name| of(name)).unwrap_or_default()
    }
}

/// Of lines with one name, the one whose output has the file's bytes.
fn of_bytes(input: &Input, of: &[usize], lines: &[Option<FileReport>]) -> Option<usize> {
    let path = input.path().filter(|p| !of.is_empty() && p.is_file())?;
    let digest = File::open(path).and_then(Digest::of_reader).ok()?;
    let output = |i: usize| lines.get(i)?.as_ref()?.sha256?.output;
    of.iter().copied().find(|&i| output(i) == Some(digest))
}

/// A file whose checks could not run.
pub(super) fn not_checked(why: &str) -> Verification {
    Verification::new(
        Verdict::NotChecked,
        vec![VerifyFinding::new("not-checked", why)],
    )
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
fn tell(to: &mut dyn Write, name: &str, seen: &Verification) -> io::Result<()> {
    let verdict = match seen.verdict {
        Verdict::Passed => "passed",
        Verdict::Found => "look at it",
        _ => "not checked",
    };
    writeln!(to, "{BOLD}{}{PLAIN}  {verdict}", show::text(name))?;
    for problem in &seen.findings {
        let kind = &problem.kind;
        writeln!(to, "  {YELLOW}{kind:11}{PLAIN}  {}", sentence(problem))?;
    }
    Ok(())
}

/// A finding in one line: where, how sure, why.
pub(super) fn sentence(problem: &VerifyFinding) -> String {
    let mut parts = Vec::new();
    if let Some(frame) = problem.frame {
        parts.push(format!("frame {frame}"));
    }
    if let Some([x, y, w, h]) = problem.area {
        parts.push(format!("at {x:.0},{y:.0} {w:.0}x{h:.0}"));
    }
    if let Some(score) = problem.score {
        parts.push(format!("score {score:.2}"));
    }
    if let Some(place) = &problem.place {
        parts.push(show::text(place));
    }
    let reason = show::text(&problem.reason);
    match parts.is_empty() {
        true => reason,
        false => format!("{}: {reason}", parts.join(", ")),
    }
}
