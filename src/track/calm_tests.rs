//! A mask is calm while something passes in front of its face, and follows a face that moves or changes its size.

use super::tests::run;
use super::*;

const SIDE: f32 = 80.0;

fn rect(x: f32, y: f32, w: f32, h: f32) -> Rect {
    Rect::new(x, y, w, h).expect("a box")
}

fn sighting(area: Rect) -> Sighting {
    Sighting { area, score: 0.9 }
}

/// What a detector sees of a face in front of which a bar is: the wider part beside it, if that is a third.
fn beside(face: Rect, bar: std::ops::Range<f32>) -> Option<Rect> {
    let left = face.right().min(bar.start) - face.left();
    let right = face.right() - face.left().max(bar.end);
    let is_apart = bar.end <= face.left() || bar.start >= face.right();
    let seen = match () {
        () if is_apart => face,
        () if left >= right => rect(face.left(), face.top(), left.max(0.0), face.height()),
        () => rect(face.right() - right, face.top(), right, face.height()),
    };
    (seen.width() > face.width() / 3.0).then_some(seen)
}

/// Boxes that tremble by a fiftieth of the side.
fn trembling(area: Rect, frame: usize) -> Rect {
    let by = |n: usize| ((frame * n % 7) as f32 - 3.0) / 150.0 * SIDE;
    area.mapped(by(3), by(5), 1.0, 1.0).expect("a box")
}

#[test]
fn a_bar_that_passes_in_front_of_a_face_hardly_changes_its_mask() {
    for (bar, speed, moving) in [(0.3, 2.0, 0.0), (0.3, 5.0, 0.0), (0.3, 3.0, 1.0)] {
        let face = |frame: usize| rect(300.0 + moving * frame as f32, 200.0, SIDE, SIDE * 1.2);
        let seen: Vec<Vec<Sighting>> = (0..120)
            .map(|frame| {
                let left = 230.0 + (speed + moving) * (frame as f32 - 20.0);
                let seen = beside(face(frame), left..left + bar * SIDE);
                // In the middle of its way nothing is seen at all.
                let middle = face(frame).center().x - (left + bar * SIDE / 2.0);
                let seen = seen.filter(|_| middle.abs() > SIDE / 16.0);
                seen.map(|area| sighting(trembling(area, frame)))
                    .into_iter()
                    .collect()
            })
            .collect();
        assert!(seen.iter().any(Vec::is_empty) && seen.iter().any(|s| !s.is_empty()));
        let (places, _) = run(&seen, &[0; 120]);
        let areas: Vec<f32> = places.iter().map(|p| p[0].area.area()).collect();
        let most = areas.iter().copied().fold(0.0, f32::max);
        let least = areas.iter().copied().fold(f32::MAX, f32::min);
        assert!(most / least < 1.2, "{speed}: {least} to {most}: {areas:?}");
        for (frame, places) in places.iter().enumerate() {
            let share = face(frame).share_inside(&places[0].area.grown(1.1));
            assert!(share > 0.99, "{speed}: frame {frame}: {share}");
        }
    }
}

#[test]
fn a_calm_mask_follows_a_face_that_moves_and_is_hardly_larger_than_one_that_grows() {
    let face = |frame: usize| {
        let side = 40.0 * 1.006f32.powi(frame as i32);
        rect(100.0 + 6.0 * frame as f32, 200.0, side, side)
    };
    let seen: Vec<Vec<Sighting>> = (0..100).map(|f| vec![sighting(face(f))]).collect();
    let (places, _) = run(&seen, &[0; 100]);
    for (frame, places) in places.iter().enumerate() {
        let (own, mask) = (face(frame), places[0].area);
        assert!(own.share_inside(&mask) > 0.999, "frame {frame}");
        let (a, b) = (own.center(), mask.center());
        assert!((a.x - b.x).abs() < 0.15 * own.width(), "frame {frame}");
        assert!(mask.width() < 1.2 * own.width(), "frame {frame}");
    }
}
