//! A child process that never outlives its owner and never blocks on its messages.
//!
//! Invariant: when a [`Child`] is gone, its process has ended and was waited for.

use super::super::failure::{failed, malformed};
use super::damage::Damage;
use crate::error::{Error, ErrorKind, Result};
use std::io::Read;
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

/// Bytes of a child's messages that are kept, the last ones.
const MESSAGES: usize = 4096;

/// A frame is megabytes and a pipe 64 KiB unless asked for more: each wakes both its sides fifty
/// times.
#[cfg(target_os = "linux")]
const PIPE: usize = 1 << 20;

/// glibc gives every block as large as a frame back to the system, which then clears its pages for
/// the next one. With these an ffmpeg keeps them. Other libraries take no notice.
const KEEP_MEMORY: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "33554432"),
    ("MALLOC_TRIM_THRESHOLD_", "134217728"),
];

/// What ffmpeg's readers of Matroska and of MP4 say of an input that ends too early, before it ends
/// well.
const CUT_OFF: [&str; 2] = ["ended prematurely", "partial file"];

/// What ffmpeg says of frames that are not each shown after the one before.
const OUT_OF_ORDER: [&str; 2] = ["Non-monotonous DTS", "non monotonically increasing dts"];

/// What ffmpeg says of a stream that lacks packets; the path of the file stands in the same line.
const DAMAGED: [&str; 2] = ["corrupt input packet", "Packet corrupt"];

/// The same for a person.
const LOST: &str = "a part of the stream is missing or damaged, as where recordings were joined or received with \
                    losses; without it some frames cannot be decoded. Have damaged frames concealed, or encode it anew first, for instance with \
                    `ffmpeg -i INPUT -crf 16 OUTPUT.mp4`, and check what that shows";

/// A running program.
pub(super) struct Child {
    name: &'static str,
    process: process::Child,
    messages: Option<JoinHandle<String>>,
}

impl Child {
    /// Starts a program. Its standard error is read on a thread of its own.
    pub(super) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        Self::start_read(name, command, Box::new(|_| ()))
    }

    /// The same, with something that reads each line of its messages as it comes. Lines about times
    /// alone are not kept.
    pub(super) fn start_read(
        name: &'static str,
        command: &mut Command,
        mut on_line: Box<dyn FnMut(&str) + Send>,
    ) -> Result<Self> {
        let mut process = own_group(command)
            .envs(KEEP_MEMORY)
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| failed(format!("starting {name}")).because(e))?;
        let messages = process.stderr.take().map(|mut from| {
            std::thread::spawn(move || {
                let (mut kept, mut line) = (Vec::new(), Vec::new());
                let mut buffer = [0; 1024];
                let mut keep = |line: &mut Vec<u8>| {
                    let text = String::from_utf8_lossy(line);
                    on_line(&text);
                    if !Damage::is_time(&text) {
                        kept.extend(text.as_bytes());
                        let over = kept.len().saturating_sub(MESSAGES);
                        kept.drain(..over);
                    }
                    line.clear();
                };
                while let Ok(n @ 1..) = from.read(&mut buffer) {
                    for byte in &buffer[..n] {
                        line.push(*byte);
                        if *byte == b'\n' || line.len() >= MESSAGES {
                            keep(&mut line);
                        }
                    }
                }
                keep(&mut line);
                String::from_utf8_lossy(&kept).into_owned()
            })
        });
        Ok(Self {
            name,
            process,
            messages,
        })
    }

    /// Its standard input, once.
    pub(super) fn stdin(&mut self) -> Result<ChildStdin> {
        let pipe = self.process.stdin.take();
        pipe.inspect(widen)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "a child without a pipe to it"))
    }

    /// Its standard output, once.
    pub(super) fn stdout(&mut self) -> Result<ChildStdout> {
        let pipe = self.process.stdout.take();
        pipe.inspect(widen)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "a child without a pipe from it"))
    }

    /// Waits for its end; an error if it was not a good one, or if it says that its input is cut
    /// off.
    pub(super) fn finish(mut self, doing: &str) -> Result<()> {
        let status = self
            .process
            .wait()
            .map_err(|e| failed(format!("waiting for {}", self.name)).because(e))?;
        let messages = self.said();
        // A path may say anything.
        let mut lines = messages.lines().filter(|l| !l.contains("file:"));
        let is_cut = lines.any(|l| CUT_OFF.iter().any(|cut| l.contains(cut)));
        match status.success() {
            true if is_cut => Err(malformed(format!("{doing}: it is cut off"))),
            true => Ok(()),
            false => Err(self.complaint(doing, &status.to_string(), &messages)),
        }
    }

    /// The last of its messages, once; it has ended.
    fn said(&mut self) -> String {
        let messages = self.messages.take().and_then(|thread| thread.join().ok());
        messages.unwrap_or_default()
    }

    /// Why it broke off, after its pipe did.
    pub(super) fn broke(mut self, doing: &str, pipe: std::io::Error) -> Error {
        // It has ended, or it never will on its own.
        let status = match self.process.try_wait() {
            Ok(Some(status)) => status.to_string(),
            _ => {
                let _ = self.process.kill();
                let status = self.process.wait();
                status.map_or_else(|e| e.to_string(), |s| s.to_string())
            }
        };
        let messages = self.said();
        self.complaint(doing, &status, &messages).because(pipe)
    }

    fn complaint(&self, doing: &str, status: &str, messages: &str) -> Error {
        let said = last_lines(messages);
        let said = match messages
            .lines()
            .any(|l| DAMAGED.iter().any(|d| l.contains(d)))
        {
            true => LOST.to_owned(),
            false => said,
        };
        let why = match said.is_empty() {
            true => format!("{doing}: {} ended with {status}", self.name),
            false => format!("{doing}: {} says: {said}", self.name),
        };
        let says = |what: &str| messages.contains(what);
        let kind = if says("No space left on device") {
            ErrorKind::Output
        } else if OUT_OF_ORDER.iter().any(|what| says(what)) {
            // Frames that share a time are no damage.
            ErrorKind::Unsupported
        } else {
            ErrorKind::Malformed
        };
        Error::new(kind, why)
    }
}

/// Makes a pipe hold more, as far as the system lets it.
#[cfg(target_os = "linux")]
fn widen(pipe: &impl std::os::fd::AsFd) {
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE);
}

/// Elsewhere pipes are as they are.
#[cfg(not(target_os = "linux"))]
fn widen<T>(_: &T) {}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(thread) = self.messages.take() {
            let _ = thread.join();
        }
    }
}

/// Ctrl-C in a terminal goes to a whole group; who handles it decides about the children.
#[cfg(unix)]
fn own_group(command: &mut Command) -> &mut Command {
    use std::os::unix::process::CommandExt;
    command.process_group(0)
}

#[cfg(not(unix))]
fn own_group(command: &mut Command) -> &mut Command {
    command
}

/// The last two lines that say something; paths of the file are not repeated.
fn last_lines(messages: &str) -> String {
    let lines: Vec<&str> = messages
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.contains("file:"))
        .collect();
    let from = lines.len().saturating_sub(2);
    lines[from..].join("; ")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_is_dropped_has_ended() {
        let mut command = Command::new("sleep");
        let child = Child::start("sleep", command.arg("60")).expect("started");
        let id = child.process.id();
        drop(child);
        let alive = Command::new("kill").args(["-0", &id.to_string()]).output();
        assert!(!alive.expect("kill runs").status.success());
    }

    #[test]
    fn a_failure_carries_what_the_child_said() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo first >&2; echo the reason >&2; exit 3"]);
        let child = Child::start("sh", &mut command).expect("started");
        let error = child.finish("trying").expect_err("it failed");
        assert_eq!(error.to_string(), "trying: sh says: first; the reason");
    }

    #[test]
    fn an_input_that_is_cut_off_is_a_failure_whatever_the_child_ends_with() {
        for said in [
            "[matroska,webm @ 0x5] File ended prematurely at pos. 12000 (0x2ee0)",
            "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x5] stream 0, offset 0x33a0: partial file",
        ] {
            let mut command = Command::new("sh");
            command.args(["-c", "echo \"$0\" >&2; echo more >&2", said]);
            let child = Child::start("sh", &mut command).expect("started");
            let error = child.finish("trying").expect_err("it is cut");
            assert_eq!(error.kind(), ErrorKind::Malformed);
        }
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'file:/partial file.mkv: a hint' >&2"]);
        let child = Child::start("sh", &mut command).expect("started");
        child.finish("trying").expect("a hint is none");
    }

    #[test]
    fn a_child_is_told_to_keep_its_memory() {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "echo $MALLOC_MMAP_THRESHOLD_ $MALLOC_TRIM_THRESHOLD_ >&2; exit 1",
        ]);
        let child = Child::start("sh", &mut command).expect("started");
        let error = child.finish("trying").expect_err("it failed").to_string();
        assert_eq!(error, "trying: sh says: 33554432 134217728");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_pipe_is_widened_as_far_as_the_system_lets_it() {
        let (pipe, _other) = std::io::pipe().expect("a pipe");
        let before = rustix::pipe::fcntl_getpipe_size(&pipe).expect("its size");
        let allowed = rustix::pipe::fcntl_setpipe_size(&pipe, PIPE).is_ok();
        let (pipe, _other) = std::io::pipe().expect("a pipe");
        widen(&pipe);
        let now = rustix::pipe::fcntl_getpipe_size(&pipe).expect("its size");
        assert_eq!(now, if allowed { PIPE } else { before });
    }

    #[test]
    fn a_child_that_says_much_does_not_block() {
        let mut command = Command::new("sh");
        command.args(["-c", "yes 0123456789 | head -c 3000000 >&2"]);
        let child = Child::start("sh", &mut command).expect("started");
        child.finish("talking").expect("it ended");
    }
}
