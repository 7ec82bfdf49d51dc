//! What becomes of samples beyond the picture's edges.

use super::super::coded::CodedImage;
use super::super::coefficients::{Block, QuantTable};
use super::super::dct::{Steps, forward, inverse};
use super::super::frame::{Frame, Process};
use crate::geometry::Size;
use crate::testing::{Layout, Random, Script, file, layouts, read, whole_file};
use proptest::prelude::*;

/// A picture of the samples that `value` gives for component, column and row, those beyond the
/// edges included.
fn encoded(
    size: Size,
    factors: &[(usize, usize)],
    table: QuantTable,
    mut value: impl FnMut(usize, usize, usize) -> u8,
) -> CodedImage {
    let mut layout = Layout::new(Process::Baseline, factors, Script::Together);
    layout.size = size;
    let mut coded = layout.picture(1);
    coded.quant.fill(table);
    let steps = Steps::new(&table);
    for (c, component) in coded.frame.components.iter().enumerate() {
        for y in 0..component.padded.1 {
            for x in 0..component.padded.0 {
                let samples: [u8; 64] =
                    std::array::from_fn(|i| value(c, x * 8 + i % 8, y * 8 + i / 8));
                coded.planes[c].put(x, y, &forward(&samples, 8, &steps));
            }
        }
    }
    coded
}

/// The samples of a block.
fn samples(coded: &CodedImage, component: usize, x: usize, y: usize) -> [u8; 64] {
    let mut out = [0; 64];
    let (block, map) = coded.planes[component].get(x, y);
    inverse::<8, 4>(
        block,
        map,
        &Steps::new(&coded.quant[component]),
        &mut out,
        8,
    );
    out
}

/// Calls `visit` with component, column and row of each block, and whether it lies wholly beyond
/// the picture.
fn each_block(frame: &Frame, mut visit: impl FnMut(usize, usize, usize, bool)) {
    for (c, component) in frame.components.iter().enumerate() {
        for y in 0..component.padded.1 {
            for x in 0..component.padded.0 {
                visit(c, x, y, x >= component.own.0 || y >= component.own.1);
            }
        }
    }
}

/// Values beyond what samples can show.
fn noise(random: &mut Random) -> Block {
    std::array::from_fn(|_| random.below(2000) as i16 - 1000)
}

/// Steps that grow with the frequency, as those of quality 10 to 98 do.
fn table(scale: u16) -> QuantTable {
    std::array::from_fn(|i| (scale * (4 + (i / 8 + i % 8) as u16) / 8).clamp(1, 255))
}

const FACTORS: [&[(usize, usize)]; 6] = [
    &[(1, 1)],
    &[(1, 1); 3],
    &[(2, 1), (1, 1), (1, 1)],
    &[(2, 2), (1, 1), (1, 1)],
    &[(4, 1), (1, 1), (1, 1)],
    &[(3, 1), (2, 1), (1, 1)],
];

fn picture() -> impl Strategy<Value = (Size, usize, u16, u64)> {
    let size = (1u32..50, 1u32..50).prop_map(|(w, h)| Size::new(w, h));
    (size, 0..FACTORS.len(), 1u16..160, 1u64..1000)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn what_encoders_put_beyond_the_edges_stays_bit_by_bit(
        (size, factors, scale, seed) in picture(), detail in 0usize..256, last_of_mcu: bool,
    ) {
        let factors = FACTORS[factors];
        let frame = encoded(size, factors, table(scale), |_, _, _| 0).frame;
        let mut before = encoded(size, factors, table(scale), |c, x, y| {
            let (component, most) = (&frame.components[c], frame.most);
            let (w, h) = (component.samples.width as usize, component.samples.height as usize);
            // Where samples stand for several pixels, it is the last pixel that is repeated.
            let x = x.min(w - usize::from(component.factors.0 == most.0));
            let y = y.min(h - usize::from(component.factors.1 == most.1));
            let place = (c * 64 + y) * 64 + x;
            let slope = (x * 3 + y * 2) % 256;
            let noise = Random(seed + place as u64 * 7919).below(detail + 1);
            (slope / 2 + noise / 2) as u8
        });
        each_block(&frame, |c, x, y, beyond| {
            if beyond {
                let component = &frame.components[c];
                let across = component.factors.0;
                let x_from = if last_of_mcu { x / across * across + across - 1 } else { x };
                let (w, h) = component.own;
                let mut flat = [0; 64];
                flat[0] = before.planes[c].get(x_from.min(w - 1), y.min(h - 1)).0[0];
                before.planes[c].put(x, y, &flat);
            }
        });
        let mut after = before.clone();
        prop_assert!(!after.clear_beyond_edges());
        prop_assert!(after == before);
    }

    #[test]
    fn a_mirrored_picture_beyond_the_edges_stays_bit_by_bit(
        (width, height) in (9u32..70, 9u32..70), three: bool, scale in 1u16..100, seed in 1u64..1000,
    ) {
        let size = Size::new(width, height);
        let factors = FACTORS[usize::from(three)];
        let (w, h) = (width as usize, height as usize);
        let before = encoded(size, factors, table(scale), |c, x, y| {
            let mirrored = |v: usize, end: usize| if v < end { v } else { 2 * end - 1 - v };
            let (x, y) = (mirrored(x, w), mirrored(y, h));
            let noise = Random(seed + ((c * 64 + y) * 128 + x) as u64 * 7919).below(120);
            (x * 2 + noise) as u8
        });
        let mut after = before.clone();
        prop_assert!(!after.clear_beyond_edges());
        each_block(&before.frame, |c, x, y, beyond| if !beyond {
            assert!(before.planes[c].get(x, y) == after.planes[c].get(x, y), "{c} {x} {y}");
        });
    }

    #[test]
    fn a_picture_beyond_the_edges_is_gone_and_the_one_inside_stays(
        (size, factors, _, seed) in picture(),
    ) {
        let factors = FACTORS[factors];
        let frame = encoded(size, factors, [2; 64], |_, _, _| 0).frame;
        let mut random = Random(seed);
        let before = encoded(size, factors, [2; 64], |c, x, y| {
            let shown = frame.components[c].samples;
            let inside = x < shown.width as usize && y < shown.height as usize;
            if inside { (60 + 2 * x + y) as u8 } else { random.below(256) as u8 }
        });
        let mut after = before.clone();
        after.clear_beyond_edges();
        each_block(&frame, |c, x, y, beyond| {
            let component = &frame.components[c];
            let (w, h) = (component.samples.width as usize, component.samples.height as usize);
            let (wide, high) = ((w - x.min(component.own.0 - 1) * 8).min(8), (h - y.min(component.own.1 - 1) * 8).min(8));
            let (old, new) = (samples(&before, c, x, y), samples(&after, c, x, y));
            if beyond {
                assert_eq!(after.planes[c].get(x, y).1, 0);
                return;
            }
            if (wide, high) == (8, 8) {
                assert!(before.planes[c].get(x, y) == after.planes[c].get(x, y));
            }
            // Elsewhere the line behind the last sample may be the last pixel.
            let exact = component.factors == frame.most;
            for i in 0..64 {
                let (column, row) = (i % 8, i / 8);
                if column < wide && row < high {
                    assert!(old[i].abs_diff(new[i]) <= 6, "{} {}", old[i], new[i]);
                } else if exact {
                    let last = new[row.min(high - 1) * 8 + column.min(wide - 1)];
                    assert!(last.abs_diff(new[i]) <= 8, "{last} {}", new[i]);
                }
            }
        });
    }

    #[test]
    fn clearing_edges_twice_is_clearing_them_once(which in 0usize..1000, seed in 0u64..1000, wild: bool) {
        let layouts = layouts();
        let (name, layout) = &layouts[which % layouts.len()];
        let mut once = layout.picture(seed);
        let mut random = Random(seed + 5);
        let frame = once.frame.clone();
        each_block(&frame, |c, x, y, beyond| if beyond || wild {
            once.planes[c].put(x, y, &noise(&mut random));
        });
        once.clear_beyond_edges();
        let mut twice = once.clone();
        prop_assert!(!twice.clear_beyond_edges(), "{}", name);
        prop_assert!(once == twice, "{}", name);
        let written = whole_file(&once);
        let mut again = read(&written).expect("reads its own");
        prop_assert!(!again.clear_beyond_edges(), "{}", name);
        prop_assert!(whole_file(&again) == written, "{}", name);
    }

    #[test]
    fn blocks_beyond_the_edges_do_not_reach_the_file(which in 0usize..1000, seed in 0u64..1000) {
        let layouts = layouts();
        let (name, layout) = &layouts[which % layouts.len()];
        let one = layout.picture(seed);
        let mut random = Random(seed + 5);
        let [a, b] = [(); 2].map(|()| {
            let mut coded = one.clone();
            each_block(&one.frame, |c, x, y, beyond| if beyond {
                coded.planes[c].put(x, y, &noise(&mut random));
            });
            coded.clear_beyond_edges();
            whole_file(&coded)
        });
        prop_assert!(a == b, "{}", name);
    }
}

#[test]
fn the_rest_of_a_lossless_crop_is_found_and_not_written() {
    let size = Size::new(41, 17);
    let factors = [(4, 1), (1, 1), (1, 1)];
    let cropped = encoded(size, &factors, [4; 64], |_, x, y| {
        if (x / 3 + y / 3) % 2 == 0 { 60 } else { 190 }
    });
    let mut image = read(&file(&cropped)).expect("in order");
    assert!(image.clear_beyond_edges());
    let written = image.write(&[]).expect("writes");
    let mut seen = read(&written).expect("reads its own");
    for x in 6..8 {
        assert_eq!(seen.planes[0].get(x, 0).1, 0);
    }
    for row in samples(&seen, 0, 5, 0).chunks(8) {
        assert!(row.iter().all(|v| v.abs_diff(row[0]) <= 4), "{row:?}");
    }
    assert!(!seen.clear_beyond_edges());
    assert!(seen.write(&[]).expect("writes") == written);
}
