//! The last line of a report: the whole run.

use super::{SCHEMA, this_schema};
use serde::{Deserialize, Serialize};

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RunSummary {
    /// What ran, `faceveil blur` for instance.
    pub program: String,
    /// Its version.
    pub version: String,
    /// Engine and device; `null` if none was needed.
    pub engine: Option<String>,
    /// Files that ended, in whatever way.
    pub files: usize,
    /// Outputs that were written.
    pub written: usize,
    /// Faces in all of them.
    pub faces: usize,
    /// Files that were looked at and have none.
    pub without_faces: usize,
    /// Files that failed.
    pub failed: usize,
    /// Files that were left alone.
    pub skipped: usize,
    /// Files whose outputs were there already and are still right.
    pub up_to_date: usize,
    /// Files that were not reached.
    pub not_started: usize,
    /// Spans of videos in which a face may show.
    pub open_spans: usize,
    /// Bytes of the files that outputs were written of, as far as both are files.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_in: u64,
    /// Bytes of these outputs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_out: u64,
    /// Whether somebody stopped it.
    pub interrupted: bool,
    /// How long it took.
    pub seconds: f64,
    /// Names of files in folders that are neither pictures nor videos, or of a kind that is never
    /// covered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_alone: Vec<String>,
    /// Which part of a run it is the summary of; `None` of a whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardSummary>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// One of the parts of a run that several processes share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ShardSummary {
    /// Which one, from 0.
    pub index: u32,
    /// Of how many.
    pub count: u32,
    /// Files that were found, in all parts together.
    pub listed: usize,
    /// Whether all files of this part were dealt with, whatever became of them.
    pub complete: bool,
}

/// The line around it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<T> {
    #[serde(deserialize_with = "this_schema")]
    schema: u32,
    pub(super) summary: T,
}

impl RunSummary {
    /// What is written behind the lines of the files: `{"schema":1,"summary":{..}}`.
    #[must_use]
    pub const fn line(&self) -> impl Serialize + '_ {
        Line {
            schema: SCHEMA,
            summary: self,
        }
    }
}
