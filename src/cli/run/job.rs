//! What is done to one file. Runs on a worker; prints nothing itself.
//!
//! Invariant: every photo ends in one [`Done`], and nothing is at its output path unless the whole
//! new file is.

use super::batch;
use super::manifests::Manifests;
use super::summary::Sizes;
use super::videos::Videos;
use super::worker::Photos;
use crate::cli::files::read;
use crate::cli::files::write::Existing;
use crate::cli::plan::companion_files;
use crate::cli::plan::inputs::Source;
use crate::cli::plan::outputs::{Planned, Target};
use crate::cli::plan::task::{IfExists, Task};
use crate::cli::report::earlier_lines::EarlierLines;
use crate::cli::report::findings;
use crate::cli::ui::interrupt::Interrupt;
use crate::cli::ui::show;
use anyhow::{Context, Result, anyhow, bail};
use faceveil::photo::FileKind;
use faceveil::report::{Digest, FileDigests, Outcome};
use faceveil::{AnonymizeOptions, FileReport, Format, RawFiles, ReportApplier};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Said of an output that is there.
pub(crate) const EXISTS: &str = "its output exists; use --overwrite or --skip-existing";

/// What a run does to every photo.
///
/// Messages go into the report, too, so they name no path.
pub(crate) struct Job<'a> {
    /// Finds and covers, or covers only.
    pub(crate) covering: Covering<'a>,
    /// What finds faces.
    pub(crate) engine: &'a str,
    /// Does the work on photos.
    pub(crate) photos: &'a Photos<'a>,
    /// The same for videos.
    pub(crate) videos: Videos<'a>,
    /// What is asked for.
    pub(crate) task: Task,
    /// The format that photos are to have.
    pub(crate) format: Option<Format>,
    /// Whether outputs are verified.
    pub(crate) verify: bool,
    /// What earlier runs wrote.
    pub(crate) manifests: &'a Manifests,
    /// Their report's lines.
    pub(crate) earlier: &'a EarlierLines,
    /// Whether each file needs a line that says what was covered, an earlier one or a new one.
    pub(crate) needs_line: bool,
    /// Whether lines that say what is to be covered are of this run, and not of a report.
    pub(crate) has_own_lines: bool,
    /// Whether to stop.
    pub(crate) interrupt: &'a Interrupt,
}

/// Where the faces of a photo come from.
#[derive(Clone, Copy)]
pub(crate) enum Covering<'a> {
    /// They are looked for; the options are those of all files.
    Find(&'a AnonymizeOptions),
    /// A report says where they are.
    FromReport(&'a ReportApplier),
}

/// How a photo ended.
pub(crate) struct Done {
    /// The line of the report.
    pub(crate) report: FileReport,
    /// Where the new file is, or would be.
    pub(crate) target: Option<PathBuf>,
    /// Whether there was nothing to do, and how many spans were left open when it was done.
    pub(crate) up_to_date: Option<usize>,
    /// Bytes of the source and of the new file, if both are files.
    pub(crate) sizes: Option<Sizes>,
}

/// What became of an attempt.
pub(crate) enum Ended {
    /// It was dealt with, and said so.
    Reported(FileReport),
    /// It had been dealt with before.
    UpToDate(FileReport, usize),
}

impl Job<'_> {
    /// Deals with one photo.
    pub(crate) fn run(&self, planned: &Planned) -> Done {
        let mut up_to_date = None;
        // A photo that is replaced has another size afterwards.
        let source = planned.input.path().and_then(size);
        let mut report = match self.attempt(planned) {
            Ok(Ended::Reported(report)) => report,
            Ok(Ended::UpToDate(report, open_spans)) => {
                up_to_date = Some(open_spans);
                report
            }
            Err(why) => {
                let why = show::chain(&why) + self.remedy(planned);
                let mut report = FileReport::failed(self.engine(planned), why);
                report.sha256 = self.hash(planned);
                report
            }
        };
        report.input = planned.report_name();
        self.verify(planned, &mut report, up_to_date.is_some());
        let target = match &planned.target {
            Target::File { path, .. } => Some(path.clone()),
            _ => None,
        };
        let is_written = report.output.is_some() && up_to_date.is_none();
        let output = target.as_deref().filter(|_| is_written).and_then(size);
        let sizes = source.zip(output);
        Done {
            report,
            target,
            up_to_date,
            sizes: sizes.map(|(sources, outputs)| Sizes { sources, outputs }),
        }
    }

    /// The flag that helps a file that failed, behind what is wrong with it.
    fn remedy(&self, planned: &Planned) -> &'static str {
        match (self.covering, planned.input.kind().recognised()) {
            (Covering::Find(options), FileKind::Raw(_)) if options.raw == RawFiles::Refuse => {
                "; or cover the JPEG that is embedded in it, with --raw preview"
            }
            _ => "",
        }
    }

    /// Verifies what is at the output path, read from the disk.
    fn verify(&self, planned: &Planned, report: &mut FileReport, is_old: bool) {
        let (true, Target::File { path, .. }) = (self.verify, &planned.target) else {
            return;
        };
        let there = report.sha256.is_some_and(|hashes| hashes.output.is_some());
        if report.error.is_some() || !there {
            return;
        }
        // What `apply` left as it was is what the verdict in its line is about.
        let is_kept = is_old && matches!(self.covering, Covering::FromReport(_));
        if is_kept && report.verify.is_some() {
            return;
        }
        let seen = if is_old && report.output.is_none() {
            Ok(findings::not_checked(
                "it is up to date, and what was covered is in another run's report: give \
                 that one to `faceveil verify`, or give --report, which has it covered again",
            ))
        } else if planned.input.kind().is_video() {
            caught(|| self.videos.verify(path, report))
        } else {
            caught(|| {
                let bytes = read::file(path, read::MOST_BYTES)?;
                self.photos.verify(&bytes, report)
            })
        };
        report.verify = Some(seen.unwrap_or_else(|why| findings::not_checked(&show::chain(&why))));
    }

    /// A report of failure for a photo whose job ended in a panic.
    pub(crate) fn panicked(&self, planned: &Planned, message: &str) -> Done {
        let error =
            format!("a bug in faceveil or a library below it: {message}; nothing was written");
        let mut report = FileReport::failed(self.engine(planned), error);
        report.input = show::in_report(&planned.input.name);
        Done {
            report,
            target: None,
            up_to_date: None,
            sizes: None,
        }
    }

    /// What found the faces.
    fn engine<'b>(&'b self, planned: &'b Planned) -> &'b str {
        match (&self.covering, &planned.line) {
            (Covering::Find(_), _) => self.engine,
            (Covering::FromReport(_), Some(line)) => &line.engine,
            (Covering::FromReport(_), None) => "none",
        }
    }

    /// Of a file that failed, as far as it can be read.
    fn hash(&self, planned: &Planned) -> Option<FileDigests> {
        let Source::File(path) = &planned.input.source else {
            return None;
        };
        // Opening a pipe would wait for its other end, and whoever interrupts does not want to
        // wait.
        if self.interrupt.requested() || !fs::metadata(path).is_ok_and(|m| m.is_file()) {
            return None;
        }
        let digest = File::open(path).and_then(Digest::of_reader).ok()?;
        Some(FileDigests::of_input(digest))
    }

    fn attempt(&self, planned: &Planned) -> Result<Ended> {
        if let Some(report) = self.without_work(planned)? {
            return Ok(Ended::Reported(report));
        }
        let mut rule = Existing::Refuse;
        if let Some(report) = self.existing_output(planned, &mut rule)? {
            return Ok(Ended::Reported(report));
        }
        if let Source::File(path) = &planned.input.source
            && planned.input.kind().is_video()
        {
            // Read only where an earlier run knows the file.
            let digest = || {
                let read = File::open(path).and_then(Digest::of_reader);
                read.context("reading its bytes")
            };
            return match self.earlier_result(planned, &mut rule, digest)? {
                Some(ended) => Ok(ended),
                None => Ok(Ended::Reported(self.video(path, planned, rule)?)),
            };
        }
        let bytes = match &planned.input.source {
            Source::File(path) => read::photo(path, planned.input.kind())?,
            Source::Stdin => read::stdin()?,
            Source::Unreachable(_, why) => return Err(anyhow!("{why}")),
        };
        let digest = || Ok(Digest::of(&bytes));
        match self.earlier_result(planned, &mut rule, digest)? {
            Some(ended) => Ok(ended),
            None => Ok(Ended::Reported(self.photo(bytes, planned, rule)?)),
        }
    }

    /// The report of a file that is left alone by the plan, or by the report that is applied.
    ///
    /// # Errors
    /// If the report that is applied says that the file failed.
    fn without_work(&self, planned: &Planned) -> Result<Option<FileReport>> {
        const THEN: &str =
            "for a line that can be applied, run `faceveil blur` or `faceveil detect` on it again";
        if let Target::OwnOutput(other) = &planned.target {
            let why = format!("it is the output of {other}");
            return Ok(Some(self.skipped(planned, why)));
        }
        let (Covering::FromReport(_), Some(line)) = (&self.covering, &planned.line) else {
            return Ok(None);
        };
        match line.outcome {
            Outcome::Failed => {
                let why = line.error.as_deref().unwrap_or("no reason is given");
                bail!("its line says that it failed ({why}); {THEN}");
            }
            Outcome::Skipped => {
                let why = line.warnings.first().map_or("no reason is given", |w| w);
                let sentence = format!("its line says that it was left alone ({why}); {THEN}");
                Ok(Some(self.skipped(planned, sentence)))
            }
            _ => Ok(None),
        }
    }

    /// What becomes of an output that is there. `rule` becomes what was asked for.
    ///
    /// # Errors
    /// If it may not be replaced.
    fn existing_output(
        &self,
        planned: &Planned,
        rule: &mut Existing,
    ) -> Result<Option<FileReport>> {
        let (Task::Blur { existing, .. }, Target::File { path, .. }) = (self.task, &planned.target)
        else {
            return Ok(None);
        };
        if let IfExists::Write(existing) = existing {
            *rule = existing;
        }
        if fs::symlink_metadata(path).is_err() {
            return Ok(None);
        }
        let manifest = self.manifests.of(planned);
        let is_known = manifest.is_some_and(|m| m.knows(&planned.report_name()));
        match existing {
            IfExists::Skip if !is_known => {
                return Ok(Some(self.skipped(planned, "its output exists".into())));
            }
            IfExists::Write(Existing::Refuse) if !is_known => bail!(EXISTS),
            _ if path.is_dir() => bail!("there is a folder at its output path"),
            _ => {}
        }
        Ok(None)
    }

    /// A warning about the files beside it that show the same scene.
    pub(crate) fn companion_warning(&self, planned: &Planned) -> Option<String> {
        let is_wanted = self.task != Task::Detect;
        is_wanted
            .then(|| companion_files::sentence(&planned.companion_files))
            .flatten()
    }

    pub(crate) fn skipped(&self, planned: &Planned, why: String) -> FileReport {
        let mut report = FileReport::new(self.engine(planned));
        report.outcome = Outcome::Skipped;
        report.warnings.push(why);
        report
    }
}

/// Bytes of a file.
fn size(path: &Path) -> Option<u64> {
    let there = fs::metadata(path).ok()?;
    there.is_file().then_some(there.len())
}

/// What is written already is there, whatever becomes of the second look at it.
fn caught<T>(look: impl FnOnce() -> Result<T>) -> Result<T> {
    batch::caught(look).unwrap_or_else(|message| bail!("a bug in faceveil: {message}"))
}
