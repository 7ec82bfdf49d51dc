//! The parts of a frame that are coded as small pictures (18181-1, annex H): means of blocks, what
//! is said of each block, quantisation tables, opacity. All share one tree of contexts.

use super::super::bits::Bits;
use super::entropy::{Codes, Tally, Token, packed};

/// Leaves of the tree, in the order in which it is written.
pub(super) const OPACITY_OF_GROUPS: u16 = 0;
pub(super) const OPACITY: u16 = 1;
pub(super) const STEPS: u16 = 2;
pub(super) const BLOCKS: u16 = 3;
/// Of luma, blue and red difference in turn.
pub(super) const MEANS: [u16; 3] = [4, 6, 5];
pub(super) const LEAVES: usize = 7;

const GRADIENT: u32 = 5;
const ZERO: u32 = 0;
/// Quantisation tables of a frame.
const TABLES: u32 = 17;

/// Nodes of a tree, breadth first.
enum Node {
    /// Goes left if a property is larger than a value.
    Split(u32, i32),
    Leaf(u32),
}

/// Writes the tree for a frame of so many LF groups, without its codes (H.4.2).
pub(super) fn write_tree(lf_groups: usize, bits: &mut Bits) {
    use Node::{Leaf, Split};
    const CHANNEL: u32 = 0;
    const STREAM: u32 = 1;
    let n = lf_groups as i32;
    let nodes = [
        // Means and opacity of the whole, or the rest.
        Split(STREAM, n),
        Split(STREAM, 3 * n + TABLES as i32),
        Split(STREAM, 0),
        Leaf(GRADIENT),
        Split(STREAM, 3 * n),
        Split(CHANNEL, 0),
        Leaf(GRADIENT),
        Leaf(GRADIENT),
        Leaf(ZERO),
        Split(CHANNEL, 1),
        Leaf(GRADIENT),
        Leaf(GRADIENT),
        Leaf(GRADIENT),
    ];
    let mut tokens = Vec::new();
    let mut put = |context, value| tokens.push(Token { context, value });
    for node in nodes {
        match node {
            Split(property, value) => {
                put(1, property as u16 + 1);
                put(0, packed(value));
            }
            Leaf(predictor) => {
                put(1, 0);
                put(2, predictor as u16);
                // Neither offset nor factor.
                put(3, 0);
                put(4, 0);
                put(5, 0);
            }
        }
    }
    let mut tally = Tally::new(6);
    tokens.iter().for_each(|&token| tally.count(token));
    let codes = Codes::new(&tally);
    codes.write(bits);
    codes.encode(&tokens, bits);
}

/// The head of a stream: the tree of all, usual predictors, no transforms.
pub(super) fn write_head(bits: &mut Bits) {
    bits.put(4, 0b0011);
}

/// Samples as differences from what their neighbours let expect (H.5.1).
pub(super) fn gradient(
    (width, height): (usize, usize),
    context: u16,
    at: impl Fn(usize, usize) -> i32,
    sink: &mut dyn FnMut(Token),
) {
    let (mut above, mut line) = (vec![0; width], vec![0; width]);
    for y in 0..height {
        for x in 0..width {
            let value = at(x, y);
            line[x] = value;
            let left = match (x, y) {
                (0, 0) => 0,
                (0, _) => above[0],
                _ => line[x - 1],
            };
            let (top, corner) = match (x, y) {
                (_, 0) => (left, left),
                (0, _) => (above[0], left),
                _ => (above[x], above[x - 1]),
            };
            let (least, most) = (left.min(top), left.max(top));
            let expected = (left + top - corner).clamp(least, most);
            sink(Token {
                context,
                value: packed(value - expected),
            });
        }
        std::mem::swap(&mut above, &mut line);
    }
}
