//! `--keep time` and the time of the new file.

use crate::sandbox::{ASTRONAUT, Sandbox, sample};
use std::fs;
use std::time::{Duration, SystemTime};

/// The sample with a time in its EXIF block, and an offset if there is one.
fn photo(time: &str, offset: Option<&str>) -> Vec<u8> {
    let fields: Vec<(u16, &str)> = std::iter::once((0x9003, time))
        .chain(offset.map(|offset| (0x9011, offset)))
        .collect();
    let mut block =
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0".to_vec();
    block.extend((fields.len() as u16).to_le_bytes());
    let mut texts = Vec::new();
    for (tag, text) in &fields {
        let at = 26 + 2 + 12 * fields.len() + 4 + texts.len();
        block.extend(tag.to_le_bytes());
        block.extend(2u16.to_le_bytes());
        block.extend((text.len() as u32 + 1).to_le_bytes());
        block.extend((at as u32).to_le_bytes());
        texts.extend(text.bytes().chain([0]));
    }
    block.extend([0; 4]);
    block.extend(texts);
    let plain = fs::read(sample(ASTRONAUT)).unwrap();
    let mut file = plain[..2].to_vec();
    file.extend([0xff, 0xe1]);
    file.extend((block.len() as u16 + 2).to_be_bytes());
    file.extend(block);
    file.extend(&plain[2..]);
    file
}

fn modified(dir: &Sandbox, name: &str) -> SystemTime {
    fs::metadata(dir.path(name)).unwrap().modified().unwrap()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[test]
fn the_new_file_has_the_time_of_the_picture_if_it_is_kept() {
    const SHOWN: &str = "2024:05:06 07:08:09";
    let dir = Sandbox::new();
    dir.file("in/zone.jpg", &photo(SHOWN, Some("+02:00")))
        .file("in/plain.jpg", &photo(SHOWN, None))
        .sample(ASTRONAUT, "in/none.jpg");
    let start = SystemTime::now() - Duration::from_secs(60);
    for isolate in ["auto", "never"] {
        dir.run(&[
            "blur",
            "in",
            "-o",
            isolate,
            "--keep",
            "time",
            "--isolate",
            isolate,
        ])
        .exits(0)
        .says("3 written");
        let of = |name: &str| modified(&dir, &format!("{isolate}/{name}"));
        assert_eq!(of("zone.jpg"), at(1_714_972_089));
        assert_eq!(of("plain.jpg"), at(1_714_979_289), "as UTC");
        assert!(of("none.jpg") > start);
    }
    dir.run(&["blur", "in", "-o", "plain", "--format", "png"])
        .exits(0);
    assert!(modified(&dir, "plain/zone.png") > start, "not asked for");
    dir.run(&[
        "blur", "in", "-o", "png", "--format", "png", "--keep", "time",
    ])
    .exits(0);
    assert_eq!(modified(&dir, "png/zone.png"), at(1_714_972_089));
    dir.run(&["blur", "in/zone.jpg", "--in-place", "--keep", "time"])
        .exits(0);
    assert_eq!(modified(&dir, "in/zone.jpg"), at(1_714_972_089));
}
