//! Videos through the command. Clips are made here by the ffmpeg on the PATH; where there is none a
//! test says so and passes, unless `FACEVEIL_REQUIRE_FFMPEG` is set.

mod apply;
mod bars;
mod blurred;
mod cases;
mod clean;
mod clips;
mod encoders;
mod exposure;
mod failing;
#[cfg(target_os = "linux")]
mod isolation;
mod kept;
mod lights;
mod live;
mod moving;
mod part;
mod sizes;
mod verify;
mod words;
mod writing;

use crate::sandbox::Sandbox;
use std::ffi::OsStr;
use std::process::Command;

/// Whether ffmpeg is there.
pub(crate) fn has_ffmpeg() -> bool {
    let runs = |program| {
        let output = Command::new(program).arg("-version").output();
        output.is_ok_and(|o| o.status.success())
    };
    let there = runs("ffmpeg") && runs("ffprobe");
    assert!(
        there || std::env::var_os("FACEVEIL_REQUIRE_FFMPEG").is_none(),
        "no ffmpeg on the PATH"
    );
    if !there {
        eprintln!("skipped: no ffmpeg on the PATH");
    }
    there
}

/// Runs ffmpeg or ffprobe in the sandbox and gives what it printed.
#[track_caller]
fn tool<S: AsRef<OsStr>>(dir: &Sandbox, program: &str, args: &[S]) -> String {
    let output = Command::new(program)
        .args(["-v", "error"])
        .args(args)
        .current_dir(dir.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The line of a report about a file, the only one.
#[track_caller]
fn line_of(dir: &Sandbox, report: &str) -> serde_json::Value {
    let lines = crate::sandbox::lines_of(&dir.read(report));
    let mut lines = lines.into_iter().filter(|l| l["input"].is_string());
    lines.next().expect("a line about a file")
}

/// What ffprobe says of a file.
#[track_caller]
fn probe(dir: &Sandbox, file: &str) -> serde_json::Value {
    let args = [
        "-show_streams",
        "-show_format",
        "-show_chapters",
        "-of",
        "json",
        file,
    ];
    serde_json::from_str(&tool(dir, "ffprobe", &args)).unwrap()
}

/// The picture track, cover art aside.
#[track_caller]
fn picture(probe: &serde_json::Value) -> serde_json::Value {
    let streams = probe["streams"].as_array().unwrap();
    let found = streams
        .iter()
        .find(|s| s["codec_type"] == "video" && s["disposition"]["attached_pic"] == 0);
    found.unwrap().clone()
}

/// When frames are shown, in whole nanoseconds from the file's start.
#[track_caller]
fn times(dir: &Sandbox, file: &str) -> Vec<i64> {
    let all = probe(dir, file);
    let start: f64 = all["format"]["start_time"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let base = picture(&all)["time_base"].as_str().unwrap().to_owned();
    let (num, den) = base.split_once('/').unwrap();
    let (num, den): (i128, i128) = (num.parse().unwrap(), den.parse().unwrap());
    let args = [
        "-select_streams",
        "V:0",
        "-show_entries",
        "packet=pts,flags",
        "-of",
        "csv=p=0",
        file,
    ];
    let mut times: Vec<i64> = tool(dir, "ffprobe", &args)
        .lines()
        // Those that an edit list hides are not shown.
        .filter(|l| !l.contains('D'))
        .filter_map(|l| l.split(',').next()?.parse::<i128>().ok())
        .map(|pts| (pts * num * 1_000_000_000 / den) as i64 - (start * 1e9) as i64)
        .collect();
    times.sort_unstable();
    times
}

/// A hash of what each sound track sounds like. Packets may differ: into the first ones encoders
/// put their names, which are emptied.
#[track_caller]
fn sound(dir: &Sandbox, file: &str) -> Vec<String> {
    let tracks = probe(dir, file)["streams"].as_array().unwrap().clone();
    let count = tracks.iter().filter(|s| s["codec_type"] == "audio").count();
    (0..count)
        .map(|i| {
            let map = format!("0:a:{i}");
            let args = ["-i", file, "-map", &map, "-f", "md5", "-"];
            tool(dir, "ffmpeg", &args)
        })
        .collect()
}
