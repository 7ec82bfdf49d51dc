//! A folder of its own for each test, and the binary run inside it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run left behind, as its caller sees it.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    /// Checks the exit code, and shows what was said if it is another one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stderr:\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, what: &str) -> Self {
        assert!(
            self.stderr.contains(what),
            "no {what:?} in:\n{}",
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn does_not_say(self, what: &str) -> Self {
        assert!(!self.stderr.contains(what), "{what:?} in:\n{}", self.stderr);
        self
    }

    /// Standard output as JSON lines.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        json_lines(std::str::from_utf8(&self.stdout).unwrap())
    }
}

/// All lines but the summary of a report.
pub(crate) fn json_lines(text: &str) -> Vec<serde_json::Value> {
    let lines = text.lines().map(|l| serde_json::from_str(l).unwrap());
    lines
        .filter(|l: &serde_json::Value| l.get("summary").is_none())
        .collect()
}

/// All lines, the summary too.
pub(crate) fn lines_of(bytes: &[u8]) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

/// A picture of `samples/`.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name)
}

/// One face.
pub(crate) const ASTRONAUT: &str = "astronaut.jpg";
/// No face.
pub(crate) const COFFEE: &str = "coffee.png";

/// The folder, and another one for what the command remembers of this user.
pub(crate) struct Sandbox(tempfile::TempDir, tempfile::TempDir);

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file with this content; folders above it are made.
    pub(crate) fn file(&self, name: impl AsRef<Path>, content: &[u8]) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// A copy of a sample.
    pub(crate) fn sample(&self, sample_name: &str, name: impl AsRef<Path>) -> &Self {
        self.file(name, &fs::read(sample(sample_name)).unwrap())
    }

    pub(crate) fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Every file below the sandbox, hidden ones too, sorted; folders end in a slash. The record of
    /// an output folder has tests of its own.
    pub(crate) fn tree(&self) -> Vec<String> {
        fn walk(dir: &Path, prefix: &str, all: &mut Vec<String>) {
            for entry in fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.file_type().unwrap().is_dir() {
                    let inside = format!("{name}/");
                    walk(&entry.path(), &inside, all);
                    all.push(inside);
                } else if !name.ends_with(".faceveil.jsonl") {
                    all.push(name);
                }
            }
        }
        let mut all = Vec::new();
        walk(self.0.path(), "", &mut all);
        all.sort();
        all
    }

    /// The binary, not started yet.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faceveil"));
        command
            .args(args)
            .current_dir(self.0.path())
            .env("XDG_STATE_HOME", self.1.path())
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Ran {
        finish(self.command(args))
    }

    /// Runs it with something on standard input.
    pub(crate) fn run_with_stdin<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        // A command that refuses to start does not read.
        let _ = child.stdin.take().unwrap().write_all(input);
        ran(child.wait_with_output().unwrap())
    }
}

pub(crate) fn finish(mut command: Command) -> Ran {
    ran(command.output().unwrap())
}

fn ran(output: std::process::Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
