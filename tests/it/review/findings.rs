//! What `verify` found: how it is covered, and what the list says of it.

use super::driver::{Browser, CONTROL};
use super::http::Serving;
use super::page::{comes_to, name, opened, save, shown};
use super::*;

fn finding(area: [f64; 4], reason: &str) -> Value {
    json!({"kind": "face", "box": area, "score": 0.8, "reason": reason})
}

/// Two pictures with findings, one of them with a face whose lower half shows, and one without.
pub(super) fn found(dir: &Sandbox) {
    three(dir);
    let mut all = lines(dir);
    let open = "a face of which 0 % lies under masks";
    all[0]["verify"] = json!({"verdict": "found", "findings": [
        finding([20.0, 20.0, 30.0, 40.0], open),
        finding([200.0, 30.0, 30.0, 40.0], open),
        finding([330.0, 30.0, 30.0, 40.0], open),
    ]});
    all[1]["regions"] = json!([{"shape": "box", "box": [100.0, 80.0, 60.0, 40.0]}]);
    all[1]["verify"] = json!({"verdict": "found", "findings": [
        finding([110.0, 100.0, 40.0, 40.0], "a face of which 50 % lies under masks"),
    ]});
    // A mask covers what was not taken for a face of its own.
    all[2]["rejected"] = json!([face([110.0, 90.0, 40.0, 60.0], 0.96)]);
    all[2]["regions"] = json!([{"shape": "box", "box": [100.0, 80.0, 60.0, 80.0]}]);
    all[2]["outcome"] = "redacted".into();
    write(dir, &all);
}

const SAID: &str = "document.getElementById('says').textContent";
const LEFT: &str = "document.querySelectorAll('.entry.finding').length";

#[test]
fn c_covers_one_finding_after_the_other_and_each_leaves_the_list() {
    let dir = Sandbox::new();
    found(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    assert_eq!(name(&browser), "a.png");
    let title = "document.getElementById('findings-title').textContent";
    assert_eq!(browser.eval(title), "3 to look at");
    assert_eq!(browser.eval(LEFT), 3);
    browser.keys(&[], "mcc");
    browser.until(&format!("{LEFT} === 1"));
    assert_eq!(browser.eval(title), "1 to look at");
    browser.keys(&[], "c");
    browser.until(&format!("{LEFT} === 0"));
    save(&browser);
    let regions = &lines(&dir)[0]["regions"];
    assert_eq!(regions.as_array().unwrap().len(), 4);
    // Each as large as the run's own masks: 1.43 times the face, and 1.5 on each side.
    for (i, x) in [(1, 35.0), (2, 215.0), (3, 345.0)] {
        let area: Vec<f64> = serde_json::from_value(regions[i]["box"].clone()).unwrap();
        assert!((area[0] + area[2] / 2.0 - x).abs() < 0.02, "{area:?}");
        assert!((area[2] - (30.0 * 1.43 + 3.0)).abs() < 0.02, "{area:?}");
    }
    // The list knows, too.
    browser.until("!document.getElementById('row-0').textContent.includes('verify:')");
}

#[test]
fn all_findings_of_a_picture_or_of_all_pictures_are_covered_in_one_step() {
    let dir = Sandbox::new();
    found(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    browser.keys(&[], "f");
    browser.until(&format!("{SAID} === '3 places will be covered.'"));
    browser.until(&format!("{LEFT} === 0"));
    browser.keys(&[], "u");
    browser.until(&format!("{LEFT} === 3"));
    browser.keys(&[], "F");
    browser.until(&format!(
        "{SAID}.startsWith('Findings covered in 2 pictures')"
    ));
    browser.until("document.getElementById('save').textContent === 'Save (2)'");
    browser.keys(&[], "u");
    browser.until("document.getElementById('save').textContent === 'Save'");
    browser.keys(&[], "U");
    save(&browser);
    let after = lines(&dir);
    let count = |i: usize| after[i]["regions"].as_array().unwrap().len();
    assert_eq!([0, 1, 2].map(count), [4, 2, 1]);
}

#[test]
fn writing_and_objects_are_covered_as_faces_are() {
    let dir = Sandbox::new();
    three(&dir);
    let mut all = lines(&dir);
    let found = |kind: &str, x: f64, what: &str| {
        let mut finding = finding([x, 30.0, 60.0, 20.0], what);
        finding["kind"] = kind.into();
        finding
    };
    all[0]["verify"] = json!({"verdict": "found", "findings": [
        found("text", 20.0, "writing of which 0 % lies under masks"),
        found("object", 220.0, "an object (screen) of which 0 % lies under masks"),
    ]});
    write(&dir, &all);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    let said = "document.getElementById('findings-list').innerText";
    let entries = "writing, not covered\nan object, not covered";
    assert_eq!(
        browser.eval(&format!("{said}.replace(/\\n+/g, '\\n').trim()")),
        entries
    );
    browser.keys(&[], "mcc");
    browser.until(&format!("{LEFT} === 0"));
    browser.until("document.getElementById('findings').hidden");
    browser.keys(&[], "uuf");
    browser.until("document.getElementById('findings').hidden");
    save(&browser);
    let regions = &lines(&dir)[0]["regions"];
    let shapes = [0, 1, 2].map(|i| regions[i]["shape"].as_str().unwrap().to_owned());
    assert_eq!(shapes, ["ellipse", "box", "box"]);
    browser.until("!document.getElementById('row-0').textContent.includes('verify:')");
}

#[test]
fn the_list_says_which_part_of_a_face_shows_and_nothing_of_covered_ones() {
    let dir = Sandbox::new();
    found(&dir);
    let serving = Serving::start(&dir, &USUAL);
    let items = serving.get("list").json()["items"].clone();
    let row = |id: u64| {
        let all = items.as_array().unwrap();
        all.iter().find(|i| i["id"] == id).unwrap().clone()
    };
    assert_eq!(row(0)["why"], "verify: a face, not covered, and 2 more");
    assert_eq!(
        row(1)["why"],
        "verify: a face, 50 % covered, its lower part shows"
    );
    assert_eq!(row(2)["why"], "1 region");
    assert_eq!([0, 1, 2].map(|i| row(i)["findings"].clone()), [3, 1, 0]);
}

#[test]
fn after_apply_verify_passes_what_c_covered() {
    let dir = Sandbox::new();
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    dir.sample(crate::sandbox::ASTRONAUT, "in/a.jpg");
    dir.run(&["blur", "in", "-o", "out", "--report", "r.jsonl"])
        .exits(0);
    // As if the face had not been covered, and `verify` had found it.
    let mut all = lines(&dir);
    let area = all[0]["faces"][0]["box"].clone();
    all[0]["regions"] = json!([]);
    all[0]["verify"] = json!({"verdict": "found", "findings": [{"kind": "face", "box": area, "reason": "a face"}]});
    write(&dir, &all);
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    browser.keys(&[], "f");
    browser.until(&format!("{LEFT} === 0"));
    save(&browser);
    let args = [
        "apply",
        "r.jsonl",
        "--originals",
        "in",
        "-o",
        "out",
        "--overwrite",
    ];
    dir.run(&[&args[..], &["--report", "s.jsonl", "--verify"]].concat())
        .exits(0);
}

/// Keeps only what was seen.
#[test]
fn a_key_that_is_held_keeps_one_picture_and_none_that_cannot_be_shown() {
    let dir = Sandbox::new();
    three(&dir);
    let mut all = lines(&dir);
    all[2]["width"] = 0.into();
    all[2]["height"] = 0.into();
    all[2]["frames"] = 0.into();
    all[2]["outcome"] = "failed".into();
    all[2]["error"] = "it cannot be decoded".into();
    write(&dir, &all);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    let kept = "document.getElementById('progress-text').textContent";
    browser.hold('k', 12);
    browser.until(&format!("{kept} === '1 of 3 kept'"));
    comes_to(&browser, "a.png");
    browser.keys(&[], "k");
    browser.until(&format!("{kept} === '2 of 3 kept'"));
    browser.until("document.getElementById('name').textContent === 'sub/c.png'");
    browser.until("document.getElementById('trouble').textContent === 'it cannot be decoded'");
    browser.keys(&[], "k");
    browser.until(&format!("{SAID}.startsWith('There is no picture to show')"));
    assert_eq!(browser.eval(kept), "2 of 3 kept");
    browser.keys(&[CONTROL], "s");
    browser.until("document.getElementById('save').textContent === 'Save'");
    let reviewed: Vec<bool> = lines(&dir).iter().map(|l| l["reviewed"] == true).collect();
    assert_eq!(reviewed, [true, true, false]);
}

#[test]
fn what_will_be_published_is_shown_and_boxes_can_be_hidden() {
    let dir = Sandbox::new();
    three(&dir);
    let mut all = lines(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let style = json!({"name": "solid", "irreversible": true, "color": "102030"});
    all.iter_mut().for_each(|l| l["style"] = style.clone());
    write(&dir, &all);
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    let label = "document.getElementById('side-label').textContent";
    let source = "document.getElementById('picture').getAttribute('src')";
    browser.keys(&[], "o");
    browser.until(&format!(
        "{label} === 'Output' && {source}.includes('side=output')"
    ));
    shown(&browser);
    // What was changed is not in the output yet: it is made by the code that `apply` uses.
    browser.keys(&[], "d");
    browser.until(&format!(
        "{label} === 'After apply' && {source}.includes('side=preview')"
    ));
    shown(&browser);
    let pixel = "(i => { const c = document.createElement('canvas'); c.width = i.naturalWidth; c.height = i.naturalHeight; \
        const x = c.getContext('2d'); x.drawImage(i, 0, 0); return [...x.getImageData(c.width / 2, c.height / 2, 1, 1).data]; })(document.getElementById('picture'))";
    let middle: Vec<i64> = serde_json::from_value(browser.eval(pixel)).unwrap();
    for (is, wanted) in middle.iter().zip([0x10, 0x20, 0x30]) {
        assert!((is - wanted).abs() < 12, "{middle:?}");
    }
    let drawn = "document.querySelectorAll('#boxes .mark').length";
    assert_eq!(browser.eval(drawn), 2);
    browser.keys(&[], "h");
    assert_eq!(browser.eval(drawn), 0);
    browser.keys(&[], "h");
    assert_eq!(browser.eval(drawn), 2);
    browser.keys(&[], "u");
    browser.until(&format!("{label} === 'Output'"));
}
