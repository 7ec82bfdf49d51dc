//! Photos that are the frames of one sequence, as those that a camera on a car takes: what is found
//! in each is followed from one to the next.
//!
//! Invariant: no mask is taken away.

use super::AnonymizeOptions;
use super::frames::{WEAK, sureness};
use crate::detect::DetectorOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Rect, Size};
use crate::report::{FileReport, Outcome, UncoveredSpan};
use crate::track::{Glimpse, Place, Sighting, Tracker, Why};

/// Follows faces, writing and objects through photos that are the frames of one sequence, so that
/// what is lost sight of in a few of them is covered there, too: for up to a second between two
/// sightings, and for about a quarter of a second before the first and after the last one.
///
/// `lines` are what [`PreparedPhoto::report`](crate::PreparedPhoto::report) says of them, in the
/// order in which they were taken, `photos_per_second` of them. Lines get regions with the number
/// of a track; [`ReportApplier`](crate::ReportApplier) covers them. Numbers begin at 0 and go on
/// through all of `lines`. Candidates that carry a track on move from `rejected` to `faces`. Where
/// a face was lost for longer than a second, the first photo in which it may show gets a span: its
/// frames are counted in photos from there. `detector` and `options` are those of the search.
///
/// What is followed ends where photos have another size, at panoramas and at files of several
/// frames. A photo that failed counts as one in which nothing was seen. Scene cuts are not looked
/// for.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] if `photos_per_second` is no finite number above 0, or for
/// options out of bounds.
pub fn follow_photos(
    lines: &mut [FileReport],
    photos_per_second: f64,
    detector: &DetectorOptions,
    options: &AnonymizeOptions,
) -> Result<()> {
    options.check()?;
    let threshold = detector.threshold;
    let threshold = threshold.unwrap_or_else(|| detector.preset.threshold());
    if !(photos_per_second.is_finite() && photos_per_second > 0.0) {
        let message = format!("{photos_per_second} photos a second are no rate above 0");
        return Err(Error::new(ErrorKind::InvalidArgument, message));
    }
    let (mut rest, mut tracks) = (lines, 0);
    while let Some(start) = rest.iter().position(|line| size(line).is_some()) {
        let from = &mut rest[start..];
        let first = from.first().and_then(size);
        let goes_on = |line: &FileReport| line.error.is_some() || size(line) == first;
        let count = from.iter().position(|l| !goes_on(l)).unwrap_or(from.len());
        let (scene, left) = from.split_at_mut(count);
        if let Some(size) = first {
            let mut tracker = Tracker::new(threshold, size);
            let by = (options, threshold);
            follow(scene, &mut tracker, photos_per_second, by, &mut tracks);
        }
        rest = left;
    }
    Ok(())
}

/// Of a photo that can be followed.
fn size(line: &FileReport) -> Option<Size> {
    let is_one = line.frames == 1 && !line.panorama && !line.is_video() && line.error.is_none();
    let size = Size::new(line.width, line.height);
    (is_one && line.outcome != Outcome::Skipped && size.area() > 0).then_some(size)
}

/// Photos of one size. `tracks` are numbers that were given.
fn follow(
    lines: &mut [FileReport],
    tracker: &mut Tracker,
    rate: f64,
    (options, threshold): (&AnonymizeOptions, f32),
    tracks: &mut usize,
) {
    // Every photo looks alike to it.
    let glimpse = Glimpse::new(1, 1, |_, _| 0);
    let mut places = Vec::with_capacity(lines.len());
    for (n, line) in lines.iter().enumerate() {
        let sightings: Vec<Sighting> = candidates(line, threshold).map(|(_, s)| s).collect();
        places.extend(tracker.push(n as f64 / rate, &sightings, &glimpse));
    }
    places.extend(tracker.finish());
    let from = *tracks;
    for (line, mut places) in lines.iter_mut().zip(places) {
        for place in &mut places {
            place.track += from;
            *tracks = (*tracks).max(place.track + 1);
        }
        if line.error.is_none() {
            add(line, places, options, threshold);
        }
    }
    for span in tracker.take_open_spans() {
        let mut span = UncoveredSpan::new(&span);
        let first = span.first;
        let shown = lines.iter_mut().enumerate().take(span.last + 1).skip(first);
        // What failed is not written, so nothing shows there.
        let mut shown = shown.filter(|(_, line)| line.error.is_none());
        if let Some((n, line)) = shown.next() {
            (span.first, span.last) = (0, span.last - n);
            line.spans.push(span);
        }
    }
}

/// Where something was seen in a line.
#[derive(Clone, Copy)]
enum Seen {
    /// In `faces`.
    Taken(usize),
    /// In `rejected`.
    Rejected(usize),
}

/// What was taken, and what may carry a track on.
fn candidates(line: &FileReport, threshold: f32) -> impl Iterator<Item = (Seen, Sighting)> + '_ {
    let taken = line.faces.iter().enumerate();
    let taken = taken.map(|(i, face)| (Seen::Taken(i), face));
    let weak = line.rejected.iter().enumerate();
    let weak = weak.filter(move |(_, face)| face.score >= WEAK * threshold);
    let weak = weak.map(|(i, face)| (Seen::Rejected(i), face));
    taken.chain(weak).filter_map(|(seen, face)| {
        let [x, y, width, height] = face.area;
        let sighting = Sighting {
            subject: face.subject,
            area: Rect::new(x, y, width, height)?,
            corners: face.quad(),
            score: sureness(face.subject, face.score),
        };
        Some((seen, sighting))
    })
}

/// Adds the masks of tracks to a line that has those of what was seen.
fn add(line: &mut FileReport, places: Vec<Place>, options: &AnonymizeOptions, threshold: f32) {
    let seen: Vec<Seen> = candidates(line, threshold).map(|(s, _)| s).collect();
    let mut carried = Vec::new();
    let mut new = Vec::new();
    for place in places {
        match place.why {
            Why::Seen(i) => match seen.get(i) {
                Some(Seen::Taken(i)) => line.faces[*i].track = Some(place.track),
                Some(Seen::Rejected(i)) => {
                    carried.push((*i, place.track));
                    new.push(place);
                }
                None => {}
            },
            Why::Between | Why::Beyond => new.push(place),
        }
    }
    new.retain(|place| !line.is_left_open(&place.area));
    let size = Size::new(line.width, line.height);
    line.regions.extend(options.masks_of_tracks(&new, size));
    carried.sort_unstable();
    carried.dedup_by_key(|(i, _)| *i);
    for (i, track) in carried.into_iter().rev() {
        let mut face = line.rejected.remove(i);
        face.track = Some(track);
        line.faces.push(face);
    }
    if line.outcome == Outcome::NoFaces && !line.regions.is_empty() {
        line.outcome = Outcome::Redacted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::{Face, Subject};
    use crate::report::ReportFace;

    const SIZE: Size = Size::new(640, 480);
    const THRESHOLD: f32 = 0.3;

    /// A photo with a face at `x`, by how likely it is.
    fn line(face: Option<(f32, f32)>) -> FileReport {
        let mut line = FileReport::new("none");
        (line.width, line.height, line.frames) = (SIZE.width, SIZE.height, 1);
        line.outcome = Outcome::NoFaces;
        if let Some((x, score)) = face {
            let area = Rect::new(x, 200.0, 60.0, 80.0).expect("a box");
            let face = Face {
                subject: Subject::Face,
                corners: None,
                area,
                score,
                landmarks: None,
                found_by: vec!["test".into()],
            };
            let face = ReportFace::new(None, &face);
            match score >= THRESHOLD {
                true => {
                    line.faces.push(face);
                    line.outcome = Outcome::Redacted;
                }
                false => line.rejected.push(face),
            }
        }
        line
    }

    fn followed(mut lines: Vec<FileReport>) -> Vec<FileReport> {
        let detector = DetectorOptions::default().threshold(THRESHOLD);
        follow_photos(&mut lines, 10.0, &detector, &AnonymizeOptions::default()).expect("followed");
        lines
    }

    /// Whether the regions that were added hold a face at `x`.
    fn covers(line: &FileReport, x: f32) -> bool {
        let face = Rect::new(x, 200.0, 60.0, 80.0).expect("a box");
        let mut all = line.regions.iter().filter_map(|r| r.region());
        all.any(|region| face.share_inside(&region.area) > 0.99)
    }

    #[test]
    fn what_is_lost_for_a_moment_is_covered_in_between_and_at_the_ends() {
        let x = |n: usize| 100.0 + 5.0 * n as f32;
        let seen = |n: usize| ((6..11).contains(&n) || (15..22).contains(&n)).then(|| (x(n), 0.9));
        let lines = followed((0..30).map(|n| line(seen(n))).collect());
        for n in (4..6).chain(11..15).chain(22..24) {
            assert!(covers(&lines[n], x(n)), "{n}: {:?}", lines[n].regions);
            assert_eq!(lines[n].outcome, Outcome::Redacted);
        }
        for n in (6..11).chain(15..22) {
            assert_eq!(lines[n].faces[0].track, Some(0), "{n}");
            assert!(lines[n].regions.is_empty(), "{n}: those are the detector's");
        }
        for n in [0, 26, 29] {
            assert_eq!(lines[n].outcome, Outcome::NoFaces, "{n}");
        }
        assert!(lines.iter().all(|line| line.spans.is_empty()));
    }

    #[test]
    fn a_weak_sighting_carries_a_track_on_and_begins_none() {
        let score = |n: usize| if n == 5 { 0.15 } else { 0.9 };
        let lines = followed((0..10).map(|n| line(Some((100.0, score(n))))).collect());
        assert!(covers(&lines[5], 100.0) && lines[5].rejected.is_empty());
        assert_eq!(lines[5].faces[0].track, Some(0));
        let alone = followed(
            (0..10)
                .map(|n| line((n == 5).then_some((100.0, 0.15))))
                .collect(),
        );
        assert!(alone.iter().all(|line| line.regions.is_empty()));
        assert_eq!(alone[5].rejected.len(), 1);
    }

    #[test]
    fn a_face_that_is_lost_for_long_gives_its_photo_a_span() {
        let seen = |n: usize| (!(10..25).contains(&n)).then_some((100.0, 0.9));
        let lines = followed((0..40).map(|n| line(seen(n))).collect());
        let open: Vec<usize> = (0..40).filter(|&n| !lines[n].spans.is_empty()).collect();
        assert!(matches!(open[..], [n] if (10..15).contains(&n)), "{open:?}");
        let span = &lines[open[0]].spans[0];
        assert!(span.first == 0 && (5..15).contains(&span.last), "{span:?}");
        // Where that one failed, the next one has it.
        let mut lines: Vec<FileReport> = (0..40).map(|n| line(seen(n))).collect();
        lines[open[0]].error = Some("cut off".into());
        let lines = followed(lines);
        assert_eq!(lines[open[0] + 1].spans.len(), 1);
        assert_eq!(lines[open[0] + 1].spans[0].last, span.last - 1);
    }

    #[test]
    fn another_size_is_another_sequence_and_a_damaged_photo_is_not() {
        let mut lines: Vec<FileReport> = (0..20).map(|_| line(Some((100.0, 0.9)))).collect();
        lines[4] = FileReport::failed("none", "cut off".into());
        for line in &mut lines[10..] {
            line.width = 800;
        }
        lines[10].faces.clear();
        let lines = followed(lines);
        let track = |n: usize| lines[n].faces[0].track;
        assert_eq!((track(3), track(5), track(11)), (Some(0), Some(0), Some(1)));
        assert!(lines[4].regions.is_empty());
        assert!(covers(&lines[10], 100.0), "before it was first seen");
    }

    #[test]
    fn what_was_to_stay_open_stays_open_and_rates_are_checked() {
        let seen = |n: usize| (n != 5).then_some((100.0, 0.9));
        let mut lines: Vec<FileReport> = (0..10).map(|n| line(seen(n))).collect();
        lines[5].ignored.push([100.0, 200.0, 60.0, 80.0]);
        assert!(followed(lines.clone())[5].regions.is_empty());
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let (detector, options) = (DetectorOptions::default(), AnonymizeOptions::default());
            let e = follow_photos(&mut lines, rate, &detector, &options);
            assert_eq!(e.expect_err("no rate").kind(), ErrorKind::InvalidArgument);
        }
    }

    #[test]
    fn writing_that_is_lost_for_a_moment_is_covered_as_it_lies() {
        use crate::geometry::{Point, Quad};
        let corners = [
            (100.0, 200.0),
            (190.0, 236.0),
            (182.0, 256.0),
            (92.0, 220.0),
        ];
        let quad = Quad::new(corners.map(|(x, y)| Point::new(x, y))).expect("finite");
        let plate = Face {
            subject: Subject::Text,
            corners: Some(quad),
            area: quad.bounds(),
            score: 0.9,
            landmarks: None,
            found_by: vec!["test".into()],
        };
        let seen = |n: usize| {
            let mut line = line(None);
            if !(5..8).contains(&n) {
                line.faces.push(ReportFace::new(None, &plate));
            }
            line
        };
        let lines = followed((0..14).map(seen).collect());
        for line in &lines[5..8] {
            let region = line.regions[0].region().expect("a region");
            let covered = region.corners.expect("as it lies");
            assert!(quad.corners().iter().all(|p| covered.holds(*p, 0.0)));
            assert!(!covered.holds(Point::new(180.0, 210.0), 0.0));
        }
    }
}
