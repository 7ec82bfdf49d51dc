use super::preview;
use crate::geometry::Orientation;
use crate::photo::exif;
use crate::photo::notes::Notes;
use crate::photo::{Format, Photo, RawFiles, ReadOptions};
use proptest::prelude::*;

/// A DNG's first directory with an orientation, and what follows it.
fn dng(orientation: u16, rest: &[&[u8]]) -> Vec<u8> {
    let mut file = b"II*\0\x08\0\0\0\x02\0".to_vec();
    file.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0]);
    file.extend(u32::from(orientation).to_le_bytes());
    file.extend([0x12, 0xc6, 1, 0, 4, 0, 0, 0, 1, 4, 0, 0]); // DNGVersion
    file.extend([0; 4]);
    rest.iter().for_each(|part| file.extend_from_slice(part));
    file
}

fn jpeg(
    width: u16,
    height: u16,
    set: impl FnOnce(&mut jpeg_encoder::Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let pixels: Vec<u8> = (0..u32::from(width) * u32::from(height))
        .map(|i| (i * 7 % 251) as u8)
        .collect();
    let mut out = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, 90);
    set(&mut encoder);
    let colour = jpeg_encoder::ColorType::Luma;
    encoder
        .encode(&pixels, width, height, colour)
        .expect("encoded");
    out
}

/// The same with the marker of a lossless frame, as sensors' data have.
fn lossless(width: u16, height: u16) -> Vec<u8> {
    let mut file = jpeg(width, height, |_| {});
    let at = file.windows(2).position(|w| w == [0xff, 0xc0]);
    file[at.expect("a frame") + 1] = 0xc3;
    file
}

#[test]
fn the_largest_whole_jpeg_of_eight_bits_is_taken() {
    let (small, large, sensor) = (jpeg(16, 8, |_| {}), jpeg(64, 40, |_| {}), lossless(96, 64));
    let cut = &jpeg(128, 96, |_| {})[..600];
    let file = dng(
        6,
        &[
            &small,
            b"\xff\xd8\xff",
            cut,
            &sensor,
            b"noise\xff\xd8",
            &large,
            &small,
        ],
    );
    let found = preview(&file).expect("there");
    assert_eq!(found.jpeg, large);
    let tags = exif::read(&found.tags.expect("its own"), &mut Notes::default());
    assert_eq!(tags.orientation, Orientation::from_exif(6).expect("one"));
    assert!(preview(&dng(1, &[&sensor, cut])).is_none());
}

#[test]
fn a_preview_with_tags_of_its_own_is_turned_as_they_say() {
    let thumbnail = jpeg(640, 480, |_| {});
    let block = crate::photo::exif::write(&exif::Facts {
        orientation: Orientation::from_exif(8).expect("one"),
        ..exif::Facts::default()
    });
    let mut block = block.expect("something to say");
    block.extend(&thumbnail[..2000]);
    let with = jpeg(48, 32, |e| e.add_exif_metadata(&block).expect("short"));
    for file in [dng(6, &[&with]), [b"FUJIFILMCCD-RAW ", &with[..]].concat()] {
        assert!(preview(&file).expect("there").tags.is_none());
        let options = ReadOptions::new().raw(RawFiles::Preview);
        let photo = Photo::read(&file, &options).expect("read");
        assert_eq!(
            photo.orientation(0),
            Orientation::from_exif(8).expect("one")
        );
        assert_eq!(
            (photo.format(), photo.written()),
            (Format::Jpeg, Format::Jpeg)
        );
        assert!(photo.raw_file().is_some_and(|kind| kind.ends_with("(RAW)")));
    }
}

#[test]
fn every_maker_tells_the_orientation() {
    let jpeg = jpeg(16, 16, |_| {});
    let turned = |head: &[u8]| {
        let mut file = dng(5, &[&jpeg]);
        file[..head.len()].copy_from_slice(head);
        let tags = preview(&file)
            .expect("there")
            .tags
            .expect("some")
            .into_owned();
        exif::read(&tags, &mut Notes::default()).orientation
    };
    let five = Orientation::from_exif(5).expect("one");
    for head in [b"II*\0", b"IIU\0", b"IIRO"] {
        assert_eq!(turned(head), five, "{head:?}");
    }
    let canon = [b"\0\0\0\x18ftypcrx ........CMT1", &dng(5, &[&jpeg])[..]].concat();
    let tags = preview(&canon).expect("there").tags.expect("some");
    assert_eq!(exif::read(&tags, &mut Notes::default()).orientation, five);
}

#[test]
fn many_beginnings_of_previews_take_no_longer_than_a_few_reads_of_the_file() {
    // Each of them would lead through all segments behind it, or to the end of a scan.
    let segments = b"\xff\xd8\xff\xe0\0\x06\xff\xd8".repeat(1 << 18);
    let mut scans = Vec::new();
    for _ in 0..1 << 14 {
        scans.extend(b"\xff\xd8\xff\xc0\0\x0b\x08\0\x10\0\x10\x01\x01\x11\0\xff\xda\0\x02");
        scans.extend([0; 100]);
    }
    for file in [segments, scans] {
        let start = std::time::Instant::now();
        assert!(preview(&file).is_none());
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>, cut in 0usize..4000, at in 0usize..4000, with: u8) {
        preview(&bytes);
        let whole = dng(6, &[&jpeg(16, 8, |_| {}), &jpeg(40, 24, |_| {})]);
        let mut file = whole[..whole.len().min(cut)].to_vec();
        if let Some(byte) = file.get_mut(at) {
            *byte = with;
        }
        let options = ReadOptions::new().raw(RawFiles::Preview);
        let _ = Photo::read(&file, &options);
    }
}
