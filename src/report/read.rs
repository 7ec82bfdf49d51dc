//! Reads reports back, line by line. A report is a file that anybody may have edited, and it
//! decides what is covered: what is not understood to the last field is refused with its line.
//!
//! Invariant: a line that comes out can be acted upon; its names stay below a folder, its boxes are
//! in the picture, and no list is longer than its limit.

use super::summary::Line;
use super::{FileReport, RunSummary, check};
use crate::error::{Error, ErrorKind, Result};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::io::{BufRead, Read};
use std::marker::PhantomData;

/// Most bytes of a line.
const MOST_BYTES: u64 = 512 << 20;
/// Most regions, or faces, of a line: a crowd of forty for an hour.
pub(super) const MOST: usize = 4_000_000;
/// A summary is no longer.
const SUMMARY_BYTES: usize = 1 << 16;

/// The files of a report, one by one. See [`read_report`].
pub struct ReportReader<R> {
    from: R,
    line: usize,
    summary: Option<RunSummary>,
    broken: bool,
}

/// Reads a report: one result per file, in the order of its lines; blank lines are passed over. The
/// run's summary comes from [`ReportReader::summary`] afterwards.
///
/// Errors are [`ErrorKind::Malformed`] or [`ErrorKind::TooLarge`] and name line and field. Reading
/// goes on behind a line that is wrong, and ends at one that cannot be read or is too long.
pub const fn read_report<R: BufRead>(from: R) -> ReportReader<R> {
    ReportReader {
        from,
        line: 0,
        summary: None,
        broken: false,
    }
}

impl<R: BufRead> ReportReader<R> {
    /// The last line, once all others were read; `None` in the report of a run that was cut off.
    #[must_use]
    pub const fn summary(&self) -> Option<&RunSummary> {
        self.summary.as_ref()
    }

    /// Number of the line that was read last, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The next line that is not blank.
    fn next_line(&mut self) -> Option<Result<Vec<u8>>> {
        loop {
            let mut bytes = Vec::new();
            self.line += 1;
            let line = self.from.by_ref().take(MOST_BYTES + 1);
            match { line }.read_until(b'\n', &mut bytes) {
                Ok(0) => return None,
                Ok(_) if bytes.len() as u64 > MOST_BYTES => {
                    self.broken = true;
                    let what = format!("more than {MOST_BYTES} bytes");
                    return Some(Err(self.error(ErrorKind::TooLarge, &what)));
                }
                Ok(_) if bytes.iter().all(u8::is_ascii_whitespace) => {}
                Ok(_) => return Some(Ok(bytes)),
                Err(e) => {
                    self.broken = true;
                    let error = self.error(ErrorKind::Malformed, "it cannot be read");
                    return Some(Err(error.because(e)));
                }
            }
        }
    }

    fn error(&self, kind: ErrorKind, what: &str) -> Error {
        Error::new(kind, format!("line {}: {what}", self.line))
    }

    fn parse<T: de::DeserializeOwned>(&self, line: &[u8]) -> Result<T> {
        let mut json = serde_json::Deserializer::from_slice(line);
        let parsed = serde_path_to_error::deserialize(&mut json);
        let wrong = |field: Option<String>, e: &serde_json::Error| {
            let (what, column) = (e.to_string(), e.column());
            // Its own line number is always 1.
            let what = what.split(" at line ").next().unwrap_or(&what);
            let field = field.map_or_else(String::new, |f| format!("{f}: "));
            self.error(
                ErrorKind::Malformed,
                &format!("{field}{what} (column {column})"),
            )
        };
        let value = parsed.map_err(|e| {
            let path = e.path().to_string();
            wrong((path != ".").then_some(path), e.inner())
        })?;
        json.end().map_err(|e| wrong(None, &e))?;
        Ok(value)
    }

    /// `None` for a summary, which is remembered.
    fn read(&mut self, line: &[u8]) -> Result<Option<FileReport>> {
        if self.summary.is_some() {
            return Err(self.error(ErrorKind::Malformed, "it comes behind the summary"));
        }
        if is_summary(line) {
            self.summary = Some(self.parse::<Line<RunSummary>>(line)?.summary);
            return Ok(None);
        }
        let report: FileReport = self.parse(line)?;
        match check::fault(&report) {
            None => Ok(Some(report)),
            Some((field, what)) => {
                let what = format!("{field}: {what}");
                Err(self.error(ErrorKind::Malformed, &what))
            }
        }
    }
}

impl<R: BufRead> Iterator for ReportReader<R> {
    type Item = Result<FileReport>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.broken {
            let line = match self.next_line()? {
                Ok(line) => line,
                Err(e) => return Some(Err(e)),
            };
            match self.read(&line) {
                Ok(None) => {}
                Ok(Some(report)) => return Some(Ok(report)),
                Err(e) => return Some(Err(e)),
            }
        }
        None
    }
}

/// Whether a line is the summary and not a file's.
fn is_summary(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Head {
        summary: Option<IgnoredAny>,
    }
    line.len() <= SUMMARY_BYTES
        && serde_json::from_slice::<Head>(line).is_ok_and(|h| h.summary.is_some())
}

/// A list of at most [`MOST`]; a longer one is refused before memory is taken for it.
pub(super) fn limited<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Limited<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Limited<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = list.next_element()? {
                if all.len() == MOST {
                    return Err(de::Error::custom(format_args!("more than {MOST} entries")));
                }
                all.push(one);
            }
            Ok(all)
        }
    }

    from.deserialize_seq(Limited(PhantomData))
}
