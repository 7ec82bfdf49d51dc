//! Applying from the page: only what changed is written, and what `verify` says of it is shown.

use super::driver::Browser;
use super::http::Serving;
use super::page::{opened, shown};
use super::*;
use crate::sandbox::ASTRONAUT;
use std::time::SystemTime;

fn written(dir: &Sandbox, name: &str) -> SystemTime {
    let metadata = std::fs::metadata(dir.path(name)).unwrap();
    metadata.modified().unwrap()
}

#[test]
fn the_page_applies_what_changed_and_shows_the_verdict() {
    let dir = Sandbox::new();
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    dir.sample(ASTRONAUT, "in/a.jpg");
    for name in ["in/b.png", "in/c.png"] {
        dir.file(name, &png(200, 150, [60, 120, 90]));
    }
    dir.run(&["blur", "in", "-o", "out", "--report", "r.jsonl"])
        .exits(0);
    let before = ["out/a.jpg", "out/b.png", "out/c.png"].map(|name| written(&dir, name));
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    let name = "document.getElementById('name').textContent";
    for _ in 0..2 {
        if browser.eval(name) == "b.png" {
            break;
        }
        browser.keys(&[], "n");
        shown(&browser);
    }
    assert_eq!(browser.eval(name), "b.png");
    browser.keys(&[], "d");
    browser.until("document.getElementById('save').textContent === 'Save (1)'");
    browser.eval("document.getElementById('apply').click()");
    browser.eval("document.getElementById('apply-run').click()");
    let text = "document.getElementById('apply-text').textContent";
    browser.until(&format!("{text}.includes('1 written anew, 1 verified')"));
    browser.until(&format!("{text}.includes('2 were right as they were')"));
    let results = "[...document.querySelectorAll('#apply-results li')].map(l => l.className + ' ' + l.textContent)";
    assert_eq!(browser.eval(results), json!(["passed b.png: verified"]));
    let after = ["out/a.jpg", "out/b.png", "out/c.png"].map(|name| written(&dir, name));
    assert_eq!(
        (after[0], after[2]),
        (before[0], before[2]),
        "left as they were"
    );
    assert!(after[1] > before[1]);
    // The report describes the new output.
    let line = lines(&dir)
        .into_iter()
        .find(|l| l["input"] == "b.png")
        .unwrap();
    assert_eq!(line["verify"]["verdict"], "passed");
    assert_eq!(
        line["sha256"]["output"],
        json!(Digest::of(&dir.read("out/b.png")))
    );
    dir.run(&["verify", "out", "--report", "r.jsonl"]).exits(0);
    // Nothing else is left behind, and there is nothing to do now.
    assert!(
        !dir.tree()
            .iter()
            .any(|n| n.contains("applying") || n.contains("draft"))
    );
    browser.eval("document.getElementById('apply-run').click()");
    browser.until(&format!(
        "{text}.includes('0 written anew') && {text}.includes('3 were right')"
    ));
    // The output that is shown is the new one.
    browser.eval("document.querySelector('#apply-dialog .close').click()");
    browser.keys(&[], "o");
    browser.until("document.getElementById('side-label').textContent === 'Output'");
    shown(&browser);
    assert_eq!(browser.log(), json!([]));
}

#[test]
fn what_keeps_apply_from_running_is_said_on_the_page() {
    let dir = Sandbox::new();
    three(&dir);
    // A file where the output folder should be is no folder any more when it is written to.
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    std::fs::rename(dir.path("in"), dir.path("gone")).unwrap();
    browser.eval("document.getElementById('apply').click()");
    browser.eval("document.getElementById('apply-run').click()");
    let text = "document.getElementById('apply-text').textContent";
    browser.until(&format!(
        "{text}.includes('ended early') && {text}.includes('--originals')"
    ));
    assert_eq!(lines(&dir).len(), 3);
}

#[test]
fn apply_writes_only_lines_that_were_edited() {
    let dir = Sandbox::new();
    for name in ["in/a.png", "in/b.png", "in/c.png"] {
        dir.file(name, &png(200, 150, [60, 120, 90]));
    }
    dir.run(&["blur", "in", "-o", "out", "--report", "r.jsonl"])
        .exits(0);
    let names = ["out/a.png", "out/b.png", "out/c.png"];
    let apply = |report: &str, to: &str| {
        let args = [
            "apply",
            report,
            "--originals",
            "in",
            "-o",
            "out",
            "--overwrite",
        ];
        dir.run(&[&args[..], &["--report", to]].concat()).exits(0)
    };
    let first = names.map(|name| written(&dir, name));
    apply("r.jsonl", "s.jsonl").says("3 up to date");
    assert_eq!(names.map(|name| written(&dir, name)), first);
    assert_eq!(
        crate::sandbox::json_lines(&String::from_utf8(dir.read("s.jsonl")).unwrap()).len(),
        3
    );
    let mut all = lines(&dir);
    all[1]["regions"] = json!([{"shape": "box", "box": [10.0, 10.0, 50.0, 50.0]}]);
    all[1]["outcome"] = "redacted".into();
    write(&dir, &all);
    apply("r.jsonl", "s.jsonl").says("2 up to date");
    let second = names.map(|name| written(&dir, name));
    assert_eq!((second[0], second[2]), (first[0], first[2]));
    assert!(second[1] > first[1]);
    // What was applied is known: nothing is left to do, and `blur` does not undo it.
    apply("s.jsonl", "t.jsonl").says("3 up to date");
    let blur = dir.run(&["blur", "in", "-o", "out"]);
    blur.exits(1);
    assert_eq!(names.map(|name| written(&dir, name)), second);
    // An output that somebody changed is written again.
    dir.file("out/c.png", b"by hand");
    apply("s.jsonl", "t.jsonl").says("2 up to date");
    assert!(dir.read("out/c.png").len() > 100);
}
