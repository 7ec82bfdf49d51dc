//! The same command again: only what is missing or changed is done.

use crate::sandbox::{ASTRONAUT, COFFEE, Sandbox, finish, lines_of};
use std::fs;

const RECORD: &str = ".out.faceveil.jsonl";
const BLUR: [&str; 4] = ["blur", "in", "-o", "out"];

/// Three photos, one of them without a face, covered once.
fn done() -> Sandbox {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .sample(COFFEE, "in/b.png")
        .sample(ASTRONAUT, "in/sub/c.jpg");
    dir.run(&BLUR).exits(0).says("3 files, 3 written, 2 faces");
    dir
}

#[test]
fn a_second_run_does_nothing_and_says_so() {
    let dir = done();
    let modified = || {
        fs::metadata(dir.path("out/a.jpg"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = modified();
    dir.run(&BLUR)
        .exits(0)
        .says("3 files, 0 written, 3 up to date")
        .does_not_say("note:");
    assert_eq!(modified(), before, "not even touched");
    let all = [&BLUR[..], &["--overwrite"]].concat();
    dir.run(&all).exits(0).says("3 up to date");
    let all = [&BLUR[..], &["--skip-existing"]].concat();
    dir.run(&all).exits(0).says("3 up to date");
    // Under another date it is the same file.
    let copy = dir.read("in/a.jpg");
    dir.file("in/a.jpg", &copy);
    dir.run(&BLUR).exits(0).says("3 up to date");
}

#[test]
fn one_changed_or_missing_file_is_done_alone() {
    let dir = done();
    let (mut photo, before) = (dir.read("in/sub/c.jpg"), dir.read("out/sub/c.jpg"));
    photo.extend(b"more");
    dir.file("in/sub/c.jpg", &photo);
    dir.run(&BLUR)
        .exits(0)
        .says("3 files, 1 written, 2 up to date");
    assert_eq!(dir.read("out/sub/c.jpg"), before, "the trailer is dropped");
    fs::remove_file(dir.path("out/b.png")).unwrap();
    dir.run(&BLUR)
        .exits(0)
        .says("3 files, 1 written, 2 up to date");
    dir.sample(ASTRONAUT, "in/new.jpg");
    dir.run(&BLUR)
        .exits(0)
        .says("4 files, 1 written, 3 up to date");
    dir.run(&BLUR).exits(0).says("4 up to date");
}

#[test]
fn a_changed_setting_does_all_again() {
    let dir = done();
    let mut before = dir.read("out/a.jpg");
    dir.file("boxes.txt", b"5,5,20,20 a.jpg\n");
    for (more, written) in [
        (&["--style", "solid"][..], 3),
        (&["--style", "solid", "--color", "102030"], 3),
        (&["--style", "solid", "--margin", "2"], 3),
        (&["--style", "mosaic", "--region", "@boxes.txt"], 3),
    ] {
        let all = [&BLUR[..], more].concat();
        dir.run(&all).exits(0).says(&format!("{written} written"));
        assert_ne!(dir.read("out/a.jpg"), before, "{more:?}");
        before = dir.read("out/a.jpg");
        dir.run(&all).exits(0).says("3 up to date");
    }
    // A box for one file concerns that one.
    dir.file("boxes.txt", b"5,5,20,25 a.jpg\n");
    let all = [&BLUR[..], &["--style", "mosaic", "--region", "@boxes.txt"]].concat();
    dir.run(&all).exits(0).says("1 written, 2 up to date");
    for more in [
        ["-t", "0.5"],
        ["--preset", "fast"],
        ["--shape", "box"],
        ["--keep", "gps"],
    ] {
        let all = [&BLUR[..], &more].concat();
        dir.run(&all).exits(0).says("3 written");
    }
}

#[test]
fn an_output_that_somebody_changed_is_not_written_over() {
    let dir = done();
    dir.file("out/a.jpg", b"by hand");
    dir.run(&BLUR)
        .exits(1)
        .says("its output was changed by somebody since it was written")
        .says("2 up to date");
    assert_eq!(dir.read("out/a.jpg"), b"by hand");
    let all = [&BLUR[..], &["--style", "solid"]].concat();
    dir.run(&all)
        .exits(1)
        .says("2 written")
        .says("changed by somebody");
    let all = [&BLUR[..], &["--overwrite"]].concat();
    dir.run(&all).exits(0).says("3 written");
    dir.run(&BLUR).exits(0).says("3 up to date");
}

#[test]
fn another_folder_with_the_same_names_does_not_replace_outputs() {
    let dir = done();
    let before = dir.read("out/a.jpg");
    dir.sample(COFFEE, "other/a.jpg");
    dir.run(&["blur", "other", "-o", "out"])
        .exits(1)
        .says("its output exists");
    assert_eq!(dir.read("out/a.jpg"), before);
}

#[test]
fn a_damaged_record_makes_nothing_up_to_date() {
    let dir = done();
    let whole = dir.read(RECORD);
    assert!(!String::from_utf8_lossy(&whole).contains(dir.path("").to_str().unwrap()));
    for damaged in [&b"\0\n"[..], b"{}\n", b"{\"record\":1}\n"] {
        dir.file(RECORD, &[&whole[..], damaged].concat());
        dir.run(&BLUR)
            .exits(1)
            .says("cannot be used")
            .says("3 failed");
    }
    fs::remove_file(dir.path(RECORD)).unwrap();
    dir.run(&BLUR)
        .exits(1)
        .says("3 failed")
        .says("its output exists");
    let all = [&BLUR[..], &["--skip-existing"]].concat();
    dir.run(&all).exits(0).says("3 skipped");
    // A line that was cut off in the middle costs nothing.
    dir.file(RECORD, &[&whole[..], b"{\"record\":1,\"inp"].concat());
    dir.run(&BLUR).exits(0).says("3 up to date");
    // A record that is a link is left alone, and so is what it leads to.
    #[cfg(unix)]
    {
        fs::remove_file(dir.path(RECORD)).unwrap();
        dir.file("mine", b"mine");
        std::os::unix::fs::symlink("mine", dir.path(RECORD)).unwrap();
        let all = [&BLUR[..], &["--overwrite"]].concat();
        dir.run(&all)
            .exits(0)
            .says("it is no file")
            .says("3 written");
        assert_eq!(dir.read("mine"), b"mine");
    }
}

#[test]
fn files_without_an_output_are_up_to_date_and_failed_ones_are_tried_again() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg").sample(COFFEE, "in/b.png");
    let skip = [&BLUR[..], &["--on-no-face", "skip"]].concat();
    dir.run(&skip).exits(0).says("1 written").says("1 skipped");
    dir.run(&skip).exits(0).says("2 up to date");
    assert!(!dir.path("out/b.png").exists());
    dir.run(&BLUR).exits(0).says("2 written");
    let fail = [&BLUR[..], &["--on-no-face", "fail"]].concat();
    dir.run(&fail).exits(1).says("1 written").says("1 failed");
    dir.run(&fail)
        .exits(1)
        .says("1 up to date")
        .says("1 failed");
}

#[test]
fn the_report_of_a_second_run_still_knows_every_file() {
    let dir = done();
    let all = [&BLUR[..], &["--report", "r.jsonl", "--style", "solid"]].concat();
    dir.run(&all).exits(0).says("3 written");
    let first = lines_of(&dir.read("r.jsonl"));
    dir.run(&all).exits(0).says("3 up to date");
    let second = lines_of(&dir.read("r.jsonl"));
    assert_eq!(first[..3], second[..3]);
    assert_eq!(second[3]["summary"]["up_to_date"], 3);
    // Edits are neither lost nor taken for what is covered.
    let text = String::from_utf8(dir.read("r.jsonl")).unwrap();
    let edited = text.replacen("\"shape\":\"ellipse\"", "\"shape\":\"box\"", 1);
    assert_ne!(edited, text);
    dir.file("r.jsonl", edited.as_bytes());
    dir.run(&all).exits(2).says("a.jpg in r.jsonl was edited");
    assert_eq!(dir.read("r.jsonl"), edited.as_bytes());
    // Files whose lines are gone are done again, and those only.
    fs::remove_file(dir.path("r.jsonl")).unwrap();
    let covered = |lines: &[serde_json::Value]| {
        let about = lines
            .iter()
            .map(|l| (l["regions"].clone(), l["sha256"].clone()));
        about.collect::<Vec<_>>()
    };
    dir.run(&all).exits(0).says("3 written");
    let third = lines_of(&dir.read("r.jsonl"));
    assert_eq!(covered(&third), covered(&first));
    let damaged = text.replacen("\"input\":\"b.png\"", "\"input\":b.png", 1);
    assert_ne!(damaged, text);
    dir.file("r.jsonl", damaged.as_bytes());
    dir.run(&all)
        .exits(0)
        .says("1 line of r.jsonl cannot be read; kept in r.jsonl.damaged")
        .says("1 written, 2 up to date");
    assert_eq!(covered(&lines_of(&dir.read("r.jsonl"))), covered(&third));
    assert_eq!(
        std::str::from_utf8(&dir.read("r.jsonl.damaged"))
            .unwrap()
            .lines()
            .next(),
        damaged.lines().nth(1)
    );
}

#[cfg(unix)]
#[test]
fn a_killed_run_is_taken_up_where_it_was() {
    let dir = Sandbox::new();
    for i in 0..40 {
        dir.sample(ASTRONAUT, format!("in/{i:02}.jpg"));
    }
    let mut child = dir
        .command(&[&BLUR[..], &["-j", "2"]].concat())
        .spawn()
        .unwrap();
    let start = std::time::Instant::now();
    while !dir.path("out/02.jpg").exists() {
        assert!(start.elapsed().as_secs() < 120, "nothing is written");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let there = fs::read_dir(dir.path("out")).unwrap().filter(|e| {
        let name = e.as_ref().unwrap().file_name();
        name.to_str().unwrap().ends_with(".jpg") && !name.to_str().unwrap().starts_with('.')
    });
    let there = there.count();
    let ran = dir.run(&BLUR).exits(0);
    let ran = ran.says(&format!("{there} up to date"));
    ran.says(&format!("40 files, {} written", 40 - there));
}

#[test]
fn without_an_output_folder_a_second_run_does_only_what_is_missing_or_changed() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .sample(COFFEE, "in/sub/b.png")
        .sample(ASTRONAUT, "other/a.jpg");
    let blur = ["blur", "in", "other/a.jpg"];
    dir.run(&blur).exits(0).says("3 files, 3 written");
    let before = dir.tree();
    dir.run(&blur)
        .exits(0)
        .says("3 files, 0 written, 3 up to date");
    assert_eq!(dir.tree(), before, "no further file among the photos");
    // However the folder is given.
    dir.run(&["blur", "./other/../in"])
        .exits(0)
        .says("2 files, 0 written, 2 up to date");
    dir.sample(ASTRONAUT, "in/new.jpg");
    fs::remove_file(dir.path("in/sub/b_blurred.png")).unwrap();
    dir.run(&blur).exits(0).says("2 written, 2 up to date");
    // Our own output of other settings is replaced.
    let solid = [&blur[..], &["--style", "solid"]].concat();
    dir.run(&solid).exits(0).says("4 files, 4 written");
    // What somebody changed, and what nobody knows, is not.
    dir.file("in/a_blurred.jpg", b"mine");
    dir.file("in/new_blurred.jpg", b"mine");
    dir.sample(COFFEE, "in/c.png")
        .sample(COFFEE, "in/c_blurred.png");
    dir.run(&solid)
        .exits(1)
        .says("changed by somebody")
        .says("in/c.png: its output exists; use --overwrite or --skip-existing")
        .says("2 up to date");
    assert_eq!(dir.read("in/a_blurred.jpg"), b"mine");
}

#[test]
fn without_a_place_to_remember_it_an_output_that_exists_is_a_failure_that_says_what_to_do() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg").file("state", b"no folder");
    let run = || {
        let mut command = dir.command(&["blur", "a.jpg"]);
        command.env("XDG_STATE_HOME", dir.path("state"));
        finish(command)
    };
    run().exits(0).says("1 written").does_not_say("warning");
    run()
        .exits(1)
        .says("its output exists; use --overwrite or --skip-existing");
}
