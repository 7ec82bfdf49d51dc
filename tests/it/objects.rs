//! Networks of the user's own: tiny ONNX files made here, one of each form, run on ONNX Runtime
//! where it is installed. Each finds one place of a bright picture, and nothing in a dark one.

use crate::sandbox::{ASTRONAUT, Ran, Sandbox};
use serde_json::{Value, json};

/// Both sides of the picture and of the canvas, so that boxes need no scaling.
const SIDE: u32 = 64;
/// Cells of 8, 16 and 32 pixels in it.
const CELLS: usize = 84;
/// Left, top, right, bottom of what they find.
const PLACE: [f32; 4] = [16.0, 8.0, 40.0, 56.0];

/// A protobuf message that grows field by field.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(mut self, mut v: u64) -> Self {
        while v >= 0x80 {
            self.0.push(v as u8 | 0x80);
            v >>= 7;
        }
        self.0.push(v as u8);
        self
    }

    fn int(self, field: u64, v: u64) -> Self {
        self.varint(field << 3).varint(v)
    }

    fn bytes(self, field: u64, v: impl AsRef<[u8]>) -> Self {
        let v = v.as_ref();
        let mut message = self.varint(field << 3 | 2).varint(v.len() as u64);
        message.0.extend(v);
        message
    }
}

/// A network of one output: `bias + weight * mean of the picture`.
struct Network<'a> {
    /// Of the input; 0: any.
    sides: [u64; 4],
    shape: &'a [usize],
    bias: Vec<f32>,
    weight: Vec<f32>,
    /// Element of input and output: 1 is a float of 32 bits, 10 one of 16.
    element: u64,
    outputs: usize,
    properties: &'a [(&'a str, &'a str)],
}

impl<'a> Network<'a> {
    fn new(shape: &'a [usize], properties: &'a [(&'a str, &'a str)]) -> Self {
        let numbers = shape.iter().product();
        Self {
            sides: [1, 3, SIDE.into(), SIDE.into()],
            shape,
            bias: vec![0.0; numbers],
            weight: vec![0.0; numbers],
            element: 1,
            outputs: 1,
            properties,
        }
    }

    /// Row `at` of an output whose rows are boxes; the last `scores` of them weigh the picture.
    fn row(mut self, at: usize, values: &[f32], scores: &[usize]) -> Self {
        for (i, v) in values.iter().enumerate() {
            let index = at * values.len() + i;
            let to = if scores.contains(&i) {
                &mut self.weight
            } else {
                &mut self.bias
            };
            to[index] = *v;
        }
        self
    }

    fn value(&self, name: &str, sides: &[u64]) -> Vec<u8> {
        let side = |m: Message, s: &u64| match s {
            0 => m.bytes(1, Message::default().bytes(2, "any").0),
            s => m.bytes(1, Message::default().int(1, *s).0),
        };
        let shape = sides.iter().fold(Message::default(), side);
        let tensor = Message::default().int(1, self.element).bytes(2, shape.0);
        let kind = Message::default().bytes(1, tensor.0);
        Message::default().bytes(1, name).bytes(2, kind.0).0
    }

    fn file(&self) -> Vec<u8> {
        let node = |op: &str, inputs: &[&str], output: &str| {
            let all = inputs.iter().fold(Message::default(), |m, i| m.bytes(1, i));
            all.bytes(2, output).bytes(4, op)
        };
        let keep = Message::default().bytes(1, "keepdims").int(3, 0).int(20, 2);
        let tensor = |name: &str, values: &[f32]| {
            let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            let dims = self.shape.iter();
            let dims = dims.fold(Message::default(), |m, d| m.int(1, *d as u64));
            dims.int(2, 1).bytes(8, name).bytes(9, raw).0
        };
        let mut graph = Message::default().bytes(2, "tiny");
        if self.element == 1 {
            graph = graph
                .bytes(
                    1,
                    node("ReduceMean", &["images"], "mean").bytes(5, keep.0).0,
                )
                .bytes(1, node("Mul", &["weight", "mean"], "weighed").0)
                .bytes(5, tensor("weight", &self.weight))
                .bytes(5, tensor("bias", &self.bias));
            for i in 0..self.outputs {
                let output = format!("output{i}");
                graph = graph.bytes(1, node("Add", &["bias", "weighed"], &output).0);
            }
        } else {
            graph = graph.bytes(1, node("Identity", &["images"], "output0").0);
        }
        graph = graph.bytes(11, self.value("images", &self.sides));
        for i in 0..self.outputs {
            let shape: Vec<u64> = self.shape.iter().map(|d| *d as u64).collect();
            graph = graph.bytes(12, self.value(&format!("output{i}"), &shape));
        }
        let opset = Message::default().bytes(1, "").int(2, 13);
        let file = Message::default()
            .int(1, 8)
            .bytes(7, graph.0)
            .bytes(8, opset.0);
        let property = |m: Message, (key, value): &(&str, &str)| {
            m.bytes(14, Message::default().bytes(1, key).bytes(2, value).0)
        };
        self.properties.iter().fold(file, property).0
    }
}

/// The middle and sides of [`PLACE`].
fn middle() -> [f32; 4] {
    let [l, t, r, b] = PLACE;
    [(l + r) / 2.0, (t + b) / 2.0, r - l, b - t]
}

const NAMES: [(&str, &str); 2] = [("names", "{0: 'person', 1: 'car'}"), ("task", "detect")];

/// `[1, 4 + 2, N]`.
fn columns() -> Vec<u8> {
    let mut network = Network::new(&[1, 6, CELLS], &NAMES);
    // Two cells see the same; the second less.
    for (cell, score) in [(7, 1.0), (8, 0.8)] {
        for (row, v) in middle().into_iter().enumerate() {
            network.bias[row * CELLS + cell] = v;
        }
        network.weight[5 * CELLS + cell] = score;
    }
    network.file()
}

fn listed() -> Vec<u8> {
    let [l, t, r, b] = PLACE;
    let network = Network::new(&[1, 3, 6], &NAMES);
    network.row(1, &[l, t, r, b, 1.0, 1.0], &[4]).file()
}

fn numbered() -> Vec<u8> {
    let [l, t, r, b] = PLACE;
    let network = Network::new(&[2, 7], &NAMES);
    network.row(1, &[0.0, l, t, r, b, 1.0, 1.0], &[6]).file()
}

/// YOLOv5: three rows a cell, in pixels.
fn rows() -> Vec<u8> {
    let [x, y, w, h] = middle();
    let shape = [1, 3 * CELLS, 7];
    let mut network = Network::new(&shape, &NAMES);
    for row in network.bias.chunks_exact_mut(7) {
        row[..4].fill(32.0);
    }
    network.row(9, &[x, y, w, h, 1.0, 0.0, 1.0], &[4]).file()
}

/// YOLOX as it comes: offsets in cells, bytes for input.
fn raw_rows() -> Vec<u8> {
    let [x, y, w, h] = middle();
    let network = Network::new(&[1, CELLS, 7], &NAMES);
    // The cell of 32 pixels in the upper left corner; its score weighs bytes.
    let values = [
        x / 32.0,
        y / 32.0,
        (w / 32.0).ln(),
        (h / 32.0).ln(),
        1.0 / 255.0,
        0.0,
        1.0,
    ];
    network.row(CELLS - 4, &values, &[4]).file()
}

fn picture(light: u8) -> Vec<u8> {
    let mut file = vec![];
    let mut encoder = png::Encoder::new(&mut file, SIDE, SIDE);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer
        .write_image_data(&[light; (SIDE * SIDE) as usize])
        .unwrap();
    writer.finish().unwrap();
    file
}

/// Runs the command, unless ONNX Runtime is not here.
fn run(dir: &Sandbox, args: &[&str]) -> Option<Ran> {
    let ran = dir.run(args);
    let is_missing = ran.stderr.contains("no usable ONNX Runtime");
    if is_missing && std::env::var_os("FACEVEIL_REQUIRE_ONNXRUNTIME").is_none() {
        eprintln!("skipped: {}", ran.stderr);
        return None;
    }
    Some(ran)
}

fn report(dir: &Sandbox) -> Vec<Value> {
    crate::sandbox::json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap())
}

#[test]
fn each_form_of_network_covers_what_it_finds() {
    for (form, file) in [
        ("columns", columns()),
        ("listed", listed()),
        ("numbered", numbered()),
        ("rows", rows()),
        ("raw rows", raw_rows()),
    ] {
        let dir = Sandbox::new();
        dir.file("in/bright.png", &picture(230))
            .file("in/dark.png", &picture(20))
            .file("cars.onnx", &file);
        let blur = ["blur", "in", "-o", "out", "--report", "r.jsonl"];
        let model = ["--model", "cars.onnx", "--style", "solid", "--verify"];
        let Some(ran) = run(&dir, &[&blur[..], &model].concat()) else {
            return;
        };
        ran.exits(0).says("1 object");
        let lines = report(&dir);
        let line = |name: &str| lines.iter().find(|l| l["input"] == name).unwrap();
        let (bright, dark) = (line("bright.png"), line("dark.png"));
        assert_eq!(dark["regions"], json!([]), "{form}");
        let faces = bright["faces"].as_array().unwrap();
        assert_eq!(faces.len(), 1, "{form}: {faces:?}");
        assert_eq!(faces[0]["subject"], "object:car", "{form}");
        assert_eq!(faces[0]["found_by"], json!(["cars@1"]), "{form}");
        assert_eq!(faces[0]["box"], json!([16.0, 8.0, 24.0, 48.0]), "{form}");
        let region = &bright["regions"][0];
        assert_eq!(
            (&region["subject"], &region["shape"]),
            (&json!("object:car"), &json!("box"))
        );
        assert!(bright["engine"].as_str().unwrap().contains("onnxruntime"));
        crate::schema::assert_valid(bright);
        let before = png_pixels(&picture(230));
        let after = png_pixels(&dir.read("out/bright.png"));
        let at = |x: u32, y: u32| (y * SIDE + x) as usize;
        for (x, y) in [(16, 8), (39, 55), (28, 32)] {
            assert_ne!(after[at(x, y)], before[at(x, y)], "{form}: {x},{y}");
        }
        for (x, y) in [(10, 8), (45, 55), (28, 2)] {
            assert_eq!(after[at(x, y)], before[at(x, y)], "{form}: {x},{y}");
        }
    }
}

/// The first channel.
fn png_pixels(file: &[u8]) -> Vec<u8> {
    let (_, rgba) = faceveil::Photo::read(file, &faceveil::ReadOptions::new())
        .unwrap()
        .to_rgba();
    rgba.chunks_exact(4).map(|p| p[0]).collect()
}

#[test]
fn only_the_classes_that_were_asked_for_are_covered() {
    let dir = Sandbox::new();
    dir.file("a.png", &picture(230))
        .file("cars.onnx", &columns())
        .file("unnamed.onnx", &Network::new(&[1, 6, CELLS], &[]).file());
    let detect = ["detect", "a.png", "--cover", "none", "--model"];
    for (model, more, subject) in [
        ("cars.onnx", &[][..], Some("object:car")),
        ("cars.onnx", &["--model-classes", "car"], Some("object:car")),
        ("cars.onnx", &["--model-classes", "1"], Some("object:car")),
        ("cars.onnx", &["--model-classes", "person"], None),
        ("cars.onnx", &["--model-threshold", "0.95"], None),
        (
            "cars.onnx",
            &["--model-names", "bike,plate"],
            Some("object:plate"),
        ),
        ("unnamed.onnx", &["--model-classes", "0"], None),
    ] {
        let Some(ran) = run(&dir, &[&detect[..], &[model], more].concat()) else {
            return;
        };
        let lines = ran.exits(0).lines();
        let found = lines[0]["faces"].as_array().unwrap();
        let subjects: Vec<&str> = found
            .iter()
            .map(|f| f["subject"].as_str().unwrap())
            .collect();
        assert_eq!(
            subjects,
            subject.into_iter().collect::<Vec<_>>(),
            "{model} {more:?}"
        );
    }
}

#[test]
fn objects_of_a_video_are_followed() {
    if !crate::video::has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    dir.file("cars.onnx", &columns());
    // Bright from frame 10 to 29, dark before and after.
    let light = "-f lavfi -i color=white:s=64x64:r=10:d=4 -vf \
                 geq=lum='if(between(N,10,29),230,20)':cb=128:cr=128";
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error"])
        .args(light.split_whitespace())
        .args(["-pix_fmt", "yuv420p"])
        .arg(dir.path("in.mp4"))
        .status();
    assert!(made.unwrap().success());
    let blur = [
        "blur", "in.mp4", "-o", "new.mp4", "--report", "r.jsonl", "--verify",
    ];
    let model = [
        "--model",
        "cars.onnx",
        "--cover",
        "none",
        "--style",
        "solid",
    ];
    let Some(ran) = run(&dir, &[&blur[..], &model].concat()) else {
        return;
    };
    ran.exits(0).says("1 object");
    let line = &report(&dir)[0];
    let tracks = line["tracks"].as_array().unwrap();
    assert_eq!(tracks.len(), 1, "{tracks:?}");
    assert_eq!(tracks[0]["subject"], "object:car");
    assert_eq!(tracks[0]["seen"], 20);
    crate::schema::assert_valid(line);
    for frame in 10..30 {
        let regions = line["regions"].as_array().unwrap().iter();
        let mut there = regions.filter(|r| {
            let [first, last] = [0, 1].map(|i| r["frames"][i].as_u64().unwrap());
            (first..=last).contains(&frame)
        });
        assert!(there.any(|r| r["subject"] == "object:car"), "{frame}");
    }
}

#[test]
fn verify_looks_for_objects_again() {
    let dir = Sandbox::new();
    dir.file("a.png", &picture(230))
        .file("cars.onnx", &columns());
    let blur = ["blur", "a.png", "-o", "b.png", "--report", "r.jsonl"];
    dir.run(&blur).exits(0);
    let verify = ["verify", "b.png", "--report", "r.jsonl", "--json"];
    dir.run(&verify).exits(0);
    let model = ["--model", "cars.onnx", "--cover", "none"];
    let Some(ran) = run(&dir, &[&verify[..], &model].concat()) else {
        return;
    };
    let found = &ran.exits(3).lines()[0]["findings"][0];
    assert_eq!(found["kind"], "object", "{found}");
    let reason = found["reason"].as_str().unwrap();
    assert!(
        reason.contains("(car) of which 0 % lies under masks"),
        "{reason}"
    );
}

#[test]
fn a_network_that_does_not_fit_is_refused_with_its_shapes_and_nothing_is_written() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg");
    let net = |shape: &[usize], properties: &[(&str, &str)]| Network::new(shape, properties).file();
    let with = |change: &dyn Fn(&mut Network<'_>)| {
        let mut network = Network::new(&[1, 6, CELLS], &NAMES);
        change(&mut network);
        network.file()
    };
    let obb = [("task", "obb")];
    let five = [("names", "{0: 'a', 1: 'b', 2: 'c', 3: 'd', 4: 'e'}")];
    for (file, says) in [
        (net(&[1, 1000], &[]), "(1, 1000)"),
        (net(&[1, 6, CELLS], &obb), "task obb"),
        (net(&[1, 6, CELLS], &five), "for 5 classes"),
        (with(&|n| n.sides[1] = 1), "(1, 1, 64, 64)"),
        (with(&|n| n.sides = [1, 3, 9000, 9000]), "9000"),
        (with(&|n| n.outputs = 2), "output1"),
        (with(&|n| n.element = 10), "f16"),
        (b"not a network".to_vec(), "cannot load this model"),
    ] {
        dir.file("bad.onnx", &file);
        let blur = ["blur", "in", "-o", "out", "--model", "bad.onnx"];
        let Some(ran) = run(&dir, &blur) else { return };
        ran.exits(2).says(says);
        assert_eq!(dir.tree(), ["bad.onnx", "in/", "in/a.jpg"], "{says}");
    }
    dir.file("cars.onnx", &columns());
    let blur = ["blur", "in", "-o", "out", "--model", "cars.onnx"];
    let args = ["--model-classes", "dog"];
    let Some(ran) = run(&dir, &[&blur[..], &args].concat()) else {
        return;
    };
    ran.exits(2).says("no class dog; it has person, car");
}

#[test]
fn flags_about_a_network_that_is_not_there_are_refused() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    for (args, says) in [
        (&["--cover", "none"][..], "add --model FILE"),
        (&["--model-classes", "car"], "--model <FILE>"),
        (&["--model", "no.onnx"], "reading the model no.onnx"),
        (&["--cover", "none,faces"], "--cover none contradicts"),
    ] {
        let args: Vec<&str> = ["blur", "a.jpg"].iter().chain(args).copied().collect();
        dir.run(&args).exits(2).says(says);
    }
    assert_eq!(dir.tree(), ["a.jpg"]);
}
