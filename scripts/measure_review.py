#!/usr/bin/env python3
"""Measures how much work the review page is: actions (key strokes and clicks) and seconds that a person
waits for the page, for whole tasks, driven in Chromium.

    scripts/measure_review.py FACEVEIL REPORT --originals DIR --outputs DIR TASK...

Tasks, each on a fresh page and a copy of the report:

    keep       keep every picture, one by one
    keep-grid  keep them in the grid, screen by screen
    findings   cover all that verify found, in all pictures
    each       cover what verify found, one finding after the other
    spans      cover the open spans of the videos

A person looks and thinks besides; what is measured is what the page adds. chromedriver is on the PATH.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ONE = "document.getElementById('%s')"
SHOWN = (
    "(p => p.src && p.complete && p.naturalWidth)(document.getElementById('picture')) "
    "&& !document.getElementById('stage').classList.contains('loading') "
    "&& document.title.startsWith(document.getElementById('name').textContent)"
)


class Browser:
    def __init__(self):
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        ports = (re.search(r"successfully on port (\d+)", line) for line in self.driver.stdout)
        self.port = next(port for port in ports if port)[1]
        self.session = ""
        self.profile = tempfile.TemporaryDirectory()
        flags = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1440,900"]
        options = {"goog:chromeOptions": {"args": [*flags, f"--user-data-dir={self.profile.name}"]}}
        new = self.call("/session", {"capabilities": {"alwaysMatch": options}})
        self.session = f"/session/{new['sessionId']}"
        self.actions = 0
        self.waits = []

    def call(self, path, body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{self.session}{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)["value"]

    def eval(self, expression):
        return self.call("/execute/sync", {"script": f"return ({expression})", "args": []})

    def until(self, expression):
        end = time.monotonic() + 120
        while not self.eval(f"!!({expression})"):
            if time.monotonic() > end:
                raise SystemExit(f"never: {expression}")
            time.sleep(0.004)

    # One action and the wait for what it does.
    def press(self, key, then, held=""):
        down = [{"type": "keyDown", "value": k} for k in held]
        up = [{"type": "keyUp", "value": k} for k in held]
        press = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        start = time.monotonic()
        keyboard = {"type": "key", "id": "keyboard", "actions": [*down, *press, *up]}
        self.call("/actions", {"actions": [keyboard]})
        self.until(then)
        self.waits.append(time.monotonic() - start)
        self.actions += 1

    def close(self):
        self.driver.kill()
        self.driver.wait()


def kept(browser):
    return int(browser.eval(ONE % "progress" + ".value"))


def keep(browser):
    count = int(browser.eval(ONE % "progress" + ".max"))
    for done in range(kept(browser), count):
        browser.press("k", f"{ONE % 'progress'}.value >= {done + 1} && {SHOWN}")


def keep_grid(browser):
    browser.press("v", "!document.getElementById('many').hidden")
    count = int(browser.eval(ONE % "progress" + ".max"))
    seen = "[...document.querySelectorAll('.cell img')].every(i => i.complete)"
    page_down = "\ue00f"
    while kept(browser) < count:
        before = kept(browser)
        browser.until(seen)
        browser.press("a", "!document.getElementById('chosen-text').textContent.startsWith('None')", "\ue009")
        browser.press("k", f"{ONE % 'progress'}.value > {before}")
        browser.press(page_down, seen)


def findings(browser):
    browser.press("F", "document.getElementById('says').textContent.includes('covered in')", "\ue008")


def each(browser):
    def left():
        return browser.eval("document.querySelectorAll('#findings-list li').length")

    select = "(f => { f.value = 'findings'; f.dispatchEvent(new Event('change')); })"
    browser.eval(f"{select}({ONE % 'filter'})")
    browser.actions += 2
    browser.until(SHOWN)
    while True:
        while left():
            before = left()
            browser.press("c", SHOWN)
            if left() == before:
                browser.press("c", SHOWN)
            if left() == before:
                break
        place = browser.eval("document.getElementById('name').textContent")
        browser.press("n", SHOWN)
        browser.until(SHOWN)
        if browser.eval("document.getElementById('name').textContent") == place:
            return


def spans(browser):
    select = "(f => { f.value = 'videos'; f.dispatchEvent(new Event('change')); })"
    if browser.eval("document.getElementById('timeline').hidden"):
        browser.eval(f"{select}({ONE % 'filter'})")
        browser.actions += 2
    browser.until("!document.getElementById('timeline').hidden && " + SHOWN)
    open_spans = "document.querySelectorAll('#spans .bar.open').length"
    while (left := browser.eval(open_spans)) > 0:
        browser.press("g", "document.getElementById('details-title').textContent === 'Open span' && " + SHOWN)
        browser.press("c", f"{open_spans} < {left}")


TASKS = {"keep": keep, "keep-grid": keep_grid, "findings": findings, "each": each, "spans": spans}


def measure(arguments, name):
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "r.jsonl"
        shutil.copy(arguments.report, report)
        command = [arguments.faceveil, "review", "--no-browser", report]
        for option in ("originals", "outputs"):
            if value := getattr(arguments, option):
                command += [f"--{option}", value]
        serving = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        browser = Browser()
        try:
            browser.call("/url", {"url": serving.stdout.readline().strip()})
            browser.until("document.documentElement.dataset.ready")
            browser.until(SHOWN)
            TASKS[name](browser)
            waits = sorted(browser.waits)
            late = waits[int(0.95 * (len(waits) - 1))]
            print(
                f"{name}: {browser.actions} actions, {sum(waits):.1f} s waiting, "
                f"median {1000 * statistics.median(waits):.0f} ms, 95 % within {1000 * late:.0f} ms"
            )
        finally:
            browser.close()
            serving.kill()
            serving.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faceveil")
    parser.add_argument("report")
    parser.add_argument("--originals")
    parser.add_argument("--outputs")
    parser.add_argument("tasks", nargs="+", choices=TASKS)
    arguments = parser.parse_args()
    for name in arguments.tasks:
        measure(arguments, name)


if __name__ == "__main__":
    main()
