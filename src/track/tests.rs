//! Promises of the tracker, on frames made by chance.

use super::*;
use proptest::prelude::*;

pub(super) const PICTURE: Size = Size::new(1280, 720);

/// A glimpse of scene `n`; those of different scenes have nothing in common.
pub(super) fn scene(n: usize) -> Glimpse {
    cut::tests::daylight(n, 0)
}

fn sighting(x: f32, y: f32, side: f32, score: f32) -> Sighting {
    let area = Rect::new(x, y, side, side).expect("finite");
    Sighting {
        subject: crate::face::Subject::Face,
        corners: None,
        area,
        score,
    }
}

/// A sighting this likely is sure.
const SURE: f32 = 0.5;
/// Frames a second, where it does not matter.
const RATE: f64 = 25.0;

/// Frames that a track reaches beyond a sighting at [`RATE`].
fn reach(seconds: f64) -> usize {
    (seconds * RATE).ceil() as usize
}

/// Runs a whole video; frame `i` belongs to scene `scenes[i]`.
pub(super) fn run(frames: &[Vec<Sighting>], scenes: &[usize]) -> (Vec<Vec<Place>>, Tracker) {
    let times: Vec<f64> = (0..frames.len()).map(|i| i as f64 / RATE).collect();
    let most = Tracker::usual_delay(RATE) + 1;
    run_at(&times, frames, scenes, most)
}

/// The same with the time of every frame, and the most frames that may be held back.
fn run_at(
    times: &[f64],
    frames: &[Vec<Sighting>],
    scenes: &[usize],
    most: usize,
) -> (Vec<Vec<Place>>, Tracker) {
    let mut tracker = Tracker::new(SURE, PICTURE);
    let mut out = Vec::new();
    for (i, frame) in frames.iter().enumerate() {
        out.extend(tracker.push(times[i], frame, &scene(scenes[i])));
        assert!(i + 1 - out.len() <= most, "held back too long");
    }
    out.extend(tracker.finish());
    assert_eq!(out.len(), frames.len(), "every frame comes out once");
    (out, tracker)
}

fn run_one_scene(frames: &[Vec<Sighting>]) -> (Vec<Vec<Place>>, Tracker) {
    run(frames, &vec![0; frames.len()])
}

/// A face that is seen in the frames that `seen` says, moving to the right.
fn seen_in(seen: &[Option<f32>]) -> Vec<Vec<Sighting>> {
    let frame = |(i, score): (usize, &Option<f32>)| {
        score
            .iter()
            .map(|s| sighting(200.0 + 3.0 * i as f32, 200.0, 60.0, *s))
            .collect()
    };
    seen.iter().enumerate().map(frame).collect()
}

fn covered(places: &[Vec<Place>]) -> Vec<usize> {
    let frames = places.iter().enumerate();
    frames
        .filter(|(_, p)| !p.is_empty())
        .map(|(i, _)| i)
        .collect()
}

proptest! {
    #[test]
    fn inside_a_span_no_frame_is_left_open(
        gaps in prop::collection::vec(0usize..25, 1..12), before in 0usize..40
    ) {
        let mut seen = vec![None; before];
        for gap in &gaps {
            seen.push(Some(0.9));
            seen.extend(vec![None; *gap]);
        }
        seen.push(Some(0.9));
        let last = seen.len() - 1;
        let (places, tracker) = run_one_scene(&seen_in(&seen));
        for (i, places) in places.iter().enumerate().take(last + 1).skip(before) {
            let face = Rect::new(200.0 + 3.0 * i as f32, 200.0, 60.0, 60.0).expect("finite");
            let best = places.iter().map(|p| face.share_inside(&p.area)).fold(0.0, f32::max);
            prop_assert!(best > 0.99, "frame {}: {}", i, best);
        }
        prop_assert_eq!(tracker.summaries().len(), 1, "one face, one track");
        prop_assert!(tracker.open_spans().is_empty());
    }

    #[test]
    fn a_sighting_of_a_track_is_never_shrunk(
        steps in prop::collection::vec((-20.0f32..20.0, -20.0f32..20.0, 0.8f32..1.25, 0.0f32..1.0), 1..60)
    ) {
        let (mut x, mut y, mut side) = (600.0, 300.0, 60.0);
        let frames: Vec<Vec<Sighting>> = steps.iter().map(|(dx, dy, zoom, score)| {
            x += dx;
            y += dy;
            side = (side * zoom).clamp(8.0, 300.0);
            vec![sighting(x, y, side, *score)]
        }).collect();
        let (places, _) = run_one_scene(&frames);
        for (frame, places) in frames.iter().zip(&places) {
            for place in places {
                if let Why::Seen(i) = place.why {
                    prop_assert!(frame[i].area.share_inside(&place.area) > 0.999);
                }
            }
            if frame[0].score >= SURE {
                prop_assert!(places.iter().any(|p| matches!(p.why, Why::Seen(_))));
            }
        }
    }

    #[test]
    fn no_track_crosses_a_cut(at in 3usize..50, count in 54usize..80, weak in any::<bool>()) {
        let scenes: Vec<usize> = (0..count).map(|i| usize::from(i >= at)).collect();
        let score = if weak { 0.2 } else { 0.9 };
        let frame = |i| if i < at { vec![sighting(500.0, 300.0, 80.0, score)] } else { vec![] };
        let frames: Vec<_> = (0..count).map(frame).collect();
        let (places, _) = run(&frames, &scenes);
        prop_assert!(covered(&places).iter().all(|i| *i < at), "{:?}", covered(&places));
        let reversed: Vec<_> = (0..count).map(|i| frame(if i < at { at } else { 0 })).collect();
        let (places, _) = run(&reversed, &scenes);
        prop_assert!(covered(&places).iter().all(|i| *i >= at), "{:?}", covered(&places));
    }

    #[test]
    fn whatever_is_seen_every_frame_comes_out_and_memory_stays_bounded(
        seed in any::<u64>(), length in 1usize..120
    ) {
        let mut state = seed | 1;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        let mut tracker = Tracker::new(SURE, PICTURE);
        let mut out = 0;
        let delay = Tracker::usual_delay(RATE) + 1;
        for i in 0..length {
            let time = i as f64 / RATE;
            let count = (random() * 20.0) as usize;
            let frame: Vec<_> = (0..count)
                .map(|_| sighting(random() * 1280.0, random() * 720.0, random() * 200.0, random()))
                .collect();
            out += tracker.push(time, &frame, &scene((random() * 1.1) as usize)).len();
            prop_assert!(tracker.trails.len() <= 20 * 2 * delay);
            for trail in &tracker.trails {
                prop_assert!(trail.kept() <= 3 * delay + 8);
            }
        }
        out += tracker.finish().len();
        prop_assert_eq!(out, length);
    }
}

#[test]
fn a_face_is_covered_before_it_is_sure_and_after_it_was_last_seen() {
    let mut seen = vec![None; 90];
    seen[30..34].fill(Some(0.2));
    seen[40..50].fill(Some(0.9));
    let (places, _) = run_one_scene(&seen_in(&seen));
    let extend = reach(REACH);
    let expected: Vec<usize> = (30 - extend..50 + extend).collect();
    assert_eq!(covered(&places), expected);
}

#[test]
fn a_single_weak_sighting_covers_nothing_and_several_in_a_row_do() {
    let mut seen = vec![None; 60];
    seen[30] = Some(0.2);
    assert!(covered(&run_one_scene(&seen_in(&seen)).0).is_empty());
    seen[30..36].fill(Some(0.2));
    let (places, _) = run_one_scene(&seen_in(&seen));
    assert!((30..36).all(|i| covered(&places).contains(&i)));
}

#[test]
fn a_face_that_leaves_through_the_edge_is_covered_for_longer() {
    let leaving = |speed: f32, from: f32| {
        let frame = |i: usize| match i {
            0..10 => vec![sighting(from + speed * i as f32, 300.0, 80.0, 0.9)],
            _ => vec![],
        };
        let frames: Vec<_> = (0..60).map(frame).collect();
        covered(&run_one_scene(&frames).0).len()
    };
    assert_eq!(leaving(0.0, 600.0), 10 + reach(REACH));
    assert_eq!(leaving(8.0, 1120.0), 10 + reach(REACH_AT_BORDER));
}

#[test]
fn a_face_lost_for_too_long_is_told_as_a_span_left_open() {
    let mut seen = vec![None; 120];
    seen[10..20].fill(Some(0.9));
    seen[70..80].fill(Some(0.9));
    let still = |frames: Vec<Vec<Sighting>>| -> Vec<Vec<Sighting>> {
        let at = |s: &Sighting| sighting(300.0, 200.0, 60.0, s.score);
        frames.iter().map(|f| f.iter().map(at).collect()).collect()
    };
    let (places, tracker) = run_one_scene(&still(seen_in(&seen)));
    let [span] = tracker.open_spans() else {
        panic!("{:?}", tracker.open_spans());
    };
    let covered = covered(&places);
    for i in 0..120 {
        let open = (span.first..=span.last).contains(&i);
        assert!(!open || !covered.contains(&i), "frame {i} is covered");
        assert_eq!(open, (20..70).contains(&i) && !covered.contains(&i), "{i}");
    }
    // The same across a cut is another scene.
    let scenes: Vec<usize> = (0..120).map(|i| usize::from(i >= 50)).collect();
    let (_, tracker) = run(&still(seen_in(&seen)), &scenes);
    assert!(tracker.open_spans().is_empty());
}

#[test]
fn no_frames_and_no_faces_are_fine() {
    let (places, _) = run_one_scene(&[]);
    assert!(places.is_empty());
    let (places, tracker) = run_one_scene(&vec![vec![]; 100]);
    assert!(places.iter().all(Vec::is_empty));
    assert!(tracker.summaries().len() == 0);
}

#[test]
fn a_face_that_moves_too_fast_to_be_seen_is_covered_on_its_way() {
    // Still, then twelve frames of 30 pixels each in which nobody sees it, then still again.
    let at = |frame: usize| 200.0 + 30.0 * frame.clamp(20, 32).saturating_sub(20) as f32;
    let seen: Vec<Vec<Sighting>> = (0..60)
        .map(|frame| match frame {
            21..32 => Vec::new(),
            _ => vec![sighting(at(frame), 300.0, 62.0, 0.9)],
        })
        .collect();
    let (places, tracker) = run_one_scene(&seen);
    for (frame, places) in places.iter().enumerate() {
        let face = Rect::new(at(frame), 300.0, 62.0, 62.0).expect("finite");
        let share = places.iter().map(|p| face.share_inside(&p.area));
        let most = share.fold(0.0, f32::max);
        assert!(most > 0.95, "frame {frame}: {most} is covered");
    }
    assert!(tracker.open_spans().is_empty());
}

#[test]
fn two_faces_that_appear_are_not_taken_for_one_that_went() {
    let seen: Vec<Vec<Sighting>> = (0..60)
        .map(|frame| match frame {
            0..20 => vec![sighting(200.0, 300.0, 62.0, 0.9)],
            20..30 => Vec::new(),
            _ => vec![
                sighting(700.0, 300.0, 62.0, 0.9),
                sighting(900.0, 500.0, 62.0, 0.9),
            ],
        })
        .collect();
    let (places, _) = run_one_scene(&seen);
    let middle = Rect::new(420.0, 300.0, 62.0, 62.0).expect("finite");
    let covers = |p: &Place| p.area.intersection(&middle).is_some();
    assert!(!places[25].iter().any(covers));
}

#[test]
fn a_span_that_another_face_covers_is_not_open() {
    // A face that is lost for two seconds, behind a larger one in front of it or in the open.
    let spans = |hidden: bool| {
        let seen: Vec<Vec<Sighting>> = (0..140)
            .map(|frame| {
                let mut all = Vec::new();
                if !(40..90).contains(&frame) {
                    all.push(sighting(400.0, 300.0, 60.0, 0.9));
                }
                if hidden && (30..100).contains(&frame) {
                    all.push(sighting(330.0, 230.0, 220.0, 0.9));
                }
                all
            })
            .collect();
        run_one_scene(&seen).1.open_spans().len()
    };
    assert_eq!(spans(false), 1);
    assert_eq!(spans(true), 0);
}
