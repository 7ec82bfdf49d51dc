//! What the seam promises, on a real library; each test says so and passes where there is none,
//! unless `FACEVEIL_REQUIRE_ONNXRUNTIME` is set.

use super::*;
use crate::{EngineChoice, Planes, builtin, engines};

const MODELS: [(&str, &[u8]); 4] = [
    (
        "centerface",
        include_bytes!("../../../../models/centerface.onnx"),
    ),
    (
        "yunet_2023mar",
        include_bytes!("../../../../models/yunet_2023mar.onnx"),
    ),
    (
        "retinaface_mnet025",
        include_bytes!("../../../../models/retinaface_mnet025.onnx"),
    ),
    (
        "text_ppocrv4",
        include_bytes!("../../../../models/text_ppocrv4.onnx"),
    ),
];

fn options(device: Device) -> EngineOptions {
    EngineOptions {
        engine: EngineChoice::OnnxRuntime,
        device,
        onnxruntime: None,
    }
}

/// The runtime on the CPU, or a printed reason to skip.
fn runtime() -> Option<Runtime> {
    match Runtime::open(&options(Device::Auto)) {
        Ok(runtime) => Some(runtime),
        Err(error) if std::env::var_os("FACEVEIL_REQUIRE_ONNXRUNTIME").is_none() => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Something with edges, gradients and noise, in the range of a picture's bytes.
fn synthetic(size: Size) -> Planes<Vec<f32>> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut state = 0x2545_f491_u32;
    let mut values = Vec::with_capacity(3 * width * height);
    for channel in 0..3 {
        for y in 0..height {
            for x in 0..width {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 24) as f32 / 8.0;
                let ring = ((x.abs_diff(width / 2).pow(2) + y.abs_diff(height / 2).pow(2)) / 97
                    + channel * 31)
                    % 200;
                values.push((ring as f32 + noise).floor());
            }
        }
    }
    Planes::new(size, values).unwrap()
}

fn largest_difference(ours: &[Tensor], theirs: &[Tensor]) -> f32 {
    let names = |tensors: &[Tensor]| -> Vec<(String, usize)> {
        tensors
            .iter()
            .map(|t| (t.name.clone(), t.data.len()))
            .collect()
    };
    assert_eq!(names(ours), names(theirs));
    ours.iter()
        .zip(theirs)
        .flat_map(|(a, b)| a.data.iter().zip(&b.data))
        .map(|(a, b)| {
            assert!(a.is_finite() && b.is_finite());
            (a - b).abs()
        })
        .fold(0.0, f32::max)
}

#[test]
fn both_engines_give_the_same_outputs() {
    let Some(runtime) = runtime() else { return };
    for (name, bytes) in MODELS {
        let theirs = runtime.load(bytes).unwrap();
        for (height, width) in [(64, 96), (320, 320), (640, 640)] {
            let size = Size { width, height };
            let input = synthetic(size);
            let expected = theirs.session(size).unwrap().run(&input).unwrap();
            for instructions in builtin::instruction_sets() {
                let ours = builtin::load_for(bytes, instructions).unwrap();
                let found = ours.session(size).unwrap().run(&input).unwrap();
                let difference = largest_difference(&found, &expected);
                let case = format!("{name} {width}x{height} {instructions}: {difference:.1e}");
                eprintln!("{case}");
                // The detector of writing ends in a steep sigmoid, which makes more of a small
                // difference at the edge of a letter.
                let narrow = ["vnni", "narrow"]
                    .iter()
                    .any(|end| instructions.ends_with(end));
                let most = match (narrow, name.starts_with("text")) {
                    (true, false) => 3e-2,
                    (true, true) => 2e-1,
                    (false, false) => 1e-4,
                    (false, true) => 2e-3,
                };
                assert!(difference <= most, "{case}");
            }
        }
    }
}

#[test]
fn sessions_of_one_model_work_side_by_side_and_repeat_themselves() {
    let Some(runtime) = runtime() else { return };
    let network = runtime.load(MODELS[1].1).unwrap();
    let size = Size {
        width: 96,
        height: 64,
    };
    let input = synthetic(size);
    let run = || {
        let mut session = network.session(size).unwrap();
        let first = session.run(&input).unwrap();
        assert_eq!(session.run(&input).unwrap(), first);
        first
    };
    let outputs = std::thread::scope(|scope| {
        [scope.spawn(run), scope.spawn(run)].map(|thread| thread.join().unwrap())
    });
    assert_eq!(outputs[0], outputs[1]);
}

#[test]
fn it_says_its_version_and_device() {
    let Some(runtime) = runtime() else { return };
    let text = runtime.describe();
    assert!(
        text.starts_with("onnxruntime 1.") && text.ends_with(" cpu"),
        "{text}"
    );
    let info = &engines(None)[1];
    assert_eq!(info.problem, None);
    assert_eq!(info.version, runtime.version());
    assert!(info.devices.contains(&Device::Cpu) && info.location.is_some());
}

#[test]
fn a_device_that_the_library_lacks_is_an_error_and_never_the_cpu() {
    let Some(runtime) = runtime() else { return };
    for device in [Device::Cuda, Device::CoreMl, Device::DirectMl] {
        if runtime.devices().contains(&device) {
            continue;
        }
        let error = Runtime::open(&options(device)).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let text = error.to_string();
        assert!(
            text.contains(&format!("without {device}")) && text.contains("it has cpu"),
            "{text}"
        );
        // Past the check of names, `ort` must fail as well.
        let forced = Runtime {
            device,
            ..runtime.clone()
        };
        assert!(forced.builder().is_err());
    }
}

#[test]
fn bytes_that_are_no_model_are_an_error() {
    let Some(runtime) = runtime() else { return };
    let whole = MODELS[1].1;
    let mut scribbled = whole.to_vec();
    for byte in scribbled.iter_mut().skip(200).step_by(97) {
        *byte ^= 0x5a;
    }
    for bytes in [
        &[][..],
        b"not a model",
        &whole[..whole.len() / 2],
        &scribbled,
        &[0xff; 64],
    ] {
        let error = runtime.load(bytes).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Model);
    }
}

#[test]
fn an_input_of_another_size_is_an_error() {
    let Some(runtime) = runtime() else { return };
    let size = Size {
        width: 96,
        height: 64,
    };
    let network = runtime.load(MODELS[1].1).unwrap();
    let mut session = network.session(size).unwrap();
    assert!(session.run(&synthetic(Size::new(64, 96))).is_err());
    assert!(session.run(&synthetic(size)).is_ok());
}

#[test]
fn a_second_library_in_one_process_is_refused() {
    let Some(runtime) = runtime() else { return };
    if !runtime.path().is_file() {
        eprintln!("skipped: the library was found by the system's loader");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.so");
    std::fs::copy(runtime.path(), &copy).unwrap();
    let mut other = options(Device::Cpu);
    other.onnxruntime = Some(copy);
    let text = Runtime::open(&other).err().unwrap().to_string();
    assert!(text.contains("already loaded from"), "{text}");
    other.onnxruntime = Some(runtime.path().to_path_buf());
    assert!(Runtime::open(&other).is_ok());
}

#[test]
fn a_broken_library_is_an_entry_of_the_engine_list() {
    let path = std::path::Path::new("no-such-folder/libonnxruntime.so");
    let info = &engines(Some(path))[1];
    assert!(
        info.problem
            .as_deref()
            .is_some_and(|p| p.contains("no such file"))
    );
    assert_eq!((info.version.as_str(), &info.location), ("", &None));
    assert_eq!(engines(Some(path))[0].problem, None);
}
