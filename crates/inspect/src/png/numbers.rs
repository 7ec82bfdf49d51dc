//! Chunks that say how pixels look: how long each must be, and what its numbers can mean (PNG 3,
//! chapter 11, and the registered extensions).

use super::super::bytes::Order;

/// What is odd about a chunk of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// It has so many bytes more than it may have.
    Long(usize),
    /// It has other lengths than its kind has.
    Length,
    /// The numbers mean nothing.
    Values,
}

/// Whether a chunk is on the list of those that say nothing about anybody.
pub(super) fn is_known(name: &[u8]) -> bool {
    lengths(name, None).is_some()
}

/// Looks through a chunk that is on the list. `colour`: the colour type of the picture's header.
pub(super) fn look(name: &[u8], data: &[u8], colour: Option<u8>) -> Result<(), Odd> {
    let Some((least, most)) = lengths(name, colour) else {
        return Ok(());
    };
    if data.len() > most {
        return Err(Odd::Long(data.len() - most));
    }
    if data.len() < least || (name == b"PLTE" && !data.len().is_multiple_of(3)) {
        return Err(Odd::Length);
    }
    if !makes_sense(name, data) {
        return Err(Odd::Values);
    }
    Ok(())
}

/// The fewest and the most bytes of a chunk.
fn lengths(name: &[u8], colour: Option<u8>) -> Option<(usize, usize)> {
    let exactly = match name {
        b"IHDR" => 13,
        b"PLTE" => return Some((3, 768)),
        b"tRNS" => match colour {
            Some(0) => 2,
            Some(2) => 6,
            Some(4 | 6) => 0,
            _ => return Some((0, 256)),
        },
        b"bKGD" => match colour {
            Some(0 | 4) => 2,
            Some(2 | 6) => 6,
            Some(3) => 1,
            _ => return Some((1, 6)),
        },
        b"sBIT" => match colour {
            Some(0) => 1,
            Some(2 | 3) => 3,
            Some(4) => 2,
            Some(6) => 4,
            _ => return Some((1, 4)),
        },
        b"cHRM" => 32,
        b"fcTL" => 26,
        b"mDCV" | b"mDCv" => 24,
        b"pHYs" => 9,
        b"acTL" | b"cLLI" | b"cLLi" => 8,
        b"cICP" | b"gAMA" | b"gIFg" => 4,
        b"sRGB" | b"sTER" => 1,
        b"IEND" => 0,
        _ => return None,
    };
    Some((exactly, exactly))
}

/// Whether numbers of a right length lie where those of real pictures do.
fn makes_sense(name: &[u8], data: &[u8]) -> bool {
    let within = |places: &[usize], least: u32, most: u32| {
        places.iter().all(|&at| {
            Order::Big
                .u32(data, at)
                .is_some_and(|n| (least..=most).contains(&n))
        })
    };
    let byte = |at: usize, most: u8| data.get(at).is_some_and(|&b| b <= most);
    match name {
        // Coordinates up to 2.
        b"cHRM" => within(&[0, 4, 8, 12, 16, 20, 24, 28], 0, 200_000),
        // Exponents up to 10.
        b"gAMA" => within(&[0], 1, 1_000_000),
        b"cICP" => byte(2, 0) && byte(3, 1),
        b"sRGB" => byte(0, 3),
        b"sTER" => byte(0, 1),
        // Luminances up to 10000 candela per square metre.
        b"mDCV" | b"mDCv" => within(&[16, 20], 0, 100_000_000),
        b"cLLI" | b"cLLi" => within(&[0, 4], 0, 100_000_000),
        b"pHYs" => within(&[0, 4], 1, 10_000_000) && byte(8, 1),
        b"sBIT" => data.iter().all(|b| (1..=16).contains(b)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of chunks, with lengths and the colour types that have them.
    const FIXED: [(&[u8; 4], usize, u8); 17] = [
        (b"cHRM", 32, 2),
        (b"mDCV", 24, 2),
        (b"mDCv", 24, 2),
        (b"cLLI", 8, 2),
        (b"cLLi", 8, 2),
        (b"pHYs", 9, 2),
        (b"gAMA", 4, 2),
        (b"cICP", 4, 2),
        (b"sRGB", 1, 2),
        (b"sTER", 1, 2),
        (b"sBIT", 1, 0),
        (b"sBIT", 3, 2),
        (b"sBIT", 3, 3),
        (b"sBIT", 2, 4),
        (b"sBIT", 4, 6),
        (b"tRNS", 2, 0),
        (b"tRNS", 6, 2),
    ];

    #[test]
    fn a_chunk_has_one_length_and_no_text() {
        let text = [b'A'; 40];
        for (name, length, colour) in FIXED {
            assert!(is_known(name));
            let look = |data| look(name, data, Some(colour));
            let fine = if name == b"tRNS" {
                Ok(())
            } else {
                Err(Odd::Values)
            };
            assert_eq!(look(&text[..length]), fine, "{name:?}");
            assert_eq!(look(&text[..length + 3]), Err(Odd::Long(3)));
            assert_eq!(look(&text[..length - 1]), Err(Odd::Length));
        }
        assert_eq!(look(b"PLTE", &text[..4], Some(3)), Err(Odd::Length));
        assert_eq!(look(b"tRNS", &[0; 2], Some(6)), Err(Odd::Long(2)));
        assert!(!is_known(b"tEXt"));
    }

    #[test]
    fn what_real_pictures_say_is_fine() {
        let bytes =
            |numbers: &[u32]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_be_bytes()).collect() };
        let adobe = [
            31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000,
        ];
        for (name, data) in [
            (b"cHRM", bytes(&adobe)),
            (b"gAMA", bytes(&[45_455])),
            (b"cICP", vec![12, 13, 0, 1]),
            (b"sRGB", vec![3]),
            (b"cLLI", bytes(&[0, 0])),
            (b"pHYs", [bytes(&[2_835, 2_835]), vec![1]].concat()),
            (b"sBIT", vec![5, 6, 5]),
        ] {
            assert_eq!(look(name, &data, Some(2)), Ok(()), "{name:?}");
        }
    }
}
