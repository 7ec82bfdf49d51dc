//! The contact sheet: outputs only, and only the report's.

use super::*;

const EXPORT: [&str; 8] = [
    "review",
    "r.jsonl",
    "--originals",
    "in",
    "--outputs",
    "out",
    "--export",
    "sheet.html",
];

/// The pictures of a sheet, decoded.
fn pictures(sheet: &str) -> Vec<Vec<u8>> {
    let digit = |c: u8| {
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        digits.iter().position(|d| *d == c).map(|v| v as u32)
    };
    sheet
        .split("data:image/jpeg;base64,")
        .skip(1)
        .map(|rest| {
            let digits: Vec<u32> = rest.bytes().map_while(digit).collect();
            let mut bytes = Vec::new();
            for four in digits.chunks(4) {
                let bits = (0..4).fold(0, |b, i| b << 6 | four.get(i).copied().unwrap_or(0));
                bytes.extend(&bits.to_be_bytes()[1..four.len()]);
            }
            let photo = faceveil::Photo::read(
                &bytes,
                &faceveil::ReadOptions::new().limits(faceveil::Limits::default()),
            )
            .unwrap();
            photo.to_rgba().1
        })
        .collect()
}

#[test]
fn the_contact_sheet_shows_outputs_and_no_original() {
    let dir = Sandbox::new();
    three(&dir);
    let before = dir.tree();
    dir.run(&EXPORT).exits(0).says("3 outputs of 3 files");
    let sheet = String::from_utf8(dir.read("sheet.html")).unwrap();
    let shown = pictures(&sheet);
    assert_eq!(shown.len(), 3);
    for picture in shown {
        // All outputs are grey, and no original is.
        assert!(
            picture
                .chunks(4)
                .all(|p| p[..3].iter().all(|v| v.abs_diff(90) < 4))
        );
    }
    for part in [
        "1 region covered, 1 face found; style blur",
        "not verified",
        "sub/c.png",
        "default-src &#39;none&#39;",
    ] {
        assert!(
            sheet.contains(part) || sheet.contains(&part.replace("&#39;", "'")),
            "{part}"
        );
    }
    for part in ["<script", "http:", "https:", dir.path("").to_str().unwrap()] {
        assert!(!sheet.contains(part), "{part}");
    }
    let mut expected = before;
    expected.push("sheet.html".into());
    expected.sort();
    assert_eq!(dir.tree(), expected);
    // It is not written over unless that was asked for.
    dir.run(&EXPORT)
        .exits(2)
        .says("--export sheet.html exists; --overwrite replaces it");
    let with: Vec<&str> = EXPORT.iter().copied().chain(["--overwrite"]).collect();
    dir.run(&with).exits(0);
}

#[test]
fn nothing_but_an_earlier_sheet_is_written_over() {
    let dir = Sandbox::new();
    three(&dir);
    dir.file("mine.html", b"<!doctype html>\n<html lang=\"en\">\n")
        .file("empty.jsonl", b"");
    std::fs::remove_file(dir.path("out/b.png")).unwrap();
    let before = dir.tree();
    let files = ["r.jsonl", "in/a.png", "out/a.png", "mine.html"];
    let bytes = || files.map(|name| dir.read(name));
    let contents = bytes();
    let taken = "is a file of the report";
    for (to, says) in [
        ("r.jsonl", "no contact sheet"),
        ("in/a.png", taken),
        ("./in/../in/sub/c.png", taken),
        ("out/a.png", taken),
        ("out/b.png", taken),
        ("mine.html", "no contact sheet"),
        ("in", "is no file"),
        ("-", "--export needs a file"),
    ] {
        let mut args = EXPORT;
        args[7] = to;
        let with: Vec<&str> = args.iter().copied().chain(["--overwrite"]).collect();
        dir.run(&with).exits(2).says(says);
    }
    dir.run(&["review", "empty.jsonl", "--export", "sheet.html"])
        .exits(2)
        .says("has no files");
    assert_eq!(dir.tree(), before);
    assert!(bytes() == contents);
}

#[test]
fn an_output_that_is_not_the_reports_is_left_out_and_named() {
    let dir = Sandbox::new();
    three(&dir);
    // One was changed, one is gone, one is the original.
    dir.file("out/a.png", &png(400, 300, [200, 30, 30]));
    std::fs::remove_file(dir.path("out/b.png")).unwrap();
    let original = dir.read("in/sub/c.png");
    dir.file("out/sub/c.png", &original);
    let ran = dir.run(&EXPORT).exits(3);
    let ran = ran.says("a.png: the file is not the output").says("b.png");
    ran.says("sub/c.png: the file is not the output");
    let sheet = String::from_utf8(dir.read("sheet.html")).unwrap();
    assert!(pictures(&sheet).is_empty());
    // By default outputs are looked for where the inputs are, and inputs are no outputs.
    dir.run(&[
        "review",
        "r.jsonl",
        "--originals",
        "in",
        "--export",
        "again.html",
    ])
    .exits(3);
    let sheet = String::from_utf8(dir.read("again.html")).unwrap();
    assert!(pictures(&sheet).is_empty());
}

#[test]
fn names_and_reasons_in_the_sheet_are_text() {
    let dir = Sandbox::new();
    let bytes = png(40, 30, [90, 90, 90]);
    let name = "<img src=x onerror=alert(1)>\"'&.png";
    dir.file(Path::new("out").join(name), &bytes);
    std::fs::create_dir(dir.path("in")).unwrap();
    let mut first = line(name, 40, 30, &bytes, Some(&bytes));
    let found = json!({"kind": "face", "reason": "</p><script>alert(2)</script>"});
    first["verify"] = json!({"verdict": "found", "findings": [found]});
    let mut second = line("gone.png", 0, 0, &bytes, None);
    second["outcome"] = "failed".into();
    second["frames"] = 0.into();
    second["error"] = "<svg onload=alert(3)>".into();
    write(&dir, &[first, second]);
    dir.run(&EXPORT).exits(0).says("1 output of 2 files");
    let sheet = String::from_utf8(dir.read("sheet.html")).unwrap();
    assert_eq!(sheet.matches("<img").count(), 1);
    assert!(!sheet.contains("<script") && !sheet.contains("<svg"));
    assert!(sheet.contains("alt=\"&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;.png\""));
    assert!(sheet.contains("verify found: &lt;/p&gt;&lt;script&gt;"));
    assert!(sheet.contains("failed: &lt;svg onload=alert(3)&gt;"));
}
