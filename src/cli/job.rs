//! What is done to one photo, from its bytes to its place on the disk. Runs on a worker; says
//! nothing itself.
//!
//! Invariant: every photo ends in one [`Done`], and nothing is at its output path unless the whole
//! new file is.

use super::inputs::Source;
use super::interrupt::Interrupt;
use super::naming::Naming;
use super::outputs::{Planned, Target};
use super::record::Record;
use super::task::{Task, WhenThere};
use super::values::OnNoFaceArg;
use super::video::Videos;
use super::write::{self, Existing, Written};
use super::{batch, preview, read, show, siblings, verify};
use anyhow::{Context, Result, anyhow, bail};
use faceveil::{
    AnonymizeOptions, Anonymizer, Digest, FileDigests, FileKind, FileReport, Format, KeepMetadata,
    Outcome, Photo, PreparedPhoto, ReportApplier, Verifier,
};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What is told of an output that is there.
pub(super) const EXISTS: &str = "its output exists; use --overwrite or --skip-existing";

/// What a run does to every photo.
///
/// Messages go into the report, too, so they name no path.
pub(super) struct Job<'a> {
    /// Finds and covers, or covers only.
    pub(super) covering: Covering<'a>,
    /// The same for videos.
    pub(super) videos: Videos<'a>,
    /// What is asked for.
    pub(super) task: Task,
    /// The format that photos are to have.
    pub(super) format: Option<Format>,
    /// Looks at outputs again, if that is asked for.
    pub(super) verifier: Option<&'a Verifier>,
    /// What earlier runs did in the output folder.
    pub(super) record: Option<&'a Record>,
    /// What they told of it.
    pub(super) earlier: &'a HashMap<String, FileReport>,
    /// Whether to stop.
    pub(super) interrupt: &'a Interrupt,
}

/// Where the faces of a photo come from.
#[derive(Clone, Copy)]
pub(super) enum Covering<'a> {
    /// They are looked for; the options are those of all files.
    Find(&'a Anonymizer, &'a AnonymizeOptions),
    /// A report says where they are.
    Told(&'a ReportApplier),
}

/// How a photo ended.
pub(super) struct Done {
    /// The line of the report.
    pub(super) report: FileReport,
    /// Where the new file is, or would be.
    pub(super) target: Option<PathBuf>,
    /// Whether there was nothing to do, and how many spans were left open when it was done.
    pub(super) up_to_date: Option<usize>,
}

/// What became of an attempt.
pub(super) enum Ended {
    /// It was dealt with, and said so.
    Told(FileReport),
    /// It had been dealt with before.
    UpToDate(FileReport, usize),
}

impl Job<'_> {
    /// Deals with one photo.
    pub(super) fn run(&self, planned: &Planned) -> Done {
        let mut up_to_date = None;
        let mut report = match self.attempt(planned) {
            Ok(Ended::Told(report)) => report,
            Ok(Ended::UpToDate(report, open_spans)) => {
                up_to_date = Some(open_spans);
                report
            }
            Err(why) => {
                let mut report = FileReport::failed(self.engine(planned), show::chain(&why));
                report.sha256 = self.hash(planned);
                report
            }
        };
        report.input = name(planned);
        self.verify(planned, &mut report, up_to_date.is_some());
        let target = match &planned.target {
            Target::File { path, .. } => Some(path.clone()),
            _ => None,
        };
        Done {
            report,
            target,
            up_to_date,
        }
    }

    /// Has what is at the output path looked at again, read from the disk.
    fn verify(&self, planned: &Planned, report: &mut FileReport, is_old: bool) {
        let (Some(verifier), Target::File { path, .. }) = (self.verifier, &planned.target) else {
            return;
        };
        let there = report.sha256.is_some_and(|hashes| hashes.output.is_some());
        if report.error.is_some() || !there {
            return;
        }
        let seen = if is_old && report.output.is_none() {
            Ok(verify::not_checked(
                "it is up to date, and what was covered is told in another run's report: give that one to `faceveil verify`, or delete the folder's .faceveil-record.jsonl and write anew with --overwrite",
            ))
        } else if read::is_video(path) {
            caught(|| self.videos.verify(verifier, path, report))
        } else {
            caught(|| {
                let bytes = read::file(path, read::MOST_BYTES)?;
                Ok(verifier.photo(&bytes, Some(report))?)
            })
        };
        report.verify = Some(seen.unwrap_or_else(|why| verify::not_checked(&show::chain(&why))));
    }

    /// A report of failure for a photo whose job ended in a panic.
    pub(super) fn panicked(&self, planned: &Planned, message: &str) -> Done {
        let error =
            format!("a bug in faceveil or a library below it: {message}; nothing was written");
        let mut report = FileReport::failed(self.engine(planned), error);
        report.input = show::in_report(&planned.input.name);
        Done {
            report,
            target: None,
            up_to_date: None,
        }
    }

    /// What found the faces.
    fn engine<'b>(&'b self, planned: &'b Planned) -> &'b str {
        match (&self.covering, &planned.line) {
            (Covering::Find(anonymizer, _), _) => anonymizer.detector().engine(),
            (Covering::Told(_), Some(line)) => &line.engine,
            (Covering::Told(_), None) => "none",
        }
    }

    /// Of a file that failed, as far as it can be read.
    fn hash(&self, planned: &Planned) -> Option<FileDigests> {
        let Source::File(path) = &planned.input.source else {
            return None;
        };
        // Opening a pipe would wait for its other end, and whoever interrupts does not want to wait.
        if self.interrupt.requested() || !fs::metadata(path).is_ok_and(|m| m.is_file()) {
            return None;
        }
        let digest = File::open(path).and_then(Digest::of_reader).ok()?;
        Some(FileDigests::of_input(digest))
    }

    fn attempt(&self, planned: &Planned) -> Result<Ended> {
        let told = |report| Ok(Ended::Told(report));
        if let Target::OwnOutput(of) = &planned.target {
            return told(self.skipped(planned, format!("it is the output of {of}")));
        }
        if let (Covering::Told(_), Some(line)) = (&self.covering, &planned.line) {
            const THEN: &str = "for a line that can be applied, run `faceveil blur` or `faceveil detect` on it again";
            match line.outcome {
                Outcome::Failed => {
                    let why = line.error.as_deref().unwrap_or("no reason is told");
                    bail!("its line says that it failed ({why}); {THEN}");
                }
                Outcome::Skipped => {
                    let why = line.warnings.first().map_or("no reason is told", |w| w);
                    let sentence = format!("its line says that it was left alone ({why}); {THEN}");
                    return told(self.skipped(planned, sentence));
                }
                _ => {}
            }
        }
        let mut rule = Existing::Refuse;
        let known = self.record.is_some_and(|r| r.knows(&name(planned)));
        if let (Task::Blur { existing, .. }, Target::File { path, .. }) =
            (self.task, &planned.target)
        {
            if let WhenThere::Write(existing) = existing {
                rule = existing;
            }
            if fs::symlink_metadata(path).is_ok() {
                match existing {
                    WhenThere::Skip if !known => {
                        return told(self.skipped(planned, "its output exists".into()));
                    }
                    WhenThere::Write(Existing::Refuse) if !known => bail!(EXISTS),
                    _ if path.is_dir() => bail!("there is a folder at its output path"),
                    _ => {}
                }
            }
        }
        if let Source::File(path) = &planned.input.source
            && read::is_video(path)
        {
            let read = File::open(path).and_then(Digest::of_reader);
            let digest = || read.context("reading its bytes");
            return match self.standing(planned, &mut rule, digest)? {
                Some(ended) => Ok(ended),
                None => told(self.video(path, planned, rule)?),
            };
        }
        let bytes = match &planned.input.source {
            Source::File(path) => read::photo(path)?,
            Source::Stdin => read::stdin()?,
            Source::Unreachable(_, why) => return Err(anyhow!("{why}")),
        };
        let digest = || Ok(Digest::of(&bytes));
        match self.standing(planned, &mut rule, digest)? {
            Some(ended) => Ok(ended),
            None => told(self.photo(bytes, planned, rule)?),
        }
    }

    fn photo(&self, bytes: Vec<u8>, planned: &Planned, rule: Existing) -> Result<FileReport> {
        if let FileKind::Video(kind) = Photo::recognise(&bytes) {
            bail!("it is a video ({kind}), which cannot be piped; give it as a file");
        }
        let found = match (self.covering, &planned.line) {
            (Covering::Find(anonymizer, options), _) => {
                anonymizer.find_with(&bytes, &for_one(options, planned))?
            }
            (Covering::Told(applier), Some(line)) => applier.find(&bytes, line)?,
            (Covering::Told(_), None) => bail!("the report says nothing of it"),
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
            // Previews are ours to replace.
            write::atomically(path, &drawn, Existing::Replace, self.interrupt)
                .context("writing its preview")?;
        }
        let mut also = Vec::new();
        if let Target::File { path, .. } = &planned.target {
            also.extend(misnamed(path, written));
            also.extend(self.task.is_in_place().then(|| other_names(path)).flatten());
        }
        also.extend(self.beside(planned));
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

    /// What lies beside it and tells the same story.
    fn beside(&self, planned: &Planned) -> Option<String> {
        let told = self.task != Task::Detect;
        told.then(|| siblings::sentence(&planned.siblings))
            .flatten()
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
                write::with_temporary(path, rule, self.interrupt, |file| {
                    file.as_file_mut().write_all(&done.bytes)?;
                    self.remember(planned, &mut report);
                    Ok(Written::Keep(()))
                })
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

    /// Whether metadata is to be written again.
    fn keeps(&self) -> bool {
        let keep = match self.covering {
            Covering::Find(_, options) => options.keep,
            Covering::Told(applier) => applier.keep,
        };
        keep != KeepMetadata::default()
    }

    /// A video has a path of its own: it is too long for memory.
    fn video(&self, input: &Path, planned: &Planned, rule: Existing) -> Result<FileReport> {
        let find = || match self.covering {
            Covering::Find(_, options) => {
                let options = for_one(options, planned);
                self.videos.detect(input, &options)
            }
            Covering::Told(_) => bail!("a report is applied by writing files"),
        };
        let write = |output: &Path| match (self.covering, &planned.line) {
            (Covering::Find(_, options), _) => {
                let options = for_one(options, planned);
                self.videos.blur(input, output, &options)
            }
            (Covering::Told(applier), Some(line)) => {
                self.videos.apply(input, output, applier, line)
            }
            (Covering::Told(_), None) => bail!("the report says nothing of it"),
        };
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
        also.extend(self.beside(planned));
        match (self.task, &planned.target) {
            (Task::Detect | Task::DryRun { .. }, _) => {
                let mut report = find()?;
                report.warnings.extend(also);
                Ok(report)
            }
            (Task::Blur { on_no_face, .. }, Target::File { path, name }) => {
                if self.task.is_in_place() && Naming::of(&planned.input, None) != Naming::default()
                {
                    bail!(
                        "it would become a QuickTime file, which cannot be done in place; choose another place with -o"
                    );
                }
                also.extend(self.task.is_in_place().then(|| other_names(path)).flatten());
                write::with_temporary(path, rule, self.interrupt, |file| {
                    let mut report = write(file.path())?;
                    if let Some(mut report) = without_faces(&report, on_no_face) {
                        self.remember(planned, &mut report);
                        return Ok(Written::Remove(report));
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

    pub(super) fn skipped(&self, planned: &Planned, why: String) -> FileReport {
        let mut report = FileReport::new(self.engine(planned));
        report.outcome = Outcome::Skipped;
        report.warnings.push(why);
        report
    }
}

/// What is written already is there, whatever becomes of the second look at it.
fn caught<T>(look: impl FnOnce() -> Result<T>) -> Result<T> {
    batch::caught(look).unwrap_or_else(|message| bail!("a bug in faceveil: {message}"))
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
            // A video was written and is taken back.
            if let Some(hashes) = &mut report.sha256 {
                hashes.output = None;
            }
            report.warnings.push(format!("{WHY} (--on-no-face skip)"));
        }
        OnNoFaceArg::Fail => {
            report.outcome = Outcome::Failed;
            if let Some(hashes) = &mut report.sha256 {
                hashes.output = None;
            }
            report.error = Some(format!("{WHY} (--on-no-face fail)"));
        }
    }
    Some(report)
}

/// Its name in the report.
pub(super) fn name(planned: &Planned) -> String {
    match planned.input.source {
        Source::Stdin => "-".into(),
        _ => show::in_report(&planned.input.name),
    }
}

/// The options for one file: what is given by hand for it comes on top.
fn for_one<'a>(options: &'a AnonymizeOptions, planned: &Planned) -> Cow<'a, AnonymizeOptions> {
    if planned.regions.is_empty() && planned.ignore.is_empty() {
        return Cow::Borrowed(options);
    }
    let mut own = options.clone();
    own.regions.extend(&planned.regions);
    own.ignore.extend(&planned.ignore);
    Cow::Owned(own)
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
