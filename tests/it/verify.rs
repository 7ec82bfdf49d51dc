//! `faceveil verify` and `blur --verify`: what was made wrong on purpose is found, and what was
//! left as it was written passes.

use crate::sandbox::{ASTRONAUT, COFFEE, Sandbox};
use serde_json::{Value, json};
use std::fs;

/// The sample photos covered into `out`, with the report.
fn covered(more: &[&str]) -> Sandbox {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg");
    let args = ["blur", "in", "-o", "out", "--report", "r.jsonl"];
    dir.run(&[&args[..], more].concat()).exits(0);
    dir
}

fn verify(dir: &Sandbox, code: i32) -> Vec<Value> {
    let args = ["verify", "out", "--report", "r.jsonl", "--json"];
    dir.run(&args).exits(code).lines()
}

fn kinds(line: &Value) -> Vec<&str> {
    let all = line["findings"].as_array().unwrap();
    all.iter().map(|f| f["kind"].as_str().unwrap()).collect()
}

/// Changes the report's first line.
fn edit(dir: &Sandbox, change: impl FnOnce(&mut Value)) {
    let text = fs::read_to_string(dir.path("r.jsonl")).unwrap();
    let mut lines: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    change(&mut lines[0]);
    let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
    fs::write(dir.path("r.jsonl"), text).unwrap();
}

#[test]
fn an_untouched_output_passes_and_one_that_is_missing_or_broken_does_not() {
    let dir = covered(&[]);
    let lines = verify(&dir, 0);
    assert_eq!((lines.len(), &lines[0]["verdict"]), (1, &json!("passed")));
    let said = dir
        .run(&["verify", "out/a.jpg", "--report", "r.jsonl"])
        .exits(0);
    assert!(
        String::from_utf8(said.stdout)
            .unwrap()
            .contains("a.jpg  passed")
    );

    let good = dir.read("out/a.jpg");
    // A byte of the header of the frame: it does not decode.
    let at = good
        .windows(2)
        .position(|w| w == [0xff, 0xc0] || w == [0xff, 0xc2])
        .unwrap();
    let mut bad = good.clone();
    bad[at + 4] ^= 0x55;
    dir.file("out/a.jpg", &bad);
    let lines = verify(&dir, 3);
    // What has a frame of 93 bits may be in order, but nobody here can look.
    assert_eq!(kinds(&lines[0])[0], "changed", "{lines:?}");
    let is_reported = kinds(&lines[0])
        .iter()
        .any(|k| ["damaged", "not-checked"].contains(k));
    assert!(is_reported, "{lines:?}");
    // A byte in the middle of the picture.
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 0x10;
    dir.file("out/a.jpg", &bad);
    assert!(kinds(&verify(&dir, 3)[0]).contains(&"changed"));

    fs::remove_file(dir.path("out/a.jpg")).unwrap();
    assert_eq!(kinds(&verify(&dir, 3)[0]), ["missing"]);
}

#[test]
fn a_region_left_out_is_found_in_the_pixels_and_by_the_detectors() {
    let dir = covered(&["--region", "10,300,60,60"]);
    let report = dir.read("r.jsonl");
    verify(&dir, 0);
    // A file in which nothing is covered takes the place of the output, and its hash that of the
    // report's.
    dir.run(&[
        "blur",
        "in",
        "-o",
        "open",
        "--ignore",
        "0,0,9999,9999",
        "--report",
        "open.jsonl",
    ])
    .exits(0);
    let open = String::from_utf8(dir.read("open.jsonl")).unwrap();
    let open: Value = serde_json::from_str(open.lines().next().unwrap()).unwrap();
    assert_eq!(open["ignored"], json!([[0.0, 0.0, 9999.0, 9999.0]]));
    dir.file("out/a.jpg", &dir.read("open/a.jpg"));
    edit(&dir, |line| {
        line["sha256"]["output"] = open["sha256"]["output"].clone()
    });
    let lines = verify(&dir, 3);
    let found = kinds(&lines[0]);
    assert!(found.contains(&"uncovered"), "{lines:?}");
    // The report says that the face is covered, and so it would be, were it true.
    assert!(
        !found.contains(&"face") && !found.contains(&"changed"),
        "{lines:?}"
    );

    // The same with a report that does not name the face's region: the detectors find it.
    dir.file("r.jsonl", &report);
    edit(&dir, |line| {
        line["sha256"]["output"] = open["sha256"]["output"].clone();
        line["regions"] = json!([]);
    });
    let lines = verify(&dir, 3);
    assert_eq!(kinds(&lines[0]), ["face"]);
    assert!(lines[0]["findings"][0]["score"].as_f64().unwrap() > 0.5);
    // Left open on purpose, which the report says: that is nobody's mistake.
    fs::copy(dir.path("open.jsonl"), dir.path("r.jsonl")).unwrap();
    dir.run(&["verify", "out", "--report", "r.jsonl"])
        .exits(0)
        .says("left open on purpose");
}

#[test]
fn a_reversible_cover_under_the_name_of_another_is_found() {
    let dir = covered(&["--style", "gaussian"]);
    verify(&dir, 0);
    edit(&dir, |line| {
        line["style"] = json!({"name": "blur", "irreversible": true})
    });
    let lines = verify(&dir, 3);
    assert!(kinds(&lines[0]).contains(&"uncovered"), "{lines:?}");
}

#[test]
fn a_thumbnail_put_back_is_found() {
    let dir = covered(&[]);
    let good = dir.read("out/a.jpg");
    // An EXIF segment whose second directory holds a thumbnail of four bytes.
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\x0e\0\x02".to_vec();
    exif.extend(b"\x02\x01\0\x04\0\0\0\x01\0\0\0\x2c\x02\x02\0\x04\0\0\0\x01\0\0\0\x04\0\0\0\0");
    exif.extend(b"\xff\xd8\xff\xd9");
    let mut bad = good[..2].to_vec();
    bad.extend([0xff, 0xe1]);
    bad.extend((exif.len() as u16 + 2).to_be_bytes());
    bad.extend(exif);
    bad.extend(&good[2..]);
    dir.file("out/a.jpg", &bad);
    let lines = verify(&dir, 3);
    let found = kinds(&lines[0]);
    assert!(
        found.contains(&"changed") && found.contains(&"hidden"),
        "{lines:?}"
    );
    assert!(lines[0].to_string().contains("thumbnail"), "{lines:?}");
}

#[test]
fn without_a_report_nothing_passes() {
    let dir = covered(&[]);
    let ran = dir
        .run(&["verify", "out", "--json"])
        .exits(1)
        .says("without --report");
    let lines = ran.lines();
    assert_eq!(lines[0]["verdict"], "not-checked");
    assert_eq!(kinds(&lines[0]), ["not-checked"]);
    // An uncovered face is found all the same.
    let ran = dir.run(&["verify", "in", "--json"]).exits(3);
    assert!(kinds(&ran.lines()[0]).contains(&"face"));
}

#[test]
fn blur_verify_writes_the_verdict_into_the_report() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg").sample(COFFEE, "in/b.png");
    let args = ["blur", "in", "-o", "out", "--verify", "--report", "r.jsonl"];
    dir.run(&args).exits(0).says("2 verified, 0 to look at");
    let text = fs::read_to_string(dir.path("r.jsonl")).unwrap();
    for line in crate::sandbox::json_lines(&text) {
        assert_eq!(line["verify"], json!({"verdict": "passed", "findings": []}));
    }
    // Looked at again, even if there is nothing to do.
    dir.run(&args).exits(0).says("2 verified, 0 to look at");
}

#[test]
fn a_look_at_nothing_is_refused() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    dir.run(&["blur", "a.jpg", "-o", "-", "--verify"])
        .exits(2)
        .says("--verify");
    dir.run(&["blur", "a.jpg", "--dry-run", "--verify"])
        .exits(2)
        .says("--dry-run");
    dir.run(&["verify"]).exits(2);
    dir.run(&["verify", "-"]).exits(2);
    dir.run(&["verify", "a.jpg", "--report", "gone.jsonl"])
        .exits(2)
        .says("gone.jsonl");
    dir.run(&["verify", "a.jpg", "--image", "a.jpg"])
        .exits(2)
        .says("--image");
    dir.run(&["verify", "gone.jpg"]).exits(1);
    dir.run(&["verify", "a.jpg", "--onnxruntime", "x.so"])
        .exits(2)
        .says("--onnxruntime would not be used");
}

#[test]
fn a_name_that_two_outputs_share_is_reported_and_never_taken_for_a_change() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a/x.jpg").sample(COFFEE, "b/x.jpg");
    dir.file("a/notes.txt", b"text");
    let args = ["blur", "a", "b", "--report", "r.jsonl"];
    dir.run(&args)
        .exits(0)
        .says("2 inputs are called x.jpg in the report");
    // The bytes tell which line is whose, in whatever order; what else lies there is no output.
    let written = [
        &["b/x_blurred.jpg", "a/x_blurred.jpg"][..],
        &["--report", "r.jsonl"],
    ]
    .concat();
    dir.run(&[&["verify"][..], &written].concat()).exits(0);
    fs::remove_file(dir.path("a/x.jpg")).unwrap();
    fs::remove_file(dir.path("b/x.jpg")).unwrap();
    dir.run(&["verify", "b", "a", "--report", "r.jsonl"])
        .exits(0)
        .says("; 1 other file left alone");
    let ran = dir
        .run(&["verify", "a", "--report", "r.jsonl", "--json"])
        .exits(1);
    let lines = ran.lines();
    assert_eq!(lines[0]["verdict"], "passed");
    assert_eq!(lines[1]["verdict"], "not-checked");
    assert!(lines[1].to_string().contains("several lines of this name"));
    dir.file(
        "a/x_blurred.jpg",
        &[&dir.read("a/x_blurred.jpg")[..], b"x"].concat(),
    );
    let ran = dir
        .run(&["verify", "a", "b", "--report", "r.jsonl", "--json"])
        .exits(1);
    assert_eq!(ran.lines()[0]["verdict"], "not-checked");
    dir.run(&["apply", "r.jsonl", "--originals", "a", "-o", "out/"])
        .exits(2)
        .says("the report has 2 lines of x.jpg");
}
