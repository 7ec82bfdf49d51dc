use super::*;
use std::process::Command;

/// A second of the sample's face, panned; `false` where there is no ffmpeg to make it.
fn make(path: &Path) -> bool {
    make_at(path, "1", "null", &["-r", "25"])
}

/// So many seconds, with a filter that may set the times and how they are written.
fn make_at(path: &Path, seconds: &str, times: &str, written: &[&str]) -> bool {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/astronaut.jpg");
    let filters = format!("crop=320:240:60+40*t:20,{times}");
    let run = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-loop", "1", "-framerate", "25"])
        .args(["-t", seconds, "-i", sample, "-vf", &filters])
        .args(written)
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

fn embedded() -> VideoAnonymizer {
    let options = VideoOptions {
        backend: Backend::Embedded,
        ..VideoOptions::default()
    };
    let detector = DetectorOptions {
        preset: VideoAnonymizer::PRESET,
        ..DetectorOptions::default()
    };
    VideoAnonymizer::new(&detector, AnonymizeOptions::default(), options).expect("an anonymizer")
}

#[test]
fn a_video_comes_from_and_goes_to_anything_that_can_be_read_and_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = dir.path().join("in.mp4");
    if !make(&input) {
        eprintln!("skipped: no ffmpeg on the PATH");
        return;
    }
    let anonymizer = embedded();
    let mut go_on = |_| ControlFlow::Continue(());
    let output = dir.path().join("out.mp4");
    let by_path = anonymizer.anonymize(&input, &output, &mut go_on);
    let by_path = by_path.expect("a video");
    let expected = std::fs::read(&output).expect("a file");

    let bytes = std::fs::read(&input).expect("a file");
    let reader = || VideoInput::reader(std::io::Cursor::new(bytes.clone()));
    let file = std::fs::File::open(&input).expect("a file");
    for from in [reader(), file.into()] {
        let second = dir.path().join("second.mp4");
        let report = anonymizer.anonymize(from, &second, &mut go_on);
        assert_eq!(report.expect("a video").sha256, by_path.sha256);
    }
    if cfg!(target_os = "linux") {
        let mut new = Vec::new();
        let to = VideoOutput::writer(&mut new);
        let report = anonymizer.anonymize(reader(), to, &mut go_on);
        assert_eq!(report.expect("a video").regions, by_path.regions);
        assert!(new == expected, "the same file");

        let mut nothing = Vec::new();
        let to = VideoOutput::writer(&mut nothing);
        let stopped = anonymizer.anonymize(reader(), to, &mut |_| ControlFlow::Break(()));
        assert_eq!(stopped.expect_err("stopped").kind(), ErrorKind::Interrupted);
        assert!(nothing.is_empty());
    }
}

#[test]
fn what_cannot_be_read_or_written_says_so_by_its_kind() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name);
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/astronaut.jpg");
    std::fs::copy(sample, path("photo.mp4")).expect("copied");
    std::fs::write(path("text.mp4"), b"no video at all").expect("written");
    let anonymizer = embedded();
    let kind = |input: &str, output: &str| {
        let mut go_on = |_| ControlFlow::Continue(());
        let done = anonymizer.anonymize(path(input), path(output), &mut go_on);
        let error = done.expect_err("nothing to be done");
        assert!(!path(output).exists() || input == output);
        (error.kind(), error.to_string())
    };
    assert_eq!(kind("none.mp4", "out.mp4").0, ErrorKind::Input);
    assert_eq!(kind("none/in.mp4", "out.mp4").0, ErrorKind::Input);
    assert_eq!(kind("text.mp4", "out.mp4").0, ErrorKind::Unsupported);
    assert_eq!(kind("text.mp4", "none/out.mp4").0, ErrorKind::Output);
    assert_eq!(kind("text.mp4", "photo.mp4/out.mp4").0, ErrorKind::Output);
    assert_eq!(kind("text.mp4", "text.mp4").0, ErrorKind::InvalidArgument);
    let (kind, message) = kind("photo.mp4", "out.mp4");
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(message.contains("photo (JPEG)"), "{message}");
}

#[test]
fn a_video_whose_frames_do_not_fit_into_memory_is_read_twice_and_gets_the_same_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = dir.path().join("in.mp4");
    if !make(&input) {
        eprintln!("skipped: no ffmpeg on the PATH");
        return;
    }
    let mut anonymizer = embedded();
    let mut seen = Vec::new();
    let mut blur = |anonymizer: &VideoAnonymizer, name: &str| {
        let output = dir.path().join(name);
        let watch = &mut |done: Progress| {
            seen.push(done.frames);
            ControlFlow::Continue(())
        };
        let report = anonymizer
            .anonymize(&input, &output, watch)
            .expect("a video");
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

#[test]
fn a_burst_that_does_not_fit_into_memory_is_found_out_midway_and_gets_the_same_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = dir.path().join("in.mp4");
    // Fifty frames at 200 a second, then nine a second: 25 on average.
    let times = "settb=1/12800,setpts=if(lt(N\\,50)\\,N/200\\,0.25+(N-50)*0.11)/TB";
    let written = ["-fps_mode", "vfr", "-enc_time_base", "1:12800"];
    if !make_at(&input, "3", times, &written) {
        eprintln!("skipped: no ffmpeg on the PATH");
        return;
    }
    let mut anonymizer = embedded();
    let file = VideoFile::open(&input).expect("a file");
    let video = anonymizer.open(&file, Backend::Embedded).expect("a video");
    assert!((20.0..30.0).contains(&video.rate()), "{}", video.rate());
    let blur = |anonymizer: &VideoAnonymizer, name: &str| {
        let output = dir.path().join(name);
        let watch = &mut |_| ControlFlow::Continue(());
        let report = anonymizer
            .anonymize(&input, &output, watch)
            .expect("a video");
        (report, std::fs::read(output).expect("a file"))
    };
    let (report, once) = blur(&anonymizer, "once.mp4");
    assert_eq!((report.frames, report.tracks.len()), (75, 1));
    let room = Tracker::usual_delay(30.0);
    anonymizer.ring = (room + anonymizer.in_flight(video.shape())) * video.shape().bytes();
    assert_eq!(anonymizer.room(&*video), Some(room), "it seems to fit");
    let within = anonymizer.follow_within(
        &*video,
        Some(room),
        None,
        &mut |_| ControlFlow::Continue(()),
        &mut |decided| {
            decided.pool.give(decided.frame.expect("kept"));
            Ok(())
        },
    );
    assert!(within.expect("no failure").is_none(), "it did fit");
    let (again, twice) = blur(&anonymizer, "twice.mp4");
    assert_eq!(again.tracks, report.tracks);
    assert_eq!(again.regions, report.regions);
    assert!(once == twice, "two passes make another file than one");
}

/// What may happen to a file while it is read.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// Another one takes its name.
    Renamed,
    /// Another one is copied over it.
    Overwritten,
}

/// Covers a video that becomes another one of the same length and times when `at` frames were
/// decided, and gives what came out and whether anything was left.
fn changed(backend: Backend, ring: usize, at: usize, change: Change) -> Option<(Result<()>, bool)> {
    let dir = tempfile::tempdir().expect("a folder");
    let [input, other, output] = ["in.mp4", "other.mp4", "out.mp4"].map(|n| dir.path().join(n));
    if !make(&input) || !make_at(&other, "1", "hflip", &["-r", "25"]) {
        eprintln!("skipped: no ffmpeg on the PATH");
        return None;
    }
    let mut anonymizer = embedded();
    anonymizer.video.backend = backend;
    anonymizer.ring = ring;
    let mut is_due = true;
    let done = anonymizer.anonymize(&input, &output, &mut |done| {
        if done.frames >= at && std::mem::take(&mut is_due) {
            match change {
                Change::Renamed => std::fs::rename(&other, &input).expect("renamed"),
                Change::Overwritten => drop(std::fs::copy(&other, &input).expect("copied")),
            }
        }
        ControlFlow::Continue(())
    });
    assert!(
        !is_due,
        "the file was never changed: {backend:?}, {ring}, {at}, {change:?}: {:?}",
        done.err()
    );

    Some((done.map(drop), output.exists()))
}

#[test]
fn a_video_that_is_another_one_in_the_second_pass_fails_and_leaves_nothing() {
    for backend in [Backend::Embedded, Backend::Ffmpeg] {
        for change in [Change::Renamed, Change::Overwritten] {
            // At the end of the first pass, within the second one, and when all frames of the only
            // one are decided.
            for (ring, at) in [(0, 25), (0, 3), (RING, 25)] {
                let Some((done, is_left)) = changed(backend, ring, at, change) else {
                    return;
                };
                let case = format!("{backend:?}, {change:?}, {ring} bytes, frame {at}");
                assert!(done.is_err(), "{case}: written");
                assert!(!is_left, "{case}: something is left");
            }
        }
    }
}

#[test]
fn frames_that_differ_have_other_fingerprints() {
    let fingerprints = Fingerprints::default();
    let frame = |value: u8| crate::video::Frame {
        pts: 0,
        samples: crate::video::Samples::U8(vec![value; 64]),
    };
    assert_eq!(fingerprints.take(&frame(7)), fingerprints.take(&frame(7)));
    assert_ne!(fingerprints.take(&frame(7)), fingerprints.take(&frame(8)));
}
