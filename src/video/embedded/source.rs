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

    /// Decodes the next picture.
    fn decode(&mut self, picture: Picture) -> Result<YuvFrame> {
        let frame = self.next;
        let mut bytes = vec![0; picture.size as usize];
        self.file
            .seek(SeekFrom::Start(picture.offset))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|e| failed("reading it").because(e))?;
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
        let mut rest = sample;
        while !rest.is_empty() {
            let (length, after) = rest
                .split_at_checked(usize::from(avcc.length_size))
                .ok_or_else(|| malformed("a frame is damaged"))?;
            let length = length.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
            let (unit, after) = after
                .split_at_checked(length)
                .ok_or_else(|| malformed("a frame is damaged"))?;
            rest = after;
            let kind = unit.first().map_or(0, |b| b & 31);
            // Parameters that change in mid-stream were not looked at.
            if matches!(kind, 7 | 8) {
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
