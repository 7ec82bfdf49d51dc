//! A second is a second: the promises of the tracker at any frame rate, and where the rate varies.

use super::tests::{PICTURE, scene};
use super::*;
use proptest::prelude::*;

const FACE: (f32, f32, f32) = (600.0, 300.0, 60.0);

/// A sighting of the face that does not move, off by shares of its side.
fn trembling(dx: f32, dy: f32, zoom: f32, score: f32) -> Sighting {
    let (x, y, side) = FACE;
    let area = Rect::new(x + dx * side, y + dy * side, side, side).expect("finite");
    let area = area.grown(zoom);
    Sighting {
        subject: crate::face::Subject::Face,
        corners: None,
        area,
        score,
    }
}

/// Runs frames of one scene at their times.
fn run(times: &[f64], frames: &[Vec<Sighting>]) -> (Vec<Vec<Place>>, Tracker) {
    let mut tracker = Tracker::new(0.5, PICTURE);
    let glimpse = scene(0);
    let pairs = times.iter().zip(frames);
    let mut out: Vec<_> = pairs
        .flat_map(|(time, frame)| tracker.push(*time, frame, &glimpse))
        .collect();
    out.extend(tracker.finish());
    assert_eq!(out.len(), frames.len(), "every frame comes out once");
    (out, tracker)
}

/// Frames between `hidden` have no sighting, the others tremble.
fn hide(
    count: usize,
    hidden: impl Fn(usize) -> bool,
    trembles: &[(f32, f32, f32)],
    score: impl Fn(usize) -> f32,
) -> Vec<Vec<Sighting>> {
    let frame = |i| match hidden(i) {
        true => vec![],
        false => {
            let (dx, dy, zoom) = trembles[i % trembles.len()];
            vec![trembling(dx, dy, zoom, score(i))]
        }
    };
    (0..count).map(frame).collect()
}

/// The frames in which the still face is not covered, by masks that are a little larger than boxes:
/// at the ends a box goes on as it trembled before it has grown by as much.
fn exposed(places: &[Vec<Place>]) -> Vec<usize> {
    let (x, y, side) = FACE;
    let face = Rect::new(x, y, side, side).expect("finite");
    let is_open = |places: &[Place]| {
        !places
            .iter()
            .any(|p| face.share_inside(&p.area.grown(1.2)) > 0.85)
    };
    let frames = places.iter().enumerate();
    frames.filter(|(_, p)| is_open(p)).map(|(i, _)| i).collect()
}

/// How a detector's boxes of a still face differ.
fn trembles() -> impl Strategy<Value = Vec<(f32, f32, f32)>> {
    let thousandths = (-30i16..30, -30i16..30, 950i16..1060);
    let boxes = thousandths.prop_map(|(x, y, zoom)| {
        let [x, y, zoom] = [x, y, zoom].map(|v| f32::from(v) / 1e3);
        (x, y, zoom)
    });
    prop::collection::vec(boxes, 8..40)
}

/// Seconds below `most` milliseconds.
fn below(most: u32) -> impl Strategy<Value = f64> {
    (0..most * 100).prop_map(|v| f64::from(v) / 1e5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn a_gap_of_less_than_a_second_is_filled_at_any_rate(
        rate in 10.0f64..480.0, gap in below(1000), before in 1usize..200, after in 1usize..60,
        is_weak_after in any::<bool>(), trembles in trembles()
    ) {
        let missing = (gap * rate) as usize;
        let end = before + missing;
        let times: Vec<f64> = (0..end + after).map(|i| i as f64 / rate).collect();
        let score = |i| if is_weak_after && i >= end { 0.3 } else { 0.9 };
        let frames = hide(times.len(), |i| (before..end).contains(&i), &trembles, score);
        let (places, tracker) = run(&times, &frames);
        prop_assert_eq!(exposed(&places), Vec::<usize>::new());
        prop_assert_eq!(tracker.summaries().len(), 1, "one face, one track");
        prop_assert!(tracker.open_spans().is_empty());
    }

    #[test]
    fn and_whatever_times_the_frames_have(
        steps in prop::collection::vec(
            prop_oneof![Just(1.0 / 60.0), Just(0.0), below(10), below(100), below(3000)], 30..400
        ),
        from in -1e4f64..1e4, hidden_from in below(1000), gap in below(1000), trembles in trembles()
    ) {
        let mut time = from;
        let times: Vec<f64> = steps.iter().map(|step| { time += step; time }).collect();
        let before = 1 + (hidden_from * (times.len() - 3) as f64) as usize;
        // Hidden from `before` on for as long as nobody sees the face for less than a second.
        let shown = |i: usize| times[i] - times[before] < gap;
        let end = (before + 1..times.len()).take_while(|i| shown(*i)).last().unwrap_or(before);
        let frames = hide(times.len(), |i| (before..end).contains(&i), &trembles, |_| 0.9);
        let (places, tracker) = run(&times, &frames);
        prop_assert_eq!(exposed(&places), Vec::<usize>::new());
        prop_assert_eq!(tracker.summaries().len(), 1, "one face, one track");
        prop_assert!(tracker.open_spans().is_empty());
    }

    #[test]
    fn a_longer_gap_is_told_and_ends_are_covered_for_a_quarter_of_a_second(
        rate in 12.0f64..480.0, gap in 1.2f64..2.5, trembles in trembles()
    ) {
        let (before, missing) = ((rate * 0.4) as usize + 1, (gap * rate) as usize);
        let end = before + missing;
        let times: Vec<f64> = (0..end + before).map(|i| i as f64 / rate).collect();
        let frames = hide(times.len(), |i| (before..end).contains(&i), &trembles, |_| 0.9);
        let (places, tracker) = run(&times, &frames);
        let [span] = tracker.open_spans() else {
            return Err(TestCaseError::fail(format!("{:?}", tracker.open_spans())));
        };
        prop_assert_eq!(exposed(&places), (span.first..=span.last).collect::<Vec<_>>());
        let covered = (span.first - before) as f64 / rate;
        prop_assert!((REACH..REACH + 1.01 / rate).contains(&covered), "{} s", covered);
    }
}

/// A face that runs to the right, is hidden, and comes back near where it was, and not where it was
/// going. Its sightings, with the frames in which it is hidden.
fn turning_back(rate: f64) -> (Vec<f64>, Vec<Vec<Sighting>>, std::ops::Range<usize>) {
    let at = |seconds: f64| (seconds * rate) as usize;
    let (hidden, count) = (at(0.5)..at(0.9), at(2.5));
    let frame = |i: usize| {
        let x = match hidden.contains(&i) {
            true => return vec![],
            false if i < hidden.start => 0.5 - i as f64 / rate,
            false => 0.0,
        };
        vec![trembling(-15.0 * x as f32, 0.0, 1.0, 0.9)]
    };
    let times = (0..count).map(|i| i as f64 / rate).collect();
    (times, (0..count).map(frame).collect(), hidden)
}

#[test]
fn a_face_that_comes_back_as_another_track_while_its_own_waits_leaves_nothing_open() {
    for rate in [25.0, 30.0, 60.0, 240.0] {
        let (times, frames, hidden) = turning_back(rate);
        // The video ends long after, or before the first track is given up.
        for end in [frames.len(), hidden.end + 3] {
            let (places, tracker) = run(&times[..end], &frames[..end]);
            assert_eq!(tracker.summaries().len(), 2, "{rate}: it is another track");
            let is_filled = |i: &usize| places[*i].iter().any(|p| p.why == Why::Between);
            let open: Vec<_> = hidden.clone().filter(|i| !is_filled(i)).collect();
            assert!(open.is_empty(), "{rate}, {end} frames: {open:?}");
            assert!(tracker.open_spans().is_empty());
        }
    }
}

#[test]
fn frames_without_end_in_no_time_are_not_all_held() {
    let mut tracker = Tracker::new(0.5, PICTURE);
    let glimpse = scene(0);
    let mut held = 0;
    for _ in 0..clock::MOST_FRAMES + 50 {
        held += 1;
        held -= tracker.push(1.0, &[], &glimpse).len();
    }
    assert!(held <= clock::MOST_FRAMES + 4, "{held}");
}
