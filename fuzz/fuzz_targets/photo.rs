//! Any bytes as a photo, in every format: read, changed, written, and inspected. What is written
//! must be readable and hide nothing; no damage may end in a bug.

#![no_main]

use faceveil::geometry::PixelRect;
use faceveil::inspect::inspect;
use faceveil::plane::Layout;
use faceveil::{ErrorKind, Limits, Photo, ReadOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let limits = Limits::max_pixels(1 << 18);
    let mut photo = match Photo::read(file, &ReadOptions::new().limits(limits)) {
        Ok(photo) => photo,
        Err(error) => {
            assert_ne!(error.kind(), ErrorKind::Internal, "{error:?}");
            return;
        }
    };
    // A corner is decoded and coded anew, with nothing changed in it.
    let corner = |plane: &Layout| {
        let (width, height) = (plane.size.width.min(20), plane.size.height.min(20));
        vec![PixelRect::new(0, 0, width, height)]
    };
    for frame in 0..photo.frame_count() {
        photo
            .edit(frame, &corner, &mut |_, _| ())
            .expect("planes can be had");
    }
    let written = photo.write().expect("writes what it read");
    let seen = inspect(&written).expect("known");
    assert!(seen.is_clean(), "{seen:?}");
    Photo::read(&written, &ReadOptions::new().limits(limits)).expect("reads what it wrote");
});
