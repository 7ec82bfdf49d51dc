#!/usr/bin/env python3
"""Sends many photos to a `faceveil serve` on this machine and says how long the answers took.

    cargo build --release --features serve
    scripts/serve_load.py target/release/faceveil PHOTO...     10,000 requests, 64 connections

Starts the service, sends the photos in turn, every hundredth cut off in the middle, and samples the
memory of the service and its workers. Exits with 1 if an answer is an error that is not the
client's, or if a broken photo is answered with 200. 503 is what a full queue says: the client waits
as the answer says and asks again.
"""
import argparse
import collections
import http.client
import pathlib
import queue
import subprocess
import sys
import threading
import time


def memory(pid):
    """Resident bytes of a process and its children."""
    total = 0
    todo = [pid]
    while todo:
        one = todo.pop()
        try:
            status = pathlib.Path(f"/proc/{one}/status").read_text()
            for task in pathlib.Path(f"/proc/{one}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
        except OSError:
            continue
        for line in status.splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("photos", nargs="+", type=pathlib.Path)
    parser.add_argument("-n", type=int, default=10_000, help="requests")
    parser.add_argument("-c", type=int, default=64, help="connections")
    parser.add_argument("--broken", type=int, default=100, help="every so many is cut off")
    parser.add_argument("--flags", default="", help="of the service: --flags='-j 2 --queue 8'")
    given = parser.parse_args()

    photos = [path.read_bytes() for path in given.photos]
    service = subprocess.Popen(
        [given.program, "serve", "--bind", "127.0.0.1:0", *given.flags.split()],
        stderr=subprocess.PIPE,
        text=True,
    )
    line = service.stderr.readline()
    address = line.split("http://")[1].split(" ")[0]
    print(line.strip())

    todo = queue.Queue()
    for number in range(given.n):
        photo = photos[number % len(photos)]
        is_broken = number % given.broken == 0
        todo.put((photo[: len(photo) // 2] if is_broken else photo, is_broken))
    lock = threading.Lock()
    seconds, codes, wrong, asked_again = [], collections.Counter(), [], [0]

    def client():
        connection = http.client.HTTPConnection(address, timeout=300)
        while True:
            try:
                body, is_broken = todo.get_nowait()
            except queue.Empty:
                return
            while True:
                start = time.monotonic()
                try:
                    connection.request("POST", "/v1/photo", body)
                    answer = connection.getresponse()
                    answer.read()
                    code = answer.status
                    wait = int(answer.getheader("Retry-After") or 1)
                except OSError as error:
                    code, wait = repr(error), 1
                    connection.close()
                took = time.monotonic() - start
                if code != 503:
                    break
                with lock:
                    asked_again[0] += 1
                time.sleep(wait)
            with lock:
                codes[("broken" if is_broken else "whole", code)] += 1
                if is_broken:
                    if code == 200:
                        wrong.append(code)
                else:
                    seconds.append(took)
                    if code != 200:
                        wrong.append(code)

    samples = []
    ended = threading.Event()

    def sample():
        while not ended.wait(1):
            samples.append(memory(service.pid))

    sampler = threading.Thread(target=sample)
    start = time.monotonic()
    sampler.start()
    clients = [threading.Thread(target=client) for _ in range(given.c)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    took = time.monotonic() - start
    ended.set()
    sampler.join()
    service.terminate()
    exit_code = service.wait(timeout=15)

    seconds.sort()
    at = lambda share: seconds[min(len(seconds) - 1, int(share * len(seconds)))] * 1e3
    print(f"{given.n} requests, {given.c} connections, {took:.0f} s: {given.n / took:.1f} per second")
    print(f"ms: p50 {at(0.5):.0f}, p90 {at(0.9):.0f}, p99 {at(0.99):.0f}, most {seconds[-1] * 1e3:.0f}")
    print("answers:", ", ".join(f"{n} x {kind} {code}" for (kind, code), n in sorted(codes.items(), key=str)))
    print(f"asked to come back: {asked_again[0]}; exit code {exit_code}")
    tenth = max(1, len(samples) // 10)
    mean = lambda part: sum(part) / max(1, len(part)) / 1e6
    parts = [samples[i : i + tenth] for i in range(0, len(samples), tenth)]
    print("memory in MB, by tenths of the time:", ", ".join(f"{mean(part):.0f}" for part in parts))
    return 1 if wrong or exit_code else 0


if __name__ == "__main__":
    sys.exit(main())
