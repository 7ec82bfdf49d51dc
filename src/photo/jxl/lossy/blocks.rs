//! The frequencies of blocks in contexts (18181-1, annex I.4).

use super::entropy::{Token, packed};
use jpeg_coefficients::{Block, CodedImage, ZIGZAG};

/// Contexts of a kind of blocks: by how many coefficients are not zero, and by place.
const COUNT_CONTEXTS: usize = 37;
const PLACE_CONTEXTS: usize = 458;
/// Luma, blue and red difference are kinds of their own.
const KINDS: usize = 3;
pub(super) const CONTEXTS: usize = KINDS * (COUNT_CONTEXTS + PLACE_CONTEXTS);

/// By place (table I.3).
#[rustfmt::skip]
const PLACES: [u16; 64] = [
    0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 15, 16, 16, 17, 17, 18, 18, 19, 19, 20, 20, 21, 21, 22, 22,
    23, 23, 23, 23, 24, 24, 24, 24, 25, 25, 25, 25, 26, 26, 26, 26,
    27, 27, 27, 27, 28, 28, 28, 28, 29, 29, 29, 29, 30, 30, 30, 30,
];

/// By how many coefficients that are not zero are left.
#[rustfmt::skip]
const LEFT: [u16; 64] = [
    0, 0, 31, 62, 62, 93, 93, 93, 93, 123, 123, 123, 123, 152, 152, 152,
    152, 152, 152, 152, 152, 180, 180, 180, 180, 180, 180, 180, 180, 180, 180, 180,
    180, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206,
    206, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206, 206,
];

/// Where the n-th coefficient of JPEG XL's order is in that of JPEG: the one goes down first, the
/// other to the right.
const ORDER: [usize; 64] = {
    let mut order = [0; 64];
    let mut n = 0;
    while n < 64 {
        let place = ZIGZAG[n];
        let turned = place % 8 * 8 + place / 8;
        let mut at = 0;
        while ZIGZAG[at] != turned {
            at += 1;
        }
        order[n] = at;
        n += 1;
    }
    order
};

/// Blocks of a group: the first and one past the last, across and down.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) from: (usize, usize),
    pub(super) to: (usize, usize),
}

impl Area {
    pub(super) const fn size(self) -> (usize, usize) {
        (self.to.0 - self.from.0, self.to.1 - self.from.1)
    }

    pub(super) const fn count(self) -> usize {
        self.size().0 * self.size().1
    }
}

/// The coefficients of a group but the means of its blocks.
pub(super) fn tokens(image: &CodedImage, area: Area, sink: &mut dyn FnMut(Token)) {
    let kinds = image.frame().components.len();
    // Of the row above, for each component.
    let mut above = [[0usize; 32]; KINDS];
    for y in area.from.1..area.to.1 {
        for x in area.from.0..area.to.0 {
            let (column, row) = (x - area.from.0, y - area.from.1);
            for (kind, above) in above.iter_mut().enumerate() {
                let expected = match (column, row) {
                    (0, 0) => 32,
                    (0, _) => above[0],
                    (_, 0) => above[column - 1],
                    _ => (above[column] + above[column - 1]).div_ceil(2),
                };
                above[column] = match kind < kinds {
                    true => block(image.plane(kind).block(x, y), (kind, expected), sink),
                    false => block(&[0; 64], (kind, expected), sink),
                };
            }
        }
    }
}

/// One block; gives how many coefficients are not zero.
fn block(block: &Block, (kind, expected): (usize, usize), sink: &mut dyn FnMut(Token)) -> usize {
    let all = block[1..].iter().filter(|&&v| v != 0).count();
    let context = match expected {
        0..8 => expected,
        _ => 4 + expected / 2,
    };
    sink(Token {
        context: (context * KINDS + kind) as u16,
        value: all as u16,
    });
    let base = (KINDS * COUNT_CONTEXTS + PLACE_CONTEXTS * kind) as u16;
    let mut left = all;
    let mut was_set = u16::from(all <= 4);
    for n in 1..64 {
        if left == 0 {
            break;
        }
        let value = block[ORDER[n]];
        sink(Token {
            context: base + 2 * (LEFT[left] + PLACES[n]) + was_set,
            value: packed(value.into()),
        });
        was_set = u16::from(value != 0);
        left -= usize::from(value != 0);
    }
    all
}
