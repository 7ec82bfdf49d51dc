//! A second look at what was written, by code that had no part in it: whether every region that a
//! report names is covered in the decoded pixels, whether a more sensitive search finds a face
//! or, if asked, writing beside the masks, and whether the file hides anything.
//!
//! Invariant: a check that did not run is a finding of its own, never a pass.

mod again;
mod colours;
mod cover;
mod faces;
mod hidden;
mod options;
mod place;
#[cfg(test)]
mod tests;
mod tolerance;
#[cfg(feature = "video")]
mod video;

use crate::detect::{Detector, Preset, SecondSearch, apart};
use crate::digest::Digest;
use crate::error::{ErrorKind, Result};
use crate::face::{Face, Subject};
use crate::geometry::{Equirectangular, Rect, Size};
use crate::inspect::inspect;
use crate::photo::{BACKDROPS, FileKind, Format, Limits, Photo, ReadOptions};
use crate::picture::Picture;
use crate::redact::{Region, Style};
use crate::report::{
    FileReport, Verdict, Verification, VerifyFinding, VerifyFindingKind, ensure_regions,
};
pub use options::VerifierOptions;

/// Looks at outputs again. Share one between threads.
///
/// ```no_run
/// use faceveil::report::Verdict;
/// use faceveil::verify::{Verifier, VerifierOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let report = faceveil::FileReport::new("builtin");
/// let verifier = Verifier::new(VerifierOptions::default())?;
/// let seen = verifier.photo(&std::fs::read("out.jpg")?, Some(&report))?;
/// assert_eq!(seen.verdict, Verdict::Passed, "{:?}", seen.findings);
/// # Ok(())
/// # }
/// ```
pub struct Verifier {
    search: SecondSearch,
    /// For writing and objects.
    others: Option<Detector>,
    /// For the frames of videos.
    #[cfg(feature = "video")]
    frames: std::sync::OnceLock<SecondSearch>,
    options: VerifierOptions,
}

/// Findings of one file.
#[derive(Debug, Default)]
struct Findings(Vec<VerifyFinding>);

impl Findings {
    fn add(&mut self, kind: VerifyFindingKind, reason: impl Into<String>) {
        self.0.push(VerifyFinding::new(kind, reason));
    }

    /// With a place in the picture.
    fn add_at(
        &mut self,
        kind: VerifyFindingKind,
        frame: Option<usize>,
        area: &Rect,
        reason: String,
    ) -> &mut VerifyFinding {
        let hundredth = |v: f32| (v * 100.0).round() / 100.0;
        let mut problem = VerifyFinding::new(kind, reason);
        let corners = [area.left(), area.top(), area.width(), area.height()];
        problem.area = Some(corners.map(hundredth));
        problem.frame = frame;
        self.0.push(problem);
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    fn conclude(self) -> Verification {
        let ran = |p: &VerifyFinding| p.kind != VerifyFindingKind::NotChecked;
        let verdict = if self.0.is_empty() {
            Verdict::Passed
        } else if self.0.iter().any(ran) {
            Verdict::Found
        } else {
            Verdict::NotChecked
        };
        Verification::new(verdict, self.0)
    }
}

/// A photo with the pixels that its file has, also where it would be written in a format that has
/// fewer bits or no opacity.
fn as_it_is(file: &[u8], limits: &Limits) -> Result<Photo> {
    let to = match Photo::recognise(file) {
        FileKind::Photo(Format::Heic | Format::Avif) => Some(Format::Png),
        _ => None,
    };
    Photo::read(file, &ReadOptions::new().limits(*limits).format(to))
}

impl Verifier {
    /// Loads engine and models.
    ///
    /// # Errors
    /// Those of [`Detector::new`](crate::Detector::new).
    pub fn new(options: VerifierOptions) -> Result<Self> {
        let search = SecondSearch::new(&options.search(Preset::Thorough))?;
        let others = options.search_for_others();
        Ok(Self {
            search,
            others: others.as_ref().map(Detector::new).transpose()?,
            #[cfg(feature = "video")]
            frames: std::sync::OnceLock::new(),
            options,
        })
    }

    /// What the networks run on.
    #[must_use]
    pub fn engine(&self) -> &str {
        self.search.engine()
    }

    /// Looks at the bytes of a photo that was written. `line` is what the report says about it;
    /// without one it is not known which regions must be covered, which is a finding of its own.
    ///
    /// # Errors
    /// Those of an engine that fails; [`ErrorKind::InvalidArgument`] for a line with a region that
    /// is no box in its picture. A photo that cannot be read is a finding.
    pub fn photo(&self, file: &[u8], line: Option<&FileReport>) -> Result<Verification> {
        line.map_or(Ok(()), ensure_regions)?;
        let mut findings = Findings::default();
        let style = self.claims(Digest::of(file), line, &mut findings);
        hidden::tell(inspect(file), line, &mut findings);
        let photo = match as_it_is(file, &self.options.limits) {
            Ok(photo) => photo,
            Err(e) => {
                findings.add(
                    unread(e.kind()),
                    format!("it cannot be decoded: {}", chain(&e)),
                );
                return Ok(findings.conclude());
            }
        };
        self.frames(photo, line, style.as_ref(), &mut findings)?;
        Ok(findings.conclude())
    }

    /// What a report says of a file as a whole. Gives the style, if its covers can be checked.
    fn claims(
        &self,
        digest: Digest,
        line: Option<&FileReport>,
        findings: &mut Findings,
    ) -> Option<Style> {
        let Some(line) = line else {
            findings.add(
                VerifyFindingKind::NotChecked,
                "no report says what must be covered, so only faces and what the file hides were \
                 looked for",
            );
            return None;
        };
        match line.sha256.and_then(|hashes| hashes.output) {
            Some(reported) if reported != digest => {
                findings.add(
                    VerifyFindingKind::Changed,
                    "it was changed since it was written: its SHA-256 is another one than the \
                     report's",
                );
            }
            Some(_) => {}
            None => findings.add(
                VerifyFindingKind::NotChecked,
                "the report has no SHA-256 of it, so it may be another file",
            ),
        }
        let style = line
            .style
            .as_ref()
            .map(|s| s.style(self.options.sticker.as_ref()));
        match style {
            _ if line.regions.is_empty() => None,
            Some(Ok(style)) => Some(style),
            Some(Err(e)) => {
                let reason = format!("its covers cannot be checked: {e}");
                findings.add(VerifyFindingKind::NotChecked, reason);
                None
            }
            None => {
                findings.add(
                    VerifyFindingKind::NotChecked,
                    "the report does not say what it is covered with",
                );
                None
            }
        }
    }

    fn frames(
        &self,
        mut photo: Photo,
        line: Option<&FileReport>,
        style: Option<&Style>,
        findings: &mut Findings,
    ) -> Result<()> {
        let count = photo.frame_count();
        let upright = |photo: &Photo, frame| {
            photo
                .orientation(frame)
                .upright_size(photo.stored_size(frame))
        };
        if let Some(line) = line
            && !same_shape(line, upright(&photo, 0), count, findings)
        {
            return Ok(());
        }
        let is_reported = line.is_some_and(|line| line.panorama && count == 1);
        let panorama = photo
            .panorama()
            .or_else(|| is_reported.then(|| Equirectangular::new(upright(&photo, 0))));
        let panorama = panorama.as_ref();
        for frame in 0..count {
            let regions = line.map_or_else(Vec::new, |line| regions(line, frame));
            let label = (count > 1).then_some(frame);
            let faces = self.faces(&photo, frame, panorama)?;
            let size = upright(&photo, frame);
            for (face, share) in faces::uncovered(&faces, &regions, size, panorama) {
                if !line.is_some_and(|line| line.is_left_open(&face.area)) {
                    tell_face(findings, label, face, share);
                }
            }
            let Some(style) = style.filter(|_| !regions.is_empty()) else {
                continue;
            };
            // From here on the frame is of no more use.
            let differences = cover::differences(&mut photo, frame, &regions, style)?;
            for (region, off) in regions.iter().zip(differences) {
                if !off.is_covered() {
                    tell_cover(findings, label, region, style, off);
                }
            }
        }
        Ok(())
    }
}

impl Verifier {
    /// Whatever is seen in a frame, and where it is laid over something.
    fn faces(
        &self,
        photo: &Photo,
        frame: usize,
        panorama: Option<&Equirectangular>,
    ) -> Result<Vec<Face>> {
        let detect = |picture: &dyn Picture| {
            let mut found = match (self.options.cover.faces, panorama) {
                (false, _) => Vec::new(),
                (true, Some(panorama)) => self.search.detect_panorama(picture, panorama)?,
                (true, None) => self.search.detect(picture)?,
            };
            found.extend(match (&self.others, panorama) {
                (None, _) => Vec::new(),
                (Some(others), Some(panorama)) => others.detect_panorama(picture, panorama)?.faces,
                (Some(others), None) => others.detect(picture)?,
            });
            Ok::<_, crate::error::Error>(found)
        };
        let mut faces = detect(&photo.picture(frame))?;
        for backdrop in BACKDROPS {
            if let Some(picture) = photo.over(frame, backdrop)? {
                faces.extend(detect(&picture)?);
            }
        }
        Ok(apart(faces))
    }
}

/// What is to be covered in a frame.
fn regions(line: &FileReport, frame: usize) -> Vec<Region> {
    let all = line.regions_of(frame);
    all.iter().filter_map(|r| r.region()).collect()
}

/// Whether a file has the size and frames that the report says; otherwise regions say nothing about
/// it.
fn same_shape(line: &FileReport, size: Size, frames: usize, findings: &mut Findings) -> bool {
    let reported = (line.width, line.height, line.frames);
    let is = (size.width, size.height, frames);
    if reported != is {
        let of = |(w, h, n): (u32, u32, usize)| format!("{w}x{h} pixels and {n} frame(s)");
        let reason = format!("it has {}, and the report says {}", of(is), of(reported));
        findings.add(VerifyFindingKind::Changed, reason);
    }
    reported == is
}

fn tell_face(findings: &mut Findings, frame: Option<usize>, face: &Face, share: f32) {
    let (kind, class) = match face.subject {
        Subject::Face => (VerifyFindingKind::Face, String::new()),
        Subject::Text => (VerifyFindingKind::Text, String::new()),
        Subject::Object(class) => (VerifyFindingKind::Object, format!(" ({class})")),
    };
    let what = face.subject.words();
    let reason = format!(
        "{what}{class} of which {:.0} % lies under masks (seen by {})",
        share * 100.0,
        face.found_by.join(", ")
    );
    let problem = findings.add_at(kind, frame, &face.area, reason);
    problem.score = Some((face.score * 1e4).round() / 1e4);
}

fn tell_cover(
    findings: &mut Findings,
    frame: Option<usize>,
    region: &Region,
    style: &Style,
    off: cover::Difference,
) {
    let reason = format!(
        "what is shown there is not what the style {} gives: {:.1} of 255 levels off, {:.1} times \
         what the format explains",
        style.name(),
        off.levels,
        off.ratio
    );
    findings.add_at(VerifyFindingKind::Uncovered, frame, &region.area, reason);
}

/// What it means that a file cannot be read.
fn unread(why: ErrorKind) -> VerifyFindingKind {
    match why {
        // It may be in order, but nobody looked.
        ErrorKind::Unsupported | ErrorKind::TooLarge => VerifyFindingKind::NotChecked,
        _ => VerifyFindingKind::Damaged,
    }
}

/// A message with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut all = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        all = format!("{all}: {e}");
        cause = e.source();
    }
    all
}
