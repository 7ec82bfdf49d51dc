//! What an earlier run of the same command leaves to do: [`super::manifest`] put to use.
//!
//! Invariant: an output that is there is replaced only if it is our own, or that was asked for.

use super::job::{Covering, EXISTS, Ended, Job};
use super::manifest::{Fingerprint, Manifest, OutputState};
use crate::cli::files::write::Existing;
use crate::cli::plan::outputs::{Planned, Target};
use crate::cli::plan::task::{IfExists, Task};
use crate::cli::ui::show;
use anyhow::{Result, bail};
use faceveil::report::{Digest, FileDigests};
use faceveil::{FileReport, Format};
use std::fs;
use std::path::Path;

impl Job<'_> {
    /// Whether the manifest knows that there is nothing to do. If an output that is there may be
    /// replaced since it is our own, `rule` becomes that.
    pub(crate) fn earlier_result(
        &self,
        planned: &Planned,
        rule: &mut Existing,
        digest: impl FnOnce() -> Result<Digest>,
    ) -> Result<Option<Ended>> {
        let (Some(manifest), Target::File { path, name: output }) =
            (self.manifests.of(planned), &planned.target)
        else {
            return Ok(None);
        };
        let skips = matches!(
            self.task,
            Task::Blur {
                existing: IfExists::Skip,
                ..
            }
        );
        if let (Covering::FromReport(applier), Some(line), false) =
            (self.covering, &planned.line, self.has_own_lines)
        {
            let is_same = line.output == Some(show::in_report(output))
                && has_format(line, applier.format)
                && manifest.holds(line, digest()?, path)?;
            if is_same {
                let line = FileReport::clone(line);
                let open_spans = line.spans_to_look_at();
                return Ok(Some(Ended::UpToDate(line, open_spans)));
            }
            let there = fs::symlink_metadata(path).is_ok();
            return match (there, *rule) {
                (true, _) if skips => {
                    let report = self.skipped(planned, "its output exists".into());
                    Ok(Some(Ended::Reported(report)))
                }
                (true, Existing::Refuse) => bail!(EXISTS),
                _ => Ok(None),
            };
        }
        if !manifest.knows(&planned.report_name()) {
            return Ok(None);
        }
        let of = fingerprint(manifest, planned, digest()?);
        let output = show::in_report(output);
        let state = manifest.output_state(&planned.report_name(), &of, &output, path)?;
        let there = fs::symlink_metadata(path).is_ok();
        match state {
            OutputState::UpToDate {
                output: digest,
                open_spans,
            } => {
                let missing = planned.preview.as_deref().is_some_and(|p| !p.exists());
                let mut hashes = FileDigests::of_input(of.input);
                hashes.output = digest;
                let line = self.earlier_line(planned, hashes);
                // Of a report that lost its line nobody could say what is covered.
                let is_lost = self.needs_line && !skips && line.is_none() && digest.is_some();
                if missing || is_lost {
                    *rule = Existing::Replace;
                    return Ok(None);
                }
                let report = line.cloned().unwrap_or_else(|| {
                    let mut report = self.skipped(planned, "it is up to date".into());
                    report.sha256 = Some(hashes);
                    report
                });
                return Ok(Some(Ended::UpToDate(report, open_spans)));
            }
            _ if skips && there => {
                let report = self.skipped(planned, "its output exists".into());
                return Ok(Some(Ended::Reported(report)));
            }
            OutputState::Stale => *rule = Existing::Replace,
            OutputState::Changed if *rule == Existing::Refuse => bail!(
                "its output was changed by somebody since it was written; --overwrite replaces it"
            ),
            OutputState::Applied if *rule == Existing::Refuse => bail!(
                "its output was written by `faceveil apply`, maybe from an edited report; \
                 --overwrite looks for faces again and replaces it"
            ),
            OutputState::Unknown if *rule == Existing::Refuse && there => bail!(EXISTS),
            OutputState::Changed | OutputState::Applied | OutputState::Unknown => {}
        }
        Ok(None)
    }

    /// The line that an earlier run wrote about these very files.
    fn earlier_line(&self, planned: &Planned, hashes: FileDigests) -> Option<&FileReport> {
        let line = self.earlier.line(&planned.report_name())?;
        (line.sha256 == Some(hashes) && line.error.is_none()).then_some(line)
    }

    /// Has the manifest of the output folder know of it, unless it failed.
    pub(crate) fn remember(&self, planned: &Planned, report: &mut FileReport) {
        let input = report.sha256.map(|hashes| hashes.input);
        let manifest = self.manifests.of(planned);
        if let (Some(manifest), Some(input), None) = (manifest, input, &report.error) {
            report.input = planned.report_name();
            manifest.add(&fingerprint(manifest, planned, input), report);
        }
    }
}

/// Whether the output of a line has the format that is asked for.
fn has_format(line: &FileReport, asked: Option<Format>) -> bool {
    let Some(asked) = asked else {
        return line.formats.is_none();
    };
    match &line.formats {
        Some(formats) => formats.output == asked.short(),
        // A video keeps its own.
        None if line.is_video() => true,
        None => {
            let name = line.output.as_deref().unwrap_or_default();
            let extension = Path::new(name).extension().and_then(|e| e.to_str());
            let extension = extension.unwrap_or_default().to_ascii_lowercase();
            asked.extensions().contains(&extension.as_str())
        }
    }
}

/// For the manifest: what an output is made from.
fn fingerprint(manifest: &Manifest, planned: &Planned, input: Digest) -> Fingerprint {
    let by_hand = &planned.by_hand;
    let mut own = format!("{:?} {:?}", by_hand.regions, by_hand.ignore);
    if !by_hand.moving.is_empty() {
        own += &format!(" {:?}", by_hand.moving);
    }
    // Of a report that is applied nobody asks for this.
    if let Some(line) = &planned.line {
        let covered = (&line.regions, &line.ignored, &line.style);
        own += &serde_json::to_string(&covered).unwrap_or_default();
    }
    let path = planned.input.path().unwrap_or(Path::new(""));
    manifest.fingerprint(path, input, &own)
}
