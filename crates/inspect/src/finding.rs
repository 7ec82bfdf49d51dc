//! What is said about a file: kinds of things that may hide in it, where each was, and what little
//! identifies it. The names of kinds are part of the schema of `faceveil inspect --json`.

use serde::Serialize;
use std::fmt;

/// A kind of thing that a picture file can hide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FindingKind {
    /// A small version of the picture.
    Thumbnail,
    /// A larger version of the picture, often in full size.
    Preview,
    /// Another picture in the same file.
    FurtherPicture,
    /// A gain map for high dynamic range, which shows the same scene.
    GainMap,
    /// A depth map or a matte of a person.
    Depth,
    /// A video, as in a motion photo.
    MotionVideo,
    /// A sound recording.
    Sound,
    /// Parts of packets of sound that are no sound: data, filling with content, bytes between
    /// frames.
    SoundData,
    /// A track of words in a video.
    Subtitles,
    /// Layers of an editing program.
    Layers,
    /// A frame that no viewer shows.
    HiddenFrame,
    /// Picture data beyond the declared rows or columns, or between the parts of the picture.
    HiddenPixels,
    /// Where the picture was taken.
    Gps,
    /// Names of persons shown.
    Person,
    /// Rectangles of faces or persons, or the focus point on one.
    FaceRegion,
    /// Name of the photographer, owner or editor.
    Author,
    /// Serial number of a camera, lens, monitor or other device.
    SerialNumber,
    /// A number that identifies the picture, its edits or its parts.
    UniqueId,
    /// A camera maker's own block, which may hold any of the others.
    MakerNote,
    /// When the picture was taken, changed or edited.
    Time,
    /// Camera, lens and how they were set.
    Camera,
    /// A program, its settings, or the computer it ran on.
    Software,
    /// A notice of rights.
    Copyright,
    /// Captions, comments, keywords and other words.
    Text,
    /// An XMP packet.
    Xmp,
    /// IPTC records.
    Iptc,
    /// Photoshop's image resources.
    Photoshop,
    /// A C2PA manifest, or another JUMBF block.
    C2pa,
    /// An EXIF tag that none of the other kinds describes.
    Exif,
    /// Tags or texts of a colour profile that colour does not need.
    IccPrivate,
    /// A segment, chunk, tag or box that is not known to be harmless.
    PrivateData,
    /// Bytes behind the end of the picture.
    Trailer,
    /// Bytes inside the file that belong to nothing.
    UnusedBytes,
}

impl FindingKind {
    /// Its name in results: `motion-video`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thumbnail => "thumbnail",
            Self::Preview => "preview",
            Self::FurtherPicture => "further-picture",
            Self::GainMap => "gain-map",
            Self::Depth => "depth",
            Self::MotionVideo => "motion-video",
            Self::Sound => "sound",
            Self::SoundData => "sound-data",
            Self::Subtitles => "subtitles",
            Self::Layers => "layers",
            Self::HiddenFrame => "hidden-frame",
            Self::HiddenPixels => "hidden-pixels",
            Self::Gps => "gps",
            Self::Person => "person",
            Self::FaceRegion => "face-region",
            Self::Author => "author",
            Self::SerialNumber => "serial-number",
            Self::UniqueId => "unique-id",
            Self::MakerNote => "maker-note",
            Self::Time => "time",
            Self::Camera => "camera",
            Self::Software => "software",
            Self::Copyright => "copyright",
            Self::Text => "text",
            Self::Xmp => "xmp",
            Self::Iptc => "iptc",
            Self::Photoshop => "photoshop",
            Self::C2pa => "c2pa",
            Self::Exif => "exif",
            Self::IccPrivate => "icc-private",
            Self::PrivateData => "private-data",
            Self::Trailer => "trailer",
            Self::UnusedBytes => "unused-bytes",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that a file hides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Where it was: `APP1 Exif, IFD1`.
    pub place: String,
    /// A few words or the beginning of its value, at most 200 characters. Comes from the file:
    /// escape it before it reaches a terminal.
    pub detail: String,
    /// Bytes that it takes, where that says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Width of a picture that was found, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height of a picture that was found, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

/// Characters of a detail.
const MOST_DETAIL: usize = 200;

impl Finding {
    pub(super) fn new(kind: FindingKind, place: impl Into<String>) -> Self {
        Self {
            kind,
            place: place.into(),
            detail: String::new(),
            bytes: None,
            width: None,
            height: None,
        }
    }

    pub(super) fn detail(mut self, detail: impl AsRef<str>) -> Self {
        self.detail = detail.as_ref().chars().take(MOST_DETAIL).collect();
        self
    }

    pub(super) fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = Some(bytes as u64);
        self
    }

    pub(super) fn size(mut self, size: Option<(u32, u32)>) -> Self {
        (self.width, self.height) = size.unzip();
        self
    }
}

/// What was found in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// Name of the format: `jpeg`, `png`, `heif`.
    pub format: &'static str,
    /// Width as stored; 0 where it is not known.
    pub width: u32,
    /// Height as stored; 0 where it is not known.
    pub height: u32,
    /// Frames or pages that a viewer shows.
    pub frames: u32,
    /// What is there besides the pixels and is harmless: `exif`, `icc`, `orientation`.
    pub carries: Vec<&'static str>,
    /// Everything that hides in it, in the order of the file.
    pub findings: Vec<Finding>,
    /// Why the file could not be read to its end; there may be more to find.
    pub damage: Option<String>,
    /// Blocks that the look is inside of.
    #[serde(skip)]
    depth: u32,
}

/// EXIF in Photoshop's resources in EXIF is as far as any program goes.
const MOST_DEPTH: u32 = 6;

/// More findings than a person reads; a hostile file could have millions.
const MOST_FINDINGS: usize = 2000;

impl Inspection {
    /// Adds a finding, unless the same was said.
    pub(super) fn add(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS && !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Looks into a block of metadata that may hold others, unless that goes too deep to be honest.
    pub(super) fn inside(&mut self, look: impl FnOnce(&mut Self)) {
        if self.depth >= MOST_DEPTH {
            self.damaged("blocks of metadata lie too deep inside of one another");
            return;
        }
        self.depth += 1;
        look(self);
        self.depth -= 1;
    }

    /// Takes the findings of many samples; `place` names all of them.
    pub(super) fn collect(&mut self, place: &str) -> Collected<'_> {
        Collected {
            out: self,
            place: place.to_owned(),
            sample: Self::default(),
            seen: Vec::new(),
        }
    }

    /// Something harmless is there.
    pub(super) fn carry(&mut self, name: &'static str) {
        if !self.carries.contains(&name) {
            self.carries.push(name);
        }
    }

    /// The file cannot be read on; the first reason counts.
    pub(super) fn damaged(&mut self, why: impl Into<String>) {
        self.damage.get_or_insert_with(|| why.into());
    }

    /// Whether nothing was found and the whole file could be read.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.damage.is_none()
    }
}

/// Findings of many samples, of which equal ones are listed once.
pub(super) struct Collected<'a> {
    out: &'a mut Inspection,
    place: String,
    sample: Inspection,
    /// The first of each kind and description, and how many samples have it.
    seen: Vec<(Finding, u64)>,
}

/// Different findings of all samples of a track.
const MOST_COLLECTED: usize = 32;

impl Collected<'_> {
    /// Where to say what is in the present sample.
    pub(super) fn sample(&mut self) -> &mut Inspection {
        &mut self.sample
    }

    /// Ends the present sample.
    pub(super) fn next(&mut self) {
        if let Some(why) = self.sample.damage.take() {
            self.out.damaged(why);
        }
        for carried in self.sample.carries.drain(..) {
            self.out.carry(carried);
        }
        for finding in self.sample.findings.drain(..) {
            let same = |(other, _): &&mut (Finding, u64)| {
                other.kind == finding.kind && other.detail == finding.detail
            };
            match self.seen.iter_mut().find(same) {
                Some((first, samples)) => {
                    *samples += 1;
                    let bytes = first.bytes.unwrap_or(0) + finding.bytes.unwrap_or(0);
                    first.bytes = Some(bytes).filter(|bytes| *bytes > 0);
                }
                None => {
                    self.seen.push((finding, 1));
                    self.seen.truncate(MOST_COLLECTED);
                }
            }
        }
    }

    pub(super) fn damaged(&mut self, why: &str) {
        self.out.damaged(why);
    }
}

impl Drop for Collected<'_> {
    fn drop(&mut self) {
        self.next();
        for (finding, samples) in self.seen.drain(..) {
            let detail = match samples {
                1 => finding.detail.clone(),
                _ => format!("{} (in {samples} samples)", finding.detail),
            };
            let place = match finding.place.is_empty() {
                true => self.place.clone(),
                false => format!("{}, {}", self.place, finding.place),
            };
            self.out.add(Finding { place, ..finding }.detail(detail));
        }
    }
}
