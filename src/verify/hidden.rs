//! What an output hides besides its pixels, less what was to be kept.

use super::{Findings, chain, unread};
use crate::error::Result;
use crate::inspect::{FindingKind, Inspection};
use crate::report::{ContentKind, FileReport, VerifyFindingKind};

/// Tells what was seen in a file, or why it could not be looked through.
pub(super) fn tell(seen: Result<Inspection>, line: Option<&FileReport>, findings: &mut Findings) {
    let seen = match seen {
        Ok(seen) => seen,
        Err(e) => {
            let reason = format!("what it hides cannot be looked for: {}", chain(&e));
            findings.add(unread(e.kind()), reason);
            return;
        }
    };
    let kept = |kind| line.is_some_and(|line| line.kept.contains(&kind));
    let asked = |kind| match kind {
        FindingKind::Time => kept(ContentKind::Time),
        FindingKind::Camera => kept(ContentKind::Camera),
        FindingKind::Gps => kept(ContentKind::Gps),
        FindingKind::Author | FindingKind::Copyright => kept(ContentKind::Copyright),
        FindingKind::SoundData => kept(ContentKind::Audio),
        FindingKind::Subtitles => kept(ContentKind::Subtitles),
        FindingKind::GainMap => kept(ContentKind::GainMap),
        _ => false,
    };
    // Its words are somebody's data, and may say less than they seem to.
    for hidden in seen.findings.iter().filter(|f| !asked(f.kind)) {
        let mut reason = format!("it still hides something ({})", hidden.kind);
        if let Some(bytes) = hidden.bytes {
            reason += &format!(", {bytes} bytes");
        }
        findings.add(VerifyFindingKind::Hidden, reason);
        if let Some(last) = findings.0.last_mut() {
            last.place = Some(hidden.place.clone());
        }
    }
    if let Some(damage) = seen.damage {
        findings.add(
            VerifyFindingKind::Damaged,
            format!("it cannot be looked through to its end: {damage}"),
        );
    }
}
