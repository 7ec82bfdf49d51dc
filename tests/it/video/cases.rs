//! Files that went wrong once, each with both backends. They lie beside the checkout; where they
//! are absent a test says so and passes.

use super::{has_ffmpeg, probe, tool};
use crate::sandbox::{Sandbox, json_lines};
use std::path::PathBuf;

/// A file of `../shared/cases`.
fn case(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/cases")
        .join(name);
    if !path.exists() {
        eprintln!("skipped: no {}", path.display());
        return None;
    }
    Some(path)
}

/// Covers a case as `out/NAME` with a backend and gives its line of the report.
#[track_caller]
fn blurred(dir: &Sandbox, name: &str, backend: &str) -> Option<serde_json::Value> {
    let input = case(name)?;
    let file = input.file_name()?.to_str()?.to_owned();
    std::fs::create_dir_all(dir.path("out")).unwrap();
    let (out, report) = (format!("out/{file}"), format!("out/{file}.jsonl"));
    let args = [
        "blur",
        input.to_str()?,
        "-o",
        &out,
        "--overwrite",
        "--report",
        &report,
        "--video-backend",
        backend,
        "--preset-video",
        "ultrafast",
    ];
    dir.run(&args).exits(0);
    let lines = json_lines(&String::from_utf8(dir.read(&report)).unwrap());
    std::fs::remove_file(dir.path(&report)).unwrap();
    lines.into_iter().find(|l| l["input"].is_string())
}

/// Times of what is shown, or of all that is coded, in milliseconds.
#[track_caller]
fn packets(dir: &Sandbox, file: &str, track: &str, ignoring_edits: bool) -> Vec<i64> {
    let ignore = if ignoring_edits { "1" } else { "0" };
    let mut args = vec![
        "-select_streams",
        track,
        "-show_entries",
        "packet=pts_time,flags",
    ];
    if file.ends_with(".mp4") || file.ends_with(".mov") {
        args.splice(0..0, ["-ignore_editlist", ignore]);
    }
    args.extend(["-of", "csv=p=0", file]);
    let out = tool(dir, "ffprobe", &args);
    let mut times: Vec<i64> = out
        .lines()
        .filter_map(|line| line.split_once(','))
        .filter(|(_, flags)| ignoring_edits || !flags.contains('D'))
        .filter_map(|(time, _)| time.parse::<f64>().ok())
        .map(|time| (time * 1000.0).round() as i64)
        .collect();
    times.sort_unstable();
    times
}

#[test]
fn what_an_edit_list_hides_is_not_in_the_new_file() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    for (name, shown) in [
        ("video/hidden_by_edit_list.mp4", 30),
        ("video/middle_cut_by_edit_list.mp4", 40),
        ("hostile/trimmed_by_edit_list.mp4", 75),
    ] {
        let Some(source) = case(name) else { return };
        let source = source.to_str().unwrap().to_owned();
        let expected = packets(&dir, &source, "v", false);
        assert_eq!(expected.len(), shown);
        let heard = packets(&dir, &source, "a", false);
        for backend in ["embedded", "ffmpeg"] {
            let line = blurred(&dir, name, backend).unwrap();
            let file = format!("out/{}", name.rsplit('/').next().unwrap());
            assert_eq!(line["frames"], shown, "{name}, {backend}");
            let dropped = line["dropped"].as_array().unwrap();
            assert!(dropped.contains(&"hidden-frames".into()), "{line}");
            let coded = packets(&dir, &file, "v", true);
            assert_eq!(coded.len(), shown, "{name}, {backend}");
            assert_eq!(
                packets(&dir, &file, "v", false),
                expected,
                "{name}, {backend}"
            );
            let sound = packets(&dir, &file, "a", true);
            // Two packets before what is heard are what a decoder needs.
            let most = heard.len() + 3;
            assert!(
                sound.len() <= most,
                "{name}, {backend}: {} of {most}",
                sound.len()
            );
            assert_eq!(sound.is_empty(), heard.is_empty(), "{name}, {backend}");
            dir.run(&["inspect", &file]).exits(0);
        }
    }
}

#[test]
fn boxes_in_boxes_are_one_failed_file_or_none() {
    let dir = Sandbox::new();
    for (name, codes) in [
        ("hostile/nested_boxes_2000.mp4", [1, 1]),
        ("hostile/nested_in_valid_2000.mp4", [0, 1]),
    ] {
        let Some(input) = case(name) else { return };
        for backend in ["embedded", "auto"] {
            let args = [
                "blur",
                input.to_str().unwrap(),
                "-o",
                "x.mp4",
                "--overwrite",
            ];
            let mut all = args.to_vec();
            all.extend(["--video-backend", backend]);
            let output = dir.command(&all).output().unwrap();
            let code = output.status.code();
            assert!(
                codes.map(Some).contains(&code),
                "{name}, {backend}: {code:?}"
            );
            assert_eq!(dir.path("x.mp4").exists(), code == Some(0));
            let _ = std::fs::remove_file(dir.path("x.mp4"));
        }
    }
}

#[test]
fn quicktimes_frames_are_in_their_order_and_at_their_times() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    for name in [
        "video/quicktime_negative_ctts.mov",
        "video/real_xmp480qt.mov",
    ] {
        let Some(source) = case(name) else { return };
        let expected = packets(&dir, source.to_str().unwrap(), "v", false);
        let from = |times: Vec<i64>| -> Vec<i64> { times.iter().map(|t| t - times[0]).collect() };
        for backend in ["embedded", "ffmpeg"] {
            blurred(&dir, name, backend).unwrap();
            let file = format!("out/{}", name.rsplit('/').next().unwrap());
            let times = packets(&dir, &file, "v", false);
            assert_eq!(from(times), from(expected.clone()), "{name}, {backend}");
            // The same pictures in the same order.
            let compared = [
                "-i",
                &file,
                "-i",
                source.to_str().unwrap(),
                "-lavfi",
                "[0:v][1:v]psnr=stats_file=psnr.txt",
                "-f",
                "null",
                "-",
            ];
            tool(&dir, "ffmpeg", &compared);
            let stats = String::from_utf8(dir.read("psnr.txt")).unwrap();
            let luma = |line: &str| {
                let at = line.split("psnr_y:").nth(1)?.split(' ').next()?.to_owned();
                at.parse::<f64>().ok()
            };
            let least = stats.lines().filter_map(luma).fold(f64::INFINITY, f64::min);
            assert!(least > 20.0, "{name}, {backend}: a frame of {least} dB");
        }
    }
}

#[test]
fn a_stream_whose_clock_begins_again_keeps_picture_and_sound_together() {
    let Some(source) = case("video/pts_wrap_30s.ts") else {
        return;
    };
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    blurred(&dir, "video/pts_wrap_30s.ts", "ffmpeg").unwrap();
    let apart = |file: &str| {
        let begin = |track| packets(&dir, file, track, false)[0];
        begin("v") - begin("a")
    };
    let (was, is) = (
        apart(source.to_str().unwrap()),
        apart("out/pts_wrap_30s.ts"),
    );
    assert!((was - is).abs() <= 1, "{is} ms apart instead of {was}");
}

#[test]
fn sound_that_has_to_be_converted_and_tracks_with_a_purpose_are_written() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    for (name, dropped, said) in [
        ("video/audio_description_track.mp4", "track-kind", ""),
        ("video/sound_latm.ts", "", "was converted"),
        ("video/avchd_lpcm.m2ts", "", "was converted"),
        ("video/two_frames_one_time.mp4", "", "built-in backend"),
    ] {
        let Some(source) = case(name) else { return };
        let line = blurred(&dir, name, "auto").unwrap();
        let all = line["dropped"].as_array().unwrap();
        assert!(
            dropped.is_empty() || all.contains(&dropped.into()),
            "{line}"
        );
        let warned = line["warnings"].to_string();
        assert!(warned.contains(said), "{name}: {warned}");
        let file = format!("out/{}", source.file_name().unwrap().to_str().unwrap());
        let streams = probe(&dir, &file)["streams"].clone();
        let sound = |streams: &serde_json::Value| {
            let all = streams.as_array().unwrap().iter();
            all.filter(|s| s["codec_type"] == "audio").count()
        };
        let source = probe(&dir, source.to_str().unwrap())["streams"].clone();
        assert_eq!(sound(&streams), sound(&source), "{name}");
    }
}

#[test]
fn frames_that_grow_are_written_at_the_largest_size() {
    if case("video/grows_in_size.ts").is_none() || !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    let line = blurred(&dir, "video/grows_in_size.ts", "ffmpeg").unwrap();
    assert_eq!(
        (&line["width"], &line["height"]),
        (&480.into(), &270.into())
    );
    assert!(line["warnings"].to_string().contains("480x270"), "{line}");
}

#[test]
fn a_last_frame_is_shown_as_long_as_it_was() {
    if case("video/slides_4s.mp4").is_none() || !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    for backend in ["embedded", "ffmpeg"] {
        blurred(&dir, "video/slides_4s.mp4", backend).unwrap();
        let new = probe(&dir, "out/slides_4s.mp4");
        let seconds: f64 = new["format"]["duration"].as_str().unwrap().parse().unwrap();
        assert!(
            (seconds - 12.0).abs() < 0.05,
            "{backend}: {seconds} seconds"
        );
    }
}

#[test]
fn a_joined_stream_fails_with_a_reason() {
    let Some(input) = case("video/joined_segments.ts") else {
        return;
    };
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    dir.run(&["blur", input.to_str().unwrap(), "-o", "x.ts"])
        .exits(1)
        .says("its time jumps back at 2.383 seconds");
    assert!(!dir.path("x.ts").exists());
}

#[test]
fn a_face_under_a_siren_is_covered_in_every_frame() {
    if case("video/siren_light.mp4").is_none() || !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    for backend in ["embedded", "ffmpeg"] {
        let line = blurred(&dir, "video/siren_light.mp4", backend).unwrap();
        let regions = line["regions"].as_array().unwrap();
        for frame in 0..80 {
            let is_covered = regions.iter().any(|region| {
                let [first, last] = [0, 1].map(|i| region["frames"][i].as_u64().unwrap());
                (first..=last).contains(&frame)
            });
            assert!(is_covered, "{backend}: frame {frame} is open");
        }
    }
}

#[test]
fn streams_of_cameras_and_editors_become_quicktime_files() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    for name in ["raw.h264", "theora.ogv", "mxf.mxf"] {
        let Some(input) = case(&format!("video/{name}")) else {
            return;
        };
        let args = ["blur", input.to_str().unwrap(), "-o", "out/"];
        std::fs::create_dir_all(dir.path("out")).unwrap();
        dir.run(&args).exits(0);
        let stem = name.split('.').next().unwrap();
        let new = format!("out/{stem}.mov");
        let frames = |file: &str| {
            let args =
                "-select_streams v -count_frames -show_entries stream=nb_read_frames -of csv=p=0";
            let mut all: Vec<&str> = args.split(' ').collect();
            all.push(file);
            tool(&dir, "ffprobe", &all)
                .trim()
                .trim_matches(',')
                .to_owned()
        };
        assert_eq!(frames(&new), frames(input.to_str().unwrap()), "{name}");
    }
}

/// What the cases hide begins with this.
const SECRET: &[u8] = b"ZQ65";

#[test]
fn bytes_of_sound_packets_that_are_no_sound_are_emptied() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    for name in ["hostile/aacdse.mp4", "hostile/mp3mid.mp4"] {
        for backend in ["embedded", "ffmpeg"] {
            if blurred(&dir, name, backend).is_none() {
                return;
            }
            let new = dir.read(format!("out/{}", name.rsplit('/').next().unwrap()));
            let hides = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|w| w == SECRET);
            assert!(hides(&std::fs::read(case(name).unwrap()).unwrap()));
            assert!(!hides(&new), "{name}, {backend}");
        }
    }
}

#[test]
fn bytes_of_sound_packets_that_stay_are_said() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    for backend in ["embedded", "ffmpeg"] {
        let Some(line) = blurred(&dir, "hostile/aactail.mp4", backend) else {
            return;
        };
        let names: Vec<_> = line["kept"].as_array().unwrap().iter().collect();
        assert!(
            names.contains(&&"sound-data".into()),
            "{backend}: {names:?}"
        );
        let said = line["warnings"].to_string();
        assert!(
            said.contains("24 bytes that are no sound"),
            "{backend}: {said}"
        );
    }
}
