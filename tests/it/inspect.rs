//! `faceveil inspect`: what it says, to whom, and how it ends; and what `blur` says about what it
//! drops.

use crate::sandbox::{ASTRONAUT, COFFEE, Sandbox, finish};
use faceveil::Photo;
use faceveil::photo::FileKind;
use faceveil::video::{Backend, VideoFrames};

/// A JPEG with a comment, and one that ends in the middle.
fn hiding(dir: &Sandbox) -> Vec<u8> {
    let clean = std::fs::read(crate::sandbox::sample(ASTRONAUT)).unwrap();
    let mut out = clean[..2].to_vec();
    out.extend(b"\xff\xfe\0\x0bAnn\x1b[2J,x");
    out.extend(&clean[2..]);
    dir.file("in/hides.jpg", &out);
    dir.file("in/cut.jpg", &out[..out.len() / 2]);
    out
}

#[test]
fn the_exit_code_says_clean_or_hiding_or_unreadable() {
    let dir = Sandbox::new();
    hiding(&dir);
    dir.sample(ASTRONAUT, "clean.jpg").file("x.txt", b"text");
    let clean = dir.run(&["inspect", "clean.jpg"]).exits(0);
    let said = String::from_utf8(clean.stdout).unwrap();
    assert!(
        said.starts_with("clean.jpg  jpeg 512x512: nothing hidden"),
        "{said}"
    );
    dir.run(&["inspect", "clean.jpg", "in/hides.jpg"]).exits(3);
    dir.run(&["inspect", "in/hides.jpg", "in/cut.jpg"]).exits(1);
    dir.run(&["inspect", "gone.jpg", "in/hides.jpg"])
        .exits(1)
        .says("gone.jpg");
    dir.run(&["inspect", "x.txt"])
        .exits(1)
        .says("no format that can be looked through");
    dir.run(&["inspect"]).exits(2);
    dir.run(&["inspect", "--yaml", "clean.jpg"]).exits(2);
    dir.run(&["inspect", "-", "clean.jpg"])
        .exits(2)
        .says("stands alone");
}

#[test]
fn a_table_is_for_people_and_escapes_what_comes_from_files() {
    let dir = Sandbox::new();
    let hides = hiding(&dir);
    let ran = dir.run(&["inspect", "in"]).exits(1);
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(said.contains("in/hides.jpg  jpeg 512x512\n"), "{said}");
    assert!(
        said.contains("  text  comment  9 bytes, Ann\\u{1b}[2J,x\n"),
        "{said}"
    );
    assert!(
        said.contains("damaged: ") && !said.contains('\x1b'),
        "{said}"
    );
    assert!(
        ran.stderr
            .contains("2 files, 0 clean, 2 hiding something, 1 not readable")
    );
    let piped = dir.run_with_stdin(&["inspect", "-", "-q"], &hides).exits(3);
    assert!(
        String::from_utf8(piped.stdout)
            .unwrap()
            .starts_with("standard input  jpeg")
    );
    assert!(piped.stderr.is_empty());
    let mut command = dir.command(&["inspect", "in/hides.jpg"]);
    command.env("CLICOLOR_FORCE", "1");
    assert!(finish(command).exits(3).stdout.starts_with(b"\x1b[1m"));
}

#[test]
fn json_is_one_object_a_file_whatever_happened_to_it() {
    let dir = Sandbox::new();
    hiding(&dir);
    dir.sample(COFFEE, "in/z_blurred.png")
        .file("in/x.jpg", b"no picture");
    let ran = dir.run(&["inspect", "--json", "in"]).exits(1);
    let lines = ran.lines();
    let names: Vec<_> = lines.iter().map(|l| l["file"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["in/cut.jpg", "in/hides.jpg", "in/x.jpg", "in/z_blurred.png"]
    );
    for line in &lines {
        assert_eq!(line["schema"], 1);
        assert!(line["findings"].is_array() && line["carries"].is_array());
    }
    assert_eq!(lines[1]["findings"][0]["kind"], "text");
    assert_eq!(lines[1]["findings"][0]["place"], "comment");
    assert_eq!(lines[1]["findings"][0]["bytes"], 9);
    assert_eq!(lines[1]["error"], serde_json::Value::Null);
    assert!(lines[0]["damage"].is_string() && lines[2]["error"].is_string());
}

#[test]
fn what_is_written_is_clean_and_what_was_dropped_is_said_in_one_line() {
    let dir = Sandbox::new();
    hiding(&dir);
    let report = dir
        .run(&["blur", "in/hides.jpg", "-o", "out.jpg", "--report", "-"])
        .exits(0);
    assert_eq!(report.lines()[0]["dropped"], serde_json::json!(["comment"]));
    dir.run(&["inspect", "out.jpg"]).exits(0);
    // A second picture, a video and a sidecar: one line.
    let small = dir.read("out.jpg");
    let motion = [&small[..], &small, b"\0\0\0\x14ftypmp42\0\0\0\0mp42"].concat();
    dir.file("m/IMG_1.jpg", &motion)
        .file("m/IMG_1.AAE", b"x")
        .file("m/IMG_2.AAE", b"x");
    let ran = dir
        .run(&["blur", "m", "-o", "o", "--report", "r.jsonl"])
        .exits(0);
    let warnings: Vec<_> = ran
        .stderr
        .lines()
        .filter(|l| l.starts_with("warning: m/"))
        .collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("m/IMG_1.jpg: dropped: "));
    assert!(warnings[0].contains("IMG_1.AAE beside it") && !warnings[0].contains("IMG_2"));
    let line = &crate::sandbox::json_lines(std::str::from_utf8(&dir.read("r.jsonl")).unwrap())[0];
    assert_eq!(line["warnings"].as_array().unwrap().len(), 2);
    // A video beside a photo is an input of its own if the folder is given, and stays if not.
    dir.file("m/IMG_1.MOV", b"x");
    dir.run(&["blur", "m/IMG_1.jpg", "-o", "p.jpg"])
        .exits(0)
        .says("IMG_1.AAE, IMG_1.MOV beside it");
    dir.run(&["blur", "m", "-o", "q"])
        .exits(1)
        .does_not_say("IMG_1.MOV beside");
}

#[test]
fn keep_takes_a_list_and_refuses_what_it_does_not_know() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    dir.run(&["blur", "a.jpg", "--keep", "time,gps", "--keep", "camera"])
        .exits(0);
    dir.run(&["blur", "a.jpg", "--keep", "everything", "--overwrite"])
        .exits(2)
        .says("possible values: time, camera, gps, copyright");
}

#[test]
fn all_rooms_agree_on_how_a_quicktime_file_begins() {
    let dir = Sandbox::new();
    for (kind, first, is_one) in [
        ("moov", 0, true),
        ("mdat", 1, true),
        ("wide", 0, true),
        ("free", 0, true),
        ("skip", 0, true),
        ("pnot", 0, true),
        // Words that begin in the fifth column.
        ("free", b'F', false),
        ("wide", b'A', false),
        ("text", 0, false),
    ] {
        let head = [&[first, 0, 0, 16][..], kind.as_bytes(), &[0; 8]].concat();
        let inspected = faceveil::inspect::inspect(&head).is_ok_and(|found| found.format == "mov");
        let recognised = matches!(Photo::recognise(&head), FileKind::Video(_));
        dir.file("clip.mov", &head);
        let opened = VideoFrames::open(dir.path("clip.mov"), Backend::Embedded, 1 << 20);
        let refused = opened
            .err()
            .is_some_and(|e| e.to_string().contains("no MP4"));
        assert_eq!(
            (inspected, recognised, !refused),
            (is_one, is_one, is_one),
            "{kind} {first}"
        );
    }
}
