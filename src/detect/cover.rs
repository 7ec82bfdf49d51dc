//! What is looked for.

use super::Writing;

/// What is looked for: faces, writing, or both. The default is faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Cover {
    /// Faces.
    pub faces: bool,
    /// Writing, and which.
    pub writing: Option<Writing>,
}

impl Cover {
    /// Faces.
    pub const FACES: Self = Self {
        faces: true,
        writing: None,
    };

    /// Neither: for a network of the user's own alone.
    pub const NOTHING: Self = Self {
        faces: false,
        writing: None,
    };

    /// Writing and no faces.
    #[must_use]
    pub const fn only(writing: Writing) -> Self {
        Self {
            faces: false,
            writing: Some(writing),
        }
    }

    /// The same and this writing.
    #[must_use]
    pub const fn and(mut self, writing: Writing) -> Self {
        self.writing = Some(writing);
        self
    }
}

impl Default for Cover {
    fn default() -> Self {
        Self::FACES
    }
}
