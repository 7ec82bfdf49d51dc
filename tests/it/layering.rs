//! The layers of the source: which module may use which. An import that points upward fails here,
//! with its line.

use std::path::Path;

/// Modules that every other one may use.
const BASE: [&str; 11] = [
    "content",
    "digest",
    "error",
    "face",
    "frame",
    "geometry",
    "parallel",
    "picture",
    "plane",
    "stopwatch",
    "time_range",
];
/// What each module may use besides itself and, unless it is part of the base, the base.
const MAY_USE: [(&str, &[&str]); 21] = [
    ("content", &[]),
    ("digest", &[]),
    ("error", &[]),
    ("geometry", &[]),
    ("parallel", &[]),
    ("stopwatch", &[]),
    ("time_range", &["error"]),
    ("plane", &["error", "geometry"]),
    ("picture", &["error", "geometry", "plane"]),
    ("face", &["geometry"]),
    ("frame", &["error", "geometry", "picture", "plane"]),
    ("detect", &[]),
    ("redact", &[]),
    ("track", &[]),
    ("photo", &[]),
    ("video", &[]),
    // A wrapper: the crate border keeps `faceveil-inspect` apart from what writes.
    ("inspect", &[]),
    ("report", &["redact", "track"]),
    (
        "anonymize",
        &[
            "detect", "inspect", "photo", "redact", "report", "track", "video",
        ],
    ),
    (
        "settings",
        &["anonymize", "detect", "photo", "redact", "report", "video"],
    ),
    // It judges what `anonymize` wrote, and takes from it only how videos are read.
    (
        "verify",
        &[
            "anonymize",
            "detect",
            "inspect",
            "photo",
            "redact",
            "report",
            "video",
        ],
    ),
];

/// Every `crate::module` that a file names, with its line.
fn uses(text: &str) -> Vec<(usize, String)> {
    let mut found = vec![];
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for part in code.split("crate::").skip(1) {
            // `$crate::` in a macro and `pub(in crate::module)` are no uses of another module.
            let name: String = part
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            found.push((number + 1, name));
        }
    }
    found
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = vec![];
    for entry in std::fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            all.push(path);
        }
    }
    all
}

#[test]
fn modules_import_from_lower_layers_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = vec![];
    let mut seen = 0;
    for path in files(&src) {
        let relative = path.strip_prefix(&src).expect("below src").to_owned();
        let first = relative
            .iter()
            .next()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let module = first.trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&path).expect("source is UTF-8");
        if module == "cli" || module == "main" {
            // The command is the library's first user: it sees the public API only, as
            // `faceveil::`.
            let inside = uses(&text).into_iter().filter(|(_, name)| name != "cli");
            wrong.extend(
                inside.map(|(line, name)| {
                    format!("{}:{line} uses crate::{name}", relative.display())
                }),
            );
            continue;
        }
        if module == "lib" {
            continue;
        }
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| {
                panic!("module `{module}` has no row in MAY_USE: say what it may use")
            });
        let is_base = BASE.contains(&module.as_str());
        for (line, name) in uses(&text) {
            seen += 1;
            let fine = name == module
                || allowed.contains(&name.as_str())
                || (!is_base && BASE.contains(&name.as_str()));
            if !fine {
                wrong.push(format!("{}:{line} uses crate::{name}", relative.display()));
            }
        }
    }
    assert!(
        seen > 50,
        "the scan found only {seen} uses: it no longer reads the tree"
    );
    assert!(
        wrong.is_empty(),
        "imports that point upward:\n{}",
        wrong.join("\n")
    );
}

/// Folders of the command, from the bottom to the top. Commands, one file each, may use all of
/// them.
const CLI_LAYERS: [&str; 6] = ["ui", "files", "args", "plan", "report", "run"];

#[test]
fn the_command_imports_downward_only() {
    let cli = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
    let layer = |name: &str| CLI_LAYERS.iter().position(|l| *l == name);
    let mut wrong = vec![];
    let mut seen = 0;
    for path in files(&cli) {
        let relative = path.strip_prefix(&cli).expect("below cli").to_owned();
        let folder = relative.iter().next().expect("a name").to_string_lossy();
        let Some(own) = layer(&folder) else { continue };
        let text = std::fs::read_to_string(&path).expect("source is UTF-8");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let mut names = code.split("crate::cli::").skip(1).map(|rest| {
                rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default()
            });
            let upward = names.find(|name| {
                seen += 1;
                layer(name).is_none_or(|other| other > own)
            });
            if upward.is_some() || code.contains("super::super") {
                wrong.push(format!(
                    "src/cli/{}:{}: {code}",
                    relative.display(),
                    number + 1
                ));
            }
        }
    }
    assert!(seen > 50, "the scan found only {seen} imports");
    assert!(wrong.is_empty(), "imports upward:\n{}", wrong.join("\n"));
}
