//! Frames out of an MP4: every coded picture of the track is decoded, also those that an edit list
//! hides, since others need them, and those that are shown are given in their order.

use super::super::FrameSource;
use super::super::failure::{failed, malformed, unsupported};
use super::super::file::FileReader;
use super::tables::Picture;
use crate::error::Result;
use crate::frame::{Frame, Samples, Shape};
use mp4_atom::Avcc;
use rusty_h264::{Decoder, YuvFrame};
use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// The most pictures that wait for one that is shown before them; H.264 allows 16.
const MOST_WAITING: usize = 17;

/// A decoder at work.
pub(super) struct Reading {
    file: BufReader<FileReader>,
    decoder: Decoder,
    parameters: Avcc,
    /// In the order of decoding, with their positions in the order of the media.
    pictures: Vec<(Picture, usize)>,
    /// Those that are shown, by their positions.
    shown: Vec<usize>,
    next: usize,
    due: usize,
    /// Position of the first one that is given.
    first: usize,
    /// Whether what comes after the last one that is shown is not decoded.
    ends_with_shown: bool,
    waiting: BTreeMap<usize, (Picture, YuvFrame)>,
}

impl Reading {
    pub(super) fn new(file: FileReader, parameters: Avcc, pictures: &[Picture]) -> Self {
        let mut order: Vec<usize> = (0..pictures.len()).collect();
        order.sort_by_key(|i| pictures[*i].media);
        let mut positions = vec![0; pictures.len()];
        let mut shown = Vec::new();
        for (position, i) in order.into_iter().enumerate() {
            positions[i] = position;
            if pictures[i].is_shown {
                shown.push(position);
            }
        }
        Self {
            file: BufReader::with_capacity(1 << 18, file),
            decoder: Decoder::new(),
            parameters,
            pictures: pictures.iter().copied().zip(positions).collect(),
            shown,
            next: 0,
            due: 0,
            first: 0,
            ends_with_shown: false,
            waiting: BTreeMap::new(),
        }
    }

    /// The last frame, not after `frame`, at which decoding may begin, and with which it then does.
    pub(super) fn begins_before(&mut self, frame: usize) -> usize {
        let Some(wanted) = self.shown.get(frame).copied() else {
            return 0;
        };
        let begin = self.needs_no_other(wanted).map_or(0, |(_, at)| at);
        self.shown.partition_point(|position| *position < begin)
    }

    /// The last picture, not after a position, that needs no other one. Files mark places where
    /// decoding may begin that do need others (open groups): the picture itself is asked.
    fn needs_no_other(&mut self, position: usize) -> Option<(usize, usize)> {
        let marked = self.pictures.iter().enumerate().rev();
        let marked: Vec<_> = marked
            .filter(|(_, (picture, at))| picture.is_sync && *at <= position)
            .map(|(i, (picture, at))| (i, *picture, *at))
            .collect();
        let needs_none = |(_, picture, _): &(usize, Picture, usize)| {
            let sample = self.sample(*picture);
            sample.is_ok_and(|s| self.units(&s).flatten().any(|unit| kind(unit) == IDR))
        };
        let found = marked.into_iter().find(needs_none);
        found.map(|(i, _, at)| (i, at))
    }

    /// Decodes no more than the frames that are shown need.
    pub(super) fn of_part(self) -> Self {
        let mut part = self.starting_at(0);
        part.ends_with_shown = true;
        part
    }

    /// Goes on with a frame that [`Reading::begins_before`] gave.
    pub(super) fn starting_at(mut self, frame: usize) -> Self {
        self.first = self.shown.get(frame).copied().unwrap_or(0);
        (self.next, self.due) = self.needs_no_other(self.first).unwrap_or((0, 0));
        self
    }

    /// A coded picture as it lies in the file.
    fn sample(&mut self, picture: Picture) -> Result<Vec<u8>> {
        let mut bytes = vec![0; picture.size as usize];
        self.file
            .seek(SeekFrom::Start(picture.offset))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|e| failed("reading it").because(e))?;
        Ok(bytes)
    }

    /// Decodes the next picture.
    fn decode(&mut self, picture: Picture) -> Result<YuvFrame> {
        let frame = self.next;
        let bytes = self.sample(picture)?;
        let stream = self.with_start_codes(&bytes, picture.is_sync)?;
        match self.decoder.decode(&stream) {
            Ok(Some(decoded)) => Ok(decoded),
            Ok(None) => Err(malformed(format!("frame {frame} has no picture"))),
            Err(e) => Err(malformed(format!(
                "frame {frame} cannot be decoded ({e:?}); ffmpeg may be able to"
            ))),
        }
    }

    /// A sample's units with start codes before them, and the parameter sets before a place where
    /// decoding may begin.
    fn with_start_codes(&self, sample: &[u8], is_sync: bool) -> Result<Vec<u8>> {
        const START: [u8; 4] = [0, 0, 0, 1];
        let avcc = &self.parameters;
        let sets = avcc
            .sequence_parameter_sets
            .iter()
            .chain(&avcc.picture_parameter_sets);
        let mut out = Vec::with_capacity(sample.len() + 64);
        if is_sync || self.next == 0 {
            for set in sets.clone() {
                out.extend(START);
                out.extend(set);
            }
        }
        for unit in self.units(sample) {
            let unit = unit?;
            // Parameters that change in mid-stream were not looked at.
            if matches!(kind(unit), 7 | 8) {
                if !sets.clone().any(|set| set == unit) {
                    return Err(unsupported(
                        "its H.264 changes its parameters in mid-stream, which needs ffmpeg",
                    ));
                }
                continue;
            }
            out.extend(START);
            out.extend(unit);
        }
        Ok(out)
    }

    /// The units of a sample.
    fn units<'s>(&self, sample: &'s [u8]) -> impl Iterator<Item = Result<&'s [u8]>> + use<'s> {
        let size = usize::from(self.parameters.length_size);
        let mut rest = sample;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let split = rest.split_at_checked(size).and_then(|(length, after)| {
                let length = length.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
                after.split_at_checked(length)
            });
            rest = split.map_or(&[], |(_, after)| after);
            Some(split.map_or_else(
                || Err(malformed("a frame is damaged")),
                |(unit, _)| Ok(unit),
            ))
        })
    }
}

/// A slice of a picture that needs no other one.
const IDR: u8 = 5;

/// What a unit holds.
fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |b| b & 31)
}

impl FrameSource for Reading {
    fn next(&mut self, shape: &Shape, frame: &mut Frame) -> Result<bool> {
        loop {
            if self.ends_with_shown && self.shown.last().is_none_or(|last| self.due > *last) {
                return Ok(false);
            }
            if let Some((picture, decoded)) = self.waiting.remove(&self.due) {
                let is_given = picture.is_shown && self.due >= self.first;
                self.due += 1;
                if !is_given {
                    continue;
                }
                if (decoded.width, decoded.height)
                    != (shape.size.width as usize, shape.size.height as usize)
                {
                    return Err(malformed("a frame has another size"));
                }
                let mut data = match std::mem::take(&mut frame.samples) {
                    Samples::U8(data) => data,
                    Samples::U16(_) => Vec::new(),
                };
                data.clear();
                for plane in [&decoded.y, &decoded.u, &decoded.v] {
                    data.extend_from_slice(plane);
                }
                if data.len() != shape.bytes() {
                    return Err(malformed("a frame has another size"));
                }
                frame.pts = picture.pts;
                frame.samples = Samples::U8(data);
                return Ok(true);
            }
            let Some((picture, position)) = self.pictures.get(self.next).copied() else {
                return Ok(false);
            };
            if self.waiting.len() >= MOST_WAITING {
                return Err(malformed("its frames are further out of order than can be"));
            }
            let decoded = self.decode(picture)?;
            self.next += 1;
            self.waiting.insert(position, (picture, decoded));
        }
    }
}
