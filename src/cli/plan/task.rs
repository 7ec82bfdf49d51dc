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
        existing: WhenThere,
        /// What to do where there is nothing to cover.
        on_no_face: OnNoFaceArg,
    },
    /// Cover them and write the new file.
    Blur {
        /// What may be at the output path.
        existing: WhenThere,
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
                existing: WhenThere::Write(Existing::ReplaceInPlace),
                ..
            }
        )
    }
}

/// What to do about an output that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenThere {
    /// Leave the photo alone.
    Skip,
    /// Write under this rule.
    Write(Existing),
}

/// What may be at the output paths.
fn existing(typed: &Writing) -> WhenThere {
    if typed.skip_existing {
        WhenThere::Skip
    } else if typed.in_place {
        WhenThere::Write(Existing::ReplaceInPlace)
    } else if typed.overwrite {
        WhenThere::Write(Existing::Replace)
    } else {
        WhenThere::Write(Existing::Refuse)
    }
}

/// How new files are to be written.
pub(crate) fn of(typed: &Writing) -> Task {
    Task::Blur {
        existing: existing(typed),
        on_no_face: typed.on_no_face,
    }
}

impl Task {
    /// What [`of`] would do, without writing.
    pub(crate) fn dry(typed: &Writing) -> Self {
        Self::DryRun {
            existing: existing(typed),
            on_no_face: typed.on_no_face,
        }
    }
}
