//! Covers the faces in a stream of raw RGB frames, from standard input to standard output:
//!
//! ```text
//! ffmpeg -v error -f v4l2 -framerate 30 -video_size 640x480 -i /dev/video0 \
//!     -f rawvideo -pix_fmt rgb24 - |
//!   cargo run --release --example camera -- 640 480 30 |
//!   ffplay -f rawvideo -pixel_format rgb24 -video_size 640x480 -framerate 30 -
//! ```
//!
//! A file is a source, too (`-i in.mp4 -vf scale=640:480`), and an encoder is a target
//! (`ffmpeg -f rawvideo -pix_fmt rgb24 -s 640x480 -r 30 -i - out.mp4`). Frames come out twelve
//! frames later.

use faceveil::live::{FrameFormat, LiveOptions};
use faceveil::{AnonymizeOptions, DetectorOptions, LiveAnonymizer, Preset, Size};
use std::error::Error;
use std::io::{ErrorKind, Read, Write, stdin, stdout};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u32> = std::env::args()
        .skip(1)
        .map(|a| a.parse())
        .collect::<Result<_, _>>()?;
    let [width, height, rate] = numbers[..] else {
        return Err("give width, height and frames per second".into());
    };
    let format = FrameFormat::by_name("rgb", Size::new(width, height))?;
    let bytes = format.bytes();
    let detector = DetectorOptions::new().preset(Preset::Fast);
    let live = LiveOptions::new(format).threads(std::thread::available_parallelism()?.get());
    let mut live = LiveAnonymizer::new(&detector, AnonymizeOptions::default(), live)?;

    let (mut input, mut output) = (stdin().lock(), stdout().lock());
    for frame in 0u32.. {
        let mut data = vec![0; bytes];
        match input.read_exact(&mut data) {
            Ok(()) => live.push(data, frame * Duration::from_secs(1) / rate)?,
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => break,
            Err(e) => return Err(e.into()),
        }
        while let Some(covered) = live.receive() {
            output.write_all(&covered.data)?;
        }
    }
    live.finish()?;
    while let Some(covered) = live.receive() {
        output.write_all(&covered.data)?;
    }
    let summary = live.take_summary();
    let (faces, open) = (summary.tracks.len(), summary.spans.len());
    eprintln!(
        "{} frames, {faces} faces, {open} spans left open",
        summary.frames
    );
    Ok(())
}
