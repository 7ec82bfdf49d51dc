use super::*;
use std::process::Command;

/// A second of the sample's face, panned; `false` where there is no ffmpeg to make it.
fn make(path: &Path) -> bool {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/astronaut.jpg");
    let run = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-loop", "1", "-i", sample, "-t", "1"])
        .args(["-vf", "crop=320:240:60+40*t:20", "-r", "25"])
        .args(["-c:v", "libx264", "-pix_fmt", "yuv420p"])
        .arg(path)
        .status();
    let made = run.is_ok_and(|status| status.success());
    assert!(
        made || std::env::var_os("FACEVEIL_REQUIRE_FFMPEG").is_none(),
        "no ffmpeg on the PATH"
    );
    made
}

#[test]
fn a_video_whose_frames_do_not_fit_into_memory_is_read_twice_and_gets_the_same_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = dir.path().join("in.mp4");
    if !make(&input) {
        eprintln!("skipped: no ffmpeg on the PATH");
        return;
    }
    let options = VideoOptions {
        backend: Backend::Embedded,
        ..VideoOptions::default()
    };
    let detector = DetectorOptions {
        preset: VideoAnonymizer::PRESET,
        ..DetectorOptions::default()
    };
    let mut anonymizer =
        VideoAnonymizer::new(&detector, Options::default(), options).expect("an anonymizer");
    let mut seen = Vec::new();
    let mut blur = |anonymizer: &VideoAnonymizer, name: &str| {
        let output = dir.path().join(name);
        let watch = &mut |done: Progress| {
            seen.push(done.frames);
            ControlFlow::Continue(())
        };
        let report = anonymizer.blur(&input, &output, watch).expect("a video");
        (report, std::fs::read(output).expect("a file"))
    };
    let (report, once) = blur(&anonymizer, "once.mp4");
    assert_eq!((report.frames, report.tracks.len()), (25, 1));
    anonymizer.ring = 0;
    let (again, twice) = blur(&anonymizer, "twice.mp4");
    assert_eq!(again.tracks, report.tracks);
    assert!(once == twice, "two passes make another file than one");
    assert_eq!(seen.iter().filter(|n| **n == 25).count(), 3, "{seen:?}");
}
