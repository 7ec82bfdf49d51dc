//! The configuration of an AAC decoder (ISO/IEC 14496-3, 1.6.2.1), cut to the bits that it has.
//!
//! Invariant: what comes out has no bit that this room does not know the meaning of.

use super::bits::Bits;

/// Sampling frequency that is spelt out.
const SPELT_OUT: u32 = 15;
/// Kinds of objects (table 1.17): spectral band replication, parametric stereo, and those with
/// resilience.
const SBR: u32 = 5;
const PS: u32 = 29;
const RESILIENT: [u32; 2] = [17, 23];

/// An `AudioSpecificConfig` without what lies behind it; `None` if it is of a kind that is not
/// known here, carries a comment, or is damaged.
pub(super) fn aac(raw: &[u8]) -> Option<Vec<u8>> {
    let b = &mut Bits::new(raw);
    let mut kind = object(b)?;
    frequency(b)?;
    let channels = b.take(4)?;
    let is_extended = kind == SBR || kind == PS;
    if is_extended {
        frequency(b)?;
        kind = object(b)?;
    }
    if !matches!(kind, 1..=4) && !RESILIENT.contains(&kind) {
        return None;
    }
    b.take(1)?; // length of frames
    if b.take(1)? == 1 {
        b.take(14)?; // delay of a core coder
    }
    let has_extension = b.take(1)? == 1;
    if channels == 0 {
        program(b)?;
    }
    if has_extension {
        b.take(if RESILIENT.contains(&kind) { 4 } else { 1 })?;
    }
    if RESILIENT.contains(&kind) && b.take(2)? > 1 {
        return None;
    }
    let end = b.at;
    let end = match is_extended {
        true => end,
        false => behind(b).unwrap_or(end),
    };
    let mut out = raw.get(..end.div_ceil(8))?.to_vec();
    if let Some(last) = out.last_mut()
        && end % 8 > 0
    {
        *last &= 0xff << (8 - end % 8);
    }
    Some(out)
}

fn object(b: &mut Bits<'_>) -> Option<u32> {
    match b.take(5)? {
        31 => Some(32 + b.take(6)?),
        kind => Some(kind),
    }
}

fn frequency(b: &mut Bits<'_>) -> Option<()> {
    if b.take(4)? == SPELT_OUT {
        b.take(24)?;
    }
    Some(())
}

/// Which element feeds which loudspeaker (4.4.1.1).
fn program(b: &mut Bits<'_>) -> Option<()> {
    b.take(10)?;
    let [front, side, back] = [b.take(4)?, b.take(4)?, b.take(4)?];
    let [low, data, coupled] = [b.take(2)?, b.take(3)?, b.take(4)?];
    for mixdown in [4, 4, 3] {
        if b.take(1)? == 1 {
            b.take(mixdown)?;
        }
    }
    b.take(((front + side + back + coupled) * 5 + (low + data) * 4) as usize)?;
    b.at = b.at.next_multiple_of(8);
    (b.take(8)? == 0).then_some(())
}

/// Where it ends if spectral band replication and parametric stereo, or that they are missing, are
/// said behind the rest, as decoders that do not know them can read it.
fn behind(b: &mut Bits<'_>) -> Option<usize> {
    const SBR_FOLLOWS: u32 = 0x2b7;
    const PS_FOLLOWS: u32 = 0x548;
    if b.take(11)? != SBR_FOLLOWS || object(b)? != SBR {
        return None;
    }
    if b.take(1)? == 0 {
        return Some(b.at);
    }
    frequency(b)?;
    let end = b.at;
    let has_stereo = b.take(11) == Some(PS_FOLLOWS) && b.take(1).is_some();
    Some(if has_stereo { b.at } else { end })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Low complexity; with a trailer that denies replication, one that has it, and one that has
    /// stereo too; replication around it; a frequency that is spelt out.
    const WHOLE: [&[u8]; 6] = [
        &[0x12, 0x10],
        &[0x12, 0x10, 0x56, 0xe5, 0x00],
        &[0x13, 0x90, 0x56, 0xe5, 0xa0],
        &[0x13, 0x88, 0x56, 0xe5, 0xa5, 0x48, 0x80],
        &[0x2b, 0x92, 0x08, 0x00],
        &[0x17, 0x80, 0x56, 0x22, 0x10],
    ];

    #[test]
    fn what_lies_behind_a_configuration_is_cut_off() {
        for whole in WHOLE {
            assert_eq!(aac(whole).as_deref(), Some(whole), "{whole:x?}");
            let long = [whole, b"Alice, 52.52N"].concat();
            assert_eq!(aac(&long).as_deref(), Some(whole), "{whole:x?}");
        }
        // Bits of the last byte that mean nothing.
        let set = aac(&[0x12, 0x10, 0x56, 0xe5, 0x7f]);
        assert_eq!(set.as_deref(), Some(WHOLE[1]));
    }

    #[test]
    fn a_comment_and_rare_kinds_are_refused() {
        // No pair of channels, no comment; then one of five letters.
        let program = [0x12, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00];
        assert_eq!(aac(&program).as_deref(), Some(&program[..]));
        let named = [&program[..7], b"\x05Alice"].concat();
        assert_eq!(aac(&named), None);
        assert_eq!(aac(&[0xf9, 0x46, 0x40, 0x22]), None, "speech and audio");
        assert_eq!(aac(&[0x12]), None, "cut off");
    }

    proptest! {
        #[test]
        fn cutting_twice_is_cutting_once(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(cut) = aac(&bytes) {
                prop_assert!(cut.len() <= bytes.len());
                prop_assert_eq!(aac(&cut), Some(cut.clone()));
            }
        }
    }
}
