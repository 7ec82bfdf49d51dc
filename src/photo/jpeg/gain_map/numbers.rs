//! The numbers that say how an HDR gain map is applied: read from XMP (Adobe's gain map
//! specification 1.0) or from the binary block of ISO 21496-1, checked, and written anew as both.
//!
//! Invariant: what is written is made of numbers with six decimals, and of one switch.

use super::super::super::panorama::property;

/// What the segment with the binary block begins with.
pub(super) const ISO: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";
/// What a number is counted in when it is written: millionths.
const PARTS: f64 = 1e6;
/// Largest gain, as a power of two: more than any display.
const MOST_GAIN: f64 = 32.0;
const MOST_GAMMA: f64 = 100.0;
const MOST_OFFSET: f64 = 16.0;
/// Names in XMP of the numbers that each channel has, in the order of the binary block, and what
/// they are where a packet does not say.
const PER_CHANNEL: [(&str, Option<f64>); 5] = [
    ("GainMapMin", Some(0.0)),
    ("GainMapMax", None),
    ("Gamma", Some(1.0)),
    ("OffsetSDR", Some(1.0 / 64.0)),
    ("OffsetHDR", Some(1.0 / 64.0)),
];
const MULTICHANNEL: u8 = 0x80;
const BASE_COLOURS: u8 = 0x40;
/// A flag of libultrahdr: all fractions have one denominator, which is given once.
const COMMON_DENOMINATOR: u8 = 0x08;

/// How a gain map is applied; gains and capacities are powers of two.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbers {
    /// One or three, each in the order of [`PER_CHANNEL`].
    channels: Vec<[f64; 5]>,
    /// Headroom of a display from which on the map is used, and at which it is used fully.
    capacity: [f64; 2],
    /// Whether the map is in the colour space of the base picture.
    base_colours: bool,
}

impl Numbers {
    /// From an XMP packet.
    pub(super) fn from_xmp(packet: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(packet).ok()?;
        let name = |name: &str| format!("hdrgm:{name}");
        if property(text, &name("BaseRenditionIsHDR")).is_some_and(|v| v != "False") {
            return None;
        }
        let mut lists = Vec::new();
        for (property, usual) in PER_CHANNEL {
            lists.push(match values(text, &name(property)) {
                Some(list) => list,
                None => vec![usual?],
            });
        }
        let count = if lists.iter().all(|list| list.len() == 1) {
            1
        } else {
            3
        };
        let one = |list: &Vec<f64>, at: usize| list.get(at).or(list.first()).copied();
        let mut channels = Vec::new();
        for at in 0..count {
            let mut channel = [0.0; 5];
            for (value, list) in channel.iter_mut().zip(&lists) {
                *value = one(list, at)?;
            }
            channels.push(channel);
        }
        let single = |property: &str| values(text, &name(property))?.first().copied();
        Self {
            channels,
            capacity: [
                single("HDRCapacityMin").unwrap_or(0.0),
                single("HDRCapacityMax")?,
            ],
            base_colours: true,
        }
        .checked()
    }

    /// From the binary block, behind its name.
    pub(super) fn from_iso(block: &[u8]) -> Option<Self> {
        let mut words = block.get(5..)?.chunks_exact(4);
        let mut word = || {
            words
                .next()
                .map(|w| u32::from_be_bytes([w[0], w[1], w[2], w[3]]))
        };
        // The least version that a reader must know.
        let &[0, 0, _, _, flags, ..] = block else {
            return None;
        };
        let common = if flags & COMMON_DENOMINATOR != 0 {
            Some(word()?)
        } else {
            None
        };
        let mut fraction = |signed: bool| {
            let above = word()?;
            let below = match common {
                Some(below) => below,
                None => word()?,
            };
            let above = match signed {
                true => f64::from(above as i32),
                false => f64::from(above),
            };
            (below > 0).then(|| above / f64::from(below))
        };
        let capacity = [fraction(false)?, fraction(false)?];
        let mut channels = Vec::new();
        for _ in 0..if flags & MULTICHANNEL != 0 { 3 } else { 1 } {
            let mut channel = [0.0; 5];
            for (value, signed) in channel.iter_mut().zip([true, true, false, true, true]) {
                *value = fraction(signed)?;
            }
            channels.push(channel);
        }
        Self {
            channels,
            capacity,
            base_colours: flags & BASE_COLOURS != 0,
        }
        .checked()
    }

    /// With six decimals, if all numbers make sense.
    fn checked(mut self) -> Option<Self> {
        let all = self.channels.iter_mut().flatten().chain(&mut self.capacity);
        for value in all {
            *value = (*value * PARTS).round() / PARTS;
            if *value == 0.0 {
                *value = 0.0; // not -0
            }
        }
        let fine = |&[least, most, gamma, sdr, hdr]: &[f64; 5]| {
            (-MOST_GAIN..=MOST_GAIN).contains(&least)
                && (least..=MOST_GAIN).contains(&most)
                && (1.0 / MOST_GAMMA..=MOST_GAMMA).contains(&gamma)
                && [sdr, hdr]
                    .iter()
                    .all(|v| (-MOST_OFFSET..=MOST_OFFSET).contains(v))
        };
        let [least, most] = self.capacity;
        let fits = (0.0..=MOST_GAIN).contains(&least) && (least..=MOST_GAIN).contains(&most);
        (fits && self.channels.iter().all(fine)).then_some(self)
    }

    /// An XMP packet for the map's own file.
    pub(super) fn packet(&self) -> String {
        let (mut tags, mut lists) = (String::new(), String::new());
        for (at, (name, _)) in PER_CHANNEL.iter().enumerate() {
            if let [only] = self.channels[..] {
                tags += &format!(" hdrgm:{name}=\"{}\"", only[at]);
                continue;
            }
            let items = self.channels.iter();
            let items: String = items
                .map(|c| format!("<rdf:li>{}</rdf:li>", c[at]))
                .collect();
            lists += &format!("<hdrgm:{name}><rdf:Seq>{items}</rdf:Seq></hdrgm:{name}>");
        }
        let [least, most] = self.capacity;
        format!(
            "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
             <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
             <rdf:Description rdf:about=\"\" xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" \
             hdrgm:Version=\"1.0\" hdrgm:BaseRenditionIsHDR=\"False\" \
             hdrgm:HDRCapacityMin=\"{least}\" hdrgm:HDRCapacityMax=\"{most}\"{tags}>{lists}\
             </rdf:Description></rdf:RDF></x:xmpmeta>"
        )
    }

    /// The binary block.
    pub(super) fn block(&self) -> Vec<u8> {
        let mut flags = if self.base_colours { BASE_COLOURS } else { 0 };
        if self.channels.len() > 1 {
            flags |= MULTICHANNEL;
        }
        let mut block = vec![0, 0, 0, 0, flags];
        for value in self.capacity.iter().chain(self.channels.iter().flatten()) {
            block.extend(((value * PARTS).round() as i32).to_be_bytes());
            block.extend((PARTS as u32).to_be_bytes());
        }
        block
    }
}

/// The numbers of a property: one as an attribute or an element, or a list of three.
fn values(text: &str, word: &str) -> Option<Vec<f64>> {
    if let Some(one) = property(text, word).and_then(|v| v.parse().ok()) {
        return Some(vec![one]);
    }
    let behind = text.split(&format!("<{word}>")).nth(1)?;
    let list = behind.split(&format!("</{word}>")).next()?;
    let items = list.split("<rdf:li>").skip(1);
    let numbers: Option<Vec<f64>> = items
        .map(|item| item.split('<').next()?.trim().parse().ok())
        .collect();
    numbers.filter(|n| n.len() == 3 || n.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn adobes_packets_are_read_with_attributes_and_with_lists() {
        let attributes = br#"<rdf:Description xmlns:hdrgm="x" hdrgm:Version="1.0"
            hdrgm:GainMapMax="3.5" hdrgm:HDRCapacityMax='3.5' hdrgm:OffsetSDR="0"/>"#;
        let read = Numbers::from_xmp(attributes).expect("whole");
        assert_eq!(read.channels, [[0.0, 3.5, 1.0, 0.0, 0.015625]]);
        assert_eq!(read.capacity, [0.0, 3.5]);
        let lists = r#"hdrgm:HDRCapacityMax="2" hdrgm:GainMapMax="1">
            <hdrgm:GainMapMin> <rdf:Seq> <rdf:li>-1</rdf:li> <rdf:li>0</rdf:li>
            <rdf:li>.5</rdf:li> </rdf:Seq> </hdrgm:GainMapMin>"#;
        let read = Numbers::from_xmp(lists.as_bytes()).expect("whole");
        let least: Vec<f64> = read.channels.iter().map(|c| c[0]).collect();
        assert_eq!((least, read.channels[2][1]), (vec![-1.0, 0.0, 0.5], 1.0));
    }

    #[test]
    fn numbers_that_make_no_sense_are_none() {
        let packet = |max: &str, more: &str| {
            let text = format!("hdrgm:GainMapMax=\"{max}\" hdrgm:HDRCapacityMax=\"2\"{more}");
            Numbers::from_xmp(text.as_bytes())
        };
        assert!(packet("1", "").is_some());
        for bad in ["1e9", "NaN", "inf", "-1", "Ann", ""] {
            assert_eq!(packet(bad, ""), None, "{bad}");
        }
        assert_eq!(packet("1", " hdrgm:BaseRenditionIsHDR=\"True\""), None);
        assert_eq!(packet("1", " hdrgm:Gamma=\"0\""), None);
        assert_eq!(packet("1", " hdrgm:HDRCapacityMin=\"3\""), None);
        assert_eq!(Numbers::from_iso(b"\0\0\0\0\x40\0\0\0\x01\0\0\0\0"), None);
        assert_eq!(Numbers::from_iso(b"\0\x01\0\0\x40"), None);
    }

    #[test]
    fn a_block_with_one_denominator_is_read() {
        let mut block = b"\0\0\0\0\x48".to_vec();
        for word in [100i32, 0, 350, -25, 300, 100, 2, 2] {
            block.extend(word.to_be_bytes());
        }
        let read = Numbers::from_iso(&block).expect("whole");
        assert_eq!(read.channels, [[-0.25, 3.0, 1.0, 0.02, 0.02]]);
        assert_eq!(read.capacity, [0.0, 3.5]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            channels in prop_oneof![
                proptest::collection::vec((-8.0..0.0, 0.0..8.0, 0.1..9.0, 0.0..1.0, 0.0..1.0), 1),
                proptest::collection::vec((-8.0..0.0, 0.0..8.0, 0.1..9.0, 0.0..1.0, 0.0..1.0), 3),
            ],
            least in 0.0..2.0,
            most in 2.0..8.0,
        ) {
            let channels: Vec<[f64; 5]> =
                channels.into_iter().map(|(a, b, c, d, e)| [a, b, c, d, e]).collect();
            let numbers = Numbers { channels, capacity: [least, most], base_colours: true };
            let numbers = numbers.checked().expect("fine");
            prop_assert_eq!(Numbers::from_xmp(numbers.packet().as_bytes()), Some(numbers.clone()));
            prop_assert_eq!(Numbers::from_iso(&numbers.block()), Some(numbers));
        }

        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>, text: String) {
            Numbers::from_iso(&bytes);
            Numbers::from_xmp(text.as_bytes());
        }
    }
}
