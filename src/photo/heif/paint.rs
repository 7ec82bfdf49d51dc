//! Puts a picture together: coded ones, grids of tiles and pictures that are others turned, each
//! with its opacity, its clean aperture, its turns and its mirrorings (23008-12, 6.5 and 6.6).
//!
//! Invariant: nothing is nested deeper than [`DEEPEST`], and a decoder is never allowed more pixels
//! than the picture that it decodes for has, but for the padding of its blocks.

use super::super::boxes::Reader;
use super::super::guard::{Budget, malformed, unsupported};
use super::super::raster::{Model, Raster, Samples, cut};
use super::items::{CodePoints, Items, Property};
use super::yuv::{Planes, Rows};
use crate::error::{Error, Result};
use crate::geometry::{Orientation, PixelRect, Size};
use crate::plane::Sample;

/// A turned grid of turned tiles is as deep as it gets.
const DEEPEST: u32 = 3;
/// Coded pictures are rounded up to whole blocks; HEVC and AV1 know blocks of up to 128 pixels.
const PADDING: u64 = 128;

/// A picture, upright.
pub(super) struct Painted {
    pub(super) raster: Raster,
    /// What the bitstream says of its colour.
    pub(super) colour: CodePoints,
    /// Whether colour was coded at half the size.
    pub(super) subsampled: bool,
}

/// What an item's own property says of its colour.
pub(super) fn code_points(items: &Items<'_>, id: u32) -> Option<CodePoints> {
    items.properties(id).find_map(|p| match p {
        Property::Colour(points) => Some(*points),
        _ => None,
    })
}

fn damaged(what: &str) -> Error {
    malformed(format!("{what} in the file is damaged"))
}

/// Decodes items.
pub(super) struct Painter<'a> {
    items: &'a Items<'a>,
    budget: &'a mut Budget,
}

/// Rows of tiles.
struct Grid {
    across: u32,
    down: u32,
    size: Size,
}

impl Grid {
    /// 23008-12, 6.6.2.3.2.
    fn read(data: &[u8]) -> Option<Self> {
        let mut read = Reader::new(data);
        if read.small(1)? != 0 {
            return None;
        }
        let wide = if read.small(1)? & 1 == 1 { 4 } else { 2 };
        let (down, across) = (read.small(1)? + 1, read.small(1)? + 1);
        Some(Self {
            across,
            down,
            size: Size::new(read.small(wide)?, read.small(wide)?),
        })
    }
}

impl<'a> Painter<'a> {
    pub(super) fn new(items: &'a Items<'a>, budget: &'a mut Budget) -> Self {
        Self { items, budget }
    }

    /// An item with its opacity, cut and turned.
    pub(super) fn upright(&mut self, id: u32) -> Result<Painted> {
        self.item(id, 0)
    }

    fn item(&mut self, id: u32, depth: u32) -> Result<Painted> {
        if depth > DEEPEST {
            return Err(malformed("pictures in the file are nested too deeply"));
        }
        self.items.ensure_known(id)?;
        let mut painted = match &self.items.item(id)?.kind {
            b"hvc1" | b"av01" => self.coded(id)?,
            b"grid" => self.grid(id)?,
            b"iden" => match *self.items.to(id, b"dimg") {
                [source] => self.item(source, depth + 1)?,
                _ => return Err(damaged("a picture that is another one turned")),
            },
            kind => {
                return Err(unsupported(format!(
                    "pictures of the kind `{}` in a HEIF file are not handled; convert it to JPEG \
                     or PNG first",
                    kind.escape_ascii()
                )));
            }
        };
        if let Some(alpha) = self.opacity_of(id) {
            let raster = self.with_opacity(painted.raster, id, alpha)?;
            painted.raster = raster;
        }
        painted.raster = self.turned(id, painted.raster)?;
        Ok(painted)
    }

    /// The item that holds another one's opacity.
    fn opacity_of(&self, id: u32) -> Option<u32> {
        let is_alpha = |aux: &u32| {
            self.items.purpose(*aux).is_some_and(|p| {
                matches!(
                    p,
                    "urn:mpeg:hevc:2015:auxid:1" | "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
                )
            })
        };
        self.items.from(id, b"auxl").find(is_alpha)
    }

    /// Planes of a coded item, of which `size` are wanted.
    fn planes(&self, id: u32, size: Size) -> Result<Planes> {
        let most = (u64::from(size.width) + PADDING) * (u64::from(size.height) + PADDING);
        let kind = self.items.item(id)?.kind;
        let setup = self.items.properties(id).find_map(|p| match p {
            Property::Setup(name, body) => Some((*name, *body)),
            _ => None,
        });
        let planes = match (&kind, setup) {
            #[cfg(feature = "heic")]
            (b"hvc1", Some((name, body))) if name == *b"hvcC" => {
                super::hevc::decode(body, &self.items.data(id)?, most)?
            }
            #[cfg(feature = "avif")]
            (b"av01", Some((name, _))) if name == *b"av1C" => {
                super::av1::decode(&self.items.data(id)?, most)?
            }
            (b"hvc1" | b"av01", Some(_)) => {
                let _ = most;
                return Err(unsupported(
                    "the codec of a picture in the file is not in this build",
                ));
            }
            (b"hvc1" | b"av01", None) => return Err(damaged("the setup of a picture")),
            _ => return Err(damaged("a tile or a picture's opacity")),
        };
        planes.check()?;
        let full = planes.luma.size;
        if full.width < size.width || full.height < size.height {
            return Err(malformed("a picture in the file is smaller than it says"));
        }
        Ok(planes)
    }

    fn announced(&self, id: u32) -> Result<Size> {
        let size = self.items.size(id);
        size.ok_or_else(|| malformed("a picture in the file does not say how large it is"))
    }

    fn coded(&mut self, id: u32) -> Result<Painted> {
        let size = self.announced(id)?;
        self.budget.take(size, 1)?;
        let planes = self.planes(id, size)?;
        let mut sheet = Sheet::new(size, &planes);
        sheet.place(&planes, self.meaning(id, &planes), size, (0, 0))?;
        sheet.finish(&planes)
    }

    /// What a coded item's numbers mean: its property, else what its bitstream says.
    fn meaning(&self, id: u32, planes: &Planes) -> CodePoints {
        code_points(self.items, id).unwrap_or(planes.colour)
    }

    /// Number and size of the tiles, which cover the grid and nothing more.
    fn tiles(&self, id: u32) -> Result<(Grid, &'a [u32], Size)> {
        let grid = Grid::read(&self.items.data(id)?).ok_or_else(|| damaged("a grid of tiles"))?;
        let tiles = self.items.to(id, b"dimg");
        let tile = self.announced(*tiles.first().ok_or_else(|| damaged("a grid of tiles"))?)?;
        let covers = |count: u32, tile: u32, whole: u32| {
            let (count, tile, whole) = (u64::from(count), u64::from(tile), u64::from(whole));
            whole > 0 && count * tile >= whole && (count - 1) * tile < whole
        };
        if tiles.len() as u64 != u64::from(grid.across) * u64::from(grid.down)
            || !covers(grid.across, tile.width, grid.size.width)
            || !covers(grid.down, tile.height, grid.size.height)
        {
            return Err(damaged("a grid of tiles"));
        }
        Ok((grid, tiles, tile))
    }

    fn grid(&mut self, id: u32) -> Result<Painted> {
        let (grid, tiles, tile) = self.tiles(id)?;
        self.budget.take(grid.size, 1)?;
        let said = code_points(self.items, id);
        let mut sheet: Option<(Sheet, Planes)> = None;
        for (number, &one) in (0..).zip(tiles) {
            self.plain(one)?;
            let planes = self.planes(one, tile)?;
            let meaning = code_points(self.items, one)
                .or(said)
                .unwrap_or(planes.colour);
            let at = (
                number % grid.across * tile.width,
                number / grid.across * tile.height,
            );
            let (sheet, _) = sheet.get_or_insert_with(|| {
                let first = Planes {
                    luma: super::yuv::Channel {
                        samples: Vec::new(),
                        ..planes.luma.clone()
                    },
                    ..planes.clone()
                };
                (Sheet::new(grid.size, &planes), first)
            });
            sheet.place(&planes, meaning, tile, at)?;
        }
        match sheet {
            Some((sheet, first)) => sheet.finish(&first),
            None => Err(damaged("a grid of tiles")),
        }
    }

    /// Tiles are coded pictures as they are; nobody turns or cuts them.
    fn plain(&self, tile: u32) -> Result<()> {
        self.items.ensure_known(tile)?;
        let changes = |p: &Property<'_>| {
            matches!(
                p,
                Property::Aperture(_) | Property::Turn(1..) | Property::Mirror(_)
            )
        };
        if self.items.properties(tile).any(changes) || self.opacity_of(tile).is_some() {
            return Err(unsupported(
                "tiles of a picture that are turned, cut or transparent themselves are not handled",
            ));
        }
        Ok(())
    }

    /// Opacity as it is coded: a picture or a grid of its own, of which brightness counts.
    fn opacity(&mut self, id: u32, size: Size) -> Result<Raster> {
        self.items.ensure_known(id)?;
        let painted = match &self.items.item(id)?.kind {
            b"grid" => self.grid(id)?,
            _ => self.coded(id)?,
        };
        if painted.raster.size() != size {
            return Err(unsupported(
                "a picture whose opacity has another size is not handled",
            ));
        }
        Ok(painted.raster)
    }

    fn with_opacity(&mut self, raster: Raster, id: u32, alpha: u32) -> Result<Raster> {
        let alpha_raster = self.opacity(alpha, raster.size())?;
        let multiplied = self.items.to(id, b"prem").contains(&alpha);
        let n = raster.model().channels().len();
        let step = alpha_raster.model().channels().len();
        let model = match raster.model() {
            Model::Grey => Model::GreyAlpha,
            Model::Rgb => Model::Rgba,
            _ => return Err(damaged("a picture's opacity")),
        };
        let samples = match (raster.samples(), alpha_raster.samples()) {
            (Samples::U8(c), Samples::U8(a)) => Samples::U8(joined(c, n, a, step, multiplied)),
            (Samples::U8(c), Samples::U16(a)) => {
                let a: Vec<u8> = a.iter().map(|&v| (v >> 8) as u8).collect();
                Samples::U8(joined(c, n, &a, step, multiplied))
            }
            (Samples::U16(c), Samples::U8(a)) => {
                let a: Vec<u16> = a.iter().map(|&v| u16::from(v) * 257).collect();
                Samples::U16(joined(c, n, &a, step, multiplied))
            }
            (Samples::U16(c), Samples::U16(a)) => Samples::U16(joined(c, n, a, step, multiplied)),
        };
        Raster::new(raster.size(), model, samples)
    }

    /// Applies what turns and cuts, in the order in which the file lists it.
    fn turned(&self, id: u32, mut raster: Raster) -> Result<Raster> {
        for property in self.items.properties(id) {
            let orientation = match property {
                Property::Aperture(numbers) => {
                    let part = aperture(numbers, raster.size())
                        .ok_or_else(|| damaged("the cut of a picture"))?;
                    raster = cut_out(&raster, part)?;
                    continue;
                }
                Property::Turn(1) => Orientation::Rotate270,
                Property::Turn(2) => Orientation::Rotate180,
                Property::Turn(3) => Orientation::Rotate90,
                Property::Mirror(true) => Orientation::FlipVertical,
                Property::Mirror(false) => Orientation::FlipHorizontal,
                _ => continue,
            };
            raster = raster.turned(orientation)?;
        }
        Ok(raster)
    }
}

/// Colours with their opacity behind them.
fn joined<T: Sample>(
    colours: &[T],
    n: usize,
    alpha: &[T],
    step: usize,
    multiplied: bool,
) -> Vec<T> {
    let mut out = Vec::with_capacity(colours.len() / n * (n + 1));
    for (pixel, alpha) in colours.chunks_exact(n).zip(alpha.chunks_exact(step)) {
        let alpha = alpha[0];
        let a = alpha.to_f32();
        if multiplied && a > 0.0 {
            out.extend(pixel.iter().map(|v| T::from_f32(v.to_f32() * T::MAX / a)));
        } else {
            out.extend(pixel);
        }
        out.push(alpha);
    }
    out
}

/// The pixels that a clean aperture leaves (14496-12, 12.1.4), where they are whole.
fn aperture(numbers: &[u32; 8], size: Size) -> Option<PixelRect> {
    let fraction = |i: usize, signed: bool| {
        let (above, below) = (numbers[i], numbers[i + 1]);
        let above = if signed {
            f64::from(above as i32)
        } else {
            f64::from(above)
        };
        (below > 0).then(|| above / f64::from(below))
    };
    let side = |length: f64, offset: f64, whole: u32| {
        let middle = offset + (f64::from(whole) - 1.0) / 2.0;
        let start = (middle - (length - 1.0) / 2.0).round();
        let (start, length) = (start, length.round());
        let inside = start >= 0.0 && length >= 1.0 && start + length <= f64::from(whole);
        inside.then_some((start as u32, length as u32))
    };
    let (x, width) = side(fraction(0, false)?, fraction(4, true)?, size.width)?;
    let (y, height) = side(fraction(2, false)?, fraction(6, true)?, size.height)?;
    Some(PixelRect::new(x, y, width, height))
}

fn cut_out(raster: &Raster, part: PixelRect) -> Result<Raster> {
    let (size, n) = (raster.size(), raster.model().channels().len());
    let samples = match raster.samples() {
        Samples::U8(v) => Samples::U8(cut(v, size, n, part)),
        Samples::U16(v) => Samples::U16(cut(v, size, n, part)),
    };
    Raster::new(part.size(), raster.model(), samples)
}

/// The picture that tiles are placed on.
struct Sheet {
    size: Size,
    model: Model,
    samples: Samples,
    bits: u8,
}

impl Sheet {
    /// An empty one for pictures like `first`.
    fn new(size: Size, first: &Planes) -> Self {
        let model = match first.chroma {
            Some(_) => Model::Rgb,
            None => Model::Grey,
        };
        let count = size.area() as usize * model.channels().len();
        let bits = bits(first);
        Self {
            size,
            model,
            samples: match bits {
                8 => Samples::U8(vec![0; count]),
                _ => Samples::U16(vec![0; count]),
            },
            bits,
        }
    }

    /// Fills the place of a tile, as far as it lies on the sheet.
    fn place(
        &mut self,
        planes: &Planes,
        meaning: CodePoints,
        tile: Size,
        (x, y): (u32, u32),
    ) -> Result<()> {
        let is_colour = self.model == Model::Rgb;
        if bits(planes) != self.bits || planes.chroma.is_some() != is_colour {
            return Err(malformed("tiles of a picture in the file do not match"));
        }
        let part = Size::new(
            tile.width.min(self.size.width - x),
            tile.height.min(self.size.height - y),
        );
        let step = self.model.channels().len();
        let stride = self.size.width as usize * step;
        let start = y as usize * stride + x as usize * step;
        match &mut self.samples {
            Samples::U8(v) => {
                let samples = &mut v[start..];
                planes.fill(
                    meaning,
                    part,
                    &mut Rows {
                        samples,
                        stride,
                        step,
                    },
                )
            }
            Samples::U16(v) => {
                let samples = &mut v[start..];
                planes.fill(
                    meaning,
                    part,
                    &mut Rows {
                        samples,
                        stride,
                        step,
                    },
                )
            }
        }
    }

    fn finish(self, first: &Planes) -> Result<Painted> {
        Ok(Painted {
            raster: Raster::new(self.size, self.model, self.samples)?,
            colour: first.colour,
            subsampled: first.is_subsampled(),
        })
    }
}

/// The most bits of any channel.
fn bits(planes: &Planes) -> u8 {
    let colours = planes.chroma.iter().flatten().map(|c| c.bits);
    colours.fold(planes.luma.bits, u8::max)
}
