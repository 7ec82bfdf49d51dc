//! A person who walks, followed from one box. The clip is made of two samples by the ffmpeg on the
//! PATH, so that where the face is in each frame is known; where there is none a test says so and
//! passes.

use super::driver::{Browser, SHIFT};
use super::http::Serving;
use super::page::save;
use super::tracks::{at, go};
use super::*;
use crate::sandbox::{ASTRONAUT, COFFEE, sample};

const FRAMES: usize = 100;

/// Where the head is in a frame: it walks from left to right.
fn head(frame: usize) -> [f64; 4] {
    let n = frame as f64;
    let y = 100.0 + 30.0 * (n / 9.0).sin() + 6.0 * (n / 2.0).sin();
    [(-130.0 + 7.0 * n).trunc(), y.trunc(), 120.0, 150.0]
}

/// Where the face is.
fn face_in(frame: usize) -> [f64; 4] {
    let [x, y, ..] = head(frame);
    [x + 13.0, y + 15.0, 95.0, 118.0]
}

/// A head that walks over a table, behind a wall from this column on, if there is one; from `cut` on
/// it is another scene.
fn clip(dir: &Sandbox, wall: Option<u32>, cut: usize) -> bool {
    let wall = match wall {
        Some(x) => format!(",drawbox=x={x}:y=0:w=190:h=360:c=gray:t=fill"),
        None => String::new(),
    };
    let filter = format!(
        "[0]scale=640:360,loop=-1:1[b];[1]crop=120:150:165:45,format=rgba,geq=r='r(X,Y)':\
         g='g(X,Y)':b='b(X,Y)':a='255*lte(hypot((X-60)/58,(Y-75)/72),1)',loop=-1:1[f];\
         [b][f]overlay=x='-130+7*n':y='100+30*sin(n/9)+6*sin(n/2)'{wall},format=yuv420p,\
         hflip=enable='gte(n,{cut})',negate=enable='gte(n,{cut})'"
    );
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(sample(COFFEE))
        .arg("-i")
        .arg(sample(ASTRONAUT))
        .args(["-filter_complex", &filter, "-frames:v", &FRAMES.to_string()])
        .args(["-r", "25", "-c:v", "libx264", "-g", "25", "a.mp4"])
        .current_dir(dir.path(""))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("FACEVEIL_REQUIRE_FFMPEG").is_none());
        eprintln!("skipped: no ffmpeg on the PATH");
        return false;
    }
    let mut video = line("a.mp4", 640, 360, &dir.read("a.mp4"), None);
    video["frames"] = FRAMES.into();
    video["backend"] = "embedded".into();
    write(dir, &[video]);
    true
}

fn start(dir: &Sandbox, wall: Option<u32>, cut: usize) -> Option<(Browser, Serving)> {
    if !clip(dir, wall, cut) {
        return None;
    }
    let browser = Browser::start(1280, 800)?;
    let serving = Serving::start(dir, &["r.jsonl"]);
    browser.open(&serving.address);
    at(&browser, 0);
    Some((browser, serving))
}

/// A place of the picture in the window.
fn on(browser: &Browser, x: f64, y: f64) -> [f64; 2] {
    let rect = "(r => [r.left, r.top, r.width])(document.getElementById('picture').getBoundingClientRect())";
    let rect: [f64; 3] = serde_json::from_value(browser.eval(rect)).unwrap();
    [rect[0] + x * rect[2] / 640.0, rect[1] + y * rect[2] / 640.0]
}

fn draw(browser: &Browser, [x, y, w, h]: [f64; 4]) {
    browser.drag(on(browser, x, y), on(browser, x + w, y + h));
    browser.until("document.getElementById('details-title').textContent.startsWith('Track')");
}

#[track_caller]
fn follow(browser: &Browser) -> String {
    browser.keys(&[], "l");
    browser.until(
        "document.getElementById('follow').textContent === 'Follow' && \
         !document.getElementById('says').textContent.startsWith('Box added')",
    );
    let said = browser.eval("document.getElementById('says').textContent");
    said.as_str().unwrap().to_owned()
}

/// Share of the part of a box that is in the picture, as far as it is there, that regions cover.
fn covered(line: &Value, frame: usize, [x, y, w, h]: [f64; 4]) -> Option<f64> {
    let regions: Vec<[f64; 4]> = line["regions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|region| {
            let [first, last]: [usize; 2] =
                serde_json::from_value(region["frames"].clone()).unwrap();
            (first..=last).contains(&frame)
        })
        .map(|region| serde_json::from_value(region["box"].clone()).unwrap())
        .collect();
    let (mut all, mut inside) = (0, 0);
    for j in 0..20 {
        for i in 0..20 {
            let [u, v] = [(f64::from(i) + 0.5) / 20.0, (f64::from(j) + 0.5) / 20.0];
            let [px, py] = [x + w * u, y + h * v];
            let in_face = (2.0 * u - 1.0).hypot(2.0 * v - 1.0) <= 1.0;
            if !in_face || !(0.0..640.0).contains(&px) || !(0.0..360.0).contains(&py) {
                continue;
            }
            all += 1;
            let is_in = |[a, b, c, d]: &[f64; 4]| {
                (2.0 * (px - a) / c - 1.0).hypot(2.0 * (py - b) / d - 1.0) <= 1.0
            };
            inside += u32::from(regions.iter().any(is_in));
        }
    }
    (all > 0).then(|| f64::from(inside) / f64::from(all))
}

/// Two actions: a box, and one key.
#[test]
fn a_person_who_walks_is_covered_from_one_box() {
    let dir = Sandbox::new();
    let Some((browser, _serving)) = start(&dir, None, FRAMES) else {
        return;
    };
    go(&browser, 45);
    draw(&browser, head(45));
    let said = follow(&browser);
    assert!(said.starts_with("Followed from"), "{said}");
    save(&browser);
    let line = lines(&dir).remove(0);
    for frame in 0..FRAMES {
        if let Some(share) = covered(&line, frame, face_in(frame)) {
            assert!(share >= 0.98, "{frame}: {share} ({said})");
        }
    }
    // And little else is.
    let regions = line["regions"].as_array().unwrap();
    for region in regions {
        let area: [f64; 4] = serde_json::from_value(region["box"].clone()).unwrap();
        assert!(area[2] * area[3] < 1.7 * 120.0 * 150.0, "{region}");
        assert_eq!(region["track"], 0);
    }
    // It is one step, and what was followed is a track like others.
    browser.keys(&[], "u");
    save(&browser);
    let line = lines(&dir).remove(0);
    assert_eq!(line["regions"].as_array().unwrap().len(), 1);
    browser.keys(&[SHIFT], "U");
    go(&browser, 50);
    browser.eval("document.querySelector('.entry.region').click()");
    browser.keys(&[], "]x");
    browser.until("document.getElementById('says').textContent.includes('nothing to split') || document.getElementById('says').textContent.includes('begins here')");
    save(&browser);
    let line = lines(&dir).remove(0);
    let last = |region: &Value| region["frames"][1].as_u64().unwrap();
    assert_eq!(
        line["regions"].as_array().unwrap().iter().map(last).max(),
        Some(50)
    );
    assert_eq!(browser.log(), json!([]));
}

#[test]
fn where_a_person_is_hidden_it_stops_and_goes_on_by_hand() {
    let dir = Sandbox::new();
    let Some((browser, _serving)) = start(&dir, Some(300), FRAMES) else {
        return;
    };
    go(&browser, 35);
    draw(&browser, head(35));
    let said = follow(&browser);
    assert!(
        said.contains("not sure") && said.contains("follow on"),
        "{said}"
    );
    save(&browser);
    // It shows the frame from which on a person is needed, and none was covered after it.
    let frame = browser.eval("Number(document.getElementById('frame').value)");
    let frame = frame.as_u64().unwrap() as usize;
    let line = lines(&dir).remove(0);
    assert!((44..=62).contains(&frame), "{frame}: {said}");
    assert_eq!(covered(&line, frame, face_in(frame)), Some(0.0));
    // Up to there the face is covered, as far as it shows.
    for frame in 20..frame.min(44) {
        assert!(
            covered(&line, frame, face_in(frame)).unwrap() >= 0.98,
            "{frame}"
        );
    }
    // It comes out again at 90. The box is moved there, and is covered on the way.
    go(&browser, 92);
    browser.until("document.querySelectorAll('.mark.ghost').length === 1");
    let ghost = browser.eval(
        "(r => [r.left + r.width / 2, r.top + r.height / 2])\
         (document.querySelector('.mark.ghost').getBoundingClientRect())",
    );
    let ghost: [f64; 2] = serde_json::from_value(ghost).unwrap();
    let [x, y, w, h] = head(92);
    browser.drag(ghost, on(&browser, x + w / 2.0, y + h / 2.0));
    follow(&browser);
    save(&browser);
    let line = lines(&dir).remove(0);
    for frame in 89..FRAMES {
        let [x, y, w, h] = face_in(frame);
        // What is left of the wall's edge is hidden.
        let hidden = (490.0 - x).max(0.0);
        let share = covered(&line, frame, [x + hidden, y, w - hidden, h]);
        assert!(share.unwrap() >= 0.9, "{frame}: {share:?}");
    }
}

#[test]
fn a_cut_ends_it_and_to_this_frame_means_no_further() {
    let dir = Sandbox::new();
    let Some((browser, serving)) = start(&dir, None, 60) else {
        return;
    };
    go(&browser, 45);
    draw(&browser, head(45));
    // From the end of its track, which is here, to the frame that is shown.
    browser.keys(&[], "]");
    go(&browser, 55);
    browser.until("document.querySelectorAll('.mark.ghost').length === 1");
    let said = follow(&browser);
    assert_eq!(said, "Followed from frame 45 to frame 55.");
    browser.keys(&[], "u");
    go(&browser, 45);
    browser.eval("document.querySelector('.entry.region').click()");
    let said = follow(&browser);
    assert!(said.contains("frame 59 (another scene begins)"), "{said}");
    save(&browser);
    let line = lines(&dir).remove(0);
    let last = |region: &Value| region["frames"][1].as_u64().unwrap();
    assert_eq!(
        line["regions"].as_array().unwrap().iter().map(last).max(),
        Some(59)
    );
    // What cannot be followed is said.
    let begin = r#"{"id":0,"frame":5,"box":[700,10,40,40],"first":0,"last":9}"#;
    let refused = serving.post("follow", begin);
    assert!(refused.status == 422 && refused.text().contains("nothing in this box"));
    let begin = r#"{"id":0,"frame":5,"box":[70,10,40,40],"first":6,"last":9}"#;
    assert_eq!(serving.post("follow", begin).status, 422);
    assert_eq!(serving.post("follow", r#"{"job":99}"#).status, 422);
    assert_eq!(serving.post("follow", "{}").status, 400);
}
