//! Which files of a folder changed, and which of them are complete.
//!
//! Invariant: a file that changed is given out once it stopped changing, however many events it
//! caused and however few were heard.

use super::{TICK, is_past};
use crate::cli::files::path_identity::resolved;
use anyhow::Result;
use notify::event::{AccessKind, ModifyKind, RenameMode};
use notify::{Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};
use walkdir::WalkDir;

/// Endings of files that a browser or a copying program still writes.
const UNFINISHED: [&str; 5] = ["part", "partial", "tmp", "crdownload", "filepart"];

/// What is known of a file's state.
type Stamp = (u64, Option<SystemTime>);

/// A file that changed.
struct Waiting {
    stamp: Stamp,
    /// When it was first seen like that; `None`: it was renamed into its place and is whole.
    since: Option<Instant>,
}

/// The changes in a folder.
pub(super) struct Arrivals {
    _watcher: Box<dyn Watcher>,
    events: Receiver<notify::Result<Event>>,
    /// The watched folder as events name it.
    absolute: PathBuf,
    /// Folders in it that are written to.
    own: Vec<PathBuf>,
    settle: Duration,
    poll: Option<Duration>,
    polled: Instant,
    waiting: HashMap<PathBuf, Waiting>,
    given: HashMap<PathBuf, Stamp>,
}

impl Arrivals {
    /// Watches a folder and those in it. A file is complete after `settle` without a change;
    /// `poll`: how often to look where the system reports no changes.
    ///
    /// # Errors
    /// If the system refuses it.
    pub(super) fn watch(
        root: &Path,
        own: &[&Path],
        settle: Duration,
        poll: Option<Duration>,
    ) -> Result<Self> {
        let absolute = fs::canonicalize(root)?;
        let (to, events) = channel();
        let mut watcher: Box<dyn Watcher> = match poll {
            Some(every) => {
                let config = Config::default().with_poll_interval(every);
                Box::new(PollWatcher::new(to, config)?)
            }
            None => Box::new(RecommendedWatcher::new(to, Config::default())?),
        };
        watcher.watch(&absolute, RecursiveMode::Recursive)?;
        Ok(Self {
            _watcher: watcher,
            events,
            own: own.iter().map(|path| resolved(path)).collect(),
            absolute,
            settle,
            poll,
            polled: Instant::now(),
            waiting: HashMap::new(),
            given: HashMap::new(),
        })
    }

    /// Waits for a file that was there already; `false` if it is no file.
    pub(super) fn expect(&mut self, path: &Path) -> bool {
        let Some(stamp) = stamp(path) else {
            return false;
        };
        // One that nobody touched for so long is complete.
        let age = stamp.1.and_then(|modified| modified.elapsed().ok());
        let since = age.is_none_or(|age| age < self.settle).then(Instant::now);
        self.waiting
            .insert(path.to_owned(), Waiting { stamp, since });
        true
    }

    /// Hears what happened for a moment, and gives out the files that are complete, by their names
    /// below `root`, sorted.
    pub(super) fn next(&mut self, root: &Path) -> Vec<PathBuf> {
        let wait = match self.waiting.values().any(|w| w.since.is_none()) {
            true => Duration::ZERO,
            false => TICK,
        };
        let mut event = self.events.recv_timeout(wait);
        loop {
            match event {
                Ok(Ok(event)) => self.hear(root, event),
                // Changes were lost, or a folder went away while it was listed.
                Ok(Err(_)) => self.look_through(root, root),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
            event = self.events.recv_timeout(Duration::ZERO);
        }
        if self.poll.is_some_and(|every| is_past(self.polled, every)) {
            self.polled = Instant::now();
            self.look_through(root, root);
        }
        let mut ready = Vec::new();
        let (settle, given) = (self.settle, &mut self.given);
        self.waiting.retain(|path, waiting| {
            // It was taken away again.
            let Some(now) = stamp(path) else { return false };
            if now != waiting.stamp {
                waiting.stamp = now;
                waiting.since = Some(Instant::now());
                return true;
            }
            let is_complete = waiting.since.is_none_or(|since| is_past(since, settle));
            if is_complete && given.insert(path.clone(), now) != Some(now) {
                ready.push(path.clone());
            }
            !is_complete
        });
        ready.sort();
        ready
    }

    /// How many files are not complete.
    pub(super) fn waiting(&self, counts: impl Fn(&Path) -> bool) -> usize {
        self.waiting.keys().filter(|path| counts(path)).count()
    }

    fn hear(&mut self, root: &Path, event: Event) {
        if event.need_rescan() {
            self.look_through(root, root);
        }
        let is_renamed = match event.kind {
            EventKind::Remove(_) => return,
            EventKind::Access(kind) if !matches!(kind, AccessKind::Close(_)) => return,
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) => return,
            EventKind::Modify(ModifyKind::Name(_)) => true,
            _ => false,
        };
        for path in event.paths {
            if self.own.iter().any(|own| path.starts_with(own)) {
                continue;
            }
            let Ok(name) = path.strip_prefix(&self.absolute) else {
                continue;
            };
            let path = root.join(name);
            if path.is_dir() {
                self.look_through(root, &path);
            } else {
                self.note(path, is_renamed);
            }
        }
    }

    /// Notes all files below a folder.
    fn look_through(&mut self, root: &Path, folder: &Path) {
        let own = |path: &Path| {
            let name = path.strip_prefix(root).unwrap_or(path);
            self.own.contains(&self.absolute.join(name))
        };
        let entries = WalkDir::new(folder)
            .into_iter()
            .filter_entry(|e| !own(e.path()));
        let files: Vec<PathBuf> = entries
            .flatten()
            .filter(|e| !e.file_type().is_dir())
            .map(walkdir::DirEntry::into_path)
            .collect();
        files.into_iter().for_each(|path| self.note(path, false));
    }

    fn note(&mut self, path: PathBuf, is_renamed: bool) {
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        if UNFINISHED
            .iter()
            .any(|one| one.eq_ignore_ascii_case(ending))
        {
            return;
        }
        let Some(stamp) = stamp(&path) else { return };
        if self.given.get(&path) == Some(&stamp) {
            return;
        }
        let since = (!is_renamed).then(Instant::now);
        match self.waiting.get_mut(&path) {
            Some(waiting) if waiting.stamp == stamp && !is_renamed => {}
            _ => {
                self.waiting.insert(path, Waiting { stamp, since });
            }
        }
    }
}

/// `None` of what is no file.
fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((metadata.len(), metadata.modified().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is given out within a time.
    fn given(arrivals: &mut Arrivals, root: &Path, within: Duration) -> Vec<String> {
        let start = Instant::now();
        let mut all = Vec::new();
        while start.elapsed() < within {
            let ready = arrivals.next(root);
            let names = ready.iter().map(|p| p.strip_prefix(root).expect("below"));
            all.extend(names.map(|n| n.to_string_lossy().into_owned()));
        }
        all
    }

    fn check(poll: Option<Duration>) {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("in");
        fs::create_dir_all(root.join("out")).expect("made");
        fs::write(root.join("old.jpg"), "old").expect("written");
        let settle = Duration::from_millis(400);
        let own = root.join("out");
        let mut arrivals = Arrivals::watch(&root, &[&own], settle, poll).expect("watched");
        assert!(arrivals.expect(&root.join("old.jpg")));
        // Written bit by bit: given out once, when it is whole.
        let slow = {
            let root = root.clone();
            std::thread::spawn(move || {
                for n in 1..6 {
                    fs::write(root.join("slow.jpg"), "x".repeat(n)).expect("written");
                    std::thread::sleep(Duration::from_millis(100));
                }
            })
        };
        fs::write(root.join("a.jpg.part"), "a").expect("written");
        fs::write(own.join("b.jpg"), "b").expect("written");
        let first = given(&mut arrivals, &root, Duration::from_millis(300));
        assert!(!first.contains(&"slow.jpg".to_owned()), "{first:?}");
        slow.join().expect("written");
        fs::rename(root.join("a.jpg.part"), root.join("a.jpg")).expect("renamed");
        fs::create_dir_all(root.join("deep/er")).expect("made");
        fs::write(root.join("deep/er/c.jpg"), "c").expect("written");
        let mut all = [first, given(&mut arrivals, &root, Duration::from_secs(2))].concat();
        all.sort();
        assert_eq!(all, ["a.jpg", "deep/er/c.jpg", "old.jpg", "slow.jpg"]);
        assert_eq!(arrivals.waiting(|_| true), 0);
        // The same name again, with other bytes.
        fs::write(root.join("a.jpg"), "other").expect("written");
        let more = given(&mut arrivals, &root, Duration::from_secs(2));
        assert_eq!(more, ["a.jpg"]);
    }

    #[test]
    fn a_file_is_given_out_once_when_it_is_complete() {
        check(None);
    }

    #[test]
    fn the_same_where_the_system_tells_nothing() {
        check(Some(Duration::from_millis(200)));
    }
}
