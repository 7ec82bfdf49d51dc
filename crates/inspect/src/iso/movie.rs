//! The tracks of a video, or of a picture that moves, and the words around them.

mod words;

use super::super::bytes::{Order, contains, part, rest};
use super::super::finding::{Finding, FindingKind as Kind, Inspection};
use super::super::window::Window;
use super::tables::Tables;
use super::{Box, boxes, edits, entries, first, handler, known, samples};
use std::io::{self, Read, Seek};

/// Parts of the coded data that are remembered, to find what no track has: 64 MiB of them.
const MOST_PARTS: usize = 4 << 20;

/// What all tracks have in common.
#[derive(Default)]
struct Movie {
    pictures: u32,
    /// Ticks a second.
    ticks: u32,
    /// Begin and end of what the tracks have.
    parts: Vec<(u64, u64)>,
    /// Whether some track's samples are not known: in fragments, or too many.
    is_open: bool,
    /// Bytes that may still be read for samples; some tables point to the same ones often.
    left: u64,
}

/// Looks through a `moov` box of a file; `coded` are the begins and ends of its `mdat` boxes.
///
/// # Errors
/// If reading fails.
pub(super) fn look<R: Read + Seek>(
    moov: &[u8],
    from: &mut Window<R>,
    coded: &[(u64, u64)],
    out: &mut Inspection,
) -> io::Result<()> {
    let (list, taken) = boxes(moov);
    let mut movie = Movie {
        ticks: first(&list, b"mvhd").map_or(0, ticks),
        is_open: first(&list, b"mvex").is_some(),
        left: from.end().saturating_mul(2),
        ..Movie::default()
    };
    let mut tracks = 0;
    for Box { kind, body } in list {
        let place = format!("movie, {}", String::from_utf8_lossy(&kind).trim());
        match &kind {
            b"trak" => {
                tracks += 1;
                track(body, &format!("track {tracks}"), &mut movie, from, out)?;
            }
            b"udta" => words::user_data(body, "movie", out),
            b"meta" => words::keys(body, "movie", out),
            b"mvhd" => {
                made(body, "movie header", out);
                known::numbers(body, &kind, &place, out);
            }
            kind => known::numbers(body, kind, &place, out),
        }
    }
    entries::unused(rest(moov, taken), "movie", out);
    if !movie.is_open {
        unused(&mut movie.parts, from, coded, out)?;
    }
    if movie.pictures > 1 {
        let finding = Finding::new(Kind::FurtherPicture, "movie");
        out.add(finding.detail(format!("{} picture tracks", movie.pictures)));
    }
    Ok(())
}

/// Ticks a second of a `mvhd` or `mdhd` box.
fn ticks(head: &[u8]) -> u32 {
    let at = if head.first() == Some(&1) { 20 } else { 12 };
    Order::Big.u32(head, at).unwrap_or(0)
}

/// When a movie, track or medium was made or changed.
fn made(head: &[u8], place: &str, out: &mut Inspection) {
    let wide = head.first() == Some(&1);
    let time = |index: usize| match wide {
        true => Order::Big.u64(head, 4 + index * 8),
        false => Order::Big.u32(head, 4 + index * 4).map(u64::from),
    };
    let is_told = |time: Option<u64>| time.is_some_and(|t| t != 0);
    if is_told(time(0)) || is_told(time(1)) {
        out.add(Finding::new(Kind::Time, place).detail("creation time"));
    }
}

fn track<'a, R: Read + Seek>(
    body: &'a [u8],
    place: &str,
    movie: &mut Movie,
    from: &mut Window<R>,
    out: &mut Inspection,
) -> io::Result<()> {
    let (list, taken) = boxes(body);
    let inside = |list: &[Box<'a>], kind| first(list, kind).map(|b| boxes(b).0).unwrap_or_default();
    let media = inside(&list, b"mdia");
    let info = inside(&media, b"minf");
    let stored = inside(&info, b"stbl");
    let kind = first(&media, b"hdlr").and_then(|b| part(b, 8, 4));
    let kind = kind.unwrap_or_default();
    let descriptions = first(&stored, b"stsd").unwrap_or_default();
    let tables = Tables::new(&stored);
    let are_pictures = matches!(kind, b"vide" | b"pict" | b"auxv");
    if are_pictures {
        movie.pictures += 1;
        let frames = tables.as_ref().map_or(0, |tables| tables.count);
        out.frames = out.frames.max(frames);
        if let Some(head) = first(&list, b"tkhd")
            && out.width == 0
        {
            let at = if head.first() == Some(&1) { 88 } else { 76 };
            let side = |at| Order::Big.u32(head, at).map_or(0, |v| v >> 16);
            (out.width, out.height) = (side(at), side(at + 4));
        }
    }
    match kind {
        _ if are_pictures => entries::look(descriptions, true, out),
        b"soun" => {
            out.carry("sound");
            entries::look(descriptions, false, out);
        }
        b"sbtl" | b"subt" => out.add(Finding::new(Kind::Subtitles, "track")),
        _ => {
            let name = String::from_utf8_lossy(kind).trim().to_owned();
            let finding = Finding::new(Kind::PrivateData, format!("track {name}"));
            out.add(finding.detail("timed data"));
            if contains(body, b"detected-face") {
                out.add(Finding::new(Kind::FaceRegion, "track").detail("detected faces"));
            }
        }
    }
    for Box { kind, body } in &list {
        match kind {
            b"mdia" => {}
            b"udta" => words::user_data(body, "track", out),
            b"meta" => words::keys(body, "track", out),
            _ => level(kind, body, place, out),
        }
    }
    for (name, list, inner) in [
        ("mdia", &media, &b"minf"[..]),
        ("minf", &info, b"stbl"),
        ("stbl", &stored, b"stsd"),
    ] {
        let place = format!("{place}, {name}");
        for Box { kind, body } in list.iter().filter(|b| b.kind != *inner) {
            level(kind, body, &place, out);
        }
    }
    for (name, whole) in [
        ("mdia", first(&list, b"mdia")),
        ("minf", first(&media, b"minf")),
        ("stbl", first(&info, b"stbl")),
    ] {
        let whole = whole.unwrap_or_default();
        entries::unused(
            rest(whole, boxes(whole).1),
            &format!("{place}, {name}"),
            out,
        );
    }
    entries::unused(rest(body, taken), place, out);
    let Some(tables) = tables else {
        movie.is_open = true;
        return Ok(());
    };
    if let Some(edits) = first(&inside(&list, b"edts"), b"elst") {
        let own = first(&media, b"mdhd").map_or(0, ticks);
        edits::look(edits, (own, movie.ticks), &tables, are_pictures, place, out);
    }
    for chunk in tables.chunks() {
        let end = chunk.offset.saturating_add(tables.bytes(&chunk));
        let is_full = movie.parts.len() >= MOST_PARTS;
        match movie.parts.last_mut() {
            Some(last) if last.1 == chunk.offset => last.1 = end,
            _ if is_full => movie.is_open = true,
            _ => movie.parts.push((chunk.offset, end)),
        }
    }
    if are_pictures || kind == b"soun" {
        let mut codec = samples::codec(descriptions, are_pictures);
        let place = format!("{place}, samples");
        samples::look(from, &tables, &mut codec, &place, &mut movie.left, out)?;
    }
    Ok(())
}

/// A box of a track that holds numbers, or a name.
fn level(kind: &[u8; 4], body: &[u8], place: &str, out: &mut Inspection) {
    let place = format!("{place}, {}", String::from_utf8_lossy(kind).trim());
    match kind {
        b"hdlr" => handler::look(body, &place, out),
        b"tkhd" | b"mdhd" => {
            // The same for the track and its medium.
            let track = place.split(',').next().unwrap_or_default();
            made(body, track, out);
            known::numbers(body, kind, &place, out);
        }
        // What a track of other data is like.
        b"gmhd" => {}
        kind => known::numbers(body, kind, &place, out),
    }
}

/// Names bytes of the coded data that no track has, as an editor leaves them behind.
fn unused<R: Read + Seek>(
    parts: &mut [(u64, u64)],
    from: &mut Window<R>,
    coded: &[(u64, u64)],
    out: &mut Inspection,
) -> io::Result<()> {
    parts.sort_unstable();
    let mut total = 0;
    for &(begin, end) in coded {
        let mut at = begin;
        let next = parts.partition_point(|part| part.1 <= begin);
        for &(from_part, to) in parts[next..].iter().chain([&(end, end)]) {
            let gap = from_part.min(end);
            if gap > at && from.says_something(at, gap)? {
                total += gap - at;
            }
            at = at.max(to);
            if at >= end {
                break;
            }
        }
    }
    if total > 0 {
        let finding = Finding::new(Kind::UnusedBytes, "box mdat");
        let finding = finding.bytes(usize::try_from(total).unwrap_or(usize::MAX));
        out.add(finding.detail("no track has them"));
    }
    Ok(())
}
