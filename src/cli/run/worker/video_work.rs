//! The work on one video, wherever it runs: in this process or in a worker process.

use crate::cli::plan::boxes::ByHand;
use crate::cli::run::config::Faces;
use crate::cli::run::outcome::for_one;
use anyhow::{Result, bail};
use faceveil::report::Verification;
use faceveil::verify::{Verifier, VerifierOptions};
use faceveil::{AnonymizeOptions, ErrorKind, FileReport, Progress, VideoAnonymizer, VideoOptions};
use std::ops::ControlFlow;
use std::path::Path;

/// What is to be done with a video.
#[derive(Clone, Copy)]
pub(crate) struct VideoTask<'a> {
    /// The video.
    pub(crate) input: &'a Path,
    pub(crate) action: VideoAction<'a>,
    /// Covered and left open besides what is so in all files.
    pub(crate) by_hand: &'a ByHand,
}

/// What is done to the frames.
#[derive(Clone, Copy)]
pub(crate) enum VideoAction<'a> {
    /// Faces are found; nothing is written.
    Detect,
    /// A new video is written to this path, which holds an empty file.
    Anonymize(&'a Path),
    /// The same, covered with what this line of a report says.
    Apply(&'a Path, &'a FileReport),
    /// It is an output, and is looked at again.
    Verify(&'a FileReport),
}

/// What became of a video.
pub(crate) enum VideoResult {
    Report(Box<FileReport>),
    Verified(Verification),
}

/// What is called after every frame.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(usize, Option<u64>) -> ControlFlow<()>;

/// Works on videos in this process. Models are loaded when they are needed first.
pub(crate) struct LocalVideos {
    faces: Faces,
    options: VideoOptions,
    verify: Option<VerifierOptions>,
    anonymizer: Option<VideoAnonymizer>,
    verifier: Option<Verifier>,
}

impl LocalVideos {
    /// Loads nothing yet.
    pub(crate) fn new(
        faces: Faces,
        options: VideoOptions,
        verify: Option<VerifierOptions>,
    ) -> Self {
        Self {
            faces,
            options,
            verify,
            anonymizer: None,
            verifier: None,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// Whatever is wrong with the video; that `watch` broke off.
    pub(crate) fn work(&mut self, task: &VideoTask<'_>, watch: Watch<'_>) -> Result<VideoResult> {
        let mut watch = |done: Progress| watch(done.frames, done.of);
        let done = match (task.action, &self.faces) {
            (VideoAction::Verify(line), _) => {
                let verifier = match (&mut self.verifier, &self.verify) {
                    (Some(verifier), _) => verifier,
                    (none, Some(options)) => none.insert(Verifier::new(options.clone())?),
                    (None, None) => bail!("no detector in this run looks at outputs"),
                };
                let seen = verifier.video(task.input, Some(line), &mut watch);
                seen.map(VideoResult::Verified)
            }
            (VideoAction::Apply(output, line), Faces::FromReport(applier)) => {
                let video = &self.options;
                let report = applier.video(task.input, output, line, video, &mut watch);
                report.map(|r| VideoResult::Report(Box::new(r)))
            }
            (VideoAction::Detect, Faces::Find { options, .. }) => {
                let options = for_one(options, task.by_hand).into_owned();
                let anonymizer = self.anonymizer(options)?;
                let report = anonymizer.detect(task.input, &mut watch);
                report.map(|r| VideoResult::Report(Box::new(r)))
            }
            (VideoAction::Anonymize(output), Faces::Find { options, .. }) => {
                let options = for_one(options, task.by_hand).into_owned();
                let anonymizer = self.anonymizer(options)?;
                let report = anonymizer.anonymize(task.input, output, &mut watch);
                report.map(|r| VideoResult::Report(Box::new(r)))
            }
            _ => bail!("a report is applied by writing files"),
        };
        match done {
            Err(e) if e.kind() == ErrorKind::Interrupted => {
                bail!("interrupted before it was written")
            }
            other => Ok(other?),
        }
    }

    fn anonymizer(&mut self, options: AnonymizeOptions) -> Result<&VideoAnonymizer> {
        let Faces::Find { video_detector, .. } = &self.faces else {
            bail!("no detector in this run");
        };
        let anonymizer = match &mut self.anonymizer {
            Some(anonymizer) => anonymizer,
            none => none.insert(VideoAnonymizer::new(
                video_detector,
                options.clone(),
                self.options.clone(),
            )?),
        };
        anonymizer.set_options(options)?;
        Ok(anonymizer)
    }
}
