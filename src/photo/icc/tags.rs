//! What a profile's tag may hold: the types that its name permits, and of those the bytes that the
//! type's own structure claims.
//!
//! Invariant: every byte of a cleaned tag is claimed by its structure, or zero.

use super::number;
use std::ops::Range;

/// Groups of tags that a colour transform reads, with the types that ICC.1:2022, chapter 9.2,
/// permits them. `bkpt` is version 2's. D2B and B2D are missing: where there is one, an A2B or B2A
/// says the same with less precision (9.1).
const PERMITTED: [(Names, Names); 6] = [
    (
        &[b"wtpt", b"bkpt", b"lumi", b"rXYZ", b"gXYZ", b"bXYZ"],
        &[b"XYZ "],
    ),
    (&[b"chad"], &[b"sf32"]),
    (&[b"rTRC", b"gTRC", b"bTRC", b"kTRC"], &[b"curv", b"para"]),
    (&[b"A2B0", b"A2B1", b"A2B2"], &[b"mft1", b"mft2", b"mAB "]),
    (
        &[b"B2A0", b"B2A1", b"B2A2", b"gamt"],
        &[b"mft1", b"mft2", b"mBA "],
    ),
    (&[b"cicp"], &[b"cicp"]),
];

/// Names of tags or of their types.
type Names = &'static [&'static [u8; 4]];

/// Parts of a tag's data, in bytes from its begin.
type Claims = Vec<Range<usize>>;

/// Whether a colour transform reads the tag.
pub(super) fn is_for_colour(name: [u8; 4]) -> bool {
    PERMITTED.iter().any(|(names, _)| names.contains(&&name))
}

/// The data of a tag with what its type claims and nothing else. `None` if the name does not permit
/// the type, or if the data ends too early.
pub(super) fn cleaned(name: [u8; 4], data: &[u8]) -> Option<Vec<u8>> {
    let kind: [u8; 4] = data.get(..4)?.try_into().ok()?;
    let (_, kinds) = PERMITTED.iter().find(|(names, _)| names.contains(&&name))?;
    if !kinds.contains(&&kind) {
        return None;
    }
    let mut claims = claims(kind, data)?;
    claims.push(0..4);
    let length = claims.iter().map(|claim| claim.end).max()?;
    // No more than there is, so that a length of the file's own choice takes no memory.
    let mut out = vec![0; data.get(..length)?.len()];
    for claim in claims {
        out.get_mut(claim.clone())?.copy_from_slice(&data[claim]);
    }
    Some(out)
}

/// What a type claims behind its name (ICC.1:2022, chapter 10).
fn claims(kind: [u8; 4], data: &[u8]) -> Option<Claims> {
    Some(match &kind {
        b"curv" | b"para" => curve(data, 0)?,
        b"XYZ " => one(8..20),
        b"sf32" => one(8..44),
        b"cicp" => one(8..12),
        b"mft1" => {
            let [inputs, outputs, cells] = grid(data)?;
            let entries = (256 * (inputs + outputs)).checked_add(cells)?;
            vec![8..11, 12..entries.checked_add(48)?]
        }
        b"mft2" => {
            let [inputs, outputs, cells] = grid(data)?;
            let entries = inputs * short(data, 48)? + outputs * short(data, 50)?;
            let bytes = entries.checked_add(cells)?.checked_mul(2)?;
            vec![8..11, 12..bytes.checked_add(52)?]
        }
        b"mAB " | b"mBA " => elements(&kind == b"mAB ", data)?,
        _ => return None,
    })
}

fn one(claim: Range<usize>) -> Claims {
    std::iter::once(claim).collect()
}

/// Input channels, output channels and numbers of the grid of a table of type `mft1` or `mft2`.
fn grid(data: &[u8]) -> Option<[usize; 3]> {
    let &[inputs, outputs, points] = data.get(8..11)?.first_chunk()?;
    let [inputs, outputs] = [inputs, outputs].map(usize::from);
    let cells = usize::from(points).checked_pow(inputs as u32)?;
    Some([inputs, outputs, cells.checked_mul(outputs)?])
}

/// A curve at a place, of type `curv` or `para`.
fn curve(data: &[u8], at: usize) -> Option<Claims> {
    let data = data.get(at..)?;
    let length = match data.get(..4)? {
        b"curv" => number(data, 8)?.checked_mul(2)?.checked_add(12)?,
        b"para" => 12 + 4 * [1, 3, 4, 5, 7].get(short(data, 8)?)?,
        _ => return None,
    };
    data.get(..length)?;
    Some(match data[0] {
        b'c' => vec![at..at + 4, at + 8..at + length],
        _ => vec![at..at + 4, at + 8..at + 10, at + 12..at + length],
    })
}

/// The head and the elements of the types `mAB ` and `mBA ` (ICC.1:2022, 10.12 and 10.13).
fn elements(to_connection_space: bool, data: &[u8]) -> Option<Claims> {
    let &[inputs, outputs] = data.get(8..10)?.first_chunk()?;
    let [inputs, outputs] = [inputs, outputs].map(usize::from);
    let (device, space) = if to_connection_space {
        (inputs, outputs)
    } else {
        (outputs, inputs)
    };
    let mut claims = vec![8..10, 12..32];
    // An element that is not there is at 0; none begins inside the head.
    let place = |field| number(data, field).filter(|at| !(1..32).contains(at));
    for (field, count) in [(12, space), (20, space), (28, device)] {
        let mut at = place(field)?;
        for _ in 0..if at == 0 { 0 } else { count } {
            let parts = curve(data, at)?;
            at = parts.last()?.end.checked_next_multiple_of(4)?;
            claims.extend(parts);
        }
    }
    let matrix = place(16)?;
    if matrix != 0 {
        claims.push(matrix..matrix.checked_add(48)?);
    }
    let table = place(24)?;
    if table != 0 {
        let head = data.get(table..)?.first_chunk::<17>()?;
        let points = head.get(..inputs.min(16))?;
        let cells = points
            .iter()
            .try_fold(outputs, |cells, &n| cells.checked_mul(usize::from(n)))?;
        let bytes = cells.checked_mul(usize::from(head[16]))?;
        claims.push(table..table + points.len());
        claims.push(table + 16..table + 17);
        claims.push(table + 20..bytes.checked_add(table + 20)?);
    }
    Some(claims)
}

fn short(data: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 2] = data.get(at..at + 2)?.try_into().ok()?;
    Some(usize::from(u16::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parametric() -> Vec<u8> {
        [&b"para\0\0\0\0\0\0\0\0"[..], &[0, 2, 0x33, 0x33]].concat()
    }

    fn table(kind: &[u8; 4]) -> Vec<u8> {
        let mut out = [&kind[..], &[0, 0, 0, 0, 3, 3, 2, 0]].concat();
        out.extend([7; 36]);
        match kind {
            b"mft1" => out.extend([9; 256 * 6 + 8 * 3]),
            _ => {
                out.extend([0, 2, 0, 3]);
                out.extend([9; 2 * (2 * 3 + 8 * 3 + 3 * 3)]);
            }
        }
        out
    }

    /// All five elements in the order of the standard, without a gap.
    fn of_elements(kind: &[u8; 4]) -> Vec<u8> {
        let mut body = [parametric(), parametric(), parametric()].concat();
        let curves = body.len();
        body.extend([1; 48]);
        body.extend_from_within(..curves);
        let grid = 32 + body.len();
        body.extend([2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
        body.extend([8; 8 * 3]);
        let last = 32 + body.len();
        body.extend_from_within(..curves);
        let mut out = [&kind[..], &[0, 0, 0, 0, 3, 3, 0, 0]].concat();
        for place in [32, 32 + curves, 32 + curves + 48, grid, last] {
            out.extend((place as u32).to_be_bytes());
        }
        out.extend(body);
        out
    }

    /// A tag of each type that is kept.
    fn samples() -> Vec<([u8; 4], Vec<u8>)> {
        vec![
            (*b"wtpt", [&b"XYZ \0\0\0\0"[..], &[5; 12]].concat()),
            (*b"chad", [&b"sf32\0\0\0\0"[..], &[5; 36]].concat()),
            (*b"cicp", b"cicp\0\0\0\0\x09\x10\0\x01".to_vec()),
            (*b"rTRC", b"curv\0\0\0\0\0\0\0\x01\x02\x33".to_vec()),
            (*b"kTRC", parametric()),
            (*b"A2B0", table(b"mft1")),
            (*b"B2A1", table(b"mft2")),
            (*b"A2B1", of_elements(b"mAB ")),
            (*b"gamt", of_elements(b"mBA ")),
        ]
    }

    #[test]
    fn a_tag_of_a_permitted_type_is_kept_byte_for_byte_and_what_is_behind_it_cut() {
        for (name, data) in samples() {
            assert_eq!(cleaned(name, &data).as_ref(), Some(&data), "{name:?}");
            let mut longer = data.clone();
            longer.extend(b"\xff\xd8\xff\xe0 a picture");
            assert_eq!(cleaned(name, &longer), Some(data), "{name:?}");
        }
    }

    #[test]
    fn a_tag_that_ends_too_early_is_refused() {
        for (name, data) in samples() {
            for length in 0..data.len() {
                assert_eq!(cleaned(name, &data[..length]), None, "{name:?} {length}");
            }
        }
    }

    #[test]
    fn a_type_that_the_name_does_not_permit_is_refused() {
        let text = b"text\0\0\0\0a person's name, at some length, and where they live";
        for (name, data) in samples() {
            assert_eq!(cleaned(name, text), None);
            assert_eq!(cleaned(*b"mmod", &data), None);
        }
        assert_eq!(cleaned(*b"A2B0", &of_elements(b"mBA ")), None);
        assert_eq!(cleaned(*b"B2A0", &of_elements(b"mAB ")), None);
        assert_eq!(cleaned(*b"bkpt", &parametric()), None);
    }

    #[test]
    fn bytes_that_no_element_claims_become_zero() {
        let whole = of_elements(b"mAB ");
        let mut data = whole.clone();
        // A gap of 20 bytes in front of the last curves, the reserved bytes, and grid points of
        // dimensions that there are not.
        let last = number(&data, 28).expect("an offset");
        data.splice(last..last, *b"a name of 20 letters");
        data[28..32].copy_from_slice(&(last as u32 + 20).to_be_bytes());
        let grid = number(&data, 24).expect("an offset");
        data[4..8].copy_from_slice(b"name");
        data[grid + 3..grid + 16].fill(b'x');
        let cleaned = cleaned(*b"A2B0", &data).expect("kept");
        let mut expected = whole.clone();
        expected.splice(last..last, [0; 20]);
        expected[28..32].copy_from_slice(&(last as u32 + 20).to_be_bytes());
        assert_eq!(cleaned, expected);
    }

    proptest! {
        #[test]
        fn any_data_is_survived_and_cleaning_twice_changes_nothing(
            which in 0usize..9,
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        ) {
            let (name, mut data) = samples().swap_remove(which);
            for (at, value) in flips {
                let at = at.index(data.len().min(64));
                data[at] = value;
            }
            if let Some(once) = cleaned(name, &data) {
                prop_assert!(once.len() <= data.len());
                prop_assert_eq!(cleaned(name, &once), Some(once));
            }
        }
    }
}
