//! Protobuf's wire format: numbered fields, each a varint, four or eight bytes, or a length and
//! bytes.
//!
//! Invariant: never reads past the slice it was given and never allocates.

/// Why a file was refused; the caller makes an error of it.
pub(in super::super) type Res<T> = Result<T, String>;

/// The value of a field.
#[derive(Clone, Copy)]
pub(super) enum Field<'a> {
    Int(u64),
    Bytes(&'a [u8]),
    Float(f32),
}

/// Takes a variable-length integer off the front.
pub(super) fn varint(bytes: &mut &[u8]) -> Res<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or("the file ends in a number")?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number is longer than ten bytes".into())
}

fn take<'a>(bytes: &mut &'a [u8], n: u64) -> Res<&'a [u8]> {
    let (head, rest) = usize::try_from(n)
        .ok()
        .and_then(|n| bytes.split_at_checked(n))
        .ok_or_else(|| format!("a field of {n} bytes ends behind its message"))?;
    *bytes = rest;
    Ok(head)
}

/// Calls `each(number, value)` for every field of a message. Eight-byte fields are passed over: no
/// message that is read here has one.
pub(super) fn fields<'a>(
    mut bytes: &'a [u8],
    mut each: impl FnMut(u64, Field<'a>) -> Res<()>,
) -> Res<()> {
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let value = match key & 7 {
            0 => Field::Int(varint(&mut bytes)?),
            1 => {
                take(&mut bytes, 8)?;
                continue;
            }
            2 => {
                let n = varint(&mut bytes)?;
                Field::Bytes(take(&mut bytes, n)?)
            }
            5 => Field::Float(floats(take(&mut bytes, 4)?).next().unwrap_or(0.0)),
            other => return Err(format!("field with wire type {other}")),
        };
        each(key >> 3, value)?;
    }
    Ok(())
}

/// Little-endian floats; a rest of less than four bytes is left out.
pub(super) fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&four| f32::from_le_bytes(four))
}
