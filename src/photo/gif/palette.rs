//! Fits the colours of a frame into a palette of 256.
//!
//! Invariant: a pixel whose colour the source's frame had keeps exactly that colour, as long as
//! those colours alone fit.

use std::collections::HashMap;

/// A colour; transparency is kept apart.
pub(super) type Rgb = [u8; 3];

/// A frame as indices.
pub(super) struct Indexed {
    pub(super) palette: Vec<Rgb>,
    pub(super) transparent: Option<u8>,
    pub(super) indices: Vec<u8>,
}

/// The colours of opaque pixels, sorted, if there are at most `most`.
pub(super) fn colours(rgba: &[u8], most: usize) -> Option<Vec<Rgb>> {
    let mut seen: HashMap<Rgb, ()> = HashMap::new();
    for p in rgba.chunks_exact(4).filter(|p| p[3] != 0) {
        seen.insert([p[0], p[1], p[2]], ());
        if seen.len() > most {
            return None;
        }
    }
    let mut list: Vec<Rgb> = seen.into_keys().collect();
    list.sort_unstable();
    Some(list)
}

/// Indices for RGBA pixels. `own`: colours that the source's frame had.
pub(super) fn fit(rgba: &[u8], own: &[Rgb]) -> Indexed {
    let transparent = rgba.chunks_exact(4).any(|p| p[3] == 0);
    let room = 256 - usize::from(transparent);
    let mut palette = colours(rgba, room).unwrap_or_else(|| choose(rgba, own, room));
    let mut nearest: HashMap<Rgb, u8> = HashMap::new();
    for (i, colour) in palette.iter().enumerate() {
        nearest.insert(*colour, i as u8);
    }
    let clear = palette.len() as u8; // used only if there is room for it
    let indices = rgba
        .chunks_exact(4)
        .map(|p| {
            if p[3] == 0 {
                return clear;
            }
            let colour = [p[0], p[1], p[2]];
            *nearest
                .entry(colour)
                .or_insert_with(|| closest(&palette, colour))
        })
        .collect();
    if transparent {
        palette.push([0; 3]);
    }
    Indexed {
        palette,
        transparent: transparent.then_some(clear),
        indices,
    }
}

/// The source's colours that are still used, then means of the new ones.
fn choose(rgba: &[u8], own: &[Rgb], room: usize) -> Vec<Rgb> {
    let mut counts: HashMap<Rgb, u64> = HashMap::new();
    for p in rgba.chunks_exact(4).filter(|p| p[3] != 0) {
        *counts.entry([p[0], p[1], p[2]]).or_default() += 1;
    }
    let mut kept = Vec::new();
    for colour in own.iter().take(room) {
        if counts.remove(colour).is_some() {
            kept.push(*colour);
        }
    }
    let mut new: Vec<(Rgb, u64)> = counts.into_iter().collect();
    new.sort_unstable(); // a map's order is different in every run
    kept.extend(means(new, room - kept.len()));
    kept
}

/// At most `count` means of weighted colours: the box with the widest side, times the square root
/// of its weight, is cut at the middle of that side (after Heckbert's median cut, 1982).
fn means(colours: Vec<(Rgb, u64)>, count: usize) -> Vec<Rgb> {
    if colours.is_empty() || count == 0 {
        return Vec::new();
    }
    let mut boxes = vec![colours];
    while boxes.len() < count {
        let urgency = |members: &[(Rgb, u64)]| {
            let weight: u64 = members.iter().map(|m| m.1).sum();
            f64::from(widest(members).1) * (weight as f64).sqrt()
        };
        let most = |(_, a): &(usize, f64), (_, b): &(usize, f64)| a.total_cmp(b);
        let measured = boxes.iter().map(|members| urgency(members)).enumerate();
        let Some((next, wide)) = measured.max_by(most) else {
            break;
        };
        if wide <= 0.0 {
            break; // single colours only
        }
        let mut members = boxes.swap_remove(next);
        let (channel, width) = widest(&members);
        let low = members.iter().map(|m| m.0[channel]).min().unwrap_or(0);
        let middle = low + width / 2;
        let upper = members.extract_if(.., |m| m.0[channel] > middle).collect();
        boxes.push(members);
        boxes.push(upper);
    }
    boxes.iter().map(|members| mean(members)).collect()
}

/// The channel in which colours differ most, and by how much.
fn widest(members: &[(Rgb, u64)]) -> (usize, u8) {
    let width = |channel: usize| {
        let values = members.iter().map(|m| m.0[channel]);
        values.clone().max().unwrap_or(0) - values.min().unwrap_or(0)
    };
    let widths = [0, 1, 2].map(|channel| (channel, width(channel)));
    widths.into_iter().max_by_key(|w| w.1).unwrap_or((0, 0))
}

fn mean(members: &[(Rgb, u64)]) -> Rgb {
    let weight: u64 = members.iter().map(|m| m.1).sum();
    [0, 1, 2].map(|channel| {
        let sum: u64 = members.iter().map(|m| u64::from(m.0[channel]) * m.1).sum();
        (sum / weight.max(1)) as u8
    })
}

fn closest(palette: &[Rgb], colour: Rgb) -> u8 {
    let distance = |other: &Rgb| -> u32 {
        // Green counts most for brightness, then red.
        let weights = [3, 6, 1];
        let parts = other.iter().zip(colour).zip(weights);
        parts
            .map(|((a, b), w)| w * u32::from(a.abs_diff(b)).pow(2))
            .sum()
    };
    let best = palette
        .iter()
        .enumerate()
        .min_by_key(|(_, other)| distance(other));
    best.map_or(0, |(i, _)| i as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn up_to_256_colours_are_exact(pixels in proptest::collection::vec((any::<[u8; 3]>(), any::<bool>()), 1..255)) {
            let rgba: Vec<u8> = pixels
                .iter()
                .flat_map(|(c, opaque)| if *opaque { [c[0], c[1], c[2], 255] } else { [0; 4] })
                .collect();
            let fitted = fit(&rgba, &[]);
            for (i, p) in fitted.indices.iter().zip(rgba.chunks_exact(4)) {
                if p[3] == 0 {
                    prop_assert_eq!(Some(*i), fitted.transparent);
                } else {
                    prop_assert_eq!(&fitted.palette[usize::from(*i)][..], &p[..3]);
                }
            }
        }
    }

    #[test]
    fn the_sources_colours_stay_exact_beside_a_fill_with_many() {
        let own: Vec<Rgb> = (0..200).map(|i| [i as u8, 7, 255 - i as u8]).collect();
        let fill = (0..5000u32).map(|i| [(i % 251) as u8, (i / 20 % 256) as u8, 90]);
        let rgba: Vec<u8> = own
            .iter()
            .copied()
            .chain(fill)
            .flat_map(|c| [c[0], c[1], c[2], 255])
            .collect();
        let fitted = fit(&rgba, &own);
        assert!(fitted.palette.len() <= 256);
        for (i, colour) in fitted.indices.iter().zip(&own) {
            assert_eq!(fitted.palette[usize::from(*i)], *colour);
        }
        let worst = fitted
            .indices
            .iter()
            .zip(rgba.chunks_exact(4))
            .flat_map(|(i, p)| {
                let got = fitted.palette[usize::from(*i)];
                [
                    got[0].abs_diff(p[0]),
                    got[1].abs_diff(p[1]),
                    got[2].abs_diff(p[2]),
                ]
            })
            .max();
        assert!(worst < Some(40), "{worst:?}");
    }
}
