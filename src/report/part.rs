//! The part of a video that was searched and covered, and what became of the rest.

#[cfg(feature = "video")]
use super::FileReport;
use crate::time_range::{Outside, TimeRange};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The only part of a video that was searched and covered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SearchedPart {
    /// Where it begins, in seconds from the start of the input.
    pub from: f64,
    /// Where it ends; `null`: with the input.
    pub to: Option<f64>,
    /// What became of the rest. Where it was dropped, frames are counted from the first of the
    /// part.
    pub outside: Outside,
    /// The frames of the output that were not searched and not covered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncovered: Vec<FrameSpan>,
}

/// Frames, both ends included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FrameSpan {
    /// First frame, counted from 0.
    pub first: usize,
    /// Last frame.
    pub last: usize,
    /// When the first begins and the last ceases to be shown, as far as that is known, from the
    /// start.
    pub seconds: [f64; 2],
}

#[cfg(feature = "video")]
impl FrameSpan {
    /// Of frames that are shown from and to these seconds.
    pub(crate) fn new([first, last]: [usize; 2], seconds: [f64; 2]) -> Self {
        Self {
            first,
            last,
            seconds: seconds.map(|s| (s * 1e3).round() / 1e3),
        }
    }
}

impl SearchedPart {
    /// Whether a frame of the output is in it.
    #[must_use]
    pub fn has(&self, frame: usize) -> bool {
        let mut uncovered = self.uncovered.iter();
        !uncovered.any(|span| (span.first..=span.last).contains(&frame))
    }

    /// The same as options have it; `None` for times that cannot be.
    #[must_use]
    pub fn range(&self) -> Option<TimeRange> {
        let time = |seconds| Duration::try_from_secs_f64(seconds).ok();
        let (from, to) = (time(self.from)?, self.to.map(time));
        let to = match to {
            Some(to) => Some(to.filter(|to| *to > from)?),
            None => None,
        };
        Some(TimeRange { from, to })
    }

    /// What a person must know of it.
    #[cfg(feature = "video")]
    pub(crate) fn sentence(&self) -> Option<String> {
        let spans = self.uncovered.iter();
        let spans = spans.map(|s| format!("{:.3} to {:.3}", s.seconds[0], s.seconds[1]));
        let spans: Vec<String> = spans.collect();
        (!spans.is_empty()).then(|| {
            format!(
                "NOT covered, as asked for: seconds {} of the new file show what the original shows",
                spans.join(" and ")
            )
        })
    }

    /// What is wrong with one that was read.
    pub(super) fn fault(&self) -> Option<String> {
        if self.range().is_none() {
            return Some("its times cannot be".into());
        }
        let is_wrong = |s: &FrameSpan| s.first > s.last;
        self.uncovered
            .iter()
            .any(is_wrong)
            .then(|| "a span ends before it begins".into())
    }
}

/// Most times that a sentence names.
#[cfg(feature = "video")]
const MOST_NAMED: usize = 8;

#[cfg(feature = "video")]
impl FileReport {
    /// What a person must know of the damage.
    pub(crate) fn concealed_sentence(&self) -> Option<String> {
        let frames: usize = self.concealed.iter().map(|s| s.last - s.first + 1).sum();
        let spans = self.concealed.iter().take(MOST_NAMED);
        let spans = spans.map(|s| format!("{:.3}-{:.3}", s.seconds[0], s.seconds[1]));
        let mut spans: Vec<String> = spans.collect();
        if self.concealed.len() > MOST_NAMED {
            spans.push(format!("{} more spans", self.concealed.len() - MOST_NAMED));
        }
        (frames > 0).then(|| {
            format!(
                "it is damaged: {frames} frames show what the decoder made up, at {} seconds; look at them",
                spans.join(", ")
            )
        })
    }
}
