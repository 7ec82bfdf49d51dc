//! Damaged files by the ten thousand: every reader and `inspect` must end soon, without a panic,
//! and within little memory.

use super::parts::{Dir, profile, thumbnail_dir, tiff};
use super::{everywhere, png};
use faceveil::inspect::inspect;
use faceveil::{ErrorKind, Limits, Photo, ReadOptions};
use std::time::{Duration, Instant};

/// Mutants of one run; `FACEVEIL_MUTANTS` asks for more, which are others.
const COUNT: usize = 150_000;
const LIMITS: Limits = Limits::max_pixels(1 << 18);
/// Address space of the process that reads them, in KiB: the test binary itself takes a tenth of
/// it.
const MEMORY: u32 = 1 << 20;

/// A small generator with a seed, so that failures come back (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 24) as usize % most.max(1)
    }
}

/// One damaged version of a file. Half of the damage falls near the start, where headers are.
fn mutant(file: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = file.to_vec();
    for _ in 0..1 + random.below(5) {
        let near = if random.below(2) == 0 {
            out.len()
        } else {
            out.len().min(600)
        };
        let at = random.below(near);
        match random.below(7) {
            0 => out.truncate(at.max(out.len() / 2)),
            1 => out[at] = [0, 0xff, 0x7f, 0x80, 1][random.below(5)],
            2 => out[at] ^= 1 << random.below(8),
            3 => {
                let from = random.below(out.len());
                let part = out[from..(from + 1 + random.below(16)).min(out.len())].to_vec();
                out.splice(at..at, part);
            }
            4 => drop(out.drain(at..(at + 1 + random.below(8)).min(out.len()))),
            5 => out[at] = random.below(256) as u8,
            _ => {
                let value = [0u32, 1, u32::MAX, 0x7fff_ffff, 0x1_0000][random.below(5)];
                let value = match random.below(2) {
                    0 => value.to_be_bytes(),
                    _ => value.to_le_bytes(),
                };
                let end = (at + 4).min(out.len());
                out[at..end].copy_from_slice(&value[..end - at]);
            }
        }
        if out.is_empty() {
            out.push(0xff);
        }
    }
    out
}

/// Makes the checksums of a PNG right again, so that damage reaches what lies behind them.
fn summed(file: &mut [u8]) {
    let mut at = 8;
    while let Some(head) = file.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(body) = file.get(at + 4..at.saturating_add(length).saturating_add(8)) else {
            return;
        };
        let mut sum = flate2::Crc::new();
        sum.update(body);
        let end = at + 8 + length;
        match file.get_mut(end..end + 4) {
            Some(place) => place.copy_from_slice(&sum.sum().to_be_bytes()),
            None => return,
        }
        at = end + 4;
    }
}

/// The zoo, and files around an EXIF block and a profile.
fn sources() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = everywhere().into_iter().map(|place| place.file).collect();
    let block = tiff(&Dir(Vec::new(), Some(Box::new(thumbnail_dir("MUTANT")))));
    let base = png::base();
    all.push([&base[..33], &png::chunk(b"eXIf", &block), &base[33..]].concat());
    all.push(super::parts::video("MUTANT"));
    all.push(MATROSKA.to_vec());
    all.push(transport());
    all.push(profile());
    all.push(block);
    all
}

/// A head, and a segment with a title, a track, a name for it, and a block.
const MATROSKA: &[u8] = b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska\x18\x53\x80\x67\xbb\
    \x15\x49\xa9\x66\x89\x7b\xa9\x86MUTANT\x16\x54\xae\x6b\x8d\xae\x8b\xd7\x81\x01\x83\x81\x01\x53\x6e\x82me\
    \x1f\x43\xb6\x75\x8a\xe7\x81\x00\xa3\x85\x81\0\0\x80x\xec\x82no";

/// Tables of a transport stream with one stream, and a packet of it.
fn transport() -> Vec<u8> {
    let packets: [&[u8]; 3] = [
        b"\x47\x40\0\x10\0\0\xb0\x0d\0\x01\xc1\0\0\0\x01\xe1\0\0\0\0\0",
        b"\x47\x41\0\x10\0\x02\xb0\x12\0\x01\xc1\0\0\xe1\x01\xf0\0\x1b\xe1\x01\xf0\0\0\0\0\0",
        b"\x47\x41\x01\x10MUTANT",
    ];
    let full = |head: &&[u8]| [head, &[0xff; 188][head.len()..]].concat();
    packets.iter().flat_map(full).collect()
}

proptest::proptest! {
    #[test]
    fn any_bytes_behind_any_signature_are_looked_through(
        start in 0usize..13,
        data in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400),
    ) {
        let signatures: [&[u8]; 13] = [
            b"",
            b"\xff\xd8\xff\xe1",
            b"\x89PNG\r\n\x1a\n",
            b"RIFF\xff\0\0\0WEBP",
            b"GIF89a\x08\0\x08\0\x80\0\0",
            b"II*\0\x08\0\0\0",
            b"MM\0+\0\x08\0\0",
            b"BM\xff\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            b"\0\0\0\x0cJXL \r\n\x87\n",
            b"\0\0\0\x14ftypqt  \0\0\0\0qt  \0\0\xff\0moov",
            b"<x:xmpmeta ",
            b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff",
        ];
        let file = [signatures[start], &data].concat();
        let _ = inspect(&file);
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test below"]
fn read_them() {
    let sources = sources();
    let asked = std::env::var("FACEVEIL_MUTANTS").ok();
    let count = asked.and_then(|n| n.parse().ok()).unwrap_or(COUNT);
    let mut random = Random(0x0fac_e1e5 + count as u64);
    let (mut read, mut looked, mut bugs) = (0, 0, Vec::new());
    for round in 0..count {
        let mut file = mutant(&sources[round % sources.len()], &mut random);
        if file.starts_with(b"\x89PNG") && round % 3 > 0 {
            summed(&mut file);
        }
        let begin = Instant::now();
        looked += usize::from(inspect(&file).is_ok());
        match Photo::read(&file, &ReadOptions::new().limits(LIMITS)) {
            Ok(photo) => {
                read += 1;
                // Whatever a damaged file was taken for, what is written of it is clean.
                if round % 8 == 0 {
                    let written = photo.write().expect("writes what it read");
                    let seen = inspect(&written).expect("known");
                    assert!(seen.is_clean(), "round {round}: {seen:?}");
                }
            }
            // The guard around other people's codecs caught something: reported, and not ours to mend
            // here.
            Err(error) if error.kind() == ErrorKind::Internal => bugs.push((round, error)),
            Err(_) => {}
        }
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(4), "round {round}: {took:?}");
    }
    assert!(bugs.is_empty(), "{bugs:?}");
    assert!(
        read > count / 20 && looked > count / 2,
        "{read} read, {looked} looked through"
    );
}

#[test]
fn no_mutant_escapes_hangs_or_takes_more_memory_than_it_may() {
    let program = std::env::current_exe().unwrap();
    let args = [
        "zoo::mutants::read_them",
        "--exact",
        "--ignored",
        "--test-threads=1",
    ];
    let run = if cfg!(target_os = "linux") {
        std::process::Command::new("sh")
            .args(["-c", "ulimit -v \"$1\"; shift; exec \"$@\"", "sh"])
            .arg(MEMORY.to_string())
            .arg(program)
            .args(args)
            .output()
    } else {
        std::process::Command::new(program).args(args).output()
    };
    let run = run.unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}
