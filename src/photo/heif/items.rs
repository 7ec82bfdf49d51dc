//! The items of a HEIF file and their properties (ISO/IEC 23008-12; 14496-12, 8.11).
//!
//! Invariant: counts are bounded, and whatever an item's data is put together from lies in the file
//! and is no longer than it.

use super::super::boxes::{self, Reader};
use super::super::guard::{malformed, unsupported};
use crate::error::{Error, Result};
use crate::geometry::Size;
use std::borrow::Cow;
use std::collections::HashMap;

/// Items, references, extents and properties of one file; a photo of 200 megapixels has 768 tiles.
const MOST: usize = 20_000;

/// Colour by the code points of ITU-T H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CodePoints {
    pub(super) primaries: u16,
    pub(super) transfer: u16,
    pub(super) matrix: u16,
    pub(super) full: bool,
}

/// A property, as far as it changes pixels.
#[derive(Clone, Debug)]
pub(super) enum Property<'a> {
    Size(Size),
    /// `hvcC` or `av1C`.
    Setup([u8; 4], &'a [u8]),
    Colour(CodePoints),
    Icc(&'a [u8]),
    Purpose(Cow<'a, str>),
    /// Width, height and offsets of the middle, as fractions.
    Aperture([u32; 8]),
    /// Quarter turns, anticlockwise.
    Turn(u8),
    /// Top and bottom change places, else left and right.
    Mirror(bool),
    /// Says nothing about pixels.
    Harmless,
    Unknown([u8; 4]),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    pub(super) kind: [u8; 4],
    /// Numbers in the list of all properties, and whether a reader must know each.
    properties: Vec<(usize, bool)>,
    place: Option<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    /// 0: in the file; 1: in the `idat` box.
    method: u8,
    elsewhere: bool,
    /// Offset and length; a length of 0 goes to the end.
    extents: Vec<(u64, u64)>,
}

/// What a `meta` box says.
pub(super) struct Items<'a> {
    file: &'a [u8],
    inside: &'a [u8],
    pub(super) primary: u32,
    /// In the order of the file.
    pub(super) order: Vec<u32>,
    list: HashMap<u32, Item>,
    properties: Vec<Property<'a>>,
    /// Kind, from, to.
    references: Vec<([u8; 4], u32, Vec<u32>)>,
}

fn damaged() -> Error {
    malformed("the list of pictures in the file is damaged")
}

impl<'a> Items<'a> {
    /// Reads the body of a `meta` box of `file`.
    pub(super) fn read(file: &'a [u8], meta: &'a [u8]) -> Result<Self> {
        let list = boxes::all(meta.get(4..).ok_or_else(damaged)?)?;
        let first = |kind| boxes::first(&list, kind);
        if first(b"hdlr").and_then(|b| b.get(8..12)) != Some(b"pict") {
            return Err(malformed("the file's items are no pictures"));
        }
        let mut items = Self {
            file,
            inside: first(b"idat").unwrap_or_default(),
            primary: first(b"pitm").and_then(primary).ok_or_else(damaged)?,
            order: Vec::new(),
            list: HashMap::new(),
            properties: Vec::new(),
            references: Vec::new(),
        };
        items.kinds(first(b"iinf").ok_or_else(damaged)?)?;
        if let Some(body) = first(b"iloc") {
            items.places(body).ok_or_else(damaged)?;
        }
        if let Some(body) = first(b"iref") {
            items.refer(body)?;
        }
        if let Some(body) = first(b"iprp") {
            items.describe(body)?;
        }
        if !items.list.contains_key(&items.primary) {
            return Err(malformed("the file's main picture is not in its list"));
        }
        Ok(items)
    }

    fn kinds(&mut self, body: &'a [u8]) -> Result<()> {
        let head = if body.first() == Some(&0) { 6 } else { 8 };
        for one in boxes::all(body.get(head..).ok_or_else(damaged)?)? {
            let mut read = Reader::new(one.body);
            let mut entry = || {
                let (version, _) = read.full()?;
                let id = match version {
                    2 => read.small(2)?,
                    3 => read.small(4)?,
                    _ => return None,
                };
                read.take(2)?; // protection
                Some((id, read.take(4)?.try_into().ok()?))
            };
            if one.kind != *b"infe" {
                continue;
            }
            let (id, kind) = entry().ok_or_else(damaged)?;
            let item = Item {
                kind,
                ..Item::default()
            };
            if self.list.len() >= MOST || self.list.insert(id, item).is_some() {
                return Err(damaged());
            }
            self.order.push(id);
        }
        Ok(())
    }

    /// 14496-12, 8.11.3.
    fn places(&mut self, body: &'a [u8]) -> Option<()> {
        let mut read = Reader::new(body);
        let (version, _) = read.full()?;
        let widths = read.small(2)?;
        let width = |shift: u32| (widths >> shift & 15) as usize;
        let (offset, length, base) = (width(12), width(8), width(4));
        let index = if version > 0 { width(0) } else { 0 };
        if version > 2 || [offset, length, base, index].iter().any(|&w| w > 8) {
            return None;
        }
        let wide = if version < 2 { 2 } else { 4 };
        let count = read.small(wide)?;
        let mut left = MOST;
        for _ in 0..count {
            let id = read.small(wide)?;
            let method = if version > 0 {
                (read.small(2)? & 15) as u8
            } else {
                0
            };
            let elsewhere = read.small(2)? != 0;
            let base = read.number(base)?;
            let mut extents = Vec::new();
            for _ in 0..read.small(2)? {
                left = left.checked_sub(1)?;
                read.take(index)?;
                let at = base.checked_add(read.number(offset)?)?;
                extents.push((at, read.number(length)?));
            }
            if let Some(item) = self.list.get_mut(&id) {
                item.place = Some(Place {
                    method,
                    elsewhere,
                    extents,
                });
            }
        }
        Some(())
    }

    fn refer(&mut self, body: &'a [u8]) -> Result<()> {
        let mut read = Reader::new(body);
        let (version, _) = read.full().ok_or_else(damaged)?;
        let wide = if version == 0 { 2 } else { 4 };
        let mut left = MOST;
        for one in boxes::all(read.rest())? {
            let mut read = Reader::new(one.body);
            let mut entry = || {
                let from = read.small(wide)?;
                let count = read.small(2)? as usize;
                left = left.checked_sub(count)?;
                let to: Option<Vec<u32>> = (0..count).map(|_| read.small(wide)).collect();
                Some((one.kind, from, to?))
            };
            self.references.push(entry().ok_or_else(damaged)?);
        }
        Ok(())
    }

    fn describe(&mut self, body: &'a [u8]) -> Result<()> {
        let list = boxes::all(body)?;
        for one in boxes::all(boxes::first(&list, b"ipco").unwrap_or_default())? {
            self.properties.push(property(&one).ok_or_else(damaged)?);
        }
        for map in list.iter().filter(|b| b.kind == *b"ipma") {
            self.link(map.body).ok_or_else(damaged)?;
        }
        Ok(())
    }

    fn link(&mut self, body: &[u8]) -> Option<()> {
        let mut read = Reader::new(body);
        let (version, flags) = read.full()?;
        let wide = flags & 1 == 1;
        let mut left = MOST * 8;
        for _ in 0..read.small(4)? {
            let id = read.small(if version < 1 { 2 } else { 4 })?;
            let count = read.small(1)? as usize;
            left = left.checked_sub(count + 1)?;
            for _ in 0..count {
                let (bits, value) = match wide {
                    true => (15, read.small(2)?),
                    false => (7, read.small(1)?),
                };
                let number = value as usize & ((1 << bits) - 1);
                let Some(number) = number.checked_sub(1) else {
                    continue;
                };
                if number >= self.properties.len() {
                    return None;
                }
                if let Some(item) = self.list.get_mut(&id) {
                    item.properties.push((number, value >> bits == 1));
                }
            }
        }
        Some(())
    }

    /// An item that is there.
    pub(super) fn item(&self, id: u32) -> Result<&Item> {
        self.list
            .get(&id)
            .ok_or_else(|| malformed("a picture in the file refers to one that is not there"))
    }

    /// Its properties in the order in which they apply.
    pub(super) fn properties(&self, id: u32) -> impl Iterator<Item = &Property<'a>> {
        let own = self.list.get(&id).map(|i| &i.properties[..]);
        let own = own.unwrap_or_default().iter();
        own.map(|&(number, _)| &self.properties[number])
    }

    /// Fails for a property that a reader must know and this one does not.
    pub(super) fn ensure_known(&self, id: u32) -> Result<()> {
        let strange = |&(number, must): &(usize, bool)| match &self.properties[number] {
            Property::Unknown(kind) if must => Some(*kind),
            _ => None,
        };
        match self.item(id)?.properties.iter().find_map(strange) {
            Some(kind) => Err(unsupported(format!(
                "pictures with the property `{}` are not handled",
                kind.escape_ascii()
            ))),
            None => Ok(()),
        }
    }

    /// Whether the item says that it must be turned or mirrored.
    pub(super) fn is_turned(&self, id: u32) -> bool {
        let mut all = self.properties(id);
        all.any(|p| matches!(p, Property::Turn(_) | Property::Mirror(_)))
    }

    pub(super) fn size(&self, id: u32) -> Option<Size> {
        self.properties(id).find_map(|p| match p {
            Property::Size(size) => Some(*size),
            _ => None,
        })
    }

    pub(super) fn purpose(&self, id: u32) -> Option<&str> {
        self.properties(id).find_map(|p| match p {
            Property::Purpose(text) => Some(&**text),
            _ => None,
        })
    }

    /// What an item refers to, by the kind of the reference.
    pub(super) fn to(&self, from: u32, kind: &[u8; 4]) -> &[u32] {
        let own = |r: &&([u8; 4], u32, Vec<u32>)| r.0 == *kind && r.1 == from;
        let found = self.references.iter().find(own);
        found.map_or(&[], |r| &r.2[..])
    }

    /// What refers to an item.
    pub(super) fn from(&self, to: u32, kind: &[u8; 4]) -> impl Iterator<Item = u32> {
        let own = move |r: &&([u8; 4], u32, Vec<u32>)| r.0 == *kind && r.2.contains(&to);
        self.references.iter().filter(own).map(|r| r.1)
    }

    /// Whether an item refers to anything by a kind of reference.
    pub(super) fn refers(&self, from: u32, kind: &[u8; 4]) -> bool {
        self.references
            .iter()
            .any(|r| r.0 == *kind && r.1 == from && !r.2.is_empty())
    }

    /// All bytes of an item.
    pub(super) fn data(&self, id: u32) -> Result<Cow<'a, [u8]>> {
        let place = self.item(id)?.place.as_ref();
        let place = place.ok_or_else(|| malformed("a picture in the file has no data"))?;
        let source = match place.method {
            _ if place.elsewhere => {
                return Err(unsupported("pictures in another file are not handled"));
            }
            0 => self.file,
            1 => self.inside,
            _ => {
                return Err(unsupported(
                    "pictures put together from other items' bytes are not handled",
                ));
            }
        };
        let cut = || malformed("the file ends before its picture data");
        let part = |&(at, length): &(u64, u64)| -> Result<&'a [u8]> {
            let at = usize::try_from(at).map_err(|_| cut())?;
            let length = usize::try_from(length).map_err(|_| cut())?;
            let rest = source.get(at..).ok_or_else(cut)?;
            match length {
                0 => Ok(rest),
                length => rest.get(..length).ok_or_else(cut),
            }
        };
        if let [only] = &place.extents[..] {
            return Ok(Cow::Borrowed(part(only)?));
        }
        let mut out = Vec::new();
        for extent in &place.extents {
            let part = part(extent)?;
            if out.len() + part.len() > source.len() {
                return Err(malformed("a picture in the file is longer than the file"));
            }
            out.extend(part);
        }
        Ok(Cow::Owned(out))
    }
}

fn primary(body: &[u8]) -> Option<u32> {
    let mut read = Reader::new(body);
    let (version, _) = read.full()?;
    read.small(if version == 0 { 2 } else { 4 })
}

/// A text that ends with a zero.
fn text(data: &[u8]) -> Cow<'_, str> {
    let end = data.iter().position(|&b| b == 0).unwrap_or(data.len());
    String::from_utf8_lossy(&data[..end.min(256)])
}

fn property<'a>(one: &boxes::Box<'a>) -> Option<Property<'a>> {
    let mut read = Reader::new(one.body);
    Some(match &one.kind {
        b"ispe" => {
            read.full()?;
            Property::Size(Size::new(read.small(4)?, read.small(4)?))
        }
        b"hvcC" | b"av1C" => Property::Setup(one.kind, one.body),
        b"colr" => match read.take(4)? {
            b"nclx" => {
                let mut next = || Some(read.small(2)? as u16);
                let (primaries, transfer, matrix) = (next()?, next()?, next()?);
                Property::Colour(CodePoints {
                    primaries,
                    transfer,
                    matrix,
                    full: read.small(1)? & 0x80 != 0,
                })
            }
            b"prof" | b"rICC" if !read.rest().is_empty() => Property::Icc(read.rest()),
            _ => Property::Harmless,
        },
        b"auxC" => {
            read.full()?;
            Property::Purpose(text(read.rest()))
        }
        b"clap" => {
            let mut numbers = [0; 8];
            for number in &mut numbers {
                *number = read.small(4)?;
            }
            Property::Aperture(numbers)
        }
        b"irot" => Property::Turn((read.small(1)? & 3) as u8),
        b"imir" => Property::Mirror(read.small(1)? & 1 == 0),
        b"pixi" | b"pasp" | b"rloc" | b"a1lx" | b"clli" | b"mdcv" | b"cclv" | b"amve" | b"free"
        | b"skip" | b"udes" | b"altt" | b"crtt" | b"mdft" => Property::Harmless,
        kind => Property::Unknown(*kind),
    })
}
