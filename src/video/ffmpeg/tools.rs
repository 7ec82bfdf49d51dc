//! The user's own ffmpeg and ffprobe: whether they are there, how old they are, what they can encode.

use super::super::failure::{failed, unsupported};
use crate::error::Result;
use std::path::Path;
use std::process::{Command, Stdio};

/// The oldest version whose options are the ones that are used here.
const OLDEST: (u32, u32) = (5, 1);

/// Both programs, found and new enough.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    /// `ffmpeg 5.1.9`.
    pub(crate) name: String,
    encoders: String,
}

impl Tools {
    /// Looks for `ffmpeg` and `ffprobe` on the PATH.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if one is missing or too old; the message says
    /// what is needed.
    pub(crate) fn find() -> Result<Self> {
        let version = first_line("ffmpeg")?;
        first_line("ffprobe")?;
        let word = version.split_whitespace().nth(2).unwrap_or("?").to_owned();
        if let Some(found) = number(&word)
            && found < OLDEST
        {
            return Err(unsupported(format!(
                "the ffmpeg on the PATH is version {word}; {}.{} or newer is needed",
                OLDEST.0, OLDEST.1
            )));
        }
        let encoders = output(Command::new("ffmpeg").args(["-hide_banner", "-encoders"]))?;
        let short = word.split(['-', '+']).next().unwrap_or(&word).to_owned();
        Ok(Self {
            name: format!("ffmpeg {short}"),
            encoders,
        })
    }

    /// Whether an encoder of this name was built in.
    pub(super) fn can_encode(&self, encoder: &str) -> bool {
        let mut lines = self.encoders.lines();
        lines.any(|l| l.split_whitespace().nth(1) == Some(encoder))
    }
}

fn first_line(program: &'static str) -> Result<String> {
    let said = output(Command::new(program).arg("-version")).map_err(|_| {
        unsupported(format!(
            "{program} {}.{} or newer is needed and was not found on the PATH; install ffmpeg",
            OLDEST.0, OLDEST.1
        ))
    })?;
    Ok(said.lines().next().unwrap_or_default().to_owned())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|e| failed("starting ffmpeg").because(e))?;
    if !output.status.success() {
        return Err(failed("ffmpeg does not run"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `5.1.9-0+deb12u1` and `n7.1` are numbers; `N-118`, a build from a repository, is none and new.
fn number(word: &str) -> Option<(u32, u32)> {
    let word = word.strip_prefix('n').unwrap_or(word);
    let mut parts = word.split(|c: char| !c.is_ascii_digit());
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next().and_then(|p| p.parse().ok()).unwrap_or(0);
    Some((major, minor))
}

/// A file for ffmpeg: never an option, a protocol or a playlist of other files.
pub(super) fn file_argument(path: &Path) -> Result<std::ffi::OsString> {
    let absolute = std::path::absolute(path).map_err(|e| failed("finding the file").because(e))?;
    let mut argument = std::ffi::OsString::from("file:");
    argument.push(absolute);
    Ok(argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_distributions_write_them() {
        assert_eq!(number("5.1.9-0+deb12u1"), Some((5, 1)));
        assert_eq!(number("n7.1"), Some((7, 1)));
        assert_eq!(number("4.4.2-0ubuntu0.22.04.1"), Some((4, 4)));
        assert_eq!(number("N-118448-g43be8d0728"), None);
    }
}
