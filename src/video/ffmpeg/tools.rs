//! The user's own ffmpeg and ffprobe: whether they are there, how old they are, what they can
//! encode.

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
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if one is missing or too old; the message
    /// says what is needed.
    pub(crate) fn find() -> Result<Self> {
        // One start of ffmpeg says both: its version comes first, among its messages.
        let (ffmpeg, ffprobe) = std::thread::scope(|scope| {
            let ffprobe = scope.spawn(|| start("ffprobe", "-version"));
            (start("ffmpeg", "-encoders"), ffprobe.join())
        });
        let (messages, encoders) = ffmpeg?;
        ffprobe.map_err(|_| failed("starting ffprobe"))??;
        let word = version(&messages);
        if let Some(found) = number(word)
            && found < OLDEST
        {
            return Err(unsupported(format!(
                "the ffmpeg on the PATH is version {word}; {}.{} or newer is needed",
                OLDEST.0, OLDEST.1
            )));
        }
        let short = word.split(['-', '+']).next().unwrap_or(word);
        Ok(Self {
            name: format!("ffmpeg {short}"),
            encoders,
        })
    }

    /// Fails without an encoder of this name.
    pub(super) fn ensure_encoder(&self, encoder: &str) -> Result<()> {
        match self.can_encode(encoder) {
            true => Ok(()),
            false => Err(unsupported(format!(
                "the ffmpeg on the PATH was built without the encoder {encoder}"
            ))),
        }
    }

    /// Whether an encoder of this name was built in.
    pub(super) fn can_encode(&self, encoder: &str) -> bool {
        let mut lines = self.encoders.lines();
        lines.any(|l| l.split_whitespace().nth(1) == Some(encoder))
    }
}

/// (messages, output) of a program that only says what it is.
fn start(program: &'static str, option: &str) -> Result<(String, String)> {
    let missing = || {
        unsupported(format!(
            "{program} {}.{} or newer is needed and was not found on the PATH; install ffmpeg",
            OLDEST.0, OLDEST.1
        ))
    };
    let output = Command::new(program)
        .arg(option)
        .stdin(Stdio::null())
        .output()
        .map_err(|_| missing())?;
    if !output.status.success() {
        return Err(missing());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((text(&output.stderr), text(&output.stdout)))
}

/// The version among what ffmpeg says of itself; a wrapper may have said something before.
fn version(messages: &str) -> &str {
    let mut lines = messages.lines();
    let version = lines.find_map(|l| l.strip_prefix("ffmpeg version "));
    let word = version.and_then(|v| v.split_whitespace().next());
    word.unwrap_or("?")
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

    #[test]
    fn the_version_is_found_behind_what_a_wrapper_says() {
        let plain =
            "ffmpeg version n9.0.2-17-g2a571b6068 Copyright (c) 2000-2026\n  built with gcc\n";
        assert_eq!(version(plain), "n9.0.2-17-g2a571b6068");
        assert_eq!(
            version(&format!("warning: no home\n{plain}")),
            version(plain)
        );
        assert_eq!(version(""), "?");
    }
}
