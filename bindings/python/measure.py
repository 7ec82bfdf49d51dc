"""Measures the module: how long it takes to import and to load, photos a second against the command
and, where it is installed, against deface, in turn; and whether memory stays flat.

    python bindings/python/measure.py FOLDER --command target/release/faceveil [--loop 10000]

FOLDER has JPEGs. Every figure is the best of three turns but those of memory.
"""

import argparse
import concurrent.futures
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

CODE = {
    "import": "import time; t = time.perf_counter(); import faceveil; print(time.perf_counter() - t)",
    "first Anonymizer": "import time, faceveil; t = time.perf_counter(); faceveil.Anonymizer(); "
    "print(time.perf_counter() - t)",
}


def best(run: Callable[[], float], turns: int = 3) -> float:
    return min(run() for _ in range(turns))


def fresh(code: str) -> float:
    """Seconds that code prints in a process of its own."""
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)


def module(files: list[pathlib.Path], threads: int) -> float:
    """Seconds for all files: read, covered, written."""
    import faceveil

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        anonymizer = faceveil.Anonymizer()

        def one(path: pathlib.Path) -> None:
            (pathlib.Path(folder) / path.name).write_bytes(anonymizer.photo(path).data)

        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, files))
        return time.perf_counter() - start


def command(path: str, source: pathlib.Path, threads: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        call = [path, "blur", source, "-o", f"{folder}/out", "-j", str(threads), "--isolate", "never"]
        subprocess.run(call, check=False, capture_output=True)
        return time.perf_counter() - start


def deface(files: list[pathlib.Path]) -> float:
    """deface's own functions in this process, its model loaded once, two threads of ONNX Runtime at most."""
    import imageio.v2 as iio
    from deface.centerface import CenterFace
    from deface.deface import anonymize_frame

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        centerface = CenterFace(in_shape=None, backend="onnxrt")
        for path in files:
            frame = iio.imread(path)
            found, _ = centerface(frame, threshold=0.2)
            anonymize_frame(
                found, frame, mask_scale=1.3, replacewith="blur", ellipse=True, draw_scores=False,
                replaceimg=None, mosaicsize=20,
            )  # fmt: skip
            iio.imsave(f"{folder}/{path.name}", frame)
        return time.perf_counter() - start


def memory(photo: bytes, times: int) -> None:
    """Peak memory after each tenth of a loop."""
    import faceveil

    anonymizer = faceveil.Anonymizer(preset="fast")
    peaks = []
    for i in range(times):
        anonymizer.photo(photo).report  # noqa: B018
        if (i + 1) % max(1, times // 10) == 0:
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    print(f"peak memory after each tenth of {times} photos, MB: {peaks}")


def cpu() -> float:
    """Processor seconds of this process and of its children that ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--command")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--loop", type=int, default=0)
    args = parser.parse_args()
    for name, code in CODE.items():
        fresh(code)
        print(f"{name}: {1000 * best(lambda code=code: fresh(code), 5):.1f} ms")
    files = sorted(args.folder.glob("*.jpg"))
    rows: dict[str, Callable[[], float]] = {"module": lambda: module(files, args.threads)}
    if args.command:
        rows["command"] = lambda: command(args.command, args.folder, args.threads)
    try:
        import deface as _  # noqa: F401

        rows["deface"] = lambda: deface(files)
    except ImportError:
        pass
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
    for _ in range(3):  # in turn, so that a busy machine hits all of them
        for name, run in rows.items():
            before = cpu()
            took[name].append((run(), cpu() - before))
    for name, turns in took.items():
        wall, used = (min(column) for column in zip(*turns, strict=True))
        rate, cost = len(files) / wall, 1000 * used / len(files)
        print(f"{name}: {rate:.2f} photos a second, {cost:.0f} ms of a processor each, best of 3")
    if args.loop:
        memory(files[0].read_bytes(), args.loop)


if __name__ == "__main__":
    main()
