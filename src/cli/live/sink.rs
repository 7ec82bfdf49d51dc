//! Where covered frames go: an ffmpeg that encodes them, with the time at which each is written.

use super::argument;
use super::process::Process;
use super::source::Head;
use crate::cli::args::Live;
use crate::cli::ui::show;
use anyhow::{Context, Result, ensure};
use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::Duration;

/// Formats that go with the beginnings of addresses.
const FORMATS: [(&str, &str); 7] = [
    ("rtsp://", "rtsp"),
    ("rtsps://", "rtsp"),
    ("rtmp://", "flv"),
    ("rtmps://", "flv"),
    ("udp://", "mpegts"),
    ("tcp://", "mpegts"),
    ("srt://", "mpegts"),
];

/// The time of a frame is when ffmpeg reads it, finer than the rate says: frames that come close
/// together are no doubles.
const ARRIVAL: &str = "settb=1/90000,setpts=(RTCTIME-RTCSTART)*0.09";

/// Refuses a sink that would replace something.
///
/// # Errors
/// If there is a file of this name.
pub(super) fn check(sink: &OsStr) -> Result<()> {
    let path = Path::new(sink);
    ensure!(
        !path.is_file(),
        "{} is there; the covered stream goes to a new file",
        show::path(path)
    );
    Ok(())
}

/// A sink that runs.
pub(super) struct Sink {
    process: Process,
    input: Option<ChildStdin>,
}

impl Sink {
    /// Starts ffmpeg.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn open(typed: &Live, head: &Head) -> Result<Self> {
        let process = Process::start(&mut command(typed, head)?)?;
        let input = process.take_input();
        Ok(Self { process, input })
    }

    /// Writes a frame. Waits where the sink is slow; frames of the source are left out meanwhile.
    ///
    /// # Errors
    /// If the sink takes no more.
    pub(super) fn write(&mut self, frame: &[u8]) -> Result<()> {
        let input = self.input.as_mut().context("the sink is closed")?;
        let written = input.write_all(frame);
        if written.is_err() {
            // Its own words say more than a broken pipe.
            self.input = None;
            self.process
                .wait(Duration::from_secs(2), "writing to the sink")?;
        }
        written.context("writing to the sink")
    }

    /// Says that there are no more frames, and waits until all are written.
    ///
    /// # Errors
    /// If they could not be.
    pub(super) fn close(&mut self, limit: Duration) -> Result<()> {
        // Its end is what ffmpeg waits for.
        let was_open = self.input.take().is_some();
        match was_open {
            true => self.process.wait(limit, "ending the sink"),
            false => Ok(()),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.input = None;
        self.process.kill();
    }
}

/// The format of a sink that does not show in the ending of its name.
pub(super) fn format_of(sink: &OsStr) -> Option<&'static str> {
    let text = sink.to_str().unwrap_or_default();
    let by_address = FORMATS.iter().find(|known| text.starts_with(known.0));
    match by_address {
        Some((_, format)) => Some(format),
        None if text == "-" => Some("mpegts"),
        None if text.starts_with("/dev/video") => Some("v4l2"),
        None => None,
    }
}

/// ffmpeg with how it encodes.
fn command(typed: &Live, head: &Head) -> Result<Command> {
    let sink: &OsStr = &typed.sink;
    let format = typed.to_format.as_deref().or_else(|| format_of(sink));
    let (rate, size) = (head.rate, head.size);
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "error", "-nostdin", "-n"])
        .args(["-f", "rawvideo", "-pix_fmt", "yuv420p"])
        .args(["-video_size", &format!("{}x{}", size.width, size.height)])
        .args(["-framerate", &format!("{}/{}", rate.0, rate.1)])
        .args(["-i", "pipe:0", "-map_metadata", "-1"])
        .args(["-vf", ARRIVAL])
        .args(["-fps_mode", "vfr", "-enc_time_base", "1:90000"])
        .stdin(Stdio::piped());
    let is_webm = Path::new(sink).extension().is_some_and(|e| e == "webm");
    match format {
        Some("v4l2") => command.args(["-c:v", "rawvideo", "-pix_fmt", "yuv420p"]),
        _ if is_webm => command.args(["-deadline", "realtime"]),
        _ => command
            .args(["-c:v", "libx264", "-preset", "veryfast"])
            .args(["-tune", "zerolatency", "-pix_fmt", "yuv420p"])
            // A viewer who comes later waits for two seconds at most.
            .args(["-force_key_frames", "expr:gte(t,n_forced*2)"]),
    };
    if let Some(bits) = typed.bitrate {
        let bits = bits.to_string();
        command.args(["-b:v", &bits, "-maxrate", &bits, "-bufsize", &bits]);
    }
    if let Some(format) = format {
        command.args(["-f", format]);
    }
    if sink == "-" {
        command.arg("pipe:1").stdout(Stdio::inherit());
    } else {
        command.arg(argument(sink)?).stdout(Stdio::null());
    }
    Ok(command)
}
