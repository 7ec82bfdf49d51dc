//! The recipes of `docs/scale.md`, run as far as plain processes can.
#![cfg(unix)]

use crate::sandbox::{Sandbox, finish, lines_of};
use crate::shard::small_picture;
use std::path::Path;
use std::process::Command;

const FILES: usize = 24;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scale.md");
    std::fs::read_to_string(path).unwrap()
}

/// The first block of code with this in it.
fn block(with: &str) -> String {
    let page = page();
    let mut blocks = page.split("```").skip(1).step_by(2);
    let found = blocks
        .find(|block| block.contains(with))
        .unwrap_or_else(|| panic!("no {with}"));
    found.split_once('\n').unwrap().1.to_owned()
}

fn sandbox() -> Sandbox {
    let dir = Sandbox::new();
    for number in 0..FILES {
        dir.file(format!("in/{number}.png"), &small_picture(number));
    }
    dir
}

/// A shell in which `faceveil` is the binary.
fn shell(dir: &Sandbox, script: &str) -> Command {
    let folder = Path::new(env!("CARGO_BIN_EXE_faceveil")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command
        .args(["-eu", "-c", script])
        .current_dir(dir.path(""))
        .env("PATH", format!("{}:{path}", folder.display()));
    command
}

#[track_caller]
fn merged(dir: &Sandbox, shards: usize) {
    let merge = format!("faceveil merge r.*-of-{shards}.jsonl -o r.jsonl");
    finish(shell(dir, &merge))
        .exits(0)
        .says(&format!("{FILES} files, 0 failed, in"));
    assert_eq!(lines_of(&dir.read("r.jsonl")).len(), FILES + 1);
}

#[test]
fn the_arguments_of_the_kubernetes_job_do_their_part() {
    let dir = sandbox();
    let job = block("completionMode: Indexed");
    let args = job
        .lines()
        .find_map(|line| line.trim().strip_prefix("args: "))
        .unwrap();
    for index in 0..16 {
        // As the kubelet expands them, and with the volume here.
        let args = args
            .replace("$(JOB_COMPLETION_INDEX)", &index.to_string())
            .replace("/data/", "");
        let args: Vec<String> = serde_json::from_str(&args).unwrap();
        dir.run(&args).exits(0);
    }
    merged(&dir, 16);
}

#[test]
fn the_script_for_slurm_does_its_part_and_again_when_it_is_requeued() {
    let dir = sandbox();
    let script = block("#SBATCH");
    for task in [0, 1, 2, 1] {
        let mut command = shell(&dir, &script);
        command
            .env("SLURM_ARRAY_TASK_ID", task.to_string())
            .env("SLURM_ARRAY_TASK_COUNT", "3")
            .env("SLURM_CPUS_PER_TASK", "1");
        finish(command).exits(0);
    }
    merged(&dir, 3);
}

#[test]
fn processes_side_by_side_do_all_parts() {
    for (line, tool) in [("seq 0 3", "xargs"), ("parallel -j", "parallel")] {
        if Command::new(tool).arg("--version").output().is_err() {
            eprintln!("skipped: there is no {tool} here");
            continue;
        }
        let dir = sandbox();
        finish(shell(&dir, &block(line))).exits(0);
        merged(&dir, 4);
    }
}
