//! Edit lists (ISO/IEC 14496-12, 8.6.6): samples that no player shows stay in the file.

use super::super::bytes::{Order, part};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::tables::Tables;

/// Packets of sound before the first that is heard: a decoder needs them to start.
const PRIMING: u32 = 6;
/// Packets behind the last: encoders fill up.
const FILLING: u32 = 3;

/// Time that is shown: from and to, in ticks of the track.
fn shown(edits: &[u8], track: u32, movie: u32) -> Vec<(i64, i64)> {
    let is_wide = edits.first() == Some(&1);
    let count = Order::Big.u32(edits, 4).unwrap_or(0) as usize;
    let mut found = Vec::new();
    let each = if is_wide { 20 } else { 12 };
    for entry in edits
        .get(8..)
        .unwrap_or_default()
        .chunks_exact(each)
        .take(count)
    {
        let (length, start) = if is_wide {
            let long = |at| Order::Big.u64(entry, at).unwrap_or(0);
            (long(0), long(8).cast_signed())
        } else {
            let short = |at| Order::Big.u32(entry, at).unwrap_or(0);
            (short(0).into(), short(4).cast_signed().into())
        };
        // Nothing is shown for a while.
        if start < 0 {
            continue;
        }
        let length = match length {
            0 => i64::MAX,
            length => {
                let ticks = u128::from(length) * u128::from(track);
                let ticks = ticks.div_ceil(u128::from(movie.max(1)));
                i64::try_from(ticks).unwrap_or(i64::MAX)
            }
        };
        // A still picture shows one frame.
        let rate = part(entry, each - 4, 4).unwrap_or_default();
        let length = if rate == [0; 4] { 1 } else { length };
        found.push((start, start.saturating_add(length)));
    }
    found.sort_unstable();
    // Joined, so that the ends rise, too.
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in found {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// Names samples that the edit list hides. `ticks`: of the track and of the movie, for a second.
pub(super) fn look(
    edits: &[u8],
    ticks: (u32, u32),
    tables: &Tables<'_>,
    are_pictures: bool,
    place: &str,
    out: &mut Inspection,
) {
    let shown = shown(edits, ticks.0, ticks.1);
    if shown.is_empty() {
        return;
    }
    let (mut before, mut between, mut behind) = (0u32, 0u32, 0u32);
    for (from, duration) in tables.times() {
        let to = from.saturating_add(duration.max(1));
        let next = shown.partition_point(|s| s.1 <= from);
        match shown.get(next) {
            None => behind += 1,
            Some(s) if to <= s.0 && next == 0 => before += 1,
            Some(s) if to <= s.0 => between += 1,
            Some(_) => {}
        }
    }
    if !are_pictures {
        before = if before > PRIMING { before } else { 0 };
        behind = if behind > FILLING { behind } else { 0 };
    }
    let hidden = before + between + behind;
    if hidden > 0 {
        let (kind, what) = match are_pictures {
            true => (Kind::HiddenFrame, "frames"),
            false => (Kind::Sound, "packets of sound"),
        };
        let finding = Finding::new(kind, place);
        out.add(finding.detail(format!("{hidden} {what} that the edit list hides")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_joined_and_gaps_are_left_out() {
        let entry = |length: u32, start: i32| {
            [length.to_be_bytes(), start.to_be_bytes(), [0, 1, 0, 0]].concat()
        };
        let list = |entries: &[Vec<u8>]| {
            [
                &[0; 4][..],
                &(entries.len() as u32).to_be_bytes(),
                &entries.concat(),
            ]
            .concat()
        };
        let edits = list(&[
            entry(500, -1),
            entry(1000, 0),
            entry(1000, 2000),
            entry(10, 500),
        ]);
        assert_eq!(shown(&edits, 1000, 1000), [(0, 1000), (2000, 3000)]);
        assert_eq!(shown(&list(&[entry(0, 7)]), 9, 9), [(7, i64::MAX)]);
        assert_eq!(shown(b"", 1, 0), []);
    }
}
