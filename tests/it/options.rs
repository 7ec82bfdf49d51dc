//! Options that are not typed: variables and config files.

use crate::sandbox::{ASTRONAUT, Ran, Sandbox, finish, lines_of};

const BLUR: [&str; 6] = ["blur", "in", "-o", "out", "--report", "r.jsonl"];

fn folder(config: &str) -> Sandbox {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg");
    if !config.is_empty() {
        dir.file("in/faceveil.toml", config.as_bytes());
    }
    dir
}

fn run_with(dir: &Sandbox, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = dir.command(args);
    command.envs(variables.iter().copied());
    finish(command)
}

/// The style of the only file.
fn style(dir: &Sandbox) -> String {
    let lines = lines_of(&dir.read("r.jsonl"));
    lines[0]["style"]["name"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_typed_wins_over_a_variable_and_that_over_a_file() {
    let dir = folder("style = \"solid\"\ncolor = \"FF0000\"\nmargin = 2\n");
    let all = [&BLUR[..], &["--overwrite"]].concat();
    dir.run(&all)
        .exits(0)
        .says("note: options: color, margin, style from in/faceveil.toml")
        .does_not_say("left alone");
    assert_eq!(style(&dir), "solid");
    run_with(&dir, &all, &[("FACEVEIL_STYLE", "mosaic")])
        .exits(0)
        .says("style from the environment; margin from in/faceveil.toml");
    assert_eq!(style(&dir), "mosaic");
    let typed = [&all[..], &["--style", "gaussian", "--margin", "3"]].concat();
    run_with(&dir, &typed, &[("FACEVEIL_STYLE", "mosaic")])
        .exits(0)
        .does_not_say("options:");
    assert_eq!(style(&dir), "gaussian");
    let quiet = [&all[..], &["-q"]].concat();
    dir.run(&quiet).exits(0).does_not_say("options:");
    let none = [&all[..], &["--no-config"]].concat();
    dir.run(&none).exits(0).does_not_say("options:");
    assert_eq!(style(&dir), "blur");
}

#[test]
fn a_named_file_may_say_all_that_can_be_typed() {
    let dir = folder("");
    dir.file(
        "my.toml",
        b"min_face = 500\nkeep = [\"time\", \"camera\"]\nregion = [\"0,0,9,9\", \"20,20,9,9\"]\n\
          strict = true\nverify = false\n",
    );
    let named = [&BLUR[..], &["--config", "my.toml"]].concat();
    dir.run(&named)
        .exits(0)
        .says("0 faces")
        .says("keep, min-face, region, strict from my.toml");
    let lines = lines_of(&dir.read("r.jsonl"));
    assert_eq!(lines[0]["regions"].as_array().unwrap().len(), 2);
    let variables = [("FACEVEIL_CONFIG", "my.toml"), ("FACEVEIL_OVERWRITE", "1")];
    run_with(&dir, &BLUR, &variables)
        .exits(0)
        .says("1 up to date");
    // What is typed leaves no place for what contradicts it.
    let typed = [&BLUR[..], &["--skip-existing"]].concat();
    run_with(&dir, &typed, &variables).exits(0);
}

#[test]
fn a_file_that_nobody_named_may_only_make_a_run_cover_more() {
    for weaker in [
        "threshold = 0.9",
        "margin = 1.0",
        "keep = [\"gps\"]",
        "ignore = \"0,0,9000,9000\"",
        "output = \"elsewhere\"",
        "onnxruntime = \"in/evil.so\"",
    ] {
        let dir = folder(weaker);
        dir.run(&BLUR)
            .exits(2)
            .says("lies beside the inputs, and what nobody named may only make a run cover more");
        assert!(!dir.path("out").exists(), "{weaker}");
        let named = [&BLUR[..], &["--no-config"]].concat();
        dir.run(&named).exits(0).says("1 face,");
    }
}

#[test]
fn what_is_known_nowhere_or_wrong_starts_nothing() {
    for (config, why) in [
        (
            "margn = 2",
            "in/faceveil.toml: there is no option margn; did you mean margin?",
        ),
        ("in-place = true", "there is no option in-place"),
        ("margin = 99", "in/faceveil.toml: margin: "),
        ("margin = 2\nmargin = 3", "in/faceveil.toml: line 2: "),
        ("[blur]\nmargin = 2", "there is no option blur"),
        ("strict = \"maybe\"", "strict"),
    ] {
        let dir = folder(config);
        let named = [&BLUR[..], &["--config", "in/faceveil.toml"]].concat();
        dir.run(&named).exits(2).says(why);
        assert!(!dir.path("out").exists(), "{config}");
    }
    let dir = folder("");
    run_with(&dir, &BLUR, &[("FACEVEIL_MARGN", "2")])
        .exits(2)
        .says("there is no FACEVEIL_MARGN; did you mean FACEVEIL_MARGIN?");
    run_with(&dir, &BLUR, &[("FACEVEIL_MARGIN", "0.1")])
        .exits(2)
        .says("FACEVEIL_MARGIN: invalid value");
    dir.run(&["blur", "in", "--config", "gone.toml"])
        .exits(2)
        .says("gone.toml");
    dir.file("faceveil.toml", b"margin = 2")
        .file("in/faceveil.toml", b"margin = 3")
        .sample(ASTRONAUT, "b.jpg");
    dir.run(&["blur", "in", "b.jpg", "-o", "out"])
        .exits(2)
        .says("both lie beside inputs");
    run_with(
        &dir,
        &BLUR,
        &[("FACEVEIL_HOME", "/x"), ("FACEVEIL_STYLE", "")],
    )
    .exits(0)
    .says("margin from in/faceveil.toml");
}

#[test]
fn the_doctor_says_what_is_in_force() {
    let dir = folder("");
    let doctor = |variables: &[(&str, &str)], exits: i32| -> serde_json::Value {
        let ran = run_with(&dir, &["doctor", "--json"], variables).exits(exits);
        let all: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        all["configuration"].clone()
    };
    assert_eq!(doctor(&[], 0)["file"], serde_json::Value::Null);
    dir.file("faceveil.toml", b"margin = 2");
    let found = doctor(&[("FACEVEIL_STYLE", "solid")], 0);
    assert_eq!(found["file"], "faceveil.toml");
    let option = |i: usize| {
        (
            found["options"][i]["name"].as_str(),
            found["options"][i]["from"].as_str(),
        )
    };
    assert_eq!(option(0), (Some("style"), Some("the environment")));
    assert_eq!(option(1), (Some("margin"), Some("faceveil.toml")));
    dir.file("faceveil.toml", b"margin = 1");
    assert!(
        doctor(&[], 1)["problem"]
            .as_str()
            .unwrap()
            .contains("cover more")
    );
}
