//! Whether a lossy file that was just written is read as the picture that it was made of: encoders
//! are young, and a wrong picture must not leave the program.

/// Side of the tiles in which pictures are compared.
const TILE: usize = 16;

/// Whether the brightness of each tile is the same to within `most` levels, and opacity to the
/// level. The last of 2 or 4 channels is opacity.
pub(super) fn is_like(
    given: &[u8],
    read: &[u8],
    (width, channels): (usize, usize),
    most: f32,
) -> bool {
    let row = width * channels;
    let has_opacity = channels.is_multiple_of(2);
    let bands = given.chunks(row * TILE).zip(read.chunks(row * TILE));
    given.len() == read.len()
        && bands.into_iter().all(|(given, read)| {
            (0..width).step_by(TILE).all(|x| {
                let (mut off, mut weight) = (0.0, 0.0);
                for (given, read) in given.chunks(row).zip(read.chunks(row)) {
                    let tile = x * channels..(x + TILE).min(width) * channels;
                    let pixels = given[tile.clone()].chunks_exact(channels);
                    for (a, b) in pixels.zip(read[tile].chunks_exact(channels)) {
                        let last = channels - 1;
                        if has_opacity && a[last] != b[last] {
                            return false;
                        }
                        let opacity = if has_opacity {
                            f32::from(a[last])
                        } else {
                            255.0
                        };
                        off += (luma(a) - luma(b)) * opacity;
                        weight += opacity;
                    }
                }
                off.abs() <= most * f32::max(weight, 1.0)
            })
        })
}

/// Brightness as JPEG and VP8 have it.
fn luma(p: &[u8]) -> f32 {
    match p {
        [r, g, b, ..] => 0.299 * f32::from(*r) + 0.587 * f32::from(*g) + 0.114 * f32::from(*b),
        [grey, ..] => f32::from(*grey),
        [] => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn another_tile_or_opacity_is_seen_and_coarseness_is_not() {
        for channels in 1usize..=4 {
            let (width, height) = (40, 37);
            let given: Vec<u8> = (0..width * height * channels)
                .map(|i| (i % 251) as u8)
                .collect();
            let is_opacity = |i: usize| channels.is_multiple_of(2) && i % channels == channels - 1;
            let changed = |rows: std::ops::Range<usize>, by: u8| -> Vec<u8> {
                let row = width * channels;
                let change = |(i, &v): (usize, &u8)| match rows.contains(&(i / row)) {
                    true if !is_opacity(i) => v.saturating_add(by),
                    _ => v,
                };
                given.iter().enumerate().map(change).collect()
            };
            let size = (width, channels);
            assert!(is_like(&given, &given, size, 1.0));
            assert!(is_like(&given, &changed(0..height, 3), size, 4.0));
            assert!(
                !is_like(&given, &changed(16..32, 9), size, 4.0),
                "{channels}"
            );
            assert!(!is_like(&given, &given[channels..], size, 4.0));
            if channels.is_multiple_of(2) {
                let mut other = given.clone();
                other[channels - 1] ^= 1;
                assert!(!is_like(&given, &other, size, 4.0));
            }
        }
    }
}
