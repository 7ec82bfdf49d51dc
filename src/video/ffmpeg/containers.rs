//! Which container a new file gets, and which sound it can hold unchanged.

/// Samples as they are, of the kinds that QuickTime names.
const PCM_OF_MOV: [&str; 14] = [
    "pcm_s8",
    "pcm_u8",
    "pcm_s16le",
    "pcm_s16be",
    "pcm_s24le",
    "pcm_s24be",
    "pcm_s32le",
    "pcm_s32be",
    "pcm_f32le",
    "pcm_f32be",
    "pcm_f64le",
    "pcm_f64be",
    "pcm_alaw",
    "pcm_mulaw",
];

/// A container that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Mp4,
    Mov,
    Matroska,
    WebM,
    Ts,
}

impl Container {
    /// In kind where that is possible: `names` are ffprobe's, `head` is the file's beginning. What
    /// cannot hold exact timestamps, or no modern codec, becomes QuickTime, which holds nearly any
    /// sound.
    pub(super) fn for_source(names: &str, head: &[u8]) -> Self {
        let is = |name: &str| names.split(',').any(|n| n == name);
        let says = |word: &[u8]| head.windows(word.len()).any(|w| w == word);
        if is("mov") || is("mp4") {
            let is_mp4 = head.get(4..8) == Some(b"ftyp") && head.get(8..12) != Some(b"qt  ");
            return if is_mp4 { Self::Mp4 } else { Self::Mov };
        }
        if is("matroska") {
            // ffprobe gives both names to both.
            return if says(b"webm") {
                Self::WebM
            } else {
                Self::Matroska
            };
        }
        if is("mpegts") { Self::Ts } else { Self::Mov }
    }

    /// Whether it is of the same kind as the source's, by ffprobe's names.
    pub(super) fn is_in_kind(self, names: &str) -> bool {
        names.split(',').any(|n| n == self.format())
    }

    /// ffmpeg's name of it.
    pub(super) const fn format(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Matroska => "matroska",
            Self::WebM => "webm",
            Self::Ts => "mpegts",
        }
    }

    /// For people.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mp4 => "MP4",
            Self::Mov => "QuickTime",
            Self::Matroska => "Matroska",
            Self::WebM => "WebM",
            Self::Ts => "MPEG-TS",
        }
    }

    /// Whether it is of the family with `moov` and `mdat`.
    pub(super) const fn is_iso(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mov)
    }

    /// Whether packets of this sound can be copied into it.
    pub(super) fn holds(self, codec: &str) -> bool {
        match self {
            Self::Mp4 => matches!(
                codec,
                "aac" | "mp3" | "mp2" | "ac3" | "eac3" | "opus" | "flac" | "alac" | "dts"
            ),
            Self::Mov => {
                PCM_OF_MOV.contains(&codec)
                    || matches!(
                        codec,
                        "aac" | "mp3" | "mp2" | "ac3" | "eac3" | "alac" | "adpcm_ima_qt"
                    )
            }
            Self::Matroska => true,
            Self::WebM => matches!(codec, "opus" | "vorbis"),
            Self::Ts => matches!(
                codec,
                "aac" | "mp3" | "mp2" | "ac3" | "eac3" | "dts" | "opus"
            ),
        }
    }

    /// Whether older versions of ffmpeg write this sound into it only if told that they may.
    pub(super) fn is_new_for(self, codec: &str) -> bool {
        self == Self::Mp4 && codec == "flac"
    }

    /// The encoder for sound that it cannot hold.
    pub(super) const fn sound_encoder(self) -> &'static str {
        match self {
            Self::WebM => "libopus",
            _ => "aac",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_of_discs_and_of_old_windows_is_not_taken_for_quicktimes() {
        for (codec, is_held) in [
            ("pcm_s16le", true),
            ("pcm_f64be", true),
            ("adpcm_ima_qt", true),
            ("pcm_dvd", false),
            ("pcm_bluray", false),
            ("pcm_u16le", false),
            ("adpcm_ima_wav", false),
        ] {
            assert_eq!(Container::Mov.holds(codec), is_held, "{codec}");
        }
    }

    #[test]
    fn a_file_stays_in_its_family() {
        let mov = "mov,mp4,m4a,3gp,3g2,mj2";
        for (names, head, container) in [
            (mov, &b"\0\0\0\x18ftypisom"[..], Container::Mp4),
            (mov, b"\0\0\0\x14ftypqt  ", Container::Mov),
            (mov, b"\0\0\0\x08wide", Container::Mov),
            (
                "matroska,webm",
                b"\x1a\x45\xdf\xa3\x42\x82matroska",
                Container::Matroska,
            ),
            (
                "matroska,webm",
                b"\x1a\x45\xdf\xa3\x42\x82\x84webm",
                Container::WebM,
            ),
            ("mpegts", b"G", Container::Ts),
            ("avi", b"RIFF", Container::Mov),
        ] {
            assert_eq!(Container::for_source(names, head), container);
        }
    }
}
