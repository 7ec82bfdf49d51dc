//! MPEG transport streams (ISO/IEC 13818-1): which streams there are, what the tables say, and what
//! lies between packets, pictures and sound.

mod elementary;
mod packet;

use super::bytes::{Order, part, rest, says_something, text};
use super::finding::{Finding, FindingKind as Kind, Inspection};
use elementary::{Coding, Elementary};
use packet::Extras;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};

const PACKET: usize = 188;
/// Streams of one file; there are 8,192 numbers.
const STUFFING: u16 = 0x1fff;
/// Findings of one stream.
const MOST_FOUND: usize = 1000;
/// Service provider and service, as our own files have them.
const OWN_NAMES: [&str; 2] = ["FFmpeg", "Service01"];

/// Whether a file begins with packets.
pub(super) fn is_one(head: &[u8]) -> bool {
    let sync = |i: usize| head.get(i * PACKET) == Some(&0x47);
    head.len() > 2 * PACKET && (0..3).all(sync)
}

#[derive(Default)]
struct Streams {
    seen: BTreeSet<u16>,
    tables: BTreeSet<u16>,
    /// What each is, as its program's table says.
    known: BTreeMap<u16, Stream>,
    clocks: BTreeSet<u16>,
    extras: Extras,
    /// Streams of pictures and sound by their numbers, with what is found in them.
    elementary: BTreeMap<u16, (Elementary, Inspection)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Picture,
    Sound,
    Other(u8),
}

/// Looks through a file.
///
/// # Errors
/// If reading fails.
pub(super) fn look(from: impl Read, out: &mut Inspection) -> io::Result<()> {
    let mut from = BufReader::with_capacity(1 << 18, from);
    let mut streams = Streams::default();
    let mut packet = Vec::with_capacity(PACKET);
    loop {
        packet.clear();
        from.by_ref().take(PACKET as u64).read_to_end(&mut packet)?;
        match packet.len() {
            0 => break,
            PACKET if packet[0] == 0x47 => streams.packet(&packet, out),
            _ => {
                out.damaged("a packet that is none");
                break;
            }
        }
    }
    streams.conclude(out);
    Ok(())
}

impl Streams {
    fn packet(&mut self, packet: &[u8], out: &mut Inspection) {
        let head = Order::Big.u32(packet, 0).unwrap_or(0);
        let pid = (head >> 8 & 0x1fff) as u16;
        let starts = head & 0x40_0000 != 0;
        self.seen.insert(pid);
        if pid == STUFFING {
            return self.extras.null(rest(packet, 4));
        }
        let payload = self.extras.payload(packet);
        if let Some((stream, found)) = self.elementary.get_mut(&pid) {
            stream.push(payload, starts, &mut self.extras, found);
            // As many as a person reads.
            found.findings.truncate(MOST_FOUND);
            return;
        }
        let is_table = pid == 0 || pid == 17 || self.tables.contains(&pid);
        if !is_table || payload.is_empty() {
            return;
        }
        let section = payload.first().map(|p| rest(payload, 1 + usize::from(*p)));
        let body = section.filter(|_| starts).and_then(|section| {
            let length = usize::from(Order::Big.u16(section, 1)? & 0xfff);
            // Without the checksum.
            Some((*section.first()?, part(section, 3, length.checked_sub(4)?)?))
        });
        if let Some(section) = section.filter(|_| starts) {
            let length = usize::from(Order::Big.u16(section, 1).unwrap_or(0) & 0xfff);
            self.extras.stuff(rest(section, 3 + length));
        }
        match (pid, body) {
            (_, None) => out.damaged("a table that takes several packets"),
            (0, Some((0, body))) => self.programs(body),
            (17, Some((0x42, body))) => services(body, out),
            (_, Some((2, body))) => self.program(body, out),
            _ => {}
        }
    }

    fn programs(&mut self, body: &[u8]) {
        for entry in rest(body, 5).chunks_exact(4) {
            let pid = u16::from_be_bytes([entry[2], entry[3]]) & 0x1fff;
            self.tables.insert(pid);
        }
    }

    fn program(&mut self, body: &[u8], out: &mut Inspection) {
        let short = |at| Order::Big.u16(body, at).unwrap_or(0);
        self.clocks.insert(short(5) & 0x1fff);
        let length = usize::from(short(7) & 0xfff);
        descriptors(part(body, 9, length).unwrap_or_default(), out);
        let mut at = 9 + length;
        while let Some(&kind) = body.get(at) {
            let (pid, length) = (short(at + 1) & 0x1fff, usize::from(short(at + 3) & 0xfff));
            let words = part(body, at + 5, length).unwrap_or_default();
            descriptors(words, out);
            let known = stream(kind, words);
            self.known.insert(pid, known);
            if matches!(known, Stream::Picture | Stream::Sound) {
                let new = || (Elementary::new(Coding::new(kind)), Inspection::default());
                self.elementary.entry(pid).or_insert_with(new);
            }
            at += 5 + length;
        }
    }

    fn conclude(&mut self, out: &mut Inspection) {
        let of = |which: Stream| self.known.values().filter(|s| **s == which).count();
        if of(Stream::Picture) > 1 {
            let finding = Finding::new(Kind::FurtherPicture, "programs");
            out.add(finding.detail(format!("{} picture streams", of(Stream::Picture))));
        }
        if of(Stream::Sound) > 0 {
            out.carry("sound");
        }
        for &pid in &self.seen {
            let kind = match (pid, self.known.get(&pid)) {
                (0 | 17 | STUFFING, _) | (_, Some(Stream::Picture | Stream::Sound)) => continue,
                (pid, None) if self.tables.contains(&pid) || self.clocks.contains(&pid) => continue,
                (20, None) => Kind::Time,
                (18, None) => Kind::Text,
                _ => Kind::PrivateData,
            };
            let finding = Finding::new(kind, format!("stream {pid}"));
            out.add(match self.known.get(&pid) {
                Some(Stream::Other(kind)) => finding.detail(format!("of type {kind}")),
                _ => finding.detail("in no program"),
            });
        }
        self.extras.conclude(out);
        for (pid, (stream, found)) in &mut self.elementary {
            stream.conclude(found);
            for carried in found.carries.drain(..) {
                out.carry(carried);
            }
            let mut collected = out.collect(&format!("stream {pid}"));
            for finding in found.findings.drain(..) {
                collected.sample().findings.push(finding);
                collected.next();
            }
        }
        out.frames = 1;
    }
}

/// Descriptors of programs and streams that hold numbers, and the most bytes that they take: kinds
/// of coding, buffers, languages, alignment.
const DESCRIPTORS: [(u8, usize); 31] = [
    (0x02, 3),
    (0x03, 1),
    (0x04, 4),
    (0x05, 16),
    (0x06, 1),
    (0x07, 8),
    (0x08, 4),
    (0x09, 32),
    (0x0a, 16),
    (0x0b, 2),
    (0x0c, 4),
    (0x0e, 3),
    (0x10, 6),
    (0x11, 1),
    (0x12, 2),
    (0x1b, 3),
    (0x1c, 1),
    (0x1d, 64),
    (0x28, 4),
    (0x2a, 2),
    (0x2b, 4),
    (0x38, 16),
    (0x52, 1),
    (0x56, 30),
    (0x59, 40),
    (0x6a, 8),
    (0x7a, 12),
    (0x7b, 12),
    (0x7c, 4),
    (0x7f, 4),
    (0x81, 16),
];

/// Names descriptors that hold more than numbers.
fn descriptors(data: &[u8], out: &mut Inspection) {
    let mut at = 0;
    while let Some(&tag) = data.get(at) {
        let length = usize::from(data.get(at + 1).copied().unwrap_or(0));
        let body = part(data, at + 2, length).unwrap_or(rest(data, at + 2));
        let most = DESCRIPTORS.iter().find(|d| d.0 == tag).map_or(0, |d| d.1);
        if body.len() > most && says_something(rest(body, most)) {
            let finding = Finding::new(Kind::PrivateData, format!("descriptor {tag}"));
            out.add(finding.bytes(body.len()).detail(text(body)));
        }
        at += 2 + length;
    }
}

/// By the kind in the program's table; private ones by their descriptors.
fn stream(kind: u8, descriptors: &[u8]) -> Stream {
    match kind {
        0x01 | 0x02 | 0x10 | 0x1b | 0x24 | 0x33 | 0x42 | 0xd1 | 0xea => Stream::Picture,
        0x03 | 0x04 | 0x0f | 0x11 | 0x1c | 0x81 | 0x82 | 0x84 | 0x87 => Stream::Sound,
        0x06 => {
            let mut at = 0;
            while let Some(&tag) = descriptors.get(at) {
                let length = usize::from(descriptors.get(at + 1).copied().unwrap_or(0));
                let body = part(descriptors, at + 2, length).unwrap_or_default();
                let named = [
                    &b"AC-3"[..],
                    b"EAC3",
                    b"Opus",
                    b"DTS1",
                    b"DTS2",
                    b"DTS3",
                    b"BSSD",
                ];
                if matches!(tag, 0x6a | 0x7a | 0x7b) || tag == 5 && named.contains(&body) {
                    return Stream::Sound;
                }
                at += 2 + length;
            }
            Stream::Other(kind)
        }
        kind => Stream::Other(kind),
    }
}

/// Names of services.
fn services(body: &[u8], out: &mut Inspection) {
    let mut at = 8;
    while let Some(length) = Order::Big.u16(body, at + 3) {
        let length = usize::from(length & 0xfff);
        let descriptors = part(body, at + 5, length).unwrap_or_default();
        // A service descriptor: kind, provider, name.
        if descriptors.first() == Some(&0x48) {
            let said = |at: usize| {
                let length = usize::from(descriptors.get(at).copied().unwrap_or(0));
                text(part(descriptors, at + 1, length).unwrap_or_default())
            };
            let provider = said(3);
            let name = said(4 + usize::from(descriptors.get(3).copied().unwrap_or(0)));
            for (words, own) in [provider, name].iter().zip(OWN_NAMES) {
                if words != own && !words.is_empty() {
                    out.add(Finding::new(Kind::Text, "service").detail(words));
                }
            }
        }
        at += 5 + length;
    }
}

#[cfg(test)]
mod tests {
    use super::super::inspect;
    use super::*;

    fn packet(pid: u16, payload: &[u8]) -> Vec<u8> {
        let [high, low] = pid.to_be_bytes();
        let mut out = vec![0x47, 0x40 | high, low, 0x10];
        out.extend(payload);
        out.resize(PACKET, 0xff);
        out
    }

    fn table(kind: u8, body: &[u8]) -> Vec<u8> {
        let [high, low] = (body.len() as u16 + 4).to_be_bytes();
        [&[0, kind, 0xb0 | high, low], body, &[0; 4]].concat()
    }

    /// A program of one picture and one sound stream, and one packet of each.
    fn plain() -> Vec<Vec<u8>> {
        let pat = packet(0, &table(0, &[0, 1, 0xc1, 0, 0, 0, 1, 0xe1, 0]));
        let streams = [0x1b, 0xe1, 1, 0xf0, 0, 0x0f, 0xe1, 2, 0xf0, 0];
        let pmt = [&[0, 1, 0xc1, 0, 0, 0xe1, 1, 0xf0, 0][..], &streams].concat();
        vec![
            pat,
            packet(256, &table(2, &pmt)),
            packet(257, b"x"),
            packet(258, b"x"),
        ]
    }

    #[test]
    fn a_stream_in_no_program_is_named_and_a_plain_file_is_clean() {
        let mut all = plain();
        let seen = inspect(&all.concat()).expect("known");
        assert!(seen.is_clean() && seen.format == "mpeg-ts", "{seen:?}");
        all.push(packet(300, b"KLV with places"));
        let seen = inspect(&all.concat()).expect("known");
        assert_eq!(seen.findings[0].place, "stream 300");
        let service = |words: &[u8]| {
            let own = [
                &[0x48, 3 + words.len() as u8, 1, 0, words.len() as u8],
                words,
            ]
            .concat();
            let head = [
                0,
                1,
                0xc1,
                0,
                0,
                0,
                1,
                0xff,
                0,
                1,
                0xfc,
                0x80,
                own.len() as u8,
            ];
            // Services begin behind the original network's number and a byte in reserve.
            packet(17, &table(0x42, &[&head[..8], &head[8..], &own].concat()))
        };
        let mut named = plain();
        named.push(service(b"Alice"));
        let seen = inspect(&named.concat()).expect("known");
        assert_eq!(seen.findings[0].detail, "Alice", "{seen:?}");
        named.push(packet(20, b""));
        assert_eq!(
            inspect(&named.concat()).expect("known").findings[1].kind,
            Kind::Time
        );
        let cut = all.concat();
        assert!(
            inspect(&cut[..cut.len() - 9])
                .expect("known")
                .damage
                .is_some()
        );
    }
}
