//! Writing: found where it is asked for, covered as it lies, and nothing else than before where it
//! is not.

use crate::sandbox::{ASTRONAUT, Sandbox};
use faceveil::detect::{Cover, Writing};
use faceveil::geometry::Point;
use faceveil::picture::{PixelLayout, PixelOrder, PixelsMut, RgbView};
use faceveil::redact::Rgb;
use faceveil::{
    AnonymizeOptions, Anonymizer, Detector, DetectorOptions, Preset, Shape, Size, Style, Subject,
};

pub(crate) const SIZE: Size = Size::new(640, 480);
const TEXT: &str = "AB-1274K";

/// Seven rows of five pixels.
fn glyph(c: char) -> [u8; 7] {
    match c {
        'A' => [14, 17, 17, 31, 17, 17, 17],
        'B' => [30, 17, 17, 30, 17, 17, 30],
        'K' => [17, 18, 20, 24, 20, 18, 17],
        '1' => [4, 12, 4, 4, 4, 4, 14],
        '2' => [14, 17, 1, 6, 8, 16, 31],
        '4' => [2, 6, 10, 18, 31, 2, 2],
        '7' => [31, 1, 2, 4, 8, 8, 8],
        _ => [0, 0, 0, 14, 0, 0, 0],
    }
}

/// A plate in the middle; see [`scene_at`].
fn scene(k: f32, degrees: f32) -> (Vec<u8>, (f32, f32)) {
    scene_at(k, degrees, (320.0, 240.0))
}

/// A grey scene with a white plate whose letters have pixels of `k` by `k`, turned by some degrees
/// about its middle. Also where the letters are: half of their length and of their height.
pub(crate) fn scene_at(k: f32, degrees: f32, middle: (f32, f32)) -> (Vec<u8>, (f32, f32)) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let half = ((6 * TEXT.len() - 1) as f32 * k / 2.0, 7.0 * k / 2.0);
    let mut data = vec![];
    for y in 0..SIZE.height {
        for x in 0..SIZE.width {
            let (dx, dy) = (x as f32 + 0.5 - middle.0, y as f32 + 0.5 - middle.1);
            // On the plate, from the upper left corner of the letters, in their pixels.
            let u = ((dx * cos + dy * sin) + half.0) / k;
            let v = ((dy * cos - dx * sin) + half.1) / k;
            let on = |m: f32| {
                (-m..2.0 * half.0 / k + m).contains(&u) && (-m..2.0 * half.1 / k + m).contains(&v)
            };
            let ink = on(0.0) && {
                let (column, row) = (u as usize, v as usize);
                let letter = TEXT.chars().nth(column / 6).map_or([0; 7], glyph);
                column % 6 < 5 && letter[row.min(6)] >> (4 - column % 6) & 1 == 1
            };
            let value = match () {
                () if ink => 25,
                () if on(4.0) => 235,
                () => (90 + x / 16 + y / 10) as u8,
            };
            data.extend([value; 3]);
        }
    }
    (data, half)
}

fn detector(cover: Cover) -> Detector {
    let options = DetectorOptions::new().cover(cover);
    Detector::new(&options).unwrap()
}

#[test]
fn a_plate_is_covered_as_it_lies_and_not_much_beside_it() {
    let options = AnonymizeOptions::new().style(Style::Solid(Rgb(0, 0, 200)));
    let anonymizer = Anonymizer::new(detector(Cover::only(Writing::Plates)), options).unwrap();
    for degrees in [0.0, 12.0, -25.0] {
        let (before, half) = scene(3.0, degrees);
        let mut after = before.clone();
        let regions = {
            let layout = PixelLayout::packed(SIZE, PixelOrder::Rgb);
            let mut pixels = PixelsMut::new(&mut after, layout).unwrap();
            anonymizer.pixels(&mut pixels).unwrap()
        };
        assert!(
            regions.iter().all(|r| r.shape == Shape::Quad),
            "{degrees}: {regions:?}"
        );
        let covered = |i: usize| after[3 * i..3 * i + 3] == [0, 0, 200];
        let ink: Vec<usize> = (0..SIZE.area() as usize)
            .filter(|&i| before[3 * i] == 25)
            .collect();
        let shown = ink.iter().filter(|&&i| !covered(i)).count();
        assert_eq!(shown, 0, "{degrees}: letters of {}", ink.len());
        let all = (0..SIZE.area() as usize).filter(|&i| covered(i)).count();
        let letters = 4.0 * half.0 * half.1;
        // The steeper the line, the wider is what the network marks (5.8 times at 25 degrees).
        let most = if degrees < -20.0 { 7.0 } else { 4.5 };
        assert!(
            (all as f32) < most * letters,
            "{degrees}: {all} of {letters}"
        );
    }
}

#[test]
fn writing_is_looked_for_only_where_it_is_asked_for() {
    let (data, _) = scene(3.0, 0.0);
    let picture = RgbView::new(SIZE, &data).unwrap();
    let found = detector(Cover::default()).detect(&picture).unwrap();
    assert!(found.is_empty(), "{found:?}");
    let found = detector(Cover::only(Writing::All))
        .detect(&picture)
        .unwrap();
    assert!(found.iter().all(|f| f.subject == Subject::Text) && !found.is_empty());
    let options = DetectorOptions::new()
        .cover(Cover::only(Writing::All))
        .min_text_height(60.0);
    let found = Detector::new(&options).unwrap().detect(&picture).unwrap();
    assert!(found.is_empty(), "too low to be asked for: {found:?}");
}

#[test]
fn a_low_plate_in_a_large_photo_is_found_at_its_own_scale() {
    let (scene, _) = scene(1.0, 0.0);
    let large = Size::new(3000, 600);
    let mut data = vec![120; 3 * large.area() as usize];
    let row = 3 * SIZE.width as usize;
    for (y, part) in scene.chunks_exact(row).enumerate() {
        let at = 3 * (large.width as usize * (y + 60) + 1900);
        data[at..at + row].copy_from_slice(part);
    }
    let picture = RgbView::new(large, &data).unwrap();
    let found = |preset| {
        let options = DetectorOptions::new()
            .preset(preset)
            .cover(Cover::only(Writing::Plates));
        let faces = Detector::new(&options).unwrap().detect(&picture).unwrap();
        let middle = Point::new(1900.0 + 320.0, 60.0 + 240.0);
        faces.iter().any(|f| f.area.holds(middle))
    };
    assert!(found(Preset::Balanced) && found(Preset::Thorough));
    assert!(!found(Preset::Fast), "the plate is no test");
}

#[test]
fn what_cannot_be_done_with_writing_is_refused() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    for (args, says) in [
        (&["--text-min-height", "9"][..], "add text or plates"),
        (&["--cover", "text,plates"], "give one of the two"),
        (&["--cover", "text", "--min-face", "9"], "leaves out"),
        (&["--cover", "people"], "possible values"),
    ] {
        let args: Vec<&str> = ["blur", "a.jpg"].iter().chain(args).copied().collect();
        dir.run(&args).exits(2).says(says);
    }
}

/// A PNG of a scene.
fn plate(k: f32, degrees: f32) -> Vec<u8> {
    let mut file = vec![];
    let mut encoder = png::Encoder::new(&mut file, SIZE.width, SIZE.height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&scene(k, degrees).0).unwrap();
    writer.finish().unwrap();
    file
}

#[test]
fn verify_finds_writing_that_shows_where_it_is_asked_for() {
    let dir = Sandbox::new();
    dir.file("in/plate.png", &plate(3.0, 12.0));
    let blur = ["blur", "in", "-o"];
    dir.run(&[&blur[..], &["open", "--report", "open.jsonl"]].concat())
        .exits(0);
    let verify = ["verify", "open", "--report", "open.jsonl", "--json"];
    dir.run(&verify).exits(0);
    let asked = dir.run(&[&verify[..], &["--cover", "faces,plates"]].concat());
    let found = &asked.exits(3).lines()[0]["findings"][0];
    assert_eq!(found["kind"], "text", "{found}");
    assert!(found["reason"].to_string().contains("writing of which 0 %"));
    for isolate in ["auto", "never"] {
        let covered = ["closed", "--report", "c.jsonl", "--cover", "faces,text"];
        let verified = ["--verify", "--overwrite", "--isolate", isolate];
        dir.run(&[&blur[..], &covered, &verified].concat()).exits(0);
        let report = String::from_utf8(dir.read("c.jsonl")).unwrap();
        assert!(report.contains(r#""verdict":"passed""#), "{report}");
    }
}

#[test]
fn a_report_says_what_is_writing_and_is_enough_to_cover_it_again() {
    let dir = Sandbox::new();
    dir.file("in/plate.png", &plate(3.0, 12.0))
        .sample(ASTRONAUT, "in/face.jpg");
    let blur = ["blur", "in", "--cover", "faces,plates", "--style", "solid"];
    let to = ["-o", "out", "--report", "r.jsonl"];
    dir.run(&[&blur[..], &to].concat()).exits(0);
    let report = String::from_utf8(dir.read("r.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = report
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let line = |name: &str| lines.iter().find(|l| l["input"] == name).unwrap();
    let plate = &line("plate.png")["regions"][0];
    assert_eq!(
        (&plate["subject"], &plate["shape"]),
        (&"text".into(), &"quad".into())
    );
    assert_eq!(plate["corners"].as_array().unwrap().len(), 4);
    assert!(line("face.jpg")["faces"][0].get("subject").is_none());
    dir.run(&["apply", "r.jsonl", "--originals", "in", "-o", "again"])
        .exits(0);
    assert_eq!(dir.read("out/plate.png"), dir.read("again/plate.png"));
    dir.run(&["verify", "out", "--report", "r.jsonl"]).exits(0);
}

/// Seen all round: a plate of a 2048 pixels wide panorama that goes over its edge.
fn panorama(middle: f32) -> Vec<u8> {
    const ROUND: Size = Size::new(2048, 1024);
    let (scene, _) = scene_at(3.0, 0.0, (320.0, 240.0));
    let mut data = vec![];
    for y in 0..ROUND.height {
        for x in 0..ROUND.width {
            let dx = (x as f32 + 1024.0 - middle).rem_euclid(2048.0) - 1024.0;
            let (u, v) = (dx as i32 + 320, y as i32 - 512 + 240);
            let inside = (100..540).contains(&u) && (150..330).contains(&v);
            data.extend(match inside {
                true => [scene[(v * SIZE.width as i32 + u) as usize * 3]; 3],
                false => [110; 3],
            });
        }
    }
    let mut file = vec![];
    let mut encoder = png::Encoder::new(&mut file, ROUND.width, ROUND.height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&data).unwrap();
    writer.finish().unwrap();
    file
}

#[test]
fn a_plate_in_a_panorama_is_covered_also_over_its_edge() {
    for middle in [700.0, 2040.0] {
        let dir = Sandbox::new();
        dir.file("in/round.png", &panorama(middle));
        let blur = ["blur", "in", "-o", "out", "--cover", "plates", "--panorama"];
        let more = [
            "--style", "solid", "--color", "0000C8", "--report", "r.jsonl",
        ];
        dir.run(&[&blur[..], &more].concat()).exits(0);
        let pixels = |file: &[u8]| faceveil::Photo::read(file, &faceveil::ReadOptions::new());
        let before = pixels(&dir.read("in/round.png")).unwrap().to_rgba().1;
        let after = pixels(&dir.read("out/round.png")).unwrap().to_rgba().1;
        let pairs = before.chunks_exact(4).zip(after.chunks_exact(4));
        let shown = pairs.filter(|(b, a)| b[0] == 25 && a[..3] != [0, 0, 200]);
        assert_eq!(shown.count(), 0, "letters at {middle}");
        let line = &crate::sandbox::json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap())[0];
        assert!(
            line["regions"]
                .as_array()
                .unwrap()
                .iter()
                .all(|r| r["subject"] == "text")
        );
        let covered = after
            .chunks_exact(4)
            .filter(|a| a[..3] == [0, 0, 200])
            .count();
        assert!(covered < 40_000, "{covered} of {} pixels", 2048 * 1024);
    }
}
