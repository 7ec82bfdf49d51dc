//! What earlier runs did in an output folder, so that the same command does only what is missing or
//! whose input or settings changed. Fingerprints, not dates and not "there is a file".
//!
//! A small hidden file in the output folder has a line per output, written just before the output is
//! renamed to its place, so that a run that is killed at any moment leaves nothing that the next one
//! does not know. Names are relative; what was found in a picture is not in it, since the folder may be
//! passed on.
//!
//! Invariant: a file is up to date only if its input, its settings and its output are, byte for byte,
//! those of a line. A record that is damaged or missing makes nothing up to date.

use crate::cli::ui::show;
use anyhow::{Context, Result, bail, ensure};
use faceveil::{Digest, FileReport};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Its name in the output folder.
pub(crate) const NAME: &str = ".faceveil-record.jsonl";
/// Version of a line's shape.
const SHAPE: u32 = 1;
/// Largest record that is read: a million files.
const MOST_BYTES: u64 = 512 << 20;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "record")]
    shape: u32,
    /// The input's name, as in the report.
    input: String,
    /// Stands for the input's path, which is not told.
    #[serde(rename = "place")]
    input_path: Digest,
    /// Of the input's content and all settings together.
    made_from: Digest,
    /// The output's name; `null` if there is none on purpose.
    output: Option<String>,
    /// Of the output.
    sha256: Option<Digest>,
    /// Spans of a video in which a face may show.
    open_spans: usize,
    /// Of the report's line as it was written.
    #[serde(rename = "told")]
    line: Digest,
}

/// What is known of one input.
#[derive(Debug)]
struct Known {
    latest: Entry,
    /// Every output that was ever written for it.
    ours: HashSet<Digest>,
}

/// The record of one output folder.
#[derive(Debug)]
pub(crate) struct Manifest {
    path: PathBuf,
    settings: Digest,
    known: HashMap<String, Known>,
    to: Mutex<Pending>,
}

/// Pending that are added.
#[derive(Debug)]
struct Pending {
    to: To,
    /// Those that wait for the folder to be made.
    waiting: Vec<u8>,
}

impl Pending {
    fn behind(good: u64) -> Mutex<Self> {
        Mutex::new(Self {
            to: To::Closed(good),
            waiting: Vec::new(),
        })
    }
}

/// Where they are added.
#[derive(Debug)]
enum To {
    /// Not opened yet; so many bytes of what is there are good.
    Closed(u64),
    Open(File),
    /// Why nothing more is written.
    Failed(String),
}

/// What a record says about an input and the output that it has now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OutputState {
    /// Nothing is known.
    Unknown,
    /// Nothing is to be done. `open_spans` as they were told then.
    UpToDate {
        output: Option<Digest>,
        open_spans: usize,
    },
    /// It is to be done, and an output that is there is our own, or there is none.
    Stale,
    /// The output that is there was written by us and changed by somebody since.
    Changed,
}

/// An input whose content is known.
pub(crate) struct Fingerprint {
    pub(crate) input: Digest,
    input_path: Digest,
    made_from: Digest,
}

impl Manifest {
    /// Reads the record of a folder, which may not be there. `settings` is everything that decides about
    /// an output besides its input. A sentence tells if what is there cannot be used.
    pub(crate) fn open(folder: &Path, settings: Digest) -> (Self, Option<String>) {
        let path = folder.join(NAME);
        let mut manifest = Self {
            path,
            settings,
            known: HashMap::new(),
            to: Pending::behind(0),
        };
        let why = match manifest.load() {
            Ok(good) => {
                manifest.to = Pending::behind(good);
                return (manifest, None);
            }
            Err(why) => show::chain(&why),
        };
        manifest.known.clear();
        let sentence = format!(
            "the record of earlier runs {} cannot be used: {why}; what is there counts as unknown",
            show::path(&manifest.path)
        );
        (manifest, Some(sentence))
    }

    /// How many bytes of it are whole lines.
    fn load(&mut self) -> Result<u64> {
        let Ok(metadata) = fs::symlink_metadata(&self.path) else {
            return Ok(0);
        };
        if !metadata.is_file() {
            self.lock().to = To::Failed("it is no file".into());
            bail!("it is no file");
        }
        ensure!(metadata.len() <= MOST_BYTES, "it is too large");
        let mut bytes = Vec::new();
        File::open(&self.path)?.read_to_end(&mut bytes)?;
        // A run that was killed may leave the beginning of a line.
        let good = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let lines = bytes[..good].split(|b| *b == b'\n');
        for (number, line) in lines.enumerate().filter(|(_, l)| !l.is_empty()) {
            let entry: Entry = serde_json::from_slice(line)
                .map_err(|_| anyhow::anyhow!("line {} is damaged", number + 1))?;
            ensure!(
                entry.shape == SHAPE && entry.output.is_some() == entry.sha256.is_some(),
                "line {} is of another version",
                number + 1
            );
            self.know(entry);
        }
        Ok(good as u64)
    }

    fn know(&mut self, entry: Entry) {
        let before = self.known.remove(&entry.input);
        let mut ours = before.map(|k| k.ours).unwrap_or_default();
        ours.extend(entry.sha256);
        let known = Known {
            latest: entry,
            ours,
        };
        self.known.insert(known.latest.input.clone(), known);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.to.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a line about an output was edited since it was written: its edits would be lost, or taken
    /// for what is covered.
    pub(crate) fn is_edited(&self, line: &FileReport) -> bool {
        self.known.get(&line.input).is_some_and(|known| {
            let output = line.sha256.and_then(|hashes| hashes.output);
            output == known.latest.sha256
                && line.output == known.latest.output
                && line_digest(line) != Some(known.latest.line)
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
        let latest = &known.latest;
        if latest.output.as_deref().is_some_and(|o| o != output) {
            return Ok(OutputState::Unknown);
        }
        let there = match fs::symlink_metadata(path) {
            Err(_) => None,
            Ok(m) if m.is_file() => {
                let read = File::open(path).and_then(Digest::of_reader);
                Some(read.context("reading the output that is there")?)
            }
            // A folder or a link was not made by us.
            Ok(_) => return Ok(OutputState::Unknown),
        };
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
            Some(there) if known.ours.contains(&there) => OutputState::Stale,
            Some(_) if known.ours.is_empty() => OutputState::Unknown,
            Some(_) => OutputState::Changed,
        })
    }

    /// Adds a line about an output that is about to be renamed, or about a file that gets none. If that
    /// cannot be, [`Manifest::finish`] tells so, and the next run does the file again.
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
            open_spans: report.spans.len(),
            line: line_digest,
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
            lines.to = To::Failed(show::chain(&why));
        }
    }

    fn write(&self, Pending { to, waiting }: &mut Pending) -> Result<()> {
        // A folder is made for outputs, not for this.
        if waiting.is_empty() || !self.path.parent().is_some_and(Path::is_dir) {
            return Ok(());
        }
        if let To::Closed(good) = *to {
            let file = OpenOptions::new()
                .append(true)
                .create(true)
                .open(&self.path)?;
            if file.metadata()?.len() > good {
                file.set_len(good)?;
            }
            *to = To::Open(file);
        }
        if let To::Open(file) = to {
            file.write_all(waiting)?;
        }
        waiting.clear();
        Ok(())
    }

    /// Adds what still waits, and tells why the record is not whole, if it is not.
    pub(crate) fn finish(&self) -> Option<String> {
        let mut lines = self.lock();
        self.flush(&mut lines);
        match &lines.to {
            To::Failed(why) => Some(format!(
                "the record {} could not be written: {why}; the next run does not know what this one did",
                show::path(&self.path)
            )),
            _ => None,
        }
    }
}

/// Of a line; what `verify` and `review` add to it without moving a region is no edit.
fn line_digest(line: &FileReport) -> Option<Digest> {
    let mut line = line.clone();
    (line.verify, line.reviewed) = (None, false);
    Some(Digest::of(&serde_json::to_vec(&line).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use faceveil::FileDigests;

    fn open(dir: &Path) -> (Manifest, Option<String>) {
        Manifest::open(dir, Digest::of(b"settings"))
    }

    fn done(dir: &Path, input: &[u8], output: &[u8]) -> Fingerprint {
        let (manifest, _) = open(dir);
        let made = manifest.fingerprint(&dir.join("in"), Digest::of(input), "");
        let mut report = FileReport::new("none");
        report.input = "a.jpg".into();
        report.output = Some("a.jpg".into());
        let mut hashes = FileDigests::of_input(made.input);
        hashes.output = Some(Digest::of(output));
        report.sha256 = Some(hashes);
        manifest.add(&made, &report);
        assert_eq!(manifest.finish(), None);
        made
    }

    fn output_state(dir: &Path, made: &Fingerprint) -> OutputState {
        let (manifest, warning) = open(dir);
        assert_eq!(warning, None);
        manifest
            .output_state("a.jpg", made, "a.jpg", &dir.join("a.jpg"))
            .expect("read")
    }

    #[test]
    fn a_file_is_up_to_date_only_byte_for_byte() {
        let dir = tempfile::tempdir().expect("a folder");
        let (dir, path) = (dir.path(), dir.path().join("a.jpg"));
        let of = done(dir, b"in", b"out");
        assert_eq!(
            output_state(dir, &of),
            OutputState::Stale,
            "the output is missing"
        );
        fs::write(&path, "out").expect("written");
        assert!(matches!(
            output_state(dir, &of),
            OutputState::UpToDate { .. }
        ));
        let (manifest, _) = open(dir);
        let other = manifest.fingerprint(&dir.join("in"), Digest::of(b"new"), "");
        assert_eq!(
            output_state(dir, &other),
            OutputState::Stale,
            "the input changed"
        );
        let own = manifest.fingerprint(&dir.join("in"), Digest::of(b"in"), "1,2,3,4");
        assert_eq!(
            output_state(dir, &own),
            OutputState::Stale,
            "a setting changed"
        );
        let elsewhere = manifest.fingerprint(&dir.join("b"), Digest::of(b"new"), "");
        assert_eq!(output_state(dir, &elsewhere), OutputState::Unknown);
        // Killed between the line and the rename: the older output is still ours.
        done(dir, b"new", b"newer");
        assert_eq!(output_state(dir, &of), OutputState::Stale);
        fs::write(&path, "by hand").expect("written");
        assert_eq!(output_state(dir, &of), OutputState::Changed);
    }

    #[test]
    fn a_torn_last_line_is_forgotten_and_damage_makes_everything_unknown() {
        let dir = tempfile::tempdir().expect("a folder");
        let (dir, path) = (dir.path(), dir.path().join(NAME));
        let of = done(dir, b"in", b"out");
        fs::write(dir.join("a.jpg"), "out").expect("written");
        let whole = fs::read(&path).expect("there");
        fs::write(&path, [&whole[..], b"{\"record\":1,\"inp"].concat()).expect("written");
        assert!(matches!(
            output_state(dir, &of),
            OutputState::UpToDate { .. }
        ));
        done(dir, b"in", b"out");
        assert_eq!(fs::read(&path).expect("there"), whole.repeat(2));
        for damaged in [&b"\0\0\0\n"[..], b"{\"record\":2}\n", b"{}\n"] {
            fs::write(&path, [&whole[..], damaged, &whole[..]].concat()).expect("written");
            let (manifest, warning) = open(dir);
            assert!(warning.is_some_and(|w| w.contains("line 2")));
            assert!(!manifest.knows("a.jpg"));
        }
        // It is begun anew.
        done(dir, b"in", b"out");
        assert!(matches!(
            output_state(dir, &of),
            OutputState::UpToDate { .. }
        ));
    }
}
