//! What follows behind the end of a JPEG: further pictures, a video, or anything else.

use super::super::bytes::{contains, rest, says_something};
use super::super::embedded::{self, What};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};

/// Most findings that are listed one by one; the others are counted.
const MOST: usize = 64;

/// Says what the bytes behind the picture are.
pub(super) fn look(data: &[u8], out: &mut Inspection) {
    if !says_something(data) {
        return;
    }
    let place = "behind the picture";
    let (mut at, mut other) = (0, 0);
    for _ in 0..MOST {
        let left = rest(data, at);
        let Some(found) = embedded::anywhere(left) else {
            break;
        };
        other += found.at;
        let inside = rest(left, found.at);
        let length = match found.what {
            What::Jpeg => embedded::jpeg_end(inside).unwrap_or(inside.len()),
            _ => inside.len(),
        };
        let picture = &inside[..length];
        let kind = match found.what {
            What::Video => Kind::MotionVideo,
            _ if embedded::is_gain_map(picture) => Kind::GainMap,
            _ if embedded::is_depth(picture) => Kind::Depth,
            _ => Kind::FurtherPicture,
        };
        let finding = Finding::new(kind, place).bytes(length).size(found.size);
        out.add(finding.detail(found.what.name()));
        if found.what == What::Jpeg {
            let mut inside = Inspection::default();
            super::picture(picture, &mut inside);
            for finding in inside.findings {
                let place = format!("{place}, {}", finding.place);
                out.add(Finding { place, ..finding });
            }
        }
        at += found.at + length;
    }
    let left = rest(data, at);
    if says_something(left) {
        other += left.len();
    }
    for (mark, kind, name) in [
        (
            &b"MotionPhoto_Data"[..],
            Kind::MotionVideo,
            "Samsung motion photo",
        ),
        (b"DualShot_", Kind::FurtherPicture, "Samsung dual shot"),
        (b"EmbeddedAudio", Kind::Sound, "Samsung sound"),
    ] {
        if contains(data, mark) {
            out.add(Finding::new(kind, place).detail(name));
        }
    }
    if other > 0 {
        out.add(Finding::new(Kind::Trailer, place).bytes(other));
    }
}
