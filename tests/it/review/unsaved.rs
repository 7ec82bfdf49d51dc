//! Nothing that was done is lost: not when the program ends, and not when two windows are open.

use super::driver::Browser;
use super::http::Serving;
use super::page::{name, opened, save};
use super::*;

const WAITING: &str = "document.getElementById('save').textContent";

#[test]
fn edits_are_kept_beside_the_report_and_offered_by_the_next_run() {
    let dir = Sandbox::new();
    three(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let before = dir.read("r.jsonl");
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    browser.keys(&[], "dk");
    browser.until(&format!("{WAITING} === 'Save (1)'"));
    let start = std::time::Instant::now();
    while !std::fs::read_to_string(dir.path("r.jsonl.draft"))
        .is_ok_and(|text| text.contains("\"reviewed\":true"))
    {
        assert!(start.elapsed().as_secs() < 30, "nothing was kept");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path("r.jsonl.draft")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    }
    drop(serving);
    assert!(dir.read("r.jsonl") == before);
    // A line that was cut off says nothing.
    let torn = [dir.read("r.jsonl.draft"), b"{\"draft\":1,\"inp".to_vec()].concat();
    dir.file("r.jsonl.draft", &torn);

    let serving = Serving::start(&dir, &USUAL);
    browser.open(&serving.address);
    browser.until("document.getElementById('offer-dialog').open");
    let text = "document.getElementById('offer-text').textContent";
    assert!(
        browser
            .eval(text)
            .as_str()
            .unwrap()
            .starts_with("Changes of 1 picture")
    );
    browser.eval("document.getElementById('offer-take').click()");
    browser.until(&format!("{WAITING} === 'Save (1)'"));
    browser.until("!document.getElementById('offer-dialog').open");
    browser.until("document.querySelectorAll('.entry').length === 2");
    save(&browser);
    let line = &lines(&dir)[1];
    assert_eq!(line["regions"].as_array().unwrap().len(), 2);
    assert_eq!(line["reviewed"], true);
    assert!(!dir.path("r.jsonl.draft").exists());
}

#[test]
fn what_an_earlier_run_left_can_be_discarded() {
    let dir = Sandbox::new();
    three(&dir);
    let serving = Serving::start(&dir, &USUAL);
    let change = r#"{"changes":[{"id":0,"revision":0,"regions":[],"reviewed":true}]}"#;
    assert_eq!(serving.post("edit", change).status, 200);
    drop(serving);
    let serving = Serving::start(&dir, &USUAL);
    let list = serving.get("list").json();
    assert_eq!(list["offered"], json!([1, 0]));
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    assert_eq!(serving.post("offer", r#"{"take":false}"#).status, 200);
    assert!(!dir.path("r.jsonl.draft").exists());
    assert_eq!(serving.get("list").json()["offered"], json!([0, 0]));
}

#[test]
fn two_windows_see_each_others_edits_and_do_not_overwrite_them() {
    let dir = Sandbox::new();
    three(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    let first = browser.window();
    let second = browser.new_window();
    opened(&browser, &serving);
    assert_eq!(name(&browser), "b.png");
    browser.keys(&[], "d");
    browser.until("document.querySelectorAll('.entry').length === 2");
    browser.drive(&first);
    browser.until("document.querySelectorAll('.entry').length === 2");
    browser.until(&format!("{WAITING} === 'Save (1)'"));
    // On top of what the other one did.
    browser.keys(&[], "d");
    browser.drive(&second);
    browser.until("document.querySelectorAll('.entry').length === 3");
    save(&browser);
    assert_eq!(lines(&dir)[1]["regions"].as_array().unwrap().len(), 3);
    browser.drive(&first);
    browser.until(&format!("{WAITING} === 'Save'"));
}

#[test]
fn an_edit_of_an_older_state_is_refused() {
    let dir = Sandbox::new();
    three(&dir);
    let serving = Serving::start(&dir, &USUAL);
    let change = |revision: u32| {
        format!(r#"{{"changes":[{{"id":0,"revision":{revision},"regions":[],"reviewed":false}}]}}"#)
    };
    assert_eq!(
        serving.post("edit", &change(0)).json()["revisions"],
        json!([1])
    );
    let refused = serving.post("edit", &change(0));
    assert_eq!(refused.status, 409);
    assert!(
        refused
            .text()
            .contains("a.png was changed in another window")
    );
    // The report is as it was, and the next window says so.
    assert_eq!(lines(&dir)[0]["regions"].as_array().unwrap().len(), 1);
    let since = serving.get("since?0").json();
    assert_eq!(since["items"][0]["id"], 0);
    assert_eq!(since["items"][0]["revision"], 1);
    assert_eq!(serving.get("since?1").json()["items"], json!([]));
}
