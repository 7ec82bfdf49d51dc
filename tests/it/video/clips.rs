//! Small clips with the traits that go wrong elsewhere.

use super::tool;
use crate::sandbox::Sandbox;

/// Makes `name` from a moving test picture and a tone; `args` come before the name.
#[track_caller]
pub(super) fn make(dir: &Sandbox, rate: &str, args: &str, name: &str) {
    make_from(
        dir,
        &format!("testsrc2=s=320x180:r={rate}:d=1.6"),
        args,
        name,
    );
}

#[track_caller]
pub(super) fn make_from(dir: &Sandbox, picture: &str, args: &str, name: &str) {
    let mut all: Vec<&str> = vec!["-y", "-f", "lavfi", "-i", picture];
    all.extend(["-f", "lavfi", "-i", "sine=frequency=440:duration=1.7"]);
    all.extend(args.split_whitespace());
    all.push(name);
    tool(dir, "ffmpeg", &all);
}

/// H.264 with B-frames, and AAC.
pub(super) const USUAL: &str = "-c:v libx264 -bf 3 -preset fast -pix_fmt yuv420p -c:a aac";

/// Clips that differ in time, sound and container: what is made of them must have the same times
/// and the same sound.
pub(super) const TIMES: [(&str, &str, &str); 8] = [
    (
        "30",
        "-vf select='not(eq(mod(n\\,7)\\,3))' -fps_mode vfr",
        "vfr.mp4",
    ),
    ("30000/1001", "", "ntsc.mp4"),
    ("25", "-vf setpts=PTS+0.4/TB", "late.mp4"),
    (
        "25",
        "-movflags +frag_keyframe+empty_moov -g 10",
        "fragmented.mp4",
    ),
    ("25", "", "usual.mov"),
    (
        "30",
        "-vf select='not(eq(mod(n\\,5)\\,2))' -fps_mode vfr",
        "vfr.mkv",
    ),
    ("25", "-output_ts_offset 7.3", "offset.ts"),
    (
        "24",
        "-map 0:v -map 1:a -map 1:a -metadata:s:a:0 language=eng -metadata:s:a:1 language=fra",
        "two.mp4",
    ),
];
