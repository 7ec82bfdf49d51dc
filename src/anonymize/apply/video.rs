//! The same for videos: read once more, each frame covered with what its line has for it.

use super::{ReportApplier, begun, differs, same_size};
use crate::anonymize::Progress;
use crate::anonymize::video::{
    VideoOptions, about_size, again, digest, ensure_no_photo, look_through, tell_sound,
    with_fallback,
};
use crate::error::Result;
use crate::report::{FileReport, Schedule, SearchedPart, ensure_regions};
use crate::stopwatch::Stopwatch;
use crate::video::{self, Backend, Damaged, Outside, VideoFile, VideoInput, VideoOutput};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

impl ReportApplier {
    /// Covers the regions of a line in the video that it is about, and writes the new one to
    /// `output`, which is replaced; give a temporary name and rename it. It is removed if the video
    /// fails. [`VideoOptions::workers`] is not used, and the part of the
    /// video is the line's.
    ///
    /// # Errors
    /// As [`ReportApplier::prepare`] and [`super::super::VideoAnonymizer::anonymize`].
    pub fn video<'a>(
        &self,
        input: impl Into<VideoInput>,
        output: impl Into<VideoOutput<'a>>,
        line: &FileReport,
        options: &VideoOptions,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<FileReport> {
        ensure_regions(line)?;
        let options = &of_line(options, line)?;
        let input = input.into();
        let path = input.path().map(Path::to_owned);
        let file = input.open()?;
        ensure_no_photo(&file)?;
        output.into().fill(path.as_deref(), |output| {
            let (mut report, said) = with_fallback(options.backend, &mut |backend| {
                self.try_video(&file, backend, output, line, options, watch)
            })?;
            report.warnings.extend(said);
            Ok(report)
        })
    }

    fn try_video(
        &self,
        file: &Arc<VideoFile>,
        backend: Backend,
        output: &Path,
        line: &FileReport,
        options: &VideoOptions,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<FileReport> {
        options.check()?;
        let style = self.style(line)?;
        let input = file.digest()?;
        let mut report = begun(line, input)?;
        let video = video::open(file, backend, options.opening(self.limits.max_pixels))?;
        let size = video.shape().upright();
        (report.width, report.height) = (size.width, size.height);
        // How many frames there are is known at the end.
        same_size(&report, line)?;
        report.backend = Some(video.backend());
        report.style = Some((&style).into());
        tell_sound(&mut report, file, &*video, &options.encoding)?;
        report.warnings.extend(line.concealed_sentence());
        report
            .warnings
            .extend(line.part.as_ref().and_then(SearchedPart::sentence));
        let start = Stopwatch::start();
        let mut schedule = Schedule::new(&line.regions);
        let (written, _) = again(&*video, output, options, &style, watch, &mut |_| {
            Ok(schedule.next())
        })?;
        // The masks are for the bytes that the report is about, so these are compared to the end.
        file.ensure_digest(input)?;
        if written != line.frames {
            return Err(differs(format!(
                "it has {written} frames, and the report says {}",
                line.frames
            )));
        }
        report.ms.encode = start.milliseconds();
        look_through(&mut report, output)?;
        report.warnings.extend(about_size(file.len(), output));
        if let Some(hashes) = &mut report.sha256 {
            hashes.output = Some(digest(output)?);
        }
        Ok(report)
    }
}

/// Options with the part of the video that a line is about, since its frames are counted there.
fn of_line(options: &VideoOptions, line: &FileReport) -> Result<VideoOptions> {
    let mut options = options.clone();
    (options.range, options.outside) = match &line.part {
        Some(part) => {
            let range = part
                .range()
                .ok_or_else(|| differs("its part has no times"))?;
            (Some(range), part.outside)
        }
        None => (None, Outside::default()),
    };
    if !line.concealed.is_empty() {
        options.damaged = Damaged::Conceal;
    }
    Ok(options)
}
