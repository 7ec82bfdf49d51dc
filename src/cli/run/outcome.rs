//! What photos and videos have in common when they are covered: the options of one file, a file
//! without faces, other names of a file.

use crate::cli::args::value_parsers::OnNoFaceArg;
use crate::cli::plan::boxes::ByHand;
use faceveil::report::Outcome;
use faceveil::{AnonymizeOptions, FileReport};
use std::borrow::Cow;
use std::fs;
use std::path::Path;

/// What is said of a file in which nothing is to be covered and which is not to be written.
pub(crate) fn without_faces(found: &FileReport, on_no_face: OnNoFaceArg) -> Option<FileReport> {
    const WHY: &str = "nothing to cover was found, so nothing was written";
    if found.outcome != Outcome::NoFaces {
        return None;
    }
    let mut report = found.clone();
    match on_no_face {
        OnNoFaceArg::Write => return None,
        OnNoFaceArg::Skip => {
            report.outcome = Outcome::Skipped;
            // A video was written and is taken back.
            if let Some(hashes) = &mut report.sha256 {
                hashes.output = None;
            }
            report.warnings.push(format!("{WHY} (--on-no-face skip)"));
        }
        OnNoFaceArg::Fail => {
            report.outcome = Outcome::Failed;
            if let Some(hashes) = &mut report.sha256 {
                hashes.output = None;
            }
            report.error = Some(format!("{WHY} (--on-no-face fail)"));
        }
    }
    Some(report)
}

/// The options for one file: what is given by hand for it comes on top.
pub(crate) fn for_one<'a>(
    options: &'a AnonymizeOptions,
    by_hand: &ByHand,
) -> Cow<'a, AnonymizeOptions> {
    if by_hand.is_empty() {
        return Cow::Borrowed(options);
    }
    let mut own = options.clone();
    own.regions.extend(&by_hand.regions);
    own.moving.extend_from_slice(&by_hand.moving);
    own.ignore.extend(&by_hand.ignore);
    Cow::Owned(own)
}

/// A sentence about the other names of a file that will be replaced: they keep the original
/// picture.
#[cfg(unix)]
pub(crate) fn other_names(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let links = fs::metadata(path).ok()?.nlink();
    (links > 1).then(|| {
        format!(
            "the file has {links} names (hard links); only this one was replaced, the others \
            show the original"
        )
    })
}

#[cfg(not(unix))]
pub(crate) fn other_names(_: &Path) -> Option<String> {
    None
}
