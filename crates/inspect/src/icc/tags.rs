//! What a profile's tag holds that its type does not account for (ICC.1:2022, chapters 9.2 and 10).

use super::super::bytes::{Order, part, says_something};

/// Tags that say nothing about anybody if their type is the right one: first those that a colour
/// transform reads, then measures and names of standard conditions.
const TYPES: [(&[u8; 4], &[&[u8; 4]]); 25] = [
    (b"A2B0", &[b"mft1", b"mft2", b"mAB "]),
    (b"A2B1", &[b"mft1", b"mft2", b"mAB "]),
    (b"A2B2", &[b"mft1", b"mft2", b"mAB "]),
    (b"B2A0", &[b"mft1", b"mft2", b"mBA "]),
    (b"B2A1", &[b"mft1", b"mft2", b"mBA "]),
    (b"B2A2", &[b"mft1", b"mft2", b"mBA "]),
    (b"gamt", &[b"mft1", b"mft2", b"mBA "]),
    (b"rTRC", &[b"curv", b"para"]),
    (b"gTRC", &[b"curv", b"para"]),
    (b"bTRC", &[b"curv", b"para"]),
    (b"kTRC", &[b"curv", b"para"]),
    (b"rXYZ", &[b"XYZ "]),
    (b"gXYZ", &[b"XYZ "]),
    (b"bXYZ", &[b"XYZ "]),
    (b"wtpt", &[b"XYZ "]),
    (b"bkpt", &[b"XYZ "]),
    (b"lumi", &[b"XYZ "]),
    (b"chad", &[b"sf32"]),
    (b"cicp", &[b"cicp"]),
    (b"meas", &[b"meas"]),
    (b"view", &[b"view"]),
    (b"tech", &[b"sig "]),
    (b"rig0", &[b"sig "]),
    (b"rig2", &[b"sig "]),
    (b"chrm", &[b"chrm"]),
];

/// What is odd about a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// The name is not on the list.
    Name,
    /// The type is none that the name may have.
    Type,
    /// The type wants more bytes than there are.
    Short,
    /// So many bytes, not all of them zero, belong to nothing.
    Unused(usize),
}

/// Looks through one tag of numbers.
pub(super) fn look(name: &[u8], body: &[u8]) -> Result<(), Odd> {
    let known = TYPES.iter().find(|(other, _)| other[..] == *name);
    let (_, types) = known.ok_or(Odd::Name)?;
    let kind = part(body, 0, 4).ok_or(Odd::Short)?;
    if !types.iter().any(|other| other[..] == *kind) {
        return Err(Odd::Type);
    }
    let mut used = Used(Vec::new());
    used.tag(kind, body).ok_or(Odd::Short)?;
    match used.left_over(body) {
        0 => Ok(()),
        count => Err(Odd::Unused(count)),
    }
}

/// How many bytes lie outside of the texts of a description, a text or a text in many languages, if
/// any of them says something.
pub(super) fn besides_texts(body: &[u8]) -> usize {
    let mut used = Used(Vec::new());
    match used.texts(body) {
        Some(()) => used.left_over(body),
        None => 0,
    }
}

/// Places and lengths that a type accounts for.
struct Used(Vec<(usize, usize)>);

impl Used {
    fn add(&mut self, body: &[u8], at: usize, length: usize) -> Option<()> {
        part(body, at, length)?;
        self.0.push((at, length));
        Some(())
    }

    /// The whole of a tag of a type. `None` if it is too short.
    fn tag(&mut self, kind: &[u8], body: &[u8]) -> Option<()> {
        self.add(body, 0, 4)?;
        match kind {
            b"XYZ " => self.add(body, 8, 12),
            b"sf32" => self.add(body, 8, 36),
            b"cicp" | b"sig " => self.add(body, 8, 4),
            b"meas" | b"view" => self.add(body, 8, 28),
            b"chrm" => {
                let channels = short(body, 8)?;
                self.add(body, 8, 4 + channels * 8)
            }
            b"curv" | b"para" => self.curve(body, 0).map(|_| ()),
            b"mft1" | b"mft2" => self.lut(kind == b"mft2", body),
            _ => self.pipeline(kind == b"mAB ", body),
        }
    }

    /// A curve at a place, and where it ends.
    fn curve(&mut self, body: &[u8], at: usize) -> Option<usize> {
        let kind = part(body, at, 4)?;
        self.add(body, at, 4)?;
        let length = if kind == b"curv" {
            let length = long(body, at + 8)?.checked_mul(2)?.checked_add(4)?;
            self.add(body, at + 8, length)?;
            length
        } else if kind == b"para" {
            let numbers = match short(body, at + 8)? {
                0 => 1,
                1 => 3,
                2 => 4,
                3 => 5,
                4 => 7,
                _ => return None,
            };
            self.add(body, at + 8, 2)?;
            self.add(body, at + 12, numbers * 4)?;
            4 + numbers * 4
        } else {
            return None;
        };
        Some(at + 8 + length)
    }

    /// A matrix, input tables, a grid and output tables, of one or two bytes a number.
    fn lut(&mut self, wide: bool, body: &[u8]) -> Option<()> {
        let head = part(body, 8, 3)?;
        let [channels_in, channels_out, points] = [head[0], head[1], head[2]].map(u64::from);
        let (begin, first, last, bytes) = if wide {
            (52, short(body, 48)? as u64, short(body, 50)? as u64, 2)
        } else {
            (48, 256, 256, 1)
        };
        let grid = points.checked_pow(channels_in as u32)?;
        let numbers = grid
            .checked_mul(channels_out)?
            .checked_add(first * channels_in + last * channels_out)?;
        let tables = usize::try_from(numbers.checked_mul(bytes)?).ok()?;
        self.add(body, 8, 3)?;
        self.add(body, 12, begin - 12)?;
        self.add(body, begin, tables)
    }

    /// The types `mAB ` and `mBA `: five offsets to curves, matrix and grid, each of which may be
    /// 0.
    fn pipeline(&mut self, from_device: bool, body: &[u8]) -> Option<()> {
        let head = part(body, 8, 2)?;
        let [channels_in, channels_out] = [head[0], head[1]].map(usize::from);
        self.add(body, 8, 2)?;
        self.add(body, 12, 20)?;
        let counts = if from_device {
            [channels_out, channels_out, channels_in]
        } else {
            [channels_in, channels_in, channels_out]
        };
        for (at, count) in [12, 20, 28].into_iter().zip(counts) {
            let Some(mut at) = element(body, at)? else {
                continue;
            };
            for _ in 0..count {
                at = self.curve(body, at)?.next_multiple_of(4);
            }
        }
        if let Some(at) = element(body, 16)? {
            self.add(body, at, 48)?;
        }
        if let Some(at) = element(body, 24)? {
            let head = part(body, at, 20)?;
            let points = part(head, 0, channels_in.min(16))?;
            let size = points.iter().chain([&head[16]]);
            let size = size.fold(channels_out as u64, |size, &n| {
                size.saturating_mul(u64::from(n))
            });
            self.add(body, at, points.len())?;
            self.add(body, at + 16, 1)?;
            self.add(body, at + 20, usize::try_from(size).ok()?)?;
        }
        Some(())
    }

    /// Strings and the tables that lead to them. `None` for another type, or where one is cut off.
    fn texts(&mut self, body: &[u8]) -> Option<()> {
        let kind = part(body, 0, 4)?;
        self.add(body, 0, 4)?;
        match kind {
            b"text" => {
                let text = part(body, 8, body.len().checked_sub(8)?)?;
                let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
                self.add(body, 8, end)
            }
            b"desc" => {
                let ascii = long(body, 8)?.checked_add(12)?;
                let units = long(body, ascii.checked_add(4)?)?;
                let wide = units.checked_mul(2)?.checked_add(ascii)?.checked_add(8)?;
                let mac = part(body, wide.checked_add(2)?, 1)?;
                self.add(body, 8, wide - 8)?;
                self.add(body, wide, 3 + usize::from(mac[0]).min(67))
            }
            b"mluc" => {
                let count = long(body, 8)?;
                self.add(body, 8, 8)?;
                for row in (0..count).map(|row| 16 + row * 12) {
                    self.add(body, row, 12)?;
                    self.add(body, long(body, row + 8)?, long(body, row + 4)?)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    /// How many bytes belong to nothing, if any of them is not zero.
    fn left_over(mut self, body: &[u8]) -> usize {
        self.0.sort_unstable();
        let (mut at, mut count, mut says) = (0, 0, false);
        for (begin, length) in self.0.into_iter().chain([(body.len(), 0)]) {
            if let Some(gap) = body.get(at..begin) {
                count += gap.len();
                says |= says_something(gap);
            }
            at = at.max(begin + length);
        }
        if says { count } else { 0 }
    }
}

/// Where an element begins, if it is there; one inside of the offsets is none.
fn element(body: &[u8], field: usize) -> Option<Option<usize>> {
    match long(body, field)? {
        0 => Some(None),
        1..32 => None,
        at => Some(Some(at)),
    }
}

fn short(body: &[u8], at: usize) -> Option<usize> {
    Order::Big.u16(body, at).map(usize::from)
}

fn long(body: &[u8], at: usize) -> Option<usize> {
    Order::Big.u32(body, at).map(|v| v as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A table without grid points, whose curves are straight.
    fn pipeline(kind: &[u8; 4], gap: &[u8]) -> Vec<u8> {
        let curve = b"curv\0\0\0\0\0\0\0\0";
        let mut out = [&kind[..], &[0, 0, 0, 0, 3, 3, 0, 0]].concat();
        let matrix = 32 + 36 + gap.len() as u32;
        for place in [32, matrix, 32, 0, 0] {
            out.extend(place.to_be_bytes());
        }
        out.extend(curve.repeat(3));
        out.extend(gap);
        out.extend([1; 48]);
        out
    }

    #[test]
    fn what_a_type_accounts_for_is_fine_and_what_is_behind_it_is_counted() {
        let lut = |kind: &[u8; 4], tail: &[u8]| {
            let head = [&kind[..], &[0, 0, 0, 0, 3, 3, 2, 0], &[1; 36], tail];
            head.concat()
        };
        for (name, body) in [
            (b"bkpt", [&b"XYZ \0\0\0\0"[..], &[1; 12]].concat()),
            (b"chad", [&b"sf32\0\0\0\0"[..], &[1; 36]].concat()),
            (b"rTRC", b"curv\0\0\0\0\0\0\0\x01ab".to_vec()),
            (b"kTRC", b"para\0\0\0\0\0\0\0\0abcd".to_vec()),
            (b"A2B0", lut(b"mft1", &[1; 256 * 6 + 24])),
            (
                b"B2A0",
                lut(b"mft2", &[&[0, 2, 0, 2][..], &[1; 72]].concat()),
            ),
            (b"A2B1", pipeline(b"mAB ", b"")),
            (b"gamt", pipeline(b"mBA ", b"\0\0\0\0")),
            (b"tech", b"sig \0\0\0\0mntr".to_vec()),
            (b"view", [&b"view\0\0\0\0"[..], &[1; 28]].concat()),
        ] {
            assert_eq!(look(name, &body), Ok(()), "{name:?}");
            assert_eq!(look(name, &body[..body.len() - 1]), Err(Odd::Short));
            let longer = [&body[..], b"\0\0a picture"].concat();
            // Gaps count as well, where something is said at all.
            let gap = if name == b"gamt" { 4 } else { 0 };
            let pads = match &body[..4] {
                b"para" => 4 + 2,
                b"mft1" | b"mft2" => 4 + 1,
                b"mAB " | b"mBA " => 4 + 2 + 3 * 4 + gap,
                _ => 4,
            };
            assert_eq!(look(name, &longer), Err(Odd::Unused(11 + pads)));
        }
    }

    #[test]
    fn words_under_a_colour_tag_s_name_are_odd() {
        assert_eq!(look(b"B2D0", b"text\0\0\0\0words"), Err(Odd::Name));
        assert_eq!(look(b"B2A0", b"text\0\0\0\0words"), Err(Odd::Type));
        assert_eq!(look(b"bkpt", b"words"), Err(Odd::Type));
        assert_eq!(look(b"bkpt", b""), Err(Odd::Short));
        let hidden = pipeline(b"mAB ", b"a name..");
        assert!(matches!(look(b"A2B0", &hidden), Err(Odd::Unused(_))));
    }

    #[test]
    fn bytes_behind_a_text_are_counted() {
        assert_eq!(besides_texts(b"text\0\0\0\0words\0\0"), 0);
        assert_eq!(besides_texts(b"text\0\0\0\0words\0more"), 9);
        let mut long = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS\0\0\0\x02\0\0\0\x1c\0a".to_vec();
        assert_eq!(besides_texts(&long), 0);
        long.extend(b"more");
        assert_eq!(besides_texts(&long), 8);
        let mut old = b"desc\0\0\0\0\0\0\0\x02a\0".to_vec();
        old.extend([0; 4 + 4 + 2 + 1 + 67]);
        assert_eq!(besides_texts(&old), 0);
        old.extend(b"more");
        assert_eq!(besides_texts(&old), 4 + 67 + 4);
    }

    proptest! {
        #[test]
        fn any_tag_is_survived(
            which in 0..TYPES.len(),
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let (name, types) = TYPES[which];
            for kind in types {
                let body = [&kind[..], &body].concat();
                if let Err(Odd::Unused(count)) = look(name, &body) {
                    prop_assert!(count <= body.len());
                }
            }
            for kind in [b"text", b"desc", b"mluc"] {
                let body = [&kind[..], &body].concat();
                prop_assert!(besides_texts(&body) <= body.len());
            }
        }
    }
}
