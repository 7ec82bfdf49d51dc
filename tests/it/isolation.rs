//! Photos are worked on in worker processes: one that ends is one failed file. Videos have tests of
//! their own.
#![cfg(target_os = "linux")]

use crate::sandbox::{ASTRONAUT, COFFEE, Sandbox, json_lines};
use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A grey picture of one colour: a small file, many pixels.
fn wide_png(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    let mut rows = writer.stream_writer().unwrap();
    for _ in 0..height {
        std::io::Write::write_all(&mut rows, &vec![90; width as usize]).unwrap();
    }
    rows.finish().unwrap();
    writer.finish().unwrap();
    file
}

/// The processes that one started.
pub(crate) fn children(of: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{of}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|all| {
            let all = all.split_whitespace().map(|pid| pid.parse().unwrap());
            all.collect::<Vec<u32>>()
        })
        .collect()
}

pub(crate) fn kill(signal: &str, pid: u32) {
    let sent = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

pub(crate) fn wait_until(what: &str, child: &mut Child, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(120), "never: {what}");
        assert!(child.try_wait().unwrap().is_none(), "ended before: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn outputs_and_reports_are_those_of_a_single_process() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg").sample(COFFEE, "in/b.png");
    dir.sample(ASTRONAUT, "in/misnamed.png");
    dir.file("in/cut.jpg", &dir.read("in/a.jpg")[..20_000]);
    dir.file("in/empty.png", b"");
    dir.file("in/wide.png", &wide_png(2000, 40));
    let mut reports = Vec::new();
    for how in ["auto", "never"] {
        let (out, report, previews) = (how.to_owned(), format!("{how}.jsonl"), format!("p-{how}"));
        let mut args = vec![
            "blur",
            "in",
            "-o",
            &out,
            "--report",
            &report,
            "--preview",
            &previews,
        ];
        args.extend([
            "--isolate",
            how,
            "--region",
            "1.1,2.7,30.3,20.9",
            "--verify",
            "-j",
            "2",
        ]);
        args.extend(["--style", "image", "--image", "in/b.png", "--keep", "time"]);
        dir.run(&args).exits(1);
        let mut lines = json_lines(&String::from_utf8(dir.read(&report)).unwrap());
        for line in &mut lines {
            line["ms"] = 0.into();
        }
        reports.push(lines);
    }
    let [isolated, single] = [&reports[0], &reports[1]];
    assert_eq!(isolated, single);
    assert_eq!(isolated.len(), 6);
    for name in ["a.jpg", "b.png", "misnamed.png", "wide.png"] {
        let same = |folder: &str, name: &str| {
            let read = |how: &str| dir.read(format!("{folder}{how}/{name}"));
            assert!(read("auto") == read("never"), "{folder} {name}");
        };
        same("", name);
        same("p-", &format!("{name}.preview.jpg"));
    }
}

#[test]
fn a_worker_that_ends_is_one_failed_file_and_the_batch_goes_on() {
    let dir = Sandbox::new();
    for i in 0..8 {
        dir.sample(ASTRONAUT, format!("in/{i}.jpg"));
    }
    let mut run = dir
        .command(&["blur", "in", "-o", "out", "--report", "r.jsonl", "-j", "1"])
        .spawn()
        .unwrap();
    wait_until("a first output", &mut run, || {
        dir.path("out/0.jpg").exists()
    });
    let workers = children(run.id());
    assert_eq!(workers.len(), 1, "{workers:?}");
    kill("-ABRT", workers[0]);
    let ended = run.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("the worker process ended"), "{said}");
    assert!(said.contains("signal 6"), "{said}");
    let lines = json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap());
    let failed: Vec<_> = lines.iter().filter(|l| !l["error"].is_null()).collect();
    assert_eq!((lines.len(), failed.len()), (8, 1), "{said}");
    let name = failed[0]["input"].as_str().unwrap();
    assert!(!dir.path(format!("out/{name}")).exists());
    let files = dir.tree().iter().filter(|n| n.starts_with("out/")).count();
    assert_eq!(files, 7 + 1, "seven outputs and their folder");
}

#[test]
fn a_photo_that_needs_too_much_memory_fails_alone() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg")
        .sample(ASTRONAUT, "in/z.jpg");
    dir.file("in/large.png", &wide_png(9000, 9000));
    let args = ["blur", "in", "-o", "out", "-j", "2", "--max-memory", "64M"];
    let ran = dir.run(&args).exits(1).says("large.png").says("memory");
    ran.says("3 files, 2 written").says("1 failed");
    assert!(!dir.path("out/large.png").exists());
}

#[test]
fn a_photo_that_is_too_large_for_its_share_waits_and_has_it_all() {
    let dir = Sandbox::new();
    for i in 0..4 {
        dir.sample(ASTRONAUT, format!("in/{i}.jpg"));
    }
    dir.file("in/large.png", &wide_png(6000, 6000));
    let args = [
        "detect",
        "in",
        "-j",
        "8",
        "--preset",
        "fast",
        "--max-memory",
        "250M",
    ];
    assert_eq!(dir.run(&args).exits(0).lines().len(), 5);
}

#[test]
fn workers_end_with_their_run() {
    let dir = Sandbox::new();
    for i in 0..8 {
        dir.sample(ASTRONAUT, format!("in/{i}.jpg"));
    }
    let mut run = dir.command(&["blur", "in", "-o", "out"]).spawn().unwrap();
    wait_until("a first output", &mut run, || {
        dir.path("out/0.jpg").exists()
    });
    let workers = children(run.id());
    assert!(!workers.is_empty());
    kill("-KILL", run.id());
    run.wait().unwrap();
    let start = Instant::now();
    let is_there = |pid: &u32| {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // One that nobody waited for yet is a zombie.
        Path::new(&format!("/proc/{pid}")).exists() && !state.contains(") Z ")
    };
    while workers.iter().any(is_there) {
        assert!(start.elapsed() < Duration::from_secs(20), "{workers:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_worker_is_for_runs_only_and_gets_neither_files_nor_network() {
    let dir = Sandbox::new();
    dir.run(&["worker"]).exits(2).says("never by hand");
    let said = String::from_utf8(dir.run(&["doctor"]).stdout).unwrap();
    assert!(
        said.contains("photos: worker processes; the kernel refuses them files and network"),
        "{said}"
    );
    assert!(
        said.contains("videos: a worker process; the kernel refuses it the network"),
        "{said}"
    );
}
