//! `faceveil merge`: the reports of all shards of a run become one, as a single run would have
//! written it.
//!
//! Invariant: the new report has a line of every file that was found, or there is none.

use crate::cli::args::Merge;
use crate::cli::files::access::Access;
use crate::cli::files::write::{Existing, NewFile, Written};
use crate::cli::report::report_file;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show::{self, count};
use crate::cli::ui::terminal::{ProgressArg, Terminal};
use anyhow::{Context, Result, bail, ensure};
use faceveil::FileReport;
use faceveil::report::{Outcome, ReportReader, RunSummary, ShardSummary, read_report};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::iter::Peekable;
use std::path::{Path, PathBuf};

/// How many missing shards are named.
const MOST_NAMED: usize = 20;

/// Joins reports.
///
/// # Errors
/// Reports that are none of shards, or of different runs, and an output that cannot be written.
pub(crate) fn run(typed: &Merge) -> Result<Exit> {
    let interrupt = Interrupt::listen()?;
    let terminal = Terminal::new(typed.quiet, ProgressArg::Never, 0);
    let to_stdout = typed.output == "-";
    let target = Path::new(&typed.output);
    ensure!(
        !to_stdout || !typed.overwrite,
        "--overwrite has no meaning for standard output"
    );
    if !to_stdout {
        check_target(target, typed)?;
    }
    let mut shards = BTreeMap::new();
    let mut problems = Vec::new();
    for path in &typed.reports {
        match Scanned::read(path, &interrupt)? {
            Ok(scanned) => add(&mut shards, scanned)?,
            Err(why) => problems.push(why),
        }
        if interrupt.requested() {
            return Ok(Exit::Interrupted);
        }
    }
    problems.extend(missing(&shards));
    if !problems.is_empty() {
        problems.iter().for_each(|why| terminal.error(why));
        terminal.error("nothing was written: run these shards (again), then merge");
        return Ok(Exit::SomeFailed);
    }
    let shards: Vec<Scanned> = shards.into_values().collect();
    let summary = joined(&shards, &terminal);
    let end = match to_stdout {
        true => write(&shards, &summary, io::stdout().lock(), &interrupt)?,
        false => {
            let file = NewFile {
                target,
                existing: match typed.overwrite {
                    true => Existing::Replace,
                    false => Existing::Refuse,
                },
                access: Access::of_sources(typed.reports.iter().map(PathBuf::as_path)),
                interrupt: &interrupt,
            };
            let written = file.write_at(|temporary| {
                let to = File::options().write(true).truncate(true).open(temporary)?;
                write(&shards, &summary, to, &interrupt).map(Written::Keep)
            });
            match written {
                Err(_) if interrupt.heard() => return Ok(Exit::Interrupted),
                other => {
                    other.with_context(|| format!("writing the report {}", show::path(target)))?
                }
            }
        }
    };
    terminal.print(format_args!(
        "{}, {} failed, in {}",
        count(summary.files, "file"),
        summary.failed,
        count(shards.len(), "shard")
    ));
    Ok(end)
}

/// Makes sure that the output may be written and is none of the reports.
fn check_target(target: &Path, typed: &Merge) -> Result<()> {
    let shown = show::path(target);
    for report in &typed.reports {
        ensure!(
            !same_file::is_same_file(report, target).unwrap_or(false),
            "-o {shown} is one of the reports that are joined; choose another name"
        );
    }
    if target.exists() {
        ensure!(
            typed.overwrite,
            "-o {shown} exists; --overwrite replaces it"
        );
        report_file::ensure_ours(target, report_file::BEGINNING, "report")
            .with_context(|| format!("opening -o {shown}"))?;
    }
    Ok(())
}

/// A report that was read to its end once.
struct Scanned {
    path: PathBuf,
    shard: ShardSummary,
    summary: RunSummary,
    failed: usize,
    to_look_at: bool,
}

impl Scanned {
    /// Reads a report; the inner error is a sentence about one that is not complete.
    ///
    /// # Errors
    /// If it cannot be read, or is of no shard.
    fn read(path: &Path, interrupt: &Interrupt) -> Result<Result<Self, String>> {
        let shown = show::path(path);
        let mut reader = open(path)?;
        let (mut lines, mut failed, mut to_look_at) = (0, 0, false);
        for line in &mut reader {
            let line = match line {
                Ok(line) => line,
                // The last line of a run that was killed may be cut.
                Err(why) => {
                    let why = show::chain(&why.into());
                    return Ok(Err(format!("{shown} is incomplete: {why}")));
                }
            };
            lines += 1;
            failed += usize::from(line.outcome == Outcome::Failed);
            to_look_at |= !line.reviewed && line.spans_to_look_at() > 0;
            if interrupt.requested() {
                return Ok(Err("interrupted".into()));
            }
        }
        let Some(summary) = reader.summary().cloned() else {
            return Ok(Err(format!(
                "{shown} is incomplete: it has no last line, so its run was cut off"
            )));
        };
        let Some(shard) = summary.shard else {
            bail!("{shown} is the report of a whole run and of no shard");
        };
        if !shard.complete || lines != summary.files {
            return Ok(Err(format!(
                "{shown} is incomplete: {} of shard {}/{} were not dealt with",
                count(summary.not_started, "file"),
                shard.index,
                shard.count
            )));
        }
        Ok(Ok(Self {
            path: path.to_owned(),
            shard,
            summary,
            failed,
            to_look_at,
        }))
    }
}

fn open(path: &Path) -> Result<ReportReader<BufReader<File>>> {
    let reading = || format!("reading the report {}", show::path(path));
    ensure!(!path.is_dir(), "{}: it is a folder", reading());
    let file = File::open(path).with_context(reading)?;
    report_file::ensure_ours(path, report_file::BEGINNING, "report").with_context(reading)?;
    Ok(read_report(BufReader::new(file)))
}

/// Adds a shard's report to those of the same run.
///
/// # Errors
/// If it is of another run, or there twice.
fn add(shards: &mut BTreeMap<u32, Scanned>, scanned: Scanned) -> Result<()> {
    let shown = show::path(&scanned.path);
    if let Some(other) = shards.values().next() {
        let (a, b) = (&other.summary, &scanned.summary);
        ensure!(
            other.shard.count == scanned.shard.count,
            "{} is of {} shards and {shown} of {}: they are of different runs",
            show::path(&other.path),
            other.shard.count,
            scanned.shard.count
        );
        ensure!(
            a.program == b.program && a.version == b.version,
            "{} was written by {} {} and {shown} by {} {}: they are of different runs",
            show::path(&other.path),
            a.program,
            a.version,
            b.program,
            b.version
        );
    }
    let name = format!("{}/{}", scanned.shard.index, scanned.shard.count);
    if let Some(other) = shards.insert(scanned.shard.index, scanned) {
        bail!(
            "{} and {shown} are both of shard {name}",
            show::path(&other.path)
        );
    }
    Ok(())
}

/// Sentences about what is not there.
fn missing(shards: &BTreeMap<u32, Scanned>) -> Vec<String> {
    let Some(first) = shards.values().next() else {
        return Vec::new();
    };
    let of = first.shard.count;
    let gone: Vec<u32> = (0..of).filter(|i| !shards.contains_key(i)).collect();
    if !gone.is_empty() {
        let mut names: Vec<String> = gone
            .iter()
            .take(MOST_NAMED)
            .map(|i| format!("{i}/{of}"))
            .collect();
        if gone.len() > names.len() {
            names.push(format!("{} more", gone.len() - names.len()));
        }
        let what = count(gone.len(), "shard");
        return vec![format!("{what} of {of} missing: {}", names.join(", "))];
    }
    let other = shards
        .values()
        .find(|s| s.shard.listed != first.shard.listed);
    if let Some(other) = other {
        return vec![format!(
            "{} found {} and {} {}: the inputs changed in between",
            show::path(&first.path),
            count(first.shard.listed, "file"),
            show::path(&other.path),
            other.shard.listed
        )];
    }
    let files: usize = shards.values().map(|s| s.summary.files).sum();
    match files == first.shard.listed {
        true => Vec::new(),
        false => vec![format!(
            "the shards have {} and {} were found: the inputs changed in between",
            count(files, "file"),
            first.shard.listed
        )],
    }
}

/// The summary of the whole run.
fn joined(shards: &[Scanned], terminal: &Terminal) -> RunSummary {
    let mut all = RunSummary::default();
    for (i, one) in shards.iter().enumerate() {
        let summary = &one.summary;
        if i == 0 {
            all.program.clone_from(&summary.program);
            all.version.clone_from(&summary.version);
        }
        match (&all.engine, &summary.engine) {
            (Some(a), Some(b)) if a != b => {
                let shown = show::path(&one.path);
                terminal.note(format_args!("{shown}: the engine was {b}, elsewhere {a}"));
            }
            (None, engine) => all.engine.clone_from(engine),
            _ => {}
        }
        all.files += summary.files;
        all.written += summary.written;
        all.faces += summary.faces;
        all.without_faces += summary.without_faces;
        all.failed += summary.failed;
        all.skipped += summary.skipped;
        all.up_to_date += summary.up_to_date;
        all.open_spans += summary.open_spans;
        all.bytes_in += summary.bytes_in;
        all.bytes_out += summary.bytes_out;
        all.seconds += summary.seconds;
        all.left_alone.extend_from_slice(&summary.left_alone);
    }
    all.seconds = (all.seconds * 1e3).round() / 1e3;
    // Each shard walked all folders.
    all.left_alone.sort();
    all.left_alone.dedup();
    all
}

/// Writes all lines in the order of their names, as a walk through the folders has them, and the
/// summary.
///
/// # Errors
/// If a report cannot be read a second time, or the new one cannot be written.
fn write(
    shards: &[Scanned],
    summary: &RunSummary,
    to: impl Write,
    interrupt: &Interrupt,
) -> Result<Exit> {
    let mut to = BufWriter::new(to);
    let mut readers: Vec<Peekable<ReportReader<BufReader<File>>>> = Vec::new();
    for shard in shards {
        readers.push(open(&shard.path)?.peekable());
    }
    let mut next = BinaryHeap::new();
    for (i, reader) in readers.iter_mut().enumerate() {
        next.extend(head(reader).map(|name| Reverse((name, i))));
    }
    let mut written = 0;
    while let Some(Reverse((_, i))) = next.pop() {
        ensure!(!interrupt.requested(), "interrupted");
        if let Some(line) = readers[i].next() {
            serde_json::to_writer(&mut to, &line?)?;
            to.write_all(b"\n")?;
            written += 1;
        }
        next.extend(head(&mut readers[i]).map(|name| Reverse((name, i))));
    }
    ensure!(
        written == summary.files,
        "a report was changed while it was read"
    );
    serde_json::to_writer(&mut to, &summary.line())?;
    to.write_all(b"\n")?;
    to.flush()?;
    Ok(exit(shards))
}

/// The name of a report's next file, part by part.
fn head(
    reader: &mut Peekable<impl Iterator<Item = faceveil::Result<FileReport>>>,
) -> Option<Vec<String>> {
    let line = reader.peek()?;
    let name = line.as_ref().map_or("", |line| line.input.as_str());
    Some(name.split('/').map(str::to_owned).collect())
}

/// As one run would have ended.
fn exit(shards: &[Scanned]) -> Exit {
    if shards.iter().any(|s| s.failed > 0) {
        Exit::SomeFailed
    } else if shards.iter().any(|s| s.to_look_at) {
        Exit::SomethingFound
    } else {
        Exit::Done
    }
}
