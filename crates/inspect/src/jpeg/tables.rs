//! Quantisation and Huffman tables that no scan uses. Decoders pass over them, so that they hold
//! whatever somebody puts there.
//!
//! Invariant: a table is harmless if a scan uses it, or if its content says nothing: it is an
//! example of the standard, or repeats another table.

use super::super::bytes::{Order, part, rest};
use super::examples;

/// The next Huffman table of a segment: its head (class and number), its 16 counts with the
/// symbols, and what follows. `None` if it is cut off.
pub(super) fn huffman(body: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let total: usize = part(body, 1, 16)?.iter().map(|&n| usize::from(n)).sum();
    Some((body[0], part(body, 1, 16 + total)?, &body[17 + total..]))
}

/// As [`huffman`], for quantisation tables: the head is precision and number.
fn quantisation(body: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let head = *body.first()?;
    let length = if head >> 4 == 0 { 64 } else { 128 };
    Some((head, part(body, 1, length)?, rest(body, 1 + length)))
}

/// A table that is defined.
#[derive(Clone, Copy)]
struct Table<'a> {
    content: &'a [u8],
    used: bool,
}

/// A component of the frame: which quantisation table it names, and whether a scan of it began.
/// Decoders take the table then, and whatever replaces it later is for others.
#[derive(Clone, Copy)]
struct Component {
    id: u8,
    table: u8,
    begun: bool,
}

/// What the frame codes with.
#[derive(Clone, Copy, Default)]
enum Coding {
    #[default]
    Sequential,
    Progressive,
    Lossless,
    Arithmetic,
}

/// All tables of a picture, with who uses them.
#[derive(Default)]
pub(super) struct Ledger<'a> {
    quantisation: [Option<Table<'a>>; 4],
    /// Single values, then runs.
    huffman: [[Option<Table<'a>>; 4]; 2],
    coding: Coding,
    components: Vec<Component>,
    /// Bytes of quantisation tables that nothing used.
    pub(super) idle_quantisation: usize,
    /// The same of Huffman tables, and symbols that stand in a table twice.
    pub(super) idle_huffman: usize,
}

impl<'a> Ledger<'a> {
    /// Takes a segment of quantisation tables, and gives the number of bytes that belong to none.
    pub(super) fn define_quantisation(&mut self, mut body: &'a [u8]) -> usize {
        while let Some((head, content, after)) = quantisation(body) {
            body = after;
            match self.quantisation.get_mut(usize::from(head & 15)) {
                Some(slot) => {
                    let before = replace(slot, content);
                    self.idle_quantisation += before.map_or(0, |t| self.quantisation_idles(t));
                }
                None => self.idle_quantisation += 1 + content.len(),
            }
        }
        body.len()
    }

    /// As [`define_quantisation`](Self::define_quantisation).
    pub(super) fn define_huffman(&mut self, mut body: &'a [u8]) -> usize {
        while let Some((head, content, after)) = huffman(body) {
            body = after;
            self.idle_huffman += twice(content);
            let class = self.huffman.get_mut(usize::from(head >> 4));
            match class.and_then(|c| c.get_mut(usize::from(head & 15))) {
                Some(slot) => {
                    let before = replace(slot, content);
                    self.idle_huffman += before.map_or(0, |t| self.huffman_idles(t));
                }
                None => self.idle_huffman += 1 + content.len(),
            }
        }
        body.len()
    }

    /// Takes a frame header: its marker and its components, three bytes each.
    pub(super) fn frame(&mut self, marker: u8, components: &[u8]) {
        self.coding = match marker {
            0xc2 | 0xc6 => Coding::Progressive,
            0xc3 | 0xc7 => Coding::Lossless,
            0xc9..=0xcf => Coding::Arithmetic,
            _ => Coding::Sequential,
        };
        let components = components.chunks_exact(3).map(|c| Component {
            id: c[0],
            table: c[2],
            begun: false,
        });
        self.components = components.collect();
    }

    /// Steps of quantisation tables that no block needs and that are no part of their tables.
    /// `seen`: coefficients of a component that are not zero.
    pub(super) fn foreign_steps(&self, seen: impl Fn(usize) -> u64) -> usize {
        let mut used = [0u64; 4];
        for (index, component) in self.components.iter().enumerate() {
            if let Some(used) = used.get_mut(usize::from(component.table)) {
                *used |= seen(index);
            }
        }
        let tables = self.quantisation.iter().zip(used);
        let found = tables
            .filter(|(_, used)| *used > 0)
            .filter_map(|(table, used)| {
                let content: Vec<u16> = match table.as_ref()?.content {
                    short if short.len() == 64 => short.iter().map(|&q| q.into()).collect(),
                    _ => return None,
                };
                Some(examples::foreign_steps(&content, used))
            });
        found.sum()
    }

    /// Takes a scan header: marks the tables that the scan uses.
    pub(super) fn scan(&mut self, head: &[u8]) {
        let count = head.first().map_or(0, |&n| usize::from(n));
        let end = 1 + count * 2;
        let (Some(list), Some(&[begin, _, approximation])) = (
            part(head, 1, count * 2),
            head.get(end..end + 3).and_then(|b| b.first_chunk::<3>()),
        ) else {
            return;
        };
        let (single, run) = match self.coding {
            Coding::Sequential => (true, true),
            Coding::Progressive => (begin == 0 && approximation >> 4 == 0, begin > 0),
            Coding::Lossless => (true, false),
            Coding::Arithmetic => (false, false),
        };
        for pair in list.chunks_exact(2) {
            if single {
                touch(&mut self.huffman[0], pair[1] >> 4);
            }
            if run {
                touch(&mut self.huffman[1], pair[1] & 15);
            }
            let mut named = self.components.iter_mut().filter(|c| c.id == pair[0]);
            if let Some(component) = named.next().filter(|c| !c.begun) {
                component.begun = true;
                if !matches!(self.coding, Coding::Lossless) {
                    touch(&mut self.quantisation, component.table);
                }
            }
        }
    }

    /// Ends the picture: what is left is used or not.
    pub(super) fn finish(&mut self) {
        for slot in 0..4 {
            if let Some(table) = self.quantisation[slot].take() {
                self.idle_quantisation += self.quantisation_idles(table);
            }
            for class in 0..2 {
                if let Some(table) = self.huffman[class][slot].take() {
                    self.idle_huffman += self.huffman_idles(table);
                }
            }
        }
    }

    /// Bytes of a table that is no longer in its slot, if nothing used it and it says something.
    fn quantisation_idles(&self, table: Table<'_>) -> usize {
        let mut others = self.quantisation.iter().flatten();
        let wide = table.content.len() > 64;
        let numbers: Vec<u16> = if wide {
            let pairs = table.content.chunks_exact(2);
            pairs.filter_map(|b| Order::Big.u16(b, 0)).collect()
        } else {
            table.content.iter().map(|&q| q.into()).collect()
        };
        let flat = numbers.windows(2).all(|w| w[0] == w[1]);
        let silent = flat
            || others.any(|other| other.content == table.content)
            || examples::is_quantisation(&numbers);
        idle(table, silent)
    }

    /// The same for Huffman tables.
    fn huffman_idles(&self, table: Table<'_>) -> usize {
        let mut others = self.huffman.iter().flatten().flatten();
        let silent = table.content.len() == 16
            || others.any(|other| other.content == table.content)
            || examples::is_huffman(table.content);
        idle(table, silent)
    }
}

fn idle(table: Table<'_>, silent: bool) -> usize {
    if table.used || silent {
        0
    } else {
        1 + table.content.len()
    }
}

/// Puts a table into its slot, and gives the one that was there. The same content again is the same
/// table.
fn replace<'a>(slot: &mut Option<Table<'a>>, content: &'a [u8]) -> Option<Table<'a>> {
    let used = slot.is_some_and(|t| t.used && t.content == content);
    slot.replace(Table { content, used })
}

fn touch(slots: &mut [Option<Table<'_>>; 4], number: u8) {
    if let Some(Some(table)) = slots.get_mut(usize::from(number)) {
        table.used = true;
    }
}

/// Symbols that an earlier code of the table stands for: no encoder needs a second code.
fn twice(content: &[u8]) -> usize {
    let mut seen = [false; 256];
    let again = |&&symbol: &&u8| std::mem::replace(&mut seen[usize::from(symbol)], true);
    rest(content, 16).iter().filter(again).count()
}

/// Whether a stream holds nothing but tables, each of them once, as those that a TIFF's strips
/// share.
pub(in super::super) fn is_tables_only(stream: &[u8]) -> bool {
    let Some(mut left) = stream.strip_prefix(&[0xff, 0xd8]) else {
        return false;
    };
    let mut seen = Vec::new();
    while left != [0xff, 0xd9] {
        let (Some(&[0xff, marker]), Some(length)) =
            (left.first_chunk::<2>(), Order::Big.u16(left, 2))
        else {
            return false;
        };
        let next = match marker {
            0xc4 => huffman,
            0xdb => quantisation,
            _ => return false,
        };
        let length = usize::from(length);
        let Some(mut body) = part(left, 4, length.saturating_sub(2)) else {
            return false;
        };
        while let Some((head, _, after)) = next(body) {
            if seen.contains(&(marker, head)) {
                return false;
            }
            seen.push((marker, head));
            body = after;
        }
        let known = |&(marker, head): &(u8, u8)| head & 15 < 4 && (marker == 0xdb || head < 0x20);
        if !body.is_empty() || !seen.iter().all(known) {
            return false;
        }
        left = rest(left, 2 + length.max(2));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::{FindingKind as Kind, Inspection};
    use super::super::look;
    use super::*;
    use proptest::prelude::*;

    const FLAT: [u8; 64] = [1; 64];

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u16 + 2).to_be_bytes();
        [&[0xff, marker][..], &length, body].concat()
    }

    fn table(head: u8, content: &[u8]) -> Vec<u8> {
        [&[head], content].concat()
    }

    /// A grey picture of one block, with segments before its scan.
    fn grey(before: &[Vec<u8>]) -> Inspection {
        let file = [
            b"\xff\xd8".to_vec(),
            segment(0xdb, &table(0, &FLAT)),
            segment(0xc0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]),
            segment(0xc4, &table(0x00, examples::LUMA_DC)),
            segment(0xc4, &table(0x10, examples::LUMA_AC)),
            before.concat(),
            segment(0xda, &[1, 1, 0, 0, 63, 0]),
            b"\x2b\xff\xd9".to_vec(),
        ];
        let mut out = Inspection::default();
        look(&file.concat(), &mut out);
        assert_eq!(out.damage, None);
        out
    }

    fn bytes_of(found: &Inspection) -> Vec<(Kind, Option<u64>)> {
        found.findings.iter().map(|f| (f.kind, f.bytes)).collect()
    }

    #[test]
    fn a_picture_with_all_examples_of_the_standard_is_clean() {
        let half = examples::CHROMA.iter().map(|&q| q.div_ceil(2));
        let chroma: Vec<u8> = half.collect(); // quality 75
        let found = grey(&[
            segment(0xdb, &table(1, &chroma)),
            segment(0xc4, &table(0x01, examples::CHROMA_DC)),
            segment(0xc4, &table(0x11, examples::CHROMA_AC)),
            segment(0xc4, &table(0x00, examples::LUMA_DC)), // once more
        ]);
        assert_eq!(found.findings, []);
    }

    #[test]
    fn text_in_a_table_that_no_scan_uses_is_unused_bytes() {
        let text = [&[0; 15][..], b"\x05A name"].concat();
        let text = &text[..16 + 5];
        let unused = |n| vec![(Kind::UnusedBytes, Some(n))];
        assert_eq!(
            bytes_of(&grey(&[segment(0xc4, &table(0x13, text))])),
            unused(22)
        );
        assert_eq!(
            bytes_of(&grey(&[segment(0xc4, &table(0x57, text))])),
            unused(22)
        );
        // Replaced before it was needed.
        let replaced = [
            segment(0xc4, &table(0x00, text)),
            segment(0xc4, &table(0x00, examples::LUMA_DC)),
        ];
        assert_eq!(bytes_of(&grey(&replaced)), unused(22));
    }

    #[test]
    fn segments_of_fixed_meaning_hide_nothing_by_coming_again() {
        let interval = |n| segment(0xdd, &[0, n]);
        assert_eq!(grey(&[interval(7), interval(7)]).findings, []);
        assert_eq!(
            bytes_of(&grey(&[interval(7), interval(8)])),
            [(Kind::UnusedBytes, Some(2))]
        );
        assert_eq!(
            bytes_of(&grey(&[segment(0xcc, &[7; 40])])),
            [(Kind::UnusedBytes, Some(24))]
        );
        assert_eq!(
            bytes_of(&grey(&[b"\xff\xd1\xff\xd5".to_vec()])),
            [(Kind::UnusedBytes, Some(4))]
        );
    }

    #[test]
    fn a_component_takes_its_quantisers_when_its_first_scan_begins() {
        let text: Vec<u8> = (b'0'..b'p').collect();
        let (first, second) = (table(0, &FLAT), table(0, &text));
        let mut ledger = Ledger::default();
        ledger.frame(0xc2, &[1, 0x11, 0, 2, 0x11, 0]);
        ledger.define_quantisation(&first);
        ledger.scan(&[1, 1, 0, 0, 0, 0]);
        ledger.define_quantisation(&second);
        ledger.scan(&[1, 1, 0, 1, 63, 0]);
        let mut other = ledger.components.clone();
        other.retain(|c| !c.begun);
        assert_eq!(other.len(), 1);
        ledger.finish();
        assert_eq!(ledger.idle_quantisation, 65);
    }

    #[test]
    fn a_second_code_for_a_symbol_is_told() {
        let codes = [&[0, 2, 1][..], &[0; 13], &[5, 6, 5]].concat();
        assert_eq!(
            bytes_of(&grey(&[segment(0xc4, &table(0x13, &codes))])),
            [(Kind::UnusedBytes, Some(21))]
        );
    }

    #[test]
    fn streams_of_tables_hold_nothing_else() {
        let of = |inside: &[Vec<u8>]| [&b"\xff\xd8"[..], &inside.concat(), b"\xff\xd9"].concat();
        let both = [
            segment(0xdb, &table(0, &FLAT)),
            segment(0xc4, &table(0x10, examples::LUMA_AC)),
        ];
        assert!(is_tables_only(&of(&both)));
        assert!(!is_tables_only(&of(&[both[0].clone(), both[0].clone()])));
        assert!(!is_tables_only(&of(&[segment(0xfe, b"Anna")])));
        assert!(!is_tables_only(&[&of(&both)[..], b"Anna"].concat()));
    }

    proptest! {
        #[test]
        fn no_quantiser_table_hides_a_text(text in "[a-z]{32}[A-Z]{32}", slot in 1u8..16) {
            let found = grey(&[segment(0xdb, &table(slot, text.as_bytes()))]);
            prop_assert_eq!(bytes_of(&found), [(Kind::UnusedBytes, Some(65))]);
        }

        #[test]
        fn any_segments_are_survived(body in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut ledger = Ledger::default();
            ledger.define_quantisation(&body);
            ledger.define_huffman(&body);
            ledger.frame(0xc0, &body);
            ledger.scan(&body);
            ledger.finish();
            is_tables_only(&body);
        }
    }
}
