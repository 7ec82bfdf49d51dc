"""Ray with two local workers. Heavy: runs where FACEVEIL_TEST_RAY is set."""

import os
import pathlib
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import faceveil

if not os.environ.get("FACEVEIL_TEST_RAY"):
    pytest.skip("FACEVEIL_TEST_RAY is not set", allow_module_level=True)
os.environ.setdefault("RAY_worker_niceness", "0")  # 15 by default: starved on a busy machine
ray = pytest.importorskip("ray")
import faceveil.ray  # noqa: E402


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=200 << 20,
        _node_ip_address="127.0.0.1",
    )
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, face: bytes, samples: pathlib.Path) -> Any:
    """200 photos, each with other bytes, two of them broken."""
    folder = tmp_path_factory.mktemp("many")
    rocket = (samples / "rocket.jpg").read_bytes()
    for i in range(198):
        comment = b"\xff\xfe\x00\x06" + f"{i:04}".encode()
        data = face if i % 2 else rocket
        path = folder / f"{i // 50}" / f"{i}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data[:2] + comment + data[2:])
    (folder / "cut.jpg").write_bytes(face[:5000])
    (folder / "text.jpg").write_bytes(b"no picture")
    return folder


def outputs(folder: pathlib.Path) -> set[str]:
    files = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    return {str(p) for p in files if p.parts[0] != ".faceveil"}


def test_two_broken_files_of_two_hundred_are_two_rows(
    cluster: None, many: pathlib.Path, tmp_path: pathlib.Path, face: bytes
) -> None:
    out = tmp_path / "out"
    rows = faceveil.ray.blur(many, out, concurrency=2, preset="fast").take_all()
    assert Counter(row["outcome"] for row in rows) == {"redacted": 99, "no-faces": 99, "failed": 2}
    failed = {row["input"]: row["error"] for row in rows if row["outcome"] == "failed"}
    assert set(failed) == {"cut.jpg", "text.jpg"} and all(failed.values())
    assert len(outputs(out)) == 198
    expected = faceveil.Anonymizer(preset="fast").photo(many / "0" / "1.jpg").data
    assert (out / "0" / "1.jpg").read_bytes() == expected
    # A second run does what failed, and nothing else.
    rows = faceveil.ray.blur(many, out, concurrency=2, preset="fast").take_all()
    assert Counter(row["outcome"] for row in rows) == {"skipped": 198, "failed": 2}


def test_a_worker_that_is_killed_costs_nothing(
    cluster: None, many: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    import psutil

    out = tmp_path / "out"
    killed: list[int] = []

    def kill_one() -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not killed:
            time.sleep(0.05)
            if not out.exists() or len(outputs(out)) < 20:
                continue
            for process in psutil.Process().children(recursive=True):
                try:
                    if "MapWorker" in " ".join(process.cmdline()):
                        os.kill(process.pid, signal.SIGKILL)
                        killed.append(process.pid)
                        return
                except psutil.Error:
                    pass

    thread = threading.Thread(target=kill_one)
    thread.start()
    rows = faceveil.ray.blur(many, out, concurrency=2, preset="fast").take_all()
    thread.join()
    assert killed, "no worker was found to be killed"
    assert Counter(row["outcome"] for row in rows) == {"redacted": 99, "no-faces": 99, "failed": 2}
    assert len(outputs(out)) == 198
    assert not [p for p in out.rglob("*") if p.name.startswith(".faceveil-")]


def test_the_class_takes_bytes_that_ray_has_read(
    cluster: None, many: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("1.jpg", "3.jpg"):
        shutil.copy(many / "0" / name, folder / name)
    files = ray.data.read_binary_files(str(folder), include_paths=True, num_cpus=0.1)
    named = files.map(lambda row: {**row, "path": os.path.basename(row["path"])})
    done = named.map_batches(
        faceveil.ray.Blur,
        fn_constructor_args=(str(folder), str(tmp_path / "out")),
        fn_constructor_kwargs={"options": {"preset": "fast"}},
        concurrency=1,
        num_cpus=0.9,
    )
    assert {row["input"]: row["outcome"] for row in done.take_all()} == {
        "1.jpg": "redacted",
        "3.jpg": "redacted",
    }
    assert outputs(tmp_path / "out") == {"1.jpg", "3.jpg"}
