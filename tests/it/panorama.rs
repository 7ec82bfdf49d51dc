//! 360-degree pictures: a face is covered wherever it lies on the sphere, over the edge and near
//! the poles, and the picture stays one that viewers show all round.

use faceveil::report::{Verdict, VerifyFindingKind};
use faceveil::verify::{Verifier, VerifierOptions};
use faceveil::{
    AnonymizeOptions, Anonymizer, Detector, DetectorOptions, Photo, Preset, ReadOptions, Size,
};
use std::f64::consts::{PI, TAU};

const SIZE: Size = Size::new(2048, 1024);
/// Half the angle that the sample fills, which makes its face about 9 degrees wide.
const HALF: f64 = 25.0 / 180.0 * PI;
/// The face of the sample, as shares of its side, by eye: left, top, right, bottom.
const FACE: [f64; 4] = [190.0 / 512.0, 70.0 / 512.0, 260.0 / 512.0, 165.0 / 512.0];

fn sample() -> (Size, Vec<u8>) {
    let file = include_bytes!("../../samples/astronaut.jpg");
    let (size, rgba) = Photo::read(file, &ReadOptions::new()).unwrap().to_rgba();
    let rgb = rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]);
    (size, rgb.collect())
}

/// Where a pixel of the panorama lies on the sample's plane, as shares of its side, if it is seen
/// with its face around (longitude, latitude).
fn on_sample(x: f64, y: f64, at: (f64, f64)) -> Option<(f64, f64)> {
    let (lon, lat) = (
        x / f64::from(SIZE.width) * TAU - PI - at.0,
        PI / 2.0 - y / f64::from(SIZE.height) * PI,
    );
    let (right, up, forward) = (lat.cos() * lon.sin(), lat.sin(), lat.cos() * lon.cos());
    let (s, c) = at.1.sin_cos();
    let (up, forward) = (up * c - forward * s, up * s + forward * c);
    let reach = HALF.tan();
    let [left, top, right_side, bottom] = FACE;
    let u = right / forward / reach / 2.0 + (left + right_side) / 2.0;
    let v = -up / forward / reach / 2.0 + (top + bottom) / 2.0;
    let inside = forward > 0.0 && (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v);
    inside.then_some((u, v))
}

/// The middle of the face lies at (longitude, latitude).
fn panorama(picture: &(Size, Vec<u8>), at: (f64, f64)) -> Vec<u8> {
    let (size, rgb) = picture;
    let mut out = Vec::new();
    for y in 0..SIZE.height {
        for x in 0..SIZE.width {
            let seen = on_sample(f64::from(x) + 0.5, f64::from(y) + 0.5, at);
            match seen {
                Some((u, v)) => {
                    let side = f64::from(size.width);
                    let (i, j) = ((u * side) as usize, (v * side) as usize);
                    let from = (j.min(511) * size.width as usize + i.min(511)) * 3;
                    out.extend(&rgb[from..from + 3]);
                }
                None => out.extend([150, 165, 180]),
            }
        }
    }
    out
}

const TAGS: &str = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description
    GPano:ProjectionType="equirectangular" GPano:UsePanoramaViewer="True"
    GPano:FullPanoWidthPixels="2048" GPano:FullPanoHeightPixels="1024"
    GPano:CroppedAreaImageWidthPixels="2048" GPano:CroppedAreaImageHeightPixels="1024"
    GPano:CroppedAreaLeftPixels="0" GPano:CroppedAreaTopPixels="0"
    GPano:PoseHeadingDegrees="123" dc:creator="LEAK"/></rdf:RDF></x:xmpmeta>"#;

fn jpeg(rgb: &[u8], tagged: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, 92);
    if tagged {
        let segment = [&b"http://ns.adobe.com/xap/1.0/\0"[..], TAGS.as_bytes()].concat();
        encoder.add_app_segment(1, segment).unwrap();
    }
    let (w, h) = (SIZE.width as u16, SIZE.height as u16);
    encoder
        .encode(rgb, w, h, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    out
}

/// Which share of the face shows what it showed before.
fn exposed(before: &[u8], after: &[u8], at: (f64, f64)) -> f64 {
    let (mut all, mut same) = (0, 0);
    for y in 0..SIZE.height {
        for x in 0..SIZE.width {
            let Some((u, v)) = on_sample(f64::from(x) + 0.5, f64::from(y) + 0.5, at) else {
                continue;
            };
            let [left, top, right, bottom] = FACE;
            let (p, q) = (
                (u - (left + right) / 2.0) / (right - left) * 2.0,
                (v - (top + bottom) / 2.0) / (bottom - top) * 2.0,
            );
            if p.hypot(q) > 1.0 {
                continue;
            }
            let i = (y * SIZE.width + x) as usize;
            let near = (0..3).all(|c| before[i * 3 + c].abs_diff(after[i * 4 + c]) < 12);
            all += 1;
            same += u32::from(near);
        }
    }
    f64::from(same) / f64::from(all.max(1))
}

fn anonymizer(panorama: bool) -> Anonymizer {
    let detector = DetectorOptions::new().preset(Preset::Balanced);
    let options = AnonymizeOptions::new().panorama(panorama);
    Anonymizer::new(Detector::new(&detector).unwrap(), options).unwrap()
}

#[test]
fn a_face_is_covered_wherever_it_lies_on_the_sphere() {
    let picture = sample();
    let anonymizer = anonymizer(false);
    let mut bad = Vec::new();
    for (latitude, longitudes) in [
        (0.0f64, &[-180.0f64, -174.0, 60.0, 177.0][..]),
        (45.0, &[-180.0, 30.0]),
        (-45.0, &[179.0]),
        (70.0, &[-180.0, 15.0]),
    ] {
        for &longitude in longitudes {
            let at = (longitude.to_radians(), latitude.to_radians());
            let before = panorama(&picture, at);
            let done = anonymizer.photo(&jpeg(&before, true)).unwrap();
            let read = Photo::read(&done.bytes, &ReadOptions::new()).unwrap();
            assert!(read.panorama().is_some(), "it stays a panorama");
            let share = exposed(&before, &read.to_rgba().1, at);
            if share > 0.2 || done.report.faces.is_empty() {
                bad.push((latitude, longitude, share));
            }
        }
    }
    assert!(bad.is_empty(), "latitude, longitude, exposed: {bad:?}");
}

#[test]
fn tags_are_written_anew_and_a_second_look_sees_the_edge() {
    let at = ((-178.0f64).to_radians(), 0.0);
    let before = panorama(&sample(), at);
    let file = jpeg(&before, true);
    let done = anonymizer(false).photo(&file).unwrap();
    assert!(done.report.panorama && done.report.kept.iter().any(|k| k == "panorama"));
    let text = String::from_utf8_lossy(&done.bytes);
    assert!(text.contains("GPano:FullPanoWidthPixels=\"2048\""));
    assert!(!text.contains("LEAK") && !text.contains("PoseHeading"));
    let regions = &done.report.regions;
    assert!(regions.iter().any(|r| r.area[0] < 0.0), "{regions:?}");
    assert!(
        regions.iter().any(|r| r.area[0] + r.area[2] > 2048.0),
        "{regions:?}"
    );

    let verifier = Verifier::new(VerifierOptions::default()).unwrap();
    let seen = verifier.photo(&done.bytes, Some(&done.report)).unwrap();
    assert_eq!(seen.verdict, Verdict::Passed, "{:?}", seen.findings);
    // With what lies at the right edge of each mask only, the face shows at the left edge.
    let mut half = done.report.clone();
    half.regions.retain(|r| r.area[0] > 0.0);
    let line = faceveil::ReportApplier::default()
        .prepare(&file, &half)
        .unwrap();
    let half = line.redact().unwrap();
    let seen = verifier.photo(&half.bytes, Some(&half.report)).unwrap();
    let open = seen
        .findings
        .iter()
        .any(|f| f.kind == VerifyFindingKind::Face);
    assert!(open, "{:?}", seen.findings);
}

#[test]
fn without_tags_it_must_be_asked_for_and_may_be() {
    let at = (PI, 0.0);
    let before = panorama(&sample(), at);
    let file = jpeg(&before, false);
    let plain = anonymizer(false).photo(&file).unwrap();
    assert!(!plain.report.panorama);
    let hint = |w: &String| w.contains("360-degree");
    assert!(plain.report.warnings.iter().any(hint));
    let asked = anonymizer(true).photo(&file).unwrap();
    assert!(asked.report.panorama && !asked.report.warnings.iter().any(hint));
    let read = Photo::read(&asked.bytes, &ReadOptions::new()).unwrap();
    assert!(exposed(&before, &read.to_rgba().1, at) < 0.2);
    assert!(read.panorama().is_none(), "no tags are made up");
}
