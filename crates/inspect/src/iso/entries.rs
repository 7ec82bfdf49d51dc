//! What a track says about how its pictures or sound are coded: sample entries and the boxes in
//! them (ISO/IEC 14496-12, 8.5.2, and QuickTime's of the same name).

use super::super::bytes::{Order, part, rest, says_something, text};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::super::icc;
use super::{Box, boxes, configuration, first};

/// Boxes of numbers, and how many bytes of them there are.
const NUMBERS: [(&[u8; 4], usize); 25] = [
    (b"btrt", 12),
    (b"pasp", 8),
    (b"clap", 32),
    (b"fiel", 2),
    (b"gama", 4),
    (b"mdcv", 24),
    (b"clli", 4),
    (b"SmDm", 28),
    (b"CoLL", 8),
    (b"amve", 8),
    (b"ccst", 8),
    (b"st3d", 5),
    (b"hfov", 4),
    (b"dvcC", 24),
    (b"dvvC", 24),
    (b"dvwC", 24),
    (b"dac3", 3),
    (b"srat", 8),
    (b"pcmC", 6),
    (b"frma", 4),
    (b"enda", 2),
    // QuickTime names the codec once more, with nothing in it.
    (b"mp4a", 4),
    (b"\0\0\0\0", 0),
    // Version, configuration, and where the loudspeakers are.
    (b"alac", 52),
    (b"damr", 9),
];

/// Configurations of codecs that are as long as they are.
const OTHERS: [&[u8; 4]; 14] = [
    b"vpcC", b"hvcE", b"vexu", b"auxi", b"chnl", b"ddts", b"udts", b"dmlp", b"SA3D", b"d263",
    b"ACLR", b"APRG", b"ARES", b"glbl",
];

/// Names of what is coded, not of who coded it: those of the standards, and Apple's.
const CODECS: [&str; 13] = [
    "AVC Coding",
    "JVT/AVC Coding",
    "HEVC Coding",
    "DOVI Coding",
    "VVC Coding",
    "VPC Coding",
    "AOM Coding",
    "AV1 Coding",
    "H.264",
    "H.265",
    "HEVC",
    "Photo - JPEG",
    "Apple ProRes 422",
];

/// Looks through an `stsd` box of pictures or of sound.
pub(super) fn look(stsd: &[u8], are_pictures: bool, out: &mut Inspection) {
    let (list, taken) = boxes(rest(stsd, 8));
    for Box { kind, body } in list {
        let name = String::from_utf8_lossy(&kind);
        let place = format!("sample entry {}", name.trim());
        let fields = if are_pictures {
            compressor(part(body, 42, 32).unwrap_or_default(), &place, out);
            78
        } else {
            sound_fields(stsd, body)
        };
        children(rest(body, fields), &place, out);
    }
    unused(rest(stsd, 8 + taken), "box stsd", out);
}

/// Bytes of numbers in front of the boxes of a sample entry of sound.
pub(super) fn sound_fields(stsd: &[u8], entry: &[u8]) -> usize {
    // QuickTime's later versions have more; the standard's version 1 marks the table too.
    match (stsd.first(), Order::Big.u16(entry, 8)) {
        (Some(0), Some(1)) => 44,
        (Some(0), Some(2)) => 64,
        _ => 28,
    }
}

/// Bytes that belong to nothing.
pub(super) fn unused(bytes: &[u8], place: &str, out: &mut Inspection) {
    if says_something(bytes) {
        let finding = Finding::new(Kind::UnusedBytes, place).bytes(bytes.len());
        out.add(finding.detail(text(bytes)));
    }
}

/// The encoder's name: its length, and 31 bytes of room.
fn compressor(field: &[u8], place: &str, out: &mut Inspection) {
    let length = field.first().map_or(0, |n| usize::from(*n));
    // Some write no length.
    let (name, behind) = rest(field, 1)
        .split_at_checked(length)
        .unwrap_or((field, &[]));
    let plain = |bytes: &[u8]| {
        let words = String::from_utf8_lossy(bytes).replace('\0', " ");
        words.trim().to_owned()
    };
    let (name, behind) = (plain(name), plain(behind));
    // Names a library, no version.
    let is_own = name.starts_with("Lavc ") && !name.contains('.');
    if !name.is_empty() && !is_own && !CODECS.contains(&name.as_str()) {
        let is_program = ["Lavc", "x26", "ncoder"].iter().any(|w| name.contains(w));
        let kind = if is_program {
            Kind::Software
        } else {
            Kind::Text
        };
        out.add(Finding::new(kind, format!("{place}, name")).detail(name));
    }
    if !behind.is_empty() {
        let finding = Finding::new(Kind::UnusedBytes, format!("{place}, name"));
        out.add(finding.bytes(behind.len()).detail(behind));
    }
}

fn children(data: &[u8], entry: &str, out: &mut Inspection) {
    let (list, taken) = boxes(data);
    for Box { kind, body } in list {
        let name = String::from_utf8_lossy(&kind);
        let place = format!("{entry}, {}", name.trim());
        match &kind {
            b"colr" => colour(body, &place, out),
            b"esds" => configuration::esds(body, &place, out),
            b"dOps" => unused(configuration::behind_opus(body), &place, out),
            b"dfLa" => configuration::flac(body, &place, out),
            b"dec3" => unused(configuration::behind_eac3(body), &place, out),
            b"avcC" => {
                let behind = configuration::behind_avc(body, &place, out);
                unused(behind, &place, out);
            }
            b"hvcC" | b"lhvC" => {
                let behind = configuration::behind_hevc(body, kind, &place, out);
                unused(behind, &place, out);
            }
            b"av1C" => configuration::av1(body, &place, out),
            b"pssh" | b"sinf" => {
                let finding = Finding::new(Kind::PrivateData, place).bytes(body.len());
                out.add(finding.detail("encryption"));
            }
            b"chan" => {
                let count = Order::Big.u32(body, 12).map_or(0, |n| n as usize);
                unused(
                    rest(body, count.saturating_mul(20).saturating_add(16)),
                    &place,
                    out,
                );
            }
            b"wave" => out.inside(|out| children(body, &place, out)),
            b"sv3d" => {
                let (inside, _) = boxes(body);
                let tool = text(rest(first(&inside, b"svhd").unwrap_or_default(), 4));
                if !tool.is_empty() {
                    out.add(Finding::new(Kind::Software, place).detail(tool));
                }
            }
            b"free" | b"skip" => unused(body, &place, out),
            b"uuid" => super::uuid(body, out),
            kind if OTHERS.contains(&kind) => {}
            kind => match NUMBERS.iter().find(|(known, _)| *known == kind) {
                Some((_, length)) => unused(rest(body, *length), &place, out),
                None if says_something(body) => {
                    let finding = Finding::new(Kind::PrivateData, place).bytes(body.len());
                    out.add(finding.detail(text(body)));
                }
                None => {}
            },
        }
    }
    unused(rest(data, taken), entry, out);
}

pub(super) fn colour(body: &[u8], place: &str, out: &mut Inspection) {
    match body.get(..4) {
        Some(b"nclx") => unused(rest(body, 11), place, out),
        Some(b"nclc") => unused(rest(body, 10), place, out),
        Some(b"prof" | b"rICC") => icc::profile(rest(body, 4), place, out),
        _ => out.add(Finding::new(Kind::PrivateData, place).bytes(body.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::inspect;
    use super::*;

    fn one(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    /// A movie with one track of a handler, whose one entry is this.
    fn movie(handler: &[u8; 4], entry: &[u8]) -> Vec<u8> {
        let stsd = one(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], entry].concat());
        let stsz = one(b"stsz", &[0; 12]);
        let info = one(b"minf", &one(b"stbl", &[stsd, stsz].concat()));
        let handler = one(b"hdlr", &[&[0; 8][..], handler, &[0; 13]].concat());
        let media = one(b"mdia", &[handler, info].concat());
        let movie = one(b"moov", &one(b"trak", &media));
        [one(b"ftyp", b"isom\0\0\0\0"), movie].concat()
    }

    fn picture(name: &[u8], children: &[u8]) -> Vec<u8> {
        let mut body = vec![0; 78];
        body[42..42 + name.len()].copy_from_slice(name);
        movie(b"vide", &one(b"avc1", &[&body, children].concat()))
    }

    fn sound(kind: &[u8; 4], children: &[u8]) -> Vec<u8> {
        movie(b"soun", &one(kind, &[&[0; 28], children].concat()))
    }

    fn found(file: &[u8]) -> Vec<(Kind, String)> {
        let seen = inspect(file).expect("known");
        assert_eq!(seen.damage, None);
        let found = seen.findings.into_iter();
        found.map(|f| (f.kind, f.detail)).collect()
    }

    #[test]
    fn what_encoders_and_phones_write_is_harmless() {
        for name in [
            &b"\x0cLavc libx264"[..],
            b"\x04HEVC",
            b"\x0aAVC Coding",
            b"",
            b"\0                               ",
        ] {
            let numbers = one(b"colr", b"nclx\0\x01\0\x01\0\x01\x80");
            let file = picture(name, &[&numbers[..], &[0; 4]].concat());
            assert_eq!(found(&file), [], "{name:?}");
        }
        let ffmpeg = b"\0\0\0\0\x03\x80\x80\x80\x25\0\x02\0\x04\x80\x80\x80\x17\x40\x15\0\0\0\0\0\x08\x6b\0\0\x08\x6b\
            \x05\x80\x80\x80\x05\x12\x10\x56\xe5\0\x06\x80\x80\x80\x01\x02";
        let esds = one(b"esds", ffmpeg);
        assert_eq!(found(&sound(b"mp4a", &esds)), []);
        // As QuickTime has it.
        let inside = [
            one(b"frma", b"mp4a"),
            one(b"mp4a", &[0; 4]),
            esds,
            one(&[0; 4], b""),
        ];
        let wave = one(b"wave", &inside.concat());
        assert_eq!(found(&sound(b"mp4a", &wave)), []);
        let opus = one(b"dOps", b"\0\x02\x01\x38\0\0\xbb\x80\0\0\0");
        assert_eq!(found(&sound(b"Opus", &opus)), []);
    }

    #[test]
    fn names_profiles_and_unknown_boxes_of_pictures_are_named() {
        let is = |file: &[u8], kind, words: &str| {
            let list = found(file);
            assert!(
                list.iter()
                    .any(|(k, said)| *k == kind && said.contains(words)),
                "{list:?}"
            );
        };
        is(&picture(b"\x05Alice", b""), Kind::Text, "Alice");
        is(
            &picture(b"\x15Lavc59.37.100 libx264", b""),
            Kind::Software,
            "Lavc59",
        );
        is(
            &picture(b"\x04HEVC\0Alice", b""),
            Kind::UnusedBytes,
            "Alice",
        );
        is(
            &picture(b"", &one(b"ABCD", b"Alice")),
            Kind::PrivateData,
            "Alice",
        );
        is(
            &picture(b"", &one(b"pasp", b"\0\0\0\x01\0\0\0\x01Alice")),
            Kind::UnusedBytes,
            "Alice",
        );
        let mut profile = vec![0; 132];
        profile[131] = 1;
        profile.extend(b"cprt\0\0\0\x90\0\0\0\x0dtext\0\0\0\0Alice");
        let colour = one(b"colr", &[b"prof", &profile[..]].concat());
        is(&picture(b"", &colour), Kind::IccPrivate, "Alice");
        let avc = one(
            b"avcC",
            b"\x01\x42\0\x1e\xff\xe1\0\x02\x67\x42\x01\0\x01\x68Alice",
        );
        is(&picture(b"", &avc), Kind::UnusedBytes, "Alice");
    }

    #[test]
    fn what_hides_behind_the_configuration_of_sound_is_named() {
        let esds = |kind: u8, specific: &[u8]| {
            let length = specific.len() as u8;
            let head = [[0x40, 0x15].as_slice(), &[0; 11], &[kind, length]].concat();
            let config = [&head, specific].concat();
            let stream = [&[0, 0, 0, 4, config.len() as u8], &config[..]].concat();
            let whole = [&[0, 0, 0, 0, 3, stream.len() as u8], &stream[..]].concat();
            sound(b"mp4a", &one(b"esds", &whole))
        };
        let alice = |kind| vec![(kind, "Alice".to_owned())];
        assert_eq!(found(&esds(5, b"\x12\x10Alice")), alice(Kind::UnusedBytes));
        assert_eq!(
            found(&esds(5, b"\x12\x10\x56\xe5\0Alice")),
            alice(Kind::UnusedBytes)
        );
        assert_eq!(
            found(&esds(5, b"\x2b\x92\x08\0Alice")),
            alice(Kind::UnusedBytes)
        );
        assert_eq!(found(&esds(9, b"Alice")), alice(Kind::PrivateData));
        let program = esds(5, b"\x12\0\x05\0\0\0\0\x05Alice");
        assert_eq!(found(&program), alice(Kind::Text));
        let opus = one(b"dOps", b"\0\x02\x01\x38\0\0\xbb\x80\0\0\0Alice");
        assert_eq!(found(&sound(b"Opus", &opus)), alice(Kind::UnusedBytes));
        let info = [&[0, 0, 0, 34][..], &[1; 34]].concat();
        let plain = one(b"dfLa", &[&[0; 4], &info[..]].concat());
        assert_eq!(found(&sound(b"fLaC", &plain)), []);
        let comment = b"\x84\0\0\x11\0\0\0\0\x01\0\0\0\x05\0\0\0Alice";
        let commented = one(b"dfLa", &[&[0; 4], &info[..], comment].concat());
        assert_eq!(found(&sound(b"fLaC", &commented)), alice(Kind::Text));
        let cover = one(
            b"dfLa",
            &[&[0; 4], &info[..], b"\x86\0\0\x05Alice"].concat(),
        );
        assert_eq!(found(&sound(b"fLaC", &cover))[0].0, Kind::Preview);
    }

    proptest::proptest! {
        #[test]
        fn any_entry_is_survived(
            body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), which in 0usize..9
        ) {
            let kinds = [
                b"esds", b"dOps", b"dfLa", b"dec3", b"avcC", b"hvcC", b"chan", b"colr", b"wave",
            ];
            let _ = inspect(&sound(b"mp4a", &one(kinds[which], &body)));
            let _ = inspect(&movie(b"vide", &body));
        }
    }
}
