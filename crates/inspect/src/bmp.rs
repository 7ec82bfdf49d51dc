//! BMP: gaps between its parts, padding that says something, profiles, and everything behind the
//! rows.

use super::bytes::{Order, part, rest, says_something};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use super::{embedded, icc};

/// Looks through a BMP.
pub(super) fn look(file: &[u8], out: &mut Inspection) {
    if walk(file, out).is_none() {
        out.damaged("the BMP is damaged or cut off");
    }
}

fn walk(file: &[u8], out: &mut Inspection) -> Option<()> {
    let number = |at| Order::Little.u32(file, at);
    let start = number(10)? as usize;
    let header = number(14)? as usize;
    let (width, height, bits, compression) = if header == 12 {
        let side = |at| Order::Little.u16(file, at).map(u32::from);
        (side(18)?, side(20)?, Order::Little.u16(file, 24)?, 0)
    } else {
        let height = number(22)?.cast_signed().unsigned_abs();
        (
            number(18)?,
            height,
            Order::Little.u16(file, 28)?,
            number(30)?,
        )
    };
    (out.width, out.height, out.frames) = (width, height, 1);
    if number(6)? != 0 {
        out.add(Finding::new(Kind::UnusedBytes, "reserved header bytes").bytes(4));
    }
    let masks = match (header, compression) {
        (40, 3) => 12,
        (40, 6) => 16,
        _ => 0,
    };
    let entry = if header == 12 { 3 } else { 4 };
    let listed = if header >= 40 {
        number(46)? as usize
    } else {
        0
    };
    let colours = match bits {
        1 | 2 | 4 | 8 if listed == 0 => 1 << bits,
        _ => listed.min(1 << 16),
    };
    let behind_header = 14usize.checked_add(header)? + masks + colours * entry;
    // A shorter palette than the depth allows is common: the picture may begin inside of it.
    if let Some(gap) = file
        .get(behind_header..start)
        .filter(|gap| says_something(gap))
    {
        out.add(Finding::new(Kind::UnusedBytes, "before the picture").bytes(gap.len()));
    }
    let mut end = match compression {
        0 | 3 | 6 => {
            let used = (u64::from(width) * u64::from(bits)).div_ceil(8);
            let row = usize::try_from(used.next_multiple_of(4)).ok()?;
            let used = usize::try_from(used).ok()?;
            padding(file.get(start..)?, row, used, height, out);
            start.checked_add(row.checked_mul(height as usize)?)?
        }
        _ => {
            let given = number(34)? as usize;
            let whole = file.len().checked_sub(start)?;
            start + if given == 0 { whole } else { given.min(whole) }
        }
    };
    if end > file.len() {
        out.damaged("the BMP is cut off");
    }
    if header >= 124 {
        let (at, length) = (number(14 + 112)? as usize, number(14 + 116)? as usize);
        let at = at.checked_add(14)?;
        if let Some(profile) = part(file, at, length).filter(|p| !p.is_empty()) {
            if part(file, 14 + 56, 4) == Some(b"KNIL") {
                let words = super::bytes::text(profile);
                out.add(Finding::new(Kind::Text, "name of a linked profile").detail(words));
            } else {
                icc::profile(profile, "profile", out);
            }
            let gap = file.get(end..at).unwrap_or_default();
            if says_something(gap) {
                out.add(Finding::new(Kind::UnusedBytes, "before the profile").bytes(gap.len()));
            }
            end = end.max(at + length);
        }
    }
    let behind = rest(file, end);
    if behind.len() > 3 && says_something(behind) {
        let found = embedded::anywhere(behind);
        let finding = Finding::new(Kind::Trailer, "behind the picture").bytes(behind.len());
        let finding = finding.size(found.and_then(|f| f.size));
        out.add(finding.detail(found.map_or("", |f| f.what.name())));
    }
    Some(())
}

/// Bytes that fill rows up to a multiple of four.
fn padding(data: &[u8], row: usize, used: usize, height: u32, out: &mut Inspection) {
    if row == 0 || row == used {
        return;
    }
    let rows = data.chunks_exact(row).take(height as usize);
    let said: usize = rows
        .map(|r| r[used..].iter().filter(|&&b| b != 0).count())
        .sum();
    if said > 3 {
        out.add(Finding::new(Kind::UnusedBytes, "padding of rows").bytes(said));
    }
}
