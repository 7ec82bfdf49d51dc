//! What a person should look at first: what `verify` found, then what the detector was least sure
//! of, then where it saw nothing at all.

use super::exposed::{ENOUGH, ENOUGH_OF_DOUBTFUL, Exposed};
use faceveil::report::{Outcome, ReportFace, Verdict, VerifyFinding, VerifyFindingKind};
use faceveil::{FileReport, Subject};
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
            match verify.verdict {
                Verdict::Passed => {}
                Verdict::Found => {
                    let open = open_findings(report);
                    if let Some((first, words)) = open.first() {
                        let more = match open.len() - 1 {
                            0 => String::new(),
                            n => format!(", and {n} more"),
                        };
                        let why = format!("verify: {words}{more}");
                        return Self::new(Level::Finding, open.len() as f32, why, first.frame);
                    }
                    if report.spans.is_empty() {
                        let why = "all findings are covered now; apply, then verify searches again";
                        return Self::new(Level::Usual, 0.0, why, first.and_then(|f| f.frame));
                    }
                }
                // Of what is to come, too.
                _ => {
                    let why = format!("not verified: {reason}");
                    return Self::new(Level::Unchecked, 0.0, why, first.and_then(|f| f.frame));
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
        if let (Some(span), []) = (report.concealed.first(), &report.spans[..]) {
            let why = "the stream is damaged: frames show what the decoder made up";
            return Self::new(Level::Finding, 1.0, why, Some(span.first));
        }
        if let Some(span) = report.spans.first() {
            let more = match report.spans.len() - 1 {
                0 => String::new(),
                1 => ", and in another span".into(),
                n => format!(", and in {n} more spans"),
            };
            let why = format!(
                "{} may show in frames {} to {}{more}",
                span.subject.words(),
                span.first,
                span.last
            );
            return Self::new(Level::Finding, 0.0, why, Some(span.first));
        }
        Self::of_scores(report)
    }

    fn of_scores(report: &FileReport) -> Self {
        let by_score = |a: &&ReportFace, b: &&ReportFace| a.score.total_cmp(&b.score);
        let faces = || report.faces.iter().filter(|f| f.subject == Subject::Face);
        let weakest = faces().min_by(by_score);
        let accepted = weakest.map(|face| {
            let why = match faces().count() {
                1 => format!("one face, score {:.2}", face.score),
                n => format!("{n} faces, weakest {:.2}", face.score),
            };
            (1.0 - face.score, why, face.frame)
        });
        // A mask may cover what was not taken for a face of its own.
        let open = report.rejected.iter().filter_map(|face| {
            let seen = Exposed::measure(face.area, face.frame, report);
            (seen.covered < ENOUGH_OF_DOUBTFUL).then_some((face, seen))
        });
        let doubt = |(face, seen): &(&ReportFace, Exposed)| face.score * (1.0 - seen.covered);
        let strongest = open.max_by(|a, b| doubt(a).total_cmp(&doubt(b)));
        let rejected = strongest.map(|(face, seen)| {
            let why = format!("perhaps a face, score {:.2}, {}", face.score, seen.words());
            (doubt(&(face, seen)), why, face.frame)
        });
        let doubts = accepted.into_iter().chain(rejected);
        let Some((doubt, why, frame)) = doubts.max_by(|a, b| a.0.total_cmp(&b.0)) else {
            // A video's report has tracks in place of faces.
            return match (report.tracks.len(), report.regions.len()) {
                (0, 0) => Self::new(Level::Faceless, 0.0, "no face found", None),
                (0, n) => {
                    let why = crate::cli::ui::show::count(n, "region");
                    Self::new(Level::Usual, 0.0, why, None)
                }
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

/// What lies open in a finding that masks can mend.
fn named(kind: VerifyFindingKind) -> Option<&'static str> {
    match kind {
        VerifyFindingKind::Face => Some("a face"),
        VerifyFindingKind::Text => Some("writing"),
        VerifyFindingKind::Object => Some("an object"),
        _ => None,
    }
}

/// What `verify` found and no region covers now, in words.
pub(super) fn open_findings(report: &FileReport) -> Vec<(&VerifyFinding, String)> {
    let findings = report.verify.iter().flat_map(|v| &v.findings);
    let open = findings.filter_map(|finding| {
        let (Some(area), Some(what)) = (finding.area, named(finding.kind)) else {
            return Some((finding, finding.reason.clone()));
        };
        let seen = Exposed::measure(area, finding.frame, report);
        let words = format!("{what}, {}", seen.words());
        (seen.covered < ENOUGH).then_some((finding, words))
    });
    open.collect()
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
        faceveil::report::read_report(text.as_bytes())
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
    fn a_face_that_a_mask_covers_is_no_reason() {
        let region = r#"{"shape":"box","box":[0,0,20,20]}"#;
        let covered = format!(r#","rejected":[{}]"#, face(0.96));
        let covered = line(&covered).clone();
        let mut with = covered.clone();
        with.regions = vec![serde_json::from_str(region).expect("a region")];
        assert_eq!(
            Risk::of(&covered).why,
            "perhaps a face, score 0.96, not covered"
        );
        assert_eq!(Risk::of(&with).why, "1 region");
        with.regions[0].area = [0.0, 0.0, 20.0, 5.5];
        assert_eq!(
            Risk::of(&with).why,
            "perhaps a face, score 0.96, 50 % covered, its lower part shows"
        );
    }

    #[test]
    fn a_finding_that_is_covered_now_is_none() {
        let found = r#","verify":{"verdict":"found","findings":[{"kind":"face","box":[1,1,9,9],"reason":"a face of which 0 % lies under masks"}]}"#;
        let mut line = line(found);
        assert_eq!(Risk::of(&line).why, "verify: a face, not covered");
        assert_eq!(Risk::of(&line).level, Level::Finding);
        line.regions =
            vec![serde_json::from_str(r#"{"shape":"box","box":[0,0,20,20]}"#).expect("a region")];
        assert_eq!(Risk::of(&line).level, Level::Usual);
        assert!(open_findings(&line).is_empty());
    }

    #[test]
    fn a_long_reason_is_cut_between_letters() {
        let risk = Risk::new(Level::Usual, 0.0, "ä".repeat(500), None);
        assert_eq!(risk.why.chars().count(), LONGEST + 1);
    }
}
