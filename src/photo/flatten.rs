//! A picture with opacity as viewers show it: laid over a plain backdrop. A face can be drawn by
//! opacity alone, black on nothing for instance, and is in no colour then.

use super::raster::{Model, Raster, Samples};
use crate::error::Result;
use crate::geometry::{Orientation, PixelRect, Size};
use crate::picture::{Picture, RgbImage};
use crate::plane::Sample;

/// The greys of what viewers lay pictures over, 0 to 255.
pub(crate) const BACKDROPS: [u8; 2] = [255, 0];

/// A frame over a backdrop.
pub(crate) struct Flattened {
    raster: Raster,
    orientation: Orientation,
}

impl Flattened {
    /// `None` if every pixel is opaque or not there at all: then its colours show all that there is
    /// to see.
    pub(super) fn new(
        raster: &Raster,
        orientation: Orientation,
        backdrop: u8,
    ) -> Result<Option<Self>> {
        let colours = match raster.model() {
            Model::GreyAlpha => 1,
            Model::Rgba => 3,
            Model::Grey | Model::Rgb | Model::InvertedCmyk => return Ok(None),
        };
        let flat = match raster.samples() {
            Samples::U8(v) => over(v, colours, backdrop),
            Samples::U16(v) => over(v, colours, backdrop),
        };
        let Some(flat) = flat else { return Ok(None) };
        let model = match colours {
            1 => Model::Grey,
            _ => Model::Rgb,
        };
        let raster = Raster::new(raster.size(), model, Samples::U8(flat))?;
        Ok(Some(Self {
            raster,
            orientation,
        }))
    }
}

impl Picture for Flattened {
    fn size(&self) -> Size {
        self.orientation.upright_size(self.raster.size())
    }

    fn view(&self, crop: PixelRect, size: Size) -> Result<RgbImage> {
        self.raster.view(self.orientation, crop, size)
    }
}

/// Pixels of `colours` samples and their opacity, over `backdrop`: `c * a + b * (1 - a)` in values
/// as they are coded.
fn over<T: Sample>(data: &[T], colours: usize, backdrop: u8) -> Option<Vec<u8>> {
    let opacity = |pixel: &[T]| pixel[colours].to_f32() / T::MAX;
    let pixels = data.chunks_exact(colours + 1);
    { pixels.clone() }.find(|p| (0.0..1.0).contains(&opacity(p)) && opacity(p) > 0.0)?;
    let mut out = Vec::with_capacity(data.len() / (colours + 1) * colours);
    for pixel in pixels {
        let a = opacity(pixel);
        out.extend(pixel[..colours].iter().map(|c| {
            let c = c.to_f32() * 255.0 / T::MAX;
            (c * a + f32::from(backdrop) * (1.0 - a)).round() as u8
        }));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opacity_alone_draws_is_seen_over_a_backdrop() {
        let data = vec![0, 255, 0, 51, 200, 0];
        let raster = Raster::new(Size::new(3, 1), Model::GreyAlpha, Samples::U8(data));
        let raster = raster.expect("a raster");
        let seen = |backdrop| {
            let flat = Flattened::new(&raster, Orientation::Normal, backdrop);
            let flat = flat.expect("in memory").expect("it is partly transparent");
            let all = flat.view(PixelRect::of(flat.size()), flat.size());
            let pixels = all.expect("pixels").data().to_vec();
            pixels.chunks(3).map(|p| p[0]).collect::<Vec<_>>()
        };
        assert_eq!(seen(255), [0, 204, 255]);
        assert_eq!(seen(0), [0, 0, 0]);
    }

    #[test]
    fn pixels_that_are_there_or_not_need_no_backdrop() {
        for (model, data) in [
            (Model::GreyAlpha, vec![9, 255, 7, 0]),
            (Model::Grey, vec![9, 128]),
        ] {
            let raster = Raster::new(Size::new(2, 1), model, Samples::U8(data));
            let raster = raster.expect("a raster");
            let flat = Flattened::new(&raster, Orientation::Normal, 255);
            assert!(flat.expect("in memory").is_none());
        }
    }
}
