//! Videos that cannot be done, and runs that are broken off: an error, and nothing at the output.

use super::clips::{USUAL, make, make_from};
use super::has_ffmpeg;
use crate::sandbox::{ASTRONAUT, Sandbox, finish};

#[test]
fn a_damaged_video_fails_and_leaves_nothing() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    make(
        &dir,
        "25",
        &format!("{USUAL} -movflags +faststart"),
        "whole.mp4",
    );
    let whole = dir.read("whole.mp4");
    let mut corrupt = whole.clone();
    let middle = whole.len() / 2;
    corrupt[middle..middle + 2000].fill(0x5a);
    make(&dir, "25", USUAL, "whole.mkv");
    let other = dir.read("whole.mkv");
    std::fs::remove_file(dir.path("whole.mp4")).unwrap();
    std::fs::remove_file(dir.path("whole.mkv")).unwrap();
    dir.file("in/cut.mkv", &other[..other.len() * 3 / 4])
        .file("in/cut.mp4", &whole[..whole.len() * 2 / 3])
        .file("in/corrupt.mp4", &corrupt)
        .file("in/empty.mkv", b"\x1a\x45\xdf\xa3")
        .file("in/head.mp4", &whole[..200])
        .sample(ASTRONAUT, "in/photo.jpg");
    dir.run(&["blur", "in", "-o", "out"])
        .exits(1)
        .says("in/cut.mkv")
        .says("in/cut.mp4")
        .says("in/corrupt.mp4")
        .says("in/empty.mkv")
        .says("in/head.mp4");
    let left: Vec<String> = dir
        .tree()
        .into_iter()
        .filter(|n| n.starts_with("out/"))
        .collect();
    assert_eq!(
        left,
        ["out/", "out/photo.jpg"],
        "one bad file stops no other"
    );
}

#[test]
fn without_ffmpeg_h264_works_and_others_fail_with_what_is_needed() {
    let dir = Sandbox::new();
    let run = |file: &str| {
        let mut command = dir.command(&["blur", file]);
        command.env("PATH", "");
        finish(command)
    };
    dir.file("clip.mkv", b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska");
    run("clip.mkv")
        .exits(1)
        .says("needs ffmpeg")
        .says("5.1 or newer");
    assert_eq!(dir.tree(), ["clip.mkv"]);
    if !has_ffmpeg() {
        return;
    }
    make(&dir, "25", USUAL, "usual.mp4");
    run("usual.mp4").exits(0);
    assert!(dir.path("usual_blurred.mp4").exists());
    make(
        &dir,
        "25",
        "-c:v libx265 -x265-params log-level=error -pix_fmt yuv420p",
        "hevc.mp4",
    );
    run("hevc.mp4")
        .exits(1)
        .says("not H.264")
        .says("5.1 or newer");
    assert!(!dir.path("hevc_blurred.mp4").exists());
}

#[test]
fn a_video_cannot_be_piped() {
    let dir = Sandbox::new();
    let clip = b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska";
    dir.run_with_stdin(&["blur", "-", "-o", "x.mkv"], clip)
        .exits(1)
        .says("give it as a file");
    dir.file("clip.mkv", clip);
    dir.run(&["blur", "clip.mkv", "-o", "-"])
        .exits(1)
        .says("give -o FILE");
}

#[test]
fn a_frame_beyond_the_limit_is_refused() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    make(&dir, "25", USUAL, "a.mp4");
    dir.run(&["blur", "a.mp4", "--max-pixels", "10000"])
        .exits(1)
        .says("320x180");
    assert_eq!(dir.tree(), ["a.mp4"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_video_leaves_nothing_and_no_process() {
    if !has_ffmpeg() {
        return;
    }
    for signal in ["-INT", "-KILL"] {
        let dir = Sandbox::new();
        make_from(
            &dir,
            "testsrc2=s=640x360:r=25:d=60",
            "-c:v libx264 -preset ultrafast -pix_fmt yuv420p",
            "long.mp4",
        );
        let mut child = dir.command(&["blur", "long.mp4"]).spawn().unwrap();
        wait_for("a temporary", || {
            dir.tree().iter().any(|n| n.starts_with(".faceveil"))
        });
        std::thread::sleep(std::time::Duration::from_millis(700));
        assert!(child.try_wait().unwrap().is_none(), "ended early");
        let id = child.id().to_string();
        assert!(
            std::process::Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        let ended = child.wait_with_output().unwrap();
        wait_for("no ffmpeg is left", || !is_used(&dir));
        let left: Vec<String> = dir.tree().into_iter().filter(|n| n != "long.mp4").collect();
        if signal == "-INT" {
            assert_eq!(ended.status.code(), Some(130));
            assert!(left.is_empty(), "{left:?}");
        } else {
            assert!(left.iter().all(|n| n.starts_with(".faceveil")), "{left:?}");
        }
    }
}

/// What was searched is what is written, or nothing is.
#[cfg(unix)]
#[test]
fn a_video_that_is_replaced_or_written_to_while_it_is_read_fails() {
    if !has_ffmpeg() {
        return;
    }
    let clips = Sandbox::new();
    let coding = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";
    make_from(&clips, "testsrc2=s=640x360:r=25:d=8", coding, "a.mp4");
    make_from(&clips, "testsrc=s=640x360:r=25:d=8", coding, "b.mp4");
    for backend in ["embedded", "ffmpeg"] {
        for is_replaced in [true, false] {
            let dir = Sandbox::new();
            for clip in ["a.mp4", "b.mp4"] {
                dir.file(clip, &clips.read(clip));
            }
            let args = ["blur", "a.mp4", "-o", "new.mp4", "--video-backend", backend];
            let mut child = dir.command(&args).spawn().unwrap();
            wait_for("a temporary", || {
                dir.tree().iter().any(|n| n.starts_with(".faceveil"))
            });
            std::thread::sleep(std::time::Duration::from_millis(300));
            assert!(child.try_wait().unwrap().is_none(), "ended early");
            if is_replaced {
                std::fs::rename(dir.path("b.mp4"), dir.path("a.mp4")).unwrap();
            } else {
                std::fs::copy(dir.path("b.mp4"), dir.path("a.mp4")).unwrap();
            }
            let ended = child.wait_with_output().unwrap();
            let said = String::from_utf8(ended.stderr).unwrap();
            assert_eq!(
                ended.status.code(),
                Some(1),
                "{backend} {is_replaced}: {said}"
            );
            assert!(!dir.path("new.mp4").exists());
            assert!(dir.tree().iter().all(|n| !n.starts_with(".faceveil")));
        }
    }
}

#[cfg(unix)]
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed().as_secs() < 60, "waited in vain: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Whether a process was started for a file of the sandbox; where that cannot be seen, no.
#[cfg(unix)]
fn is_used(dir: &Sandbox) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return false;
    };
    let path = dir.path("");
    let own = path.as_os_str().as_bytes();
    processes.flatten().any(|p| {
        let line = std::fs::read(p.path().join("cmdline")).unwrap_or_default();
        line.windows(own.len()).any(|w| w == own)
    })
}
