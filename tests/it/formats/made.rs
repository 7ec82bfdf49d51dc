//! HEIC files made by code: a picture of smooth colours in each layout that cameras use.

use heifer_hevc_enc::encoder::{EncodedPicture, EncoderConfig, Planes16, encode_picture16};

/// What a file is to be.
#[derive(Clone, Default)]
pub(super) struct Heic {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Side of a tile, or one picture.
    pub(super) tile: Option<u32>,
    /// 10 bits a channel.
    pub(super) deep: bool,
    /// Opacity that rises from left to right.
    pub(super) alpha: bool,
    pub(super) aperture: Option<[u32; 8]>,
    pub(super) turn: Option<u8>,
    pub(super) mirror: Option<u8>,
    pub(super) icc: Option<Vec<u8>>,
    pub(super) exif: Option<Vec<u8>>,
    /// A second, smaller picture that refers to the first, and by which reference.
    pub(super) beside: Option<(&'static [u8; 4], &'static str)>,
}

/// The colour at a place: red rises to the right, green downwards, blue falls to the right.
pub(super) fn colour(x: u32, y: u32, width: u32, height: u32) -> [u8; 3] {
    let share = |v: u32, of: u32| (40 + v * 170 / of.max(1)) as u8;
    [share(x, width), share(y, height), share(width - x, width)]
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = (body.len() as u32 + 8).to_be_bytes().to_vec();
    out.extend(kind);
    out.extend(body);
    out
}

fn full(kind: &[u8; 4], flags: u32, body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&flags.to_be_bytes()[..], body].concat())
}

/// Full range, BT.601, colour at half the size.
fn coded(spec: &Heic, at: (u32, u32), size: (u32, u32), grey: bool) -> EncodedPicture {
    let unit = if spec.deep { 4 } else { 1 };
    let rgb = |x: u32, y: u32| {
        let (x, y) = (at.0 + x.min(size.0 - 1), at.1 + y.min(size.1 - 1));
        let (x, y) = (x.min(spec.width - 1), y.min(spec.height - 1));
        match grey {
            true => [(x * 255 / spec.width) as u8; 3],
            false => colour(x, y, spec.width, spec.height),
        }
        .map(f32::from)
    };
    let level = |v: f32| (v * unit as f32 + 0.5) as u16;
    let mut luma = Vec::new();
    for y in 0..size.1 {
        for x in 0..size.0 {
            let [r, g, b] = rgb(x, y);
            luma.push(level(0.299 * r + 0.587 * g + 0.114 * b));
        }
    }
    let (mut blue, mut red) = (Vec::new(), Vec::new());
    for y in 0..size.1.div_ceil(2) {
        for x in 0..size.0.div_ceil(2) {
            let [r, g, b] = rgb(x * 2, y * 2);
            blue.push(level(128.0 - 0.168_736 * r - 0.331_264 * g + 0.5 * b));
            red.push(level(128.0 + 0.5 * r - 0.418_688 * g - 0.081_312 * b));
        }
    }
    let planes = Planes16 {
        y: &luma,
        chroma: (!grey).then_some((&blue, &red)),
        bit_depth: if spec.deep { 10 } else { 8 },
    };
    let config = EncoderConfig {
        qp: 10,
        ..EncoderConfig::default()
    };
    encode_picture16(size.0, size.1, planes, &config).expect("encoded")
}

fn setup(picture: &EncodedPicture) -> Vec<u8> {
    let mut out = vec![1, picture.profile_idc];
    out.resize(21, 0);
    out.extend([3, 1, 0xa0]);
    out.extend((picture.parameter_sets.len() as u16).to_be_bytes());
    for unit in &picture.parameter_sets {
        out.extend((unit.len() as u16).to_be_bytes());
        out.extend(unit);
    }
    boxed(b"hvcC", &out)
}

fn data(picture: &EncodedPicture) -> Vec<u8> {
    let one = |unit: &Vec<u8>| [&(unit.len() as u32).to_be_bytes()[..], unit].concat();
    picture.slices.iter().flat_map(one).collect()
}

#[derive(Default)]
struct Maker {
    /// Kind, data, and numbers of properties.
    items: Vec<([u8; 4], Vec<u8>, Vec<u8>)>,
    properties: Vec<Vec<u8>>,
    references: Vec<u8>,
}

impl Maker {
    fn property(&mut self, body: Vec<u8>) -> u8 {
        self.properties.push(body);
        self.properties.len() as u8
    }

    fn size(&mut self, width: u32, height: u32) -> u8 {
        let body = [width.to_be_bytes(), height.to_be_bytes()].concat();
        self.property(full(b"ispe", 0, &body))
    }

    fn item(&mut self, kind: &[u8; 4], data: Vec<u8>, properties: Vec<u8>) -> u16 {
        self.items.push((*kind, data, properties));
        self.items.len() as u16
    }

    fn picture(&mut self, picture: &EncodedPicture, size: (u32, u32)) -> u16 {
        let properties = vec![self.property(setup(picture)), self.size(size.0, size.1)];
        self.item(b"hvc1", data(picture), properties)
    }

    fn refer(&mut self, kind: &[u8; 4], from: u16, to: &[u16]) {
        let mut body = from.to_be_bytes().to_vec();
        body.extend((to.len() as u16).to_be_bytes());
        body.extend(to.iter().flat_map(|v| v.to_be_bytes()));
        self.references.extend(boxed(kind, &body));
    }

    fn finish(self, main: u16) -> Vec<u8> {
        let mut infos = (self.items.len() as u16).to_be_bytes().to_vec();
        let mut links = (self.items.len() as u32).to_be_bytes().to_vec();
        for (i, (kind, _, properties)) in self.items.iter().enumerate() {
            let id = (i as u16 + 1).to_be_bytes();
            let body = [&id[..], &[0, 0], kind, b"\0"].concat();
            infos.extend(full(b"infe", 2 << 24, &body));
            links.extend(id);
            links.push(properties.len() as u8);
            links.extend(properties.iter().map(|p| p | (0x80 * u8::from(*p > 0))));
        }
        // Properties that say nothing to a strict reader are not essential; it knows all of these.
        let head = |start: u32| {
            let mut places = vec![0x44, 0];
            places.extend((self.items.len() as u16).to_be_bytes());
            let mut at = start;
            for (i, (_, data, _)) in self.items.iter().enumerate() {
                places.extend((i as u16 + 1).to_be_bytes());
                places.extend([0, 0, 0, 1]);
                places.extend(at.to_be_bytes());
                places.extend((data.len() as u32).to_be_bytes());
                at += data.len() as u32;
            }
            let mut meta = full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0");
            meta.extend(full(b"pitm", 0, &main.to_be_bytes()));
            meta.extend(full(b"iloc", 0, &places));
            meta.extend(full(b"iinf", 0, &infos));
            if !self.references.is_empty() {
                meta.extend(full(b"iref", 0, &self.references));
            }
            let known = boxed(b"ipco", &self.properties.concat());
            meta.extend(boxed(b"iprp", &[known, full(b"ipma", 0, &links)].concat()));
            [
                boxed(b"ftyp", b"heic\0\0\0\0mif1heic"),
                full(b"meta", 0, &meta),
            ]
            .concat()
        };
        let start = head(0).len() as u32 + 8;
        let bodies: Vec<u8> = self.items.iter().flat_map(|i| i.1.clone()).collect();
        [head(start), boxed(b"mdat", &bodies)].concat()
    }
}

impl Heic {
    /// A picture of a size in one piece.
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            ..Self::default()
        }
    }

    /// The whole file.
    pub(super) fn file(&self) -> Vec<u8> {
        let mut maker = Maker::default();
        let whole = (self.width, self.height);
        let main = match self.tile {
            None => maker.picture(&coded(self, (0, 0), whole, false), whole),
            Some(tile) => {
                let (across, down) = (self.width.div_ceil(tile), self.height.div_ceil(tile));
                let tiles: Vec<u16> = (0..across * down)
                    .map(|i| {
                        let at = (i % across * tile, i / across * tile);
                        maker.picture(&coded(self, at, (tile, tile), false), (tile, tile))
                    })
                    .collect();
                let mut grid = vec![0, 0, down as u8 - 1, across as u8 - 1];
                grid.extend((self.width as u16).to_be_bytes());
                grid.extend((self.height as u16).to_be_bytes());
                let properties = vec![maker.size(self.width, self.height)];
                let main = maker.item(b"grid", grid, properties);
                maker.refer(b"dimg", main, &tiles);
                main
            }
        };
        let mut more = Vec::new();
        if let Some(icc) = &self.icc {
            more.push(maker.property(boxed(b"colr", &[&b"prof"[..], icc].concat())));
        }
        if let Some(numbers) = self.aperture {
            let body: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
            more.push(maker.property(boxed(b"clap", &body)));
        }
        if let Some(turn) = self.turn {
            more.push(maker.property(boxed(b"irot", &[turn])));
        }
        if let Some(mirror) = self.mirror {
            more.push(maker.property(boxed(b"imir", &[mirror])));
        }
        maker.items[usize::from(main) - 1].2.extend(more);
        if self.alpha {
            let alpha = maker.picture(&coded(self, (0, 0), whole, true), whole);
            let purpose = maker.property(full(b"auxC", 0, b"urn:mpeg:hevc:2015:auxid:1\0"));
            maker.items[usize::from(alpha) - 1].2.push(purpose);
            maker.refer(b"auxl", alpha, &[main]);
        }
        if let Some((reference, purpose)) = self.beside {
            let beside = maker.picture(&coded(self, (0, 0), (64, 64), false), (64, 64));
            if !purpose.is_empty() {
                let body = [purpose.as_bytes(), b"\0"].concat();
                let purpose = maker.property(full(b"auxC", 0, &body));
                maker.items[usize::from(beside) - 1].2.push(purpose);
            }
            maker.refer(reference, beside, &[main]);
        }
        if let Some(exif) = &self.exif {
            let block = [&[0; 4][..], exif].concat();
            let item = maker.item(b"Exif", block, Vec::new());
            maker.refer(b"cdsc", item, &[main]);
        }
        maker.finish(main)
    }
}
