//! The promises of masks, over random shapes, planes and pictures.

mod examples;

use super::*;
use crate::geometry::Point;
use crate::plane::Layout;
use proptest::prelude::*;

const CHANNELS: [Channel; 8] = [
    Channel::Red,
    Channel::Green,
    Channel::Blue,
    Channel::Luma,
    Channel::BlueDifference,
    Channel::RedDifference,
    Channel::Alpha,
    Channel::InvertedBlack,
];

fn rect(x: f32, y: f32, width: f32, height: f32) -> Rect {
    Rect::new(x, y, width, height).expect("finite and positive")
}

/// A mask anywhere on or beyond a picture of 60x50, from less than a pixel to more than the
/// picture.
fn region() -> impl Strategy<Value = Region> {
    let side = || prop_oneof![0.01f32..2.0, 2.0f32..30.0, 30.0f32..90.0];
    let whole = |v: f32| (v * 4.0).round() / 4.0;
    (
        any::<bool>(),
        any::<bool>(),
        -20.0f32..60.0,
        -20.0f32..50.0,
        side(),
        side(),
    )
        .prop_map(move |(ellipse, snap, x, y, w, h)| {
            let shape = if ellipse { Shape::Ellipse } else { Shape::Box };
            let area = if snap {
                rect(whole(x), whole(y), whole(w).max(0.25), whole(h).max(0.25))
            } else {
                rect(x, y, w, h)
            };
            Region::new(shape, area)
        })
}

fn regions() -> impl Strategy<Value = Vec<Region>> {
    prop::collection::vec(region(), 1..5)
}

fn orientation() -> impl Strategy<Value = Orientation> {
    (0usize..8).prop_map(|i| Orientation::ALL[i])
}

fn subsampling() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![
        Just((1, 1)),
        Just((2, 2)),
        Just((2, 1)),
        Just((1, 2)),
        Just((4, 1)),
        Just((3, 4)),
    ]
}

fn stored_size() -> impl Strategy<Value = Size> {
    (1u32..60, 1u32..50).prop_map(|(w, h)| Size::new(w, h))
}

fn sticker() -> Sticker {
    let pixel = |i: usize| [(i * 7) as u8, 200, 90, [0, 80, 255][i % 3]];
    let pixels: Vec<u8> = (0..35).flat_map(pixel).collect();
    Sticker::new(Size::new(7, 5), &pixels).expect("valid")
}

fn irreversible() -> impl Strategy<Value = Style> {
    prop_oneof![
        3 => Just(Style::Blur),
        1 => any::<(u8, u8, u8)>().prop_map(|(r, g, b)| Style::Solid(Rgb(r, g, b))),
        1 => Just(Style::Image(sticker())),
    ]
}

fn any_style() -> impl Strategy<Value = Style> {
    prop_oneof![
        3 => irreversible(),
        1 => (0u32..100).prop_map(Style::Mosaic),
        1 => Just(Style::Gaussian),
    ]
}

/// Pseudo-random samples from a seed.
fn noise<T: Sample>(seed: u64, n: usize) -> Vec<T> {
    let mut state = seed | 1;
    let mut next = || {
        state = state
            .wrapping_mul(0x5851_F42D_4C95_7F2D)
            .wrapping_add(0x1405_7B7E_F767_814F);
        T::from_f32((state >> 40) as f32 / (1u64 << 24) as f32 * T::MAX)
    };
    (0..n).map(|_| next()).collect()
}

/// A plane's layout for a stored picture, with gaps.
fn layout(stored: Size, (sx, sy): (u32, u32), step: usize) -> Layout {
    let size = Size::new(stored.width.div_ceil(sx), stored.height.div_ceil(sy));
    Layout {
        size,
        stride: size.width as usize * step + 3,
        step,
        subsampling: (sx, sy),
    }
}

fn covered<T: Sample>(
    redaction: &Redaction,
    data: &[T],
    layout: Layout,
    channel: Channel,
) -> Vec<T> {
    let mut data = data.to_vec();
    let mut plane = PlaneMut::new(&mut data, layout).expect("fits");
    redaction.apply(&mut plane, channel);
    data
}

fn len(layout: &Layout) -> usize {
    layout.stride * layout.size.height as usize
}

/// Per stored sample, row by row: 0 outside, 1 in the soft ring, 2 inside, as the masks say.
fn classes(redaction: &Redaction, layout: &Layout) -> Vec<u8> {
    let grid = Grid::new(layout, redaction.stored, redaction.orientation);
    let mut out = vec![0; layout.size.area() as usize];
    let outlines = redaction.outlines.iter().map(|o| (*o, o.bounds(&grid)));
    for group in cluster::group(outlines) {
        let mask = Mask::draw(&group.outlines, group.bounds, &grid, true);
        let mut put = |x: u32, y: u32, class: u8| {
            let (column, row) = grid.stored(mask.x + x, mask.y + y);
            let cell = &mut out[row * layout.size.width as usize + column];
            *cell = class.max(*cell);
        };
        for y in 0..mask.height {
            for &(from, to) in mask.inside.row(y) {
                (from..to).for_each(|x| put(x, y as u32, 2));
            }
        }
        mask.ring.iter().for_each(|&(x, y)| put(x, y, 1));
    }
    out
}

fn each_sample(layout: &Layout) -> impl Iterator<Item = (u32, u32, usize)> + use<> {
    let layout = *layout;
    (0..layout.size.height).flat_map(move |y| {
        (0..layout.size.width)
            .map(move |x| (x, y, y as usize * layout.stride + x as usize * layout.step))
    })
}

/// Changes what is inside and compares: the whole buffer must come out the same.
fn check_irreversible<T: Sample>(
    redaction: &Redaction,
    layout: Layout,
    channel: Channel,
    seed: u64,
) -> Result<(), TestCaseError> {
    let data: Vec<T> = noise(seed, len(&layout));
    let other: Vec<T> = noise(!seed, len(&layout));
    let classes = classes(redaction, &layout);
    let mut changed = data.clone();
    for ((_, _, at), class) in each_sample(&layout).zip(&classes) {
        if *class == 2 {
            changed[at] = other[at];
        }
    }
    let expected = covered(redaction, &data, layout, channel);
    prop_assert!(expected == covered(redaction, &changed, layout, channel));
    Ok(())
}

/// Whether the pixels of a stored sample share area with the shape, found by trying places: `Some`
/// where a try hits, `None` where none does (a sliver may still touch).
fn hit_by_trying(region: &Region, redaction: &Redaction, layout: &Layout, x: u32, y: u32) -> bool {
    const TRIES: u32 = 12;
    let (sx, sy) = layout.subsampling;
    let (c, a) = (region.area.center(), region.area);
    (0..TRIES * TRIES).any(|i| {
        let stored = Point::new(
            (x as f32 + (i % TRIES) as f32 / TRIES as f32 + 0.04) * sx as f32,
            (y as f32 + (i / TRIES) as f32 / TRIES as f32 + 0.04) * sy as f32,
        );
        if stored.x >= redaction.stored.width as f32 || stored.y >= redaction.stored.height as f32 {
            return false;
        }
        let p = redaction.orientation.to_upright(stored, redaction.stored);
        match region.shape {
            Shape::Quad => region.corners.is_some_and(|quad| quad.holds(p, 0.0)),
            Shape::Box => p.x > a.left() && p.x < a.right() && p.y > a.top() && p.y < a.bottom(),
            Shape::Ellipse => {
                let (dx, dy) = (
                    (p.x - c.x) / (a.width() * 0.5),
                    (p.y - c.y) / (a.height() * 0.5),
                );
                dx * dx + dy * dy < 1.0
            }
        }
    })
}

/// Whether the sample's pixels, grown by a hair, touch the shape: by the nearest place to its
/// middle.
fn could_touch(region: &Region, redaction: &Redaction, layout: &Layout, x: u32, y: u32) -> bool {
    let (sx, sy) = layout.subsampling;
    let stored = rect((x * sx) as f32, (y * sy) as f32, sx as f32, sy as f32);
    let Some(stored) = stored.intersection(&Rect::of(redaction.stored)) else {
        return false;
    };
    let a = redaction
        .orientation
        .to_upright(Point::new(stored.left(), stored.top()), redaction.stored);
    let b = redaction.orientation.to_upright(
        Point::new(stored.right(), stored.bottom()),
        redaction.stored,
    );
    let hair = 1e-4;
    let (c, area) = (region.area.center(), region.area);
    let near = |c: f32, a: f32, b: f32| c.clamp(a.min(b) - hair, a.max(b) + hair) - c;
    let (dx, dy) = (near(c.x, a.x, b.x).abs(), near(c.y, a.y, b.y).abs());
    let (rx, ry) = (area.width() * 0.5 + hair, area.height() * 0.5 + hair);
    match region.shape {
        Shape::Quad | Shape::Box => dx < rx && dy < ry,
        Shape::Ellipse => (dx / rx).powi(2) + (dy / ry).powi(2) < 1.0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn what_lies_inside_never_changes_the_result(
        style in irreversible(), regions in regions(), stored in stored_size(), o in orientation(),
        sub in subsampling(), channel in 0usize..8, wide in any::<bool>(), step in 1usize..4, seed in any::<u64>(),
    ) {
        let redaction = Redaction::new(&style, &regions, stored, o);
        let layout = layout(stored, sub, step);
        if wide {
            check_irreversible::<u16>(&redaction, layout, CHANNELS[channel], seed)?;
        } else {
            check_irreversible::<u8>(&redaction, layout, CHANNELS[channel], seed)?;
        }
    }

    #[test]
    fn a_sample_is_inside_exactly_if_its_pixels_touch_a_shape(
        regions in regions(), stored in stored_size(), o in orientation(), sub in subsampling(),
    ) {
        let redaction = Redaction::new(&Style::Blur, &regions, stored, o);
        let layout = layout(stored, sub, 1);
        let classes = classes(&redaction, &layout);
        for ((x, y, _), class) in each_sample(&layout).zip(classes) {
            if regions.iter().any(|r| hit_by_trying(r, &redaction, &layout, x, y)) {
                prop_assert_eq!(class, 2, "touched and not inside: {},{}", x, y);
            }
            if class == 2 {
                prop_assert!(regions.iter().any(|r| could_touch(r, &redaction, &layout, x, y)), "inside: {},{}", x, y);
            }
        }
    }

    #[test]
    fn nothing_outside_the_ring_or_the_touched_rectangles_changes(
        style in any_style(), regions in regions(), stored in stored_size(), o in orientation(),
        sub in subsampling(), channel in 0usize..8, step in 1usize..4, seed in any::<u64>(),
    ) {
        let redaction = Redaction::new(&style, &regions, stored, o);
        let layout = layout(stored, sub, step);
        let data: Vec<u8> = noise(seed, len(&layout));
        let mut after = covered(&redaction, &data, layout, CHANNELS[channel]);
        let classes = classes(&redaction, &layout);
        let touched = redaction.touched(&layout);
        let lowest = if style == Style::Blur { 2 } else { 1 };
        for ((x, y, at), class) in each_sample(&layout).zip(classes) {
            let sample = PixelRect::new(x, y, 1, 1);
            let is_listed = touched.iter().any(|r| r.overlaps(&sample));
            prop_assert!(is_listed || class < lowest, "not listed: {},{}", x, y);
            prop_assert!(
                !is_listed || class == 2 || style != Style::Blur,
                "listed: {},{}", x, y
            );
            if after[at] != data[at] {
                prop_assert!(class >= lowest, "{},{}", x, y);
            }
            after[at] = data[at];
        }
        prop_assert!(after == data, "a neighbour channel or a gap changed");
    }

    #[test]
    fn the_ring_lies_within_a_sample_of_the_inside(
        regions in regions(), stored in stored_size(), o in orientation(), sub in subsampling(),
    ) {
        let redaction = Redaction::new(&Style::Gaussian, &regions, stored, o);
        let layout = layout(stored, sub, 1);
        let classes = classes(&redaction, &layout);
        let (w, h) = (layout.size.width, layout.size.height);
        for ((x, y, _), class) in each_sample(&layout).zip(&classes) {
            let near = || (y.saturating_sub(1)..(y + 2).min(h)).any(|ny| {
                (x.saturating_sub(1)..(x + 2).min(w)).any(|nx| classes[(ny * w + nx) as usize] == 2)
            });
            prop_assert!(*class != 1 || near());
        }
    }

    #[test]
    fn solid_leaves_no_sample_inside_of_another_value(
        regions in regions(), stored in stored_size(), o in orientation(), sub in subsampling(), seed in any::<u64>(),
    ) {
        let redaction = Redaction::new(&Style::Solid(Rgb(10, 20, 30)), &regions, stored, o);
        let layout = layout(stored, sub, 1);
        let data: Vec<u16> = noise(seed, len(&layout));
        let after = covered(&redaction, &data, layout, Channel::Blue);
        for ((_, _, at), class) in each_sample(&layout).zip(classes(&redaction, &layout)) {
            prop_assert!(class != 2 || after[at] == 30 * 257);
        }
    }

    #[test]
    fn the_eight_orientations_look_the_same(
        style in any_style(), regions in regions(), stored in stored_size(), o in orientation(), seed in any::<u64>(),
    ) {
        let upright = o.upright_size(stored);
        let data: Vec<u8> = noise(seed, stored.area() as usize);
        let seen = o.upright_pixels::<1>(&data, stored);
        let turned = covered(
            &Redaction::new(&style, &regions, stored, o), &data, Layout::dense(stored), Channel::Luma);
        let straight = covered(
            &Redaction::new(&style, &regions, upright, Orientation::Normal), &seen, Layout::dense(upright), Channel::Luma);
        prop_assert!(o.upright_pixels::<1>(&turned, stored) == straight);
    }

    #[test]
    fn a_mosaic_has_at_most_as_many_cells_as_asked_for(
        cells in 1u32..12, w in 1.0f32..50.0, h in 1.0f32..50.0, x in -10.0f32..20.0, y in -10.0f32..20.0,
    ) {
        let size = Size::new(60, 50);
        let region = Region::new(Shape::Box, rect(x, y, w, h));
        let data: Vec<u16> = noise(7, size.area() as usize);
        let redaction = Redaction::new(&Style::Mosaic(cells), &[region], size, Orientation::Normal);
        let after = covered(&redaction, &data, Layout::dense(size), Channel::Green);
        let inside = region.area.round_out(size);
        if let Some(inside) = inside {
            let runs = |values: &mut dyn Iterator<Item = u16>| {
                let values: Vec<_> = values.collect();
                1 + values.windows(2).filter(|v| v[0] != v[1]).count()
            };
            let at = |x: u32, y: u32| after[(y * size.width + x) as usize];
            let across = runs(&mut (inside.x..inside.right()).map(|x| at(x, inside.y)));
            let down = runs(&mut (inside.y..inside.bottom()).map(|y| at(inside.x, y)));
            prop_assert!(across.max(down) <= cells as usize, "{}x{}", across, down);
        }
    }
}
