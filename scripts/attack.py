#!/usr/bin/env python3
"""Attacks the command with damaged files and with kills, and checks that its promises hold.

    scripts/attack.py mutants FACEVEIL SEEDS [-n 50000] [--seed 1] [--backend embedded|ffmpeg]
    scripts/attack.py kills FACEVEIL SEEDS [-n 200] [--seed 1]

SEEDS is a folder of small pictures (or videos, with --backend). `mutants` damages copies of them and
runs `blur` on folders of these. Checked for each folder: the exit code fits the report, every file
has its line, an output exists exactly where the line says so, nothing else is in the output folder,
`inspect` finds nothing in any output, no panic, no end of the process by a signal. Counted: worker
processes that ended, and the greatest peak of memory. `kills` ends `blur` with SIGKILL at random
times, runs it once more, and checks that no temporary is left and no line of the report is lost.

A folder in which something broke is kept, and its name is printed. Exit code 1 if there is one.
Linux only; only Python's own library is needed.
"""

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

OUTCOMES_WRITTEN = {"redacted", "no-faces"}
LENGTHS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]


def mutated(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """A copy with one to eight damages: bits, bytes, lengths, cuts, repeats, pieces of others."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 5, 8])):
        if len(out) < 8:
            break
        # Half of the damages strike the first kilobyte, where the headers are.
        end = len(out) if rng.random() < 0.5 else min(len(out), 1024)
        at = rng.randrange(end)
        kind = rng.randrange(8)
        if kind <= 1:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            out[at] = rng.randrange(256)
        elif kind == 3:
            size = rng.choice([1, 2, 4, 4])
            value = rng.choice(LENGTHS) & (256**size - 1)
            out[at : at + size] = value.to_bytes(size, rng.choice(["big", "little"]))
        elif kind == 4:
            del out[at : at + rng.choice([1, 4, 64, len(out)])]
        elif kind == 5:
            piece = bytes(out[at : at + rng.choice([1, 8, 64, 512])])
            out[at:at] = piece * rng.choice([1, 1, 2, 16])
        elif kind == 6:
            other = rng.choice(others)
            start = rng.randrange(len(other))
            out[at:at] = other[start : start + rng.choice([4, 32, 256])]
        else:
            out[at : at + 16] = rng.randbytes(16)
    return bytes(out)


def lines_of(report: Path) -> list[dict]:
    if not report.exists():
        return []
    lines = [json.loads(line) for line in report.read_text().splitlines() if line.strip()]
    return [line for line in lines if "summary" not in line]


def names_under(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()}


def problems_of(run, inputs: set[str], lines: list[dict], out: Path) -> list[str]:
    """What a run of `blur` did that its promises exclude."""
    found = []
    if run.returncode not in (0, 1, 3):
        found.append(f"exit code {run.returncode}")
    if re.search(r"panicked|a bug in faceveil", run.stderr):
        found.append("a panic")
    seen = Counter(line["input"] for line in lines)
    # Files whose damage made them another kind are left alone, which is said on standard error.
    missing = inputs - set(seen)
    if missing and "left alone" not in run.stderr:
        found.append(f"no line in the report: {sorted(missing)[:3]}")
    written = set()
    for line in lines:
        failed = line["error"] is not None
        if failed == (line["outcome"] in OUTCOMES_WRITTEN):
            found.append(f"outcome {line['outcome']} with error {line['error']}")
        if not failed and line["output"]:
            written.add(line["output"])
    if names_under(out) != written:
        found.append(f"outputs differ from the report: {sorted(names_under(out) ^ written)[:3]}")
    any_failed = any(line["error"] is not None for line in lines)
    if any_failed != (run.returncode == 1):
        found.append(f"exit code {run.returncode}, failed lines: {any_failed}")
    return found


def blur(faceveil: str, source: Path, out: Path, report: Path, extra: list[str]):
    command = [faceveil, "blur", source, "-o", out, "--report", report, "--preset", "fast", *extra]
    return subprocess.run(command, capture_output=True, text=True, errors="replace")


def hidden_in(faceveil: str, outputs: list[str]) -> list[str]:
    """What `inspect` finds. Damaged packets of sound are copied as they are, with a warning."""
    command = [faceveil, "inspect", "--json", *outputs]
    look = subprocess.run(command, capture_output=True, text=True, errors="replace")
    found = []
    for line in map(json.loads, look.stdout.splitlines()):
        kinds = {finding["kind"] for finding in line["findings"]} - {"sound-data"}
        if kinds or line["error"] or line["damage"]:
            found.append(f"inspect: {line['file']}: {kinds} {line['error']} {line['damage']}")
    return found


def mutants(args) -> int:
    seeds = sorted(p for p in Path(args.seeds).iterdir() if p.is_file())
    contents = [p.read_bytes() for p in seeds]
    rng = random.Random(args.seed)
    totals, broken, done, start = Counter(), 0, 0, time.monotonic()
    extra = ["-j", str(args.jobs)]
    if args.backend:
        extra += ["--video-backend", args.backend]
    while done < args.number:
        size = min(args.folder, args.number - done)
        work = Path(tempfile.mkdtemp(prefix="attack-"))
        source, out, report = work / "in", work / "out", work / "report.jsonl"
        source.mkdir()
        for i in range(size):
            which = rng.randrange(len(seeds))
            name = f"{i:05}{seeds[which].suffix}"
            (source / name).write_bytes(mutated(contents[which], contents, rng))
        run = blur(args.faceveil, source, out, report, extra)
        lines = lines_of(report)
        found = problems_of(run, names_under(source), lines, out)
        outputs = [str(out / name) for name in sorted(names_under(out))]
        if outputs:
            found += hidden_in(args.faceveil, outputs)
        leftovers = [p.name for p in work.iterdir() if p.name not in {"in", "out", "report.jsonl"}]
        leftovers = [name for name in leftovers if name != ".out.faceveil.jsonl"]
        if leftovers:
            found.append(f"beside the output folder: {leftovers[:3]}")
        done += size
        totals["files"] += size
        totals["lines"] += len(lines)
        totals["written"] += len(outputs)
        totals["failed"] += sum(line["error"] is not None for line in lines)
        ended = [line for line in lines if "worker process" in (line["error"] or "")]
        totals["ended workers"] += len(ended)
        if found or ended:
            broken += bool(found)
            (work / "stderr").write_text(run.stderr)
            print(f"{work}: {found} {[line['input'] for line in ended]}", flush=True)
        else:
            shutil.rmtree(work)
        if done % (args.folder * 10) == 0:
            progress(done, args.number, totals, start)
    progress(done, args.number, totals, start)
    print(f"{broken} folders with a broken promise")
    return 1 if broken else 0


def progress(done: int, number: int, totals: Counter, start: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    seconds = time.monotonic() - start
    print(f"{done}/{number} in {seconds:.0f} s: {dict(totals)}, peak {peak} MiB", flush=True)


def kills(args) -> int:
    seeds = sorted(p for p in Path(args.seeds).iterdir() if p.is_file())
    rng = random.Random(args.seed)
    work = Path(tempfile.mkdtemp(prefix="attack-"))
    source, out, report = work / "in", work / "out", work / "report.jsonl"
    source.mkdir()
    for i in range(args.folder):
        seed = rng.choice(seeds)
        shutil.copyfile(seed, source / f"{i:05}{seed.suffix}")
    extra = ["-j", "2"]
    begin = time.monotonic()
    whole = blur(args.faceveil, source, out, report, extra)
    whole_time = time.monotonic() - begin
    inputs = {line["input"] for line in lines_of(report)}
    clean = names_under(out)
    print(f"a whole run: exit code {whole.returncode}, {len(clean)} outputs, {whole_time:.2f} s")
    broken, finished = 0, 0
    for i in range(args.number):
        shutil.rmtree(out, ignore_errors=True)
        for path in work.iterdir():
            if path.name != "in":
                path.unlink() if path.is_file() else shutil.rmtree(path)
        command = [args.faceveil, "blur", source, "-o", out, "--report", report]
        process = subprocess.Popen(
            [*command, "--preset", "fast", *extra],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(rng.uniform(0, whole_time * 1.05))
        before = process.poll()
        # The one process that a user would kill; its workers must end by themselves.
        process.send_signal(signal.SIGKILL)
        process.wait()
        finished += before is not None
        kept = set()
        if report.exists():
            for line in report.read_text(errors="replace").splitlines():
                try:
                    kept.add(json.loads(line).get("input"))
                except ValueError:
                    pass  # the line that was cut
            kept.discard(None)  # the summary
        run = blur(args.faceveil, source, out, report, extra)
        lines = lines_of(report)
        found = []
        if run.returncode != whole.returncode:
            found.append(f"exit code {run.returncode}")
        if {line["input"] for line in lines} != inputs:
            found.append(f"lines lost: {sorted(inputs - {line['input'] for line in lines})[:3]}")
        if kept - {line["input"] for line in lines}:
            found.append("a line that was there is gone")
        if any(line["outcome"] == "skipped" and line["width"] == 0 for line in lines):
            found.append("an empty line")
        if names_under(out) != clean:
            found.append(f"outputs differ: {sorted(names_under(out) ^ clean)[:3]}")
        extra_names = {p.name for p in work.iterdir()}
        extra_names -= {"in", "out", "report.jsonl", ".out.faceveil.jsonl", "out.faceveil.jsonl"}
        if extra_names:
            found.append(f"beside the output folder: {sorted(extra_names)[:3]}")
        if found:
            broken += 1
            print(f"kill {i}: {found}", flush=True)
    print(f"{args.number} kills ({finished} runs had ended before): {broken} with a broken promise")
    if not broken:
        shutil.rmtree(work)
    return 1 if broken else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("attack", choices=["mutants", "kills"])
    parser.add_argument("faceveil")
    parser.add_argument("seeds")
    parser.add_argument("-n", "--number", type=int)
    parser.add_argument("--folder", type=int, default=250, help="files a run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--backend", choices=["embedded", "ffmpeg"], help="the seeds are videos")
    args = parser.parse_args()
    args.faceveil = os.path.abspath(args.faceveil)
    args.number = args.number or (50000 if args.attack == "mutants" else 200)
    return {"mutants": mutants, "kills": kills}[args.attack](args)


if __name__ == "__main__":
    sys.exit(main())
