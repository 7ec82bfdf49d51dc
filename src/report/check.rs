//! What the types of a report cannot say: names that stay below a folder, boxes in the picture,
//! frames that there are.

use super::parts::rect;
use super::{FileReport, ReportFace, ReportRegion};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Rect, Size};
use std::path::{Component, Path};

/// Most regions of one frame.
const MOST_A_FRAME: usize = 10_000;
/// Most frames: a week at 60 a second.
const MOST_FRAMES: usize = 40_000_000;

/// A field and what is wrong with it.
type Fault = (String, String);

/// The first thing that is wrong with a line, if any is.
pub(super) fn fault(report: &FileReport) -> Option<Fault> {
    let named = |field: &str, what: Option<String>| what.map(|w| (field.to_owned(), w));
    named("input", name(&report.input))
        .or_else(|| named("output", report.output.as_deref().and_then(name)))
        .or_else(|| named("frames", count(report.frames)))
        .or_else(|| named("style", report.style.as_ref().and_then(|s| s.fault())))
        .or_else(|| each("faces", &report.faces, |f| face(f, report.frames)))
        .or_else(|| each("rejected", &report.rejected, |f| face(f, report.frames)))
        .or_else(|| each("ignored", &report.ignored, |i| sides(*i)))
        .or_else(|| {
            each("spans", &report.spans, |s| {
                (s.first > s.last).then(|| "it ends before it begins".to_owned())
            })
        })
        .or_else(|| each("spans", &report.spans, |s| sides(s.area)))
        .or_else(|| {
            each("concealed", &report.concealed, |s| {
                (s.first > s.last).then(|| "it ends before it begins".to_owned())
            })
        })
        .or_else(|| named("part", report.part.as_ref().and_then(|p| p.fault())))
        .or_else(|| {
            each("tracks", &report.tracks, |t| {
                (t.first > t.last).then(|| "it ends before it begins".to_owned())
            })
        })
        .or_else(|| {
            let findings = report.verify.iter().flat_map(|v| &v.findings);
            let findings: Vec<_> = findings.collect();
            each("verify.findings", &findings, |f| f.area.and_then(sides))
        })
        .or_else(|| regions(report))
}

/// The first fault of a list.
fn each<T>(list: &str, all: &[T], fault: impl Fn(&T) -> Option<String>) -> Option<Fault> {
    let mut found = all.iter().enumerate();
    found.find_map(|(i, one)| Some((format!("{list}[{i}]"), fault(one)?)))
}

/// `-` is standard input or output, and a name like any other.
fn name(name: &str) -> Option<String> {
    let plain = |c| matches!(c, Component::Normal(_));
    let what = if name.is_empty() {
        "it is empty"
    } else if name.contains('\0') {
        "it has a zero byte"
    } else if Path::new(name).has_root() || Path::new(name).is_absolute() {
        "it is absolute; names are relative to what was given"
    } else if name.split('/').any(|part| part == "..") {
        "it has `..` in it; names stay below what was given"
    } else if !Path::new(name).components().all(plain) {
        "it is no plain relative name"
    } else {
        return None;
    };
    Some(what.to_owned())
}

fn count(frames: usize) -> Option<String> {
    (frames > MOST_FRAMES).then(|| format!("{frames}, and no more than {MOST_FRAMES} are taken"))
}

/// A face may lie beyond the edge.
fn face(face: &ReportFace, frames: usize) -> Option<String> {
    let points = face.landmarks.iter().flatten().flatten();
    if !(0.0..=1.0).contains(&face.score) {
        Some(format!("score {} is outside 0..=1", face.score))
    } else if !{ points }.all(|v| v.is_finite()) {
        Some("a landmark is no number".to_owned())
    } else {
        sides(face.area).or_else(|| in_frames(face.frame?, frames))
    }
}

fn in_frames(frame: usize, frames: usize) -> Option<String> {
    (frame >= frames).then(|| format!("frame {frame} is outside 0..{frames}"))
}

/// Numbers that make no box.
fn sides(area: [f32; 4]) -> Option<String> {
    let [x, y, w, h] = area;
    rect(area)
        .is_none()
        .then(|| format!("[{x},{y},{w},{h}] is no box"))
}

/// Refuses a line whose regions cannot be acted upon. Its fields are public, so it may have come
/// from elsewhere than the reader of reports.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`], with the field.
pub(crate) fn ensure_regions(report: &FileReport) -> Result<()> {
    match regions(report) {
        None => Ok(()),
        Some((field, what)) => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("the report's {field}: {what}"),
        )),
    }
}

fn regions(report: &FileReport) -> Option<Fault> {
    let size = Size::new(report.width, report.height);
    each("regions", &report.regions, |r| {
        region(r, size, report.frames)
    })
    .or_else(|| {
        let most = most_at_once(&report.regions);
        (most > MOST_A_FRAME).then(|| {
            let what = format!("{most} in one frame, and no more than {MOST_A_FRAME} are taken");
            ("regions".to_owned(), what)
        })
    })
}

fn region(region: &ReportRegion, size: Size, frames: usize) -> Option<String> {
    let [x, y, w, h] = region.area;
    let Some(area) = rect(region.area).filter(|r| r.width() > 0.0 && r.height() > 0.0) else {
        return Some(format!(
            "[{x},{y},{w},{h}] is no box with both sides above 0"
        ));
    };
    // Pages of a TIFF have sizes of their own, of which the line has the first one's.
    let sized = region.frame.is_none_or(|frame| frame == 0);
    if sized && area.intersection(&Rect::of(size)).is_none() {
        let Size { width, height } = size;
        return Some(format!(
            "[{x},{y},{w},{h}] lies outside the picture of {width}x{height}"
        ));
    }
    match (region.frame, region.frames) {
        (Some(_), Some(_)) => Some("it has both `frame` and `frames`".to_owned()),
        (Some(frame), None) => in_frames(frame, frames),
        (None, Some([first, last])) if first > last => {
            Some(format!("frames [{first},{last}] end before they begin"))
        }
        (None, Some([_, last])) => in_frames(last, frames),
        (None, None) => None,
    }
}

/// Most regions that are in one frame together.
fn most_at_once(regions: &[ReportRegion]) -> usize {
    // A change of the number at each frame where some begin or end.
    let mut changes = Vec::with_capacity(2 * regions.len());
    let mut always = 0;
    for region in regions {
        match (region.frame, region.frames) {
            (None, None) => always += 1,
            (Some(frame), _) => changes.extend([(frame, 1), (frame.saturating_add(1), -1)]),
            (None, Some([first, last])) => {
                changes.extend([(first, 1), (last.saturating_add(1), -1)]);
            }
        }
    }
    // Ends before beginnings.
    changes.sort_unstable();
    let (mut now, mut most) = (0i64, 0);
    for (_, change) in changes {
        now += change;
        most = most.max(now);
    }
    always + usize::try_from(most).unwrap_or(0)
}
