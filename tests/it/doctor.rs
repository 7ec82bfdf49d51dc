//! `faceveil doctor`.

use crate::sandbox::Sandbox;

#[test]
fn the_doctor_finds_the_face_of_the_sample_with_the_built_in_engine() {
    let dir = Sandbox::new();
    let ran = dir.run(&["doctor"]).exits(0);
    let text = String::from_utf8(ran.stdout).unwrap();
    for part in [
        "faceveil ",
        "built-in engine",
        "1 face found",
        " ms",
        "ONNX Runtime",
        "centerface",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn programs_get_the_same_in_json() {
    let dir = Sandbox::new();
    let ran = dir.run(&["doctor", "--json"]).exits(0);
    let found: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(found["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(found["healthy"], true);
    let engines = found["engines"].as_array().unwrap();
    let builtin = engines.iter().find(|e| e["engine"] == "builtin").unwrap();
    assert!(builtin["sample"]["detect_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(found["models"][0]["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn a_library_that_is_none_is_reported_and_not_loaded() {
    let dir = Sandbox::new();
    dir.file("fake.so", b"no library");
    let ran = dir.run(&["doctor", "--onnxruntime", "fake.so"]).exits(0);
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(text.contains("get-onnxruntime.sh"), "{text}");
}
