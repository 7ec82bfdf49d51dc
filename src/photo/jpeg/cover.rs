//! Covers a JPEG where its samples are: gives out each component as a plane, with what it means.
//!
//! Invariant: only blocks that hold a touched sample change, see
//! [`ComponentMut::edit_samples`].

use super::uneven;
use super::{rect, size};
use crate::error::Result;
use crate::geometry::PixelRect;
use crate::parallel;
use crate::plane::{AnyPlaneMut, Channel, Layout, PlaneMut, Touched};
use jpeg_coefficients::{CodedImage, ColorModel, ComponentMut, Frame, SIDE};

/// See [`Photo::edit`](crate::photo::Photo::edit).
pub(super) fn edit(
    coded: &mut CodedImage,
    model: ColorModel,
    touched: &dyn Fn(&Layout) -> Vec<PixelRect>,
    change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
) -> Result<()> {
    let frame = coded.frame().clone();
    let touched = |layout: &Layout| Touched::from(touched(layout));
    let mut parts = coded.components_mut().into_iter().enumerate();
    parts.try_for_each(|(index, part)| {
        edit_component(part, &frame, (model, index), &touched, change)
    })
}

/// See [`Photo::edit_at_once`](crate::photo::Photo::edit_at_once).
pub(super) fn edit_at_once(
    coded: &mut CodedImage,
    model: ColorModel,
    touched: &(dyn Fn(&Layout) -> Touched + Sync),
    change: &(dyn Fn(AnyPlaneMut<'_>, Channel) + Sync),
) -> Result<()> {
    let frame = coded.frame().clone();
    let parts = coded.components_mut().into_iter().enumerate().collect();
    let done = parallel::map(parts, |(index, part)| {
        let mut change = |plane: AnyPlaneMut<'_>, channel| change(plane, channel);
        edit_component(part, &frame, (model, index), touched, &mut change)
    });
    done.into_iter().collect()
}

/// One component, the `index`-th.
fn edit_component(
    mut part: ComponentMut<'_>,
    frame: &Frame,
    (model, index): (ColorModel, usize),
    touched: &dyn Fn(&Layout) -> Touched,
    change: &mut dyn FnMut(AnyPlaneMut<'_>, Channel),
) -> Result<()> {
    let component = frame.components[index];
    let meaning = Meaning::of(model, index);
    let (h, v) = component.factors;
    let mut layout = Layout {
        size: size(component.samples),
        stride: component.own.0 * SIDE,
        step: 1,
        subsampling: ((frame.most.0 / h) as u32, (frame.most.1 / v) as u32),
    };
    let even = frame.most.0.is_multiple_of(h) && frame.most.1.is_multiple_of(v);
    let Touched { rects, unread } = if even {
        touched(&layout)
    } else {
        let whole = Layout::dense(size(frame.size));
        uneven::outward(&touched(&whole).rects, frame, &component).into()
    };
    let for_codec = |rects: &[PixelRect]| rects.iter().copied().map(rect).collect::<Vec<_>>();
    part.overwrite_samples(
        &for_codec(&rects),
        &for_codec(&unread),
        |part| -> Result<()> {
            layout.stride = part.stride;
            let samples = part.samples;
            meaning.turn(samples);
            if even {
                let plane = PlaneMut::new(&mut *samples, layout)?;
                change(AnyPlaneMut::U8(plane), meaning.channel);
            } else {
                layout.subsampling = (1, 1);
                let plane = PlaneMut::new(&mut *samples, layout)?;
                uneven::change(plane, frame, &component, &rects, &mut |plane| {
                    change(AnyPlaneMut::U8(plane), meaning.channel);
                })?;
            }
            meaning.turn(samples);
            Ok(())
        },
    )
}

/// What a component's samples mean to those who change them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Meaning {
    channel: Channel,
    /// Stored the other way round: what is 0 there is 255 (256 for colour differences) here.
    inverted: bool,
}

impl Meaning {
    fn of(model: ColorModel, component: usize) -> Self {
        use Channel as C;
        const YCC: [Channel; 3] = [C::Luma, C::BlueDifference, C::RedDifference];
        const RGB: [Channel; 3] = [C::Red, C::Green, C::Blue];
        let black = C::InvertedBlack;
        let of = |three: [Channel; 3]| three.get(component).copied().unwrap_or(black);
        let channel = match model {
            ColorModel::Grey => C::Luma,
            ColorModel::YCbCr | ColorModel::Ycck => of(YCC),
            ColorModel::Rgb | ColorModel::Cmyk => of(RGB),
        };
        Self {
            channel,
            inverted: model == ColorModel::Ycck && channel != black,
        }
    }

    /// From stored to seen, and back.
    fn turn(self, samples: &mut [u8]) {
        if self.inverted {
            let middle = u8::from(self.channel != Channel::Luma);
            for v in samples {
                *v = (255 - *v).saturating_add(middle);
            }
        }
    }
}
