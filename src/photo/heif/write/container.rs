//! Writes the boxes of a HEIF file (ISO/IEC 23008-12; 14496-12, 8.11).
//!
//! Invariant: a file holds the items that were added to it, in their order, and nothing else.

use super::super::super::guard::encoder;
use crate::error::Result;
use crate::geometry::Size;

/// A box.
pub(super) fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 8);
    out.extend((body.len() as u32 + 8).to_be_bytes());
    out.extend(kind);
    out.extend(body);
    out
}

/// A box with version and flags.
fn full(kind: &[u8; 4], version: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, flags], body].concat())
}

/// `ispe`: how large a picture is.
pub(super) fn size(size: Size) -> Vec<u8> {
    let sides = [size.width.to_be_bytes(), size.height.to_be_bytes()];
    full(b"ispe", 0, 0, &sides.concat())
}

/// `pixi`: bits of each channel.
pub(super) fn depth(channels: u8, bits: u8) -> Vec<u8> {
    let body = [&[channels][..], &vec![bits; channels.into()]].concat();
    full(b"pixi", 0, 0, &body)
}

/// `auxC`: what a picture beside the main one is for.
pub(super) fn purpose(name: &str) -> Vec<u8> {
    full(b"auxC", 0, 0, &[name.as_bytes(), b"\0"].concat())
}

/// The data of a grid's item, whose sides have sixteen bits.
pub(super) fn grid(across: u32, down: u32, size: Size) -> Result<Vec<u8>> {
    let side = |v: u32| u16::try_from(v).map(u16::to_be_bytes);
    let counts = [down, across].map(|v| u8::try_from(v - 1));
    match (counts, side(size.width), side(size.height)) {
        ([Ok(rows), Ok(columns)], Ok(width), Ok(height)) => {
            Ok([&[0, 0, rows, columns][..], &width, &height].concat())
        }
        _ => Err(encoder("HEIF", "a side is longer than 65535 pixels")),
    }
}

struct Item {
    kind: [u8; 4],
    data: Vec<u8>,
    /// Numbers of its properties.
    properties: Vec<u8>,
    /// Not a picture of its own.
    hidden: bool,
}

/// A file that is put together.
#[derive(Default)]
pub(super) struct Container {
    items: Vec<Item>,
    properties: Vec<Vec<u8>>,
    references: Vec<u8>,
}

impl Container {
    /// Adds an item and gives its number. A property that others have too is stored once.
    pub(super) fn item(
        &mut self,
        kind: [u8; 4],
        data: Vec<u8>,
        properties: &[Vec<u8>],
        hidden: bool,
    ) -> u16 {
        let properties = properties.iter().map(|p| self.property(p)).collect();
        self.items.push(Item {
            kind,
            data,
            properties,
            hidden,
        });
        self.items.len() as u16
    }

    fn property(&mut self, body: &[u8]) -> u8 {
        let known = self.properties.iter().position(|p| p == body);
        let at = known.unwrap_or_else(|| {
            self.properties.push(body.to_vec());
            self.properties.len() - 1
        });
        // A reader cannot do without the setup of a decoder.
        let must = matches!(body.get(4..8), Some(b"hvcC" | b"av1C"));
        (at as u8 + 1) | u8::from(must) << 7
    }

    /// Says what an item is made of, or which one it belongs to.
    pub(super) fn refer(&mut self, kind: &[u8; 4], from: u16, to: &[u16]) {
        let numbers = [from, to.len() as u16].into_iter().chain(to.to_vec());
        let body: Vec<u8> = numbers.flat_map(u16::to_be_bytes).collect();
        self.references.extend(boxed(kind, &body));
    }

    /// The file, of which item `main` is the picture. `brands`: the first is the file's own.
    pub(super) fn finish(self, brands: &[&[u8; 4]], main: u16) -> Result<Vec<u8>> {
        let mut kind = [brands[0], &[0; 4][..]].concat();
        brands.iter().for_each(|b| kind.extend(*b));
        let length = self.items.iter().map(|i| i.data.len()).sum::<usize>();
        let head = self.meta(0, main).len();
        let start = kind.len() + 8 + head + 8;
        if u32::try_from(start + length).is_err() {
            return Err(encoder("HEIF", "the file is longer than 4 GB"));
        }
        let mut out = Vec::with_capacity(start + length);
        out.extend(boxed(b"ftyp", &kind));
        out.extend(self.meta(start as u32, main));
        out.extend((length as u32 + 8).to_be_bytes());
        out.extend(b"mdat");
        self.items.iter().for_each(|i| out.extend(&i.data));
        Ok(out)
    }

    /// The `meta` box, where the first item's data begins at `start`.
    fn meta(&self, start: u32, main: u16) -> Vec<u8> {
        let count = (self.items.len() as u16).to_be_bytes();
        let (mut infos, mut links) = (count.to_vec(), vec![0, 0]);
        // Offsets and lengths of four bytes.
        let mut places = vec![0x44, 0];
        let described = self.items.iter().filter(|i| !i.properties.is_empty());
        links.extend((described.count() as u16).to_be_bytes());
        places.extend(count);
        let mut at = start;
        for (number, item) in (1u16..).zip(&self.items) {
            let id = number.to_be_bytes();
            let body = [&id[..], &[0, 0], &item.kind, b"\0"].concat();
            infos.extend(full(b"infe", 2, item.hidden.into(), &body));
            if !item.properties.is_empty() {
                links.extend(id);
                links.push(item.properties.len() as u8);
                links.extend(&item.properties);
            }
            places.extend([&id[..], &[0, 0, 0, 1]].concat());
            places.extend(at.to_be_bytes());
            places.extend((item.data.len() as u32).to_be_bytes());
            at = at.wrapping_add(item.data.len() as u32);
        }
        let mut body = full(b"hdlr", 0, 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0");
        body.extend(full(b"pitm", 0, 0, &main.to_be_bytes()));
        body.extend(full(b"iloc", 0, 0, &places));
        body.extend(full(b"iinf", 0, 0, &infos));
        if !self.references.is_empty() {
            body.extend(full(b"iref", 0, 0, &self.references));
        }
        let known = boxed(b"ipco", &self.properties.concat());
        let links = full(b"ipma", 0, 0, &links);
        body.extend(boxed(b"iprp", &[known, links].concat()));
        full(b"meta", 0, 0, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_that_its_numbers_cannot_tell_is_refused() {
        let most = grid(128, 1, Size::new(65_535, 2)).expect("fits");
        assert_eq!(most, [0, 0, 0, 127, 255, 255, 0, 2]);
        for (across, down, width, height) in [(129, 1, 65_536, 2), (1, 129, 2, 65_536)] {
            assert!(grid(across, down, Size::new(width, height)).is_err());
        }
    }
}
