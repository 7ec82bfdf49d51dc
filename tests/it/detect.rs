//! `faceveil detect`.

use crate::sandbox::{ASTRONAUT, COFFEE, Sandbox, sample};
use std::io::{BufRead, BufReader};

#[test]
fn every_input_has_one_line_in_the_order_of_the_inputs() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/b/face.jpg")
        .sample(COFFEE, "in/a.png")
        .file("in/c.jpg", b"broken")
        .file("in/notes.txt", b"text");
    let before = dir.tree();
    let ran = dir
        .run(&["detect", "in", "-j", "3"])
        .exits(1)
        .says("in/c.jpg");
    let lines = ran.lines();
    let names: Vec<_> = lines.iter().map(|l| l["input"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.png", "b/face.jpg", "c.jpg"]);
    assert_eq!(lines[0]["faces"].as_array().unwrap().len(), 0);
    let faces = lines[1]["faces"].as_array().unwrap();
    assert_eq!(faces.len(), 1);
    let face: Vec<f64> = faces[0]["box"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect();
    let centre = (face[0] + face[2] / 2.0, face[1] + face[3] / 2.0);
    assert!(
        (centre.0 - 225.0).abs() < 25.0 && (centre.1 - 119.0).abs() < 30.0,
        "{face:?}"
    );
    assert!(lines[2]["error"].is_string());
    for line in &lines {
        assert_eq!(line["schema"], 1);
        assert_eq!(
            (&line["output"], &line["style"]),
            (&serde_json::Value::Null, &serde_json::Value::Null)
        );
    }
    assert_eq!(dir.tree(), before, "detect writes no file");
}

#[test]
fn faces_below_the_least_size_are_left_alone() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "face.jpg");
    let found = |least: &str| {
        let ran = dir
            .run(&["detect", "face.jpg", "--min-face", least])
            .exits(0);
        ran.lines()[0]["faces"].as_array().unwrap().clone()
    };
    let all = found("20");
    let side = all[0]["box"][3].as_f64().unwrap();
    assert_eq!(found(&side.floor().to_string()), all);
    assert!(found(&(side + 2.0).to_string()).is_empty());
    dir.run(&["detect", "face.jpg", "--min-face", "-1"])
        .exits(2)
        .says("min-face -1 is outside 0..=100000");
}

#[test]
fn a_picture_may_come_through_a_pipe() {
    let dir = Sandbox::new();
    let ran = dir
        .run_with_stdin(&["detect", "-"], &std::fs::read(sample(ASTRONAUT)).unwrap())
        .exits(0);
    let lines = ran.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["input"], "-");
    assert_eq!(lines[0]["width"], 512);
}

#[test]
fn a_preview_is_drawn_for_each_picture_in_a_mirrored_tree() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/b/face.jpg")
        .file("in/c.jpg", b"broken");
    dir.run(&["detect", "in", "--preview", "look"]).exits(1);
    assert_eq!(
        dir.tree(),
        [
            "in/",
            "in/b/",
            "in/b/face.jpg",
            "in/c.jpg",
            "look/",
            "look/b/",
            "look/b/face.jpg.preview.jpg"
        ]
    );
    let drawn = dir.read("look/b/face.jpg.preview.jpg");
    assert!(drawn.starts_with(&[0xff, 0xd8]) && drawn != dir.read("in/b/face.jpg"));
    // Previews inside the input folder are not taken for photos.
    dir.run(&["detect", "in/b", "--preview", "in/b"]).exits(0);
    let ran = dir
        .run(&["detect", "in/b"])
        .exits(0)
        .says("1 earlier output left alone");
    assert_eq!(ran.lines().len(), 1);
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let dir = Sandbox::new();
    for i in 0..40 {
        dir.sample(ASTRONAUT, format!("in/{i:02}.jpg"));
    }
    let mut child = dir.command(&["detect", "in", "-j", "1"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("{\"schema\":1,"));
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.contains("writing the report") && said.contains("not started"),
        "{said}"
    );
}

#[test]
fn both_engines_find_the_same_faces() {
    let dir = Sandbox::new();
    let samples = sample(ASTRONAUT);
    let samples = samples.parent().unwrap().to_str().unwrap();
    let required = std::env::var_os("FACEVEIL_REQUIRE_ONNXRUNTIME").is_some();
    let ran = dir.run(&["detect", samples, "--engine", "onnxruntime"]);
    if ran.code != 0 && !required {
        eprintln!("skipped: no ONNX Runtime here");
        return;
    }
    let theirs = ran.exits(0).lines();
    let ours = dir
        .run(&["detect", samples, "--engine", "builtin"])
        .exits(0)
        .lines();
    assert_eq!(ours.len(), theirs.len());
    let numbers = |face: &serde_json::Value| -> Vec<f64> {
        let sides = face["box"].as_array().unwrap().iter();
        sides.map(|v| v.as_f64().unwrap()).collect()
    };
    let mut compared = 0;
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours["input"], theirs["input"]);
        let [ours, theirs] = [ours, theirs].map(|line| line["faces"].as_array().unwrap());
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            let pairs = numbers(ours).into_iter().zip(numbers(theirs));
            for (a, b) in pairs {
                assert!((a - b).abs() < 1.0, "{ours} {theirs}");
            }
            let [a, b] = [ours, theirs].map(|face| face["score"].as_f64().unwrap());
            assert!((a - b).abs() < 0.01, "{ours} {theirs}");
            compared += 1;
        }
    }
    assert!(compared > 0);
}
