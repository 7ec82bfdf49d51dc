//! The chunks of a PNG around its pixels: which are written again, and what the others are called.
//!
//! Invariant: of a source's chunks only numbers of fixed length come through, and only where they
//! can mean what the chunk is for; what else is written is made anew.

use super::super::exif;
use super::super::guard::malformed;
use super::super::notes::{Notes, contains};
use super::raw_profile;
use crate::content::ContentKind;
use crate::error::Result;

/// Chunks of numbers that change how pixels look, with their lengths (PNG 3, chapter 11.3).
const NUMBERS: [([u8; 4], usize, ContentKind); 7] = [
    (*b"cICP", 4, ContentKind::Cicp),
    (*b"mDCV", 24, ContentKind::Hdr),
    (*b"cLLI", 8, ContentKind::Hdr),
    (*b"sRGB", 1, ContentKind::Srgb),
    (*b"gAMA", 4, ContentKind::Gamma),
    (*b"cHRM", 32, ContentKind::Chromaticities),
    (*b"pHYs", 9, ContentKind::Resolution),
];

/// What a walk over the chunks finds.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    /// Chunks to write again.
    numbers: Vec<([u8; 4], Vec<u8>)>,
    /// Bits of each channel that mean something.
    significant: Option<Vec<u8>>,
    pub(super) exif: exif::Facts,
    /// A chunk of EXIF was there, which counts for more than what is said elsewhere.
    has_exif: bool,
    /// From EXIF in a text chunk, as ImageMagick writes it.
    from_text: Option<exif::Facts>,
    /// How many frames of an animation there are, and how often it plays.
    pub(super) animation: Option<(u32, u32)>,
    /// How many frames the file really begins.
    pub(super) frame_controls: u32,
}

impl Chunks {
    /// Walks the file; checksums are left to the decoder.
    pub(super) fn read(file: &[u8], notes: &mut Notes) -> Result<Self> {
        let mut found = Self::default();
        let mut rest = &file[8..];
        loop {
            let Some((head, after)) = rest.split_at_checked(8) else {
                // The decoder says so if pixels are missing.
                return Ok(found.settled(notes));
            };
            let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
            let name = [head[4], head[5], head[6], head[7]];
            let Some(data) = after.get(..length) else {
                return Ok(found.settled(notes));
            };
            rest = after.get(length + 4..).unwrap_or_default();
            if name == *b"IEND" {
                if !rest.is_empty() {
                    notes.drop(ContentKind::Trailer);
                }
                return Ok(found.settled(notes));
            }
            found.one(name, data, notes)?;
        }
    }

    /// With the orientation that is said in the strongest way: in a chunk of EXIF, in one that is
    /// written as text, in XMP.
    fn settled(mut self, notes: &Notes) -> Self {
        if !self.has_exif {
            let from_xmp = || exif::Facts {
                orientation: notes.orientation.unwrap_or_default(),
                ..exif::Facts::default()
            };
            self.exif = self.from_text.take().unwrap_or_else(from_xmp);
        }
        self
    }

    fn one(&mut self, name: [u8; 4], data: &[u8], notes: &mut Notes) -> Result<()> {
        if let Some((_, length, kept)) = NUMBERS.iter().find(|known| known.0 == name) {
            let first = self.numbers.iter().all(|known| known.0 != name);
            if first && data.len() == *length && is_plausible(name, data) {
                self.numbers.push((name, data.to_vec()));
                notes.keep(*kept);
            } else {
                notes.drop_unless_kept(*kept);
            }
            return Ok(());
        }
        match &name {
            b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"fdAT" | b"iCCP" => {}
            b"acTL" => {
                let numbers: [u8; 8] = data
                    .try_into()
                    .map_err(|_| malformed("the APNG's animation header has a wrong length"))?;
                let [a, b, c, d, e, f, g, h] = numbers;
                let count = u32::from_be_bytes([a, b, c, d]);
                self.animation = Some((count, u32::from_be_bytes([e, f, g, h])));
                notes.keep(ContentKind::Animation);
            }
            b"fcTL" => self.frame_controls = self.frame_controls.saturating_add(1),
            b"eXIf" if !self.has_exif => {
                self.exif = exif::read(data, notes);
                self.has_exif = true;
            }
            b"eXIf" => notes.drop(ContentKind::Exif),
            b"tEXt" | b"zTXt" | b"iTXt" if contains(data, b"XML:com.adobe.xmp") => {
                notes.drop_xmp(data);
            }
            b"tEXt" | b"zTXt" | b"iTXt" if data.starts_with(b"Raw profile type") => {
                notes.drop(ContentKind::RawProfile);
                if let Some(block) = raw_profile::exif(&name, data) {
                    self.from_text = Some(exif::read(&block, notes));
                }
            }
            b"tEXt" | b"zTXt" | b"iTXt" => notes.drop(ContentKind::Text),
            b"caBX" => notes.c2pa(),
            b"tIME" => notes.drop(ContentKind::Time),
            b"sBIT" => self.significant = Some(data.to_vec()),
            b"bKGD" => notes.drop(ContentKind::Bkgd),
            b"hIST" => notes.drop(ContentKind::Hist),
            b"sPLT" => notes.drop(ContentKind::Splt),
            _ => notes.drop(ContentKind::PrivateChunks),
        }
        Ok(())
    }

    /// Keeps the significant bits if the picture is written with the `channels` that the source
    /// had, at `depth` bits a sample.
    pub(super) fn settle_significant(
        &mut self,
        same: bool,
        channels: usize,
        depth: u8,
        notes: &mut Notes,
    ) {
        let Some(bits) = &self.significant else {
            return;
        };
        let fine = bits.iter().all(|b| (1..=depth).contains(b));
        if same && fine && bits.len() == channels {
            notes.keep(ContentKind::SignificantBits);
        } else {
            notes.drop(ContentKind::Sbit);
            self.significant = None;
        }
    }

    /// For a picture from another format.
    pub(super) fn new(facts: exif::Facts) -> Self {
        let mut numbers = Vec::new();
        if let Some(resolution) = facts.resolution {
            let (x, y) = per_metre(&resolution);
            let unit = u8::from(resolution.unit != exif::Unit::Aspect);
            let bytes = [&x.to_be_bytes()[..], &y.to_be_bytes(), &[unit]].concat();
            if is_plausible(*b"pHYs", &bytes) {
                numbers.push((*b"pHYs", bytes));
            }
        }
        Self {
            numbers,
            exif: facts,
            ..Self::default()
        }
    }

    /// The numbers of a chunk that is written again.
    pub(super) fn numbers(&self, name: &[u8; 4]) -> Option<&[u8]> {
        let found = self.numbers.iter().find(|known| known.0 == *name);
        found.map(|(_, data)| &data[..])
    }

    /// What only a PNG has a place for.
    pub(super) fn own(&self) -> Vec<ContentKind> {
        let kept = |known: &&([u8; 4], usize, ContentKind)| self.numbers(&known.0).is_some();
        let kinds = NUMBERS.iter().filter(kept).map(|known| known.2);
        let mut kinds: Vec<_> = kinds
            .filter(|kind| *kind != ContentKind::Resolution)
            .collect();
        if self.significant.is_some() {
            kinds.push(ContentKind::SignificantBits);
        }
        kinds
    }

    /// Whether gamma or primaries are others than those of sRGB.
    pub(super) fn is_vague(&self) -> bool {
        // PNG 3, 11.3.2.1 and 11.3.2.2, in hundred thousandths.
        const GAMMA: u32 = 45_455;
        const PRIMARIES: [u32; 8] = [
            31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000,
        ];
        let same = |name, usual: &[u32]| {
            let bytes: Vec<u8> = usual.iter().flat_map(|v| v.to_be_bytes()).collect();
            self.numbers(name).is_none_or(|own| own == bytes)
        };
        let usual = same(b"gAMA", &[GAMMA]) && same(b"cHRM", &PRIMARIES);
        self.numbers(b"sRGB").is_none() && !usual
    }

    /// Pixels per unit.
    pub(super) fn resolution(&self) -> Option<exif::Resolution> {
        let data = self.numbers(b"pHYs")?;
        let number = |at: usize| Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?));
        let (x, y) = (number(0)?, number(4)?);
        let metres = data.get(8) == Some(&1);
        let found = exif::Resolution {
            x: (x, if metres { 100 } else { 1 }),
            y: (y, if metres { 100 } else { 1 }),
            unit: match metres {
                true => exif::Unit::Centimetre,
                false => exif::Unit::Aspect,
            },
        };
        found.rounded().map(|_| found)
    }

    /// The chunks that stand right behind the image header, from the allow-list.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // NUMBERS is in the order of precedence that the standard recommends.
        for (name, _, _) in NUMBERS {
            if let Some((_, data)) = self.numbers.iter().find(|known| known.0 == name) {
                chunk(&mut out, name, data);
            }
        }
        if let Some(bits) = &self.significant {
            chunk(&mut out, *b"sBIT", bits);
        }
        let facts = exif::Facts {
            resolution: None,
            ..self.exif.clone()
        };
        if let Some(block) = exif::write(&facts) {
            chunk(&mut out, *b"eXIf", &block);
        }
        out
    }
}

/// Whether the numbers of a chunk of the right length can mean what they should (PNG 3, chapter
/// 11.3). The bounds are wider than any real picture's and exclude text, whose bytes are all above
/// 31.
fn is_plausible(name: [u8; 4], data: &[u8]) -> bool {
    // Hundred thousandths; (2, 2) is beyond the primaries of the widest spaces.
    const COORDINATE: u32 = 200_000;
    // Hundred thousandths.
    const GAMMA: u32 = 1_000_000;
    // Ten thousandths of a candela per square metre: 10000 is the most that PQ can say.
    const LUMINANCE: u32 = 100_000_000;
    // Per metre, or any unit.
    const RESOLUTION: u32 = 10_000_000;
    let number = |bytes: &[u8; 4]| u32::from_be_bytes(*bytes);
    let (numbers, rest) = data.as_chunks::<4>();
    let mut numbers = numbers.iter().map(number);
    match &name {
        b"cHRM" => numbers.all(|n| n <= COORDINATE),
        b"gAMA" => numbers.all(|n| (1..=GAMMA).contains(&n)),
        // Matrix coefficients are 0 in a PNG.
        b"cICP" => data[2] == 0 && data[3] <= 1,
        b"sRGB" => data[0] <= 3,
        b"mDCV" => numbers.skip(4).all(|n| n <= LUMINANCE),
        b"cLLI" => numbers.all(|n| n <= LUMINANCE),
        b"pHYs" => numbers.all(|n| (1..=RESOLUTION).contains(&n)) && rest[0] <= 1,
        _ => false,
    }
}

/// Pixels per metre, or what only their ratio means.
fn per_metre(resolution: &exif::Resolution) -> (u32, u32) {
    let per_metre = |(above, below): (u32, u32)| {
        let value = f64::from(above) / f64::from(below.max(1));
        let factor = match resolution.unit {
            exif::Unit::Inch => 1.0 / 0.0254,
            exif::Unit::Centimetre => 100.0,
            exif::Unit::Aspect => 1.0,
        };
        (value * factor).round() as u32
    };
    (per_metre(resolution.x), per_metre(resolution.y))
}

fn chunk(out: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let checked = out.len();
    out.extend(name);
    out.extend(data);
    let sum = crc(&out[checked..]);
    out.extend(sum.to_be_bytes());
}

/// The checksum of PNG 3, annex D, bit by bit: it only ever sees a few dozen bytes.
fn crc(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            sum >> 1 ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc(b"IEND"), 0xae42_6082);
    }

    /// The chunk as it would be written again, and the notes.
    fn again(name: [u8; 4], data: &[u8]) -> (Option<Vec<u8>>, Notes) {
        let (mut chunks, mut notes) = (Chunks::default(), Notes::default());
        chunks.one(name, data, &mut notes).expect("no animation");
        (chunks.numbers(&name).map(<[u8]>::to_vec), notes)
    }

    fn bytes(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
    }

    /// A chunk of each kind as real pictures have it.
    fn real() -> [([u8; 4], Vec<u8>); 8] {
        let wide = [
            31_270, 32_900, 70_800, 29_200, 17_000, 79_700, 13_100, 4_600,
        ];
        let mastering = [
            &bytes(&[0x8a48_3908, 0x2134_9baa, 0x1996_08fc, 0x3d13_4042])[..],
            &bytes(&[10_000_000, 50]),
        ];
        [
            (*b"cHRM", bytes(&wide)),
            (*b"gAMA", bytes(&[45_455])),
            (*b"gAMA", bytes(&[100_000])),
            (*b"cICP", vec![9, 16, 0, 1]),
            (*b"sRGB", vec![0]),
            (*b"mDCV", mastering.concat()),
            (*b"cLLI", bytes(&[10_000_000, 4_000_000])),
            (*b"pHYs", [bytes(&[11_811, 11_811]), vec![1]].concat()),
        ]
    }

    #[test]
    fn numbers_that_change_how_pixels_look_are_kept() {
        for (name, data) in real() {
            let (kept, notes) = again(name, &data);
            assert_eq!(kept, Some(data));
            assert_eq!((notes.kept.len(), notes.dropped.len()), (1, 0));
        }
    }

    #[test]
    fn text_of_the_right_length_is_dropped_and_said() {
        let text = b"SECRET-NAME-BOB-LIVES-AT-5-ELM-S";
        for (name, length, kept) in NUMBERS {
            let (written, notes) = again(name, &text[..length]);
            assert_eq!(written, None, "{kept}");
            assert_eq!(
                (notes.kept.len(), &notes.dropped[..]),
                (0, &[kept.to_owned()][..])
            );
        }
    }

    #[test]
    fn numbers_of_a_wrong_length_are_dropped() {
        for (name, data) in real() {
            let longer = [&data[..], &[0]].concat();
            assert_eq!(again(name, &longer).0, None);
            assert_eq!(again(name, &data[..data.len() - 1]).0, None);
        }
    }
}
