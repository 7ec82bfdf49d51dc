//! What a person should look at first: what `verify` found, then what the detector was least sure of,
//! then where it saw nothing at all.

use faceveil::{FileReport, Outcome, ReportFace, Verdict};
use serde::Serialize;

/// Doubt from which a file is marked in the list.
const DOUBT: f32 = 0.4;
/// Longest reason that is shown in the list.
const LONGEST: usize = 120;

/// How a file is marked, in the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Level {
    /// `verify` found something, or a face was lost for so long that it may show.
    Finding,
    /// `verify` could not run all its checks.
    Unchecked,
    /// The detector was not sure.
    Doubt,
    /// It was, as far as it tells.
    Usual,
    /// It saw nothing, not even something that it did not take.
    Faceless,
    /// There is no output.
    Without,
}

/// Why a file is where it is in the list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Risk {
    pub(super) level: Level,
    #[serde(skip)]
    pub(super) doubt: f32,
    pub(super) why: String,
    /// The frame to look at first.
    pub(super) frame: usize,
}

impl Risk {
    fn new(level: Level, doubt: f32, why: impl Into<String>, frame: Option<usize>) -> Self {
        let mut why: String = why.into();
        if let Some((at, _)) = why.char_indices().nth(LONGEST) {
            why.truncate(at);
            why.push('…');
        }
        Self {
            level,
            doubt,
            why,
            frame: frame.unwrap_or(0),
        }
    }

    /// From a line of the report.
    pub(super) fn of(report: &FileReport) -> Self {
        if let Some(verify) = &report.verify {
            let first = verify.findings.first();
            let reason = first.map_or("no reason is given", |f| f.reason.as_str());
            let frame = first.and_then(|f| f.frame);
            match verify.verdict {
                Verdict::Passed => {}
                Verdict::Found => {
                    let n = verify.findings.len();
                    let more = if n > 1 {
                        format!(" and {} more", n - 1)
                    } else {
                        String::new()
                    };
                    return Self::new(
                        Level::Finding,
                        n as f32,
                        format!("verify: {reason}{more}"),
                        frame,
                    );
                }
                // Of what is to come, too.
                _ => {
                    return Self::new(
                        Level::Unchecked,
                        0.0,
                        format!("not verified: {reason}"),
                        frame,
                    );
                }
            }
        }
        match report.outcome {
            Outcome::Failed => {
                let error = report.error.as_deref().unwrap_or("no reason is given");
                return Self::new(Level::Without, 1.0, format!("failed: {error}"), None);
            }
            Outcome::Skipped => return Self::new(Level::Without, 0.0, "left alone", None),
            _ => {}
        }
        if let Some(span) = report.spans.first() {
            let why = format!("a face may show in frames {} to {}", span.first, span.last);
            return Self::new(Level::Finding, 0.0, why, Some(span.first));
        }
        Self::of_scores(report)
    }

    fn of_scores(report: &FileReport) -> Self {
        let by_score = |a: &&ReportFace, b: &&ReportFace| a.score.total_cmp(&b.score);
        let weakest = report.faces.iter().min_by(by_score);
        let strongest = report.rejected.iter().max_by(by_score);
        let accepted = weakest.map(|face| {
            let why = match report.faces.len() {
                1 => format!("one face, score {:.2}", face.score),
                n => format!("{n} faces, weakest {:.2}", face.score),
            };
            (1.0 - face.score, why, face.frame)
        });
        let rejected = strongest.map(|face| {
            let why = format!("perhaps a face, score {:.2}, not covered", face.score);
            (face.score, why, face.frame)
        });
        let doubts = accepted.into_iter().chain(rejected);
        let Some((doubt, why, frame)) = doubts.max_by(|a, b| a.0.total_cmp(&b.0)) else {
            // A video's report has tracks in place of faces.
            return match (report.tracks.len(), report.regions.len()) {
                (0, 0) => Self::new(Level::Faceless, 0.0, "no face found", None),
                (0, n) => Self::new(Level::Usual, 0.0, format!("{n} regions"), None),
                (1, _) => Self::new(Level::Usual, 0.0, "one face followed", None),
                (n, _) => Self::new(Level::Usual, 0.0, format!("{n} faces followed"), None),
            };
        };
        let level = if doubt >= DOUBT {
            Level::Doubt
        } else {
            Level::Usual
        };
        Self::new(level, doubt, why, frame)
    }

    /// The order of the list.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let by_level = self.level.cmp(&other.level);
        by_level.then(other.doubt.total_cmp(&self.doubt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rest: &str) -> FileReport {
        let text = format!(
            r#"{{"schema":1,"input":"a.jpg","output":null,"outcome":"no-faces","sha256":null,"width":100,
            "height":100,"frames":9,"faces":[],"regions":[],"style":null,"dropped":[],"kept":[],"warnings":[],
            "engine":"none","ms":{{"decode":0,"detect":0,"redact":0,"encode":0,"inspect":0}},"error":null{rest}}}"#
        );
        let text = text.replace('\n', "");
        faceveil::read_report(text.as_bytes())
            .next()
            .expect("a line")
            .expect("understood")
    }

    fn face(score: f32) -> String {
        format!(r#"{{"box":[1,1,9,9],"score":{score},"landmarks":null,"found_by":[]}}"#)
    }

    #[test]
    fn findings_come_first_then_doubt_then_files_without_faces() {
        let of = |rest: &str| Risk::of(&line(rest));
        let rejected = |score| format!(r#","rejected":[{},{}]"#, face(0.01), face(score));
        let mut all = [
            of(""),
            of(&rejected(0.05)),
            of(&rejected(0.7)),
            of(r#","verify":{"verdict":"not-checked","findings":[]}"#),
            of(r#","spans":[{"first":3,"last":8,"seconds":[0.1,0.3],"box":[1,1,9,9]}]"#),
            of(
                r#","verify":{"verdict":"found","findings":[{"kind":"face","frame":4,"reason":"it shows"}]}"#,
            ),
            of(r#","verify":{"verdict":"passed","findings":[]}"#),
        ];
        all.sort_by(Risk::order);
        let whys: Vec<&str> = all.iter().map(|r| r.why.as_str()).collect();
        assert_eq!(
            whys,
            [
                "verify: it shows",
                "a face may show in frames 3 to 8",
                "not verified: no reason is given",
                "perhaps a face, score 0.70, not covered",
                "perhaps a face, score 0.05, not covered",
                "no face found",
                "no face found",
            ]
        );
        assert_eq!((all[0].frame, all[1].frame), (4, 3));
    }

    #[test]
    fn a_long_reason_is_cut_between_letters() {
        let risk = Risk::new(Level::Usual, 0.0, "ä".repeat(500), None);
        assert_eq!(risk.why.chars().count(), LONGEST + 1);
    }
}
