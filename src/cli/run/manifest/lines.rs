//! The lines of a manifest: read, checked and looked up.
//!
//! Invariant: a line that is damaged or of another version makes its whole file unusable.

use crate::cli::run::run_paths::{RunEntry, RunPaths};
use anyhow::{Result, ensure};
use faceveil::FileReport;
use faceveil::report::Digest;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Version of a line's shape.
pub(super) const SHAPE: u32 = 1;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    #[serde(rename = "record")]
    pub(super) shape: u32,
    /// The input's name, as in the report.
    pub(super) input: String,
    /// Stands for the input's path, which is not written down.
    #[serde(rename = "place")]
    pub(super) input_path: Digest,
    /// Of the input's content and all settings together.
    pub(super) made_from: Digest,
    /// The output's name; `null` if there is none on purpose.
    pub(super) output: Option<String>,
    /// Of the output.
    pub(super) sha256: Option<Digest>,
    /// Spans of a video in which a face may show.
    pub(super) open_spans: usize,
    /// Of the report's line as it was written.
    #[serde(rename = "told")]
    pub(super) line: Digest,
    /// Of the settings that `apply` has, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) writing: Option<Digest>,
    /// Whether `apply` wrote it, from a line that a person may have edited.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) applied: bool,
}

/// What is known of one input.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The latest line of each manifest that knows of it, by the manifest's number; the own one is
    /// last.
    pub(super) latest: Vec<(usize, Entry)>,
    /// Every output that was ever written for it.
    pub(super) ours: HashSet<Digest>,
    /// Every line about it: a run that was killed may have written its output and not its line.
    pub(super) lines: HashSet<Digest>,
}

/// What the lines of a manifest say.
pub(super) struct Lines {
    pub(super) entries: Vec<Entry>,
    pub(super) run: Option<RunPaths>,
    /// How many bytes are whole lines.
    pub(super) bytes: u64,
}

impl Lines {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        // A run that was killed may leave the beginning of a line.
        let good = whole_lines(bytes);
        let (mut entries, mut run) = (Vec::new(), None);
        let lines = bytes[..good].split(|b| *b == b'\n');
        for (number, line) in lines.enumerate().filter(|(_, l)| !l.is_empty()) {
            if let Ok(entry) = serde_json::from_slice::<RunEntry>(line) {
                run = Some(entry.run);
                continue;
            }
            let entry: Entry = serde_json::from_slice(line)
                .map_err(|_| anyhow::anyhow!("line {} is damaged", number + 1))?;
            ensure!(
                entry.shape == SHAPE && entry.output.is_some() == entry.sha256.is_some(),
                "line {} is of another version",
                number + 1
            );
            entries.push(entry);
        }
        Ok(Self {
            entries,
            run,
            bytes: good as u64,
        })
    }
}

impl Known {
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.latest.iter().map(|(_, entry)| entry)
    }

    /// The line that the output is of, which is `there` now: manifests of shards do not say which
    /// of them was written last.
    pub(super) fn entry_of(&self, there: Option<Digest>, made_from: Digest) -> Option<&Entry> {
        let all = || self.entries().rev();
        let its = || all().filter(|entry| entry.sha256 == there);
        let same = its().find(|entry| entry.made_from == made_from);
        same.or_else(|| its().next()).or_else(|| all().next())
    }
}

/// How many bytes are whole lines.
pub(super) fn whole_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1)
}

/// Of a line; what `verify` and `review` add to it without moving a region is no edit.
pub(super) fn line_digest(line: &FileReport) -> Option<Digest> {
    let mut line = line.clone();
    (line.verify, line.reviewed) = (None, false);
    Some(Digest::of(&serde_json::to_vec(&line).ok()?))
}
