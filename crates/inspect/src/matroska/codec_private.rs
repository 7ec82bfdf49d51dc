//! A track's CodecPrivate: what a decoder needs before the first packet, and whatever else was put there.

use super::super::bytes::{self, Order, part, rest, says_something};
use super::super::coded::{nal, obu};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::aac;

/// What our own files say of their maker.
const OWN_VENDOR: [&[u8]; 3] = [b"", b"ffmpeg", b"Lavf"];
/// Names what reveals more than how to decode. `codec` is the track's CodecID; of codecs that are not
/// known here nothing is said.
pub(super) fn look(codec: &str, body: &[u8], out: &mut Inspection) {
    let place = format!("codec header of {codec}");
    let mut look = Look { place, out };
    match codec {
        "A_VORBIS" => look.laced(body, b"\x03vorbis"),
        "V_THEORA" => look.laced(body, b"\x81theora"),
        "A_OPUS" => look.opus(body),
        "A_FLAC" => look.flac(body),
        "A_ALAC" => look.behind(rest(body, 24)),
        "V_MPEG4/ISO/AVC" => look.parsed(body, Look::avc),
        "V_MPEGH/ISO/HEVC" => look.parsed(body, Look::hevc),
        "V_AV1" => look.parsed(body, Look::av1),
        "V_VP8" => look.behind(body),
        "V_VP9" => look.vp9(body),
        _ if codec.starts_with("A_AAC") => look.behind(aac::rest_of(body)),
        // The ends of WAVEFORMATEX at most.
        _ if ["A_MPEG/", "A_AC3", "A_EAC3", "A_DTS", "A_PCM/"]
            .iter()
            .any(|name| codec.starts_with(name)) =>
        {
            look.behind(rest(body, 12));
        }
        _ => {}
    }
}

struct Look<'a> {
    place: String,
    out: &'a mut Inspection,
}

impl Look<'_> {
    fn add(&mut self, kind: Kind, bytes: usize, detail: String) {
        let finding = Finding::new(kind, self.place.clone()).bytes(bytes);
        self.out.add(finding.detail(detail));
    }

    /// Bytes that no decoder reads.
    fn behind(&mut self, bytes: &[u8]) {
        if says_something(bytes) {
            self.add(Kind::UnusedBytes, bytes.len(), String::new());
        }
    }

    /// Runs `read`, which gives what is left behind the structure; one that makes no sense is
    /// unused as a whole.
    fn parsed<'b>(&mut self, body: &'b [u8], read: fn(&mut Self, &'b [u8]) -> Option<&'b [u8]>) {
        let left = read(self, body).unwrap_or(body);
        self.behind(left);
    }

    /// Three headers, the first two with their lengths in front.
    fn laced(&mut self, body: &[u8], kind: &[u8]) {
        let mut at = 1;
        let mut length = || {
            let full = rest(body, at).iter().take_while(|b| **b == 255).count();
            let last = *body.get(at + full)?;
            at += full + 1;
            Some(full * 255 + usize::from(last))
        };
        let (first, second) = (length(), length());
        let comments = first.zip(second).and_then(|(first, second)| {
            let packet = part(body, at.checked_add(first)?, second)?;
            packet.strip_prefix(kind)
        });
        match comments {
            Some(comments) if body.first() == Some(&2) => {
                let end = self.comments(comments);
                // The framing bit.
                self.behind(rest(comments, end + 1));
            }
            _ => self.behind(body),
        }
    }

    /// Vorbis comments; gives where they end.
    fn comments(&mut self, body: &[u8]) -> usize {
        let mut at = 0;
        let next = |at: &mut usize| {
            let length = Order::Little.u32(body, *at)? as usize;
            let value = part(body, at.checked_add(4)?, length)?;
            *at += 4 + length;
            Some(value)
        };
        let Some(vendor) = next(&mut at) else {
            return 0;
        };
        if !OWN_VENDOR.contains(&vendor) {
            self.add(Kind::Software, vendor.len(), bytes::text(vendor));
        }
        let count = Order::Little.u32(body, at).unwrap_or(0);
        at = body.len().min(at.saturating_add(4));
        for _ in 0..count {
            let Some(comment) = next(&mut at) else {
                break;
            };
            self.comment(comment);
        }
        at
    }

    fn comment(&mut self, comment: &[u8]) {
        let cut = comment.iter().position(|b| *b == b'=');
        let (name, value) = comment.split_at(cut.unwrap_or(comment.len()));
        let (name, value) = (bytes::text(name), rest(value, 1));
        if name.eq_ignore_ascii_case("WAVEFORMATEXTENSIBLE_CHANNEL_MASK") {
            return;
        }
        if name.eq_ignore_ascii_case("METADATA_BLOCK_PICTURE")
            || name.eq_ignore_ascii_case("COVERART")
        {
            self.add(Kind::Preview, value.len(), String::new());
            return;
        }
        let value = bytes::text(value);
        let kind = super::tags::kind_of_tag(&name, &value).unwrap_or(Kind::Text);
        self.add(kind, comment.len(), format!("{name}={value}"));
    }

    fn opus(&mut self, body: &[u8]) {
        let map = match (body.get(9), body.get(18)) {
            (Some(channels), Some(1..)) => 2 + usize::from(*channels),
            _ => 0,
        };
        self.behind(rest(body, 19 + map));
    }

    fn flac(&mut self, body: &[u8]) {
        let mut at = 4;
        while let Some(head) = Order::Big.u32(body, at) {
            let length = (head & 0xff_ffff) as usize;
            let Some(block) = part(body, at + 4, length) else {
                break;
            };
            match head >> 24 & 0x7f {
                // What the stream is, and where to seek.
                0 => self.behind(rest(block, 34)),
                3 => {}
                1 => self.behind(block),
                4 => {
                    let end = self.comments(block);
                    self.behind(rest(block, end));
                }
                6 => self.add(Kind::Preview, length, String::new()),
                kind => self.add(Kind::PrivateData, length, format!("block of type {kind}")),
            }
            at += 4 + length;
            if head >> 31 == 1 {
                break;
            }
        }
        self.behind(rest(body, at));
    }

    /// AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1).
    fn avc<'b>(&mut self, body: &'b [u8]) -> Option<&'b [u8]> {
        let mut at = 5;
        let mut lists = 2;
        while lists > 0 {
            let mask = if lists == 2 { 0x1f } else { 0xff };
            let count = body.get(at)? & mask;
            at += 1;
            for _ in 0..count {
                at = self.unit(body, at, nal::Coding::Avc)?;
            }
            lists -= 1;
        }
        // Some profiles say their chroma and depths, and have one more list.
        if matches!(body.get(1), Some(100 | 110 | 122 | 144 | 244)) && at + 4 <= body.len() {
            let count = body.get(at + 3)?;
            at += 4;
            for _ in 0..*count {
                at = self.unit(body, at, nal::Coding::Avc)?;
            }
        }
        Some(rest(body, at))
    }

    /// HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1).
    fn hevc<'b>(&mut self, body: &'b [u8]) -> Option<&'b [u8]> {
        let lists = *body.get(22)?;
        let mut at = 23;
        for _ in 0..lists {
            let count = Order::Big.u16(body, at + 1)?;
            at += 3;
            for _ in 0..count {
                at = self.unit(body, at, nal::Coding::Hevc)?;
            }
        }
        Some(rest(body, at))
    }

    /// A unit of a stream behind its length; gives where it ends.
    fn unit(&mut self, body: &[u8], at: usize, coding: nal::Coding) -> Option<usize> {
        let length = usize::from(Order::Big.u16(body, at)?);
        part(body, at + 2, length)?;
        Some(nal::listed(coding, body, at, 1, &self.place, self.out))
    }

    /// AV1CodecConfigurationRecord: four bytes, then open bitstream units.
    fn av1<'b>(&mut self, body: &'b [u8]) -> Option<&'b [u8]> {
        obu::look(body.get(4..)?, &self.place, self.out);
        Some(&[])
    }

    /// Features of one byte each: profile, level, depth, chroma.
    fn vp9(&mut self, body: &[u8]) {
        let features = body.chunks(3).take_while(|f| matches!(f, [1..=4, 1, _]));
        let at = features.count() * 3;
        self.behind(rest(body, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(codec: &str, body: &[u8]) -> Vec<Kind> {
        let mut out = Inspection::default();
        look(codec, body, &mut out);
        out.findings.iter().map(|f| f.kind).collect()
    }

    fn comments(vendor: &str, list: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |text: &str| {
            out.extend((text.len() as u32).to_le_bytes());
            out.extend(text.as_bytes());
        };
        put(vendor);
        list.iter().for_each(|text| put(text));
        let at = 4 + vendor.len();
        out.splice(at..at, (list.len() as u32).to_le_bytes());
        out
    }

    /// `rest`: framing bit and padding.
    fn vorbis(comments: &[u8], rest: &[u8]) -> Vec<u8> {
        let packet = [b"\x03vorbis", comments, rest].concat();
        let mut out = vec![2, 30];
        out.extend(std::iter::repeat_n(255, packet.len() / 255));
        out.push((packet.len() % 255) as u8);
        out.extend([&[1; 30][..], &packet, b"\x05vorbis"].concat());
        out
    }

    #[test]
    fn comments_of_sound_are_named_by_what_they_tell() {
        let list = [
            "ARTIST=Alice",
            "LOCATION=52.5200 N",
            "metadata_block_picture=AAAA",
            "mood=merry",
        ];
        let comment = comments("Xiph", &list);
        let expected = [
            Kind::Software,
            Kind::Author,
            Kind::Gps,
            Kind::Preview,
            Kind::Text,
        ];
        assert_eq!(kinds("A_VORBIS", &vorbis(&comment, b"\x01")), expected);
        let block = |kind: u8, body: &[u8]| {
            let mut out = (u32::from(kind) << 24 | body.len() as u32)
                .to_be_bytes()
                .to_vec();
            out.extend(body);
            out
        };
        let flac = |last: &[u8]| [b"fLaC", &block(0, &[1; 34])[..], last].concat();
        assert_eq!(kinds("A_FLAC", &flac(&block(0x84, &comment))), expected);
        assert_eq!(
            kinds("A_FLAC", &flac(&block(0x86, b"jpeg"))),
            [Kind::Preview]
        );
        assert_eq!(
            kinds("A_FLAC", &flac(&block(0x81, b"Alice"))),
            [Kind::UnusedBytes]
        );
        let behind = [flac(&block(0x81, &[0; 9])), b"Alice".to_vec()].concat();
        assert_eq!(kinds("A_FLAC", &behind), [Kind::UnusedBytes]);

        let none = comments("", &[]);
        let mut padding = [0; 200];
        padding[0] = 1;
        assert!(kinds("A_VORBIS", &vorbis(&none, &padding)).is_empty());
        padding[100] = b'A';
        let hidden = vorbis(&none, &padding);
        assert_eq!(kinds("A_VORBIS", &hidden), [Kind::UnusedBytes]);
        let own = comments("ffmpeg", &["WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x3"]);
        assert!(kinds("A_FLAC", &flac(&block(0x84, &own))).is_empty());
    }

    #[test]
    fn bytes_behind_what_a_codec_needs_are_unused() {
        let avc = b"\x01\x64\0\x1e\xff\xe1\0\x03\x67\x64\0\x01\0\x02\x68\xee\xfd\xf8\xf8\0";
        let mut hevc = vec![1; 22];
        hevc.extend(b"\x01\xa0\0\x01\0\x03\x40\x01\x0c");
        for (codec, plain) in [
            ("A_AAC", &b"\x12\x10\x56\xe5\0"[..]),
            ("A_AAC", b"\x12\x10"),
            ("A_AAC", b"\x2b\x92\x08\0"),
            ("A_OPUS", b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0"),
            ("V_MPEG4/ISO/AVC", avc),
            ("V_MPEGH/ISO/HEVC", &hevc),
            ("V_VP9", b"\x01\x01\0\x02\x01\x0a\x03\x01\x08\x04\x01\x01"),
            ("V_AV1", b"\x81\x04\x0c\0\x0a\x02\x01\x02"),
            ("V_VP8", b""),
        ] {
            assert!(kinds(codec, plain).is_empty(), "{codec}: {plain:?}");
            let more = [plain, b"Alice"].concat();
            let found = kinds(codec, &more);
            assert!(!found.is_empty(), "{codec} with more in it");
        }
    }

    #[test]
    fn a_writers_own_message_in_a_picture_header_is_named() {
        let mut hevc = vec![1; 22];
        hevc.extend(b"\x02\xa0\0\x01\0\x03\x40\x01\x0c\xa7\0\x01\0\x0a\x4e\x01\x05\x05x265.\x80");
        assert_eq!(kinds("V_MPEGH/ISO/HEVC", &hevc), [Kind::PrivateData]);
        let avc = b"\x01\x42\0\x1e\xff\xe1\0\x06\x06\x05\x02hi\x80\0";
        assert_eq!(kinds("V_MPEG4/ISO/AVC", avc), [Kind::PrivateData]);
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_survived(body: Vec<u8>) {
            for codec in ["A_VORBIS", "A_FLAC", "A_OPUS", "A_AAC", "V_MPEG4/ISO/AVC", "V_MPEGH/ISO/HEVC", "V_AV1", "V_VP9"] {
                let _ = kinds(codec, &body);
            }
        }
    }
}
