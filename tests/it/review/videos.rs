//! Videos in the page: frames, tracks and spans. The clip is made by the ffmpeg on the PATH; where
//! there is none the test says so and passes.

use super::driver::{Browser, CONTROL};
use super::http::Serving;
use super::*;

#[test]
fn a_video_is_stepped_through_and_covered_for_a_span_of_frames() {
    let dir = Sandbox::new();
    let Some(browser) = Browser::start(1280, 800) else {
        return;
    };
    let source = "testsrc2=s=320x180:r=25:d=2";
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", source])
        .args([
            "-c:v", "libx264", "-bf", "3", "-g", "12", "-pix_fmt", "yuv420p", "a.mp4",
        ])
        .current_dir(dir.path(""))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("FACEVEIL_REQUIRE_FFMPEG").is_none());
        eprintln!("skipped: no ffmpeg on the PATH");
        return;
    }
    let mut video = line("a.mp4", 320, 180, &dir.read("a.mp4"), None);
    video["frames"] = 50.into();
    video["backend"] = "embedded".into();
    video["outcome"] = "redacted".into();
    video["tracks"] = json!([{"first": 0, "last": 49, "seen": 50, "between": 0, "beyond": 0}]);
    let region = |first: usize, last: usize| json!({"track": 0, "frames": [first, last], "shape": "ellipse", "box": [10 + first, 10, 30, 40]});
    let regions: Vec<Value> = (0..10).map(|i| region(5 * i, 5 * i + 4)).collect();
    video["regions"] = json!(regions);
    video["spans"] =
        json!([{"first": 20, "last": 24, "seconds": [0.8, 0.96], "box": [1, 1, 9, 9]}]);
    write(&dir, &[video]);
    let serving = Serving::start(&dir, &["r.jsonl"]);
    browser.open(&serving.address);
    // It opens where a face may show.
    let frame = "document.getElementById('frame').value";
    browser.until(&format!("{frame} === '20'"));
    let drawn = |n: usize| {
        browser.until(&format!(
            "{frame} === '{n}' && document.getElementById('picture').src.includes('frame={n}&')"
        ));
    };
    drawn(20);
    browser.keys(&[], "..");
    drawn(22);
    browser.keys(&[], ",");
    drawn(21);
    browser.keys(&[], "<");
    drawn(11);
    browser.until("document.querySelectorAll('.bar').length === 2");
    // Frames are the video's, and differ.
    let picture = |n: usize| serving.get(&format!("picture/0?frame={n}&longest=320"));
    let (a, b) = (picture(11), picture(12));
    assert_eq!((a.status, b.status), (200, 200));
    assert!(a.body != b.body && picture(11).body == a.body);
    assert_eq!(picture(50).status, 404);
    // A new box lasts a second, and ends where it is set to.
    browser.keys(&[], "d.....]");
    drawn(16);
    browser.until("document.getElementById('span-last').value === '16'");
    browser.keys(&[CONTROL], "s");
    browser.until("document.getElementById('says').textContent.startsWith('Saved')");
    let saved = &lines(&dir)[0]["regions"];
    assert_eq!(saved.as_array().unwrap().len(), 11);
    assert_eq!(saved[10]["frames"], json!([11, 16]));
    // It is a track of its own.
    assert_eq!(saved[10]["track"], 1);
    // One run of a track, then all of it.
    browser.keys(&[], "\u{e00c}");
    browser.eval("document.querySelector('.entry.region').click()");
    browser.until("document.getElementById('details-title').textContent === 'Track 0'");
    browser.eval("document.getElementById('delete').click()");
    browser.keys(&[CONTROL], "s");
    browser.until("document.getElementById('save').textContent === 'Save'");
    assert_eq!(lines(&dir)[0]["regions"].as_array().unwrap().len(), 10);
    browser.keys(&[], "<");
    drawn(6);
    browser.eval("document.querySelector('.entry.region').click()");
    browser.eval("document.getElementById('delete-track').click()");
    browser.keys(&[CONTROL], "s");
    browser.until("document.getElementById('save').textContent === 'Save'");
    let left = &lines(&dir)[0]["regions"];
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(left[0]["frames"], json!([11, 16]));
    assert_eq!(browser.log(), json!([]));
}
