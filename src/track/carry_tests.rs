//! Faces that blur while they move are covered on their way, and others are not joined.

use super::tests::run;
use super::*;

const SIDE: f32 = 62.0;

fn sighting(x: f32, y: f32) -> Sighting {
    Sighting {
        subject: crate::face::Subject::Face,
        corners: None,
        area: Rect::new(x, y, SIDE, SIDE).expect("finite"),
        score: 0.9,
    }
}

/// Pixels a frame of a face that stands still, moves by 30 for so many frames, and stands again.
fn whip(frames: usize) -> Vec<f32> {
    let ramp = [8.0, 15.0, 23.0];
    let mut all = vec![0.0; 20];
    all.extend(ramp);
    all.extend(vec![30.0; frames]);
    all.extend(ramp.iter().rev());
    all.extend([0.0; 25]);
    all
}

/// Where a face is in each frame, and what is seen of it: nothing while it moves by 20 or more.
fn seen_at(speeds: &[f32], from: f32, y: f32) -> Vec<(Rect, Option<Sighting>)> {
    let mut x = from;
    let frame = |speed: &f32| {
        let one = sighting(x + speed / 2.0, y);
        x += speed;
        (one.area, (speed.abs() < 20.0).then_some(one))
    };
    speeds.iter().map(frame).collect()
}

/// Frames in which less than 95 % of a face lie in a mask that is 1.3 times the place.
fn open(places: &[Vec<Place>], faces: &[(Rect, Option<Sighting>)]) -> Vec<usize> {
    let is_open = |(frame, (face, _)): (usize, &(Rect, _))| {
        let covers = |p: &Place| face.share_inside(&p.area.grown(1.3)) > 0.95;
        (!places[frame].iter().any(covers)).then_some(frame)
    };
    faces.iter().enumerate().filter_map(is_open).collect()
}

#[test]
fn a_face_that_blurs_is_covered_through_gaps_of_more_than_a_second() {
    for frames in [4, 10, 16, 24, 34] {
        let faces = seen_at(&whip(frames), 20.0, 300.0);
        let seen: Vec<Vec<Sighting>> = faces.iter().map(|f| f.1.into_iter().collect()).collect();
        let (places, tracker) = run(&seen, &vec![0; seen.len()]);
        assert_eq!(open(&places, &faces), Vec::<usize>::new(), "{frames}");
        assert!(tracker.open_spans().is_empty());
    }
}

#[test]
fn a_turn_of_the_camera_carries_each_face_of_several_to_its_own_place() {
    let speeds = whip(18);
    let starts = [(60.0, 200.0), (210.0, 260.0), (330.0, 180.0)];
    let all = starts.map(|(x, y)| seen_at(&speeds, x, y));
    let seen: Vec<Vec<Sighting>> = (0..speeds.len())
        .map(|frame| all.iter().filter_map(|faces| faces[frame].1).collect())
        .collect();
    let (places, _) = run(&seen, &vec![0; seen.len()]);
    for faces in &all {
        assert_eq!(open(&places, faces), Vec::<usize>::new());
    }
}

#[test]
fn a_face_that_swings_is_covered_between_its_turning_points() {
    let wave = |i: usize| 30.0 * (i as f32 * std::f32::consts::TAU / 24.0).sin();
    let mut speeds = vec![0.0; 15];
    speeds.extend((0..96).map(wave));
    speeds.extend([0.0; 20]);
    let faces = seen_at(&speeds, 300.0, 300.0);
    let seen: Vec<Vec<Sighting>> = faces.iter().map(|f| f.1.into_iter().collect()).collect();
    let (places, _) = run(&seen, &vec![0; seen.len()]);
    assert_eq!(open(&places, &faces), Vec::<usize>::new());
}

#[test]
fn a_face_that_comes_from_elsewhere_is_not_joined_with_one_that_went_fast() {
    // One goes to the right; 1.2 seconds later another comes to the left, or upward.
    let went = |frame: usize| (frame < 20).then(|| sighting(200.0 + 10.0 * frame as f32, 300.0));
    for direction in [(-10.0, 0.0), (0.0, -10.0)] {
        let came = |frame: usize| {
            let since = frame.checked_sub(50)? as f32;
            let (x, y) = (900.0 + direction.0 * since, 400.0 + direction.1 * since);
            Some(sighting(x, y))
        };
        let seen: Vec<Vec<Sighting>> = (0..70)
            .map(|frame| went(frame).into_iter().chain(came(frame)).collect())
            .collect();
        let (places, _) = run(&seen, &[0; 70]);
        assert!(places[35].is_empty(), "{direction:?}: {:?}", places[35]);
    }
}
