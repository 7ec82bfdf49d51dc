//! The page in a browser: what a person does, and what the report says afterwards.

use super::driver::{Browser, CONTROL, DELETE, DOWN, RIGHT, SHIFT};
use super::http::Serving;
use super::*;
use crate::sandbox::ASTRONAUT;
use std::time::{Duration, Instant};

/// The page of a report, when its first picture is there.
#[track_caller]
pub(super) fn opened(browser: &Browser, serving: &Serving) {
    browser.open(&serving.address);
    browser.until("document.documentElement.dataset.ready");
    shown(browser);
}

#[track_caller]
pub(super) fn shown(browser: &Browser) {
    browser.until(
        "(p => p.src && p.complete && p.naturalWidth)(document.getElementById('picture')) \
         && !document.getElementById('stage').classList.contains('loading')",
    );
}

pub(super) fn name(browser: &Browser) -> String {
    let name = browser.eval("document.getElementById('name').textContent");
    name.as_str().unwrap().to_owned()
}

#[track_caller]
pub(super) fn comes_to(browser: &Browser, name: &str) {
    browser.until(&format!(
        "document.getElementById('name').textContent === {name:?} && \
         document.title.startsWith({name:?})"
    ));
    shown(browser);
}

#[track_caller]
pub(super) fn save(browser: &Browser) {
    browser.keys(&[CONTROL], "s");
    browser.until(
        "document.getElementById('save').textContent === 'Save' && \
        document.getElementById('says').textContent.startsWith('Saved')",
    );
}

#[test]
fn everything_can_be_done_with_the_keyboard_and_is_saved() {
    let dir = Sandbox::new();
    three(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    // The weakest face first, then what was nearly one, then where nothing was seen.
    let order =
        browser.eval("[...document.querySelectorAll('.row .name')].map(n => n.textContent)");
    assert_eq!(order, json!(["b.png", "a.png", "sub/c.png"]));
    assert_eq!(name(&browser), "b.png");
    browser.keys(&[], "k");
    comes_to(&browser, "a.png");
    // The rejected one comes first among the boxes; it is covered, moved and made larger.
    browser.keys(&[], "m");
    let said = "document.getElementById('says').textContent";
    browser.until(&format!("{said}.startsWith('Perhaps a face, score 0.20')"));
    browser.keys(&[], "c");
    browser.until(&format!("{said} === 'This place will be covered.'"));
    browser.eval("document.getElementById('stage').focus()");
    browser.keys(&[], &format!("{RIGHT}{RIGHT}{DOWN}"));
    browser.keys(&[SHIFT], &RIGHT.to_string());
    browser.keys(&[], "s");
    // A box in the middle, deleted and brought back.
    browser.keys(&[], "d");
    browser.keys(&[], &DELETE.to_string());
    browser.until("document.querySelectorAll('.entry').length === 2");
    browser.keys(&[], "u");
    browser.until("document.querySelectorAll('.entry').length === 3");
    assert_eq!(
        browser.eval("document.getElementById('save').textContent"),
        "Save (2)"
    );
    save(&browser);
    let after = lines(&dir);
    // 20 by 24 at 300, 200, grown as the other masks are, by 1.43 and 1.5 on each side: 31.6 by
    // 37.32; three steps of 3 pixels, one of width.
    let covered = json!({"shape": "box", "box": [300.2, 196.34, 34.6, 37.32]});
    let drawn = json!({"shape": "ellipse", "box": after[0]["regions"][2]["box"]});
    let first = json!({"shape": "ellipse", "box": [100.0, 80.0, 60.0, 80.0]});
    assert_eq!(after[0]["regions"], json!([first, covered, drawn]));
    let middle = &drawn["box"];
    assert_eq!(
        [0, 1].map(|i| middle[i].as_f64().unwrap() + middle[i + 2].as_f64().unwrap() / 2.0),
        [200.0, 150.0]
    );
    assert_eq!(after[1]["reviewed"], true);
    assert_eq!(after[0].get("reviewed"), None);
    // What was saved can be taken back as well.
    for _ in 0..20 {
        browser.keys(&[CONTROL], "z");
    }
    browser.until("document.getElementById('undo').disabled");
    save(&browser);
    assert_eq!(lines(&dir)[0]["regions"], json!([first]));
    assert_eq!(lines(&dir)[1].get("reviewed"), None);
    assert_eq!(
        browser.log(),
        json!([]),
        "nothing was refused by the page's policy"
    );
}

#[test]
fn a_place_is_covered_moved_and_resized_with_the_mouse() {
    let dir = Sandbox::new();
    three(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    browser.keys(&[], "nn");
    comes_to(&browser, "sub/c.png");
    let rect = "(r => [r.left, r.top, r.width])(document.getElementById('picture').getBoundingClientRect())";
    let rect: Vec<f64> = serde_json::from_value(browser.eval(rect)).unwrap();
    let at = |x: f64, y: f64| {
        let scale = rect[2] / 400.0;
        [rect[0] + x * scale, rect[1] + y * scale]
    };
    let near = |got: &Value, wanted: [f64; 4]| {
        for (got, wanted) in got.as_array().unwrap().iter().zip(wanted) {
            assert!(
                (got.as_f64().unwrap() - wanted).abs() < 2.0,
                "{got} and not {wanted}"
            );
        }
    };
    browser.drag(at(100.0, 50.0), at(180.0, 150.0));
    browser.until("document.querySelectorAll('.entry').length === 1");
    save(&browser);
    near(
        &lines(&dir)[2]["regions"][0]["box"],
        [100.0, 50.0, 80.0, 100.0],
    );
    browser.drag(at(140.0, 100.0), at(240.0, 120.0));
    save(&browser);
    near(
        &lines(&dir)[2]["regions"][0]["box"],
        [200.0, 70.0, 80.0, 100.0],
    );
    browser.drag(at(280.0, 170.0), at(300.0, 200.0));
    save(&browser);
    near(
        &lines(&dir)[2]["regions"][0]["box"],
        [200.0, 70.0, 100.0, 130.0],
    );
    // A click beside it chooses nothing, and draws nothing.
    browser.drag(at(20.0, 20.0), at(21.0, 21.0));
    browser.until("document.getElementById('details').hidden");
    assert_eq!(
        browser.eval("document.querySelectorAll('.entry').length"),
        1
    );
}

#[test]
fn after_apply_only_the_place_that_was_edited_differs() {
    let dir = Sandbox::new();
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    dir.sample(ASTRONAUT, "in/a.jpg");
    dir.run(&["blur", "in", "-o", "out", "--report", "r.jsonl"])
        .exits(0);
    let before = dir.read("out/a.jpg");
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    // A box of 128 pixels in the middle, moved to the lower left, away from the face.
    browser.eval("document.getElementById('stage').focus()");
    browser.keys(&[], "d");
    for (field, value) in [("x", 40), ("y", 380), ("w", 64), ("h", 48)] {
        browser.eval(&format!(
            "(f => {{ f.value = {value}; f.dispatchEvent(new Event('change', {{bubbles: true}})); }})(document.getElementById('box-{field}'))"
        ));
    }
    save(&browser);
    browser.eval("document.getElementById('apply').click()");
    let command = browser.eval("document.getElementById('apply-command').textContent");
    let words: Vec<&str> = command.as_str().unwrap().split(' ').collect();
    assert_eq!(words[..3], ["faceveil", "apply", "r.jsonl"]);
    dir.run(&words[1..]).exits(0);
    let after = dir.read("out/a.jpg");
    assert!(before != after);
    dir.run(&["verify", "out", "--report", "r.applied.jsonl"])
        .says("0 to look at");
    let pixels = |bytes: &[u8]| {
        let photo = faceveil::Photo::read(
            bytes,
            &faceveil::ReadOptions::new().limits(faceveil::Limits::default()),
        )
        .unwrap();
        photo.to_rgba().1
    };
    let (old, new) = (pixels(&before), pixels(&after));
    let mut changed = 0;
    for (i, (a, b)) in old.chunks(4).zip(new.chunks(4)).enumerate() {
        let (x, y) = (i % 512, i / 512);
        // Blocks of 16 pixels, since colour is stored at half the size, and what is interpolated
        // from them.
        let inside = (30..114).contains(&x) && (366..434).contains(&y);
        assert!(inside || a == b, "{x}, {y} differs");
        changed += usize::from(a != b);
    }
    assert!(changed > 64 * 48 / 2, "{changed}");
}

#[test]
fn a_name_with_markup_in_it_is_shown_as_it_is() {
    let dir = Sandbox::new();
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let bytes = png(40, 30, [10, 20, 30]);
    let name = "<img src=x onerror=document.title='owned'>\"'&amp;.png";
    dir.file(Path::new("in").join(name), &bytes);
    let mut first = line(name, 40, 30, &bytes, None);
    let found = json!({"kind": "uncovered", "box": [1, 1, 9, 9], "score": 0.5, "reason": "<script>document.title='owned'</script>"});
    first["verify"] = json!({"verdict": "found", "findings": [found]});
    let mut second = line("gone.png", 40, 30, &bytes, None);
    second["outcome"] = "failed".into();
    second["error"] = "<img src=x onerror=document.title='owned'>".into();
    second["width"] = 0.into();
    second["height"] = 0.into();
    second["frames"] = 0.into();
    write(&dir, &[first, second]);
    let serving = Serving::start(&dir, &["r.jsonl", "--originals", "in"]);
    opened(&browser, &serving);
    assert_eq!(super::page::name(&browser), name);
    browser.keys(&[], "m");
    browser.until("document.getElementById('details-text').textContent.startsWith('<script>')");
    let title = "document.getElementById('details-title').textContent";
    assert_eq!(browser.eval(title), "Found by verify");
    browser.keys(&[], "n");
    browser.until("document.getElementById('trouble').textContent.startsWith('<img')");
    let title = browser.eval("document.title");
    assert_eq!(title, "gone.png – faceveil review");
    assert_eq!(browser.eval("document.images.length"), 4);
}

#[test]
fn two_thousand_pictures_are_as_quick_as_twenty() {
    let dir = Sandbox::new();
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let bytes = png(64, 48, [60, 120, 90]);
    let all: Vec<Value> = (0..2000)
        .map(|i| {
            let name = format!("{i:04}.png");
            dir.file(Path::new("in").join(&name), &bytes);
            line(&name, 64, 48, &bytes, None)
        })
        .collect();
    write(&dir, &all);
    let serving = Serving::start(&dir, &["r.jsonl", "--originals", "in"]);
    let start = Instant::now();
    opened(&browser, &serving);
    let loaded = start.elapsed();
    let rows = "document.querySelectorAll('.row').length";
    assert!(browser.eval(rows).as_u64().unwrap() < 60);
    let start = Instant::now();
    browser.keys(&[], &"n".repeat(50));
    comes_to(&browser, "0050.png");
    let stepped = start.elapsed();
    let start = Instant::now();
    browser.eval("document.getElementById('list').focus()");
    browser.keys(&[], "\u{e010}");
    comes_to(&browser, "1999.png");
    let jumped = start.elapsed();
    assert!(browser.eval(rows).as_u64().unwrap() < 60);
    let selected = "document.querySelector('.row[aria-selected=true]')";
    assert_eq!(
        browser.eval(&format!("{selected}.getAttribute('aria-posinset')")),
        "2000"
    );
    assert_eq!(
        browser.eval(&format!("{selected}.getAttribute('aria-setsize')")),
        "2000"
    );
    eprintln!(
        "2000 pictures: loaded in {loaded:?}, 50 steps in {stepped:?}, to the end in {jumped:?}"
    );
    let bound = Duration::from_secs(20);
    assert!(loaded < bound && stepped < bound && jumped < bound);
}

#[test]
fn a_screen_reader_finds_names_roles_and_what_was_said() {
    let dir = Sandbox::new();
    three(&dir);
    let Some(browser) = Browser::start(400, 850) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    // Everything that can be operated has a name.
    let nameless = "[...document.querySelectorAll('button, input, select, [role=listbox], [role=application]')] \
        .filter(e => !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.hasAttribute('aria-labelledby'))) \
        .map(e => e.id)";
    assert_eq!(browser.eval(nameless), json!([]));
    for (what, expected) in [
        ("document.documentElement.lang", "en"),
        (
            "document.querySelector('#says').getAttribute('aria-live')",
            "polite",
        ),
        (
            "document.querySelector('#list').getAttribute('role')",
            "listbox",
        ),
        (
            "document.querySelector('#list').getAttribute('aria-activedescendant')",
            "row-1",
        ),
        ("document.querySelector('#picture').alt", "b.png, 1 covered"),
    ] {
        assert_eq!(browser.eval(what), expected, "{what}");
    }
    browser.keys(&[], "m");
    browser.until(
        "document.querySelector('#says').textContent.startsWith('Covered, ellipse, \
        score 0.40, 60 × 80')",
    );
    // Nothing sticks out at the side of a small screen.
    assert_eq!(
        browser.eval("document.documentElement.scrollWidth <= innerWidth"),
        true
    );
    // Keys of one letter can be turned off.
    browser.keys(&[], "?");
    browser.until("document.getElementById('help-dialog').open");
    browser.eval("document.getElementById('keys-on').click()");
    browser.eval("document.querySelector('#help-dialog .close').click()");
    browser.keys(&[], "n");
    assert_eq!(name(&browser), "b.png");
    // Keys in a field are the field's.
    browser.eval("document.getElementById('help').click()");
    browser.eval("document.getElementById('keys-on').click()");
    browser.eval("document.querySelector('#help-dialog .close').click()");
    browser.eval("document.getElementById('box-x').focus()");
    browser.keys(&[], "n");
    assert_eq!(name(&browser), "b.png");
}

#[test]
fn the_page_says_so_when_faceveil_was_ended() {
    let dir = Sandbox::new();
    three(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    browser.keys(&[], "d");
    let before = dir.read("r.jsonl");
    browser.until("document.getElementById('save').textContent === 'Save (1)'");
    drop(serving);
    // Without a key being pressed.
    browser.until("document.getElementById('lost').textContent.includes('was ended')");
    browser.until("document.getElementById('save').disabled");
    browser.keys(&[CONTROL], "s");
    browser.until("document.getElementById('alarm').textContent.includes('does not answer')");
    assert_eq!(
        browser.eval("document.getElementById('save').textContent"),
        "Save (1)"
    );
    assert!(dir.read("r.jsonl") == before);
    // Lets the window close without asking.
    browser.keys(&[], "u");
}
