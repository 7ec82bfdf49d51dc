//! `faceveil review`: the page in a real browser, what is refused, and the contact sheet. Reports
//! are written here by hand, so that no detector is needed.

mod access;
mod applying;
mod driver;
mod finding_files;
mod findings;
mod following;
mod http;
mod many;
mod page;
mod refusals;
mod saving;
mod sheet;
mod small;
mod tracks;
mod unsaved;
mod videos;

use crate::sandbox::Sandbox;
use faceveil::report::Digest;
use serde_json::{Value, json};
use std::path::Path;

/// A picture that differs from others by its colour.
fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    let pixels = colour.repeat((width * height) as usize);
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// The line of a photo without faces, whose output has these bytes.
fn line(name: &str, width: u32, height: u32, input: &[u8], output: Option<&[u8]>) -> Value {
    json!({
        "schema": 1, "input": name, "output": output.map(|_| name), "outcome": "no-faces",
        "sha256": {"input": Digest::of(input), "output": output.map(Digest::of)},
        "width": width, "height": height, "frames": 1, "faces": [], "regions": [],
        "style": {"name": "blur", "irreversible": true}, "dropped": [], "kept": [], "warnings": [],
        "engine": "none", "ms": {"decode": 0.0, "detect": 0.0, "redact": 0.0, "encode": 0.0, "inspect": 0.0},
        "error": null
    })
}

fn face(area: [f64; 4], score: f64) -> Value {
    json!({"box": area, "score": score, "landmarks": null, "found_by": ["centerface@1"]})
}

fn write(dir: &Sandbox, lines: &[Value]) {
    let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
    dir.file("r.jsonl", text.as_bytes());
}

/// The report as it is now.
fn lines(dir: &Sandbox) -> Vec<Value> {
    crate::sandbox::json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap())
}

/// Three pictures in `in/`, their outputs in `out/`, and a report: one with a face and a rejected
/// one, one with a weaker face, one without.
fn three(dir: &Sandbox) {
    let mut all = Vec::new();
    for (name, colour) in [
        ("a.png", [200, 30, 30]),
        ("b.png", [30, 160, 30]),
        ("sub/c.png", [30, 30, 200]),
    ] {
        let (input, output) = (png(400, 300, colour), png(400, 300, [90, 90, 90]));
        dir.file(Path::new("in").join(name), &input);
        dir.file(Path::new("out").join(name), &output);
        all.push(line(name, 400, 300, &input, Some(&output)));
    }
    let region = json!([{"shape": "ellipse", "box": [100.0, 80.0, 60.0, 80.0]}]);
    all[0]["outcome"] = "redacted".into();
    all[0]["faces"] = json!([face([110.0, 90.0, 40.0, 60.0], 0.9)]);
    all[0]["rejected"] = json!([face([300.0, 200.0, 20.0, 24.0], 0.2)]);
    all[0]["regions"] = region.clone();
    all[1]["outcome"] = "redacted".into();
    all[1]["faces"] = json!([face([110.0, 90.0, 40.0, 60.0], 0.4)]);
    all[1]["regions"] = region;
    write(dir, &all);
}

const USUAL: [&str; 5] = ["r.jsonl", "--originals", "in", "--outputs", "out"];
