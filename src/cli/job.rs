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
use super::video::Videos;
use super::write::{self, Existing, Written};
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
    /// The same for videos.
    pub(super) videos: Videos<'a>,
    /// What is asked for.
    pub(super) task: Task,
    /// The format that photos are to have.
    pub(super) format: Option<Format>,
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
        if let Source::File(path) = &planned.input.source
            && read::is_video(path)
        {
            return self.video(path, planned);
        }
        let bytes = match &planned.input.source {
            Source::File(path) => read::photo(path)?,
            Source::Stdin => read::stdin()?,
            Source::Unreachable(_, why) => return Err(anyhow!("{why}")),
        };
        if let Recognised::Video(kind) = Photo::recognise(&bytes) {
            bail!("it is a video ({kind}), which cannot be piped; give it as a file");
        }
        let found = self.anonymizer.find(&bytes)?;
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
                (report.style, report.formats) = (None, None);
                report
            }
            Task::DryRun => found.report().clone(),
            Task::Blur {
                existing,
                on_no_face,
            } => self.cover(found, planned, existing, on_no_face)?,
        };
        if let Target::File { path, .. } = &planned.target {
            report.warnings.extend(misnamed(path, written));
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
        if let Some(report) = without_faces(found.report(), on_no_face) {
            return Ok(report);
        }
        let done = found.redact()?;
        let mut report = done.report;
        if self.interrupt.requested() {
            bail!("interrupted before it was written");
        }
        match &planned.target {
            Target::File { path, name } => {
                write::atomically(path, &done.bytes, rule(existing), self.interrupt)
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

    /// A video has a path of its own: it is too long for memory.
    fn video(&self, input: &Path, planned: &Planned) -> Result<FileReport> {
        let mut report = match (self.task, &planned.target) {
            (Task::Detect, _) => self.videos.detect(input)?,
            (Task::DryRun, _) => self.videos.detect(input)?,
            (
                Task::Blur {
                    existing,
                    on_no_face,
                },
                Target::File { path, name },
            ) => {
                let others = self.task.is_in_place().then(|| other_names(path)).flatten();
                let mut report =
                    write::with_temporary(path, rule(existing), self.interrupt, |file| {
                        let mut report = self.videos.blur(input, file.path())?;
                        if let Some(report) = without_faces(&report, on_no_face) {
                            return Ok(Written::Remove(report));
                        }
                        report.output = Some(show::in_report(name));
                        Ok(Written::Keep(report))
                    })?;
                report.warnings.extend(others);
                report
            }
            (_, Target::Stdout) => {
                bail!("a video is not written to standard output; give -o FILE")
            }
            (_, Target::Nothing | Target::OwnOutput(_)) => bail!("it has no output path"),
        };
        if self.format.is_some() {
            let warning = "--format is for photos; the video keeps its own";
            report.warnings.push(warning.into());
        }
        if planned.preview.is_some() {
            let warning = "a preview is drawn of photos only";
            report.warnings.push(warning.into());
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

/// What is said of a file in which nothing is to be covered and which is not to be written.
fn without_faces(found: &FileReport, on_no_face: OnNoFaceArg) -> Option<FileReport> {
    const WHY: &str = "nothing to cover was found, so nothing was written";
    if found.outcome != Outcome::NoFaces {
        return None;
    }
    let mut report = found.clone();
    match on_no_face {
        OnNoFaceArg::Write => return None,
        OnNoFaceArg::Skip => {
            report.outcome = Outcome::Skipped;
            report.warnings.push(format!("{WHY} (--on-no-face skip)"));
        }
        OnNoFaceArg::Fail => {
            report.outcome = Outcome::Failed;
            report.error = Some(format!("{WHY} (--on-no-face fail)"));
        }
    }
    Some(report)
}

/// What may be at an output path when it is written.
fn rule(existing: WhenThere) -> Existing {
    match existing {
        WhenThere::Write(existing) => existing,
        WhenThere::Skip => Existing::Refuse,
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
