//! What is done to one photo, from its bytes to its place on the disk. Runs on a worker; says
//! nothing itself.
//!
//! Invariant: every photo ends in one [`Done`], and nothing is at its output path unless the whole
//! new file is.

use super::config::{Task, WhenThere};
use super::inputs::Source;
use super::interrupt::Interrupt;
use super::outputs::{Planned, Target};
use super::values::OnNoFaceArg;
use super::write::{self, Existing};
use super::{preview, read, show, siblings};
use anyhow::{Context, Result, anyhow, bail};
use faceveil::{Anonymizer, FileReport, Format, Found, Outcome, Photo, Recognised};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a run does to every photo.
///
/// Messages go into the report, too, so they name no path.
pub(super) struct Job<'a> {
    /// Finds and covers.
    pub(super) anonymizer: &'a Anonymizer,
    /// What is asked for.
    pub(super) task: Task,
    /// Whether to stop.
    pub(super) interrupt: &'a Interrupt,
}

/// How a photo ended.
pub(super) struct Done {
    /// The line of the report.
    pub(super) report: FileReport,
    /// Where the new file is, or would be.
    pub(super) target: Option<PathBuf>,
}

impl Job<'_> {
    /// Deals with one photo.
    pub(super) fn run(&self, planned: &Planned) -> Done {
        let mut report = self.attempt(planned).unwrap_or_else(|why| {
            let engine = self.anonymizer.detector().engine();
            FileReport::failed(engine, show::chain(&why))
        });
        report.input = show::in_report(&planned.input.name);
        if planned.input.source == Source::Stdin {
            report.input = "-".into();
        }
        if report.error.is_none() && report.outcome != Outcome::Skipped && self.task != Task::Detect
        {
            report
                .warnings
                .extend(siblings::sentence(&planned.siblings));
        }
        let target = match &planned.target {
            Target::File { path, .. } => Some(path.clone()),
            _ => None,
        };
        Done { report, target }
    }

    /// A report of failure for a photo whose job ended in a panic.
    pub(super) fn panicked(&self, planned: &Planned, message: &str) -> Done {
        let engine = self.anonymizer.detector().engine();
        let error =
            format!("a bug in faceveil or a library below it: {message}; nothing was written");
        let mut report = FileReport::failed(engine, error);
        report.input = show::in_report(&planned.input.name);
        Done {
            report,
            target: None,
        }
    }

    fn attempt(&self, planned: &Planned) -> Result<FileReport> {
        if let Target::OwnOutput(of) = &planned.target {
            return Ok(self.skipped(format!("it is the output of {of}")));
        }
        if let (Task::Blur { existing, .. }, Target::File { path, .. }) =
            (self.task, &planned.target)
            && fs::symlink_metadata(path).is_ok()
        {
            match existing {
                WhenThere::Skip => return Ok(self.skipped("its output exists".into())),
                WhenThere::Write(Existing::Refuse) => {
                    bail!("its output exists; use --overwrite or --skip-existing")
                }
                WhenThere::Write(_) if path.is_dir() => {
                    bail!("there is a folder at its output path")
                }
                WhenThere::Write(_) => {}
            }
        }
        let bytes = match &planned.input.source {
            Source::File(path) => read::photo(path)?,
            Source::Stdin => read::stdin()?,
            Source::Unreachable(_, why) => return Err(anyhow!("{why}")),
        };
        let format = match Photo::recognise(&bytes) {
            Recognised::Photo(format) => Some(format),
            _ => None,
        };
        let found = self.anonymizer.find(&bytes)?;
        drop(bytes);
        if let Some(path) = &planned.preview {
            let masks = self.task != Task::Detect;
            let drawn = preview::draw(&found.picture(0), found.report(), masks)?;
            // Previews are ours to replace.
            write::atomically(path, &drawn, Existing::Replace, self.interrupt)
                .context("writing its preview")?;
        }
        let other_names = match (&planned.target, self.task.is_in_place()) {
            (Target::File { path, .. }, true) => other_names(path),
            _ => None,
        };
        let mut report = match self.task {
            Task::Detect => {
                let mut report = found.report().clone();
                report.style = None;
                report
            }
            Task::DryRun => found.report().clone(),
            Task::Blur {
                existing,
                on_no_face,
            } => self.cover(found, planned, existing, on_no_face)?,
        };
        if let (Some(format), Target::File { path, .. }) = (format, &planned.target) {
            report.warnings.extend(misnamed(path, format));
        }
        if report.output.is_some() {
            report.warnings.extend(other_names);
        }
        Ok(report)
    }

    fn cover(
        &self,
        found: Found,
        planned: &Planned,
        existing: WhenThere,
        on_no_face: OnNoFaceArg,
    ) -> Result<FileReport> {
        if found.report().outcome == Outcome::NoFaces {
            match on_no_face {
                OnNoFaceArg::Write => {}
                OnNoFaceArg::Skip => {
                    let mut report = found.report().clone();
                    report.outcome = Outcome::Skipped;
                    report.warnings.push(
                        "nothing to cover was found, so nothing was written (--on-no-face skip)"
                            .into(),
                    );
                    return Ok(report);
                }
                OnNoFaceArg::Fail => {
                    let mut report = found.report().clone();
                    report.outcome = Outcome::Failed;
                    report.error = Some(
                        "nothing to cover was found, so nothing was written (--on-no-face fail)"
                            .into(),
                    );
                    return Ok(report);
                }
            }
        }
        let done = found.redact()?;
        let mut report = done.report;
        if self.interrupt.requested() {
            bail!("interrupted before it was written");
        }
        match &planned.target {
            Target::File { path, name } => {
                let existing = match existing {
                    WhenThere::Write(existing) => existing,
                    WhenThere::Skip => Existing::Refuse,
                };
                write::atomically(path, &done.bytes, existing, self.interrupt)
                    .context("writing its output")?;
                report.output = Some(show::in_report(name));
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

    fn skipped(&self, why: String) -> FileReport {
        let mut report = FileReport::new(self.anonymizer.detector().engine());
        report.outcome = Outcome::Skipped;
        report.warnings.push(why);
        report
    }
}

/// A sentence about a name that promises another format than the file has.
fn misnamed(path: &Path, format: Format) -> Option<String> {
    let extension = path
        .extension()
        .and_then(OsStr::to_str)?
        .to_ascii_lowercase();
    let (name, usual): (_, &[&str]) = match format {
        Format::Jpeg => ("JPEG", &["jpg", "jpeg", "jpe", "jfif", "mpo"]),
        Format::Png => ("PNG", &["png", "apng"]),
        Format::WebP => ("WebP", &["webp"]),
        Format::Gif => ("GIF", &["gif"]),
        Format::Bmp => ("BMP", &["bmp", "dib"]),
        Format::Tiff => ("TIFF", &["tif", "tiff"]),
        _ => return None,
    };
    (!usual.contains(&extension.as_str()))
        .then(|| format!("the file is a {name}, though its name ends in .{extension}"))
}

/// A sentence about the other names of a file that will be replaced: they keep the original picture.
#[cfg(unix)]
fn other_names(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let links = fs::metadata(path).ok()?.nlink();
    (links > 1).then(|| {
        format!("the file has {links} names (hard links); only this one was replaced, the others show the original")
    })
}

#[cfg(not(unix))]
fn other_names(_: &Path) -> Option<String> {
    None
}
