//! `--log json`: messages for programs.

use crate::sandbox::{ASTRONAUT, COFFEE, Ran, Sandbox, finish};
use serde_json::Value;

fn lines(ran: &Ran) -> Vec<Value> {
    let all = ran.stderr.lines();
    all.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

fn folder() -> Sandbox {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .sample(COFFEE, "in/b.png")
        .file("in/broken.jpg", b"\xff\xd8\xff\xe0 no picture")
        .file("in/notes.txt", b"text");
    dir
}

#[test]
fn every_line_is_an_object_with_level_file_and_message() {
    let dir = folder();
    let mut command = dir.command(&["blur", "in", "-o", "out", "--log", "json"]);
    command.env("CLICOLOR_FORCE", "1");
    let all = lines(&finish(command).exits(1));
    for line in &all {
        let level = line["level"].as_str().unwrap();
        assert!(["error", "warning", "note", "info"].contains(&level));
        assert!(
            line["message"].is_string() && line.get("file").is_some(),
            "{line}"
        );
    }
    let about = |file: &str, level: &str| {
        let is_it = |l: &&Value| l["file"] == file && l["level"] == level;
        all.iter()
            .find(is_it)
            .unwrap_or_else(|| panic!("no {level} of {file}: {all:?}"))
    };
    let done = about("in/a.jpg", "info");
    assert_eq!(
        (&done["outcome"], &done["faces"]),
        (&"redacted".into(), &1.into())
    );
    assert_eq!(
        (&done["output"], &done["regions"]),
        (&"a.jpg".into(), &1.into())
    );
    assert_eq!(about("in/b.png", "note")["message"], "no face found");
    about("in/broken.jpg", "error");
    assert_eq!(about("in/broken.jpg", "info")["outcome"], "failed");
    let last = all.last().unwrap();
    assert_eq!(last["file"], Value::Null);
    assert_eq!(last["summary"]["files"], 3);
    assert_eq!(last["summary"]["failed"], 1);
}

#[test]
fn quiet_leaves_errors_and_wrong_usage_is_one() {
    let dir = folder();
    let quiet = dir.run(&["detect", "in", "--log", "json", "-q"]).exits(1);
    let all = lines(&quiet);
    assert!(
        !all.is_empty() && all.iter().all(|l| l["level"] == "error"),
        "{all:?}"
    );
    let wrong = dir
        .run(&["blur", "in", "--log=json", "--margin", "99"])
        .exits(2);
    let all = lines(&wrong);
    assert!(
        all[0]["message"].as_str().unwrap().contains("margin 99"),
        "{all:?}"
    );
    let gone = dir.run(&["blur", "gone", "--log", "json"]).exits(2);
    assert_eq!(lines(&gone)[0]["level"], "error");
    let mut command = dir.command(&["detect", "in/a.jpg"]);
    command.env("FACEVEIL_LOG", "json");
    lines(&finish(command).exits(0));
    dir.run(&["blur", "in", "--log", "json", "--progress", "always"])
        .exits(2)
        .says("contradict");
}

#[test]
fn verify_says_it_in_json_too() {
    let dir = folder();
    dir.run(&["blur", "in/a.jpg", "-o", "out/", "--report", "r.jsonl"])
        .exits(0);
    let verified = dir
        .run(&["verify", "out", "--report", "r.jsonl", "--log", "json"])
        .exits(0);
    assert!(!lines(&verified).is_empty());
}
