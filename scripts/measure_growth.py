#!/usr/bin/env python3
"""Measures how the cost of `faceveil blur` grows with the work, and prints tables in Markdown.

    cargo build --release
    scripts/measure_growth.py [--faceveil target/release/faceveil] [TABLE ...]

    files    1 to 10,000 photos of 160x120, `--preset fast`
    size     one photo of 1 to 113 megapixels
    faces    one photo of 6 megapixels with 0 to 500 faces
    length   10 seconds to 10 minutes of video, 640x360, ffmpeg backend
    stages   where the time of one photo goes, by size and preset

CPU is that of the command, its workers and ffmpeg. Memory is the largest sum of what their pages
take (PSS), looked at 20 times a second; pages that several share count once. Pictures are made of
samples/astronaut.jpg. Needs Linux, and ffmpeg on the PATH.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FACE = ROOT / "samples" / "astronaut.jpg"
# The head in it.
HEAD = "crop=150:170:165:10"
MIB = 1 << 20


def family(pid):
    """A process and all below it."""
    todo, all_of_it = [pid], []
    while todo:
        one = todo.pop()
        all_of_it.append(one)
        try:
            for task in pathlib.Path(f"/proc/{one}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
        except OSError:
            pass
    return all_of_it


def memory(pid):
    """Bytes of pages that a process and all below it have."""
    total = 0
    for one in family(pid):
        try:
            for line in pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except OSError:
            pass
    return total


class Cost:
    """What a run took: seconds, seconds of CPU, bytes of memory."""

    def __init__(self, command):
        start = time.monotonic()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self.memory = 0
        ended = threading.Event()

        def watch():
            while not ended.wait(0.05):
                self.memory = max(self.memory, memory(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.monotonic() - start
        ended.set()
        watcher.join()
        self.cpu = used.ru_utime + used.ru_stime
        # 3: a person must look.
        if process.returncode not in (0, 3):
            sys.exit(f"{' '.join(map(str, command))}\n{said.decode()}")


def ffmpeg(*arguments):
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def photo(path, megapixels):
    """The sample, larger, with the grain that a camera has."""
    side = int((megapixels * 1e6) ** 0.5) // 2 * 2
    grain = f"scale={side}:{side}:flags=bicubic,noise=alls=6:allf=u"
    ffmpeg("-i", FACE, "-vf", grain, "-q:v", 3, path)


def crowd(path, faces):
    """3000x2000 pixels with so many heads of 60x68 in rows."""
    columns, rows = 32, 19
    grid = f"color=gray:s=3000x2000[b];[0:v]{HEAD},scale=60:68,loop=-1:1,format=rgb24[h];"
    shown = min(faces, columns * rows)
    if shown == 0:
        ffmpeg("-f", "lavfi", "-i", "color=gray:s=3000x2000", "-frames:v", 1, path)
        return
    tile = f"[h]tile={min(columns, shown)}x{-(-shown // columns)}:nb_frames={shown}"
    tile += ":padding=30:color=gray[t];"
    ffmpeg(
        *("-i", FACE, "-filter_complex", grid + tile + "[b][t]overlay=20:20"),
        *("-frames:v", 1, "-q:v", 3, path),
    )


def clip(path, seconds):
    """A head that goes from side to side, 25 frames a second."""
    graph = (
        f"color=gray:s=640x360:r=25:d={seconds},noise=alls=8:allf=t[b];"
        f"[0:v]{HEAD},scale=90:102,loop=-1:1,format=yuv420p,fps=25[h];"
        "[b][h]overlay=x='270+200*sin(t)':y=120:shortest=1"
    )
    encoder = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-t", seconds)
    ffmpeg("-i", FACE, "-filter_complex", graph, *encoder, path)


class Bench:
    def __init__(self, faceveil, folder):
        self.faceveil, self.folder = faceveil, folder

    def blur(self, source, *flags):
        output = self.folder / "out"
        subprocess.run(["rm", "-rf", output], check=True)
        command = [self.faceveil, "blur", source, "-o", f"{output}/", "-q", "--overwrite"]
        return Cost([*command, *flags])

    def table(self, head, rows):
        print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
        for row in rows:
            print("| " + " | ".join(row) + " |", flush=True)
        print()

    def files(self):
        first = self.folder / "one.jpg"
        ffmpeg("-i", FACE, "-vf", "scale=160:120", "-q:v", 3, first)
        bytes_of_it = first.read_bytes()

        def rows():
            for count in (1, 10, 100, 1000, 10000):
                source = self.folder / f"files{count}"
                source.mkdir()
                for n in range(count):
                    # Another comment each, so that none is the copy of another.
                    comment = f"{n:08}".encode()
                    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
                    data = bytes_of_it[:2] + segment + bytes_of_it[2:]
                    (source / f"{n:05}.jpg").write_bytes(data)
                cost = self.blur(source, "--preset", "fast")
                yield row(f"{count:,}", cost, cost.cpu * 1000 / count, "ms a photo")

        self.table(["photos", "CPU", "each", "elapsed", "memory"], rows())

    def size(self):
        def rows():
            for megapixels in (1, 4, 12, 33, 113):
                source = self.folder / f"{megapixels}.jpg"
                photo(source, megapixels)
                cost = self.blur(source)
                yield row(f"{megapixels}", cost, cost.cpu * 1000 / megapixels, "ms a megapixel")

        self.table(["megapixels", "CPU", "each", "elapsed", "memory"], rows())

    def faces(self):
        def rows():
            none = 0.0
            for faces in (0, 1, 10, 100, 500):
                source = self.folder / f"crowd{faces}.jpg"
                crowd(source, faces)
                cost = self.blur(source)
                none = none or cost.cpu
                each = (cost.cpu - none) * 1000 / max(faces, 1)
                yield row(f"{faces}", cost, each, "ms a face more")

        self.table(["faces", "CPU", "each", "elapsed", "memory"], rows())

    def length(self):
        def rows():
            for seconds in (10, 60, 600):
                source = self.folder / f"{seconds}.mp4"
                clip(source, seconds)
                cost = self.blur(source, "--video-backend", "ffmpeg")
                yield row(f"{seconds} s", cost, cost.cpu * 1000 / (25 * seconds), "ms a frame")

        self.table(["video", "CPU", "each", "elapsed", "memory"], rows())

    def stages(self):
        names = ["decode", "detect", "redact", "encode", "inspect"]

        def rows():
            for megapixels in (1, 12, 33):
                source = self.folder / f"stages{megapixels}.jpg"
                photo(source, megapixels)
                for preset in ("fast", "balanced", "thorough"):
                    report = self.folder / "r.jsonl"
                    report.unlink(missing_ok=True)
                    self.blur(source, "--preset", preset, "-j", "1", "--report", report)
                    line = json.loads(report.read_text().splitlines()[0])
                    ms = [line["ms"].get(name, 0) for name in names]
                    shares = [f"{100 * one / sum(ms):.0f} %" for one in ms]
                    yield [f"{megapixels}", preset, f"{sum(ms):.0f} ms", *shares]

        self.table(["megapixels", "preset", "all", *names], rows())


def row(what, cost, each, unit):
    return [
        what,
        f"{cost.cpu:.2f} s",
        f"{each:.1f} {unit}",
        f"{cost.seconds:.1f} s",
        f"{cost.memory / MIB:.0f} MiB",
    ]


def main():
    tables = ["files", "size", "faces", "length", "stages"]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faceveil", default=ROOT / "target/release/faceveil", type=pathlib.Path)
    parser.add_argument("tables", metavar="TABLE", nargs="*", help="all of them by default")
    asked = parser.parse_args()
    unknown = [name for name in asked.tables if name not in tables]
    if unknown:
        parser.error(f"there is no table {unknown[0]}; there are {', '.join(tables)}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(asked.faceveil.resolve(), pathlib.Path(folder))
        for name in asked.tables or tables:
            getattr(bench, name)()


if __name__ == "__main__":
    main()
