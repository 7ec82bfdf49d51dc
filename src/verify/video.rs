//! Videos: every frame is decoded again and held against what the report says of it, and a share of
//! them is searched for faces by networks that see more than those of the run.
//!
//! Invariant: every frame's covers are checked; which frames are searched is reported.

#[cfg(test)]
mod tests;

use super::again::Again;
use super::cover::{Difference, Pair};
use super::place::Place;
use super::{Findings, Verifier, chain, faces, hidden, same_shape, tell_face, tolerance, unread};
use crate::anonymize::{Progress, flow};
use crate::detect::{Detector, Preset, SecondSearch};
use crate::error::{Error, ErrorKind, Result};
use crate::face::{Face, Subject};
use crate::geometry::{Quad, Rect};
use crate::inspect::inspect_file;
use crate::plane::AnyPlaneMut;
use crate::redact::{Redaction, Region, Style};
use crate::report::{
    ContentKind, FileReport, Schedule, Verification, VerifyFindingKind, ensure_regions,
};
use crate::video::{self, Frame, FramePicture, FrameSource, Opening, Shape, Video, VideoFile};
use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Frames a second that are searched for faces: the run itself looked at every one, and covers each
/// face for a quarter of a second before and after it is seen.
const SEARCHED: f64 = 5.0;
/// Intersection over union from which a finding of a later frame is the same one.
const SAME: f32 = 0.3;
/// Samples at the edges of regions that say nothing of a cover. Solid black at the outermost one
/// was up to 17.5 levels off, and 6.7 within.
const EDGE: usize = 1;
/// Most findings of a kind that are listed one by one.
const MOST_TOLD: usize = 200;

/// What is called after every frame; to break is to stop.
type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

impl Verifier {
    /// Looks at a video that was written. `line` is what the report says about it, as for
    /// [`Verifier::photo`].
    ///
    /// # Errors
    /// Those of [`Verifier::photo`]; [`ErrorKind::Interrupted`] if `watch` breaks. A video that
    /// cannot be read is a finding.
    pub fn video(
        &self,
        file: &Path,
        line: Option<&FileReport>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Verification> {
        line.map_or(Ok(()), ensure_regions)?;
        let mut findings = Findings::default();
        let opened = VideoFile::open(file).and_then(|file| Ok((file.digest()?, file)));
        let (digest, file) = match opened {
            Ok(opened) => opened,
            Err(e) => {
                findings.add(
                    VerifyFindingKind::Damaged,
                    format!("it cannot be read: {}", chain(&e)),
                );
                return Ok(findings.conclude());
            }
        };
        let style = self.claims(digest, line, &mut findings);
        let options = &self.options.video;
        let how = Opening {
            max_pixels: self.options.limits.max_pixels,
            ..Opening::default()
        };
        let video = match video::open(&file, options.backend, how) {
            Ok(video) => video,
            Err(e) => {
                findings.add(
                    unread(e.kind()),
                    format!("it cannot be decoded: {}", chain(&e)),
                );
                return Ok(findings.conclude());
            }
        };
        look_through(file.path(), &*video, line, &mut findings);
        let stride = ((video.rate() / SEARCHED).round() as usize).max(1);
        let search = self.search_of_frames()?;
        let work = Work {
            shape: *video.shape(),
            style: style.as_ref(),
            search,
            others: self.others.as_ref(),
            looks_for_faces: self.options.cover.faces,
            stride,
        };
        let pts = match work.run(
            &*video,
            options.workers.clamp(1, 1024),
            line,
            watch,
            &mut findings,
        ) {
            Ok(pts) => pts,
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::Engine | ErrorKind::Interrupted | ErrorKind::Internal
                ) =>
            {
                return Err(e);
            }
            Err(e) => {
                findings.add(
                    unread(e.kind()),
                    format!("it cannot be decoded: {}", chain(&e)),
                );
                return Ok(findings.conclude());
            }
        };
        if let Err(e) = file.ensure_still(digest) {
            findings.add(VerifyFindingKind::Changed, chain(&e));
        }
        // Sources have frames at one time; that these are kept shows in the times of the line.
        let has_times = line.is_some_and(|l| l.times.is_some());
        let is_wrong = |t: &[i64]| t[0] > t[1] || (t[0] == t[1] && !has_times);
        if let Some(at) = pts.windows(2).position(is_wrong) {
            findings.add(
                VerifyFindingKind::Times,
                "a frame is shown no later than the one before it",
            );
            if let Some(last) = findings.0.last_mut() {
                last.frame = Some(at + 1);
            }
        }
        if let Some(line) = line
            && same_shape(line, work.shape.upright(), pts.len(), &mut findings)
        {
            match line.times {
                Some(reported) if reported != video::times(video.time_base(), &pts) => {
                    findings.add(
                        VerifyFindingKind::Times,
                        "its frames are shown at other times than the report says",
                    );
                }
                Some(_) => {}
                None => findings.add(
                    VerifyFindingKind::NotChecked,
                    "the report does not say when its frames are shown",
                ),
            }
        }
        Ok(findings.conclude())
    }

    /// Made for the first video.
    fn search_of_frames(&self) -> Result<&SecondSearch> {
        if let Some(search) = self.frames.get() {
            return Ok(search);
        }
        let search = SecondSearch::new(&self.options.search(Preset::Balanced))?;
        Ok(self.frames.get_or_init(|| search))
    }
}

/// What a video holds besides its one picture track and the sound.
fn look_through(
    file: &Path,
    video: &dyn Video,
    line: Option<&FileReport>,
    findings: &mut Findings,
) {
    // How an encoder names itself is part of its stream; a tag that says it is for `inspect` to
    // judge.
    let is_kept = |kind: &&ContentKind| {
        **kind == ContentKind::Subtitles && line.is_some_and(|line| line.kept.contains(*kind))
    };
    let dropped = video.dropped();
    let more = dropped.iter().filter(|kind| **kind != ContentKind::Encoder);
    for what in more.filter(|kind| !is_kept(kind)) {
        findings.add(
            VerifyFindingKind::Hidden,
            format!("it still holds something besides picture and sound ({what})"),
        );
    }
    hidden::tell(inspect_file(file), line, findings);
}

/// Number and regions of frames that were given and not looked at yet, by their time.
type Due = Mutex<HashMap<i64, VecDeque<(usize, Vec<Region>)>>>;

/// A source that remembers what the report says of the frames that it gave.
struct ScheduledSource<'a> {
    source: Box<dyn FrameSource>,
    schedule: Option<Schedule<'a>>,
    due: &'a Due,
    next: usize,
}

impl FrameSource for ScheduledSource<'_> {
    fn next(&mut self, shape: &Shape, frame: &mut Frame) -> Result<bool> {
        let there = self.source.next(shape, frame)?;
        if there {
            let regions = self.schedule.as_mut().map_or_else(Vec::new, Schedule::next);
            let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
            let of_time = due.entry(frame.pts).or_default();
            of_time.push_back((self.next, regions));
            self.next += 1;
        }
        Ok(there)
    }
}

/// What is done to every frame.
struct Work<'a> {
    shape: Shape,
    style: Option<&'a Style>,
    search: &'a SecondSearch,
    /// For writing and objects.
    others: Option<&'a Detector>,
    looks_for_faces: bool,
    stride: usize,
}

/// What was seen in one frame.
#[derive(Default)]
struct Seen {
    uncovered: Vec<(Region, Difference)>,
    faces: Vec<(Face, f32)>,
}

/// The same finding over several frames.
struct Run<T> {
    first: usize,
    last: usize,
    /// Frames in which it was found.
    count: usize,
    /// Where it is worst.
    at: usize,
    area: Rect,
    worst: T,
}

impl Work<'_> {
    /// Looks at every frame. Gives their times.
    fn run(
        &self,
        video: &dyn Video,
        workers: usize,
        line: Option<&FileReport>,
        watch: Watch<'_>,
        findings: &mut Findings,
    ) -> Result<Vec<i64>> {
        let due = Due::default();
        let source = Box::new(ScheduledSource {
            source: video.source()?,
            schedule: line.map(|line| Schedule::new(&line.regions)),
            due: &due,
            next: 0,
        });
        let look = |frame: &Frame| {
            let mut due = due.lock().unwrap_or_else(PoisonError::into_inner);
            // Frames may share a time.
            let of_time = due.get_mut(&frame.pts);
            let next = of_time.and_then(VecDeque::pop_front);
            drop(due);
            let (number, regions) = next.unwrap_or_default();
            self.look(frame, number, regions, line)
        };
        let pool = flow::Pool::new(3 * workers + 2);
        let mut pts = Vec::new();
        let mut open: Vec<Run<Difference>> = Vec::new();
        let mut faces: Vec<Run<(Face, f32)>> = Vec::new();
        flow::in_order(source, &self.shape, workers, &pool, look, |item| {
            if let Some((frame, seen)) = item {
                let number = pts.len();
                pts.push(frame.pts);
                pool.give(frame);
                for (region, off) in seen.uncovered {
                    let worse = |old: &Difference| off.ratio > old.ratio;
                    join(&mut open, (number, 1), region.area, off, |_| true, worse);
                }
                for (face, share) in seen.faces {
                    if !line.is_some_and(|line| line.is_left_open(&face.area)) {
                        let (subject, score) = (face.subject, face.score);
                        let alike = |old: &(Face, f32)| old.0.subject == subject;
                        let worse = |old: &(Face, f32)| score > old.0.score;
                        let at = (number, self.stride);
                        join(&mut faces, at, face.area, (face, share), alike, worse);
                    }
                }
            }
            let done = Progress {
                frames: pts.len(),
                of: video.frames(),
            };
            match watch(done) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(flow::interrupted()),
            }
        })?;
        let searched = pts.len().div_ceil(self.stride);
        faces.retain(|run| is_settled(run, searched));
        self.tell(&open, &faces, findings);
        if pts.is_empty() {
            return Err(Error::new(ErrorKind::Malformed, "it has no frames"));
        }
        Ok(pts)
    }

    fn look(
        &self,
        frame: &Frame,
        number: usize,
        regions: Vec<Region>,
        line: Option<&FileReport>,
    ) -> Result<Seen> {
        let mut seen = Seen::default();
        // Outside of the part that was to be covered faces are open on purpose.
        let is_searched = line
            .and_then(|l| l.part.as_ref())
            .is_none_or(|p| p.has(number));
        if is_searched && number.is_multiple_of(self.stride) {
            let picture = FramePicture::new(frame, &self.shape);
            let mut faces = match self.looks_for_faces {
                true => self.search.detect(&picture)?,
                false => Vec::new(),
            };
            if let Some(others) = self.others {
                faces.extend(others.detect(&picture)?);
            }
            for face in &mut faces {
                face.area = picture.to_stored(&face.area);
                face.corners = face
                    .corners
                    .and_then(|quad| Quad::new(quad.corners().map(|p| picture.point_to_stored(p))));
            }
            let open = faces::uncovered(&faces, &regions, self.shape.upright(), None);
            seen.faces = open
                .into_iter()
                .map(|(f, share)| (f.clone(), share))
                .collect();
        }
        if let Some(style) = self.style.filter(|_| !regions.is_empty()) {
            let differences = self.differences(frame, &regions, style)?;
            let each = regions.into_iter().zip(differences);
            seen.uncovered = each.filter(|(_, off)| !off.is_covered()).collect();
        }
        Ok(seen)
    }

    /// How far each region of a frame is from what it should show.
    fn differences(
        &self,
        frame: &Frame,
        regions: &[Region],
        style: &Style,
    ) -> Result<Vec<Difference>> {
        let Shape {
            size,
            orientation,
            coding,
            ..
        } = self.shape;
        let redaction = Redaction::new(style, regions, size, orientation).coded(coding);
        let places: Vec<Place> = regions
            .iter()
            .map(|r| Place::new(r, size, orientation))
            .collect();
        let again = Again {
            redaction: &redaction,
            style,
            places: &places,
            stored: size,
            orientation,
        };
        let mut pairs = Vec::new();
        let (level, off) = (coding.level(), tolerance::of_frame(style));
        frame.clone().edit(&self.shape, &mut |plane, channel| {
            let pair = match plane {
                AnyPlaneMut::U8(mut p) => {
                    let before = again.cover(&mut p, channel);
                    Pair::new(&p, channel, before, &places, level, off)
                }
                AnyPlaneMut::U16(mut p) => {
                    let before = again.cover(&mut p, channel);
                    Pair::new(&p, channel, before, &places, level, off)
                }
            };
            pairs.push(pair.inside(EDGE));
        })?;
        Ok(places
            .iter()
            .map(|p| Difference::worst_of(&pairs, p))
            .collect())
    }

    fn tell(&self, open: &[Run<Difference>], faces: &[Run<(Face, f32)>], findings: &mut Findings) {
        for run in open.iter().take(MOST_TOLD) {
            let reason = format!(
                "what is shown there is not what the style gives: up to {:.1} of 255 levels off \
                 in {}",
                run.worst.levels,
                frames(run.first, run.last),
            );
            findings.add_at(
                VerifyFindingKind::Uncovered,
                Some(run.at),
                &run.area,
                reason,
            );
        }
        for run in faces.iter().take(MOST_TOLD) {
            let (face, share) = &run.worst;
            tell_face(findings, Some(run.at), face, *share);
            if let Some(last) = findings.0.last_mut() {
                last.reason += &match self.stride {
                    1 => format!(", in {}", frames(run.first, run.last)),
                    n => format!(
                        ", in {}, of which one in {n} was searched",
                        frames(run.first, run.last)
                    ),
                };
            }
        }
        for (kind, count) in [
            (VerifyFindingKind::Uncovered, open.len()),
            (VerifyFindingKind::Face, faces.len()),
        ] {
            if count > MOST_TOLD {
                findings.add(kind, format!("and {} more like that", count - MOST_TOLD));
            }
        }
    }
}

/// In how many searched frames, one after the other, something must be seen to be a finding. Lamps,
/// lattices and the edges of covers look like a line of writing for a moment.
fn least_sightings(subject: Subject) -> usize {
    match subject {
        Subject::Text => 2,
        Subject::Face | Subject::Object(_) => 1,
    }
}

/// See [`least_sightings`].
fn is_settled(run: &Run<(Face, f32)>, searched: usize) -> bool {
    run.count >= least_sightings(run.worst.0.subject).min(searched)
}

fn frames(first: usize, last: usize) -> String {
    match first == last {
        true => format!("frame {first}"),
        false => format!("frames {first} to {last}"),
    }
}

/// Adds what was found in a frame to the run that it goes on, or begins one.
fn join<T>(
    runs: &mut Vec<Run<T>>,
    (frame, gap): (usize, usize),
    area: Rect,
    found: T,
    is_alike: impl Fn(&T) -> bool,
    is_worse: impl Fn(&T) -> bool,
) {
    let goes_on = |run: &&mut Run<T>| {
        let is_next = run.last + 2 * gap >= frame && run.last < frame;
        is_next && is_alike(&run.worst) && run.area.iou(&area) >= SAME
    };
    match runs.iter_mut().rev().find(goes_on) {
        Some(run) => {
            run.last = frame;
            run.count += 1;
            run.area = area;
            if is_worse(&run.worst) {
                (run.worst, run.at) = (found, frame);
            }
        }
        None => runs.push(Run {
            first: frame,
            last: frame,
            count: 1,
            at: frame,
            area,
            worst: found,
        }),
    }
}
