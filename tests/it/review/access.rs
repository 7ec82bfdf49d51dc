//! What a keyboard reaches, and what a person who asked for less motion sees.

use super::driver::Browser;
use super::findings::found;
use super::http::Serving;
use super::page::opened;
use super::*;

#[test]
fn the_tab_key_reaches_everything_and_the_focus_is_seen() {
    let dir = Sandbox::new();
    found(&dir);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    browser.keys(&[], "m");
    browser.eval("(document.activeElement.blur(), 0)");
    let mut reached = Vec::new();
    for _ in 0..60 {
        browser.keys(&[], "\u{e004}");
        let seen = browser.eval(
            "(e => [e === document.body ? 'the end' : e.id || e.textContent, \
             getComputedStyle(e).outlineStyle !== 'none', \
             (r => r.width > 0 && r.bottom > 0 && r.top < innerHeight)(e.getBoundingClientRect())])(document.activeElement)",
        );
        let name = seen[0].as_str().unwrap().to_owned();
        if name == "the end" || reached.first() == Some(&name) {
            break;
        }
        assert!(name == "stage" || seen[1] == true, "{name}: no outline");
        assert_eq!(seen[2], true, "{name} is out of sight");
        reached.push(name);
    }
    for name in [
        "apply",
        "help",
        "search",
        "filter",
        "order",
        "grid-on",
        "list",
        "stage",
        "previous",
        "keep",
        "next",
        "add",
        "output",
        "hide",
        "fit",
        "cover-all",
        "marks",
        "cover",
    ] {
        assert!(reached.iter().any(|r| r == name), "{name}: {reached:?}");
    }
    // The findings, too.
    assert!(reached.iter().any(|r| r.starts_with("a face, not covered")));
}

#[test]
fn nothing_moves_for_who_asked_for_less_motion() {
    let dir = Sandbox::new();
    three(&dir);
    let Some(browser) = Browser::start_chromium(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &USUAL);
    opened(&browser, &serving);
    let duration = "getComputedStyle(document.getElementById('picture')).transitionDuration";
    assert_ne!(browser.eval(duration), "0s");
    browser.reduced_motion();
    browser.until(&format!("parseFloat({duration}) === 0"));
}
