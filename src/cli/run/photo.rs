//! One photo: faces found, covered, and the new file written.

use super::job::Job;
use super::outcome::{other_names, without_faces};
use super::worker::{Covered, PhotoResult, PhotoTask};
use crate::cli::args::value_parsers::OnNoFaceArg;
use crate::cli::files::access::Access;
use crate::cli::files::write::{Existing, NewFile};
use crate::cli::plan::outputs::{Planned, Target};
use crate::cli::plan::task::Task;
use crate::cli::ui::show;
use anyhow::{Context, Result, bail};
use faceveil::photo::FileKind;
use faceveil::{FileReport, Format, Photo};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

impl Job<'_> {
    pub(crate) fn photo(
        &self,
        bytes: Vec<u8>,
        planned: &Planned,
        rule: Existing,
    ) -> Result<FileReport> {
        if let FileKind::Video(kind) = Photo::recognise(&bytes) {
            bail!("it is a video ({kind}), which cannot be piped; give it as a file");
        }
        let (cover, on_no_face) = match self.task {
            Task::Blur { on_no_face, .. } => (true, on_no_face),
            Task::Detect | Task::DryRun { .. } => (false, OnNoFaceArg::Write),
        };
        let task = PhotoTask {
            by_hand: &planned.by_hand,
            line: planned.line.as_deref(),
            preview: planned
                .preview
                .is_some()
                .then_some(self.task != Task::Detect),
            cover,
            without_faces: on_no_face == OnNoFaceArg::Write,
            same_format: self.task.is_in_place(),
        };
        let done = self.photos.photo(&bytes, &task)?;
        drop(bytes);
        if let (Some(path), Some(drawn)) = (&planned.preview, &done.preview) {
            // Previews are ours to replace, and show faces uncovered.
            let file = NewFile {
                target: path,
                existing: Existing::Replace,
                access: Access::PRIVATE,
                interrupt: self.interrupt,
            };
            file.write(drawn, |_| ()).context("writing its preview")?;
        }
        let mut also = Vec::new();
        if let Target::File { path, .. } = &planned.target {
            also.extend(misnamed(path, done.written));
            also.extend(self.task.is_in_place().then(|| other_names(path)).flatten());
        }
        also.extend(self.companion_warning(planned));
        if cover {
            return self.write(done, planned, rule, on_no_face, also);
        }
        let mut report = done.found;
        if self.task == Task::Detect {
            (report.style, report.formats) = (None, None);
        }
        report.warnings.extend(also);
        Ok(report)
    }

    fn write(
        &self,
        done: PhotoResult,
        planned: &Planned,
        rule: Existing,
        on_no_face: OnNoFaceArg,
        also: Vec<String>,
    ) -> Result<FileReport> {
        if let Some(mut report) = without_faces(&done.found, on_no_face) {
            self.remember(planned, &mut report);
            return Ok(report);
        }
        let Some(Covered {
            mut report,
            bytes,
            taken,
        }) = done.covered
        else {
            bail!("no new file was made of it");
        };
        report.warnings.extend(also);
        if self.interrupt.requested() {
            bail!("interrupted before it was written");
        }
        match &planned.target {
            Target::File { path, name } => {
                report.output = Some(show::in_report(name));
                let file = NewFile {
                    target: path,
                    existing: rule,
                    access: Access::of_sources(planned.input.path()),
                    interrupt: self.interrupt,
                };
                let before = |file: &File| {
                    if taken.is_some_and(|taken| file.set_modified(taken).is_err()) {
                        let why = "its new file could not be given the time of the picture";
                        report.warnings.push(why.into());
                    }
                    self.remember(planned, &mut report);
                };
                file.write(&bytes, before).context("writing its output")?;
            }
            Target::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(&bytes)
                    .and_then(|()| out.flush())
                    .context("writing to standard output")?;
                report.output = Some("-".into());
            }
            Target::Nothing | Target::OwnOutput(_) => bail!("it has no output path"),
        }
        Ok(report)
    }
}

/// A sentence about a name that promises another format than the file has.
fn misnamed(path: &Path, format: Format) -> Option<String> {
    let extension = path
        .extension()
        .and_then(OsStr::to_str)?
        .to_ascii_lowercase();
    let (name, usual) = (format.name(), format.extensions());
    (!usual.contains(&extension.as_str()))
        .then(|| format!("the file is a {name}, though its name ends in .{extension}"))
}
