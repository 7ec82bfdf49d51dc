//! Any bytes as a photo that is written in another format: the first byte says which, the rest is
//! the file. A format that cannot hold the photo is an error; what is written must be readable and
//! clean.

#![no_main]

use faceveil::inspect::inspect;
use faceveil::{ErrorKind, Format, KeepMetadata, Limits, Photo, ReadOptions};
use libfuzzer_sys::fuzz_target;

/// HEIC and AVIF take too long for many runs, so their pictures are small.
const TARGETS: [(Format, u64); 7] = [
    (Format::Jpeg, 1 << 18),
    (Format::Png, 1 << 18),
    (Format::WebP, 1 << 18),
    (Format::Tiff, 1 << 18),
    (Format::Jxl, 1 << 18),
    (Format::Heic, 1 << 12),
    (Format::Avif, 1 << 12),
];

fuzz_target!(|data: &[u8]| {
    let Some((&choice, file)) = data.split_first() else {
        return;
    };
    let (to, max_pixels) = TARGETS[usize::from(choice) % TARGETS.len()];
    let limits = Limits::max_pixels(max_pixels);
    let keep = KeepMetadata::new()
        .time(true)
        .camera(true)
        .gps(true)
        .copyright(true)
        .hdr(true);
    let photo = match Photo::read(
        file,
        &ReadOptions::new().limits(limits).keep(keep).format(to),
    ) {
        Ok(photo) => photo,
        Err(error) => {
            assert_ne!(error.kind(), ErrorKind::Internal, "{error:?}");
            return;
        }
    };
    match photo.write() {
        Ok(written) => {
            inspect(&written).expect("known");
            Photo::read(&written, &ReadOptions::new().limits(limits)).expect("reads what it wrote");
        }
        Err(error) => assert_ne!(error.kind(), ErrorKind::Internal, "{error:?}"),
    }
});
