//! NUT, the container in which raw frames travel through ffmpeg's pipes: the only one that both
//! ends know and that keeps timestamps exact (NUT specification 20140601). One video stream,
//! nothing else.

mod read;
mod write;

pub(super) use read::Reader;
pub(super) use write::Writer;

use std::io;

/// The file's first bytes.
const MAGIC: &[u8; 25] = b"nut/multimedia container\0";
/// Start codes of the packets that are no frames.
const MAIN: u64 = 0x4E4D_7A56_1F5F_04AD;
const STREAM: u64 = 0x4E53_1140_5BF2_F9DB;
const SYNCPOINT: u64 = 0x4E4B_E4AD_EECA_4569;
const INDEX: u64 = 0x4E58_DD67_2F23_E64E;
const INFO: u64 = 0x4E49_AB68_B596_BA78;

/// Bits of a frame code that say what is spelt out in a frame's header.
mod flag {
    pub(super) const KEY: u64 = 1;
    pub(super) const EOR: u64 = 2;
    pub(super) const CODED_PTS: u64 = 8;
    pub(super) const STREAM_ID: u64 = 16;
    pub(super) const SIZE_MSB: u64 = 32;
    pub(super) const CHECKSUM: u64 = 64;
    pub(super) const RESERVED: u64 = 128;
    pub(super) const SIDE_DATA: u64 = 256;
    pub(super) const HEADER_INDEX: u64 = 1024;
    pub(super) const MATCH_TIME: u64 = 2048;
    pub(super) const CODED: u64 = 4096;
    pub(super) const INVALID: u64 = 8192;
}

/// Packets above this length have a checksum of their own header.
const LONG_PACKET: u64 = 4096;

/// What the stream's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Which planes in which order: ffmpeg's code for a pixel format.
    pub(super) fourcc: [u8; 4],
    pub(super) width: u64,
    pub(super) height: u64,
    /// Width and height of a pixel; 0 if not known.
    pub(super) pixel: (u64, u64),
    /// Seconds of a tick as a fraction.
    pub(super) time_base: (u64, u64),
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("ffmpeg's frames are damaged: {what}"),
    )
}

/// CRC-32 with the generator 0x04C11DB7, most significant bit first, from 0.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            let carry = crc & 0x8000_0000 != 0;
            crc << 1 ^ if carry { 0x04C1_1DB7 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: Header = Header {
        fourcc: *b"I420",
        width: 4,
        height: 2,
        pixel: (4, 3),
        time_base: (1001, 30000),
    };

    fn written(frames: &[(i64, Vec<u8>)]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, &HEADER, (30000, 1001)).expect("written");
        for (pts, data) in frames {
            writer.frame(*pts, data).expect("written");
        }
        out
    }

    proptest! {
        #[test]
        fn frames_come_back_with_their_exact_times(
            frames in prop::collection::vec((0i64..1 << 40, prop::collection::vec(any::<u8>(), 12)), 0..9)
        ) {
            let bytes = written(&frames);
            let mut reader = Reader::new(&bytes[..]).expect("a header");
            prop_assert_eq!(*reader.header(), HEADER);
            let mut data = vec![0; 12];
            for (pts, expected) in &frames {
                prop_assert_eq!(reader.frame(&mut data).expect("read"), Some(*pts));
                prop_assert_eq!(&data, expected);
            }
            prop_assert_eq!(reader.frame(&mut data).expect("the end"), None);
        }

        #[test]
        fn damage_is_an_error_or_harmless_and_never_a_panic(
            at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()
        ) {
            let mut bytes = written(&[(7, vec![9; 12]), (8, vec![8; 12]), (5, vec![1; 12])]);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len()) + 1);
            if let Ok(mut reader) = Reader::new(&bytes[..]) {
                let mut data = vec![0; 12];
                while let Ok(Some(_)) = reader.frame(&mut data) {}
            }
        }

        #[test]
        fn noise_is_no_stream(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut noise = MAGIC.to_vec();
            noise.extend(bytes);
            prop_assert!(Reader::new(&noise[..]).is_err());
        }
    }
}
