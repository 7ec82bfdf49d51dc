//! What hides: blocks of metadata with a marked payload in each, as cameras and programs write
//! them.

use std::io::Write;

/// Every payload begins with it.
pub(super) const MARK: &str = "LEAK_";

/// Interleaved samples of a smooth picture.
pub(super) fn pixels(width: u32, height: u32, channels: u32) -> Vec<u8> {
    let value = |x: u32, y: u32, c: u32| (60 + (x * (2 + c) + y * (3 + c)) % 120) as u8;
    (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| (0..channels).map(move |c| (x, y, c))))
        .map(|(x, y, c)| value(x, y, c))
        .collect()
}

/// A small JPEG with a payload in a comment, as a thumbnail or a further picture.
pub(super) fn thumbnail(payload: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut job = jpeg_encoder::Encoder::new(&mut out, 60);
    job.add_app_segment(4, mark(payload)).unwrap();
    job.encode(&pixels(16, 12, 3), 16, 12, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    out
}

/// A payload as bytes.
pub(super) fn mark(payload: &str) -> Vec<u8> {
    format!("{MARK}{payload}").into_bytes()
}

/// A value in a directory of a TIFF structure.
#[derive(Clone)]
pub(super) enum Value {
    Text(Vec<u8>),
    Undefined(Vec<u8>),
    Short(Vec<u16>),
    Long(Vec<u32>),
    Fractions(Vec<(u32, u32)>),
    /// An offset to bytes.
    Blob(Vec<u8>),
    /// An offset to another directory.
    Below(Dir),
}

/// A directory: entries in rising order, and the one behind it.
#[derive(Clone, Default)]
pub(super) struct Dir(pub(super) Vec<(u16, Value)>, pub(super) Option<Box<Dir>>);

/// A little-endian TIFF structure.
pub(super) fn tiff(first: &Dir) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    first.write(&mut out);
    out
}

impl Dir {
    fn write(&self, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend((self.0.len() as u16).to_le_bytes());
        out.resize(at + 2 + self.0.len() * 12 + 4, 0);
        for (i, (tag, value)) in self.0.iter().enumerate() {
            let (kind, each, bytes) = match value {
                Value::Text(v) => (2u16, 1, [&v[..], b"\0"].concat()),
                Value::Undefined(v) => (7, 1, v.clone()),
                Value::Short(v) => (3, 2, v.iter().flat_map(|v| v.to_le_bytes()).collect()),
                Value::Long(v) => (4, 4, v.iter().flat_map(|v| v.to_le_bytes()).collect()),
                Value::Fractions(v) => {
                    let numbers = v.iter().flat_map(|&(a, b)| [a, b]);
                    (5, 8, numbers.flat_map(u32::to_le_bytes).collect())
                }
                Value::Blob(v) => {
                    let place = out.len() as u32;
                    out.extend(v);
                    (4, 4, place.to_le_bytes().to_vec())
                }
                Value::Below(dir) => {
                    let place = out.len() as u32;
                    dir.write(out);
                    (4, 4, place.to_le_bytes().to_vec())
                }
            };
            let entry = at + 2 + i * 12;
            out[entry..entry + 2].copy_from_slice(&tag.to_le_bytes());
            out[entry + 2..entry + 4].copy_from_slice(&kind.to_le_bytes());
            let count = (bytes.len() / each) as u32;
            out[entry + 4..entry + 8].copy_from_slice(&count.to_le_bytes());
            if bytes.len() <= 4 {
                out[entry + 8..entry + 8 + bytes.len()].copy_from_slice(&bytes);
            } else {
                let place = (out.len() as u32).to_le_bytes();
                out[entry + 8..entry + 12].copy_from_slice(&place);
                out.extend(bytes);
            }
            out.resize(out.len().next_multiple_of(2), 0);
        }
        if let Some(next) = &self.1 {
            let (place, end) = ((out.len() as u32).to_le_bytes(), at + 2 + self.0.len() * 12);
            out[end..end + 4].copy_from_slice(&place);
            next.write(out);
        }
    }
}

/// A thumbnail's directory: a JPEG behind an offset and a length.
pub(super) fn thumbnail_dir(payload: &str) -> Dir {
    let small = thumbnail(payload);
    let length = small.len() as u32;
    Dir(
        vec![
            (0x0103, Value::Short(vec![6])),
            (0x0201, Value::Blob(small)),
            (0x0202, Value::Long(vec![length])),
        ],
        None,
    )
}

/// EXIF blocks, one a place: name and block.
pub(super) fn exif_places() -> Vec<(&'static str, Vec<u8>)> {
    let main = |entries| tiff(&Dir(entries, None));
    let text = |payload| Value::Text(mark(payload));
    let exif = |entries| main(vec![(0x8769, Value::Below(Dir(entries, None)))]);
    let strips = Dir(
        vec![
            (0x0100, Value::Long(vec![4])),
            (0x0101, Value::Long(vec![4])),
            (0x0111, Value::Blob(mark("STRIPS of pixels, as bytes"))),
            (0x0117, Value::Long(vec![30])),
        ],
        None,
    );
    let mut maker = b"ACME\0\x01".to_vec();
    maker.extend(thumbnail("MAKERNOTE"));
    let mut comment = b"ASCII\0\0\0".to_vec();
    comment.extend(mark("USERCOMMENT"));
    let wide: Vec<u8> = "LEAK_XPAUTHOR"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut unused = main(vec![(0x0112, Value::Short(vec![1]))]);
    unused.extend(mark("BETWEEN the entries"));
    let place = vec![
        (1, Value::Text(b"N".to_vec())),
        (2, Value::Fractions(vec![(48, 1), (51, 1), (30, 1)])),
        (3, Value::Text(b"E".to_vec())),
        (4, Value::Fractions(vec![(2, 1), (17, 1), (40, 1)])),
        (0x1b, Value::Undefined(mark("GPS"))),
    ];
    vec![
        (
            "thumbnail",
            tiff(&Dir(Vec::new(), Some(Box::new(thumbnail_dir("IFD1"))))),
        ),
        ("thumbnail", tiff(&Dir(Vec::new(), Some(Box::new(strips))))),
        (
            "preview",
            main(vec![(0x014a, Value::Below(thumbnail_dir("SUBIFD")))]),
        ),
        ("maker-note", exif(vec![(0x927c, Value::Undefined(maker))])),
        ("author", main(vec![(0x013b, text("ARTIST"))])),
        ("author", main(vec![(0x9c9d, Value::Undefined(wide))])),
        ("author", exif(vec![(0xa430, text("OWNER"))])),
        ("serial-number", exif(vec![(0xa431, text("SERIAL"))])),
        ("unique-id", exif(vec![(0xa420, text("IMAGEID"))])),
        ("copyright", main(vec![(0x8298, text("RIGHTS"))])),
        ("text", main(vec![(0x010e, text("DESCRIPTION"))])),
        ("text", exif(vec![(0x9286, Value::Undefined(comment))])),
        ("software", main(vec![(0x0131, text("SOFTWARE"))])),
        ("camera", main(vec![(0x0110, text("MODEL"))])),
        ("time", exif(vec![(0x9003, text("2024:01:02"))])),
        ("sound", exif(vec![(0xa004, text("SOUND.WAV"))])),
        ("exif", exif(vec![(0xfde8, text("PRIVATE TAG"))])),
        ("gps", main(vec![(0x8825, Value::Below(Dir(place, None)))])),
        ("unused-bytes", unused),
    ]
}

/// XMP packets, one a place.
pub(super) fn xmp_places() -> Vec<(&'static str, Vec<u8>)> {
    let packet = |inside: &str| {
        let begin = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF><rdf:Description>";
        format!("{begin}{inside}</rdf:Description></rdf:RDF></x:xmpmeta>").into_bytes()
    };
    let small = base64(&thumbnail("XMPTHUMB"));
    vec![
        (
            "person",
            packet("<mwg-rs:Regions><mwg-rs:Name>LEAK_PERSON</mwg-rs:Name></mwg-rs:Regions>"),
        ),
        (
            "face-region",
            packet("<MP:RegionInfo>LEAK_REGION</MP:RegionInfo>"),
        ),
        (
            "thumbnail",
            packet(&format!("<xmpGImg:image>{small}</xmpGImg:image>")),
        ),
        (
            "gain-map",
            packet("<hdrgm:Version>LEAK_HDRGM</hdrgm:Version>"),
        ),
        ("gps", packet("<photoshop:City>LEAK_CITY</photoshop:City>")),
        ("author", packet("<dc:creator>LEAK_CREATOR</dc:creator>")),
        (
            "software",
            packet("<xmpMM:History>LEAK_HISTORY</xmpMM:History>"),
        ),
    ]
}

/// Runs of Photoshop's resources, one a place.
pub(super) fn irb_places() -> Vec<(&'static str, Vec<u8>)> {
    let resource = |id: u16, data: &[u8]| {
        let mut out = b"8BIM".to_vec();
        out.extend(id.to_be_bytes());
        out.extend([0, 0]);
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(data);
        out.resize(out.len().next_multiple_of(2), 0);
        out
    };
    let mut small = vec![0; 28];
    small.extend(thumbnail("IRB"));
    vec![
        ("thumbnail", resource(1036, &small)),
        ("author", resource(1028, &iptc(80, "BYLINE"))),
        ("photoshop", resource(1005, &mark("RESOURCE"))),
    ]
}

/// One IPTC record.
pub(super) fn iptc(set: u8, payload: &str) -> Vec<u8> {
    let value = mark(payload);
    let mut out = vec![0x1c, 2, set, 0, value.len() as u8];
    out.extend(value);
    out
}

/// A C2PA manifest with a thumbnail.
pub(super) fn jumbf() -> Vec<u8> {
    let small = thumbnail("C2PA");
    let mut out = ((small.len() + 40) as u32).to_be_bytes().to_vec();
    out.extend(b"jumb\0\0\0\x20jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0\0\0\0");
    out.extend(small);
    out
}

/// A colour profile with a private tag and a name.
pub(super) fn profile() -> Vec<u8> {
    let mut space = moxcms::ColorProfile::new_srgb();
    space.green_colorant.x += 0.03; // no known space
    let bytes = space.encode().unwrap();
    let count = u32::from_be_bytes(bytes[128..132].try_into().unwrap()) as usize;
    let table = 132 + count * 12;
    let mut out = bytes[..128].to_vec();
    out.extend((count as u32 + 1).to_be_bytes());
    for entry in bytes[132..table].chunks_exact(12) {
        let at = u32::from_be_bytes(entry[4..8].try_into().unwrap()) + 12;
        out.extend(&entry[..4]);
        out.extend(at.to_be_bytes());
        out.extend(&entry[8..]);
    }
    let payload = [&b"mmod\0\0\0\0"[..], &mark("MONITOR SERIAL")].concat();
    out.extend(b"mmod");
    out.extend((bytes.len() as u32 + 12).to_be_bytes());
    out.extend((payload.len() as u32).to_be_bytes());
    out.extend(&bytes[table..]);
    out.extend(payload);
    let length = (out.len() as u32).to_be_bytes();
    out[..4].copy_from_slice(&length);
    out
}

/// A video, as far as its first bytes go.
pub(super) fn video(payload: &str) -> Vec<u8> {
    let mut out = b"\0\0\0\x14ftypmp42\0\0\0\0mp42".to_vec();
    let data = mark(payload);
    out.extend((data.len() as u32 + 8).to_be_bytes());
    out.extend(b"mdat");
    out.extend(data);
    out
}

pub(super) fn deflated(data: &[u8]) -> Vec<u8> {
    let mut job = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    job.write_all(data).unwrap();
    job.finish().unwrap()
}

pub(super) fn base64(data: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |part: &[u8]| {
        let at = |i: usize| u32::from(part.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        (0..4)
            .map(|i| match i <= part.len() {
                true => char::from(LETTERS[(bits >> (18 - 6 * i) & 63) as usize]),
                false => '=',
            })
            .collect::<String>()
    };
    data.chunks(3).map(group).collect()
}
