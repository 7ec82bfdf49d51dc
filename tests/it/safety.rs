//! What must not be lost or shown when runs meet, are killed, or write to odd places.

use crate::sandbox::{ASTRONAUT, COFFEE, Sandbox, lines_of};
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A run of many photos that has written at least one.
fn start(dir: &Sandbox, args: &[&str], first: &str) -> std::process::Child {
    let child = dir
        .command(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !dir.path(first).exists() {
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "nothing is written"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

fn many(count: usize) -> Sandbox {
    let dir = Sandbox::new();
    for i in 0..count {
        dir.sample(ASTRONAUT, format!("in/{i:02}.jpg"));
    }
    dir
}

#[test]
fn two_runs_do_not_write_to_one_folder_report_or_audit() {
    let dir = many(40);
    dir.sample(ASTRONAUT, "a.jpg");
    let args = [
        "blur", "in", "-o", "out", "--report", "r.jsonl", "--audit", "a.jsonl", "-j", "1",
    ];
    let mut first = start(&dir, &args, "out/00.jpg");
    for second in [
        &["blur", "a.jpg", "-o", "out/"][..],
        &["blur", "a.jpg", "-o", "b.jpg", "--report", "r.jsonl"],
        &["blur", "a.jpg", "-o", "b.jpg", "--audit", "a.jsonl"],
    ] {
        dir.run(second)
            .exits(2)
            .says("another faceveil is writing here");
    }
    assert!(!dir.path("b.jpg").exists());
    first.kill().unwrap();
    first.wait().unwrap();
    // The lock died with it, its audit did not, and what it was at is gone.
    let lines = dir.read("a.jsonl").iter().filter(|b| **b == b'\n').count();
    dir.run(&args).exits(0);
    let audit = String::from_utf8(dir.read("a.jsonl")).unwrap();
    assert!(audit.lines().count() >= lines + 42);
    assert_eq!(lines_of(&dir.read("r.jsonl")).len(), 41);
    let strange = dir
        .tree()
        .into_iter()
        .filter(|n| n.contains("/.") || n.starts_with('.'));
    assert_eq!(strange.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_stopped_run_keeps_the_lines_of_files_that_it_did_not_come_to() {
    let dir = many(12);
    let args = ["blur", "in", "-o", "out", "--report", "r.jsonl", "-j", "1"];
    dir.run(&args).exits(0);
    let whole = lines_of(&dir.read("r.jsonl"));
    let styled = [&args[..], &["--style", "solid"]].concat();
    let before = dir.read("out/00.jpg");
    let mut child = dir.command(&styled).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while dir.read("out/00.jpg") == before {
        assert!(start.elapsed() < Duration::from_secs(120));
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // Files that were up to date have their lines, and no output is without one.
    dir.run(&args).exits(0);
    let after = lines_of(&dir.read("r.jsonl"));
    for (line, before) in after.iter().zip(&whole).take(12) {
        for field in ["input", "outcome", "regions", "sha256"] {
            assert_eq!(line[field], before[field], "{field}");
        }
    }
    assert!(!dir.tree().iter().any(|n| n.contains("before")));
}

#[test]
fn nothing_but_outputs_is_in_the_output_folder() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg").sample(COFFEE, "in/b.png");
    dir.run(&["blur", "in", "-o", "out"]).exits(0);
    let mut names: Vec<_> = fs::read_dir(dir.path("out"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["a.jpg", "b.png"]);
    assert!(dir.path(".out.faceveil.jsonl").is_file());
    // In another place, and one that was inside is taken over.
    let record = ["blur", "in", "-o", "out", "--record", "known.jsonl"];
    dir.run(&record).exits(1).says("its output exists");
    fs::rename(
        dir.path(".out.faceveil.jsonl"),
        dir.path("out/.faceveil-record.jsonl"),
    )
    .unwrap();
    dir.run(&record).exits(0).says("2 up to date");
    assert_eq!(fs::read_dir(dir.path("out")).unwrap().count(), 2);
    dir.run(&["blur", "in/a.jpg", "-o", "x.jpg", "--record", "known.jsonl"])
        .exits(2)
        .says("--record would not be used");
    dir.run(&["blur", "in", "-o", "out", "--record", "in/a.jpg"])
        .exits(2);
}

#[cfg(unix)]
#[test]
fn by_products_are_as_private_as_their_inputs() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Sandbox::new();
    let mode = |name: &str| {
        let metadata = fs::metadata(dir.path(name)).unwrap();
        metadata.permissions().mode() & 0o077
    };
    let args = [
        "blur",
        "in",
        "-o",
        "out",
        "--report",
        "r.jsonl",
        "--audit",
        "a.jsonl",
        "--preview",
        "p",
    ];
    dir.sample(ASTRONAUT, "in/a.jpg");
    dir.run(&args).exits(0);
    assert_eq!(mode("p/a.jpg.preview.jpg"), 0, "it shows the face");
    assert_eq!(mode("out/a.jpg"), mode("in/a.jpg"));
    dir.sample(COFFEE, "in/b.png");
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(dir.path("in/b.png"), private).unwrap();
    dir.run(&args).exits(0);
    for name in ["out/b.png", "r.jsonl", "a.jsonl", ".out.faceveil.jsonl"] {
        assert_eq!(mode(name), 0, "{name}");
    }
    assert_eq!(mode("out/a.jpg"), mode("in/a.jpg"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_photo_that_nobody_gets_is_no_success() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "\"$0\" blur - -o - < a.jpg >&-"])
        .arg(env!("CARGO_BIN_EXE_faceveil"))
        .current_dir(dir.path(""));
    crate::sandbox::finish(command)
        .exits(2)
        .says("standard output is closed");
}

#[test]
fn names_and_lists_mean_what_they_say() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg").sample(COFFEE, "b.png");
    dir.run(&["blur", "a.jpg", "-o", "a.png"]).exits(0);
    assert!(dir.read("a.png").starts_with(b"\x89PNG"));
    dir.run(&["blur", "a.jpg", "-o", "a.webp", "--format", "png"])
        .exits(2)
        .says("under the name of a WebP");
    dir.run(&["blur", "a.jpg", "-o", "new"])
        .exits(0)
        .says("-o new is a new folder");
    assert!(dir.path("new/a.jpg").exists());
    dir.file("list", b"a.jpg\0b.png\0./a.jpg\0");
    dir.run(&["blur", "--files-from", "list", "-o", "listed"])
        .exits(0)
        .says("1 input given more than once; each is done once")
        .says("2 files, 2 written");
    dir.sample(COFFEE, "tree/raw/c.png")
        .sample(COFFEE, "tree/d.png");
    dir.run(&["detect", "tree", "--exclude", "raw/*", "--preset", "fast"])
        .exits(0)
        .says("1 file, ")
        .says("1 excluded file left alone");
    let piped = ["detect", "--files-from", "-"];
    let ran = dir.run_with_stdin(&piped, b"b.png\na.jpg\n").exits(0);
    assert_eq!(ran.lines().len(), 2);
}

#[test]
fn a_long_run_is_summed_up_and_a_short_one_named() {
    let dir = Sandbox::new();
    for i in 0..11 {
        dir.sample(COFFEE, format!("in/{i:02}.png"));
    }
    dir.file("in/x.jpg", b"no picture")
        .file("in/notes.txt", b"text")
        .file("in/plan.pdf", b"%PDF-1.4");
    let ran = dir.run(&["detect", "in", "--preset", "fast"]).exits(1);
    let ran = ran
        .does_not_say("no face found")
        .says("11 files without a face, 1 failed; no detector finds every face")
        .says("1 file that may show faces")
        .says("in/plan.pdf")
        .says("in/notes.txt");
    assert_eq!(ran.stderr.matches("in/x.jpg: ").count(), 2);
}
