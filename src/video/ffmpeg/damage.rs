//! What ffmpeg says of damage while it decodes: packets that are not whole, and frames that it
//! concealed.
//!
//! With `-debug_ts` it says of each packet and frame when it is shown. A complaint comes right
//! before what it says of the packet or frame.

/// Reads messages of a decoder, line by line.
pub(super) struct Damage {
    /// How a complaint about a packet of the picture track ends.
    packet: String,
    is_packet_next: bool,
    is_frame_next: bool,
}

impl Damage {
    /// For the picture track of this number.
    pub(super) fn new(track: u64) -> Self {
        Self {
            packet: format!("corrupt input packet in stream {track}"),
            is_packet_next: false,
            is_frame_next: false,
        }
    }

    /// Reads a line, and gives the time of a packet or frame that is damaged, in seconds.
    pub(super) fn read(&mut self, line: &str) -> Option<f64> {
        // Only a complaint ends like this; the name of the file stands before it.
        if line.trim_end().ends_with(&self.packet) {
            self.is_packet_next = true;
        } else if line.contains("corrupt decoded frame") {
            self.is_frame_next = true;
        } else if line.contains("demuxer+ffmpeg -> ") && line.contains("type:video") {
            return std::mem::take(&mut self.is_packet_next)
                .then(|| time(line, " pkt_pts_time:").or(time(line, " pkt_dts_time:")))
                .flatten();
        } else if line.contains("decoder -> ") {
            return std::mem::take(&mut self.is_frame_next)
                .then(|| time(line, " frame_pts_time:").or(time(line, "pts_time:")))
                .flatten();
        }
        None
    }

    /// Whether a line says nothing but when something is shown.
    pub(super) fn is_time(line: &str) -> bool {
        line.contains(" -> ") || line.contains("Last message repeated")
    }
}

/// The number behind a name.
fn time(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once(name)?;
    let number = rest.split_whitespace().next()?;
    number.parse().ok().filter(|t: &f64| t.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_damaged_packets_and_frames_are_read() {
        let mut damage = Damage::new(0);
        let said = [
            "[mpegts @ 0x55f0003fd940] Packet corrupt (stream = 0, dts = 146090).",
            "lost.ts: corrupt input packet in stream 0",
            "demuxer -> ist_index:0 type:video pkt_pts:143090 pkt_pts_time:1.58989 pkt_dts:143090",
            "demuxer+ffmpeg -> ist_index:0 type:video pkt_pts:141000 pkt_pts_time:1.56667 pkt_dts:141000",
            "decoder -> ist_index:0 type:video frame_pts:138000 frame_pts_time:1.53333 keyframe:0",
            "lost.ts: corrupt decoded frame in stream 0",
            "decoder -> ist_index:0 type:video frame_pts:144000 frame_pts_time:1.6 keyframe:0",
            "decoder -> ist_index:0 type:video frame_pts:147000 frame_pts_time:1.63333 keyframe:0",
            "lost.ts: corrupt input packet in stream 1",
            "demuxer+ffmpeg -> ist_index:0 type:video pkt_pts:150000 pkt_pts_time:1.66667 pkt_dts:1",
        ];
        let times: Vec<f64> = said.iter().filter_map(|line| damage.read(line)).collect();
        assert_eq!(times, [1.56667, 1.6]);
    }
}
