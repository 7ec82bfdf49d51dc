//! One photo: faces found, covered, and the new file written.

use super::job::{Covering, Job};
use super::outcome::{for_one, other_names, without_faces};
use crate::cli::args::value_parsers::OnNoFaceArg;
use crate::cli::files::access::Access;
use crate::cli::files::write::{Existing, NewFile};
use crate::cli::plan::outputs::{Planned, Target};
use crate::cli::plan::task::Task;
use crate::cli::ui::{preview, show};
use anyhow::{Context, Result, bail};
use faceveil::{FileKind, FileReport, Format, Photo, PreparedPhoto};
use std::ffi::OsStr;
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
        let found = match (self.covering, &planned.line) {
            (Covering::Find(anonymizer, options), _) => {
                anonymizer.find_with(&bytes, &for_one(options, planned))?
            }
            (Covering::FromReport(applier), Some(line)) => applier.find(&bytes, line)?,
            (Covering::FromReport(_), None) => bail!("the report says nothing of it"),
        };
        drop(bytes);
        if let (true, Some(formats)) = (self.task.is_in_place(), &found.report().formats) {
            bail!(
                "{} would become {}, which cannot be done in place; choose another place with -o",
                formats.input,
                formats.output
            );
        }
        let written = found.written();
        if let Some(path) = &planned.preview {
            let masks = self.task != Task::Detect;
            let drawn = preview::draw(&found.picture(0), found.report(), masks)?;
            // Previews are ours to replace, and show faces uncovered.
            let file = NewFile {
                target: path,
                existing: Existing::Replace,
                access: Access::PRIVATE,
                interrupt: self.interrupt,
            };
            file.write(&drawn, || ()).context("writing its preview")?;
        }
        let mut also = Vec::new();
        if let Target::File { path, .. } = &planned.target {
            also.extend(misnamed(path, written));
            also.extend(self.task.is_in_place().then(|| other_names(path)).flatten());
        }
        also.extend(self.companion_warning(planned));
        match self.task {
            Task::Detect => {
                let mut report = found.report().clone();
                (report.style, report.formats) = (None, None);
                report.warnings.extend(also);
                Ok(report)
            }
            Task::DryRun { .. } => {
                let mut report = found.report().clone();
                report.warnings.extend(also);
                Ok(report)
            }
            Task::Blur { on_no_face, .. } => self.cover(found, planned, rule, on_no_face, also),
        }
    }

    fn cover(
        &self,
        found: PreparedPhoto,
        planned: &Planned,
        rule: Existing,
        on_no_face: OnNoFaceArg,
        also: Vec<String>,
    ) -> Result<FileReport> {
        if let Some(mut report) = without_faces(found.report(), on_no_face) {
            self.remember(planned, &mut report);
            return Ok(report);
        }
        let done = found.redact()?;
        let mut report = done.report;
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
                file.write(&done.bytes, || self.remember(planned, &mut report))
                    .context("writing its output")?;
            }
            Target::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(&done.bytes)
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
