//! When frames are shown: in a new file, looked at once more, and in the packets of the source.

use super::super::failure::{failed, malformed};
use super::super::file::{Slot, VideoFile};
use super::super::timeline::Timeline;
use super::ask::{ask, number_text, run, time_base};
use super::probe::Probe;
use super::tools::file_argument;
use crate::error::Result;
use std::path::Path;
use std::process::Stdio;

const SHOWN_PACKETS: [&str; 6] = [
    "-select_streams",
    "V:0",
    "-show_entries",
    "packet=pts,flags",
    "-of",
    "csv=p=0",
];

/// A new file, looked at once more.
pub(super) struct Written {
    /// The frames in the order of showing.
    pub(super) shown: Timeline,
    /// Where its time begins, in seconds.
    pub(super) start: f64,
    /// Picture, sound and other tracks.
    pub(super) tracks: [usize; 3],
}

/// Reads a new file's tracks and times.
pub(super) fn written(path: &Path) -> Result<Written> {
    let input = || Ok((Stdio::null(), file_argument(path)?));
    let (all, packets) = std::thread::scope(|scope| {
        let packets = scope.spawn(|| run(input()?, &SHOWN_PACKETS));
        (
            input().and_then(|input| ask(input, &["-show_streams", "-show_format"])),
            packets.join(),
        )
    });
    let (all, packets) = (all?, packets.map_err(|_| failed("starting ffprobe"))??);
    let streams = all["streams"].as_array().map_or(&[][..], Vec::as_slice);
    let count = |kind| streams.iter().filter(|s| s["codec_type"] == kind).count();
    let (video, audio) = (count("video"), count("audio"));
    let tracks = [video, audio, streams.len() - video - audio];
    let start = number_text(&all["format"], "start_time").and_then(|t| t.parse().ok());
    let base = streams
        .iter()
        .find(|s| s["codec_type"] == "video")
        .and_then(time_base)
        .ok_or_else(|| malformed("the new file has no video track"))?;
    let mut pts = Vec::new();
    for line in packets.lines() {
        let (ticks, flags) = line.split_once(',').unwrap_or((line, ""));
        // A packet that players decode and do not show.
        if !ticks.is_empty() && !flags.contains('D') {
            let ticks = ticks.trim().parse();
            pts.push(ticks.map_err(|_| malformed("the new file has a frame without a time"))?);
        }
    }
    pts.sort_unstable();
    Ok(Written {
        shown: Timeline { base, pts },
        start: start.unwrap_or(0.0),
        tracks,
    })
}

/// Packets of a file's picture track: when they are shown, in seconds from the file's start, if
/// they say, and whether playing may begin there.
pub(super) struct Packets(Vec<(Option<f64>, bool)>);

/// Reads them, in the order of decoding.
pub(super) fn packets(file: &VideoFile, probe: &Probe) -> Result<Packets> {
    let track = probe.video.index.to_string();
    let what = [
        "-select_streams",
        &track,
        "-show_entries",
        "packet=pts,flags",
        "-of",
        "csv=p=0",
    ];
    let packets = run(file.for_child(Slot::Input)?, &what)?;
    let lines = packets.lines().filter(|l| !l.trim().is_empty());
    let packet = |line: &str| {
        let (ticks, flags) = line.split_once(',').unwrap_or((line, ""));
        let seconds = |ticks| probe.video.time_base.seconds(ticks) - probe.start_seconds();
        (ticks.trim().parse().ok().map(seconds), flags.contains('K'))
    };
    Ok(Packets(lines.map(packet).collect()))
}

impl Packets {
    /// All times, rising; `None` where a packet does not say.
    ///
    /// # Errors
    /// If time jumps back.
    pub(super) fn times(&self) -> Result<Option<Vec<f64>>> {
        let times: Option<Vec<f64>> = self.0.iter().map(|(time, _)| *time).collect();
        let Some(mut times) = times else {
            return Ok(None);
        };
        if let Some(time) = begins_again(&times) {
            return Err(malformed(format!(
                "its time jumps back at {time:.3} seconds, as where recordings were joined; encode it anew first, for \
                 instance with `ffmpeg -i INPUT -crf 16 OUTPUT.mp4`, and check what that shows"
            )));
        }
        times.sort_by(f64::total_cmp);
        Ok(Some(times))
    }

    /// When those are shown from which playing may begin, in seconds from `begin` on. None of a
    /// source that has so many that each frame would cost as much as a picture.
    pub(super) fn keys(&self, begin: f64) -> Vec<f64> {
        /// A command line is no longer than this.
        const MOST: usize = 4000;
        /// Packets for one from which playing may begin.
        const RARE: usize = 8;
        let keys = self.0.iter().filter(|(_, is_key)| *is_key);
        let times = keys.filter_map(|(time, _)| Some((*time)? - begin));
        let mut times: Vec<f64> = times.filter(|t| *t > 0.0).collect();
        times.sort_by(f64::total_cmp);
        match times.len() <= MOST && times.len() * RARE <= self.0.len() {
            true => times,
            false => Vec::new(),
        }
    }
}

/// The latest time before one that lies further back than frames can be out of order.
fn begins_again(times: &[f64]) -> Option<f64> {
    const OUT_OF_ORDER: f64 = 1.5;
    let mut latest = f64::NEG_INFINITY;
    for time in times {
        if *time < latest - OUT_OF_ORDER {
            return Some(latest);
        }
        latest = latest.max(*time);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playing_may_begin_where_it_could_and_not_at_every_frame() {
        let packets = |distance: usize| {
            let packet = |i: usize| (Some(i as f64 / 25.0), i.is_multiple_of(distance));
            Packets((0..100).map(packet).collect())
        };
        assert_eq!(packets(50).keys(0.0), [2.0]);
        assert_eq!(packets(50).keys(1.5), [0.5]);
        assert_eq!(packets(25).keys(1.0), [1.0, 2.0]);
        assert!(packets(1).keys(0.0).is_empty());
    }

    #[test]
    fn joined_recordings_are_told_from_frames_out_of_order() {
        assert_eq!(begins_again(&[0.0, 0.12, 0.04, 0.08, 0.24, 0.16]), None);
        assert_eq!(begins_again(&[0.0, 1.2, 2.4, 2.3, 0.0, 1.2]), Some(2.4));
    }
}
