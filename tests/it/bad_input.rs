//! Hostile and broken files, folders and disks: a clear message that names the file and the reason,
//! nothing at its output path, no temporary, the rest of the batch done, the exit code as designed.

use crate::sandbox::{ASTRONAUT, COFFEE, Ran, Sandbox, json_lines, lines_of, sample};
use std::fs;

fn photo() -> Vec<u8> {
    fs::read(sample(ASTRONAUT)).unwrap()
}

/// A PNG that says it has this size, and has no pixels.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 2, 0, 0, 0]);
    let crc = !chunk.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| {
            (c >> 1) ^ (0xEDB8_8320 & (c & 1).wrapping_neg())
        })
    });
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    file.extend(chunk);
    file.extend(crc.to_be_bytes());
    file.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82");
    file
}

/// Runs a batch in which one input is bad and one is good, and checks all that is promised.
#[track_caller]
fn one_bad(name: &str, content: &[u8], reason: &str) -> Ran {
    let dir = Sandbox::new();
    dir.file(format!("in/{name}"), content)
        .sample(ASTRONAUT, "in/good.jpg");
    let ran = dir
        .run(&["blur", "in", "-o", "out", "--report", "r.jsonl"])
        .exits(1)
        .says(&format!("in/{name}: "))
        .says(reason)
        .says("2 files, 1 written, 1 face, 0 without faces, 1 failed");
    let out: Vec<_> = dir
        .tree()
        .into_iter()
        .filter(|n| n.starts_with("out"))
        .collect();
    assert_eq!(out, ["out/", "out/good.jpg"]);
    let lines = json_lines(&String::from_utf8(dir.read("r.jsonl")).unwrap());
    let bad = lines.iter().find(|l| l["input"] == name).unwrap();
    assert_eq!(bad["outcome"], "failed");
    assert!(bad["error"].as_str().unwrap().contains(reason), "{bad}");
    ran
}

#[test]
fn an_empty_file() {
    one_bad("a.jpg", b"", "empty");
}

#[test]
fn a_truncated_file() {
    let photo = photo();
    one_bad("a.jpg", &photo[..photo.len() / 2], "JPEG");
    one_bad("a.jpg", &photo[..3], "JPEG");
    let png = fs::read(sample(COFFEE)).unwrap();
    one_bad("a.png", &png[..png.len() / 2], "PNG");
}

#[test]
fn a_file_that_is_no_picture_though_its_name_says_so() {
    one_bad("a.jpg", b"just some text", "not a picture");
}

#[test]
fn a_mislabelled_file_is_taken_for_what_it_is() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.png")
        .sample(ASTRONAUT, "in/no_extension");
    dir.run(&["blur", "in", "-o", "out"])
        .exits(0)
        .says("in/a.png: the file is a JPEG, though its name ends in .png")
        .says("2 files, 2 written, 2 faces");
    assert!(dir.read("out/a.png").starts_with(&[0xff, 0xd8]));
}

#[test]
fn a_picture_of_no_size() {
    one_bad("a.png", &png_header(0, 10), "PNG");
}

#[test]
fn a_picture_that_is_gigantic_by_its_header() {
    one_bad("a.png", &png_header(60_000, 60_000), "500000000");
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    dir.run(&["blur", "a.jpg", "--max-pixels", "250000"])
        .exits(1)
        .says("250000");
    assert_eq!(dir.tree(), ["a.jpg"]);
    dir.run(&["blur", "a.jpg", "--max-pixels", "262144"])
        .exits(0);
}

#[test]
fn formats_that_are_not_handled_are_named() {
    one_bad(
        "a.heic",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "no list of pictures",
    );
    one_bad(
        "a.avif",
        b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
        "no list of pictures",
    );
    one_bad("a", b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\0", "JPEG XL");
}

#[test]
fn what_is_never_covered_fails_if_it_is_named_and_is_named_if_it_was_found() {
    let dir = Sandbox::new();
    dir.file("in/a.cr2", b"II*\0\x10\0\0\0CR\x02\0\0\0\0\0")
        .file("in/b.psd", b"8BPS\0\x01")
        .sample(ASTRONAUT, "in/good.jpg");
    dir.run(&["blur", "in", "-o", "out", "--report", "r.jsonl"])
        .exits(0)
        .says("2 files that may show faces and cannot be covered, left alone: in/a.cr2, in/b.psd")
        .says("1 file, 1 written");
    let lines = lines_of(&dir.read("r.jsonl"));
    let left = &lines[1]["summary"]["left_alone"];
    assert_eq!(*left, serde_json::json!(["a.cr2", "b.psd"]));
    dir.run(&["blur", "in/a.cr2", "in/b.psd", "-o", "named"])
        .exits(1)
        .says("in/a.cr2: Canon CR2")
        .says("2 failed");
}

#[test]
fn a_file_that_is_not_there() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "good.jpg");
    dir.run(&["blur", "gone.jpg", "good.jpg", "-o", "out"])
        .exits(2)
        .says("gone.jpg: there is no such file or folder, so nothing was started");
    dir.run(&["blur", "good.jpg", "safe/"])
        .exits(2)
        .says("did you mean -o safe/?");
    assert_eq!(dir.tree(), ["good.jpg"]);
    fs::create_dir(dir.path("safe")).unwrap();
    dir.file("safe/.DS_Store", b"x");
    dir.run(&["blur", "good.jpg", "safe/"])
        .exits(2)
        .says("safe/ is an empty folder, and no -o is given; did you mean -o safe/?");
    fs::remove_dir_all(dir.path("safe")).unwrap();
    assert_eq!(dir.tree(), ["good.jpg"]);
    dir.run(&["blur", "good.jpg", "-o", "safe/"]).exits(0);
    dir.run(&["blur", "good.jpg", "safe/"])
        .exits(2)
        .says("safe/ is the output folder of an earlier run")
        .says("did you mean -o safe/?");
    dir.run(&["blur", "good.jpg", "-output", "x"])
        .exits(2)
        .says("did you mean --output?");
    assert_eq!(dir.tree(), ["good.jpg", "safe/", "safe/good.jpg"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/locked.jpg")
        .sample(ASTRONAUT, "in/good.jpg");
    fs::set_permissions(dir.path("in/locked.jpg"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(dir.path("in/locked.jpg")).is_ok() {
        // Root reads everything; a link to nothing is as unreadable.
        fs::remove_file(dir.path("in/locked.jpg")).unwrap();
        symlink("nothing", dir.path("in/locked.jpg")).unwrap();
    }
    dir.run(&["blur", "in", "-o", "out"])
        .exits(1)
        .says("in/locked.jpg: ")
        .says("1 written");
    assert!(!dir.path("out/locked.jpg").exists());
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_refused_and_not_waited_for() {
    let dir = Sandbox::new();
    let made = std::process::Command::new("mkfifo")
        .arg(dir.path("pipe.jpg"))
        .status();
    if made.is_ok_and(|m| m.success()) {
        dir.run(&["blur", "pipe.jpg", "-o", "x.jpg"])
            .exits(1)
            .says("pipe or a device");
        dir.run(&["blur", ".", "-o", "out"])
            .exits(1)
            .says("pipe or a device");
    }
    dir.run(&["blur", "/dev/zero", "-o", "x.jpg"])
        .exits(1)
        .says("pipe or a device");
    assert!(!dir.path("x.jpg").exists() && !dir.path("out").exists());
}

#[test]
fn a_folder_that_cannot_be_written_to() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg").file("file", b"in the way");
    let before = dir.tree();
    dir.run(&["blur", "a.jpg", "-o", "file/x/a.jpg"])
        .exits(1)
        .says("a.jpg: writing its output: there is a file where a folder is needed");
    dir.run(&["blur", "a.jpg", "a.jpg", "-o", "file"])
        .exits(2)
        .says("is a file");
    assert_eq!(dir.tree(), before);
}

#[cfg(unix)]
#[test]
fn a_folder_without_write_permission() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg").file("out/x", b"");
    fs::set_permissions(dir.path("out"), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(dir.path("out/y"), "").is_ok() {
        return; // root may write everywhere; the test above stands for this one
    }
    dir.run(&["blur", "a.jpg", "-o", "out"])
        .exits(1)
        .says("out/a.jpg");
    fs::set_permissions(dir.path("out"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(dir.tree(), ["a.jpg", "out/", "out/x"]);
}

#[cfg(unix)]
#[test]
fn a_full_disk() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a.jpg").file("out/b/x", b"");
    let before = dir.tree();
    // A limit on the size of files fails a write in the middle, as a full disk does.
    let script = format!(
        "trap '' XFSZ; ulimit -f 16; exec '{}' blur in -o out/new",
        env!("CARGO_BIN_EXE_faceveil")
    );
    let run = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(dir.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(
        said.contains("in/a.jpg: writing its output: ") && !said.contains(".tmp"),
        "{said}"
    );
    assert_eq!(
        dir.tree(),
        before,
        "neither a file nor a folder that was made for it"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_on_a_full_disk() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = dir.command(&["blur", "a.jpg", "-o", "-"]);
    command.stdout(full);
    crate::sandbox::finish(command)
        .exits(1)
        .says("standard output");
}

#[cfg(unix)]
#[test]
fn a_symlink_loop() {
    use std::os::unix::fs::symlink;
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/a/good.jpg");
    symlink("..", dir.path("in/a/up")).unwrap();
    symlink("self.jpg", dir.path("in/self.jpg")).unwrap();
    dir.run(&["blur", "in", "-o", "out"])
        .exits(1)
        .says("in/self.jpg: ")
        .says("2 files, 1 written")
        .says("1 linked folder left alone");
    let out: Vec<_> = dir
        .tree()
        .into_iter()
        .filter(|n| n.starts_with("out"))
        .collect();
    assert_eq!(out, ["out/", "out/a/", "out/a/good.jpg"]);
}

#[test]
fn two_inputs_with_one_output_are_refused_before_anything_starts() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a/x.jpg")
        .sample(ASTRONAUT, "b/x.jpg")
        .sample(COFFEE, "b/y.png");
    let before = dir.tree();
    let both = |ran: Ran| {
        ran.exits(2)
            .says("a/x.jpg")
            .says("b/x.jpg")
            .says("nothing was started");
    };
    both(dir.run(&["blur", "a", "b", "-o", "out", "--report", "r.jsonl"]));
    both(dir.run(&["blur", "a/x.jpg", "b/x.jpg", "-o", "out/"]));
    assert_eq!(dir.tree(), before);
}

#[test]
fn an_input_is_never_written_over() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "in/x.jpg").sample(ASTRONAUT, "y.jpg");
    let (before, x) = (dir.tree(), dir.read("in/x.jpg"));
    dir.run(&["blur", "in", "-o", "in", "--overwrite"])
        .exits(2)
        .says("--in-place");
    dir.run(&["blur", "in/x.jpg", "-o", "in/../in/x.jpg", "--overwrite"])
        .exits(2);
    dir.run(&["blur", "in/x.jpg", "y.jpg", "-o", ".", "--overwrite"])
        .exits(2)
        .says("y.jpg");
    assert_eq!((dir.tree(), dir.read("in/x.jpg")), (before, x));
}

#[test]
fn an_empty_folder_is_reported() {
    let dir = Sandbox::new();
    dir.file("in/readme.txt", b"text");
    dir.run(&["blur", "in", "-o", "out"])
        .exits(0)
        .says("no photo or video in in")
        .says("0 files");
    assert_eq!(dir.tree(), ["in/", "in/readme.txt"]);
}
