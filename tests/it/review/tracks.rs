//! Tracks of a video in the page: open spans, a person who walks, and tracks as a whole. The clip
//! is made by the ffmpeg on the PATH; where there is none a test says so and passes.

use super::driver::{Browser, SHIFT};
use super::http::Serving;
use super::page::save;
use super::*;

/// A clip of 100 frames at 25 a second with two tracks and two open spans.
pub(super) fn clip(dir: &Sandbox) -> bool {
    let made = std::process::Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=320x180:r=25:d=4",
        ])
        .args([
            "-c:v", "libx264", "-g", "12", "-pix_fmt", "yuv420p", "a.mp4",
        ])
        .current_dir(dir.path(""))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("FACEVEIL_REQUIRE_FFMPEG").is_none());
        eprintln!("skipped: no ffmpeg on the PATH");
        return false;
    }
    let mut video = line("a.mp4", 320, 180, &dir.read("a.mp4"), None);
    video["frames"] = 100.into();
    video["backend"] = "embedded".into();
    video["outcome"] = "redacted".into();
    let track = |first: usize, last: usize| json!({"first": first, "last": last, "seen": 9, "between": 0, "beyond": 0});
    video["tracks"] = json!([track(0, 29), track(50, 79)]);
    let region = |track: usize, first: usize| json!({"track": track, "frames": [first, first + 9], "shape": "ellipse", "box": [first, 20, 30, 40]});
    let runs = [(0, 0), (0, 10), (0, 20), (1, 50), (1, 60), (1, 70)];
    video["regions"] = runs.map(|(t, first)| region(t, first)).into();
    let span = |first: usize, last: usize| json!({"first": first, "last": last, "seconds": [0.1, 0.2], "box": [200, 100, 20, 20]});
    video["spans"] = json!([span(10, 24), span(82, 95)]);
    write(dir, &[video]);
    true
}

fn start(dir: &Sandbox) -> Option<(Browser, Serving)> {
    if !clip(dir) {
        return None;
    }
    let browser = Browser::start(1280, 800)?;
    let serving = Serving::start(dir, &["r.jsonl"]);
    browser.open(&serving.address);
    at(&browser, 10);
    Some((browser, serving))
}

#[track_caller]
pub(super) fn at(browser: &Browser, frame: usize) {
    browser.until(&format!(
        "document.getElementById('frame').value === '{frame}' && \
         document.getElementById('picture').src.includes('frame={frame}&')"
    ));
}

#[track_caller]
pub(super) fn go(browser: &Browser, frame: usize) {
    browser.eval(&format!(
        "(f => {{ f.value = {frame}; f.dispatchEvent(new Event('input')); }})(document.getElementById('frame'))"
    ));
    at(browser, frame);
}

/// The boxes that a track has in the report, frame by frame.
fn boxes(dir: &Sandbox, track: u64) -> Vec<(u64, [f64; 4])> {
    let line = lines(dir).remove(0);
    let mut all = Vec::new();
    for region in line["regions"].as_array().unwrap() {
        if region["track"] == track {
            let [first, last]: [u64; 2] = serde_json::from_value(region["frames"].clone()).unwrap();
            let area: [f64; 4] = serde_json::from_value(region["box"].clone()).unwrap();
            all.extend((first..=last).map(|frame| (frame, area)));
        }
    }
    all.sort_by_key(|(frame, _)| *frame);
    all
}

fn span_of(dir: &Sandbox, track: u64) -> [u64; 2] {
    let all = boxes(dir, track);
    let first = all.first().unwrap().0;
    assert!(
        all.iter()
            .enumerate()
            .all(|(i, (frame, _))| *frame == first + i as u64)
    );
    [first, all.last().unwrap().0]
}

#[test]
fn open_spans_lie_on_top_and_are_covered_whole() {
    let dir = Sandbox::new();
    let Some((browser, _serving)) = start(&dir) else {
        return;
    };
    let open = "document.querySelectorAll('#spans .bar.open').length";
    assert_eq!(browser.eval(open), 2);
    assert_eq!(
        browser.eval("document.querySelectorAll('.mark.span').length"),
        1
    );
    // Nothing lies over them.
    let on_top = "[...document.querySelectorAll('#spans .bar')].every(b => (r => document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2) === b)(b.getBoundingClientRect()))";
    assert_eq!(browser.eval(on_top), true);
    // A button for each; the keyboard finds them, too.
    browser.eval("document.querySelectorAll('#spans .bar')[1].click()");
    at(&browser, 82);
    browser.keys(&[], "c");
    browser.until(&format!("{open} === 1"));
    browser.keys(&[], "gc");
    browser.until(&format!("{open} === 0"));
    save(&browser);
    let line = lines(&dir).remove(0);
    assert_eq!(span_of(&dir, 2), [82, 95]);
    assert_eq!(span_of(&dir, 3), [10, 24]);
    // The report does not list them any more.
    assert_eq!(line.get("spans"), None);
    browser.keys(&[], "uu");
    save(&browser);
    assert_eq!(lines(&dir)[0]["spans"].as_array().unwrap().len(), 2);
}

/// What lies over its middle in its first frames is the mask of another face.
#[test]
fn a_span_that_another_mask_crosses_is_chosen_and_covered_whole() {
    let dir = Sandbox::new();
    if !clip(&dir) {
        return;
    }
    let mut line = lines(&dir).remove(0);
    let crossed = json!({"first": 20, "last": 35, "seconds": [0.8, 1.4], "box": [25, 30, 20, 20]});
    line["spans"] = json!([crossed, line["spans"][1]]);
    write(&dir, &[line]);
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let serving = Serving::start(&dir, &["r.jsonl"]);
    browser.open(&serving.address);
    at(&browser, 20);
    let open = "document.querySelectorAll('#spans .bar.open').length";
    assert_eq!(browser.eval(open), 2);
    browser.keys(&[], "g");
    at(&browser, 30);
    browser.keys(&[], "c");
    browser.until(&format!("{open} === 1"));
    browser.keys(&[], "gc");
    browser.until(&format!("{open} === 0"));
    save(&browser);
    assert_eq!(span_of(&dir, 2), [20, 35]);
    assert_eq!(span_of(&dir, 3), [82, 95]);
}

/// Draw a box, go on two seconds, move the box: three actions.
#[test]
fn a_person_who_walks_for_two_seconds_is_covered_in_three_actions() {
    let dir = Sandbox::new();
    let Some((browser, _serving)) = start(&dir) else {
        return;
    };
    let rect = "(r => [r.left, r.top, r.width])(document.getElementById('picture').getBoundingClientRect())";
    let rect: Vec<f64> = serde_json::from_value(browser.eval(rect)).unwrap();
    let on = |x: f64, y: f64| [rect[0] + x * rect[2] / 320.0, rect[1] + y * rect[2] / 320.0];
    browser.drag(on(100.0, 60.0), on(130.0, 100.0));
    go(&browser, 60);
    browser.until("document.getElementById('details-title').textContent === 'Track 2'");
    browser.until("document.querySelectorAll('.mark.ghost').length === 1");
    browser.drag(on(115.0, 80.0), on(215.0, 130.0));
    save(&browser);
    let all = boxes(&dir, 2);
    assert_eq!(span_of(&dir, 2), [10, 60]);
    for (frame, area) in &all {
        let t = (*frame as f64 - 10.0) / 50.0;
        assert!(
            (area[0] - (100.0 + 100.0 * t)).abs() < 3.0,
            "{frame} {area:?}"
        );
        assert!(
            (area[1] - (60.0 + 50.0 * t)).abs() < 3.0,
            "{frame} {area:?}"
        );
    }
    // Another keyframe in between bends the way.
    go(&browser, 35);
    browser.drag(on(165.0, 105.0), on(165.0, 60.0));
    save(&browser);
    let all = boxes(&dir, 2);
    let y = |frame: u64| all.iter().find(|(f, _)| *f == frame).unwrap().1[1];
    assert!(
        (y(35) - 40.0).abs() < 3.0 && (y(10) - 60.0).abs() < 3.0 && (y(60) - 110.0).abs() < 3.0
    );
    assert!((y(22) - 50.0).abs() < 4.0, "{}", y(22));
    // Taken back step by step.
    browser.keys(&[], "uuu");
    browser.until("document.getElementById('undo').disabled");
}

/// A hand moves the mouse a little at a time, and so do keys: what lies between is no keyframe.
#[test]
fn only_where_a_box_is_let_go_is_a_keyframe() {
    let dir = Sandbox::new();
    let Some((browser, _serving)) = start(&dir) else {
        return;
    };
    let rect = "(r => [r.left, r.top, r.width])(document.getElementById('picture').getBoundingClientRect())";
    let on = |x: f64, y: f64| {
        let rect: Vec<f64> = serde_json::from_value(browser.eval(rect)).unwrap();
        [rect[0] + x * rect[2] / 320.0, rect[1] + y * rect[2] / 320.0]
    };
    browser.drag(on(100.0, 60.0), on(130.0, 100.0));
    go(&browser, 60);
    browser.drag_in(30, on(115.0, 80.0), on(195.0, 80.0));
    go(&browser, 35);
    browser.drag_in(30, on(155.0, 80.0), on(155.0, 40.0));
    // By keys: 20 steps of 2 pixels, and as far back.
    browser.eval("document.getElementById('stage').focus()");
    browser.keys(&[], &"\u{e015}".repeat(20));
    browser.keys(&[], &"\u{e013}".repeat(20));
    save(&browser);
    let straight = |from: f64, to: f64, t: f64| from + (to - from) * t;
    for (frame, area) in boxes(&dir, 2) {
        let t = frame as f64;
        let x = straight(100.0, 180.0, (t - 10.0) / 50.0);
        let y = match frame {
            ..=35 => straight(60.0, 20.0, (t - 10.0) / 25.0),
            _ => straight(20.0, 60.0, (t - 35.0) / 25.0),
        };
        let is_there = (area[0] - x).abs() < 2.0 && (area[1] - y).abs() < 2.0;
        assert!(is_there, "{frame}: {area:?}, not {x}, {y}");
    }
}

#[test]
fn a_track_is_moved_extended_shortened_split_joined_and_deleted_as_a_whole() {
    let dir = Sandbox::new();
    let Some((browser, _serving)) = start(&dir) else {
        return;
    };
    // Its bar in the timeline is clicked.
    let bar = |key: &str| {
        let rect = format!(
            "(r => [r.left, r.top, r.width, r.height])(document.querySelector('#lanes \
             [data-key=\"{key}\"]').getBoundingClientRect())"
        );
        let r: [f64; 4] = serde_json::from_value(browser.eval(&rect)).unwrap();
        r
    };
    let title = "document.getElementById('details-title').textContent";
    let b = bar("track 0");
    let middle = [b[0] + b[2] / 2.0, b[1] + b[3] / 2.0];
    browser.drag(middle, middle);
    browser.until(&format!("{title} === 'Track 0'"));
    // Shortened and extended by its ends.
    go(&browser, 5);
    browser.keys(&[], "[");
    go(&browser, 40);
    browser.keys(&[], "]");
    save(&browser);
    assert_eq!(span_of(&dir, 0), [5, 40]);
    // With the mouse, at the end of its bar.
    let b = bar("track 0");
    let end = [b[0] + b[2] - 2.0, b[1] + b[3] / 2.0];
    browser.drag(end, [end[0] - b[2] * 10.0 / 36.0, end[1]]);
    save(&browser);
    let [first, last] = span_of(&dir, 0);
    assert!(first == 5 && (28..=32).contains(&last), "{first} {last}");
    // Moved in all its frames.
    go(&browser, 15);
    let before = boxes(&dir, 0);
    browser.keys(&[], "t");
    browser.eval("document.getElementById('stage').focus()");
    browser.keys(&[], "\u{e014}\u{e014}");
    save(&browser);
    for ((_, old), (_, new)) in before.iter().zip(boxes(&dir, 0)) {
        assert!((new[0] - old[0] - 4.0).abs() < 0.1, "{old:?} {new:?}");
    }
    browser.keys(&[], "t");
    // Split in two and joined again.
    browser.keys(&[], "x");
    save(&browser);
    assert_eq!(span_of(&dir, 0), [5, 14]);
    assert_eq!(span_of(&dir, 2)[0], 15);
    // With the track that begins at 50; what lies between is covered.
    browser.keys(&[], "j");
    save(&browser);
    assert_eq!(span_of(&dir, 2), [15, 79]);
    assert!(boxes(&dir, 1).is_empty());
    browser.keys(&[SHIFT], "\u{e017}");
    save(&browser);
    assert!(boxes(&dir, 2).is_empty() && !boxes(&dir, 0).is_empty());
    assert_eq!(browser.log(), json!([]));
}

#[test]
fn a_video_is_played_at_several_speeds_and_stepped_by_seconds() {
    let dir = Sandbox::new();
    let Some((browser, _serving)) = start(&dir) else {
        return;
    };
    browser.eval("document.getElementById('stage').focus()");
    browser.keys(&[], "\u{e00f}");
    at(&browser, 35);
    browser.keys(&[], "\u{e00e}");
    at(&browser, 10);
    browser.eval("(f => { f.value = '4'; })(document.getElementById('speed'))");
    browser.keys(&[], " ");
    browser.until("document.getElementById('play').textContent === 'Pause'");
    browser.until("Number(document.getElementById('frame').value) > 20");
    browser.keys(&[], " ");
    browser.until("document.getElementById('play').textContent === 'Play'");
    // The tracks can be had by keys alone.
    browser.eval("document.getElementById('lanes').focus()");
    browser.keys(&[], "\u{e015}");
    browser.until("document.getElementById('details-title').textContent === 'Track 0'");
    browser.keys(&[], "\u{e015}");
    browser.until("document.getElementById('details-title').textContent === 'Track 1'");
    at(&browser, 50);
}
