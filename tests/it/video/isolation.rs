//! Videos are worked on in a worker process: one that ends is one failed file.

use super::{clips, has_ffmpeg};
use crate::isolation::{children, kill, wait_until};
use crate::sandbox::{Sandbox, json_lines};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::time::{Duration, Instant};

/// The worker for videos of a run, once it is there.
fn video_worker(run: &mut Child) -> u32 {
    let mut found = None;
    let id = run.id();
    wait_until("a worker for videos", run, || {
        found = children(id).into_iter().find(|pid| {
            let typed = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            typed.ends_with(b"--videos\0")
        });
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn outputs_and_reports_are_those_of_a_single_process() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    clips::make(&dir, "25", clips::USUAL, "a.mp4");
    fs::create_dir(dir.path("in")).unwrap();
    fs::rename(dir.path("a.mp4"), dir.path("in/a.mp4")).unwrap();
    let whole = dir.read("in/a.mp4");
    dir.file("in/cut.mp4", &whole[..whole.len() / 2]);
    for backend in ["embedded", "ffmpeg"] {
        let mut reports = Vec::new();
        for how in ["auto", "never"] {
            let (out, report) = (format!("{how}-{backend}"), format!("{how}-{backend}.jsonl"));
            let args = [
                "blur",
                "in",
                "-o",
                &out,
                "--report",
                &report,
                "--isolate",
                how,
                "--video-backend",
                backend,
                "--region",
                "10,10,60,60",
                "--style",
                "mosaic",
                "--verify",
                "--preset",
                "fast",
                "--from",
                "0.2",
            ];
            dir.run(&args).exits(1);
            let mut lines = json_lines(&String::from_utf8(dir.read(&report)).unwrap());
            for line in &mut lines {
                line["ms"] = 0.into();
                // That the encoder was slow says nothing of the file.
                let warnings = line["warnings"].as_array_mut().unwrap();
                warnings.retain(|said| !said.to_string().contains("the encoder set the pace"));
            }
            reports.push(lines);
        }
        assert_eq!(reports[0], reports[1], "{backend}");
        assert_eq!(reports[0].len(), 2);
        let read = |how: &str| dir.read(format!("{how}-{backend}/a.mp4"));
        assert!(read("auto") == read("never"), "{backend}");
    }
}

#[test]
fn a_worker_that_ends_is_one_failed_video_and_the_batch_goes_on() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    clips::make(&dir, "25", clips::USUAL, "a.mp4");
    for i in 0..4 {
        dir.file(format!("in/{i}.mp4"), &dir.read("a.mp4"));
    }
    let args = [
        "blur",
        "in",
        "-o",
        "out",
        "--report",
        "r.jsonl",
        "--video-backend",
        "embedded",
    ];
    let mut run = dir.command(&args).spawn().unwrap();
    wait_until("a first output", &mut run, || {
        dir.path("out/0.mp4").exists()
    });
    kill("-ABRT", video_worker(&mut run));
    let ended = run.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("the worker process ended"), "{said}");
    let lines = json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap());
    let failed: Vec<_> = lines.iter().filter(|l| !l["error"].is_null()).collect();
    assert_eq!((lines.len(), failed.len()), (4, 1), "{said}");
    let files = dir.tree().iter().filter(|n| n.starts_with("out/")).count();
    assert_eq!(files, 3 + 1, "three outputs and their folder");
}

#[test]
fn ctrl_c_is_heard_while_ffmpeg_waits_and_nothing_is_left() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    clips::make(&dir, "25", clips::USUAL, "a.mp4");
    // It knows its version, and reads nothing of any video.
    let stuck = "#!/bin/sh\nfor a; do case $a in -version|-encoders|-h) exec \"$REAL\" \"$@\";; esac; done\nexec sleep 1000\n";
    dir.file("bin/ffmpeg", stuck.as_bytes());
    let script = dir.path("bin/ffmpeg");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let real = path
        .split(':')
        .map(|folder| format!("{folder}/ffmpeg"))
        .find(|file| fs::metadata(file).is_ok())
        .unwrap();
    let mut run = dir
        .command(&["blur", "a.mp4", "-o", "b.mp4", "--video-backend", "ffmpeg"])
        .env("PATH", format!("{}:{path}", dir.path("bin").display()))
        .env("REAL", real)
        .spawn()
        .unwrap();
    let worker = video_worker(&mut run);
    let mut stalled = Vec::new();
    wait_until("a stalled ffmpeg", &mut run, || {
        stalled = children(worker);
        stalled.iter().any(|pid| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep")
        })
    });
    let start = Instant::now();
    kill("-INT", run.id());
    let ended = run.wait_with_output().unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(ended.status.code(), Some(130));
    let is_left = |pid: &u32| {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !state.is_empty() && !state.contains(") Z ")
    };
    let left: Vec<_> = stalled.iter().filter(|pid| is_left(pid)).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(dir.tree(), ["a.mp4", "bin/", "bin/ffmpeg"]);
}
