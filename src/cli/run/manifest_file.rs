//! Where the manifest of an output folder is: beside the folder, since that is passed on; where
//! nothing can be written there, in the user's state folder; or where the user says.
//!
//! Each shard of a run has a manifest of its own beside it, and reads those of other runs.
//!
//! Invariant: one run at a time has it, and nothing is left of one that was never written to. Runs
//! of which both may come to the same file are never started at the same time.

use crate::cli::files::access::Access;
use crate::cli::files::lock;
use crate::cli::files::path_identity::resolved;
use crate::cli::files::shard::Shard;
use crate::cli::files::write::MadeFolders;
use crate::cli::report::report_file;
use crate::cli::ui::show;
use anyhow::{Context, Result, anyhow, ensure};
use faceveil::report::Digest;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Its name in the output folder, where earlier versions had it.
pub(super) const OLD_NAME: &str = ".faceveil-record.jsonl";
/// How every line of it begins.
const BEGINNING: &[u8] = b"{\"record\":";

/// Where the manifest of a folder is to be read: the first one that is there.
pub(super) fn find(folder: &Path) -> PathBuf {
    let all = [
        beside(folder),
        in_state_folder(folder),
        Some(folder.join(OLD_NAME)),
    ];
    let mut all = all.into_iter().flatten();
    let there = all.find(|path| fs::symlink_metadata(path).is_ok());
    there.unwrap_or_else(|| folder.join(OLD_NAME))
}

/// All manifests of a folder that a run of `shard` has to read besides its own.
pub(super) fn others(folder: &Path, given: Option<&Path>, shard: Option<Shard>) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = bases(folder, given)
        .iter()
        .flat_map(|base| match shard {
            Some(own) => Shard::other_paths(shard, &own.own_path(base)),
            None => Shard::other_paths(None, base),
        })
        .collect();
    // Nobody knows which run was the last; the later one wins where two know of a file.
    found.sort_by_cached_key(|path| path.metadata().and_then(|m| m.modified()).ok());
    found
}

/// Makes sure that no other run writes to the same output folder, but for other shards of the same
/// run.
fn ensure_alone(folder: &Path, given: Option<&Path>, shard: Option<Shard>) -> Result<()> {
    for path in others(folder, given, shard) {
        if lock::is_held(&path) {
            let opening = format!("opening the record {}", show::path(&path));
            return Err(lock::busy().context(opening));
        }
    }
    Ok(())
}

/// Where the manifest of a run without shards can be.
fn bases(folder: &Path, given: Option<&Path>) -> Vec<PathBuf> {
    match given {
        Some(path) => vec![path.to_owned()],
        None => [beside(folder), in_state_folder(folder)]
            .into_iter()
            .flatten()
            .collect(),
    }
}

/// A manifest that no other run may write to as long as this lives.
#[derive(Debug)]
pub(super) struct Claimed {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The file, locked; `None` where none can be written.
    pub(super) file: Option<File>,
    /// The message about that.
    pub(super) notice: Option<String>,
    made: MadeFolders,
}

/// Opens the manifest of a folder, or the one that is `given`; that of the `shard`, if there is
/// one.
///
/// # Errors
/// If another run has it, or the given one cannot be written or is something else.
pub(super) fn claim(
    folder: &Path,
    given: Option<&Path>,
    shard: Option<Shard>,
    access: Access,
) -> Result<Claimed> {
    // In this order: of two runs that start at the same time, at least one sees the other.
    let claimed = claim_own(folder, given, shard, access)?;
    ensure_alone(folder, given, shard)?;
    Ok(claimed)
}

fn claim_own(
    folder: &Path,
    given: Option<&Path>,
    shard: Option<Shard>,
    access: Access,
) -> Result<Claimed> {
    let own = |path: PathBuf| shard.map_or(path.clone(), |shard| shard.own_path(&path));
    if let Some(path) = given.map(|path| own(path.to_owned())) {
        let file = report_file::open(&path, BEGINNING, "record", access);
        let file = file.with_context(|| format!("opening the record {}", show::path(&path)))?;
        return Ok(Claimed {
            path,
            file: Some(file),
            notice: None,
            made: MadeFolders::default(),
        });
    }
    let usual = beside(folder).map(own);
    let mut failed = Vec::new();
    // What somebody put in its place is no reason to go elsewhere.
    let is_taken = usual.as_deref().is_some_and(is_no_file);
    let elsewhere = in_state_folder(folder).map(own).filter(|_| !is_taken);
    for path in [usual.clone(), elsewhere].into_iter().flatten() {
        let mut made = MadeFolders::default();
        match open(&path, access, &mut made) {
            Ok(file) => {
                let notice = (Some(&path) != usual.as_ref()).then(|| {
                    format!(
                        "nothing can be written beside {}; the record of this run is {}",
                        show::path(folder),
                        show::path(&path)
                    )
                });
                return Ok(Claimed {
                    path,
                    file: Some(file),
                    notice,
                    made,
                });
            }
            Err(why) if lock::is_busy(&why) => {
                return Err(why.context(format!("opening the record {}", show::path(&path))));
            }
            Err(why) => {
                made.remove();
                failed.push((path, why));
            }
        }
    }
    let (path, why) = failed
        .into_iter()
        .next()
        .unwrap_or_else(|| (folder.join(OLD_NAME), anyhow!("there is no folder for it")));
    let notice = format!(
        "the record {} cannot be written: {}; the next run does not know what this one did \
         (--record FILE chooses another place)",
        show::path(&path),
        show::chain(&why)
    );
    Ok(Claimed {
        path,
        file: None,
        notice: Some(notice),
        made: MadeFolders::default(),
    })
}

fn open(path: &Path, access: Access, made: &mut MadeFolders) -> Result<File> {
    ensure!(!is_no_file(path), "it is no file");
    if let Some(parent) = path.parent() {
        made.make(parent)?;
    }
    lock::open_exclusive(path, access)
}

fn is_no_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| !m.is_file())
}

impl Drop for Claimed {
    fn drop(&mut self) {
        let is_empty = |file: &File| file.metadata().is_ok_and(|m| m.is_file() && m.len() == 0);
        // Still locked: nobody else has begun it.
        if self.file.as_ref().is_some_and(is_empty) && fs::remove_file(&self.path).is_ok() {
            self.made.remove();
        }
    }
}

/// `safe` to `.safe.faceveil.jsonl`; `None` for the root of a file system.
fn beside(folder: &Path) -> Option<PathBuf> {
    let folder = resolved(folder);
    let (parent, name) = (folder.parent()?, folder.file_name()?);
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".faceveil.jsonl");
    Some(parent.join(hidden))
}

/// A name that no two folders share, where this system keeps what programs remember.
fn in_state_folder(folder: &Path) -> Option<PathBuf> {
    named_in_state_folder(folder, ".jsonl")
}

/// Where the manifest of outputs is that lie beside their originals, in a folder and those below
/// it. The folder that it is in is made; `None` where there is no place.
pub(super) fn for_beside(folder: &Path) -> Option<PathBuf> {
    let path = named_in_state_folder(folder, ".beside.jsonl")?;
    MadeFolders::default().make(path.parent()?).ok()?;
    Some(path)
}

fn named_in_state_folder(folder: &Path, ending: &str) -> Option<PathBuf> {
    let folder = resolved(folder);
    let digest = Digest::of(folder.as_os_str().as_encoded_bytes()).to_string();
    let mut name = folder.file_name().unwrap_or(OsStr::new("root")).to_owned();
    name.push(format!("-{}{ending}", digest.get(..16)?));
    Some(state_folder()?.join("faceveil").join(name))
}

fn state_folder() -> Option<PathBuf> {
    let set = |name| env::var_os(name).map(PathBuf::from);
    let absolute = |path: &PathBuf| path.is_absolute();
    if cfg!(windows) {
        return set("LOCALAPPDATA").filter(absolute);
    }
    // A user of a service may have none.
    let home = || set("HOME").filter(|home| home.is_absolute() && home.is_dir());
    if cfg!(target_os = "macos") {
        return Some(home()?.join("Library/Application Support"));
    }
    let state = set("XDG_STATE_HOME").filter(absolute);
    state.or_else(|| Some(home()?.join(".local/state")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_beside_the_folder_and_leaves_nothing_if_nothing_was_written() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("a/safe");
        let claim = || claim(&folder, None, None, Access::ORDINARY);
        let claimed = claim().expect("free");
        assert!(claimed.path.ends_with("a/.safe.faceveil.jsonl"));
        assert!(claimed.path.exists() && claimed.notice.is_none());
        let why = claim().expect_err("held");
        assert!(lock::is_busy(&why), "{why:#}");
        drop(claimed);
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn a_photo_is_never_taken_for_a_record() {
        let dir = tempfile::tempdir().expect("a folder");
        let photo = dir.path().join("a.jpg");
        fs::write(&photo, "a photo").expect("written");
        assert!(claim(dir.path(), Some(&photo), None, Access::ORDINARY).is_err());
        assert_eq!(fs::read(&photo).expect("there"), b"a photo");
    }
}
