//! One video: faces found and covered, and the new file written.

use super::job::{Covering, Job};
use super::outcome::{other_names, without_faces};
use super::worker::{VideoAction, VideoTask};
use crate::cli::files::access::Access;
use crate::cli::files::write::{Existing, NewFile, Written};
use crate::cli::plan::naming::Naming;
use crate::cli::plan::outputs::{Planned, Target};
use crate::cli::plan::task::Task;
use crate::cli::ui::show;
use anyhow::{Result, bail};
use faceveil::{FileReport, KeepMetadata};
use std::path::Path;

impl Job<'_> {
    /// Whether metadata is to be written again.
    fn keeps(&self) -> bool {
        let keep = match self.covering {
            Covering::Find(options) => options.keep,
            Covering::FromReport(applier) => applier.keep,
        };
        keep != KeepMetadata::default()
    }

    /// Flags that are for photos, and files beside it.
    fn video_notes(&self, planned: &Planned) -> Vec<String> {
        let mut also = Vec::new();
        if self.format.is_some() {
            also.push("--format is for photos; the video keeps its own".to_owned());
        }
        if self.keeps() {
            also.push(
                "--keep is for photos; nothing but picture and sound of a video is kept".into(),
            );
        }
        if planned.preview.is_some() {
            also.push("a preview is drawn of photos only".to_owned());
        }
        also.extend(self.companion_warning(planned));
        also
    }

    /// Deals with a video, from file to file: it is too long for memory.
    pub(crate) fn video(
        &self,
        input: &Path,
        planned: &Planned,
        rule: Existing,
    ) -> Result<FileReport> {
        let work = |action: VideoAction<'_>| {
            self.videos.report(&VideoTask {
                input,
                action,
                by_hand: &planned.by_hand,
            })
        };
        let write = |output: &Path| match (self.covering, &planned.line) {
            (Covering::Find(_), _) => work(VideoAction::Anonymize(output)),
            (Covering::FromReport(_), Some(line)) => work(VideoAction::Apply(output, line)),
            (Covering::FromReport(_), None) => bail!("the report says nothing of it"),
        };
        let mut also = self.video_notes(planned);
        match (self.task, &planned.target) {
            (Task::Detect | Task::DryRun { .. }, _) => {
                let mut report = work(VideoAction::Detect)?;
                report.warnings.extend(also);
                Ok(report)
            }
            (Task::Blur { on_no_face, .. }, Target::File { path, name }) => {
                if self.task.is_in_place()
                    && Naming::for_input(&planned.input, None, "") != Naming::default()
                {
                    bail!(
                        "it would become a QuickTime file, which cannot be done in place; choose \
                         another place with -o"
                    );
                }
                also.extend(self.task.is_in_place().then(|| other_names(path)).flatten());
                let file = NewFile {
                    target: path,
                    existing: rule,
                    access: Access::of_sources([input]),
                    interrupt: self.interrupt,
                };
                file.write_at(|temporary| {
                    let mut report = write(temporary)?;
                    if let Some(mut report) = without_faces(&report, on_no_face) {
                        self.remember(planned, &mut report);
                        return Ok(Written::Remove(report));
                    }
                    if self.videos.refuses_open_spans() && !report.spans.is_empty() {
                        let [from, to] = report.spans[0].seconds.map(show::time);
                        bail!(
                            "a face that was followed may show uncovered, first at {from}-{to}, \
                             in {}; nothing was written (--strict)",
                            show::count(report.spans.len(), "span")
                        );
                    }
                    report.warnings.extend(also);
                    report.output = Some(show::in_report(name));
                    self.remember(planned, &mut report);
                    Ok(Written::Keep(report))
                })
            }
            (_, Target::Stdout) => {
                bail!("a video is not written to standard output; give -o FILE")
            }
            (_, Target::Nothing | Target::OwnOutput(_)) => bail!("it has no output path"),
        }
    }
}
