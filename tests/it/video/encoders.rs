//! Encoders by name. Hardware is not there, so a program in front of the real ffmpeg says that it
//! is, writes down what it was asked for, and lets x264 do the work.

use super::{clips, has_ffmpeg, line_of};
use crate::sandbox::{Ran, Sandbox, finish};

const FRONT: &str = r#"#!/bin/sh
real=$(PATH="$REAL_PATH" command -v ffmpeg)
case " $* " in
*" -encoders "*)
    "$real" "$@"
    for name in nvenc videotoolbox vaapi qsv amf; do echo " V....D h264_$name H.264"; done
    exit ;;
esac
printf '%s\n' "$@" >> "$ASKED"
n=$#
while [ $n -gt 0 ]; do
    word=$1; shift; n=$((n - 1))
    case "$word" in h264_*) word=libx264 ;; esac
    set -- "$@" "$word"
done
exec "$real" "$@"
"#;

/// Runs with the program in front.
#[cfg(unix)]
fn run(dir: &Sandbox, args: &[&str]) -> Ran {
    use std::os::unix::fs::PermissionsExt;
    let front = dir.path("bin/ffmpeg");
    dir.file("bin/ffmpeg", FRONT.as_bytes());
    std::fs::set_permissions(&front, PermissionsExt::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = dir.command(args);
    command.env("PATH", format!("{}:{path}", dir.path("bin").display()));
    command.env("REAL_PATH", path);
    command.env("ASKED", dir.path("asked"));
    finish(command)
}

#[cfg(unix)]
#[test]
fn hardware_encoders_get_what_their_options_are() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    std::fs::create_dir(dir.path("bin")).unwrap();
    clips::make(&dir, "25", clips::USUAL, "a.mp4");
    for (encoder, crf, words) in [
        ("nvenc", None, "-pix_fmt yuv420p -c:v h264_nvenc -b:v "),
        ("videotoolbox", None, "-c:v h264_videotoolbox -b:v "),
        (
            "nvenc",
            Some("20"),
            "-c:v h264_nvenc -rc vbr -cq 20 -b:v 0 ",
        ),
        (
            "videotoolbox",
            Some("17"),
            "-c:v h264_videotoolbox -q:v 66 ",
        ),
        (
            "vaapi",
            Some("20"),
            "-init_hw_device vaapi -vf format=nv12,hwupload -chroma_sample_location left \
             -c:v h264_vaapi -rc_mode CQP -qp 20 ",
        ),
        (
            "qsv",
            Some("20"),
            "-pix_fmt nv12 -c:v h264_qsv -global_quality 20 ",
        ),
        (
            "amf",
            Some("20"),
            "-c:v h264_amf -rc cqp -qp_i 20 -qp_p 20 ",
        ),
    ] {
        let mut args = vec![
            "blur",
            "a.mp4",
            "-o",
            "o.mp4",
            "--overwrite",
            "--encoder",
            encoder,
        ];
        args.extend(crf.iter().flat_map(|crf| ["--crf", crf]));
        args.extend(["--report", "r.jsonl"]);
        let _ = std::fs::remove_file(dir.path("asked"));
        let ran = run(&dir, &args);
        let asked = String::from_utf8(dir.read("asked"))
            .unwrap()
            .replace('\n', " ");
        assert!(asked.contains(words), "{encoder}: {asked}");
        // What x264 does not know fails there.
        if crf.is_none() {
            ran.exits(0);
            let line = line_of(&dir, "r.jsonl");
            let backend = line["backend"].as_str().unwrap();
            assert!(backend.ends_with(&format!("(h264_{encoder})")), "{backend}");
        }
    }
}

#[test]
fn an_encoder_that_is_asked_for_works_or_fails() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    clips::make(&dir, "25", clips::USUAL, "a.mp4");
    let blur = |encoder: &str, more: &[&str]| {
        let args = ["blur", "a.mp4", "-o", "o.mp4", "--encoder", encoder];
        dir.run(&[&args[..], more].concat())
    };
    blur("amf", &[])
        .exits(1)
        .says("was built without the encoder h264_amf");
    assert!(!dir.path("o.mp4").exists());
    blur("x264", &["--video-backend", "embedded"])
        .exits(1)
        .says("the encoder x264 needs ffmpeg");
    assert!(!dir.path("o.mp4").exists());
    let ran = blur("x265", &["--report", "r.jsonl"]);
    ran.exits(0);
    let line = line_of(&dir, "r.jsonl");
    assert!(line["backend"].to_string().contains("libx265"), "{line}");
}

#[test]
fn playing_may_begin_where_it_could_in_the_source() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    // Every 13 frames, which no encoder chooses by itself.
    let args = format!("{} -g 13 -sc_threshold 0", clips::USUAL);
    clips::make(&dir, "25", &args, "a.mp4");
    let keys = |name: &str| -> Vec<String> {
        let args = [
            "-select_streams",
            "v",
            "-show_entries",
            "packet=pts_time,flags",
        ];
        let file = ["-of", "csv=p=0", name];
        let said = super::tool(&dir, "ffprobe", &[&args[..], &file].concat());
        let keys = said.lines().filter(|l| l.contains('K'));
        keys.map(|l| l.split(',').next().unwrap().to_owned())
            .collect()
    };
    let own = keys("a.mp4");
    assert!(own.len() >= 3, "{own:?}");
    for backend in ["ffmpeg", "embedded"] {
        let out = format!("{backend}.mp4");
        dir.run(&["blur", "a.mp4", "-o", &out, "--video-backend", backend])
            .exits(0);
        let new = keys(&out);
        assert!(
            own.iter().all(|k| new.contains(k)),
            "{backend}: {own:?} {new:?}"
        );
    }
}
