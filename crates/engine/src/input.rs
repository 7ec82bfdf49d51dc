//! What a network is shown: rows of three planes, which an engine asks for when it needs them.

use crate::error::{Error, ErrorKind, Result};

/// Width and height of an input in whole pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// `width` by `height` pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Number of pixels.
    #[must_use]
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }
}

/// A picture as a network sees it.
pub trait Input: Sync {
    /// Both sides, in pixels.
    fn size(&self) -> Size;

    /// Writes row `y`, counted from the top: `width` floats of each plane, in the channel order and
    /// range that the model's contract names. An engine may ask for a row more than once, and from
    /// several threads.
    fn row(&self, y: usize, planes: [&mut [f32]; 3]);
}

/// An error unless the input is of the size that a session was made for.
pub(super) fn check_size(input: &dyn Input, expected: Size) -> Result<()> {
    let size = input.size();
    if size == expected {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Internal,
        format!(
            "an input of {}x{} was given to a network of {}x{}",
            size.width, size.height, expected.width, expected.height
        ),
    ))
}

/// Three planes of floats, one after the other, each `height` rows of `width`.
pub struct Planes<D> {
    size: Size,
    data: D,
}

impl<D: AsRef<[f32]>> Planes<D> {
    /// Takes the floats of all three planes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if `data` is not `3 * width * height` long.
    pub fn new(size: Size, data: D) -> Result<Self> {
        let floats = data.as_ref().len();
        if floats as u64 != 3 * size.area() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "{floats} floats are not three planes of {}x{}",
                    size.width, size.height
                ),
            ));
        }
        Ok(Self { size, data })
    }
}

impl<D: AsRef<[f32]> + Sync> Input for Planes<D> {
    fn size(&self) -> Size {
        self.size
    }

    fn row(&self, y: usize, planes: [&mut [f32]; 3]) {
        let (width, area) = (self.size.width as usize, self.size.area() as usize);
        for (line, plane) in planes
            .into_iter()
            .zip(self.data.as_ref().chunks_exact(area))
        {
            line.copy_from_slice(&plane[y * width..][..width]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_as_long_as_their_size_says_and_give_their_rows() {
        let size = Size::new(3, 2);
        for floats in [0, 17, 19] {
            assert!(Planes::new(size, vec![0.0; floats]).is_err());
        }
        let data: Vec<f32> = (0..18u8).map(f32::from).collect();
        let planes = Planes::new(size, data).expect("3 planes of 6");
        let mut rows = [[0.0; 3]; 3];
        planes.row(1, rows.each_mut().map(|r| r.as_mut_slice()));
        assert_eq!(
            rows,
            [[3.0, 4.0, 5.0], [9.0, 10.0, 11.0], [15.0, 16.0, 17.0]]
        );
        assert!(check_size(&planes, size).is_ok());
        assert!(check_size(&planes, Size::new(2, 3)).is_err());
    }
}
