"""`python -m faceveil` hands everything on to the command."""

import os
import pathlib
import subprocess
import sys


def run(path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "faceveil", *arguments],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_command_it_says_how_to_get_one(tmp_path: pathlib.Path) -> None:
    done = run(str(tmp_path), "blur", "in.jpg")
    assert done.returncode == 127
    assert "pip install 'faceveil[cli]'" in done.stderr


def test_arguments_and_the_exit_code_are_the_commands(command: str) -> None:
    folder = str(pathlib.Path(command).parent)
    said = run(folder, "--version")
    assert said.returncode == 0 and said.stdout.startswith("faceveil ")
    assert run(folder, "blur", "not-there.jpg").returncode == 2
