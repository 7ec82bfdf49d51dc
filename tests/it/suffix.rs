//! `--suffix`: what new names have between the stem and the ending.

use crate::sandbox::{ASTRONAUT, COFFEE, Sandbox};

fn folder() -> Sandbox {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .sample(COFFEE, "in/sub/b.png");
    dir
}

#[test]
fn new_names_have_the_suffix_and_a_second_run_has_nothing_to_do() {
    let dir = folder();
    let blur = ["blur", "in", "-o", "out", "--suffix", "-safe"];
    dir.run(&blur).exits(0).says("2 written");
    assert!(dir.path("out/a-safe.jpg").is_file() && dir.path("out/sub/b-safe.png").is_file());
    assert!(!dir.path("out/a.jpg").exists());
    dir.run(&blur).exits(0).says("0 written, 2 up to date");
    // Another name is another output.
    dir.run(&["blur", "in", "-o", "out", "--suffix", ".x"])
        .exits(0)
        .says("2 written");
    assert!(dir.path("out/a-safe.jpg").is_file() && dir.path("out/a.x.jpg").is_file());
}

#[test]
fn beside_the_originals_earlier_outputs_are_no_inputs() {
    let dir = folder();
    dir.sample(ASTRONAUT, "in/lone-safe.jpg");
    let blur = ["blur", "in", "--suffix", "-safe"];
    dir.run(&blur).exits(0).says("3 files, 3 written");
    assert!(dir.path("in/a-safe.jpg").is_file() && dir.path("in/lone-safe-safe.jpg").is_file());
    let again = [&blur[..], &["--skip-existing"]].concat();
    dir.run(&again)
        .exits(0)
        .says("0 written")
        .says("3 earlier outputs left alone");
}

#[test]
fn a_suffix_that_would_lose_a_file_or_means_nothing_starts_nothing() {
    let dir = folder();
    dir.sample(ASTRONAUT, "in/a-x.jpg");
    dir.run(&["blur", "in", "-o", "in", "--suffix", "-x"])
        .exits(2)
        .says("would be written over the input");
    for (suffix, why) in [
        ("/../x", "holds a character"),
        ("_2", "has no letter"),
        ("", "has no letter"),
    ] {
        dir.run(&["blur", "in", "-o", "out", "--suffix", suffix])
            .exits(2)
            .says(why);
    }
    for more in [&["-o", "x.jpg"][..], &["--in-place"]] {
        let blur = [&["blur", "in/a.jpg", "--suffix", "-x"], more].concat();
        dir.run(&blur).exits(2).says("--suffix would not be used");
    }
    assert!(!dir.path("out").exists());
}

#[test]
fn apply_gives_outputs_the_names_that_the_report_says() {
    let dir = folder();
    dir.run(&[
        "blur", "in", "-o", "out", "--suffix", "-safe", "--report", "r.jsonl",
    ])
    .exits(0);
    let apply = ["apply", "r.jsonl", "--originals", "in", "-o", "out"];
    dir.run(&apply).exits(0).says("2 up to date");
    let other = [&apply[..], &["--suffix", "-new"]].concat();
    dir.run(&other)
        .exits(0)
        .says("stays as it is: the new file is out/a-new.jpg");
    assert!(dir.path("out/sub/b-new.png").is_file());
}
