//! Many pictures: searching, filters that shrink, and the grid.

use super::driver::{Browser, SHIFT};
use super::http::Serving;
use super::page::{comes_to, opened, save};
use super::*;

fn twenty(dir: &Sandbox) {
    let bytes = png(64, 48, [60, 120, 90]);
    let all: Vec<Value> = (0..20)
        .map(|i| {
            let name = format!("{}{i:02}.png", if i % 2 == 0 { "even" } else { "odd" });
            dir.file(Path::new("in").join(&name), &bytes);
            dir.file(Path::new("out").join(&name), &bytes);
            let mut line = line(&name, 64, 48, &bytes, Some(&bytes));
            line["regions"] = json!([{"shape": "box", "box": [1.0, 1.0, 9.0, 9.0]}]);
            line["outcome"] = "redacted".into();
            line
        })
        .collect();
    write(dir, &all);
}

const ROWS: &str = "document.querySelector('.row')?.getAttribute('aria-setsize')";

#[test]
fn names_are_searched_and_a_view_of_open_pictures_shrinks() {
    let dir = Sandbox::new();
    twenty(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    browser.keys(&[], "/");
    browser.keys(&[], "odd 1");
    browser.until(&format!("{ROWS} === '6'"));
    browser.until("document.getElementById('name').textContent === 'odd01.png'");
    browser.keys(&[], "\u{e007}");
    browser.eval("(f => { f.value = 'open'; f.dispatchEvent(new Event('change')); })(document.getElementById('filter'))");
    browser.eval("document.getElementById('stage').focus()");
    comes_to(&browser, "odd01.png");
    browser.keys(&[], "k");
    comes_to(&browser, "odd11.png");
    browser.until(&format!("{ROWS} === '5'"));
    browser.keys(&[], "k");
    comes_to(&browser, "odd13.png");
    browser.until(&format!("{ROWS} === '4'"));
    browser.eval("(f => { f.value = ''; f.dispatchEvent(new Event('input')); })(document.getElementById('search'))");
    browser.until(&format!("{ROWS} === '18'"));
}

#[test]
fn several_pictures_are_chosen_in_the_grid_and_changed_together() {
    let dir = Sandbox::new();
    twenty(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    browser.keys(&[], "v");
    let seen = "document.querySelectorAll('.cell.seen').length";
    browser.until(&format!("{seen} >= 12"));
    let chosen = "document.getElementById('chosen-text').textContent";
    // The first and the two after it, by keys only.
    browser.keys(&[], " ");
    browser.keys(&[SHIFT], "\u{e014}\u{e014}");
    browser.until(&format!("{chosen} === '3 chosen'"));
    browser.keys(&[], "k");
    browser.until("document.getElementById('progress-text').textContent === '3 of 20 kept'");
    browser.until(&format!("{chosen} === 'None chosen'"));
    browser.keys(&[], " ");
    browser.until(&format!("{chosen} === '1 chosen'"));
    browser.eval("document.getElementById('grid-clear').click()");
    browser.until("document.getElementById('save').textContent === 'Save (3)'");
    save(&browser);
    let after = lines(&dir);
    let kept = after.iter().filter(|l| l["reviewed"] == true).count();
    let open = after.iter().filter(|l| l["regions"] == json!([])).count();
    assert_eq!((kept, open), (3, 1));
    // One undo for all of them.
    browser.keys(&[], "uu");
    save(&browser);
    let after = lines(&dir);
    assert!(
        after
            .iter()
            .all(|l| l.get("reviewed").is_none() && l["regions"] != json!([]))
    );
    browser.keys(&[], "\u{e007}");
    browser.until("!document.getElementById('work').hidden");
}

#[test]
fn pictures_that_were_not_shown_are_not_chosen_with_all() {
    let dir = Sandbox::new();
    twenty(&dir);
    // One that cannot be shown.
    std::fs::remove_file(dir.path("in/even00.png")).unwrap();
    std::fs::remove_file(dir.path("out/even00.png")).unwrap();
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    browser.open(&serving.address);
    browser.until("document.documentElement.dataset.ready === 'yes'");
    browser.keys(&[], "v");
    browser.until("document.querySelectorAll('.cell.seen').length >= 11");
    browser.keys(&[super::driver::CONTROL], "a");
    browser.until("document.getElementById('says').textContent.includes('not shown yet')");
    browser.keys(&[], "k");
    browser.until("document.getElementById('progress-text').textContent !== '0 of 20 kept'");
    save(&browser);
    assert_eq!(lines(&dir)[0].get("reviewed"), None);
}

#[test]
fn what_is_made_ready_below_the_view_was_not_seen() {
    let dir = Sandbox::new();
    twenty(&dir);
    let Some(browser) = Browser::start(1280, 600) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    browser.open(&serving.address);
    browser.until("document.documentElement.dataset.ready === 'yes'");
    browser.keys(&[], "v");
    browser.until("document.querySelectorAll('.cell.loaded').length === 20");
    let in_sight = "(g => [...document.querySelectorAll('.cell')].map(c => c.getBoundingClientRect()) \
        .filter(c => (c.top + c.bottom) / 2 < g.bottom).length)\
        (document.getElementById('grid').getBoundingClientRect())";
    let in_sight = browser.eval(in_sight).as_u64().unwrap();
    assert!((5..20).contains(&in_sight), "{in_sight}");
    browser.keys(&[super::driver::CONTROL], "a");
    let chosen = "document.getElementById('chosen-text').textContent";
    assert_eq!(browser.eval(chosen), format!("{in_sight} chosen"));
    browser.keys(&[], "k");
    let kept = "document.getElementById('progress-text').textContent";
    browser.until(&format!("{kept} === '{in_sight} of 20 kept'"));
    // Each further page has as many others.
    for page in 2..=20u64.div_ceil(in_sight) {
        browser.keys(&[], "\u{e00f}");
        let seen = (page * in_sight).min(20);
        browser.until(&format!(
            "document.querySelectorAll('.cell.seen').length >= {seen}"
        ));
    }
    browser.keys(&[super::driver::CONTROL], "a");
    browser.keys(&[], "k");
    browser.until(&format!("{kept} === '20 of 20 kept'"));
}

#[test]
fn the_list_of_keys_is_all_that_is_printed() {
    let dir = Sandbox::new();
    twenty(&dir);
    let Some(browser) = Browser::start_chromium(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    browser.print_media(true);
    let shown = "[...document.body.children].filter(e => getComputedStyle(e).display !== 'none' && e.tagName !== 'NOSCRIPT').map(e => e.id)";
    assert_eq!(browser.eval(shown), json!(["help-dialog"]));
    browser.print_media(false);
}
