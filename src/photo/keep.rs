//! What a caller may ask to have written again besides the pixels.

/// Metadata that is written again on request. Values are read from the source's EXIF (for TIFF,
/// from its tags), checked, and written anew; values of XMP and IPTC are not looked at. A value
/// that is not there is not missed. The default keeps nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeepMetadata {
    /// When it was taken, digitised and changed, with parts of seconds and time zones.
    pub time: bool,
    /// Make, model, lens, exposure time, aperture, sensitivity, focal length.
    pub camera: bool,
    /// Latitude, longitude, altitude; when and how exactly they were measured; where the camera
    /// looked and how it moved.
    pub gps: bool,
    /// Artist and copyright notice.
    pub copyright: bool,
    /// The HDR gain map of a JPEG that stays one (Ultra HDR, ISO 21496-1), covered under the same
    /// masks.
    pub hdr: bool,
}

impl KeepMetadata {
    /// Whether anything is asked for.
    #[must_use]
    pub const fn any(self) -> bool {
        self.time || self.camera || self.gps || self.copyright || self.hdr
    }

    /// The names of what is asked for, as in a report.
    pub(super) fn names(self) -> Vec<&'static str> {
        [
            (self.time, "time"),
            (self.camera, "camera"),
            (self.gps, "gps"),
            (self.copyright, "copyright"),
            (self.hdr, "hdr"),
        ]
        .into_iter()
        .filter_map(|(asked, name)| asked.then_some(name))
        .collect()
    }
}
