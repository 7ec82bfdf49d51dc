//! Frames out of an MP4: every coded picture of the track, also those that an edit list hides, decoded
//! and given in the order in which they are shown.

use super::super::FrameSource;
use super::super::failure::{failed, malformed, unsupported};
use super::super::frame::{Frame, Samples, Shape};
use super::tables::Picture;
use crate::error::Result;
use mp4_atom::Avcc;
use rusty_h264::{Decoder, YuvFrame};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// The most pictures that wait for one that is shown before them; H.264 allows 16.
const MOST_WAITING: usize = 17;

/// A decoder at work.
pub(super) struct Reading {
    file: BufReader<File>,
    decoder: Decoder,
    parameters: Avcc,
    /// In the order of decoding, with their places in the order of showing.
    pictures: Vec<(Picture, usize)>,
    next: usize,
    due: usize,
    waiting: BTreeMap<usize, (i64, YuvFrame)>,
}

impl Reading {
    pub(super) fn new(file: File, parameters: Avcc, pictures: &[Picture]) -> Self {
        let mut order: Vec<usize> = (0..pictures.len()).collect();
        order.sort_by_key(|i| pictures[*i].pts);
        let mut places = vec![0; pictures.len()];
        for (place, i) in order.into_iter().enumerate() {
            places[i] = place;
        }
        Self {
            file: BufReader::with_capacity(1 << 18, file),
            decoder: Decoder::new(),
            parameters,
            pictures: pictures.iter().copied().zip(places).collect(),
            next: 0,
            due: 0,
            waiting: BTreeMap::new(),
        }
    }

    /// The last place, not after `place`, where a picture stands that needs no other one. Files mark
    /// places where decoding may begin that do need others (open groups): the picture itself is asked.
    pub(super) fn begins_before(&mut self, place: usize) -> usize {
        let marked = self.pictures.iter().rev();
        let marked: Vec<_> = marked
            .filter(|(picture, at)| picture.is_sync && *at <= place)
            .copied()
            .collect();
        let needs_no_other = |(picture, _): &(Picture, usize)| {
            let sample = self.sample(*picture);
            sample.is_ok_and(|s| self.units(&s).flatten().any(|unit| kind(unit) == IDR))
        };
        marked
            .into_iter()
            .find(needs_no_other)
            .map_or(0, |(_, at)| at)
    }

    /// Goes on at a place that [`Reading::begins_before`] gave.
    pub(super) fn starting_at(mut self, place: usize) -> Self {
        self.next = self.pictures.iter().position(|p| p.1 == place).unwrap_or(0);
        self.due = self.pictures.get(self.next).map_or(0, |p| p.1);
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
                "frame {frame} cannot be decoded ({e:?}); with ffmpeg installed, --video-backend ffmpeg may"
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
                        "its H.264 changes its parameters in mid-stream; it needs --video-backend ffmpeg",
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
            if let Some((pts, decoded)) = self.waiting.remove(&self.due) {
                self.due += 1;
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
                frame.pts = pts;
                frame.samples = Samples::U8(data);
                return Ok(true);
            }
            let Some((picture, place)) = self.pictures.get(self.next).copied() else {
                return Ok(false);
            };
            if self.waiting.len() >= MOST_WAITING {
                return Err(malformed("its frames are further out of order than can be"));
            }
            let decoded = self.decode(picture)?;
            self.next += 1;
            self.waiting.insert(place, (picture.pts, decoded));
        }
    }
}
