//! The coded data of a picture item: units that hold no picture, and bytes behind the last one.

use super::super::super::bytes::rest;
use super::super::super::coded::{nal, obu};
use super::super::super::embedded;
use super::super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::super::entries::unused;
use std::borrow::Cow;

/// Looks at an item's data, in its parts. `width`: bytes of the lengths in front of its units.
pub(super) fn look(
    kind: [u8; 4],
    width: Option<usize>,
    parts: &[&[u8]],
    place: &str,
    out: &mut Inspection,
) {
    let data: Cow<'_, [u8]> = match parts {
        [] => return,
        [one] => Cow::Borrowed(one),
        many => Cow::Owned(many.concat()),
    };
    match &kind {
        b"hvc1" | b"hev1" => nal::sample(nal::Coding::Hevc, width.unwrap_or(4), &data, place, out),
        b"avc1" => nal::sample(nal::Coding::Avc, width.unwrap_or(4), &data, place, out),
        b"av01" => {
            if obu::look(&data, place, out) > 1 {
                let finding = Finding::new(Kind::Preview, place).bytes(data.len());
                out.add(finding.detail("several frames"));
            }
        }
        b"jpeg" => {
            let end = embedded::jpeg_end(&data).unwrap_or(data.len());
            unused(rest(&data, end), place, out);
        }
        // Rows and columns, and sides of two or four bytes.
        b"grid" => {
            let wide = data.get(1).is_some_and(|flags| flags & 1 == 1);
            unused(rest(&data, if wide { 12 } else { 8 }), place, out);
        }
        b"iden" => unused(&data, place, out),
        // A colour, sides, and two offsets for each of the pictures.
        b"iovl" => {
            let wide = data.get(1).is_some_and(|flags| flags & 1 == 1);
            let end = if wide { 18 } else { 14 };
            let each = if wide { 8 } else { 4 };
            let left = rest(&data, end);
            unused(rest(left, left.len() / each * each), place, out);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_data_of_an_item_is_named() {
        let kinds = |kind: &[u8; 4], data: &[u8]| {
            let mut out = Inspection::default();
            look(*kind, Some(4), &[data], "x", &mut out);
            let found = out.findings.into_iter();
            found.map(|f| f.kind).collect::<Vec<_>>()
        };
        let unit = b"\0\0\0\x03\x26\x01x";
        assert_eq!(kinds(b"hvc1", unit), []);
        assert_eq!(
            kinds(b"hvc1", &[&unit[..], b"Alice"].concat()),
            [Kind::UnusedBytes]
        );
        assert_eq!(kinds(b"grid", &[0, 0, 1, 1, 0, 9, 0, 9]), []);
        assert_eq!(
            kinds(b"grid", b"\0\0\x01\x01\0\x09\0\x09Alice"),
            [Kind::UnusedBytes]
        );
        assert_eq!(
            kinds(b"jpeg", b"\xff\xd8\xff\xd9Alice"),
            [Kind::UnusedBytes]
        );
        assert_eq!(kinds(b"av01", b"\x32\x01x\x32\x01x"), [Kind::Preview]);
    }
}
