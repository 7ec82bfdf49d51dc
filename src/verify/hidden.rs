//! What an output hides besides its pixels, less what was to be kept.

use super::{Findings, chain, kind, unread};
use crate::error::Result;
use crate::inspect::{FindingKind, Inspection};
use crate::report::FileReport;

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
    let kept = |name: &str| line.is_some_and(|line| line.kept.iter().any(|k| k == name));
    let asked = |kind| match kind {
        FindingKind::Time => kept("time"),
        FindingKind::Camera => kept("camera"),
        FindingKind::Gps => kept("gps"),
        FindingKind::Author | FindingKind::Copyright => kept("copyright"),
        FindingKind::SoundData => kept("audio"),
        FindingKind::Subtitles => kept("subtitles"),
        _ => false,
    };
    // Its words are somebody's data, and may say less than they seem to.
    for hidden in seen.findings.iter().filter(|f| !asked(f.kind)) {
        let mut reason = format!("it still hides something ({})", hidden.kind);
        if let Some(bytes) = hidden.bytes {
            reason += &format!(", {bytes} bytes");
        }
        findings.add(kind::HIDDEN, reason);
        if let Some(last) = findings.0.last_mut() {
            last.place = Some(hidden.place.clone());
        }
    }
    if let Some(damage) = seen.damage {
        findings.add(
            kind::DAMAGED,
            format!("it cannot be looked through to its end: {damage}"),
        );
    }
}
