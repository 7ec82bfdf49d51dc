//! Elements of Matroska that hold numbers or short words (RFC 9559, 5.1): what is longer, and what
//! is not listed, is named.

use super::super::bytes::{says_something, text};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::{elements, id};

/// An element: its number, the most bytes that it takes, and what lies in it.
pub(super) struct Element(u32, usize, &'static [Self]);

/// A number.
const fn number(id: u32) -> Element {
    Element(id, 8, &[])
}

/// The head of a file.
pub(super) const EBML: [Element; 7] = [
    number(0x4286),
    number(0x42f7),
    number(0x42f2),
    number(0x42f3),
    Element(id::DOC_TYPE, 16, &[]),
    number(0x4287),
    number(0x4285),
];

pub(super) const SEEK: [Element; 1] = [Element(0x4dbb, 64, &[number(0x53ab), number(0x53ac)])];

pub(super) const CUES: [Element; 1] = [Element(
    0xbb,
    1 << 16,
    &[
        number(0xb3),
        Element(
            0xb7,
            1 << 12,
            &[
                number(0xf7),
                number(0xf1),
                number(0xf0),
                number(0xb2),
                number(0x5378),
                number(0xea),
                Element(0xdb, 64, &[number(0x96)]),
            ],
        ),
    ],
)];

/// Which parts of the file a tag is about.
pub(super) const TARGETS: [Element; 6] = [
    number(0x68ca),
    Element(0x63ca, 32, &[]),
    number(0x63c5),
    number(0x63c9),
    number(0x63c4),
    number(0x63c6),
];

/// Parts of a track but for its words.
pub(super) const TRACK: [Element; 31] = [
    number(0xd7),
    number(0x73c5),
    number(0x83),
    number(0xb9),
    number(0x88),
    number(0x55aa),
    number(0x55ab),
    number(0x55ac),
    number(0x55ad),
    number(0x55ae),
    number(0x55af),
    number(0x9c),
    number(0x6de7),
    number(0x6df8),
    number(0x23_e383),
    number(0x23_4e7a),
    number(0x23_314f),
    number(0x53_7f),
    number(0x55ee),
    Element(0x22_b59c, 16, &[]),
    Element(0x22_b59d, 40, &[]),
    Element(0x86, 32, &[]),
    number(0xaa),
    number(0x6fab),
    number(0x56aa),
    number(0x56bb),
    Element(0xe0, 1 << 12, &VIDEO),
    Element(0xe1, 1 << 10, &SOUND),
    Element(0x6d80, 1 << 12, &ENCODINGS),
    // Which planes of other tracks are views of one.
    Element(0xe2, 1 << 10, &[]),
    // Dolby Vision's configuration and the like.
    Element(
        0x41e4,
        1 << 10,
        &[
            number(0x41f0),
            number(0x41e7),
            Element(0x41a4, 64, &[]),
            Element(0x41ed, 64, &[]),
        ],
    ),
];

const VIDEO: [Element; 22] = [
    number(0x9a),
    number(0x9d),
    number(0x53b8),
    number(0x53b9),
    number(0x53c0),
    number(0xb0),
    number(0xba),
    number(0x54aa),
    number(0x54bb),
    number(0x54cc),
    number(0x54dd),
    number(0x54b0),
    number(0x54ba),
    number(0x54b2),
    number(0x54b3),
    number(0x2e_b524),
    number(0x2f_b523),
    number(0x23_83e3),
    Element(0x55b0, 1 << 10, &COLOUR),
    Element(
        0x7670,
        1 << 10,
        &[
            number(0x7671),
            Element(0x7672, 64, &[]),
            number(0x7673),
            number(0x7674),
            number(0x7675),
        ],
    ),
    number(0x6fab),
    number(0x53_7f),
];

const COLOUR: [Element; 14] = [
    number(0x55b1),
    number(0x55b2),
    number(0x55b3),
    number(0x55b4),
    number(0x55b5),
    number(0x55b6),
    number(0x55b7),
    number(0x55b8),
    number(0x55b9),
    number(0x55ba),
    number(0x55bb),
    number(0x55bc),
    number(0x55bd),
    Element(
        0x55d0,
        256,
        &[
            number(0x55d1),
            number(0x55d2),
            number(0x55d3),
            number(0x55d4),
            number(0x55d5),
            number(0x55d6),
            number(0x55d7),
            number(0x55d8),
            number(0x55d9),
            number(0x55da),
        ],
    ),
];

const SOUND: [Element; 6] = [
    number(0xb5),
    number(0x78b5),
    number(0x9f),
    Element(0x7d7b, 64, &[]),
    number(0x6264),
    number(0x52f1),
];

/// How blocks are packed.
const ENCODINGS: [Element; 1] = [Element(
    0x6240,
    1 << 10,
    &[
        number(0x5031),
        number(0x5032),
        number(0x5033),
        Element(0x5034, 256, &[number(0x4254), Element(0x4255, 64, &[])]),
    ],
)];

/// Looks at the elements of a body, which should be of these.
pub(super) fn look(list: &'static [Element], body: &[u8], place: &str, out: &mut Inspection) {
    leaves(list, elements(body), place, out);
}

/// The same for elements that were taken apart. Deep as the lists are, and no deeper.
pub(super) fn leaves<'a>(
    list: &'static [Element],
    found: impl Iterator<Item = (u32, &'a [u8])>,
    place: &str,
    out: &mut Inspection,
) {
    for (kind, body) in found {
        let said = |kind, what: String| {
            let finding = Finding::new(kind, what).bytes(body.len());
            finding.detail(text(body))
        };
        match list.iter().find(|element| element.0 == kind) {
            Some(Element(_, most, inside)) if body.len() <= *most => {
                if !inside.is_empty() {
                    look(inside, body, place, out);
                }
            }
            _ if kind == id::CRC && body.len() == 4 => {}
            _ if kind == id::VOID => {
                if says_something(body) {
                    out.add(said(Kind::UnusedBytes, format!("{place}, element Void")));
                }
            }
            _ if says_something(body) => {
                out.add(said(
                    Kind::PrivateData,
                    format!("{place}, element {kind:x}"),
                ));
            }
            _ => {}
        }
    }
}
