//! What a run does to each photo, from what was typed.

use crate::cli::args::Writing;
use crate::cli::args::value_parsers::OnNoFaceArg;
use crate::cli::files::write::Existing;

/// What is done to each photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Find the faces.
    Detect,
    /// Find them and say what would be written.
    DryRun {
        /// What may be at the output path.
        existing: IfExists,
        /// What to do where there is nothing to cover.
        on_no_face: OnNoFaceArg,
    },
    /// Cover them and write the new file.
    Blur {
        /// What may be at the output path.
        existing: IfExists,
        /// What to do where there is nothing to cover.
        on_no_face: OnNoFaceArg,
    },
}

impl Task {
    /// Whether photos are replaced by their own outputs.
    pub(crate) fn is_in_place(self) -> bool {
        matches!(
            self,
            Self::Blur {
                existing: IfExists::Write(Existing::ReplaceInPlace),
                ..
            }
        )
    }
}

/// What to do about an output that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfExists {
    /// Leave the photo alone.
    Skip,
    /// Write under this rule.
    Write(Existing),
}

/// What may be at the output paths.
fn existing(typed: &Writing) -> IfExists {
    if typed.skip_existing {
        IfExists::Skip
    } else if typed.in_place {
        IfExists::Write(Existing::ReplaceInPlace)
    } else if typed.overwrite {
        IfExists::Write(Existing::Replace)
    } else {
        IfExists::Write(Existing::Refuse)
    }
}

impl Task {
    /// Covering, as the flags for new files say.
    pub(crate) fn blur(typed: &Writing) -> Self {
        Self::Blur {
            existing: existing(typed),
            on_no_face: typed.on_no_face,
        }
    }

    /// The same without writing.
    pub(crate) fn dry_run(typed: &Writing) -> Self {
        Self::DryRun {
            existing: existing(typed),
            on_no_face: typed.on_no_face,
        }
    }
}
