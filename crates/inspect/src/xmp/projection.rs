//! Packets that hold nothing but how a panorama is projected: what a viewer needs to show it round.
//!
//! Invariant: every byte of such a packet is fixed, or part of a short number or switch of a known
//! property, each of which is there once at most.

const BEFORE: &[u8] = b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
<rdf:Description rdf:about=\"\" xmlns:GPano=\"http://ns.google.com/photos/1.0/panorama/\"";
const BEHIND: &[u8] = b"/></rdf:RDF></x:xmpmeta>";
const HEADING: &str = "PoseHeadingDegrees";
const NUMBERS: [&str; 13] = [
    HEADING,
    "PosePitchDegrees",
    "PoseRollDegrees",
    "InitialViewHeadingDegrees",
    "InitialViewPitchDegrees",
    "InitialViewRollDegrees",
    "InitialHorizontalFOVDegrees",
    "FullPanoWidthPixels",
    "FullPanoHeightPixels",
    "CroppedAreaImageWidthPixels",
    "CroppedAreaImageHeightPixels",
    "CroppedAreaLeftPixels",
    "CroppedAreaTopPixels",
];
/// A longer number says more than pixels or hundredths of degrees.
const LONGEST: usize = 7;

/// Whether a packet holds a projection and nothing else, and if so whether it says where the camera
/// looked.
pub(super) fn only(data: &[u8]) -> Option<bool> {
    // A PNG's text has its keyword before the packet, a JPEG's segment its namespace.
    let tags = data.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?;
    let tags = std::str::from_utf8(tags).ok()?;
    let mut seen = Vec::new();
    for tag in tags.split_terminator("\"").collect::<Vec<_>>().chunks(2) {
        let &[name, value] = tag else { return None };
        let name = name.strip_prefix(" GPano:")?.strip_suffix('=')?;
        let fine = match name {
            "ProjectionType" => value == "equirectangular",
            "UsePanoramaViewer" => matches!(value, "True" | "False"),
            name => NUMBERS.contains(&name) && is_number(value),
        };
        if !fine || seen.contains(&name) {
            return None;
        }
        seen.push(name);
    }
    (tags.is_empty() || tags.ends_with('"')).then(|| seen.contains(&HEADING))
}

fn is_number(value: &str) -> bool {
    value.len() <= LONGEST
        && value
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-'))
        && value.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(tags: &str) -> Vec<u8> {
        [BEFORE, tags.as_bytes(), BEHIND].concat()
    }

    #[test]
    fn a_projection_alone_is_known_and_anything_more_is_not() {
        let tags = " GPano:ProjectionType=\"equirectangular\" GPano:FullPanoWidthPixels=\"2048\"";
        assert_eq!(only(&packet(tags)), Some(false));
        let heading = format!("{tags} GPano:PoseHeadingDegrees=\"12.5\"");
        assert_eq!(only(&packet(&heading)), Some(true));
        for bad in [
            " GPano:ProjectionType=\"Ann\"",
            " GPano:FullPanoWidthPixels=\"12345678\"",
            " GPano:FullPanoWidthPixels=\"1\" GPano:FullPanoWidthPixels=\"2\"",
            " dc:title=\"1\"",
            " GPano:FullPanoWidthPixels=\"1\"  ",
            " GPano:FullPanoWidthPixels=\"1",
        ] {
            assert_eq!(only(&packet(bad)), None, "{bad}");
        }
        assert_eq!(only(b"<x:xmpmeta>"), None);
    }
}
