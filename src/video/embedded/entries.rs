//! Sample entries of new tracks: what a decoder needs, built anew out of what was parsed.
//!
//! Invariant: no text, no profile and no box of the source gets into one, only numbers whose
//! meaning is known.

use super::specific;
use super::tables::Written;
use crate::content::ContentKind;
use crate::geometry::Size;
use mp4_atom::AnySampleGroupEntry as Group;
use mp4_atom::esds::{DecoderConfig, DecoderSpecific, EsDescriptor, SLConfig};
use mp4_atom::{
    Ac3, Audio, Avc1, Avcc, Codec, Colr, Dfla, Eac3, Esds, Flac, FlacMetadataBlock, FourCC, Mp3,
    Mp4a, Opus, Pasp, Sbgp, SbgpEntry, Sgpd, SgpdEntry, Visual, u24,
};

/// The entry of a picture track with the encoder's own parameters, and the source's pixel shape and
/// numbers of colour.
pub(super) fn picture(source: Option<&Avc1>, size: Size, avcc: Avcc) -> Avc1 {
    // Frames are at most 4K.
    let side = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    Avc1 {
        visual: Visual {
            data_reference_index: 1,
            width: side(size.width),
            height: side(size.height),
            ..Visual::default()
        },
        avcc,
        colr: source.and_then(|s| s.colr.clone()).filter(is_of_numbers),
        pasp: source.and_then(|s| s.pasp.clone()).filter(is_shape),
        ..Avc1::default()
    }
}

/// What a picture track's entry has that its new one has not, by the names of `dropped`.
pub(super) fn lost_of_picture(source: &Avc1) -> impl Iterator<Item = ContentKind> {
    let is_named = !source.visual.compressor.as_ref().trim().is_empty();
    let has_profile = matches!(source.colr, Some(Colr::Prof { .. } | Colr::Ricc { .. }));
    let names = [
        (is_named, ContentKind::Encoder),
        (has_profile, ContentKind::Icc),
    ];
    names.into_iter().filter(|n| n.0).map(|n| n.1)
}

fn is_shape(pasp: &Pasp) -> bool {
    pasp.h_spacing > 0 && pasp.v_spacing > 0
}

/// Code points of ITU-T H.273 fit a byte.
fn is_of_numbers(colr: &Colr) -> bool {
    match colr {
        Colr::Nclx {
            colour_primaries: a,
            transfer_characteristics: b,
            matrix_coefficients: c,
            ..
        }
        | Colr::Nclc {
            colour_primaries: a,
            transfer_characteristics: b,
            matrix_coefficients: c,
        } => a.max(b).max(c) <= &255,
        _ => false,
    }
}

/// The entry of a sound track that is copied; `None` for a codec, or a configuration of one, that
/// cannot be checked.
pub(super) fn sound(source: &Codec) -> Option<Codec> {
    Some(match source {
        Codec::Mp4a(s) => Mp4a {
            audio: audio(&s.audio),
            esds: Esds {
                es_desc: stream(&s.esds.es_desc.dec_config)?,
            },
            btrt: None,
            taic: None,
        }
        .into(),
        Codec::Mp3(s) => Mp3 {
            audio: audio(&s.audio),
        }
        .into(),
        Codec::Opus(s) => Opus {
            audio: audio(&s.audio),
            dops: s.dops.clone(),
            btrt: None,
        }
        .into(),
        Codec::Flac(s) => {
            let blocks = &s.dfla.blocks;
            let info = blocks.first().filter(|b| is_stream_info(b))?;
            Flac {
                audio: audio(&s.audio),
                dfla: Dfla {
                    blocks: vec![info.clone()],
                },
            }
            .into()
        }
        Codec::Ac3(s) => Ac3 {
            audio: audio(&s.audio),
            dac3: s.dac3.clone(),
        }
        .into(),
        Codec::Eac3(s) => Eac3 {
            audio: audio(&s.audio),
            dec3: s.dec3.clone(),
        }
        .into(),
        _ => return None,
    })
}

/// What a sound track's entry says that its new one does not.
pub(super) fn lost_of_sound(source: &Codec) -> Option<ContentKind> {
    use FlacMetadataBlock::{Padding, SeekTable};
    let says = |b: &FlacMetadataBlock| !is_stream_info(b) && !matches!(b, Padding | SeekTable);
    let lost = match source {
        Codec::Flac(s) => s.dfla.blocks.iter().any(says),
        Codec::Mp4a(s) => s.esds.es_desc.url.is_some(),
        _ => false,
    };
    lost.then_some(ContentKind::Metadata)
}

const fn is_stream_info(block: &FlacMetadataBlock) -> bool {
    matches!(block, FlacMetadataBlock::StreamInfo { .. })
}

fn audio(source: &Audio) -> Audio {
    Audio {
        data_reference_index: 1,
        channel_count: source.channel_count.clamp(1, 64),
        sample_size: 16,
        sample_rate: source.sample_rate.integer().into(),
    }
}

/// A stream of MPEG-4 systems (ISO/IEC 14496-1, 7.2.6.5) with nothing but its decoder's
/// configuration.
fn stream(source: &DecoderConfig) -> Option<EsDescriptor> {
    /// ISO/IEC 14496-1, table 5; the last two are AC-3's.
    const AAC: [u8; 4] = [0x40, 0x66, 0x67, 0x68];
    const NEEDS_NO_CONFIGURATION: [u8; 4] = [0x69, 0x6b, 0xa5, 0xa6];
    const SOUND: u8 = 5;
    let kind = source.object_type_indication;
    let specific = match &source.dec_specific {
        Some(given) if AAC.contains(&kind) => Some(DecoderSpecific {
            raw: specific::aac(&given.raw)?,
            ..given.clone()
        }),
        _ if NEEDS_NO_CONFIGURATION.contains(&kind) || AAC.contains(&kind) => None,
        _ => return None,
    };
    Some(EsDescriptor {
        dec_config: DecoderConfig {
            object_type_indication: kind,
            stream_type: SOUND,
            dec_specific: specific,
            ..DecoderConfig::default()
        },
        sl_config: SLConfig::default(),
        ..EsDescriptor::default()
    })
}

/// How far before a place decoding has to begin, in samples (ISO/IEC 14496-12, 10.1).
pub(super) fn roll(described: &[Sgpd]) -> Option<i16> {
    /// More than any codec needs.
    const FURTHEST: std::ops::Range<i16> = -64..0;
    let kinds = [b"roll", b"prol"].map(FourCC::new);
    let mut all = described
        .iter()
        .filter(|d| kinds.contains(&d.grouping_type));
    let entry = all.next()?.entries.first()?;
    match &entry.entry {
        Group::UnknownGroupingType(_, bytes) => {
            let distance = i16::from_be_bytes(bytes.as_slice().try_into().ok()?);
            FURTHEST.contains(&distance).then_some(distance)
        }
        _ => None,
    }
}

/// The same for all of so many samples.
pub(super) fn rolls(distance: i16, samples: usize) -> (Sbgp, Sgpd) {
    let kind = FourCC::new(b"roll");
    let runs = Sbgp {
        grouping_type: kind,
        grouping_type_parameter: None,
        entries: vec![SbgpEntry {
            sample_count: u32::try_from(samples).unwrap_or(u32::MAX),
            group_description_index: 1,
        }],
    };
    let described = Sgpd {
        grouping_type: kind,
        default_length: Some(2),
        default_group_description_index: None,
        static_group_description: false,
        static_mapping: false,
        essential: false,
        entries: vec![SgpdEntry {
            description_length: Some(2),
            entry: Group::UnknownGroupingType(kind, distance.to_be_bytes().to_vec()),
        }],
    };
    (runs, described)
}

/// Packets before a place that a decoder needs to give the right sound there.
pub(super) fn lead(codec: &Codec) -> usize {
    match codec {
        Codec::Flac(_) => 0,
        // 80 ms, whatever its packets last, which is 2.5 to 120 (RFC 7845, 4.6).
        Codec::Opus(_) => 4,
        // Two packets are what encoders of AAC put before the beginning.
        _ => 2,
    }
}

/// A language as three letters.
pub(super) fn language(given: &str) -> String {
    let is_one = given.len() == 3 && given.bytes().all(|b| b.is_ascii_lowercase());
    if is_one { given } else { "und" }.into()
}

/// How much of a track there is to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rates {
    /// Bits a second, on average and in the fullest second.
    average: u32,
    most: u32,
    /// Bytes of the largest sample.
    largest: u32,
}

impl Rates {
    pub(super) fn of_samples(all: &[Written], timescale: u32) -> Self {
        let mut out = Self::default();
        let (mut bytes, mut ticks, mut in_second, mut second) = (0u64, 0u64, 0u64, 0u64);
        for sample in all {
            let now = ticks / u64::from(timescale.max(1));
            if now != second {
                (second, in_second) = (now, 0);
            }
            in_second += u64::from(sample.size);
            bytes += u64::from(sample.size);
            ticks += u64::from(sample.duration);
            out.most = out.most.max(clamped(in_second * 8));
            out.largest = out.largest.max(sample.size);
        }
        out.average = clamped(bytes * 8 * u64::from(timescale) / ticks.max(1));
        out
    }
}

fn clamped(bits: u64) -> u32 {
    u32::try_from(bits).unwrap_or(u32::MAX)
}

/// Puts the rates of what was written into an entry that has a field for them.
pub(super) fn with_rates(mut entry: Codec, rates: Rates) -> Codec {
    if let Codec::Mp4a(mp4a) = &mut entry {
        let config = &mut mp4a.esds.es_desc.dec_config;
        config.avg_bitrate = rates.average;
        config.max_bitrate = rates.most.max(rates.average);
        config.buffer_size_db = u24::try_from(rates.largest.min(0xff_ffff)).unwrap_or_default();
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;
    use mp4_atom::{Decode, Encode};

    const SECRET: &[u8] = b"Alice, 52.52N";

    fn bytes(what: &impl Encode) -> Vec<u8> {
        let mut out = Vec::new();
        what.encode(&mut out).expect("whole");
        out
    }

    fn tells(bytes: &[u8]) -> bool {
        bytes.windows(SECRET.len()).any(|w| w == SECRET)
    }

    fn two_channels() -> Audio {
        Audio {
            data_reference_index: 3,
            channel_count: 2,
            sample_size: 16,
            sample_rate: 44100.into(),
        }
    }

    fn mp4a(kind: u8, raw: &[u8]) -> Codec {
        let specific = DecoderSpecific {
            raw: raw.to_vec(),
            ..DecoderSpecific::default()
        };
        let es_desc = EsDescriptor {
            url: Some(SECRET.to_vec()),
            dec_config: DecoderConfig {
                object_type_indication: kind,
                dec_specific: Some(specific),
                ..DecoderConfig::default()
            },
            ..EsDescriptor::default()
        };
        Mp4a {
            audio: two_channels(),
            esds: Esds { es_desc },
            btrt: None,
            taic: None,
        }
        .into()
    }

    #[test]
    fn a_picture_entry_has_numbers_alone() {
        let name = String::from_utf8_lossy(SECRET).into_owned();
        let avcc = Avcc::new(&[0x67, 66, 0, 30], &[0x68]).expect("whole");
        let mut source = Avc1 {
            avcc: avcc.clone(),
            visual: Visual {
                compressor: name.into(),
                ..Visual::default()
            },
            colr: Some(Colr::Prof {
                profile: SECRET.to_vec(),
            }),
            pasp: Some(Pasp {
                h_spacing: 4,
                v_spacing: 3,
            }),
            ..Avc1::default()
        };
        let size = Size::new(320, 240);
        let new = picture(Some(&source), size, avcc.clone());
        assert!(tells(&bytes(&source)) && !tells(&bytes(&new)));
        assert_eq!((new.visual.width, new.visual.height), (320, 240));
        assert_eq!((new.pasp, new.colr), (source.pasp.clone(), None));
        let lost: Vec<_> = lost_of_picture(&source).collect();
        assert_eq!(lost, ["encoder", "icc"]);
        source.colr = Colr::new(9, 16, 9, false).ok();
        assert_eq!(picture(Some(&source), size, avcc.clone()).colr, source.colr);
        source.colr = Colr::new(0x416c, 0x6963, 9, false).ok();
        assert_eq!(picture(Some(&source), size, avcc).colr, None, "no colours");
    }

    #[test]
    fn a_sound_entry_has_what_a_decoder_needs() {
        let long = [&[0x12, 0x10], SECRET].concat();
        let source = mp4a(0x40, &long);
        let new = sound(&source).expect("known");
        assert!(tells(&bytes(&source)) && !tells(&bytes(&new)));
        assert_eq!(lost_of_sound(&source), Some(ContentKind::Metadata));
        let Codec::Mp4a(new) = new else {
            panic!("another codec")
        };
        let specific = new.esds.es_desc.dec_config.dec_specific;
        assert_eq!(specific.map(|s| s.raw), Some(vec![0x12, 0x10]));
        assert_eq!(new.audio.data_reference_index, 1);
        // MP3 needs no configuration; Vorbis has comments in it.
        let mp3 = sound(&mp4a(0x6b, SECRET)).expect("known");
        assert!(!tells(&bytes(&mp3)));
        assert_eq!(sound(&mp4a(0xdd, SECRET)), None);
        assert_eq!(
            sound(&Codec::Unknown(FourCC::new(b"alac"), Vec::new())),
            None
        );
    }

    #[test]
    fn flac_keeps_its_stream_information_alone() {
        let info = [&[0, 0, 0, 34, 16, 0, 16, 0][..], &[0; 30]].concat();
        let comment = [
            &[0, 0, 0, 0, 1, 0, 0, 0, SECRET.len() as u8, 0, 0, 0],
            SECRET,
        ]
        .concat();
        let head = [0x84, 0, 0, comment.len() as u8];
        let body = [&[0; 4][..], &info, &head, &comment].concat();
        let length = (body.len() as u32 + 8).to_be_bytes();
        let whole = [&length[..], b"dfLa", &body].concat();
        let source = Codec::from(Flac {
            audio: two_channels(),
            dfla: Dfla::decode(&mut &whole[..]).expect("whole"),
        });
        let new = bytes(&sound(&source).expect("known"));
        assert!(tells(&bytes(&source)) && !tells(&new));
        assert!(new.ends_with(&[&[0x80][..], &info[1..]].concat()));
        assert_eq!(lost_of_sound(&source), Some(ContentKind::Metadata));
    }

    #[test]
    fn only_a_distance_is_kept_of_groups() {
        let group = |kind: &[u8; 4], bytes: &[u8]| Sgpd {
            entries: vec![SgpdEntry {
                description_length: None,
                entry: Group::UnknownGroupingType(FourCC::new(kind), bytes.to_vec()),
            }],
            ..rolls(0, 0).1
        };
        let named = |kind: &[u8; 4], bytes: &[u8]| Sgpd {
            grouping_type: FourCC::new(kind),
            ..group(kind, bytes)
        };
        assert_eq!(
            roll(&[named(b"abcd", SECRET), named(b"roll", &[0xff, 0xfe])]),
            Some(-2)
        );
        assert_eq!(roll(&[named(b"prol", SECRET)]), None);
        assert_eq!(roll(&[named(b"roll", &[0x41, 0x42])]), None, "letters");
        let (runs, described) = rolls(-2, 7);
        assert_eq!(runs.entries[0].sample_count, 7);
        assert!(bytes(&described).ends_with(b"roll\0\0\0\x02\0\0\0\x01\xff\xfe"));
    }

    #[test]
    fn rates_are_those_of_the_packets() {
        let packet = |size, duration| Written {
            offset: 0,
            size,
            duration,
            is_sync: true,
        };
        let mut all = vec![packet(100, 500); 4];
        all.push(packet(300, 500));
        let rates = Rates::of_samples(&all, 1000);
        assert_eq!(
            (rates.average, rates.most, rates.largest),
            (2240, 2400, 300)
        );
        let Codec::Mp4a(new) = with_rates(mp4a(0x40, &[0x12, 0x10]), rates) else {
            panic!("another codec")
        };
        let config = new.esds.es_desc.dec_config;
        assert_eq!((config.avg_bitrate, config.max_bitrate), (2240, 2400));
        assert_eq!(language("deu") + &language("Al"), "deuund");
    }
}
