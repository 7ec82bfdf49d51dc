//! What a check of an output found, in words.

use crate::cli::ui::show;
use faceveil::report::{Verdict, Verification, VerifyFinding, VerifyFindingKind};

/// A file whose checks could not run.
pub(crate) fn not_checked(why: &str) -> Verification {
    Verification::new(
        Verdict::NotChecked,
        vec![VerifyFinding::new(VerifyFindingKind::NotChecked, why)],
    )
}

/// A finding in one line: where, how sure, why.
pub(crate) fn sentence(problem: &VerifyFinding) -> String {
    let mut parts = Vec::new();
    if let Some(frame) = problem.frame {
        parts.push(format!("frame {frame}"));
    }
    if let Some([x, y, w, h]) = problem.area {
        parts.push(format!("at {x:.0},{y:.0} {w:.0}x{h:.0}"));
    }
    if let Some(score) = problem.score {
        parts.push(format!("score {score:.2}"));
    }
    if let Some(place) = &problem.place {
        parts.push(show::text(place));
    }
    let reason = show::text(&problem.reason);
    match parts.is_empty() {
        true => reason,
        false => format!("{}: {reason}", parts.join(", ")),
    }
}
