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
fn a_library_that_is_none_is_told_and_not_loaded() {
    let dir = Sandbox::new();
    dir.file("fake.so", b"no library");
    let ran = dir.run(&["doctor", "--onnxruntime", "fake.so"]).exits(0);
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(text.contains("get-onnxruntime.sh"), "{text}");
}
