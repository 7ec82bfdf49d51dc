//! Looks for payloads in a file as it is, in every zlib stream inside of it, in base64, in
//! hexadecimal digits, and in both orders of UTF-16.

use super::parts::{MARK, base64};
use flate2::{Decompress, FlushDecompress};

/// Payloads that are left in a file, however they are wrapped.
pub(super) fn survivors(file: &[u8]) -> Vec<String> {
    let mut found = look(file);
    for at in 0..file.len().saturating_sub(6) {
        // The method and window of a zlib stream, and a header that is a multiple of 31.
        let head = u16::from_be_bytes([file[at], file[at + 1]]);
        if file[at] & 0x8f == 8 && head.is_multiple_of(31) {
            found.extend(look(&inflated(&file[at..])));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn look(data: &[u8]) -> Vec<String> {
    let plain = MARK.as_bytes().to_vec();
    let hex: String = plain.iter().map(|b| format!("{b:02x}")).collect();
    let wide: Vec<u8> = MARK.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut needles = vec![plain, hex.into_bytes(), wide];
    // At each of three places in a group of base64, without the letters that others share.
    for before in 0..3usize {
        let padded = [&vec![b'x'; before][..], MARK.as_bytes()].concat();
        let letters = base64(&padded[..padded.len() / 3 * 3]);
        needles.push(letters.as_bytes()[if before == 0 { 0 } else { 4 }..].to_vec());
    }
    needles
        .iter()
        .flat_map(|needle| {
            let places = data.windows(needle.len()).enumerate();
            places.filter(move |(_, w)| w == needle).map(|(at, _)| {
                let end = (at + 24).min(data.len());
                String::from_utf8_lossy(&data[at..end]).into_owned()
            })
        })
        .collect()
}

fn inflated(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 20);
    let _ = Decompress::new(true).decompress_vec(data, &mut out, FlushDecompress::Sync);
    out
}

#[test]
fn a_payload_is_found_in_every_wrapping() {
    use super::parts::{deflated, mark};
    let payload = mark("HERE");
    let hex: String = payload.iter().map(|b| format!("{b:02x}")).collect();
    for file in [
        payload.clone(),
        [
            b"xxx".to_vec(),
            deflated(&[b"yy".to_vec(), payload.clone()].concat()),
        ]
        .concat(),
        hex.into_bytes(),
        base64(&payload).into_bytes(),
        base64(&[&b"x"[..], &payload].concat()).into_bytes(),
        base64(&[&b"xy"[..], &payload].concat()).into_bytes(),
    ] {
        assert!(!survivors(&file).is_empty(), "{file:?}");
    }
    assert!(survivors(b"LEA_K nothing of the kind").is_empty());
}
