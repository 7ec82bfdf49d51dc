//! Names in results are a promise to whoever reads them with a program: all are listed in
//! `docs/names.md`.

use faceveil::report::ContentKind;
use std::path::Path;

/// Literals behind a word, up to the next quotation mark.
fn literals<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    text.split(word)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

/// `docs/promises.md` says which tests hold each promise.
#[test]
fn every_test_of_a_promise_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/promises.md")).unwrap();
    let mut checked = 0;
    for named in page.lines().filter(|l| l.starts_with("| ")) {
        for test in named.split('`').skip(1).step_by(2) {
            let Some((file, name)) = test.split_once(": ") else {
                continue;
            };
            let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            assert!(text.contains(&format!("fn {name}(")), "{test}");
            checked += 1;
        }
    }
    assert!(checked > 25, "{checked}");
}

#[test]
fn every_name_in_a_result_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/names.md")).unwrap();
    let all = ContentKind::ALL.iter();
    let mut names: Vec<&str> = all.map(|kind| kind.name()).collect();
    let kinds = std::fs::read_to_string(root.join("crates/inspect/src/finding.rs")).unwrap();
    names.extend(literals(&kinds, "=> \""));
    assert!(names.len() > 60, "{names:?}");
    for name in names {
        // Written there as a range.
        let is_segment = name.starts_with("app") && name != "application-data";
        assert!(
            is_segment || page.contains(&format!("`{name}`")),
            "{name} is not in docs/names.md"
        );
    }
}
