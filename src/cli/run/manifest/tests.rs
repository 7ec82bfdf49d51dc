//! A manifest is written, damaged, moved and read back.

use super::*;
use faceveil::report::FileDigests;

const ACCESS: Access = Access::ORDINARY;

/// The manifest of `out` in a folder.
fn claim(dir: &Path) -> (Manifest, Vec<String>) {
    let folder = dir.join("out");
    fs::create_dir_all(&folder).expect("made");
    Manifest::claim(&folder, (None, None), Digest::of(b"settings"), ACCESS).expect("free")
}

fn fingerprint(dir: &Path, name: &str, input: &[u8], own: &str) -> Fingerprint {
    let (manifest, _) = claim(dir);
    manifest.fingerprint(&dir.join(name), Digest::of(input), own)
}

fn done(dir: &Path, input: &[u8], output: &[u8]) -> Fingerprint {
    let (manifest, _) = claim(dir);
    let made = manifest.fingerprint(&dir.join("in"), Digest::of(input), "");
    let mut report = FileReport::new("none");
    report.input = "a.jpg".into();
    report.output = Some("a.jpg".into());
    let mut hashes = FileDigests::of_input(made.input);
    hashes.output = Some(Digest::of(output));
    report.sha256 = Some(hashes);
    manifest.add(&made, &report);
    assert_eq!(manifest.finish(), None);
    made
}

fn output_state(dir: &Path, made: &Fingerprint) -> OutputState {
    let (manifest, warnings) = claim(dir);
    assert!(warnings.is_empty(), "{warnings:?}");
    manifest
        .output_state("a.jpg", made, "a.jpg", &dir.join("out/a.jpg"))
        .expect("read")
}

#[test]
fn a_file_is_up_to_date_only_byte_for_byte() {
    let dir = tempfile::tempdir().expect("a folder");
    let (dir, path) = (dir.path(), dir.path().join("out/a.jpg"));
    let made = done(dir, b"in", b"out");
    assert_eq!(
        output_state(dir, &made),
        OutputState::Stale,
        "the output is missing"
    );
    fs::write(&path, "out").expect("written");
    assert!(matches!(
        output_state(dir, &made),
        OutputState::UpToDate { .. }
    ));
    let other = fingerprint(dir, "in", b"new", "");
    assert_eq!(
        output_state(dir, &other),
        OutputState::Stale,
        "the input changed"
    );
    let own = fingerprint(dir, "in", b"in", "1,2,3,4");
    assert_eq!(
        output_state(dir, &own),
        OutputState::Stale,
        "a setting changed"
    );
    let elsewhere = fingerprint(dir, "b", b"new", "");
    assert_eq!(output_state(dir, &elsewhere), OutputState::Unknown);
    // Killed between the line and the rename: the older output is still ours.
    done(dir, b"new", b"newer");
    assert_eq!(output_state(dir, &made), OutputState::Stale);
    fs::write(&path, "by hand").expect("written");
    assert_eq!(output_state(dir, &made), OutputState::Changed);
}

#[test]
fn where_the_report_and_the_originals_are_is_known_to_the_next_run() {
    let dir = tempfile::tempdir().expect("a folder");
    let (dir, out) = (dir.path(), dir.path().join("out"));
    let note = |report: Option<&Path>, from: &Path| {
        let (manifest, _) = claim(dir);
        manifest.note_run(report, Some(from));
        assert_eq!(manifest.finish(), None);
    };
    note(Some(&dir.join("reports/r.jsonl")), &dir.join("in"));
    done(dir, b"in", b"out");
    let (manifest, warning) = Manifest::open(&out);
    assert_eq!(warning, None);
    let run = manifest.run_paths();
    assert_eq!(run.report, Some(out.join("../reports/r.jsonl")));
    assert_eq!(run.from, Some(out.join("../in")));
    // A run without a report leaves it.
    note(None, &out);
    let run = Manifest::open(&out).0.run_paths();
    assert_eq!(run.report, Some(out.join("../reports/r.jsonl")));
    assert_eq!(run.from, Some(out.join(".")));
}

#[test]
fn the_one_inside_the_output_folder_is_taken_over_and_removed() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let (old, new) = (
        dir.join("out").join(OLD_NAME),
        dir.join(".out.faceveil.jsonl"),
    );
    let made = done(dir, b"in", b"out");
    fs::write(dir.join("out/a.jpg"), "out").expect("written");
    let line = fs::read(&new).expect("there");
    fs::rename(&new, &old).expect("moved");
    assert!(Manifest::open(&dir.join("out")).0.knows("a.jpg"));
    for times in 1..3 {
        assert!(matches!(
            output_state(dir, &made),
            OutputState::UpToDate { .. }
        ));
        assert!(!old.exists());
        assert_eq!(fs::read(&new).expect("there"), line.repeat(times));
        fs::write(&old, [&line[..], b"{\"record\":1,\"inp"].concat()).expect("written");
    }
}

#[test]
fn a_torn_last_line_is_forgotten_and_damage_makes_everything_unknown() {
    let dir = tempfile::tempdir().expect("a folder");
    let (dir, path) = (dir.path(), dir.path().join(".out.faceveil.jsonl"));
    let made = done(dir, b"in", b"out");
    fs::write(dir.join("out/a.jpg"), "out").expect("written");
    let whole = fs::read(&path).expect("there");
    fs::write(&path, [&whole[..], b"{\"record\":1,\"inp"].concat()).expect("written");
    assert!(matches!(
        output_state(dir, &made),
        OutputState::UpToDate { .. }
    ));
    done(dir, b"in", b"out");
    assert_eq!(fs::read(&path).expect("there"), whole.repeat(2));
    for damaged in [&b"\0\0\0\n"[..], b"{\"record\":2}\n", b"{}\n"] {
        fs::write(&path, [&whole[..], damaged, &whole[..]].concat()).expect("written");
        let (manifest, warnings) = claim(dir);
        assert!(warnings.iter().any(|w| w.contains("line 2")));
        assert!(!manifest.knows("a.jpg"));
    }
    // It is begun anew.
    done(dir, b"in", b"out");
    assert!(matches!(
        output_state(dir, &made),
        OutputState::UpToDate { .. }
    ));
}
