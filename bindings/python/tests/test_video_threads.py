"""Videos, threads, and what stops them."""

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context

import pytest

import faceveil


def test_a_video_is_covered_with_progress(clip: pathlib.Path, tmp_path: pathlib.Path) -> None:
    seen: list[tuple[int, int | None]] = []
    output = tmp_path / "out.mp4"
    result = faceveil.Anonymizer().video(clip, output, progress=lambda *p: seen.append(p))
    assert (result.report["input"], result.report["output"]) == ("clip.mp4", "out.mp4")
    assert result.outcome == "redacted" and result.path == str(output)
    assert result.report["frames"] == 50
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1][0] == 50
    assert faceveil.inspect(output)["findings"] == []
    assert faceveil.verify(output, result.report)["verdict"] == "passed"
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]
    assert output.stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_progress_raises_stops_the_video_and_leaves_nothing(
    clip: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    def stop(done: int, total: int | None) -> None:
        if done == 5:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        faceveil.Anonymizer().video(clip, tmp_path / "out.mp4", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_video_leaves_what_was_there(clip: pathlib.Path, tmp_path: pathlib.Path) -> None:
    broken, output = tmp_path / "broken.mp4", tmp_path / "out.mp4"
    broken.write_bytes(clip.read_bytes()[:5000])
    output.write_bytes(b"old")
    with pytest.raises(faceveil.FaceveilError):
        faceveil.Anonymizer().video(broken, output)
    assert output.read_bytes() == b"old"
    with pytest.raises(faceveil.InvalidArgumentError, match="the input itself"):
        faceveil.Anonymizer().video(clip, clip)
    with pytest.raises(faceveil.OutputError):
        faceveil.Anonymizer().video(clip, tmp_path / "no-folder" / "out.mp4")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["broken.mp4", "out.mp4"]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_stops_a_video_and_leaves_nothing(clip: pathlib.Path, tmp_path: pathlib.Path) -> None:
    script = (
        "import faceveil, signal, sys\n"
        # Jobs in the background of a shell ignore it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def say(done, total):\n"
        "    if done == 3: print('three', flush=True)\n"
        "faceveil.Anonymizer(threads=1, preset='thorough')"
        ".video(sys.argv[1], sys.argv[2], progress=say)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, clip, tmp_path / "out.mp4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "three\n"
    child.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, errors = child.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert child.returncode != 0
    assert time.monotonic() - start < 20
    assert list(tmp_path.iterdir()) == []


def test_another_thread_runs_while_a_photo_is_worked_on(face: bytes) -> None:
    anonymizer = faceveil.Anonymizer(preset="thorough")
    ticks, stop = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.is_set():
            time.sleep(0.001)
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.monotonic()
    for _ in range(3):
        anonymizer.photo(face)
    seconds = time.monotonic() - start
    stop.set()
    thread.join()
    # A lock that was held would leave a handful; a busy machine leaves a fair share.
    assert ticks > 100 * seconds, (ticks, seconds)


def test_threads_share_one_anonymizer(face: bytes) -> None:
    anonymizer = faceveil.Anonymizer(preset="fast")
    expected = anonymizer.photo(face).data
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(anonymizer.photo, [face] * 12):
            assert result.data == expected


def test_several_threads_for_one_photo_give_the_same_bytes(face: bytes) -> None:
    expected = faceveil.Anonymizer(preset="thorough").photo(face)
    result = faceveil.Anonymizer(preset="thorough", threads=3).photo(face)
    assert (result.data, result.faces) == (expected.data, expected.faces)


def test_two_threads_cannot_cover_the_same_pixels() -> None:
    numpy = pytest.importorskip("numpy")
    anonymizer = faceveil.Anonymizer(preset="thorough")
    array = numpy.random.default_rng(1).integers(0, 255, (1500, 1500, 3), numpy.uint8)
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(anonymizer.blur_, part) for part in (array, array[100:])]
        errors = [call.exception() for call in calls]
    refused = [e for e in errors if e is not None]
    assert len(refused) <= 1
    for error in refused:
        assert isinstance(error, faceveil.InvalidArgumentError)
        assert "another call" in str(error)


def test_processes_get_an_anonymizer_of_their_own(face: bytes) -> None:
    anonymizer = faceveil.Anonymizer(preset="fast")
    expected = anonymizer.photo(face)
    with get_context("spawn").Pool(2) as pool:
        for result in pool.map(anonymizer.photo, [face] * 3):
            assert result.data == expected.data and result.faces == expected.faces
