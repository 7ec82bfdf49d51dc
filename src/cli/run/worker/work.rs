//! The work on one photo, wherever it runs: in this process or in a worker process.

use crate::cli::plan::boxes::ByHand;
use crate::cli::run::batch;
use crate::cli::run::config::Faces;
use crate::cli::run::outcome::for_one;
use crate::cli::ui::preview;
use anyhow::{Context, Result, bail};
use faceveil::photo::time_taken;
use faceveil::report::{ContentKind, Outcome, Verification};
use faceveil::verify::{Verifier, VerifierOptions};
use faceveil::{AnonymizeOptions, Anonymizer, Detector, FileReport, Format, ReportApplier};
use rayon::ThreadPool;
use std::time::SystemTime;

/// What is to be done with a photo.
pub(crate) struct PhotoTask<'a> {
    /// Covered and left open besides what is so in all files.
    pub(crate) by_hand: &'a ByHand,
    /// What a report says of it, if one is applied.
    pub(crate) line: Option<&'a FileReport>,
    /// Whether a preview is drawn, and whether it outlines the masks.
    pub(crate) preview: Option<bool>,
    /// Whether a new file is made.
    pub(crate) cover: bool,
    /// Whether also of a photo in which nothing is to be covered.
    pub(crate) without_faces: bool,
    /// Whether the new file must have the format of the old one.
    pub(crate) same_format: bool,
}

/// What became of a photo.
pub(crate) struct PhotoResult {
    /// The report before anything was covered.
    pub(crate) found: FileReport,
    /// The format of the new file.
    pub(crate) written: Format,
    /// The preview, a JPEG file.
    pub(crate) preview: Option<Vec<u8>>,
    /// The new file.
    pub(crate) covered: Option<Covered>,
}

/// A new file and its report.
pub(crate) struct Covered {
    pub(crate) report: FileReport,
    pub(crate) bytes: Vec<u8>,
    /// When the picture was taken, if the new file says it.
    pub(crate) taken: Option<SystemTime>,
}

/// Works on photos in this process.
pub(crate) struct Local {
    source: Source,
    verifier: Option<Verifier>,
    /// The threads for one photo, if there are several.
    threads: Option<ThreadPool>,
}

#[expect(clippy::large_enum_variant, reason = "there is one in a worker")]
enum Source {
    Find(Anonymizer, AnonymizeOptions),
    FromReport(ReportApplier),
}

impl Local {
    /// Loads the models. `threads`: for one photo.
    ///
    /// # Errors
    /// If a detector cannot be made, or threads cannot be started.
    pub(crate) fn new(
        faces: &Faces,
        verify: Option<&VerifierOptions>,
        threads: usize,
    ) -> Result<Self> {
        let pool = (threads > 1).then(|| batch::pool(threads));
        let pool = pool.transpose().context("starting threads")?;
        let load = || Self::load(faces, verify);
        let (source, verifier) = match &pool {
            Some(pool) => pool.install(load),
            None => load(),
        }?;
        Ok(Self {
            source,
            verifier,
            threads: pool,
        })
    }

    fn load(faces: &Faces, verify: Option<&VerifierOptions>) -> Result<(Source, Option<Verifier>)> {
        let source = match faces {
            Faces::Find {
                detector, options, ..
            } => {
                let detector = Detector::new(detector).context("preparing the detector")?;
                let options = AnonymizeOptions::clone(options);
                Source::Find(Anonymizer::new(detector, options.clone())?, options)
            }
            Faces::FromReport(applier) => Source::FromReport(applier.clone()),
        };
        let verifier = verify.map(|options| {
            Verifier::new(options.clone()).context("preparing the detectors of --verify")
        });
        Ok((source, verifier.transpose()?))
    }

    /// What finds faces, if something does.
    pub(crate) fn engine(&self) -> Option<&str> {
        match &self.source {
            Source::Find(anonymizer, _) => Some(anonymizer.detector().engine()),
            Source::FromReport(_) => None,
        }
    }

    /// Finds faces and covers them.
    pub(crate) fn photo(&self, bytes: &[u8], task: &PhotoTask) -> Result<PhotoResult> {
        self.on_threads(|| self.work(bytes, task))
    }

    fn on_threads<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.threads {
            Some(threads) => threads.install(work),
            None => work(),
        }
    }

    fn work(&self, bytes: &[u8], task: &PhotoTask) -> Result<PhotoResult> {
        let found = match (&self.source, task.line) {
            (Source::Find(anonymizer, options), _) => {
                anonymizer.prepare_with(bytes, &for_one(options, task.by_hand))?
            }
            (Source::FromReport(applier), Some(line)) => applier.prepare(bytes, line)?,
            (Source::FromReport(_), None) => bail!("the report says nothing of it"),
        };
        if let (true, Some(formats)) = (task.same_format, &found.report().formats) {
            bail!(
                "{} would become {}, which cannot be done in place; choose another place with -o",
                formats.input,
                formats.output
            );
        }
        let draw = |masks| preview::draw(&found.picture(0), found.report(), masks);
        let preview = task.preview.map(draw).transpose()?;
        let report = found.report().clone();
        let is_covered = task.cover && (task.without_faces || report.outcome != Outcome::NoFaces);
        Ok(PhotoResult {
            written: found.written(),
            preview,
            covered: match is_covered {
                true => {
                    let done = found.redact()?;
                    let (report, bytes) = (done.report, done.bytes);
                    let says_time = report.kept.contains(&ContentKind::Time);
                    let taken = says_time.then(|| time_taken(&bytes)).flatten();
                    Some(Covered {
                        report,
                        bytes,
                        taken,
                    })
                }
                false => None,
            },
            found: report,
        })
    }

    /// Looks at a written photo again.
    pub(crate) fn verify(&self, bytes: &[u8], line: &FileReport) -> Result<Verification> {
        match &self.verifier {
            Some(verifier) => Ok(self.on_threads(|| verifier.photo(bytes, Some(line)))?),
            None => bail!("no detector in this run looks at outputs"),
        }
    }
}
