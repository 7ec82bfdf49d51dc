//! What a caller may ask to have written again besides the pixels.

/// Metadata that is written again on request. Values are read from the source's EXIF (for TIFF,
/// from its tags), checked, and written anew; values of XMP and IPTC are not looked at. A value
/// that is not there is not missed. The default keeps nothing; the methods add to it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[non_exhaustive]
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
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            time: false,
            camera: false,
            gps: false,
            copyright: false,
            hdr: false,
        }
    }

    /// Whether to keep when it was taken.
    #[must_use]
    pub const fn time(mut self, is_kept: bool) -> Self {
        self.time = is_kept;
        self
    }

    /// Whether to keep what it was taken with.
    #[must_use]
    pub const fn camera(mut self, is_kept: bool) -> Self {
        self.camera = is_kept;
        self
    }

    /// Whether to keep where it was taken.
    #[must_use]
    pub const fn gps(mut self, is_kept: bool) -> Self {
        self.gps = is_kept;
        self
    }

    /// Whether to keep whose it is.
    #[must_use]
    pub const fn copyright(mut self, is_kept: bool) -> Self {
        self.copyright = is_kept;
        self
    }

    /// Whether to keep the gain map of an HDR photo.
    #[must_use]
    pub const fn hdr(mut self, is_kept: bool) -> Self {
        self.hdr = is_kept;
        self
    }

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
