//! What an earlier run of the same command leaves to do: [`super::record`] put to use.
//!
//! Invariant: an output that is there is replaced only if it is our own, or that was asked for.

use super::job::{EXISTS, Ended, Job, name};
use super::outputs::{Planned, Target};
use super::record::{Fingerprint, Record, Standing};
use super::show;
use super::task::{Task, WhenThere};
use super::write::Existing;
use anyhow::{Result, bail};
use faceveil::{Digest, FileDigests, FileReport};
use std::fs;
use std::path::Path;

impl Job<'_> {
    /// Whether the record knows that there is nothing to do. If an output that is there may be replaced
    /// since it is our own, `rule` becomes that.
    pub(super) fn standing(
        &self,
        planned: &Planned,
        rule: &mut Existing,
        digest: impl FnOnce() -> Result<Digest>,
    ) -> Result<Option<Ended>> {
        let (Some(record), Target::File { path, name: output }) = (self.record, &planned.target)
        else {
            return Ok(None);
        };
        let skips = matches!(
            self.task,
            Task::Blur {
                existing: WhenThere::Skip,
                ..
            }
        );
        if !record.knows(&name(planned)) {
            return Ok(None);
        }
        let of = fingerprint(record, planned, digest()?);
        let output = show::in_report(output);
        let standing = record.standing(&name(planned), &of, &output, path)?;
        let there = fs::symlink_metadata(path).is_ok();
        match standing {
            Standing::UpToDate {
                output: digest,
                open_spans,
            } => {
                let missing = planned.preview.as_deref().is_some_and(|p| !p.exists());
                if missing {
                    *rule = Existing::Replace;
                    return Ok(None);
                }
                let mut hashes = FileDigests::of_input(of.input);
                hashes.output = digest;
                let report = self.told_before(planned, hashes);
                return Ok(Some(Ended::UpToDate(report, open_spans)));
            }
            _ if skips && there => {
                let report = self.skipped(planned, "its output exists".into());
                return Ok(Some(Ended::Told(report)));
            }
            Standing::Stale => *rule = Existing::Replace,
            Standing::Changed if *rule == Existing::Refuse => bail!(
                "its output was changed by somebody since it was written; --overwrite replaces it"
            ),
            Standing::Unknown if *rule == Existing::Refuse && there => bail!(EXISTS),
            Standing::Changed | Standing::Unknown => {}
        }
        Ok(None)
    }

    /// The line that an earlier run wrote about these very files, or one that says that there is nothing
    /// to do.
    fn told_before(&self, planned: &Planned, hashes: FileDigests) -> FileReport {
        match self.earlier.get(&name(planned)) {
            Some(line) if line.sha256 == Some(hashes) && line.error.is_none() => line.clone(),
            _ => {
                let mut report = self.skipped(planned, "it is up to date".into());
                report.sha256 = Some(hashes);
                report
            }
        }
    }

    /// Has the record of the output folder know of it, unless it failed.
    pub(super) fn remember(&self, planned: &Planned, report: &mut FileReport) {
        let input = report.sha256.map(|hashes| hashes.input);
        if let (Some(record), Some(input), None) = (self.record, input, &report.error) {
            report.input = name(planned);
            record.add(&fingerprint(record, planned, input), report);
        }
    }
}

/// For the record: what an output is made from.
fn fingerprint(record: &Record, planned: &Planned, input: Digest) -> Fingerprint {
    let own = format!("{:?} {:?}", planned.regions, planned.ignore);
    let path = planned.input.path().unwrap_or(Path::new(""));
    record.fingerprint(path, input, &own)
}
