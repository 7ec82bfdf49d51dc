//! What a program gets from the library and the command does not show.

use faceveil::{AnonymizeOptions, Anonymizer, Detector, DetectorOptions, ErrorKind};
use std::ops::ControlFlow;

#[test]
fn a_photo_says_how_far_it_is_and_can_be_stopped() {
    let detector = Detector::new(&DetectorOptions::default()).unwrap();
    let anonymizer = Anonymizer::new(detector, AnonymizeOptions::default()).unwrap();
    let file = include_bytes!("../../samples/astronaut.jpg");
    let mut seen = Vec::new();
    let done = anonymizer.photo_with_progress(file, &mut |progress| {
        seen.push((progress.frames, progress.of));
        ControlFlow::Continue(())
    });
    assert_eq!(seen, [(0, Some(1)), (1, Some(1))]);
    assert_eq!(done.unwrap().bytes, anonymizer.photo(file).unwrap().bytes);
    for last in [0, 1] {
        let stopped =
            anonymizer.photo_with_progress(file, &mut |progress| match progress.frames == last {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            });
        assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Interrupted);
    }
}
