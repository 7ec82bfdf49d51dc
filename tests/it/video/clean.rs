//! What must not be in the new file.

use super::clips::{USUAL, make};
use super::{has_ffmpeg, probe, sound, tool};
use crate::sandbox::{ASTRONAUT, Sandbox, json_lines};

const SECRETS: [&str; 6] = [
    "Alice",
    "+52.5200",
    "2026-05-17",
    "Bobs camera",
    "secret subtitle",
    "x264 - core",
];

/// A file with everything that tells more than its pictures.
fn rich(dir: &Sandbox, name: &str, subtitles: &str) {
    make(dir, "25", USUAL, "plain.mp4");
    dir.sample(ASTRONAUT, "cover.jpg")
        .file("s.srt", b"1\n00:00:00,000 --> 00:00:01,000\nsecret subtitle\n")
        .file(
            "chapters.txt",
            b";FFMETADATA1\ntitle=Alice at home\ncomment=Bobs camera\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=Alice speaks\n",
        );
    let args = format!(
        "-y -i plain.mp4 -i s.srt -i chapters.txt -i cover.jpg -map 0 -map 1 -map 3 -map_metadata \
         2 -c copy -c:s {subtitles} -disposition:v:1 attached_pic -metadata \
         location=+52.5200+013.4050/ -metadata creation_time=2026-05-17T10:00:00Z {name}"
    );
    tool(dir, "ffmpeg", &args.split(' ').collect::<Vec<_>>());
}

#[test]
fn nothing_but_picture_and_sound_survives() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    for (name, subtitles, backend) in [
        ("rich.mp4", "mov_text", "ffmpeg"),
        ("rich.mp4", "mov_text", "embedded"),
        ("rich.mkv", "srt", "ffmpeg"),
    ] {
        rich(&dir, name, subtitles);
        let before = dir.read(name);
        assert!(holds(&before, "Alice"), "the source tells nothing");
        dir.run(&[
            "blur",
            name,
            "--overwrite",
            "--report",
            "r.jsonl",
            "--video-backend",
            backend,
        ])
        .exits(0);
        let new = name.replace('.', "_blurred.");
        let hides = dir.run(&["inspect", "--json", name]).exits(3).stdout;
        let hides = String::from_utf8(hides).unwrap();
        for what in ["Alice at home", "\"gps\"", "timed data|subtitles"] {
            let named = what.split('|').any(|what| hides.contains(what));
            assert!(named, "{what} is not in {hides}");
        }
        dir.run(&["inspect", &new]).exits(0);
        let bytes = dir.read(&new);
        for secret in SECRETS {
            assert!(!holds(&bytes, secret), "{secret:?} survives in {new}");
        }
        let all = probe(&dir, &new);
        let kinds: Vec<&str> = all["streams"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["codec_type"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["video", "audio"], "{new}");
        assert!(all["chapters"].as_array().unwrap().is_empty());
        assert!(all["format"]["tags"]["creation_time"].is_null());
        let report = String::from_utf8(dir.read("r.jsonl")).unwrap();
        let dropped = json_lines(&report)[0]["dropped"].to_string();
        for what in ["title", "location", "date", "subtitles", "chapters"] {
            assert!(dropped.contains(what), "{what} is not in {dropped}");
        }
        // Matroska has no pictures but attachments; ffmpeg writes a track of one frame.
        let cover = ["cover-art", "second-video-track"];
        assert!(cover.iter().any(|what| dropped.contains(what)), "{dropped}");
    }
}

#[test]
fn a_second_picture_track_is_dropped_and_named() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    make(
        &dir,
        "25",
        &format!("-map 0:v -map 0:v -map 1:a {USUAL}"),
        "two.mp4",
    );
    let ran = dir
        .run(&["blur", "two.mp4", "-o", "one.mp4", "--report", "-"])
        .exits(0);
    assert!(
        ran.lines()[0]["dropped"]
            .to_string()
            .contains("second-video-track")
    );
    let streams = probe(&dir, "one.mp4")["streams"].as_array().unwrap().len();
    assert_eq!(streams, 2);
}

/// Packets are copied, and their codec's header goes along with them.
#[test]
fn comments_in_a_sound_header_are_emptied_and_the_sound_stays_the_same() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    let vorbis = "-c:v libx264 -pix_fmt yuv420p -c:a libvorbis -map 0:v -map 1:a -map 1:a";
    make(&dir, "25", vorbis, "two.mkv");
    // Who the comments say was the maker, of both tracks.
    let mut file = dir.read("two.mkv");
    let heads: Vec<usize> = (0..file.len() - 15)
        .filter(|at| file[*at..].starts_with(b"\x03vorbis"))
        .collect();
    assert_eq!(heads.len(), 2);
    for at in heads {
        let length = file[at + 7];
        let name = b"Alice at home".iter().cycle();
        let vendor = &mut file[at + 11..][..usize::from(length)];
        vendor.iter_mut().zip(name).for_each(|(to, b)| *to = *b);
    }
    dir.file("two.mkv", &file);
    let hides = dir.run(&["inspect", "--json", "two.mkv"]).exits(3).stdout;
    assert!(holds(&hides, "codec header of A_VORBIS"));
    dir.run(&["blur", "two.mkv", "-o", "new.mkv"]).exits(0);
    let new = dir.read("new.mkv");
    assert!(holds(&file, "Alice") && !holds(&new, "Alice"));
    dir.run(&["inspect", "new.mkv"]).exits(0);
    assert_eq!(sound(&dir, "two.mkv"), sound(&dir, "new.mkv"));
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}
