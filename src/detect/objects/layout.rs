//! The forms in which networks say what they found. Which one a network has follows from the shape
//! of its output, once it has run on an empty picture.
//!
//! Invariant: a shape that fits none, or more than one, is no form; boxes that are not finite never
//! come out.

use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Rect, Size};
use faceveil_engine::Tensor;

/// What an output holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Layout {
    /// `[1, 4 + C + more, N]`, YOLOv8 and its successors: middle, width and height of N boxes, then
    /// a score for each class. What comes behind the classes (masks, key points) is passed over.
    Columns { classes: usize },
    /// `[1, N, 6]` or `[N, 6]`: left, top, right, bottom, score, class of boxes without doubles.
    Listed,
    /// `[1, N, 7]` or `[N, 7]`: picture, left, top, right, bottom, class, score.
    Numbered,
    /// `[1, N, 5 + C]`, YOLOv5 to v7 and YOLOX: middle, width, height, a score that there is an
    /// object, and one for each class. `raw`: sides are logarithms and middles offsets, in units of
    /// the cells.
    Rows { classes: usize, raw: bool },
}

/// What a network is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Inks {
    /// Red, green, blue, 0 to 1.
    Unit,
    /// Blue, green, red, 0 to 255, as YOLOX has it.
    Bytes,
}

/// A box on the canvas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) area: Rect,
    pub(super) score: f32,
    pub(super) class: usize,
}

/// Cells of networks with three outputs, and with a fourth one for large objects.
const STRIDES: [&[u32]; 2] = [&[8, 16, 32], &[8, 16, 32, 64]];

fn cells(size: Size, strides: &[u32]) -> usize {
    let of = |s: &u32| (size.width / s) as usize * (size.height / s) as usize;
    strides.iter().map(of).sum()
}

/// The strides of rows that are so many, and how many rows there are for each cell.
fn grid(size: Size, rows: usize) -> Option<(&'static [u32], usize)> {
    let all = STRIDES.into_iter().flat_map(|s| [(s, 1), (s, 3)]);
    all.into_iter()
        .find(|(strides, anchors)| rows == cells(size, strides) * anchors)
}

impl Layout {
    /// The form of an output that a network gave for an empty picture of this size, and what the
    /// network is to be shown. `names`: how many classes its file names. `more`: whether values
    /// behind those of the classes are known to be something else.
    pub(super) fn recognise(
        output: &Tensor,
        size: Size,
        names: Option<usize>,
        more: bool,
    ) -> Option<(Self, Inks)> {
        let (rows, columns) = match output.shape[..] {
            [1, rows, columns] => (rows, columns),
            [rows, columns] if matches!(columns, 6 | 7) => (rows, columns),
            _ => return None,
        };
        let is_listed = matches!(columns, 6 | 7);
        let fits = |classes: usize| names.is_none_or(|n| n == classes);
        if output.shape.len() == 3
            && columns >= 6
            && let Some((_, anchors)) = grid(size, rows)
            && fits(columns - 5)
            // As many cells as values are in columns: there are more boxes than classes.
            && (names.is_some() || columns < rows)
        {
            let raw = anchors == 1 && is_raw(&output.data, columns);
            let inks = if anchors == 1 {
                Inks::Bytes
            } else {
                Inks::Unit
            };
            let classes = columns - 5;
            return Some((Self::Rows { classes, raw }, inks));
        }
        if is_listed {
            let layout = if columns == 6 {
                Self::Listed
            } else {
                Self::Numbered
            };
            return Some((layout, Inks::Unit));
        }
        let classes = match (rows.checked_sub(4)?, names) {
            (0, _) => return None,
            (there, Some(names)) if more && names <= there => names,
            (there, _) if fits(there) && !more => there,
            _ => return None,
        };
        (columns > rows).then_some((Self::Columns { classes }, Inks::Unit))
    }

    /// The classes that it has values for; `None` where each box carries its number.
    pub(super) const fn classes(self) -> Option<usize> {
        match self {
            Self::Columns { classes } | Self::Rows { classes, .. } => Some(classes),
            Self::Listed | Self::Numbered => None,
        }
    }

    /// Whether one object may be listed several times.
    pub(super) const fn has_doubles(self) -> bool {
        matches!(self, Self::Columns { .. } | Self::Rows { .. })
    }

    /// The boxes of an output with at least this score, of the classes that count. Of one with
    /// several, the likeliest of those that count.
    ///
    /// # Errors
    /// [`ErrorKind::Engine`] if the output has another form than the one for the empty picture.
    pub(super) fn decode(
        self,
        output: &Tensor,
        size: Size,
        least: f32,
        counts: &dyn Fn(usize) -> bool,
    ) -> Result<Vec<Found>> {
        let columns = output.shape.last().copied().unwrap_or_default();
        let rows = output.data.len().checked_div(columns).unwrap_or_default();
        let is_other = match self {
            Self::Columns { classes } => {
                output.shape.len() != 3 || rows < 4 + classes || output.shape[1] != rows
            }
            Self::Listed => columns != 6,
            Self::Numbered => columns != 7,
            Self::Rows { classes, .. } => columns != 5 + classes,
        };
        if is_other {
            let what = format!("the model gave an output of {:?} this time", output.shape);
            return Err(Error::new(ErrorKind::Engine, what));
        }
        let data = &output.data;
        let best = |score: &dyn Fn(usize) -> f32, classes: usize| {
            let all = (0..classes).filter(|c| counts(*c)).map(|c| (score(c), c));
            all.max_by(|a, b| a.0.total_cmp(&b.0))
        };
        let middle = |[x, y, w, h]: [f32; 4]| {
            Rect::from_corners(x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0)
        };
        let mut found = Vec::new();
        let mut add = |area: Option<Rect>, score: f32, class: usize| {
            if let Some(area) = area.filter(|a| a.area() > 0.0)
                && score.is_finite()
                && score >= least
                && counts(class)
            {
                found.push(Found {
                    area,
                    score: score.min(1.0),
                    class,
                });
            }
        };
        match self {
            Self::Columns { classes } => {
                for n in 0..columns {
                    let at = |row: usize| data[row * columns + n];
                    if let Some((score, class)) = best(&|c| at(4 + c), classes) {
                        add(middle([at(0), at(1), at(2), at(3)]), score, class);
                    }
                }
            }
            Self::Listed => {
                for row in data.as_chunks::<6>().0 {
                    let [l, t, r, b, score, class] = *row;
                    if let Some(class) = number(class) {
                        add(Rect::from_corners(l, t, r, b), score, class);
                    }
                }
            }
            Self::Numbered => {
                for row in data.as_chunks::<7>().0 {
                    let [_, l, t, r, b, class, score] = *row;
                    if let Some(class) = number(class) {
                        add(Rect::from_corners(l, t, r, b), score, class);
                    }
                }
            }
            Self::Rows { classes, raw } => {
                let cells = raw.then(|| grid(size, rows).map(|(strides, _)| strides));
                let mut cells = cells.flatten().map(|strides| cells_of(size, strides));
                for row in data.chunks_exact(columns) {
                    let place = [row[0], row[1], row[2], row[3]];
                    let place = match cells.as_mut().and_then(Iterator::next) {
                        Some((x, y, stride)) => [
                            (place[0] + x) * stride,
                            (place[1] + y) * stride,
                            place[2].exp() * stride,
                            place[3].exp() * stride,
                        ],
                        None => place,
                    };
                    if let Some((score, class)) = best(&|c| row[4] * row[5 + c], classes) {
                        add(middle(place), score, class);
                    }
                }
            }
        }
        Ok(found)
    }
}

/// The number of a class; lists are filled up with -1.
fn number(class: f32) -> Option<usize> {
    (class >= 0.0).then(|| class.round() as usize)
}

/// Column, row and stride of all cells in the order of the rows.
fn cells_of(size: Size, strides: &'static [u32]) -> impl Iterator<Item = (f32, f32, f32)> {
    strides.iter().flat_map(move |&s| {
        let (columns, rows) = (size.width / s, size.height / s);
        (0..rows).flat_map(move |y| (0..columns).map(move |x| (x as f32, y as f32, s as f32)))
    })
}

/// Whether middles are offsets in their cells: then they are small all over the canvas, and
/// otherwise half a canvas on average.
fn is_raw(data: &[f32], columns: usize) -> bool {
    let finite = |row: &[f32]| f64::from(row[0].abs().min(1e6));
    let rows = data.len() / columns;
    let sum: f64 = data.chunks_exact(columns).map(finite).sum();
    sum / (rows.max(1) as f64) < OFFSETS
}

/// Middles that are offsets are smaller than so many cells on average, and the mean pixel of the
/// smallest canvas is farther to the right.
const OFFSETS: f64 = 8.0;

#[cfg(test)]
mod tests;
