//! A mask is calm while something passes in front of its face, and follows a face that moves or
//! changes its size.

use super::tests::run;
use super::*;

const SIDE: f32 = 80.0;

fn rect(x: f32, y: f32, w: f32, h: f32) -> Rect {
    Rect::new(x, y, w, h).expect("a box")
}

fn sighting(area: Rect) -> Sighting {
    Sighting {
        subject: crate::face::Subject::Face,
        corners: None,
        area,
        score: 0.9,
    }
}

/// What a detector sees of a face whose left or right third a bar hides on its way over it.
fn beside(face: Rect, bar: std::ops::Range<f32>) -> Rect {
    let third = face.width() / 3.0;
    let left = face.left() + (bar.end - face.left()).clamp(0.0, third);
    let right = face.right() - (face.right() - bar.start).clamp(0.0, third);
    match bar.end.midpoint(bar.start) < face.center().x {
        true => rect(left, face.top(), face.right() - left, face.height()),
        false => rect(face.left(), face.top(), right - face.left(), face.height()),
    }
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
                vec![sighting(trembling(seen, frame))]
            })
            .collect();
        let narrow = |s: &Vec<Sighting>| s[0].area.width() < 0.7 * SIDE;
        assert!(seen.iter().filter(|s| narrow(s)).count() > 5);
        let (places, _) = run(&seen, &[0; 120]);
        let areas: Vec<f32> = places.iter().map(|p| p[0].area.area()).collect();
        let most = areas.iter().copied().fold(0.0, f32::max);
        let least = areas.iter().copied().fold(f32::MAX, f32::min);
        assert!(most / least < 1.2, "{speed}: {least} to {most}: {areas:?}");
        for (frame, places) in places.iter().enumerate() {
            let share = seen[frame][0].area.share_inside(&places[0].area);
            assert!(share > 0.999, "{speed}: frame {frame}: {share}");
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
