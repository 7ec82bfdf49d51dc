//! Every frame that the built-in decoder gives is compared with ffmpeg's, over the tools that H.264
//! has and phones, cameras and encoders use. Passes with a word where ffmpeg is missing, unless
//! `FACEVEIL_REQUIRE_FFMPEG` is set.

use super::*;
use crate::video::{Frame, Opening, Samples, VideoFile};
use std::process::Command;

/// x264's options, and whether the result must be refused.
const STREAMS: [(&str, bool); 22] = [
    ("-preset ultrafast", false),
    ("-preset veryslow", false),
    ("-profile:v baseline", false),
    ("-profile:v main -bf 8", false),
    ("-x264-params cabac=0:8x8dct=1", false),
    ("-bf 3 -x264-params direct=temporal", false),
    ("-bf 3 -x264-params direct=spatial", false),
    ("-x264-params ref=16:b-pyramid=normal:bframes=5", false),
    ("-x264-params slices=4", false),
    ("-x264-params weightp=2 -vf fade=in:0:20", false),
    ("-x264-params open-gop=1:keyint=10", false),
    ("-x264-params intra-refresh=1:bframes=0", false),
    ("-x264-params cqm=jvt", false),
    ("-g 1", false),
    ("-tune zerolatency", false),
    ("-tune grain", false),
    ("-x264-params bluray-compat=1:slices=4", false),
    ("-qp 0", true),
    ("-pix_fmt yuv420p10le", true),
    ("-pix_fmt yuv422p", true),
    ("-flags +ildct+ilme", true),
    ("-x264-params constrained-intra=1", true),
];

fn has_ffmpeg() -> bool {
    let there = Command::new("ffmpeg").arg("-version").output().is_ok();
    assert!(
        there || std::env::var_os("FACEVEIL_REQUIRE_FFMPEG").is_none(),
        "no ffmpeg on the PATH"
    );
    if !there {
        eprintln!("skipped: no ffmpeg on the PATH");
    }
    there
}

fn ffmpeg(args: &[&str]) -> Vec<u8> {
    let run = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(args)
        .output();
    let output = run.expect("ffmpeg runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    output.stdout
}

#[test]
fn every_frame_is_decoded_exactly_or_the_file_is_refused() {
    if !has_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    for (i, (options, is_refused)) in STREAMS.iter().enumerate() {
        let path = dir.path().join(format!("{i}.mp4"));
        let name = path.to_str().expect("text");
        let source = "testsrc2=s=208x112:r=25:d=1.2";
        let mut args = vec!["-f", "lavfi", "-i", source, "-c:v", "libx264"];
        if !options.contains("pix_fmt") {
            args.extend(["-pix_fmt", "yuv420p"]);
        }
        args.extend(options.split(' '));
        args.push(name);
        ffmpeg(&args);
        let video = match EmbeddedVideo::open(
            &VideoFile::open(&path).expect("a file"),
            Opening {
                max_pixels: 1 << 30,
                ..Opening::default()
            },
        )
        .expect("a whole file")
        {
            Ok(video) => video,
            Err(why) => {
                assert!(is_refused, "{options}: refused, since {why}");
                continue;
            }
        };
        assert!(!is_refused, "{options}: not refused");
        let expected = ffmpeg(&[
            "-i",
            name,
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv420p",
            "-fps_mode",
            "passthrough",
            "-",
        ]);
        let mut source = video.source().expect("a decoder");
        let mut frame = Frame::default();
        let mut expected = expected.chunks_exact(video.shape().bytes());
        let mut last = i64::MIN;
        while source.next(video.shape(), &mut frame).expect(options) {
            let Samples::U8(data) = &frame.samples else {
                panic!("another depth");
            };
            assert!(frame.pts > last, "{options}: out of order");
            last = frame.pts;
            assert!(
                Some(&data[..]) == expected.next(),
                "{options}: frame at {last} differs"
            );
        }
        assert!(expected.next().is_none(), "{options}: frames are missing");
    }
}

#[test]
fn damaged_files_are_errors_and_no_panics() {
    if !has_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("a.mp4");
    let name = path.to_str().expect("text");
    let source = "testsrc2=s=64x48:r=25:d=0.4";
    let options = "-c:v libx264 -pix_fmt yuv420p -movflags +faststart";
    let mut args = vec!["-f", "lavfi", "-i", source];
    args.extend(options.split(' '));
    args.push(name);
    ffmpeg(&args);
    let whole = std::fs::read(&path).expect("written");
    let mut state = 1u32;
    let mut failed = 0;
    for round in 0..300 {
        let mut bytes = whole.clone();
        for _ in 0..1 + round % 4 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = state as usize % bytes.len();
            bytes[at] = (state >> 24) as u8;
        }
        if round % 5 == 0 {
            bytes.truncate(bytes.len() * (round % 97) / 97);
        }
        std::fs::write(&path, &bytes).expect("written");
        let Ok(Ok(video)) = EmbeddedVideo::open(
            &VideoFile::open(&path).expect("a file"),
            Opening {
                max_pixels: 1 << 24,
                ..Opening::default()
            },
        ) else {
            failed += 1;
            continue;
        };
        let mut source = video.source().expect("a decoder");
        let mut frame = Frame::default();
        let shape = *video.shape();
        while let Ok(true) = source.next(&shape, &mut frame) {}
    }
    assert!(
        failed > 60,
        "only {failed} of 300 damaged files were seen to be"
    );
}
