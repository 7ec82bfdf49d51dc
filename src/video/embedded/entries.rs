//! Sample entries of new tracks: what a decoder needs, built anew out of what was parsed.
//!
//! Invariant: no text, no profile and no box of the source gets into one, only numbers whose meaning is
//! known.

use super::specific;
use crate::geometry::Size;
use mp4_atom::AnySampleGroupEntry as Group;
use mp4_atom::esds::{DecoderConfig, DecoderSpecific, EsDescriptor, SLConfig};
use mp4_atom::{
    Ac3, Audio, Avc1, Avcc, Codec, Colr, Dfla, Eac3, Esds, Flac, FlacMetadataBlock, FourCC, Mp3,
    Mp4a, Opus, Pasp, Sbgp, Sgpd, SgpdEntry, Visual,
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
pub(super) fn lost_of_picture(source: &Avc1) -> impl Iterator<Item = &'static str> {
    let is_named = !source.visual.compressor.as_ref().trim().is_empty();
    let has_profile = matches!(source.colr, Some(Colr::Prof { .. } | Colr::Ricc { .. }));
    let names = [(is_named, "encoder"), (has_profile, "icc")];
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
            btrt: s.btrt.clone(),
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
            btrt: s.btrt.clone(),
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

/// What a sound track's entry says that its new one does not, by the name of `dropped`.
pub(super) fn lost_of_sound(source: &Codec) -> Option<&'static str> {
    use FlacMetadataBlock::{Padding, SeekTable};
    let says = |b: &FlacMetadataBlock| !is_stream_info(b) && !matches!(b, Padding | SeekTable);
    let lost = match source {
        Codec::Flac(s) => s.dfla.blocks.iter().any(says),
        Codec::Mp4a(s) => s.esds.es_desc.url.is_some(),
        _ => false,
    };
    lost.then_some("metadata")
}

const fn is_stream_info(block: &FlacMetadataBlock) -> bool {
    matches!(block, FlacMetadataBlock::StreamInfo { .. })
}

fn audio(source: &Audio) -> Audio {
    Audio {
        data_reference_index: 1,
        ..source.clone()
    }
}

/// A stream of MPEG-4 systems (ISO/IEC 14496-1, 7.2.6.5) with nothing but its decoder's configuration.
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
            stream_type: SOUND,
            up_stream: 0,
            dec_specific: specific,
            ..source.clone()
        },
        sl_config: SLConfig::default(),
        ..EsDescriptor::default()
    })
}

/// Groups of samples that tell how far before a place decoding has to begin (ISO/IEC 14496-12, 10.1);
/// any other kind is left out.
pub(super) fn rolls(of: &[Sbgp], described: &[Sgpd]) -> (Vec<Sbgp>, Vec<Sgpd>) {
    let kinds = [b"roll", b"prol"].map(FourCC::new);
    let mut both = (Vec::new(), Vec::new());
    for kind in kinds {
        let distances = described.iter().find(|d| d.grouping_type == kind);
        let runs = of.iter().find(|g| g.grouping_type == kind);
        let (Some(distances), Some(runs)) = (distances, runs) else {
            continue;
        };
        let distance = |e: &SgpdEntry| match &e.entry {
            Group::UnknownGroupingType(_, bytes) if bytes.len() == 2 => Some(SgpdEntry {
                description_length: Some(2),
                entry: Group::UnknownGroupingType(kind, bytes.clone()),
            }),
            _ => None,
        };
        let Some(entries) = distances.entries.iter().map(distance).collect() else {
            continue;
        };
        both.0.push(Sbgp {
            grouping_type_parameter: None,
            ..runs.clone()
        });
        both.1.push(Sgpd {
            grouping_type: kind,
            default_length: Some(2),
            default_group_description_index: None,
            static_group_description: false,
            static_mapping: false,
            essential: false,
            entries,
        });
    }
    both
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
        assert_eq!(lost_of_sound(&source), Some("metadata"));
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
        assert_eq!(lost_of_sound(&source), Some("metadata"));
    }

    #[test]
    fn only_distances_are_kept_of_groups() {
        let group = |kind: &[u8; 4], bytes: &[u8]| {
            let entry = SgpdEntry {
                description_length: None,
                entry: Group::UnknownGroupingType(FourCC::new(kind), bytes.to_vec()),
            };
            let described = Sgpd {
                grouping_type: FourCC::new(kind),
                default_length: Some(bytes.len() as u32),
                default_group_description_index: None,
                static_group_description: false,
                static_mapping: false,
                essential: false,
                entries: vec![entry],
            };
            let runs = Sbgp {
                grouping_type: FourCC::new(kind),
                grouping_type_parameter: Some(7),
                entries: Vec::new(),
            };
            (runs, described)
        };
        let kinds = [
            (b"abcd", SECRET),
            (b"roll", &[0xff, 0xff]),
            (b"prol", SECRET),
        ];
        let (of, described): (Vec<_>, Vec<_>) = kinds.iter().map(|(k, b)| group(k, b)).unzip();
        let (of, described) = rolls(&of, &described);
        assert_eq!((of.len(), described.len()), (1, 1));
        assert_eq!(of[0].grouping_type_parameter, None);
        assert!(bytes(&described[0]).ends_with(b"roll\0\0\0\x02\0\0\0\x01\xff\xff"));
    }
}
