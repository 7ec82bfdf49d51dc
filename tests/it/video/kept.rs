//! What must be the same in the new file: times, sound, pixels and what they mean.

use super::clips::{TIMES, USUAL, make, make_from};
use super::{has_ffmpeg, picture, probe, sound, times, tool};
use crate::sandbox::{Sandbox, json_lines};

#[test]
fn every_frame_keeps_its_time_and_every_sound_track_its_packets() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    std::fs::create_dir(dir.path("in")).unwrap();
    for (rate, args, name) in TIMES {
        make(
            &dir,
            rate,
            &format!("{USUAL} {args}"),
            &format!("in/{name}"),
        );
    }
    // What only ffmpeg can do is refused by the other one.
    let alone =
        |name: &str| !name.starts_with("frag") && (name.ends_with("mp4") || name.ends_with("mov"));
    for (backend, code) in [("ffmpeg", 0), ("embedded", 1)] {
        let args = [
            "blur",
            "in",
            "-o",
            backend,
            "--report",
            "r.jsonl",
            "--video-backend",
            backend,
        ];
        dir.run(&args).exits(code);
        let report = String::from_utf8(dir.read("r.jsonl")).unwrap();
        std::fs::remove_file(dir.path("r.jsonl")).unwrap();
        let lines = json_lines(&report);
        assert_eq!(lines.len(), TIMES.len());
        for (.., name) in TIMES {
            let line = lines.iter().find(|l| l["input"] == name).unwrap();
            if backend == "embedded" && !alone(name) {
                assert!(
                    line["error"].as_str().unwrap().contains("needs ffmpeg"),
                    "{line}"
                );
                continue;
            }
            assert!(
                line["backend"].as_str().unwrap().starts_with(backend),
                "{line}"
            );
            same_times_and_sound(&dir, name, backend, line["frames"].as_u64());
            dir.run(&["inspect", &format!("{backend}/{name}")]).exits(0);
        }
        let languages: Vec<String> = probe(&dir, &format!("{backend}/two.mp4"))["streams"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|s| Some(s["tags"]["language"].as_str()?.to_owned()))
            .filter(|l| l != "und")
            .collect();
        assert_eq!(languages, ["eng", "fra"]);
    }
}

fn same_times_and_sound(dir: &Sandbox, name: &str, out: &str, frames: Option<u64>) {
    let (before, after) = (format!("in/{name}"), format!("{out}/{name}"));
    let (a, b) = (times(dir, &before), times(dir, &after));
    assert_eq!(frames, Some(a.len() as u64), "{after}");
    assert_eq!(a.len(), b.len(), "{after}");
    // Older muxers begin on a whole millisecond.
    let moved = b[0] - a[0];
    assert!(moved.abs() < 1_100_000, "{after} begins {moved} ns later");
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        assert!(
            (b - a - moved).abs() <= 1,
            "{after}: frame {i} at {b}, not {a}"
        );
    }
    assert_eq!(sound(dir, &before), sound(dir, &after), "{after}");
}

#[test]
fn pixels_keep_their_format_and_their_meaning() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    let tags = "-color_primaries bt709 -color_trc bt709 -colorspace bt709";
    let hdr = "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -x265-params \
        log-level=error:hdr10=1:max-cll=1000,400:master-display=G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(10000000,1)";
    let plain = "testsrc2=s=320x180:r=25:d=0.6";
    for (source, args, name) in [
        (
            plain,
            format!("-c:v libx264 -pix_fmt yuvj420p {tags}"),
            "full.mp4",
        ),
        (
            plain,
            format!("-c:v libx264 -pix_fmt yuv422p {tags}"),
            "422.mkv",
        ),
        (
            plain,
            format!("-c:v libx264 -pix_fmt yuv444p {tags}"),
            "444.mp4",
        ),
        (
            plain,
            format!("-c:v libx265 -pix_fmt yuv420p10le {hdr}"),
            "hdr.mp4",
        ),
        (
            "testsrc2=s=321x181:r=25:d=0.4",
            "-c:v libvpx-vp9 -pix_fmt yuv420p -cpu-used 8".into(),
            "odd.webm",
        ),
        (
            plain,
            "-c:v libx264 -pix_fmt yuv420p -vf setsar=64/45".into(),
            "wide.mp4",
        ),
        (plain, "-c:v libx264 -pix_fmt gray".into(), "grey.mkv"),
    ] {
        make_from(&dir, source, &format!("{args} -an"), name);
        dir.run(&["blur", name]).exits(0);
        let new = name.replace('.', "_blurred.");
        same_pixels(&dir, name, &new);
        if matches!(name, "full.mp4" | "wide.mp4") {
            let args = [
                "blur",
                name,
                "-o",
                "alone.mp4",
                "--overwrite",
                "--video-backend",
                "embedded",
            ];
            dir.run(&args).exits(0);
            same_pixels(&dir, name, "alone.mp4");
        }
    }
    let frame = [
        "-select_streams",
        "v:0",
        "-show_frames",
        "-read_intervals",
        "%+#1",
        "hdr_blurred.mp4",
    ];
    let shown = tool(&dir, "ffprobe", &frame);
    for what in [
        "red_x=35400/50000",
        "max_luminance=10000000/10000",
        "max_content=1000",
    ] {
        assert!(shown.contains(what), "{what} is lost:\n{shown}");
    }
}

fn same_pixels(dir: &Sandbox, name: &str, new: &str) {
    let (before, after) = (picture(&probe(dir, name)), picture(&probe(dir, new)));
    for key in [
        "width",
        "height",
        "pix_fmt",
        "sample_aspect_ratio",
        "color_range",
        "color_space",
        "color_transfer",
        "color_primaries",
    ] {
        let same = before[key] == after[key]
            // Square pixels may be said or left unsaid.
            || key == "sample_aspect_ratio" && before[key] != "64:45";
        assert!(
            same,
            "{new}: {key} was {} and is {}",
            before[key], after[key]
        );
    }
}

#[test]
fn what_no_mask_touches_looks_the_same() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    make(&dir, "25", &format!("{USUAL} -color_range pc"), "a.mp4");
    dir.run(&["blur", "a.mp4", "-o", "b.mp4", "--crf", "10"])
        .exits(0);
    let filter = "[0:v][1:v]psnr=stats_file=-";
    let args = [
        "-i", "a.mp4", "-i", "b.mp4", "-lavfi", filter, "-f", "null", "-",
    ];
    for line in tool(&dir, "ffmpeg", &args).lines() {
        let value = line.split("psnr_avg:").nth(1).unwrap();
        let value = value.split_whitespace().next().unwrap();
        let psnr: f64 = value.parse().unwrap_or(f64::INFINITY);
        assert!(psnr > 40.0, "{line}");
    }
}

#[test]
fn a_turned_video_is_seen_and_shown_upright() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    dir.sample(crate::sandbox::ASTRONAUT, "face.jpg");
    // Stored lying on its side, with a matrix that turns it upright.
    let still = "-y -loop 1 -t 0.6 -r 20 -i face.jpg -vf scale=512:512,transpose=2,crop=512:400:0:0 -c:v libx264 -pix_fmt yuv420p flat.mp4";
    tool(&dir, "ffmpeg", &still.split(' ').collect::<Vec<_>>());
    let turned = "-y -i flat.mp4 -c copy -metadata:s:v:0 rotate=270 turned.mp4";
    tool(&dir, "ffmpeg", &turned.split(' ').collect::<Vec<_>>());
    if !probe(&dir, "turned.mp4").to_string().contains("rotation") {
        eprintln!("skipped: this ffmpeg writes no rotation that way");
        return;
    }
    for backend in ["ffmpeg", "embedded"] {
        let args = [
            "blur",
            "turned.mp4",
            "-o",
            "new.mp4",
            "--overwrite",
            "--video-backend",
            backend,
        ];
        dir.run(&args).exits(0);
        let shown = ["-y", "-i", "new.mp4", "-frames:v", "1", "shown.png"];
        tool(&dir, "ffmpeg", &shown);
        let new = std::fs::read(dir.path("shown.png")).unwrap();
        let photo = faceveil::Photo::read(
            &new,
            &faceveil::ReadOptions::new().limits(faceveil::Limits::default()),
        )
        .unwrap();
        let size = photo.stored_size(0);
        assert_eq!((size.width, size.height), (400, 512), "{backend}");
        let ran = dir
            .run(&["detect", "turned.mp4", "--video-backend", backend])
            .exits(0);
        where_the_face_is(&ran.lines()[0]);
    }
}

fn where_the_face_is(line: &serde_json::Value) {
    assert_eq!(
        (line["width"].as_u64(), line["height"].as_u64()),
        (Some(400), Some(512))
    );
    assert_eq!(line["tracks"].as_array().unwrap().len(), 1, "{line}");
    let face = &line["faces"][0]["box"];
    assert!((40.0..100.0).contains(&face[1].as_f64().unwrap()), "{face}");
}

#[test]
fn sound_is_dropped_on_request_and_converted_where_it_must_be() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    make(&dir, "25", USUAL, "a.mp4");
    dir.run(&["blur", "a.mp4", "-o", "silent.mp4", "--audio", "drop"])
        .exits(0);
    assert!(sound(&dir, "silent.mp4").is_empty());
    make(&dir, "25", "-c:v mpeg4 -c:a pcm_s16le", "b.avi");
    dir.run(&["blur", "b.avi"]).exits(0).says("QuickTime");
    assert_eq!(sound(&dir, "b.avi"), sound(&dir, "b_blurred.mov"));
    assert_eq!(
        times(&dir, "b.avi").len(),
        times(&dir, "b_blurred.mov").len()
    );
    make(&dir, "25", "-c:v mpeg4 -c:a wmav2", "c.avi");
    dir.run(&["blur", "c.avi"]).exits(0).says("converted");
    let streams = probe(&dir, "c_blurred.mov");
    assert!(streams.to_string().contains("\"aac\""), "{streams}");
    // By name they are like what QuickTime holds.
    make(&dir, "25", "-c:v mpeg4 -c:a adpcm_ima_wav", "d.avi");
    dir.run(&["blur", "d.avi"]).exits(0).says("converted");
    let flac = "-c:v libx264 -pix_fmt yuv420p -c:a flac -strict experimental";
    make(&dir, "25", flac, "e.mp4");
    dir.run(&["blur", "e.mp4", "--video-backend", "ffmpeg"])
        .exits(0);
    assert_eq!(sound(&dir, "e.mp4"), sound(&dir, "e_blurred.mp4"));
}
