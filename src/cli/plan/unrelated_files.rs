//! Pictures that lie where a run writes, and belong to none of its inputs. The walk does not enter such folders, or it
//! would take earlier outputs for inputs; whoever keeps pictures there needs to know.

use super::inputs;
use super::inputs::LeftAlone;
use super::outputs::{Planned, Target};
use crate::cli::ui::show;
use crate::cli::ui::show::count;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// A sentence for each folder that is written to, lies among the inputs, and holds pictures that are no outputs of this
/// run's inputs.
pub(crate) fn sentences(left_alone: &LeftAlone, plan: &[Planned]) -> Vec<String> {
    let paths = plan.iter().flat_map(|planned| {
        let target = match &planned.target {
            Target::File { path, .. } => Some(path),
            _ => None,
        };
        target.into_iter().chain(&planned.preview)
    });
    let known = paths
        .filter_map(|path| fs::canonicalize(path).ok())
        .collect();
    let sentence = |folder: &PathBuf| {
        let n = pictures(folder, &known);
        let what = count(n, "picture");
        (n > 0).then(|| {
            format!(
                "{what} in {} that no input of this run belongs to: not looked at, since the run writes there",
                show::path(folder)
            )
        })
    };
    left_alone.own.iter().filter_map(sentence).collect()
}

/// How many pictures and videos lie in a folder, besides `known` ones, which are canonical.
fn pictures(folder: &Path, known: &HashSet<PathBuf>) -> usize {
    let entries = WalkDir::new(folder).into_iter();
    let files = entries
        .filter_entry(|e| e.depth() == 0 || !inputs::is_hidden(e))
        .flatten();
    files
        .filter(|e| e.file_type().is_file())
        .filter(|e| !fs::canonicalize(e.path()).is_ok_and(|path| known.contains(&path)))
        .filter(|e| inputs::is_claimed(e.path()))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_no_input_belongs_to_are_counted() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["mine.png", "strange.jpg", "notes.txt", ".hidden.png"] {
            fs::write(dir.path().join(name), b"\x89PNG\r\n\x1a\n").expect("written");
        }
        fs::write(dir.path().join("notes.txt"), b"a text").expect("written");
        let mine = fs::canonicalize(dir.path().join("mine.png")).expect("there");
        assert_eq!(pictures(dir.path(), &HashSet::from([mine])), 1);
        assert_eq!(pictures(dir.path(), &HashSet::new()), 2);
    }
}
