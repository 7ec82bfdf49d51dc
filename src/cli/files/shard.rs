//! `--shard I/N`: one part of a run that several processes or machines share.
//!
//! Invariant: every file is in exactly one of N shards, whichever machine asks and whatever else is
//! in the folder: only its name decides.

use faceveil::report::Digest;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Most shards of a run.
const MOST: u32 = 1_000_000;

/// One of so many parts, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// Which one, from 0.
    pub(crate) fn index(self) -> u32 {
        self.index
    }

    /// Of how many.
    pub(crate) fn count(self) -> u32 {
        self.count
    }

    /// Whether a file is in it, by its name in the report: the first eight bytes of the name's
    /// SHA-256, as a big-endian number, modulo the number of shards.
    pub(crate) fn takes(self, report_name: &str) -> bool {
        let digest = Digest::of(report_name.as_bytes()).to_string();
        let number = digest.get(..16).map(|hex| u64::from_str_radix(hex, 16));
        let number = number.and_then(Result::ok).unwrap_or_default();
        number % u64::from(self.count) == u64::from(self.index)
    }

    /// Whether a name can be in both.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        let (mut a, mut b) = (self.count, other.count);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        self.index % a == other.index % a
    }

    /// The name of this shard's own file: `r.jsonl` to `r.0-of-4.jsonl`.
    pub(crate) fn own_path(self, base: &Path) -> PathBuf {
        let mut name = base.file_stem().unwrap_or_default().to_owned();
        name.push(format!(".{}-of-{}", self.index, self.count));
        if let Some(extension) = base.extension() {
            name.push(".");
            name.push(extension);
        }
        base.with_file_name(name)
    }

    /// The name that [`Shard::own_path`] made this one of.
    fn base_path(self, own: &Path) -> PathBuf {
        let stem = own.file_stem().unwrap_or_default().to_string_lossy();
        let suffix = format!(".{}-of-{}", self.index, self.count);
        let mut name = OsString::from(stem.strip_suffix(&suffix).unwrap_or(&stem));
        if let Some(extension) = own.extension() {
            name.push(".");
            name.push(extension);
        }
        own.with_file_name(name)
    }

    /// Files of other runs that may tell of a file of this one: `own` is this run's. Shards of the
    /// same count share no file.
    pub(crate) fn other_paths(shard: Option<Self>, own: &Path) -> Vec<PathBuf> {
        let base = shard.map_or_else(|| own.to_owned(), |shard| shard.base_path(own));
        let is_other =
            |other: Self| shard.is_none_or(|own| own.count != other.count && own.overlaps(other));
        let of_shards = Self::paths(&base).into_iter();
        let of_shards = of_shards.filter(|(other, _)| is_other(*other));
        let of_no_shard = shard.map(|_| base.clone()).filter(|path| path.is_file());
        of_no_shard
            .into_iter()
            .chain(of_shards.map(|(_, path)| path))
            .collect()
    }

    /// The files of all shards that are called after one name, sorted by shard.
    pub(crate) fn paths(base: &Path) -> Vec<(Self, PathBuf)> {
        let folder = match base.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found: Vec<(Self, PathBuf)> = entries
            .filter_map(|entry| {
                let name = entry.file_name();
                let shard = Self::of_name(&name, base)?;
                Some((shard, base.with_file_name(name)))
            })
            .collect();
        found.sort();
        found
    }

    /// The shard whose file of `base` has this name.
    fn of_name(name: &OsString, base: &Path) -> Option<Self> {
        let path = Path::new(name);
        let stem = path.file_stem()?.to_str()?;
        let own = stem.strip_prefix(base.file_stem()?.to_str()?)?;
        let (index, count) = own.strip_prefix('.')?.split_once("-of-")?;
        let shard: Self = format!("{index}/{count}").parse().ok()?;
        (shard.own_path(base).file_name() == Some(name)).then_some(shard)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        let Some((index, count)) = numbers else {
            return Err("a shard is I/N, `0/4` for the first of four".into());
        };
        if !(1..=MOST).contains(&count) {
            return Err(format!("{count} shards are outside 1..={MOST}"));
        }
        if index >= count {
            return Err(format!(
                "shards are counted from 0: the last of {count} is {}/{count}",
                count - 1
            ));
        }
        Ok(Self { index, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(text: &str) -> Shard {
        text.parse().expect("a shard")
    }

    #[test]
    fn every_name_is_in_one_shard_and_always_in_the_same() {
        let names: Vec<String> = (0..4000).map(|i| format!("trip/IMG_{i}.jpg")).collect();
        for count in [1, 2, 3, 4, 7] {
            let mut sizes = vec![0_usize; count];
            for name in &names {
                let taking: Vec<usize> = (0..count)
                    .filter(|i| shard(&format!("{i}/{count}")).takes(name))
                    .collect();
                assert_eq!(taking.len(), 1, "{name} of {count}");
                sizes[taking[0]] += 1;
            }
            let even = names.len() / count;
            assert!(
                sizes.iter().all(|n| n.abs_diff(even) < even / 4),
                "{sizes:?}"
            );
        }
        // `printf a.jpg | sha256sum` begins with 509b0d4641a7c3ba.
        assert!(shard(&format!("{}/1000", 0x509b_0d46_41a7_c3ba_u64 % 1000)).takes("a.jpg"));
    }

    #[test]
    fn shards_of_other_counts_overlap_where_a_name_can_be_in_both() {
        for (a, b) in [
            ("0/2", "0/4"),
            ("1/2", "3/4"),
            ("0/3", "1/4"),
            ("1/6", "4/9"),
        ] {
            assert!(shard(a).overlaps(shard(b)), "{a} {b}");
        }
        for (a, b) in [("0/2", "1/4"), ("0/4", "1/4"), ("1/6", "3/9")] {
            assert!(!shard(a).overlaps(shard(b)), "{a} {b}");
        }
        let pairs = (0..4).flat_map(|a| (0..6).map(move |b| (a, b)));
        for (a, b) in pairs {
            let (a, b) = (shard(&format!("{a}/4")), shard(&format!("{b}/6")));
            let mut names = (0..2000).map(|i| format!("{i}.png"));
            let shared = names.any(|name| a.takes(&name) && b.takes(&name));
            assert_eq!(shared, a.overlaps(b), "{a} {b}");
        }
    }

    #[test]
    fn a_shard_has_its_own_files_and_finds_those_of_the_others() {
        assert_eq!(
            shard("3/16").own_path(Path::new("a/r.jsonl")),
            Path::new("a/r.3-of-16.jsonl")
        );
        assert_eq!(shard("0/1").own_path(Path::new("r")), Path::new("r.0-of-1"));
        let dir = tempfile::tempdir().expect("a folder");
        for name in [
            "r.jsonl",
            "r.1-of-2.jsonl",
            "r.0-of-2.jsonl",
            "r.2-of-2.jsonl",
            "r.00-of-2.jsonl",
            "s.0-of-2.jsonl",
            "r.0-of-2.txt",
            "r.x.0-of-2.jsonl",
        ] {
            std::fs::write(dir.path().join(name), "").expect("written");
        }
        let found = Shard::paths(&dir.path().join("r.jsonl"));
        let names: Vec<String> = found.iter().map(|(s, _)| s.to_string()).collect();
        assert_eq!(names, ["0/2", "1/2"]);
    }

    #[test]
    fn what_is_no_shard_is_refused_with_what_would_be_one() {
        for (text, why) in [
            ("4/4", "the last of 4 is 3/4"),
            ("0/0", "outside"),
            ("1", "I/N"),
            ("-1/2", "I/N"),
            ("a/b", "I/N"),
        ] {
            let said = text.parse::<Shard>().expect_err(text);
            assert!(said.contains(why), "{said}");
        }
    }
}
