"""The stubs say what the module is: mypy's stubtest and strict mode, where mypy is installed."""

import os
import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("mypy")
HERE = pathlib.Path(__file__).resolve().parents[1]


def run(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=HERE, env=os.environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stubs_fit_the_module() -> None:
    run("mypy.stubtest", "faceveil", "--mypy-config-file", "pyproject.toml", "--ignore-disjoint-bases", "--allowlist", "tests/stubtest.txt")


def test_the_package_passes_strict_mypy() -> None:
    run("mypy", "--strict", "-p", "faceveil")
    run("mypy", "--strict", "tests/typed.py")
