//! `faceveil blur`: where files go, and what is said about them.

use crate::sandbox::{ASTRONAUT, COFFEE, Sandbox, json_lines, sample};
use std::fs;

fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9])
}

#[test]
fn a_folder_is_mirrored_and_summed_up_in_one_line() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a/one.jpg")
        .sample(ASTRONAUT, "in/two.jpg")
        .sample(COFFEE, "in/a/b/none.png")
        .file("in/a/notes.txt", b"text")
        .sample(ASTRONAUT, "in/.hidden/x.jpg");
    let ran = dir
        .run(&["blur", "in", "-o", "out"])
        .exits(0)
        .says("3 files, 3 written, 2 faces, 1 without faces, 0 failed in ")
        .says("1 other file left alone")
        .says("in/a/b/none.png: no face found");
    assert!(ran.stdout.is_empty(), "standard output is for results");
    let outputs: Vec<_> = dir
        .tree()
        .into_iter()
        .filter(|n| n.starts_with("out/"))
        .collect();
    assert_eq!(
        outputs,
        [
            "out/",
            "out/a/",
            "out/a/b/",
            "out/a/b/none.png",
            "out/a/one.jpg",
            "out/two.jpg"
        ]
    );
    assert!(is_jpeg(&dir.read("out/two.jpg")));
    assert_ne!(dir.read("out/two.jpg"), dir.read("in/two.jpg"));
    assert_eq!(
        dir.read("out/two.jpg"),
        dir.read("out/a/one.jpg"),
        "the same every time"
    );
}

#[test]
fn without_an_output_the_new_file_lies_beside_and_is_never_taken_again() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg");
    dir.run(&["blur", "in"]).exits(0);
    let after = ["in/", "in/a.jpg", "in/a_blurred.jpg"];
    assert_eq!(dir.tree(), after);
    // The folder again: the output is known for what it is.
    dir.run(&["blur", "in", "--overwrite", "--style", "solid"])
        .exits(0)
        .says("1 file, 1 written")
        .says("1 earlier output left alone");
    // The same through a shell's `*.jpg`.
    dir.run(&["blur", "in/a.jpg", "in/a_blurred.jpg"])
        .exits(0)
        .says("it is the output of a.jpg")
        .says("1 skipped");
    assert_eq!(dir.tree(), after);
}

#[test]
fn the_output_folder_may_lie_inside_the_input_folder() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg");
    for says in ["1 file, 1 written", "1 file, 0 written, 1 up to date"] {
        dir.run(&["blur", "in", "-o", "in/out", "--preview", "in/look"])
            .exits(0)
            .says(says);
    }
    assert_eq!(
        dir.tree(),
        [
            "in/",
            "in/a.jpg",
            "in/look/",
            "in/look/a.jpg.preview.jpg",
            "in/out/",
            "in/out/a.jpg"
        ]
    );
}

#[test]
fn a_single_photo_goes_where_output_says() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg").file("there/x", b"");
    dir.run(&["blur", "a.jpg", "-o", "new/name.jpg"]).exits(0);
    dir.run(&["blur", "a.jpg", "-o", "there"]).exits(0);
    dir.run(&["blur", "a.jpg", "-o", "fresh/"]).exits(0);
    for name in ["new/name.jpg", "there/a.jpg", "fresh/a.jpg"] {
        assert!(is_jpeg(&dir.read(name)), "{name}");
    }
}

#[test]
fn a_pipe_carries_one_photo_and_nothing_else() {
    let dir = Sandbox::new();
    let photo = fs::read(sample(ASTRONAUT)).unwrap();
    let ran = dir.run_with_stdin(&["blur", "-"], &photo).exits(0);
    assert!(is_jpeg(&ran.stdout) && ran.stdout != photo);
    let named = dir
        .run_with_stdin(&["blur", "-", "-o", "x.jpg"], &photo)
        .exits(0);
    assert!(named.stdout.is_empty());
    assert_eq!(dir.read("x.jpg"), ran.stdout);
    let file = dir.run(&["blur", "x.jpg", "-o", "-", "-q"]).exits(0);
    assert!(is_jpeg(&file.stdout) && file.stderr.is_empty());
    let broken = dir
        .run_with_stdin(&["blur", "-"], b"broken")
        .exits(1)
        .says("standard input");
    assert!(broken.stdout.is_empty());
    dir.run(&["blur", "x.jpg", "x.jpg", "-o", "-"]).exits(2);
    dir.run_with_stdin(&["blur", "-", "x.jpg"], &photo)
        .exits(2)
        .says("stands alone");
    dir.run_with_stdin(&["blur", "-", "-o", "dir/"], &photo)
        .exits(2)
        .says("file name");
    dir.run_with_stdin(&["blur", "-", "--in-place"], &photo)
        .exits(2);
}

#[test]
fn an_existing_output_is_replaced_or_skipped_only_on_request() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg").file("out/a.jpg", b"mine");
    dir.run(&["blur", "in", "-o", "out"])
        .exits(1)
        .says("in/a.jpg: its output exists; use --overwrite or --skip-existing");
    assert_eq!(dir.read("out/a.jpg"), b"mine");
    dir.run(&["blur", "in", "-o", "out", "--skip-existing"])
        .exits(0)
        .says("1 skipped");
    assert_eq!(dir.read("out/a.jpg"), b"mine");
    dir.run(&["blur", "in", "-o", "out", "--overwrite"])
        .exits(0);
    assert!(is_jpeg(&dir.read("out/a.jpg")));
}

#[test]
fn in_place_replaces_what_can_be_covered_and_nothing_else() {
    let dir = Sandbox::new();
    let broken = &fs::read(sample(ASTRONAUT)).unwrap()[..9000];
    dir.sample(ASTRONAUT, "in/a.jpg").file("in/b.jpg", broken);
    let original = dir.read("in/a.jpg");
    dir.run(&["blur", "in", "--in-place"])
        .exits(1)
        .says("in/b.jpg");
    assert_eq!(dir.tree(), ["in/", "in/a.jpg", "in/b.jpg"]);
    assert!(is_jpeg(&dir.read("in/a.jpg")));
    assert_ne!(dir.read("in/a.jpg"), original);
    assert_eq!(dir.read("in/b.jpg"), broken);
}

#[cfg(unix)]
#[test]
fn in_place_keeps_permissions_and_links_and_warns_of_other_names() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "real/a.jpg");
    let original = dir.read("real/a.jpg");
    fs::set_permissions(dir.path("real/a.jpg"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/a.jpg", dir.path("link.jpg")).unwrap();
    fs::hard_link(dir.path("real/a.jpg"), dir.path("other.jpg")).unwrap();
    dir.run(&["blur", "link.jpg", "--in-place"])
        .exits(0)
        .says("link.jpg: the file has 2 names");
    assert!(dir.path("link.jpg").is_symlink());
    assert_ne!(dir.read("real/a.jpg"), original);
    assert_eq!(dir.read("other.jpg"), original);
    let mode = fs::metadata(dir.path("real/a.jpg"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    // One file under two names would be written twice.
    dir.run(&["blur", "link.jpg", "real/a.jpg", "--in-place"])
        .exits(2)
        .says("both be written");
}

#[test]
fn a_dry_run_says_what_would_be_written_and_writes_nothing() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg");
    let before = dir.tree();
    let ran = dir
        .run(&["blur", "in", "-o", "out", "--dry-run", "--report", "-"])
        .exits(0)
        .says("in/a.jpg: 1 face, would be written to out/a.jpg");
    assert_eq!(dir.tree(), before);
    let line = &ran.lines()[0];
    assert!(line["output"].is_null());
    assert_eq!(line["regions"].as_array().unwrap().len(), 1);
}

#[test]
fn photos_without_faces_are_written_skipped_or_failed_as_asked() {
    let dir = Sandbox::new();
    dir.sample(COFFEE, "in/a.png").sample(ASTRONAUT, "in/b.jpg");
    for (what, code, count) in [("skip", 0, 1), ("fail", 1, 1), ("write", 0, 2)] {
        let out = format!("out-{what}");
        let report = format!("{what}.jsonl");
        dir.run(&[
            "blur",
            "in",
            "-o",
            &out,
            "--on-no-face",
            what,
            "--report",
            &report,
        ])
        .exits(code)
        .says(&format!("{count} written"));
        assert_eq!(dir.path(&out).join("a.png").exists(), what == "write");
        let lines = json_lines(&String::from_utf8(dir.read(&report)).unwrap());
        let expected = match what {
            "skip" => "skipped",
            "fail" => "failed",
            _ => "no-faces",
        };
        assert_eq!(lines[0]["outcome"], expected);
        assert_eq!(lines[1]["outcome"], "redacted");
    }
}

#[test]
fn regions_are_always_covered_and_ignored_faces_are_not() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    let line = |args: &[&str]| {
        let all: Vec<&str> = ["blur", "a.jpg", "--dry-run", "--report", "-"]
            .iter()
            .chain(args)
            .copied()
            .collect();
        dir.run(&all).exits(0).lines().remove(0)
    };
    let count = |line: &serde_json::Value, what: &str| line[what].as_array().unwrap().len();
    let both = line(&["--region", "0,0,50,40", "--region=-10,400,60,40"]);
    assert_eq!((count(&both, "faces"), count(&both, "regions")), (1, 3));
    assert_eq!(
        both["regions"][1]["box"],
        serde_json::json!([0.0, 0.0, 50.0, 40.0])
    );
    assert_eq!(
        both["regions"][2]["box"],
        serde_json::json!([-10.0, 400.0, 60.0, 40.0])
    );
    let ignored = line(&["--ignore", "100,50,250,250"]);
    assert_eq!(
        (count(&ignored, "faces"), count(&ignored, "regions")),
        (1, 0)
    );
}

#[test]
fn flags_reach_the_mask() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg").sample(COFFEE, "s.png");
    let line = |args: &[&str]| {
        let all: Vec<&str> = [
            "blur",
            "a.jpg",
            "-o",
            "x.jpg",
            "--overwrite",
            "--report",
            "-",
        ]
        .iter()
        .chain(args)
        .copied()
        .collect();
        dir.run(&all).exits(0).lines().remove(0)
    };
    let side = |line: &serde_json::Value, list: &str| line[list][0]["box"][2].as_f64().unwrap();
    let wide = line(&["--margin", "2", "--shape", "box"]);
    assert_eq!(wide["regions"][0]["shape"], "box");
    assert!((side(&wide, "regions") / side(&wide, "faces") - 2.0).abs() < 0.05);
    for (args, name, irreversible) in [
        (
            &["--style", "solid", "--color", "00FF00"][..],
            "solid",
            true,
        ),
        (&["--style", "mosaic", "--cells", "4"], "mosaic", false),
        (&["--style", "gaussian"], "gaussian", false),
        (&["--style", "image", "--image", "s.png"], "image", true),
        (&[], "blur", true),
    ] {
        let style = line(args)["style"].clone();
        assert_eq!(
            (&style["name"], &style["irreversible"]),
            (&name.into(), &irreversible.into())
        );
        // What it takes to cover a picture like that again.
        let with = ["color", "cells", "image"].map(|p| style.get(p).is_some());
        assert_eq!(with, ["solid", "mosaic", "image"].map(|n| n == name));
    }
    let none = line(&["--threshold", "1"]);
    assert_eq!(none["outcome"], "no-faces");
    for preset in ["fast", "thorough"] {
        assert_eq!(
            line(&["--preset", preset])["outcome"],
            "redacted",
            "{preset}"
        );
    }
}

#[test]
fn a_style_that_may_be_undone_is_warned_of_once() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .sample(ASTRONAUT, "in/b.jpg");
    let ran = dir
        .run(&["blur", "in", "-o", "out", "--style", "mosaic"])
        .exits(0);
    assert_eq!(
        ran.stderr.matches("may be undone").count(),
        1,
        "{}",
        ran.stderr
    );
    dir.run(&["blur", "in", "-o", "solid", "--style", "solid"])
        .exits(0)
        .does_not_say("undone");
}

#[test]
fn the_report_has_one_line_per_input_in_order_and_no_absolute_path() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/b/a.jpg")
        .sample(COFFEE, "in/c.png")
        .file("in/a.jpg", b"");
    let root = dir.path("in");
    let named = dir.path("in/c.png");
    let args = [
        "blur",
        root.to_str().unwrap(),
        "-o",
        "out",
        "--report",
        "r.jsonl",
    ];
    dir.run(&args).exits(1);
    let text = String::from_utf8(dir.read("r.jsonl")).unwrap();
    assert!(!text.contains(dir.path("").to_str().unwrap()), "{text}");
    let lines = json_lines(&text);
    let of = |key: &str| lines.iter().map(|l| l[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("input"), ["a.jpg", "b/a.jpg", "c.png"]);
    assert_eq!(of("outcome"), ["failed", "redacted", "no-faces"]);
    assert_eq!(lines[1]["output"], "b/a.jpg");
    assert!(lines[0]["output"].is_null() && lines[0]["error"].is_string());
    assert!(lines[1]["engine"].as_str().unwrap().starts_with("builtin"));
    assert_eq!(
        (&lines[1]["width"], &lines[1]["frames"]),
        (&512.into(), &1.into())
    );
    // A named file goes by its file name; an older report is replaced, anything else is not.
    let again = [
        "blur",
        named.to_str().unwrap(),
        "-o",
        "z.png",
        "--report",
        "r.jsonl",
    ];
    dir.run(&again).exits(0);
    let lines = json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap());
    assert_eq!(
        (lines.len(), &lines[0]["input"], &lines[0]["output"]),
        (1, &"c.png".into(), &"z.png".into())
    );
    dir.file("mine.txt", b"mine");
    dir.run(&["blur", "in/c.png", "--report", "mine.txt"])
        .exits(2)
        .says("no report");
    assert_eq!(dir.read("mine.txt"), b"mine");
    dir.run(&["blur", "in/c.png", "-o", "y.png", "--report", "y.png"])
        .exits(2);
}

#[test]
fn quiet_is_silent_but_for_errors_and_progress_can_be_had_without_a_terminal() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg")
        .sample(COFFEE, "b.png")
        .file("c.jpg", b"broken");
    let quiet = dir
        .run(&[
            "blur", "a.jpg", "b.png", "-o", "q", "-q", "--style", "gaussian",
        ])
        .exits(0);
    assert_eq!(quiet.stderr, "");
    let failed = dir.run(&["blur", "c.jpg", "-q"]).exits(1);
    assert_eq!(failed.stderr.lines().count(), 1, "{}", failed.stderr);
    dir.run(&["blur", "a.jpg", "b.png", "-o", "p", "--progress", "always"])
        .exits(0)
        .says("2/2 files, ")
        .says(" s left");
    dir.run(&["blur", "a.jpg", "-o", "r.jpg"])
        .exits(0)
        .does_not_say("left");
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_work_and_escapes_in_names_do_not_reach_the_terminal() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let dir = Sandbox::new();
    let odd = OsStr::from_bytes(b"in/\xff\xfe.jpg");
    dir.sample(ASTRONAUT, odd)
        .sample(COFFEE, "in/a\x1b[2Jb.png");
    let ran = dir
        .run(&["blur", "in", "-o", "out", "--report", "-"])
        .exits(0)
        .says("a\\u{1b}[2Jb.png: no face found")
        .does_not_say("\x1b");
    assert!(is_jpeg(&dir.read(OsStr::from_bytes(b"out/\xff\xfe.jpg"))));
    let names: Vec<_> = ran.lines().iter().map(|l| l["input"].clone()).collect();
    assert_eq!(names, ["a\u{1b}[2Jb.png", "\\xFF\\xFE.jpg"]);
    dir.run(&[OsStr::new("blur"), odd]).exits(0);
    assert!(is_jpeg(
        &dir.read(OsStr::from_bytes(b"in/\xff\xfe_blurred.jpg"))
    ));
}

#[cfg(unix)]
#[test]
fn a_new_file_has_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    dir.run(&["blur", "a.jpg"]).exits(0);
    let mode = |n: &str| fs::metadata(dir.path(n)).unwrap().permissions().mode();
    assert_eq!(mode("a_blurred.jpg"), mode("a.jpg"));
}

#[test]
fn a_preview_shows_what_is_covered() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    dir.run(&["blur", "a.jpg", "--preview", "look", "-o", "x.jpg"])
        .exits(0);
    assert!(is_jpeg(&dir.read("look/a.jpg.preview.jpg")));
    dir.run(&["blur", "a.jpg", "--preview", "x.jpg"])
        .exits(2)
        .says("give a folder");
}
