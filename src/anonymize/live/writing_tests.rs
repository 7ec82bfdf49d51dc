//! Writing of live frames is covered as it lies.

use super::tests::{picture, rgb, run, stream};
use super::*;
use crate::face::{Face, Subject};
use crate::geometry::{Point, Quad};
use crate::redact::Shape;

/// A line that goes down to the right, and with it half a pixel a frame.
fn line(frame: usize) -> Face {
    let x = 15.0 + frame as f32 / 2.0;
    let corners = [
        (x, 12.0),
        (x + 40.0, 32.0),
        (x + 36.0, 40.0),
        (x - 4.0, 20.0),
    ];
    let quad = Quad::new(corners.map(|(x, y)| Point::new(x, y))).expect("finite");
    Face {
        subject: Subject::Text,
        corners: Some(quad),
        area: quad.bounds(),
        score: 0.9,
        landmarks: None,
        found_by: vec!["fake".into()],
    }
}

#[test]
fn a_line_that_lies_askew_is_covered_and_what_is_beside_it_in_its_box_is_not() {
    let is_seen = |frame: usize| frame.is_multiple_of(3) && frame < 30;
    let (mut live, _) = stream(LiveOptions::new(rgb()), move |frame| {
        Ok(is_seen(frame).then(|| line(frame)).into_iter().collect())
    });
    let frames = run(&mut live, 36);
    for frame in &frames[..30] {
        let [region] = &frame.regions[..] else {
            panic!("{}: {:?}", frame.index, frame.regions);
        };
        let region = region.region().expect("a region");
        assert_eq!(region.shape, Shape::Quad, "{}", frame.index);
        let quad = region.corners.expect("has some");
        let truth = line(frame.index).corners.expect("has some");
        let holds = truth.corners().iter().all(|p| quad.holds(*p, 0.0));
        assert!(holds, "{}: {quad:?}", frame.index);
        let before = picture(&rgb(), frame.index);
        let width = 97;
        let (mut beside, mut under) = (0, 0);
        for (i, (old, new)) in before.chunks(3).zip(frame.data.chunks(3)).enumerate() {
            let p = Point::new((i % width) as f32 + 0.5, (i / width) as f32 + 0.5);
            if truth.holds(p, 0.0) {
                assert_eq!(new, [255, 0, 255], "{}: {p:?}", frame.index);
                under += 1;
            }
            if region.area.holds(p) && !quad.holds(p, 1.5) {
                assert_eq!(new, old, "{}: {p:?}", frame.index);
                beside += 1;
            }
        }
        assert!(under > 300 && beside > 300, "{under}, {beside}");
    }
}
