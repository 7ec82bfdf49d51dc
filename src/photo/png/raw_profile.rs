//! EXIF that is written as hexadecimal digits in a text chunk, the way of ImageMagick and ExifTool
//! before PNG had a chunk for it.

use std::io::Read;

/// Most bytes of digits.
const MOST: u64 = 4 << 20;
const KEYWORD: &[u8] = b"Raw profile type ";

/// The EXIF block of a `tEXt` or `zTXt` chunk, if it holds one.
pub(super) fn exif(chunk: &[u8; 4], data: &[u8]) -> Option<Vec<u8>> {
    let end = data.iter().position(|&b| b == 0)?;
    let kind = data[..end].strip_prefix(KEYWORD)?.trim_ascii();
    if !matches!(kind, b"exif" | b"APP1" | b"app1") {
        return None;
    }
    let value = data.get(end + 1..)?;
    let digits = match chunk {
        b"tEXt" => value.to_vec(),
        b"zTXt" => {
            let mut text = Vec::new();
            let stream = flate2::read::ZlibDecoder::new(value.get(1..)?);
            stream.take(MOST).read_to_end(&mut text).ok()?;
            text
        }
        _ => return None,
    };
    let bytes = from_digits(&digits);
    bytes.starts_with(b"Exif\0\0").then_some(bytes)
}

/// Behind two lines, a name and a length.
fn from_digits(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|&b| b == b'\n').filter(|l| !l.is_empty());
    let digits: Vec<u8> = lines
        .skip(2)
        .flatten()
        .filter_map(|&b| char::from(b).to_digit(16))
        .map(|d| d as u8)
        .collect();
    digits.chunks_exact(2).map(|d| d[0] << 4 | d[1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_in_digits_is_found_and_others_are_not() {
        let text = b"Raw profile type exif\0\nexif\n      10\n45786966\n000049492a\n00\n";
        assert_eq!(exif(b"tEXt", text).as_deref(), Some(&b"Exif\0\0II*\0"[..]));
        let other = b"Raw profile type iptc\0\niptc\n 2\n4578\n";
        assert_eq!(exif(b"tEXt", other), None);
        assert_eq!(exif(b"zTXt", b"Raw profile type exif\0\0broken"), None);
    }
}
