//! Small windows and fingers.

use super::driver::Browser;
use super::findings::found;
use super::http::Serving;
use super::page::{opened, shown};
use super::tracks::{at, clip};
use super::*;

/// Whether all of these lie in the window.
fn reachable(ids: &[&str]) -> String {
    format!(
        "{ids:?}.every(id => (r => r.width > 0 && r.left >= 0 && r.top >= 0 && r.right <= \
         innerWidth && r.bottom <= innerHeight)\
         (document.getElementById(id).getBoundingClientRect()))"
    )
}

#[test]
fn what_every_picture_needs_is_in_sight_in_small_windows() {
    let dir = Sandbox::new();
    three(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    // 200 % zoom of 1440x900 and 1366x768, a telephone upright and on its side.
    for (width, height) in [(720, 450), (683, 384), (400, 850), (850, 400), (360, 640)] {
        browser.resize(width, height, false);
        browser.until(&reachable(&[
            "keep", "next", "add", "previous", "output", "stage",
        ]));
        let fits = "document.documentElement.scrollWidth <= innerWidth";
        assert_eq!(browser.eval(fits), true, "{width}x{height}");
        let tall = "document.getElementById('stage').clientHeight";
        assert!(
            browser.eval(tall).as_u64().unwrap() >= 170,
            "{width}x{height}"
        );
        // Also when the rest was scrolled to.
        browser.eval("(scrollTo(0, 9999), 0)");
        browser.until(&reachable(&["keep", "next", "add"]));
        browser.eval("(scrollTo(0, 0), 0)");
    }
}

#[test]
fn on_a_telephone_the_chosen_box_is_dealt_with_beside_the_picture() {
    let dir = Sandbox::new();
    found(&dir);
    let Some(browser) = Browser::start(400, 850) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    browser.until(&reachable(&["near-none"]));
    browser.keys(&[], "m");
    browser.until(&reachable(&["cover", "stage", "keep"]));
    browser.keys(&[], "cm");
    browser.until("document.getElementById('details-title').textContent === 'Found by verify'");
    // The list of pictures is there on request, and gone when one is chosen.
    browser.eval("document.getElementById('toggle-list').click()");
    browser.until("document.getElementById('side').offsetParent !== null");
    browser.eval("document.getElementById('row-1').click()");
    browser.until("document.getElementById('side').offsetParent === null");
    browser.until("document.getElementById('name').textContent === 'b.png'");
    // In a large window its buttons are with its numbers.
    browser.resize(1280, 800, false);
    browser.keys(&[], "m");
    browser.until(&reachable(&["cover", "stage"]));
    browser.until("document.getElementById('details').contains(document.getElementById('cover'))");
}

#[test]
fn on_a_telephone_the_timeline_and_follow_are_in_sight_with_the_picture() {
    let dir = Sandbox::new();
    if !clip(&dir) {
        return;
    }
    let Some(browser) = Browser::start(400, 850) else {
        return;
    };
    for touch in [false, true] {
        browser.resize(400, 850, touch);
        let serving = Serving::start(&dir, &["r.jsonl"]);
        browser.open(&serving.address);
        at(&browser, 10);
        browser.keys(&[], "mm");
        browser.until("document.getElementById('details-title').textContent === 'Track 0'");
        browser.until(&reachable(&[
            "stage",
            "spans",
            "lanes",
            "frame",
            "play",
            "next-span",
            "follow",
            "delete",
        ]));
    }
}

#[test]
fn a_finger_moves_the_view_two_zoom_and_drawing_is_a_mode() {
    let dir = Sandbox::new();
    three(&dir);
    let Some(browser) = Browser::start_chromium(400, 800) else {
        return;
    };
    browser.resize(400, 800, true);
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    let small = "[...document.querySelectorAll('button, select, input:not([type=checkbox])')] \
        .filter(e => e.offsetParent && (e.offsetHeight < 44 || e.offsetWidth < 44)).map(e => e.id)";
    assert_eq!(browser.eval(small), json!([]));
    let rect = "(r => [r.left, r.top, r.width, r.height])(document.getElementById('picture').getBoundingClientRect())";
    let place = || -> [f64; 4] { serde_json::from_value(browser.eval(rect)).unwrap() };
    let entries = "document.querySelectorAll('.entry').length";
    let before = place();
    let middle = [before[0] + before[2] / 2.0, before[1] + before[3] / 2.0];
    // Nothing is drawn by a finger that passes over.
    browser.fingers(&[([middle[0], middle[1]], [middle[0] + 60.0, middle[1] + 5.0])]);
    assert_eq!(browser.eval(entries), 1);
    let apart = |d: f64| [[middle[0] - d, middle[1]], [middle[0] + d, middle[1]]];
    browser.fingers(&[
        (apart(30.0)[0], apart(90.0)[0]),
        (apart(30.0)[1], apart(90.0)[1]),
    ]);
    let near = place();
    assert!(
        (near[2] / before[2] - 3.0).abs() < 0.3,
        "{before:?} {near:?}"
    );
    browser.fingers(&[([middle[0], middle[1]], [middle[0] + 50.0, middle[1]])]);
    let moved = place();
    assert!(
        (moved[0] - near[0] - 50.0).abs() < 12.0,
        "{near:?} {moved:?}"
    );
    assert_eq!(browser.eval(entries), 1);
    // A tap chooses what is under it.
    browser.eval("document.getElementById('fit').click()");
    let whole = place();
    let scale = whole[2] / 400.0;
    let at = [whole[0] + 130.0 * scale, whole[1] + 120.0 * scale];
    browser.fingers(&[(at, at)]);
    browser.until("!document.getElementById('details').hidden");
    // Drawing is a mode.
    browser.eval("document.getElementById('draw').click()");
    let to = [whole[0] + 350.0 * scale, whole[1] + 280.0 * scale];
    let from = [whole[0] + 250.0 * scale, whole[1] + 200.0 * scale];
    browser.fingers(&[(from, to)]);
    browser.until(&format!("{entries} === 2"));
    assert_eq!(browser.log(), json!([]));
}

#[test]
fn the_wheel_zooms_within_bounds() {
    let dir = Sandbox::new();
    three(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    let rect = "(r => [r.left, r.top, r.width, r.height])(document.getElementById('picture').getBoundingClientRect())";
    let place = || -> [f64; 4] { serde_json::from_value(browser.eval(rect)).unwrap() };
    let whole = place();
    let at = [whole[0] + whole[2] * 0.25, whole[1] + whole[3] * 0.25];
    browser.wheel(at, -100.0);
    let near = place();
    assert!(
        near[2] > whole[2] * 1.15 && near[2] < whole[2] * 1.6,
        "a small step"
    );
    // What was under the pointer stays there.
    let under = |p: [f64; 4]| (at[0] - p[0]) / p[2];
    assert!((under(near) - 0.25).abs() < 0.01);
    for _ in 0..60 {
        browser.wheel(at, -300.0);
    }
    // A pixel of the picture is 32 of the screen at most.
    let most = place();
    assert!((most[2] / 400.0 - 32.0).abs() < 0.5, "{most:?}");
    for _ in 0..60 {
        browser.wheel(at, 300.0);
    }
    assert!((place()[2] - whole[2]).abs() < 1.0);
    shown(&browser);
}
