//! What counts as a finding over several frames.

use super::*;

#[test]
fn writing_must_be_seen_twice_and_a_face_once() {
    let seen = |subject, frames: &[usize]| {
        let area = Rect::new(10.0, 10.0, 40.0, 12.0).expect("a box");
        let face = || Face {
            subject,
            corners: None,
            area,
            score: 0.9,
            landmarks: None,
            found_by: Vec::new(),
        };
        let mut runs = Vec::new();
        for &n in frames {
            join(&mut runs, (n, 5), area, (face(), 0.0), |_| true, |_| false);
        }
        runs.iter().filter(|run| is_settled(run, 20)).count()
    };
    assert_eq!(seen(Subject::Face, &[5]), 1);
    assert_eq!(seen(Subject::Text, &[5]), 0);
    assert_eq!(seen(Subject::Text, &[5, 10]), 1);
    assert_eq!(seen(Subject::Text, &[5, 50]), 0, "far apart");
}
