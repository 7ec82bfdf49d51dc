//! Pictures in a folder that a run writes to, which belong to none of its inputs. The walk does not
//! enter such folders, or it would take earlier outputs for inputs; whoever keeps pictures there
//! needs to know. Known by their names: no file is opened.

use super::inputs;
use super::left_alone::LeftAlone;
use super::outputs::{Planned, Target};
use crate::cli::files::path_identity::PathIdentities;
use crate::cli::ui::show::{self, count};
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// A sentence for each folder that is written to, lies among the inputs, and holds pictures that
/// are no outputs of this run's inputs.
pub(crate) fn sentences(left_alone: &LeftAlone, plan: &[Planned]) -> Vec<String> {
    if left_alone.own.is_empty() {
        return Vec::new();
    }
    let mut identities = PathIdentities::default();
    let paths = plan.iter().flat_map(|planned| {
        let target = match &planned.target {
            Target::File { path, .. } => Some(path),
            _ => None,
        };
        target.into_iter().chain(&planned.preview)
    });
    let known: HashSet<OsString> = paths.map(|path| identities.key(path)).collect();
    let mut sentence = |folder: &PathBuf| {
        let n = count_unrelated(folder, &known, &mut identities);
        let what = count(n, "picture");
        (n > 0).then(|| {
            format!(
                "{what} in {} that no input of this run belongs to: not looked at, since the run \
                 writes there",
                show::path(folder)
            )
        })
    };
    left_alone.own.iter().filter_map(&mut sentence).collect()
}

/// How many files in a folder have the name of a picture or a video, besides the `known` ones.
fn count_unrelated(
    folder: &Path,
    known: &HashSet<OsString>,
    identities: &mut PathIdentities,
) -> usize {
    let entries = WalkDir::new(folder).into_iter();
    let files = entries
        .filter_entry(|e| e.depth() == 0 || !inputs::is_hidden(e))
        .flatten();
    files
        .filter(|e| e.file_type().is_file() && inputs::has_picture_name(e.path()))
        .filter(|e| !known.contains(&identities.key(e.path())))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_no_input_belongs_to_are_counted() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["mine.png", "strange.jpg", "notes.txt", ".hidden.png"] {
            std::fs::write(dir.path().join(name), "").expect("written");
        }
        let mut identities = PathIdentities::default();
        let mine = HashSet::from([identities.key(&dir.path().join("mine.png"))]);
        assert_eq!(count_unrelated(dir.path(), &mine, &mut identities), 1);
        assert_eq!(
            count_unrelated(dir.path(), &HashSet::new(), &mut identities),
            2
        );
    }
}
