//! Edits that are not saved yet, in a file beside the report, so that a page or a program that ends
//! loses nothing. A new run offers them.
//!
//! Invariant: the file is private, holds one JSON object a line, and the last line about a picture
//! counts. A line that was cut off is passed over.

use crate::cli::ui::show;
use anyhow::{Context, Result};
use faceveil::FileReport;
use faceveil::report::{Digest, ReportRegion};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Version of a line's shape.
const SHAPE: u32 = 1;
/// Largest file that is read.
const MOST_BYTES: u64 = 1 << 30;

/// What a person made of a picture, not saved in the report yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    draft: u32,
    /// The input's name in the report.
    pub(super) input: String,
    /// Of the input.
    sha256: Option<Digest>,
    /// Of the regions in the report that were edited.
    base: Digest,
    pub(super) regions: Vec<ReportRegion>,
    pub(super) reviewed: bool,
}

impl Edit {
    /// Of a line of the report.
    pub(super) fn new(line: &FileReport, regions: Vec<ReportRegion>, reviewed: bool) -> Self {
        Self {
            draft: SHAPE,
            input: line.input.clone(),
            sha256: line.sha256.map(|hashes| hashes.input),
            base: base(line),
            regions,
            reviewed,
        }
    }

    /// Whether it is about the picture of a line.
    pub(super) fn fits(&self, line: &FileReport) -> bool {
        self.input == line.input && self.sha256 == line.sha256.map(|hashes| hashes.input)
    }

    /// Whether the line is still the one that was edited.
    pub(super) fn is_of(&self, line: &FileReport) -> bool {
        self.base == base(line)
    }
}

fn base(line: &FileReport) -> Digest {
    Digest::of(&serde_json::to_vec(&line.regions).unwrap_or_default())
}

/// The file.
#[derive(Debug)]
pub(super) struct Autosave {
    path: PathBuf,
    file: Option<File>,
}

impl Autosave {
    /// Beside a report: `r.jsonl` to `r.jsonl.draft`.
    pub(super) fn beside(report: &Path) -> Self {
        let mut name: OsString = report.file_name().unwrap_or_default().to_owned();
        name.push(".draft");
        Self {
            path: report.with_file_name(name),
            file: None,
        }
    }

    /// What an earlier run left, the last about each picture.
    ///
    /// # Errors
    /// If there is something that cannot be read.
    pub(super) fn read(&self) -> Result<Vec<Edit>> {
        let reading = || format!("reading the unsaved changes {}", show::path(&self.path));
        let mut bytes = Vec::new();
        match File::open(&self.path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e).with_context(reading),
            Ok(file) => file.take(MOST_BYTES).read_to_end(&mut bytes),
        }
        .with_context(reading)?;
        let mut edits: Vec<Edit> = Vec::new();
        for line in bytes.split(|b| *b == b'\n') {
            let Ok(edit) = serde_json::from_slice::<Edit>(line) else {
                continue;
            };
            let same = |e: &Edit| e.input == edit.input && e.sha256 == edit.sha256;
            edits.retain(|e| !same(e));
            edits.push(edit);
        }
        Ok(edits)
    }

    /// Adds edits.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(super) fn add(&mut self, edits: &[Edit]) -> Result<()> {
        let adding = || format!("keeping unsaved changes in {}", show::path(&self.path));
        let mut bytes = Vec::new();
        for edit in edits {
            serde_json::to_writer(&mut bytes, edit)?;
            bytes.push(b'\n');
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(open(&self.path).with_context(adding)?),
        };
        file.write_all(&bytes).with_context(adding)
    }

    /// Removes the file: everything in it is saved or given up.
    pub(super) fn clear(&mut self) {
        self.file = None;
        let _ = fs::remove_file(&self.path);
    }
}

/// For adding, readable by this account only.
fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
