//! Ctrl-C in the middle of a run.
#![cfg(unix)]

use crate::sandbox::{ASTRONAUT, Sandbox, json_lines, lines_of};
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn an_interrupted_run_leaves_whole_files_and_no_temporary_and_says_so() {
    let dir = Sandbox::new();
    for i in 0..60 {
        dir.sample(ASTRONAUT, format!("in/{i:02}.jpg"));
    }
    let mut child = dir
        .command(&[
            "blur",
            "in",
            "-o",
            "out",
            "--report",
            "r.jsonl",
            "--audit",
            "audit.jsonl",
            "-j",
            "2",
        ])
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !dir.path("out/00.jpg").exists() {
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "nothing is written"
        );
        assert!(child.try_wait().unwrap().is_none(), "ended early");
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("not started"), "{said}");

    let outputs: Vec<String> = dir
        .tree()
        .into_iter()
        .filter(|n| n.starts_with("out/") && n != "out/")
        .collect();
    assert!(outputs.len() < 60);
    for name in &outputs {
        assert!(name.ends_with(".jpg") && !name.contains("/."), "{name}");
        assert!(dir.read(name).ends_with(&[0xff, 0xd9]), "{name} is whole");
    }
    let lines = json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap());
    let written = lines.iter().filter(|l| l["output"].is_string()).count();
    assert_eq!(written, outputs.len(), "the report knows every output");
    let audit = lines_of(&dir.read("audit.jsonl"));
    assert_eq!(audit.len(), lines.len() + 2, "a head, the files, an end");
    let end = audit.last().unwrap();
    assert_eq!(
        (&end["exit"], &end["summary"]["interrupted"]),
        (&130.into(), &true.into())
    );
    // What was written is known, and the rest is done.
    let again = dir.run(&["blur", "in", "-o", "out"]).exits(0);
    again.says(&format!(
        "60 files, {} written, {written} up to date",
        60 - written
    ));
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_that_ignores_a_hangup_goes_on() {
    let dir = Sandbox::new();
    for i in 0..8 {
        dir.sample(ASTRONAUT, format!("in/{i}.jpg"));
    }
    let run = dir.command(&["blur", "in", "-o", "out", "-j", "1"]);
    let mut child = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(run.get_program())
        .args(run.get_args())
        .current_dir(run.get_current_dir().unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !dir.path("out/0.jpg").exists() {
        assert!(start.elapsed() < Duration::from_secs(120));
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = Command::new("kill")
        .args(["-HUP", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(dir.path("out/7.jpg").exists());
}
