//! Files that arrive in a folder are covered once they are complete.
#![cfg(unix)]

use crate::sandbox::{ASTRONAUT, Ran, Sandbox, lines_of};
use crate::shard::small_picture;
use std::fs;
use std::io::Write;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

struct Watching(Child);

impl Watching {
    fn start(dir: &Sandbox, more: &[&str]) -> Self {
        let args = ["watch", "in", "-o", "out", "--report", "r.jsonl", "-j", "1"];
        let settle = if more.contains(&"--settle") {
            &[][..]
        } else {
            &["--settle", "1"]
        };
        Self(
            dir.command(&[&args[..], settle, more].concat())
                .spawn()
                .unwrap(),
        )
    }

    /// Waits for something.
    #[track_caller]
    fn until(&mut self, what: &str, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(
                self.0.try_wait().unwrap().is_none(),
                "it ended before {what}"
            );
            assert!(start.elapsed() < Duration::from_secs(60), "no {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as Ctrl-C does.
    fn end(mut self) -> Ran {
        let pid = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .unwrap()
                .success()
        );
        let mut stderr = String::new();
        std::io::Read::read_to_string(&mut self.0.stderr.take().unwrap(), &mut stderr).unwrap();
        let code = self.0.wait().unwrap().code().unwrap_or(-1);
        Ran {
            code,
            stdout: Vec::new(),
            stderr,
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_is_there_and_what_comes_is_covered_once_it_is_complete() {
    let dir = Sandbox::new();
    dir.file("in/old.png", &small_picture(1));
    let mut run = Watching::start(&dir, &[]);
    run.until("old.png", || dir.path("out/old.png").exists());
    // Written in two goes, one of which looks like an end.
    let photo = fs::read(crate::sandbox::sample(ASTRONAUT)).unwrap();
    let mut slow = fs::File::create(dir.path("in/slow.jpg")).unwrap();
    slow.write_all(&photo[..1000]).unwrap();
    dir.file("in/sub/b.png", &small_picture(2))
        .file("in/c.png.part", &small_picture(3));
    dir.file("in/notes.txt", b"text");
    std::thread::sleep(Duration::from_millis(400));
    slow.write_all(&photo[1000..]).unwrap();
    drop(slow);
    run.until("slow.jpg", || dir.path("out/slow.jpg").exists());
    run.until("b.png", || dir.path("out/sub/b.png").exists());
    assert!(!dir.path("out/c.png.part").exists() && !dir.path("out/c.png").exists());
    fs::rename(dir.path("in/c.png.part"), dir.path("in/c.png")).unwrap();
    run.until("c.png", || dir.path("out/c.png").exists());
    run.end()
        .exits(0)
        .says("watching in")
        .says("4 files, 4 written, 1 face");
    let report = lines_of(&dir.read("r.jsonl"));
    let names: Vec<&str> = report.iter().filter_map(|l| l["input"].as_str()).collect();
    assert_eq!(names, ["c.png", "old.png", "slow.jpg", "sub/b.png"]);
    assert_eq!(report.last().unwrap()["summary"]["interrupted"], false);
    // Started again, it knows; a file that changed has one line, and one that was taken away keeps
    // its own.
    fs::remove_file(dir.path("in/old.png")).unwrap();
    let mut run = Watching::start(&dir, &[]);
    dir.file("in/sub/b.png", &small_picture(7));
    let before = dir.read("out/sub/b.png");
    run.until("the new b.png", || {
        fs::read(dir.path("out/sub/b.png")).is_ok_and(|b| b != before)
    });
    std::thread::sleep(Duration::from_millis(300));
    run.end().exits(0).says("2 up to date");
    let report = lines_of(&dir.read("r.jsonl"));
    let again: Vec<&str> = report.iter().filter_map(|l| l["input"].as_str()).collect();
    assert_eq!(again, names);
    dir.run(&["verify", "out", "--report", "r.jsonl", "-q"])
        .exits(0);
}

#[test]
fn a_bad_file_is_listed_and_shows_in_the_exit_code() {
    let dir = Sandbox::new();
    fs::create_dir(dir.path("in")).unwrap();
    let mut run = Watching::start(&dir, &[]);
    run.until("its report", || dir.path("r.jsonl").exists());
    dir.file("in/bad.png", b"\x89PNG\r\n\x1a\n")
        .file("in/good.png", &small_picture(1));
    run.until("good.png", || dir.path("out/good.png").exists());
    run.until("the line of bad.png", || {
        dir.read("r.jsonl").iter().filter(|b| **b == b'\n').count() == 2
    });
    run.end().exits(1).says("bad.png").says("1 failed");
    assert!(!dir.path("out/bad.png").exists());
}

#[test]
fn two_inputs_never_share_an_output_and_a_file_that_grows_is_left_over() {
    let dir = Sandbox::new();
    fs::create_dir(dir.path("in")).unwrap();
    let mut run = Watching::start(&dir, &["--format", "png"]);
    run.until("its report", || dir.path("r.jsonl").exists());
    dir.file("in/x.png", &small_picture(1));
    run.until("x.png", || dir.path("out/x.png").exists());
    let before = dir.read("out/x.png");
    dir.sample(ASTRONAUT, "in/x.jpg");
    run.until("the line of x.jpg", || {
        dir.read("r.jsonl").iter().filter(|b| **b == b'\n').count() == 2
    });
    assert_eq!(dir.read("out/x.png"), before);
    for n in 0..8 {
        dir.file("in/growing.png", &small_picture(1)[..20 + n]);
        std::thread::sleep(Duration::from_millis(100));
    }
    run.end()
        .exits(130)
        .says("its output has the name of that of x.png")
        .says("1 file still being written");
    assert!(!dir.path("out/growing.png").exists());
}

#[test]
fn a_watch_that_was_killed_loses_nothing() {
    let dir = Sandbox::new();
    for n in 0..12 {
        dir.file(format!("in/{n}.png"), &small_picture(n));
    }
    let mut run = Watching::start(&dir, &["--settle", "0"]);
    run.until("some outputs", || {
        fs::read_dir(dir.path("out")).is_ok_and(|d| d.count() > 3)
    });
    run.0.kill().unwrap();
    run.0.wait().unwrap();
    let mut run = Watching::start(&dir, &["--settle", "0"]);
    run.until("all outputs", || {
        fs::read_dir(dir.path("out")).unwrap().count() == 12
    });
    std::thread::sleep(Duration::from_millis(500));
    run.end().exits(0).says("12 files");
    assert_eq!(lines_of(&dir.read("r.jsonl")).len(), 13);
    let held: Vec<String> = dir
        .tree()
        .into_iter()
        .filter(|n| n.contains("before"))
        .collect();
    assert!(held.is_empty(), "{held:?}");
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let dir = Sandbox::new();
    dir.file("in/a.png", &small_picture(1))
        .file("boxes.txt", b"1,2,3,4 a.png\n");
    for (args, why) in [
        (&["watch", "in"][..], "-o DIR"),
        (&["watch", "in/a.png", "-o", "out"], "is no folder"),
        (&["watch", "gone", "-o", "out"], "is no folder"),
        (&["watch", "in", "in", "-o", "out"], "one folder is watched"),
        (
            &["watch", "in", "-o", "out", "--shard", "0/2"],
            "--shard is for `blur`",
        ),
        (
            &["watch", "in", "-o", "out", "--dry-run"],
            "--dry-run is for `blur`",
        ),
        (
            &["watch", "in", "-o", "out", "--region", "@boxes.txt"],
            "single files are for `blur`",
        ),
        (&["watch", "in", "-o", "in"], "holds the watched folder"),
        (&["watch", "in", "-o", "."], "holds the watched folder"),
        (
            &["watch", "in", "-o", "out", "--preview", "in"],
            "holds the watched folder",
        ),
        (&["watch", "in", "-o", "in/a.png"], "is a file"),
        (&["watch", "-", "-o", "out"], "is no folder"),
    ] {
        dir.run(args).exits(2).says(why);
    }
}
