//! `review` of a folder of outputs, and findings that `verify` writes into the report.

use super::http::Serving;
use super::*;

#[test]
fn a_folder_of_outputs_knows_its_report_and_its_originals() {
    let dir = Sandbox::new();
    for name in ["pictures/a.png", "pictures/sub/b.png"] {
        dir.file(name, &png(200, 150, [60, 120, 90]));
    }
    std::fs::create_dir(dir.path("reports")).unwrap();
    let args = [
        "blur",
        "pictures",
        "-o",
        "safe",
        "--report",
        "reports/r.jsonl",
    ];
    dir.run(&args).exits(0);
    let serving = Serving::start(&dir, &["safe"]);
    let list = serving.get("list").json();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert!(list["apply"].as_str().unwrap().contains("reports/r.jsonl"));
    for path in [
        "picture/0",
        "picture/1?side=output",
        "picture/1?side=preview",
    ] {
        assert_eq!(serving.get(path).status, 200, "{path}");
    }
    drop(serving);
    // What is not known or gone is said before anything starts.
    dir.run(&["review", "pictures"])
        .exits(2)
        .says("no report is known");
    std::fs::rename(dir.path("pictures"), dir.path("elsewhere")).unwrap();
    dir.run(&["review", "safe"])
        .exits(2)
        .says("the folder of the originals of safe is gone");
    let serving = Serving::start(&dir, &["safe", "--originals", "elsewhere"]);
    assert_eq!(serving.get("picture/0").status, 200);
}

#[test]
fn verify_writes_its_findings_into_the_report_if_asked_to() {
    let dir = Sandbox::new();
    for name in ["in/a.png", "in/b.png"] {
        dir.file(name, &png(200, 150, [60, 120, 90]));
    }
    dir.run(&["blur", "in", "-o", "out", "--report", "r.jsonl"])
        .exits(0);
    let before = dir.read("r.jsonl");
    dir.file("out/b.png", &png(200, 150, [1, 2, 3]));
    dir.run(&["verify", "out", "--report", "r.jsonl"]).exits(3);
    assert!(dir.read("r.jsonl") == before);
    dir.run(&["verify", "out", "--report", "r.jsonl", "--update-report"])
        .exits(3);
    let after = lines(&dir);
    let verdicts = after.iter().map(|l| l["verify"]["verdict"].clone());
    assert_eq!(verdicts.collect::<Vec<_>>(), ["passed", "found"]);
    after.iter().for_each(crate::schema::assert_valid);
    // The summary is still there.
    let text = String::from_utf8(dir.read("r.jsonl")).unwrap();
    assert!(text.lines().last().unwrap().contains("\"summary\""));
    let serving = Serving::start(&dir, &USUAL);
    let rows = serving.get("list").json();
    assert_eq!(rows["items"][0]["name"], "b.png");
    assert!(
        rows["items"][0]["why"]
            .as_str()
            .unwrap()
            .starts_with("verify: it was changed")
    );
    dir.run(&["verify", "out", "--report", "-", "--update-report"])
        .exits(2);
}
