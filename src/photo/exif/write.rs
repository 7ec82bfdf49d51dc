//! Our own minimal EXIF writer (Exif 2.32, 4.6): the main directory, and those for exposure, colour
//! and place where there is something to say.

use super::kept::{Order, Value};
use super::{Facts, Unit};
use crate::geometry::Orientation;

const LITTLE: Order = Order {
    short: u16::to_le_bytes,
    long: u32::to_le_bytes,
};

/// A fresh block from its TIFF header on; `None` if nothing in `facts` says more than its absence.
pub(in super::super) fn write(facts: &Facts) -> Option<Vec<u8>> {
    let mut main = Directory::default();
    if facts.orientation != Orientation::Normal {
        main.value(0x0112, &Value::Short(facts.orientation.to_exif().into()));
    }
    if let Some(resolution) = facts.resolution {
        main.value(0x011a, &Value::Fractions(vec![resolution.x]));
        main.value(0x011b, &Value::Fractions(vec![resolution.y]));
        let unit = match resolution.unit {
            Unit::Aspect => 1,
            Unit::Inch => 2,
            Unit::Centimetre => 3,
        };
        main.value(0x0128, &Value::Short(unit));
    }
    let mut exif = Directory::default();
    let mut interop = Directory::default();
    if facts.adobe_rgb {
        exif.value(0xa001, &Value::Short(0xffff)); // uncalibrated: see the interoperability index
        interop.value(0x0001, &Value::Text("R03".into()));
    }
    let mut gps = Directory::default();
    for (directory, values) in [
        (&mut main, &facts.kept.main),
        (&mut exif, &facts.kept.exif),
        (&mut gps, &facts.kept.gps),
    ] {
        values
            .iter()
            .for_each(|(tag, value)| directory.value(*tag, value));
    }
    // Pointers take their room first; each directory begins where the one before ends.
    for (pointer, there) in [(0x8769, !exif.is_empty()), (0x8825, !gps.is_empty())] {
        if there {
            main.pointer(pointer);
        }
    }
    if !interop.is_empty() {
        exif.pointer(0xa005);
    }
    if main.is_empty() {
        return None;
    }
    let exif_at = 8 + main.len();
    let interop_at = exif_at + exif.len();
    let gps_at = interop_at + interop.len();
    main.point(0x8769, exif_at);
    main.point(0x8825, gps_at);
    exif.point(0xa005, interop_at);
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    for directory in [&mut main, &mut exif, &mut interop, &mut gps] {
        directory.append_to(&mut out);
    }
    Some(out)
}

/// One directory of a little-endian TIFF structure, its values right behind it.
#[derive(Default)]
struct Directory {
    /// Tag, type, count, and the value or its place among `behind`.
    entries: Vec<(u16, u16, u32, Place)>,
    behind: Vec<u8>,
}

enum Place {
    Here([u8; 4]),
    Behind(u32),
}

impl Directory {
    const LONG: u16 = 4;

    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn value(&mut self, tag: u16, value: &Value) {
        let (count, bytes) = value.encode(LITTLE);
        let place = if bytes.len() <= 4 {
            let mut here = [0; 4];
            here.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
            Place::Here(here)
        } else {
            let at = self.behind.len() as u32;
            self.behind.extend(bytes);
            self.behind.resize(self.behind.len().next_multiple_of(2), 0);
            Place::Behind(at)
        };
        self.entries.push((tag, value.kind(), count, place));
    }

    /// A place for a pointer that is not known yet.
    fn pointer(&mut self, tag: u16) {
        self.entries.push((tag, Self::LONG, 1, Place::Here([0; 4])));
    }

    fn point(&mut self, tag: u16, to: u32) {
        for entry in self.entries.iter_mut().filter(|entry| entry.0 == tag) {
            entry.3 = Place::Here(to.to_le_bytes());
        }
    }

    fn len(&self) -> u32 {
        if self.is_empty() {
            return 0;
        }
        (2 + self.entries.len() * 12 + 4 + self.behind.len()) as u32
    }

    fn append_to(&mut self, out: &mut Vec<u8>) {
        if self.is_empty() {
            return;
        }
        self.entries.sort_by_key(|entry| entry.0);
        let behind_at = (out.len() + 2 + self.entries.len() * 12 + 4) as u32;
        out.extend((self.entries.len() as u16).to_le_bytes());
        for (tag, kind, count, place) in &self.entries {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(count.to_le_bytes());
            match place {
                Place::Here(value) => out.extend(value),
                Place::Behind(at) => out.extend((behind_at + at).to_le_bytes()),
            }
        }
        out.extend([0; 4]);
        out.extend(&self.behind);
    }
}
