//! What becomes of blocks when samples are covered.

use super::super::cover;
use crate::geometry::PixelRect;
use crate::plane::{self, AnyPlaneMut, Channel};
use jpeg_coefficients::testing::{Layout, Random, Script, layouts, whole_file};
use jpeg_coefficients::{Block, CodedImage, ColorModel, LARGEST, Process, Size};
use proptest::prelude::*;

/// The samples of a plane that stand for pixels of a rectangle.
fn samples_of(part: PixelRect, layout: &plane::Layout) -> PixelRect {
    let (across, down) = layout.subsampling;
    let (x, y) = (part.x / across, part.y / down);
    let right = part.right().div_ceil(across).min(layout.size.width);
    let bottom = part.bottom().div_ceil(down).min(layout.size.height);
    PixelRect::new(x, y, right - x, bottom - y)
}

/// Fills a rectangle of pixels, in every plane, with the mean of the samples that touch it from
/// outside, or with `value` where there are none.
fn fill(coded: &mut CodedImage, model: ColorModel, part: PixelRect, value: u8) {
    let touched = |layout: &plane::Layout| vec![samples_of(part, layout)];
    cover::edit(coded, model, &touched, &mut |plane, _| {
        let AnyPlaneMut::U8(mut plane) = plane else {
            panic!("eight bits a sample")
        };
        let inside = samples_of(part, plane.layout());
        let size = plane.layout().size;
        let around = inside.expanded(3, size);
        let (mut sum, mut count) = (0, 0);
        for y in around.y..around.bottom() {
            for x in around.x..around.right() {
                if !inside.overlaps(&PixelRect::new(x, y, 1, 1)) {
                    sum += u32::from(plane.get(x as usize, y as usize));
                    count += 1;
                }
            }
        }
        let value = sum.checked_div(count).map_or(value, |mean| mean as u8);
        for y in inside.y..inside.bottom() {
            for x in inside.x..inside.right() {
                plane.set(x as usize, y as usize, value);
            }
        }
    })
    .expect("planes fit");
}

fn model(layout: &Layout) -> ColorModel {
    match layout.factors.len() {
        1 => ColorModel::Grey,
        3 => ColorModel::YCbCr,
        _ => ColorModel::Ycck,
    }
}

/// Pixels `from..to` that a block stands for in one direction.
fn pixels(block: usize, most: usize, own: usize) -> (usize, usize) {
    (
        block * 8 * most / own,
        ((block + 1) * 8 * most).div_ceil(own),
    )
}

/// Calls `visit` with component, column and row of each block, and the pixels that it stands for.
fn each_block(coded: &CodedImage, mut visit: impl FnMut(usize, usize, usize, [usize; 4])) {
    let most = coded.frame().most;
    for (index, component) in coded.frame().components.iter().enumerate() {
        for y in 0..component.padded.1 {
            for x in 0..component.padded.0 {
                let (left, right) = pixels(x, most.0, component.factors.0);
                let (top, bottom) = pixels(y, most.1, component.factors.1);
                visit(index, x, y, [left, top, right, bottom]);
            }
        }
    }
}

/// Noise, its values far beyond what samples can show.
fn noise(random: &mut Random) -> Block {
    std::array::from_fn(|_| random.below(2 * LARGEST as usize) as i16 - LARGEST as i16)
}

fn part() -> impl Strategy<Value = PixelRect> {
    (0u32..83, 0u32..59, 1u32..50, 1u32..50)
        .prop_map(|(x, y, w, h)| PixelRect::new(x, y, w.min(83 - x), h.min(59 - y)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_block_that_nothing_touches_keeps_its_coefficients(
        which in 0usize..1000, part in part(), seed in 0u64..1000,
    ) {
        let layouts = layouts();
        let (name, layout) = &layouts[which % layouts.len()];
        let before = layout.picture(seed);
        let mut after = before.clone();
        fill(&mut after, model(layout), part, 90);
        let (right, bottom) = (part.right() as usize, part.bottom() as usize);
        let size = (layout.size.width as usize, layout.size.height as usize);
        let most = before.frame().most;
        each_block(&before, |c, x, y, [l, t, r, b]| {
            let factors = before.frame().components[c].factors;
            // A sample stands for this many pixels, and all of them count.
            let (more_x, more_y) = (most.0.div_ceil(factors.0), most.1.div_ceil(factors.1));
            let near = (part.x as usize) < r + more_x && right + more_x > l && (part.y as usize) < b + more_y && bottom + more_y > t;
            // Padding follows the blocks at the edge.
            let padding = l >= size.0 || t >= size.1;
            if !near && !padding {
                assert!(before.plane(c).block(x, y) == after.plane(c).block(x, y), "{name} {c} {x} {y}");
            }
        });
    }

    #[test]
    fn what_lies_under_a_mask_does_not_change_the_file(
        which in 0usize..1000, part in part(), seed in 0u64..1000,
    ) {
        let layouts = layouts();
        let (name, layout) = &layouts[which % layouts.len()];
        let one = layout.picture(seed);
        let mut other = one.clone();
        let mut random = Random(seed + 9);
        let (right, bottom) = (part.right() as usize, part.bottom() as usize);
        let size = (layout.size.width as usize, layout.size.height as usize);
        // Blocks all of whose pixels lie inside, or beyond the picture behind such: anything may be
        // in them, also what no samples show.
        let mut changed = 0;
        each_block(&one, |c, x, y, [l, t, r, b]| {
            let covers = |from: usize, to: usize, first: u32, end: usize, side: usize| {
                from >= first as usize && (to.min(side) <= end) && (from < side)
            };
            if covers(l, r, part.x, right, size.0) && covers(t, b, part.y, bottom, size.1) {
                other.plane_mut(c).set(x, y, &noise(&mut random));
                changed += 1;
            }
        });
        let (mut a, mut b) = (one, other);
        fill(&mut a, model(layout), part, 90);
        fill(&mut b, model(layout), part, 90);
        prop_assert!(whole_file(&a) == whole_file(&b), "{name}: {changed} blocks");
    }
}

#[test]
fn detail_beyond_white_does_not_survive_in_a_block_at_a_masks_edge() {
    let layout = Layout::new(Process::Baseline, &[(1, 1)], Script::Together);
    let mut plain = layout.picture(1);
    let mut hidden = plain.clone();
    let mut white = [0; 64];
    white[0] = 1500;
    plain.plane_mut(0).set(2, 2, &white);
    // Nothing of this shows: every sample stays far beyond white.
    (white[1], white[7], white[20]) = (40, -30, 50);
    hidden.plane_mut(0).set(2, 2, &white);
    let part = PixelRect::new(20, 20, 9, 9);
    fill(&mut plain, ColorModel::Grey, part, 0);
    fill(&mut hidden, ColorModel::Grey, part, 0);
    assert!(whole_file(&plain) == whole_file(&hidden));
}

#[test]
fn padding_behind_a_covered_edge_holds_nothing_of_the_old_picture() {
    let factors = [(4, 2), (1, 1), (1, 1)];
    let mut layout = Layout::new(Process::Baseline, &factors, Script::Together);
    layout.size = Size::new(41, 9);
    let mut picture = layout.picture(1);
    let mut random = Random(3);
    let blocks = picture.frame().components[0];
    assert!(blocks.padded.0 > blocks.own.0);
    for x in blocks.own.0..blocks.padded.0 {
        picture.plane_mut(0).set(x, 0, &noise(&mut random));
    }
    fill(
        &mut picture,
        ColorModel::YCbCr,
        PixelRect::new(30, 0, 11, 9),
        0,
    );
    for x in blocks.own.0..blocks.padded.0 {
        let block = picture.plane(0).block(x, 0);
        assert!(block[1..].iter().all(|&value| value == 0));
        assert_eq!(block[0], picture.plane(0).block(blocks.own.0 - 1, 0)[0]);
    }
}

#[test]
fn every_channel_is_handed_out_as_what_it_means() {
    use Channel as C;
    for (model, expected) in [
        (ColorModel::Grey, &[C::Luma][..]),
        (
            ColorModel::YCbCr,
            &[C::Luma, C::BlueDifference, C::RedDifference],
        ),
        (ColorModel::Rgb, &[C::Red, C::Green, C::Blue]),
        (
            ColorModel::Cmyk,
            &[C::Red, C::Green, C::Blue, C::InvertedBlack],
        ),
        (
            ColorModel::Ycck,
            &[
                C::Luma,
                C::BlueDifference,
                C::RedDifference,
                C::InvertedBlack,
            ],
        ),
    ] {
        let factors = vec![(1, 1); expected.len()];
        let mut picture = Layout::new(Process::Baseline, &factors, Script::Together).picture(1);
        let mut seen = Vec::new();
        let first = |_: &plane::Layout| vec![PixelRect::new(0, 0, 1, 1)];
        cover::edit(&mut picture, model, &first, &mut |_, channel| {
            seen.push(channel)
        })
        .expect("fits");
        assert_eq!(seen, expected);
    }
}
