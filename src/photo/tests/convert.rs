//! Every format becomes every other that can hold it, with nothing lost but what is said.

use super::super::{Format, Photo, ReadOptions};
use super::sources;
use crate::error::ErrorKind;

fn targets() -> Vec<Format> {
    let all = Format::ALL.iter().copied();
    all.filter(|f| f.is_target()).collect()
}

#[test]
fn every_source_becomes_every_format_that_can_hold_it() {
    for (name, file) in sources::all() {
        let own = Photo::read(&file, &ReadOptions::new()).expect("read");
        let (size, pixels) = own.to_rgba();
        for to in targets() {
            let read = Photo::read(&file, &ReadOptions::new().format(to));
            let photo = match read {
                Ok(photo) => photo,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Unsupported, "{name} {to:?}");
                    assert!(own.frame_count() > 1, "{name} {to:?}: {error}");
                    continue;
                }
            };
            assert_eq!(photo.written(), to);
            let out = photo.write().expect("written");
            let again = Photo::read(&out, &ReadOptions::new()).expect("read again");
            assert_eq!(again.format(), to);
            assert_eq!(again.frame_count(), own.frame_count(), "{name} {to:?}");
            let (new_size, new) = again.to_rgba();
            assert_eq!(new_size, size, "{name} {to:?}");
            let said = !photo.warnings().is_empty();
            let lossy = matches!(to, Format::Jpeg | Format::Heic | Format::Avif);
            let exact = !lossy || to == Format::Jpeg && photo.format() == Format::Jpeg;
            if exact && !said {
                assert!(new == pixels, "{name} {to:?}: pixels changed");
            }
        }
    }
}
