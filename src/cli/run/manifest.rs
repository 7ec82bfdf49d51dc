//! What earlier runs did in an output folder, so that the same command does only what is missing or
//! whose input or settings changed. Fingerprints, not dates and not "there is a file".
//!
//! A small hidden file beside the output folder has a line per output, written just before the
//! output is renamed to its place, so that a run that is killed at any moment leaves nothing that
//! the next one does not know. Names are relative; what was found in a picture is not in it.
//!
//! Invariant: a file is up to date only if its input, its settings and its output are, byte for
//! byte, those of a line. A record that is damaged or missing makes nothing up to date.

mod lines;

use self::lines::{Entry, Known, Lines, SHAPE, line_digest, whole_lines};
use super::manifest_file::{self, Claimed, OLD_NAME};
use super::run_paths::{RunEntry, RunPaths};
use crate::cli::files::access::Access;
use crate::cli::files::shard::Shard;
use crate::cli::ui::show;
use anyhow::{Context, Result, bail, ensure};
use faceveil::FileReport;
use faceveil::report::Digest;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Largest record that is read: a million files.
const MOST_BYTES: u64 = 512 << 20;

/// The record of one output folder.
#[derive(Debug)]
pub(crate) struct Manifest {
    path: PathBuf,
    /// The output folder.
    folder: PathBuf,
    settings: Digest,
    /// Of the settings that `apply` has, too, and whether this run is one of `apply`.
    writing: Option<Digest>,
    applies: bool,
    known: HashMap<String, Known>,
    shard: Option<Shard>,
    run: RunPaths,
    to: Mutex<Pending>,
}

/// Lines that are to be added.
#[derive(Debug)]
struct Pending {
    to: To,
    /// Those that wait for the folder to be made.
    waiting: Vec<u8>,
}

/// Where they are added.
#[derive(Debug)]
enum To {
    /// Nowhere: this run only reads.
    Nowhere,
    /// Behind so many bytes that are good.
    Behind(u64, Claimed),
    /// Behind everything.
    Open(Claimed),
    /// Why nothing more is written; kept for its lock.
    Failed(String, Option<Claimed>),
}

/// What a record says about an input and the output that it has now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OutputState {
    /// Nothing is known.
    Unknown,
    /// Nothing is to be done. `open_spans` as they were reported then.
    UpToDate {
        output: Option<Digest>,
        open_spans: usize,
    },
    /// It is to be done, and an output that is there is our own, or there is none.
    Stale,
    /// The output that is there was written by us and changed by somebody since.
    Changed,
    /// It was written by `apply`, and looking for faces again would undo what was edited.
    Applied,
}

/// An input whose content is known.
pub(crate) struct Fingerprint {
    pub(crate) input: Digest,
    input_path: Digest,
    made_from: Digest,
}

impl Manifest {
    /// Reads the record of a folder, which may not be there. A sentence says if what is there
    /// cannot be used.
    pub(crate) fn open(folder: &Path) -> (Self, Option<String>) {
        let path = manifest_file::find(folder);
        let mut manifest = Self::new(folder, path, Digest::of(b""));
        let mut warning = None;
        let mut paths = manifest_file::others(folder, None, None);
        paths.push(manifest.path.clone());
        for (number, path) in paths.iter().enumerate() {
            let parsed = read(path).and_then(|bytes| Lines::parse(&bytes));
            match parsed {
                Ok(lines) => manifest.know_all(number, lines),
                Err(why) => warning = Some(unusable(path, &why)),
            }
        }
        (manifest, warning)
    }

    /// Opens the record of a folder, or the one that is `given`, to add to it; that of a `shard`,
    /// if the run is one. `settings` is everything that decides about an output besides its input.
    /// Sentences say what a person needs to know.
    ///
    /// # Errors
    /// If another run writes to it, or the given one cannot be used.
    pub(crate) fn claim(
        folder: &Path,
        (given, shard): (Option<&Path>, Option<Shard>),
        settings: Digest,
        access: Access,
    ) -> Result<(Self, Vec<String>)> {
        let mut claimed = manifest_file::claim(folder, given, shard, access)?;
        let mut sentences: Vec<String> = claimed.notice.take().into_iter().collect();
        let mut manifest = Self::new(folder, claimed.path.clone(), settings);
        manifest.shard = shard;
        let others = manifest_file::others(folder, given, shard);
        for (number, path) in others.iter().enumerate() {
            match read(path).and_then(|bytes| Lines::parse(&bytes)) {
                // Where the report of another shard is does not help this one.
                Ok(lines) => manifest.know_all(number, Lines { run: None, ..lines }),
                Err(why) => sentences.push(unusable(path, &why)),
            }
        }
        if claimed.file.is_none() {
            // The sentence about that is in the list already.
            manifest.lock().to = To::Failed(String::new(), None);
            return Ok((manifest, sentences));
        }
        if let Err(why) = take_over_old(folder, &mut claimed) {
            let old = show::path(&folder.join(OLD_NAME));
            let why = show::chain(&why);
            sentences.push(format!("{old} could not be taken over: {why}"));
        }
        let there = claimed
            .file
            .as_ref()
            .map_or_else(|| Ok(Vec::new()), read_open);
        let good = match there.and_then(|bytes| Lines::parse(&bytes)) {
            Ok(lines) => {
                let good = lines.bytes;
                manifest.know_all(others.len(), lines);
                good
            }
            Err(why) => {
                sentences.push(unusable(&manifest.path, &why));
                0
            }
        };
        manifest.lock().to = To::Behind(good, claimed);
        Ok((manifest, sentences))
    }

    /// Whether a folder is one of outputs.
    pub(crate) fn is_of(folder: &Path) -> bool {
        folder.is_dir()
            && (manifest_file::find(folder).is_file()
                || !manifest_file::others(folder, None, None).is_empty())
    }

    fn new(folder: &Path, path: PathBuf, settings: Digest) -> Self {
        Self {
            path,
            folder: folder.to_owned(),
            settings,
            writing: None,
            applies: false,
            known: HashMap::new(),
            shard: None,
            run: RunPaths::default(),
            to: Mutex::new(Pending {
                to: To::Nowhere,
                waiting: Vec::new(),
            }),
        }
    }

    /// With the settings that `apply` has, too; `applies`: this is such a run.
    pub(crate) fn for_writing(mut self, writing: Digest, applies: bool) -> Self {
        self.writing = Some(writing);
        self.applies = applies;
        self
    }

    /// Where the report and the originals of the latest run are, from wherever this program is.
    pub(crate) fn run_paths(&self) -> RunPaths {
        self.run.below(&self.folder)
    }

    /// Notes where the report and the originals of this run are, for `review`. What is not given
    /// stays as it was.
    pub(crate) fn note_run(&self, report: Option<&Path>, from: Option<&Path>) {
        let run = self.run.updated(report, from, &self.folder);
        if run == self.run {
            return;
        }
        // A path that is no text is not noted.
        if let Ok(line) = serde_json::to_vec(&RunEntry { record: SHAPE, run }) {
            let mut lines = self.lock();
            lines.waiting.extend(line);
            lines.waiting.push(b'\n');
        }
    }

    /// Whether what lies at `path` is what a line says, as `apply` with these settings would write
    /// it. `input` is what the original is now.
    ///
    /// # Errors
    /// If the output that is there cannot be read.
    pub(crate) fn holds(&self, line: &FileReport, input: Digest, path: &Path) -> Result<bool> {
        let Some(known) = self.known.get(&line.input) else {
            return Ok(false);
        };
        let digests = line.sha256.as_ref();
        let output = digests.and_then(|d| d.output);
        let digest = line_digest(line);
        let is_its = self.writing.is_some()
            && digests.is_some_and(|d| d.input == input)
            && known.entries().any(|latest| {
                latest.writing == self.writing
                    && latest.output == line.output
                    && latest.sha256 == output
                    && digest == Some(latest.line)
            });
        if !is_its || output.is_none() || !fs::symlink_metadata(path).is_ok_and(|m| m.is_file()) {
            return Ok(false);
        }
        let there = File::open(path).and_then(Digest::of_reader);
        Ok(Some(there.context("reading the output that is there")?) == output)
    }

    /// Takes in the lines of a manifest.
    fn know_all(&mut self, number: usize, lines: Lines) {
        if let Some(run) = lines.run {
            self.run = run;
        }
        let shard = self.shard;
        let is_own = |entry: &Entry| shard.is_none_or(|shard| shard.takes(&entry.input));
        for entry in lines.entries.into_iter().filter(is_own) {
            let known = self.known.entry(entry.input.clone()).or_default();
            known.ours.extend(entry.sha256);
            known.lines.insert(entry.line);
            known.latest.retain(|(of, _)| *of != number);
            known.latest.push((number, entry));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.to.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a line about an output was edited since it was written: its edits would be lost, or
    /// taken for what is covered.
    pub(crate) fn is_edited(&self, line: &FileReport) -> bool {
        self.known.get(&line.input).is_some_and(|known| {
            let output = line.sha256.and_then(|hashes| hashes.output);
            let is_its = |latest: &Entry| output == latest.sha256 && line.output == latest.output;
            known.entries().any(is_its)
                && !line_digest(line).is_some_and(|digest| known.lines.contains(&digest))
        })
    }

    /// Whether anything is known of an input; if not, its content need not be read.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    /// What an output is made from. `own`: settings of this one file.
    pub(crate) fn fingerprint(&self, path: &Path, input: Digest, own: &str) -> Fingerprint {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let whole = format!("{}\n{input}\n{own}", self.settings);
        Fingerprint {
            input,
            input_path: Digest::of(real.as_os_str().as_encoded_bytes()),
            made_from: Digest::of(whole.as_bytes()),
        }
    }

    /// What is to be done about an input whose output belongs at `path` under the name `output`.
    ///
    /// # Errors
    /// If the output that is there cannot be read.
    pub(crate) fn output_state(
        &self,
        name: &str,
        made: &Fingerprint,
        output: &str,
        path: &Path,
    ) -> Result<OutputState> {
        let Some(known) = self.known.get(name) else {
            return Ok(OutputState::Unknown);
        };
        let there = match fs::symlink_metadata(path) {
            Err(_) => None,
            Ok(m) if m.is_file() => {
                let read = File::open(path).and_then(Digest::of_reader);
                Some(read.context("reading the output that is there")?)
            }
            // A folder or a link was not made by us.
            Ok(_) => return Ok(OutputState::Unknown),
        };
        let Some(latest) = known.entry_of(there, made.made_from) else {
            return Ok(OutputState::Unknown);
        };
        if latest.output.as_deref().is_some_and(|o| o != output) {
            return Ok(OutputState::Unknown);
        }
        if there == latest.sha256 && latest.made_from == made.made_from {
            return Ok(OutputState::UpToDate {
                output: there,
                open_spans: latest.open_spans,
            });
        }
        Ok(match there {
            None => OutputState::Stale,
            // Another input of the same name, from another folder, may not replace it.
            Some(_) if latest.input_path != made.input_path => OutputState::Unknown,
            Some(_) if latest.applied && there == latest.sha256 && !self.applies => {
                OutputState::Applied
            }
            Some(there) if known.ours.contains(&there) => OutputState::Stale,
            Some(_) if known.ours.is_empty() => OutputState::Unknown,
            Some(_) => OutputState::Changed,
        })
    }

    /// Adds a line about an output that is about to be renamed, or about a file that gets none. If
    /// that cannot be, [`Manifest::finish`] says so, and the next run does the file again.
    pub(crate) fn add(&self, made: &Fingerprint, report: &FileReport) {
        let Some(line_digest) = line_digest(report) else {
            return;
        };
        let entry = Entry {
            shape: SHAPE,
            input: report.input.clone(),
            input_path: made.input_path,
            made_from: made.made_from,
            output: report.output.clone(),
            sha256: report.sha256.and_then(|h| h.output),
            open_spans: report.spans_to_look_at(),
            line: line_digest,
            writing: self.writing,
            applied: self.applies,
        };
        let mut lines = self.lock();
        if let Ok(line) = serde_json::to_vec(&entry) {
            lines.waiting.extend(line);
            lines.waiting.push(b'\n');
        }
        self.flush(&mut lines);
    }

    fn flush(&self, lines: &mut Pending) {
        if let Err(why) = self.write(lines) {
            let claimed = match std::mem::replace(&mut lines.to, To::Nowhere) {
                To::Behind(_, claimed) | To::Open(claimed) => Some(claimed),
                To::Failed(_, claimed) => claimed,
                To::Nowhere => None,
            };
            lines.to = To::Failed(show::chain(&why), claimed);
        }
    }

    fn write(&self, Pending { to, waiting }: &mut Pending) -> Result<()> {
        // Without outputs there is nothing to know.
        if waiting.is_empty() || !self.folder.is_dir() {
            return Ok(());
        }
        *to = match std::mem::replace(to, To::Nowhere) {
            To::Behind(good, claimed) => {
                if let Some(file) = &claimed.file {
                    file.set_len(good)?;
                }
                To::Open(claimed)
            }
            other => other,
        };
        if let To::Open(Claimed {
            file: Some(file), ..
        }) = to
        {
            file.write_all(waiting)?;
        }
        waiting.clear();
        Ok(())
    }

    /// Adds what still waits, and says why the record is not whole, if that was not said before.
    pub(crate) fn finish(&self) -> Option<String> {
        let mut lines = self.lock();
        self.flush(&mut lines);
        match &lines.to {
            To::Failed(why, _) if !why.is_empty() => Some(format!(
                "the record {} could not be written: {why}; the next run does not know what this \
                 one did",
                show::path(&self.path)
            )),
            _ => None,
        }
    }
}

/// A sentence about a manifest that cannot be used.
fn unusable(path: &Path, why: &anyhow::Error) -> String {
    format!(
        "the record of earlier runs {} cannot be used: {}; what is there counts as unknown",
        show::path(path),
        show::chain(why)
    )
}

/// The content of a record; none if it is not there.
fn read(path: &Path) -> Result<Vec<u8>> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(Vec::new());
    };
    ensure!(metadata.is_file(), "it is no file");
    read_open(&File::open(path)?)
}

/// The same of an open file; where locks are mandatory, no other way leads to a locked one.
fn read_open(mut file: &File) -> Result<Vec<u8>> {
    ensure!(file.metadata()?.len() <= MOST_BYTES, "it is too large");
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Puts what an earlier version wrote into the output folder before the lines of the claimed
/// record, and removes it there.
fn take_over_old(folder: &Path, claimed: &mut Claimed) -> Result<()> {
    let old = folder.join(OLD_NAME);
    if !fs::symlink_metadata(&old).is_ok_and(|m| m.is_file()) {
        return Ok(());
    }
    let mut all = read(&old)?;
    all.truncate(whole_lines(&all));
    let Some(file) = &mut claimed.file else {
        bail!("there is no other place for it");
    };
    let new = read_open(file)?;
    if !new.is_empty() {
        file.set_len(0)?;
    }
    all.extend(new);
    file.write_all(&all)?;
    file.sync_all()?;
    Ok(fs::remove_file(&old)?)
}

#[cfg(test)]
mod tests;
