//! Numbers and parts of a file's bytes. Everything is checked: what lies outside is `None`.

/// Which end of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, data: &[u8], at: usize) -> Option<u16> {
        let bytes: [u8; 2] = part(data, at, 2)?.try_into().ok()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        })
    }

    pub(super) fn u32(self, data: &[u8], at: usize) -> Option<u32> {
        let bytes: [u8; 4] = part(data, at, 4)?.try_into().ok()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }

    pub(super) fn u64(self, data: &[u8], at: usize) -> Option<u64> {
        let bytes: [u8; 8] = part(data, at, 8)?.try_into().ok()?;
        Some(match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        })
    }
}

/// `length` bytes from `at` on.
pub(super) fn part(data: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    data.get(at..at.checked_add(length)?)
}

/// What is left from `at` on, nothing if that lies outside.
pub(super) fn rest(data: &[u8], at: usize) -> &[u8] {
    data.get(at..).unwrap_or_default()
}

/// Where `needle` begins, the first time.
pub(super) fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = 0;
    loop {
        at += rest(hay, at).iter().position(|&b| b == first)?;
        if rest(hay, at).starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
}

/// Whether `needle` occurs.
pub(super) fn contains(hay: &[u8], needle: &[u8]) -> bool {
    find(hay, needle).is_some()
}

/// Text up to the first zero byte; bytes that are no UTF-8 become U+FFFD.
pub(super) fn text(data: &[u8]) -> String {
    let end = data.iter().position(|&b| b == 0).unwrap_or(data.len());
    let most = data.get(..end.min(1000)).unwrap_or_default();
    String::from_utf8_lossy(most).trim().to_owned()
}

/// Whether any byte is not zero.
pub(super) fn says_something(data: &[u8]) -> bool {
    data.iter().any(|&b| b != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_is_nothing() {
        assert_eq!(Order::Big.u32(&[1, 2, 3], 0), None);
        assert_eq!(Order::Big.u16(&[1, 2, 3], usize::MAX), None);
        assert_eq!(Order::Little.u16(&[1, 2, 3], 1), Some(0x0302));
        assert_eq!(rest(b"abc", 9), b"");
        assert_eq!(find(b"xxabab", b"abab"), Some(2));
        assert_eq!(find(b"xxab", b""), None);
    }
}
