//! What a run and its worker processes say to each other: a head in JSON and bytes behind it.
//!
//! Invariant: a message is whole or an error.

use faceveil::report::Verification;
use faceveil::{FileReport, Format};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::time::SystemTime;

use super::setup::Setup;
use crate::cli::files::write::TakesNoMore;
use crate::cli::plan::boxes::ByHand;

/// From the run to a worker.
#[derive(Serialize, Deserialize)]
pub(super) enum Request {
    /// The first message, once: options. Bytes: the sticker's file.
    Begin(Box<Setup>),
    /// Bytes: the photo.
    Photo(Box<PhotoRequest>),
    /// Bytes: the photo that was written.
    Verify(Box<FileReport>),
    /// The first message to a worker for videos, once: options. Bytes: the sticker's file.
    BeginVideos(Box<Setup>),
    /// To a worker for videos: work on one, and say how far it is.
    Video(Box<VideoRequest>),
    /// Try to open a file and to make a connection.
    Probe,
}

/// A photo to be worked on; see [`super::work::PhotoTask`].
#[derive(Serialize, Deserialize)]
pub(super) struct PhotoRequest {
    pub(super) by_hand: ByHand,
    pub(super) line: Option<FileReport>,
    pub(super) preview: Option<bool>,
    pub(super) cover: bool,
    pub(super) without_faces: bool,
    pub(super) same_format: bool,
}

/// A video to be worked on; see [`super::video_work::VideoTask`]. Paths are their bytes.
#[derive(Serialize, Deserialize)]
pub(super) struct VideoRequest {
    pub(super) input: Vec<u8>,
    pub(super) action: VideoActionRequest,
    pub(super) output: Option<Vec<u8>>,
    pub(super) line: Option<FileReport>,
    pub(super) by_hand: ByHand,
}

/// What is done to a video; see [`super::video_work::VideoAction`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum VideoActionRequest {
    Detect,
    Anonymize,
    Apply,
    Verify,
}

/// From a worker to the run.
#[derive(Serialize, Deserialize)]
pub(super) enum Answer {
    /// The models are loaded.
    Ready { engine: Option<String> },
    /// Bytes: the preview, then the new file.
    Photo(Box<PhotoAnswer>),
    /// An output was looked at.
    Verified(Box<Verification>),
    /// Frames of a video that are done so far; another answer follows.
    Frames { done: usize, of: Option<u64> },
    /// A video was worked on.
    VideoReport(Box<FileReport>),
    /// What is wrong with a video, and why no other file can be written either.
    VideoFailed {
        why: String,
        stops: Option<TakesNoMore>,
    },
    /// What the sandbox refuses.
    Probed { files: bool, network: bool },
    /// What is wrong with the file or the options.
    Failed(String),
    /// The message of a panic.
    Panicked(String),
}

/// A photo that was worked on; see [`super::work::PhotoResult`].
#[derive(Serialize, Deserialize)]
pub(super) struct PhotoAnswer {
    pub(super) found: FileReport,
    pub(super) written: Format,
    /// Length of the preview.
    pub(super) preview: Option<usize>,
    pub(super) covered: Option<FileReport>,
    pub(super) taken: Option<SystemTime>,
}

/// Sends a message.
pub(super) fn send(to: &mut impl Write, head: &impl Serialize, parts: &[&[u8]]) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    let behind: usize = parts.iter().map(|part| part.len()).sum();
    let mut first = Vec::with_capacity(16 + head.len());
    first.extend((head.len() as u64).to_le_bytes());
    first.extend((behind as u64).to_le_bytes());
    first.extend(head);
    to.write_all(&first)?;
    parts.iter().try_for_each(|part| to.write_all(part))?;
    to.flush()
}

/// Receives a message.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<(T, Vec<u8>)> {
    let mut lengths = [[0; 8]; 2];
    for length in &mut lengths {
        from.read_exact(length)?;
    }
    let [head, behind] = lengths.map(u64::from_le_bytes);
    let head = exactly(from, head)?;
    Ok((serde_json::from_slice(&head)?, exactly(from, behind)?))
}

fn exactly(from: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let size = usize::try_from(length).map_err(io::Error::other)?;
    bytes.try_reserve_exact(size).map_err(io::Error::other)?;
    match from.take(length).read_to_end(&mut bytes)? == size {
        true => Ok(bytes),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_as_it_was_sent_and_a_cut_one_is_an_error() {
        let mut sent = Vec::new();
        let answer = Answer::Failed("too large".into());
        send(&mut sent, &answer, &[b"abc", b"", b"de"]).expect("sent");
        let (head, bytes) = receive::<Answer>(&mut sent.as_slice()).expect("received");
        assert!(matches!(head, Answer::Failed(why) if why == "too large"));
        assert_eq!(bytes, b"abcde");
        for length in 0..sent.len() {
            assert!(receive::<Answer>(&mut &sent[..length]).is_err(), "{length}");
        }
    }
}
