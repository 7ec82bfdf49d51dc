//! What was asked for and cannot be done, or lies where nobody looks, is reported.

use crate::sandbox::{ASTRONAUT, Sandbox, json_lines};

#[test]
fn a_region_outside_the_picture_is_reported() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    dir.run(&[
        "blur",
        "a.jpg",
        "--region",
        "5000,5000,50,50",
        "--report",
        "r.jsonl",
    ])
    .exits(0)
    .says("5000,5000,50,50 lies outside the picture of 512x512");
    let line = &json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap())[0];
    assert_eq!(line["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn pictures_in_an_output_folder_among_the_inputs_are_reported() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .sample(ASTRONAUT, "in/out/strange.jpg");
    let blur = ["blur", "in", "-o", "in/out"];
    dir.run(&blur).exits(0).says("1 picture in in/out");
    std::fs::remove_file(dir.path("in/out/strange.jpg")).unwrap();
    dir.run(&blur).exits(0).does_not_say("not looked at");
}

#[test]
fn a_dry_run_says_what_is_there() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg").file("out/a.jpg", b"mine");
    let dry = |more: &[&str]| {
        let all = [&["blur", "a.jpg", "-o", "out/", "--dry-run"][..], more].concat();
        dir.run(&all).exits(0)
    };
    dry(&[]).says("would not be replaced without --overwrite");
    dry(&["--overwrite"]).says("would replace out/a.jpg");
    dry(&["--skip-existing"]).says("would be skipped");
    assert_eq!(dir.read("out/a.jpg"), b"mine");
}

#[test]
fn a_report_that_somebody_reviewed_is_not_replaced() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    let blur = [
        "blur",
        "a.jpg",
        "-o",
        "b.jpg",
        "--overwrite",
        "--report",
        "r.jsonl",
    ];
    dir.run(&blur).exits(0);
    let text = String::from_utf8(dir.read("r.jsonl")).unwrap();
    let line = text.replacen("\"dropped\":", "\"reviewed\":true,\"dropped\":", 1);
    assert_ne!(line, text);
    dir.file("r.jsonl", line.as_bytes());
    dir.run(&blur).exits(2).says("was edited");
    assert_eq!(dir.read("r.jsonl"), line.as_bytes());
    // Where it is known that nothing else was edited, the line is taken over.
    let beside = ["blur", "a.jpg", "--report", "s.jsonl"];
    dir.run(&beside).exits(0);
    let text = String::from_utf8(dir.read("s.jsonl")).unwrap();
    let line = text.replacen("\"dropped\":", "\"reviewed\":true,\"dropped\":", 1);
    dir.file("s.jsonl", line.as_bytes());
    dir.run(&beside).exits(0).says("1 up to date");
    let text = String::from_utf8(dir.read("s.jsonl")).unwrap();
    assert!(text.contains("\"reviewed\":true"));
}

#[test]
fn an_audit_outlives_a_run_that_cannot_begin() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg").file("notes.txt", b"notes");
    dir.run(&["blur", "a.jpg", "--audit", "audit.jsonl"])
        .exits(0);
    let before = dir.read("audit.jsonl");
    let more = ["--audit", "audit.jsonl", "--report", "notes.txt"];
    let all = [&["blur", "a.jpg", "--overwrite"][..], &more].concat();
    dir.run(&all).exits(2);
    assert_eq!(dir.read("audit.jsonl"), before);
    assert_eq!(dir.read("notes.txt"), b"notes");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_an_error() {
    use std::process::Stdio;
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    for command in [
        &["inspect", "--json", "a.jpg"][..],
        &["verify", "a.jpg"],
        &["doctor"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let mut run = dir.command(command);
        run.stdout(Stdio::from(full.unwrap())).stderr(Stdio::null());
        let code = run.status().unwrap().code();
        assert!(matches!(code, Some(1 | 2)), "{command:?}: {code:?}");
    }
}
