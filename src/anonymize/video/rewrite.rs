//! The half of the pipeline that looks for nothing: frames are read, covered with masks that are
//! known, and written.

use super::{Progress, VideoOptions, Watch, flow};
use crate::anonymize::ensure_nothing_left;
use crate::content::ContentKind;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::inspect::{Finding, FindingKind, Inspection, inspect_file};
use crate::photo::KeepMetadata;
use crate::plane::AnyPlaneMut;
use crate::redact::{Redaction, Region, Style};
use crate::report::FileReport;
use crate::stopwatch::Stopwatch;
use crate::video::{self, Encoding, Frame, Shape, Subtitles, Video, VideoFile};
use flow::Pool;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

/// Reads a video from the first frame on, covers each with what `masks` has for it, and gives their
/// number and the seconds waited for the encoder.
pub(in crate::anonymize) fn again(
    video: &dyn Video,
    output: &Path,
    options: &VideoOptions,
    style: &Style,
    watch: Watch<'_>,
    masks: &mut dyn FnMut(&Frame) -> Result<Vec<Region>>,
) -> Result<(usize, f64)> {
    let shape = video.shape();
    let source = video.source()?;
    let mut writing = flow::Writing::start(video.sink(output, &options.encoding)?)?;
    let pool = Pool::new((2 * flow::WRITER_QUEUE).min(flow::frames_in_flight(shape)));
    let mut frames = 0;
    flow::in_order(
        source,
        shape,
        1,
        &pool,
        |_| Ok(()),
        |item| {
            if let Some((mut frame, ())) = item {
                let masks = masks(&frame)?;
                cover(&mut frame, shape, style, &masks)?;
                writing.send(frame, &pool)?;
                frames += 1;
            }
            let of = video.frames();
            match watch(Progress { frames, of }) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(flow::interrupted()),
            }
        },
    )?;
    if frames == 0 {
        return Err(Error::new(ErrorKind::Malformed, "it has no frames"));
    }
    let (written, waited) = writing.finish()?;
    check_count(frames, written)?;
    Ok((frames, waited))
}

/// What becomes of the sound, and what the container will not have.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for an encoder or subtitles that are asked for and that the backend
/// cannot have.
pub(in crate::anonymize) fn tell_sound(
    report: &mut FileReport,
    file: &VideoFile,
    video: &dyn Video,
    encoding: &Encoding,
) -> Result<()> {
    video.check(encoding)?;
    if let Some(encoder) = video.encoder(encoding) {
        report.backend = Some(format!("{} ({encoder})", video.backend()));
    }
    report.dropped = video.dropped();
    report.kept.clear();
    report.warnings.extend(video.warnings(encoding));
    if video.sound_tracks() > 0 {
        let list = match encoding.audio {
            video::Audio::Drop => &mut report.dropped,
            video::Audio::Keep => &mut report.kept,
        };
        list.push(ContentKind::Audio);
    }
    name_captions(file, &mut report.dropped);
    if encoding.subtitles == Subtitles::Keep {
        keep_subtitles(report, video.subtitles(encoding))?;
        keep_captions(report, video);
    }
    Ok(())
}

/// Says what becomes of captions in the pictures' stream.
fn keep_captions(report: &mut FileReport, video: &dyn Video) {
    if !report.dropped.contains(&ContentKind::Captions) || !video.keep_captions() {
        return;
    }
    report.dropped.retain(|d| *d != ContentKind::Captions);
    if !report.kept.contains(&ContentKind::Subtitles) {
        report.kept.push(ContentKind::Subtitles);
    }
    let what = "its captions (CEA-608) are written as subtitles; any of CEA-708 are dropped";
    report.warnings.push(what.into());
}

/// Says what becomes of subtitles that are asked for: how many there are, and how many are written.
fn keep_subtitles(report: &mut FileReport, (all, kept): (usize, usize)) -> Result<()> {
    if all == 0 && report.dropped.contains(&ContentKind::Subtitles) {
        let why = "its subtitles are to be kept, which needs ffmpeg";
        return Err(Error::new(ErrorKind::Unsupported, why));
    }
    if kept > 0 {
        report.kept.push(ContentKind::Subtitles);
    }
    if kept == all {
        report.dropped.retain(|d| *d != ContentKind::Subtitles);
    }
    Ok(())
}

/// Covers one frame.
pub(super) fn cover(
    frame: &mut Frame,
    shape: &Shape,
    style: &Style,
    masks: &[Region],
) -> Result<()> {
    if masks.is_empty() {
        return Ok(());
    }
    let redaction = Redaction::new(style, masks, shape.size, shape.orientation).coded(shape.coding);
    frame.edit(shape, &mut |plane, channel| match plane {
        AnyPlaneMut::U8(mut plane) => redaction.apply(&mut plane, channel),
        AnyPlaneMut::U16(mut plane) => redaction.apply(&mut plane, channel),
    })
}

/// Of a whole file.
pub(in crate::anonymize) fn digest(path: &Path) -> Result<Digest> {
    let read = File::open(path).and_then(Digest::of_reader);
    read.map_err(|e| Error::new(ErrorKind::Malformed, "reading its bytes").because(e))
}

/// Fails for a new file that hides anything: nothing of a video is kept but pictures and sound.
pub(in crate::anonymize) fn look_through(report: &mut FileReport, output: &Path) -> Result<()> {
    let start = Stopwatch::start();
    let mut seen = inspect_file(output)?;
    // Sound is copied as it is, with what its packets hold besides; the report says so.
    let is_sound = |finding: &Finding| finding.kind == FindingKind::SoundData;
    let beside: u64 = (seen.findings.iter().filter(|f| is_sound(f)))
        .filter_map(|finding| finding.bytes)
        .sum();
    let before = seen.findings.len();
    seen.findings.retain(|finding| !is_sound(finding));
    if seen.findings.len() < before && report.kept.contains(&ContentKind::Audio) {
        report.kept.push(ContentKind::SoundData);
        report.warnings.push(format!(
            "its sound was copied with {beside} bytes that are no sound; what they are is not \
             known, and they go only with the sound"
        ));
    }
    if report.kept.contains(&ContentKind::Subtitles) {
        seen.findings.retain(|f| f.kind != FindingKind::Subtitles);
    }
    ensure_nothing_left(seen, KeepMetadata::default())?;
    report.ms.inspect = start.milliseconds();
    Ok(())
}

/// Names closed captions that lie in the pictures' stream of the source; `dropped` is what is named
/// already. They may begin anywhere, so the whole file is searched for them.
fn name_captions(file: &VideoFile, dropped: &mut Vec<ContentKind>) {
    let is_named = dropped.contains(&ContentKind::Captions);
    // What cannot be read there is for the decoder to find.
    let found = |seen: Inspection| {
        let mut findings = seen.findings.iter();
        findings.any(|f| f.kind == FindingKind::Text && f.detail.starts_with("captions"))
    };
    let path = file.path();
    if !is_named && !path.as_os_str().is_empty() && inspect_file(path).is_ok_and(found) {
        dropped.push(ContentKind::Captions);
    }
}

/// A new file may be larger than the source by this factor before it is said.
const LARGER: f64 = 1.3;
/// Nobody minds so many bytes.
const LITTLE: u64 = 64 << 10;

/// What is said of a new file that is much larger than the source.
pub(in crate::anonymize) fn about_size(source: u64, output: &Path) -> Option<String> {
    let new = std::fs::metadata(output).ok()?.len();
    let is_larger = new > source + LITTLE && new as f64 > source as f64 * LARGER;
    is_larger.then(|| {
        format!(
            "the new file is {:.1} times as large as the original ({} and {} kB); a higher constant rate factor, or a bit \
             rate, makes it smaller",
            new as f64 / source.max(1) as f64,
            new / 1000,
            source / 1000
        )
    })
}

/// Fails unless every frame that was decided was written.
pub(super) fn check_count(decided: usize, written: usize) -> Result<()> {
    match decided == written {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Internal,
            format!("{written} of {decided} frames were written"),
        )),
    }
}
